"""What every answer has: safe headers, conditional requests, errors that help."""

import gzip

import brotli
import pytest

from blogen.events import PostChanged, RequestCrashed
from blogen.web import keys
from blogen.web.answers import codings, is_known
from blogen.web.assets import address
from blogen.web.pages import Page

PAGES = ["/", "/p/tea", "/tags/a", "/authors/blogen", "/archive", "/search?q=tea", "/feed.xml", "/feed.json",
         "/robots.txt", "/healthz", "/p/nothing", "/nowhere", "/favicon.ico"]  # fmt: skip


@pytest.fixture
async def tea(site):
    await site.blog.publish("Tea", tags=["a"], text="Tea. " * 300)
    await site.app[keys.PAGES].renewed()
    return site


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_is_protected(tea, path):
    headers = (await tea.get(path)).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"]
    assert headers["Permissions-Policy"]
    assert len(headers["X-Request-Id"]) == 16


@pytest.mark.parametrize("path", ["/", "/p/tea", "/feed.xml", "/sitemap.xml", "/search?q=tea", "/robots.txt"])
async def test_who_has_the_page_already_is_told_so(tea, path):
    first = await tea.get(path)
    tag = first.headers["ETag"]
    is_html = first.headers["Content-Type"].startswith("text/html")
    assert first.headers["Vary"] == ("Accept-Encoding, Cookie" if is_html else "Accept-Encoding")
    again = await tea.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"]
    await tea.blog.publish("New tea", text="tea")
    if path != "/robots.txt":
        assert (await tea.get(path, headers={"If-None-Match": tag})).status == 200


@pytest.mark.parametrize(("coding", "read"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
async def test_pages_are_sent_compressed_once_they_are(tea, coding, read):
    accepts = {"Accept-Encoding": coding}
    plain = await tea.get("/", headers=accepts)
    assert "Content-Encoding" not in plain.headers, "nobody waits for a compression"
    await tea.app[keys.PAGES].compressed()
    tags = {plain.headers["ETag"]}
    for _ in range(10):  # what is asked for often is compressed better
        compressed = await tea.get("/", headers=accepts)
        assert compressed.headers["Content-Encoding"] == coding
        assert read(compressed.body) == plain.body
        assert int(compressed.headers["Content-Length"]) == len(compressed.body) < len(plain.body) / 2
        tags.add(compressed.headers["ETag"])
        await tea.app[keys.PAGES].compressed()
    assert len(tags) == (3 if coding == "br" else 2), "what has one tag is the same to the byte"
    for tag in tags:
        assert (await tea.get("/", headers={"If-None-Match": tag})).status == 304
    refused = await tea.get("/", headers={"Accept-Encoding": f"{coding};q=0, identity"})
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize(
    ("accepted", "ours"),
    [("gzip", "gzip"), ("gzip, deflate, br, zstd", "br gzip"), ("br, gzip;q=0.5", "br gzip"), ("*", "br gzip"),
     ("GZIP", "gzip"), ("", ""), ("br", "br"), ("gzip;q=0", ""), ("gzip; q=0.0", ""), ("*;q=0", ""),
     ("gzip;q=0, *", "br"), ("zstd", "")],
)  # fmt: skip
def test_what_a_client_accepts(accepted, ours):
    assert codings(accepted) == tuple(ours.split())


@pytest.mark.parametrize(
    ("given", "is_yes"),
    [("", False), ("*", True), ('"{}"', True), ('W/"{}"', True), ('"{}-gzip"', True), ('W/"{}-br11"', True),
     ('"x", "{}"', True), ('"ab"', False), ('"{}d"', False), ("garbage", False)],
)  # fmt: skip
def test_which_tags_name_a_page(given, is_yes):
    page = Page("tea", "text/html")
    assert is_known(given.format(page.digest), page) is is_yes


@pytest.mark.parametrize("path", ["/", "/p/tea", "/feed.xml", "/healthz", "/p/nothing"])
async def test_head_answers_as_get_without_a_body(tea, path):
    get = await tea.get(path)
    async with tea.client.head(path) as head:
        assert head.status == get.status
        assert await head.read() == b""
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
        if get.status == 200:
            assert int(head.headers["Content-Length"]) == len(get.body)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused_with_a_page(tea, method):
    async with tea.client.request(method, "/p/tea") as answer:
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]
        assert "<h1>" in await answer.text()


async def test_what_is_not_there_gets_a_page_that_helps(tea):
    answer = await tea.get("/p/%3Cscript%3E")
    assert answer.status == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'role="search"' in answer.text
    assert "<script>" not in answer.text


async def test_a_defect_is_told_to_the_owner_and_not_to_the_reader(tea, monkeypatch):
    async def broken(*_):
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(tea.blog.posts, "by_slug", broken)
    tea.blog.bus.publish(PostChanged("tea"))  # so that its page is made anew
    answer = await tea.get("/p/tea")
    assert answer.status == 500
    assert "secret" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    (crash,) = [event for event in tea.blog.heard if isinstance(event, RequestCrashed)]
    assert (crash.method, crash.path) == ("GET", "/p/tea")
    assert "a secret detail" in crash.traceback


async def test_pictures_are_kept_for_ever_and_cannot_act(tea):
    medium = await tea.blog.media.add(b"RIFF....WEBP" + b"\0" * 50, "image/webp")
    answer = await tea.get(medium.url)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    part = await tea.get(medium.url, headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, b"RIFF")


@pytest.mark.parametrize(
    "path",
    ["/media/..%2Fblogen.db", "/media/%2e%2e/blogen.db", "/media/" + "a" * 64 + ".png", "/media/x",
     "/static/..%2Fpyproject.toml", "/static/%2e%2e%2fpyproject.toml", "/static/nothing.css"],
)  # fmt: skip
async def test_no_path_leads_out_of_its_folder(tea, path):
    assert (await tea.get(path)).status == 404


async def test_static_files_are_kept_for_ever_under_their_digest(tea):
    path = address("reader.css")
    answer = await tea.get(path, headers={"Accept-Encoding": "identity"})
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "url(" not in answer.text, "the style sheet asks for nothing else"
    assert len(gzip.compress(answer.body)) < 30_000
    assert (await tea.get("/static/reader.css?v=old")).headers["Cache-Control"] == "no-cache"
    assert (await tea.get(path, headers={"If-None-Match": answer.headers["ETag"]})).status == 304
    assert path in (await tea.get("/")).text


async def test_health_and_readiness_are_told_apart(tea):
    assert (await tea.get("/healthz")).status == 200
    assert (await tea.get("/readyz")).status == 200
    tea.problems["engine"] = "The engine is starting or stopping."
    answer = await tea.get("/readyz")
    assert answer.status == 503
    assert "starting or stopping" in answer.text
    assert (await tea.get("/healthz")).status == 200
