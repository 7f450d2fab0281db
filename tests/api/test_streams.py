"""`/me/events`: what a person hears live, and what they hear after a break."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientPayloadError

from blogen.api import streams
from blogen.domain.person import Scope
from blogen.store.notifications import tell


class Stream:
    """An open stream; `next()` is its next event, comments left out, or None at its end."""

    def __init__(self, answer):
        self.answer = answer
        self.last_id = None

    async def next(self):
        lines = {}
        async with asyncio.timeout(10):
            while True:
                try:
                    raw = await self.answer.content.readline()
                except ClientPayloadError:  # broken off
                    return None
                if not raw:
                    return None
                line = raw.decode().rstrip("\n")
                if line.startswith(":") or line.startswith("retry"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    lines[name] = value
                elif "event" in lines:
                    self.last_id = lines["id"]
                    return lines["event"], json.loads(lines["data"])

    async def heard(self, count):
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def listening(served, headers, after=None):
    more = {"Last-Event-ID": after} if after else {}
    answer = await served.call("GET", "/me/events", headers=headers | more, scope=None)
    assert answer.status == 200, await answer.text()
    assert answer.content_type == "text/event-stream"
    stream = Stream(answer)
    assert await stream.next() == ("ready", {})
    try:
        yield stream
    finally:
        answer.close()


async def signed_in(served, handle):
    person = await served.people.create_person(handle, handle.title(), Scope.READER, "a long password")
    token, text = await served.people.create_token(Scope.READER, handle)
    return person.id, {"Authorization": f"Bearer {text}"}, token.id


@pytest.fixture
async def ada(served):
    return await signed_in(served, "ada")


async def notify(served, person_id, source, **more):
    await served.blog.database.write(lambda tx: tell(tx, person_id, "moderation", source, **more))


async def test_notifications_and_posts_come_as_they_happen(served, ada):
    person_id, headers, _ = ada
    await notify(served, person_id, "before")
    await served.published("Old tea")
    async with listening(served, headers) as stream:
        await notify(served, person_id, "1", detail={"action": "approve"})
        event, told = await stream.next()
        assert (event, told["kind"], told["detail"]) == ("notification", "moderation", {"action": "approve"})
        listed = await served.told("GET", "/me/notifications", headers=headers, scope=None)
        assert told == listed["items"][0]
        await served.published("New tea")
        event, told = await stream.next()
        assert (event, told["slug"], told["viewer"]) == ("post", "new-tea", None)
        listed = await served.told("GET", "/posts", scope=None)
        assert told == listed["items"][0]


async def test_nobody_hears_what_another_is_told(served, ada):
    eve_id, eve, _ = await signed_in(served, "eve")
    async with listening(served, eve) as stream:
        await notify(served, ada[0], "secret")
        await notify(served, eve_id, "own", detail={"action": "approve"})
        event, told = await stream.next()
        assert (event, told["detail"]) == ("notification", {"action": "approve"})


async def test_after_a_break_nothing_is_missed_and_nothing_doubled(served, ada):
    person_id, headers, _ = ada
    async with listening(served, headers) as stream:
        await notify(served, person_id, "1")
        await served.published("Tea 1")
        await stream.heard(2)
        place = stream.last_id
    for turn in range(2, 5):
        await notify(served, person_id, str(turn), detail={"turn": turn})
        await served.published(f"Tea {turn}")
    async with listening(served, headers, place) as stream:
        heard = await stream.heard(6)
        await notify(served, person_id, "5", detail={"turn": 5})
        heard.append(await stream.next())
    turns = [told["detail"]["turn"] for event, told in heard if event == "notification"]
    slugs = [told["slug"] for event, told in heard if event == "post"]
    assert turns == [2, 3, 4, 5]
    assert slugs == ["tea-2", "tea-3", "tea-4"]


async def test_who_heard_nothing_yet_can_go_on_from_where_they_began(served, ada):
    person_id, headers, _ = ada
    async with listening(served, headers) as stream:
        place = stream.last_id
    assert place == "_0_"
    await served.published("Tea")
    await notify(served, person_id, "1")
    async with listening(served, headers, place) as stream:
        assert {event for event, _ in await stream.heard(2)} == {"notification", "post"}


async def test_each_place_of_a_replay_can_be_gone_on_from(served, ada):
    person_id, headers, _ = ada
    for turn in range(3):
        await served.published(f"Tea {turn}")
        await notify(served, person_id, str(turn))
    place, heard = "_0_", []
    for _ in range(6):
        async with listening(served, headers, place) as stream:
            event, told = await stream.next()
            heard.append((event, told.get("slug") or told["id"]))
            place = stream.last_id
    assert len(set(heard)) == 6


async def test_who_missed_too_much_is_told_to_read_the_lists(served, ada, monkeypatch):
    person_id, headers, _ = ada
    monkeypatch.setattr(streams, "MAX_MISSED", 2)
    for turn in range(3):
        await served.published(f"Tea {turn}")
        await notify(served, person_id, str(turn))
    async with listening(served, headers, "_0_") as stream:
        assert await stream.heard(2) == [("reset", {"of": "notifications"}), ("reset", {"of": "posts"})]
        await notify(served, person_id, "new")
        assert (await stream.next())[0] == "notification"


async def test_posts_that_nobody_reviewed_are_left_out_for_who_hides_them(served, ada):
    person_id, headers, _ = ada
    await served.blog.database.write(
        lambda tx: tx.execute("UPDATE people SET hides_unreviewed = 1 WHERE id = ?", (person_id,))
    )
    async with listening(served, headers) as stream:
        await served.published("By a machine alone")
        await notify(served, person_id, "1")
        assert (await stream.next())[0] == "notification"


async def test_a_revoked_token_hears_no_more(served, ada):
    person_id, headers, token_id = ada
    async with listening(served, headers) as stream:
        await served.people.revoke_token(token_id)
        await notify(served, person_id, "1")
        assert await stream.next() is None


async def test_a_revoked_token_ends_a_quiet_stream_with_the_next_heartbeat(served, ada, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    _, headers, token_id = ada
    async with listening(served, headers) as stream:
        await served.people.revoke_token(token_id)
        assert await stream.next() is None


async def test_who_leaves_is_forgotten_and_a_person_has_a_bounded_number_of_streams(served, ada, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(streams, "MAX_OF_PERSON", 2)
    headers = ada[1]
    async with listening(served, headers), listening(served, headers):
        await served.refused("GET", "/me/events", status=429, headers=headers, scope=None)
        _, eve, _ = await signed_in(served, "eve")
        async with listening(served, eve):
            pass
    async with asyncio.timeout(10):
        while (answer := await served.call("GET", "/me/events", headers=headers, scope=None)).status == 429:
            await answer.read()
        answer.close()


@pytest.mark.parametrize("place", ["1", "x", "__", "_-1_", "_1_x", "' OR 1=1 --_1_", "_99999999999999999999_"])
async def test_a_place_that_is_none_is_refused(served, ada, place):
    headers = ada[1] | {"Last-Event-ID": place}
    problem = await served.refused("GET", "/me/events", status=422, headers=headers, scope=None)
    assert problem["errors"][0]["path"] == "Last-Event-ID"


async def test_a_person_is_needed(served):
    await served.refused("GET", "/me/events", status=401, scope=None)
    await served.refused("GET", "/me/events", status=403, scope=Scope.ADMIN)
