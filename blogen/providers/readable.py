"""Reduces what was fetched, or a file, to the text that people would read in it."""

import codecs
import re
import stat
from pathlib import Path
from typing import Any, NamedTuple

import anyio.to_thread

from blogen.errors import SourceRefused

MAX_FILE_BYTES = 10_000_000
_HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
_MARKDOWN_SUFFIXES = frozenset({".md", ".markdown", ".mdown", ".mkd"})


class Readable(NamedTuple):
    """A text worth reading; `language` is what the document itself says, if it does."""

    title: str
    text: str
    language: str | None = None


async def readable(body: bytes, media_type: str = "", charset: str | None = None, *, name: str = "It") -> Readable:
    """The readable text of `body`. `name` is how messages call it. Raises SourceRefused."""
    return await anyio.to_thread.run_sync(_readable, body, media_type, charset, name)


async def read_file(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Readable:
    """The readable text of a file; its title is the document's own, else the file's name. Raises SourceRefused."""
    return await anyio.to_thread.run_sync(_read_file, path, max_bytes)


def _read_file(path: Path, max_bytes: int) -> Readable:
    try:
        status = path.stat()
        # Before it is opened: opening a pipe would wait for its other end.
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise SourceRefused(f"{path} is not a file but a device or a pipe.", remedy="Give a text file.")
        with path.open("rb") as opened:
            body = opened.read(max_bytes + 1)
    except FileNotFoundError:
        raise SourceRefused(f"There is no file {path}.", remedy="Check the path.") from None
    except IsADirectoryError:
        raise SourceRefused(f"{path} is a folder.", remedy="Give the files in it one by one.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path is not valid"
        raise SourceRefused(f"{path} cannot be read ({reason}).", remedy="Give a file that Blogen may read.") from None
    if len(body) > max_bytes:
        raise SourceRefused(
            f"{path} has {_megabytes(max(status.st_size, len(body)))}; at most {_megabytes(max_bytes)} are read.",
            remedy="Give the part of it that matters.",
        )
    found = _readable(body, _media_type_of(path, body), None, str(path))
    return found._replace(title=found.title or path.stem)


def _readable(body: bytes, media_type: str, charset: str | None, name: str) -> Readable:
    media_type = media_type or _sniffed(body)
    text = _decoded(body, charset or _declared_charset(body, media_type), name)
    if media_type in {"text/html", "application/xhtml+xml"}:
        found = _of_html(text)
    elif media_type in {"application/xml", "text/xml"} or media_type.endswith("+xml"):
        found = _of_xml(text)
    else:
        found = _of_text(text)
    if not found.text:
        raise SourceRefused(
            f"{name} holds no text to read.", remedy="Give a page or file with prose in it, or paste the text."
        )
    return found


def _of_html(html: str) -> Readable:
    import lxml.html
    import trafilatura
    from lxml import etree

    try:
        tree = lxml.html.document_fromstring(html.encode("utf-8"), parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, ValueError):
        return Readable("", "")
    language = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip()
    title = _title_of(tree)
    document = trafilatura.bare_extraction(
        tree, include_comments=False, include_tables=True, deduplicate=False, with_metadata=False
    )
    text = "" if document is None else str(getattr(document, "text", "") or "")
    known = re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language)
    return Readable(title, _tidied(text), language if known else None)


def _title_of(tree: Any) -> str:
    """The page's own title: as it names itself to others, else its only headline, else its window title."""
    for path in ('//meta[@property="og:title"]/@content', "//h1", "//title"):
        found = [_line(entry if isinstance(entry, str) else entry.text_content()) for entry in tree.xpath(path)]
        if found and found[0] and (path != "//h1" or len(found) == 1):
            return found[0][:300]
    return ""


def _of_xml(xml: str) -> Readable:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True, load_dtd=False)
    root = etree.fromstring(xml.encode("utf-8"), parser)
    if root is None:
        return Readable("", "")
    lines = (_line(part) for part in root.itertext(etree.Element))
    return Readable("", "\n".join(line for line in lines if line))


def _of_text(text: str) -> Readable:
    text = _tidied(text)
    # A document that begins with a headline, in Markdown or underlined, has its title there.
    heading = re.match(r"(?:---\n.*?\n---\s*)?(?:#\s+(?P<hash>\S.*?)\s*#*|(?P<under>\S.*)\n=+)\s*(?:\n|\Z)", text, re.S)
    title = (heading["hash"] or heading["under"] or "") if heading else ""
    return Readable(_line(title)[:300] if "\n" not in title else "", text)


def _decoded(body: bytes, charset: str | None, name: str) -> str:
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _strictly(body[len(mark) :], encoding, name)
    if b"\0" in body:
        raise SourceRefused(
            f"{name} is a binary file, not a text.", remedy="Give plain text, Markdown or HTML (save it as UTF-8)."
        )
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        if charset is None or charset.replace("_", "-") in {"utf-8", "utf8"}:
            return _strictly(body, "utf-8", name)
    return _strictly(body, charset, name)


def _strictly(body: bytes, encoding: str, name: str) -> str:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        position = getattr(error, "start", None)
        where = f" (byte {position})" if position is not None else ""
        wanted = "UTF-8" if encoding == "utf-8" else f"{encoding}, as it says it is"
        raise SourceRefused(f"{name} is not {wanted}{where}.", remedy="Save it as UTF-8 and try again.") from None


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _declared_charset(body: bytes, media_type: str) -> str | None:
    """What an HTML or XML document says about itself in its first lines."""
    if "html" not in media_type and "xml" not in media_type:
        return None
    found = re.search(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", body[:4096], re.I)
    return found[1].decode("ascii").lower() if found else None


def _media_type_of(path: Path, body: bytes) -> str:
    suffix = path.suffix.lower()
    if suffix in _HTML_SUFFIXES:
        return "text/html"
    return "text/markdown" if suffix in _MARKDOWN_SUFFIXES else _sniffed(body)


def _sniffed(body: bytes) -> str:
    start = body[:1024].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return "text/html" if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) else "text/plain"


def _tidied(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]", "", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _line(text: str) -> str:
    return " ".join(text.split())


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB".replace(".0 MB", " MB")
