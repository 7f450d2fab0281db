"""Notifications: what a person is told, each once.

`source` makes a notification happen once, whoever tells it how often. What concerns one or few people is told in the
transaction that makes it true; what concerns all followers of an author or a tag is told by the courier, chunk by
chunk, each a transaction of its own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from blogen.events import Notified
from blogen.ids import new_id
from blogen.store import outbox
from blogen.store.aversions import HIDDEN, is_hidden
from blogen.store.database import Database, Transaction
from blogen.store.walks import Page, walk

Kind = Literal["reply", "mention", "post", "correction", "moderation"]

MOST_COUNTED = 1000
"""Unread ones are counted up to this: whoever has more sees `1000`."""

_CHUNK = 200
_EXCERPT_CHARS = 200
_COLUMNS = (
    "n.id, n.kind, n.detail, n.created_at, n.read_at, n.comment_id, po.slug, po.title, p.handle, p.name, p.avatar,"
    f" CASE c.state WHEN 'shown' THEN substr(c.markdown, 1, {_EXCERPT_CHARS}) END AS excerpt,"
    f" n.by_id IS NOT NULL AND {HIDDEN.format(viewer='n.person_id', other='n.by_id')} AS is_hidden"
)
_TABLES = (
    "notifications n LEFT JOIN posts po ON po.id = n.post_id LEFT JOIN comments c ON c.id = n.comment_id"
    " LEFT JOIN people p ON p.id = n.by_id"
)


@dataclass(frozen=True, slots=True)
class By:
    """Who did it."""

    handle: str
    name: str
    avatar: str | None


@dataclass(frozen=True, slots=True)
class Notification:
    id: str
    kind: Kind
    slug: str | None
    title: str | None
    """Of the post."""
    comment_id: str | None
    excerpt: str | None
    """How the comment begins, as Markdown."""
    by: By | None
    detail: Mapping[str, object]
    """More, by kind: `post` has `author` or `tag`, whichever is followed; `correction` has `text` and `block`;
    `moderation` has `action`, and `outcome` where there is one."""
    created_at: int
    read_at: int | None


class Notifications:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, person_id: str, limit: int, before: str | None = None, *, unread: bool = False
    ) -> Page[Notification]:
        """The newest first, those older than `before`. What comes from people that are muted or blocked is left out."""
        only = " AND n.read_at IS NULL" if unread else ""

        async def piece(before: str | None, count: int) -> list[tuple[str, Notification | None]]:
            behind, params = ("AND n.id < ?", (before,)) if before else ("", ())
            rows = await self._database.read(
                f"SELECT {_COLUMNS} FROM {_TABLES} WHERE n.person_id = ?{only} {behind} ORDER BY n.id DESC LIMIT ?",
                (person_id, *params, count),
            )
            return [(row["id"], None if row["is_hidden"] else _notification(row)) for row in rows]

        return await walk(piece, before, limit)

    async def one(self, notification_id: str) -> tuple[str, Notification] | None:
        """A notification and the id of the person that it is for, unless they see nothing of who it comes from."""
        row = await self._database.read_one(
            f"SELECT n.person_id, {_COLUMNS} FROM {_TABLES} WHERE n.id = ?", (notification_id,)
        )
        return None if row is None or row["is_hidden"] else (row["person_id"], _notification(row))

    async def since(self, person_id: str, after: str, limit: int) -> list[tuple[str, Notification | None]]:
        """The oldest first, those newer than `after`, by id; None for what the person sees nothing of."""
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM {_TABLES} WHERE n.person_id = ? AND n.id > ? ORDER BY n.id LIMIT ?",
            (person_id, after, limit),
        )
        return [(row["id"], None if row["is_hidden"] else _notification(row)) for row in rows]

    async def unread(self, person_id: str) -> int:
        """How many are unread, at most `MOST_COUNTED`."""
        row = await self._database.read_one(
            "SELECT count(*) AS unread FROM (SELECT person_id, by_id FROM notifications"
            " WHERE person_id = ? AND read_at IS NULL LIMIT ?) n"
            f" WHERE n.by_id IS NULL OR NOT {HIDDEN.format(viewer='n.person_id', other='n.by_id')}",
            (person_id, MOST_COUNTED),
        )
        assert row is not None
        return int(row["unread"])

    async def mark_read(self, person_id: str, ids: Sequence[str]) -> None:
        """Those of `ids` that are this person's; the others are left alone."""

        def work(tx: Transaction) -> None:
            for id_ in ids:
                tx.execute(
                    "UPDATE notifications SET read_at = ? WHERE id = ? AND person_id = ? AND read_at IS NULL",
                    (tx.now_ms, id_, person_id),
                )

        await self._database.write(work)

    async def mark_read_until(self, person_id: str, until: str) -> None:
        """This one and all older ones."""

        def work(tx: Transaction) -> int:
            rows = tx.query(
                "SELECT id FROM notifications WHERE person_id = ? AND read_at IS NULL AND id <= ? LIMIT ?",
                (person_id, until, _CHUNK),
            )
            for row in rows:
                tx.execute("UPDATE notifications SET read_at = ? WHERE id = ?", (tx.now_ms, row["id"]))
            return len(rows)

        while await self._database.write(work) == _CHUNK:
            pass

    async def tell_followers(self, slug: str, after: str = "", *, chunk: int = _CHUNK) -> str | None:
        """Tell one chunk of those who follow the post's author or one of its tags that it was published.

        What it gives is `after` for the next chunk; None once all are told. To be interrupted and begun again costs
        nothing but time: nobody is told twice.
        """

        def work(tx: Transaction) -> str | None:
            rows = tx.query(
                "SELECT p.id, p.author_id, p.is_reviewed, a.handle FROM posts p JOIN authors a ON a.id = p.author_id"
                " WHERE p.slug = ?",
                (slug,),
            )
            if not rows:
                return None
            post = rows[0]
            tags = tx.query("SELECT tag FROM post_tags WHERE post_id = ?", (post["id"],))
            lists = [(_FOLLOWERS_OF_AUTHOR, post["author_id"], {"author": post["handle"]})]
            lists += [(_FOLLOWERS_OF_TAG, row["tag"], {"tag": row["tag"]}) for row in tags]
            condition = "" if post["is_reviewed"] else " AND hides_unreviewed = 0"
            return _tell_chunk(
                tx, lists, after, chunk, kind="post", source=f"post:{post['id']}", post_id=post["id"],
                condition=condition,
            )  # fmt: skip

        return await self._database.write(work)

    async def tell_of_correction(self, correction_id: str, after: str = "", *, chunk: int = _CHUNK) -> str | None:
        """Tell one chunk of those who liked or bookmarked the post of its correction; as `tell_followers`."""

        def work(tx: Transaction) -> str | None:
            rows = tx.query("SELECT post_id, block, text FROM corrections WHERE id = ?", (correction_id,))
            if not rows:
                return None
            post_id, detail = rows[0]["post_id"], {"text": rows[0]["text"], "block": rows[0]["block"]}
            lists = [(_LIKED, post_id, detail), (_BOOKMARKED, post_id, detail)]
            return _tell_chunk(
                tx, lists, after, chunk, kind="correction", source=f"correction:{correction_id}", post_id=post_id
            )

        return await self._database.write(work)


_FOLLOWERS_OF_AUTHOR = (
    "SELECT person_id FROM author_follows WHERE author_id = ? AND person_id > ? ORDER BY person_id LIMIT ?"
)
_FOLLOWERS_OF_TAG = "SELECT person_id FROM tag_follows WHERE tag = ? AND person_id > ? ORDER BY person_id LIMIT ?"
_LIKED = "SELECT person_id FROM likes WHERE post_id = ? AND person_id > ? ORDER BY person_id LIMIT ?"
_BOOKMARKED = "SELECT person_id FROM bookmarks WHERE post_id = ? AND person_id > ? ORDER BY person_id LIMIT ?"


def tell(
    tx: Transaction,
    person_id: str,
    kind: Kind,
    source: str,
    *,
    post_id: str | None = None,
    comment_id: str | None = None,
    by_id: str | None = None,
    detail: Mapping[str, object] | None = None,
    condition: str = "",
) -> bool:
    """Tell a person once for each `source`; nobody of themselves, of whom they mute, or where one blocks the other.

    Whether it is told now. `condition` is more SQL about their row in `people`.
    """
    if by_id == person_id or is_hidden(tx, person_id, by_id):
        return False
    made = tx.query(
        "INSERT INTO notifications (id, person_id, kind, source, post_id, comment_id, by_id, detail, created_at)"
        f" SELECT ?, id, ?, ?, ?, ?, ?, ?, ? FROM people WHERE id = ? AND disabled_at IS NULL{condition}"
        " ON CONFLICT (person_id, source) DO NOTHING RETURNING id",
        (new_id(), kind, source, post_id, comment_id, by_id, json.dumps(detail or {}, ensure_ascii=False), tx.now_ms,
         person_id),
    )  # fmt: skip
    for row in made:
        tx.publish(Notified(person_id, row["id"]))
        outbox.put_push(tx, person_id, row["id"])
    return bool(made)


def tell_of_comment(
    tx: Transaction, comment_id: str, *, post_id: str, by_id: str, answered: Iterable[str], mentioned: Iterable[str]
) -> None:
    """Tell whom a shown comment answers, and whom it mentions (ids of people): each once, an answer first."""
    told = set()
    named: list[tuple[Kind, Iterable[str]]] = [("reply", answered), ("mention", mentioned)]
    for kind, people in named:
        for person_id in people:
            if person_id not in told:
                told.add(person_id)
                tell(
                    tx, person_id, kind, f"comment:{comment_id}", post_id=post_id, comment_id=comment_id, by_id=by_id
                )  # fmt: skip


def forget_comment(tx: Transaction, comment_id: str) -> None:
    """Nobody is told any more of a comment that is not shown; what its writer was told of its moderation stays."""
    tx.execute("DELETE FROM notifications WHERE comment_id = ? AND kind IN ('reply', 'mention')", (comment_id,))


def _tell_chunk(
    tx: Transaction,
    lists: Sequence[tuple[str, str, Mapping[str, object]]],
    after: str,
    chunk: int,
    *,
    kind: Kind,
    source: str,
    post_id: str,
    condition: str = "",
) -> str | None:
    """Tell the next `chunk` people of several lists, each in the order of ids; where to go on, None at the end."""
    found: dict[str, Mapping[str, object]] = {}
    for sql, key, detail in lists:
        for row in tx.query(sql, (key, after, chunk)):
            found.setdefault(row["person_id"], detail)
    people = sorted(found)[:chunk]
    for person_id in people:
        tell(tx, person_id, kind, source, post_id=post_id, detail=found[person_id], condition=condition)
    return people[-1] if len(people) == chunk else None


def _notification(row: sqlite3.Row) -> Notification:
    by = By(row["handle"], row["name"], row["avatar"]) if row["handle"] is not None else None
    return Notification(
        row["id"], row["kind"], row["slug"], row["title"], row["comment_id"], row["excerpt"], by,
        json.loads(row["detail"]), row["created_at"], row["read_at"],
    )  # fmt: skip
