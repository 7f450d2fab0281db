"""What other programs learn of the blog: heads, cards, oEmbed, site map, texts for machines."""

import asyncio
import json
import re
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import quote
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from PIL import Image

from blogen.domain.changes import PostChange
from blogen.domain.post_summary import Picture, PostSource, Provenance
from blogen.render.card import Card
from blogen.render.pictures import MIXED_SOURCE_TYPE, source_type
from blogen.web import keys
from blogen.web.reader import cards
from blogen.web.reader import site as site_pages
from blogen.web.reader.cards import Cards, site_card
from blogen.web.reader.well_known import expires
from tests.showcase import SOURCES, picture
from tests.web.site import open_site

BASE = "https://blog.example.org"
HOSTILE = "A </script><script>x</script> & ]]> \x00\x1b 'q' \"d\" \u2028 [x](javascript:1) `c` 🫖"


class Head(HTMLParser):
    """A page's meta and link elements and its data, as a crawler reads them."""

    def __init__(self, text):
        super().__init__()
        self.meta, self.links, self.data = {}, [], []
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        has = dict(attrs)
        if tag == "meta" and (name := has.get("property") or has.get("name")):
            self.meta.setdefault(name, []).append(has["content"])
        elif tag == "link":
            self.links.append(has)
        self._in_data = tag == "script" and has.get("type") == "application/ld+json"

    def handle_data(self, data):
        if self._in_data:
            self.data += json.loads(data)["@graph"]

    def handle_endtag(self, tag):
        self._in_data = False

    def __getitem__(self, name):
        [content] = self.meta[name]
        return content

    def linked(self, rel, **has):
        return [link["href"] for link in self.links if link["rel"] == rel and has.items() <= link.items()]


async def head(site, path):
    answer = await site.get(path)
    assert answer.status == 200
    return Head(answer.text)


def path_of(url):
    assert url.startswith(BASE + "/"), url
    return url.removeprefix(BASE)


async def test_a_posts_head_says_all_that_others_show_of_it(site):
    cover = await picture(site.blog, "Tea", "cover")
    slug = await site.blog.publish(
        "Green tea", slug="té", summary="Of leaves.", tags=["drinks & more", "plants"], cover=cover,
        sources=SOURCES, author="ada", language="pt-BR", words=321,
    )  # fmt: skip
    found = await head(site, f"/p/{quote(slug)}")
    url = f"{BASE}/p/t%C3%A9"
    assert found.linked("canonical") == [url]
    assert found.linked("alternate", hreflang="pt-BR") == found.linked("alternate", hreflang="x-default") == [url]
    assert found.linked("alternate", type="text/markdown") == [f"{url}.md"]
    assert (found["og:type"], found["og:url"], found["og:title"]) == ("article", url, "Green tea")
    assert (found["og:description"], found["og:site_name"], found["og:locale"]) == ("Of leaves.", "Blogen", "pt_BR")
    assert found.meta["article:tag"] == ["drinks & more", "plants"]
    assert found["article:author"] == f"{BASE}/authors/ada"
    assert found["twitter:card"] == "summary_large_image"
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert found["og:image"] == found["twitter:image"]
    assert found["og:image:alt"] == "“Green tea” by Ada on Blogen. Written by AI."
    assert found["ai-disclosure"] == "ai-autonomous"
    posting, crumbs = found.data
    assert (posting["@type"], posting["headline"], posting["wordCount"]) == ("BlogPosting", "Green tea", 321)
    assert posting["publisher"]["name"] == "Blogen"
    assert posting["isBasedOn"] == [source.url for source in SOURCES if source.url]
    assert [cited["name"] for cited in posting["citation"]] == [source.title for source in SOURCES]
    assert posting["digitalSourceType"] == "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
    assert posting["creditText"].startswith("Escrito por IA.")
    assert [image["url"] for image in posting["image"]] == [BASE + cover.url, found["og:image"]]
    assert crumbs["@type"] == "BreadcrumbList"
    assert [step["item"] for step in crumbs["itemListElement"]] == [f"{BASE}/", f"{BASE}/tags/drinks%20%26%20more", url]
    logo = await site.get(path_of(posting["publisher"]["logo"]["url"]))
    assert (logo.status, logo.headers["Content-Type"]) == (200, "image/png")


async def test_every_address_in_a_head_is_whole(site):
    await site.blog.publish("Tea", slug="tea", tags=["drinks"])
    for path in ("/", "/p/tea", "/tags/drinks", "/authors/blogen"):
        found = await head(site, path)
        named = [found["og:image"], found["og:url"]]
        named += [href for rel in ("canonical", "alternate") for href in found.linked(rel)]
        assert len(named) >= 6
        assert all(address.startswith(f"{BASE}/") for address in named), named
        for feed in found.linked("alternate", type="application/atom+xml"):
            assert (await site.get(path_of(feed))).status == 200


async def test_a_blog_that_does_not_know_its_address_claims_none(tmp_path):
    async with open_site(tmp_path) as site:
        await site.blog.publish("Tea", slug="tea", tags=["drinks"])
        for path in ("/", "/p/tea", "/tags/drinks", "/authors/blogen"):
            found = await head(site, path)
            assert found.linked("canonical") == []
            assert "og:url" not in found.meta
            assert all(href.startswith("/") for href in found.linked("alternate", type="application/atom+xml"))


async def test_the_front_page_says_how_it_is_searched(site):
    await site.blog.publish("Tea", slug="tea")
    found = await head(site, "/")
    [data] = found.data
    assert (data["@type"], data["url"], data["name"]) == ("WebSite", f"{BASE}/", "Blogen")
    template = data["potentialAction"]["target"]["urlTemplate"]
    assert template == f"{BASE}/search?q={{search_term_string}}"
    assert (await site.get(path_of(template.replace("{search_term_string}", "tea")))).status == 200
    assert found.linked("canonical") == found.linked("alternate", hreflang="x-default") == [f"{BASE}/"]


async def test_lists_have_feeds_and_a_way_home(site):
    await site.blog.publish("Tea", slug="tea", tags=["a/b"])
    series = await site.app[keys.SERIES].place("tea", "All of tea")
    for path, name in ((f"/series/{series}", "All of tea"), ("/archive", "Archive")):
        found = await head(site, path)
        assert (found.data[0]["url"], found["og:title"]) == (BASE + path, f"{name} – Blogen")
        assert found.linked("canonical") == [BASE + path]
    for path, name in (("/tags/a%2Fb", "a/b"), ("/authors/blogen", "Blogen")):
        found = await head(site, path)
        page, crumbs = found.data
        assert (page["@type"], page["url"], page["name"]) == ("CollectionPage", BASE + path, name)
        assert crumbs["itemListElement"][-1]["item"] == BASE + path
        for kind, feed in (("rss+xml", "feed.xml"), ("atom+xml", "atom.xml"), ("feed+json", "feed.json")):
            assert f"{BASE}{path}/{feed}" in found.linked("alternate", type=f"application/{kind}")


async def test_hostile_words_break_no_head_and_no_answer(site):
    source = PostSource(title=HOSTILE, url="https://example.org/<x>", quotes=[])
    await site.blog.publish(
        HOSTILE, slug="evil", summary=HOSTILE, tags=["<b>"], sources=[source], notices=[HOSTILE],
        markdown="a ](/x) & <b>\n\n[own](/p/other)\n",
    )  # fmt: skip
    answer = await site.get("/p/evil")
    assert "<script>x" not in answer.text
    found = Head(answer.text)
    assert found.data[0]["headline"] == HOSTILE
    assert found["og:title"] == HOSTILE
    card = await site.get(path_of(found["og:image"]))
    assert card.headers["Content-Type"] == "image/png"
    embedded = json.loads((await site.get("/oembed", params={"url": f"{BASE}/p/evil"})).body)
    assert embedded["title"] == HOSTILE
    assert "<script>" not in embedded["html"]
    as_xml = await site.get("/oembed", params={"url": f"{BASE}/p/evil", "format": "xml"})
    assert "</script>" in ElementTree.fromstring(as_xml.body).findtext("title")
    listed = (await site.get("/llms.txt")).text
    assert f"]({BASE}/p/evil.md): " in listed
    assert "\\[x\\](javascript:1)" in listed
    plain = (await site.get("/p/evil.md")).text
    assert plain.splitlines()[0].startswith("# A \\</script\\>")
    assert f"[own]({BASE}/p/other)" in plain


# -- cards -----------------------------------------------------------------------------------------------------------


async def test_a_card_is_drawn_once_and_kept_for_ever(site, monkeypatch):
    drawn = []
    draw = cards._draw
    monkeypatch.setattr(cards, "_draw", lambda card, *more: drawn.append(card.title) or draw(card, *more))
    await site.blog.publish("Tea", slug="te-a", cover=await picture(site.blog, "Tea", "cover"))
    path = path_of((await head(site, "/p/te-a"))["og:image"])
    first, again, *others = await asyncio.gather(*(site.get(path) for _ in range(5)))
    assert drawn == ["Tea"]
    assert {answer.body for answer in (again, *others)} == {first.body}
    assert Image.open(BytesIO(first.body)).size == (1200, 630)
    assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    known = await site.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status, known.body) == (304, b"")


async def test_an_older_cards_address_leads_to_the_present_one(site):
    await site.blog.publish("Tea", slug="té-a")
    before = path_of((await head(site, f"/p/{quote('té-a')}"))["og:image"])
    await site.blog.posts.change("té-a", PostChange(title="Green tea"))
    after = path_of((await head(site, f"/p/{quote('té-a')}"))["og:image"])
    assert before != after
    answer = await site.get(before)
    assert (answer.status, answer.headers["Location"]) == (302, after)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (await site.get(after)).status == 200
    for nothing in ("/cards/none-0123456789ab.png", "/cards/te-a-x.png", "/cards/té-a-0123456789AB.png"):
        assert (await site.get(nothing)).status == 404


async def test_the_blogs_own_card_follows_its_name(tmp_path):
    async with open_site(tmp_path, site={"title": "Field notes", "tagline": "Of moss"}) as site:
        await site.blog.publish("Tea", slug="tea")
        found = (await head(site, "/"))["og:image"]
        assert found.endswith(f"/cards/{site_card(site.app[cards.SITE].now).digest}.png")
        path = "/" + found.split("/", 3)[3]
        assert (await site.get(path)).headers["Content-Type"] == "image/png"
        answer = await site.get("/cards/0123456789ab.png")
        assert (answer.status, answer.headers["Location"]) == (302, path)


async def test_a_card_says_that_its_picture_was_generated(site):
    cover = (await picture(site.blog, "Tea", "cover")).model_copy(update={"made_by": "openai/gpt-image-1"})
    await site.blog.publish("Tea", slug="tea", cover=cover)
    card = await site.get(path_of((await head(site, "/p/tea"))["og:image"]))
    assert source_type(card.body) == MIXED_SOURCE_TYPE


async def test_a_card_whose_picture_is_gone_gets_another(site):
    gone = Picture(key="cover", url=f"/media/{'0' * 64}.webp", width=10, height=10, alt="")
    await site.blog.publish("Tea", slug="tea", cover=gone)
    assert (await site.get(path_of((await head(site, "/p/tea"))["og:image"]))).status == 200


async def test_memory_for_cards_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "_draw", lambda card, *_: card.title.encode() * 1000)
    kept = Cards(tmp_path, limit_bytes=2500)
    for title in "abcd":
        assert await kept.get(card(title), None) == title.encode() * 1000
        assert kept.kept_bytes <= 2500
    await kept.close()


def card(title):
    return Card(title, "", "", "", "en")


async def test_a_card_that_cannot_be_drawn_is_tried_again(tmp_path, monkeypatch):
    def broken(*_):
        raise MemoryError

    kept = Cards(tmp_path)
    monkeypatch.setattr(cards, "_draw", broken)
    with pytest.raises(MemoryError):
        await kept.get(card("a"), None)
    monkeypatch.setattr(cards, "_draw", lambda *_: b"fine")
    assert await kept.get(card("a"), None) == b"fine"


# -- oEmbed ----------------------------------------------------------------------------------------------------------


async def test_a_posts_head_leads_to_its_embedding(site):
    await site.blog.publish("Tea", slug="té", summary="Of <leaves>.")
    found = await head(site, f"/p/{quote('té')}")
    [as_json] = found.linked("alternate", type="application/json+oembed")
    [as_xml] = found.linked("alternate", type="text/xml+oembed")
    answer = await site.get(path_of(as_json))
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    embedded = json.loads(answer.body)
    assert (embedded["version"], embedded["type"], embedded["title"]) == ("1.0", "rich", "Tea")
    assert (embedded["author_name"], embedded["author_url"]) == ("Blogen", f"{BASE}/authors/blogen")
    assert embedded["thumbnail_url"] == found["og:image"]
    assert isinstance(embedded["width"], int)
    assert isinstance(embedded["height"], int)
    assert "Of &lt;leaves&gt;." in embedded["html"]
    assert "Written by AI" in embedded["html"]
    assert set(re.findall(r"<(\w+)", embedded["html"])) == {"blockquote", "p", "a", "footer"}
    answer = await site.get(path_of(as_xml))
    assert answer.headers["Content-Type"].startswith("text/xml")
    root = ElementTree.fromstring(answer.body)
    assert (root.tag, root.findtext("title"), root.findtext("html")) == ("oembed", "Tea", embedded["html"])


async def test_an_embedding_is_as_small_as_it_is_wanted(site):
    await site.blog.publish("Tea", slug="tea")
    asked = {"url": f"{BASE}/p/tea", "maxwidth": "300", "maxheight": "150"}
    embedded = json.loads((await site.get("/oembed", params=asked)).body)
    assert (embedded["width"], embedded["height"]) == (300, 150)
    assert not [name for name in embedded if name.startswith("thumbnail")]
    for nonsense in ("-1", "0", "x", "9" * 400, "²"):
        assert (await site.get("/oembed", params=asked | {"maxwidth": nonsense})).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({"url": "https://evil.example/p/tea"}, 404, "does not belong to https://blog.example.org"),
        ({"url": f"{BASE}.evil.example/p/tea"}, 404, "does not belong"),
        ({"url": "https://blog.example.org@evil.example/p/tea"}, 404, "does not belong"),
        ({"url": "javascript:alert(1)"}, 404, "does not belong"),
        ({"url": "http://[x"}, 404, "does not belong"),
        ({"url": f"{BASE}/p/none"}, 404, "no post"),
        ({"url": f"{BASE}/studio"}, 404, "no post"),
        ({"url": ""}, 400, "Say which"),
        ({}, 400, "Say which"),
        ({"url": f"{BASE}/p/tea", "format": "yaml"}, 501, "json or xml"),
    ],
)
async def test_what_cannot_be_embedded_is_refused_with_a_sentence(site, asked, status, says):
    await site.blog.publish("Tea", slug="tea")
    answer = await site.get("/oembed", params=asked)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")
    assert says in answer.text


async def test_the_blog_itself_is_a_link(site):
    embedded = json.loads((await site.get("/oembed", params={"url": f"{BASE}/"})).body)
    assert (embedded["type"], embedded["title"], embedded["provider_url"]) == ("link", "Blogen", f"{BASE}/")


# -- maps ------------------------------------------------------------------------------------------------------------

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
IMAGE = "{http://www.google.com/schemas/sitemap-image/1.1}"


async def places(site, path):
    answer = await site.get(path)
    assert answer.status == 200, path
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    return [found.text for found in ElementTree.fromstring(answer.body).iter(f"{MAP}loc")]


async def test_the_site_map_lists_posts_with_pictures_topics_and_authors(site):
    cover = await picture(site.blog, "Tea", "cover")
    await site.blog.publish("Tea", tags=["a/b"], slug="té", cover=cover)
    paths = ["/", "/archive", "/p/t%C3%A9", "/tags/a%2Fb", "/authors/blogen"]
    assert await places(site, "/sitemap.xml") == [BASE + path for path in paths]
    series = await site.app[keys.SERIES].place("té", "All of tea")
    paths.insert(4, f"/series/{series}")
    assert await places(site, "/sitemap.xml") == [BASE + path for path in paths]
    root = ElementTree.fromstring((await site.get("/sitemap.xml")).body)
    assert [found.text for found in root.iter(f"{IMAGE}loc")] == [BASE + cover.url]
    assert root.findtext(f"{MAP}url/{MAP}lastmod") == "2025-10-09T08:53:20Z"
    assert (await site.get("/sitemap-1.xml")).status == 404


async def test_a_large_blog_has_a_map_of_maps(site, monkeypatch):
    monkeypatch.setattr(site_pages, "_PLACES", 4)
    monkeypatch.setattr(site_pages, "_PART", 2)
    for number in range(5):
        await site.blog.publish(f"Tea {number}", slug=f"tea-{number}", at=1_760_000_000_000 + number, tags=["t"])
    index = ElementTree.fromstring((await site.get("/sitemap.xml")).body)
    assert index.tag == f"{MAP}sitemapindex"
    parts = [path_of(found.text) for found in index.iter(f"{MAP}loc")]
    assert parts == [f"/sitemap-{number}.xml" for number in (1, 2, 3, 4)]
    assert await places(site, parts[0]) == [f"{BASE}{path}" for path in ("/", "/archive", "/tags/t", "/authors/blogen")]
    listed = [place for part in parts[1:] for place in await places(site, part)]
    assert listed == [f"{BASE}/p/tea-{number}" for number in range(5)], "each once, the oldest first"
    assert (await site.get("/sitemap-5.xml")).status == 404
    await site.blog.publish("Milk", slug="milk", at=1_770_000_000_000)
    assert await places(site, parts[3]) == [f"{BASE}/p/tea-4", f"{BASE}/p/milk"]


async def test_robots_know_the_site_map_and_the_manifest_names_icons_that_exist(site):
    answer = await site.get("/robots.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f"Sitemap: {BASE}/sitemap.xml" in answer.text
    robots = RobotFileParser()
    robots.parse(answer.text.splitlines())
    shown = ("/", "/p/tea", "/p/tea.md", "/tags/tea", "/authors/ada", "/archive", "/feed.xml", "/media/ab.webp")
    shown += ("/cards/tea-0123456789ab.png", "/static/reader.css", "/sitemap.xml", "/llms.txt", "/oembed?url=x")
    assert [path for path in shown if not robots.can_fetch("Any", BASE + path)] == []
    closed = ("/studio", "/api/v1/posts", "/search?q=x")
    assert [path for path in closed if robots.can_fetch("Any", BASE + path)] == []
    answer = await site.get("/manifest.webmanifest")
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    manifest = json.loads(answer.body)
    assert (manifest["name"], manifest["start_url"]) == ("Blogen", "/")
    assert manifest["theme_color"] in (await site.get("/")).text, "the paper of the pages"
    for icon in manifest["icons"]:
        found = await site.get(icon["src"])
        assert found.status == 200
        assert found.headers["Content-Type"].split(";")[0] == icon["type"]


# -- texts -----------------------------------------------------------------------------------------------------------


async def test_llms_txt_says_what_the_blog_is_and_leads_to_markdown(site):
    await site.blog.publish("Tea", slug="té", summary="Of leaves.", tags=["drinks"])
    answer = await site.get("/llms.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0] == "# Blogen"
    assert lines[2] == "> Posts written by an AI from sources you can check."
    assert f"- [Tea]({BASE}/p/t%C3%A9.md): Of leaves." in lines
    await site.blog.posts.change("té", PostChange(title="Green tea"))
    assert "- [Green tea](" in (await site.get("/llms.txt")).text
    await site.blog.posts.delete("té")
    assert "tea" not in (await site.get("/llms.txt")).text


async def test_a_post_as_markdown_says_what_made_it_and_what_it_rests_on(site):
    image = await picture(site.blog, "Leaves", "leaves")
    human = Provenance(disclosure="ai-assisted", text=["main/m"], images=[], cost_usd="0.000000")
    await site.blog.publish(
        "Tea", slug="tea", summary="Of leaves.", sources=SOURCES, notices=["A notice."], provenance=human,
        images=[image], markdown="Hot *water* and [milk](/p/milk).\n\n![Leaves](leaves)\n\n```\n](/p/code)\n```\n",
    )  # fmt: skip
    answer = await site.get("/p/tea.md")
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# Tea\n\n> Of leaves.\n\nBlogen, 9 October 2025, <https://blog.example.org/p/tea>\n")
    assert "*Written by AI and reviewed by a person before publication. A notice.*" in answer.text
    assert f"Hot *water* and [milk]({BASE}/p/milk)." in answer.text
    assert f"({BASE}{image.url}" in answer.text
    assert "](/p/code)" in answer.text
    assert (
        "## Sources\n\n1. [Blogen's own notes: why a commit is expensive](<https://example.org/notes>)" in answer.text
    )
    await site.blog.posts.change("tea", PostChange(title="Green tea"))
    assert (await site.get("/p/tea.md")).text.startswith("# Green tea\n")
    assert (await site.get("/p/none.md")).status == 404


async def test_security_txt_names_whom_to_tell(tmp_path):
    config = {"server": {"base_url": BASE}, "site": {"contact": "mailto:safe@example.org", "language": "de"}}
    async with open_site(tmp_path, **config) as site:
        answer = await site.get("/.well-known/security.txt")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        contact, expiry, canonical, languages = answer.text.splitlines()
        assert contact == "Contact: mailto:safe@example.org"
        assert canonical == f"Canonical: {BASE}/.well-known/security.txt"
        assert languages == "Preferred-Languages: de, en"
        assert re.fullmatch(r"Expires: \d{4}-\d\d-01T00:00:00Z", expiry)


async def test_who_may_be_written_to_about_notifications_may_be_told_too(tmp_path):
    async with open_site(tmp_path, push={"contact": "https://example.org/contact"}) as site:
        lines = (await site.get("/.well-known/security.txt")).text.splitlines()
        assert lines[0] == "Contact: https://example.org/contact"
        assert not [line for line in lines if line.startswith("Canonical")], "nobody has said where the blog is"


async def test_without_a_contact_there_is_no_security_txt(site):
    assert (await site.get("/.well-known/security.txt")).status == 404


@pytest.mark.parametrize(
    ("now_ms", "then"),
    [
        (1_798_761_599_000, "2027-07-01T00:00:00Z"),  # the last second of December 2026
        (1_798_761_600_000, "2027-08-01T00:00:00Z"),  # the first of January 2027
        (1_812_585_600_000, "2028-01-01T00:00:00Z"),  # June 2027
    ],
)
def test_it_holds_for_more_than_half_a_year_and_less_than_one(now_ms, then):
    assert expires(now_ms) == then
