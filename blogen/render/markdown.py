"""Markdown → blocks. What a writer, a person or a source put into it is not trusted.

Only what the blocks can say survives: raw HTML becomes plain text or nothing, links that are not ours to make become
their text, and a footnote mark stays only if its source is known.
"""

import html
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypedDict
from urllib.parse import unquote

from blogen.domain.post import (
    Block,
    BulletList,
    Code,
    Heading,
    Image,
    Note,
    NumberedList,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from blogen.domain.post_summary import Picture
from blogen.errors import InvalidInput
from blogen.render.block_ids import FreshIds, carry_ids, fingerprint, with_ids
from blogen.render.links import comparable, is_allowed, safe_href
from blogen.render.text import clean, is_closed_up, runs_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

__all__ = ["NoteSource", "carry_ids", "notes_of", "to_blocks"]

LONGEST_MARKDOWN = 1_000_000
LONGEST_PASSAGE = 700
_DEEPEST_NESTING = 40

_MARKER = re.compile(r"\[\^([A-Za-z0-9][A-Za-z0-9._-]{0,39})\]")
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#._-]{0,29}")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)")
_NEW_LINE_TAG = re.compile(
    r"</?(?:address|article|aside|blockquote|br|dd|details|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr"
    r"|li|main|nav|ol|p|pre|section|summary|table|tr|ul)\b[^<>]*>",
    re.IGNORECASE,
)
_CLOSES_UP = re.compile(r"[.,;:!?)\]}»”’…、。，；：！？）」』]")

# A tag of these names was meant as markup and is not shown; `<String>` was meant as text and is.
_HTML_NAMES = frozenset(
    re.findall(
        r"\w+",
        """
        a abbr acronym address animate applet area article aside audio b base basefont bdi bdo big blink blockquote body
        br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em
        embed fieldset figcaption figure font footer form frame frameset g h1 h2 h3 h4 h5 h6 head header hgroup hr html
        i iframe image img input ins isindex kbd keygen label legend li line link listing main map mark marquee math
        menu menuitem meta meter nav nobr noembed noframes noscript object ol optgroup option output p param path
        picture plaintext pre progress q rb rp rt rtc ruby s samp script search section select slot small source span
        strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u
        ul use var video wbr xml xmp foreignobject set mglyph mtext annotation desc
        """,
    )
)


@dataclass(frozen=True, slots=True)
class NoteSource:
    """What a footnote mark `[^MARKER]` rests on: the passage, and where it stands."""

    marker: str
    passage: str
    title: str
    href: str | None = None


def to_blocks(
    markdown: str,
    notes: Sequence[NoteSource] = (),
    *,
    pictures: Mapping[str, Picture] | None = None,
    own_base_url: str = "",
    allowed_links: Collection[str] | None = None,
) -> list[Block]:
    """The blocks of `markdown`; notes for the marks used in it stand at the end, numbered as they appear.

    `pictures` are those of the post by key; a Markdown image names the key or the picture's URL, any other image
    leaves only its alternative text. With `allowed_links`, links elsewhere become plain text.
    """
    if len(markdown) > LONGEST_MARKDOWN:
        raise InvalidInput(
            f"The text has {len(markdown):,} characters; a post can have at most {LONGEST_MARKDOWN:,}.",
            remedy="Split it into several posts.",
        )
    reading = _Reading(notes, pictures or {}, own_base_url, allowed_links)
    parts = reading.parts(_parser().parse(clean(markdown)))
    drafts: list[Block] = [Paragraph(id="", runs=part) if isinstance(part, list) else part for part in parts]
    return with_ids([*drafts, *reading.used_notes])


def notes_of(blocks: Iterable[Block]) -> list[NoteSource]:
    """The notes of a post, under their numbers: what its Markdown needs to become blocks again."""
    found = []
    for block in blocks:
        if isinstance(block, Note):
            passage, _, *title = [run.text for run in block.runs] if len(block.runs) > 1 else ["", ""]
            passage = passage if title else runs_text(block.runs)
            found.append(NoteSource(block.label, passage.strip().strip("“”"), "".join(title), block.href))
    return found


_Part = Runs | Block
"""A line of inline text that has found no block yet, or a block without an id."""


class _Reading:
    """One walk over a token stream."""

    def __init__(
        self,
        notes: Sequence[NoteSource],
        pictures: Mapping[str, Picture],
        own_base_url: str,
        allowed_links: Collection[str] | None,
    ) -> None:
        self._sources = {note.marker: note for note in reversed(notes)}
        self._pictures = {**{picture.url: picture for picture in pictures.values()}, **pictures}
        self._own_base_url = own_base_url
        self._allowed = None if allowed_links is None else {comparable(link) for link in allowed_links}
        self._notes: dict[str, Note] = {}
        self._note_ids = FreshIds()

    @property
    def used_notes(self) -> list[Note]:
        return list(self._notes.values())

    def parts(self, tokens: Sequence["Token"]) -> list[_Part]:
        return [part for group in _groups(tokens) for part in self._part(group)]

    def _part(self, group: Sequence["Token"]) -> Sequence[_Part]:
        first, inner = group[0], group[1:-1]
        match first.type:
            case "paragraph_open":
                return self.parts(inner)
            case "inline":
                return self._inline(first.children or [])
            case "heading_open":
                return [self._heading(part, int(first.tag[1])) for part in self.parts(inner)]
            case "blockquote_open":
                return _quoted(_nested(self.parts(inner)))
            case "bullet_list_open" | "ordered_list_open":
                return self._list(first, inner)
            case "table_open":
                return self._table(inner)
            case "fence" | "code_block":
                return _code(first)
            case "hr":
                return [Rule(id="")]
            case "html_block":
                return _html_lines(first.content)
            case "footnote_reference_open":
                return []
            case _:
                return self.parts(inner)

    def _heading(self, part: _Part, level: int) -> _Part:
        return Heading(id="", level=max(2, level), runs=_one_line(part)) if isinstance(part, list) else part

    def _list(self, opening: "Token", tokens: Sequence["Token"]) -> list[_Part]:
        """The list; where an item holds code, a picture or a table, these stand between two parts of the list."""
        number = int(opening.attrGet("start") or 1) if opening.type == "ordered_list_open" else None
        found: list[_Part] = []
        items: list[Runs] = []

        def close() -> None:
            if items and number is not None:
                found.append(NumberedList(id="", items=items[:], start=number - len(items)))
            elif items:
                found.append(BulletList(id="", items=items[:]))
            items.clear()

        for group in _groups(tokens):
            texts, rest = _until_block(_nested(self.parts(group[1:-1])))
            if texts or rest:
                number = None if number is None else number + 1
            if texts:
                items.append(_joined(texts, "\n"))
            if rest:
                close()
                found += rest
        close()
        return found

    def _table(self, tokens: Sequence["Token"]) -> list[_Part]:
        rows: list[list[Runs]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                parts = self._inline(token.children or [])
                texts = [part if isinstance(part, list) else _words(part) for part in parts]
                rows[-1].append(_one_line(_joined([text for text in texts if text], " ")))
        return [Table(id="", head=rows[0], rows=rows[1:])] if any(cell for row in rows for cell in row) else []

    def _inline(self, tokens: Sequence["Token"]) -> list[_Part]:
        line = _Line()
        found: list[_Part] = []
        for token in tokens:
            match token.type:
                case "text" | "text_special":
                    line.add(token.content)
                case "code_inline":
                    line.add(token.content, code=True)
                case "softbreak":
                    line.is_broken = True
                case "hardbreak":
                    line.end()
                case "strong_open" | "strong_close":
                    line.bold += token.nesting
                case "em_open" | "em_close":
                    line.italic += token.nesting
                case "link_open":
                    line.href = self._href(str(token.attrGet("href") or ""))
                case "link_close":
                    line.href = None
                case "html_inline" if _is_line_break(token.content):
                    line.end()
                case "html_inline":
                    line.add(_shown_html(token.content))
                case "note_mark":
                    self._mark(line, token.content)
                case "image":
                    if image := self._image(token):
                        found += [line.runs(), image]
                        line = _Line(bold=line.bold, italic=line.italic, href=line.href)
                    else:
                        line.add(_alt(token))
                case _:
                    line.add(token.content)
        return [part for part in [*found, line.runs()] if part]

    def _href(self, raw: str) -> str | None:
        href = safe_href(raw, own_base_url=self._own_base_url)
        if href and self._allowed is not None and not is_allowed(href, self._allowed):
            return None
        return href

    def _mark(self, line: "_Line", marker: str) -> None:
        note = self._note(marker)
        line.mark(note.label, note.id) if note else line.forget_space()

    def _note(self, marker: str) -> Note | None:
        if marker not in self._notes and (source := self._sources.get(marker)):
            note = _note(source, str(len(self._notes) + 1), self._own_base_url)
            self._notes[marker] = note.model_copy(update={"id": self._note_ids.of(fingerprint(note))})
        return self._notes.get(marker)

    def _image(self, token: "Token") -> Image | None:
        address = str(token.attrGet("src") or "")
        picture = self._pictures.get(unquote(address)) or self._pictures.get(address)
        if picture is None and self._own_base_url and (path := self._href(address)):
            picture = self._pictures.get(path)
        if picture is None:
            return None
        return Image(
            id="",
            url=picture.url,
            width=picture.width,
            height=picture.height,
            alt=_alt(token) or clean(picture.alt),
            placeholder=picture.placeholder,
            srcset=picture.srcset,
            caption=" ".join(clean(str(token.attrGet("title") or "")).split()),
        )


class _Marks(TypedDict):
    b: Literal[True] | None
    i: Literal[True] | None
    href: str | None


@dataclass(slots=True)
class _Line:
    """Inline text as it is gathered."""

    bold: int = 0
    italic: int = 0
    href: str | None = None
    is_broken: bool = False
    """A line of the Markdown ended here; whether that is a space depends on what follows."""
    is_forgetful: bool = False
    _runs: Runs = field(default_factory=list)

    def add(self, text: str, *, code: bool = False) -> None:
        text = clean(text) if code else clean(text).replace("\r", "")
        if not code and self._last == "\n":
            text = text.lstrip(" ")
        if self.is_forgetful and text:
            self._close_up(text)
        if self.is_broken and text:
            self.is_broken = False
            self._append(Run(text="" if is_closed_up(self._last, text[0]) else " ", **self._marks()))
        self._append(Run(text=text, code=code or None, **self._marks()))

    def end(self) -> None:
        """A line ends here for the reader too; empty lines do not exist."""
        self._trim()
        self.is_broken = False
        if self._last != "\n":
            self._append(Run(text="\n", **self._marks()))

    def mark(self, label: str, note: str) -> None:
        self._trim()
        self.is_broken = self.is_forgetful = False
        self._append(Run(text=label, note=note))

    def forget_space(self) -> None:
        """A mark vanished here: so does the space before it, if a full stop or the end follows."""
        self.is_forgetful = True

    def runs(self) -> Runs:
        return _merged(self._runs)

    @property
    def _last(self) -> str:
        """The last character so far."""
        return self._runs[-1].text[-1:] if self._runs else ""

    def _marks(self) -> _Marks:
        return {"b": True if self.bold > 0 else None, "i": True if self.italic > 0 else None, "href": self.href}

    def _append(self, run: Run) -> None:
        if run.text:
            self._runs.append(run)

    def _close_up(self, following: str) -> None:
        self.is_forgetful = False
        if _CLOSES_UP.match(following):
            self._trim()

    def _trim(self) -> None:
        if self._runs and not self._runs[-1].code and self._runs[-1].note is None:
            last = self._runs.pop()
            self._append(last.model_copy(update={"text": last.text.rstrip(" ")}))


def _groups(tokens: Sequence["Token"]) -> Iterator[Sequence["Token"]]:
    """The top nodes of `tokens`: each a single token, or all from an opening to its closing."""
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth <= 0:
            yield tokens[start : index + 1]
            start, depth = index + 1, 0


def _nested(parts: Iterable[_Part]) -> Iterator[_Part]:
    """`parts` as they can stand inside a quotation or a list: text in lines; code, pictures and tables as they are."""
    for part in parts:
        match part:
            case Heading() | Quote() | Paragraph():
                yield part.runs
            case BulletList() | NumberedList():
                yield _lines(part)
            case Rule():
                pass
            case _:
                yield part


def _lines(block: BulletList | NumberedList) -> Runs:
    """A list in a list: one line an item, deeper ones indented."""
    lines = []
    for number, item in enumerate(block.items, getattr(block, "start", 1)):
        sign = "– " if isinstance(block, BulletList) else f"{number}. "
        indented = [_with_text(run, run.text if run.code else run.text.replace("\n", "\n\u2003")) for run in item]
        lines.append([Run(text=sign), *indented])
    return _joined(lines, "\n")


def _quoted(parts: Iterable[_Part]) -> list[_Part]:
    found: list[_Part] = []
    texts: list[Runs] = []
    for part in [*parts, None]:
        if isinstance(part, list):
            texts.append(part)
            continue
        if texts:
            found.append(Quote(id="", runs=_joined(texts, "\n\n"), cite=_cited(texts)))
            texts = []
        if part is not None:
            found.append(part)
    return found


def _cited(texts: Sequence[Runs]) -> str | None:
    """The address in a quotation's last line, if that line is a dash and who said it."""
    last = texts[-1]
    starts = [index for index, run in enumerate(last) if "\n" in run.text]
    line = last[starts[-1] :] if starts else last
    said = runs_text(line).rpartition("\n")[2].lstrip()
    addresses = [run.href for run in line if run.href]
    return addresses[-1] if addresses and said.startswith(("—", "–", "--", "― ")) else None


def _until_block(parts: Iterable[_Part]) -> tuple[list[Runs], list[_Part]]:
    texts: list[Runs] = []
    rest: list[_Part] = []
    for part in parts:
        if isinstance(part, list) and not rest:
            texts.append(part)
        else:
            rest.append(part)
    return texts, rest


def _joined(texts: Sequence[Runs], separator: str) -> Runs:
    runs: Runs = []
    for text in texts:
        runs += [Run(text=separator), *text] if runs else text
    return _merged(runs)


def _one_line(runs: Runs) -> Runs:
    return _merged([_with_text(run, run.text.replace("\n", " ")) for run in runs])


def _merged(runs: Iterable[Run]) -> Runs:
    """`runs` without empty ones, equally marked neighbours as one, no white space at the ends."""
    merged: Runs = []
    for run in runs:
        if not run.text:
            continue
        if merged and run.note is None and _marks_of(run) == _marks_of(merged[-1]):
            merged[-1] = _with_text(run, merged[-1].text + run.text)
        else:
            merged.append(run)
    while merged and not merged[0].code and not merged[0].text.lstrip():
        merged.pop(0)
    while merged and not merged[-1].code and not merged[-1].text.rstrip():
        merged.pop()
    if merged and not merged[0].code:
        merged[0] = _with_text(merged[0], merged[0].text.lstrip())
    if merged and not merged[-1].code:
        merged[-1] = _with_text(merged[-1], merged[-1].text.rstrip())
    return merged


def _marks_of(run: Run) -> tuple[object, ...]:
    return run.b, run.i, run.code, run.href, run.note


def _with_text(run: Run, text: str) -> Run:
    return run if run.text == text else run.model_copy(update={"text": text})


def _words(block: Block) -> Runs:
    return [Run(text=block.alt)] if isinstance(block, Image) and block.alt else []


def _code(token: "Token") -> list[_Part]:
    text = clean(token.content).removesuffix("\n")
    named = _LANGUAGE.fullmatch((token.info.split() or [""])[0])
    return [Code(id="", text=text, language=named[0].lower() if named else None)] if text.strip() else []


def _note(source: NoteSource, label: str, own_base_url: str) -> Note:
    href = safe_href(source.href, own_base_url=own_base_url) if source.href else None
    passage, title = _shortened(source.passage), " ".join(clean(source.title).split())
    runs = [Run(text=f"“{passage}”")] if passage else []
    if title:
        runs += [*([Run(text=" — ")] if runs else []), Run(text=title, href=href)]
    return Note(id="", label=label, runs=runs or [Run(text=href or label, href=href)], href=href)


def _shortened(passage: str) -> str:
    text = " ".join(clean(passage).split())
    if len(text) <= LONGEST_PASSAGE:
        return text
    cut = text[:LONGEST_PASSAGE]
    return (cut.rpartition(" ")[0] or cut) + " …"


def _alt(token: "Token") -> str:
    """The alternative text of a Markdown image: the words between its brackets."""
    words = []
    waiting = list(reversed(token.children or []))
    while waiting:
        child = waiting.pop()
        if child.type == "image":
            waiting += reversed(child.children or [])
        elif child.type in {"softbreak", "hardbreak"}:
            words.append(" ")
        elif child.type not in {"note_mark", "html_inline"}:
            words.append(child.content)
    return " ".join(clean("".join(words)).split())


def _is_line_break(tag: str) -> bool:
    return bool(re.match(r"<br\b", tag, re.IGNORECASE))


def _shown_html(tag: str) -> str:
    """What a reader sees of an HTML tag in a line: nothing, unless it was no markup, like `List<String>`."""
    name = _TAG.match(tag)
    return tag if name and name[1].lower() not in _HTML_NAMES else ""


def _html_lines(content: str) -> list[_Part]:
    """The words in a block of HTML; scripts, styles and comments have none."""
    import nh3

    bare = html.unescape(nh3.clean(_NEW_LINE_TAG.sub("\n", content), tags=set()))
    lines = [" ".join(line.split()) for line in clean(bare).splitlines()]
    text = "\n".join(line for line in lines if line)
    return [[Run(text=text)]] if text else []


@lru_cache(maxsize=1)
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST_NESTING}).enable("table")
    footnote_plugin(parser, inline=False, move_to_end=False)
    parser.disable("footnote_ref")
    parser.inline.ruler.before("link", "note_mark", _note_mark)
    # Every address is judged by `safe_href` later, so that what is refused leaves its text and no brackets.
    parser.validateLink = _never_refuse  # type: ignore[method-assign]
    return parser


def _never_refuse(url: str) -> bool:  # noqa: ARG001
    return True


def _note_mark(state: "StateInline", silent: bool) -> bool:
    """`[^s1.3]`, whatever stands behind it: never a link or an image."""
    marker = _MARKER.match(state.src, state.pos, state.posMax)
    if marker is None:
        return False
    if not silent:
        state.push("note_mark", "", 0).content = marker[1]
    state.pos = marker.end()
    return True
