"""Devices: signed in with a secret that is stored nowhere, ended by whoever shows it twice."""

import asyncio
import random

import pytest

from blogen.domain.person import DeviceKind, Scope, TicketKind
from blogen.errors import InvalidInput, NotFound, NotSignedIn
from blogen.events import SecretReplayed
from blogen.store.devices import ACCESS_LASTS_MS, LASTS_MS, MAX_DEVICES
from blogen.store.secret_texts import new_family_text
from tests.store.accounts import open_accounts

BROWSER, APP = DeviceKind.BROWSER, DeviceKind.APP


@pytest.fixture
async def accounts(tmp_path):
    opened = await open_accounts(tmp_path)
    yield opened
    await opened.blog.database.close()


@pytest.fixture
def devices(accounts):
    return accounts.devices


async def test_a_browser_acts_for_its_person_and_its_secret_is_stored_nowhere(accounts, devices):
    ann = await accounts.person("ann", Scope.AUTHOR)
    device, secret = await devices.sign_in(ann.id, BROWSER, "Firefox")
    actor = await devices.by_cookie(secret)
    assert (actor.person_id, actor.device_id, actor.scope, actor.token_id) == (ann.id, device.id, Scope.AUTHOR, None)
    stored = await accounts.stored()
    assert secret not in stored
    assert secret[4:26] not in stored
    for wrong in (
        "",
        secret[:-1],
        secret + "x",
        secret.swapcase(),
        new_family_text("bls_"),
        "bls_",
        "\0" * 75,
        "é" * 75,
    ):
        assert await devices.by_cookie(wrong) is None


async def test_an_apps_refresh_secret_is_no_cookie_and_a_cookie_no_refresh_secret(accounts, devices):
    ann = await accounts.person()
    _, cookie = await devices.sign_in(ann.id, BROWSER, "Firefox")
    app = await devices.sign_in_app(ann.id, "Phone")
    assert await devices.by_cookie(app.refresh) is None
    assert await devices.rotate(cookie) is None
    assert await devices.by_cookie(cookie)
    assert await accounts.people.token_by_text(app.refresh) is None
    assert await accounts.people.token_by_text(cookie) is None


async def test_a_role_that_changes_holds_for_devices_at_once_and_a_scope_limits_an_app(accounts, devices):
    ann = await accounts.person("ann", Scope.AUTHOR)
    _, cookie = await devices.sign_in(ann.id, BROWSER, "Firefox")
    app = await devices.sign_in_app(ann.id, "Phone", scope=Scope.READER)
    assert (await accounts.people.token_by_text(app.access)).scope is Scope.READER
    await accounts.people.set_role("ann", Scope.ADMIN)
    assert (await devices.by_cookie(cookie)).scope is Scope.ADMIN
    assert (await devices.rotate(app.refresh)).device.scope is Scope.READER
    await accounts.people.set_role("ann", Scope.READER)
    assert (await devices.by_cookie(cookie)).scope is Scope.READER


async def test_a_refresh_secret_gives_the_next_and_an_access_token_that_lasts_an_hour(accounts, devices):
    ann = await accounts.person()
    first = await devices.sign_in_app(ann.id, "Phone")
    second = await devices.rotate(first.refresh)
    assert second.device.id == first.device.id
    assert len({first.refresh, second.refresh, first.access, second.access}) == 4
    for access in (first.access, second.access):
        assert (await accounts.people.token_by_text(access)).device_id == first.device.id
    accounts.clock.at += ACCESS_LASTS_MS
    assert await accounts.people.token_by_text(second.access) is None
    assert await devices.rotate(second.refresh)
    assert [token.id for token in await accounts.people.list_tokens()] == []


@pytest.mark.parametrize("turns", [1, 2, 5])
async def test_an_earlier_refresh_secret_ends_the_device_however_often_it_was_turned_since(accounts, devices, turns):
    ann = await accounts.person()
    first = latest = await devices.sign_in_app(ann.id, "Phone")
    other = await devices.sign_in_app(ann.id, "Tablet")
    for _ in range(turns):
        latest = await devices.rotate(latest.refresh)
    assert await devices.rotate(first.refresh) is None
    assert accounts.blog.heard == [SecretReplayed(first.device.id, ann.id)]
    assert await devices.rotate(latest.refresh) is None
    assert await accounts.people.token_by_text(latest.access) is None
    assert [device.id for device in await devices.of_person(ann.id)] == [other.device.id]


async def test_of_refreshes_side_by_side_one_is_answered_and_the_device_ends(accounts, devices):
    ann = await accounts.person()
    app = await devices.sign_in_app(ann.id, "Phone")
    answers = await asyncio.gather(*(devices.rotate(app.refresh) for _ in range(5)))
    [won] = [answer for answer in answers if answer]
    assert await devices.rotate(won.refresh) is None
    assert await devices.of_person(ann.id) == []


async def test_made_up_secrets_end_no_device(accounts, devices):
    ann = await accounts.person()
    app = await devices.sign_in_app(ann.id, "Phone")
    mistyped = app.refresh[:-1] + ("y" if app.refresh.endswith("x") else "x")
    for made_up in ("", "blr_", app.device.id, new_family_text("blr_"), mistyped, app.refresh[:26]):
        assert await devices.rotate(made_up) is None
    assert await devices.rotate(app.refresh)


async def test_an_app_keeps_few_access_tokens(accounts, devices):
    ann = await accounts.person()
    app = await devices.sign_in_app(ann.id, "Phone")
    for _ in range(10):
        app = await devices.rotate(app.refresh)
    [row] = await accounts.blog.database.read("SELECT count(*) AS n FROM tokens")
    assert row["n"] == 4
    assert await accounts.people.token_by_text(app.access)


@pytest.mark.parametrize("kind", [BROWSER, APP])
async def test_a_device_ends_when_it_is_long_unused_and_a_clock_set_back_revives_nothing(accounts, devices, kind):
    ann = await accounts.person()
    device, secret = await devices.sign_in(ann.id, kind, "Device")
    start = accounts.clock.at

    async def use():
        nonlocal secret
        if kind is BROWSER:
            return await devices.by_cookie(secret)
        answer = await devices.rotate(secret)
        secret = answer.refresh if answer else secret
        return answer

    accounts.clock.at = start + LASTS_MS[kind] - 1
    assert await use()
    await accounts.blog.database.write(lambda _tx: None)  # what was written aside stands before this
    accounts.clock.at += LASTS_MS[kind] - 1
    assert await use()
    await accounts.blog.database.write(lambda _tx: None)
    accounts.clock.at += LASTS_MS[kind]
    assert await devices.of_person(ann.id) == []
    assert await use() is None
    await accounts.blog.database.write(lambda _tx: None)
    accounts.clock.at = start
    assert await use() is None
    assert device.expires_at == start + LASTS_MS[kind]


async def test_one_ends_ones_own_devices_only(accounts, devices):
    ann, bob = await accounts.person("ann"), await accounts.person("bob")
    here, _ = await devices.sign_in(ann.id, BROWSER, "Here")
    _, there = await devices.sign_in(ann.id, BROWSER, "There")
    app = await devices.sign_in_app(ann.id, "Phone")
    bobs, bobs_secret = await devices.sign_in(bob.id, BROWSER, "Bob's")
    for wrong in (bobs.id, "", "nothing"):
        with pytest.raises(NotFound):
            await devices.revoke(wrong, person_id=ann.id)
    await devices.revoke(app.device.id, person_id=ann.id)
    assert await accounts.people.token_by_text(app.access) is None
    assert await devices.rotate(app.refresh) is None
    assert await devices.revoke_others(ann.id, here.id) == 1
    assert await devices.by_cookie(there) is None
    assert [device.id for device in await devices.of_person(ann.id)] == [here.id]
    assert await devices.by_cookie(bobs_secret)


async def test_a_new_sign_in_of_a_browser_ends_the_one_before(accounts, devices):
    ann, bob = await accounts.person("ann"), await accounts.person("bob")
    _, old = await devices.sign_in(ann.id, BROWSER, "Firefox")
    _, new = await devices.sign_in(bob.id, BROWSER, "Firefox", instead_of=old)
    assert await devices.by_cookie(old) is None
    assert (await devices.by_cookie(new)).person_id == bob.id
    _, newer = await devices.sign_in(ann.id, BROWSER, "Firefox", instead_of="bls_nonsense")
    assert await devices.by_cookie(new)
    assert await devices.by_cookie(newer)


async def test_a_person_has_so_many_devices_and_the_least_used_makes_room(accounts, devices):
    ann = await accounts.person()
    secrets = []
    for number in range(MAX_DEVICES):
        accounts.clock.at += 1
        secrets.append((await devices.sign_in(ann.id, BROWSER, f"Browser {number}"))[1])
    accounts.clock.at += 60_000
    assert await devices.by_cookie(secrets[0])
    await devices.sign_in(ann.id, BROWSER, "One more")
    assert len(await devices.of_person(ann.id)) == MAX_DEVICES
    assert await devices.by_cookie(secrets[0])
    assert await devices.by_cookie(secrets[1]) is None
    assert await devices.by_cookie(secrets[2])


async def test_who_is_disabled_is_signed_out_and_cannot_sign_in(accounts, devices):
    ann = await accounts.person()
    _, cookie = await devices.sign_in(ann.id, BROWSER, "Firefox")
    app = await devices.sign_in_app(ann.id, "Phone")
    code = await accounts.tickets.make(TicketKind.PAIRING, person_id=ann.id)
    await accounts.people.disable_person("ann")
    assert await devices.by_cookie(cookie) is None
    assert await devices.rotate(app.refresh) is None
    assert await accounts.people.token_by_text(app.access) is None
    with pytest.raises(NotSignedIn):
        await devices.sign_in(ann.id, BROWSER, "Firefox")
    with pytest.raises(InvalidInput):
        await devices.pair(code, "Phone")
    await accounts.people.enable_person("ann")
    assert await devices.by_cookie(cookie) is None
    assert await devices.sign_in(ann.id, BROWSER, "Firefox")


async def test_a_devices_name_is_one_line(accounts, devices):
    ann = await accounts.person()
    for name in ("", " ", "x" * 101, "a\nb", "a\u202eb", "\0"):
        with pytest.raises(InvalidInput):
            await devices.sign_in(ann.id, BROWSER, name)
    assert await devices.of_person(ann.id) == []


async def test_a_code_pairs_one_app_also_when_it_is_shown_side_by_side(accounts, devices):
    ann = await accounts.person()
    code = await accounts.tickets.make(TicketKind.PAIRING, person_id=ann.id)
    typed = f" {code.lower().replace('-', ' ')} ".replace("0", "o").replace("1", "l")
    answers = await asyncio.gather(*(devices.pair(typed, "Phone") for _ in range(5)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in answers) == ["AppTokens", *["InvalidInput"] * 4]
    assert len(await devices.of_person(ann.id)) == 1
    assert code not in await accounts.stored()


async def test_a_code_that_could_not_be_used_stays_good(accounts, devices):
    ann = await accounts.person()
    code = await accounts.tickets.make(TicketKind.PAIRING, person_id=ann.id)
    with pytest.raises(InvalidInput):
        await devices.pair(code, "\0")
    assert await devices.pair(code, "Phone")


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_people_do_exactly_the_devices_that_should_be_are_signed_in(accounts, devices, seed):
    """Sign-ins, refreshes, thefts, ends and closings in any order, against a model."""
    chance = random.Random(seed)
    everyone = [await accounts.person(handle, Scope.AUTHOR) for handle in ("ann", "bob", "cat")]
    live: dict[str, tuple[str, str]] = {}  # by device: whose it is, and its latest secret
    old: list[tuple[str, str]] = []  # refresh secrets that were used up, and their device
    for _ in range(80):
        person = chance.choice(everyone)
        theirs = [device for device, (owner, _) in live.items() if owner == person.id]
        match chance.choice(["browser", "app", "refresh", "refresh", "steal", "end", "others", "password", "disable"]):
            case "browser":
                device, secret = await devices.sign_in(person.id, BROWSER, "Browser")
                live[device.id] = (person.id, secret)
            case "app":
                app = await devices.sign_in_app(person.id, "App")
                live[app.device.id] = (person.id, app.refresh)
            case "refresh" if theirs:
                device = chance.choice(theirs)
                turned = await devices.rotate(live[device][1])
                assert (turned is not None) == live[device][1].startswith("blr_")
                if turned:
                    old.append((live[device][1], device))
                    live[device] = (person.id, turned.refresh)
            case "steal" if old:
                secret, device = chance.choice(old)
                assert await devices.rotate(secret) is None
                live.pop(device, None)
            case "end" if live:
                device = chance.choice(list(live))
                if live[device][0] == person.id:
                    await devices.revoke(device, person_id=person.id)
                    del live[device]
                else:
                    with pytest.raises(NotFound):
                        await devices.revoke(device, person_id=person.id)
            case "others" | "password" | "disable" as act:
                kept = chance.choice([*theirs, None])
                if act == "others":
                    await devices.revoke_others(person.id, kept)
                elif act == "password":
                    await accounts.people.set_password(person.id, "quite another horse", keep=kept)
                else:
                    kept = None
                    await accounts.people.disable_person(person.handle)
                    await accounts.people.enable_person(person.handle)
                live = {device: one for device, one in live.items() if one[0] != person.id or device == kept}
        for one in everyone:
            found = {device.id for device in await devices.of_person(one.id)}
            assert found == {device for device, (owner, _) in live.items() if owner == one.id}
    for owner, secret in live.values():
        is_cookie = secret.startswith("bls_")
        who = await devices.by_cookie(secret) if is_cookie else (await devices.rotate(secret)).device
        assert who.person_id == owner
