"""What is new for a person who listens: where the tables end now, and the posts behind a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blogen.store.database import Database


class Place(NamedTuple):
    """How far somebody has heard: up to a notification, and up to a post (its time and id)."""

    notification: str = ""
    published_at: int = 0
    post: str = ""


class NewPost(NamedTuple):
    id: str
    published_at: int
    is_reviewed: bool


class News:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self, person_id: str) -> Place:
        """The place behind all that there is."""
        rows = await self._database.read(
            "SELECT id, NULL FROM (SELECT id FROM notifications WHERE person_id = ? ORDER BY id DESC LIMIT 1)"
            " UNION ALL SELECT id, published_at FROM"
            " (SELECT id, published_at FROM posts ORDER BY published_at DESC, id DESC LIMIT 1)",
            (person_id,),
        )
        place = Place()
        for id_, published_at in rows:
            if published_at is None:
                place = place._replace(notification=id_)
            else:
                place = place._replace(published_at=published_at, post=id_)
        return place

    async def posts(self, published_at: int, post_id: str, limit: int) -> list[NewPost]:
        """At most `limit` that were published after that one, the oldest first."""
        rows = await self._database.read(
            "SELECT id, published_at, is_reviewed FROM posts WHERE (published_at, id) > (?, ?)"
            " ORDER BY published_at, id LIMIT ?",
            (published_at, post_id, limit),
        )
        return [NewPost(row["id"], row["published_at"], bool(row["is_reviewed"])) for row in rows]

    async def hides_unreviewed(self, person_id: str) -> bool:
        """Whether the person wants to see no posts that nobody has reviewed."""
        row = await self._database.read_one("SELECT hides_unreviewed FROM people WHERE id = ?", (person_id,))
        return row is not None and bool(row["hides_unreviewed"])
