"""A newer program takes up what an older one left: jobs in every state and every wait, across a migration."""

import shutil

import pytest

from blogen.domain.job import FINAL, PATH, JobState, Waiting, WaitingFor
from blogen.store import schema
from blogen.store.schema import prepare
from tests.engine.house import NEXT, Text, house, stages

OPEN = [state for state in PATH if state not in FINAL]
TIMED = {WaitingFor.RETRY, WaitingFor.IMAGE, WaitingFor.SCHEDULE, WaitingFor.BUDGET, WaitingFor.PROVIDER}


@pytest.fixture
def next_schema(tmp_path):
    """What the next version's migrations may look like: the jobs' table gets a column, and an index is made."""
    folder = tmp_path / "next"
    shutil.copytree(schema.MIGRATIONS, folder)
    newest = schema.migrations()[-1].version
    (folder / f"{newest + 1:04}_next.sql").write_text(
        "ALTER TABLE jobs ADD COLUMN note TEXT;\nCREATE INDEX jobs_by_kind ON jobs (kind, id);\n"
    )
    return folder


def stopping_in(state, wait):
    """An older pipeline whose jobs stop in `state`, having finished a step in each state before."""

    async def stop(job):
        return wait

    async def pass_on(job):
        await job.call(f"step:{job.job.state}", Text, _text)
        return (
            JobState.IN_REVIEW
            if job.job.state is JobState.ASSEMBLING and state is JobState.IN_REVIEW
            else NEXT[job.job.state]
        )

    return {**dict.fromkeys(NEXT, pass_on), JobState.IN_REVIEW: stop, state: stop}


async def _text():
    return Text(text="from the older version")


async def leave(folder, state, wait):
    async with house(folder, stopping_in(state, wait)) as old:
        job = await old.submit(f"left while {state}")
        return await old.until_waiting(job)


async def everything_goes_on(job):
    """The newer pipeline does the same work in other steps."""
    if job.job.state is JobState.IN_REVIEW:
        return JobState.PUBLISHED
    await job.call(f"renamed:{job.job.state}", Text, _text)
    return NEXT[job.job.state]


@pytest.mark.parametrize("state", OPEN)
async def test_a_job_left_in_any_state_goes_on_with_a_newer_schema_and_pipeline(tmp_path, next_schema, state):
    job = await leave(tmp_path, state, Waiting(WaitingFor.RETRY, 1))
    prepare(tmp_path / "blogen.db", folder=next_schema)
    newer = dict.fromkeys(OPEN, everything_goes_on)
    async with house(tmp_path, newer, migrations=next_schema) as new:
        assert (await new.finished(job)).state is JobState.PUBLISHED
        done = [record.name for record in await new.steps.of(job.id)]
        assert [name for name in done if name.startswith("step:")] == [
            f"step:{before}" for before in OPEN[: OPEN.index(state)] if before in NEXT
        ]


@pytest.mark.parametrize("state", OPEN)
async def test_a_job_whose_state_has_no_stage_any_more_fails_with_a_reason(tmp_path, state):
    job = await leave(tmp_path, state, Waiting(WaitingFor.RETRY, 1))
    newer = {other: everything_goes_on for other in OPEN if other is not state}
    async with house(tmp_path, newer) as new:
        failed = await new.finished(job)
        assert (failed.state, failed.failed_in, failed.error.code) == (JobState.FAILED, state, "no-stage")
        assert failed.error.remedy


@pytest.mark.parametrize("for_", list(WaitingFor))
async def test_a_job_left_in_any_wait_is_woken_by_time_or_by_its_verb(tmp_path, next_schema, for_):
    until = 1 if for_ in TIMED else None
    job = await leave(tmp_path, JobState.DRAFTING, Waiting(for_, until))
    prepare(tmp_path / "blogen.db", folder=next_schema)
    async with house(tmp_path, stages(), migrations=next_schema) as new:
        if for_ is WaitingFor.REVIEW:
            await new.engine.approve(job.id)
        if for_ is WaitingFor.PAUSED:
            await new.engine.resume(job.id)
        await new.until_state(job, JobState.PUBLISHED)


async def test_one_job_that_cannot_be_read_strands_no_other(tmp_path):
    async with house(tmp_path, running=False) as old:
        good, bad = await old.submit("good"), await old.submit("bad")
        await old.database.write(
            lambda tx: tx.execute("UPDATE job_requests SET request = 'not JSON' WHERE job_id = ?", (bad.id,))
        )

    async def look(job):
        assert job.request.topic
        return NEXT[job.job.state]

    async with house(tmp_path, stages(researching=look)) as new:
        assert (await new.finished(good)).state is JobState.PUBLISHED
        failed = await new.finished(bad)
        assert failed.state is JobState.FAILED
        assert failed.error.remedy
