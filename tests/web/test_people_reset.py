"""A lost password: the link comes by real mail, is good once, and nobody learns who has an account."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from blogen.attempts import MAILS_TO_ACCOUNT
from blogen.domain.person import TicketKind
from blogen.events import MailFailed, MailSent
from tests.fakes.mail_server import MailServer, mail_server
from tests.web.people import PASSWORD, PeopleSite, open_people_site

NEW = "quite another horse"


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as opened:
        yield opened


@pytest.fixture
async def site(tmp_path, server) -> AsyncIterator[PeopleSite]:
    mail = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "Blog <blog@example.org>"}
    async with open_people_site(
        tmp_path, mail=mail, site={"title": "Tea & Biscuits"}, server={"base_url": "https://blog.example"}
    ) as opened:
        yield opened


def told(site: PeopleSite) -> asyncio.Queue[MailSent | MailFailed]:
    heard: asyncio.Queue[MailSent | MailFailed] = asyncio.Queue()
    site.blog.bus.subscribe(lambda event: heard.put_nowait(event) if isinstance(event, MailSent | MailFailed) else None)
    return heard


@pytest.mark.parametrize("who", ["ann", "@Ann", "ann@example.com", " ANN@EXAMPLE.COM "])
async def test_a_link_comes_by_mail_and_sets_a_new_password_once(site, server, who):
    await site.person(email="ann@example.com")
    signed_in = await site.signed_in()
    browser = site.browser()
    answer = await browser.submit("/reset", {"login": who}, Origin="https://blog.example")
    assert "Look into your mail" in answer.words
    letter = await server.next()
    assert letter.recipients == ["ann@example.com"]
    assert letter.message["Subject"] == "Tea & Biscuits: a new password"
    assert "Tea & Biscuits" in letter.text
    [link] = re.findall(r"^https://blog\.example(/reset/\S+)$", letter.text, re.M)
    assert link in letter.message.get_body(("html",)).get_content()
    page = await browser.get(link)
    assert "@ann" in page.words
    short = await browser.post(link, page.forms[link] | {"password": "short"})
    assert short.status == 422
    assert 'id="password-wrong"' in short.text
    answer = await browser.post(link, page.forms[link] | {"password": NEW})
    assert (answer.status, answer.location) == (303, "/login?said=password")
    assert (await signed_in.get("/me")).status == 303, "everyone is signed out"
    assert (await browser.submit("/login", {"login": "ann", "password": PASSWORD})).status == 422
    assert (await browser.submit("/login", {"login": "ann", "password": NEW})).status == 303
    used = await browser.get(link)
    assert used.status == 410
    assert "/reset" in used.text
    assert (await browser.post(link, page.forms[link] | {"password": "a third password"})).status in {403, 410}


async def test_the_answer_is_the_same_for_those_who_are_not_there(site, server):
    await site.person("ann", email="ann@example.com")
    await site.person("bob")
    await site.person("cut", email="cut@example.com")
    await site.people.disable_person("cut")
    answers = set()
    heard = told(site)
    for who in ("ann", "bob", "cut", "nobody", "nobody@example.com", "cut@example.com", "x" * 200, "\U0001f4a9"):
        answer = await site.browser().submit("/reset", {"login": who})
        answers.add((answer.status, answer.words))
    assert len(answers) == 1
    assert await asyncio.wait_for(heard.get(), 20) == MailSent("password link")
    await site.person("dan", email="dan@example.com")
    assert (await site.browser().submit("/reset", {"login": "dan"})).status == 200
    assert (await server.next()).recipients == ["ann@example.com"]
    assert (await server.next()).recipients == ["dan@example.com"], "and nobody between them"


async def test_nobodys_mailbox_is_filled(site, server):
    await site.person(email="ann@example.com")
    statuses = [(await site.browser().submit("/reset", {"login": "ann"})).status for _ in range(5)]
    assert statuses == [200] * MAILS_TO_ACCOUNT.at_most + [429] * (5 - MAILS_TO_ACCOUNT.at_most)


async def test_only_the_last_link_is_good(site):
    ann = await site.person(email="ann@example.com")
    first = await site.tickets.make(TicketKind.RESET, person_id=ann.id)
    second = await site.tickets.make(TicketKind.RESET, person_id=ann.id)
    browser = site.browser()
    assert (await browser.get(f"/reset/{first}")).status == 410
    assert (await browser.get(f"/reset/{second}")).status == 200
    site.clock.added_ms += 3_600_001
    assert (await browser.get(f"/reset/{second}")).status == 410


async def test_a_link_is_used_once_by_two_at_once(site):
    ann = await site.person(email="ann@example.com")
    link = f"/reset/{await site.tickets.make(TicketKind.RESET, person_id=ann.id)}"
    browser = site.browser()
    form = await browser.form(link)
    passwords = [f"password number {number}" for number in range(4)]
    answers = await asyncio.gather(*(browser.post(link, form | {"password": one}) for one in passwords))
    assert sorted(answer.status for answer in answers) == [303, 410, 410, 410]
    [winner] = [one for one, answer in zip(passwords, answers, strict=True) if answer.status == 303]
    assert await site.people.password_is(ann.id, winner)


@pytest.mark.parametrize("ticket", ["abc", "blt_" + "A" * 49, "%00", "..%2f..", "<b>", "x" * 300])
async def test_a_link_that_is_none_is_told_so(site, ticket):
    answer = await site.browser().get(f"/reset/{ticket}")
    assert answer.status in {404, 410}
    assert "<b>" not in answer.text


async def test_tickets_of_other_kinds_set_no_password(site):
    ann = await site.person(email="ann@example.com")
    invitation = await site.tickets.make(TicketKind.INVITATION, person_id=ann.id)
    assert (await site.browser().get(f"/reset/{invitation}")).status == 410


async def test_without_a_mail_server_the_page_says_what_the_owner_can_do(tmp_path):
    async with open_people_site(tmp_path) as site:
        await site.person(email="ann@example.com")
        page = await site.browser().get("/reset")
        assert "blogen users reset-password" in page.text
        assert "/reset" not in page.forms
        browser = site.browser()
        form = await browser.form("/login")
        heard = told(site)
        assert (await browser.post("/reset", {"form": form["form"], "login": "ann"})).status == 200
        assert heard.empty()
