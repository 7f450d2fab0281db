"""The Tavily provider against a server that speaks the wire format, over real sockets."""

import pytest
from pydantic import ValidationError

from blogen.errors import ProviderBusy, ProviderRefused, ProviderUnavailable
from blogen.providers.protocols import CanPrice, SearchEngine
from blogen.providers.search.tavily import Config
from tests.fakes.search_server import Result
from tests.fakes.tavily import FakeTavily

KEY = "tvly-a-secret-key"


@pytest.fixture
async def fake():
    async with FakeTavily(key=KEY) as server:
        yield server


@pytest.fixture
def tavily(fake, made):
    def make(**config):
        return made("tavily", **{"base_url": fake.base_url, "api_key": KEY, **config})

    return make


async def test_hits_come_as_plain_text_in_their_order(fake, tavily):
    provider = tavily()
    found = await provider.search("how tea keeps", language="en", limit=5)
    assert isinstance(provider, SearchEngine)
    assert isinstance(provider, CanPrice)
    assert [hit.title for hit in found] == ["How tea keeps", "Tins"]
    assert fake.calls[0].body == {
        "query": "how tea keeps", "search_depth": "basic", "topic": "general", "max_results": 5,
        "include_answer": False, "include_raw_content": False, "include_images": False,
    }  # fmt: skip


async def test_sites_go_into_fields_of_their_own(fake, tavily):
    await tavily().search("tea (site:example.org OR site:example.com) -site:example.net", language="en")
    body = fake.calls[0].body
    assert body["query"] == "tea"
    assert body["include_domains"] == ["example.org", "example.com"]
    assert body["exclude_domains"] == ["example.net"]


async def test_the_section_chooses_depth_topic_age_and_country(fake, tavily):
    await tavily(search_depth="advanced", time_range="year", country="germany").search("tea", language="en", limit=99)
    body = fake.calls[0].body
    assert (body["search_depth"], body["time_range"], body["country"], body["max_results"]) == (
        "advanced", "year", "germany", 20,
    )  # fmt: skip
    await tavily(topic="news", country="germany").search("tea", language="en")
    assert "country" not in fake.calls[1].body


async def test_a_search_costs_what_the_section_says(tavily):
    assert tavily(free=False, usd_per_call="0.008").most_usd_micros("tea") == 8000
    assert Config(kind="tavily", api_key=KEY).is_free is False


async def test_nothing_found_is_an_answer_and_what_cannot_be_used_is_left_out(fake, tavily):
    fake.results = []
    assert await tavily().search("tea", language="en") == []
    fake.results = [Result("javascript:1"), Result({}), Result("https://example.org/a", 3, None)]
    assert [hit.url for hit in await tavily().search("tea", language="en")] == ["https://example.org/a"]


async def test_a_wrong_key_is_refused_and_not_repeated_in_words(tavily):
    with pytest.raises(ProviderRefused, match="key in") as refused:
        await tavily(api_key="tvly-another").search("tea", language="en")
    assert "tvly-another" not in str(refused.value)


@pytest.mark.parametrize("status", [432, 433])
async def test_a_used_up_plan_is_refused_with_what_to_do(fake, tavily, status):
    fake.fail_next(status)
    with pytest.raises(ProviderRefused, match="used up") as refused:
        await tavily().search("tea", language="en")
    assert "Tavily" in refused.value.remedy


async def test_too_many_searches_ask_for_a_pause(fake, tavily):
    fake.fail_next(429, headers={"Retry-After": "9"})
    with pytest.raises(ProviderBusy) as busy:
        await tavily().search("tea", language="en")
    assert busy.value.retry_after_seconds == 9


@pytest.mark.parametrize("body", [{}, {"results": {}}, {"results": ["a", 3]}, 7, "text"])
async def test_another_shape_is_malformed(fake, tavily, body):
    fake.spoil_next("schema", body=body)
    with pytest.raises(ProviderUnavailable, match="sent an answer that"):
        await tavily().search("tea", language="en")


async def test_the_check_tells_how_much_is_used_and_uses_nothing(fake, tavily):
    health = await tavily().check()
    assert health.ok
    assert "150 of 1000 credits" in health.detail
    assert fake.searched == []
    assert not (await tavily(api_key="tvly-another").check()).ok
    fake.knows_usage = False
    assert (await tavily().check()).ok


@pytest.mark.parametrize("body", [[], {"key": 3}, {"key": {"usage": "x", "limit": {}}, "account": None}])
async def test_an_account_of_another_shape_is_no_trouble(fake, tavily, body):
    fake.spoil_next("schema", body=body)
    assert (await tavily().check()).ok


def test_a_section_without_a_key_is_wrong():
    with pytest.raises(ValidationError, match="api_key"):
        Config(kind="tavily")
