"""Notifications over HTTP."""

import pytest

from tests.api.served import serve
from tests.api.test_comments import _crowd, config


@pytest.fixture
async def crowd(tmp_path):
    async with serve(tmp_path, config()) as served:
        await served.blog.publish("Tea")
        yield await _crowd(served)


async def told(crowd, handle: str, query: str = ""):
    return await crowd.served.told("GET", f"/me/notifications{query}", **crowd.by(handle))


async def test_a_person_is_told_of_answers_and_mentions(crowd):
    head = await crowd.says("ada", "head")
    answer = await crowd.says("bob", "an *answer*, @cleo", parent=head["id"])
    got = await told(crowd, "ada")
    assert (got["unread"], got["next"]) == (1, None)
    [note] = got["items"]
    assert note == {
        "id": note["id"], "kind": "reply", "post": {"slug": "tea", "url": "/p/tea", "title": "Tea"},
        "comment": {"id": answer["id"], "excerpt": "an *answer*, @cleo"},
        "by": {"handle": "bob", "name": "Bob", "avatar": None}, "detail": {}, "created_at": note["created_at"],
        "read_at": None,
    }  # fmt: skip
    assert [one["kind"] for one in (await told(crowd, "cleo"))["items"]] == ["mention"]


async def test_some_or_all_until_one_are_read(crowd):
    for number in range(5):
        await crowd.says("ada", f"{number} @bob")
    notes = (await told(crowd, "bob"))["items"]
    path = "/me/notifications/read"
    body = {"ids": [notes[0]["id"], notes[4]["id"]]}
    assert await crowd.served.told("PUT", path, body, **crowd.by("bob")) == {"unread": 3}
    assert await crowd.served.told("PUT", path, body, **crowd.by("bob")) == {"unread": 3}
    assert await crowd.served.told("PUT", path, {"until": notes[2]["id"]}, **crowd.by("bob")) == {"unread": 1}
    unread = await told(crowd, "bob", "?unread=true")
    assert [one["id"] for one in unread["items"]] == [notes[1]["id"]]
    for wrong in ({}, {"ids": []}, {"ids": [notes[0]["id"]], "until": notes[0]["id"]}, {"ids": ["x"]}, {"until": 5}):
        await crowd.served.refused("PUT", path, wrong, status=422, **crowd.by("bob"))


async def test_nobody_reads_or_marks_what_another_is_told(crowd):
    await crowd.says("ada", "@bob")
    [note] = (await told(crowd, "bob"))["items"]
    assert (await told(crowd, "cleo"))["items"] == []
    for body in ({"ids": [note["id"]]}, {"until": note["id"]}):
        await crowd.served.told("PUT", "/me/notifications/read", body, **crowd.by("cleo"))
    assert (await told(crowd, "bob"))["unread"] == 1
    await crowd.says("ada", "again @bob")
    page = await told(crowd, "bob", "?limit=1")
    await crowd.served.refused("GET", f"/me/notifications?cursor={page['next']}", status=422, **crowd.by("cleo"))
    last = await told(crowd, "bob", f"?cursor={page['next']}")
    assert [one["id"] for one in last["items"]] == [note["id"]]


async def test_a_mute_hides_from_ones_own_lists_alone(crowd):
    await crowd.says("ada", "@bob one")
    await crowd.served.told("PUT", "/people/ada/mute", status=204, **crowd.by("bob"))
    await crowd.says("ada", "@bob two")
    assert await told(crowd, "bob") == {"items": [], "next": None, "unread": 0}
    assert await crowd.sees("bob") == []
    assert len(await crowd.sees("ada")) == 2
    await crowd.served.told("DELETE", "/people/ada/mute", status=204, **crowd.by("bob"))
    assert (await told(crowd, "bob"))["unread"] == 1


async def test_ones_aversions_are_ones_own(crowd):
    for path in ("/people/bob/block", "/people/cleo/mute", "/people/bob/block"):
        await crowd.served.told("PUT", path, status=204, **crowd.by("ada"))
    got = await crowd.served.told("GET", "/me/aversions", **crowd.by("ada"))
    assert {(one["handle"], one["kind"]) for one in got["items"]} == {("bob", "block"), ("cleo", "mute")}
    assert (await crowd.served.told("GET", "/me/aversions", **crowd.by("bob")))["items"] == []
    first = await crowd.served.told("GET", "/me/aversions?limit=1", **crowd.by("ada"))
    second = await crowd.served.told("GET", f"/me/aversions?limit=1&cursor={first['next']}", **crowd.by("ada"))
    assert {one["items"][0]["handle"] for one in (first, second)} == {"bob", "cleo"}
    await crowd.served.refused("PUT", "/people/ada/block", status=422, **crowd.by("ada"))
    await crowd.served.refused("PUT", "/people/nobody/mute", status=404, **crowd.by("ada"))
