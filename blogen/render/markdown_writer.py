"""Blocks → Markdown, so that a person can edit a post and `to_blocks` reads it back."""

import re
from collections.abc import Iterable
from itertools import groupby

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
from blogen.render.markdown import to_blocks

_SPECIAL = re.compile(r"([\\`*_\[\]<>&]|!$)")
_BLOCK_SIGN = re.compile(r"^([ \t]*)(?:([#>+\-=~|:])|(\d{1,9})([.)]))", re.MULTILINE)
_DEFINITION = re.compile(r"^(\[\^[^\]\s]+\]):", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def to_markdown(blocks: Iterable[Block]) -> str:
    """`blocks` as CommonMark with tables and footnotes."""
    parts = []
    previous: Block | None = None
    is_alternate = False
    for block in blocks:
        # Two lists in a row would be read as one, but for another sign.
        is_alternate = block.t in {"ul", "ol"} and previous is not None and previous.t == block.t and not is_alternate
        parts.append(_block(block, is_alternate))
        previous = block
    return "\n\n".join(filter(None, parts)) + "\n" if parts else ""


def _block(block: Block, is_alternate: bool) -> str:
    match block:
        case Paragraph():
            return _lines(block.runs)
        case Heading():
            line = re.sub(r"\\?\n", " ", _inline(block.runs))
            return f"{'#' * block.level} " + re.sub(r"#+$", lambda signs: "\\#" * len(signs[0]), line)
        case Quote():
            return "\n".join(f"> {line}".rstrip() for line in _lines(block.runs).split("\n"))
        case BulletList():
            return "\n".join(_item("*" if is_alternate else "-", item) for item in block.items)
        case NumberedList():
            end = ")" if is_alternate else "."
            return "\n".join(_item(f"{number}{end}", item) for number, item in enumerate(block.items, block.start))
        case Code():
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block.text)), default=0))
            return f"{fence}{block.language or ''}\n{block.text}\n{fence}"
        case Image():
            caption = ' "' + re.sub(r'([\\"])', r"\\\1", block.caption) + '"' if block.caption else ""
            return f"![{_escaped(block.alt)}]({block.url}{caption})"
        case Rule():
            return "***"
        case Table():
            width = len(block.head)
            return "\n".join([_row(block.head), "|" + " --- |" * width, *map(_row, block.rows)])
        case Note():
            return f"[^{block.label}]: {_lines(block.runs).replace(chr(10), ' ')}"


def _item(sign: str, runs: Runs) -> str:
    return f"{sign} " + _lines(runs).replace("\n", "\n" + " " * (len(sign) + 1))


def _row(cells: Iterable[Runs]) -> str:
    texts = (re.sub(r"\\?\n", " ", _inline(cell)).replace("|", "\\|") for cell in cells)
    return "| " + " | ".join(texts) + " |"


def _lines(runs: Runs) -> str:
    """Inline Markdown whose lines do not look like the beginning of another block."""
    return _unmistakable(_inline(runs))


def _unmistakable(text: str) -> str:
    return _DEFINITION.sub(r"\1\\:", _BLOCK_SIGN.sub(_unsigned, _INDENT.sub("", text)))


def _unsigned(found: re.Match[str]) -> str:
    space, sign, number, end = found.groups()
    return f"{space}\\{sign}" if sign else f"{space}{number}\\{end}"


def _inline(runs: Runs) -> str:
    """`runs` as Markdown. Where stars would not be read as emphasis again (CommonMark is strict beside letters and
    punctuation), the text is kept and the emphasis is not."""
    written = _linked(runs)
    if any(run.b or run.i for run in runs) and not _reads_as(written, runs):
        return _linked([run.model_copy(update={"b": None, "i": None}) for run in runs])
    return written


def _reads_as(written: str, runs: Runs) -> bool:
    match to_blocks(_unmistakable(written)):
        case [Paragraph(runs=read)]:
            return _spoken(read) == _spoken(runs)
        case _:
            return False


def _spoken(runs: Runs) -> list[tuple[str, object, object]]:
    marked = [(letter, run.b, run.i) for run in runs if run.note is None for letter in run.text if not letter.isspace()]
    return list(marked)


def _linked(runs: Runs) -> str:
    parts = []
    for href, group in groupby(runs, key=lambda run: run.href):
        text = _weighed(list(group))
        parts.append(f"[{text}]({_address(href)})" if href else text)
    return "".join(parts)


def _weighed(runs: Runs) -> str:
    parts = []
    for is_bold, group in groupby(runs, key=lambda run: run.b):
        text = "".join(
            _around("*", "".join(map(_run, slanted))) if is_slanted else "".join(map(_run, slanted))
            for is_slanted, slanted in groupby(group, key=lambda run: run.i)
        )
        parts.append(_around("**", text) if is_bold else text)
    return "".join(parts)


def _around(stars: str, text: str) -> str:
    inner = text.strip()
    if not inner:
        return text
    start = text.index(inner)
    return f"{text[:start]}{stars}{inner}{stars}{text[start + len(inner) :]}"


def _run(run: Run) -> str:
    if run.note is not None:
        return f"[^{run.text}]"
    if run.code:
        return _code_span(run.text.replace("\n", " "))
    return re.sub(r"\n+", lambda ends: "\n\n" if len(ends[0]) > 1 else "\\\n", _escaped(run.text))


def _code_span(text: str) -> str:
    lengths = set(map(len, re.findall("`+", text)))
    fence = "`" * next(length for length in range(1, len(lengths) + 2) if length not in lengths)
    is_padded = text.startswith(("`", " ")) or text.endswith(("`", " "))
    pad = " " if is_padded and text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _address(href: str) -> str:
    return f"<{href}>" if re.search(r"[()]", href) else href
