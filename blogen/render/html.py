"""Blocks → HTML: semantic, without scripts, styles or addresses that are not ours to load.

Everything is escaped where it is written, and the whole passes an allow-list once more (defence in depth).
Classes for the style sheet: `pre.code` (with `data-language`), `div.table`, `section.notes`, `sup.ref`, `a.back`,
`p.said-by` (who is quoted). A picture carries a tiny preview of itself in `data-placeholder`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

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
from blogen.render.highlight import classes, highlight, highlight_css
from blogen.render.links import is_outside, safe_href, safe_image_url, safe_placeholder, safe_srcset
from blogen.render.markdown_writer import to_markdown
from blogen.render.text import clean, plain_text, reading_minutes, runs_text, word_count

if TYPE_CHECKING:
    import nh3

__all__ = ["highlight_css", "plain_text", "reading_minutes", "to_html", "to_markdown", "word_count"]

SIZES = "(min-width: 48rem) 44rem, 100vw"
"""How wide a picture in a post is shown; the style sheet must agree."""

_REL = "noopener nofollow ugc"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    **{tag: {"id"} for tag in ("p", "h2", "h3", "h4", "h5", "h6", "ul", "figure", "hr")},
    "blockquote": {"id", "cite"},
    "ol": {"id", "start"},
    "li": {"id", "value"},
    "pre": {"id", "data-language", "tabindex"},
    "div": {"id", "role", "tabindex", "aria-label"},
    "section": {"role", "aria-labelledby"},
    "a": {"id", "href", "rel", "role", "aria-label"},
    "th": {"scope"},
    "img": {"src", "srcset", "sizes", "width", "height", "alt", "loading", "decoding", "data-placeholder"},
}
_BARE_TAGS = {"strong", "em", "code", "sup", "br", "span", "table", "thead", "tbody", "tr", "td", "figcaption"}
_WORDS = {
    "en": {"notes": "Notes", "back": "Back to the text", "table": "Table"},
    "de": {"notes": "Anmerkungen", "back": "Zurück zum Text", "table": "Tabelle"},
    "fr": {"notes": "Notes", "back": "Retour au texte", "table": "Tableau"},
    "es": {"notes": "Notas", "back": "Volver al texto", "table": "Tabla"},
    "it": {"notes": "Note", "back": "Torna al testo", "table": "Tabella"},
    "pt": {"notes": "Notas", "back": "Voltar ao texto", "table": "Tabela"},
    "nl": {"notes": "Noten", "back": "Terug naar de tekst", "table": "Tabel"},
}


def to_html(
    blocks: Iterable[Block], *, language: str = "en", base_url: str = "", sizes: str = SIZES, with_ids: bool = True
) -> str:
    """The HTML of a post's body.

    Every block is an anchor `b-ID`. With `base_url` addresses on this blog become absolute, for feeds, which should
    also go without ids.
    """
    return _cleaner().clean(_Page(list(blocks), language, base_url.rstrip("/"), sizes, with_ids).html())


class _Page:
    def __init__(self, blocks: Sequence[Block], language: str, base_url: str, sizes: str, with_ids: bool) -> None:
        self._blocks = [block for block in blocks if not isinstance(block, Note)]
        self._notes = [block for block in blocks if isinstance(block, Note)]
        self._note_ids = {note.id for note in self._notes}
        self._words = _WORDS.get(language.lower().partition("-")[0], _WORDS["en"])
        self._base_url, self._sizes, self._with_ids = base_url, sizes, with_ids
        self._marks: Counter[str] = Counter()
        self._tables = 0

    def html(self) -> str:
        return "\n".join(filter(None, [*map(self._block, self._blocks), self._endnotes()]))

    def _block(self, block: Block) -> str:
        id_ = self._id(block)
        match block:
            case Paragraph():
                return f"<p{id_}>{self._runs(block.runs)}</p>"
            case Heading(level=level):
                return f"<h{level}{id_}>{self._runs(block.runs)}</h{level}>"
            case Quote():
                return self._quote(block, id_)
            case BulletList():
                return f"<ul{id_}>{self._items(block.items)}</ul>"
            case NumberedList(start=start):
                first = f' start="{start}"' if start != 1 else ""
                return f"<ol{id_}{first}>{self._items(block.items)}</ol>"
            case Code():
                language = f' data-language="{_attribute(block.language)}"' if block.language else ""
                code = highlight(clean(block.text), block.language)
                return f'<pre{id_} class="code"{language} tabindex="0"><code>{code}</code></pre>'
            case Image():
                return self._image(block, id_)
            case Rule():
                return f"<hr{id_}>"
            case Table():
                return self._table(block, id_)
            case Note():
                return ""

    def _runs(self, runs: Runs) -> str:
        parts = []
        for href, linked in groupby(runs, key=lambda run: run.href):
            inner = "".join(map(self._run, linked))
            address = safe_href(href) if href else None
            parts.append(f"<a{self._to(address)}>{inner}</a>" if address else inner)
        return "".join(parts)

    def _run(self, run: Run) -> str:
        if run.note is not None:
            return self._mark(run)
        text = _text(run.text)
        if run.code:
            return _marked(f"<code>{text}</code>", run)
        return _marked(text.replace("\n", "<br>"), run)

    def _mark(self, run: Run) -> str:
        label = _text(run.text)
        if run.note not in self._note_ids or not self._with_ids:
            return f'<sup class="ref">{label}</sup>'
        self._marks[run.note] += 1
        here = f"r-{_anchor(run.note)}-{self._marks[run.note]}"
        return f'<sup class="ref"><a id="{here}" href="#b-{_anchor(run.note)}" role="doc-noteref">{label}</a></sup>'

    def _items(self, items: Iterable[Runs]) -> str:
        return "".join(f"<li>{self._runs(item)}</li>" for item in items)

    def _quote(self, block: Quote, id_: str) -> str:
        address = safe_href(block.cite) if block.cite else None
        cite = f' cite="{_attribute(self._absolute(address))}"' if address else ""
        *said, last = _paragraphs(block.runs) or [[]]
        by = ' class="said-by"' if block.cite and said and runs_text(last).startswith(("—", "–", "--")) else ""
        lines = "".join(f"<p>{self._runs(line)}</p>" for line in said)
        return f"<blockquote{id_}{cite}>{lines}<p{by}>{self._runs(last)}</p></blockquote>"

    def _image(self, block: Image, id_: str) -> str:
        url = safe_image_url(block.url)
        if url is None:
            words = "<br>".join(_text(line) for line in (block.alt, block.caption) if line)
            return f"<p{id_}>{words}</p>"
        attributes = {
            "src": self._absolute(url),
            "srcset": ", ".join(f"{self._absolute(at)} {how}" for at, how in safe_srcset(block.srcset)),
            "width": str(block.width),
            "height": str(block.height),
            "loading": "lazy",
            "decoding": "async",
            "data-placeholder": "" if self._base_url else safe_placeholder(block.placeholder) or "",
        }
        attributes["sizes"] = self._sizes if attributes["srcset"] else ""
        listed = "".join(f' {name}="{_attribute(value)}"' for name, value in attributes.items() if value)
        caption = f"<figcaption>{_text(block.caption)}</figcaption>" if block.caption else ""
        return f'<figure{id_}><img{listed} alt="{_attribute(block.alt)}">{caption}</figure>'

    def _table(self, block: Table, id_: str) -> str:
        self._tables += 1
        head = "".join(f'<th scope="col">{self._runs(cell)}</th>' for cell in block.head)
        rows = "".join("<tr>" + "".join(f"<td>{self._runs(cell)}</td>" for cell in row) + "</tr>" for row in block.rows)
        body = f"<tbody>{rows}</tbody>" if rows else ""
        name = f"{self._words['table']} {self._tables}"
        opening = f'<div{id_} class="table" role="region" tabindex="0" aria-label="{name}">'
        return f"{opening}<table><thead><tr>{head}</tr></thead>{body}</table></div>"

    def _endnotes(self) -> str:
        if not self._notes:
            return ""
        items = "".join(map(self._note, self._notes))
        title = self._words["notes"]
        if not self._with_ids:
            return f'<section class="notes" role="doc-endnotes"><h2>{title}</h2><ol>{items}</ol></section>'
        return (
            '<section class="notes" role="doc-endnotes" aria-labelledby="b-notes">'
            f'<h2 id="b-notes">{title}</h2><ol>{items}</ol></section>'
        )

    def _note(self, note: Note) -> str:
        said = self._runs(note.runs)
        address = safe_href(note.href) if note.href else None
        if address and not any(run.href == note.href for run in note.runs):
            said += f" <a{self._to(address)}>{_text(address)}</a>"
        number = f' value="{int(note.label)}"' if re.fullmatch(r"[1-9][0-9]{0,4}", note.label) else ""
        return f"<li{self._id(note)}{number}>{said}{self._back(note)}</li>"

    def _back(self, note: Note) -> str:
        links = []
        for count in range(1, self._marks[note.id] + 1):
            name = f"{self._words['back']}, {note.label}" + (f" ({count})" if self._marks[note.id] > 1 else "")
            links.append(
                f' <a class="back" href="#r-{_anchor(note.id)}-{count}" role="doc-backlink"'
                f' aria-label="{_attribute(name)}">↩</a>'
            )
        return "".join(links)

    def _id(self, block: Block) -> str:
        return f' id="b-{_anchor(block.id)}"' if self._with_ids and block.id else ""

    def _to(self, address: str) -> str:
        rel = f' rel="{_REL}"' if is_outside(address) else ""
        return f' href="{_attribute(self._absolute(address))}"{rel}'

    def _absolute(self, address: str) -> str:
        return address if is_outside(address) else self._base_url + address


def _text(text: str) -> str:
    return escape(clean(text), quote=False)


def _attribute(text: str) -> str:
    return escape(clean(text), quote=True)


def _anchor(id_: str) -> str:
    return id_ if _ID.fullmatch(id_) else "x"


def _marked(inner: str, run: Run) -> str:
    if run.i:
        inner = f"<em>{inner}</em>"
    return f"<strong>{inner}</strong>" if run.b else inner


def _paragraphs(runs: Runs) -> list[Runs]:
    """The lines of a quotation that blank lines part."""
    paragraphs: list[Runs] = [[]]
    for run in runs:
        first, *others = [run.text] if run.code else run.text.split("\n\n")
        for index, piece in enumerate([first, *others]):
            if index:
                paragraphs.append([])
            if piece:
                paragraphs[-1].append(run.model_copy(update={"text": piece}))
    return [paragraph for paragraph in paragraphs if paragraph]


@lru_cache(maxsize=1)
def _cleaner() -> "nh3.Cleaner":
    import nh3

    return nh3.Cleaner(
        tags={*_ATTRIBUTES, *_BARE_TAGS} - {"*"},
        attributes=_ATTRIBUTES,
        allowed_classes={
            "pre": {"code"},
            "div": {"table"},
            "section": {"notes"},
            "sup": {"ref"},
            "a": {"back"},
            "p": {"said-by"},
            "span": set(classes()),
        },
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
