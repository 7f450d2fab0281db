"""An application that is open, and jobs followed in it."""

import asyncio
from collections.abc import Callable

from blogen.app import App
from blogen.domain.job import Job, JobRequest
from blogen.events import Event, JobMoved, JobWaiting
from tests.cli.test_commands import NOTES


class Opened:
    def __init__(self, app: App) -> None:
        self.app = app

    async def order(self, images: int = 0) -> Job:
        source = {"kind": "text", "title": "Notes", "text": NOTES}
        order = {"topic": "Tea for beginners", "images": images, "sources": [source]}
        return await self.app.engine.submit(JobRequest.model_validate(order))

    async def until(self, job: Job, is_it: Callable[[Job], bool]) -> Job:
        """Wait until the job is as wanted; the job as it was then."""
        changed = asyncio.Event()

        def hear(event: Event) -> None:
            if isinstance(event, JobMoved | JobWaiting):
                changed.set()

        stop = self.app.bus.subscribe(hear)
        try:
            while not is_it(job := await self.app.jobs.get(job.id)):
                await changed.wait()
                changed.clear()
        finally:
            stop()
        return job
