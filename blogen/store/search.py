"""Full-text search over posts (SQLite FTS5): the only place that knows how.

Chinese, Japanese, Korean, Thai and their like put no spaces between words. Their characters are indexed one by one
(a zero-width space parts them), and a word of a query is looked for as a phrase of its characters.
"""

from __future__ import annotations

import json
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import combining, normalize

from blogen.store.database import Database, Transaction

if TYPE_CHECKING:
    from blogen.domain.post import Block, Runs
    from blogen.domain.post_summary import PostSummary
    from blogen.store.posts import PostLine

_CANDIDATES = 1000
"""Only so many of the newest hits are ranked: ranking every hit of a common word takes seconds on a large blog."""

_COMMON = 20_000
"""A word in so many posts is not ranked by bm25, which counts all hits of each word: that takes 0.1 ms per 1,000."""
_KNOWN_COMMON = 10_000
_INDEXED_BEGINNING = 3
"""Beginnings of so many characters are indexed as words are; what begins with more is gathered for each query."""
_NEWEST_SAID = 200
_COMPLETIONS = 8

_FEW = 5_000
"""So many posts are looked for by their numbers; where more may be meant, each hit is looked at."""

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


class Within(NamedTuple):
    """Which posts are searched: all, or those of a tag, an author, a language, a time. Empty or None: any."""

    tag: str = ""
    author: str = ""
    """A handle."""
    language: str = ""
    since: int | None = None
    """Unix ms, as `until`; published then or later."""
    until: int | None = None
    """Published before that."""


EVERYWHERE = Within()


class Hit(NamedTuple):
    line: PostLine
    title: list[Piece]
    snippet: list[Piece]
    item: str
    """The post's JSON as it stands in lists."""

    @property
    def post(self) -> PostSummary:
        from blogen.domain.post_summary import PostSummary

        return PostSummary.model_validate_json(self.item)


class Found(NamedTuple):
    hits: list[Hit]
    has_all_words: bool
    """False where no post has all the words and these have some of them."""


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._common: OrderedDict[str, None] = OrderedDict()
        """Words known to stand in a great many posts: they are not counted again."""

    async def find(self, query: str, *, limit: int = 20, within: Within = EVERYWHERE) -> Found:
        """The best posts for what a person typed. Nothing in `query` is syntax.

        Without words it is the newest posts of what is searched, if that is less than everything.
        """
        words = _words_of(query)
        if not words:
            return Found(await self._newest(within, limit) if within != EVERYWHERE else [], has_all_words=True)
        asked, only = await self._asked(words), await self._only(within)
        hits = await self._matching(" AND ".join(asked.terms), asked, only, limit)
        if hits or len(asked.terms) < 2:
            return Found(hits, has_all_words=True)
        return Found(await self._matching(" OR ".join(asked.terms), asked, only, limit), has_all_words=False)

    async def languages(self) -> list[str]:
        """The languages in which there are posts."""
        return [row["language"] for row in await self._database.read(_LANGUAGES)]

    async def span(self) -> tuple[int, int] | None:
        """When the first and the last post were published, Unix ms; None without posts."""
        row = await self._database.read_one(
            "SELECT (SELECT min(published_at) FROM posts) AS first, (SELECT max(published_at) FROM posts) AS last"
        )
        return (row["first"], row["last"]) if row and row["first"] is not None else None

    async def _asked(self, words: list[str]) -> _Asked:
        terms = [f'"{_parted(word)}"' for word in words]
        counts = await self._count(terms)
        # The last may still be being typed: it is the beginning of a word, unless it is a single character (too many
        # words begin so) or a word that fills the list by itself.
        if len(words[-1]) > 1 and counts[-1] < _CANDIDATES:
            terms[-1] = await self._beginning(words[-1])
            if not terms[-1].endswith("*") or len(words[-1]) <= _INDEXED_BEGINNING:
                counts[-1:] = await self._count(terms[-1:])
        common = [term for term, count in zip(terms, counts, strict=True) if count >= _COMMON]
        rare = [term for term in terms if term not in common]
        return _Asked(terms, tell=rare or common, has_common=bool(common))

    async def _beginning(self, word: str) -> str:
        """What finds words that begin with `word`.

        Where a great many posts have one of them, gathering all their hits takes a second: then they are looked for by
        name, those that stand in what the newest posts say of themselves.
        """
        term = f'"{_parted(word)}"*'
        if len(word) <= _INDEXED_BEGINNING or _PART in term:
            return term
        indexed = f'"{word[:_INDEXED_BEGINNING]}"*'
        if (await self._count([indexed]))[0] < _COMMON:
            return term
        rows = await self._database.read(_SAID, (f"{{title summary tags}} : {indexed}", _NEWEST_SAID))
        said = Counter(one for row in rows for one in _WORD.findall(_plain(" ".join(row))))
        known = [one for one, _ in said.most_common() if one.startswith(_plain(word))][:_COMPLETIONS]
        found = "({})".format(" OR ".join(f'"{one}"' for one in known))
        return found if known and (await self._count([found]))[0] >= _CANDIDATES else term

    async def _count(self, terms: list[str]) -> list[int]:
        """In how many posts each stands, counted up to `_COMMON`."""
        unknown = [term for term in dict.fromkeys(terms) if term not in self._common]
        found = dict.fromkeys(self._common, _COMMON)
        if unknown:
            rows = await self._database.read(
                " UNION ALL ".join([_COUNT] * len(unknown)), [param for term in unknown for param in (term, _COMMON)]
            )
            found |= {term: row["posts"] for term, row in zip(unknown, rows, strict=True)}
        for term in terms:
            if found[term] >= _COMMON:
                self._common[term] = None
                self._common.move_to_end(term)
        while len(self._common) > _KNOWN_COMMON:
            self._common.popitem(last=False)
        return [found[term] for term in terms]

    async def _only(self, within: Within) -> _Only:
        """What keeps a walk along the hits within what is searched."""
        if within == EVERYWHERE:
            return _Only("", ())
        tables, where, params, _ = _posts_within(within)
        rows = await self._database.read(f"SELECT p.number FROM {tables} WHERE {where} LIMIT ?", (*params, _FEW + 1))
        if len(rows) <= _FEW:
            # The plus: FTS5 walks its hits once, and does not begin anew for each number.
            return _Only("AND +rowid IN (SELECT value FROM json_each(?))", (json.dumps([row[0] for row in rows]),))
        return _Only(
            f"AND EXISTS (SELECT 1 FROM {tables} WHERE p.number = posts_search.rowid AND {where})", tuple(params)
        )

    async def _newest(self, within: Within, limit: int) -> list[Hit]:
        from blogen.domain.post_summary import PostSummary
        from blogen.store.posts import LINE, PostLine

        tables, where, params, key = _posts_within(within)
        order = ", ".join(f"{column} DESC" for column in key)
        rows = await self._database.read(
            f"SELECT {LINE}, p.item FROM {tables} WHERE {where} ORDER BY {order} LIMIT ?", (*params, limit)
        )
        found = []
        for row in rows:
            post = PostSummary.model_validate_json(row["item"])
            said = [[Piece(text, is_match=False)] for text in (post.title, post.summary)]
            found.append(Hit(PostLine(*tuple(row)[:-1]), said[0], said[1], row["item"]))
        return found

    async def _matching(self, expression: str, asked: _Asked, only: _Only, limit: int) -> list[Hit]:
        from blogen.store.posts import PostLine

        if asked.has_common:
            telling = " OR ".join(asked.tell)
            columns = (f"{{{column}}} : ({telling}) AND ({expression})" for column in ("title", "tags", "summary"))
            places = [param for column in columns for param in (column, *only.params)]
            params = (expression, *only.params, _CANDIDATES, *places, limit, expression)
            sql = _find_by_place(only.sql)
        else:
            params = (expression, *only.params, expression, *only.params, _CANDIDATES - 1, limit, expression)
            sql = _find(only.sql)
        rows = await self._database.read(sql, params)
        return [
            Hit(PostLine(*row[:-3]), _pieces(row["marked_title"]), _pieces(row["snippet"]), row["item"]) for row in rows
        ]


class _Asked(NamedTuple):
    terms: list[str]
    tell: list[str]
    """Those whose place in a post tells how good it is: the rarer ones, where there are some."""
    has_common: bool


class _Only(NamedTuple):
    """A condition on `posts_search.rowid`, and what it takes."""

    sql: str
    params: tuple[object, ...]


def _posts_within(within: Within) -> tuple[str, str, list[object], tuple[str, str]]:
    """Tables (posts as `p`), condition and its parameters; and what the newest is told by."""
    tables, key, conditions, params = "posts p", ("p.published_at", "p.id"), list[str](), list[object]()
    if within.tag:
        tables = "post_tags t JOIN posts p ON p.id = t.post_id AND p.published_at = t.published_at"
        key = ("t.published_at", "t.post_id")
        conditions.append("t.tag = ?")
        params.append(within.tag)
    if within.author:
        conditions.append("p.author_id = (SELECT id FROM authors WHERE handle = ?)")
        params.append(within.author)
    if within.language:
        conditions.append("p.language = ?")
        params.append(within.language)
    if within.since is not None:
        conditions.append(f"{key[0]} >= ?")
        params.append(within.since)
    if within.until is not None:
        conditions.append(f"{key[0]} < ?")
        params.append(within.until)
    return tables, " AND ".join(conditions), params, key


_LANGUAGES = """
WITH RECURSIVE found (language) AS (
    SELECT min(language) FROM posts
    UNION ALL
    SELECT (SELECT min(p.language) FROM posts p WHERE p.language > found.language) FROM found
    WHERE found.language IS NOT NULL
)
SELECT language FROM found WHERE language IS NOT NULL AND language <> ''
"""
# From one language to the next along the index, however many posts there are.

_SAID = "SELECT title, summary, tags FROM posts_search WHERE posts_search MATCH ? ORDER BY rowid DESC LIMIT ?"
_WORD = re.compile(r"\w+")
_COUNT = "SELECT count(*) AS posts FROM (SELECT 1 FROM posts_search WHERE posts_search MATCH ? LIMIT ?)"

_SHOWN = """
SELECT p.id, p.slug, p.published_at, p.updated_at, p.likes, p.comments,
    highlight(posts_search, 0, char(2), char(3)) AS marked_title,
    snippet(posts_search, 3, char(2), char(3), '…', 32) AS snippet, p.item
FROM posts_search CROSS JOIN best ON best.number = +posts_search.rowid CROSS JOIN posts p ON p.number = best.number
WHERE posts_search MATCH ? AND posts_search.rowid >= (SELECT min(number) FROM best)
ORDER BY best.score, best.number DESC
"""
# Its MATCH walks the candidates once; looked up row by row, FTS5 would begin anew for each.


@cache
def _find(only: str) -> str:
    return f"""
WITH best AS MATERIALIZED (
    SELECT rowid AS number, bm25(posts_search, {_WEIGHTS}) AS score FROM posts_search
    WHERE posts_search MATCH ? {only} AND rowid >= coalesce((
        SELECT rowid FROM posts_search WHERE posts_search MATCH ? {only} ORDER BY rowid DESC LIMIT 1 OFFSET ?), 0)
    ORDER BY score, number DESC LIMIT ?
)
{_SHOWN}"""


@cache
def _find_by_place(only: str) -> str:
    place = f"FROM posts_search WHERE posts_search MATCH ? {only} AND rowid >= (SELECT number FROM first)"
    return f"""
WITH candidates AS MATERIALIZED (
    SELECT rowid AS number FROM posts_search WHERE posts_search MATCH ? {only} ORDER BY rowid DESC LIMIT ?
), first (number) AS MATERIALIZED (SELECT min(number) FROM candidates), best AS MATERIALIZED (
    SELECT number, sum(worth) AS score FROM (
        SELECT number, -1.0 AS worth FROM candidates
        UNION ALL
        SELECT rowid, -10.0 {place}
        UNION ALL
        SELECT rowid, -6.0 {place}
        UNION ALL
        SELECT rowid, -4.0 {place}
    ) AS places GROUP BY number ORDER BY score, number DESC LIMIT ?
)
{_SHOWN}"""


# What bm25 would do besides is count every hit of every word, and a word in half of the posts tells nothing anyway.


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


def _words_of(query: str) -> list[str]:
    said = _CONTROL.sub(" ", query[:_QUERY_CHARACTERS]).replace('"', " ").split()
    return [word for word in said if _says(word)][:_QUERY_TERMS]


def _plain(text: str) -> str:
    """As the index has its words: without case and accents."""
    return "".join(sign for sign in normalize("NFKD", text).casefold() if not combining(sign))


def _says(word: str) -> bool:
    return any(character.isalnum() for character in word)


def _pieces(marked: str) -> list[Piece]:
    pieces = []
    for at, part in enumerate(re.split(f"[{_OPEN}{_CLOSE}]", marked.replace(_PART, ""))):
        if part:
            pieces.append(Piece(part, at % 2 == 1))
    return pieces
