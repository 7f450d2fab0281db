"""Blocks and mutes. A block hides two people from each other and ends answers; a mute hides one from the other."""

from dataclasses import dataclass
from typing import Literal, get_args

from blogen.errors import FieldError, InvalidInput, NotFound
from blogen.store.database import Database, Transaction
from blogen.store.walks import Page

Kind = Literal["block", "mute"]
KINDS: tuple[Kind, ...] = get_args(Kind)

HIDDEN = (
    "(EXISTS (SELECT 1 FROM aversions a WHERE a.person_id = {viewer} AND a.other_id = {other})"
    " OR EXISTS (SELECT 1 FROM aversions a WHERE a.person_id = {other} AND a.other_id = {viewer} AND a.kind = 'block'))"
)
"""A condition: whether `viewer` sees nothing of `other`. Both are SQL; two looks into the primary key."""

_MOST = 5000
"""Aversions of one person."""


@dataclass(frozen=True, slots=True)
class Aversion:
    handle: str
    name: str
    kind: Kind
    at: int


class Aversions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, person_id: str, handle: str, kind: Kind) -> None:
        """Block or mute `handle`; again changes nothing. Raises NotFound, InvalidInput."""

        def work(tx: Transaction) -> None:
            other_id = _id_of(tx, handle)
            if other_id == person_id:
                message = "is your own"
                raise InvalidInput(
                    f"The handle {message}.", remedy="Name someone else.", errors=[FieldError("handle", message)]
                )
            held = tx.query(
                "SELECT 1 FROM aversions WHERE person_id = ? ORDER BY other_id LIMIT 1 OFFSET ?", (person_id, _MOST - 1)
            )
            if held:
                raise InvalidInput(
                    f"You block and mute {_MOST:,} people; more is not possible.", remedy="Take some back."
                )
            tx.execute(
                "INSERT INTO aversions (person_id, other_id, kind, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (person_id, other_id, kind, tx.now_ms),
            )

        await self._database.write(work)

    async def remove(self, person_id: str, handle: str, kind: Kind) -> None:
        """Take a block or mute back; where there is none nothing changes. Raises NotFound."""

        def work(tx: Transaction) -> None:
            tx.execute(
                "DELETE FROM aversions WHERE person_id = ? AND other_id = ? AND kind = ?",
                (person_id, _id_of(tx, handle), kind),
            )

        await self._database.write(work)

    async def of(self, person_id: str, limit: int, after: str | None = None) -> Page[Aversion]:
        """Whom this person blocks and mutes. `after` is the place behind which the list goes on."""
        other_id, _, kind = (after or "").partition(" ")
        rows = await self._database.read(
            "SELECT a.other_id, a.kind, a.at, p.handle, p.name FROM aversions a JOIN people p ON p.id = a.other_id"
            " WHERE a.person_id = ? AND (a.other_id, a.kind) > (?, ?) ORDER BY a.other_id, a.kind LIMIT ?",
            (person_id, other_id, kind, limit + 1),
        )
        found = [Aversion(row["handle"], row["name"], row["kind"], row["at"]) for row in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return found, f"{last['other_id']} {last['kind']}" if last else None


def is_hidden(tx: Transaction, viewer_id: str, other_id: str | None) -> bool:
    """Whether `viewer_id` sees nothing of `other_id`."""
    if other_id is None or viewer_id == other_id:
        return False
    sql = f"SELECT {HIDDEN.format(viewer='?1', other='?2')} AS hidden"
    return bool(tx.query(sql, (viewer_id, other_id))[0]["hidden"])


def is_blocked(tx: Transaction, one_id: str, other_id: str | None) -> bool:
    """Whether one of the two blocks the other."""
    return bool(
        tx.query(
            "SELECT 1 FROM aversions WHERE person_id = ?1 AND other_id = ?2 AND kind = 'block' UNION ALL"
            " SELECT 1 FROM aversions WHERE person_id = ?2 AND other_id = ?1 AND kind = 'block'",
            (one_id, other_id),
        )
    )


def _id_of(tx: Transaction, handle: str) -> str:
    rows = tx.query("SELECT id FROM people WHERE handle = ?", (handle.lower(),))
    if not rows:
        raise NotFound(f"There is no person {handle[:80]!r}.", remedy="Check the handle.")
    return str(rows[0]["id"])
