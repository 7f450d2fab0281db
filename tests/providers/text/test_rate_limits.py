"""Quotas that a service reports as used up, over real sockets."""

import time

import pytest

from blogen.errors import ProviderBusy
from blogen.providers.openai_limits import seconds_until
from blogen.providers.protocols import TextRequest
from blogen.providers.text.openai import Config, Provider
from tests.fakes.openai_server import MODEL, FakeOpenAI

QUESTION = TextRequest(system="You are terse.", user="Say something about tea.", purpose="outline")


@pytest.fixture
async def fake():
    async with FakeOpenAI() as server:
        yield server


@pytest.fixture
async def made():
    providers = []

    def make(base_url, **config):
        config = {"model": MODEL, "timeout_seconds": 5, **config}
        provider = Provider("text.main", Config(kind="openai", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


def limits(**headers):
    return {f"x-ratelimit-{name.replace('_', '-')}": value for name, value in headers.items()}


LEFT = limits(remaining_requests="0", remaining_tokens="149000", reset_requests="6m0s", reset_tokens="9ms")
BOTH = limits(remaining_requests="0", remaining_tokens="0", reset_requests="1s", reset_tokens="120ms")
PLENTY = limits(remaining_requests="4999", remaining_tokens="149000", reset_requests="6m0s", reset_tokens="6m0s")
AZURE = limits(remaining_tokens="-1", limit_tokens="-1", reset_tokens="0")


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("headers", "pause"), [(LEFT, 360), (BOTH, 1), (PLENTY, 0), (AZURE, 0), ({}, 0)],
    ids=["requests used up", "both used up", "plenty", "azure's -1", "none"],
)  # fmt: skip
async def test_a_pause_comes_with_the_answer_that_used_a_quota_up(fake, made, api, streams, headers, pause):
    fake.headers = headers
    answer = await made(fake.base_url, api=api).complete(QUESTION, stream=(lambda _: None) if streams else None)
    assert answer.usage.pause_seconds == pause


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "2", **LEFT}, 2),
        ({"Retry-After": "500", **LEFT}, 500),
        ({"Retry-After": "2", **PLENTY}, 2),
        (LEFT, 360),
        (PLENTY, None),
        ({"Retry-After": "2", **limits(remaining_requests="0", reset_requests="soon")}, 2),
        (limits(remaining_requests="0", reset_requests="9000h"), 86_400),
    ],
)
async def test_a_pause_is_as_long_as_asked_for_else_until_the_limits_are_whole(fake, made, headers, pause):
    fake.fail_next(429, headers=headers)
    with pytest.raises(ProviderBusy) as raised:
        await made(fake.base_url).complete(QUESTION)
    assert raised.value.retry_after_seconds == pause


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [("1s", 1), ("6m0s", 360), ("120ms", 0.12), ("1h2m3.5s", 3723.5), ("7", 7), ("0.5", 0.5), ("-3", 0), ("", None),
     ("soon", None), ("nan", None), ("inf", None), ("1e999", None), ("1s soon", None), ("9" * 400, 86_400)],
)  # fmt: skip
def test_a_reset_is_read_in_the_notations_that_services_use(reset, seconds):
    assert seconds_until(reset) == seconds


def test_a_reset_may_be_a_point_in_time():
    assert seconds_until(f"{time.time() + 30:.3f}") == pytest.approx(30, abs=1)
    assert seconds_until(str(int((time.time() + 30) * 1000))) == pytest.approx(30, abs=1)
    assert seconds_until(str(int(time.time() - 30))) == 0
