"""Plain output: tables for people, JSON for programs, and nothing that could steer a terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from unicodedata import category, east_asian_width


def visible(text: str, *, keep: str = "") -> str:
    """`text` without control characters, except those in `keep`: foreign text must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(sign if sign in keep or not _steers(sign) else " " for sign in text)


def _steers(sign: str) -> bool:
    return category(sign) in {"Cc", "Cs"} or sign in _BIDI_CONTROLS


_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    wide = sum(east_asian_width(sign) in {"W", "F"} for sign in text)
    return len(text) + wide - sum(category(sign) in {"Mn", "Me"} for sign in text)


def shortened(text: str, width: int) -> str:
    """`text`, cut with an ellipsis to at most `width` columns."""
    if columns(text) <= width:
        return text
    while text and columns(text) > width - 1:
        text = text[:-1]
    return f"{text}…" if width > 0 else ""


def moment(at_ms: int | None) -> str:
    """A time as its reader's clock shows it."""
    return "" if at_ms is None else datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def rfc3339(at_ms: int | None) -> str | None:
    """A time as the API writes it."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns, the head only if a person reads it; the last column may be as long as it is."""
    written = [[visible(str(cell)) for cell in row] for row in rows]
    if sys.stdout.isatty():
        written.insert(0, [title.upper() for title in head])
    widths = [max((columns(row[at]) for row in written), default=0) for at in range(len(head) - 1)]
    for row in written:
        cells = [cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[-1]]).rstrip())


def print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
