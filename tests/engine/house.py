"""An engine over a real database in a temporary folder, with a pipeline that the test writes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel

from blogen.clock import SystemClock
from blogen.domain.job import PATH, Job, JobRequest, JobState
from blogen.engine.engine import Engine
from blogen.engine.executor import RetryPolicy
from blogen.engine.outcome import Pipeline, Stage
from blogen.events import Bus, Event, JobMoved, JobWaiting
from blogen.store import schema
from blogen.store.database import Database
from blogen.store.jobs import Jobs
from blogen.store.steps import Steps
from tests.fresh import prepare

WAY = [state for state in PATH if state is not JobState.IN_REVIEW]
NEXT = dict(pairwise(WAY))
"""The straight way to publication: the stage of a state answers with the next one."""

FAST = RetryPolicy(max_attempts=3, base_seconds=0.001, cap_seconds=0.002)


class Text(BaseModel):
    text: str


async def go_on(job):
    return NEXT[job.job.state]


def stages(**own: Stage) -> Mapping[JobState, Stage]:
    """Every state goes on to the next, save those given by name."""
    return {state: own.get(state.value, go_on) for state in NEXT}


class House:
    def __init__(self, database: Database, bus: Bus, engine: Engine, jobs: Jobs, steps: Steps) -> None:
        self.database = database
        self.bus = bus
        self.engine = engine
        self.jobs = jobs
        self.steps = steps
        self.heard: list[Event] = []
        bus.subscribe(self.heard.append)

    async def submit(self, topic: str = "a topic", **order) -> Job:
        return await self.engine.submit(JobRequest(topic=topic, **order))

    async def finished(self, job: Job) -> Job:
        return await asyncio.wait_for(self.engine.finished(job.id), 20)

    async def until_waiting(self, job: Job) -> Job:
        """Wait until the job has been put to wait once."""
        await self.until(JobWaiting, job_id=job.id)
        return await self.jobs.get(job.id)

    async def until_state(self, job: Job, state: JobState) -> None:
        """Wait until the job is in `state`, also if it got there before."""
        if (await self.jobs.get(job.id)).state is not state:
            await self.until(JobMoved, job_id=job.id, target=state)

    async def until(self, wanted: type, **fields) -> Event:
        """Wait for an event of that type with these fields (one that was heard before counts)."""
        found: asyncio.Future = asyncio.get_running_loop().create_future()

        def hear(event: Event) -> None:
            matches = all(getattr(event, name, None) == value for name, value in fields.items())
            if isinstance(event, wanted) and matches and not found.done():
                found.set_result(event)

        unsubscribe = self.bus.subscribe(hear)
        for event in list(self.heard):
            hear(event)
        try:
            return await asyncio.wait_for(found, 20)
        finally:
            unsubscribe()

    async def timeline(self, job: Job) -> list[str]:
        return [entry.target or entry.event for entry in await self.jobs.timeline(job.id)]


@asynccontextmanager
async def house(
    folder: Path,
    own: Mapping[JobState, Stage] | None = None,
    *,
    kind: str = "post",
    running: bool = True,
    migrations: Path | None = None,
    **engine,
) -> AsyncIterator[House]:
    """Open (or open again) the house in `folder`."""
    path = folder / "blogen.db"
    if migrations is None:
        prepare(path)
    else:
        schema.prepare(path, folder=migrations)
    bus, clock = Bus(), SystemClock()
    database = await Database.open(path, clock=clock, bus=bus)
    jobs, steps = Jobs(database, clock), Steps(database, clock)
    pipeline = Pipeline(kind, own if own is not None else stages())
    made = Engine(pipeline, jobs, steps, bus, clock, **({"retry": FAST, "drain_seconds": 5} | engine))
    try:
        built = House(database, bus, made, jobs, steps)
        if running:
            async with made.running():
                yield built
        else:
            yield built
    finally:
        await database.close()
