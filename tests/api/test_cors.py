"""Pages of other sites: none may call unless the owner lists them, and then with tokens, never with cookies."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from pydantic import ValidationError

from blogen.config import Config
from blogen.config.server import ServerConfig
from blogen.domain.person import Scope
from tests.api.served import serve

APP = "https://app.example.com"
ASKED = {"Origin": APP, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}


@asynccontextmanager
async def served_for(folder, *origins: str):
    async with serve(folder, Config.model_validate({"server": {"cors_origins": list(origins)}})) as served:
        await served.blog.publish("Tea")
        yield served


def cors_headers(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


async def test_without_a_list_nothing_is_let_in(served):
    await served.blog.publish("Tea")
    answer = await served.call("GET", "/posts", scope=None, headers={"Origin": APP})
    assert (answer.status, cors_headers(answer)) == (200, {})
    assert "Origin" not in answer.headers["Vary"]
    preflight = await served.call("OPTIONS", "/posts/tea", scope=None, headers=ASKED)
    assert (preflight.status, cors_headers(preflight)) == (405, {})


async def test_a_listed_page_is_let_in_with_what_it_needs_to_read(tmp_path):
    async with served_for(tmp_path, "https://other.example", APP) as served:
        answer = await served.call("GET", "/posts/tea", scope=None, headers={"Origin": APP})
        told = cors_headers(answer)
        assert told.pop("Access-Control-Allow-Origin") == APP
        readable = told.pop("Access-Control-Expose-Headers").split(", ")
        assert {"ETag", "Location", "Retry-After", "Idempotent-Replayed"} <= set(readable)
        assert told == {}  # above all no credentials
        assert answer.headers["Vary"].split(", ").count("Origin") == 1


@pytest.mark.parametrize(
    "origin",
    ["https://app.example.com.evil.example", "http://app.example.com", "https://app.example.com:8443",
     "https://evil.example", "null", "", "https://APP.example.com", "*"],
)  # fmt: skip
async def test_another_page_is_told_nothing_but_that_answers_differ(tmp_path, origin):
    async with served_for(tmp_path, APP) as served:
        answer = await served.call("GET", "/posts", scope=None, headers={"Origin": origin})
        assert (answer.status, cors_headers(answer)) == (200, {})
        assert "Origin" in answer.headers["Vary"]
        preflight = await served.call("OPTIONS", "/posts/tea", scope=None, headers=ASKED | {"Origin": origin})
        assert (preflight.status, cors_headers(preflight)) == (405, {})


async def test_a_preflight_is_answered_without_a_token_with_what_the_address_can_do(tmp_path):
    async with served_for(tmp_path, APP) as served:
        answer = await served.call("OPTIONS", "/posts/tea", scope=None, headers=ASKED)
        assert (answer.status, await answer.read()) == (204, b"")
        told = cors_headers(answer)
        assert told["Access-Control-Allow-Origin"] == APP
        assert told["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, PATCH"
        sent = told["Access-Control-Allow-Headers"].split(", ")
        assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID"} <= set(sent)
        assert int(told["Access-Control-Max-Age"]) > 0
        assert "Access-Control-Allow-Credentials" not in told
        assert {"Origin", "Access-Control-Request-Method"} <= set(answer.headers["Vary"].split(", "))
        # Where there is nothing, or where it is no preflight, nothing is promised.
        assert (await served.call("OPTIONS", "/nothing", scope=None, headers=ASKED)).status == 404
        assert (await served.call("OPTIONS", "/posts/tea", scope=None, headers={"Origin": APP})).status == 405


async def test_a_page_can_read_problems_too(tmp_path):
    async with served_for(tmp_path, APP) as served:
        for path, status in (("/posts/none", 404), ("/jobs", 401), ("/nothing", 404), ("/posts?limit=0", 422)):
            answer = await served.call("GET", path, scope=None, headers={"Origin": APP})
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, APP)
        answer = await served.call("DELETE", "/posts", headers={"Origin": APP})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (405, APP)


async def test_a_page_can_follow_a_job(tmp_path):
    async with served_for(tmp_path, APP) as served:
        job = await served.published()
        answer = await served.call("GET", f"/jobs/{job['id']}/events", headers={"Origin": APP})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, APP)
        async with asyncio.timeout(10):
            await answer.read()


async def test_everyone_may_be_let_in_but_never_with_cookies(tmp_path):
    async with served_for(tmp_path, "*") as served:
        answer = await served.call("GET", "/posts", scope=None, headers={"Origin": "https://any.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        preflight = await served.call("OPTIONS", "/posts/tea", scope=None, headers=ASKED)
        assert (preflight.status, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")
        assert "Access-Control-Allow-Credentials" not in preflight.headers


async def test_one_pages_answer_is_not_given_to_another(tmp_path):
    """Answers that everyone may see are kept as bytes; what was said to one page must not be in them."""
    async with served_for(tmp_path, APP, "https://other.example") as served:
        for origin in (APP, "https://other.example", None, "https://evil.example", None, APP):
            headers = {"Origin": origin} if origin else {}
            answer = await served.call("GET", "/posts", scope=None, headers=headers)
            allowed = origin if origin in {APP, "https://other.example"} else None
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
            assert answer.headers["Vary"].split(", ").count("Origin") == 1
        kept = await served.call("HEAD", "/posts", scope=None)
        assert kept.headers["Vary"].split(", ").count("Origin") == 1


async def test_a_page_that_is_let_in_is_nobody_without_a_token(tmp_path):
    async with served_for(tmp_path, APP) as served:
        headers = {"Origin": APP, "If-Match": "*"}
        assert (await served.call("PATCH", "/posts/tea", {"title": "X"}, scope=None, headers=headers)).status == 401
        told = await served.told("PATCH", "/posts/tea", {"title": "X"}, headers=headers, scope=Scope.AUTHOR)
        assert told["title"] == "X"


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("HTTPS://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://localhost:8081", "http://localhost:8081"),
        ("http://[::1]:80", "http://[::1]"),
        ("*", "*"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(written, known):
    assert ServerConfig.model_validate({"cors_origins": [written]}).cors_origins == [known]


@pytest.mark.parametrize(
    "written",
    ["app.example.com", "https://app.example.com/", "https://app.example.com/app", "https://*.example.com",
     "https://", "ftp://app.example.com", "https://me@app.example.com", "null", "", "https://a.example, https://b"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(written):
    with pytest.raises(ValidationError, match="expected an origin such as"):
        ServerConfig.model_validate({"cors_origins": [written]})
