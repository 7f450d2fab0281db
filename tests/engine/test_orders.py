"""Orders that the other side works on by itself: phases, answers that are lost on the way, tasks that die, news."""

import asyncio

import pytest

from blogen.domain.job import JobState, Waiting, WaitingFor
from blogen.errors import AnswerLost, InDoubt, OrderFailed
from blogen.events import TaskMoved
from blogen.providers.protocols import Pending, Submitted
from blogen.store.ledger import Reservation
from tests.engine.house import Text, house, stages

SOON = 0.01


def drawing(submit, poll, **options):
    """A stage with one order; `submit` is given the reference of its run."""

    async def illustrate(job):
        reference = job.reference("image")
        answer = await job.order("image", Text, lambda: submit(reference), poll, **options)
        return answer if isinstance(answer, Waiting) else JobState.ASSEMBLING

    return stages(illustrating=illustrate)


class Studio:
    """The other side: takes orders, and answers as it is told."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.orders = []
        self.asked = []

    async def submit(self, reference):
        self.orders.append(reference)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def poll(self, handle):
        self.asked.append(handle)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_each_phase_of_a_task_is_committed_before_the_next_call_and_stands_in_the_timeline(tmp_path):
    studio = Studio(
        Submitted(handle="grid", poll_after_seconds=0),
        Submitted(handle="intent", state="upscaling", poll_after_seconds=0),
        Submitted(handle="large", state="upscaling", poll_after_seconds=0),
        Pending(poll_after_seconds=30),
        Text(text="picture"),
    )
    async with house(tmp_path, drawing(studio.submit, studio.poll)) as home:
        job = await home.until_waiting(await home.submit())
        moved = [event.state for event in home.heard if isinstance(event, TaskMoved)]
    assert moved == ["upscaling", "upscaling"]
    async with house(tmp_path, drawing(studio.submit, studio.poll)) as home:  # another process, later
        assert (await home.finished(job)).state is JobState.PUBLISHED
        timeline = await home.timeline(job)
    assert studio.asked == ["grid", "intent", "large", "large"]
    assert timeline.count("task_moved") == 2
    assert len(studio.orders) == 1


async def crash_between_order_and_handle(folder, studio, **options):
    """A job whose order was taken, and whose process died before it heard of it; what the order was called."""
    taken = asyncio.Event()

    async def submit(reference):
        studio.orders.append(reference)
        taken.set()
        await asyncio.Event().wait()

    async with house(folder, drawing(submit, studio.poll, **options), drain_seconds=0) as home:
        job = await home.submit()
        await taken.wait()
    return job


async def test_an_order_that_reached_the_service_is_found_again_and_not_placed_twice(tmp_path):
    studio = Studio(Text(text="picture"))

    async def find(reference):
        return Submitted(handle="7", poll_after_seconds=0) if reference in studio.orders else None

    job = await crash_between_order_and_handle(tmp_path, studio, find=find)
    async with house(tmp_path, drawing(studio.submit, studio.poll, find=find)) as home:
        assert (await home.finished(job)).state is JobState.PUBLISHED
    assert (len(studio.orders), studio.asked) == (1, ["7"])


async def test_an_order_that_never_arrived_is_placed_anew_under_another_reference(tmp_path):
    studio = Studio(Text(text="picture"))

    async def find(_reference):
        return None

    job = await crash_between_order_and_handle(tmp_path, studio, find=find)
    async with house(tmp_path, drawing(studio.submit, studio.poll, find=find), in_doubt="ask") as home:
        assert (await home.finished(job)).state is JobState.PUBLISHED
    assert len(set(studio.orders)) == 2


async def test_a_service_that_cannot_tell_leaves_the_order_in_doubt(tmp_path):
    studio = Studio()

    async def find(_reference):
        raise InDoubt("its list is too short")

    job = await crash_between_order_and_handle(tmp_path, studio, find=find)
    async with house(tmp_path, drawing(studio.submit, studio.poll, find=find), in_doubt="ask") as home:
        waiting = (await home.finished(job)).waiting
    assert waiting.for_ is WaitingFor.REVIEW
    assert len(studio.orders) == 1


async def test_an_order_whose_answer_was_lost_is_looked_for_before_it_is_placed_again(tmp_path):
    studio = Studio(AnswerLost("it did not answer in time"), Text(text="picture"))

    async def find(reference):
        return Submitted(handle="late", poll_after_seconds=0) if reference in studio.orders else None

    async with house(tmp_path, drawing(studio.submit, studio.poll, find=find)) as home:
        assert (await home.finished(await home.submit())).state is JobState.PUBLISHED
    assert (len(studio.orders), studio.asked) == (1, ["late"])


async def test_a_task_that_died_for_a_passing_reason_is_ordered_anew_by_itself(tmp_path):
    studio = Studio(
        Submitted(handle="1", poll_after_seconds=SOON),
        OrderFailed("its worker died"),
        Submitted(handle="2", poll_after_seconds=SOON),
        Text(text="picture"),
    )
    async with house(tmp_path, drawing(studio.submit, studio.poll)) as home:
        assert (await home.finished(await home.submit())).state is JobState.PUBLISHED
    assert studio.asked == ["1", "2"]
    assert len(set(studio.orders)) == 2


async def test_news_that_come_while_the_job_is_in_hand_are_not_slept_through(tmp_path):
    studio = Studio()
    polled, go_on = asyncio.Event(), asyncio.Event()

    async def submit(_reference):
        return Submitted(handle="1", poll_after_seconds=SOON)

    async def poll(_handle):
        if polled.is_set():
            return Text(text="picture")
        polled.set()
        await go_on.wait()
        return Pending(poll_after_seconds=3600)

    async with house(tmp_path, drawing(submit, poll)) as home:
        job = await home.submit()
        await polled.wait()
        await home.engine.wake(job.id, if_waiting_for=WaitingFor.IMAGE)
        go_on.set()
        assert (await home.finished(job)).state is JobState.PUBLISHED
    assert studio.orders == []


@pytest.mark.parametrize(("error", "unknown_calls"), [(AnswerLost("broken off"), 1), (OrderFailed("refused"), 0)])
async def test_a_call_whose_answer_was_lost_goes_on_counting(tmp_path, error, unknown_calls):
    tries = []

    async def draft(job):
        async def call():
            tries.append(1)
            if len(tries) == 1:
                raise error
            return Text(text="words")

        await job.call("pay", Text, call, reserve=Reservation("text.main", 5000))
        return JobState.EDITING

    async with house(tmp_path, stages(drafting=draft)) as home:
        job = await home.finished(await home.submit())
        assert job.state is JobState.PUBLISHED
        rows = await home.database.read("SELECT run, counted_usd_micros FROM ledger ORDER BY run")
    assert job.unknown_calls == unknown_calls
    assert [row["counted_usd_micros"] for row in rows if row["run"] == 1] == [5000] * unknown_calls


async def test_a_call_that_stands_in_a_line_at_a_crash_was_not_sent_and_is_not_in_doubt(tmp_path):
    in_line, sent = asyncio.Event(), []

    class Line:
        async def __aenter__(self):
            in_line.set()
            await asyncio.Event().wait()

        async def __aexit__(self, *_):
            pass

    def drafting(turn):
        async def draft(job):
            async def call():
                sent.append(1)
                return Text(text="words")

            await job.call("pay", Text, call, turn=turn)
            return JobState.EDITING

        return stages(drafting=draft)

    async with house(tmp_path, drafting(Line()), drain_seconds=0) as home:
        job = await home.submit()
        await in_line.wait()
    async with house(tmp_path, drafting(None), in_doubt="ask") as home:
        assert (await home.finished(job)).state is JobState.PUBLISHED
        assert "step_doubted" not in await home.timeline(job)
    assert len(sent) == 1
