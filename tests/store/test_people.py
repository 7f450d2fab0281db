"""People and tokens: shown once, stored hashed, refused as soon as they should be."""

import asyncio

import pytest

from blogen.clock import SystemClock
from blogen.domain.person import Scope
from blogen.errors import BlogenError, Conflict, InvalidInput, NotFound
from blogen.store import people as people_module
from blogen.store.people import People, is_well_formed, new_token_text
from tests.blog import open_blog

PASSWORD = "correct horse battery"


class SetClock(SystemClock):
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.at = 1_760_000_000_000

    def now_ms(self) -> int:
        return self.at


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def people(blog, clock):
    return People(blog.database, clock)


async def stored(blog) -> str:
    rows = [*await blog.database.read("SELECT * FROM tokens"), *await blog.database.read("SELECT * FROM people")]
    return str([tuple(row) for row in rows])


async def test_a_token_acts_with_its_scope_and_its_text_is_stored_nowhere(blog, people):
    token, text = await people.create_token(Scope.AUTHOR, label="laptop")
    actor = await people.token_by_text(text)
    assert (actor.scope, actor.token_id, actor.person_id) == (Scope.AUTHOR, token.id, None)
    assert text not in await stored(blog)
    assert text[4:47] not in await stored(blog)
    assert [(one.id, one.label, one.scope) for one in await people.list_tokens()] == [
        (token.id, "laptop", Scope.AUTHOR)
    ]


async def test_every_token_text_is_different_and_well_formed():
    texts = {new_token_text() for _ in range(1000)}
    assert len(texts) == 1000
    assert all(text.startswith("blg_") and len(text) == 53 and is_well_formed(text) for text in texts)


async def test_a_mistyped_token_is_refused_without_asking_the_database(blog, people, monkeypatch):
    _, text = await people.create_token(Scope.READER)

    async def must_not_be_asked(*_args):
        raise AssertionError("the database was asked")

    monkeypatch.setattr(blog.database, "read_one", must_not_be_asked)
    for place in range(len(text)):
        mistyped = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]
        assert await people.token_by_text(mistyped) is None
    for other in ("", "blg_", text + "0", text[:-1], text.upper(), "ä" * 53, text.replace("blg_", "ghp_"), "\0" * 53):
        assert await people.token_by_text(other) is None


async def test_an_unknown_token_is_nobody(people):
    assert await people.token_by_text(new_token_text()) is None


async def test_a_revoked_token_ends_at_once_also_when_another_process_revokes_it(blog, people, clock):
    token, text = await people.create_token(Scope.AUTHOR)
    assert await people.token_by_text(text)
    other = People(blog.database, clock)  # what the command line would be
    revoked = await other.revoke_token(token.id)
    assert revoked.revoked_at is not None
    assert await people.token_by_text(text) is None
    assert (await people.revoke_token(token.id)).revoked_at == revoked.revoked_at
    with pytest.raises(NotFound):
        await people.revoke_token("nothing")


async def test_an_expired_token_does_not_revive_when_the_clock_is_set_back(blog, people, clock):
    start = clock.at
    _, text = await people.create_token(Scope.AUTHOR, expires_at=start + 1000)
    assert await people.token_by_text(text)
    clock.at = start + 1000
    assert await people.token_by_text(text) is None
    await blog.database.write(lambda _tx: None)  # what was written aside stands before this
    clock.at = start
    assert await people.token_by_text(text) is None
    with pytest.raises(InvalidInput):
        await people.create_token(Scope.AUTHOR, expires_at=clock.at)


async def test_the_last_use_is_noted_at_most_once_a_minute(blog, people, clock):
    _, text = await people.create_token(Scope.AUTHOR)
    start = clock.at
    noted = []
    for seconds in (0, 1, 59, 60, 61, 119, 120, 10_000):
        clock.at = start + seconds * 1000
        await asyncio.gather(*(people.token_by_text(text) for _ in range(5)))
        await blog.database.write(lambda _tx: None)
        noted.append(((await people.list_tokens())[0].last_used_at - start) // 1000)
    assert noted == [0, 0, 0, 60, 60, 60, 120, 10_000]
    clock.at = start - 3_600_000  # the machine's clock was set right
    await people.token_by_text(text)
    await blog.database.write(lambda _tx: None)
    assert (await people.list_tokens())[0].last_used_at == clock.at


async def test_the_memory_of_last_uses_is_bounded(people, monkeypatch):
    monkeypatch.setattr(people_module, "_NOTED_AT_ONCE", 3)
    for _ in range(10):
        _, text = await people.create_token(Scope.READER)
        assert await people.token_by_text(text)
    assert len(people._used_at) <= 3


async def test_a_token_that_cannot_be_noted_as_used_still_works(blog, people, monkeypatch):
    _, text = await people.create_token(Scope.AUTHOR)

    def full(_work):
        future = asyncio.get_running_loop().create_future()
        future.set_exception(BlogenError("the disk is full"))
        return future

    monkeypatch.setattr(blog.database, "write", full)
    assert (await people.token_by_text(text)).scope is Scope.AUTHOR


async def test_a_persons_token_can_do_no_more_than_the_person(people):
    await people.create_person("ann", "Ann", Scope.AUTHOR, PASSWORD)
    with pytest.raises(InvalidInput, match="only author"):
        await people.create_token(Scope.ADMIN, "ann")
    _, text = await people.create_token(Scope.READER, "ann")
    actor = await people.token_by_text(text)
    assert actor.scope is Scope.READER
    assert actor.person_id == (await people.list_people())[0].id
    with pytest.raises(NotFound):
        await people.create_token(Scope.READER, "nobody")


async def test_a_role_that_was_lowered_lowers_older_tokens(blog, people):
    await people.create_person("ann", "Ann", Scope.ADMIN, PASSWORD)
    _, text = await people.create_token(Scope.ADMIN, "ann")
    await blog.database.write(lambda tx: tx.execute("UPDATE people SET role = 'reader'"))
    assert (await people.token_by_text(text)).scope is Scope.READER


async def test_disabling_a_person_ends_their_tokens_and_password(people):
    await people.create_person("ann", "Ann", Scope.AUTHOR, PASSWORD)
    _, text = await people.create_token(Scope.AUTHOR, "ann")
    person = await people.disable_person("ann")
    assert person.disabled_at is not None
    assert await people.token_by_text(text) is None
    assert await people.verify_password("ann", PASSWORD) is None
    assert (await people.list_tokens())[0].revoked_at is not None
    assert (await people.disable_person("ann")).disabled_at == person.disabled_at
    with pytest.raises(Conflict):
        await people.create_token(Scope.READER, "ann")
    with pytest.raises(NotFound):
        await people.disable_person("nobody")


async def test_a_password_is_verified_and_stored_only_as_its_hash(blog, people):
    person = await people.create_person("ann", " Ann ", Scope.AUTHOR, PASSWORD)
    assert person.name == "Ann"
    assert (await people.verify_password("ann", PASSWORD)) == person
    for wrong in ("", "correct horse", PASSWORD + " ", "x" * 5000, "\udc80" * 10):
        assert await people.verify_password("ann", wrong) is None
    assert await people.verify_password("nobody", PASSWORD) is None
    assert PASSWORD not in await stored(blog)
    assert "$argon2id$" in await stored(blog)


async def test_an_account_that_cannot_be_made_is_refused_with_every_mistake(people):
    with pytest.raises(InvalidInput) as refused:
        await people.create_person("Ann Lee", "\0", Scope.AUTHOR, "short")
    assert [error.path for error in refused.value.errors] == ["handle", "name", "password"]
    assert "short" not in str(refused.value)
    for password in ("1234567", "x" * 1001, "\udc80" * 10):
        with pytest.raises(InvalidInput):
            await people.create_person("ann", "Ann", Scope.AUTHOR, password)
    assert await people.list_people() == []


async def test_a_handle_is_taken_once_also_side_by_side(people):
    made = await asyncio.gather(
        *(people.create_person("ann", f"Ann {number}", Scope.READER, PASSWORD) for number in range(3)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in made) == ["Conflict", "Conflict", "Person"]


async def test_a_label_that_is_too_long_is_refused(people):
    with pytest.raises(InvalidInput):
        await people.create_token(Scope.READER, label="x" * 101)
