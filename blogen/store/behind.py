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


def _nothing() -> Generator[None, None, None]:
    yield from ()


_ENDED = _nothing()
"""It ends again whenever it is asked; a new one would be made at every step of every job."""
next(_ENDED, None)


class _Nothing:
    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return _ENDED


NOTHING: Awaitable[None] = _Nothing()
"""To await where there is nothing to wait for."""


class WriteBehind:
    """The pending writes of one job in hand. While the disk is full they are held, and tried until it has room."""

    __slots__ = ("_clock", "_database", "_flying", "_flying_waiters", "_job_id", "_lost", "_mending", "_parts",
                 "_waiters")  # fmt: skip

    def __init__(self, job_id: str, database: Database, clock: Clock) -> None:
        self._job_id = job_id
        self._database = database
        self._clock = clock
        # Thousands of jobs wait for a service at a time, with nothing to write: they hold no empty lists.
        self._parts: list[Part] | None = None
        self._waiters: list[asyncio.Future[None]] | None = None
        """Who waits for `_parts`."""
        self._flying: Sequence[Part] | None = None
        """In the hands of the database; the next ones wait until these are durable."""
        self._flying_waiters: list[asyncio.Future[None]] | None = None
        self._mending: asyncio.Task[None] | None = None
        self._lost: Exception | None = None
        """Why nothing but outcomes is written: the job is elsewhere, or a write can never be done."""

    def add(self, part: Part) -> None:
        """Write `part` after all that was added before; at the end of this turn of the loop it is on its way."""
        if self._parts is not None:
            self._parts.append(part)
            return
        self._parts = [part]
        if self._flying is None:
            self._database.at_turns_end(self._flush)

    def barrier(self) -> Awaitable[None]:
        """Wait until all that was added is durable.

        Raises Overtaken if the job was not where this writer saw it, or why a write can never be done: what was added
        after that is not written, outcomes apart.
        """
        if self._flying is None:
            if self._parts is None:
                self.check()
                return NOTHING
            self._flush()
        waiter: asyncio.Future[None] = self._database.loop.create_future()
        if self._parts is None:
            self._flying_waiters = _with(self._flying_waiters, waiter)
        else:
            self._waiters = _with(self._waiters, waiter)
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
        parts = self._parts
        if parts is None or self._flying is not None:
            return
        self._flying, self._parts = parts, None
        self._flying_waiters, self._waiters = self._waiters, None
        if self._lost is not None:
            self._landed(self._lost)
            return
        try:
            self._database.write_parts(parts, self._landed)
        except StoreUnavailable as error:
            self._landed(error)

    def _landed(self, error: Exception | None) -> None:
        if error is None:
            self._settle()
        else:
            self._mending = self._database.loop.create_task(self._mend(error))

    def _settle(self) -> None:
        waiters, self._flying, self._flying_waiters = self._flying_waiters, None, None
        if waiters is not None:
            for waiter in waiters:
                if waiter.done():
                    continue
                if self._lost is None:
                    waiter.set_result(None)
                else:
                    waiter.set_exception(self._lost)
        if self._parts is not None:
            self._flush()

    async def _mend(self, error: Exception) -> None:
        """Write one by one what could not be written as one, so that outcomes are kept whatever else fails."""
        assert self._flying is not None
        if isinstance(error, StoreUnavailable):
            await self._clock.sleep(_DISK_PAUSE_SECONDS)
        for rows, params, event, is_outcome in self._flying:
            if self._lost is None or is_outcome:
                try:
                    await self._once_there_is_room(partial(self._database.write_rows, rows, *params, event=event))
                except Stale:
                    self._lost = Overtaken(
                        f"Job {self._job_id} is no longer where it was, or it waits.",
                        remedy="Look at it again before you decide.",
                    )
                except Exception as hopeless:
                    self._lost = hopeless
        self._mending = None
        self._settle()

    async def _once_there_is_room(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await write()
            except StoreUnavailable:
                await self._clock.sleep(_DISK_PAUSE_SECONDS)


def _with(waiters: "list[asyncio.Future[None]] | None", one: "asyncio.Future[None]") -> "list[asyncio.Future[None]]":
    if waiters is None:
        return [one]
    waiters.append(one)
    return waiters
