"""The courier: tells what stands in the outbox to webhooks, hubs, followers and phones, each once.

A fact is handed on in steps that can be done again without harm: rows for the webhooks, notifications for followers,
then the mark that it is done. A process that dies in between leaves the fact open, and the next one goes on.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from blogen.errors import StoreError
from blogen.events import CourierCrashed, Event, FactKept
from blogen.outgoing.push import PAUSES_SECONDS, Pushes, PushKey
from blogen.outgoing.sending import TIMEOUT_SECONDS, Sender
from blogen.outgoing.webhooks import POLL_SECONDS, Addressee, Patience, SignedLine
from blogen.outgoing.websub import HubLine, hubs
from blogen.store.deliveries import Deliveries
from blogen.store.notifications import Notifications
from blogen.store.outbox import PUSH, Fact, Outbox
from blogen.store.own_keys import OwnKeys
from blogen.store.subscriptions import Subscriptions

if TYPE_CHECKING:
    from blogen.clock import Clock
    from blogen.config import Config
    from blogen.events import Bus
    from blogen.providers.guard import Resolve
    from blogen.store.database import Database

_FACTS_AT_ONCE = 100
_PHONES_AT_ONCE = 16
_PUSHES_IN_HAND = 200
_STORE_PAUSE_SECONDS = 5.0
_FORGET_EVERY_SECONDS: Final = 3600.0
_FORGET_PAUSE_SECONDS = 1.0


class Courier:
    """`async with courier.running():` tells everything that is open, and what comes, until the block ends."""

    def __init__(
        self,
        config: Config,
        database: Database,
        bus: Bus,
        clock: Clock,
        *,
        resolve: Resolve | None = None,
        patience: Patience | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        push_pauses_seconds: tuple[float, ...] = PAUSES_SECONDS,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._hooks: list[Addressee] = [*config.webhooks, *hubs(config)]
        self._outbox = Outbox(database, clock)
        self._deliveries = Deliveries(database)
        self._notifications = Notifications(database)
        allowed = config.research.allow_private
        # The owner names webhooks, readers name push services: only those are held to the ports of the web.
        self._to_hooks = Sender(allowed, any_port=True, timeout_seconds=timeout_seconds, resolve=resolve)
        self._to_phones = Sender(allowed, timeout_seconds=timeout_seconds, resolve=resolve)
        kept_by = self._to_hooks, self._deliveries, bus, clock
        patience = patience or Patience()
        self._lines: list[SignedLine | HubLine] = [
            *(SignedLine(hook, *kept_by, patience=patience) for hook in config.webhooks),
            *(HubLine(hub, *kept_by, patience=patience) for hub in hubs(config)),
        ]
        self._pushes = Pushes(
            self._to_phones,
            Subscriptions(database),
            PushKey(OwnKeys(database)),
            bus,
            clock,
            contact=config.push.contact or _page(config.server.base_url),
            pauses_seconds=push_pauses_seconds,
        )
        self._facts_kept = asyncio.Event()
        self._pushes_kept = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        unsubscribe = self._bus.subscribe(self._hear)
        loops: Iterable[Callable[[], Awaitable[None]]] = (
            self._tell_facts, self._show_pushes, self._forget_old, *(line.run for line in self._lines),
        )  # fmt: skip
        tasks = [asyncio.create_task(self._guarded(loop), name=f"courier {loop.__name__}") for loop in loops]
        try:
            yield
        finally:
            unsubscribe()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._to_hooks.close()
            await self._to_phones.close()

    def _hear(self, event: Event) -> None:
        if isinstance(event, FactKept):
            (self._pushes_kept if event.event == PUSH else self._facts_kept).set()

    async def _guarded(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop again after what no loop should meet: one defect must not silence the blog."""
        while True:
            try:
                await loop()
            except StoreError:
                await self._clock.sleep(_STORE_PAUSE_SECONDS)
            except Exception as error:
                self._crashed(loop.__name__, error)
                await self._clock.sleep(_STORE_PAUSE_SECONDS)

    def _crashed(self, doing: str, error: Exception) -> None:
        self._bus.publish(CourierCrashed(doing, "".join(traceback.format_exception(error))))

    # -- facts ---------------------------------------------------------------------------------------------------

    async def _tell_facts(self) -> None:
        await self._deliveries.end_for_unknown([hook.name for hook in self._hooks])
        async for facts in self._open(self._facts_kept):
            await self._hand_on([fact for fact in facts if fact.event != PUSH])

    async def _hand_on(self, facts: Sequence[Fact]) -> None:
        """The webhooks' rows first: followers may be many, and each chunk of them is a transaction of its own."""
        if not facts:
            return
        addressed = [(fact.id, [hook.name for hook in self._hooks if hook.wants(fact.event)]) for fact in facts]
        done = [fact.id for fact in facts if fact.event not in _FOLLOWED]
        if done or any(hooks for _, hooks in addressed):
            await self._outbox.address(addressed, done)
            for line in self._lines:
                line.wake()
        for fact in facts:
            if fact.event in _FOLLOWED:
                await self._tell_people(fact)

    async def _tell_people(self, fact: Fact) -> None:
        try:
            after: str | None = ""
            while after is not None:
                after = await _FOLLOWED[fact.event](self._notifications, fact, after)
            await self._outbox.finish(fact.id)
        except StoreError:
            raise
        except Exception as error:
            self._crashed(f"telling people of {fact.key}", error)

    # -- phones --------------------------------------------------------------------------------------------------

    async def _show_pushes(self) -> None:
        turns, in_hand = asyncio.Semaphore(_PHONES_AT_ONCE), set[asyncio.Task[None]]()
        try:
            async for facts in self._open(self._pushes_kept):
                for fact in facts:
                    if fact.event != PUSH:
                        continue
                    while len(in_hand) >= _PUSHES_IN_HAND:
                        await asyncio.wait(in_hand, return_when=asyncio.FIRST_COMPLETED)
                    task = asyncio.create_task(self._show(fact, turns), name="push")
                    in_hand.add(task)
                    task.add_done_callback(in_hand.discard)
        finally:
            tasks = list(in_hand)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, fact: Fact, turns: asyncio.Semaphore) -> None:
        try:
            found = await self._notifications.one(json.loads(fact.payload)["notification"])
            if found is not None and found[1].read_at is None:
                await self._pushes.show(*found, turns)
            await self._outbox.finish(fact.id)
        except StoreError:
            pass  # it stays open; the next start shows it
        except Exception as error:
            self._crashed(f"showing {fact.key}", error)

    # -- both ----------------------------------------------------------------------------------------------------

    async def _open(self, kept: asyncio.Event) -> AsyncIterator[list[Fact]]:
        """All open facts, then those that come, a bounded number at a time; each once as long as it is asked for."""
        after = 0
        while True:
            kept.clear()
            facts = await self._outbox.open_facts(after, _FACTS_AT_ONCE)
            if facts:
                yield facts
                after = facts[-1].id
                continue
            try:
                async with asyncio.timeout(POLL_SECONDS):  # a command may have put one, from another process
                    await kept.wait()
            except TimeoutError:
                pass

    async def _forget_old(self) -> None:
        while True:
            while await self._outbox.forget_old():
                await self._clock.sleep(_FORGET_PAUSE_SECONDS)
            await self._clock.sleep(_FORGET_EVERY_SECONDS)


async def _followers(notifications: Notifications, fact: Fact, after: str) -> str | None:
    return await notifications.tell_followers(json.loads(fact.payload)["slug"], after)


async def _who_kept_it(notifications: Notifications, fact: Fact, after: str) -> str | None:
    return await notifications.tell_of_correction(fact.key.removeprefix(f"{fact.event}:"), after)


_FOLLOWED: dict[str, Callable[[Notifications, Fact, str], Awaitable[str | None]]] = {
    "post.published": _followers,
    "correction.published": _who_kept_it,
}
"""Facts that many people are told of, a chunk at a time: what is given is `after` for the next."""


def _page(base_url: str | None) -> str | None:
    """The blog's address where push services accept it as a contact."""
    return base_url if base_url is not None and base_url.startswith("https://") else None
