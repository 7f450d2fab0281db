"""Progress: one line that redraws on a terminal, plain lines elsewhere."""

import io
import os
import pty
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from blogen.cli.plain import columns, shortened, visible
from blogen.cli.progress import Progress
from blogen.domain.job import PATH
from blogen.events import JobFailed, JobMoved, JobWaiting, JobWoken, StepBegun, StepFailed, StepFinished, TextStreamed


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def terminal(columns: int = 100) -> Iterator[tuple[io.TextIOWrapper, "callable"]]:
    """A pseudo-terminal to write to, and a function that gives what arrived on it."""
    master, slave = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    stream = os.fdopen(slave, "w", encoding="utf-8")

    def arrived() -> str:
        stream.flush()
        os.set_blocking(master, False)
        read = b""
        while True:
            try:
                read += os.read(master, 65536)
            except BlockingIOError:
                return read.decode()

    try:
        yield stream, arrived
    finally:
        stream.close()
        os.close(master)


def screen(written: str) -> list[str]:
    """The lines a terminal would show."""
    lines, at = [""], 0
    for part in re.findall(r"\x1b\[K|\r\n|\r|[^\r\x1b]+", written):
        if part == "\r\n":
            lines.append("")
            at = 0
        elif part == "\r":
            at = 0
        elif part == "\x1b[K":
            lines[-1] = lines[-1][:at]
        else:
            lines[-1] = lines[-1][:at] + part + lines[-1][at + len(part) :]
            at += len(part)
    return lines


def test_a_terminal_shows_one_line_with_state_bar_steps_and_time():
    watch = Watch()
    with terminal() as (stream, arrived):
        progress = Progress(stream, now=watch)
        assert progress.redraws
        progress.hear(JobMoved("j", "queued", "researching"))
        watch.seconds = 1
        progress.hear(StepBegun("j", "read:s1"))
        watch.seconds = 61
        progress.hear(StepFinished("j", "read:s1"))
        progress.hear(JobMoved("j", "researching", "drafting"))
        progress.hear(StepBegun("j", "draft:1"))
        progress.hear(StepBegun("j", "draft:2"))
        progress.draw(now=True)
        [line] = screen(arrived())
        assert re.fullmatch(r"\S drafting     ━+─+ 3/7  1:01  1 step done  draft:1, draft:2", line)
        watch.seconds = 3700
        progress.hear(JobMoved("j", "assembling", "published"))
        progress.end("published", is_good=True)
        assert screen(arrived()) == ["✓ published (1 step, 1:01:40)", ""]


@pytest.mark.parametrize("width", [20, 41, 80])
def test_the_line_never_wraps(width):
    with terminal(width) as (stream, arrived):
        progress = Progress(stream)
        for number in range(30):
            progress.hear(StepBegun("j", f"draft:{number}"))
        progress.draw(now=True)
        drawn = arrived()
        assert len(screen(drawn)[-1]) < width
        assert "\n" not in drawn


def test_log_lines_go_above_the_line():
    with terminal() as (stream, arrived):
        progress = Progress(stream)
        progress.hear(JobMoved("j", "queued", "researching"))
        progress.write("ERROR something\n")
        progress.draw(now=True)
        first, second = screen(arrived())
        assert first == "ERROR something"
        assert "researching" in second


def test_nothing_that_stands_on_the_line_stays_when_it_is_cleared():
    with terminal() as (stream, arrived):
        progress = Progress(stream)
        progress.draw(now=True)
        progress.clear()
        assert screen(arrived()) == [""]


def test_elsewhere_each_state_and_step_is_a_plain_line():
    stream, watch = io.StringIO(), Watch()
    progress = Progress(stream, now=watch)
    assert not progress.redraws
    progress.hear(JobMoved("j", "queued", "researching"))
    progress.hear(StepBegun("j", "read:s1"))
    watch.seconds = 2
    progress.hear(StepFinished("j", "read:s1"))
    progress.hear(StepFailed("j", "outline", "provider-unavailable", "busy"))
    progress.hear(JobWaiting("j", "outlining", "retry", None, "the service is busy"))
    progress.hear(JobWoken("j", "retry"))
    progress.hear(JobFailed("j", "outlining", "x", "y", "z"))
    progress.end("failed", is_good=False)
    assert stream.getvalue().splitlines() == [
        "   0:00  researching",
        "   0:02  researching: read:s1 done",
        "   0:02  researching: outline failed (provider-unavailable)",
        "   0:02  researching: waits for retry: the service is busy",
        "   0:02  failed while outlining",
        "no: failed (1 step, 0:02)",
    ]


def test_quiet_says_nothing():
    stream = io.StringIO()
    progress = Progress(stream, quiet=True, show_text=True)
    for event in (
        JobMoved("j", "queued", "researching"),
        StepBegun("j", "s"),
        TextStreamed("j", "s", "x"),
        StepFinished("j", "s"),
    ):
        progress.hear(event)
    progress.end("published", is_good=True)
    assert stream.getvalue() == ""


def test_texts_written_side_by_side_are_shown_one_after_the_other():
    stream = io.StringIO()
    progress = Progress(stream, show_text=True)
    for event in (
        StepBegun("j", "draft:1"), StepBegun("j", "draft:2"),
        TextStreamed("j", "draft:1/ask", "One "), TextStreamed("j", "draft:2/ask", "Two "),
        TextStreamed("j", "draft:1/ask", "one."), TextStreamed("j", "draft:2/ask", "two"),
        StepFinished("j", "draft:1"), TextStreamed("j", "draft:2/ask", " two."), StepFinished("j", "draft:2"),
    ):  # fmt: skip
        progress.hear(event)
    progress.end("published", is_good=True)
    text = stream.getvalue()
    assert text.index("--- draft:1/ask\nOne one.\n") < text.index("--- draft:2/ask\nTwo two two.\n")


def test_text_that_is_still_waiting_at_the_end_is_shown():
    stream = io.StringIO()
    progress = Progress(stream, show_text=True)
    progress.hear(TextStreamed("j", "a", "first"))
    progress.hear(TextStreamed("j", "b", "second"))
    progress.end("waits", is_good=False)
    assert "first\n--- b\nsecond\n" in stream.getvalue()


def test_what_a_model_writes_for_the_program_is_not_shown():
    stream = io.StringIO()
    progress = Progress(stream, show_text=True)
    for piece in (" \n", '{"title": ', '"Tea"}'):
        progress.hear(TextStreamed("j", "outline/ask", piece))
    progress.hear(TextStreamed("j", "draft:1/ask", "[^s1.1] prose"))
    assert stream.getvalue() == "--- draft:1/ask\n[^s1.1] prose"


def test_streamed_text_cannot_steer_the_terminal():
    stream = io.StringIO()
    progress = Progress(stream, show_text=True)
    progress.hear(TextStreamed("j", "a", "\x1b]0;owned\x07\x1b[2Jtea\n\ttable"))
    assert "\x1b" not in stream.getvalue()
    assert "\x07" not in stream.getvalue()
    assert "tea\n\ttable" in stream.getvalue()


@pytest.mark.parametrize("state", [*PATH, "failed", "cancelled"])
def test_every_state_can_be_drawn(state):
    progress = Progress(io.StringIO())
    progress.hear(JobMoved("j", "queued", state))
    assert state in progress.line()


def test_widths_are_counted_in_columns():
    assert columns("茶 tea") == 6
    assert shortened("茶茶茶", 5) == "茶茶…"
    assert shortened("tea", 3) == "tea"
    assert visible("a\x1b[31m\u202eb") == "a [31m b"
