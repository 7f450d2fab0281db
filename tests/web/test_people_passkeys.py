"""Passkeys with real signatures: what is signed is this challenge, for this blog, once, by who was verified."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from blogen.web.people.challenges import LASTS_SECONDS, MAX_OPEN, Challenges
from tests.web.authenticator import PRESENT, Authenticator
from tests.web.people import COOKIE, PASSWORD, Answer, Browser, PeopleSite, open_people_site

ORIGIN = "https://blog.example"


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[PeopleSite]:
    async with open_people_site(tmp_path, server={"base_url": ORIGIN}) as opened:
        await opened.person()
        yield opened


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(ORIGIN)


async def token(browser: Browser, page: str) -> str:
    return next(iter((await browser.get(page)).forms.values()))["form"]


async def asked(browser: Browser, path: str, body: Any, form: str) -> dict[str, Any]:
    answer = await browser.send_json(path, body, form)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)


async def add(site: PeopleSite, device: Authenticator, handle: str = "ann", **lies: Any) -> Answer:
    browser = await site.signed_in(handle)
    form = await token(browser, "/me")
    options = await asked(browser, "/passkeys/options", {"name": "Key", "password": PASSWORD}, form)
    return await browser.send_json("/passkeys", {"name": "Key", "credential": device.made(options, **lies)}, form)


async def use(site: PeopleSite, device: Authenticator, *, following: str = "", **lies: Any) -> tuple[Browser, Answer]:
    browser = site.browser()
    form = await token(browser, "/login")
    options = await asked(browser, "/passkeys/sign-in/options", {}, form)
    body = {"credential": device.signed(options, **lies), "next": following}
    return browser, await browser.send_json("/passkeys/sign-in", body, form)


async def test_a_passkey_is_added_listed_used_and_removed(site, device):
    answer = await add(site, device)
    assert (answer.status, json.loads(answer.body)) == (201, {"next": "/me?said=passkey#passkeys"})
    browser, signed = await use(site, device, following="/p/tea")
    assert (signed.status, json.loads(signed.body)) == (200, {"next": "/p/tea"})
    assert signed.headers["Cache-Control"] == "no-store"
    me = await browser.get("/me")
    assert "Key" in me.words
    assert "last used" in me.words
    gone = await browser.submit("/me/passkeys/remove", page="/me")
    assert gone.location == "/me?said=no-passkey#passkeys"
    _, refused = await use(site, device)
    assert refused.status == 401
    assert "not known here" in refused.text


async def test_what_the_browser_is_asked_for(site, device):
    browser = await site.signed_in()
    form = await token(browser, "/me")
    options = await asked(browser, "/passkeys/options", {"name": "Key", "password": PASSWORD}, form)
    assert options["rp"] == {"id": "blog.example", "name": "Blogen"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert options["user"]["name"] == "ann"
    visitors = site.browser()
    get = await asked(visitors, "/passkeys/sign-in/options", {}, await token(visitors, "/login"))
    assert get["rpId"] == "blog.example"
    assert get["userVerification"] == "required"
    assert not get.get("allowCredentials"), "who has passkeys is not told"
    await add(site, device)
    again = await asked(browser, "/passkeys/options", {"name": "Key", "password": PASSWORD}, form)
    assert len(again["excludeCredentials"]) == 1


LIES = [
    {"origin": "https://evil.example"},
    {"origin": "http://blog.example"},
    {"challenge": "AAAA"},
    {"type": "webauthn.other"},
    {"rp": "evil.example"},
]


@pytest.mark.parametrize("lies", LIES, ids=str)
async def test_a_passkey_made_for_something_else_is_not_added(site, device, lies):
    answer = await add(site, device, **lies)
    assert answer.status == 422
    assert await site.passkeys.of_person((await site.people.by_handle("ann")).id) == []


@pytest.mark.parametrize("lies", [*LIES, {"signature": b"nothing"}, {"user": b"somebody else"}], ids=str)
async def test_a_signature_for_something_else_lets_nobody_in(site, device, lies):
    await add(site, device)
    browser, answer = await use(site, device, **lies)
    assert answer.status == 401
    assert COOKIE not in browser.cookies
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_device_that_did_not_ask_who_holds_it_lets_nobody_in(site, device):
    device.flags = PRESENT
    assert (await add(site, device)).status == 422
    device.flags |= 0x04
    assert (await add(site, device)).status == 201
    device.flags = PRESENT
    _, answer = await use(site, device)
    assert answer.status == 401


async def test_a_count_that_goes_back_or_stands_was_copied(site, device):
    await add(site, device)
    assert (await use(site, device, count=5))[1].status == 200
    for count in (5, 4, 0):
        _, answer = await use(site, device, count=count)
        assert answer.status == 401, count
    assert (await use(site, device, count=6))[1].status == 200


async def test_one_that_does_not_count_can_be_used_again(site, device):
    await add(site, device)
    for _ in range(2):
        assert (await use(site, device, count=0))[1].status == 200


async def test_another_key_under_the_same_id_lets_nobody_in(site, device):
    await add(site, device)
    forged = Authenticator(ORIGIN)
    forged.id, forged.user = device.id, device.user
    _, answer = await use(site, forged)
    assert answer.status == 401


async def test_a_challenge_is_good_once(site, device):
    await add(site, device)
    browser = site.browser()
    form = await token(browser, "/login")
    options = await asked(browser, "/passkeys/sign-in/options", {}, form)
    body = {"credential": device.signed(options), "next": ""}
    answers = await asyncio.gather(*(browser.send_json("/passkeys/sign-in", body, form) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 422, 422]


async def test_a_challenge_belongs_to_the_browser_that_asked(site, device):
    await add(site, device)
    browser, other = site.browser(), site.browser()
    form, others_form = await token(browser, "/login"), await token(other, "/login")
    options = await asked(browser, "/passkeys/sign-in/options", {}, form)
    answer = await other.send_json("/passkeys/sign-in", {"credential": device.signed(options)}, others_form)
    assert answer.status == 422
    assert COOKIE not in other.cookies


async def test_adding_needs_the_password(site, device):
    browser = await site.signed_in()
    form = await token(browser, "/me")
    answer = await browser.send_json("/passkeys/options", {"name": "Key", "password": "wrong password"}, form)
    assert answer.status == 422
    without = await browser.send_json("/passkeys", {"name": "Key", "credential": {}}, form)
    assert without.status == 422, "there is no challenge to sign"


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", "a\u202eb"])
async def test_a_name_is_checked_before_the_device_is_asked(site, name):
    browser = await site.signed_in()
    answer = await browser.send_json(
        "/passkeys/options", {"name": name, "password": PASSWORD}, await token(browser, "/me")
    )
    assert answer.status == 422


PATHS = ["/passkeys/options", "/passkeys", "/passkeys/sign-in/options", "/passkeys/sign-in"]


@pytest.mark.parametrize("path", PATHS)
async def test_calls_from_elsewhere_or_without_a_token_are_refused(site, path):
    browser = await site.signed_in()
    form = await token(browser, "/me") if path in PATHS[:2] else await token(site.browser(), "/login")
    for right, headers in (
        (form, {"Origin": "https://evil.example"}),
        (form, {"Sec-Fetch-Site": "cross-site"}),
        ("", {}),
    ):
        answer = await browser.send_json(path, {}, right, **headers)
        assert answer.status == 403
        assert json.loads(answer.body)["code"] == "forbidden"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [[], "x", None, {"credential": []}, {"credential": {"id": 5}}, {"credential": {"id": "x" * 9999, "response": 7}},
     {"credential": {"id": "A", "response": {"userHandle": 5}}}, {"name": 7, "password": []},
     {"name": "k", "next": {}}],
    ids=str,
)  # fmt: skip
async def test_whatever_is_sent_no_defect_is_met(site, path, body):
    browser = await site.signed_in()
    is_own = path in PATHS[:2]
    if is_own:
        form = await token(browser, "/me")
    else:
        browser = site.browser()
        form = await token(browser, "/login")
    await browser.send_json("/passkeys/sign-in/options", {}, form)
    answer = await browser.send_json(path, body, form)
    if not (path == "/passkeys/sign-in/options" and isinstance(body, dict)):
        assert answer.status in {401, 422}, answer.text
        assert json.loads(answer.body)["detail"]
    deep = await browser.post(path, b"[" * 60_000, **{"X-Form-Token": form, "Content-Type": "application/json"})
    assert deep.status == 422
    huge = await browser.post(path, b"x" * 70_000, **{"X-Form-Token": form, "Content-Type": "application/json"})
    assert huge.status == 413


async def test_who_is_not_signed_in_adds_nothing(site):
    browser = site.browser()
    answer = await browser.send_json("/passkeys/options", {"name": "Key"}, await token(browser, "/login"))
    assert answer.status == 401


async def test_an_account_that_is_closed_or_gone_is_not_let_in(site, device):
    await add(site, device)
    await site.people.disable_person("ann")
    assert (await use(site, device))[1].status == 401
    await site.people.enable_person("ann")
    assert (await use(site, device))[1].status == 200
    await site.people.delete_account((await site.people.by_handle("ann")).id)
    assert (await use(site, device))[1].status == 401


@pytest.mark.parametrize(
    ("base_url", "host", "is_offered"),
    [("https://blog.example", "blog.example", True), ("https://blog.example:8443", "blog.example:8443", True),
     ("https://blog.example", "127.0.0.1:80", False), ("https://192.168.1.5", "192.168.1.5", False),
     ("http://blog.example", "blog.example", False), ("http://localhost:8080", "localhost:8080", True),
     (None, "localhost:8080", True), (None, "127.0.0.1:8080", False), (None, "evil.example", False)],
)  # fmt: skip
async def test_passkeys_are_offered_where_they_can_be_used(tmp_path, base_url, host, is_offered):
    async with open_people_site(tmp_path, server={"base_url": base_url} if base_url else {}) as site:
        page = await site.browser(Host=host).get("/login")
        assert ('data-passkey="sign-in"' in page.text) is is_offered


def test_challenges_are_bounded_and_end():
    now = [0.0]
    challenges = Challenges(lambda: now[0])
    first = challenges.make("a")
    assert challenges.take("b") is None
    assert challenges.take("a") == first
    assert challenges.take("a") is None
    challenges.make("a")
    second = challenges.make("a")
    assert challenges.take("a") == second
    challenges.make("a")
    now[0] += LASTS_SECONDS
    assert challenges.take("a") is None
    for number in range(MAX_OPEN + 10):
        challenges.make(str(number))
    assert len(challenges) == MAX_OPEN
    assert challenges.take("9") is None
    assert challenges.take("10") is not None
