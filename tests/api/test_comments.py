"""Comments over HTTP: who may say what where, and what others see of it."""

import asyncio

import pytest

from blogen.config import Config
from blogen.domain.person import Scope
from tests.api.served import serve
from tests.render.danger import dangers
from tests.render.vectors import VECTORS


class Crowd:
    """People with tokens, who say things below one post."""

    def __init__(self, served) -> None:
        self.served = served
        self.tokens: dict[str, str] = {}

    async def join(self, *handles: str, role: Scope = Scope.READER) -> None:
        for handle in handles:
            await self.served.people.create_person(handle, handle.capitalize(), role, "long secret")
            _, self.tokens[handle] = await self.served.people.create_token(role, handle)

    def by(self, handle: str | None) -> dict:
        if handle is None:
            return {"scope": None}
        return {"scope": None, "headers": {"Authorization": f"Bearer {self.tokens[handle]}"}}

    async def says(self, handle: str, text: str = "I agree.", *, parent: str | None = None, slug: str = "tea"):
        body = {"text": text} | ({"parent": parent} if parent else {})
        return await self.served.told("POST", f"/posts/{slug}/comments", body, status=201, **self.by(handle))

    async def sees(self, handle: str | None = None, path: str = "/posts/tea/comments"):
        return (await self.served.told("GET", path, **self.by(handle)))["items"]

    async def count(self) -> int:
        rows = await self.served.blog.database.read("SELECT comments FROM posts WHERE slug = 'tea'")
        return rows[0]["comments"]


def config(**comments):
    return Config.model_validate({"comments": {"hold_first": False, "per_minute": 1000, **comments}})


@pytest.fixture
async def crowd(tmp_path):
    async with serve(tmp_path, config()) as served:
        await served.blog.publish("Tea")
        yield await _crowd(served)


async def _crowd(served) -> Crowd:
    crowd = Crowd(served)
    await crowd.join("ada", "bob", "cleo")
    await crowd.join("mod", role=Scope.AUTHOR)
    return crowd


async def test_a_comment_is_shown_with_its_writer_and_its_two_faces(crowd):
    made = await crowd.says("ada", "I *agree*, see https://example.org/a.")
    assert made["state"] == "shown"
    [seen] = await crowd.sees()
    assert seen["html"] == (
        '<p>I <em>agree</em>, see <a href="https://example.org/a" rel="noopener nofollow ugc">https://example.org/a</a>.</p>'
    )
    assert seen["blocks"][0]["runs"][1] == {"text": "agree", "i": True}
    assert seen["author"] == {"handle": "ada", "name": "Ada", "avatar": None}
    assert (seen["markdown"], seen["viewer"]) == (None, None)
    [mine] = await crowd.sees("ada")
    assert mine["markdown"] == "I *agree*, see https://example.org/a."
    assert (mine["viewer"]["is_mine"], mine["viewer"]["may_edit"]) == (True, True)
    [others] = await crowd.sees("bob")
    assert (others["markdown"], others["viewer"]) == (None, {"is_mine": False, "may_edit": False, "edit_until": None})
    assert await crowd.count() == 1


async def test_answers_stand_in_one_thread_and_go_on_in_a_list_of_their_own(crowd):
    head = await crowd.says("ada", "head")
    answer = await crowd.says("bob", "answer 0", parent=head["id"])
    deeper = await crowd.says("ada", "answer 1", parent=answer["id"])
    assert (deeper["parent"], deeper["answers_to"]) == (head["id"], answer["id"])
    for number in range(2, 14):
        await crowd.says("bob", f"answer {number}", parent=head["id"])
    [seen] = await crowd.sees()
    assert [one["html"] for one in seen["answers"]] == [f"<p>answer {number}</p>" for number in range(10)]
    rest = await crowd.served.told(
        "GET", f"/comments/{head['id']}/answers?limit=3&cursor={seen['next_answers']}", scope=None
    )
    assert [one["html"] for one in rest["items"]] == [f"<p>answer {number}</p>" for number in (10, 11, 12)]
    alone = await crowd.served.told("GET", f"/comments/{head['id']}", scope=None)
    assert alone["next_answers"] == seen["next_answers"]
    assert (await crowd.served.told("GET", f"/comments/{deeper['id']}", scope=None))["answers"] == []
    other = await crowd.says("ada", "another head")
    path = f"/comments/{other['id']}/answers?cursor={seen['next_answers']}"
    await crowd.served.refused("GET", path, status=422, scope=None)


async def test_a_list_goes_on_with_its_cursor_and_takes_no_other(crowd):
    for number in range(5):
        await crowd.says("ada", f"number {number}")
    first = await crowd.served.told("GET", "/posts/tea/comments?limit=2", scope=None)
    assert len(first["items"]) == 2
    await crowd.says("bob", "meanwhile")
    second = await crowd.served.told("GET", f"/posts/tea/comments?limit=100&cursor={first['next']}", scope=None)
    assert [one["html"] for one in second["items"]] == [
        "<p>number 2</p>", "<p>number 3</p>", "<p>number 4</p>", "<p>meanwhile</p>",
    ]  # fmt: skip
    assert second["next"] is None
    await crowd.served.blog.publish("Coffee")
    for path in (
        f"/posts/coffee/comments?cursor={first['next']}", f"/posts/tea/comments?cursor={first['next'][:-1]}",
        "/posts/tea/comments?cursor=x", "/posts/tea/comments?limit=101", "/posts/tea/comments?limit=0",
    ):  # fmt: skip
        await crowd.served.refused("GET", path, status=422, scope=None)
    await crowd.served.refused("GET", "/posts/milk/comments", status=404, scope=None)


async def test_everyones_list_has_an_etag_and_a_persons_is_kept_by_nobody(crowd):
    await crowd.says("ada")
    answer = await crowd.served.call("GET", "/posts/tea/comments", scope=None)
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert (await crowd.served.call("GET", "/posts/tea/comments", scope=None, headers=headers)).status == 304
    await crowd.says("bob")
    assert (await crowd.served.call("GET", "/posts/tea/comments", scope=None, headers=headers)).status == 200
    personal = await crowd.served.call("GET", "/posts/tea/comments", **crowd.by("ada"))
    assert personal.headers["Cache-Control"] == "no-store"


async def test_a_change_is_made_to_what_was_read_or_refused(crowd):
    made = await crowd.says("ada", "one")
    path = f"/comments/{made['id']}"
    read = await crowd.served.call("GET", path, **crowd.by("ada"))
    headers = crowd.by("ada")["headers"] | {"If-Match": read.headers["ETag"]}
    changed = await crowd.served.call("PATCH", path, {"text": "uno"}, scope=None, headers=headers)
    assert (await changed.json())["html"] == "<p>uno</p>"
    problem = await crowd.served.refused("PATCH", path, {"text": "due"}, scope=None, headers=headers, status=412)
    assert problem["code"] == "changed-meanwhile"
    headers["If-Match"] = changed.headers["ETag"]
    await crowd.served.told("PATCH", path, {"text": "due"}, scope=None, headers=headers)
    headers["If-Match"] = "*"
    await crowd.served.told("PATCH", path, {"text": "tre"}, scope=None, headers=headers)
    await crowd.served.told("PATCH", path, {"text": "quattro"}, **crowd.by("ada"))
    [seen] = await crowd.sees()
    assert seen["html"] == "<p>quattro</p>"
    assert seen["edited_at"] is not None


async def test_the_window_for_changes_closes(tmp_path):
    async with serve(tmp_path, config(edit_minutes=0)) as served:
        await served.blog.publish("Tea")
        crowd = await _crowd(served)
        made = await crowd.says("ada")
        await served.blog.database.write(lambda tx: tx.execute("UPDATE comments SET created_at = created_at - 1000"))
        assert (await crowd.sees("ada"))[0]["viewer"]["may_edit"] is False
        await served.refused("PATCH", f"/comments/{made['id']}", {"text": "late"}, status=409, **crowd.by("ada"))


@pytest.mark.parametrize("who", ["ada", "mod"])
async def test_a_stub_cannot_be_reported(crowd, who):
    head = await crowd.says("ada", "head")
    await crowd.says("bob", "answer", parent=head["id"])
    await crowd.served.told("DELETE", f"/comments/{head['id']}", status=204, **crowd.by(who))
    await crowd.served.refused("POST", f"/comments/{head['id']}/report", {"note": "x"}, status=404, **crowd.by("bob"))


@pytest.mark.parametrize("who", ["bob", "mod", None])
async def test_nobody_changes_what_another_wrote(crowd, who):
    made = await crowd.says("ada", "mine")
    status = 403 if who else 401
    await crowd.served.refused("PATCH", f"/comments/{made['id']}", {"text": "x"}, status=status, **crowd.by(who))
    await crowd.served.refused(
        "PATCH", f"/comments/{made['id']}", {"text": "x"}, status=403, scope=Scope.ADMIN
    )  # the owner's token is no person
    assert (await crowd.sees())[0]["html"] == "<p>mine</p>"


async def test_the_writer_deletes_moderators_remove_and_others_may_not(crowd):
    made = [await crowd.says("ada", f"number {number}") for number in range(4)]
    paths = [f"/comments/{one['id']}" for one in made]
    await crowd.served.refused("DELETE", paths[0], status=403, **crowd.by("bob"))
    await crowd.served.refused("DELETE", paths[0], status=403, scope=Scope.READER)
    await crowd.served.refused("DELETE", paths[0], status=401, scope=None)
    await crowd.served.told("DELETE", paths[0], status=204, **crowd.by("ada"))
    await crowd.served.told("DELETE", paths[1], status=204, **crowd.by("mod"))
    await crowd.served.told("DELETE", paths[2], status=204, scope=Scope.ADMIN)
    await crowd.served.refused("DELETE", paths[0], status=404, **crowd.by("ada"))
    log = await crowd.served.told("GET", "/moderation/log", scope=Scope.AUTHOR)
    assert [(one["action"], one["by"]) for one in log["items"]] == [("remove", "owner"), ("remove", "mod")]
    assert len(await crowd.sees()) == await crowd.count() == 1
    own = await crowd.says("mod", "my own")
    await crowd.served.told("DELETE", f"/comments/{own['id']}", status=204, **crowd.by("mod"))
    assert len((await crowd.served.told("GET", "/moderation/log", scope=Scope.AUTHOR))["items"]) == 2


async def test_what_was_deleted_leaves_a_stub_without_name_and_text(crowd):
    head = await crowd.says("ada", "secret")
    await crowd.says("bob", "an answer", parent=head["id"])
    await crowd.served.told("DELETE", f"/comments/{head['id']}", status=204, **crowd.by("ada"))
    for who in (None, "ada", "bob"):
        [seen] = await crowd.sees(who)
        assert (seen["state"], seen["author"], seen["html"], seen["blocks"], seen["markdown"]) == (
            "deleted", None, "", [], None,
        )  # fmt: skip
        assert len(seen["answers"]) == 1
    problem = await crowd.served.refused(
        "POST", "/posts/tea/comments", {"text": "x", "parent": head["id"]}, status=409, **crowd.by("bob")
    )
    assert problem["code"] == "conflict"


async def test_a_first_comment_is_held_and_seen_by_its_writer_alone(tmp_path):
    async with serve(tmp_path, config(hold_first=True)) as served:
        await served.blog.publish("Tea")
        crowd = await _crowd(served)
        made = await crowd.says("ada", "first")
        assert made["state"] == "held"
        assert [one["state"] for one in await crowd.sees("ada")] == ["held"]
        for who in ("bob", "mod", None):
            assert await crowd.sees(who) == []
            await served.refused("GET", f"/comments/{made['id']}", status=404, **crowd.by(who))
        body = {"note": "no"}
        await served.refused("POST", f"/comments/{made['id']}/report", body, status=404, **crowd.by("bob"))
        assert await crowd.count() == 0
        [queued] = (await served.told("GET", "/moderation/queue", **crowd.by("mod")))["items"]
        assert (queued["markdown"], queued["held_for"], queued["post"]["slug"]) == ("first", "first comment", "tea")
        await served.told("POST", f"/moderation/comments/{made['id']}/approve", **crowd.by("mod"))
        assert [one["state"] for one in await crowd.sees()] == ["shown"]
        assert (await crowd.says("ada", "second"))["state"] == "shown"


async def test_a_block_hides_both_and_ends_answers(crowd):
    by_ada = await crowd.says("ada", "by ada")
    await crowd.says("bob", "by bob")
    await crowd.served.told("PUT", "/people/bob/block", status=204, **crowd.by("ada"))
    assert [one["html"] for one in await crowd.sees("ada")] == ["<p>by ada</p>"]
    assert [one["html"] for one in await crowd.sees("bob")] == ["<p>by bob</p>"]
    await crowd.served.refused("GET", f"/comments/{by_ada['id']}", status=404, **crowd.by("bob"))
    order = {"text": "answer", "parent": by_ada["id"]}
    await crowd.served.refused("POST", "/posts/tea/comments", order, status=404, **crowd.by("bob"))
    await crowd.served.refused(
        "POST", f"/comments/{by_ada['id']}/report", {"note": "no"}, status=404, **crowd.by("bob")
    )
    await crowd.served.told("DELETE", "/people/bob/block", status=204, **crowd.by("ada"))
    assert len(await crowd.sees("bob")) == 2


async def test_a_key_makes_one_comment_however_often_and_at_once(crowd):
    headers = crowd.by("ada")["headers"] | {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(
        *(
            crowd.served.call("POST", "/posts/tea/comments", {"text": "once"}, scope=None, headers=headers)
            for _ in range(5)
        )
    )
    assert {answer.status for answer in answers} == {201}
    assert len({(await answer.json())["id"] for answer in answers}) == 1
    await asyncio.gather(*(crowd.says("bob", "twice") for _ in range(5)))
    assert await crowd.count() == 2


async def test_who_writes_too_fast_is_told_to_wait(tmp_path):
    async with serve(tmp_path, config(per_minute=2)) as served:
        await served.blog.publish("Tea")
        crowd = await _crowd(served)
        for number in range(2):
            await crowd.says("ada", f"number {number}")
        answer = await served.call("POST", "/posts/tea/comments", {"text": "three"}, **crowd.by("ada"))
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        await served.refused("POST", "/posts/tea/reports", {"note": "x"}, status=429, **crowd.by("ada"))
        for handle in ("bob", "cleo"):
            for number in range(2):
                await crowd.says(handle, f"number {number}")
        # three times as many from one address, whoever they are
        await served.refused("POST", "/posts/tea/comments", {"text": "x"}, status=429, **crowd.by("mod"))
        assert await crowd.count() == 6


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"text": ""}, "text"), ({"text": "x" * 10_001}, "text"), ({"text": " \n\t "}, "text"), ({"text": 5}, "text"),
        ({"text": "\u200b\u200d\u2060\ufeff"}, "text"), ({"text": "\u202e\u2066"}, "text"),
        ({"text": "\u3164"}, "text"),
        ({"text": "![](https://evil.example/x.png)"}, "text"), ({"text": "<script>alert(1)</script>"}, "text"),
        ({}, "text"), ({"text": "x", "parent": "x"}, "parent"), ({"text": "x", "state": "shown"}, "state"),
        ({"text": "x", "person_id": "y"}, "person_id"), ({"text": "a\n\n" * 2000}, "text"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_comment_is_refused_with_its_place(crowd, body, path):
    problem = await crowd.served.refused("POST", "/posts/tea/comments", body, status=422, **crowd.by("ada"))
    assert path in {one["path"] for one in problem["errors"]}
    assert await crowd.count() == 0


async def test_hostile_comments_are_inert_in_lists_and_queues(crowd):
    for vector in VECTORS:
        answer = await crowd.served.call("POST", "/posts/tea/comments", {"text": f"x {vector}"}, **crowd.by("ada"))
        assert answer.status in {201, 422}
    path, cursor, count = "/posts/tea/comments?limit=100", "", 0
    while cursor is not None:
        page = await crowd.served.told("GET", f"{path}{cursor and f'&cursor={cursor}'}", scope=None)
        for one in page["items"]:
            count += 1
            assert dangers(one["html"]) == []
            assert "\u202e" not in str(one["blocks"])
        cursor = page["next"]
    assert count > 150


async def test_ten_thousand_marks_are_a_few(crowd):
    made = await crowd.says("ada", "e" + "\u0301" * 9_999)
    assert len(made["markdown"]) < 12
    assert len((await crowd.sees())[0]["html"]) < 30


async def test_a_report_reaches_the_moderators_and_its_outcome_the_reporter(crowd):
    made = await crowd.says("ada", "buy things")
    body = {"note": "An advertisement."}
    told = await crowd.served.told("POST", f"/comments/{made['id']}/report", body, status=201, **crowd.by("bob"))
    again = await crowd.served.told("POST", f"/comments/{made['id']}/report", body, status=201, **crowd.by("bob"))
    assert told == again
    await crowd.served.told(
        "POST", "/posts/tea/reports", {"note": "wrong", "block": None}, status=201, **crowd.by("cleo")
    )
    problem = await crowd.served.refused(
        "POST", "/posts/tea/reports", {"note": "wrong", "block": "zzz"}, status=422, **crowd.by("cleo")
    )
    assert problem["errors"][0]["path"] == "block"
    await crowd.served.refused("POST", "/posts/milk/reports", {"note": "x"}, status=404, **crowd.by("cleo"))
    reports = (await crowd.served.told("GET", "/moderation/reports", **crowd.by("mod")))["items"]
    assert [(one["by"], one["post"], one["comment"] and one["comment"]["markdown"]) for one in reports] == [
        ("bob", "tea", "buy things"), ("cleo", "tea", None),
    ]  # fmt: skip
    await crowd.served.told(
        "POST", f"/moderation/reports/{told['id']}/close", {"outcome": "Removed."}, **crowd.by("mod")
    )
    [note] = (await crowd.served.told("GET", "/me/notifications", **crowd.by("bob")))["items"]
    assert (note["kind"], note["detail"]) == ("moderation", {"action": "close-report", "outcome": "Removed."})
