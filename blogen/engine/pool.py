"""The worker pool: coroutines in one task group that take job ids from the queue and walk them.

Workers are made as they are needed, up to the configured number: an idle engine holds none. The group is asyncio's own
and not anyio's, whose bookkeeping would cost a third of the memory that a job in flight takes.
"""

from asyncio import TaskGroup
from collections.abc import Callable, Coroutine

from blogen.engine.queue import ReadyQueue


class Pool:
    def __init__(self, size: int, queue: ReadyQueue, work: Callable[[str], Coroutine[object, object, None]]) -> None:
        self._size = size
        self._queue = queue
        self._work = work
        self._workers = 0
        self._coming = 0
        """Workers that were made and have not taken their first job yet."""
        self._tasks: TaskGroup | None = None

    def start(self, tasks: TaskGroup) -> None:
        """Work in `tasks` from now on."""
        self._tasks = tasks
        self.attend()

    def stop(self) -> None:
        """Take no further job; those in hand go on."""
        self._tasks = None

    def attend(self) -> None:
        """Jobs have been lined up: see that there are workers for them."""
        if self._tasks is None:
            return
        for _ in range(min(len(self._queue) - self._coming, self._size - self._workers)):
            self._workers += 1
            self._coming += 1
            self._tasks.create_task(self._serve())

    async def _serve(self) -> None:
        self._coming -= 1
        try:
            while self._tasks is not None and (job_id := self._queue.get_nowait()) is not None:
                await self._work(job_id)
        finally:
            self._workers -= 1
            self.attend()
