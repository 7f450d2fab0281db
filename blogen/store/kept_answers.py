"""Answers kept for their Idempotency-Key, so that a call that is repeated is not done again."""

from typing import NamedTuple

from blogen.clock import Clock
from blogen.store.database import Database, Transaction

KEPT_MS = 48 * 3600 * 1000
_PRUNED_AT_ONCE = 20
"""More than one, so that what is too old goes faster than what is new comes."""


class KeptAnswer(NamedTuple):
    digest: str
    """SHA-256 (hex) of the request that it answered."""
    status: int
    location: str
    """The `Location` header, empty without one."""
    body: str
    """JSON, or empty."""


def forget(tx: Transaction, owner: str) -> None:
    """Keep no answer of `owner` any longer: a person who leaves takes along what they said."""
    tx.execute("DELETE FROM kept_answers WHERE owner = ?", (owner,))


class KeptAnswers:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, owner: str, key: str) -> KeptAnswer | None:
        """The answer that `owner`'s key brought about within the last 48 hours."""
        row = await self._database.read_one(
            "SELECT digest, status, location, body FROM kept_answers WHERE owner = ? AND key = ? AND created_at > ?",
            (owner, key, self._clock.now_ms() - KEPT_MS),
        )
        return KeptAnswer(*row) if row else None

    async def keep(self, owner: str, key: str, answer: KeptAnswer) -> None:
        """Keep an answer, and let some go that are too old."""
        now = self._clock.now_ms()

        def work(tx: Transaction) -> None:
            tx.execute(
                "INSERT INTO kept_answers (owner, key, digest, status, location, body, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, key) DO UPDATE SET digest = excluded.digest,"
                " status = excluded.status, location = excluded.location, body = excluded.body,"
                " created_at = excluded.created_at",
                (owner, key, *answer, now),
            )
            tx.execute(
                "DELETE FROM kept_answers WHERE (owner, key) IN (SELECT owner, key FROM kept_answers"
                " WHERE created_at <= ? ORDER BY created_at LIMIT ?)",
                (now - KEPT_MS, _PRUNED_AT_ONCE),
            )

        await self._database.write(work)
