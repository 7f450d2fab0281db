"""What people do with posts: likes, bookmarks in lists, follows of authors and tags, how far one has read.

Every act may be repeated: a count moves only if its row was really made or removed, in the same transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from blogen.errors import NotFound, NotSignedIn
from blogen.events import FollowsChanged, PostCounted
from blogen.store.tag_counts import forget_unused

if TYPE_CHECKING:
    from blogen.store.database import Database, Transaction

T = TypeVar("T")

_PER_QUERY = 100
_MARKS_KEPT = 256
"""Lists of posts, each with what one person did with them."""


class Marks(NamedTuple):
    """What one person did with one post."""

    liked: bool
    bookmarked: bool
    progress: float
    """0 to 1."""


NO_MARKS = Marks(liked=False, bookmarked=False, progress=0.0)


class Place(NamedTuple):
    """How far a person read a post."""

    block: str
    fraction: float
    at: int


class PostStanding(NamedTuple):
    """What stands between one person and one post, with the post's counts."""

    slug: str
    likes: int
    comments: int
    marks: Marks
    list: str | None
    """The list of the bookmark, empty for none; None: there is no bookmark."""
    place: Place | None


class AuthorStanding(NamedTuple):
    handle: str
    followers: int
    is_followed: bool


class TagStanding(NamedTuple):
    tag: str
    posts: int
    followers: int
    is_followed: bool


class Bookmark(NamedTuple):
    post_id: str
    list: str
    at: int


class BookmarkList(NamedTuple):
    name: str
    posts: int


class Reading(NamedTuple):
    post_id: str
    place: Place


class TagUse(NamedTuple):
    tag: str
    posts: int
    followers: int


class TagCursor(NamedTuple):
    """The last tag of a list that was shown; the next list goes on behind it."""

    posts: int
    tag: str


class Behind(NamedTuple):
    """The last item of a list that was shown; the next list goes on behind it."""

    at: int
    id: str


class Follow(NamedTuple):
    """An author or a tag that a person follows."""

    kind: Literal["author", "tag"]
    id: str
    """The tag itself, or the author's id."""
    handle: str
    name: str
    avatar: str | None
    posts: int
    """0 for an author: not counted."""
    followers: int
    at: int


@dataclass(frozen=True, slots=True)
class Bookmarks:
    items: list[Bookmark]
    next: Behind | None


@dataclass(frozen=True, slots=True)
class History:
    items: list[Reading]
    next: Behind | None


class Social:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._marks: dict[tuple[str, tuple[str, ...]], Mapping[str, Marks]] = {}
        """By person and posts, as they were when the database had that version."""
        self._marks_version: int | None = None

    async def marks(self, person_id: str, post_ids: Sequence[str]) -> Mapping[str, Marks]:
        """What the person did with each of these posts; every one of them is in the answer."""
        asked, version = (person_id, tuple(post_ids)), self._database.version()
        if version is None or version != self._marks_version or len(self._marks) >= _MARKS_KEPT:
            self._marks.clear()
            self._marks_version = version
        if (known := self._marks.get(asked)) is not None:
            return known
        found = await self._looked_up_marks(person_id, post_ids)
        if version is not None and version == self._marks_version:
            self._marks[asked] = found
        return found

    async def _looked_up_marks(self, person_id: str, post_ids: Sequence[str]) -> Mapping[str, Marks]:
        found = dict.fromkeys(post_ids, NO_MARKS)
        for start in range(0, len(post_ids), _PER_QUERY):
            asked = post_ids[start : start + _PER_QUERY]
            rows = await self._database.look_up(_marks(len(asked)), (*asked, person_id, person_id, person_id))
            for post_id, liked, bookmarked, progress in rows:
                if liked or bookmarked or progress is not None:
                    found[post_id] = Marks(bool(liked), bool(bookmarked), progress or 0.0)
        return found

    async def standing(self, person_id: str, slug: str) -> PostStanding:
        """What stands between the person and the post. Raises NotFound."""
        row = await self._database.read_one(f"{_STANDING} WHERE p.slug = ?", (person_id, person_id, person_id, slug))
        if row is None:
            raise _no_post(slug)
        return _standing(row)

    async def like(self, person_id: str, slug: str) -> PostStanding:
        """Raises NotFound."""

        def act(tx: Transaction, post_id: str) -> None:
            made = tx.execute(
                "INSERT INTO likes (person_id, post_id, at) VALUES (?, ?, ?)"
                " ON CONFLICT (person_id, post_id) DO NOTHING",
                (person_id, post_id, tx.now_ms),
            )
            _count_likes(tx, slug, by=made)

        return await self._do(person_id, slug, act)

    async def unlike(self, person_id: str, slug: str) -> PostStanding:
        """Raises NotFound."""

        def act(tx: Transaction, post_id: str) -> None:
            gone = tx.execute("DELETE FROM likes WHERE person_id = ? AND post_id = ?", (person_id, post_id))
            _count_likes(tx, slug, by=-gone)

        return await self._do(person_id, slug, act)

    async def bookmark(self, person_id: str, slug: str, into: str | None = None) -> PostStanding:
        """Keep the post, or move it into the list `into` (empty: into none; None: it stays where it is).

        Raises NotFound.
        """

        def act(tx: Transaction, post_id: str) -> None:
            tx.execute(
                "INSERT INTO bookmarks (person_id, post_id, list, at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (person_id, post_id) DO UPDATE SET list = coalesce(?, bookmarks.list)",
                (person_id, post_id, into or "", tx.now_ms, into),
            )

        return await self._do(person_id, slug, act)

    async def remove_bookmark(self, person_id: str, slug: str) -> PostStanding:
        """Raises NotFound."""

        def act(tx: Transaction, post_id: str) -> None:
            tx.execute("DELETE FROM bookmarks WHERE person_id = ? AND post_id = ?", (person_id, post_id))

        return await self._do(person_id, slug, act)

    async def read_up_to(self, person_id: str, slug: str, place: Place) -> PostStanding:
        """Note how far the person read; the latest `at` wins, whatever comes first. Raises NotFound.

        A device whose clock is ahead read it now at the latest: a time to come would keep every later place out.
        """

        def act(tx: Transaction, post_id: str) -> None:
            tx.execute(
                "INSERT INTO reading_progress (person_id, post_id, block, fraction, at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (person_id, post_id) DO UPDATE SET"
                " block = excluded.block, fraction = excluded.fraction, at = excluded.at"
                " WHERE (excluded.at, excluded.fraction, excluded.block)"
                " > (reading_progress.at, reading_progress.fraction, reading_progress.block)",
                (person_id, post_id, place.block, place.fraction, min(place.at, tx.now_ms)),
            )

        return await self._do(person_id, slug, act)

    async def forget_place(self, person_id: str, slug: str) -> PostStanding:
        """Take the post out of what the person has read. Raises NotFound."""

        def act(tx: Transaction, post_id: str) -> None:
            tx.execute("DELETE FROM reading_progress WHERE person_id = ? AND post_id = ?", (person_id, post_id))

        return await self._do(person_id, slug, act)

    async def follow_author(self, person_id: str, handle: str) -> AuthorStanding:
        """Raises NotFound."""

        def work(tx: Transaction) -> AuthorStanding:
            author_id = _author_id(tx, handle)
            _check_person(tx, person_id)
            made = tx.execute(
                "INSERT INTO author_follows (person_id, author_id, at) VALUES (?, ?, ?)"
                " ON CONFLICT (person_id, author_id) DO NOTHING",
                (person_id, author_id, tx.now_ms),
            )
            return _author_standing(tx, person_id, author_id, by=made)

        return await self._database.write(work)

    async def unfollow_author(self, person_id: str, handle: str) -> AuthorStanding:
        """Raises NotFound."""

        def work(tx: Transaction) -> AuthorStanding:
            author_id = _author_id(tx, handle)
            gone = tx.execute(
                "DELETE FROM author_follows WHERE person_id = ? AND author_id = ?", (person_id, author_id)
            )
            return _author_standing(tx, person_id, author_id, by=-gone)

        return await self._database.write(work)

    async def follow_tag(self, person_id: str, tag: str) -> TagStanding:
        """Raises NotFound if no post has the tag: what a person makes up would be kept for nothing."""

        def work(tx: Transaction) -> TagStanding:
            _check_person(tx, person_id)
            if not tx.query("SELECT 1 FROM tag_counts WHERE tag = ?", (tag,)):
                raise no_tag(tag)
            made = tx.execute(
                "INSERT INTO tag_follows (person_id, tag, at) VALUES (?, ?, ?) ON CONFLICT (person_id, tag) DO NOTHING",
                (person_id, tag, tx.now_ms),
            )
            return _tag_standing(tx, person_id, tag, by=made)

        return await self._database.write(work)

    async def unfollow_tag(self, person_id: str, tag: str) -> TagStanding:
        """A tag that is not there is not followed either."""

        def work(tx: Transaction) -> TagStanding:
            gone = tx.execute("DELETE FROM tag_follows WHERE person_id = ? AND tag = ?", (person_id, tag))
            return _tag_standing(tx, person_id, tag, by=-gone)

        return await self._database.write(work)

    async def follows_author(self, person_id: str, author_ids: Sequence[str]) -> set[str]:
        """Those of the authors that the person follows."""
        return await self._followed("author_follows", "author_id", person_id, author_ids)

    async def follows_tag(self, person_id: str, tags: Sequence[str]) -> set[str]:
        """Those of the tags that the person follows."""
        return await self._followed("tag_follows", "tag", person_id, tags)

    async def bookmarks(
        self, person_id: str, limit: int, before: Behind | None = None, *, of_list: str | None = None
    ) -> Bookmarks:
        """What the person keeps, newest first; only of one list, or (empty) only what is in none."""
        where, params = "person_id = ?", [person_id]
        if of_list is not None:
            where += " AND list = ?"
            params.append(of_list)
        rows = await self._newest("post_id, list, at", "bookmarks", where, params, limit, before)
        return Bookmarks([Bookmark(*row) for row in rows[:limit]], _behind(rows, limit))

    async def bookmark_lists(self, person_id: str) -> list[BookmarkList]:
        """The person's lists by name, each with the number of its posts; the empty name is no list."""
        rows = await self._database.read(
            "SELECT list, count(*) FROM bookmarks WHERE person_id = ? GROUP BY list ORDER BY list", (person_id,)
        )
        return [BookmarkList(*row) for row in rows]

    async def history(self, person_id: str, limit: int, before: Behind | None = None) -> History:
        """What the person has read, last first."""
        columns = "post_id, block, fraction, at"
        rows = await self._newest(columns, "reading_progress", "person_id = ?", [person_id], limit, before)
        return History([Reading(row[0], Place(*tuple(row)[1:])) for row in rows[:limit]], _behind(rows, limit))

    async def followed_authors(self, person_id: str, limit: int, after: str = "") -> list[Follow]:
        """At most `limit` authors whom the person follows, in the order of their ids, those behind the id `after`."""
        rows = await self._database.read(
            "SELECT 'author', a.id, a.handle, a.name, a.avatar, 0, a.followers, f.at"
            " FROM author_follows f JOIN authors a ON a.id = f.author_id"
            " WHERE f.person_id = ? AND f.author_id > ? ORDER BY f.author_id LIMIT ?",
            (person_id, after, limit),
        )
        return [Follow(*row) for row in rows]

    async def followed_tags(self, person_id: str, limit: int, after: str = "") -> list[Follow]:
        """At most `limit` tags that the person follows, by name, those behind `after`."""
        rows = await self._database.read(
            "SELECT 'tag', f.tag, '', '', NULL, c.posts, c.followers, f.at"
            " FROM tag_follows f JOIN tag_counts c ON c.tag = f.tag"
            " WHERE f.person_id = ? AND f.tag > ? ORDER BY f.tag LIMIT ?",
            (person_id, after, limit),
        )
        return [Follow(*row) for row in rows]

    async def tags(self, limit: int, after: TagCursor | None = None) -> tuple[list[TagUse], TagCursor | None]:
        """At most `limit` tags that posts have, the most used first, those after `after`; and where to go on."""
        if after is None:
            rows = await self._database.read(f"{_TAGS} WHERE posts > 0 {_MOST_USED_TAGS}", (limit + 1,))
        else:
            # In two parts, each a piece of the index: those used as much, then those used less.
            rows = await self._database.read(
                f"SELECT * FROM ({_TAGS} WHERE posts = ? AND tag > ? ORDER BY tag LIMIT ?) AS as_much UNION ALL"
                f" SELECT * FROM ({_TAGS} WHERE posts > 0 AND posts < ? {_MOST_USED_TAGS}) AS less LIMIT ?",
                (*after, limit + 1, after.posts, limit + 1, limit + 1),
            )
        found = [TagUse(*row) for row in rows[:limit]]
        return found, TagCursor(found[-1].posts, found[-1].tag) if len(rows) > limit else None

    async def _do(self, person_id: str, slug: str, act: Callable[[Transaction, str], None]) -> PostStanding:
        def work(tx: Transaction) -> PostStanding:
            _check_person(tx, person_id)
            found = tx.query("SELECT id FROM posts WHERE slug = ?", (slug,))
            if not found:
                raise _no_post(slug)
            act(tx, found[0]["id"])
            return _standing(tx.query(f"{_STANDING} WHERE p.slug = ?", (person_id, person_id, person_id, slug))[0])

        return await self._database.write(work)

    async def _newest(
        self, columns: str, table: str, where: str, params: Sequence[object], limit: int, before: Behind | None
    ) -> list[sqlite3.Row]:
        """One more than `limit`, if there are."""
        if before is not None:
            where, params = f"{where} AND (at, post_id) < (?, ?)", (*params, *before)
        sql = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY at DESC, post_id DESC LIMIT ?"
        return await self._database.read(sql, (*params, limit + 1))

    async def _followed(self, table: str, column: str, person_id: str, asked: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(asked), _PER_QUERY):
            some = asked[start : start + _PER_QUERY]
            rows = await self._database.read(
                f"SELECT {column} FROM {table} WHERE person_id = ? AND {column} IN ({', '.join('?' * len(some))})",
                (person_id, *some),
            )
            found |= {row[0] for row in rows}
        return found


def no_tag(tag: str) -> NotFound:
    return NotFound(f"No post has the tag {tag[:50]!r}.", remedy="GET /api/v1/tags lists them all.")


_TAGS = "SELECT tag, posts, followers FROM tag_counts"
_MOST_USED_TAGS = "ORDER BY posts DESC, tag LIMIT ?"

_MARKS = """
EXISTS (SELECT 1 FROM likes m WHERE m.person_id = ? AND m.post_id = id) AS liked,
EXISTS (SELECT 1 FROM bookmarks m WHERE m.person_id = ? AND m.post_id = id) AS bookmarked,
(SELECT m.fraction FROM reading_progress m WHERE m.person_id = ? AND m.post_id = id) AS progress
"""


@cache
def _marks(count: int) -> str:
    """Of so many posts; takes the person's id three times after theirs."""
    return f"WITH asked (id) AS (VALUES {', '.join(['(?)'] * count)}) SELECT id, {_MARKS} FROM asked"


_STANDING = """
SELECT p.slug, p.likes, p.comments, l.post_id IS NOT NULL AS liked, b.list, r.block, r.fraction, r.at FROM posts p
LEFT JOIN likes l ON l.person_id = ? AND l.post_id = p.id
LEFT JOIN bookmarks b ON b.person_id = ? AND b.post_id = p.id
LEFT JOIN reading_progress r ON r.person_id = ? AND r.post_id = p.id
"""


def _standing(row: sqlite3.Row) -> PostStanding:
    place = None if row["block"] is None else Place(row["block"], row["fraction"], row["at"])
    marks = Marks(bool(row["liked"]), row["list"] is not None, place.fraction if place else 0.0)
    return PostStanding(row["slug"], row["likes"], row["comments"], marks, row["list"], place)


def _count_likes(tx: Transaction, slug: str, *, by: int) -> None:
    if by:
        tx.execute("UPDATE posts SET likes = likes + ? WHERE slug = ?", (by, slug))
        tx.publish(PostCounted(slug))


def _author_standing(tx: Transaction, person_id: str, author_id: str, *, by: int) -> AuthorStanding:
    if by:
        tx.execute("UPDATE authors SET followers = followers + ? WHERE id = ?", (by, author_id))
        tx.publish(FollowsChanged(person_id))
    row = tx.query(
        "SELECT a.handle, a.followers, f.person_id IS NOT NULL FROM authors a"
        " LEFT JOIN author_follows f ON f.person_id = ? AND f.author_id = a.id WHERE a.id = ?",
        (person_id, author_id),
    )[0]
    return AuthorStanding(row[0], row[1], bool(row[2]))


def _tag_standing(tx: Transaction, person_id: str, tag: str, *, by: int) -> TagStanding:
    if by:
        tx.execute("UPDATE tag_counts SET followers = followers + ? WHERE tag = ?", (by, tag))
        tx.publish(FollowsChanged(person_id))
        forget_unused(tx, tag)
    rows = tx.query(
        "SELECT c.posts, c.followers, f.person_id IS NOT NULL FROM tag_counts c"
        " LEFT JOIN tag_follows f ON f.person_id = ? AND f.tag = c.tag WHERE c.tag = ?",
        (person_id, tag),
    )
    return TagStanding(tag, rows[0][0], rows[0][1], bool(rows[0][2])) if rows else TagStanding(tag, 0, 0, False)


def _author_id(tx: Transaction, handle: str) -> str:
    rows = tx.query("SELECT id FROM authors WHERE handle = ?", (handle,))
    if not rows:
        raise NotFound(f"There is no author {handle[:80]!r}.", remedy="GET /api/v1/authors lists them all.")
    return str(rows[0]["id"])


def _check_person(tx: Transaction, person_id: str) -> None:
    """The account may have been deleted since the request was let in."""
    if not tx.query("SELECT 1 FROM people WHERE id = ?", (person_id,)):
        raise NotSignedIn("The account is gone.", remedy="Sign in with another one.")


def _no_post(slug: str) -> NotFound:
    return NotFound(f"There is no post {slug[:100]!r}.", remedy="GET /api/v1/posts lists them all.")


def _behind(rows: Sequence[sqlite3.Row], limit: int) -> Behind | None:
    return Behind(rows[limit - 1]["at"], rows[limit - 1]["post_id"]) if len(rows) > limit else None
