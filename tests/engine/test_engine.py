"""The engine's promises, with pipelines made for the test: it knows nothing of posts."""

import asyncio

import pytest

from blogen.domain.job import JobRequest, JobState, Waiting, WaitingFor
from blogen.engine.outcome import Move
from blogen.errors import (
    Conflict,
    IllegalTransition,
    InvalidInput,
    NotFound,
    ProviderRefused,
    ProviderUnavailable,
    QueueFull,
)
from blogen.events import JobMoved, JobWaiting, StepBegun
from tests.engine.house import FAST, NEXT, Text, house, stages


async def test_a_job_walks_all_states_to_publication(tmp_path):
    async with house(tmp_path) as home:
        job = await home.finished(await home.submit())
        assert job.state is JobState.PUBLISHED
        assert await home.timeline(job) == ["submitted", *[state.value for state in NEXT.values()]]


async def test_a_finished_step_is_not_run_again_after_a_restart(tmp_path):
    calls = []

    async def first():
        calls.append("first")
        return Text(text="one")

    async def second():
        calls.append("second")
        if len(calls) < 3:
            await asyncio.Event().wait()  # hangs: the process "dies" here
        return Text(text="two")

    async def draft(job):
        assert await job.call("first", Text, first) == Text(text="one")
        await job.call("second", Text, second)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft), drain_seconds=0) as home:
        job = await home.submit()
        await home.until(StepBegun, step="second")
    assert calls == ["first", "second"]
    async with house(tmp_path, stages(drafting=draft)) as home:
        assert (await home.finished(job)).state is JobState.PUBLISHED
    assert calls == ["first", "second", "second"]


async def test_a_call_that_was_in_flight_is_shown_as_in_doubt_and_repeated_once(tmp_path):
    hang = True

    async def call():
        if hang:
            await asyncio.Event().wait()
        return Text(text="done")

    async def draft(job):
        await job.call("pay", Text, call)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft), drain_seconds=0) as home:
        job = await home.submit()
        await home.until(StepBegun, step="pay")
    hang = False
    async with house(tmp_path, stages(drafting=draft)) as home:
        await home.finished(job)
        events = [entry.event for entry in await home.jobs.timeline(job.id) if entry.step == "pay"]
    assert events == ["step_begun", "step_doubted", "step_begun", "step_finished"]


@pytest.mark.parametrize(("answer", "state"), [("approve", JobState.PUBLISHED), ("reject", JobState.FAILED)])
async def test_a_call_in_doubt_is_put_to_the_owner_if_policy_says_so(tmp_path, answer, state):
    hang, calls = True, 0

    async def call():
        nonlocal calls
        calls += 1
        if hang:
            await asyncio.Event().wait()
        return Text(text="done")

    async def draft(job):
        await job.call("pay", Text, call)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft), drain_seconds=0) as home:
        job = await home.submit()
        await home.until(StepBegun, step="pay")
    hang = False
    async with house(tmp_path, stages(drafting=draft), in_doubt="ask") as home:
        waiting = await home.finished(job)
        assert waiting.waiting.for_ is WaitingFor.REVIEW
        assert "may have been paid" in waiting.waiting.reason
        assert calls == 1
        await getattr(home.engine, answer)(job.id)
        assert (await home.finished(job)).state is state
        assert calls == (2 if answer == "approve" else 1)


async def test_a_call_in_doubt_that_is_free_is_repeated_without_asking(tmp_path):
    hang = True

    async def call():
        if hang:
            await asyncio.Event().wait()
        return Text(text="done")

    async def draft(job):
        await job.call("free", Text, call, is_paid=False)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft), drain_seconds=0) as home:
        job = await home.submit()
        await home.until(StepBegun, step="free")
    hang = False
    async with house(tmp_path, stages(drafting=draft), in_doubt="ask") as home:
        assert (await home.finished(job)).state is JobState.PUBLISHED


async def test_waiting_holds_no_worker_and_costs_no_attempt(tmp_path):
    turns = 0

    async def illustrate(job):
        nonlocal turns
        turns += 1
        if turns <= 20:
            return Waiting(WaitingFor.IMAGE, job.clock.now_ms() + 1)
        return JobState.ASSEMBLING

    async with house(tmp_path, stages(illustrating=illustrate), workers=1) as home:
        waits = await home.submit()
        passes = await home.submit()
        for job in (waits, passes):
            done = await home.finished(job)
            assert (done.state, done.attempt) == (JobState.PUBLISHED, 0)


async def test_more_jobs_wait_than_there_are_workers_and_all_are_woken(tmp_path):
    async def research(job):
        return Waiting(WaitingFor.REVIEW) if job.job.id not in go else JobState.OUTLINING

    go: set[str] = set()
    async with house(tmp_path, stages(researching=research), workers=2) as home:
        jobs = [await home.submit() for _ in range(30)]
        assert {(await home.finished(job)).waiting.for_ for job in jobs} == {WaitingFor.REVIEW}
        await home.engine._executor.idle()  # whose hands let go of it once it is known to wait
        assert home.engine.load["running"] == 0
        go.update(job.id for job in jobs)
        for job in jobs:
            await home.engine.approve(job.id)
        assert {(await home.finished(job)).state for job in jobs} == {JobState.PUBLISHED}


async def test_a_passing_failure_is_tried_again_and_a_lasting_one_fails_with_its_remedy(tmp_path):
    failures = 0

    async def outline(job):
        nonlocal failures
        failures += 1
        if failures == 1:
            raise ProviderUnavailable("main answered 503.", provider="text.main")
        raise ProviderRefused("The key was refused (401).", remedy="Check api_key.", provider="text.main")

    async with house(tmp_path, stages(outlining=outline)) as home:
        job = await home.finished(await home.submit())
        assert failures == 2
        assert job.state is JobState.FAILED
        assert job.failed_in is JobState.OUTLINING
        assert (job.error.code, job.error.remedy) == ("provider-refused", "Check api_key.")
        assert job.error.provider == "text.main"


async def test_attempts_are_bounded(tmp_path):
    tries = 0

    async def outline(job):
        nonlocal tries
        tries += 1
        raise ProviderUnavailable("down", provider="text.main")

    async with house(tmp_path, stages(outlining=outline)) as home:
        job = await home.finished(await home.submit())
        assert tries == FAST.max_attempts
        assert job.state is JobState.FAILED
        assert "after 3 attempts" in job.error.detail


async def test_the_delay_asked_for_by_a_service_is_honoured():
    for _ in range(50):
        assert FAST.delay_seconds(1, asked_for=0.02) >= 0.02
        assert FAST.delay_seconds(1, asked_for=1e9) <= FAST.cap_seconds * 12


async def test_a_poisoned_job_fails_and_strands_no_other(tmp_path):
    poison: set[str] = set()

    async def outline(job):
        if job.job.id in poison:
            raise ZeroDivisionError("boom")
        return JobState.DRAFTING

    async with house(tmp_path, running=False) as home:
        jobs = [await home.submit(f"topic {number}") for number in range(8)]
        poison.add(jobs[3].id)
    async with house(tmp_path, stages(outlining=outline), workers=2) as home:  # also during recovery
        states = [(await home.finished(job)).state for job in jobs]
    assert states.count(JobState.PUBLISHED) == 7
    assert states[3] is JobState.FAILED


async def test_what_a_move_brings_about_happens_with_it_or_not_at_all(tmp_path):
    broken = True

    async def publish(job):
        def also(tx):
            tx.execute("INSERT INTO ledger (job_id, at, step, run, provider, counted_usd_micros)"
                " VALUES (?, 0, hex(randomblob(8)), 1, '', 1)",
                       (job.job.id,))  # fmt: skip
            if broken:
                raise ZeroDivisionError

        return Move(JobState.PUBLISHED, also)

    async with house(tmp_path, stages(scheduled=publish)) as home:
        job = await home.finished(await home.submit())
        assert job.state is JobState.FAILED
        assert await home.database.read("SELECT * FROM ledger") == []
        broken = False
        await home.engine.retry(job.id)
        assert (await home.finished(job)).state is JobState.PUBLISHED
        assert len(await home.database.read("SELECT * FROM ledger")) == 1


async def test_a_cancelled_job_stops_at_once_and_stays_cancelled(tmp_path):
    async def draft(job):
        await job.call("endless", Text, asyncio.Event().wait)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.submit()
        await home.until(StepBegun, step="endless")
        assert (await home.engine.cancel(job.id)).state is JobState.CANCELLED
        assert (await home.finished(job)).state is JobState.CANCELLED
        with pytest.raises(IllegalTransition):
            await home.engine.cancel(job.id)
    async with house(tmp_path, stages(drafting=draft)) as home:
        assert (await home.jobs.get(job.id)).state is JobState.CANCELLED


async def test_a_paused_job_ends_its_call_begins_no_other_and_goes_on_when_resumed(tmp_path):
    go, calls = asyncio.Event(), []

    async def slow():
        calls.append("slow")
        await go.wait()
        return Text(text="x")

    async def next_():
        calls.append("next")
        return Text(text="y")

    async def draft(job):
        await job.call("slow", Text, slow)
        await job.call("next", Text, next_)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.submit()
        await home.until(StepBegun, step="slow")
        assert (await home.engine.pause(job.id)).waiting.for_ is WaitingFor.PAUSED
        go.set()
        assert (await home.finished(job)).waiting.for_ is WaitingFor.PAUSED
        await home.engine.resume(job.id)
        assert (await home.finished(job)).state is JobState.PUBLISHED
        assert calls == ["slow", "next"]
        with pytest.raises(Conflict):
            await home.engine.resume(job.id)


async def test_resuming_while_the_call_still_runs_loses_nothing(tmp_path):
    go = asyncio.Event()

    async def slow():
        await go.wait()
        return Text(text="x")

    async def draft(job):
        await job.call("slow", Text, slow)
        await job.call("next", Text, slow)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.submit()
        await home.until(StepBegun, step="slow")
        await home.engine.pause(job.id)
        await home.engine.resume(job.id)
        go.set()
        assert (await home.finished(job)).state is JobState.PUBLISHED


async def test_retry_keeps_finished_steps_and_from_a_step_does_what_follows_again(tmp_path):
    calls, fail = [], True

    def step(name):
        async def call():
            calls.append(name)
            return Text(text=name)

        return call

    async def outline(job):
        await job.call("outline", Text, step("outline"), rests_on="order")
        return JobState.DRAFTING

    async def draft(job):
        await job.call("draft:1", Text, step("draft:1"), rests_on="outline")
        await job.call("draft:2", Text, step("draft:2"), rests_on="outline")
        return JobState.EDITING

    async def edit(job):
        await job.call("edit", Text, step("edit"), rests_on="drafts")
        if fail:
            raise ProviderRefused("no")
        return JobState.ILLUSTRATING

    own = stages(outlining=outline, drafting=draft, editing=edit)
    async with house(tmp_path, own) as home:
        job = await home.submit()
        assert (await home.finished(job)).state is JobState.FAILED
        assert calls == ["outline", "draft:1", "draft:2", "edit"]

        await home.engine.retry(job.id)  # finished steps are kept
        await home.finished(job)
        assert len(calls) == 4

        await home.engine.retry(job.id, from_step="draft:2")  # the same inputs: answers are used again
        await home.finished(job)
        assert len(calls) == 4

        await home.engine.retry(job.id, from_step="draft:2", fresh=True)
        await home.finished(job)
        assert calls[4:] == ["draft:2", "edit"]

        with pytest.raises(NotFound, match="no step 'nope'"):
            await home.engine.retry(job.id, from_step="nope")
        fail = False
        await home.engine.retry(job.id)
        assert (await home.finished(job)).state is JobState.PUBLISHED
        with pytest.raises(IllegalTransition):
            await home.engine.retry(job.id)


async def test_a_job_of_an_older_pipeline_fails_with_a_reason_and_can_be_retried_from_earlier(tmp_path):
    async def outline(job):
        await job.step("outline", Text, lambda: _text("x"))
        return JobState.DRAFTING

    async with house(tmp_path, {**stages(outlining=outline), JobState.EDITING: stop_here}) as home:
        job = await home.submit()
        await home.until(JobWaiting, job_id=job.id)
    without = {state: stage for state, stage in stages(outlining=outline).items() if state is not JobState.EDITING}
    async with house(tmp_path, without) as home:
        await home.engine.resume(job.id)
        failed = await home.finished(job)
        assert failed.error.code == "no-stage"
    async with house(tmp_path, stages(outlining=outline)) as home:
        await home.engine.retry(job.id, from_step="outline")
        assert (await home.finished(job)).state is JobState.PUBLISHED


async def stop_here(job):
    return Waiting(WaitingFor.PAUSED)


async def _text(text):
    return Text(text=text)


async def test_the_same_key_gives_the_same_job_also_at_the_same_time_and_another_body_is_refused(tmp_path):
    request = JobRequest(topic="one topic")
    async with house(tmp_path, running=False) as home:
        submits = [home.engine.submit(request, idempotency_key="k") for _ in range(20)]
        assert len({job.id for job in await asyncio.gather(*submits)}) == 1
        with pytest.raises(InvalidInput, match="another body"):
            await home.engine.submit(JobRequest(topic="another"), idempotency_key="k")
        first = await home.engine.submit(request, idempotency_key="k")
    async with house(tmp_path, running=False) as home:
        assert (await home.engine.submit(request, idempotency_key="k")).id == first.id


async def test_the_door_closes_when_the_queue_is_full_and_nothing_accepted_is_dropped(tmp_path):
    async with house(tmp_path, running=False, queue_size=3) as home:
        jobs = [await home.submit() for _ in range(3)]
        with pytest.raises(QueueFull):
            await home.submit()
    async with house(tmp_path, queue_size=1) as home:
        assert {(await home.finished(job)).state for job in jobs} == {JobState.PUBLISHED}


async def test_urgent_jobs_go_first(tmp_path):
    order = []

    async def research(job):
        order.append(job.job.topic)
        return JobState.OUTLINING

    async with house(tmp_path, running=False) as home:
        jobs = [await home.submit(f"priority {number}", priority=number) for number in (1, 9, 5)]
    async with house(tmp_path, stages(researching=research), workers=1) as home:
        for job in jobs:
            await home.finished(job)
    assert order == ["priority 9", "priority 5", "priority 1"]


async def test_draining_lets_running_calls_end_and_begins_no_other(tmp_path):
    go, calls = asyncio.Event(), []

    async def slow():
        calls.append("slow")
        await go.wait()
        return Text(text="x")

    async def draft(job):
        await job.call("slow", Text, slow)
        await job.call("next", Text, slow)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.submit()
        await home.until(StepBegun, step="slow")
        asyncio.get_running_loop().call_later(0.05, go.set)
    async with house(tmp_path, stages(drafting=draft), running=False) as home:
        stopped = await home.jobs.get(job.id)
        events = [entry.event for entry in await home.jobs.timeline(job.id)]
    assert (stopped.state, stopped.attempt) == (JobState.DRAFTING, 0)
    assert events[-1] == "step_finished"
    assert calls == ["slow"]


async def test_a_stage_that_asks_for_an_illegal_move_fails_its_job_with_a_reason(tmp_path):
    async def research(job):
        return JobState.PUBLISHED

    async with house(tmp_path, stages(researching=research)) as home:
        job = await home.finished(await home.submit())
        assert (job.state, job.error.code) == (JobState.FAILED, "illegal-transition")


async def test_a_step_name_is_used_once_in_a_job(tmp_path):
    async def draft(job):
        await job.step("same", Text, lambda: _text("x"))
        await job.step("same", Text, lambda: _text("y"))
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.finished(await home.submit())
        assert job.state is JobState.FAILED
        assert job.error.code == "internal"


async def test_one_failing_step_does_not_break_off_its_siblings(tmp_path):
    ended = []

    async def good():
        for _ in range(5):
            await asyncio.sleep(0)
        ended.append("good")
        return Text(text="x")

    async def bad():
        raise ProviderRefused("no", provider="text.main")

    async def draft(job):
        await job.together([lambda: job.call("bad", Text, bad), lambda: job.call("good", Text, good)])
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.finished(await home.submit())
        assert job.error.code == "provider-refused"
        assert ended == ["good"]


async def test_unknown_jobs_and_wrong_verbs_are_told_in_words(tmp_path):
    async with house(tmp_path) as home:
        for verb in ("cancel", "retry", "pause", "resume", "approve", "reject"):
            with pytest.raises(NotFound, match="There is no job"):
                await getattr(home.engine, verb)("00000000-0000-7000-8000-000000000000")
        job = await home.finished(await home.submit())
        for verb in ("cancel", "retry", "pause", "resume", "approve", "reject"):
            with pytest.raises(Conflict):
                await getattr(home.engine, verb)(job.id)


async def test_events_leave_after_the_commit(tmp_path):
    async with house(tmp_path) as home:
        seen = []

        def hear(event):
            if isinstance(event, JobMoved):
                seen.append(event.target)

        home.bus.subscribe(hear)
        job = await home.finished(await home.submit())
        rows = await home.database.read("SELECT target FROM timeline WHERE job = ? AND event = 2", (job.number,))
        assert seen == [row["target"] for row in rows]
