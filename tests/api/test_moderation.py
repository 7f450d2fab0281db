"""Moderation over HTTP: who may decide, and that all of it can be taken back."""

import pytest

from blogen.api.routes import ROUTES
from blogen.domain.person import Scope
from tests.api.served import serve
from tests.api.test_comments import _crowd, config
from tests.api.test_openapi import schema_of

MODERATING = [route for route in ROUTES if route.path.startswith("/moderation")]


@pytest.fixture
async def crowd(tmp_path):
    async with serve(tmp_path, config()) as served:
        await served.blog.publish("Tea")
        yield await _crowd(served)


@pytest.mark.parametrize("route", MODERATING, ids=lambda route: f"{route.method} {route.path}")
async def test_readers_do_not_moderate(crowd, route):
    path = route.path.replace("{id}", "x").replace("{word}", "x")
    for who in (crowd.by("ada"), {"scope": Scope.READER}):
        await crowd.served.refused(route.method, path, status=403, **who)
    await crowd.served.refused(route.method, path, status=401, scope=None)


async def test_a_decision_is_made_logged_and_taken_back(crowd):
    made = await crowd.says("ada", "one")
    act = await crowd.served.told("POST", f"/moderation/comments/{made['id']}/remove", **crowd.by("mod"))
    assert (act["action"], act["by"], act["target"], act["undone_at"]) == ("remove", "mod", made["id"], None)
    assert [one["state"] for one in await crowd.sees("ada")] == ["removed"]
    assert await crowd.sees("bob") == []
    assert await crowd.count() == 0
    undone = await crowd.served.told("POST", f"/moderation/log/{act['id']}/undo", **crowd.by("mod"))
    assert undone["undone_at"] is not None
    assert len(await crowd.sees("bob")) == await crowd.count() == 1
    await crowd.served.refused("POST", f"/moderation/log/{act['id']}/undo", status=409, **crowd.by("mod"))
    await crowd.served.refused("POST", f"/moderation/comments/{made['id']}/approve", status=409, **crowd.by("mod"))
    await crowd.served.refused("POST", f"/moderation/comments/{made['id']}/restore", status=409, **crowd.by("mod"))
    for path in ("/moderation/comments/x/remove", "/moderation/log/x/undo", "/moderation/reports/x/close"):
        await crowd.served.refused("POST", path, status=404, **crowd.by("mod"))


async def test_a_removed_comment_cannot_be_changed_and_its_deletion_is_final(crowd):
    made = await crowd.says("ada", "one")
    act = await crowd.served.told("POST", f"/moderation/comments/{made['id']}/remove", scope=Scope.ADMIN)
    await crowd.served.refused("PATCH", f"/comments/{made['id']}", {"text": "x"}, status=409, **crowd.by("ada"))
    await crowd.served.told("DELETE", f"/comments/{made['id']}", status=204, **crowd.by("ada"))
    await crowd.served.refused("POST", f"/moderation/log/{act['id']}/undo", status=404, **crowd.by("mod"))


async def test_words_hold_comments_until_they_are_taken_back(crowd):
    act = await crowd.served.told("PUT", "/moderation/words/C%C3%81SINO", **crowd.by("mod"))
    assert act["target"] == "casino"
    assert (await crowd.served.told("GET", "/moderation/words", **crowd.by("mod")))["items"] == ["casino"]
    assert (await crowd.says("ada", "casino"))["state"] == "held"
    assert (await crowd.says("mod", "casino"))["state"] == "shown"
    await crowd.served.told("DELETE", "/moderation/words/casino", **crowd.by("mod"))
    assert (await crowd.says("bob", "casino"))["state"] == "shown"
    await crowd.served.refused("DELETE", "/moderation/words/casino", status=404, **crowd.by("mod"))


async def test_corrections_are_for_all_to_read_and_for_authors_to_write(crowd):
    body = {"text": "It was <b>1987</b>, not 1978.\u202e"}
    await crowd.served.refused("POST", "/posts/tea/corrections", body, status=403, **crowd.by("ada"))
    made = await crowd.served.told("POST", "/posts/tea/corrections", body, status=201, scope=Scope.AUTHOR)
    assert made["text"] == "It was <b>1987</b>, not 1978."
    got = await crowd.served.told("GET", "/posts/tea/corrections", scope=None)
    assert got == {"items": [made], "next": None}
    for wrong in ({"text": ""}, {"text": "\u200b"}, {"text": "x" * 2001}, {"text": "x", "block": "nowhere"}):
        await crowd.served.refused("POST", "/posts/tea/corrections", wrong, status=422, scope=Scope.AUTHOR)
    await crowd.served.refused("GET", "/posts/milk/corrections", status=404, scope=None)


async def test_answers_are_as_the_document_says(crowd):
    head = await crowd.says("ada", "head @bob")
    await crowd.says("bob", "answer", parent=head["id"])
    await crowd.served.told("POST", f"/comments/{head['id']}/report", {"note": "x"}, status=201, **crowd.by("bob"))
    await crowd.served.told("PUT", "/moderation/words/casino", **crowd.by("mod"))
    await crowd.says("cleo", "casino")
    await crowd.served.told("PUT", "/people/cleo/mute", status=204, **crowd.by("ada"))
    await crowd.served.told("POST", "/posts/tea/corrections", {"text": "x"}, status=201, scope=Scope.AUTHOR)
    for path, name, who in (
        ("/posts/tea/comments", "CommentList", None), ("/posts/tea/comments", "CommentList", "cleo"),
        (f"/comments/{head['id']}", "CommentView", "ada"), (f"/comments/{head['id']}/answers", "AnswerList", "ada"),
        ("/me/notifications", "NotificationList", "bob"), ("/me/aversions", "AversionList", "ada"),
        ("/moderation/queue", "HeldCommentList", "mod"), ("/moderation/reports", "ReportList", "mod"),
        ("/moderation/log", "ActList", "mod"), ("/moderation/words", "WordList", "mod"),
        ("/posts/tea/corrections", "CorrectionList", None),
    ):  # fmt: skip
        told = await crowd.served.told("GET", path, **crowd.by(who))
        assert told["items"] if "items" in told else told["id"]
        schema_of(name).validate(told)
