"""Live timelines: nothing missed, nothing doubled, whenever a listener comes and however far it has read."""

import asyncio
from contextlib import aclosing

import pytest
from aiohttp import ClientPayloadError, ClientTimeout

from blogen.api import live
from blogen.api.keys import LIVE
from blogen.api.live import LiveTimelines
from blogen.domain.person import Scope
from blogen.events import Bus, StepBegun, StepFinished, TextStreamed
from blogen.store.jobs import TimelineEntry
from blogen.streams import OPENING
from tests.api.served import Sent, Served, sent


async def listen(served: Served, job_id: str, after: int | None = None) -> list[Sent]:
    """All events until the server ends the stream."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    async with asyncio.timeout(15):
        answer = await served.call("GET", f"/jobs/{job_id}/events", headers=headers)
        assert answer.status == 200
        return [event async for event in sent(answer)]


def durable(events: list[Sent]) -> list[int]:
    return [event.id for event in events if event.id is not None]


async def timeline_ids(served: Served, job_id: str) -> list[int]:
    return [entry["id"] for entry in (await served.told("GET", f"/jobs/{job_id}/timeline"))["items"]]


async def test_the_stream_tells_the_timeline_and_ends_with_the_job(served):
    served.pipeline.gate.clear()
    job = await served.order()
    answer = await served.call("GET", f"/jobs/{job['id']}/events")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    events = sent(answer)
    async with aclosing(events), asyncio.timeout(10):
        async for event in events:
            if event.event == "step_begun":
                served.pipeline.gate.set()
            last = event
    assert (last.event, last.told["target"]) == ("moved", "published")

    events = await listen(served, job["id"])
    timeline = (await served.told("GET", f"/jobs/{job['id']}/timeline"))["items"]
    assert [event.told for event in events] == timeline
    assert [(event.id, event.event) for event in events] == [(entry["id"], entry["event"]) for entry in timeline]


async def test_a_listener_resumes_from_the_middle_with_nothing_missed_or_doubled(served):
    job = await served.published()
    ids = await timeline_ids(served, job["id"])
    for place, event_id in enumerate(ids[:-1]):
        assert durable(await listen(served, job["id"], event_id)) == ids[place + 1 :]


async def test_after_the_last_event_of_a_final_job_a_client_is_told_to_stop_asking(served):
    job = await served.published()
    last = (await timeline_ids(served, job["id"]))[-1]
    answer = await served.call("GET", f"/jobs/{job['id']}/events", headers={"Last-Event-ID": str(last)})
    assert answer.status == 204


async def test_listeners_that_come_and_break_off_while_jobs_run_miss_and_double_nothing(served):
    """Many jobs write at once; each listener breaks off after every few events and resumes where it was."""

    async def piecewise(job_id: str, pieces: int) -> list[int]:
        seen: list[int] = []
        while True:
            headers = {"Last-Event-ID": str(seen[-1])} if seen else {}
            answer = await served.call("GET", f"/jobs/{job_id}/events", headers=headers)
            if answer.status == 204:
                return seen
            events, taken = sent(answer), 0
            async with aclosing(events):
                async for event in events:
                    seen.append(event.id)
                    taken += 1
                    if taken == pieces:
                        break
            answer.close()

    served.pipeline.gate.clear()
    jobs = [(await served.order(f"Tea {number}"))["id"] for number in range(12)]
    listeners = [asyncio.create_task(piecewise(job, 1 + number % 5)) for number, job in enumerate(jobs * 3)]
    served.pipeline.gate.set()
    async with asyncio.timeout(30):
        found = await asyncio.gather(*listeners)
    for job_id, seen in zip(jobs * 3, found, strict=True):
        assert seen == await timeline_ids(served, job_id)


async def test_a_failed_job_that_was_retried_goes_on_in_a_resumed_stream(served):
    job = await served.settled((await served.order("Fail here"))["id"])
    failed = (await timeline_ids(served, job["id"]))[-1]
    await served.told("POST", f"/jobs/{job['id']}/retry")
    events = await listen(served, job["id"], failed)
    assert [event.told["target"] for event in events if event.event == "moved"] == ["drafting", "failed"]


async def test_a_failure_that_a_retry_has_made_history_does_not_end_the_stream(served):
    job = await served.settled((await served.order("Fail here"))["id"])
    served.pipeline.gate.clear()
    await served.told("POST", f"/jobs/{job['id']}/retry")
    targets = []
    async with asyncio.timeout(10):
        async for event in sent(await served.call("GET", f"/jobs/{job['id']}/events")):
            targets.append(event.told["target"])
            if event.event == "step_begun" and event.told["run"] == 2:
                served.pipeline.gate.set()
    assert targets.count("failed") == 2


async def test_text_is_told_between_the_steps_beginning_and_end_and_has_no_id(served):
    served.pipeline.gate.clear()
    job = await served.order()
    answer = await served.call("GET", f"/jobs/{job['id']}/events")
    told: list[Sent] = []
    async with asyncio.timeout(10):
        async for event in sent(answer):
            told.append(event)
            if event.event == "step_begun":
                for piece in ("Green ", "tea\n", "is “good”."):
                    served.blog.bus.publish(TextStreamed(job["id"], "draft", piece))
                served.pipeline.gate.set()
    names = [event.event for event in told]
    assert names.index("step_begun") < names.index("text") < names.index("step_finished")
    texts = [event for event in told if event.event == "text"]
    assert "".join(event.told["text"] for event in texts) == "Green tea\nis “good”."
    assert {(event.id, event.told["step"]) for event in texts} == {(None, "draft")}


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 19, "9" * 30, "٣"])
async def test_an_event_id_that_cannot_be_one_is_refused(served, given):
    job = await served.order()
    problem = await served.refused("GET", f"/jobs/{job['id']}/events", headers={"Last-Event-ID": given}, status=422)
    assert problem["errors"][0]["path"] == "Last-Event-ID"


async def test_a_listener_that_leaves_is_forgotten(served, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.02)
    served.pipeline.gate.clear()
    job = await served.order()
    answer = await served.call("GET", f"/jobs/{job['id']}/events")
    assert await answer.content.readuntil(b"\n\n") == OPENING
    await anext(sent(answer))
    timelines, left = timelines_of(served), asyncio.Event()
    assert timelines.listeners == 1
    monkeypatch.setattr(live._Topic, "close", lambda _topic: left.set())
    answer.close()
    async with asyncio.timeout(5):
        await left.wait()
    assert timelines.listeners == 0


async def test_a_quiet_stream_is_kept_alive_and_ends_when_its_token_is_revoked(served, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
    served.pipeline.gate.clear()
    token, text = await served.people.create_token(Scope.AUTHOR)
    job = await served.order()
    answer = await served.call("GET", f"/jobs/{job['id']}/events", headers={"Authorization": f"Bearer {text}"})
    async with asyncio.timeout(10):
        while await answer.content.readline() != b": still here\n":
            pass
        await served.people.revoke_token(token.id)
        with pytest.raises(ClientPayloadError):  # the connection ends, the stream does not
            await answer.content.read()


async def test_a_server_that_stops_ends_its_streams_at_once(served):
    served.pipeline.gate.clear()
    job = await served.order()
    answer = await served.call("GET", f"/jobs/{job['id']}/events", timeout=ClientTimeout(total=10))
    await answer.content.readline()
    timelines_of(served).stop()
    async with asyncio.timeout(5):
        await answer.read()


async def test_listeners_of_one_job_share_their_readings(served):
    served.pipeline.gate.clear()
    job = await served.order()
    timelines, readings = timelines_of(served), 0
    read = timelines._read

    async def counted(job_id, after):
        nonlocal readings
        readings += 1
        return await read(job_id, after)

    timelines._read = counted
    begun, listening = asyncio.Event(), 0

    async def listen_and_tell() -> list[int]:
        nonlocal listening
        seen = []
        async for event in sent(await served.call("GET", f"/jobs/{job['id']}/events")):
            seen.append(event.id)
            if event.event == "step_begun":
                listening += 1
                if listening == 100:
                    begun.set()
        return seen

    listeners = [asyncio.create_task(listen_and_tell()) for _ in range(100)]
    async with asyncio.timeout(10):
        await begun.wait()
        readings = 0
        served.pipeline.gate.set()
        found = await asyncio.gather(*listeners)
    ids = await timeline_ids(served, job["id"])
    assert all(seen == ids for seen in found)
    assert readings < 100


async def test_a_change_during_a_reading_is_read_again(served):
    """A reading that began before a commit may lack it: who is woken by the commit must not be given that one."""
    entries: list = []
    entered, leave = asyncio.Event(), asyncio.Event()

    async def read(_job_id, after):
        seen = [entry for entry in entries if entry.id > after]  # as the table was when the query began
        entered.set()
        await leave.wait()
        return seen

    job = await served.published()
    known = await served.client.server.app[_jobs_key()].timeline(job["id"])
    bus = Bus()
    timelines = LiveTimelines(read, bus)

    async def follow() -> list[bytes]:
        return [wire async for wire in timelines.follow(job["id"], 0, is_final=False)]

    slow, late = asyncio.create_task(follow()), None
    await entered.wait()
    entries += known
    bus.publish(StepFinished(job["id"], "draft"))
    late = asyncio.create_task(follow())
    await asyncio.sleep(0)
    leave.set()
    async with asyncio.timeout(5):
        for told in await asyncio.gather(slow, late):
            assert b"".join(told).count(b"\nid: ") + 1 == len(known)


async def test_text_of_a_step_that_ended_is_not_told_after_its_end(served):
    frames = [
        live.Frame(1, "step_begun", "a", None, b"begun a|"),
        live.Frame(2, "step_finished", "a", None, b"finished a|"),
        live.Frame(3, "step_begun", "b", None, b"begun b|"),
    ]
    texts = [live.Text("a", b"text a|"), live.Text("b", b"text b|"), live.Text("c", b"text c|")]
    assert live._in_order(frames, texts) == b"text c|begun a|finished a|begun b|text b|"


async def test_text_that_comes_while_the_end_of_its_step_is_being_read_is_told_before_it():
    bus = Bus()

    async def read(_job_id: str, after: int) -> list[TimelineEntry]:
        if after == 0:
            return [TimelineEntry(1, 0, "step_begun", "drafting", None, "a", 1, {})]
        bus.publish(TextStreamed("j", "a", "the last words"))
        bus.publish(TextStreamed("j", "b", "what is told later"))
        bus.publish(StepFinished("j", "a"))
        return [TimelineEntry(2, 0, "step_finished", "drafting", None, "a", 1, {})]

    told = LiveTimelines(read, bus).follow("j", 0, is_final=False)
    async with aclosing(told), asyncio.timeout(5):
        await anext(told)
        bus.publish(StepBegun("j", "b"))
        wire = await anext(told)
        assert wire.index(b"the last words") < wire.index(b"step_finished")
        assert b"told later" in await anext(told)


async def test_a_bus_without_listeners_costs_nothing_and_keeps_nothing():
    bus = Bus()
    timelines = LiveTimelines(None, bus)
    bus.publish(TextStreamed("j", "s", "text"))
    bus.publish(StepBegun("j", "s"))
    assert timelines.listeners == 0


def timelines_of(served: Served) -> LiveTimelines:
    [api] = [part for part in served.client.server.app._subapps if LIVE in part]
    return api[LIVE]


def _jobs_key():
    from blogen.api.keys import JOBS

    return JOBS
