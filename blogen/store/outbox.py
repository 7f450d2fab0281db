"""The outbox: what follows from a fact and must not be lost is a row in the fact's own transaction.

The courier tells it afterwards to webhooks, followers and phones. A fact stands here once, whoever puts it how often.
Rows that are done are kept for a month, with what became of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from blogen.events import FactKept
from blogen.ids import new_id

if TYPE_CHECKING:
    from blogen.clock import Clock
    from blogen.store.database import Database, Transaction

PUSH = "push"
"""The one kind of fact that is no webhook's business: a notification that phones are to show."""

KEPT_MS = 30 * 86_400_000
_FORGOTTEN_AT_ONCE = 200


class Fact(NamedTuple):
    """A row that is not done yet."""

    id: int
    event: str
    key: str
    payload: str
    """JSON."""
    created_at: int


def put(tx: Transaction, event: str, key: str, payload: Mapping[str, object]) -> bool:
    """Keep a fact to be told: `event` is its kind (`comment.created`), `key` makes it one (at most 200 characters).

    `payload` is JSON and goes out as it is: public ids and addresses, nothing secret. False if it was kept before.
    """
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    kept = tx.execute(
        "INSERT INTO outbox (event, key, payload, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (event, key, text, tx.now_ms),
    )
    if kept:
        tx.publish(FactKept(event, key))
    return bool(kept)


def put_push(tx: Transaction, person_id: str, notification_id: str) -> None:
    """Let the person's phones show a notification; nothing is kept for who has none."""
    kept = tx.execute(
        "INSERT INTO outbox (event, key, payload, created_at) SELECT ?, ?, ?, ?"
        " WHERE EXISTS (SELECT 1 FROM push_subscriptions WHERE person_id = ?) ON CONFLICT (key) DO NOTHING",
        (PUSH, f"push:{notification_id}", json.dumps({"notification": notification_id}), tx.now_ms, person_id),
    )
    if kept:
        tx.publish(FactKept(PUSH, notification_id))


def moment(at_ms: int) -> str:
    """A time as it stands in what is told: RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Outbox:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open_facts(self, after: int, limit: int) -> list[Fact]:
        """What is not done, in the order in which it was committed; those behind row `after`."""
        rows = await self._database.read(
            "SELECT id, event, key, payload, created_at FROM outbox WHERE done_at IS NULL AND id > ?"
            " ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [Fact(*row) for row in rows]

    async def address(self, addressed: Sequence[tuple[int, Sequence[str]]], done: Sequence[int]) -> None:
        """Write a delivery for each webhook that is to hear of a fact (`id`, names), and that the facts `done` are so.

        Doing it again changes nothing.
        """

        def work(tx: Transaction) -> None:
            for fact_id, hooks in addressed:
                for hook in hooks:
                    tx.execute(
                        "INSERT INTO deliveries (id, hook, outbox_id, next_at, created_at) VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT (hook, outbox_id) DO NOTHING",
                        (new_id(), hook, fact_id, tx.now_ms, tx.now_ms),
                    )
            for fact_id in done:
                tx.execute("UPDATE outbox SET done_at = ? WHERE id = ? AND done_at IS NULL", (tx.now_ms, fact_id))

        await self._database.write(work)

    async def finish(self, fact_id: int) -> None:
        """All that follows from this fact has been done."""
        await self.address((), (fact_id,))

    async def forget_old(self) -> int:
        """Remove the oldest rows that are done for a month, with their deliveries; how many.

        The newest row stays: its number must not be given again while someone counts on it.
        """

        oldest = await self._database.read_one("SELECT created_at FROM outbox ORDER BY id LIMIT 1")
        if oldest is None or oldest["created_at"] >= self._clock.now_ms() - KEPT_MS:
            return 0  # as nearly always: nothing is written for nothing

        def work(tx: Transaction) -> int:
            return tx.execute(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT ?)"
                " AND id < (SELECT max(id) FROM outbox) AND done_at IS NOT NULL AND created_at < ?",
                (_FORGOTTEN_AT_ONCE, tx.now_ms - KEPT_MS),
            )

        return await self._database.write(work)
