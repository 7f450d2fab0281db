"""Deliveries: one row a webhook and fact, from its first attempt to its end; also the log that the owner reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from blogen.errors import Conflict, NotFound

if TYPE_CHECKING:
    from blogen.store.database import Database, Transaction

DeliveryState = Literal["waiting", "delivered", "given-up"]

MAX_ERROR_CHARS = 500
_ENDED_AT_ONCE = 200


class Due(NamedTuple):
    """A delivery whose time has come."""

    id: str
    event: str
    payload: str
    """JSON."""
    fact_at: int
    attempts: int
    """So far."""
    created_at: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as the log shows it. `status` is what the webhook answered last; None if it did not."""

    id: str
    hook: str
    event: str
    attempts: int
    next_at: int | None
    delivered_at: int | None
    status: int | None
    error: str
    created_at: int

    @property
    def state(self) -> DeliveryState:
        if self.delivered_at is not None:
            return "delivered"
        return "waiting" if self.next_at is not None else "given-up"


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, hook: str, now_ms: int, limit: int, *, but: Sequence[str] = ()) -> list[Due]:
        """At most `limit` of a webhook's that are due, the longest due first; `but` those that are under way."""
        rows = await self._database.read(
            "SELECT d.id, o.event, o.payload, o.created_at, d.attempts, d.created_at FROM deliveries d"
            " JOIN outbox o ON o.id = d.outbox_id WHERE d.hook = ? AND d.next_at <= ? ORDER BY d.next_at LIMIT ?",
            (hook, now_ms, limit + len(but)),
        )
        return [Due(*row) for row in rows if row[0] not in but][:limit]

    async def next_due(self, hook: str, after_ms: int) -> int | None:
        """When the webhook's next one after `after_ms` is due, Unix ms."""
        row = await self._database.read_one(
            "SELECT next_at FROM deliveries WHERE hook = ? AND next_at > ? ORDER BY next_at LIMIT 1", (hook, after_ms)
        )
        return None if row is None else int(row["next_at"])

    async def note_delivered(self, delivery_id: str, status: int) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(
                "UPDATE deliveries SET attempts = attempts + 1, next_at = NULL, delivered_at = ?, status = ?,"
                " error = '' WHERE id = ?",
                (tx.now_ms, status, delivery_id),
            )

        await self._database.write(work)

    async def note_failed(self, delivery_id: str, status: int | None, error: str, next_at: int | None) -> None:
        """An attempt that came to nothing; `next_at` is when the next one is due, None to give up."""

        def work(tx: Transaction) -> None:
            tx.execute(
                "UPDATE deliveries SET attempts = attempts + 1, next_at = ?, status = ?, error = ? WHERE id = ?",
                (next_at, status, error[:MAX_ERROR_CHARS], delivery_id),
            )

        await self._database.write(work)

    async def end_for_unknown(self, hooks: Sequence[str]) -> None:
        """Give up what waits for webhooks that are no longer configured; `hooks` are those that are."""

        known = f"AND hook NOT IN ({', '.join('?' * len(hooks))})" if hooks else ""
        unknown = f"SELECT id FROM deliveries WHERE next_at IS NOT NULL {known} LIMIT {_ENDED_AT_ONCE}"

        def work(tx: Transaction) -> None:
            tx.execute(
                "UPDATE deliveries SET next_at = NULL, error = 'The webhook is no longer configured.'"
                f" WHERE id IN ({unknown})",
                hooks,
            )

        while await self._database.read(unknown, hooks):
            await self._database.write(work)

    async def retry(self, delivery_id: str, *, known: Sequence[str]) -> Delivery:
        """Let it be delivered (again) now; how it stands then. `known` are the webhooks that are configured.

        Raises NotFound, and Conflict if its webhook is not among them.
        """

        def work(tx: Transaction) -> Delivery:
            rows = tx.query(f"{_SHOWN} WHERE d.id = ?", (delivery_id,))
            if not rows:
                raise NotFound(
                    f"There is no delivery {delivery_id[:80]}.", remedy="`blogen webhooks deliveries` shows them."
                )
            if rows[0]["hook"] not in known:
                raise Conflict(
                    f"There is no webhook {rows[0]['hook']} any more.", remedy="Add its section [[webhooks]] again."
                )
            tx.execute("UPDATE deliveries SET next_at = ?, delivered_at = NULL WHERE id = ?", (tx.now_ms, delivery_id))
            return _delivery(tx.query(f"{_SHOWN} WHERE d.id = ?", (delivery_id,))[0])

        return await self._database.write(work)

    async def newest(self, limit: int, before: str | None = None, *, hook: str | None = None) -> list[Delivery]:
        """At most `limit`, the newest first, those before the id `before`; only of the webhook `hook`."""
        conditions, params = list[str](), list[object]()
        for condition, value in (("d.hook = ?", hook), ("d.id < ?", before)):
            if value is not None:
                conditions.append(condition)
                params.append(value)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await self._database.read(f"{_SHOWN} {where} ORDER BY d.id DESC LIMIT ?", (*params, limit))
        return [_delivery(row) for row in rows]


_SHOWN = (
    "SELECT d.id, d.hook, o.event, d.attempts, d.next_at, d.delivered_at, d.status, d.error, d.created_at"
    " FROM deliveries d JOIN outbox o ON o.id = d.outbox_id"
)


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(*row)
