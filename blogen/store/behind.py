"""What one job writes, behind its back: strictly in order, and what comes in one turn of the loop is one commit.

A result is used in the process at once, and nothing outside learns of it before it is durable: whoever acts on the
outside world (a call, a wait, the job's end) passes the `barrier` first. So a step's result, the job's move and the
next step's intent share one commit, and a crash leaves all of them or none. The jobs that have something to write in
the same turn go to the database together: thousands of writes a second are a few hundred then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from functools import partial
from itertools import chain
from operator import attrgetter

from blogen.clock import Clock
from blogen.errors import Overtaken, StoreUnavailable
from blogen.events import Event
from blogen.store.database import BATCH_WRITES, Database, Lines, Params, Part, Stale, Transaction, rows_of
from blogen.store.lines import LINE, OUTCOMES, TELL

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


_NONE: list[Event] = []
"""The events of a job that has no lines pending; nobody adds to it."""


class WriteBehind:
    """The pending writes of one job in hand. While the disk is full they are held, and tried until it has room."""

    __slots__ = ("_job_id", "_mending", "_parts", "_turn", "events", "flying", "lines", "lost", "waiters")

    def __init__(self, job_id: str, turn: "Turn") -> None:
        self._job_id = job_id
        self._turn = turn
        # Thousands of jobs wait for a service at a time, with nothing to write: they hold no empty lists.
        self.lines: list[object] | None = None
        """What is pending, if it is nothing but lines: their parameters, one after another."""
        self.events = _NONE
        """One for each of `lines`."""
        self._parts: list[Part] | None = None
        """What is pending otherwise."""
        self.waiters: Sequence[asyncio.Future[None]] = ()
        """Who waits for what is pending."""
        self.flying: Sequence[asyncio.Future[None]] | None = None
        """Who waits for what the database has in its hands; None: it has nothing. The next ones wait until then."""
        self._mending: asyncio.Task[None] | None = None
        self.lost: Exception | None = None
        """Why nothing but outcomes is written: the job is elsewhere, or a write can never be done."""

    def tell(self, line: Params, event: Event) -> None:
        """Write a line, with which `event` is a fact, as `add` does."""
        lines = self.lines
        if lines is not None:
            lines += line
            self.events.append(event)
        elif self._parts is not None or self.lost is not None:
            self.add(_part(line, event))
        else:
            self.lines, self.events = [*line], [event]
            if self.flying is None:
                self._turn.join(self)

    def add(self, part: Part) -> None:
        """Write `part` after all that was added before; at the end of this turn of the loop it is on its way."""
        if self.lines is not None:
            self._make_parts()
        if self._parts is not None:
            self._parts.append(part)
        else:
            self._parts = [part]
            if self.flying is None:
                self._turn.join(self)

    def barrier(self) -> Awaitable[None]:
        """Wait until all that was added is durable.

        Raises Overtaken if the job was not where this writer saw it, or why a write can never be done: what was added
        after that is not written, outcomes apart.
        """
        is_pending = self.lines is not None or self._parts is not None
        if not is_pending and self.flying is None:
            self.check()
            return NOTHING
        waiter: asyncio.Future[None] = self._turn.database.loop.create_future()
        if is_pending:
            self.waiters = (*self.waiters, waiter)
        else:
            self.flying = (*(self.flying or ()), waiter)
        return waiter

    def check(self) -> None:
        """Raise what `barrier` would, as far as it is known by now."""
        if self.lost is not None:
            raise self.lost

    async def work(self, work: Callable[[Transaction], None]) -> None:
        """Keep an outcome that takes more than rows, whatever became of what was added before it."""
        try:
            await self.barrier()
        except Exception:
            if self.lost is None:
                raise
        await self._once_there_is_room(lambda: self._turn.database.write(work))

    def fly_alone(self) -> None:
        """Hand the database what is more than lines, or comes from a job that is elsewhere."""
        assert self._parts is not None
        parts, self._parts = self._parts, None
        self.flying, self.waiters = self.waiters, ()
        if self.lost is not None:
            self.fail(self.lost, parts)
            return
        try:
            self._turn.database.write_parts(parts, partial(self._landed, parts))
        except StoreUnavailable as error:
            self.fail(error, parts)

    def _landed(self, parts: Sequence[Part], error: Exception | None) -> None:
        if error is None:
            self.land()
        else:
            self.fail(error, parts)

    def _make_parts(self) -> None:
        """The lines that are pending go as parts."""
        assert self.lines is not None
        self._parts = list(map(_part, rows_of(LINE, self.lines), self.events))
        self.lines, self.events = None, _NONE

    def land(self) -> None:
        """What was handed over is durable, as far as it can be."""
        assert self.flying is not None
        for waiter in self.flying:
            if waiter.done():
                continue
            if self.lost is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(self.lost)
        self.flying = None
        if self.lines is not None and self.lost is not None:
            self._make_parts()
        if self.lines is not None or self._parts is not None:
            self._turn.join(self)

    def fail(self, error: Exception, parts: Sequence[Part]) -> None:
        """What was handed over could not be written, not as one."""
        self._mending = self._turn.database.loop.create_task(self._mend(parts, error))

    async def _mend(self, parts: Sequence[Part], error: Exception) -> None:
        """Write one by one what could not be written as one, so that outcomes are kept whatever else fails."""
        if isinstance(error, StoreUnavailable):
            await self._turn.clock.sleep(_DISK_PAUSE_SECONDS)
        for rows, params, event, is_outcome in parts:
            if self.lost is None or is_outcome:
                try:
                    await self._once_there_is_room(partial(self._turn.database.write_rows, rows, *params, event=event))
                except Stale:
                    self.lost = Overtaken(
                        f"Job {self._job_id} is no longer where it was, or it waits.",
                        remedy="Look at it again before you decide.",
                    )
                except Exception as hopeless:
                    self.lost = hopeless
        self._mending = None
        self.land()

    async def _once_there_is_room(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await write()
            except StoreUnavailable:
                await self._turn.clock.sleep(_DISK_PAUSE_SECONDS)


def _part(line: Params, event: Event) -> Part:
    return (TELL, (line,), event, line[2] in OUTCOMES)


_LINES_OF, _EVENTS_OF = attrgetter("lines"), attrgetter("events")


class Turn:
    """The jobs that have something to write in this turn of the loop; it goes once everyone who is ready had his."""

    __slots__ = ("_members", "clock", "database")

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._members: list[WriteBehind] = []

    def join(self, member: WriteBehind) -> None:
        if not self._members:
            self.database.loop.call_soon(self._end)
        self._members.append(member)

    def _end(self) -> None:
        members, self._members = self._members, []
        for start in range(0, len(members), BATCH_WRITES):
            self._send(members[start : start + BATCH_WRITES])

    def _send(self, members: list[WriteBehind]) -> None:
        params = list(map(_LINES_OF, members))
        if None in params:
            alone = [member for member in members if member.lines is None]
            members = [member for member in members if member.lines is not None]
            for member in alone:
                member.fly_alone()
            params = list(map(_LINES_OF, members))
        if not members:
            return
        lines = Lines(LINE, [*chain.from_iterable(params)], list(map(_EVENTS_OF, members)), partial(_land, members))
        for member in members:
            member.lines, member.events = None, _NONE
            member.flying, member.waiters = member.waiters, ()
        try:
            self.database.write_lines(lines)
        except StoreUnavailable as error:
            lines.errors = [error] * len(members)
            _land(members, lines)


def _land(members: Sequence[WriteBehind], lines: Lines) -> None:
    """What jobs handed over together is durable; of those whose is not, all is written one by one."""
    if lines.errors is None:
        for member in members:
            member.land()
        return
    for member, error, (params, events) in zip(members, lines.errors, lines.of_each(), strict=True):
        if error is None:
            member.land()
        else:
            member.fail(error, list(map(_part, params, events)))
