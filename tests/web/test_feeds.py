"""Feeds carry whole posts that work away from their page, and say that an AI wrote them."""

import asyncio
import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import feedparser
import pytest

from blogen.domain.changes import PostChange
from blogen.domain.post_summary import PostSource, Provenance
from blogen.web import keys
from tests.showcase import fill
from tests.web.site import open_site

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The feeds of a blog worth looking at, by name: to fill it takes longer than to look."""

    async def feeds():
        async with open_site(
            tmp_path_factory.mktemp("filled"), server={"base_url": "https://blog.example.org/"}
        ) as site:
            await fill(site.blog)
            return {name: await site.get(f"/{name}") for name in ("feed.xml", "atom.xml", "feed.json")}

    return asyncio.run(feeds())


def test_rss_has_the_whole_post_with_absolute_addresses(filled):
    answer = filled["feed.xml"]
    assert answer.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    channel = ElementTree.fromstring(answer.body).find("channel")
    items = channel.findall("item")
    assert len(items) == 16
    first = items[0]
    assert first.findtext("title") == "Why group commit makes SQLite fast"
    assert first.findtext("link") == first.findtext("guid") == "https://blog.example.org/p/group-commit"
    assert first.findtext(CREATOR) == "Blogen (Written by AI)"
    assert first.findtext("pubDate") == "Wed, 05 Aug 2026 03:20:00 +0000"
    assert [category.text for category in first.findall("category")] == ["databases", "sqlite"]
    content = first.findtext(CONTENT)
    assert "One writer, and no timer" in content
    assert "Written by AI. No person reviewed it" in content
    assert 'src="https://blog.example.org/media/' in content
    for attribute in ('src="/', 'href="/', 'href="#', " id="):
        assert attribute not in content, attribute
    assert "<script" not in content


def test_atom_has_the_same(filled):
    answer = filled["atom.xml"]
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.body)
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 16
    assert entries[0].findtext(f"{ATOM}id") == "https://blog.example.org/p/group-commit"
    assert entries[0].findtext(f"{ATOM}author/{ATOM}name") == "Blogen (Written by AI)"
    assert "One writer" in entries[0].findtext(f"{ATOM}content")
    assert feed.findtext(f"{ATOM}updated") == "2026-08-05T03:20:00Z"


def test_json_feed_has_the_same(filled):
    answer = filled["feed.json"]
    assert answer.headers["Content-Type"].startswith("application/feed+json")
    feed = json.loads(answer.body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://blog.example.org/feed.json"
    first = feed["items"][0]
    assert first["id"] == "https://blog.example.org/p/group-commit"
    assert first["_blogen"]["disclosure"] == "ai-autonomous"
    assert "Written by AI. No person reviewed it" in first["content_html"]
    assert first["image"].startswith("https://blog.example.org/media/")


@pytest.mark.parametrize("name", ["feed.xml", "atom.xml", "feed.json"])
async def test_topics_and_authors_have_feeds_of_their_own(site, name):
    await site.blog.publish("Tea", tags=["drinks & more"], author="ada")
    await site.blog.publish("Moss", tags=["plants"])
    for path in ("/tags/drinks%20%26%20more", "/authors/ada"):
        answer = await site.get(f"{path}/{name}")
        assert answer.status == 200, path
        assert "/p/tea" in answer.text
        assert "/p/moss" not in answer.text
        assert f"https://blog.example.org{path}/{name}" in answer.text
    for path in ("/tags/none", "/authors/nobody"):
        assert (await site.get(f"{path}/{name}")).status == 404


async def test_a_feed_of_an_empty_blog_is_still_a_feed(site):
    assert ElementTree.fromstring((await site.get("/feed.xml")).body).find("channel").findall("item") == []
    assert ElementTree.fromstring((await site.get("/atom.xml")).body).findall(f"{ATOM}entry") == []
    assert json.loads((await site.get("/feed.json")).body)["items"] == []


HOSTILE = "A <b> & ]]> \x00\x0b\x1b\ufffe 'quote' \"double\" \u2028 </script><script>x</script> 🫖"
SPOKEN = "A <b> & ]]> 'quote' \"double\" \u2028 </script><script>x</script> 🫖"


async def test_hostile_words_stay_well_formed_and_come_out_as_they_were(site):
    source = PostSource(title=HOSTILE, url="https://example.org/?a=1&b=<2>", quotes=[])
    await site.blog.publish(HOSTILE, slug="signs", summary=f"\x01{HOSTILE}", tags=["a&b<c>"], sources=[source])
    for path in ("/feed.xml", "/atom.xml"):
        found = feedparser.parse((await site.get(path)).body, sanitize_html=False)
        assert not found.bozo, found.get("bozo_exception")
        [entry] = found.entries
        assert " ".join(entry.title.split()) == " ".join(SPOKEN.split())
        assert "<script>" not in entry.content[0].value
        assert entry.tags[0].term == "a&b<c>"
    ElementTree.fromstring((await site.get("/sitemap.xml")).body)
    [item] = json.loads((await site.get("/feed.json")).body)["items"]
    assert item["title"] == HOSTILE
    assert "<script>" not in item["content_html"]


@pytest.mark.parametrize(("name", "version"), [("feed.xml", "rss20"), ("atom.xml", "atom10")])
def test_a_feed_reader_finds_all_it_looks_for(filled, name, version):
    found = feedparser.parse(filled[name].body)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == version
    assert (found.feed.title, found.feed.language) == ("Blogen", "en")
    assert found.feed.link == "https://blog.example.org/"
    assert [link.href for link in found.feed.links if link.rel == "self"] == [f"https://blog.example.org/{name}"]
    assert len({entry.id for entry in found.entries}) == len(found.entries) == 16
    first = found.entries[0]
    assert first.id == first.link == "https://blog.example.org/p/group-commit"
    assert first.published_parsed[:5] == (2026, 8, 5, 3, 20)
    assert first.author_detail.name == "Blogen (Written by AI)"
    assert first.media_content[0]["url"].startswith("https://blog.example.org/media/")
    assert first.dcterms_provenance == "Written by AI. No person reviewed it before publication."
    assert first.iptc_digitalsourcetype.endswith("/trainedAlgorithmicMedia")
    german = next(entry for entry in found.entries if "Moor" in entry.title)
    assert german.dcterms_provenance.startswith("Von KI geschrieben und")
    for entry in found.entries:
        assert entry.summary
        for address in re.findall(r'(?:href|src|cite)="([^"]*)"', entry.content[0].value):
            assert address.startswith("https://"), address


def test_rss_keeps_its_own_rules(filled):
    """https://www.rssboard.org/rss-specification and the Best Practices Profile"""
    channel = ElementTree.fromstring(filled["feed.xml"].body).find("channel")
    for required in ("title", "link", "description"):
        assert channel.findtext(required)
    assert channel.find("image/url").text.endswith((".png",)) or ".png?" in channel.find("image/url").text
    assert channel.findtext("image/title") == channel.findtext("title")
    assert channel.findtext("image/link") == channel.findtext("link")
    dates = [channel.findtext("lastBuildDate"), channel.findtext("pubDate")]
    for item in channel.findall("item"):
        assert item.find("guid").get("isPermaLink") == "true"
        assert item.findtext("guid") == item.findtext("link")
        dates.append(item.findtext("pubDate"))
    assert all(parsedate_to_datetime(date).tzinfo is not None for date in dates)
    assert len(channel.findall("language")) == 1


def test_atom_keeps_its_own_rules(filled):
    """RFC 4287: what a feed and an entry must have, once each, and dates as RFC 3339 has them"""
    feed = ElementTree.fromstring(filled["atom.xml"].body)
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        for required in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{required}")) == 1
        assert len([link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"]) == 1
    for entry in entries:
        assert entry.find(f"{ATOM}author/{ATOM}name").text
        assert entry.find(f"{ATOM}content").get("type") == "html"
        assert {link.get("rel") for link in entry.findall(f"{ATOM}link")} <= {"alternate", "via"}
        for date in ("updated", "published"):
            assert datetime.fromisoformat(entry.findtext(f"{ATOM}{date}")).tzinfo is not None
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [entry.get(language) for entry in entries].count("ar") == 1
    assert max(entry.findtext(f"{ATOM}updated") for entry in entries) == feed.findtext(f"{ATOM}updated")


def test_json_feed_keeps_its_own_rules(filled):
    """https://jsonfeed.org/version/1.1"""
    feed = json.loads(filled["feed.json"].body)
    assert {"version", "title", "items"} <= feed.keys()
    assert all(isinstance(author, dict) and author.keys() & {"name", "url", "avatar"} for author in feed["authors"])
    assert "author" not in feed
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
        assert "author" not in item
        assert item["authors"][0]["name"]
        assert isinstance(item["tags"], list)
        for date in ("date_published", "date_modified"):
            assert datetime.fromisoformat(item[date]).tzinfo is not None
        own = [name for name in item if name.startswith("_")]
        assert all(isinstance(item[name], dict) and "." not in name for name in own)
    assert feed["items"][0]["_blogen"]["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert feed["items"][0]["_blogen"]["sources"] == ["https://example.org/notes", "https://example.org/wal"]


async def test_what_a_person_wrote_claims_no_machine(site):
    human = Provenance(disclosure="none", text=[], images=[], cost_usd="0.000000")
    await site.blog.publish("Tea", slug="tea", provenance=human)
    for path in ("/feed.xml", "/atom.xml", "/feed.json"):
        text = (await site.get(path)).text
        assert "Written by a person." in text
        assert "DigitalSourceType" not in text
        assert "AI" not in text.replace("Posts written by an AI", "")


async def test_a_change_dates_the_feed_anew_and_keeps_its_ids(site):
    for number in range(3):
        await site.blog.publish(f"Tea {number}", slug=f"tea-{number}", at=1_760_000_000_000 + number)
    before = feedparser.parse((await site.get("/atom.xml")).body)
    await site.blog.posts.change("tea-0", PostChange(title="Green tea"))
    after = feedparser.parse((await site.get("/atom.xml")).body)
    assert [entry.id for entry in before.entries] == [entry.id for entry in after.entries]
    assert [entry.published for entry in before.entries] == [entry.published for entry in after.entries]
    assert after.entries[2].title == "Green tea"
    assert before.feed.updated < after.feed.updated == after.entries[2].updated


@pytest.mark.parametrize(
    "path", ["/feed.xml", "/atom.xml", "/feed.json", "/tags/tea/feed.xml", "/authors/blogen/atom.xml"]
)
async def test_who_has_a_feed_already_is_told_so_by_tag_and_by_date(site, path):
    await site.blog.publish("Tea", slug="tea", tags=["tea"])
    fresh = await site.get(path)
    assert "Last-Modified" not in fresh.headers, "another version may follow within the same second"
    [page] = [page for page in site.app[keys.PAGES]._kept.values() if page.plain.body == fresh.body]
    page.made_at -= 10
    first = await site.get(path)
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert parsedate_to_datetime(since["If-Modified-Since"]).timestamp() == page.made_at
    for known in (since, {"If-None-Match": first.headers["ETag"]}, since | {"If-None-Match": first.headers["ETag"]}):
        again = await site.get(path, headers=known)
        assert (again.status, again.body) == (304, b"")
    assert (await site.get(path, headers=since | {"If-None-Match": '"other"'})).status == 200, "tags count for more"
    assert (await site.get(path, headers={"If-Modified-Since": "yesterday"})).status == 200
    await site.blog.publish("Milk", slug="milk", tags=["tea"])
    assert (await site.get(path, headers=since)).status == 200


async def test_feeds_name_the_hubs_that_are_configured(tmp_path):
    hub = "https://hub.example.org"
    config = {"server": {"base_url": "https://blog.example.org"}, "site": {"websub_hubs": [hub]}}
    async with open_site(tmp_path, **config) as site:
        for path in ("/feed.xml", "/atom.xml"):
            links = feedparser.parse((await site.get(path)).body).feed.links
            assert [link.href for link in links if link.rel == "hub"] == [hub]
        assert json.loads((await site.get("/feed.json")).body)["hubs"] == [{"type": "WebSub", "url": hub}]
