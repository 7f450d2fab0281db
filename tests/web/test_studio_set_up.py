"""The first set-up: one link, one admin, one name of the blog."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from blogen.domain.person import Scope, TicketKind
from blogen.events import RequestCrashed, SiteChanged
from blogen.web import keys
from tests.web.authenticator import Authenticator
from tests.web.people import COOKIE, PASSWORD, Answer, Browser, PeopleSite, open_people_site

ORIGIN = "https://blog.example"
FILLED = {
    "name": "Ann Lee", "handle": "ann", "password": PASSWORD, "title": "Tea & Time", "tagline": "Leaves", "topic": "",
}  # fmt: skip


@asynccontextmanager
async def fresh(folder: Path, **sections: dict[str, Any]) -> AsyncIterator[tuple[PeopleSite, str]]:
    """A blog that nobody owns yet, and the path of its link."""
    async with open_people_site(folder, **sections) as site:
        yield site, f"/studio/set-up/{await site.tickets.make(TicketKind.SET_UP)}"


async def test_the_link_makes_the_admin_names_the_blog_and_signs_in(tmp_path):
    async with fresh(tmp_path) as (site, path):
        browser = site.browser()
        page = await browser.get(path)
        assert page.headers["Cache-Control"] == "no-store"
        for label in ("Your name", "Handle", "Password", "Blog title", "Tagline", "First topic", "Start the blog"):
            assert label in page.words
        assert page.forms[path]["title"] == "Blogen"
        done = await browser.submit(path, FILLED | {"handle": " @Ann "})
        assert (done.status, done.location) == (303, "/studio")
        [owner] = await site.people.list_people()
        assert (owner.handle, owner.name, owner.role) == ("ann", "Ann Lee", Scope.ADMIN)
        assert site.app[keys.SITE].now.title == "Tea & Time"
        assert site.blog.heard.count(SiteChanged({"title": "Tea & Time", "tagline": "Leaves"})) == 1
        assert "Tea &amp; Time" in (await site.browser().get("/")).text
        assert (await browser.get("/me")).status == 200


async def test_a_first_topic_leads_to_the_form_for_it(tmp_path):
    async with fresh(tmp_path) as (site, path):
        done = await site.browser().submit(path, FILLED | {"topic": "Tea & <time>"})
        assert done.location == "/studio/new?topic=Tea%20%26%20%3Ctime%3E"


async def test_a_link_that_opens_nothing_says_why_and_how_to_get_another(tmp_path):
    async with fresh(tmp_path) as (site, path):
        newer = f"/studio/set-up/{await site.tickets.make(TicketKind.SET_UP)}"
        for useless in (path, "/studio/set-up/x", f"{newer}x", "/studio/set-up/%00%ff", "/studio/set-up/" + "a" * 3000):
            page = await site.browser().get(useless)
            assert page.status == 410
            assert "start Blogen again" in page.words
        browser, late = site.browser(), site.browser()
        form, lates = await browser.form(newer), await late.form(newer)
        assert (await browser.post(newer, form | FILLED)).status == 303
        used = await late.post(newer, lates | FILLED | {"handle": "eve"})
        assert used.status == 410
        assert "This blog is set up" in used.words
        assert "reset-password" in used.words
        assert [person.handle for person in await site.people.list_people()] == ["ann"]


async def test_an_admin_made_otherwise_makes_the_link_void_and_a_mere_reader_does_not(tmp_path):
    async with fresh(tmp_path) as (site, path):
        await site.person("reader")
        assert (await site.browser().get(path)).status == 200
        browser = site.browser()
        form = await browser.form(path)
        await site.person("owner", role=Scope.ADMIN)
        assert (await browser.post(path, form | FILLED)).status == 410
        assert len(await site.people.list_people()) == 2
        await site.people.disable_person("owner")
        assert (await site.browser().get(path)).status == 200


async def test_a_form_that_is_sent_twice_sets_up_once_and_signs_in_both_times(tmp_path):
    async with fresh(tmp_path) as (site, path):
        browser = site.browser()
        form = await browser.form(path) | FILLED
        answers = await asyncio.gather(*(browser.post(path, form) for _ in range(3)))
        assert [answer.location for answer in answers] == ["/studio"] * 3
        assert len(await site.people.list_people()) == 1
        other = await site.browser().post(path, form | {"password": "another password"})
        assert other.status in {403, 410}


MISTAKES = [
    ("name", "", "The name must have at least 1"),
    ("name", "a\u202eb", "The name has a character that cannot be shown"),
    ("handle", "Ann Lee", "The handle has not the right form"),
    ("handle", "", "The handle has not the right form"),
    ("password", "short", "The password must have at least 8"),
    ("title", "   ", "The blog title must have"),
    ("title", "x" * 101, "The blog title must have at most 100"),
    ("tagline", "a\nb", "The tagline has a character"),
    ("topic", "a", "The first topic must have at least 3"),
]


async def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(tmp_path):
    async with fresh(tmp_path) as (site, path):
        browser = site.browser()
        form = await browser.form(path) | FILLED | {"title": "<script>Kept</script>"}
        for field, value, said in MISTAKES:
            site.clock.added_ms += 3_600_000  # so many accounts are not asked for within an hour
            page = await browser.post(path, form | {field: value})
            assert page.status == 422, field
            assert said in page.words
            assert PASSWORD not in page.text
            assert "<script>Kept" not in page.text
            if field != "title":
                assert page.forms[path]["title"] == "<script>Kept</script>"
        assert await site.people.list_people() == []
        assert site.app[keys.SITE].now.title == "Blogen"
        assert (await site.browser().get(path)).status == 200


async def test_a_taken_handle_is_told_and_the_link_stays_good(tmp_path):
    async with fresh(tmp_path) as (site, path):
        await site.person("ann")
        page = await site.browser().submit(path, FILLED | {"password": "not that of ann"})
        assert page.status == 422
        assert "The handle is taken. Choose another one." in page.words
        assert (await site.browser().submit(path, FILLED | {"handle": "bob"})).status == 303


async def test_what_the_configuration_says_is_told_and_not_asked(tmp_path):
    async with fresh(tmp_path, site={"title": "Fixed", "tagline": "Too"}) as (site, path):
        page = await site.browser().get(path)
        assert "The blog is called “Fixed”" in page.words
        assert not {"title", "tagline"} & page.forms[path].keys()
        assert (await site.browser().submit(path, FILLED)).status == 303
        assert (site.app[keys.SITE].now.title, site.app[keys.SITE].now.tagline) == ("Fixed", "Too")


async def test_a_form_from_elsewhere_and_one_without_its_token_set_nothing_up(tmp_path):
    async with fresh(tmp_path) as (site, path):
        browser = site.browser()
        form = await browser.form(path) | FILLED
        assert (await browser.post(path, form, Origin="https://evil.example")).status == 403
        assert (await browser.post(path, form | {"form": "0" * 64})).status == 403
        assert (await site.browser().post(path, form)).status == 403
        assert await site.people.list_people() == []


async def test_guessing_links_ends_soon(tmp_path):
    async with fresh(tmp_path) as (site, _):
        answers = [(await site.browser().get("/studio/set-up/blt_guess")).status for _ in range(40)]
        assert answers[0] == 410
        assert answers[-1] == 429


async def send(browser: Browser, path: str, body: dict[str, Any], token: str) -> Answer:
    return await browser.send_json(path, body, token)


async def test_with_a_passkey_no_password_is_needed_and_it_signs_in_later(tmp_path):
    async with fresh(tmp_path, server={"base_url": ORIGIN}) as (site, path):
        device, browser = Authenticator(ORIGIN), site.browser()
        given = FILLED | {"password": ""}
        token = (await browser.form(path))["form"]
        options = json.loads((await send(browser, f"{path}/passkey/options", given, token)).body)
        assert (options["rp"]["name"], options["user"]["name"]) == ("Tea & Time", "ann")
        assert await site.people.list_people() == []
        made = given | {"user": options["user"]["id"], "credential": device.made(options)}
        done = await send(browser, f"{path}/passkey", made, token)
        assert (done.status, json.loads(done.body)) == (201, {"next": "/studio"})
        assert COOKIE in browser.cookies
        [owner] = await site.people.list_people()
        assert owner.role is Scope.ADMIN
        assert site.app[keys.SITE].now.title == "Tea & Time"
        later = site.browser()
        form = (await later.form("/login"))["form"]
        asked = json.loads((await send(later, "/passkeys/sign-in/options", {}, form)).body)
        used = await send(later, "/passkeys/sign-in", {"credential": device.signed(asked), "next": ""}, form)
        assert used.status == 200


async def test_a_passkey_that_is_not_right_sets_nothing_up_and_the_link_stays_good(tmp_path):
    async with fresh(tmp_path, server={"base_url": ORIGIN}) as (site, path):
        device, browser = Authenticator(ORIGIN), site.browser()
        token = (await browser.form(path))["form"]

        async def attempt(more: dict[str, Any], **lies: Any) -> Answer:
            options = json.loads((await send(browser, f"{path}/passkey/options", FILLED, token)).body)
            made = FILLED | {"user": options["user"]["id"], "credential": device.made(options, **lies)} | more
            return await send(browser, f"{path}/passkey", made, token)

        for refused in (
            await attempt({}, origin="https://evil.example"),
            await attempt({}, challenge="AAAA"),
            await attempt({"user": "AAAAAAAAAAAAAAAAAAAAAA"}),
            await attempt({"user": "not base64 \u20ac"}),
            await attempt({"credential": None}),
            await attempt({"handle": "Not A Handle"}),
            await attempt({"title": 5}),
            await send(browser, f"{path}/passkey/options", FILLED | {"name": ""}, token),
            await send(browser, f"{path[:-1]}/passkey/options", FILLED, token),
        ):
            assert refused.status == 422, refused.text
        empty = await send(browser, f"{path}/passkey/options", FILLED | {"name": "", "title": "x" * 101}, token)
        said = "The name must have at least 1 characters, found 0. The blog title must have at most 100 characters"
        assert json.loads(empty.body)["detail"].startswith(said)
        assert await site.people.list_people() == []
        assert (await attempt({})).status == 201


async def test_the_link_is_not_in_what_a_defect_tells_the_log(tmp_path, monkeypatch):
    async with fresh(tmp_path) as (site, path):

        async def broken() -> bool:
            raise RuntimeError("a defect")

        monkeypatch.setattr(site.people, "has_admin", broken)
        ticket = path.rpartition("/")[2]
        assert (await site.browser().get(f"{path}x")).status == 500
        [crash] = [event for event in site.blog.heard if isinstance(event, RequestCrashed)]
        assert crash.path == "/studio/set-up/{ticket}"
        assert ticket not in repr(crash)
