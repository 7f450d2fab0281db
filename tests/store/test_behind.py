"""What a job writes behind its back: in order, together, and never an outcome lost."""

import asyncio
import sqlite3

import pytest

from blogen.clock import SystemClock
from blogen.domain.job import JobRequest, JobState, Waiting, WaitingFor
from blogen.errors import Overtaken
from blogen.events import Bus, JobMoved, StepBegun, StepFinished, StoreFailed
from blogen.ids import new_id
from blogen.store import database as store
from blogen.store.database import Database
from blogen.store.jobs import Jobs, put_state
from blogen.store.steps import Steps
from tests.fresh import prepare


class Desk:
    """A database, and a job in hand."""

    def __init__(self, database, bus, commits):
        self.database = database
        self.jobs = Jobs(database, SystemClock())
        self.steps = Steps(database, SystemClock())
        self.bus = bus
        self.heard = []
        bus.subscribe(self.heard.append)
        self.commits = commits
        """The statement that made each of them durable."""

    async def job(self):
        job = await self.jobs.submit(new_id(), "post", JobRequest(topic="A topic"))
        self.heard.clear()
        return job, self.steps.behind(job.id)

    async def lines(self, job):
        return [entry.target or entry.event for entry in await self.jobs.timeline(job.id)][1:]

    async def cancel(self, job):
        await self.jobs.change(job.id, lambda tx, now: put_state(tx, now, JobState.CANCELLED))

    async def until(self, kind):
        """The next event of that type."""
        came = asyncio.Event()
        unsubscribe = self.bus.subscribe(lambda event: came.set() if isinstance(event, kind) else None)
        await came.wait()
        unsubscribe()

    def finish(self, behind, job, step, result='{"text": "t"}', run=1):
        self.steps.finish(behind, job, step, run, result, duration_ms=1)

    def begin(self, behind, job, step):
        return self.steps.begin(behind, job, step, 1, digest=None, is_paid=True)


@pytest.fixture
async def desk(tmp_path, monkeypatch):
    commits = []

    def commit(connection, last="COMMIT", params=()):
        commits.append(last)
        return make_durable(connection, last, params)

    make_durable = store._commit
    monkeypatch.setattr(store, "_commit", commit)
    prepare(tmp_path / "blogen.db")
    bus = Bus()
    database = await Database.open(tmp_path / "blogen.db", bus=bus)
    yield Desk(database, bus, commits)
    await database.close()


async def test_a_result_the_move_and_the_next_intent_are_one_commit_in_their_order(desk):
    job, behind = await desk.job()
    desk.commits.clear()
    desk.finish(behind, job, "one")
    moved = desk.jobs.move(behind, job, JobState.RESEARCHING)
    await desk.begin(behind, moved, "two")
    assert len(desk.commits) == 1
    assert await desk.lines(job) == ["step_finished", "researching", "step_begun"]
    told = [type(event) for event in desk.heard]
    assert told == [StepFinished, JobMoved, StepBegun]
    assert (await desk.jobs.get(job.id)).state is JobState.RESEARCHING


def _never(*_):
    raise AssertionError("it could not be written as one")


async def test_a_wait_finds_the_job_where_the_move_before_it_in_the_same_commit_took_it(desk, monkeypatch):
    jobs = [await desk.job() for _ in range(3)]
    desk.commits.clear()

    async def goes_on_and_waits(job, behind):
        await desk.jobs.wait(behind, desk.jobs.move(behind, job, JobState.RESEARCHING), Waiting(WaitingFor.REVIEW))

    with monkeypatch.context() as patch:
        patch.setattr(store._Batch, "_each_isolated", _never)
        await asyncio.gather(*(goes_on_and_waits(*job) for job in jobs))
    assert len(desk.commits) == 1
    for job, behind in jobs:
        found = await desk.jobs.get(job.id)
        assert found.state is JobState.RESEARCHING
        assert found.waiting is not None
        desk.jobs.move(behind, found, JobState.OUTLINING)  # a job that waits is not moved
        with pytest.raises(Overtaken):
            await behind.barrier()
    assert await desk.lines(jobs[0][0]) == ["researching", "waiting"]


async def test_it_is_written_though_nobody_waits_for_it(desk):
    job, behind = await desk.job()
    desk.finish(behind, job, "one")
    await asyncio.wait_for(desk.until(StepFinished), 20)
    assert await desk.lines(job) == ["step_finished"]


async def test_what_is_added_while_a_commit_is_under_way_comes_after_it(desk):
    job, behind = await desk.job()
    first = desk.begin(behind, job, "one")
    desk.finish(behind, job, "one")
    moved = desk.jobs.move(behind, job, JobState.RESEARCHING)
    await first
    await desk.begin(behind, moved, "two")
    assert await desk.lines(job) == ["step_begun", "step_finished", "researching", "step_begun"]


async def test_a_job_that_was_moved_meanwhile_keeps_its_result_and_nothing_after(desk):
    job, behind = await desk.job()
    await desk.cancel(job)
    desk.finish(behind, job, "one")
    moved = desk.jobs.move(behind, job, JobState.RESEARCHING)
    with pytest.raises(Overtaken, match=job.id):
        await desk.begin(behind, moved, "two")
    assert await desk.lines(job) == ["cancelled", "step_finished"]
    with pytest.raises(Overtaken):
        await behind.barrier()
    desk.finish(behind, job, "late")  # an outcome of a call that was under way is kept all the same
    with pytest.raises(Overtaken):
        await behind.barrier()
    assert await desk.lines(job) == ["cancelled", "step_finished", "step_finished"]
    assert (await desk.jobs.get(job.id)).state is JobState.CANCELLED


async def test_a_write_that_can_never_be_done_takes_no_outcome_with_it(desk):
    job, behind = await desk.job()
    desk.finish(behind, job, "one")
    desk.finish(behind, job, "x" * 200)  # longer than a step's name may be
    desk.finish(behind, job, "three")
    moved = desk.jobs.move(behind, job, JobState.RESEARCHING)
    with pytest.raises(sqlite3.IntegrityError):
        await desk.begin(behind, moved, "four")
    assert await desk.lines(job) == ["step_finished", "step_finished"]
    assert (await desk.jobs.get(job.id)).state is JobState.QUEUED


async def test_neighbours_in_the_same_commit_are_not_harmed(desk):
    jobs = [await desk.job() for _ in range(300)]
    await desk.cancel(jobs[7][0])

    async def walk(number):
        job, behind = jobs[number]
        desk.finish(behind, job, "one")
        return await desk.begin(behind, desk.jobs.move(behind, job, JobState.RESEARCHING), "two")

    answers = await asyncio.gather(*map(walk, range(300)), return_exceptions=True)
    assert [number for number, answer in enumerate(answers) if answer is not None] == [7]
    states = {(await desk.jobs.get(job.id)).state for job, _ in jobs}
    assert states == {JobState.RESEARCHING, JobState.CANCELLED}
    begun = await desk.database.read("SELECT count(*) FROM timeline WHERE step = 'two'")
    assert begun[0][0] == 299


async def test_a_full_disk_is_waited_for_and_nothing_is_lost(desk):
    job, behind = await desk.job()
    pages = (await desk.database.write(lambda tx: tx.query("PRAGMA page_count")))[0][0]
    await desk.database.write(lambda tx: tx._connection.execute(f"PRAGMA max_page_count = {pages}"))
    desk.finish(behind, job, "one", f'{{"text": "{"a" * 50_000}"}}')
    moved = desk.jobs.move(behind, job, JobState.RESEARCHING)
    begun = asyncio.ensure_future(desk.begin(behind, moved, "two"))
    await asyncio.wait_for(desk.until(StoreFailed), 20)
    assert not begun.done()
    await desk.database.write(lambda tx: tx._connection.execute("PRAGMA max_page_count = 1000000"))
    await asyncio.wait_for(begun, 20)
    assert await desk.lines(job) == ["step_finished", "researching", "step_begun"]
