"""Tickets: good for one use, within their time, for what they were made for."""

import asyncio

import pytest

from blogen.domain.person import Scope, TicketKind
from blogen.errors import InvalidInput
from blogen.store.secret_texts import new_code, new_text, read_code
from blogen.store.tickets import LASTS_MS
from tests.store.accounts import open_accounts


@pytest.fixture
async def accounts(tmp_path):
    opened = await open_accounts(tmp_path)
    yield opened
    await opened.blog.database.close()


@pytest.fixture
def tickets(accounts):
    return accounts.tickets


@pytest.mark.parametrize("kind", TicketKind)
async def test_a_ticket_is_good_once_for_what_it_was_made_for(accounts, tickets, kind):
    ann = await accounts.person()
    text = await tickets.make(kind, person_id=ann.id, role=Scope.AUTHOR, note="for Bob")
    assert text not in await accounts.stored()
    for other in set(TicketKind) - {kind}:
        with pytest.raises(InvalidInput):
            await tickets.use(other, text)
    seen = await tickets.look_at(kind, text)
    ticket = await tickets.use(kind, f" {text} ")
    assert ticket == seen
    assert (ticket.person_id, ticket.role, ticket.note) == (ann.id, Scope.AUTHOR, "for Bob")
    for again in (tickets.use, tickets.look_at):
        with pytest.raises(InvalidInput, match="used"):
            await again(kind, text)


@pytest.mark.parametrize("kind", TicketKind)
async def test_a_ticket_expires(accounts, tickets, kind):
    ann = await accounts.person()
    text = await tickets.make(kind, person_id=ann.id)
    accounts.clock.at += LASTS_MS[kind] - 1
    await tickets.look_at(kind, text)
    accounts.clock.at += 1
    for way in (tickets.use, tickets.look_at):
        with pytest.raises(InvalidInput):
            await way(kind, text)
    await tickets.make(TicketKind.INVITATION)
    [row] = await accounts.blog.database.read("SELECT count(*) AS n FROM tickets")
    assert row["n"] == 1


async def test_a_ticket_is_taken_once_also_side_by_side(tickets):
    text = await tickets.make(TicketKind.INVITATION)
    taken = await asyncio.gather(*(tickets.use(TicketKind.INVITATION, text) for _ in range(8)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in taken) == [*["InvalidInput"] * 7, "Ticket"]


@pytest.mark.parametrize("kind", [TicketKind.PAIRING, TicketKind.RESET, TicketKind.SET_UP])
async def test_a_new_one_ends_the_one_before_of_the_same_person(accounts, tickets, kind):
    ann, bob = await accounts.person("ann"), await accounts.person("bob")
    old = await tickets.make(kind, person_id=ann.id)
    bobs = await tickets.make(kind, person_id=bob.id)
    new = await tickets.make(kind, person_id=ann.id)
    with pytest.raises(InvalidInput):
        await tickets.use(kind, old)
    await tickets.use(kind, new)
    await tickets.use(kind, bobs)


async def test_what_nobody_made_is_refused(tickets):
    for kind in TicketKind:
        for text in ("", " ", "x" * 10_000, "\0", "\udc80", new_text("blt_"), new_text("blg_"), new_code(), "ÄÖÜ"):
            with pytest.raises(InvalidInput):
                await tickets.use(kind, text)


async def test_a_note_is_one_short_line(tickets):
    for note in ("x" * 201, "a\nb", "\0"):
        with pytest.raises(InvalidInput):
            await tickets.make(TicketKind.INVITATION, note=note)


def test_codes_differ_and_are_read_as_people_type_them():
    assert len({new_code() for _ in range(2000)}) == 2000
    assert read_code("7k3m q0xp") == read_code("7K3MQOXP") == read_code(" 7k3m-qoxp\n") == "7K3M-Q0XP"
    assert read_code("IL1l-0000") == "1111-0000"
    for wrong in ("", "7K3M-Q0X", "7K3M-Q0XPP", "7K3M-Q0XU", "ſK3M-Q0XP", "7K3M_Q0XP", "-" * 33):
        assert read_code(wrong) is None
