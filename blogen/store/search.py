"""Full-text search over posts (SQLite FTS5): the only place that knows how.

Chinese, Japanese, Korean, Thai and their like put no spaces between words. Their characters are indexed one by one
(a zero-width space parts them), and a word of a query is looked for as a phrase of its characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from blogen.store.database import Database, Transaction

if TYPE_CHECKING:
    from blogen.domain.post import Block, PostSummary, Runs
    from blogen.store.posts import PostLine

_CANDIDATES = 1000
"""Only so many of the newest hits are ranked: ranking every hit of a common word takes seconds on a large blog."""

_QUERY_CHARACTERS = 200
_QUERY_TERMS = 12
_WEIGHTS = "10.0, 4.0, 6.0, 1.0"
"""Of title, summary, tags, body."""

_OPEN, _CLOSE = "\x02", "\x03"
_PART = "\u200b"
# Thai, Lao, Tibetan, Burmese, Khmer, Tai; then Hangul, kana, bopomofo, Han.
_SPACELESS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf"
    "\u1100-\u11ff\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u200b]")


class Piece(NamedTuple):
    """A part of a shown text; `is_match` if the query found it."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Hit:
    line: PostLine
    title: list[Piece]
    snippet: list[Piece]
    item: str
    """The post's JSON as it stands in lists."""

    @property
    def post(self) -> PostSummary:
        from blogen.domain.post import PostSummary

        return PostSummary.model_validate_json(self.item)


@dataclass(frozen=True, slots=True)
class Found:
    hits: list[Hit]
    has_all_words: bool
    """False where no post has all the words and these have some of them."""


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, query: str, *, limit: int = 20) -> Found:
        """The best posts for what a person typed. Nothing in `query` is syntax."""
        terms = _terms(query)
        hits = await self._matching(" AND ".join(terms), limit) if terms else []
        if hits or len(terms) < 2:
            return Found(hits, has_all_words=True)
        return Found(await self._matching(" OR ".join(terms), limit), has_all_words=False)

    async def _matching(self, expression: str, limit: int) -> list[Hit]:
        from blogen.store.posts import PostLine

        rows = await self._database.read(_FIND, (expression, expression, _CANDIDATES - 1, limit, expression))
        return [
            Hit(PostLine(*row[:-3]), _pieces(row["marked_title"]), _pieces(row["snippet"]), row["item"]) for row in rows
        ]


_FIND = f"""
WITH best AS MATERIALIZED (
    SELECT rowid AS number, bm25(posts_search, {_WEIGHTS}) AS score FROM posts_search
    WHERE posts_search MATCH ? AND rowid >= coalesce((
        SELECT rowid FROM posts_search WHERE posts_search MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?), 0)
    ORDER BY score, number DESC LIMIT ?
)
SELECT p.id, p.slug, p.published_at, p.updated_at, p.likes, p.comments,
    highlight(posts_search, 0, char(2), char(3)) AS marked_title,
    snippet(posts_search, 3, char(2), char(3), '…', 32) AS snippet, p.item
FROM posts_search CROSS JOIN best ON best.number = +posts_search.rowid CROSS JOIN posts p ON p.number = best.number
WHERE posts_search MATCH ? AND posts_search.rowid >= (SELECT min(number) FROM best)
ORDER BY best.score, best.number DESC
"""
# The second MATCH walks the candidates once; looked up row by row, FTS5 would begin anew for each.


def add(
    tx: Transaction, number: int, *, title: str, summary: str, tags: Iterable[str], blocks: Sequence[Block]
) -> None:
    """Make a post findable; `number` is its `posts.number`."""
    texts = (title, summary, " · ".join(tags), "\n".join(_texts(blocks)))
    tx.execute(
        "INSERT INTO posts_search (rowid, title, summary, tags, body) VALUES (?, ?, ?, ?, ?)",
        (number, *map(_parted, texts)),
    )


def remove(tx: Transaction, number: int) -> None:
    tx.execute("DELETE FROM posts_search WHERE rowid = ?", (number,))


def _texts(blocks: Sequence[Block]) -> Iterable[str]:
    """What a reader reads, block by block, without the marks of footnotes."""
    for block in blocks:
        match block.t:
            case "p" | "h" | "quote" | "note":
                yield _words(block.runs)
            case "ul" | "ol":
                yield from map(_words, block.items)
            case "code":
                yield block.text
            case "img":
                yield block.caption or block.alt
            case "table":
                yield from (" ".join(map(_words, row)) for row in [block.head, *block.rows])
            case "hr":
                pass


def _words(runs: Runs) -> str:
    return "".join(run.text for run in runs if run.note is None)


def _parted(text: str) -> str:
    return _spaceless_character().sub(_PART, _CONTROL.sub("", text))


@cache
def _spaceless_character() -> re.Pattern[str]:
    """Where such a character begins or ends. Compiled with the first text: it takes 6 ms, which no start needs."""
    return re.compile(f"(?<=[{_SPACELESS}])(?=\\w)|(?<=\\w)(?=[{_SPACELESS}])")


def _terms(query: str) -> list[str]:
    """Each word as a quoted phrase; the last as a prefix, since it may still be being typed.

    Not where it is a single character: too many words begin with it.
    """
    said = _CONTROL.sub(" ", query[:_QUERY_CHARACTERS]).replace('"', " ").split()
    words = [word for word in said if _says(word)][:_QUERY_TERMS]
    terms = [f'"{_parted(word)}"' for word in words]
    if terms and len(words[-1]) > 1:
        terms[-1] += "*"
    return terms


def _says(word: str) -> bool:
    return any(character.isalnum() for character in word)


def _pieces(marked: str) -> list[Piece]:
    pieces = []
    for at, part in enumerate(re.split(f"[{_OPEN}{_CLOSE}]", marked.replace(_PART, ""))):
        if part:
            pieces.append(Piece(part, at % 2 == 1))
    return pieces
