"""Who may do what: every route is walked, so a new one cannot be forgotten."""

import re
import subprocess
import sys

import pytest

from blogen.api.auth import MAX_WRONG_TOKENS
from blogen.api.routes import ROUTES, Route
from blogen.config import Config
from blogen.domain.person import Scope
from blogen.ids import new_id
from blogen.store.people import new_token_text
from tests.api.served import Served, serve

GUARDED = [route for route in ROUTES if route.scope]
PUBLIC = [route for route in ROUTES if not route.scope]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route) -> str:
    return re.sub(r"{(\w+)}", lambda found: new_id() if found[1] == "id" else "none", route.path)


async def right(served: Served, route: Route, scope: Scope) -> dict[str, str]:
    """Headers of someone with that scope whom the route may let in: a person where it needs one, else the owner."""
    if route.for_person:
        return await served.person(scope, scope)
    return {"Authorization": f"Bearer {served.tokens[scope]}"}


def test_only_what_everyone_may_see_needs_no_token():
    assert {named(route) for route in PUBLIC} == {
        "GET /posts", "GET /posts/{slug}", "GET /posts/{slug}/receipt", "GET /search", "GET /tags", "GET /authors",
        "GET /authors/{handle}", "GET /site", "GET /docs", "GET /openapi.json", "GET /posts/{slug}/comments",
        "GET /comments/{id}", "GET /comments/{id}/answers", "GET /posts/{slug}/corrections", "GET /push/key",
        "GET /feed", "GET /feed/since", "POST /auth/register", "POST /auth/login", "POST /auth/refresh",
        "POST /auth/pair",
    }  # fmt: skip


@pytest.mark.parametrize("route", GUARDED, ids=named)
async def test_a_guarded_route_refuses_who_shows_no_or_a_wrong_or_a_too_small_token(served, route):
    path, body = path_of(route), {"surprise": 1}
    problem = await served.refused(route.method, path, body, scope=None, status=401)
    assert problem["code"] == "not-signed-in"

    expired, expired_text = await served.people.create_token(route.scope)
    await served.people.revoke_token(expired.id)
    _, _, token = (await right(served, route, route.scope))["Authorization"].partition(" ")
    for header in (
        "", "Bearer", "Bearer ", f"Basic {token}", token, f"Bearer {token[:-1]}", f"Bearer {token}x", f"Token {token}",
        f"Bearer {new_token_text()}", f"Bearer {expired_text}", "Bearer \u00e9", "Bearer " + "x" * 7000,
    ):  # fmt: skip
        answer = await served.call(route.method, path, body, headers={"Authorization": header})
        assert answer.status == 401, header
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")

    for scope in Scope:
        if not scope.includes(route.scope):
            answer = await served.call(route.method, path, body, scope=scope)
            assert answer.status == 403
            assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("route", GUARDED, ids=named)
async def test_a_guarded_route_lets_in_every_scope_that_is_large_enough(served, route):
    for scope in Scope:
        if scope.includes(route.scope):
            answer = await served.call(route.method, path_of(route), headers=await right(served, route, scope))
            assert answer.status not in {401, 403, 405, 500}


@pytest.mark.parametrize("route", PUBLIC, ids=named)
async def test_a_public_route_answers_without_a_token_and_refuses_a_wrong_one(served, route):
    answer = await served.call(route.method, path_of(route), scope=None)
    assert answer.status in ({200, 404, 422} if route.method == "GET" else {400, 422})
    without = answer.status
    answer = await served.call(route.method, path_of(route), headers={"Authorization": f"Bearer {new_token_text()}"})
    assert answer.status == (without if route.ignores_token else 401)


@pytest.mark.parametrize("route", [route for route in GUARDED if route.for_person], ids=named)
async def test_what_belongs_to_a_person_is_refused_to_the_owners_token_which_belongs_to_nobody(served, route):
    answer = await served.call(route.method, path_of(route), scope=Scope.ADMIN)
    assert answer.status == 403


async def test_the_scheme_is_read_in_any_case(served):
    answer = await served.call("GET", "/jobs", headers={"Authorization": f"bEARER  {served.tokens[Scope.AUTHOR]}"})
    assert answer.status == 200


async def test_a_token_stops_working_at_the_moment_it_is_revoked(served):
    token, text = await served.people.create_token(Scope.AUTHOR)
    headers = {"Authorization": f"Bearer {text}"}
    assert (await served.call("GET", "/jobs", headers=headers)).status == 200
    await served.people.revoke_token(token.id)
    assert (await served.call("GET", "/jobs", headers=headers)).status == 401


async def test_who_tries_many_wrong_tokens_is_told_to_wait_while_right_ones_work(served):
    wrong = {"Authorization": f"Bearer {new_token_text()}"}
    for _ in range(MAX_WRONG_TOKENS):
        assert (await served.call("GET", "/jobs", headers=wrong)).status == 401
    answer = await served.call("GET", "/jobs", headers=wrong)
    assert answer.status == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert (await served.call("GET", "/jobs")).status == 200


async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(tmp_path):
    for proxies, expected in (([], 429), (["127.0.0.0/8"], 401)):
        folder = tmp_path / str(expected)
        folder.mkdir()
        config = Config.model_validate({"server": {"trusted_proxies": proxies}})
        async with serve(folder, config) as served:
            for number in range(MAX_WRONG_TOKENS + 1):
                # The client may write what it likes in front; the proxy puts the true address last.
                headers = {
                    "Authorization": f"Bearer {new_token_text()}",
                    "X-Forwarded-For": f"203.0.113.1, 198.51.100.{number}",
                }
                answer = await served.call("GET", "/jobs", headers=headers)
            assert answer.status == expected


async def test_whole_networks_of_ipv6_count_as_one_address(tmp_path):
    config = Config.model_validate({"server": {"trusted_proxies": ["127.0.0.0/8"]}})
    async with serve(tmp_path, config) as served:
        for number in range(MAX_WRONG_TOKENS + 1):
            headers = {
                "Authorization": f"Bearer {new_token_text()}", "X-Forwarded-For": f"2001:db8::{number:x}"
            }  # fmt: skip
            answer = await served.call("GET", "/jobs", headers=headers)
        assert answer.status == 429


def test_the_table_of_routes_is_light_to_import():
    """Start-up time is measured: types and their schemas are imported when the first request needs them."""
    heavy = {
        "blogen.api.views", "blogen.api.queries", "blogen.api.openapi", "blogen.domain.orders",
        "blogen.domain.accounts", "argon2",
    }  # fmt: skip
    program = "import sys, blogen.api.routes, blogen.store.people; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not heavy & set(run.stdout.split())
