"""What a probe finds out about servers that speak an OpenAI API, over real sockets."""

import asyncio

import pytest

from blogen.providers.limits import Limits
from blogen.providers.openai_presets import PRESETS
from blogen.providers.protocols import CanProbe
from blogen.providers.text.openai import Config, Provider
from tests.fakes import answers
from tests.fakes.openai_server import MODEL, FakeOpenAI

KEY = "sk-a-very-secret-key-1234567890"
LABELS = ["doctor:json_output", "doctor:usage_in_streams", "doctor:system_role"]


@pytest.fixture
async def fake():
    async with FakeOpenAI(key=KEY) as server:
        yield server


@pytest.fixture
async def probe():
    """Probes a server under a section with these keys."""
    providers = []

    async def run(fake, *, seconds=20, limits=None, **config):
        config = {"api_key": KEY, "model": MODEL, "timeout_seconds": 10, **config}
        provider = Provider("text.main", Config(kind="openai", base_url=fake.base_url, **config))
        providers.append(provider)
        assert isinstance(provider, CanProbe)
        found = await provider.probe(limits or Limits(), seconds=seconds)
        assert KEY not in found.model_dump_json()
        return found

    yield run
    for provider in providers:
        await provider.close()


def by_key(found):
    return {capability.key: capability for capability in found.capabilities}


async def test_a_server_that_does_all_that_is_assumed_is_well(fake, probe):
    found = await probe(fake, preset="ollama")
    assert found.ok
    assert [(one.key, one.assumed, one.found, one.ok, one.remedy) for one in found.capabilities] == [
        ("json_output", "schema", "schema", True, ""),
        ("usage_in_streams", "asked", "asked", True, ""),
        ("system_role", "system", "system", True, ""),
    ]
    assert fake.paid == fake.labels == LABELS
    assert found.calls == 3
    assert "3 small calls" in found.detail
    assert "free of charge" in found.detail
    assert found.usage.cost_usd_micros == 0


async def test_the_questions_are_small_and_do_not_tell_the_shape_in_words(fake, probe):
    await probe(fake, preset="ollama", max_output_tokens=16_000, reasoning_effort="high")
    for call in fake.calls:
        assert call.body["max_tokens"] <= 512
        assert call.body["reasoning_effort"] == "none"
        assert len(call.prompt) < 300
    assert "whistles" not in fake.calls[0].prompt
    await probe(fake, preset="ollama", max_output_tokens=300)
    assert fake.calls[-1].body["max_tokens"] == 300


@pytest.mark.parametrize("preset", sorted(PRESETS))
async def test_every_dialect_keeps_the_model_from_reasoning_in_a_way_that_can_be_refused(probe, preset):
    async with FakeOpenAI(refuses=tuple(PRESETS[preset].brief)) as fake:
        found = await probe(fake, preset=preset, api="chat")
    assert by_key(found)["json_output"].found == "schema"
    asked = [bool(set(call.body) & set(fake.refuses)) for call in fake.calls]
    assert asked == [bool(fake.refuses), *([False] * (len(asked) - 1))], "what was refused is not sent again"


# -- the shape of answers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "config", "best", "is_well", "remedy"),
    [
        ({"refuses": ("json_schema",)}, {}, "object", True, "object"),
        ({"refuses": ("response_format",)}, {}, "none", True, "none"),
        ({"ignores": ("response_format",)}, {}, "none", True, "none"),
        ({"refuses": ("json_schema",)}, {"json_output": "schema"}, "object", False, "object"),
        ({"ignores": ("response_format",)}, {"json_output": "object"}, "none", False, "none"),
        ({"refuses": ("json_object",)}, {"json_output": "object"}, "schema", False, "schema"),
        ({"refuses": ("json_schema",)}, {"preset": "deepseek"}, "object", True, ""),
        ({}, {"preset": "deepseek"}, "schema", True, "schema"),
        ({}, {"json_output": "none"}, "schema", True, "schema"),
        ({"refuses": ("response_format",)}, {"json_output": "none"}, "none", True, ""),
    ],
)
async def test_the_form_that_a_server_took_is_told_and_what_to_set(probe, server, config, best, is_well, remedy):
    async with FakeOpenAI(**server) as fake:
        found = by_key(await probe(fake, **config))["json_output"]
    assert (found.found, found.ok) == (best, is_well)
    assert bool(found.remedy) is bool(remedy)
    assert found.remedy.startswith(f'Set json_output = "{remedy}" in [text.main].' if remedy else "")


async def test_a_server_that_answers_prose_whatever_it_is_asked_is_of_no_use(probe):
    async with FakeOpenAI(ignores=("response_format",), answerer=lambda prompt, _: answers.prose(prompt)) as fake:
        found = await probe(fake)
    assert not found.ok
    shape = by_key(found)["json_output"]
    assert (shape.found, shape.ok) == ("", False)
    assert "takes json_schema and does not keep to it" in shape.detail
    assert "another model" in shape.remedy


async def test_json_mode_is_not_taken_for_a_schema(probe):
    async with FakeOpenAI(answerer=lambda prompt, schema: '{"kettle": "copper"}' if schema else "MARMALADE") as fake:
        found = by_key(await probe(fake))["json_output"]
    assert found.found == "object"
    assert "takes json_schema and does not keep to it; it keeps to json_object" in found.detail


async def test_a_refusal_without_a_reason_is_about_what_is_asked_for(fake, probe):
    for _ in range(3):  # with what keeps it from reasoning, without, and without a temperature
        fake.fail_next(422, body={"detail": "unprocessable"})
    found = by_key(await probe(fake))
    assert found["json_output"].found == "object"
    assert found["usage_in_streams"].found == "asked"
    assert found["system_role"].found == "system"


async def test_a_form_that_the_server_breaks_with_is_to_be_set_aside_by_the_owner(fake, probe):
    fake.fail_next(500, body={"error": {"message": "failed to parse grammar"}})
    found = by_key(await probe(fake))["json_output"]
    assert (found.found, found.ok) == ("object", False)
    assert "fails with json_schema (failed to parse grammar)" in found.detail
    assert found.remedy == 'Set json_output = "object" in [text.main].'


@pytest.mark.parametrize(("kind", "words"), [("length", "cut off"), ("no_text", "no answer")])
async def test_half_an_answer_tells_nothing_and_is_no_mistake(fake, probe, kind, words):
    fake.spoil_next(kind)
    found = await probe(fake)
    shape = by_key(found)["json_output"]
    assert (shape.found, shape.ok, shape.remedy) == ("", True, "")
    assert words in shape.detail
    assert found.ok


async def test_the_words_of_a_refusal_are_told_without_keys(fake, probe):
    fake.refuses = ("json_schema",)
    for _ in range(3):
        fake.fail_next(400, body={"error": {"message": f"response_format is unknown to {KEY}"}})
    assert "response_format is unknown to …" in by_key(await probe(fake))["json_output"].detail


# -- streams --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "config", "best"),
    [
        ({"gives_usage": True, "refuses": ("stream_options",)}, {"preset": "mistral"}, "given"),
        ({"gives_usage": True, "refuses": ("stream_options",)}, {}, "given"),
        ({}, {"preset": "mistral"}, "asked"),
        ({}, {"usage_in_streams": "none"}, "asked"),
        ({"ignores": ("stream_options",)}, {}, "none"),
        ({"usage": False}, {"usage_in_streams": "given"}, "none"),
        ({"refuses": ("stream",)}, {}, "none"),
    ],
)
async def test_whether_streams_tell_the_usage_is_told_and_what_to_set(probe, server, config, best):
    async with FakeOpenAI(**server) as fake:
        found = by_key(await probe(fake, **config))["usage_in_streams"]
    assert (found.found, found.ok) == (best, True)
    assert found.remedy == ("" if found.assumed == best else f'Set usage_in_streams = "{best}" in [text.main].')


async def test_a_server_that_is_thought_to_tell_the_usage_unasked_is_not_asked_for_it(probe):
    async with FakeOpenAI(gives_usage=True) as fake:
        assert by_key(await probe(fake, preset="mistral"))["usage_in_streams"].found == "given"
    assert not any("stream_options" in call.body for call in fake.calls)


# -- instructions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "config", "role", "is_well"),
    [
        ({"refuses": ("system",)}, {}, "user", True),
        ({"ignores": ("system",)}, {}, "user", False),
        ({"refuses": ("system",)}, {"system_role": "user"}, "user", True),
        ({}, {"system_role": "user"}, "system", True),
        ({}, {"system_role": "developer"}, "developer", True),
    ],
)
async def test_whose_words_instructions_may_be_is_told_and_what_to_set(probe, server, config, role, is_well):
    async with FakeOpenAI(**server) as fake:
        found = by_key(await probe(fake, **config))["system_role"]
    assert (found.found, found.ok) == (role, is_well)
    assert found.remedy == ("" if found.assumed == role else f'Set system_role = "{role}" in [text.main].')


async def test_a_role_that_the_server_breaks_with_is_to_be_set_aside_by_the_owner(fake, probe):
    fake.fail_next(500, label="doctor:system_role")
    found = by_key(await probe(fake))["system_role"]
    assert (found.found, found.ok) == ("user", False)


async def test_a_model_that_heeds_no_instructions_is_not_taken_for_a_server_that_has_no_roles(probe):
    async with FakeOpenAI(answerer=lambda prompt, schema: answers.answer("Tea.", schema)) as fake:
        found = by_key(await probe(fake))["system_role"]
    assert (found.found, found.ok, found.remedy) == ("", True, "")


# -- the Responses API ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refuses", "best"), [((), "schema"), (("json_schema",), "object"), (("json_schema", "json_object"), "none")]
)
async def test_the_responses_api_is_tried_in_its_own_words(fake, probe, refuses, best):
    fake.refuses = refuses
    found = by_key(await probe(fake, api="responses"))
    assert found["json_output"].found == best
    assert (found["usage_in_streams"].found, found["usage_in_streams"].remedy) == ("asked", "")
    assert set(found) == {"json_output", "usage_in_streams"}, "instructions have a field of their own"
    assert {call.path for call in fake.calls} == {"/v1/responses"}
    assert fake.calls[-1].body["reasoning"] == {"effort": "low"}


async def test_a_model_that_takes_no_effort_is_asked_without(fake, probe):
    fake.refuses = ("reasoning",)
    assert by_key(await probe(fake, api="responses"))["json_output"].found == "schema"
    assert ["reasoning" in call.body for call in fake.calls] == [True, False, False]


# -- what goes wrong ------------------------------------------------------------------------------------------------


async def test_a_server_that_hangs_is_given_up_after_the_sections_own_time(fake, probe):
    fake.hold("doctor:usage_in_streams")
    found = await probe(fake, timeout_seconds=0.3)
    assert not found.ok
    assert "did not answer within 0.3 s" in found.detail
    assert "timeout_seconds" in found.remedy
    assert set(by_key(found)) == {"json_output"}, "what was found out before is told"


async def test_a_server_that_is_slow_is_not_waited_for_as_long_as_a_post_may_take(fake, probe):
    fake.hold("doctor:json_output")
    async with asyncio.timeout(5):
        found = await probe(fake, seconds=0.3, timeout_seconds=600)
    assert found.ok, "it is allowed to be slow"
    assert found.capabilities == []
    assert "within 0.3 s" in found.detail
    assert found.remedy


@pytest.mark.parametrize(
    ("status", "is_well", "words"),
    [(401, False, "key"), (402, False, "credit"), (404, False, "model"), (429, True, "pause"), (503, False, "503")],
)
async def test_a_call_that_fails_for_another_reason_is_told_as_what_it_is(fake, probe, status, is_well, words):
    fake.fail_next(status)
    found = await probe(fake)
    assert found.ok is is_well
    assert words in found.detail
    assert "No call was answered." in found.detail
    assert found.capabilities == []
    assert len(fake.calls) == 1


async def test_a_server_that_breaks_with_every_question_is_told_as_that(fake, probe):
    for _ in range(3):
        fake.fail_next(500)
    found = await probe(fake)
    assert not found.ok
    assert "failed (500)" in found.detail


async def test_calls_wait_for_their_turn_in_the_limits_of_the_section(fake, probe):
    found = await probe(fake, limits=Limits(requests_per_minute=2), seconds=1)
    assert len(fake.calls) == 2
    assert set(by_key(found)) == {"json_output", "usage_in_streams"}


# -- what it cost ---------------------------------------------------------------------------------------------------


async def test_what_paid_calls_cost_is_told(fake, probe):
    found = await probe(fake, input_usd_per_million=2, output_usd_per_million=10)
    sent, answered = found.usage.input_tokens, found.usage.output_tokens
    assert sent > 20
    assert answered > 10
    assert found.usage.cost_usd_micros == 2 * sent + 10 * answered
    assert f"{sent} tokens sent, {answered} answered, 0.000{found.usage.cost_usd_micros} USD." in found.detail


async def test_a_price_that_is_not_known_is_not_nothing(fake, probe):
    assert "at an unknown price" in (await probe(fake, free=False)).detail


async def test_a_price_that_the_service_tells_is_taken(fake, probe):
    fake.more_usage = {"cost": 0.0012}
    found = await probe(fake, preset="openrouter", free=False)
    assert found.usage.cost_usd_micros == 3600


async def test_a_paid_call_that_got_no_answer_may_have_been_paid_for(fake, probe):
    fake.hold("doctor:json_output")
    for config in ({"timeout_seconds": 0.3}, {"seconds": 0.3}):
        assert "may have been paid for" in (await probe(fake, free=False, **config)).detail
        assert "may have been paid for" not in (await probe(fake, free=True, **config)).detail
