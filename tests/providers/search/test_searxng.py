"""The SearXNG provider against a server that speaks the wire format, over real sockets."""

import pytest

from blogen.errors import ProviderBusy, ProviderRefused, ProviderUnavailable
from blogen.providers.protocols import CanPrice, SearchEngine
from blogen.providers.search.searxng import harmless
from tests.fakes.search_server import Result
from tests.fakes.searxng import FakeSearXNG


@pytest.fixture
async def fake():
    async with FakeSearXNG() as server:
        yield server


async def test_hits_come_as_plain_text_in_their_order(fake, made):
    provider = made("searxng", base_url=fake.base_url)
    found = await provider.search("how tea keeps", language="en", limit=5)
    assert isinstance(provider, SearchEngine)
    assert isinstance(provider, CanPrice)
    assert [(hit.url, hit.title, hit.snippet) for hit in found] == [
        ("https://example.org/tea", "How tea keeps", 'Tea keeps well in a "tin".'),
        ("https://example.com/tins", "Tins", "Of tins and their lids."),
    ]
    assert fake.calls[0].query == {"q": "how tea keeps", "format": "json", "language": "en", "safesearch": "1"}


async def test_it_is_free_where_it_runs_nearby(fake, made):
    provider = made("searxng", base_url=fake.base_url)
    assert provider.is_free
    assert provider.most_usd_micros("tea") == 0
    assert not made("searxng", base_url="https://searx.example").is_free
    assert made("searxng", base_url=fake.base_url, usd_per_call="0.002").most_usd_micros("tea") == 2000


async def test_the_section_chooses_engines_categories_and_age(fake, made):
    provider = made(
        "searxng", base_url=fake.base_url, engines=["wikipedia", "mojeek"], categories=["science"], time_range="year"
    )
    await provider.search("tea", language="en")
    query = fake.calls[0].query
    assert (query["engines"], query["categories"], query["time_range"]) == ("wikipedia,mojeek", "science", "year")


@pytest.mark.parametrize(("language", "sent"), [("pt-br", "pt-BR"), ("zh-Hant", "zh"), ("EN", "en"), ("de-1996", "de")])
async def test_a_language_is_sent_in_the_form_that_is_taken(fake, made, language, sent):
    assert await made("searxng", base_url=fake.base_url).search("tea", language=language)
    assert fake.calls[0].query["language"] == sent


async def test_at_most_so_many_are_returned_and_none_is_an_answer(fake, made):
    provider = made("searxng", base_url=fake.base_url)
    fake.results = [Result(f"https://example.org/{number}") for number in range(40)]
    assert len(await provider.search("tea", language="en", limit=7)) == 7
    fake.results = []
    assert await provider.search("tea", language="en") == []


async def test_results_that_cannot_be_used_are_left_out(fake, made):
    fake.results = [
        Result("javascript:alert(1)"), Result(None), Result(["x"], {}, 5), Result("https://example.org/a", None, None),
    ]  # fmt: skip
    found = await made("searxng", base_url=fake.base_url).search("tea", language="en")
    assert [hit.url for hit in found] == ["https://example.org/a"]


async def test_an_instance_without_json_says_what_to_do(made):
    async with FakeSearXNG(formats=("html",)) as fake:
        provider = made("searxng", base_url=fake.base_url)
        with pytest.raises(ProviderRefused, match="does not answer in JSON") as refused:
            await provider.search("tea", language="en")
        assert "search.formats" in refused.value.remedy
        health = await provider.check()
        assert not health.ok
        assert "settings.yml" in health.remedy


async def test_the_limiter_asks_for_a_pause_and_says_how_to_get_past(fake, made):
    fake.fail_next(429, headers={"Retry-After": "12"})
    with pytest.raises(ProviderBusy, match="limiter") as busy:
        await made("searxng", base_url=fake.base_url).search("tea", language="en")
    assert busy.value.retry_after_seconds == 12
    assert "limiter.toml" in busy.value.remedy


async def test_nothing_found_because_engines_were_silent_is_no_answer(made):
    async with FakeSearXNG(silent=(("google", "CAPTCHA"), ("bing", "timeout"))) as fake:
        provider = made("searxng", base_url=fake.base_url)
        assert await provider.search("tea", language="en"), "what others found is enough"
        fake.results = []
        with pytest.raises(ProviderUnavailable, match=r"google \(CAPTCHA\), bing \(timeout\)"):
            await provider.search("tea", language="en")


async def test_a_query_cannot_give_orders_to_the_instance(fake, made):
    assert harmless("!!g tea :de <3 tins !images ?what") == "g tea de 3 tins images what"
    assert harmless("C++ in 1:2 <b") == "C++ in 1:2 <b"
    await made("searxng", base_url=fake.base_url).search("!!ddg tea", language="en")
    assert fake.searched == ["ddg tea"]


async def test_a_key_is_sent_where_one_is_given(fake, made):
    await made("searxng", base_url=fake.base_url, api_key="a-secret").search("tea", language="en")
    assert fake.calls[0].headers["Authorization"] == "Bearer a-secret"


async def test_the_check_searches_for_nothing(fake, made):
    health = await made("searxng", base_url=fake.base_url).check()
    assert health.ok
    assert fake.searched == []


async def test_the_check_finds_out_that_it_is_none(fake, made):
    fake.spoil_next("not_json")
    assert not (await made("searxng", base_url=fake.base_url).check()).ok
