"""A pipeline of eight stages with one step each, for measuring the engine without what posts need."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from blogen.clock import SystemClock
from blogen.domain.job import PATH, JobRequest, JobState
from blogen.domain.model import Model
from blogen.engine.context import JobContext
from blogen.engine.engine import Engine
from blogen.engine.outcome import Outcome, Pipeline
from blogen.events import Bus, Event, JobMoved
from blogen.store.database import Database
from blogen.store.folder import database_path
from blogen.store.jobs import Jobs
from blogen.store.schema import prepare
from blogen.store.steps import Steps
from blogen.tuning import tune

STAGES = PATH[: PATH.index(JobState.SCHEDULED)]
LENGTH = len(STAGES)
"""Eight: queued to in_review."""


class Written(Model):
    text: str


RESULT = Written(text="a sentence that a model wrote, " * 6)

Work = Callable[[JobContext, JobState], Awaitable[Outcome | None]]
"""What each stage does; an answer other than None is the stage's own."""


def chain(work: Work) -> Pipeline:
    """A pipeline whose stages each do `work` and go on to the next, the last to `published`."""

    def stage(state: JobState, target: JobState) -> Callable[[JobContext], Awaitable[Outcome]]:
        async def run(job: JobContext) -> Outcome:
            return await work(job, state) or target

        return run

    targets = (*STAGES[1:], JobState.PUBLISHED)
    return Pipeline("bench", {state: stage(state, target) for state, target in zip(STAGES, targets, strict=True)})


class Service:
    """The other side of every step: takes `seconds` to answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def ask(self) -> Written:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return RESULT

    async def work(self, job: JobContext, state: JobState) -> None:
        await job.call(f"step:{state}", Written, self.ask)


@asynccontextmanager
async def built(folder: Path, pipeline: Pipeline, *, in_flight: int) -> AsyncIterator[tuple[Engine, Bus]]:
    """An engine on the database in `folder`, at rest."""
    tune()
    path, bus, clock = database_path(folder), Bus(), SystemClock()
    await asyncio.to_thread(prepare, path)
    database = await Database.open(path, clock=clock, bus=bus)
    try:
        jobs, steps = Jobs(database, clock), Steps(database, clock)
        yield Engine(pipeline, jobs, steps, bus, clock, workers=in_flight, queue_size=1_000_000), bus
    finally:
        await database.close()


async def submit(engine: Engine, count: int) -> list[str]:
    """Order `count` jobs; their ids."""
    request = JobRequest(topic="Why group commit makes SQLite fast")
    return [job.id for job in await asyncio.gather(*(engine.submit(request) for _ in range(count)))]


def all_published(bus: Bus, count: int) -> asyncio.Event:
    """Set once `count` jobs have been published."""
    done, left = asyncio.Event(), count

    def hear(event: Event) -> None:
        nonlocal left
        if type(event) is JobMoved and event.target == JobState.PUBLISHED:
            left -= 1
            if not left:
                done.set()

    bus.subscribe(hear)
    return done
