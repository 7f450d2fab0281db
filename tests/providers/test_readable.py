"""Reducing pages and files to their text, and the words for files that cannot be read."""

import os
from pathlib import Path

import pytest

from blogen.errors import SourceRefused
from blogen.providers.readable import read_file, readable

PARAGRAPHS = [
    "Green tea is picked young, steamed the same day, and dried before it can darken in the warm air of the valley.",
    "Whoever has stood in the drying room knows the smell: cut grass, warm wood, and something like the sea.",
    "The leaves are rolled by hand in the smaller houses, and by patient machines from the nineteen sixties elsewhere.",
]
PAGE = f"""<!doctype html><html lang="de-AT"><head><title>Tea in the valley | The Tea Paper</title>
<script>alert("no")</script><style>p {{ color: red }}</style></head><body>
<nav><a href="/">Home</a> <a href="/shop">Shop</a> <a href="/about">About</a></nav>
<article><h1>Tea in the valley</h1>{"".join(f"<p>{text}</p>" for text in PARAGRAPHS)}
<p>Grüner Tee &amp; Kännchen: „schön“ – 茶.</p></article>
<footer>Copyright, imprint, cookies, newsletter</footer></body></html>"""


async def test_a_page_is_reduced_to_its_article():
    found = await readable(PAGE.encode(), "text/html")
    assert found.title == "Tea in the valley"
    assert found.language == "de-AT"
    for text in PARAGRAPHS:
        assert text in found.text
    assert "„schön“ – 茶" in found.text
    for noise in ("alert", "color", "Shop", "newsletter", "<p>"):
        assert noise not in found.text


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (PAGE.encode(), None),
        (b"\xef\xbb\xbf" + PAGE.encode(), None),
        (PAGE.encode("utf-16"), None),
        (PAGE.replace("茶", "").encode("cp1252"), "windows-1252"),
        (PAGE.replace("茶", "").replace("<head>", '<head><meta charset="windows-1252">').encode("cp1252"), None),
        (PAGE.encode(), "iso-8859-1"),  # the server is wrong: these bytes are valid UTF-8
    ],
    ids=["utf-8", "with a mark", "utf-16", "as the server says", "as the page says", "server is wrong"],
)
async def test_letters_are_read_as_they_were_meant(body, charset):
    assert "Grüner Tee & Kännchen: „schön“" in (await readable(body, "text/html", charset)).text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Tea keeps\n\nIt *does*.", "Tea keeps"),
        ("Tea keeps\n=========\n\nIt does.", "Tea keeps"),
        ("---\ndate: x\n---\n\n# Tea keeps #\n\nIt does.", "Tea keeps"),
        ("No headline here.\n\n# A later one", ""),
        ("#hashtag first", ""),
    ],
)
async def test_the_title_of_a_text_is_its_first_headline(text, title):
    found = await readable(text.encode(), "text/markdown")
    assert found.title == title
    assert found.text == text


async def test_a_feed_or_other_xml_is_read_as_its_text_without_entities():
    xml = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>Tea</b><c>keeps &x;</c></a>'
    found = await readable(xml.encode(), "application/xml")
    assert found.text.split() == ["Tea", "keeps"]


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        (b"", "text/plain", "holds no text"),
        (b" \n\t\n", "text/plain", "holds no text"),
        (b"<html><body><script>x()</script></body></html>", "text/html", "holds no text"),
        (b"", "text/html", "holds no text"),
        (b"\x00\x01\x02words", "text/plain", "binary file"),
        (b"caf\xe9 au lait", "text/plain", r"is not UTF-8 \(byte 3\)"),
        (b"caf\xe9 \x81", "text/plain; charset=x", "not UTF-8"),
        (b"\xff\xfea\x00\x00\xd8", "text/plain", "not utf-16"),
    ],
)
async def test_what_holds_no_readable_text_is_refused(body, media_type, words):
    with pytest.raises(SourceRefused, match=words) as raised:
        await readable(body, media_type, name="notes.txt")
    assert raised.value.remedy


async def test_an_unknown_charset_is_refused_in_words():
    with pytest.raises(SourceRefused, match="is not klingon-8, as it says it is"):
        await readable(b"caf\xe9", "text/plain", "klingon-8")


async def test_files_are_read_by_what_they_are(tmp_path):
    (tmp_path / "notes.md").write_text("# Tea\n\nIt keeps.")
    (tmp_path / "plain.txt").write_bytes("ohne Überschrift".encode())
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "disguised.txt").write_text(PAGE)
    assert await read_file(tmp_path / "notes.md") == ("Tea", "# Tea\n\nIt keeps.", None)
    assert await read_file(tmp_path / "plain.txt") == ("plain", "ohne Überschrift", None)
    for name in ("page.html", "disguised.txt"):
        found = await read_file(tmp_path / name)
        assert found.title == "Tea in the valley"
        assert "Shop" not in found.text


async def test_every_unreadable_file_is_refused_in_its_own_words(tmp_path):
    (tmp_path / "large.txt").write_bytes(b"x" * 50_000_000)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (tmp_path / "latin.txt").write_bytes("Gruß".encode("latin-1"))
    (tmp_path / "empty.md").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    cases = {
        "missing.md": "There is no file",
        ".": "is a folder",
        "large.txt": "has 50 MB; at most 10 MB are read",
        "picture.png": "binary file",
        "latin.txt": "not UTF-8",
        "empty.md": "holds no text",
        "pipe": "a device or a pipe",
        "a\0b": "path is not valid",
    }
    said = set()
    for name, words in cases.items():
        with pytest.raises(SourceRefused, match=words) as raised:
            await read_file(Path(str(tmp_path / name)))
        assert raised.value.remedy
        said.add(raised.value.detail)
    assert len(said) == len(cases)
    with pytest.raises(SourceRefused, match="a device or a pipe"):
        await read_file(Path("/dev/zero"))
