"""What people do with posts: likes, bookmarks in lists, follows of authors and tags, how far one has read.

Every act may be repeated: a count moves only if its row was really made or removed, in the same transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blogen.store.database import Database, Transaction

_PER_QUERY = 100


class Marks(NamedTuple):
    """What one person did with one post."""

    liked: bool
    bookmarked: bool
    progress: float
    """0 to 1."""


NO_MARKS = Marks(liked=False, bookmarked=False, progress=0.0)


class Social:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def marks(self, person_id: str, post_ids: Sequence[str]) -> dict[str, Marks]:
        """What the person did with each of these posts; every one of them is in the answer."""
        found: dict[str, Marks] = {}
        for start in range(0, len(post_ids), _PER_QUERY):
            asked = post_ids[start : start + _PER_QUERY]
            rows = await self._database.read(
                f"WITH asked (id) AS (VALUES {', '.join(['(?)'] * len(asked))}) SELECT id, {MARKS} FROM asked",
                (*asked, person_id, person_id, person_id),
            )
            found |= {row["id"]: marks_of(row) for row in rows}
        return found


def count_tags(tx: Transaction, tags: Iterable[str], *, by: int) -> None:
    """Note that each of `tags` has `by` posts more; a tag that nobody uses and nobody follows is forgotten."""
    for tag in tags:
        tx.execute(
            "INSERT INTO tag_counts (tag, posts) VALUES (?, ?)"
            " ON CONFLICT (tag) DO UPDATE SET posts = tag_counts.posts + ?",
            (tag, max(by, 0), by),
        )
        tx.execute("DELETE FROM tag_counts WHERE tag = ? AND posts = 0 AND followers = 0", (tag,))


MARKS = """
EXISTS (SELECT 1 FROM likes m WHERE m.person_id = ? AND m.post_id = id) AS liked,
EXISTS (SELECT 1 FROM bookmarks m WHERE m.person_id = ? AND m.post_id = id) AS bookmarked,
(SELECT m.fraction FROM reading_progress m WHERE m.person_id = ? AND m.post_id = id) AS progress
"""
"""Columns of a query whose rows have a post's `id`; takes the person's id three times."""


def marks_of(row: sqlite3.Row) -> Marks:
    return Marks(bool(row["liked"]), bool(row["bookmarked"]), row["progress"] or 0.0)
