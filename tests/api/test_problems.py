"""Every error has one shape, and none tells what only we should know."""

import asyncio
import json

import pytest

from blogen import errors
from blogen.api.keys import POSTS
from blogen.api.problems import problem
from blogen.errors import BlogenError, FieldError, InvalidInput, ProviderUnavailable, QueueFull, TooManyAttempts
from blogen.events import RequestCrashed


def every_error() -> list[type[BlogenError]]:
    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, BlogenError)]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_problem(kind):
    answer = problem(kind("It broke.", remedy="Mend it."))
    told = json.loads(answer.body)
    assert answer.content_type == "application/problem+json"
    assert answer.status == told["status"] == kind.status
    assert told["type"] == f"urn:blogen:problem:{told['code']}"
    assert (told["code"], told["title"], told["detail"], told["remedy"]) == (
        kind.code, kind.title, "It broke.", "Mend it.",
    )  # fmt: skip
    assert ("Retry-After" in answer.headers) == (kind.status in {429, 503})


def test_the_time_to_wait_is_told_as_whole_seconds():
    assert problem(QueueFull("Full.", retry_after_seconds=7)).headers["Retry-After"] == "7"
    assert problem(TooManyAttempts("Slow down.", retry_after_seconds=60)).headers["Retry-After"] == "60"
    assert "Retry-After" not in problem(ProviderUnavailable("Down.", retry_after_seconds=1.5)).headers


def test_mistakes_are_told_with_their_places():
    answer = problem(InvalidInput("Wrong.", errors=[FieldError("topic", "is missing")]))
    assert json.loads(answer.body)["errors"] == [{"path": "topic", "message": "is missing"}]
    assert "errors" not in json.loads(problem(InvalidInput("Wrong.")).body)


async def test_what_is_not_there_is_a_problem_only_below_api(served):
    for path in ("/nothing", "/jobs/x/y/z", "/", "/jobs/"):
        await served.refused("GET", path, status=404)
    answer = await served.client.get("/api/v2/jobs")
    assert (answer.status, answer.content_type) == (404, "application/problem+json")
    answer = await served.client.get("/nothing")
    assert (answer.status, answer.content_type) == (404, "text/plain")


async def test_a_wrong_method_names_the_right_ones(served):
    answer = await served.call("PUT", "/jobs")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert (await answer.json(content_type="application/problem+json"))["code"] == "wrong-method"
    assert (await served.call("HEAD", "/posts")).status == 200


async def test_a_defect_of_ours_is_told_to_the_log_and_not_to_the_client(served, monkeypatch):
    async def broken(*_args, **_more):
        raise RuntimeError("the secret is sk-12345")

    monkeypatch.setattr(served.client.server.app[POSTS], "lines", broken)
    problem = await served.refused("GET", "/posts?tag=private", status=500)
    assert problem["code"] == "internal"
    assert "sk-12345" not in str(problem)
    assert "RuntimeError" not in str(problem)
    [crash] = [event for event in served.blog.heard if isinstance(event, RequestCrashed)]
    assert (crash.method, crash.path) == ("GET", "/api/v1/posts")
    assert "sk-12345" in crash.traceback


async def test_a_token_is_in_no_problem(served):
    for scope, text in served.tokens.items():
        for path in ("/jobs?limit=0", "/jobs/none", "/nothing"):
            answer = await served.call("GET", path, scope=scope)
            assert text not in await answer.text()


async def test_a_client_that_hangs_up_in_the_middle_of_its_body_does_no_harm(served):
    from blogen.domain.person import Scope

    server = served.client.server
    _reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        b"Authorization: Bearer " + served.tokens[Scope.AUTHOR].encode() + b"\r\n\r\n{"
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await served.told("GET", "/jobs"))["items"] == []
    assert not [event for event in served.blog.heard if isinstance(event, RequestCrashed)]
