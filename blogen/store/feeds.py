"""Feeds: the newest posts, those of whom and what a person follows, and a ranking for one person.

Posts of followed authors and tags are found in one of three ways, each quick where the others are not:

* few follows: from each follow's newest post downwards, along its own index;
* many follows whose posts are dense: along the newest posts of the whole blog, for a while;
* many follows that have been silent: as with few, which then takes too long for every page. So a stretch of the feed
  is found at once, and its posts are remembered: the next pages, and the next visits, are looked up.
"""

from __future__ import annotations

import math
import sqlite3
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from blogen.events import FollowsChanged, PostChanged, PostDeleted
from blogen.store.posts import LINE, PostCursor, PostLine, PostLines

if TYPE_CHECKING:
    from blogen.clock import Clock
    from blogen.events import Bus, Event
    from blogen.store.database import Database

MOST_NEW: Final = 100
"""Posts newer than a head are counted up to here."""
READ_FROM: Final = 0.9
"""Who has come so far in a post has read it: what follows is notes and sources."""
MOST_RANKED: Final = 200
"""Posts in a ranking; what is further down is in the other feeds."""

_TOP = PostCursor(2**63 - 1, "")
"""Before all posts."""
_MOST_WALKED_FOR_NEW = 1_000
_STRETCHES = 100
_READS_ON = 4
"""Who has read a stretch will read more: so many times more is found at once."""
_STRETCH_MS = 600_000
"""What other processes change is seen after this at the latest."""

_NEWEST_RANKED = 200
_FOLLOWED_RANKED = 100
_LIKED_RANKED = 100
_MY_LIKES = 30
_LIKERS_EACH = 30
_CO_READERS = 50
_LIKES_EACH = 50
_HALF_LIFE_MS = 5 * 86_400_000
_AUTHOR_WEIGHT = 1.0
_TAG_WEIGHT = 0.6


class Reason(StrEnum):
    """Why a post stands in a feed."""

    NEW = "new"
    AUTHOR = "followed-author"
    TAG = "followed-tag"
    CO_READERS = "co-readers"
    """People who like what the person likes like it."""


class FeedItem(NamedTuple):
    line: PostLine
    reason: Reason
    of: str
    """The author's name, the tag; else empty."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    items: list[FeedItem]
    next: PostCursor | None


class Ranked(NamedTuple):
    """A post in a ranking, by its number."""

    number: int
    reason: Reason


class Bounds(NamedTuple):
    """Where one way to the posts of follows gives way to another: what was measured with a million posts."""

    few_follows: int = 50
    walked: int = 400
    """The newest posts of the blog that are looked through."""
    stretch: int = 60
    """Posts that are remembered at a time; for who reads on, more."""
    since: int = 100
    """Posts that came after a stretch was remembered; with more it is found anew."""


DEFAULT_BOUNDS: Final = Bounds()


class _Taste(NamedTuple):
    """What a feed of a person needs to know of them; follows are counted only as far as it matters."""

    hides_unreviewed: bool
    authors: int
    tags: int

    @property
    def reasons(self) -> str:
        """Columns that say why a post stands in the feed; they take `params`."""
        by_author, by_tag = _BY_AUTHOR if self.authors else "NULL", _BY_TAG if self.tags else "NULL"
        return f"{by_author} AS by_author, {by_tag} AS by_tag"

    def params(self, person_id: str) -> tuple[str, ...]:
        return (person_id,) * (bool(self.authors) + bool(self.tags))


class _Stretch(NamedTuple):
    """Where posts of a person's feed stand, one after the other, without a gap."""

    begin: PostCursor
    """They stand behind it."""
    keys: list[PostCursor]
    """Ascending: the last is the newest."""
    is_end: bool
    """There are none behind them."""
    hides_unreviewed: bool
    number: int
    """The newest post's of the whole blog when they were found."""
    until: int


class Feeds:
    def __init__(self, database: Database, clock: Clock, bus: Bus, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._database = database
        self._bounds = bounds
        self._clock = clock
        self._stretches: OrderedDict[tuple[str, bool], _Stretch] = OrderedDict()
        """By person, and whether it begins at the top: the one who reads on does not lose it."""
        self._changes = 0
        self._stop_hearing = bus.subscribe(self._hear, FollowsChanged, PostChanged, PostDeleted)

    def close(self) -> None:
        self._stop_hearing()

    async def head(self) -> PostCursor:
        """Where the newest post of the blog stands; before all posts there are none."""
        row = await self._database.read_one(
            "SELECT published_at, id FROM posts ORDER BY published_at DESC, id DESC LIMIT 1"
        )
        return PostCursor(*row) if row else PostCursor(0, "")

    async def hides_unreviewed(self, person_id: str | None) -> bool:
        """Whether the person wants to see only posts that somebody reviewed."""
        if person_id is None:
            return False
        row = await self._database.look_up_one("SELECT hides_unreviewed FROM people WHERE id = ?", (person_id,))
        return row is not None and bool(row["hides_unreviewed"])

    async def latest(
        self, limit: int, before: PostCursor | None = None, *, hides_unreviewed: bool = False
    ) -> PostLines:
        """At most `limit` posts, newest first, those after `before`."""
        rows = await self._database.read(_latest(hides_unreviewed), (*(before or _TOP), limit + 1))
        lines = [PostLine(*row) for row in rows[:limit]]
        return PostLines(lines, _key(lines[-1]) if len(rows) > limit else None)

    async def following(self, person_id: str, limit: int, before: PostCursor | None = None) -> FeedPage:
        """At most `limit` posts by authors or with tags that the person follows, newest first, each once."""
        taste = await self._taste(person_id)
        rows = await self._followed(person_id, taste, limit + 1, before or _TOP)
        items = [_item(row) for row in rows[:limit]]
        return FeedPage(items, _key(items[-1].line) if len(rows) > limit else None)

    async def count_new(self, head: PostCursor, *, person_id: str | None = None, follows_only: bool = False) -> int:
        """How many posts are newer than `head`, at most MOST_NEW; with `follows_only` those the person follows.

        Of follows' posts it looks only at the oldest 1,000 of the newer ones.
        """
        taste = await self._taste(person_id) if person_id else _Taste(False, 0, 0)
        sql, params = _new(taste.hides_unreviewed), [*head]
        if follows_only:
            sql = _new_of_follows(taste.hides_unreviewed)
            params += [_MOST_WALKED_FOR_NEW, person_id, person_id]
        row = await self._database.read_one(sql, (*params, MOST_NEW))
        assert row is not None
        return int(row[0])

    async def rank(self, person_id: str, head: PostCursor) -> list[Ranked]:
        """Posts for the person, none newer than `head`, the best first; only such as they have not read.

        Recency, follows and the likes of those who like the same are added up. The age is that of the newest post,
        not of the hour: the same state is ranked the same.
        """
        taste = await self._taste(person_id)
        below = PostCursor(head.published_at, head.id + "~")  # so that the newest itself is in
        newest = await self._database.read(_latest(taste.hides_unreviewed), (*below, _NEWEST_RANKED))
        followed = await self._followed(person_id, taste, _FOLLOWED_RANKED, below)
        by_co_readers = await self._database.read(
            _LIKED_BY_CO_READERS,
            (person_id, _MY_LIKES, _LIKERS_EACH, person_id, _CO_READERS, _LIKES_EACH, _LIKED_RANKED),
        )
        liked = {row["id"]: row["likers"] for row in by_co_readers}
        ids = dict.fromkeys([*(row["id"] for row in newest), *(row["id"] for row in followed), *liked])
        if not ids:
            return []
        candidates = await self._database.read(_candidates(len(ids)), (person_id, person_id, person_id, *ids))
        scored = []
        for row in candidates:
            is_hidden = taste.hides_unreviewed and not row["is_reviewed"]
            if (row["published_at"], row["id"]) > head or is_hidden or (row["fraction"] or 0) >= READ_FROM:
                continue
            score, reason = _score(row, head.published_at, liked.get(row["id"], 0))
            scored.append((-score, -row["published_at"], row["number"], reason))
        scored.sort()
        return [Ranked(number, reason) for _, _, number, reason in scored[:MOST_RANKED]]

    async def ranked(self, person_id: str, ranking: Sequence[Ranked]) -> list[FeedItem]:
        """The posts of a piece of a ranking (at most 100), in its order; those that are gone are left out."""
        if not ranking:
            return []
        rows = await self._database.read(
            f"SELECT {LINE}, {_BY_AUTHOR} AS by_author, {_BY_TAG} AS by_tag, p.number FROM posts p"
            f" WHERE p.number IN ({', '.join('?' * len(ranking))})",
            (person_id, person_id, *(one.number for one in ranking)),
        )
        found = {row["number"]: row for row in rows}
        return [_item(found[one.number], one.reason) for one in ranking if one.number in found]

    async def _taste(self, person_id: str) -> _Taste:
        enough = self._bounds.few_follows + 1
        row = await self._database.look_up_one(_TASTE, (person_id, enough, person_id, enough, person_id))
        return _Taste(bool(row[0]), row[1], row[2]) if row else _Taste(False, 0, 0)

    async def _followed(self, person_id: str, taste: _Taste, count: int, before: PostCursor) -> list[sqlite3.Row]:
        """At most `count` items of the feed of follows behind `before`."""
        if not taste.authors and not taste.tags:
            return []
        if taste.authors + taste.tags <= self._bounds.few_follows:
            return await self._merge(
                f"{LINE}, {taste.reasons}", taste.params(person_id), person_id, taste, count, before
            )
        rows = await self._remembered(person_id, taste, count, before)
        if rows is None:
            rows = await self._database.read(
                _walked(taste.reasons, taste.hides_unreviewed),
                (*taste.params(person_id), *before, self._bounds.walked, count),
            )
            if len(rows) < count:
                rows = await self._found_anew(person_id, taste, count, before)
        return rows

    async def _merge(
        self, columns: str, their_params: tuple[str, ...], person_id: str, taste: _Taste, count: int, before: PostCursor
    ) -> list[sqlite3.Row]:
        kinds = bool(taste.authors) + bool(taste.tags)
        newest, chosen = (*before, person_id) * kinds, (*before, count - 1) * kinds
        return await self._database.read(
            _merged(columns, taste.hides_unreviewed, has_authors=taste.authors > 0, has_tags=taste.tags > 0),
            (*newest, count - 1, *before, *chosen, *their_params, count),
        )

    async def _remembered(
        self, person_id: str, taste: _Taste, count: int, before: PostCursor
    ) -> list[sqlite3.Row] | None:
        """As `_followed`, from a stretch that is remembered; None if there is none that holds enough."""
        for is_top in (True, False):
            stretch = self._stretches.get((person_id, is_top))
            if stretch is not None and (rows := await self._from(stretch, person_id, taste, count, before)) is not None:
                self._stretches.move_to_end((person_id, is_top))
                return rows
        return None

    async def _found_anew(self, person_id: str, taste: _Taste, count: int, before: PostCursor) -> list[sqlite3.Row]:
        changes = self._changes
        newest = await self._database.read_one("SELECT max(number) AS number FROM posts")
        size = max(self._bounds.stretch * (1 if before == _TOP else _READS_ON), count)
        found = await self._merge("p.published_at, p.id", (), person_id, taste, size, before)
        stretch = _Stretch(
            begin=before,
            keys=[PostCursor(*row) for row in reversed(found)],
            is_end=len(found) < size,
            hides_unreviewed=taste.hides_unreviewed,
            number=(newest and newest["number"]) or 0,
            until=self._clock.now_ms() + _STRETCH_MS,
        )
        if changes == self._changes:  # otherwise it may show what is no longer so
            self._stretches[person_id, before == _TOP] = stretch
            while len(self._stretches) > _STRETCHES:
                self._stretches.popitem(last=False)
        return await self._lines(person_id, taste, stretch.keys[: -count - 1 : -1])

    async def _from(
        self, stretch: _Stretch, person_id: str, taste: _Taste, count: int, before: PostCursor
    ) -> list[sqlite3.Row] | None:
        is_stale = stretch.hides_unreviewed != taste.hides_unreviewed or stretch.until <= self._clock.now_ms()
        if is_stale or before > stretch.begin:
            return None
        since = await self._database.read(_SINCE, (person_id, person_id, stretch.number, self._bounds.since + 1))
        if len(since) > self._bounds.since:
            return None
        keys = stretch.keys[: bisect_left(stretch.keys, before)][: -count - 1 : -1]
        floor = PostCursor(-1, "") if stretch.is_end else stretch.keys[0]
        fresh = [
            key
            for row in since
            if row["is_followed"]
            and floor <= (key := PostCursor(row["published_at"], row["id"])) < before
            and not (taste.hides_unreviewed and not row["is_reviewed"])
        ]
        wanted = sorted({*keys, *fresh}, reverse=True)[:count]
        rows = await self._lines(person_id, taste, wanted)
        is_whole = len(wanted) == count or stretch.is_end
        return rows if is_whole and len(rows) == len(wanted) else None  # otherwise some are gone

    async def _lines(self, person_id: str, taste: _Taste, keys: Sequence[PostCursor]) -> list[sqlite3.Row]:
        """The items that stand there, in that order."""
        if not keys:
            return []
        rows = await self._database.read(
            f"SELECT {LINE}, {taste.reasons} FROM posts p WHERE p.id IN ({', '.join('?' * len(keys))})",
            (*taste.params(person_id), *(key.id for key in keys)),
        )
        return sorted(rows, key=lambda row: (row["published_at"], row["id"]), reverse=True)

    def _hear(self, event: Event) -> None:
        if isinstance(event, FollowsChanged):
            self._changes += 1
            for is_top in (True, False):
                self._stretches.pop((event.person_id, is_top), None)
        elif isinstance(event, PostChanged | PostDeleted):  # its tags, its review; its number may be another's now
            self._changes += 1
            self._stretches.clear()


_BY_AUTHOR = """(
SELECT a.name FROM author_follows f JOIN authors a ON a.id = f.author_id
WHERE f.person_id = ? AND f.author_id = p.author_id)"""
_BY_TAG = """(
SELECT t.tag FROM post_tags t JOIN tag_follows f ON f.person_id = ? AND f.tag = t.tag
WHERE t.post_id = p.id ORDER BY t.tag LIMIT 1)"""

_TASTE = """
SELECT hides_unreviewed,
(SELECT count(*) FROM (SELECT 1 FROM author_follows WHERE person_id = ? LIMIT ?) AS some),
(SELECT count(*) FROM (SELECT 1 FROM tag_follows WHERE person_id = ? LIMIT ?) AS some)
FROM people WHERE id = ?
"""

_OF_FOLLOWS = """
(EXISTS (SELECT 1 FROM author_follows f WHERE f.person_id = ? AND f.author_id = p.author_id)
 OR EXISTS (SELECT 1 FROM post_tags t JOIN tag_follows f ON f.person_id = ? AND f.tag = t.tag WHERE t.post_id = p.id))
"""

_SINCE = f"""
SELECT p.id, p.published_at, p.is_reviewed, {_OF_FOLLOWS} AS is_followed
FROM posts p WHERE p.number > ? ORDER BY p.number LIMIT ?
"""

_LIKED_BY_CO_READERS = """
WITH mine AS MATERIALIZED (SELECT post_id FROM likes WHERE person_id = ? ORDER BY post_id DESC LIMIT ?),
co_readers AS MATERIALIZED (
    SELECT o.id FROM mine m JOIN people o ON o.id IN (
        SELECT l.person_id FROM likes l WHERE l.post_id = m.post_id ORDER BY l.person_id DESC LIMIT ?)
    WHERE o.id <> ? GROUP BY o.id ORDER BY count(*) DESC, o.id DESC LIMIT ?)
SELECT p.id, count(*) AS likers FROM co_readers c JOIN posts p ON p.id IN (
    SELECT l.post_id FROM likes l WHERE l.person_id = c.id ORDER BY l.post_id DESC LIMIT ?)
GROUP BY p.id ORDER BY likers DESC, p.id DESC LIMIT ?
"""
"""Bounded at every step: some of the person's likes, some who like each, the closest of those, some of their likes."""


@cache
def _latest(hides_unreviewed: bool) -> str:
    reviewed = "p.is_reviewed = 1 AND" if hides_unreviewed else ""
    return (
        f"SELECT {LINE} FROM posts p WHERE {reviewed} (p.published_at, p.id) < (?, ?)"
        " ORDER BY p.published_at DESC, p.id DESC LIMIT ?"
    )


@cache
def _walked(reasons: str, hides_unreviewed: bool) -> str:
    """The newest posts of the whole blog, those among them that the person follows."""
    reviewed = "is_reviewed = 1 AND" if hides_unreviewed else ""
    return f"""
SELECT * FROM (
    SELECT {LINE}, {reasons} FROM (
        SELECT id, slug, author_id, published_at, updated_at, likes, comments FROM posts
        WHERE {reviewed} (published_at, id) < (?, ?) ORDER BY published_at DESC, id DESC LIMIT ?
    ) p
) AS walked WHERE by_author IS NOT NULL OR by_tag IS NOT NULL LIMIT ?
"""


@cache
def _merged(columns: str, hides_unreviewed: bool, *, has_authors: bool, has_tags: bool) -> str:
    """From each follow's newest post downwards.

    The newest of so many follows are posts of the page for certain: what is older than the last of these (`bottom`) is
    not looked at, nor more of a follow than a page holds (`floor`).

    What the last joins compare with comes from `bottom`, not from parameters: where SQLite knows of a condition on the
    table alone it may read the whole table to build a Bloom filter.
    """
    reviewed = "AND q.is_reviewed = 1" if hides_unreviewed else ""
    # CROSS JOIN: in this order, whatever SQLite thinks of how many rows there are.
    also_posts, tagged = ("CROSS JOIN posts q", f"AND q.id = t.post_id {reviewed}") if hides_unreviewed else ("", "")
    by_author = f"FROM posts q WHERE q.author_id = f.author_id {reviewed} AND (q.published_at, q.id) < (?, ?)"
    by_tag = f"FROM post_tags t {also_posts} WHERE t.tag = f.tag {tagged} AND (t.published_at, t.post_id) < (?, ?)"
    down_authors = "ORDER BY q.published_at DESC, q.id DESC LIMIT 1"
    down_tags = "ORDER BY t.published_at DESC, t.post_id DESC LIMIT 1"
    before, tagged_as_shown = "(b.before_at, b.before_id)", tagged.replace("= 1", "= b.shown")
    from_floor = "published_at >= CASE WHEN f.floor > b.at THEN f.floor ELSE b.at END"
    follows, newest, chosen, found = [], [], [], []
    if has_authors:
        follows.append(f"""of_authors (author_id, at) AS MATERIALIZED (
    SELECT f.author_id, (SELECT q.published_at {by_author} {down_authors})
    FROM author_follows f WHERE f.person_id = ?)""")
        newest.append("SELECT at FROM of_authors")
        chosen.append(f"""authors_with (author_id, floor) AS MATERIALIZED (
    SELECT f.author_id, coalesce((SELECT q.published_at {by_author} {down_authors} OFFSET ?), -1)
    FROM of_authors f WHERE f.at >= (SELECT at FROM bottom))""")
        of_author = f"q.author_id = f.author_id {reviewed} AND (q.published_at, q.id) < {before} AND q.{from_floor}"
        if hides_unreviewed:
            of_author = f"q.id IN (SELECT q.id FROM posts q WHERE {of_author})"
        found.append(f"""SELECT q.published_at, q.id FROM authors_with f CROSS JOIN bottom b CROSS JOIN posts q
    WHERE {of_author}""")
    if has_tags:
        follows.append(f"""of_tags (tag, at) AS MATERIALIZED (
    SELECT f.tag, (SELECT t.published_at {by_tag} {down_tags}) FROM tag_follows f WHERE f.person_id = ?)""")
        newest.append("SELECT at FROM of_tags")
        chosen.append(f"""tags_with (tag, floor) AS MATERIALIZED (
    SELECT f.tag, coalesce((SELECT t.published_at {by_tag} {down_tags} OFFSET ?), -1)
    FROM of_tags f WHERE f.at >= (SELECT at FROM bottom))""")
        once = "" if has_authors else "DISTINCT"  # UNION sees to it
        found.append(f"""SELECT {once} t.published_at, t.post_id AS id
    FROM tags_with f CROSS JOIN bottom b CROSS JOIN post_tags t {also_posts}
    WHERE t.tag = f.tag {tagged_as_shown} AND (t.published_at, t.post_id) < {before} AND t.{from_floor}""")
    return f"""
WITH {", ".join(follows)}, bottom (at, before_at, before_id, shown) AS MATERIALIZED (
    SELECT coalesce((
        SELECT DISTINCT at FROM ({" UNION ALL ".join(newest)}) AS newest
        WHERE at IS NOT NULL ORDER BY at DESC LIMIT 1 OFFSET ?), -1), ?, ?, 1
), {", ".join(chosen)}
SELECT {columns} FROM (
    SELECT published_at, id FROM ({" UNION ".join(found)}) AS found ORDER BY published_at DESC, id DESC LIMIT ?
) AS page CROSS JOIN posts p WHERE p.id = page.id ORDER BY p.published_at DESC, p.id DESC
"""


@cache
def _new(hides_unreviewed: bool) -> str:
    reviewed = "is_reviewed = 1 AND" if hides_unreviewed else ""
    return (
        f"SELECT count(*) FROM (SELECT 1 FROM posts WHERE {reviewed} (published_at, id) > (?, ?)"
        " ORDER BY published_at, id LIMIT ?) AS some"
    )


@cache
def _new_of_follows(hides_unreviewed: bool) -> str:
    reviewed = "is_reviewed = 1 AND" if hides_unreviewed else ""
    return f"""
SELECT count(*) FROM (SELECT 1 FROM (
    SELECT id, author_id FROM posts WHERE {reviewed} (published_at, id) > (?, ?) ORDER BY published_at, id LIMIT ?
) p WHERE {_OF_FOLLOWS} LIMIT ?) AS some
"""


@cache
def _candidates(count: int) -> str:
    return f"""
SELECT p.number, p.id, p.published_at, p.is_reviewed,
EXISTS (SELECT 1 FROM author_follows f WHERE f.person_id = ? AND f.author_id = p.author_id) AS by_author,
EXISTS (SELECT 1 FROM post_tags t JOIN tag_follows f ON f.person_id = ? AND f.tag = t.tag
        WHERE t.post_id = p.id) AS by_tag,
(SELECT r.fraction FROM reading_progress r WHERE r.person_id = ? AND r.post_id = p.id) AS fraction
FROM posts p WHERE p.id IN ({", ".join("?" * count)})
"""


def _score(row: sqlite3.Row, newest_at: int, likers: int) -> tuple[float, Reason]:
    """How good a post is for the person, and what speaks for it most."""
    parts = {
        Reason.AUTHOR: _AUTHOR_WEIGHT if row["by_author"] else 0.0,
        Reason.TAG: _TAG_WEIGHT if row["by_tag"] else 0.0,
        Reason.CO_READERS: min(1.0, math.log2(1 + likers) / 4),
        Reason.NEW: 2.0 ** ((row["published_at"] - newest_at) / _HALF_LIFE_MS),
    }
    return sum(parts.values()), max(parts, key=lambda reason: parts[reason])


def _item(row: sqlite3.Row, reason: Reason | None = None) -> FeedItem:
    line = PostLine(*tuple(row)[: len(PostLine._fields)])
    reason = reason or (Reason.AUTHOR if row["by_author"] else Reason.TAG)
    names = {Reason.AUTHOR: row["by_author"], Reason.TAG: row["by_tag"]}
    return FeedItem(line, reason, names.get(reason) or "")


def _key(line: PostLine) -> PostCursor:
    return PostCursor(line.published_at, line.id)
