"""Timers: one wake-up each, for jobs that wait until a time. The job's row is what counts; a timer recalls it."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from blogen.clock import Clock


class Timers:
    def __init__(self, clock: Clock, wake: Callable[[str], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._due: list[tuple[float, int, str]] = []
        self._current: dict[str, int] = {}
        self._order = count()
        self._call: asyncio.TimerHandle | None = None

    def set(self, job_id: str, until_ms: int) -> None:
        """Wake `job_id` at `until_ms` (Unix ms); replaces the job's earlier timer.

        The wait is measured on the monotonic clock: setting the machine's clock neither hurries nor strands it.
        """
        in_seconds = max(0.0, (until_ms - self._clock.now_ms()) / 1000)
        number = self._current[job_id] = next(self._order)
        heapq.heappush(self._due, (self._clock.monotonic() + in_seconds, number, job_id))
        self._arm()

    def drop(self, job_id: str) -> None:
        self._current.pop(job_id, None)

    def stop(self) -> None:
        if self._call is not None:
            self._call.cancel()
        self._due.clear()
        self._current.clear()

    def _arm(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._due:
            delay = max(0.0, self._due[0][0] - self._clock.monotonic())
            self._call = asyncio.get_running_loop().call_later(min(delay, 3600.0), self._fire)

    def _fire(self) -> None:
        self._call = None
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now:
            _, number, job_id = heapq.heappop(self._due)
            if self._current.get(job_id) == number:
                del self._current[job_id]
                self._wake(job_id)
        self._arm()
