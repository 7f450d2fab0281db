"""Comments: a small part of Markdown → blocks → sanitised HTML. What people write is hostile until it is blocks.

Emphasis, code, links (http and https), lists and quotations are kept; headings, pictures, tables and HTML become plain
text. An address that is written out becomes a link.
"""

import re
from collections.abc import Iterable, Iterator
from unicodedata import category, normalize

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
from blogen.domain.talk import CommentText
from blogen.errors import FieldError, InvalidInput
from blogen.render.block_ids import with_ids
from blogen.render.html import to_html
from blogen.render.links import is_outside
from blogen.render.markdown import to_blocks
from blogen.render.text import clean, plain_text

_MOST_MARKS = 8
"""Marks and joiners on one letter: more than any script or emoji needs."""
_MOST_LINES = 400
"""Blocks and lines of lists; more than this is no comment."""

_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile("[\u00ad\u180e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0100-\U000e01ef]")
_TAGS = re.compile("(\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f)|[\U000e0000-\U000e007f]")
"""Letters that nobody sees; only the flags of England, Scotland and Wales are written with them."""
_BLANK = re.compile("[\\s\u200b-\u200f\u115f\u1160\u3164\uffa0\u2800]*")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_ENDS_A_SENTENCE = ".,;:!?'*_~"
_BLANK_LINES = re.compile(r"\n{4,}")


def comment_text(given: str, *, max_chars: int) -> CommentText:
    """What `given` is as a comment. Raises InvalidInput if nothing of it can be seen, or it is too long."""
    markdown = tidy(given)
    if len(markdown) > max_chars:
        raise _refused("text", f"must have at most {max_chars} characters, found {len(markdown)}")
    blocks = with_ids(list(_allowed(to_blocks(markdown))))
    if _BLANK.fullmatch(plain_text(blocks)):
        raise _refused("text", "says nothing that can be seen")
    if sum(_lines(block) for block in blocks) > _MOST_LINES:
        raise _refused("text", f"has more than {_MOST_LINES} paragraphs and lines")
    written = ",".join(block.model_dump_json(exclude_none=True) for block in blocks)
    return CommentText(markdown, to_html(blocks, with_ids=False), f"[{written}]")


def plain_note(path: str, given: str, *, max_chars: int) -> str:
    """A note of plain text, tidied. Raises InvalidInput if nothing of it can be seen, or it is too long."""
    note = tidy(given)
    if _BLANK.fullmatch(note):
        raise _refused(path, "says nothing that can be seen")
    if len(note) > max_chars:
        raise _refused(path, f"must have at most {max_chars} characters, found {len(note)}")
    return note


def tidy(text: str) -> str:
    """`text` without what deceives: no changes of direction, no unseen letters, no towers of marks."""
    text = clean(text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.isascii():
        text = _TAGS.sub(lambda found: found[1] or "", _UNSEEN.sub("", _DIRECTIONS.sub("", text)))
        text = normalize("NFC", "".join(_without_towers(text)))
    return _BLANK_LINES.sub("\n\n\n", text).strip()


def _without_towers(text: str) -> Iterator[str]:
    """Before normalisation, too: sorting thousands of marks takes long."""
    marks = 0
    for sign in text:
        if sign < "\u0300" or category(sign) not in {"Mn", "Me", "Cf"}:
            marks = 0
        else:
            marks += 1
        if marks <= _MOST_MARKS:
            yield sign


def _allowed(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Paragraph() | Heading():
                yield Paragraph(id="", runs=_runs(block.runs))
            case Quote():
                yield Quote(id="", runs=_runs(block.runs))
            case BulletList():
                yield BulletList(id="", items=[_runs(item) for item in block.items])
            case NumberedList():
                yield NumberedList(id="", items=[_runs(item) for item in block.items], start=block.start)
            case Code():
                yield Code(id="", text=block.text)
            case Image() if block.alt:
                yield Paragraph(id="", runs=[Run(text=block.alt)])
            case Table():
                for row in (block.head, *block.rows):
                    yield Paragraph(id="", runs=_runs(_joined(row)))
            case Image() | Rule() | Note():
                pass


def _joined(row: list[Runs]) -> Runs:
    joined: Runs = []
    for cell in row:
        joined += [Run(text=" | "), *cell] if joined else cell
    return joined


def _runs(runs: Runs) -> Runs:
    found: Runs = []
    for run in runs:
        if run.href is not None and not _may_link(run.href):
            found.append(run.model_copy(update={"href": None}))
        elif run.href is None and run.code is None:
            found += _with_links(run)
        else:
            found.append(run)
    return found


def _may_link(href: str) -> bool:
    return is_outside(href) and href[:5].lower() in {"http:", "https"}


def _with_links(run: Run) -> Iterator[Run]:
    """`run` in pieces, where addresses stand in it."""
    from blogen.render.links import safe_href

    start = 0
    for found in _ADDRESS.finditer(run.text):
        address = found[0].rstrip(_ENDS_A_SENTENCE)
        if address.endswith(")") and "(" not in address:
            address = address.rstrip(")").rstrip(_ENDS_A_SENTENCE)
        if safe_href(address) != address:
            continue
        if found.start() > start:
            yield run.model_copy(update={"text": run.text[start : found.start()]})
        yield run.model_copy(update={"text": address, "href": address})
        start = found.start() + len(address)
    if start < len(run.text):
        yield run.model_copy(update={"text": run.text[start:]})


def _lines(block: Block) -> int:
    match block:
        case BulletList() | NumberedList():
            return len(block.items)
        case _:
            return 1


def _refused(path: str, message: str) -> InvalidInput:
    return InvalidInput(f"`{path}` {message}.", remedy="Mend it and send it again.", errors=[FieldError(path, message)])
