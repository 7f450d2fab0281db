"""Turns: how many calls run at a time on a machine (`Limits`), and how many begin in a minute (`Pace`).

Who is next: the highest priority; within one, each job in turn. What the next one needs is what is waited for: a
smaller call never slips past it. So that nobody waits for ever, a level of priority that had no turn for
`PATIENCE_SECONDS` has one after three that overtook it. (Priorities that grow with waiting would do that too, but a
long line of old calls would then stand before an urgent one; so it meets one at most.)
"""

import asyncio
import math
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from blogen.clock import Clock, SystemClock
from blogen.providers.limits.line import Line
from blogen.providers.limits.window import Window

if TYPE_CHECKING:
    from blogen.providers.limits.line import Level
    from blogen.providers.limits.window import Booking

PATIENCE_SECONDS = 30.0
_MOST_OVERTAKING = 3


class Turn:
    """A call's place in the line, then its right to run: `async with` waits for it and holds it."""

    __slots__ = ("_limits", "bookings", "future", "has_begun", "job", "priority", "tokens")

    def __init__(self, limits: "Limits", priority: int, tokens: int, job: str) -> None:
        self.priority = priority
        self.tokens = tokens
        """What the call is thought to use, or is known to have used, sent and answered."""
        self.job = job
        self.has_begun = False
        self.future: asyncio.Future[None] | None = None
        self.bookings: list[Booking] = []
        self._limits = limits

    @property
    def has_given_up(self) -> bool:
        return self.future is not None and self.future.cancelled()

    async def __aenter__(self) -> "Turn":
        await self._limits.line_up(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._limits.end()

    def used(self, tokens: int) -> None:
        """What was reserved beyond the `tokens` used is given back; what was used beyond that counts from now on."""
        difference, self.tokens = tokens - self.tokens, tokens
        if difference:
            self._limits.pace.correct(self, difference)


class Limits:
    """At most `concurrency` calls at a time; requests and tokens a minute as `pace` says, which others may share."""

    def __init__(
        self,
        concurrency: int = 4,
        requests_per_minute: int | None = None,
        clock: Clock | None = None,
        tokens_per_minute: int | None = None,
        *,
        pace: "Pace | None" = None,
    ) -> None:
        self.pace = pace or Pace(requests_per_minute, tokens_per_minute, clock)
        self.pace.join(self)
        self._concurrency = concurrency
        self._allowed = concurrency
        self._running = 0
        self._paused_until = -math.inf
        self._line = Line()

    @property
    def running(self) -> int:
        """Calls under way."""
        return self._running

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return len(self._line)

    @property
    def paused_seconds(self) -> float:
        """How long no turn begins, as the service asked; 0: it did not."""
        return max(0.0, self._paused_until - self.pace.now())

    @property
    def has_room(self) -> bool:
        """Whether a call would run at once, as far as this machine goes."""
        return self._running < self._allowed and not self._line and not self.paused_seconds

    def turn(self, priority: int = 5, *, tokens: int = 0, job: str = "") -> Turn:
        """`async with` it: wait for a turn and hold it while the call is under way.

        `tokens` is what it is thought to use; `job` whose call it is. Raises what `turn_away` was given.
        """
        return Turn(self, priority, max(tokens, 0), job)

    def pause(self, seconds: float) -> None:
        """The service asks to be left alone: no turn begins before that. Those under way go on."""
        self._paused_until = max(self._paused_until, self.pace.now() + seconds)
        self.pace.serve()

    def ease_in(self) -> None:
        """The service has just come back: one call more than now; twice as many after each that comes through."""
        self._allowed = min(self._running + 1, self._concurrency)

    def widen(self) -> None:
        """A call came through."""
        if self._allowed < self._concurrency:
            self._allowed = min(self._allowed * 2, self._concurrency)
            self.pace.serve()

    def turn_away(self, reason: Callable[[], Exception]) -> None:
        """Nobody shall wait now: raise a `reason` to everyone who does."""
        for turn in self._line.clear():
            assert turn.future is not None
            if not turn.has_given_up:
                turn.future.set_exception(reason())
        self.pace.serve()

    # -- for turns and the pace ---------------------------------------------------------------------------------

    async def line_up(self, turn: Turn) -> None:
        """Wait until `turn` has begun."""
        now = self.pace.now()
        if self.opens_at(now) <= now and self.pace.lets_pass(turn, now):
            self._running += 1
            return
        turn.future = asyncio.get_running_loop().create_future()
        self._line.add(turn, now)
        self.pace.serve()
        try:
            await turn.future
        except asyncio.CancelledError:
            if turn.has_given_up:
                self.leave(turn)
                self.pace.serve()
            elif turn.has_begun:  # served and cancelled in the same moment: pass it on
                self.end()
            raise

    def end(self) -> None:
        """A call is over."""
        self._running -= 1
        self.pace.serve()

    @property
    def levels(self) -> "Collection[Level]":
        """Who waits."""
        return self._line.levels

    def opens_at(self, now: float) -> float:
        """When a turn could begin, as far as this machine goes: `now`, later, or once one ends (infinity)."""
        return max(now, self._paused_until) if self._running < self._allowed else math.inf

    def begin(self, level: "Level", now: float) -> None:
        """Give the next of `level` its turn."""
        turn = self._line.take(level, now)
        turn.has_begun = True
        self._running += 1
        assert turn.future is not None
        turn.future.set_result(None)

    def leave(self, turn: Turn) -> None:
        """`turn` waits no longer."""
        self._line.leave(turn)


class Pace:
    """Requests and tokens in any 60 seconds, together for all machines of a section; decides who of them is next."""

    def __init__(
        self, requests_per_minute: int | None = None, tokens_per_minute: int | None = None, clock: Clock | None = None
    ) -> None:
        self._requests = Window(requests_per_minute)
        self._tokens = Window(tokens_per_minute)
        self._clock = clock or SystemClock()
        self._machines: list[Limits] = []
        self._overtaking = 0
        """Turns that were given by priority while others waited, since the last one for having waited."""
        self._timer: asyncio.Task[None] | None = None
        self._wakes_at = math.inf

    def join(self, machine: Limits) -> None:
        self._machines.append(machine)

    def now(self) -> float:
        return self._clock.monotonic()

    def correct(self, turn: Turn, difference: int) -> None:
        """A call used more tokens than were booked for it, or fewer."""
        if self._tokens.is_limited:
            self._tokens.correct(turn.bookings, difference, self.now())
            self.serve()

    def lets_pass(self, turn: Turn, now: float) -> bool:
        """Whether nobody is before `turn` and there is room for it, which is booked then."""
        return not self._has_waiting and self._book(turn, now) <= now

    def serve(self) -> None:
        """Give turns to those who wait, as many as the limits allow now; come back when there is room for the next."""
        if not self._has_waiting and self._timer is None:
            return
        now = self.now()
        wakes_at = math.inf
        while (found := self._next(now)) is not None:
            machine, level, is_due = found
            turn = level.first
            if turn.has_given_up:
                machine.leave(turn)
                continue
            wakes_at = self._book(turn, now)
            if wakes_at > now:
                break
            wakes_at = math.inf
            machine.begin(level, now)
            self._overtaking = 0 if is_due else self._overtaking + 1
        for machine in self._machines:
            if machine.levels and (opens_at := machine.opens_at(now)) > now:
                wakes_at = min(wakes_at, opens_at)
        self._wake_at(wakes_at, now)

    def _next(self, now: float) -> "tuple[Limits, Level, bool] | None":
        """Whose turn it is, and whether for having waited; None if nobody waits for a machine that has room."""
        waiting = [
            (machine, level) for machine in self._machines if machine.opens_at(now) <= now for level in machine.levels
        ]
        if len(waiting) < 2:
            return (*waiting[0], True) if waiting else None
        longest = min(waiting, key=lambda one: one[1].since)
        if self._overtaking >= _MOST_OVERTAKING and now - longest[1].since >= PATIENCE_SECONDS:
            return (*longest, True)
        highest = max(waiting, key=lambda one: (one[1].priority, -one[1].since))
        return (*highest, False)

    def _book(self, turn: Turn, now: float) -> float:
        """Book what `turn` needs if there is room for it now; when there is."""
        opens_at = max(self._requests.opens_at(1, now), self._tokens.opens_at(turn.tokens, now))
        if opens_at <= now:
            self._requests.book([], 1, now)
            self._tokens.book(turn.bookings, turn.tokens, now)
        return opens_at

    @property
    def _has_waiting(self) -> bool:
        return any(machine.waiting for machine in self._machines)

    def _wake_at(self, moment: float, now: float) -> None:
        if moment == self._wakes_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = moment
        self._timer = None
        if moment < math.inf:
            self._timer = asyncio.get_running_loop().create_task(self._tick(moment - now))

    async def _tick(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timer, self._wakes_at = None, math.inf
        self.serve()
