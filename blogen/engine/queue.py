"""The line of jobs that are ready: urgent first, then in the order in which they came."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from blogen.errors import QueueFull


class ReadyQueue:
    """An `asyncio.PriorityQueue` of job ids. Bounded at the door alone: what was accepted is never turned away."""

    def __init__(self, limit: int) -> None:
        self._queue: asyncio.PriorityQueue[tuple[int, int, str]] = asyncio.PriorityQueue()
        self._order = count()
        self._limit = limit
        self._present: set[str] = set()
        self._kept = 0

    @contextmanager
    def room(self) -> Iterator[None]:
        """Keep a place while an order is being stored. Raises QueueFull when as many wait as configured."""
        waiting = len(self._present) + self._kept
        if waiting >= self._limit:
            raise QueueFull(
                f"{waiting} jobs wait for a worker; the queue takes {self._limit}.",
                remedy="Try again in a few seconds, or raise engine.queue_size.",
            )
        self._kept += 1
        try:
            yield
        finally:
            self._kept -= 1

    def put(self, job_id: str, priority: int) -> None:
        """Line up; a job that already stands in the line keeps its place."""
        if job_id not in self._present:
            self._present.add(job_id)
            self._queue.put_nowait((-priority, next(self._order), job_id))

    async def get(self) -> str:
        job_id = (await self._queue.get())[2]
        self._present.discard(job_id)
        return job_id

    def get_nowait(self) -> str | None:
        """The next job, or None when no one waits."""
        try:
            job_id = self._queue.get_nowait()[2]
        except asyncio.QueueEmpty:
            return None
        self._present.discard(job_id)
        return job_id

    def __len__(self) -> int:
        return len(self._present)
