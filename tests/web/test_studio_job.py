"""A job's page in the studio: the way it took, what it cost, what can be done, and what it did instead."""

import re
from xml.etree import ElementTree

import pytest
import pytest_asyncio

from blogen.domain.job import Job, JobError, JobState, Waiting, WaitingFor
from blogen.domain.person import Scope
from blogen.events import StepBegun, TextStreamed
from blogen.store.jobs import TimelineEntry
from blogen.web.studio.job import acts_of
from blogen.web.studio.state_machine import drawn, in_words, way_of
from blogen.web.studio.wording import span, told
from tests.fakes.openai_server import MODEL, FakeOpenAI
from tests.web.people import Answer, Browser
from tests.web.studio import Studio, held_open, open_studio, owner_at, waits_for_review

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(tmp_path_factory):
    async for opened in held_open(open_studio(tmp_path_factory.mktemp("job"), engine={"drain_seconds": 0})):
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def olga(studio):
    return await owner_at(studio)


async def act(browser: Browser, job: Job, name: str, **fields: str) -> Answer:
    """Press the button: of the form that goes there, else of the one that has it among others."""
    path = f"/studio/jobs/{job.id}"
    forms = (await browser.get(path)).forms
    found = forms.get(f"{path}/{name}", forms[f"{path}/approve"])
    return await browser.post(f"{path}/{name}", found | fields)


def offered(answer: Answer) -> set[str]:
    """The acts that the page shows."""
    return set(re.findall(r'data-act="(\w+)"(?! hidden)', answer.text))


async def test_a_published_job_tells_its_way_and_leads_to_its_post(studio: Studio, olga) -> None:
    job = await studio.published(topic="Tea & <b>bread</b>")
    answer = await olga.get(f"/studio/jobs/{job.id}")
    assert answer.status == 200
    slug = await studio.whole.posts.slug_of_job(job.id)
    assert f'href="/p/{slug}"' in answer.text
    assert "Tea &amp; &lt;b&gt;bread&lt;/b&gt;" in answer.text
    assert "<b>bread" not in answer.text
    assert "style=" not in answer.text
    assert offered(answer) == set()
    for words in ("Ordered", "Researching", "Published", "assemble", "Notes ("):
        assert words in answer.words
    desc = re.search(r'<desc id="machine-words">(.*?)</desc>', answer.text)
    assert desc
    assert desc[1].startswith("It went through in line, researching, outlining, drafting, editing, illustrating and")
    assert "It is published now." in desc[1]


async def test_a_draft_is_read_and_approved(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Read me")
    page = await olga.get(f"/studio/jobs/{job.id}")
    assert offered(page) == {"approve", "revise", "pause", "cancel"}
    assert 'class="prose"' in page.text
    assert "What readers will be told about the making" in page.words
    answer = await act(olga, job, "approve", note="Good as it is.")
    assert (answer.status, answer.location) == (303, f"/studio/jobs/{job.id}?said=approve")
    await studio.until(job, lambda one: one.state is JobState.PUBLISHED)
    after = await olga.get(answer.location)
    assert "You approved it." in after.words
    assert "Approved by Olga Good as it is." in after.words
    assert 'id="draft" aria-label="The draft" hidden' in after.text


async def test_an_act_on_a_job_that_has_moved_says_what_it_did(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Two at once")
    path = f"/studio/jobs/{job.id}"
    otto = await owner_at(studio, "otto")
    old = (await olga.get(path)).forms[f"{path}/approve"]
    assert (await act(otto, job, "reject", note="Not this.")).status == 303
    late = await olga.post(f"{path}/approve", old | {"note": "Yes!"})
    assert late.status == 409
    assert "Nothing was done. The job has moved meanwhile: “Rejected by Otto”" in late.words
    assert "What you see is where it is now: failed while in review." in late.words
    assert "Rejected by Otto Not this." in late.words
    assert offered(late) == {"retry", "cancel"}
    assert ">\nYes!</textarea>" in late.text

    assert (await act(olga, job, "cancel")).status == 303
    for name in ("pause", "resume", "retry", "cancel", "revise"):
        answer = await olga.post(f"{path}/{name}", old | {"note": "x"})
        assert answer.status == 409, name
        assert "“Cancelled by Olga”" in answer.words, name
    assert (await studio.whole.jobs.get(job.id)).state is JobState.CANCELLED


async def test_a_decision_is_about_the_text_that_was_read(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Another text")
    answer = await act(olga, job, "approve", revision="0123456789abcdef")
    assert answer.status == 409
    assert "The draft is another one now than the one that you read." in answer.words
    assert waits_for_review(await studio.whole.jobs.get(job.id))


async def test_a_rejected_job_is_tried_again_from_a_step(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Once more")
    await act(olga, job, "reject")
    failed = await olga.get(f"/studio/jobs/{job.id}")
    assert "A reviewer said no" in failed.words
    assert "What to do: Retry the job from an earlier step" in failed.words
    assert '<option value="edit">again from edit</option>' in failed.text
    unknown = await act(olga, job, "retry", **{"from": "no such step"})
    assert unknown.status == 404
    assert (await act(olga, job, "retry", **{"from": "edit"})).status == 303
    await studio.until(job, waits_for_review)
    again = await olga.get(f"/studio/jobs/{job.id}")
    assert "Tried again from editing by Olga" in again.words
    assert "failed once, tried again" in again.words
    assert "The step edit is to be done again" in again.words


async def test_a_job_is_paused_and_goes_on(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="A rest")
    assert (await act(olga, job, "pause")).status == 303
    paused = await olga.get(f"/studio/jobs/{job.id}")
    assert "Paused while in review" in paused.words
    assert offered(paused) == {"resume", "cancel"}
    assert (await act(olga, job, "resume")).status == 303
    await studio.until(job, waits_for_review)
    assert "Resumed by Olga" in (await olga.get(f"/studio/jobs/{job.id}")).words


async def test_a_note_that_no_model_could_follow_is_refused_beside_it_and_kept(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Nobody writes here")
    for note, words in (("", "The note is missing: say what"), ("Shorter!", "The note needs a language model")):
        answer = await act(olga, job, "revise", note=note)
        assert answer.status == 422
        assert words in answer.text.split('id="note-wrong"')[1].split("</p>")[0]
        assert f">\n{note}</textarea>" in answer.text
    long = await act(olga, job, "reject", note="x" * 2001)
    assert "The note must have at most 2000 characters" in long.words
    assert waits_for_review(await studio.whole.jobs.get(job.id))


async def test_parts_of_a_draft_are_left_out_also_where_no_model_writes(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Less of it")
    path = f"/studio/jobs/{job.id}"
    page = await olga.get(path)
    parts = re.findall(r'name="(strike:[\w-]+)" value="1"><label for="[\w-]+">(.*?)</label>', page.text)
    assert len(parts) > 2
    field, words = parts[1]
    gone = words.rstrip("…")[:40]
    assert gone in page.text.split('class="prose"')[1]

    all_of_it = await act(olga, job, "revise", **{name: "1" for name, _ in parts})
    assert all_of_it.status == 422
    assert "would leave nothing of the post" in all_of_it.words
    assert all_of_it.text.count('" checked value="1"') == len(parts), "what was chosen is still chosen"
    assert '" checked' not in (await olga.get(path)).text, "and by nobody else"

    assert (await act(olga, job, "revise", **{field: "1"})).status == 303
    await studio.until(job, lambda one: waits_for_review(one) and one.updated_at > job.updated_at)
    after = await olga.get(path)
    assert gone not in after.text.split('class="prose"')[1].split("</article>")[0]
    assert field not in after.text
    assert "Sent back by Olga, 1 part struck" in after.words


async def test_nobody_else_acts_and_nothing_else_is_an_act(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Mine")
    path = f"/studio/jobs/{job.id}"
    fields = (await olga.get(path)).forms[f"{path}/approve"]
    assert (await olga.post(f"{path}/approve", fields, Origin="https://evil.example")).status == 403
    assert (await olga.post(f"{path}/approve", fields | {"form": "0" * 64})).status == 403
    rita = await owner_at(studio, "rita", Scope.READER)
    assert (await rita.post(f"{path}/approve", fields)).status == 403
    assert (await rita.get(f"{path}/events")).status == 403
    assert (await olga.post(f"{path}/publish", fields)).status == 404
    assert (await olga.get("/studio/jobs/none")).status == 404
    assert (await olga.get("/studio/jobs/none/events")).status == 404
    assert (await olga.post("/studio/jobs/none/pause", fields)).status == 404
    assert waits_for_review(await studio.whole.jobs.get(job.id))


async def test_the_page_follows_its_job_and_shows_what_is_being_written(studio: Studio, olga) -> None:
    job = await studio.in_review(topic="Follow me")
    path = f"/studio/jobs/{job.id}"
    mark = (await olga.get(path)).text.split('data-after="')[1].split('"')[0]
    listener = await studio.listen(olga, f"{path}/events?after={mark}")
    bus = studio.whole.bus
    for step, pieces in {"draft:a": ["Once ", "upon <b>"], "edit/critic": ['{"sections": [', "]}"]}.items():
        bus.publish(StepBegun(job.id, step))
        for piece in pieces:
            bus.publish(TextStreamed(job.id, step, piece))
    assert (await listener.next("text")).said == {"step": "draft:a", "text": "Once upon <b>"}
    await act(olga, job, "approve")
    while "machine" not in (frame := (await listener.next()).said)["set"] or "Published" not in frame["set"]["facts"]:
        pass
    assert frame["lists"]["acts"] == []
    assert "form" not in frame["set"]["facts"], "what all see holds nobody's token"


async def test_a_draft_is_sent_back_with_a_note_to_the_model(tmp_path) -> None:
    async with FakeOpenAI() as fake:
        model = {"kind": "openai", "base_url": fake.base_url, "api_key": "sk-x", "model": MODEL, "free": False}
        async with open_studio(tmp_path, text={"main": model}, engine={"drain_seconds": 0}) as studio:
            olga = await owner_at(studio)
            job = await studio.in_review(topic="Done over")
            path = f"/studio/jobs/{job.id}"
            before = (await olga.get(path)).forms[f"{path}/approve"]["revision"]
            answer = await act(olga, job, "revise", note="Begin with the harbour.")
            assert answer.location == f"{path}?said=revise"
            await studio.until(job, lambda one: waits_for_review(one) and one.updated_at > job.updated_at)
            page = await olga.get(path)
            assert any("Begin with the harbour." in call.prompt for call in fake.calls)
            assert page.forms[f"{path}/approve"]["revision"] != before
            assert "The draft, after 1 revision" in page.words
            assert "Sent back by Olga Begin with the harbour." in page.words
            assert "It went back from in review to editing once." in page.words
            assert f"text.main · {MODEL}" in page.words
            late = await olga.post(f"{path}/approve", {"form": answer_token(page), "revision": before})
            assert late.status == 409


def answer_token(page: Answer) -> str:
    return next(form["form"] for form in page.forms.values() if "form" in form)


# -- the picture and the words alone ---------------------------------------------------------------------------------


def job_at(state: JobState, **more) -> Job:
    return Job("a" * 36, "post", state, "Tea", 0, 0, **more)


def line(number: int, event: str, origin: str, target: str | None = None, **detail) -> TimelineEntry:
    return TimelineEntry(number, number * 1000, event, origin, target, None, None, detail)


TWICE_FAILED = [
    line(1, "submitted", "queued"),
    line(2, "moved", "queued", "researching"),
    line(3, "moved", "researching", "outlining"),
    line(4, "moved", "outlining", "drafting"),
    line(5, "moved", "drafting", "failed"),
    line(6, "moved", "failed", "outlining", by="owner"),
    line(7, "moved", "outlining", "drafting"),
    line(8, "moved", "drafting", "failed"),
]


async def test_the_picture_shows_failures_returns_and_where_the_job_is() -> None:
    error = JobError(code="x", title="X", detail="Y")
    failed = job_at(JobState.FAILED, failed_in=JobState.DRAFTING, error=error)
    picture = ElementTree.fromstring(drawn(failed, TWICE_FAILED))
    words = ["".join(text.itertext()) for text in picture.iter("text")]
    assert "failed once, tried again" in words
    assert "Failed" in words
    assert "2× 2.0 s" in words, "twice in drafting, a second each"
    assert len(picture.findall("./path[@class='edge back']")) == 1
    assert [node.get("class") for node in picture.iter("g")].count("node failed") == 1
    assert not any("style" in element.attrib for element in picture.iter())
    said = in_words(failed, way_of(TWICE_FAILED))
    assert "It failed while drafting. It had failed once and was tried again." in said
    assert "It went back from drafting to outlining once." in said

    waiting = job_at(JobState.OUTLINING, waiting=Waiting(WaitingFor.BUDGET))
    classes = [node.get("class") for node in ElementTree.fromstring(drawn(waiting, TWICE_FAILED[:3])).iter("g")]
    assert classes[:4] == ["node taken", "node taken", "node here waits", "node ahead"]

    cancelled = [*TWICE_FAILED, line(9, "moved", "failed", "cancelled", by="owner")]
    assert "Failed, then cancelled" in drawn(job_at(JobState.CANCELLED), cancelled)


async def test_every_line_of_a_timeline_has_its_words() -> None:
    lines = told(
        [
            *TWICE_FAILED[:2],
            line(3, "waiting", "researching", **{"for": "provider", "reason": "text.main rests", "until": 5}),
            line(4, "woken", "researching", **{"for": "provider"}),
            line(5, "waiting", "researching", **{"for": "paused", "by": "p1"}),
            line(6, "woken", "researching", **{"for": "paused", "by": "t1"}),
            TimelineEntry(7, 7, "step_begun", "drafting", None, "draft", 1, {}),
            TimelineEntry(8, 8, "step_failed", "drafting", None, "draft", 1, {"detail": "No answer."}),
            TimelineEntry(9, 9, "step_doubted", "drafting", None, "draft", 2, {"policy": "ask"}),
            TimelineEntry(10, 10, "step_finished", "in_review", None, "revision:1", 1, {"by": "p1", "strike": ["a"]}),
        ],
        {"p1": "Ann"},
    )
    assert [one.words for one in lines] == [
        "Ordered",
        "Researching",
        "Waits for a service that rests",
        "The service is asked again",
        "Paused by Ann",
        "Resumed by an app",
        "The step draft failed",
        "The step draft is in doubt",
        "Sent back by Ann, 1 part struck",
    ]
    assert (lines[2].note, lines[6].note) == ("text.main rests", "No answer.")


async def test_what_can_be_done_follows_from_where_the_job_is() -> None:
    def acts(state: JobState, waiting_for: WaitingFor | None = None) -> list[str]:
        return acts_of(job_at(state, waiting=Waiting(waiting_for) if waiting_for else None))

    assert acts(JobState.DRAFTING) == ["pause", "cancel"]
    assert acts(JobState.DRAFTING, WaitingFor.REVIEW) == ["repeat", "reject", "pause", "cancel"], "a call in doubt"
    assert acts(JobState.IN_REVIEW, WaitingFor.REVIEW) == ["approve", "revise", "reject", "pause", "cancel"]
    assert acts(JobState.DRAFTING, WaitingFor.PROVIDER) == ["now", "pause", "cancel"]
    assert acts(JobState.EDITING, WaitingFor.PAUSED) == ["resume", "cancel"]
    assert acts(JobState.FAILED) == ["retry", "cancel"]
    assert acts(JobState.PUBLISHED) == acts(JobState.CANCELLED) == []


async def test_spans_are_told_as_people_do() -> None:
    told_as = {10: "", 440: "0.4 s", 12_400: "12 s", 200_000: "3 min", 7_500_000: "2 h 5 min", 259_200_000: "3 days"}
    assert {duration: span(duration) for duration in told_as} == told_as
