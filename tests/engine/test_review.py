"""Faults that are rare and dear: each of these tests once showed a job stuck, an answer lost, or a call paid twice."""

import asyncio

import pytest

from blogen.domain.job import JobRequest, JobState, Waiting, WaitingFor
from blogen.engine.outcome import Suspended
from blogen.engine.timers import Timers
from blogen.errors import Conflict, InDoubt, ProviderRefused, ProviderUnavailable, QueueFull
from blogen.events import JobCrashed, JobMoved, JobSubmitted, StepBegun, StoreFailed
from blogen.providers.protocols import Submitted
from tests.engine.house import Text, house, stages


async def _text(text):
    return Text(text=text)


async def _fill_disk(home):
    """No page more may be added to the file, and what is free in it is taken."""
    await home.database.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS ballast (x TEXT)"))
    pages = (await home.database.write(lambda tx: tx.query("PRAGMA page_count")))[0][0]
    await home.database.write(lambda tx: tx.query(f"PRAGMA max_page_count = {pages}"))
    size = 4000
    while size:
        try:
            await home.database.write(lambda tx, size=size: tx.execute("INSERT INTO ballast VALUES (?)", ("x" * size,)))
        except Exception:
            size //= 2


async def _make_room(home):
    await home.database.write(lambda tx: tx.query("PRAGMA max_page_count = 1000000"))


def _drawing(calls, submit, poll):
    async def counted_submit():
        calls.append("submit")
        return await submit()

    async def counted_poll(handle):
        calls.append(f"poll {handle}")
        return await poll(handle)

    async def illustrate(job):
        answer = await job.order("image", Text, counted_submit, counted_poll)
        return answer if isinstance(answer, Waiting) else JobState.ASSEMBLING

    return illustrate


async def _submitted():
    return Submitted(handle="h", poll_after_seconds=0)


async def test_a_service_that_cannot_be_asked_for_a_while_keeps_its_order(tmp_path):
    calls = []

    async def poll(handle):
        if len(calls) < 4:
            raise ProviderUnavailable("503", provider="image.main")
        return Text(text="picture")

    async with house(tmp_path, stages(illustrating=_drawing(calls, _submitted, poll))) as home:
        job = await home.finished(await home.submit())
    assert job.state is JobState.PUBLISHED, job.error
    assert calls == ["submit", "poll h", "poll h", "poll h"]
    assert not any(isinstance(event, JobCrashed) for event in home.heard)


async def test_an_order_that_failed_over_there_is_placed_anew_when_the_job_is_retried(tmp_path):
    calls, fail = [], True

    async def poll(handle):
        if fail:
            raise ProviderRefused("the task failed", provider="image.main")
        return Text(text="picture")

    async with house(tmp_path, stages(illustrating=_drawing(calls, _submitted, poll))) as home:
        job = await home.finished(await home.submit())
        assert job.error.code == "provider-refused"
        fail = False
        await home.engine.retry(job.id)
        job = await home.finished(job)
    assert job.state is JobState.PUBLISHED, job.error
    assert calls == ["submit", "poll h"] * 2


async def test_a_full_disk_does_not_lose_the_handle_of_an_order(tmp_path):
    calls = []

    async def submit():
        await _fill_disk(home)
        return Submitted(handle="h" * 9000, poll_after_seconds=0)

    async def poll(handle):
        return Text(text="picture")

    async with house(tmp_path, stages(illustrating=_drawing(calls, submit, poll)), in_doubt="ask") as home:
        job = await home.submit()
        await home.until(StoreFailed)
        for _ in range(3):
            await home.database.problem()
        await asyncio.sleep(0.2)
        await _make_room(home)
        job = await home.finished(job)
    assert job.state is JobState.PUBLISHED, job.waiting
    assert calls[0] == "submit"
    assert len(calls) == 2


async def test_a_call_that_failed_while_the_disk_was_full_is_not_in_doubt(tmp_path):
    tries = 0

    async def call():
        nonlocal tries
        tries += 1
        if tries > 1:
            return Text(text="x")
        await _fill_disk(home)
        raise ProviderUnavailable("503" * 3000, provider="text.main")

    async def draft(job):
        await job.call("pay", Text, call)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft), in_doubt="ask") as home:
        job = await home.submit()
        await home.until(StepBegun, step="pay")
        await asyncio.sleep(0.3)
        await _make_room(home)
        job = await home.finished(job)
    assert job.state is JobState.PUBLISHED, job.waiting


async def test_pausing_a_job_while_the_disk_is_full_does_not_throw_its_answer_away(tmp_path):
    go, calls = asyncio.Event(), 0

    async def call():
        nonlocal calls
        calls += 1
        await go.wait()
        await _fill_disk(home)
        return Text(text="x" * 9000)

    async def draft(job):
        await job.call("pay", Text, call)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.submit()
        await home.until(StepBegun, step="pay")
        await home.engine.pause(job.id)
        go.set()
        await home.until(StoreFailed)
        await asyncio.sleep(0.1)
        await _make_room(home)
        await home.engine.resume(job.id)
        assert (await home.finished(job)).state is JobState.PUBLISHED
    assert calls == 1


async def test_a_job_whose_call_in_doubt_was_left_out_makes_it_when_it_is_retried(tmp_path):
    hang = True

    async def call():
        if hang:
            await asyncio.Event().wait()
        return Text(text="done")

    async def draft(job):
        await job.call("pay", Text, call)
        return JobState.EDITING

    async def skipping(job):
        from blogen.engine.context import in_doubt_error
        from blogen.engine.outcome import StepSkipped

        try:
            return await draft(job)
        except StepSkipped:
            raise in_doubt_error("pay") from None

    async with house(tmp_path, stages(drafting=skipping), drain_seconds=0) as home:
        job = await home.submit()
        await home.until(StepBegun, step="pay")
    hang = False
    async with house(tmp_path, stages(drafting=skipping), in_doubt="skip") as home:
        job = await home.finished(job)
        assert job.error.code == InDoubt.code
        assert "Retry the job" in job.error.remedy
        await home.engine.retry(job.id)
        assert (await home.finished(job)).state is JobState.PUBLISHED


@pytest.mark.parametrize("until", [None, 4_000_000_000_000])
async def test_a_job_over_its_cap_is_looked_at_again_at_the_next_start(tmp_path, until):
    is_over = True

    async def draft(job):
        if is_over:
            raise Suspended(Waiting(WaitingFor.BUDGET, until, "The cap is reached."))
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.finished(await home.submit())
        assert job.waiting.for_ is WaitingFor.BUDGET
    is_over = False  # the owner raised it
    async with house(tmp_path, stages(drafting=draft)) as home:
        await home.until(JobMoved, job_id=job.id, target=JobState.PUBLISHED)


def _research(calls, *, fails=False):
    async def read(number):
        calls.append(f"source:{number}")
        return Text(text=f"{len(calls)}")

    async def pick():
        calls.append("research/ask")
        return Text(text="picked")

    async def research(job):
        await job.together([lambda: job.step("source:1", Text, lambda: read(1)),
                            lambda: job.step("source:2", Text, lambda: read(2))])  # fmt: skip

        async def whole():
            return await job.call("research/ask", Text, pick)

        await job.step("research", Text, whole)
        return JobState.OUTLINING

    return research


async def _refused(job):
    raise ProviderRefused("no")


async def test_from_a_step_on_also_what_followed_it_in_the_same_state_is_done_again(tmp_path):
    calls = []
    async with house(tmp_path, stages(researching=_research(calls), outlining=_refused)) as home:
        job = await home.finished(await home.submit())
        calls.clear()
        await home.engine.retry(job.id, from_step="source:1", fresh=True)
        await home.finished(job)
        assert "source:1" in calls
        assert "research/ask" in calls


@pytest.mark.parametrize("from_step", ["research/ask", "research"])
async def test_from_a_step_or_a_call_that_it_is_made_of_both_are_done_again(tmp_path, from_step):
    calls = []
    async with house(tmp_path, stages(researching=_research(calls), outlining=_refused)) as home:
        job = await home.finished(await home.submit())
        calls.clear()
        await home.engine.retry(job.id, from_step=from_step, fresh=True)
        await home.finished(job)
        assert calls == ["research/ask"]


async def test_a_retry_never_leaps_over_a_state(tmp_path):
    fail_at = "editing"

    def stage(state, following):
        async def run(job):
            await job.step(state, Text, lambda: _text(state))
            if fail_at == state:
                raise ProviderRefused("no")
            return following

        return run

    own = stages(
        drafting=stage("drafting", JobState.EDITING),
        editing=stage("editing", JobState.ILLUSTRATING),
        illustrating=stage("illustrating", JobState.ASSEMBLING),
    )
    async with house(tmp_path, own) as home:
        fail_at = "illustrating"
        job = await home.finished(await home.submit())
        fail_at = "drafting"
        await home.engine.retry(job.id, from_step="drafting")
        assert (await home.finished(job)).failed_in is JobState.DRAFTING
        with pytest.raises(Conflict):
            await home.engine.retry(job.id, from_step="illustrating")
        fail_at = ""
        await home.engine.retry(job.id)
        assert (await home.finished(job)).state is JobState.PUBLISHED


async def test_asking_twice_for_a_fresh_answer_is_no_trouble(tmp_path):
    calls, fail, early = 0, True, False

    async def call():
        nonlocal calls
        calls += 1
        if fail:
            raise ProviderRefused("no")
        return Text(text="x")

    async def draft(job):
        if early:
            raise ProviderRefused("not even begun")
        await job.call("pay", Text, call)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.finished(await home.submit())
        early = True
        for _ in range(3):
            await home.engine.retry(job.id, fresh=True)
            assert (await home.finished(job)).state is JobState.FAILED
        early = fail = False
        await home.engine.retry(job.id, fresh=True)
        assert (await home.finished(job)).state is JobState.PUBLISHED
        assert calls == 2


async def test_a_fresh_answer_is_fresh_also_after_a_retry_that_did_not_come_to_it(tmp_path):
    calls, early, last = 0, False, True

    async def call():
        nonlocal calls
        calls += 1
        return Text(text=f"{calls}")

    async def draft(job):
        if early:
            raise ProviderRefused("not even begun")
        await job.call("pay", Text, call, rests_on="the same")
        return JobState.EDITING

    async def edit(job):
        if last:
            raise ProviderRefused("no")
        return JobState.ILLUSTRATING

    async with house(tmp_path, stages(drafting=draft, editing=edit)) as home:
        job = await home.finished(await home.submit())
        early = True
        await home.engine.retry(job.id, from_step="pay")
        await home.finished(job)
        early = last = False
        await home.engine.retry(job.id, from_step="pay", fresh=True)
        assert (await home.finished(job)).state is JobState.PUBLISHED
        assert calls == 2


async def test_a_job_that_cannot_be_taken_up_fails_with_its_reason_and_strands_no_other(tmp_path):
    async def draft(job):
        await job.step("draft", Text, lambda: _text("x"))
        return Waiting(WaitingFor.PAUSED)

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.finished(await home.submit())
        await home.database.write(lambda tx: tx.execute("UPDATE timeline SET detail = '{' WHERE step = 'draft'"))
        await home.engine.resume(job.id)
        failed = await home.finished(job)
        assert failed.state is JobState.FAILED
        assert failed.error.code == "internal"


async def test_an_order_whose_sender_went_away_is_worked_when_it_is_sent_again(tmp_path):
    request = JobRequest(topic="a topic")
    async with house(tmp_path) as home:
        sending = asyncio.create_task(home.engine.submit(request, idempotency_key="k"))
        while not home.heard or not isinstance(home.heard[-1], JobSubmitted):
            await asyncio.sleep(0)
            if any(isinstance(event, JobSubmitted) for event in home.heard):
                sending.cancel()
                break
        await asyncio.wait({sending})
        job = await home.engine.submit(request, idempotency_key="k")
        assert (await home.finished(job)).state is JobState.PUBLISHED


async def test_the_door_closes_also_when_many_come_at_once(tmp_path):
    async with house(tmp_path, running=False, queue_size=3) as home:
        answers = await asyncio.gather(*[home.submit() for _ in range(20)], return_exceptions=True)
        assert sum(isinstance(answer, QueueFull) for answer in answers) == 17
        with pytest.raises(QueueFull):
            await home.submit()


class SetClock:
    """A machine whose clock can be set."""

    def __init__(self):
        self.wall_ms, self.seconds = 1_760_000_000_000, 0.0

    def now_ms(self):
        return self.wall_ms

    def monotonic(self):
        return self.seconds

    def pass_(self, seconds):
        self.seconds += seconds
        self.wall_ms += int(seconds * 1000)


YEAR_MS = 365 * 24 * 3600 * 1000


async def test_setting_the_clock_strands_no_hour_of_publication():
    clock, woken = SetClock(), []
    timers = Timers(clock, woken.append)
    timers.set("retry", clock.wall_ms + 1800_000)
    timers.set("scheduled", clock.wall_ms + YEAR_MS, by_the_clock=True)
    clock.wall_ms += YEAR_MS  # it had been a year behind
    clock.pass_(120)
    timers._fire()
    assert woken == ["scheduled"]
    clock.pass_(1800)
    timers._fire()
    assert woken == ["scheduled", "retry"]
    timers.stop()


async def test_a_clock_that_was_set_back_before_the_start_strands_no_wait(tmp_path):
    down = True

    async def draft(job):
        if down:
            return Waiting(WaitingFor.IMAGE, job.clock.now_ms() + 10)
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.submit()
        await home.until(JobMoved, job_id=job.id, target=JobState.DRAFTING)
        await home.engine.drain()
        await home.database.write(
            lambda tx: tx.execute(
                "UPDATE jobs SET waiting_for = 'image', waiting_until = ?, updated_at = ?",
                (tx.now_ms + YEAR_MS + 10, tx.now_ms + YEAR_MS),
            )
        )
    down = False
    async with house(tmp_path, stages(drafting=draft)) as home:
        assert (await home.finished(job)).state is JobState.PUBLISHED


@pytest.mark.parametrize("kind", ["asyncio", "anyio"])
async def test_a_job_that_was_broken_off_leaves_no_trace_in_its_worker(tmp_path, kind):
    import anyio

    async def draft(job):
        if job.job.topic == "first":
            try:
                await job.call("endless", Text, asyncio.Event().wait)
            except asyncio.CancelledError:
                raise ProviderUnavailable("broken off") from None
        try:
            if kind == "asyncio":
                async with asyncio.timeout(0.01):
                    await asyncio.Event().wait()
            else:
                with anyio.fail_after(0.01):
                    await asyncio.Event().wait()
        except TimeoutError:
            return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft), workers=1) as home:
        first = await home.submit("first")
        await home.until(StepBegun, step="endless")
        second = await home.submit("second")
        await home.engine.cancel(first.id)
        assert (await asyncio.wait_for(home.engine.finished(second.id), 3)).state is JobState.PUBLISHED
