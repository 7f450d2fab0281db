"""The studio's frame, its board of jobs, and how many look at it for the cost of one."""

import asyncio
from contextlib import aclosing

import pytest
import pytest_asyncio

from blogen.domain.job import JobState
from blogen.domain.person import Scope
from blogen.events import Bus, JobMoved
from blogen.web.studio import board, live
from blogen.web.studio.live import BOARD, LIVE, Live, Shown
from tests.web.studio import Studio, held_open, open_studio, owner_at

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(tmp_path_factory):
    async for opened in held_open(open_studio(tmp_path_factory.mktemp("board"))):
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def olga(studio):
    return await owner_at(studio)


async def test_whoever_is_not_signed_in_is_sent_to_do_so_and_back(studio: Studio) -> None:
    answer = await studio.browser().get("/studio?state=failed")
    assert (answer.status, answer.location) == (303, "/login?next=/studio?state%3Dfailed")


async def test_a_reader_is_told_whom_the_studio_is_for(studio: Studio) -> None:
    answer = await (await owner_at(studio, "rita", Scope.READER)).get("/studio")
    assert answer.status == 403
    assert "Rita, whose role is reader" in answer.words


async def test_an_author_finds_no_way_to_what_only_an_admin_may_do(studio: Studio) -> None:
    answer = await (await owner_at(studio, "alma", Scope.AUTHOR)).get("/studio")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'href="/studio/posts"' in answer.text
    assert 'href="/studio/providers"' not in answer.text
    assert 'href="/studio" aria-current="page"' in answer.text


async def test_jobs_stand_where_they_need_somebody(studio: Studio, olga) -> None:
    done = await studio.published(topic="The published one")
    review = await studio.in_review(topic="The one to read")
    failed = await studio.in_review(topic="The failed one")
    await studio.whole.engine.reject(failed.id, note="Nothing new in it.")
    later = await studio.until(
        await studio.order("The later one", publish_at="2199-01-02T10:30:00Z"), lambda job: job.waiting is not None
    )
    page = (await olga.get("/studio")).text
    columns = {key: page.split(f'id="list-{key}"')[1].split("</ul>")[0] for key in ("review", "failed", "done")}
    assert f'id="job-{review.id}"' in columns["review"]
    assert "Waits for your review" in columns["review"]
    assert f'id="job-{failed.id}"' in columns["failed"]
    assert "Nothing new in it." in columns["failed"]
    assert f'id="job-{done.id}"' in columns["done"]
    scheduled = page.split('id="list-scheduled"')[1].split("</ul>")[0]
    assert f'id="job-{later.id}"' in scheduled
    assert '<time datetime="2199-01-02T10:30:00Z" data-local>2 January 2199, 10:30 UTC</time>' in scheduled


async def test_a_topic_of_markup_is_shown_as_it_was_typed(studio: Studio, olga) -> None:
    await studio.published(topic='<script>alert(1)</script>" onclick="alert(2)')
    page = (await olga.get("/studio")).text
    assert "<script>alert" not in page
    assert '" onclick="' not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_a_viewer_sees_a_job_come_and_go_through_to_its_end(studio: Studio, olga) -> None:
    mark = await mark_of(olga)
    listener = await studio.listen(olga, f"/studio/events?after={mark}")
    job = await studio.order("The watched one")
    first = await listener.until(f"job-{job.id}")
    assert "page" not in first.said["set"]
    last = first
    while f"job-{job.id}" not in last.said["lists"].get("list-done", ()):
        last = await listener.next()
    assert "Published" in last.said["set"][f"job-{job.id}"]
    assert "<html" not in str(last.said)

    # Who comes back with the first event's id hears what came after it; with a strange one, all of it.
    back = await studio.listen(olga, "/studio/events", **{"Last-Event-ID": first.id})
    missed = [(await back.next()).id]
    while missed[-1] != last.id:
        missed.append((await back.next()).id)
    assert first.id not in missed
    whole = await (await studio.listen(olga, "/studio/events", **{"Last-Event-ID": "00000000.7"})).next()
    assert whole.id == last.id
    assert {"list-review", "list-work", "list-done"} <= whole.said["lists"].keys()
    assert f"job-{job.id}" in whole.said["set"]


async def test_what_many_viewers_see_is_read_and_rendered_once(studio: Studio, olga, monkeypatch) -> None:
    rendered: list[str] = []
    card = board._card

    def counted(app, job):
        rendered.append(f"{job.id} {job.state} {job.waiting}")
        return card(app, job)

    monkeypatch.setattr(board, "_card", counted)
    mark = await mark_of(olga)
    listeners = [await studio.listen(olga, f"/studio/events?after={mark}") for _ in range(20)]
    rendered.clear()
    job = await studio.in_review(topic="The one that twenty watch")
    told = await asyncio.gather(*(listener.until("Waits for your review") for listener in listeners))
    assert len({one.id for one in told}) == 1
    of_it = [one for one in rendered if one.startswith(job.id)]
    assert len(of_it) == len(set(of_it)), "a card was rendered more than once as it was"
    for listener in listeners:
        listener.answer.close()


async def test_whoever_signs_out_hears_that_and_nothing_more(studio: Studio, monkeypatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.02)
    otto = await owner_at(studio, "otto")
    listener = await studio.listen(otto, f"/studio/events?after={await mark_of(otto)}")
    await listener.next("beat")
    await studio.whole.people.set_role("otto", Scope.READER)
    await listener.next("out")
    assert await listener.answer.content.read() == b""


async def test_all_jobs_are_listed_by_state_and_page_by_page(studio: Studio, olga, monkeypatch) -> None:
    monkeypatch.setattr(board, "_PAGE", 1)
    await studio.published(topic="The second youngest")
    await studio.published(topic="The youngest")
    first = await olga.get("/studio/jobs?state=published")
    assert "The youngest" in first.words
    assert "The second youngest" not in first.words
    further = first.text.split('class="pager"><a class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "The second youngest" in (await olga.get(further)).words
    for nonsense in ("state=asleep", "before='--", f"before={'9' * 400}"):
        assert (await olga.get(f"/studio/jobs?{nonsense}")).status == 404


async def mark_of(browser) -> str:
    """What a board that was just loaded begins to listen at."""
    return (await browser.get("/studio")).text.split('data-after="')[1].split('"')[0]


# -- the fan-out alone -----------------------------------------------------------------------------------------------


class Counted:
    """A page with one part that is another each time it is read."""

    def __init__(self) -> None:
        self.readings = 0

    async def __call__(self) -> Shown:
        self.readings += 1
        return Shown({"n": str(self.readings)}, {})


async def test_a_burst_of_events_is_told_as_one(monkeypatch) -> None:
    monkeypatch.setattr(live, "PAUSE_SECONDS", 0.01)
    bus, read = Bus(), Counted()
    pages = Live(bus)
    _, mark = await pages.load(BOARD, read)
    async with aclosing(pages.follow(BOARD, read, mark)) as frames:
        reading = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0)
        for _ in range(500):
            bus.publish(JobMoved("a", JobState.QUEUED, JobState.RESEARCHING))
        assert b'"set":{"n":"2"}' in await reading
        bus.publish(JobMoved("a", JobState.RESEARCHING, JobState.OUTLINING))
        assert b'"set":{"n":"3"}' in await anext(frames)
    assert read.readings == 3
    await pages.close()


async def test_what_happens_while_a_page_is_read_is_told_after_a_pause() -> None:
    bus, readings = Bus(), []

    async def read() -> Shown:
        readings.append(len(readings))
        bus.publish(JobMoved("a", JobState.QUEUED, JobState.RESEARCHING))
        return Shown({"n": str(len(readings))}, {})

    pages = Live(bus)
    _, mark = await pages.load(BOARD, read)
    assert readings == [0]
    async with aclosing(pages.follow(BOARD, read, mark)) as frames:
        assert b'"set":{"n":"2"}' in await anext(frames)
    assert readings == [0, 1]
    await pages.close()


async def test_with_nobody_looking_nothing_is_read() -> None:
    bus, read = Bus(), Counted()
    pages = Live(bus)
    await pages.load(BOARD, read)
    for _ in range(100):
        bus.publish(JobMoved("a", JobState.QUEUED, JobState.RESEARCHING))
    await pages.load(BOARD, read)
    assert read.readings == 2
    await pages.close()


async def test_once_everybody_has_left_nothing_is_heard(monkeypatch) -> None:
    bus, read = Bus(), Counted()
    pages = Live(bus)
    await pages.load(BOARD, read)
    pages._tidy()
    assert pages._topics, "who has just loaded the page is about to listen"
    monkeypatch.setattr(live, "_KEPT_SECONDS", -1.0)
    pages._tidy()
    bus.publish(JobMoved("a", JobState.QUEUED, JobState.RESEARCHING))
    assert bus._subscriptions == ()
    await pages.load(BOARD, read)
    assert len(bus._subscriptions) == 1
    await pages.close()


async def test_a_page_that_cannot_be_read_ends_its_streams_and_is_told_of(monkeypatch) -> None:
    monkeypatch.setattr(live, "PAUSE_SECONDS", 0.01)
    bus, heard = Bus(), []
    bus.subscribe(heard.append)
    pages = Live(bus)

    async def broken() -> Shown:
        raise RuntimeError("no such table")

    frames = [frame async for frame in pages.follow(BOARD, broken, "")]
    assert frames == []
    assert ["no such table" in event.traceback for event in heard] == [True]
    await pages.close()


async def test_a_server_that_stops_ends_every_stream(studio: Studio) -> None:
    pages = Live(Bus())
    read = Counted()
    _, mark = await pages.load(BOARD, read)
    following = asyncio.ensure_future(_all(pages.follow(BOARD, read, mark)))
    await asyncio.sleep(0)
    assert pages.viewers == 1
    await pages.close()
    assert await following == []
    assert studio.app[LIVE] is not pages


async def _all(frames) -> list[bytes]:
    return [frame async for frame in frames]
