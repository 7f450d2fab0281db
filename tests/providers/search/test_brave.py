"""The Brave provider against a server that speaks the wire format, over real sockets."""

import pytest
from pydantic import ValidationError

from blogen.errors import ProviderBusy, ProviderRefused, ProviderUnavailable
from blogen.providers.protocols import CanPrice, SearchEngine
from blogen.providers.search.brave import Config
from tests.fakes.brave import FakeBrave, error
from tests.fakes.search_server import Result

KEY = "BSA-a-secret-key"


@pytest.fixture
async def fake():
    async with FakeBrave(key=KEY) as server:
        yield server


@pytest.fixture
def brave(fake, made):
    def make(**config):
        return made("brave", **{"base_url": fake.base_url, "api_key": KEY, **config})

    return make


async def test_hits_come_as_plain_text_in_their_order(fake, brave):
    provider = brave()
    found = await provider.search("how tea keeps", language="en-GB", limit=5)
    assert isinstance(provider, SearchEngine)
    assert isinstance(provider, CanPrice)
    assert [(hit.url, hit.title) for hit in found] == [
        ("https://example.org/tea", "How tea keeps"),
        ("https://example.com/tins", "Tins"),
    ]
    assert found[0].snippet == 'Tea keeps well in a "tin".'
    assert fake.calls[0].query == {
        "q": "how tea keeps", "count": "5", "result_filter": "web", "text_decorations": "false",
        "safesearch": "moderate", "search_lang": "en-gb",
    }  # fmt: skip


async def test_a_search_costs_what_the_section_says(brave):
    assert brave(free=False, usd_per_call="0.005").most_usd_micros("tea") == 5000
    assert brave(free=False).most_usd_micros("tea") is None
    assert Config(kind="brave", api_key=KEY).is_free is False


@pytest.mark.parametrize(
    ("language", "sent"), [("ja", "jp"), ("pt-BR", "pt-br"), ("pt", "pt-pt"), ("zh-TW", "zh-hant"), ("nn", "nb")]
)
async def test_a_language_is_sent_by_the_name_that_is_known(fake, brave, language, sent):
    assert await brave().search("tea", language=language)
    assert fake.calls[0].query["search_lang"] == sent


async def test_a_language_that_is_not_known_is_not_sent(fake, brave):
    assert await brave().search("tea", language="sw")
    assert "search_lang" not in fake.calls[0].query


async def test_the_section_chooses_country_and_age(fake, brave):
    await brave(country="de", freshness="py", safesearch="strict").search("tea", language="en", limit=99)
    query = fake.calls[0].query
    assert (query["country"], query["freshness"], query["safesearch"], query["count"]) == ("DE", "py", "strict", "20")


async def test_a_long_query_is_cut_to_what_is_taken(fake, brave):
    assert await brave().search("tea in a tin " * 100, language="en")
    assert len(fake.calls[0].query["q"]) <= 400


async def test_nothing_found_is_an_answer(fake, brave):
    fake.results = []
    assert await brave().search("tea", language="en") == []


async def test_results_that_cannot_be_used_are_left_out(fake, brave):
    fake.results = [Result("javascript:1"), Result(None), Result(5, [], {}), Result("https://example.org/a", None, 3)]
    assert [hit.url for hit in await brave().search("tea", language="en")] == ["https://example.org/a"]


async def test_a_wrong_key_is_told_from_a_wrong_request(brave):
    provider = brave(api_key="BSA-another-key")
    with pytest.raises(ProviderRefused, match="key in") as refused:
        await provider.search("tea", language="en")
    assert "api_key" in refused.value.remedy
    assert "BSA-another-key" not in str(refused.value)
    health = await provider.check()
    assert not health.ok
    assert "api_key" in health.remedy


async def test_a_request_that_is_refused_says_so(fake, brave):
    fake.fail_next(422, body={"error": {"code": "VALIDATION", "detail": f"Bad value of {KEY}"}})
    with pytest.raises(ProviderRefused, match="refused the request") as refused:
        await brave().search("tea", language="en")
    assert KEY not in str(refused.value)


async def test_a_rate_limit_passes_and_a_used_up_plan_does_not(fake, brave):
    fake.fail_next(429, headers={"X-RateLimit-Remaining": "0, 1999", "X-RateLimit-Reset": "1, 1419704"})
    with pytest.raises(ProviderBusy) as busy:
        await brave().search("tea", language="en")
    assert busy.value.retry_after_seconds == 1
    used_up = {"type": "ErrorResponse", "errors": [{"code": "QUOTA_LIMITED", "detail": "Request quota limit exceeded"}]}
    fake.fail_next(429, body=used_up)
    with pytest.raises(ProviderRefused, match="used up"):
        await brave().search("tea", language="en")


async def test_a_pause_without_numbers_is_a_pause(fake, brave):
    fake.fail_next(429, headers={"X-RateLimit-Reset": "soon"}, body="<html>slow down</html>")
    with pytest.raises(ProviderBusy) as busy:
        await brave().search("tea", language="en")
    assert busy.value.retry_after_seconds is None
    fake.fail_next(429, headers={"Retry-After": "7"})
    with pytest.raises(ProviderBusy) as busy:
        await brave().search("tea", language="en")
    assert busy.value.retry_after_seconds == 7


async def test_a_key_without_a_plan_is_refused(fake, brave):
    fake.fail_next(404)
    with pytest.raises(ProviderRefused, match="no plan"):
        await brave().search("tea", language="en")


@pytest.mark.parametrize(
    "body",
    [{"type": "news"}, {"type": "search", "web": []}, {"type": "search", "web": {"results": ["a"]}}, {}, 7, None],
)
async def test_another_shape_is_malformed(fake, brave, body):
    fake.spoil_next("schema", body={"x": None} if body is None else body)
    with pytest.raises(ProviderUnavailable, match=r"sent an answer that"):
        await brave().search("tea", language="en")


async def test_the_check_costs_no_search(fake, brave):
    health = await brave().check()
    assert health.ok
    assert fake.searched == []


@pytest.mark.parametrize("body", [{"error": 5}, {"errors": []}, {"error": {"code": 7}}, "<html>no</html>"])
async def test_a_server_that_is_another_is_found_out(fake, brave, body):
    fake.fail_next(422, body=body)
    assert not (await brave().check()).ok


def test_a_section_without_a_key_is_wrong():
    with pytest.raises(ValidationError, match="api_key"):
        Config(kind="brave")


def test_the_fake_words_errors_as_brave_does():
    assert b'"type": "ErrorResponse"' in error(422, "VALIDATION", "x", "", ["q"]).body
