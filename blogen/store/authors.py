"""Authors: the personas that sign posts."""

import sqlite3
from typing import NamedTuple

from blogen.domain.author import Author
from blogen.ids import new_id
from blogen.store.database import Database, Transaction

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


def _author(row: sqlite3.Row) -> Author:
    return Author(**dict(row))


def _name_from(handle: str) -> str:
    words = handle.replace("_", "-").split("-")
    return " ".join(word.capitalize() for word in words if word) or _DEFAULT_NAME
