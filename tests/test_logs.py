"""The log: every event has a sentence, a line stays a line, and no secret reaches it."""

import io
import json
import logging
import re
import typing

import pytest

from blogen import logs
from blogen.config.load import load
from blogen.events import (
    Bus,
    EngineStarted,
    Event,
    JobCrashed,
    JobFailed,
    JobMoved,
    JobWaiting,
    PostPublished,
    StepFinished,
    TextStreamed,
)

SECRET = 'sk-"planted" ключ'


@pytest.fixture
def log():
    """Starts a log and gives what it wrote."""
    root, ours = logging.getLogger(), logging.getLogger("blogen")
    before = root.handlers[:], root.level, ours.level
    bus, written, stops = Bus(), io.StringIO(), []

    def start(**environ: str) -> tuple[Bus, io.StringIO]:
        settings = {f"BLOGEN_{name}": value for name, value in environ.items()}
        stops.append(logs.setup(load(None, settings), bus, stream=written))
        return bus, written

    yield start
    for stop in stops:
        stop()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])


def example(kind: type) -> Event:
    given = {str: "x", int: 1, tuple[str, ...]: ("x",), dict[str, typing.Any]: {"x": 1}}
    return kind(*(given.get(of) for of in typing.get_type_hints(kind).values()))


@pytest.mark.parametrize("kind", typing.get_args(Event))
def test_every_event_is_worded(log, kind):
    bus, written = log(SERVER__LOG_LEVEL="debug")
    bus.publish(example(kind))
    [line] = written.getvalue().splitlines()[:1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO|WARNING|ERROR) +\w[\w ,]+( \w+=\S+)*", line)


def test_a_line_tells_what_happened_as_key_and_value(log):
    bus, written = log()
    bus.publish(JobFailed("j1", "drafting", "provider-refused", 'the key was "refused"', "Mend it."))
    assert written.getvalue().partition(" WARNING ")[2] == (
        'job failed job=j1 state=drafting code=provider-refused detail="the key was \\"refused\\"" remedy="Mend it."\n'
    )


def test_foreign_text_cannot_begin_a_line_of_its_own(log):
    bus, written = log()
    bus.publish(PostPublished("tea\n2026-01-01 00:00:00.000 ERROR forged", "j\x1b[31m"))
    assert len(written.getvalue().splitlines()) == 1
    assert "\x1b" not in written.getvalue()


def test_json_lines_are_objects_with_the_events_fields(log):
    bus, written = log(SERVER__LOG_FORMAT="json")
    bus.publish(EngineStarted(3))
    bus.publish(JobWaiting("j1", "drafting", "retry", 1_700_000_000_000, "the service is busy"))
    started, waiting = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (started["level"], started["event"], started["recovered"]) == ("info", "engine started", 3)
    assert started["at"].endswith("Z")
    assert waiting["reason"] == "the service is busy"


def test_a_defect_shows_its_traceback_below_the_line(log):
    bus, written = log()
    bus.publish(JobCrashed("j1", "drafting", "Traceback:\n  line\nKeyError: 'x'"))
    first, *rest = written.getvalue().splitlines()
    assert "ERROR   job met a defect in Blogen job=j1 state=drafting" in first
    assert rest == ["    Traceback:", "      line", "    KeyError: 'x'"]


def test_the_level_decides(log):
    bus, written = log(SERVER__LOG_LEVEL="warning")
    bus.publish(EngineStarted(3))
    bus.publish(StepFinished("j1", "outline"))
    assert written.getvalue() == ""


def test_the_frequent_events_say_nothing_at_info_and_cost_little(log):
    bus, written = log()
    for event in (JobMoved("j", "a", "b"), StepFinished("j", "s"), TextStreamed("j", "s", "text")):
        bus.publish(event)
    assert written.getvalue() == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_configured_secret_never_reaches_a_line(log, tmp_path, form):
    (tmp_path / "key").write_text("from-a-file-secret\n", encoding="utf-8")
    bus, written = log(
        SERVER__LOG_FORMAT=form,
        TEXT__MAIN__KIND="openai",
        TEXT__MAIN__API_KEY=SECRET,
        IMAGE__A__KIND="openai",
        IMAGE__A__API_KEY_FILE=str(tmp_path / "key"),
    )
    bus.publish(JobFailed("j1", "drafting", "x", f"refused {SECRET}", "from-a-file-secret"))
    logging.getLogger("other").error("key %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("other").exception("with a traceback")
    assert written.getvalue().count("***") == 4
    for part in ("planted", "ключ", "from-a-file"):
        assert part not in written.getvalue()
        assert json.dumps(part)[1:-1] not in written.getvalue()


def test_libraries_are_heard_when_they_warn(log):
    _, written = log()
    logging.getLogger("httpx").info("HTTP Request: POST …")
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    assert written.getvalue().count("\n") == 1
    assert "logger=asyncio" in written.getvalue()
