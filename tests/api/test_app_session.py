"""The app in a browser: signed in by the cookie that the site's own pages use, and told as long as it is."""

import json

import pytest

from blogen.api.keys import TICKETS
from blogen.clients import COOKIE
from blogen.domain.person import Scope, TicketKind
from tests.api import test_accounts
from tests.api.served import PASSWORD, sent
from tests.api.test_push import ENDPOINT
from tests.api.test_push import browser as subscription

blog = test_accounts.blog
OURS = {"Sec-Fetch-Site": "same-origin"}
WITH_COOKIE = OURS | {"Blogen-Session": "cookie", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
LOGIN = {"handle": "ann", "password": PASSWORD}


async def signed_in(blog, path="/auth/register", order=None, *, status=201, headers=WITH_COOKIE):
    """What was answered, and the headers that the browser sends from then on."""
    answer = await blog.call("POST", path, order or LOGIN, scope=None, headers=headers)
    told = json.loads(await answer.text())
    assert answer.status == status, told
    cookie = answer.cookies[COOKIE]
    assert (cookie["path"], cookie["secure"], cookie["httponly"], cookie["samesite"]) == ("/", True, True, "Lax")
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["access_token"] is told["refresh_token"] is None
    assert cookie.value not in json.dumps(told)
    return told, OURS | {"Cookie": f"{COOKIE}={cookie.value}"}


async def test_registering_signs_the_browser_in_by_its_cookie_alone(blog):
    told, browser = await signed_in(blog)
    assert (told["person"]["handle"], told["person"]["role"]) == ("ann", "reader")
    assert (await blog.told("GET", "/me", scope=None, headers=browser))["handle"] == "ann"
    devices = (await blog.told("GET", "/auth/devices", scope=None, headers=browser))["items"]
    assert [(one["id"], one["kind"], one["name"], one["is_current"]) for one in devices] == [
        (told["device_id"], "browser", "Firefox on Linux", True)
    ]
    assert devices[0]["expires_at"] == told["expires_at"]


async def test_signing_in_again_gives_a_new_secret_and_ends_the_old_one(blog):
    _, first = await signed_in(blog)
    _, second = await signed_in(blog, "/auth/login", status=200, headers=WITH_COOKIE | first)
    assert first["Cookie"] != second["Cookie"]
    assert (await blog.call("GET", "/me", scope=None, headers=first)).status == 401
    assert len((await blog.told("GET", "/auth/devices", scope=None, headers=second))["items"]) == 1


async def test_a_browser_is_paired_by_a_code_and_may_do_no_more_than_it_says(blog):
    told, ann = await signed_in(blog)
    code = (await blog.told("POST", "/auth/pair/code", status=201, scope=None, headers=ann))["code"]
    order = {"code": code, "device": "The kitchen's tablet"}
    other, kitchen = await signed_in(blog, "/auth/pair", order, status=200)
    assert other["device_id"] != told["device_id"]
    shown = await blog.told("GET", f"/auth/devices/{other['device_id']}", scope=None, headers=kitchen)
    assert (shown["kind"], shown["name"], shown["scope"]) == ("browser", "The kitchen's tablet", "reader")
    assert (await blog.call("POST", "/auth/pair", order, scope=None, headers=WITH_COOKIE)).status == 422


ELSEWHERE = [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=["says nothing", "another site", "a sibling", "another origin"])
async def test_no_other_site_can_have_a_cookie_set(blog, headers):
    await blog.person()
    code = await blog.client.app[TICKETS].make(TicketKind.PAIRING, person_id=(await _person(blog)))
    for path, order in (("/auth/login", LOGIN), ("/auth/register", LOGIN), ("/auth/pair", {"code": code})):
        headers = headers | {"Blogen-Session": "cookie"}
        answer = await blog.call("POST", path, order, scope=None, headers=headers)
        assert answer.status == 403
        assert COOKIE not in answer.cookies
        assert "own pages" in (await answer.json(content_type=None))["detail"]
    await signed_in(blog, "/auth/pair", {"code": code}, status=200)  # it was not used up


async def test_the_header_says_cookie_or_is_left_out(blog):
    problem = await blog.refused(
        "POST", "/auth/login", LOGIN, status=422, scope=None, headers=OURS | {"Blogen-Session": "token"}
    )
    assert problem["errors"][0]["path"] == "Blogen-Session"
    await blog.person()
    answer = await blog.call("POST", "/auth/login", LOGIN, scope=None, headers=OURS)
    assert COOKIE not in answer.cookies
    assert (await answer.json())["access_token"].startswith("blg_")


async def test_a_wrong_password_sets_no_cookie(blog):
    await blog.person()
    wrong = LOGIN | {"password": "quite another horse"}
    answer = await blog.call("POST", "/auth/login", wrong, scope=None, headers=WITH_COOKIE)
    assert answer.status == 401
    assert COOKIE not in answer.cookies


async def test_signing_out_ends_the_browser_and_clears_its_cookie(blog):
    _, browser = await signed_in(blog)
    assert (await blog.call("POST", "/auth/logout", scope=None, headers=browser | ELSEWHERE[1])).status == 403
    out = await blog.call("POST", "/auth/logout", scope=None, headers=browser)
    assert (out.status, out.cookies[COOKIE].value, out.cookies[COOKIE]["max-age"]) == (204, "", "0")
    assert (await blog.call("GET", "/me", scope=None, headers=browser)).status == 401


async def test_streams_are_for_browsers_with_a_cookie_too(blog):
    await blog.person("ann", Scope.AUTHOR)
    _, browser = await signed_in(blog, "/auth/login", status=200)
    async with blog.client.get("/api/v1/me/events", headers=browser) as stream:
        assert (stream.status, stream.content_type) == (200, "text/event-stream")
    job = await blog.told("POST", "/jobs", {"topic": "Green tea"}, status=202, scope=None, headers=browser)
    async with blog.client.get(f"/api/v1/jobs/{job['id']}/events", headers=browser) as stream:
        assert (await anext(sent(stream))).event == "submitted"
    async with blog.client.get(f"/api/v1/jobs/{job['id']}/events") as stream:
        assert stream.status == 401


async def test_push_ends_with_the_device_that_asked_for_it(blog):
    _, browser = await signed_in(blog)
    _, other = await signed_in(blog, "/auth/login", status=200)
    for number, one in enumerate((browser, other)):
        order = subscription(f"{ENDPOINT}{number}")
        await blog.told("POST", "/push/subscriptions", order, status=201, scope=None, headers=one)
    # The same person at the same browser goes on being told.
    _, again = await signed_in(blog, "/auth/login", status=200, headers=WITH_COOKIE | browser)
    assert await _endpoints(blog) == [f"{ENDPOINT}0", f"{ENDPOINT}1"]
    assert (await blog.call("POST", "/auth/logout", scope=None, headers=again)).status == 204
    assert await _endpoints(blog) == [f"{ENDPOINT}1"]
    # Another person at the same browser is somebody else.
    await blog.person("bob")
    await signed_in(blog, "/auth/login", LOGIN | {"handle": "bob"}, status=200, headers=WITH_COOKIE | other)
    assert await _endpoints(blog) == []


async def _endpoints(blog):
    rows = await blog.blog.database.read("SELECT endpoint FROM push_subscriptions ORDER BY endpoint")
    return [row["endpoint"] for row in rows]


async def _person(blog):
    return (await blog.people.by_handle("ann")).id
