"""Any interleaving of crashes and restarts over any pipeline ends in a final state, and no finished step runs twice.

A crash here is a database that stops answering at the N-th commit, before or after it, with everything that was under
way thrown away; processes that are really killed are in tests/e2e.
"""

import asyncio
import contextlib
from collections import Counter
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blogen.domain.job import JobState, Waiting, WaitingFor
from blogen.engine.outcome import Move
from blogen.errors import ProviderUnavailable
from blogen.providers.protocols import Pending, Submitted
from blogen.store.database import Database, _Batch
from tests.engine.house import NEXT, House, Text, house

KINDS = st.sampled_from(["local", "paid", "handle", "flaky"])
STAGE = st.fixed_dictionaries(
    {"steps": st.lists(KINDS, max_size=3), "side_by_side": st.booleans(), "waits": st.integers(0, 2)}
)
PLAN = st.fixed_dictionaries(dict.fromkeys(NEXT, STAGE))
CRASHES = st.lists(st.tuples(st.integers(1, 25), st.booleans()), max_size=5)


class World:
    """The other side: it remembers every call, as a provider's bill would."""

    def __init__(self, plan):
        self.plan = plan
        self.calls = Counter()
        self.submitted = {}
        self.polls = Counter()
        self.waited = Counter()
        self.published = Counter()

    def stages(self):
        return {state: partial(self.stage, state) for state in NEXT}

    async def stage(self, state, job):
        shape = self.plan[state]
        calls = [partial(self.step, job, kind, f"{state.value}:{number}") for number, kind in enumerate(shape["steps"])]
        answers = await job.together(calls) if shape["side_by_side"] else [await call() for call in calls]
        for answer in answers:
            if isinstance(answer, Waiting):
                return answer
        key = (job.job.id, state)
        if self.waited[key] < shape["waits"]:
            self.waited[key] += 1
            return Waiting(WaitingFor.PROVIDER, job.clock.now_ms())
        if NEXT[state] is JobState.PUBLISHED:
            return Move(JobState.PUBLISHED, partial(self.publish, job.job.id))
        return NEXT[state]

    def publish(self, job_id, tx):
        tx.execute(
            "INSERT INTO ledger (job_id, at, step, run, provider, counted_usd_micros)"
            " VALUES (?, 0, hex(randomblob(8)), 1, '', 0)",
            (job_id,),
        )

    async def step(self, job, kind, name):
        key = (job.job.id, name)
        if kind == "handle":
            return await job.order(name, Text, partial(self.submit, key), partial(self.poll, key))
        call = partial(self.call, key, flaky=kind == "flaky")
        return await (job.step if kind == "local" else job.call)(name, Text, call)

    async def call(self, key, *, flaky=False):
        self.calls[key] += 1
        await asyncio.sleep(0)
        if flaky and self.calls[key] == 1:
            raise ProviderUnavailable("not now")
        return Text(text=key[1])

    async def submit(self, key):
        self.calls[key] += 1
        self.submitted[key] = f"handle of {key}"
        return Submitted(handle=self.submitted[key], poll_after_seconds=0)

    async def poll(self, key, handle):
        assert handle == self.submitted[key]
        self.polls[key] += 1
        return Text(text=key[1]) if self.polls[key] > 1 else Pending(poll_after_seconds=0)


class Crashing(contextlib.AbstractContextManager):
    """While it is entered, the database dies at commit number `at`: after it, or `before` it."""

    def __init__(self, at: int, *, before: bool) -> None:
        self.left = at
        self.before = before
        self.crashed = asyncio.Event()

    def __enter__(self):
        self.run, self.resolve = _Batch.run, Database._resolve
        dead = set()

        def run(batch, *told):
            self.left -= 1
            if self.left <= 0:
                dead.add(batch)
            if self.left > 0 or (self.left == 0 and not self.before):
                self.run(batch, *told)

        def resolve(database, batch):
            if batch in dead:
                self.database = database
                self.crashed.set()  # durable or not, nobody will hear of it
            else:
                self.resolve(database, batch)

        _Batch.run, Database._resolve = run, resolve
        return self

    def __exit__(self, *_):
        _Batch.run, Database._resolve = self.run, self.resolve


async def committed(home: House):
    rows = await home.database.read("SELECT jobs.id, step FROM timeline JOIN jobs ON number = job WHERE event = 13")
    return {(row["id"], row["step"]) for row in rows}


async def live_until_crash(folder, world, crash: Crashing, jobs: list[str], done: set):
    """One life of the process; `done` are the steps that were committed before it."""

    async def live():
        async with house(folder, world.stages(), drain_seconds=0, workers=3) as home:
            before = {key: world.calls[key] for key in await committed(home)}
            done.update(before)
            for job_id in jobs:
                await home.engine.finished(job_id)
            assert {key: world.calls[key] for key in before} == before, "a finished step was run again"

    with crash:
        living = asyncio.create_task(live())
        dying = asyncio.create_task(crash.crashed.wait())
        await asyncio.wait({living, dying}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        dying.cancel()
        if not living.done():
            # The process is gone: nothing that was under way may write or wait any more.
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.wait({living})
            await asyncio.to_thread(crash.database._writer.close)
            for reader in crash.database._readers:
                await reader.close()
        else:
            living.result()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=PLAN, crashes=CRASHES)
def test_no_finished_step_runs_twice_and_every_job_ends(tmp_path_factory, plan, crashes):
    asyncio.run(_no_finished_step_runs_twice(tmp_path_factory.mktemp("crash"), plan, crashes))


async def _no_finished_step_runs_twice(folder, plan, crashes):
    world = World(plan)
    async with house(folder, world.stages(), running=False) as home:
        jobs = [(await home.submit(f"topic {number}")).id for number in range(3)]
    for at, before in crashes:
        await live_until_crash(folder, world, Crashing(at, before=before), jobs, set())
    calls_before = Counter(world.calls)
    async with house(folder, world.stages(), running=False) as home:
        done = await committed(home)
    async with house(folder, world.stages()) as home:
        states = [(await asyncio.wait_for(home.engine.finished(job_id), 20)).state for job_id in jobs]
        assert states == [JobState.PUBLISHED] * len(jobs)
        rows = await home.database.read("SELECT job_id, count(*) AS n FROM ledger GROUP BY job_id")
        assert {row["job_id"]: row["n"] for row in rows} == dict.fromkeys(jobs, 1), "published once each"
    for key, times in world.calls.items():
        if key in done:
            assert times == calls_before[key], "a finished step was run again after the last crash"
        assert times <= 2 + len(crashes)
