"""Reads a source as prose: paragraphs under their headings, without Markdown's signs, code, tables and bare links."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from blogen.writing.words import count_words

LOST = "…"
"""Stands where something was taken out of a line (an address, an image): a sentence with it is not whole."""


class Block(NamedTuple):
    """One paragraph or list item. `is_joined`: nothing was left out between it and the block before."""

    heading: str
    text: str
    is_item: bool
    is_joined: bool


_FENCE = re.compile(r"^\s{0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(=+|-{2,})\s*$")
_RULE = re.compile(r"^\s{0,3}(?:[-*_]\s*){3,}$")
_ITEM = re.compile(r"^\s*(?:[-*+•·]|\d{1,3}[.)])\s+(?=\S)")
_QUOTED = re.compile(r"^\s{0,3}(?:>\s?)+")
_DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s")
_TABLE = re.compile(r"^\s*\|.*\|\s*$|^[^|]*\|[^|]*\|.*$|^\s*:?-{2,}:?\s*\|")
_CODE = re.compile(r"[{};]\s*$|^\s*(?:\$|>>>|#!|</?\w+|import |from \w+ import|def |class |return\b|SELECT |INSERT )")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---\r?\n.*?\r?\n---\r?\n", re.DOTALL)

# Every repetition has an end: a hostile source must not cost more than a harmless one of its length.
_TARGET = r"(?:\([^()\n]{0,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,500}){0,3}\)|\[[^\]\n]{0,200}\])"
_IMAGE = re.compile(rf"!\[[^\[\]\n]{{0,300}}\]{_TARGET}")
_LINK = re.compile(rf"\[([^\[\]\n]{{1,500}})\]{_TARGET}")
_REFERENCE_MARK = re.compile(r"\[\^[^\[\]\n]{1,80}\]|\[\d{1,3}\]|\[(?:edit|citation needed)\]", re.IGNORECASE)
_ADDRESS = re.compile(r"<?(?:https?://|www\.)[^\s<>]{0,2000}[^\s<>.,;:!?)\]}\"'»”]>?", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>")
_STRONG = re.compile(r"(?<!\\)(\*{1,3}|~~|`+)(?=\S)(.{1,400}?)(?<=[^\s\\])\1")
_UNDERSCORED = re.compile(r"(?<!\w)(_{1,3})(?=\S)(.{1,400}?)(?<=\S)\1(?!\w)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
_SPACE = re.compile(r"[^\S\n]+")

_HEADING_WORDS = 12
_ENDS_LIKE_PROSE = re.compile(r"[.!?…:;,。！？：；、।؟،۔]['\"»”’」』)]*$")
_LINE_IS_PARAGRAPH = 130


def plain(text: str) -> str:
    """One line of Markdown as its reader sees it."""
    if "&" in text:
        text = html.unescape(text)
    text = _INVISIBLE.sub("", text)
    if "[" in text:
        text = _IMAGE.sub(LOST, text)
        text = _LINK.sub(r"\1", text)
        text = _REFERENCE_MARK.sub("", text)
    if "/" in text or "www" in text:
        text = _ADDRESS.sub(LOST, text)
    if "<" in text:
        text = _TAG.sub("", text)
    if "*" in text or "`" in text or "~~" in text:
        text = _STRONG.sub(r"\2", text)
        text = _STRONG.sub(r"\2", text)
    if "_" in text:
        text = _UNDERSCORED.sub(r"\2", text)
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    return _SPACE.sub(" ", text).strip()


def blocks(text: str) -> list[Block]:
    """The prose of a source in its order."""
    return list(_Reader().read(text))


class _Reader:
    def __init__(self) -> None:
        self._heading = ""
        self._is_joined = False

    def read(self, text: str) -> Iterator[Block]:
        text = _FRONT_MATTER.sub("", _COMMENT.sub("\n\n", text.replace("\r\n", "\n").replace("\r", "\n")))
        lines: list[str] = []
        fence = ""
        for line in text.split("\n"):
            if fence:
                if line.strip().startswith(fence):
                    fence = ""
                continue
            if found := _FENCE.match(line):
                yield from self._paragraphs(lines)
                lines, fence, self._is_joined = [], found[1], False
            elif not line.strip():
                yield from self._paragraphs(lines)
                lines = []
            elif found := _ATX.match(line):
                yield from self._paragraphs(lines)
                lines = []
                self._open(found[2])
            elif lines and _UNDERLINE.match(line) and len(lines) == 1 and count_words(lines[0]) <= _HEADING_WORDS:
                self._open(lines.pop())
            elif _RULE.match(line) or _DEFINITION.match(line) or _TABLE.match(line):
                yield from self._paragraphs(lines)
                lines, self._is_joined = [], False
            else:
                lines.append(line)
        yield from self._paragraphs(lines)

    def _open(self, heading: str) -> None:
        self._heading = plain(heading).replace(LOST, "").strip()
        self._is_joined = False

    def _paragraphs(self, lines: list[str]) -> Iterator[Block]:
        """What stands between two empty lines: list items, lines that are paragraphs, or one paragraph in lines."""
        if not lines:
            return
        if all(line.startswith(("    ", "\t")) for line in lines) and any(map(_CODE.search, lines)):
            self._is_joined = False
            return
        lines = [_QUOTED.sub("", line) for line in lines]
        apart = max(map(len, lines)) > _LINE_IS_PARAGRAPH
        if len(lines) == 1 and not _ITEM.match(lines[0]) and self._is_plain_heading(lines[0]):
            self._open(lines[0])
            return
        pieces: list[tuple[str, bool]] = []
        for line in lines:
            if found := _ITEM.match(line):
                pieces.append((line[found.end() :], True))
            elif pieces and not apart:
                pieces[-1] = (f"{pieces[-1][0]} {line.strip()}", pieces[-1][1])
            else:
                pieces.append((line, False))
        for index, (piece, is_item) in enumerate(pieces):
            if apart and not is_item and index + 1 < len(pieces) and self._is_plain_heading(piece):
                self._open(piece)
                continue
            if (words := plain(piece)).strip(LOST + " "):
                yield Block(self._heading, words, is_item, self._is_joined)
                self._is_joined = True

    @staticmethod
    def _is_plain_heading(line: str) -> bool:
        bare = line.strip()
        return (
            len(bare) <= 90
            and not bare.startswith(("[", "(", "<", "|", "http", "!", "©", "*", "—", "–"))
            and not _ENDS_LIKE_PROSE.search(bare)
            and any(map(str.isalpha, bare))
            and not bare[0].islower()
            and count_words(bare) <= _HEADING_WORDS
        )
