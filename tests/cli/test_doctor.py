"""`blogen doctor` and what text services understand: tried where it costs nothing, else only when it is told to."""

import asyncio
import json
from itertools import groupby

import pytest

from blogen.cli import main
from blogen.providers.openai_probe import Prober
from tests.cli.test_commands import Blogen
from tests.fakes.openai_server import MODEL, FakeOpenAI

KEY = "sk-a-planted-key-1234567890"


@pytest.fixture
def doctor(tmp_path, monkeypatch):
    """Runs `blogen doctor` on a file with these sections."""
    blogen = Blogen(tmp_path, monkeypatch)

    async def run(*sections, words=(), code=0):
        (tmp_path / "config.toml").write_text("\n".join(sections))
        ran = await asyncio.to_thread(blogen.call, "doctor", *words, code=code)
        assert KEY not in ran.stdout + ran.stderr
        assert not (tmp_path / "data").exists(), "nothing is changed"
        return ran.stdout

    return run


@pytest.fixture
async def fake():
    async with FakeOpenAI(key=KEY) as server:
        yield server


def section(fake, more="", name="main"):
    given = f'base_url = "{fake.base_url}"\nmodel = "{MODEL}"\napi_key = "{KEY}"\n{more}\n'
    return f'[text.{name}]\nkind = "openai"\n{given}'


def of(told, name="text.main"):
    return next(check for check in json.loads(told)["checks"] if check["name"] == name)


async def test_a_free_service_is_tried_without_being_told_to(fake, doctor):
    said = await doctor(section(fake, 'preset = "ollama"'))
    assert len(fake.paid) == 3
    assert "✓ text.main" in said
    assert "3 small calls" in said
    assert "✓ json_output (schema): It keeps to json_schema." in said
    assert "✓ usage_in_streams (asked)" in said
    assert "✓ system_role (system)" in said


async def test_a_paid_service_is_only_asked_for_its_models_and_what_is_assumed_is_said(fake, doctor):
    for more in ("free = false", "usd_per_call = 0.01", 'preset = "litellm"'):
        said = await doctor(section(fake, more))
        assert "Assumed" in said
        assert "not tried" in said
        assert "blogen doctor --probe" in said
    told = of(await doctor(section(fake, "free = false"), words=["--json"]))
    assert set(fake.labels) == {"models"}
    assert (told["ok"], told["probe"]["tried"], told["probe"]["calls"]) == (True, False, 0)
    assert [(one["key"], one["assumed"], one["found"]) for one in told["probe"]["capabilities"]] == [
        ("json_output", "schema", ""), ("usage_in_streams", "asked", ""), ("system_role", "system", ""),
    ]  # fmt: skip


async def test_with_probe_a_paid_service_is_tried_too_and_what_it_cost_is_said(fake, doctor):
    prices = "input_usd_per_million = 2\noutput_usd_per_million = 10"
    said = await doctor(section(fake, prices), words=["--probe"])
    assert len(fake.paid) == 3
    told = of(await doctor(section(fake, prices), words=["--probe", "--json"]))["probe"]
    assert (told["tried"], told["calls"]) == (True, 3)
    assert told["cost_usd"] == f"0.{told['input_tokens'] * 2 + told['output_tokens'] * 10:06}"
    assert f"{told['input_tokens']} tokens sent, {told['output_tokens']} answered, {told['cost_usd']} USD." in said
    assert of(await doctor(section(fake, "free = false"), words=["--probe", "--json"]))["probe"]["cost_usd"] is None


def test_the_help_says_that_it_makes_paid_calls(capsys):
    assert main(["doctor", "--help"]) == 0
    assert "makes a few tiny PAID calls" in " ".join(capsys.readouterr().out.split())


async def test_what_could_be_better_is_said_and_is_no_failure(fake, doctor):
    fake.refuses = ("json_schema",)
    said = await doctor(section(fake))
    assert "✓ text.main" in said
    assert "! json_output (schema): It refuses json_schema" in said
    assert 'Set json_output = "object" in [text.main].' in said


async def test_what_lets_calls_fail_is_a_failure_and_the_json_says_why(fake, doctor):
    fake.refuses = ("json_object",)
    forced = section(fake, 'json_output = "object"')
    said = await doctor(forced, code=1)
    assert "✗ text.main" in said
    assert "✗ json_output (object)" in said
    told = json.loads(await doctor(forced, words=["--json"], code=1))
    found = of(json.dumps(told))
    assert (told["ok"], found["ok"]) == (False, False)
    assert "it refuses json_object" in found["detail"]
    assert found["remedy"] == 'Set json_output = "schema" in [text.main].'
    [shape] = [one for one in found["probe"]["capabilities"] if not one["ok"]]
    assert (shape["key"], shape["assumed"], shape["found"]) == ("json_output", "object", "schema")


async def test_a_service_that_hangs_is_a_finding_and_holds_up_no_other(fake, doctor):
    fake.hold("doctor:json_output")
    async with FakeOpenAI(key=KEY) as other:
        told = await doctor(
            section(fake, "timeout_seconds = 0.5"), section(other, name="other"), words=["--json"], code=1
        )
    assert "did not answer within 0.5 s" in of(told)["detail"]
    assert "timeout_seconds" in of(told)["remedy"]
    assert of(told, "text.other")["probe"]["ok"]


async def test_a_defect_in_trying_is_a_finding_and_ends_no_other_check(fake, doctor, monkeypatch):
    async def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(Prober, "probe", broken)
    told = await doctor(section(fake), words=["--json"], code=1)
    assert "could not be tried (ZeroDivisionError)" in of(told)["detail"]
    assert of(told, "image.covers")["ok"]


async def test_a_service_that_is_ill_anyway_is_not_tried(fake, doctor):
    told = of(await doctor(section(fake).replace(MODEL, "unknown"), words=["--json"], code=1))
    assert told["probe"] is None
    assert fake.paid == []


async def test_a_machine_is_tried_for_one_section_at_a_time(fake, doctor):
    fake.delay_seconds = 0.1
    await doctor(*(section(fake, f"temperature = 0.{number}", f"n{number}") for number in (1, 2, 3)))
    asked = [call.body["temperature"] for call in fake.calls if call.is_paid]
    assert [len(list(row)) for _, row in groupby(asked)] == [3, 3, 3], "each section's questions come in a row"


async def test_the_machines_of_a_section_are_each_tried_and_share_its_limits(fake, doctor):
    async with FakeOpenAI(key=KEY) as other:
        urls = section(fake, "requests_per_minute = 6").replace(
            f'base_url = "{fake.base_url}"', f'base_urls = ["{fake.base_url}", "{other.base_url}"]'
        )
        told = await doctor(urls, words=["--json"])
        assert len(fake.paid) == len(other.paid) == 3
    assert of(told, f"text.main {other.base_url}")["probe"]["ok"]


async def test_a_servers_words_cannot_steer_the_terminal(fake, doctor):
    for _ in range(3):
        spoilt = {"error": {"message": "response_format \x1b[2J\u202e is unknown"}}
        fake.fail_next(400, body=spoilt, label="doctor:json_output")
    said = await doctor(section(fake))
    assert "response_format" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


async def test_hubs_that_could_not_fetch_anything_are_a_mistake(doctor):
    hubs = '[site]\nwebsub_hubs = ["https://hub.example.org"]'
    said = of(await doctor(hubs, words=["--json"], code=1), "hubs")
    assert "server.base_url" in said["remedy"]
    told = await doctor(hubs, '[server]\nbase_url = "https://blog.example.org"', words=["--json"])
    assert of(told, "hubs")["ok"]
