"""Feeds carry whole posts that work away from their page, and say that an AI wrote them."""

import json
from xml.etree import ElementTree

import pytest

from tests.showcase import fill

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"


async def test_rss_has_the_whole_post_with_absolute_addresses(site):
    await fill(site.blog)
    answer = await site.get("/feed.xml")
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


async def test_atom_has_the_same(site):
    await fill(site.blog)
    answer = await site.get("/atom.xml")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.body)
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 16
    assert entries[0].findtext(f"{ATOM}id") == "https://blog.example.org/p/group-commit"
    assert entries[0].findtext(f"{ATOM}author/{ATOM}name") == "Blogen (Written by AI)"
    assert "One writer" in entries[0].findtext(f"{ATOM}content")
    assert feed.findtext(f"{ATOM}updated") == "2026-08-05T03:20:00Z"


async def test_json_feed_has_the_same(site):
    await fill(site.blog)
    answer = await site.get("/feed.json")
    assert answer.headers["Content-Type"].startswith("application/feed+json")
    feed = json.loads(answer.body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://blog.example.org/feed.json"
    first = feed["items"][0]
    assert first["id"] == "https://blog.example.org/p/group-commit"
    assert first["_blogen"]["disclosure"] == "ai-autonomous"
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


async def test_titles_full_of_signs_and_control_characters_stay_well_formed(site):
    await site.blog.publish("A <b> & ]]> \x00\x0b\ufffe 'quote' \"double\" 🫖", slug="signs", summary="\x01<&>")
    for path in ("/feed.xml", "/atom.xml", "/sitemap.xml"):
        ElementTree.fromstring((await site.get(path)).body)


async def test_the_sitemap_lists_posts_topics_and_authors(site):
    await site.blog.publish("Tea", tags=["a/b"], slug="té")
    found = [
        element.text
        for element in ElementTree.fromstring((await site.get("/sitemap.xml")).body).iter()
        if element.tag.endswith("loc")
    ]
    assert found == [
        f"https://blog.example.org{path}" for path in ("/", "/archive", "/p/t%C3%A9", "/tags/a%2Fb", "/authors/blogen")
    ]


async def test_robots_know_the_sitemap_and_the_manifest_names_icons_that_exist(site):
    assert "Sitemap: https://blog.example.org/sitemap.xml" in (await site.get("/robots.txt")).text
    answer = await site.get("/manifest.webmanifest")
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    for icon in json.loads(answer.body)["icons"]:
        found = await site.get(icon["src"])
        assert found.status == 200
        assert found.headers["Content-Type"].split(";")[0] == icon["type"]
