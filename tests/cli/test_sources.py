"""Sources on the command line: what is taken, and how the rest is refused."""

import pytest

from blogen.cli.sources import read_source, read_sources
from blogen.domain.job import TextSource, UrlSource
from blogen.errors import SourceRefused

MAX = 1_000_000


async def test_an_address_stays_an_address():
    source = await read_source("https://example.com/tea?x=1", max_bytes=MAX)
    assert isinstance(source, UrlSource)
    assert str(source.url) == "https://example.com/tea?x=1"


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("tea.md", b"# All about tea\n\nGreen and black.\n", "All about tea"),
        ("tea.txt", b"\xef\xbb\xbfGreen and black.\n", "tea"),
        ("page.html", b"<html><title>Tea</title><body><p>Green tea is a drink, and black tea is one too.</p>", "Tea"),
    ],
)
async def test_a_file_becomes_its_text_under_its_title(tmp_path, name, content, title):
    (tmp_path / name).write_bytes(content)
    source = await read_source(str(tmp_path / name), max_bytes=MAX)
    assert isinstance(source, TextSource)
    assert source.title == title
    assert "<" not in source.text
    assert "tea" in source.text.lower() or "Green and black" in source.text


async def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tea.txt").write_text("Green.")
    assert (await read_source("~/tea.txt", max_bytes=MAX)).text == "Green."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no file"),
        ("folder", "folder"),
        (b"", "no text"),
        (b" \n\t\n", "no text"),
        (b"GIF89a\0\0\0", "binary"),
        (b"caf\xe9 au lait", "not UTF-8"),
        (b"x" * (MAX + 1), "at most 1 MB"),
        (("ä " * 100_001).encode(), "characters"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused_with_the_reason_and_a_remedy(tmp_path, content, words):
    path = tmp_path / "source.txt"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceRefused) as caught:
        await read_source(str(path), max_bytes=MAX)
    assert words in caught.value.detail
    assert "source.txt" in caught.value.detail
    assert caught.value.remedy


async def test_fifty_megabytes_are_refused_without_reading_them(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(50_000_000_000)  # sparse: reading it all would take more than a test's time
    with pytest.raises(SourceRefused, match="at most 10 MB"):
        await read_source(str(path), max_bytes=10_000_000)


@pytest.mark.parametrize(
    "word", ["ftp://example.com/x", "http://", "https://exa mple", "file:///etc/passwd", "http://x:y:z"]
)
async def test_an_address_that_is_none_is_refused(word):
    with pytest.raises(SourceRefused) as caught:
        await read_source(word, max_bytes=MAX)
    assert "https://example.com/page" in caught.value.remedy


async def test_all_sources_that_cannot_be_used_are_told_at_once(tmp_path):
    (tmp_path / "good.txt").write_text("Tea.")
    words = [str(tmp_path / "good.txt"), str(tmp_path / "missing.txt"), "ftp://x"]
    with pytest.raises(SourceRefused) as caught:
        await read_sources(words, max_bytes=MAX)
    assert [error.path for error in caught.value.errors] == words[1:]
