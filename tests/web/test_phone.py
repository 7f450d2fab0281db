"""`/app/`: the build of the phone app as browsers need it, and a page that helps where there is none."""

import gzip
from base64 import b64encode
from hashlib import sha256

import pytest
from yarl import URL

from blogen.web import phone
from blogen.web.answers import FOREVER
from blogen.web.pages import FRESH

ENTRY = "_expo/static/js/web/entry-0123456789abcdef0123456789abcdef.js"
FONT = "assets/node_modules/pkg/font.0123456789abcdef0123456789abcdef.ttf"
ICON = "assets/node_modules/pkg/close.0123456789abcdef0123456789abcdef@1.5x.png"
INLINE = "document.documentElement.dataset.theme = 'dark'"
INDEX = f'<!doctype html><title>App</title><script>{INLINE}</script><script src="/app/{ENTRY}" defer></script>'
MANIFEST = "application/manifest+json"


@pytest.fixture
def build(tmp_path, monkeypatch):
    dist = tmp_path / "dist"
    files = {
        "index.html": INDEX,
        ENTRY: "run()" * 300,
        FONT: "font",
        ICON: "icon",
        "sw.js": "self",
        "manifest.webmanifest": "{}",
    }
    for name, text in files.items():
        path = dist / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (dist / f"{ENTRY}.gz").write_bytes(gzip.compress((dist / ENTRY).read_bytes()))
    (dist / f"{ENTRY}.br").write_bytes(b"as brotli")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(phone, "APP", dist)
    return dist


@pytest.mark.parametrize(
    ("path", "media_type", "cache"),
    [("", "text/html; charset=utf-8", FRESH), (ENTRY, "text/javascript; charset=utf-8", FOREVER),
     (FONT, "font/ttf", FOREVER), (ICON, "image/png", FOREVER), ("sw.js", "text/javascript; charset=utf-8", FRESH),
     ("manifest.webmanifest", MANIFEST, FRESH)],
)  # fmt: skip
async def test_each_file_is_kept_as_long_as_it_is_good(site, build, path, media_type, cache):
    answer = await site.get(f"/app/{path}")
    assert (answer.status, answer.body) == (200, (build / (path or "index.html")).read_bytes())
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (media_type, cache)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    known = await site.get(f"/app/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (known.status, known.body) == (304, b"")
    assert answer.headers.get("Service-Worker-Allowed") == ("/app" if path == "sw.js" else None)


async def test_the_app_without_its_slash_leads_to_it_by_a_path_that_every_proxy_keeps(site, build):
    answer = await site.get("/app", headers={"Host": "inside:8080"})
    assert (answer.status, answer.headers["Location"]) == (308, "/app/")


@pytest.mark.parametrize("path", ["post/green-tea", "saved", "tag/caf%C3%A9", "author/ann/", "index"])
async def test_addresses_of_the_app_are_its_own_to_understand(site, build, path):
    answer = await site.get(f"/app/{path}")
    assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (200, INDEX, FRESH)


@pytest.mark.parametrize(
    "path", ["_expo/static/js/web/old.js", "assets/x", "favicon.ico", "old-chunk.js", f"{ENTRY}.gz"]
)
async def test_a_file_that_is_missing_is_no_page(site, build, path):
    answer = await site.get(f"/app/{path}")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<" not in answer.text


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip", "gzip"), ("br, gzip", "br"), ("identity", None)], ids=["gzip", "br", "none"]
)
async def test_files_are_sent_as_the_build_compressed_them(site, build, accepted, coding):
    answer = await site.get(f"/app/{ENTRY}", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    sibling = build / f"{ENTRY}{ {'gzip': '.gz', 'br': '.br', None: ''}[coding] }"
    assert answer.body == sibling.read_bytes()


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "x/..%2f..%2fsecret.txt", "%2fetc/passwd", "link.txt",
     "a%00.txt", "x" * 5000 + ".txt"]
)  # fmt: skip
async def test_nothing_outside_the_build_is_shown(site, build, path):
    (build / "link.txt").symlink_to(build.parent / "secret.txt")
    async with site.client.get(URL(f"/app/{path}", encoded=True)) as answer:
        text = await answer.text()
        assert answer.status in {400, 404} or text == INDEX
    assert "secret" not in text.replace("secret.txt", "")
    assert "root:" not in text


async def test_the_app_may_do_what_it_needs_and_no_more(site, build):
    policy = dict(part.split(" ", 1) for part in (await _policy(site)).split("; "))
    digest = b64encode(sha256(INLINE.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == policy["worker-src"] == policy["manifest-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert [name for name, allowed in policy.items() if "unsafe" in allowed] == ["style-src"]
    (build / "index.html").write_text(INDEX.replace("dark", "light"))
    assert digest not in await _policy(site), "a new build has scripts of its own"


async def _policy(site):
    return (await site.get("/app/")).headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/app/", "/app/post/tea", "/app/sw.js"])
async def test_without_a_build_a_page_says_how_to_make_one(site, tmp_path, monkeypatch, path):
    monkeypatch.setattr(phone, "APP", tmp_path / "nothing")
    answer = await site.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "make app" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
