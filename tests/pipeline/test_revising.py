"""Sending a draft back: what is struck stays struck, a note is given to the model, nothing is done or paid twice."""

import pytest

from blogen.domain.job import JobState, WaitingFor
from blogen.domain.orders import Revision
from blogen.errors import BlogenError, Conflict, InvalidInput
from blogen.pipeline.revising import newest_draft
from blogen.render.text import plain_text
from tests.fakes.openai_server import FakeOpenAI
from tests.pipeline.test_faults import AT_ONCE, Blog, is_published, is_waiting, text_section

REVIEWED = "[pipeline]\nreview = true\n"
in_review = is_waiting(WaitingFor.REVIEW)


@pytest.fixture
def blog(tmp_path):
    return Blog(tmp_path)


async def draft_of(opened, job):
    return newest_draft(await opened.app.steps.of(job.id))


async def ordered(opened, images=0):
    return await opened.until(await opened.order(images), in_review)


def said(block):
    return plain_text([block], with_notes=True)


async def test_what_is_struck_is_out_of_the_post_and_a_person_edited_it(blog):
    async with blog.open(REVIEWED) as opened:
        job = await ordered(opened, images=1)
        revision, draft = await draft_of(opened, job)
        gone = next(block for block in draft.blocks if block.t == "p" and said(block))
        await opened.app.engine.revise(job.id, Revision(strike=[gone.id], revision=revision))
        job = await opened.until(job, in_review)
        after, shorter = await draft_of(opened, job)
        assert after != revision
        assert [block.id for block in shorter.blocks if block.t != "note"] == [
            block.id for block in draft.blocks if block.t != "note" and block.id != gone.id
        ]
        assert said(gone) not in plain_text(shorter.blocks)
        assert shorter.words < draft.words
        assert f"b-{gone.id}" not in shorter.html
        marked = {run.note for block in shorter.blocks for run in getattr(block, "runs", []) if run.note}
        assert {block.id for block in shorter.blocks if block.t == "note"} <= marked | _in_lists(shorter)
        events = [(one.event, one.step, one.target) for one in await opened.app.jobs.timeline(job.id)]
        place = events.index(("step_finished", "revision:1", None))
        assert events[place + 1] == ("moved", None, "editing")
        await opened.app.engine.approve(job.id)
        await opened.until(job, is_published)
        post = (await opened.app.posts.newest(1)).items[0]
        assert post.provenance.human_edits == 1
        assert post.words == shorter.words


def _in_lists(draft):
    return {run.note for block in draft.blocks for item in getattr(block, "items", []) for run in item if run.note}


async def test_a_note_is_written_by_the_model_and_struck_blocks_stay_struck(blog):
    async with FakeOpenAI() as model, blog.open(REVIEWED, text_section("main", model)) as opened:
        job = await ordered(opened)
        _, first = await draft_of(opened, job)
        gone = next(block for block in first.blocks if block.t == "p")
        await opened.app.engine.revise(job.id, Revision(strike=[gone.id]))
        await opened.until(job, in_review)
        paid = len(model.paid)
        asked = len(model.calls)
        await opened.app.engine.revise(job.id, Revision(note="Say more of the harvest."))
        await opened.until(job, in_review)
        questions = [str(call.body) for call in model.calls[asked:]]
        assert any("Say more of the harvest." in question for question in questions)
        assert {call.label for call in model.calls[asked:]} >= {"critic", "title"}
        assert gone.id not in {block.id for block in (await draft_of(opened, job))[1].blocks}
        names = [record.name for record in await opened.app.steps.of(job.id)]
        assert {"edit:2", "edit:2/critic", "edit:2/title", "assemble:1", "assemble:2"} <= set(names)
        assert "edit:1" not in names
        assert len(model.paid) > paid


async def test_striking_costs_nothing(blog):
    async with FakeOpenAI() as model, blog.open(REVIEWED, text_section("main", model)) as opened:
        job = await ordered(opened)
        _, draft = await draft_of(opened, job)
        calls = len(model.calls)
        await opened.app.engine.revise(job.id, Revision(strike=[draft.blocks[-1].id]))
        await opened.until(job, in_review)
        assert len(model.calls) == calls


async def test_a_revision_that_is_broken_off_goes_on_and_pays_for_nothing_twice(blog):
    async with FakeOpenAI() as model:
        sections = (REVIEWED, text_section("main", model))
        at_once = f"[engine]\n{AT_ONCE}\ndrain_seconds = 0\n"
        async with blog.open(*sections, engine=at_once) as opened:
            job = await ordered(opened)
            _, draft = await draft_of(opened, job)
            gone = draft.blocks[1].id
            model.hold("title")
            await opened.app.engine.revise(job.id, Revision(note="Shorter.", strike=[gone]))
            await model.received("title", 2)
        paid = list(model.paid)
        await model.release("title")
        async with blog.open(*sections, engine=at_once) as opened:
            job = await opened.until(job, in_review)
            assert gone not in {block.id for block in (await draft_of(opened, job))[1].blocks}
            records = [record for record in await opened.app.steps.of(job.id) if record.name == "revision:1"]
            assert len(records) == 1
        assert set(model.paid[len(paid) :]) == {"title"}, "only the call that was in flight is made again"


async def test_what_cannot_be_done_is_refused_with_its_reason(blog):
    async with blog.open(REVIEWED) as opened:
        job = await ordered(opened)
        revise = opened.app.engine.revise
        revision, draft = await draft_of(opened, job)
        with pytest.raises(InvalidInput, match="no such block"):
            await revise(job.id, Revision(strike=["nowhere"]))
        with pytest.raises(InvalidInput, match="language model"):
            await revise(job.id, Revision(note="Shorter."))
        with pytest.raises(InvalidInput, match="nothing of the post"):
            await revise(job.id, Revision(strike=[block.id for block in draft.blocks if block.t != "h"]))
        with pytest.raises(Conflict, match="any more"):
            await revise(job.id, Revision(strike=[draft.blocks[0].id], revision="older"))
        assert (await opened.app.jobs.get(job.id)).state is JobState.IN_REVIEW
        wanted = Revision(strike=[draft.blocks[-1].id], revision=revision)
        await revise(job.id, wanted)
        with pytest.raises(BlogenError):  # it is on its way, or is another draft by now
            await revise(job.id, wanted)
        await opened.until(job, in_review)
        await opened.app.engine.approve(job.id)
        await opened.until(job, is_published)
        with pytest.raises(Conflict, match="it is published"):
            await revise(job.id, wanted)


async def test_after_a_rejection_the_note_reaches_the_model_with_a_retry_from_editing(blog):
    async with FakeOpenAI() as model, blog.open(REVIEWED, text_section("main", model)) as opened:
        job = await ordered(opened)
        asked = len(model.calls)
        await opened.app.engine.reject(job.id, note="Say less of kettles.")
        await opened.app.engine.retry(job.id, from_step="edit")
        await opened.until(job, in_review)
        again = model.calls[asked:]
        assert "Say less of kettles." in next(str(call.body) for call in again if call.label == "critic")
