"""The citation check: what is attributed to a source must be in the text that was read from it.

* A marker whose passage nobody knows is removed.
* A quotation in a statement with a marker occurs in the text of one of the sources that the statement's markers name,
  apart from spacing, case and typographic signs; else the sentence goes. The same holds for a longer quotation
  without a marker: it must stand in one of the sources.
* A figure in a statement with a marker occurs there with its unit; else the markers go.

Whatever is taken out is told in `dropped`. The check is repeated until it finds nothing more to take out, so that its
result passes it.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from blogen.domain.source import Citation, Passage, Research, Source
from blogen.domain.writing import Section
from blogen.writing.figures import Figures, figures
from blogen.writing.reading import blocks
from blogen.writing.words import count_words, sentences

_UNMARKED_QUOTE_WORDS = 5
_SINGLE_QUOTE_WORDS = 3
_LONGEST_STATEMENT = 1500
"""An open quotation reaches no further than this many characters."""
_GAP = 1500
"""How far apart the parts of a quotation with an omission may stand, in characters."""


class Checked(NamedTuple):
    sections: list[Section]
    citations: list[Citation]
    dropped: list[str]


def check(sections: Sequence[Section], research: Research, *, language: str = "en") -> Checked:
    """Take out what the sources do not bear, and list what they do."""
    evidence = _Evidence(research)
    dropped: list[str] = []
    kept: list[Section] = []
    quotes: dict[str, str | None] = {}
    for section in sections:
        checked = _SectionCheck(section, evidence, language)
        markdown = checked.run()
        dropped += checked.dropped
        for marker, quote in checked.cited:
            quotes[marker] = quotes.get(marker) or quote
        if markdown.strip():
            kept.append(section.model_copy(update={"markdown": markdown}))
        elif section.markdown.strip():
            dropped.append(f"{_where(section)}: nothing was left of this section.")
    citations = [
        Citation(marker=key, source=evidence.passages[key].source, quote=quote, passage=evidence.passages[key].text)
        for key, quote in quotes.items()
    ]
    return Checked(kept, citations, list(dict.fromkeys(dropped)))


def quotes_what_nobody_wrote(text: str, research: Research) -> bool:
    """Whether a title or a summary, which carries no markers, has a longer quotation that stands in no source."""
    evidence = _Evidence(research)
    long = [quote for quote in quotations(_shown(text)) if count_words(quote) >= _UNMARKED_QUOTE_WORDS]
    return bool(evidence.sources) and not all(evidence.has_quote(quote, evidence.sources) for quote in long)


MARKER = re.compile(r"\[\^([^\]\s]{1,80})\]")
_ANY_MARKER = re.compile(r"\[\^[^\]\n]*\]")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[\^[^\]\n]*\]:[^\n]*(?:\n(?:[ \t]+[^\n]+))*\n?", re.MULTILINE)
_NOTE_INLINE = re.compile(r"(?<!\\)\^\[")
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})")
_LINE_SIGN = re.compile(
    r"^[ \t]*(?:>[ \t]?)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?|#{1,6}[ \t]+)?(?:>[ \t]?)*"
)
_STARTS_BLOCK = re.compile(r"^[ \t]*(?:[-*+][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|>|\||(?:[-*_][ \t]*){3,}$)")


class _Evidence:
    """The sources' texts in comparable form, made when first asked for."""

    def __init__(self, research: Research) -> None:
        self.passages: dict[str, Passage] = {}
        known = {source.key: source for source in research.sources}
        for passage in research.passages:
            if passage.source in known:
                self.passages[passage.key] = passage
        self._sources: dict[str, Source] = known
        self._texts: dict[str, list[str]] = {}
        self._figures: dict[str, Figures] = {}

    @property
    def sources(self) -> list[str]:
        return list(self._sources)

    def has_quote(self, quote: str, sources: Sequence[str]) -> bool:
        parts = _parts(quote)
        return bool(parts) and any(
            _occurs(parts, text) for source in sources for text in self._comparable_texts(source)
        )

    def passage_with(self, quote: str, source: str) -> str | None:
        parts = _parts(quote)
        for key, passage in self.passages.items():
            if passage.source == source and _occurs(parts, comparable(passage.text)):
                return key
        return None

    def figures_of(self, sources: Sequence[str]) -> list[Figures]:
        return [self._figures_of(source) for source in sources]

    def _comparable_texts(self, key: str) -> list[str]:
        if key not in self._texts:
            source = self._sources[key]
            read = "\n".join(block.text for block in blocks(source.text))
            self._texts[key] = [comparable(source.text), comparable(read), comparable(source.title)]
        return self._texts[key]

    def _figures_of(self, key: str) -> Figures:
        if key not in self._figures:
            source = self._sources[key]
            self._figures[key] = Figures(f"{source.title}\n{_shown(source.text)}")
        return self._figures[key]


@dataclass(frozen=True, slots=True)
class _Statement:
    """A sentence of the Markdown, as written without its markers, and the markers behind it."""

    text: str
    markers: tuple[str, ...]
    reach: tuple[str, ...]
    """Its own markers, or those of the next statement of the block that has any: what a quotation may rest on."""


class _SectionCheck:
    def __init__(self, section: Section, evidence: _Evidence, language: str) -> None:
        self._section = section
        self._evidence = evidence
        self._language = language
        self.dropped: list[str] = []
        self.cited: list[tuple[str, str | None]] = []

    def run(self) -> str:
        text = _DEFINITION.sub("", self._section.markdown.replace("\r\n", "\n"))
        if text != self._section.markdown.replace("\r\n", "\n"):
            self._drop("a footnote that was written by hand was removed; notes are made from the passages.")
        text = _NOTE_INLINE.sub(r"\\^[", text)
        for _ in range(50):
            before, self.cited = text, []
            text = self._pass(text)
            if text == before:
                return text
        # Each pass takes something out, so that this is reached only by a text made to reach it.
        self.cited = []
        self._drop("the text could not be checked to an end; all its references were removed.")
        return _ANY_MARKER.sub("", text)

    def _pass(self, text: str) -> str:
        out: list[str] = []
        for kind, lines in _split(text):
            if kind == "code":
                out.append(_ANY_MARKER.sub("", "\n".join(lines)))
            elif kind == "blank":
                out.append("\n".join(lines))
            else:
                checked = self._block("\n".join(lines))
                out += [checked] if checked is not None else []
        return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()

    def _block(self, raw: str) -> str | None:
        """One paragraph, list item, heading, table row or block quotation; None when nothing is left of it."""
        sign = _LINE_SIGN.match(raw)
        lead = sign[0] if sign else ""
        body = raw[len(lead) :]
        is_quotation = ">" in lead
        if is_quotation:
            body = re.sub(r"\n[ \t]*(?:>[ \t]?)+", "\n", body)
        if "[" not in body and not _may_quote(body) and not is_quotation:
            return raw
        statements = self._statements(body)
        if is_quotation and (found := self._block_quotation(statements, body)) is not None:
            return found or None
        kept = [checked for statement in statements if (checked := self._statement(statement)) is not None]
        if not any(map(_says_something, kept)):
            return None
        joined = _balanced("".join(kept).strip())
        return f"{lead}{joined}".replace("\n", "\n> ") if is_quotation else f"{lead}{joined}"

    def _block_quotation(self, statements: Sequence[_Statement], body: str) -> str | None:
        """A block quotation is one quotation; its last line may name who is quoted. '' drops it, None lets it pass."""
        markers = tuple(dict.fromkeys(m for statement in statements for m in statement.markers if self._knows(m)))
        sources = self._sources(markers) if markers else self._evidence.sources
        if not sources:
            return None
        words = [line for line in MARKER.sub("", body).split("\n") if not re.match(r"\s*(?:—|–|--|―)\s*\S", line)]
        quote = _shown("\n".join(words)).strip()
        if not quote or self._evidence.has_quote(quote, sources):
            return None
        self._drop(f"the quotation “{_short(quote)}” is not in {self._names(sources, bool(markers))}; it was left out.")
        return ""

    def _statement(self, statement: _Statement) -> str | None:
        """The statement with the markers that it may keep; None if it goes."""
        markers = self._known(statement)
        shown = _shown(statement.text)
        if markers:
            markers = self._with_borne_figures(shown, markers)
        reach = markers or tuple(marker for marker in statement.reach if self._knows(marker))
        verified: str | None = None
        for quote in quotations(shown):
            fault = self._fault(quote, reach)
            if fault:
                self._drop(f"{fault} The sentence was left out: {_short(shown)}")
                return None
            verified = verified or quote
        if markers and verified:
            markers = self._repointed(markers, verified)
        self.cited += [(marker, verified if self._rests_on(verified, marker) else None) for marker in markers]
        core = statement.text.rstrip()
        return core + "".join(f"[^{marker}]" for marker in markers) + statement.text[len(core) :]

    def _fault(self, quote: str, reach: Sequence[str]) -> str:
        if not _parts(quote):
            return ""
        sources = self._sources(reach)
        if reach:
            found = self._evidence.has_quote(quote, sources)
        else:
            sources = self._evidence.sources
            is_long = count_words(quote) >= _UNMARKED_QUOTE_WORDS
            found = not is_long or not sources or self._evidence.has_quote(quote, sources)
        return "" if found else f"the quotation “{_short(quote)}” is not in {self._names(sources, bool(reach))}."

    def _with_borne_figures(self, shown: str, markers: tuple[str, ...]) -> tuple[str, ...]:
        borne = self._evidence.figures_of(self._sources(markers))
        for figure in figures(shown):
            if not any(text.bear(figure) for text in borne):
                names = self._names(self._sources(markers), True)
                self._drop(f"the figure {figure.written} is not in {names}; its reference was removed: {_short(shown)}")
                return ()
        return markers

    def _repointed(self, markers: tuple[str, ...], quote: str) -> tuple[str, ...]:
        """Let the marker lead to the passage with the quoted words, where another passage of its source has them."""
        parts = _parts(quote)
        if any(_occurs(parts, comparable(self._evidence.passages[marker].text)) for marker in markers):
            return markers
        for place, marker in enumerate(markers):
            better = self._evidence.passage_with(quote, self._evidence.passages[marker].source)
            if better is not None:
                return tuple(dict.fromkeys([*markers[:place], better, *markers[place + 1 :]]))
        return markers

    def _rests_on(self, quote: str | None, marker: str) -> bool:
        return quote is not None and self._evidence.has_quote(quote, [self._evidence.passages[marker].source])

    def _known(self, statement: _Statement) -> tuple[str, ...]:
        for marker in statement.markers:
            if not self._knows(marker):
                self._drop(f"the reference [^{_short(marker)}] names no passage and was removed.")
        return tuple(dict.fromkeys(marker for marker in statement.markers if self._knows(marker)))

    def _knows(self, marker: str) -> bool:
        return marker in self._evidence.passages

    def _sources(self, markers: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(self._evidence.passages[marker].source for marker in markers))

    def _names(self, sources: Sequence[str], is_marked: bool) -> str:
        if not is_marked:
            return "any source"
        return f"the source {' or '.join(sources)}"

    def _drop(self, what: str) -> None:
        self.dropped.append(f"{_where(self._section)}: {what}")

    def _statements(self, body: str) -> list[_Statement]:
        """The sentences of a block with their markers. A marker belongs to the sentence that it follows."""
        clean, marks = _without_markers(body)
        spans = _sentence_spans(clean, self._language)
        owned: list[list[str]] = [[] for _ in spans]
        for offset, key in marks:
            before = len(clean[:offset].rstrip())
            owner = next((place for place, (_, end) in enumerate(spans) if before <= end), len(spans) - 1)
            if spans:
                owned[owner].append(key)
        statements: list[_Statement] = []
        reach: tuple[str, ...] = ()
        for (start, end), own in zip(reversed(spans), reversed(owned), strict=True):
            reach = tuple(own) or reach
            statements.append(_Statement(clean[start:end], tuple(own), reach))
        return statements[::-1]


def quotations(text: str) -> list[str]:
    """What stands in quotation marks in `text` (shown text, not Markdown); a mark that is never closed counts."""
    found = [match[1] for pattern in _PAIRED for match in pattern.finditer(text)]
    rest = text
    for pattern in _PAIRED:
        rest = pattern.sub(" ", rest)
    if opened := _UNCLOSED.search(rest):
        found.append(opened[1])
    found += [
        match[1]
        for pattern in _SINGLE
        for match in pattern.finditer(text)
        if count_words(match[1]) >= _SINGLE_QUOTE_WORDS
    ]
    return [quote for quote in found if any(map(str.isalnum, quote))]


def comparable(text: str) -> str:
    """`text` without what may differ between a quotation and its source: case, spacing, quotes, dashes, Markdown."""
    text = unicodedata.normalize("NFKC", _shown(text)).casefold()
    text = _QUOTE_SIGNS.sub("", text)
    text = _DASHES.sub("-", text)
    text = _LINE_SIGNS.sub("", text)
    text = _MARKUP.sub("", text)
    text = " ".join(text.split())
    text = re.sub(" ?- ?", "-", text)
    return _UNSPACED_GAP.sub("", text).strip()


_PAIRED = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        "“([^“”]*)”",
        '„([^„“”"]*)[“”"]',
        "«([^«»]*)»",
        "»([^«»]*)«",
        "「([^「」]*(?:「[^「」]*」[^「」]*)*)」",
        "『([^『』]*)』",
        "‹([^‹›]*)›",
        "”([^“”]*)”",
        "“([^“”]*)“",
        r"(?<![\d\w])\"([^\"]*)\"",
        "〝([^〝〟]*)〟",
    )
]
_UNCLOSED = re.compile('(?:[“„«»「『‹]|(?<!\\w)")(.+)', re.DOTALL)
_SINGLE = [re.compile(r"[‘‚](.+?)[’‘](?!\w)", re.DOTALL), re.compile(r"(?<!\w)'(.+?)'(?!\w)", re.DOTALL)]

_QUOTE_SIGNS = re.compile("[\"'`´“”„‟‘’‚‛«»‹›「」『』〝〞〟＂′″]")
_DASHES = re.compile("[‐‑‒–—―−﹘﹣－]|--+")
_LINE_SIGNS = re.compile(r"^[ \t]*(?:>[ \t]?)*(?:(?:[-*+•·]|\d{1,3}[.)])[ \t]+|#{1,6}[ \t]+)?", re.MULTILINE)
_MARKUP = re.compile(r"[*_~#|\\]|\[\^?[\w.:-]{1,20}\]|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_UNSPACED_GAP = re.compile(
    "(?<=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]) | (?=[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef])"
)
_LINK = re.compile(
    r"!?\[((?:[^\[\]\\]|\\.){0,500})\]\((?:<[^<>\n]{0,2000}>|[^()\s<]{1,2000}|\([^()\s]{0,200}\)){0,4}(?:\s+\"[^\"]{0,300}\")?\s{0,9}\)"
)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>")
_SPOKEN_TAG = re.compile(r"<q\b[^<>]{0,200}>([^<]{0,1000})</q\s{0,9}>", re.DOTALL | re.IGNORECASE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)([^`]{1,500})\1(?!`)")
_OMISSION = re.compile(r"\[[^\]]*\]|\(\s*(?:\.\s?\.\s?\.|…)\s*\)|\.\s?\.\s?\.|…")


def _shown(text: str) -> str:
    """Markdown as its reader sees it, as far as quotations and figures are concerned."""
    text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub("", _SPOKEN_TAG.sub(r"“\1”", text))
    text = _CODE_SPAN.sub(lambda found: _QUOTE_SIGNS.sub("", found[2]), text)
    text = _ESCAPED.sub(r"\1", text)
    return html.unescape(text) if "&" in text else text


def _parts(quote: str) -> list[str]:
    """The parts of a quotation between omissions and insertions, in comparable form."""
    parts = (comparable(part).strip(" .,;:!?-。、，；：！？।؟،") for part in _OMISSION.split(quote))
    return [part for part in parts if any(map(str.isalnum, part))]


def _occurs(parts: Sequence[str], text: str) -> bool:
    """Whether the parts stand in `text` as whole words, in their order and not far apart."""
    start = _find(parts[0], text, 0)
    while start >= 0:
        end = start + len(parts[0])
        for part in parts[1:]:
            place = _find(part, text, end)
            if place < 0 or place - end > _GAP:
                break
            end = place + len(part)
        else:
            return True
        start = _find(parts[0], text, start + 1)
    return False


def _find(part: str, text: str, start: int) -> int:
    place = text.find(part, start)
    while place >= 0:
        end = place + len(part)
        if not (_runs_on(text, place - 1, place) or _runs_on(text, end - 1, end)):
            return place
        place = text.find(part, place + 1)
    return -1


def _runs_on(text: str, left: int, right: int) -> bool:
    """Whether two neighbouring characters belong to one word."""
    if left < 0 or right >= len(text):
        return False
    return text[left].isalnum() and text[right].isalnum() and max(text[left], text[right]) < "\u3000"


def _split(text: str) -> Iterator[tuple[str, list[str]]]:
    """Blocks of Markdown lines: `code` and `blank` as they stand, `prose` one paragraph, item or row at a time."""
    lines: list[str] = []
    code: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if fence:
            code.append(line)
            bare = line.strip()
            if bare.startswith(fence) and not bare.strip(fence[0]):
                yield "code", code
                code, fence = [], ""
            continue
        if found := _FENCE.match(line):
            if lines:
                yield "prose", lines
            lines, code, fence = [], [line], found[1]
        elif not line.strip():
            if lines:
                yield "prose", lines
            lines = []
            yield "blank", [line]
        elif lines and _STARTS_BLOCK.match(line) and not (line.lstrip()[0] == ">" and lines[0].lstrip()[0] == ">"):
            yield "prose", lines
            lines = [line]
        else:
            lines.append(line)
    if lines:
        yield "prose", lines
    if code:
        yield "code", code


def _without_markers(body: str) -> tuple[str, list[tuple[int, str]]]:
    """The text without its markers, and where each stood in what is left."""
    marks: list[tuple[int, str]] = []
    clean = ""
    last = 0
    for found in _ANY_MARKER.finditer(body):
        piece = body[last : found.start()]
        # `text [^s1.1].` is written `text.[^s1.1]`
        clean += piece
        keys = [key.strip().lstrip("^") for key in re.split(r"[,;\s]+", found[0][2:-1]) if key.strip()]
        marks += [(len(clean.rstrip()), key) for key in keys or ["?"]]
        last = found.end()
    rest = body[last:]
    if marks and re.match(r"[.!?。！？।؟]", rest):
        clean = clean.rstrip()
    return clean + rest, marks


def _sentence_spans(clean: str, language: str) -> list[tuple[int, int]]:
    """Where each sentence stands, with the white space behind it. One with an open quotation reaches to its close."""
    starts: list[int] = []
    cursor = 0
    for sentence in sentences(clean.replace("\n", " "), language):
        start, cursor = _locate(clean, sentence, cursor)
        is_near = starts and start - starts[-1] < _LONGEST_STATEMENT
        is_joined = is_near and (_is_open(clean[starts[-1] : start]) or not any(map(str.isalnum, sentence)))
        if not is_joined:
            starts.append(start)
    if not starts:
        return [(0, len(clean))] if clean.strip() else []
    return list(pairwise([0, *starts[1:], len(clean)]))


def _locate(clean: str, sentence: str, cursor: int) -> tuple[int, int]:
    """Where `sentence` stands in `clean`, apart from white space."""
    place = cursor
    start = -1
    for character in sentence:
        if character.isspace():
            continue
        while place < len(clean) and clean[place] != character:
            place += 1
        if start < 0:
            start = place
        place += 1
    return max(start, cursor), min(place, len(clean))


def _is_open(text: str) -> bool:
    shown = _shown(text)
    for pattern in _PAIRED:
        shown = pattern.sub(" ", shown)
    return _UNCLOSED.search(shown) is not None


def _may_quote(text: str) -> bool:
    return bool(_QUOTE_SIGNS.search(text)) or "&" in text or "<" in text


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, _ANY_MARKER.sub("", text)))


def _balanced(text: str) -> str:
    """Without bold that lost its beginning or its end with a sentence."""
    return text.replace("**", "") if text.count("**") % 2 else text


def _where(section: Section) -> str:
    return section.heading or "Opening"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 160 else flat[:159].rstrip() + "…"


__all__ = ["MARKER", "Checked", "check", "comparable", "quotations", "quotes_what_nobody_wrote"]
