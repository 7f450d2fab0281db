"""Ids of blocks: made from the content, unique in a post, and kept through revisions.

A reader's place in a post, a link into it and the list's diffing in the app all hang on them.
"""

import hashlib
from base64 import b32encode
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

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
from blogen.render.text import plain_text

_ALIKE = 0.4
"""Two texts that share this much of their letter triples are one text, edited."""
_MOST_PAIRS = 1_000_000
"""Equal pairs that are looked at; a text with more repeats itself thousands of times, and order says little."""
_LARGEST_GAP = 10_000
"""Pairs compared between two unchanged blocks; in a larger gap only neighbours in order are."""


class FreshIds:
    """Makes ids from content, none of them twice."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._used = set(taken)
        self._times: Counter[str] = Counter()

    def of(self, content: str) -> str:
        while True:
            times = self._times[content]
            self._times[content] += 1
            found = _digest(f"{content}\x1d{times}" if times else content)
            if self.take(found):
                return found

    def take(self, id_: str) -> bool:
        """Whether `id_` was free; it no longer is."""
        is_free = id_ not in self._used
        self._used.add(id_)
        return is_free


def with_ids(drafts: Sequence[Block]) -> list[Block]:
    """`drafts` with ids; those that have one keep it."""
    ids = FreshIds(block.id for block in drafts if block.id)
    return [block if block.id else _renamed(block, ids.of(fingerprint(block))) for block in drafts]


def carry_ids(old: Sequence[Block], new: Sequence[Block]) -> list[Block]:
    """`new` with the ids of the blocks of `old` that they are, or were edited from."""
    heirs = _heirs(old, new)
    ids = FreshIds(block.id for block in old)
    carried = []
    for index, block in enumerate(new):
        if index in heirs:
            carried.append(_renamed(block, old[heirs[index]].id))
        elif block.id and ids.take(block.id):
            carried.append(block)
        else:
            carried.append(_renamed(block, ids.of(fingerprint(block))))
    notes = {block.id: heir.id for block, heir in zip(new, carried, strict=True) if isinstance(block, Note)}
    return [_pointing(block, notes) for block in carried]


def fingerprint(block: Block) -> str:
    """What a block says, as one string. Numbers of footnotes are left out: they shift with every note before them."""
    match block:
        case Paragraph() | Quote():
            said = _said(block.runs) + (getattr(block, "cite", None) or "")
        case Heading():
            said = f"{block.level}\x1f{_said(block.runs)}"
        case Note():
            said = f"{block.href or ''}\x1f{_said(block.runs)}"
        case BulletList() | NumberedList():
            said = "\x1e".join(map(_said, block.items))
        case Code():
            said = f"{block.language or ''}\x1f{block.text}"
        case Image():
            said = f"{block.url}\x1f{block.alt}\x1f{block.caption}"
        case Table():
            said = "\x1d".join("\x1e".join(map(_said, row)) for row in (block.head, *block.rows))
        case Rule():
            said = ""
    return f"{block.t}\x1c{said}"


def _said(runs: Runs) -> str:
    return "\x1f".join(_run_said(run) for run in runs)


def _run_said(run: Run) -> str:
    if run.note is not None:
        return "\x02"
    marks = f"{'b' if run.b else ''}{'i' if run.i else ''}{'c' if run.code else ''}"
    return f"{run.text}\x1e{marks}\x1e{run.href or ''}" if marks or run.href else run.text


def _digest(content: str) -> str:
    return b32encode(hashlib.sha256(content.encode()).digest()[:5]).decode().lower()


def _renamed(block: Block, id_: str) -> Block:
    return block if block.id == id_ else block.model_copy(update={"id": id_})


def _heirs(old: Sequence[Block], new: Sequence[Block]) -> dict[int, int]:
    """Index in `new` → index in `old` of the block that it continues."""
    before, after = [fingerprint(block) for block in old], [fingerprint(block) for block in new]
    heirs = _unmoved(before, after)
    in_place = [(heirs[index], index) for index in sorted(heirs)]
    _take_moved(heirs, before, after)
    for old_gap, new_gap in _gaps(heirs, [(-1, -1), *in_place, (len(old), len(new))]):
        heirs.update(_edited(old, new, old_gap, new_gap))
    return heirs


def _unmoved(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    """Blocks that say the same and still stand in the same order."""
    times_before, times_after = Counter(before), Counter(after)
    if sum(times * times_after[said] for said, times in times_before.items()) > _MOST_PAIRS:
        return {index: index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one == other}
    found = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {begin + offset: start + offset for start, begin, size in found for offset in range(size)}


def _take_moved(heirs: dict[int, int], before: Sequence[str], after: Sequence[str]) -> None:
    """Blocks that say the same, but stand elsewhere now."""
    taken = set(heirs.values())
    free: defaultdict[str, deque[int]] = defaultdict(deque)
    for index, said in enumerate(before):
        if index not in taken:
            free[said].append(index)
    for index, said in enumerate(after):
        if index not in heirs and free[said]:
            heirs[index] = free[said].popleft()


def _gaps(heirs: dict[int, int], anchors: Sequence[tuple[int, int]]) -> Iterator[tuple[list[int], list[int]]]:
    """What is left over on both sides between two blocks that stayed in place."""
    taken = set(heirs.values())
    for (old_start, new_start), (old_end, new_end) in pairwise(anchors):
        old_gap = [index for index in range(old_start + 1, old_end) if index not in taken]
        new_gap = [index for index in range(new_start + 1, new_end) if index not in heirs]
        if old_gap and new_gap:
            yield old_gap, new_gap


def _edited(
    old: Sequence[Block], new: Sequence[Block], old_gap: Sequence[int], new_gap: Sequence[int]
) -> list[tuple[int, int]]:
    """Pairs (new, old) of a gap, in order, that together are most alike."""
    if len(old_gap) * len(new_gap) > _LARGEST_GAP:
        pairs = zip(new_gap, old_gap, strict=False)
        return [(b, a) for b, a in pairs if _likeness(_shape(old[a]), _shape(new[b])) >= _ALIKE]
    old_shapes, new_shapes = [_shape(old[index]) for index in old_gap], [_shape(new[index]) for index in new_gap]
    return [(new_gap[b], old_gap[a]) for a, b in _best_pairs(old_shapes, new_shapes)]


_Shape = tuple[str, "Counter[str]", int]


def _shape(block: Block) -> _Shape:
    """The kind of a block and the letter triples of its text; bulleted and numbered lists are one kind."""
    text = f"  {plain_text([block], with_notes=True).lower()} "
    if isinstance(block, Code | Image):
        text = f"  {fingerprint(block)} "
    triples = Counter(text[at : at + 3] for at in range(len(text) - 2))
    return ("list" if block.t in {"ul", "ol"} else block.t), triples, triples.total()


def _likeness(one: _Shape, other: _Shape) -> float:
    if one[0] != other[0]:
        return 0.0
    smaller, larger = (one[1], other[1]) if len(one[1]) < len(other[1]) else (other[1], one[1])
    shared = sum(min(count, larger[triple]) for triple, count in smaller.items() if triple in larger)
    return 2 * shared / (one[2] + other[2])


def _best_pairs(old: Sequence[_Shape], new: Sequence[_Shape]) -> list[tuple[int, int]]:
    """The pairing in order with the greatest sum of likenesses (as in a weighted longest common subsequence)."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    alike = [[_likeness(a, b) for b in new] for a in old]
    for a in range(len(old) - 1, -1, -1):
        for b in range(len(new) - 1, -1, -1):
            paired = alike[a][b] + best[a + 1][b + 1] if alike[a][b] >= _ALIKE else 0.0
            best[a][b] = max(best[a + 1][b], best[a][b + 1], paired)
    pairs, a, b = [], 0, 0
    while a < len(old) and b < len(new):
        if alike[a][b] >= _ALIKE and best[a][b] == alike[a][b] + best[a + 1][b + 1]:
            pairs.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return pairs


def _pointing(block: Block, notes: dict[str, str]) -> Block:
    """`block` with its footnote marks pointing to where the notes are now."""

    def moved(runs: Runs) -> Runs:
        return [run.model_copy(update={"note": notes.get(run.note, run.note)}) if run.note else run for run in runs]

    return block if not notes else over_runs(block, moved)


def over_runs(block: Block, change: Callable[[Runs], Runs]) -> Block:
    """`block` with `change` applied to every line of inline text in it."""
    match block:
        case Paragraph() | Heading() | Quote() | Note():
            return block.model_copy(update={"runs": change(block.runs)})
        case BulletList() | NumberedList():
            return block.model_copy(update={"items": [change(item) for item in block.items]})
        case Table():
            rows = [[change(cell) for cell in row] for row in block.rows]
            return block.model_copy(update={"head": [change(cell) for cell in block.head], "rows": rows})
        case Code() | Image() | Rule():
            return block
