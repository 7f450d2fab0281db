"""What one job writes, behind its back: strictly in order, and what comes in one turn of the loop is one commit.

A result is used in the process at once, and nothing outside learns of it before it is durable: whoever acts on the
outside world (a call, a wait, the job's end) passes the `barrier` first. So a step's result, the job's move and the
next step's intent share one commit, and a crash leaves all of them or none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from functools import partial

from blogen.clock import Clock
from blogen.errors import Overtaken, StoreUnavailable
from blogen.store.database import Database, Part, Stale, Transaction

_DISK_PAUSE_SECONDS = 0.5


class _Nothing:
    """To await where there is nothing to wait for."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


NOTHING = _Nothing()


class WriteBehind:
    """The pending writes of one job in hand. While the disk is full they are held, and tried until it has room."""

    __slots__ = ("_added", "_clock", "_database", "_flying", "_is_due", "_job_id", "_lost", "_mending", "_parts",
                 "_settled", "_waiting")  # fmt: skip

    def __init__(self, job_id: str, database: Database, clock: Clock) -> None:
        self._job_id = job_id
        self._database = database
        self._clock = clock
        # Thousands of jobs wait for a service at a time, with nothing to write: they hold no empty lists.
        self._parts: list[Part] | None = None
        self._flying: Sequence[Part] = ()
        """In the hands of the database; the next ones wait until these are durable."""
        self._added = self._settled = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] | None = None
        self._is_due = False
        self._mending: asyncio.Task[None] | None = None
        self._lost: Exception | None = None
        """Why nothing but outcomes is written: the job is elsewhere, or a write can never be done."""

    def add(self, part: Part) -> None:
        """Write `part` after all that was added before; at the end of this turn of the loop it is on its way."""
        if self._parts is None:
            self._parts = [part]
        else:
            self._parts.append(part)
        self._added += 1
        if not (self._is_due or self._flying):
            self._is_due = True
            self._database.loop.call_soon(self._flush)

    def barrier(self) -> Awaitable[None]:
        """Wait until all that was added is durable.

        Raises Overtaken if the job was not where this writer saw it, or why a write can never be done: what was added
        after that is not written, outcomes apart.
        """
        if self._settled == self._added:
            self.check()
            return NOTHING
        if not self._flying:
            self._flush()
        waiter: asyncio.Future[None] = self._database.loop.create_future()
        if self._waiting is None:
            self._waiting = []
        self._waiting.append((self._added, waiter))
        return waiter

    def check(self) -> None:
        """Raise what `barrier` would, as far as it is known by now."""
        if self._lost is not None:
            raise self._lost

    async def work(self, work: Callable[[Transaction], None]) -> None:
        """Keep an outcome that takes more than rows, whatever became of what was added before it."""
        try:
            await self.barrier()
        except Exception:
            if self._lost is None:
                raise
        await self._once_there_is_room(lambda: self._database.write(work))

    def _flush(self) -> None:
        self._is_due = False
        if self._parts is None or self._flying or self._mending is not None:
            return
        self._flying, self._parts = self._parts, None
        if self._lost is not None:
            self._landed(self._lost)
            return
        try:
            self._database.write_parts(self._flying, self._landed)
        except StoreUnavailable as error:
            self._landed(error)

    def _landed(self, error: Exception | None) -> None:
        landed, self._flying = self._flying, ()
        if error is None:
            self._note_settled(len(landed))
            self._flush()
        else:
            self._mending = self._database.loop.create_task(self._mend(landed, error))

    def _note_settled(self, count: int) -> None:
        self._settled += count
        while self._waiting and self._waiting[0][0] <= self._settled:
            waiter = self._waiting.pop(0)[1]
            if waiter.done():
                continue
            if self._lost is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(self._lost)
        self._waiting = self._waiting or None

    async def _mend(self, parts: Sequence[Part], error: Exception) -> None:
        """Write one by one what could not be written as one, so that outcomes are kept whatever else fails."""
        if isinstance(error, StoreUnavailable):
            await self._clock.sleep(_DISK_PAUSE_SECONDS)
        for part in parts:
            if self._lost is None or part.is_outcome:
                try:
                    await self._once_there_is_room(
                        partial(self._database.write_rows, part.rows, *part.params, event=part.event)
                    )
                except Stale:
                    self._lost = Overtaken(
                        f"Job {self._job_id} is no longer where it was, or it waits.",
                        remedy="Look at it again before you decide.",
                    )
                except Exception as hopeless:
                    self._lost = hopeless
        self._mending = None
        self._note_settled(len(parts))
        self._flush()

    async def _once_there_is_room(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await write()
            except StoreUnavailable:
                await self._clock.sleep(_DISK_PAUSE_SECONDS)
