"""The worker pool: coroutines that take job ids from the queue and walk them.

Workers are made as they are needed, up to the configured number: an idle engine holds none. They are plain tasks in no
group: what a group keeps for each would be a good part of the memory that a job in flight takes, and a worker raises
nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine

from blogen.engine.queue import ReadyQueue


class Pool:
    def __init__(self, size: int, queue: ReadyQueue, work: Callable[[str], Coroutine[object, object, bool]]) -> None:
        self._size = size
        self._queue = queue
        self._work = work
        self._workers: set[asyncio.Task[None]] = set()
        self._coming = 0
        """Workers that were made and have not taken their first job yet."""
        self._is_open = False

    def start(self) -> None:
        """Work from now on."""
        self._is_open = True
        self.attend()

    def stop(self) -> None:
        """Take no further job; those in hand go on."""
        self._is_open = False

    def attend(self) -> None:
        """Jobs have been lined up: see that there are workers for them."""
        if not self._is_open:
            return
        loop = asyncio.get_running_loop()
        for _ in range(min(len(self._queue) - self._coming, self._size - len(self._workers))):
            self._coming += 1
            self._workers.add(loop.create_task(self._serve(), name="worker"))  # one name for all takes less memory

    async def ended(self) -> None:
        """Wait until no worker is left."""
        await asyncio.gather(*self._workers)

    async def _serve(self) -> None:
        self._coming -= 1
        try:
            while self._is_open and (job_id := self._queue.get_nowait()) is not None:
                while await self._work(job_id):
                    pass
        finally:
            worker = asyncio.current_task()
            assert worker is not None
            self._workers.discard(worker)
            self.attend()
