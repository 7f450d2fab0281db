"""What differs between two texts, line by line and, in lines that were edited, word by word."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal, NamedTuple

_ALIKE = 0.4
"""Two lines that share this much of their words are one line, edited."""
_CONTEXT = 1
"""Unchanged lines that are shown beside changed ones."""
_MOST_PAIRS = 250_000
"""Pairs of lines or words that are compared; beyond it, all is taken out and all put in."""
_MOST_IN_ALL = 20_000_000
"""Pairs of words of all lines together; lines that come after that many are told as a whole."""
_LETTERS_IN_A_PAIR = 9
"""A word and the space beside it are two things of three letters or so each."""
_WORD = re.compile(r"\w+|\s+|[^\w\s]")

Kind = Literal["same", "out", "in"]


class Piece(NamedTuple):
    """A stretch of a line: as it was, taken out, or put in."""

    text: str
    kind: Kind


class Line(NamedTuple):
    kind: Literal["same", "out", "in", "edited", "skipped"]
    pieces: Sequence[Piece]
    skipped: int = 0
    """How many unchanged lines are left out here."""


def compare(before: str, after: str) -> list[Line]:
    """The lines of both, in order; empty ones are left out, and unchanged ones far from any change."""
    old, new = _lines(before), _lines(after)
    found: list[Line] = []
    left = _MOST_IN_ALL
    for tag, start, end, begin, stop in _opcodes(old, new):
        if tag == "equal":
            found += _unchanged(old[start:end], is_first=not found, is_last=end == len(old) and stop == len(new))
        else:
            for before_line, after_line in zip_longest(old[start:end], new[begin:stop]):
                left -= len(before_line or "") * len(after_line or "") // _LETTERS_IN_A_PAIR
                found += _replaced(before_line, after_line, by_words=left > 0)
    return found


def compare_line(before: str, after: str) -> list[Piece]:
    """The words of both, in order."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    pieces = []
    for tag, start, end, begin, stop in _opcodes(old, new):
        if tag == "equal":
            pieces.append(Piece("".join(old[start:end]), "same"))
            continue
        if start < end:
            pieces.append(Piece("".join(old[start:end]), "out"))
        if begin < stop:
            pieces.append(Piece("".join(new[begin:stop]), "in"))
    return pieces


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if len(old) * len(new) > _MOST_PAIRS:
        return _cheap_opcodes(old, new)
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _cheap_opcodes(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """What both begin and end with is the same; all between is replaced."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    tail = next((at for at in range(shorter - head) if old[-1 - at] != new[-1 - at]), shorter - head)
    end, stop = len(old) - tail, len(new) - tail
    found = [("equal", 0, head, 0, head), ("replace", head, end, head, stop), ("equal", end, len(old), stop, len(new))]
    return [one for one in found if one[1] < one[2] or one[3] < one[4]]


def _unchanged(lines: Sequence[str], *, is_first: bool, is_last: bool) -> Iterator[Line]:
    """`lines` without those that are far from any change."""
    head, tail = (0 if is_first else _CONTEXT), (0 if is_last else _CONTEXT)
    skipped = len(lines) - head - tail
    if skipped < 2:
        yield from (_whole(line, "same") for line in lines)
        return
    yield from (_whole(line, "same") for line in lines[:head])
    yield Line("skipped", (), skipped)
    yield from (_whole(line, "same") for line in lines[len(lines) - tail :])


def _replaced(before: str | None, after: str | None, *, by_words: bool) -> Iterator[Line]:
    """One line that took the place of another; None: there was none, or there is none any more."""
    if before is not None and after is not None and by_words and _is_edited(pieces := compare_line(before, after)):
        yield Line("edited", pieces)
        return
    if before is not None:
        yield _whole(before, "out")
    if after is not None:
        yield _whole(after, "in")


def _is_edited(pieces: Sequence[Piece]) -> bool:
    same = 2 * sum(len(piece.text) for piece in pieces if piece.kind == "same")
    other = sum(len(piece.text) for piece in pieces if piece.kind != "same")
    return same >= _ALIKE * (same + other)


def _whole(line: str, kind: Kind) -> Line:
    return Line(kind, (Piece(line, kind),))
