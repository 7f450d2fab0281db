"""Signing in and registering: cookies that stay where they belong, forms without scripts, forms of others refused."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from blogen.attempts import PASSWORDS_FROM_ADDRESS, PASSWORDS_OF_ACCOUNT
from blogen.clients import device_name
from blogen.domain.person import Scope, TicketKind
from blogen.web.people.session import local_path
from blogen.web.people.state import PEOPLE_PAGES
from tests.render.vectors import VECTORS
from tests.web.people import COOKIE, FORM_COOKIE, PASSWORD, PeopleSite, open_people_site


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[PeopleSite]:
    async with open_people_site(tmp_path, auth={"sign_up": "open"}) as opened:
        yield opened


async def test_a_person_registers_signs_out_and_signs_in(site):
    browser = site.browser()
    fields = {"handle": "@Ann", "name": "Ann Lee", "email": "Ann@Example.com", "password": PASSWORD}
    answer = await browser.submit("/register", fields)
    assert (answer.status, answer.location) == (303, "/me?said=welcome")
    me = await browser.get("/me")
    assert "Ann Lee" in me.words
    assert "Firefox on Linux" in me.words
    out = await browser.submit("/logout", page="/me")
    assert (out.status, out.location) == (303, "/login?said=out")
    assert COOKIE not in browser.cookies
    assert (await browser.get("/me")).location == "/login"
    for who in ("ann", "ANN", "@ann", "ann@example.com"):
        again = site.browser()
        assert (await again.submit("/login", {"login": who, "password": PASSWORD})).location == "/me", who
        assert (await again.get("/me")).status == 200


async def test_the_cookie_is_out_of_reach_and_the_page_is_kept_nowhere(site):
    await site.person()
    browser = site.browser()
    answer = await browser.submit("/login", {"login": "ann", "password": PASSWORD})
    [line] = [line for line in answer.headers.getall("Set-Cookie") if line.startswith(f"{COOKIE}=")]
    flags = {part.strip().lower() for part in line.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)
    assert (await browser.get("/me")).headers["Cache-Control"] == "no-store"
    assert (await browser.get("/login")).location == "/me", "who is signed in goes on"


async def test_a_sign_in_takes_a_new_secret_and_ends_the_one_before(site):
    """Session fixation: whoever planted or copied the old cookie has nothing."""
    await site.person()
    browser = site.browser()
    await browser.submit("/login", {"login": "ann", "password": PASSWORD})
    before = browser.cookies[COOKIE]
    guest, fresh = site.browser(), site.browser()
    found = await fresh.form("/login")
    guest.cookies |= {COOKIE: before, FORM_COOKIE: fresh.cookies[FORM_COOKIE]}
    answer = await guest.post("/login", found | {"login": "ann", "password": PASSWORD})
    assert answer.status == 303
    assert guest.cookies[COOKIE] != before
    assert (await browser.get("/me")).location == "/login", "the old secret is gone"


async def test_a_planted_cookie_is_never_taken_over(site):
    await site.person()
    browser = site.browser()
    browser.cookies[COOKIE] = planted = "bls_" + "A" * 71
    await browser.submit("/login", {"login": "ann", "password": PASSWORD})
    assert browser.cookies[COOKIE] != planted


async def test_public_pages_are_one_persons_own_or_the_same_for_everyone(site):
    await site.blog.publish("Tea")
    await site.person()
    signed_in, guest, nobody = await site.signed_in(), site.browser(), site.browser()
    for path in ("/", "/p/tea", "/tags/tea", "/authors/blogen", "/archive", "/search?q=tea", "/p/nothing"):
        own, one, other = await signed_in.get(path), await guest.get(path), await nobody.get(path)
        assert one.body == other.body, path
        assert 'href="/login' in one.text, path
        assert ">Ann</bdi>" in own.text, path
        assert ">Ann</bdi>" not in one.text, path
        assert "no-store" in own.headers["Cache-Control"], path
        assert not {"Set-Cookie"} & {*own.headers, *one.headers}, path


@pytest.mark.parametrize(
    ("who", "password"), [("ann", "wrong password"), ("nobody", PASSWORD), ("a@b.example", "no password")]
)
async def test_a_wrong_password_and_a_wrong_name_are_told_the_same(site, who, password):
    await site.person()
    browser = site.browser()
    answer = await browser.submit("/login", {"login": who, "password": password})
    assert answer.status == 422
    assert "no account has this name and this password" in answer.words
    assert answer.forms["/login"]["login"] == who, "what was typed is kept"
    assert password not in answer.text
    assert COOKIE not in browser.cookies


async def test_too_many_attempts_are_told_to_wait(site):
    await site.person()
    await site.person("bob")
    statuses = []
    for number in range(PASSWORDS_OF_ACCOUNT.at_most + 1):
        browser = site.browser()
        answer = await browser.submit("/login", {"login": "ann", "password": f"guess {number}"})
        statuses.append(answer.status)
    assert statuses == [422] * PASSWORDS_OF_ACCOUNT.at_most + [429]
    assert int(answer.headers["Retry-After"]) > 0
    assert "too many attempts" in answer.words
    assert (await site.browser().submit("/login", {"login": "bob", "password": PASSWORD})).status == 303
    site.clock.added_ms += int(PASSWORDS_FROM_ADDRESS.within_seconds * 2000)
    assert (await site.browser().submit("/login", {"login": "ann", "password": PASSWORD})).status == 303


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "/\t/evil.example",
     "javascript:alert(1)", "/%0d%0aSet-Cookie: x=y\r\nX: y", "\\evil", "http:/evil.example", "me", "/a b", "",
     "/" + "x" * 600, "https:/me", "/\x00", "/é"],
)  # fmt: skip
async def test_nobody_is_sent_elsewhere(site, elsewhere):
    assert local_path(elsewhere) == ""
    await site.person()
    browser = site.browser()
    form = await browser.form("/login")
    answer = await browser.post("/login", form | {"next": elsewhere, "login": "ann", "password": PASSWORD})
    assert (answer.status, answer.location) == (303, "/me")


async def test_who_wanted_a_page_gets_there_after_signing_in(site):
    await site.person()
    browser = site.browser()
    sent = await browser.get("/me/data.json?a=1&b=2")
    assert sent.location == "/login?next=/me/data.json?a%3D1%26b%3D2"
    answer = await browser.submit("/login", {"login": "ann", "password": PASSWORD}, page=sent.location)
    assert answer.location == "/me/data.json?a=1&b=2"
    assert local_path("/p/tea?x=1#b-2") == "/p/tea?x=1#b-2"


POSTS = [
    "/login", "/register", "/reset", "/reset/abc", "/logout", "/me/profile", "/me/email", "/me/password",
    "/me/passkeys/remove", "/me/devices/revoke", "/me/devices/revoke-others", "/me/pairing", "/me/invitations",
    "/me/delete",
]  # fmt: skip


def test_every_form_of_people_is_in_the_list():
    from blogen.web.routes import POST

    forms = {path.replace("{ticket}", "abc") for path, name in POST.items() if name.startswith("people.")}
    assert forms - {"/me/avatar"} - {path for path in forms if path.startswith("/passkeys")} == set(POSTS)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
    ids=str,
)  # fmt: skip
async def test_a_form_from_elsewhere_is_refused_even_with_a_right_token(site, path, headers):
    await site.person(role=Scope.ADMIN)
    browser = await site.signed_in()
    token = (await browser.form("/me", "/logout"))["form"]
    fields = {"form": token, "password": PASSWORD, "name": "Evil", "login": "ann"}
    answer = await browser.post(path, fields, **headers)
    assert answer.status == 403
    assert (await browser.get("/me")).status == 200, "nothing has happened"


@pytest.mark.parametrize("path", POSTS)
async def test_a_form_without_a_right_token_is_refused(site, path):
    await site.person(role=Scope.ADMIN)
    await site.person("eve")
    ann, eve = await site.signed_in(), await site.signed_in("eve")
    for_visitors = path in {"/login", "/register", "/reset", "/reset/abc"}
    other = (
        (await site.browser().form("/login"))["form"] if for_visitors else (await eve.form("/me", "/logout"))["form"]
    )
    for token in ("", "0" * 64, other, "é"):
        answer = await ann.post(path, {"form": token, "password": PASSWORD, "name": "Evil"})
        assert answer.status == 403, token
    assert "Ann" in (await ann.get("/me")).words


async def test_a_visitors_token_is_no_good_in_another_browser(site):
    await site.person()
    form = await site.browser().form("/login")
    other = site.browser()
    await other.get("/login")
    answer = await other.post("/login", form | {"login": "ann", "password": PASSWORD})
    assert answer.status == 403


async def test_a_browser_without_cookies_is_told_so(site):
    await site.person()
    browser = site.browser()
    form = await browser.form("/login")
    browser.cookies.clear()
    answer = await browser.post("/login", form | {"login": "ann", "password": PASSWORD})
    assert answer.status == 403
    assert "did not bring back the cookie" in answer.words


async def test_a_form_outlives_a_restart(site):
    await site.person()
    browser = site.browser()
    form = await browser.form("/login")
    site.app[PEOPLE_PAGES]._form_key = None  # as a new process has it; the key itself is in the database
    assert (await browser.post("/login", form | {"login": "ann", "password": PASSWORD})).status == 303


async def test_a_double_click_makes_one_account(site):
    browser = site.browser()
    form = await browser.form("/register")
    fields = form | {"handle": "ann", "name": "Ann", "email": "", "password": PASSWORD}
    answers = await asyncio.gather(*(browser.post("/register", fields) for _ in range(3)))
    assert [answer.status for answer in answers] == [303] * 3
    assert len(await site.people.list_people()) == 1
    assert (await browser.get("/me")).status == 200


async def test_a_handle_that_is_taken_stays_with_who_has_it(site):
    await site.person()
    browser = site.browser()
    answer = await browser.submit(
        "/register", {"handle": "ann", "name": "Other", "email": "o@x.example", "password": "another password"}
    )
    assert answer.status == 422
    assert "The handle ann is taken." in answer.words
    kept = answer.forms["/register"]
    assert (kept["handle"], kept["name"], kept["email"], kept["password"]) == ("ann", "Other", "o@x.example", "")
    site.clock.added_ms += 200_000
    late = await site.browser().submit("/register", {"handle": "ann", "name": "Ann", "email": "", "password": PASSWORD})
    assert late.status == 422, "only a form that was sent twice signs in"


async def test_every_mistake_stands_beside_its_field(site):
    answer = await site.browser().submit(
        "/register", {"handle": "Ann Lee!", "name": "a\u202eb", "email": "nobody", "password": "short"}
    )
    assert answer.status == 422
    for name in ("handle", "name", "email", "password"):
        field = re.search(rf'<input id="{name}"[^>]*>', answer.text)
        assert field
        assert 'aria-invalid="true"' in field[0], name
        assert f'id="{name}-wrong"' in answer.text
        assert re.search(rf' aria-describedby="{name}-wrong( |")', field[0]), field[0]
    assert "short" not in answer.text


async def test_an_address_that_another_account_has_is_not_told(site):
    await site.person(email="ann@example.com")
    answer = await site.browser().submit(
        "/register", {"handle": "eve", "name": "Eve", "email": "ann@example.com", "password": PASSWORD}
    )
    assert answer.status == 303


async def test_what_people_write_stays_text(site):
    await site.person()
    browser, guest = await site.signed_in(), site.browser()
    profile, register = await browser.form("/me", "/me/profile"), await guest.form("/register")
    saved = 0
    for vector in VECTORS:
        line = " ".join(vector.split())[:100] or "x"
        answer = await browser.post("/me/profile", profile | {"name": line, "bio": vector})
        saved += answer.status == 303
        assert is_inert((await browser.get("/me") if answer.status == 303 else answer).text), vector
        fields = {"handle": line, "name": line, "email": line, "password": "x", "next": vector, "invitation": vector}
        assert is_inert((await guest.post("/register", register | fields)).text), vector
        assert is_inert((await guest.post("/login", register | {"login": vector, "next": vector})).text), vector
    assert saved > len(VECTORS) / 3


def is_inert(text: str) -> bool:
    """Nothing runs but our own script, and no attribute came from outside."""
    scripts = re.findall(r"<script\b[^>]*>", text)
    assert all(
        re.fullmatch(r'<script src="/static/(passkey|reader|theme)\.js\?v=\w+"( defer)?>', one) for one in scripts
    )
    assert not re.search(r"<(iframe|object|embed|style|base|math|svg onload)\b", text, re.I)
    return not re.search(r"<\w+[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', text), re.I)


async def test_a_closed_blog_says_so_and_makes_no_account(tmp_path):
    async with open_people_site(tmp_path) as site:
        browser = site.browser()
        page = await browser.get("/register")
        assert page.status == 403
        assert "makes no new accounts" in page.words
        form = await browser.form("/login")
        fields = {"form": form["form"], "handle": "ann", "name": "Ann", "password": PASSWORD}
        text = await site.tickets.make(TicketKind.INVITATION)
        for more in ({}, {"invitation": text}):
            assert (await browser.post("/register", fields | more)).status == 403
        assert await site.people.list_people() == []
        assert "/register" not in (await browser.get("/login")).text


async def test_invitations_let_in_and_say_for_what(tmp_path):
    async with open_people_site(tmp_path, auth={"sign_up": "invite"}) as site:
        owner = await site.person("owner", role=Scope.ADMIN)
        without = await site.browser().submit("/register", {"handle": "ann", "name": "Ann", "password": PASSWORD})
        assert without.status == 422
        assert "An invitation is needed here." in without.words
        admin = await site.signed_in("owner")
        made = await admin.submit("/me/invitations", {"role": "author", "note": "for <b>Ann</b>"}, page="/me")
        [link] = re.findall(r"<code>(http\S+/register\?invitation=\S+)</code>", made.text)
        path = "/register?" + link.partition("?")[2]
        browser = site.browser()
        page = await browser.get(path)
        assert "for &lt;b&gt;Ann&lt;/b&gt;" in page.text
        fields = {"handle": "ann", "name": "Ann", "email": "", "password": PASSWORD}
        answer = await browser.post("/register", page.forms["/register"] | fields)
        assert answer.status == 303
        ann = await site.people.by_handle("ann")
        assert ann.role is Scope.AUTHOR
        second = site.browser()
        used = await second.get(path)
        assert "was used" in used.words
        answer = await second.post(
            "/register", used.forms["/register"] | fields | {"handle": "eve", "invitation": link}
        )
        assert answer.status == 422
        assert await site.people.by_handle("eve") is None
        assert owner.role is Scope.ADMIN


async def test_a_whole_address_is_as_good_as_the_invitation_itself(tmp_path):
    async with open_people_site(tmp_path, auth={"sign_up": "invite"}) as site:
        text = await site.tickets.make(TicketKind.INVITATION)
        given = f"https://blog.example/register?invitation={text}"
        fields = {"handle": "ann", "name": "Ann", "email": "", "password": PASSWORD, "invitation": given}
        assert (await site.browser().submit("/register", fields)).status == 303


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [("application/json", b"{}", 422), ("multipart/form-data; boundary=x", b"--x--", 422), ("text/plain", b"a=b", 422),
     ("application/x-www-form-urlencoded", b"form=%ff%fe", 422), ("application/x-www-form-urlencoded", b"\xff", 422),
     ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(100)), 422),
     ("application/x-www-form-urlencoded", b"a=" + b"x" * 70_000, 413)],
)  # fmt: skip
async def test_a_broken_body_is_refused_with_a_page(site, content_type, body, status):
    browser = site.browser()
    await browser.get("/login")
    answer = await browser.post("/login", body, **{"Content-Type": content_type})
    assert answer.status == status
    assert "<h1>" in answer.text


@pytest.mark.parametrize("path", ["/login", "/register", "/reset"])
async def test_the_script_of_passkeys_is_only_where_they_can_be_used(site, path):
    answer = await site.browser().get(path)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "passkey.js" not in answer.text, "127.0.0.1 is no name that passkeys are made for"
    there = await site.browser(Host="localhost:1234").get(path)
    assert ("passkey.js" in there.text) is (path == "/login")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
     ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
      "Chrome on Mac"),
     ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
      "Edge on Windows"),
     ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1",
      "Safari on iPhone"),
     ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
     ("", "A browser"), ("<script>alert(1)</script>", "A browser")],
)  # fmt: skip
def test_browsers_are_known_by_a_name_of_ours(user_agent, name):
    assert device_name(user_agent) == name
