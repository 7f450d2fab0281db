"""Passkeys: the public halves of keys that people's devices keep, and how often each has signed.

A key that signs with a count it has shown before was copied: it is refused, and so is the second of two that were
shown at once.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from blogen.errors import Conflict, FieldError, InvalidInput, NotFound
from blogen.store.database import Database, Transaction

MAX_PASSKEYS: Final = 20
"""Of one person."""
MAX_NAME_CHARS: Final = 100

_COLUMNS: Final = "k.id, k.person_id, k.public_key, k.sign_count, k.name, k.created_at, k.last_used_at"


@dataclass(frozen=True, slots=True)
class Passkey:
    id: str
    """As the device that keeps it calls it, in base64url."""
    person_id: str
    public_key: bytes
    """COSE."""
    sign_count: int
    """0 for ever with those that do not count."""
    name: str
    created_at: int
    last_used_at: int | None = None


class Passkeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, person_id: str, key_id: str, public_key: bytes, sign_count: int, name: str) -> Passkey:
        """A new key of that person. Raises InvalidInput for its name, Conflict if it is known or one too many."""
        name = checked_name(name)
        return await self._database.write(
            lambda tx: Passkeys.add_in(tx, person_id, key_id, public_key, sign_count, name)
        )

    @staticmethod
    def add_in(tx: Transaction, person_id: str, key_id: str, public_key: bytes, sign_count: int, name: str) -> Passkey:
        """As `add`, with what else belongs to it; the name was checked."""
        if not tx.query("SELECT 1 FROM people WHERE id = ? AND disabled_at IS NULL", (person_id,)):
            raise NotFound("There is no such account any more.")
        if len(tx.query("SELECT 1 FROM passkeys WHERE person_id = ? LIMIT ?", (person_id, MAX_PASSKEYS))) == (
            MAX_PASSKEYS
        ):
            raise Conflict(f"You have {MAX_PASSKEYS} passkeys, which is the most.", remedy="Remove one first.")
        added = tx.execute(
            "INSERT INTO passkeys (id, person_id, public_key, sign_count, name, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (key_id, person_id, public_key, sign_count, name, tx.now_ms),
        )
        if not added:
            raise Conflict("This passkey is known already.", remedy="Sign in with it.")
        return Passkey(key_id, person_id, public_key, sign_count, name, tx.now_ms)

    async def of_person(self, person_id: str) -> list[Passkey]:
        """At most `MAX_PASSKEYS`, the oldest first."""
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM passkeys AS k WHERE k.person_id = ? LIMIT ?", (person_id, MAX_PASSKEYS)
        )
        return sorted(map(_passkey, rows), key=lambda key: (key.created_at, key.id))

    async def by_id(self, key_id: str) -> Passkey | None:
        """The key, if its person's account is open."""
        row = await self._database.read_one(
            f"SELECT {_COLUMNS} FROM passkeys AS k JOIN people AS p ON p.id = k.person_id"
            " WHERE k.id = ? AND p.disabled_at IS NULL",
            (key_id,),
        )
        return _passkey(row) if row else None

    async def note_use(self, key: Passkey, sign_count: int) -> None:
        """`key` has signed and now counts `sign_count`. Raises Conflict if it has signed since it was read."""

        def work(tx: Transaction) -> None:
            used = tx.execute(
                "UPDATE passkeys SET sign_count = ?, last_used_at = ? WHERE id = ? AND sign_count = ?",
                (sign_count, tx.now_ms, key.id, key.sign_count),
            )
            if not used:
                raise Conflict("This passkey was used elsewhere at the same moment.", remedy="Try again.")

        await self._database.write(work)

    async def remove(self, person_id: str, key_id: str) -> None:
        """Forget one of that person's keys. Raises NotFound, also for a key that is somebody else's."""

        def work(tx: Transaction) -> None:
            if not tx.execute("DELETE FROM passkeys WHERE id = ? AND person_id = ?", (key_id, person_id)):
                raise NotFound("There is no such passkey.", remedy="Your profile page lists those you have.")

        await self._database.write(work)


def checked_name(name: str) -> str:
    """The name without space around it. Raises InvalidInput unless it is one short line."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable():
        message = f"must be one line of 1 to {MAX_NAME_CHARS} characters"
        raise InvalidInput(f"The name {message}.", errors=[FieldError("name", message)])
    return name


def _passkey(row: sqlite3.Row) -> Passkey:
    return Passkey(
        row["id"], row["person_id"], bytes(row["public_key"]), row["sign_count"], row["name"], row["created_at"],
        last_used_at=row["last_used_at"],
    )  # fmt: skip
