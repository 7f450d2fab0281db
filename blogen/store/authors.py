"""Authors: the personas that sign posts."""

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from blogen.domain.author import Author
from blogen.errors import ChangedMeanwhile, Conflict, NotFound
from blogen.events import AuthorChanged
from blogen.ids import new_id
from blogen.store import media
from blogen.store.database import Database, Transaction

if TYPE_CHECKING:
    from blogen.domain.author_requests import AuthorChange, AuthorRequest

_MEDIA = "/media/"
"""What an author's picture is told by is its address."""

_DEFAULT_NAME = "Blogen"
_DEFAULT_BIO = (
    "I am an AI. I read the sources I am given, write a post from them, and check every quotation against the text "
    "it came from. Each post says how it was made, what it rests on and whether a person reviewed it."
)
_DEFAULT_PERSONA = (
    "Clear, warm and exact. Short sentences, concrete words, one idea a paragraph. Curious about how things work; "
    "never claims experience a machine cannot have; says so when the sources do not settle a question."
)
_GIVEN = "id, handle, name, bio, persona, avatar, created_at"
_COLUMNS = f"{_GIVEN}, followers"


class AuthorCursor(NamedTuple):
    """The last author of a list that was shown; the next list goes on behind it."""

    name: str
    id: str


class Authors:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure(self, handle: str) -> Author:
        """The author `handle`; made as Blogen's own persona, an AI that says so, if there is none yet."""
        if (author := await self.by_handle(handle)) is not None:
            return author

        def work(tx: Transaction) -> None:
            tx.execute(
                f"INSERT INTO authors ({_GIVEN}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (handle) DO NOTHING",
                (new_id(), handle, _name_from(handle), _DEFAULT_BIO, _DEFAULT_PERSONA, None, tx.now_ms),
            )

        await self._database.write(work)
        author = await self.by_handle(handle)
        assert author is not None
        return author

    async def create(self, asked: "AuthorRequest") -> Author:
        """A new author. Raises Conflict if the handle is taken."""

        def work(tx: Transaction) -> Author:
            added = tx.execute(
                f"INSERT INTO authors ({_GIVEN}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (handle) DO NOTHING",
                (new_id(), asked.handle, asked.name, asked.bio, asked.persona, None, tx.now_ms),
            )
            if not added:
                raise Conflict(f"There is an author {asked.handle} already.", remedy="Choose another handle.")
            tx.publish(AuthorChanged(asked.handle))
            return _in(tx, asked.handle)

        return await self._database.write(work)

    async def change(self, handle: str, change: "AuthorChange", *, seen: str | None = None) -> Author:
        """Change what `change` names, also under the posts that the author signed. `seen` is the mark it was made from.

        Raises NotFound, and ChangedMeanwhile if someone changed the author since.
        """
        given = {name: getattr(change, name) for name in change.model_fields_set}

        def work(tx: Transaction) -> Author:
            before = _in(tx, handle)
            if seen is not None and seen != mark(before):
                raise ChangedMeanwhile("The author was changed meanwhile.", remedy="Look again, then change it.")
            after = before._replace(**given)
            if after == before:
                return before
            tx.execute(
                "UPDATE authors SET name = ?, bio = ?, persona = ? WHERE id = ?",
                (after.name, after.bio, after.persona, after.id),
            )
            if after.name != before.name:
                tx.execute(
                    "UPDATE posts SET item = json_set(item, '$.author.name', ?) WHERE author_id = ?",
                    (after.name, after.id),
                )
            tx.publish(AuthorChanged(handle))
            return after

        return await self._database.write(work)

    async def set_avatar(self, handle: str, name: str | None) -> Author:
        """Show the medium `name` with this author, or nothing; what was shown before is deleted.

        Raises NotFound, and ChangedMeanwhile if somebody let go of the same picture since it was stored.
        """
        path = None if name is None else f"{_MEDIA}{name}"

        def work(tx: Transaction) -> Author:
            before = _in(tx, handle)
            if name is not None and not media.is_known(tx, name):
                raise ChangedMeanwhile("The picture was deleted meanwhile.", remedy="Send it again.")
            tx.execute("UPDATE authors SET avatar = ? WHERE id = ?", (path, before.id))
            tx.execute(
                "UPDATE posts SET item = json_set(item, '$.author.avatar', ?) WHERE author_id = ?", (path, before.id)
            )
            if before.avatar is not None and before.avatar != path and before.avatar.startswith(_MEDIA):
                media.drop(tx, before.avatar.removeprefix(_MEDIA))
            tx.publish(AuthorChanged(handle))
            return before._replace(avatar=path)

        return await self._database.write(work)

    async def by_handle(self, handle: str) -> Author | None:
        row = await self._database.read_one(f"SELECT {_COLUMNS} FROM authors WHERE handle = ?", (handle,))
        return _author(row) if row else None

    async def page(self, limit: int, after: AuthorCursor | None = None) -> tuple[list[Author], AuthorCursor | None]:
        """At most `limit` authors by name, those after `after`; and where to go on, None at the end."""
        where = "WHERE (name, id) > (?, ?)" if after else ""
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM authors {where} ORDER BY name, id LIMIT ?", (*(after or ()), limit + 1)
        )
        found = [_author(row) for row in rows[:limit]]
        return found, AuthorCursor(found[-1].name, found[-1].id) if len(rows) > limit else None

    async def followed(self, person_id: str, limit: int, after: str = "") -> tuple[list[Author], str | None]:
        """At most `limit` authors whom the person follows, by id, those after `after`; and where to go on."""
        rows = await self._database.read(
            f"SELECT {', '.join(f'a.{column}' for column in _COLUMNS.split(', '))}"
            " FROM author_follows f JOIN authors a ON a.id = f.author_id"
            " WHERE f.person_id = ? AND f.author_id > ? ORDER BY f.author_id LIMIT ?",
            (person_id, after, limit + 1),
        )
        found = [_author(row) for row in rows[:limit]]
        return found, found[-1].id if len(rows) > limit else None

    async def list(self, limit: int = 1000) -> list[Author]:
        """The first authors by name."""
        rows = await self._database.read(f"SELECT {_COLUMNS} FROM authors ORDER BY name, id LIMIT ?", (limit,))
        return [_author(row) for row in rows]


def mark(author: Author) -> str:
    """Names an author as it is now: what a change that was made from an older look is told by."""
    said = json.dumps([author.name, author.bio, author.persona, author.avatar])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _in(tx: Transaction, handle: str) -> Author:
    rows = tx.query(f"SELECT {_COLUMNS} FROM authors WHERE handle = ?", (handle,))
    if not rows:
        raise NotFound("There is no author of this name.", remedy="The studio lists them all.")
    return _author(rows[0])


def _author(row: sqlite3.Row) -> Author:
    return Author(**dict(row))


def _name_from(handle: str) -> str:
    words = handle.replace("_", "-").split("-")
    return " ".join(word.capitalize() for word in words if word) or _DEFAULT_NAME
