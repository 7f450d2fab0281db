"""A pipeline of eight stages with one step each, for measuring the engine without what posts need."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from blogen.clock import SystemClock
from blogen.domain.job import PATH, JobRequest, JobState
from blogen.domain.model import Model
from blogen.engine.context import JobContext
from blogen.engine.engine import Engine
from blogen.engine.outcome import Outcome, Pipeline, Stage
from blogen.events import Bus, Event, JobMoved
from blogen.store.database import Database
from blogen.store.folder import database_path
from blogen.store.jobs import Jobs
from blogen.store.schema import prepare
from blogen.store.steps import Steps
from blogen.tuning import work_steadily

STAGES = PATH[: PATH.index(JobState.SCHEDULED)]
LENGTH = len(STAGES)
"""Eight: queued to in_review."""


class Written(Model):
    text: str


ORDERED_AT_ONCE = 250
"""Thousands of orders in one turn of the loop would go on in lockstep."""

RESULT = Written(text="a sentence that a model wrote, " * 6)

Making = Callable[[JobState, JobState], Stage]
"""Makes the stage of a state that goes on to the given one."""


def chain(making: Making) -> Pipeline:
    """A pipeline of eight stages, the last of which goes on to `published`."""
    targets = (*STAGES[1:], JobState.PUBLISHED)
    return Pipeline("bench", {state: making(state, target) for state, target in zip(STAGES, targets, strict=True)})


class Service:
    """The other side of every step: takes `seconds` to answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def ask(self) -> Written:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return RESULT

    def stage(self, state: JobState, target: JobState) -> Stage:
        name = f"step:{state}"

        async def stage(job: JobContext) -> Outcome:
            await job.call(name, Written, self.ask)
            return target

        return stage


@asynccontextmanager
async def built(folder: Path, pipeline: Pipeline, *, in_flight: int) -> AsyncIterator[tuple[Engine, Bus]]:
    """An engine on the database in `folder`, at rest."""
    work_steadily()
    path, bus, clock = database_path(folder), Bus(), SystemClock()
    await asyncio.to_thread(prepare, path)
    database = await Database.open(path, clock=clock, bus=bus)
    try:
        jobs, steps = Jobs(database, clock), Steps(database, clock)
        yield Engine(pipeline, jobs, steps, bus, clock, workers=in_flight, queue_size=1_000_000), bus
    finally:
        await database.close()


async def submit(engine: Engine, count: int) -> list[str]:
    """Order `count` jobs, so many at a time; their ids."""
    request = JobRequest(topic="Why group commit makes SQLite fast")
    ids: list[str] = []
    while len(ids) < count:
        orders = (engine.submit(request) for _ in range(min(ORDERED_AT_ONCE, count - len(ids))))
        ids += [job.id for job in await asyncio.gather(*orders)]
    return ids


def all_published(bus: Bus, count: int) -> asyncio.Event:
    """Set once `count` jobs have been published."""
    done, left = asyncio.Event(), count

    def hear(event: Event) -> None:
        nonlocal left
        assert isinstance(event, JobMoved)
        if event.target == JobState.PUBLISHED:
            left -= 1
            if not left:
                done.set()
                unsubscribe()

    unsubscribe = bus.subscribe(hear, JobMoved)
    return done
