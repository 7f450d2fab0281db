"""Webhooks: signed messages to the owner's programs, in the form of Standard Webhooks (standardwebhooks.com).

Each is a durable row until its receiver has answered 2xx, says 410, or a day of attempts is over. A repeated message
has the same `webhook-id` and the same body. Every webhook has a line of its own: one that hangs holds no other up.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeVar

from blogen.config.webhooks import WebhookConfig, key_of
from blogen.errors import StoreError
from blogen.events import DeliveryFailed, DeliveryMade
from blogen.outgoing.sending import Answered, NotSent, Sender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blogen.clock import Clock
    from blogen.events import Bus
    from blogen.store.deliveries import Deliveries, Due

AT_ONCE: Final = 4
"""Messages under way to one webhook."""

POLL_SECONDS: Final = 5.0
"""How often the table is looked at without being told to: the command line may have changed it."""

_GONE = 410
_STORE_PAUSE_SECONDS = 5.0


class Patience(NamedTuple):
    """How attempts are spread: full jitter below a growing cap, until `day_ms` and `min_attempts` are over."""

    base_seconds: float = 5.0
    factor: float = 3.0
    cap_seconds: float = 14_400.0
    day_ms: int = 86_400_000
    min_attempts: int = 8
    jitter: Callable[[], float] = random.random

    def next_at(self, attempts: int, created_at: int, now_ms: int, at_least_seconds: float | None) -> int | None:
        """When to try again after `attempts` that came to nothing; None: enough."""
        if attempts >= self.min_attempts and now_ms - created_at >= self.day_ms:
            return None
        cap = min(self.cap_seconds, self.base_seconds * self.factor ** min(attempts - 1, 50))
        return now_ms + int(max(cap * self.jitter(), at_least_seconds or 0.0) * 1000)


class Addressee(Protocol):
    """Whom messages go to."""

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...
    def wants(self, event: str) -> bool: ...


To = TypeVar("To", bound=Addressee)


class HookLine(Generic[To]):
    """The deliveries of one webhook: `run` works them off until it is cancelled, `wake` tells that there are more."""

    def __init__(
        self,
        hook: To,
        sender: Sender,
        deliveries: Deliveries,
        bus: Bus,
        clock: Clock,
        *,
        patience: Patience,
    ) -> None:
        self.hook = hook
        self._sender = sender
        self._deliveries = deliveries
        self._bus = bus
        self._clock = clock
        self._patience = patience
        self._changed = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def letter(self, due: Due) -> tuple[bytes, Mapping[str, str]]:
        """What is sent: a body and the headers that go with it."""
        raise NotImplementedError

    def wake(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        try:
            while True:
                self._changed.clear()
                seconds = await self._begin_due()
                try:
                    async with asyncio.timeout(seconds):
                        await self._changed.wait()
                except TimeoutError:
                    pass
        finally:
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin_due(self) -> float | None:
        """Send what is due as far as there is room; how long nothing else will be, None until something ends."""
        free = AT_ONCE - len(self._under_way)
        if free == 0:
            return None
        now = self._clock.now_ms()
        try:
            due = await self._deliveries.due(self.hook.name, now, free, but=list(self._under_way))
            next_at = await self._deliveries.next_due(self.hook.name, now)
        except StoreError:
            return _STORE_PAUSE_SECONDS
        for delivery in due:
            task = asyncio.create_task(self._deliver(delivery), name=f"webhook {self.hook.name}")
            self._under_way[delivery.id] = task
            task.add_done_callback(partial(self._ended, delivery.id))
        if len(due) == free:
            return None
        return POLL_SECONDS if next_at is None else min(POLL_SECONDS, max(0.0, (next_at - now) / 1000))

    def _ended(self, delivery_id: str, _task: asyncio.Task[None]) -> None:
        self._under_way.pop(delivery_id, None)
        self._changed.set()

    async def _deliver(self, due: Due) -> None:
        try:
            await self._attempt(due)
        except StoreError:
            # What came of it could not be written: it will be sent again, but not at once.
            await self._clock.sleep(_STORE_PAUSE_SECONDS)

    async def _attempt(self, due: Due) -> None:
        attempts = due.attempts + 1
        is_final, wanted, status = False, None, None
        try:
            answered = await self._sender.post(self.hook.url, *self.letter(due))
        except NotSent as error:
            reason, is_final = error.reason, error.is_final
        else:
            status = answered.status
            if answered.is_ok:
                await self._deliveries.note_delivered(due.id, status)
                self._bus.publish(DeliveryMade(self.hook.name, due.event, due.id, attempts))
                return
            reason, is_final, wanted = words(answered), status == _GONE, answered.retry_after_seconds
        now = self._clock.now_ms()
        next_at = None if is_final else self._patience.next_at(attempts, due.created_at, now, wanted)
        if next_at is None and not is_final:
            reason = f"Given up after {attempts} attempts. {reason}"
        await self._deliveries.note_failed(due.id, status, reason, next_at)
        self._bus.publish(DeliveryFailed(self.hook.name, due.event, due.id, attempts, reason, is_final=next_at is None))


class SignedLine(HookLine[WebhookConfig]):
    """The deliveries of one of the owner's programs."""

    def letter(self, due: Due) -> tuple[bytes, Mapping[str, str]]:
        body = message(due.id, due.event, due.fact_at, due.payload)
        return body, headers(self.hook, due.id, body, self._clock.now_ms() // 1000)


def message(message_id: str, event: str, at_ms: int, payload: str) -> bytes:
    """The body of a message: the same bytes however often it is sent. `payload` is JSON."""
    from blogen.store.outbox import moment

    told = {"id": message_id, "event": event, "created_at": moment(at_ms), "data": json.loads(payload)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def headers(hook: WebhookConfig, message_id: str, body: bytes, at_seconds: int) -> Mapping[str, str]:
    """What goes with a body, and proves that it is Blogen's: `at_seconds` is the time of this attempt."""
    signed = f"{message_id}.{at_seconds}.".encode() + body
    signature = base64.b64encode(hmac.digest(key_of(hook.secret), signed, "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": f"v1,{signature}",
    }


def words(answered: Answered) -> str:
    """Why an answer is no success."""
    if answered.status == _GONE:
        return "The webhook is gone (410)."
    if 300 <= answered.status < 400:
        return f"It answered with a redirect ({answered.status}), and redirects are not followed."
    return f"It answered {answered.status}."
