"""What a probe finds out about models behind Anthropic's Messages API, over real sockets."""

import pytest

from blogen.providers.limits import Limits
from blogen.providers.protocols import CanProbe
from blogen.providers.text.anthropic import Config, Provider
from tests.fakes.anthropic_server import MODEL, FakeAnthropic

KEY = "sk-ant-a-very-secret-key-1234567890"


@pytest.fixture
async def fake():
    async with FakeAnthropic(key=KEY) as server:
        yield server


@pytest.fixture
async def probe(fake):
    providers = []

    async def run(**config):
        config = {"api_key": KEY, "model": MODEL, "timeout_seconds": 5, **config}
        provider = Provider("text.main", Config(kind="anthropic", base_url=fake.base_url, **config))
        providers.append(provider)
        assert isinstance(provider, CanProbe)
        return await provider.probe(Limits(), seconds=20)

    yield run
    for provider in providers:
        await provider.close()


@pytest.mark.parametrize(
    ("refuses", "config", "best", "is_well"),
    [
        ((), {}, "schema", True),
        (("format",), {}, "tool", True),
        (("output_config", "tools"), {}, "none", True),
        (("format",), {"json_output": "schema"}, "tool", False),
        (("format",), {"json_output": "tool"}, "tool", True),
        ((), {"json_output": "none"}, "schema", True),
        (("temperature",), {"temperature": 0.5}, "schema", True),
    ],
)
async def test_the_form_that_a_model_took_is_told_and_what_to_set(fake, probe, refuses, config, best, is_well):
    fake.refuses = refuses
    found = await probe(**config)
    [shape] = found.capabilities
    assert (shape.key, shape.found, shape.ok, found.ok) == ("json_output", best, is_well, is_well)
    assert bool(shape.remedy) is (shape.assumed != best)
    assert f'json_output = "{best}" in [text.main]' in shape.remedy or not shape.remedy
    assert set(fake.labels) == {"doctor:json_output"}
    assert all(call.body["max_tokens"] == 512 for call in fake.calls)
    assert found.calls == len(fake.paid)


async def test_a_model_that_answers_prose_whatever_it_is_asked_is_of_no_use(fake, probe):
    fake.ignores_shapes = True
    found = await probe()
    assert not found.ok
    assert "another model" in found.capabilities[0].remedy


async def test_what_it_cost_is_told(fake, probe):
    found = await probe(input_usd_per_million=3, output_usd_per_million=15)
    assert found.usage.cost_usd_micros == found.usage.input_tokens * 3 + found.usage.output_tokens * 15 > 0
    assert "one small call" in found.detail
    assert "free of charge" in (await probe()).detail, "a gateway on this machine"


@pytest.mark.parametrize(("kind", "words"), [("length", "cut off"), ("no_text", "no answer")])
async def test_half_an_answer_tells_nothing_and_is_paid_for(fake, probe, kind, words):
    fake.spoil_next(kind)
    found = await probe(input_usd_per_million=3, output_usd_per_million=15)
    assert (found.ok, found.calls, found.capabilities[0].found) == (True, 1, "")
    assert words in found.capabilities[0].detail


@pytest.mark.parametrize(("status", "is_well"), [(401, False), (404, False), (429, True), (529, False)])
async def test_a_call_that_fails_for_another_reason_is_told_as_what_it_is(fake, probe, status, is_well):
    fake.fail_next(status)
    found = await probe()
    assert (found.ok, found.capabilities) == (is_well, [])
    assert "came to nothing" in found.detail


async def test_a_service_that_hangs_is_given_up(fake, probe):
    fake.hold()
    found = await probe(timeout_seconds=0.3, free=False)
    assert not found.ok
    assert "did not answer within 0.3 s" in found.detail
    assert "may have been paid for" in found.detail


async def test_check_says_what_is_assumed(fake):
    for config, words in ({}, "structured output"), ({"json_output": "tool"}, "as a tool's input"):
        provider = Provider(
            "text.main", Config(kind="anthropic", base_url=fake.base_url, api_key=KEY, model=MODEL, **config)
        )
        health = await provider.check()
        assert words in health.detail
        assert health.assumed == {"json_output": config.get("json_output", "schema")}
        await provider.close()
    assert fake.paid == []
