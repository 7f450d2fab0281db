"""Subscriptions to Web Push: where a person's phones and browsers are reached, and how they have answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blogen.errors import Forbidden
from blogen.ids import new_id

if TYPE_CHECKING:
    from blogen.store.database import Database, Transaction

MAX_OF_PERSON = 20
"""Whoever subscribes more often loses the oldest one."""

MAX_FAILURES = 20
"""So often in a row without an answer: the phone is gone."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`p256dh` and `auth` are base64url: the phone's public key, and the secret it shares with us."""

    id: str
    person_id: str
    endpoint: str
    p256dh: str
    auth: str
    created_at: int
    failures: int = 0


class Subscriptions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, person_id: str, endpoint: str, *, p256dh: str, auth: str, device_id: str | None = None
    ) -> Subscription:
        """Subscribe, or renew the keys of an endpoint that is known. It ends with the device that asked for it.

        Raises Forbidden if it is another person's and the keys are not the same: who only knows the address of a
        phone must not take it over.
        """

        def work(tx: Transaction) -> Subscription:
            known = tx.query(f"SELECT {_COLUMNS} FROM push_subscriptions WHERE endpoint = ?", (endpoint,))
            if known:
                old = Subscription(*known[0])
                if old.person_id != person_id and (old.p256dh, old.auth) != (p256dh, auth):
                    raise Forbidden(
                        "Another person has subscribed with this endpoint.",
                        remedy="End the browser's subscription, and subscribe anew.",
                    )
                tx.execute(
                    "UPDATE push_subscriptions SET person_id = ?, device_id = ?, p256dh = ?, auth = ?, failures = 0"
                    " WHERE id = ?",
                    (person_id, device_id, p256dh, auth, old.id),
                )
                return Subscription(old.id, person_id, endpoint, p256dh, auth, old.created_at)
            made = Subscription(new_id(), person_id, endpoint, p256dh, auth, tx.now_ms)
            tx.execute(
                "INSERT INTO push_subscriptions (id, person_id, device_id, endpoint, p256dh, auth, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (made.id, person_id, device_id, endpoint, p256dh, auth, made.created_at),
            )
            tx.execute(
                "DELETE FROM push_subscriptions WHERE id IN (SELECT id FROM push_subscriptions WHERE person_id = ?"
                " ORDER BY id DESC LIMIT 100 OFFSET ?)",
                (person_id, MAX_OF_PERSON),
            )
            return made

        return await self._database.write(work)

    async def remove(self, person_id: str, endpoint: str) -> None:
        """End a subscription of this person; nothing happens if there is none."""

        def work(tx: Transaction) -> None:
            tx.execute("DELETE FROM push_subscriptions WHERE endpoint = ? AND person_id = ?", (endpoint, person_id))

        await self._database.write(work)

    async def of(self, person_id: str) -> list[Subscription]:
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM push_subscriptions WHERE person_id = ? ORDER BY id LIMIT ?",
            (person_id, MAX_OF_PERSON),
        )
        return [Subscription(*row) for row in rows]

    async def note_ok(self, subscription_id: str) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(
                "UPDATE push_subscriptions SET last_ok_at = ?, failures = 0 WHERE id = ?",
                (tx.now_ms, subscription_id),
            )

        await self._database.write(work)

    async def note_failed(self, subscription_id: str) -> None:
        """One more without success; after too many the subscription is removed."""

        def work(tx: Transaction) -> None:
            tx.execute("UPDATE push_subscriptions SET failures = failures + 1 WHERE id = ?", (subscription_id,))
            tx.execute("DELETE FROM push_subscriptions WHERE id = ? AND failures >= ?", (subscription_id, MAX_FAILURES))

        await self._database.write(work)

    async def note_gone(self, subscription_id: str) -> None:
        """The push service says that nobody listens there any more."""

        def work(tx: Transaction) -> None:
            tx.execute("DELETE FROM push_subscriptions WHERE id = ?", (subscription_id,))

        await self._database.write(work)


_COLUMNS = "id, person_id, endpoint, p256dh, auth, created_at, failures"
