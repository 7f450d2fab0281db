"""Timers: one wake-up each, for jobs that wait until a time. The job's row is what counts; a timer recalls it."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from blogen.clock import Clock
from blogen.domain.job import WaitingFor

BY_THE_CLOCK = frozenset({WaitingFor.SCHEDULE, WaitingFor.BUDGET})
"""Waits for an hour or a day of the calendar, not for a length of time."""

_LOOK_AT_CLOCK_SECONDS = 60.0


class Timers:
    def __init__(self, clock: Clock, wake: Callable[[str], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._due: list[tuple[float, int, str]] = []
        self._hours: list[tuple[float, int, str]] = []
        self._current: dict[str, int] = {}
        self._order = count()
        self._call: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        """When `_call` comes, on the monotonic clock."""

    def set(self, job_id: str, until_ms: int, *, by_the_clock: bool = False) -> None:
        """Wake `job_id` at `until_ms` (Unix ms); replaces the job's earlier timer.

        A pause is measured on the monotonic clock: setting the machine's clock neither hurries nor strands it. An hour
        that a person named is one of the machine's clock (`by_the_clock`), which is looked at every minute.
        """
        number = self._current[job_id] = next(self._order)
        if by_the_clock:
            heapq.heappush(self._hours, (until_ms, number, job_id))
        else:
            due_at = self._clock.monotonic() + max(0.0, (until_ms - self._clock.now_ms()) / 1000)
            heapq.heappush(self._due, (due_at, number, job_id))
            if self._call is not None and self._rings_at <= due_at:
                return  # thousands of waits are set in a second: those that come later change nothing
        self._arm()

    def drop(self, job_id: str) -> None:
        self._current.pop(job_id, None)

    def stop(self) -> None:
        if self._call is not None:
            self._call.cancel()
        self._due.clear()
        self._hours.clear()
        self._current.clear()

    def _arm(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        delays = [self._due[0][0] - self._clock.monotonic()] if self._due else []
        if self._hours:
            delays.append(min((self._hours[0][0] - self._clock.now_ms()) / 1000, _LOOK_AT_CLOCK_SECONDS))
        if delays:
            delay = min(max(0.0, min(delays)), 3600.0)
            self._rings_at = self._clock.monotonic() + delay
            self._call = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        self._call = None
        for waiting, now in ((self._due, self._clock.monotonic()), (self._hours, float(self._clock.now_ms()))):
            while waiting and waiting[0][0] <= now:
                _, number, job_id = heapq.heappop(waiting)
                if self._current.get(job_id) == number:
                    del self._current[job_id]
                    self._wake(job_id)
        self._arm()
