"""`Idempotency-Key` on calls that create: repeated, side by side, altered, after a restart, too late."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from blogen.api.answers import answer
from blogen.api.kept import MAX_KEPT_BYTES, MAX_WAITING, Once
from blogen.api.keys import ACTOR, BUS
from blogen.api.problems import problems
from blogen.api.requests import content
from blogen.api.routes import ROUTES
from blogen.clock import SystemClock
from blogen.domain.person import Actor, Scope
from blogen.errors import Conflict
from blogen.store.kept_answers import KEPT_MS, KeptAnswers
from tests.api.served import PASSWORD
from tests.blog import Blog, open_blog

Work = Callable[[web.Request, int], Any]


class Clock(SystemClock):
    ahead_ms = 0

    def now_ms(self) -> int:
        return 1_760_000_000_000 + self.ahead_ms


class Counter:
    """A call that creates things, behind `Once`, on a real socket. `X-Who` says whose call it is."""

    def __init__(self, blog: Blog) -> None:
        self.clock = Clock()
        self.done = 0
        self.work: Work = lambda _request, number: answer({"number": number}, status=201, location=f"/{number}")
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.blog = blog
        self.once = Once(KeptAnswers(blog.database, self.clock))
        self.client: TestClient

    async def create(self, request: web.Request) -> web.StreamResponse:
        async def handle(request: web.Request) -> web.StreamResponse:
            assert await content(request) == await content(request)
            self.done += 1
            number = self.done
            self.begun.set()
            await self.gate.wait()
            return self.work(request, number)

        who = request.headers.get("X-Who", "ann")
        request[ACTOR] = Actor(Scope.READER, person_id=who) if who else None
        return await self.once.answer(request, handle)

    async def call(self, key: str | None = "k1", body: str = '{"a": 1}', path: str = "/things", who: str = "ann"):
        headers = {"X-Who": who} | ({"Idempotency-Key": key} if key is not None else {})
        return await self.client.post(path, data=body, headers=headers)

    async def number(self, *args: Any, **more: Any) -> int:
        response = await self.call(*args, **more)
        assert response.status == 201, await response.text()
        return (await response.json())["number"]


@asynccontextmanager
async def counting(folder: Path) -> AsyncIterator[Counter]:
    async with open_blog(folder) as blog:
        counter = Counter(blog)
        app = web.Application(middlewares=[problems])
        app[BUS] = blog.bus

        async def create(request: web.Request) -> web.StreamResponse:
            return await counter.create(request)

        app.router.add_post("/{path:.*}", create)
        async with TestClient(TestServer(app)) as counter.client:
            yield counter


@pytest.fixture
async def counter(tmp_path) -> AsyncIterator[Counter]:
    async with counting(tmp_path) as counter:
        yield counter


async def code(response: ClientResponse) -> str:
    return (await response.json(content_type=None))["code"]


def test_every_post_that_creates_is_marked():
    """A call that answers 201 or 202 makes something; who repeats it must be able to say so."""
    secret = {"/auth/pair/code", "/auth/register"}  # what they answer is kept by nobody
    for route in ROUTES:
        if route.method == "POST" and route.status in {201, 202}:
            assert route.creates != (route.path in secret), route.path


async def test_a_repeated_call_is_answered_as_the_first_time_with_status_and_address(counter):
    first, again = await counter.call(), await counter.call()
    assert (first.status, again.status) == (201, 201)
    assert await first.read() == await again.read()
    assert first.headers["Location"] == again.headers["Location"] == "/1"
    assert first.content_type == again.content_type == "application/json"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Cache-Control"] == "no-store"
    assert counter.done == 1


async def test_without_a_key_or_a_name_each_call_is_done(counter):
    assert [await counter.number(key=None) for _ in range(2)] == [1, 2]
    assert [await counter.number(who="") for _ in range(2)] == [3, 4]


async def test_another_body_another_address_or_another_query_is_refused(counter):
    await counter.call()
    for other in ({"body": '{"a": 2}'}, {"body": ""}, {"path": "/others"}, {"path": "/things?x=1"}):
        response = await counter.call(**other)
        assert response.status == 422
        problem = await response.json(content_type="application/problem+json")
        assert problem["errors"][0]["path"] == "Idempotency-Key"
    assert counter.done == 1


async def test_keys_belong_to_who_uses_them(counter):
    assert await counter.number(who="ann") == 1
    assert await counter.number(who="bob", body='{"b": 1}') == 2
    assert await counter.number(who="ann") == 1


async def test_of_calls_at_the_same_time_one_is_done_and_the_others_get_its_answer(counter):
    counter.gate.clear()
    calls = [asyncio.create_task(counter.call()) for _ in range(MAX_WAITING)]
    await counter.begun.wait()
    counter.gate.set()
    answers = await asyncio.gather(*calls)
    assert {(one.status, await one.text()) for one in answers} == {(201, '{"number":1}')}
    assert counter.done == 1
    assert not counter.once._under_way


async def test_a_call_with_another_body_at_the_same_time_waits_and_is_refused(counter):
    counter.gate.clear()
    first = asyncio.create_task(counter.call())
    await counter.begun.wait()
    other = asyncio.create_task(counter.call(body="{}"))
    counter.gate.set()
    assert ((await first).status, (await other).status, counter.done) == (201, 422, 1)


async def test_another_key_does_not_wait(counter):
    counter.gate.clear()
    first = asyncio.create_task(counter.call())
    await counter.begun.wait()
    counter.begun.clear()
    second = asyncio.create_task(counter.call(key="k2"))
    await counter.begun.wait()
    counter.gate.set()
    assert {(await (await one).json())["number"] for one in (first, second)} == {1, 2}


async def test_only_so_many_may_wait_and_the_first_is_not_disturbed(counter):
    counter.gate.clear()
    calls = [asyncio.create_task(counter.call()) for _ in range(MAX_WAITING + 10)]
    statuses = []
    for done in asyncio.as_completed(calls):
        response = await done
        statuses.append(response.status)
        if response.status == 429:
            assert response.headers["Retry-After"] == "1"
        if len(statuses) == 9:
            counter.gate.set()
    assert sorted(statuses) == [201] * (MAX_WAITING + 1) + [429] * 9
    assert counter.done == 1
    assert not counter.once._under_way


@pytest.mark.parametrize("is_crash", [False, True])
async def test_a_failure_is_not_kept(counter, is_crash):
    def fail(_request: web.Request, _number: int) -> web.Response:
        raise ZeroDivisionError if is_crash else Conflict("Not now.")

    right, counter.work = counter.work, fail
    assert (await counter.call()).status == (500 if is_crash else 409)
    counter.work = right
    # What failed made nothing, so the key is still free, for another body, too.
    assert await counter.number(body='{"b": 2}') == 2
    assert await counter.number(body='{"b": 2}') == 2


async def test_who_waited_for_a_call_that_failed_does_it_instead(counter):
    right = counter.work

    def fail_once(_request: web.Request, _number: int) -> web.Response:
        counter.work = right
        raise Conflict("Not now.")

    counter.work = fail_once
    counter.gate.clear()
    first = asyncio.create_task(counter.call())
    await counter.begun.wait()
    second = asyncio.create_task(counter.call())
    counter.gate.set()
    assert ((await first).status, (await second).status) == (409, 201)


async def test_an_answer_without_a_body_is_kept(counter):
    counter.work = lambda _request, _number: web.Response(status=204)
    for _ in range(2):
        response = await counter.call()
        assert (response.status, await response.read()) == (204, b"")
    assert counter.done == 1


@pytest.mark.parametrize(
    "response",
    [
        lambda: answer({"text": "x" * MAX_KEPT_BYTES}, status=201),
        lambda: web.Response(text="plain", status=201),
        lambda: answer({"number": 1}, status=409),
        lambda: _with_cookie(answer({"number": 1}, status=201)),
    ],
    ids=["large", "no JSON", "a failure", "with a cookie"],
)
async def test_what_is_more_than_a_small_answer_in_json_is_not_kept(counter, response):
    counter.work = lambda _request, _number: response()
    for _ in range(2):
        await counter.call()
    assert counter.done == 2
    assert await counter.blog.database.read("SELECT * FROM kept_answers") == []


def _with_cookie(response: web.Response) -> web.Response:
    response.set_cookie("session", "secret")
    return response


async def test_an_answer_outlives_the_process(tmp_path):
    async with counting(tmp_path) as counter:
        assert await counter.number() == 1
    async with counting(tmp_path) as counter:
        assert await counter.number() == 1
        assert counter.done == 0


async def test_after_48_hours_a_key_is_free_and_old_answers_go(counter):
    for at in range(5):
        await counter.number(key=f"old-{at}")
    counter.clock.ahead_ms += KEPT_MS - 1
    assert await counter.number(key="old-0") == 1
    counter.clock.ahead_ms += 1
    assert await counter.number(key="old-0", body='{"b": 2}') == 6
    kept = await counter.blog.database.read("SELECT key FROM kept_answers")
    assert [row["key"] for row in kept] == ["old-0"]


async def test_a_calls_own_bound_on_its_body_holds_with_a_key_too(counter):
    async def bounded(request: web.Request) -> web.StreamResponse:
        request[ACTOR] = Actor(Scope.READER, person_id="ann")

        async def handle(request: web.Request) -> web.StreamResponse:
            return answer({"bytes": len(await content(request, 1000))}, status=201)

        return await counter.once.answer(request, handle)

    counter.create = bounded
    for key in ("k1", None):
        assert (await counter.call(key, body="x" * 1000)).status == 201
    for key in ("k2", None):
        response = await counter.call(key, body="x" * 1001)
        assert (response.status, await code(response)) == (413, "body-too-large")


async def test_a_key_that_cannot_be_used_is_refused(counter):
    for key in ("", "k" * 201, "schl\u00fcssel", "a\tb"):
        response = await counter.call(key=key)
        assert (response.status, await code(response)) == (422, "invalid-input")
    assert counter.done == 0


async def test_a_comment_is_written_once_however_often_it_is_sent_and_each_person_has_their_own(served):
    await served.blog.publish("Tea")
    order, path = {"text": "Good tea."}, "/posts/tea/comments"
    ann, bob = await served.person("ann"), await served.person("bob")
    key = {"Idempotency-Key": "c-1"}
    answers = await asyncio.gather(*(served.call("POST", path, order, headers=ann | key) for _ in range(5)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len({(await answer.json())["id"] for answer in answers}) == 1
    assert (await served.call("POST", path, order, headers=bob | key)).headers["Location"] not in {
        answers[0].headers["Location"]
    }
    await served.refused("POST", path, {"text": "Bad tea."}, headers=ann | key, status=422)
    assert (await served.blog.database.read("SELECT count(*) AS found FROM comments"))[0]["found"] == 2
    # Who asks is looked at before what is kept.
    await served.refused("POST", path, order, headers=key, scope=None, status=401)


async def test_a_deleted_account_leaves_no_kept_answers(served):
    await served.blog.publish("Tea")
    for handle in ("ann", "bob"):
        headers = await served.person(handle) | {"Idempotency-Key": "c-1"}
        await served.told("POST", "/posts/tea/comments", {"text": "Good."}, headers=headers, status=201)
    ann = await served.person("ann")
    assert (await served.call("DELETE", "/me", {"password": PASSWORD}, headers=ann)).status == 204
    assert len(await served.blog.database.read("SELECT owner FROM kept_answers")) == 1


async def test_pruning_walks_an_index(counter):
    plan = await counter.blog.database.read(
        "EXPLAIN QUERY PLAN DELETE FROM kept_answers WHERE (owner, key) IN"
        " (SELECT owner, key FROM kept_answers WHERE created_at <= 5 ORDER BY created_at LIMIT 20)"
    )
    told = [row["detail"] for row in plan]
    assert not [line for line in told if "SCAN kept_answers" in line or "TEMP B-TREE" in line], told
