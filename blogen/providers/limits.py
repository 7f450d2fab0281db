"""What keeps calls to a provider within bounds: `Limits` (how many, how often) and `Breaker` (not while it is down).

async with limits.turn(job.priority), breaker.attempt():
    answer = await provider.complete(request)
"""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from blogen.clock import Clock, SystemClock
from blogen.errors import ProviderUnavailable

_MINUTE_SECONDS = 60.0


class Limits:
    """At most `concurrency` calls at a time and `requests_per_minute` begun in any 60 seconds.

    Who waits is served by priority (higher first), and in the order of arrival within one.
    """

    def __init__(
        self, concurrency: int = 4, requests_per_minute: int | None = None, clock: Clock | None = None
    ) -> None:
        self._concurrency = concurrency
        self._requests_per_minute = requests_per_minute
        self._clock = clock or SystemClock()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._running = 0
        self._begun: deque[float] = deque(maxlen=requests_per_minute or 0)
        self._timer: asyncio.Task[None] | None = None

    @property
    def running(self) -> int:
        """Calls under way."""
        return self._running

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return sum(not future.done() for _, _, future in self._waiting)

    @asynccontextmanager
    async def turn(self, priority: int = 5) -> AsyncIterator[None]:
        """Wait for a turn and hold it while the call is under way."""
        await self._acquire(priority)
        try:
            yield
        finally:
            self._running -= 1
            self._serve()

    async def _acquire(self, priority: int) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-priority, next(self._arrivals), future))
        self._serve()
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled():  # served and cancelled in the same moment: pass it on
                self._running -= 1
            future.cancel()
            self._serve()
            raise

    def _serve(self) -> None:
        """Give turns to those who wait, as many as the limits allow now."""
        while self._waiting and self._running < self._concurrency:
            if self._waiting[0][2].done():  # it has given up
                heapq.heappop(self._waiting)
                continue
            if (pause := self._pause_seconds()) > 0:
                self._serve_after(pause)
                return
            _, _, future = heapq.heappop(self._waiting)
            self._running += 1
            if self._requests_per_minute is not None:
                self._begun.append(self._clock.monotonic())
            future.set_result(None)
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pause_seconds(self) -> float:
        if self._requests_per_minute is None or len(self._begun) < self._requests_per_minute:
            return 0.0
        return self._begun[0] + _MINUTE_SECONDS - self._clock.monotonic()

    def _serve_after(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().create_task(self._tick(seconds))

    async def _tick(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timer = None
        self._serve()


class Breaker:
    """Opens after `failures` calls in a row found the provider unavailable; then nobody waits for time limits.

    After a pause one call may probe. If it comes through, all may; if not, the pause doubles.
    """

    def __init__(
        self,
        provider: str = "",
        failures: int = 5,
        pause_seconds: float = 30,
        max_pause_seconds: float = 300,
        clock: Clock | None = None,
    ) -> None:
        self._provider = provider
        self._failures = failures
        self._first_pause_seconds = pause_seconds
        self._max_pause_seconds = max_pause_seconds
        self._clock = clock or SystemClock()
        self._failed = 0
        self._pause_seconds = pause_seconds
        self._closed_again_at: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether a call would be turned away now."""
        return self._remaining_seconds() > 0 or self._is_probing

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Make a call in it. Raises ProviderUnavailable at once while the breaker is open."""
        is_probe = self._enter()
        try:
            yield
        except ProviderUnavailable as error:
            self._record_failure(error.retry_after_seconds, is_probe=is_probe)
            raise
        except Exception:
            self._record_answer()  # it refused, or answered nonsense: it is there
            raise
        else:
            self._record_answer()
        finally:
            if is_probe:  # also when the probe was cancelled: the next call may probe
                self._is_probing = False

    def _enter(self) -> bool:
        if self._closed_again_at is None:
            return False
        remaining = self._remaining_seconds()
        if remaining > 0 or self._is_probing:
            raise ProviderUnavailable(
                f"[{self._provider}] failed {self._failed} times in a row and is left alone for a while.",
                remedy="It is tried again by itself; `blogen doctor` checks it now.",
                provider=self._provider,
                retry_after_seconds=max(remaining, 1.0),
            )
        self._is_probing = True
        return True

    def _remaining_seconds(self) -> float:
        return 0.0 if self._closed_again_at is None else self._closed_again_at - self._clock.monotonic()

    def _record_failure(self, retry_after_seconds: float | None, *, is_probe: bool) -> None:
        self._failed += 1
        if is_probe:
            self._pause_seconds = min(self._pause_seconds * 2, self._max_pause_seconds)
        elif self._failed < self._failures or self._closed_again_at is not None:
            return  # not yet, or a straggler from before it opened
        pause = max(self._pause_seconds, min(retry_after_seconds or 0.0, self._max_pause_seconds))
        self._closed_again_at = self._clock.monotonic() + pause

    def _record_answer(self) -> None:
        self._failed = 0
        self._pause_seconds = self._first_pause_seconds
        self._closed_again_at = None
