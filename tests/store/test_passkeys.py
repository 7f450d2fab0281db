"""Passkeys: whose they are, how many, and that one count is good once."""

import asyncio

import pytest

from blogen.clock import SystemClock
from blogen.domain.person import Scope
from blogen.errors import Conflict, InvalidInput, NotFound
from blogen.store.passkeys import MAX_PASSKEYS, Passkeys
from blogen.store.people import People
from tests.blog import open_blog

PASSWORD = "correct horse battery"


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


@pytest.fixture
def passkeys(blog):
    return Passkeys(blog.database)


@pytest.fixture
async def ann(blog):
    return await People(blog.database, SystemClock()).create_person("ann", "Ann", Scope.READER, PASSWORD)


@pytest.fixture
async def bob(blog):
    return await People(blog.database, SystemClock()).create_person("bob", "Bob", Scope.READER, PASSWORD)


async def test_a_key_is_found_by_its_id_and_by_its_person(passkeys, ann, bob):
    added = await passkeys.add(ann.id, "key-1", b"\x01\x02", 0, "  Phone ")
    assert added.name == "Phone"
    assert await passkeys.by_id("key-1") == added
    assert await passkeys.of_person(ann.id) == [added]
    assert await passkeys.of_person(bob.id) == []
    assert await passkeys.by_id("key-2") is None


async def test_a_key_that_is_known_is_not_taken_by_another(passkeys, ann, bob):
    await passkeys.add(ann.id, "key-1", b"\x01", 0, "Phone")
    with pytest.raises(Conflict):
        await passkeys.add(bob.id, "key-1", b"\x02", 0, "Mine")
    assert (await passkeys.by_id("key-1")).person_id == ann.id


async def test_nobody_has_more_than_some(passkeys, ann, bob):
    for number in range(MAX_PASSKEYS):
        await passkeys.add(ann.id, f"key-{number}", b"\x01", 0, f"Phone {number}")
    with pytest.raises(Conflict):
        await passkeys.add(ann.id, "one-more", b"\x01", 0, "Phone")
    await passkeys.add(bob.id, "one-more", b"\x01", 0, "Phone")


async def test_a_count_is_good_once(passkeys, ann):
    key = await passkeys.add(ann.id, "key-1", b"\x01", 4, "Phone")
    outcomes = await asyncio.gather(*(passkeys.note_use(key, 5) for _ in range(5)), return_exceptions=True)
    assert [outcome for outcome in outcomes if outcome is None] == [None]
    assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome is not None)
    used = await passkeys.by_id("key-1")
    assert used.sign_count == 5
    assert used.last_used_at is not None


async def test_keys_that_do_not_count_can_be_used_again(passkeys, ann):
    key = await passkeys.add(ann.id, "key-1", b"\x01", 0, "Phone")
    for _ in range(3):
        await passkeys.note_use(key, 0)


async def test_nobody_removes_the_key_of_another(passkeys, ann, bob):
    await passkeys.add(ann.id, "key-1", b"\x01", 0, "Phone")
    with pytest.raises(NotFound):
        await passkeys.remove(bob.id, "key-1")
    await passkeys.remove(ann.id, "key-1")
    assert await passkeys.by_id("key-1") is None


async def test_the_keys_of_a_disabled_account_let_nobody_in(blog, passkeys, ann):
    await passkeys.add(ann.id, "key-1", b"\x01", 0, "Phone")
    await People(blog.database, SystemClock()).disable_person("ann")
    assert await passkeys.by_id("key-1") is None
    with pytest.raises(NotFound):
        await passkeys.add(ann.id, "key-2", b"\x01", 0, "Phone")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x00b", "a\u202eb"])
async def test_a_name_is_one_short_line(passkeys, ann, name):
    with pytest.raises(InvalidInput):
        await passkeys.add(ann.id, "key-1", b"\x01", 0, name)
