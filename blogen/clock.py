"""Time, passed in so that tests own it."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Unix milliseconds, UTC. For records; may jump when the machine's clock is set."""

    def monotonic(self) -> float:
        """Seconds that never jump. For durations and waits."""

    def sleep(self, seconds: float) -> Awaitable[None]: ...


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
