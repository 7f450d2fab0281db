"""What can go wrong with any service goes wrong with each search engine, and each says so in the same way."""

import pytest

from blogen.errors import ProviderError, ProviderRefused, ProviderUnavailable
from tests.fakes.brave import FakeBrave
from tests.fakes.feeds import FakeFeeds
from tests.fakes.searxng import FakeSearXNG
from tests.fakes.tavily import FakeTavily

KEY = "a-very-secret-key"
FAKES = {
    "searxng": FakeSearXNG,
    "brave": lambda: FakeBrave(key=KEY),
    "tavily": lambda: FakeTavily(key=KEY),
    "feeds": FakeFeeds,
}
BROKEN = ["reset", "hang", "drip", "not_json", "schema", "truncated", "empty"]
OF_ANY_FEED = ["reset", "hang", "drip", "truncated"]
"""The others make a document that is no feed, which stays none."""


@pytest.fixture(params=list(FAKES))
async def engine(request, made):
    """A fake and a provider that searches it; the provider gives up soon."""
    async with FAKES[request.param]() as fake:
        own = {"base_url": fake.base_url, "api_key": KEY}
        if request.param == "feeds":
            own = {"urls": [f"{fake.base_url}/rss.xml"], "allow_private": ["127.0.0.0/8"], "keep_seconds": 0}
        yield fake, made(request.param, timeout_seconds=0.3, **own)


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_answer_is_an_error_in_words_and_the_next_one_is_good(engine, kind):
    fake, provider = engine
    fake.spoil_next(kind)
    is_passing = not isinstance(fake, FakeFeeds) or kind in OF_ANY_FEED
    with pytest.raises(ProviderUnavailable if is_passing else ProviderRefused) as raised:
        await provider.search("tea", language="en")
    assert raised.value.provider == "search.main"
    assert "search.main" in raised.value.detail or "127.0.0.1" in raised.value.detail
    assert KEY not in str(raised.value)
    fake.heal()
    assert await provider.search("tea", language="en")


@pytest.mark.parametrize("status", [408, 500, 502, 503])
async def test_a_failing_server_is_unavailable(engine, status):
    fake, provider = engine
    fake.fail_next(status, headers={"Retry-After": "30"})
    with pytest.raises(ProviderUnavailable) as raised:
        await provider.search("tea", language="en")
    assert raised.value.retry_after_seconds == 30


async def test_a_pause_without_its_length_is_handed_on(engine):
    fake, provider = engine
    fake.fail_next(429)
    with pytest.raises(ProviderUnavailable) as raised:
        await provider.search("tea", language="en")
    assert raised.value.retry_after_seconds is None


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_what_repeating_cannot_mend_is_refused_with_a_remedy(engine, status):
    fake, provider = engine
    fake.fail_next(status)
    with pytest.raises(ProviderRefused) as raised:
        await provider.search("tea", language="en")
    assert raised.value.remedy or status == 400
    assert len(fake.calls) == 1


async def test_a_server_that_does_not_listen_is_unavailable(engine):
    fake, provider = engine
    await fake.stop()
    with pytest.raises(ProviderUnavailable):
        await provider.search("tea", language="en")
    health = await provider.check()
    assert not health.ok
    assert health.detail
    assert health.remedy


@pytest.mark.parametrize("kind", [*BROKEN, "status"])
async def test_a_check_never_raises(engine, kind):
    fake, provider = engine
    fake.spoil_next(kind)
    assert (await provider.check()).detail


async def test_an_error_that_repeats_the_key_does_not_show_it(engine):
    fake, provider = engine
    fake.fail_next(400, body={"error": f"What is {KEY}?"})
    with pytest.raises(ProviderError) as raised:
        await provider.search("tea", language="en")
    assert KEY not in str(raised.value)


async def test_a_provider_can_be_closed_twice_and_used_again(engine):
    _, provider = engine
    await provider.search("tea", language="en")
    await provider.close()
    await provider.close()
    assert await provider.search("tea", language="en")


@pytest.mark.parametrize("body", ["[" * 3000, "[" * 900 + "]" * 900], ids=["cut short", "whole"])
async def test_an_error_that_nests_without_end_is_but_an_error(engine, body):
    fake, provider = engine
    fake.fail_next(500, body=body)
    with pytest.raises(ProviderUnavailable):
        await provider.search("tea", language="en")
