"""SIGKILL with 10,000 unfinished jobs: how soon all move again, counted from exec, and what was done twice.

The stages call two services in turn, each taking 2 s: one answers or not, the other hands out a handle and is asked
again later. Both note every call in a journal that survives the kill. A job moves again when its call is made anew,
or, if it waits for the time at which to ask about a handle, when its timer is set.
"""

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from bench.chain import RESULT, STAGES, Written, all_published, built, chain, submit
from bench.common import LIMIT_SECONDS, ROOT, Sample, Verdicts, answer, command, fail, folder, median, table
from blogen.domain.job import JobState, Waiting
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome, Pipeline, Stage
from blogen.events import Bus, EngineStarted, Event
from blogen.providers.protocols import Pending, Submitted
from blogen.store.folder import database_path
from blogen.store.lines import Line

JOBS = 10_000
SERVICE_SECONDS = 2.0
KILL_AFTER_CALLS = int(JOBS * 1.6)

ROUNDS = 3

Step = tuple[str, str]
"""A job's id and the step's name."""


def main() -> None:
    samples = [killed_and_restarted() for _ in range(ROUNDS)]
    table(
        f"Recovery: SIGKILL with {JOBS} unfinished jobs ({ROUNDS} rounds)",
        ("", *samples[0]),
        [(f"round {number}", *sample.values()) for number, sample in enumerate(samples, 1)],
    )
    verdicts = Verdicts()
    verdicts.at_most("all jobs move again after exec", median(samples, "all moving s"), 1.0, "s")
    repeated, again = (sum(sample[what] for sample in samples) for what in ("steps repeated", "handles repeated"))
    verdicts.at_most("committed steps repeated", repeated, 0, "calls")
    verdicts.at_most("calls with a handle made again", again, 0, "calls")
    verdicts.exit()


def killed_and_restarted() -> Sample:
    with folder() as place:
        kill_in_mid_run(place)
        finished, handles, waiting = what_is_durable(place)
        before = calls(place)
        sample = restart(place, waiting)
        after = calls(place)[len(before) :]
    known = set(before)
    return {
        "all moving s": sample["moving"],
        "until the engine s": sample["engine"],
        "steps committed": len(finished),
        "handles": len(handles),
        "in doubt, made again": sum(call in known for call in after),
        "steps repeated": sum(call in finished for call in after),
        "handles repeated": sum(call in handles for call in after),
    }


def kill_in_mid_run(place: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "bench.recovery", "first", str(place)], cwd=ROOT)
    deadline = time.monotonic() + LIMIT_SECONDS
    journal = place / "journal"
    while not journal.exists() or len(journal.read_bytes().splitlines()) < KILL_AFTER_CALLS:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            fail("The first run did not come as far as the kill.")
        time.sleep(0.05)
    process.kill()
    process.wait()


def what_is_durable(place: Path) -> tuple[set[Step], set[Step], int]:
    """The finished steps, the steps with a handle and no result, and how many jobs wait for a time."""
    with closing(sqlite3.connect(f"file:{database_path(place)}?mode=ro", uri=True)) as connection:
        select = "SELECT jobs.id, step FROM timeline JOIN jobs ON number = job WHERE event = ?"
        finished = set(connection.execute(select, (Line.STEP_FINISHED,)))
        handles = set(connection.execute(select, (Line.STEP_HANDLE,))) - finished
        waiting = connection.execute("SELECT count(*) FROM jobs WHERE waiting_until IS NOT NULL").fetchone()[0]
    if not finished or not handles:
        fail("The kill came before anything was committed: this run says nothing.")
    return finished, handles, waiting


def calls(place: Path) -> list[Step]:
    """What the services were asked to do, polls apart; a line that the kill cut off is left out."""
    lines = (place / "journal").read_text().rpartition("\n")[0].splitlines()
    return [(job, step) for job, step in map(str.split, lines)]


def restart(place: Path, waiting: int) -> Sample:
    return command("-m", "bench.recovery", "again", str(time.monotonic()), str(waiting))(place)


class Services:
    """The other side: notes each order before it works on it."""

    def __init__(self, place: Path) -> None:
        self._journal = os.open(place / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.ordered = 0
        self.changed = asyncio.Event()

    def pipeline(self) -> Pipeline:
        return chain(self._stage)

    def _stage(self, state: JobState, target: JobState) -> Stage:
        step = f"step:{state}"

        async def order(job: JobContext) -> Outcome:
            answered = await job.order(step, Written, lambda: self._submit(job.job.id, step), self._poll)
            return answered if isinstance(answered, Waiting) else target

        async def call(job: JobContext) -> Outcome:
            await job.call(step, Written, lambda: self._call(job.job.id, step))
            return target

        return order if STAGES.index(state) % 2 else call

    def _note(self, job_id: str, step: str) -> None:
        os.write(self._journal, f"{job_id} {step}\n".encode())
        self.ordered += 1
        self.changed.set()

    async def _call(self, job_id: str, step: str) -> Written:
        self._note(job_id, step)
        await asyncio.sleep(SERVICE_SECONDS)
        return RESULT

    async def _submit(self, job_id: str, step: str) -> Submitted:
        self._note(job_id, step)
        return Submitted(handle=str(time.time() + SERVICE_SECONDS), poll_after_seconds=SERVICE_SECONDS)

    async def _poll(self, handle: str) -> Written | Pending:
        left = float(handle) - time.time()
        return Pending(poll_after_seconds=left) if left > 0 else RESULT


async def first(place: Path) -> None:
    """Work until killed."""
    async with built(place, Services(place).pipeline(), in_flight=JOBS) as (engine, _bus):
        await submit(engine, JOBS)
        async with engine.running():
            await asyncio.Event().wait()


async def again(executed_at: float, waiting: int, place: Path) -> None:
    """Take up what the kill left, and work until all is done."""
    services = Services(place)
    async with built(place, services.pipeline(), in_flight=JOBS) as (engine, bus):
        published = all_published(bus, JOBS)
        started = when_started(bus)
        async with engine.running():
            while services.ordered < JOBS - waiting:
                services.changed.clear()
                await services.changed.wait()
            moving = time.monotonic() - executed_at
            await published.wait()
        answer(moving=moving, engine=(await started) - executed_at)


def when_started(bus: Bus) -> "asyncio.Future[float]":
    started: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def hear(event: Event) -> None:
        if isinstance(event, EngineStarted):
            started.set_result(time.monotonic())

    bus.subscribe(hear)
    return started


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        import uvloop

        role, *words, where = sys.argv[1:]
        uvloop.run(again(float(words[0]), int(words[1]), Path(where)) if role == "again" else first(Path(where)))
