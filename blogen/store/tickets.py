"""Tickets: secrets that are good for one use within a time. An invitation, a pairing code, a link to set a new
password, the link of the first set-up.

Whoever uses one takes it in the transaction that does what it is good for: both happen, once, or neither.
"""

import sqlite3
from typing import Final

from blogen.clock import Clock
from blogen.domain.person import Scope, Ticket, TicketKind
from blogen.errors import FieldError, InvalidInput
from blogen.store.database import Database, Transaction
from blogen.store.secret_texts import digest, is_well_formed, new_code, new_text, read_code

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS

LASTS_MS: Final = {
    TicketKind.INVITATION: 7 * _DAY_MS,
    TicketKind.PAIRING: 10 * _MINUTE_MS,
    TicketKind.RESET: _HOUR_MS,
    TicketKind.SET_UP: 3650 * _DAY_MS,
}
"""How long each is good, in milliseconds. The link of the first set-up is good until there is an admin."""

TICKET_PREFIX: Final = "blt_"
MAX_NOTE_CHARS: Final = 200

_WORDS: Final = {
    TicketKind.INVITATION: ("invitation", "invitation", "Ask for another one."),
    TicketKind.PAIRING: ("code", "code", "Have another one shown; each is good for ten minutes."),
    TicketKind.RESET: ("ticket", "link", "Ask for another one; each is good for an hour."),
    TicketKind.SET_UP: ("ticket", "link", "Start Blogen again; it prints another one."),
}
_COLUMNS: Final = "kind, person_id, role, note, created_at, expires_at"
_AT_MOST_ADMIN: Final = {TicketKind.PAIRING, TicketKind.SET_UP}
_IS_GOOD: Final = (
    "hash = ? AND kind = ? AND used_at IS NULL AND expires_at > ? AND (kind <> 'set-up' OR NOT EXISTS"
    " (SELECT 1 FROM people WHERE role = 'admin' AND disabled_at IS NULL))"
)
_ALONE: Final = {TicketKind.PAIRING, TicketKind.RESET, TicketKind.SET_UP}
"""A new one ends those before it of the same person."""


class Tickets:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def make(
        self, kind: TicketKind, *, person_id: str | None = None, role: Scope | None = None, note: str = ""
    ) -> str:
        """The text of a new ticket, which nobody can see again.

        `person_id`: whose it is, or who invites. `role`: what an invited person becomes (unset: a reader), who sets
        the blog up (an admin), and the most that a paired app may do (all that its person may).
        """
        if len(note) > MAX_NOTE_CHARS or not (note == "" or note.isprintable()):
            message = f"must be one line of at most {MAX_NOTE_CHARS} characters"
            raise InvalidInput(f"The note {message}.", errors=[FieldError("note", message)])
        role = role or (Scope.ADMIN if kind in _AT_MOST_ADMIN else Scope.READER)
        text = new_code() if kind is TicketKind.PAIRING else new_text(TICKET_PREFIX)

        def work(tx: Transaction) -> None:
            tx.execute("DELETE FROM tickets WHERE expires_at <= ?", (tx.now_ms,))
            if kind in _ALONE:
                tx.execute("DELETE FROM tickets WHERE person_id IS ? AND kind = ?", (person_id, kind))
            tx.execute(
                "INSERT INTO tickets (hash, kind, person_id, role, note, created_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (_hash(kind, text), kind, person_id, role, note, tx.now_ms, tx.now_ms + LASTS_MS[kind]),
            )

        await self._database.write(work)
        return text

    async def look_at(self, kind: TicketKind, text: str) -> Ticket:
        """The ticket, which stays unused. Raises InvalidInput if it is mistyped, unknown, used or expired."""
        hashed = _hash(kind, text)
        row = hashed and await self._database.read_one(
            f"SELECT {_COLUMNS} FROM tickets WHERE {_IS_GOOD}",
            (hashed, kind, self._clock.now_ms()),
        )
        if not row:
            raise _useless(kind)
        return _ticket(row)

    async def use(self, kind: TicketKind, text: str) -> Ticket:
        """Take the ticket, alone. Raises InvalidInput if it is mistyped, unknown, used or expired."""
        return await self._database.write(lambda tx: Tickets.take(tx, kind, text))

    @staticmethod
    def take(tx: Transaction, kind: TicketKind, text: str) -> Ticket:
        """Take the ticket with what it is good for. Raises InvalidInput if it is mistyped, unknown, used or expired."""
        hashed = _hash(kind, text)
        taken = hashed and tx.execute(
            f"UPDATE tickets SET used_at = ? WHERE {_IS_GOOD}",
            (tx.now_ms, hashed, kind, tx.now_ms),
        )
        if not taken:
            raise _useless(kind)
        return _ticket(tx.query(f"SELECT {_COLUMNS} FROM tickets WHERE hash = ?", (hashed,))[0])


def _hash(kind: TicketKind, text: str) -> str | None:
    """What the ticket is stored under; None if `text` cannot be one of its kind."""
    if kind is TicketKind.PAIRING:
        code = read_code(text)
        return digest(code) if code else None
    text = text.strip()
    return digest(text) if is_well_formed(text, TICKET_PREFIX) else None


def _useless(kind: TicketKind) -> InvalidInput:
    field, name, remedy = _WORDS[kind]
    message = "is mistyped, was used, or has expired"
    return InvalidInput(f"The {name} {message}.", remedy=remedy, errors=[FieldError(field, message)])


def _ticket(row: sqlite3.Row) -> Ticket:
    return Ticket(
        TicketKind(row["kind"]), row["person_id"], Scope(row["role"]), row["note"], row["created_at"], row["expires_at"]
    )
