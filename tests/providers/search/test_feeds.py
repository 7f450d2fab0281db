"""Feeds as a search engine: what is found in them, and what hostile and broken ones cannot do."""

import time

import pytest
from pydantic import ValidationError

from blogen.errors import ProviderRefused, ProviderUnavailable
from blogen.providers.protocols import CanPrice, SearchEngine
from blogen.providers.search.feeds import Config, Entry, rank
from tests.fakes.feeds import FakeFeeds, Item, rss

NOW = 1_780_000_000
DAY = 86_400


@pytest.fixture
async def fake():
    async with FakeFeeds() as server:
        yield server


@pytest.fixture
def feeds(fake, made):
    def make(*paths, **config):
        urls = [path if "://" in path else f"{fake.base_url}{path}" for path in paths or ("/rss.xml",)]
        return made("feeds", **{"urls": urls, "allow_private": ["127.0.0.0/8"], **config})

    return make


@pytest.mark.parametrize("path", ["/rss.xml", "/atom.xml"])
async def test_entries_of_both_kinds_are_found_as_plain_text(feeds, path):
    provider = feeds(path)
    found = await provider.search("keeping tea", language="en")
    assert isinstance(provider, SearchEngine)
    assert isinstance(provider, CanPrice)
    assert [(hit.url, hit.title, hit.snippet) for hit in found] == [
        ("https://example.org/tea", "How tea keeps", "Tea keeps well in a tin .")
    ]


async def test_a_link_may_be_relative_to_the_feed(fake, feeds):
    found = await feeds().search("roasting coffee", language="en")
    assert found[0].url == f"{fake.base_url}/coffee"


async def test_it_is_free(feeds):
    provider = feeds()
    assert provider.is_free
    assert provider.most_usd_micros("tea") == 0


async def test_feeds_are_fetched_once_for_several_searches(fake, feeds):
    provider = feeds("/rss.xml", "/atom.xml", "/rss.xml")
    await provider.search("tea", language="en")
    await provider.search("coffee", language="en")
    assert sorted(call.path for call in fake.calls) == ["/atom.xml", "/rss.xml"]


async def test_feeds_that_may_be_old_are_fetched_again(fake, feeds):
    provider = feeds(keep_seconds=0)
    await provider.search("tea", language="en")
    await provider.search("tea", language="en")
    assert len(fake.calls) == 2


async def test_the_same_page_in_two_feeds_is_one_hit(feeds):
    found = await feeds("/rss.xml", "/atom.xml").search("tea", language="en")
    assert [hit.url for hit in found] == ["https://example.org/tea"]


async def test_nothing_found_is_an_answer(feeds):
    assert await feeds().search("submarines", language="en") == []


async def test_words_that_name_sites_are_not_searched_for(feeds):
    found = await feeds().search("tea (site:example.org OR site:example.net) -site:example.com", language="en")
    assert len(found) == 1


def entry(title, text="", at=0):
    return Entry(f"https://example.org/{title.replace(' ', '-')}", title, text, at)


def titles(query, *entries):
    return [found.title for found in rank(query, entries, NOW)]


def test_more_words_come_first_then_the_newer():
    assert titles(
        "storing green tea",
        entry("Green paint", at=NOW),
        entry("Tea in tins", "green tea", NOW - 900 * DAY),
        entry("Green tea stored", at=NOW - 900 * DAY),
        entry("Tea trade", at=NOW - DAY),
        entry("Tea taxes", at=NOW - 300 * DAY),
        entry("Coffee"),
    ) == ["Green tea stored", "Tea in tins", "Green paint", "Tea trade", "Tea taxes"]


def test_words_that_nearly_all_entries_hold_tell_nothing():
    many = [entry(f"The history of number {number}") for number in range(20)]
    assert titles("the history of the teapot", *many, entry("Teapots")) == ["Teapots"]


def test_a_date_in_the_future_lifts_nothing():
    assert titles("tea", entry("Tea today", at=NOW), entry("Tea tomorrow", at=NOW + 900 * DAY)) == [
        "Tea today",
        "Tea tomorrow",
    ]


def test_forms_of_a_word_and_scripts_without_spaces_are_found():
    assert titles("breads", entry("Bread")) == ["Bread"]
    assert titles("Häuser bauen", entry("Wie man Häuser baut")) == ["Wie man Häuser baut"]
    assert titles("酸っぱいパン", entry("パンの歴史"), entry("お茶")) == ["パンの歴史"]
    assert titles("", entry("Bread")) == []


async def test_one_broken_feed_spoils_no_other(fake, feeds):
    fake.documents["/broken.xml"] = b"\0\xff not a feed at all"
    fake.documents["/page"] = b"<!doctype html><title>Welcome</title><p>Hello<br>"
    fake.media_types["/page"] = "text/html"
    provider = feeds("/broken.xml", "/missing.xml", "/page", "/rss.xml", "http://127.0.0.1:9/refused")
    assert len(await provider.search("tea", language="en")) == 1
    health = await provider.check()
    assert not health.ok
    assert "4 of 5 feeds" in health.detail


async def test_if_all_are_broken_the_words_say_why(fake, feeds):
    with pytest.raises(ProviderRefused, match=r"None of the feeds of \[search.main\].*does not exist"):
        await feeds("/a.xml", "/b.xml").search("tea", language="en")
    with pytest.raises(ProviderUnavailable):
        await feeds("/a.xml", "http://127.0.0.1:9/").search("tea", language="en")


async def test_a_failure_is_forgotten_sooner_than_an_answer(fake, feeds, monkeypatch):
    provider = feeds("/late.xml")
    with pytest.raises(ProviderRefused):
        await provider.search("tea", language="en")
    fake.documents["/late.xml"] = rss(fake.items).encode()
    with pytest.raises(ProviderRefused):
        await provider.search("tea", language="en")
    monkeypatch.setattr("blogen.providers.search.feeds._FAILURE_SECONDS", 0.0)
    assert await provider.search("tea", language="en")


async def test_the_check_reads_every_feed(feeds):
    health = await feeds("/rss.xml", "/atom.xml").check()
    assert health.ok
    assert "2 feeds with 4 entries" in health.detail


async def test_private_addresses_need_the_owners_word(fake, feeds):
    provider = feeds(allow_private=[])
    with pytest.raises(ProviderRefused, match="private address") as refused:
        await provider.search("tea", language="en")
    assert "`allow_private` of [search.main]" in refused.value.remedy
    assert fake.calls == []


async def test_a_feed_that_is_too_large_is_left_out(fake, feeds):
    fake.documents["/large.xml"] = rss([Item("https://example.org/x", "Tea " * 1000)]).encode()
    with pytest.raises(ProviderRefused, match="larger than") as refused:
        await feeds("/large.xml", max_feed_bytes=2000).search("tea", language="en")
    assert "`max_feed_bytes` of [search.main]" in refused.value.remedy


ITEM = b"<item><title>Tea</title><link>https://example.org/a</link></item>"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (name, b"&%c;" % before * 10)
        for before, name in zip(b"abcdefghi", b"bcdefghij", strict=True)
    )
    + b'<!ENTITY file SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel>%s</channel></rss>'
)


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS % b'<item><title>Tea &j;</title><link>https://example.org/a</link><x y="&j;"/></item>',
        LAUGHS % b"<item><title>Tea &file;</title><link>https://example.org/a</link></item>",
        b"<rss version='2.0'><channel>" + ITEM + b"<item>" * 100_000,
        b"<rss version='2.0'><channel><item><title>Tea" + b"<b>" * 200_000,
        b"<rss " + b"".join(b"a%d='x' " % number for number in range(60_000)) + b"><channel>" + ITEM,
        b"<rss version='2.0'><channel>" + ITEM * 30_000 + b"</channel></rss>",
        b"<a " * 200_000,
        b"<rss><channel><item><title>" + b"&#1" * 200_000,
        b"<!DOCTYPE " + b"<!ENTITY " * 50_000,
        b"<rss version='2.0'><channel><item><title>Tea " + b"x" * 2_000_000 + b"</title></item></channel></rss>",
        b"/etc/passwd",
        b"http://169.254.169.254/",
        b"",
    ],
    ids=lambda document: bytes(document[:12]).decode("ascii", "replace") + f"… {len(document)}",
)
async def test_no_document_takes_long_or_reaches_out(fake, feeds, document):
    fake.documents["/bomb.xml"] = document
    provider = feeds("/bomb.xml", "/rss.xml")
    began = time.monotonic()
    found = await provider.search("tea", language="en")
    assert time.monotonic() - began < 5
    assert 1 <= len(found) <= 2
    assert all("root:" not in f"{hit.title}{hit.snippet}" for hit in found)
    assert all("hahaha" not in f"{hit.title}{hit.snippet}" for hit in found)


async def test_entries_lead_to_web_pages_only(fake, feeds):
    fake.items = [
        Item("javascript:alert(1)", "Tea one"),
        Item("file:///etc/passwd", "Tea two"),
        Item("https://user:secret@example.org/", "Tea three"),
        Item("https://example.org/tea", "Tea four", "<![CDATA[<script>alert(1)</script><p>Leaves]]>"),
    ]
    found = await feeds(keep_seconds=0).search("tea", language="en")
    assert [(hit.title, hit.snippet) for hit in found] == [("Tea four", "alert(1) Leaves")]


async def test_sloppy_feeds_and_old_charsets_are_read(fake, feeds):
    body = "<rss version='2.0'><channel><item><title>Tee &amp Kräuter &nbsp; & mehr</title><link>https://example.org/t"
    fake.documents["/old.xml"] = f"{body}</link></item></channel></rss>".encode("latin-1")
    fake.media_types["/old.xml"] = "text/xml; charset=ISO-8859-1"
    found = await feeds("/old.xml").search("Kräuter", language="de")
    assert found[0].title.startswith("Tee")
    assert "Kräuter" in found[0].title


@pytest.mark.parametrize("url", ["feed.xml", "ftp://example.org/feed", "https://user:pass@example.org/feed"])
def test_what_is_no_address_of_a_feed_is_refused_at_the_start(url):
    with pytest.raises(ValidationError, match="address of a feed"):
        Config(kind="feeds", urls=[url])


def test_a_section_without_feeds_is_wrong():
    with pytest.raises(ValidationError, match="urls"):
        Config(kind="feeds")
    with pytest.raises(ValidationError, match="urls"):
        Config(kind="feeds", urls=[])
