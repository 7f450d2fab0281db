"""What a job writes behind its back: in order, together, and never an outcome lost."""

import asyncio
import sqlite3
import threading

import pytest

from blogen.clock import SystemClock
from blogen.domain.job import JobRequest, JobState, Waiting, WaitingFor
from blogen.errors import Overtaken
from blogen.events import Bus, JobMoved, StepBegun, StepFinished, StoreFailed
from blogen.ids import new_id
from blogen.store import behind as pending
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
        self.handed_over = asyncio.Event()
        """Set once the lines of a turn are in the writer's hands."""

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
    desk = Desk(database, bus, commits)

    def hand_over(lines):
        write(lines)
        desk.handed_over.set()

    write = database.write_lines
    monkeypatch.setattr(database, "write_lines", hand_over)
    yield desk
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


async def test_what_many_jobs_write_in_one_turn_is_one_statement_that_commits_itself(desk):
    jobs = [await desk.job() for _ in range(40)]
    desk.commits.clear()

    async def goes_on(job, behind):
        desk.finish(behind, job, "one")
        await desk.begin(behind, desk.jobs.move(behind, job, JobState.RESEARCHING), "two")

    await asyncio.gather(*(goes_on(*job) for job in jobs))
    assert [statement.split()[0] for statement in desk.commits] == ["INSERT"]
    for job, _ in jobs:
        assert await desk.lines(job) == ["step_finished", "researching", "step_begun"]
    told = [event for event in desk.heard if isinstance(event, JobMoved)]
    assert [event.job_id for event in told] == [job.id for job, _ in jobs]


async def test_more_than_a_commit_takes_waits_for_the_next_one(desk, monkeypatch):
    monkeypatch.setattr(pending, "BATCH_WRITES", 3)
    monkeypatch.setattr(store, "BATCH_WRITES", 4)
    jobs = [await desk.job() for _ in range(7)]
    shut, gate = threading.Event(), threading.Event()
    passed = desk.database.write(lambda tx: shut.set() or gate.wait(20))
    await asyncio.to_thread(shut.wait, 20)  # so that all have come when the next batch begins
    desk.commits.clear()
    begun = asyncio.gather(*(desk.begin(behind, job, "one") for job, behind in jobs))
    await desk.handed_over.wait()
    gate.set()
    await passed
    await begun
    lines = await desk.database.read("SELECT job FROM timeline WHERE step = 'one' ORDER BY id")
    assert [line[0] for line in lines] == [job.number for job, _ in jobs]
    sizes = [statement.count(f"({', '.join('?' * 9)})") for statement in desk.commits if "INSERT" in statement]
    assert sizes == [4, 4]  # of three, and of three and the last one


async def test_who_no_longer_waits_harms_nobody_who_waits_for_the_same_commit(desk):
    jobs = [await desk.job() for _ in range(3)]
    begun = [asyncio.ensure_future(desk.begin(behind, job, "one")) for job, behind in jobs]
    begun[1].cancel()
    answers = await asyncio.gather(*begun, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), asyncio.CancelledError, type(None)]
    await jobs[1][1].barrier()
    for job, _ in jobs:
        assert await desk.lines(job) == ["step_begun"]


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
    with pytest.raises(Overtaken):
        await desk.begin(behind, moved, "later")
    assert await desk.lines(job) == ["cancelled", "step_finished", "step_finished"]
    assert (await desk.jobs.get(job.id)).state is JobState.CANCELLED


async def test_of_what_came_while_a_job_was_lost_the_outcomes_are_kept(desk):
    job, behind = await desk.job()
    await desk.cancel(job)
    moved = desk.jobs.move(behind, job, JobState.RESEARCHING)
    first = behind.barrier()
    await desk.handed_over.wait()
    desk.finish(behind, moved, "one")
    second = desk.begin(behind, moved, "two")
    desk.finish(behind, moved, "three")
    for lost in (first, second, behind.barrier()):
        with pytest.raises(Overtaken):
            await lost
    assert await desk.lines(job) == ["cancelled", "step_finished", "step_finished"]


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
