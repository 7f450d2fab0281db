"""`users` and `tokens`: accounts from the command line, each act as words and as JSON."""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from blogen.clock import SystemClock
from blogen.domain.person import DeviceKind, Scope
from blogen.errors import InvalidInput
from blogen.store.database import Database
from blogen.store.devices import Devices
from blogen.store.people import People
from tests.cli.test_commands import Blogen

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"


@pytest.fixture
def blogen(tmp_path, monkeypatch):
    blogen = Blogen(tmp_path, monkeypatch)
    blogen.call("users", "create", "ann", "--email", "Ann@Example.com", given=f"{PASSWORD}\n")
    return blogen


def told(blogen: Blogen, *words: str):
    return json.loads(blogen.call(*words, "--json").stdout)


def stores(folder: Path, work):
    """What `work` gives for the stores of the data folder."""

    async def run():
        database = await Database.open(folder / "data" / "blogen.db")
        try:
            return await work(People(database, SystemClock()), Devices(database, SystemClock()))
        finally:
            await database.close()

    return asyncio.run(run())


def test_an_account_is_shown_with_what_is_signed_in_and_signed_out_everywhere(blogen, tmp_path):
    async def sign_in(people, devices):
        ann = await people.by_handle("ann")
        await devices.sign_in(ann.id, DeviceKind.BROWSER, "Firefox on Linux")

    stores(tmp_path, sign_in)
    shown = told(blogen, "users", "show", "ann")
    assert (shown["email"], shown["role"]) == ("ann@example.com", "reader")
    assert [(device["kind"], device["name"]) for device in shown["devices"]] == [("browser", "Firefox on Linux")]
    assert "Firefox on Linux" in blogen.call("users", "show", "ann").stdout
    assert "signed out everywhere" in blogen.call("users", "sign-out", "ann").stdout
    assert told(blogen, "users", "show", "ann")["devices"] == []


def test_a_role_is_changed_and_an_account_closed_and_opened(blogen):
    assert "ann is author now" in blogen.call("users", "role", "ann", "author").stdout
    assert told(blogen, "users", "role", "ann", "admin")["role"] == "admin"
    blogen.call("users", "role", "ann", "root", code=2)
    assert told(blogen, "users", "disable", "ann")["disabled_at"]
    for words in (["reset-password", "ann"], ["pair", "ann"]):
        assert "users enable" in blogen.call("users", *words, code=2).stderr
    assert "ann can sign in again" in blogen.call("users", "enable", "ann").stdout
    assert told(blogen, "users", "enable", "ann")["disabled_at"] is None


def test_an_invitation_is_printed_alone_and_makes_one_account_of_its_role(blogen, tmp_path):
    ran = blogen.call("users", "invite", "--author", "--note", "for Bob")
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/register\?invitation=blt_\w{49}\n", ran.stdout)
    assert 'set it to "invite"' in ran.stderr
    text = told(blogen, "users", "invite", "--admin")["invitation"]

    async def register(people, _devices):
        from blogen.domain.person import TicketKind

        person = await people.register("bob", "Bob", PASSWORD, ticket=(TicketKind.INVITATION, text))
        with pytest.raises(InvalidInput):
            await people.register("eve", "Eve", PASSWORD, ticket=(TicketKind.INVITATION, text))
        return person

    assert stores(tmp_path, register).role is Scope.ADMIN


def test_a_link_for_a_new_password_and_a_code_for_an_app_are_good_once(blogen, tmp_path):
    link = blogen.call("users", "reset-password", "ann").stdout.strip()
    code = told(blogen, "users", "pair", "ann")["code"]
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/reset/blt_\w{49}", link)
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", code)

    async def use(people, devices):
        tokens = await devices.pair(code, "Phone")
        assert await people.token_by_text(tokens.access)
        await people.reset_password(link.rpartition("/")[2], "quite another horse")
        assert await people.token_by_text(tokens.access) is None
        assert await people.verify_password("ann", "quite another horse")
        with pytest.raises(InvalidInput):
            await people.reset_password(link.rpartition("/")[2], PASSWORD)

    stores(tmp_path, use)


def test_an_account_is_deleted_only_by_who_says_so(blogen):
    assert "--yes" in blogen.call("users", "delete", "ann", code=2).stderr
    assert told(blogen, "users", "delete", "ann", "--yes")["handle"] == "ann"
    assert told(blogen, "users", "list")["items"] == []


@pytest.mark.parametrize(
    "words", [["show"], ["role", "reader"], ["disable"], ["enable"], ["sign-out"], ["reset-password"], ["pair"],
              ["delete", "--yes"]],
)  # fmt: skip
def test_whom_nobody_knows_is_named(blogen, words):
    ran = blogen.call("users", words[0], "nobody", *words[1:], code=2)
    assert "There is no person nobody." in ran.stderr


def test_a_token_ends_after_the_days_that_were_said(blogen):
    blogen.call("tokens", "create", "--scope", "reader", "--expires", "30")
    [token] = told(blogen, "tokens", "list")["items"]
    assert token["expires_at"]
    assert "valid until 20" in blogen.call("tokens", "list").stdout
    for wrong in ("0", "-1", "soon"):
        blogen.call("tokens", "create", "--scope", "reader", "--expires", wrong, code=2)


def test_a_password_is_hashed_at_the_cost_that_is_recommended(tmp_path):
    command = [sys.executable, ROOT / "run.py", "users", "create", "ann", "--data-dir", tmp_path]
    subprocess.run(command, input=PASSWORD, text=True, capture_output=True, check=True)  # here hashing is made cheap
    with closing(sqlite3.connect(tmp_path / "blogen.db")) as database:
        [(stored,)] = database.execute("SELECT password FROM people")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
