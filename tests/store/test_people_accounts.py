"""What becomes of an account: its profile, its password, its end, and all that is kept of it."""

import asyncio
import json
from pathlib import Path

import pytest

from blogen.domain.accounts import ProfileChange
from blogen.domain.person import DeviceKind, Scope, TicketKind
from blogen.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound, TooManyAttempts
from blogen.events import AccountDeleted
from blogen.ids import new_id
from blogen.store import people as people_module
from blogen.store.belongings import BELONGINGS
from tests.store.accounts import PASSWORD, open_accounts

OTHER_PASSWORD = "quite another horse"


@pytest.fixture
async def accounts(tmp_path):
    opened = await open_accounts(tmp_path)
    yield opened
    await opened.blog.database.close()


@pytest.fixture
def people(accounts):
    return accounts.people


def change(**fields) -> ProfileChange:
    return ProfileChange.model_validate(fields)


async def count(accounts, sql: str, *params) -> int:
    [row] = await accounts.blog.database.read(f"SELECT count(*) AS n FROM {sql}", params)
    return row["n"]


# Names and addresses


async def test_only_what_is_named_is_changed(accounts, people):
    ann = await accounts.person(email="ann@example.com")
    changed = await people.change_profile(ann.id, change(bio="I read.\r\nMuch."))
    assert (changed.name, changed.bio, changed.email) == ("Ann", "I read.\nMuch.", "ann@example.com")
    changed = await people.change_profile(ann.id, change(name="Ann Lee", hides_unreviewed=True, email=None))
    assert (changed.name, changed.bio, changed.email, changed.hides_unreviewed) == (
        "Ann Lee", "I read.\nMuch.", None, True,
    )  # fmt: skip
    assert await people.by_id(ann.id) == changed
    with pytest.raises(NotFound):
        await people.change_profile(new_id(), change(bio="x"))


async def test_of_two_changes_from_the_same_look_the_second_is_refused(accounts, people):
    ann = await accounts.person()
    answers = await asyncio.gather(
        *(people.change_profile(ann.id, change(bio=f"{n}"), seen=ann.version) for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in answers) == [*["ChangedMeanwhile"] * 3, "Person"]
    now = await people.by_id(ann.id)
    assert now.version > ann.version
    same = await people.change_profile(ann.id, change(bio=now.bio), seen=now.version)
    assert same == now
    await people.set_avatar(ann.id, None)
    with pytest.raises(ChangedMeanwhile):
        await people.change_profile(ann.id, change(bio="x"), seen=now.version)


async def test_an_address_belongs_to_the_first_who_gives_it_until_they_give_it_up(accounts, people):
    ann = await accounts.person("ann", email="Both@Example.com")
    bob = await accounts.person("bob", email="both@example.com")
    assert bob.email == ann.email == "both@example.com"
    assert (await people.by_email("BOTH@example.com")).id == ann.id
    await people.set_password(bob.id, OTHER_PASSWORD)
    assert (await people.verify_password("both@example.com", PASSWORD)).id == ann.id
    assert (await people.verify_password("both@example.com", OTHER_PASSWORD)).id == bob.id
    await people.disable_person("ann")
    assert await people.by_email("both@example.com") is None
    await people.change_profile(ann.id, change(email="ann@example.com"))
    assert await people.by_email("both@example.com") is None
    await people.change_profile(bob.id, change(email="both@example.com"))
    assert (await people.by_email("both@example.com")).id == bob.id
    assert await people.by_email("ann@example.com") is None  # disabled
    for nobody in ("", "ann", "no@body.de", "\0", "both@example.com\n"):
        found = await people.by_email(nobody)
        assert found is None or nobody.strip() == "both@example.com"


async def test_an_address_with_a_name_of_its_own_script_is_kept_in_ascii(accounts, people):
    ann = await accounts.person(email="ann@bücher.example")
    assert ann.email == "ann@xn--bcher-kva.example"
    assert (await people.by_email("ann@BÜCHER.example")).id == ann.id


# Registering


async def test_an_invitation_is_used_up_with_the_account_that_it_makes_or_not_at_all(accounts, people):
    await accounts.person("ann")
    invitation = await accounts.tickets.make(TicketKind.INVITATION, role=Scope.AUTHOR)
    ticket = (TicketKind.INVITATION, invitation)
    with pytest.raises(Conflict):
        await people.register("ann", "Ann", PASSWORD, ticket=ticket)
    with pytest.raises(InvalidInput):
        await people.register("eve", "\0", PASSWORD, ticket=ticket)
    made = await asyncio.gather(
        *(people.register(f"bob{n}", "Bob", PASSWORD, ticket=ticket) for n in range(4)), return_exceptions=True
    )
    [bob] = [one for one in made if not isinstance(one, Exception)]
    assert bob.role is Scope.AUTHOR
    assert {type(one) for one in made if isinstance(one, Exception)} == {InvalidInput}
    assert [person.handle for person in await people.list_people()] == ["ann", bob.handle]


async def test_the_set_up_link_makes_an_admin_and_a_plain_registration_a_reader(accounts, people):
    text = await accounts.tickets.make(TicketKind.SET_UP)
    assert (await people.register("ada", "Ada", PASSWORD, ticket=(TicketKind.SET_UP, text))).role is Scope.ADMIN
    assert (await people.register("bob", "Bob", PASSWORD)).role is Scope.READER


# Passwords


async def test_a_reset_link_sets_one_password_and_signs_everything_out(accounts, people):
    ann = await accounts.person()
    _, cookie = await accounts.devices.sign_in(ann.id, DeviceKind.BROWSER, "Firefox")
    code = await accounts.tickets.make(TicketKind.PAIRING, person_id=ann.id)
    text = await accounts.tickets.make(TicketKind.RESET, person_id=ann.id)
    with pytest.raises(InvalidInput):
        await people.reset_password(text, "short")
    assert (await people.reset_password(text, OTHER_PASSWORD)).handle == "ann"
    assert await people.verify_password("ann", PASSWORD) is None
    assert await people.verify_password("ann", OTHER_PASSWORD)
    assert await accounts.devices.by_cookie(cookie) is None
    with pytest.raises(InvalidInput):
        await accounts.devices.pair(code, "Phone")
    with pytest.raises(InvalidInput):
        await people.reset_password(text, PASSWORD)


async def test_two_who_hold_the_same_reset_link_set_one_password(accounts, people):
    ann = await accounts.person()
    text = await accounts.tickets.make(TicketKind.RESET, person_id=ann.id)
    passwords = [f"{OTHER_PASSWORD} {n}" for n in range(4)]
    answers = await asyncio.gather(*(people.reset_password(text, one) for one in passwords), return_exceptions=True)
    assert sorted(type(one).__name__ for one in answers) == [*["InvalidInput"] * 3, "Person"]
    fitting = [one for one in passwords if await people.password_is(ann.id, one)]
    assert fitting == [passwords[[isinstance(one, InvalidInput) for one in answers].index(False)]]


async def test_a_new_password_keeps_the_device_that_sets_it_and_ends_reset_links(accounts, people):
    ann = await accounts.person()
    here, cookie = await accounts.devices.sign_in(ann.id, DeviceKind.BROWSER, "Firefox")
    app = await accounts.devices.sign_in_app(ann.id, "Phone")
    link = await accounts.tickets.make(TicketKind.RESET, person_id=ann.id)
    await people.set_password(ann.id, OTHER_PASSWORD, keep=here.id)
    assert await accounts.devices.by_cookie(cookie)
    assert await people.token_by_text(app.access) is None
    with pytest.raises(InvalidInput):
        await people.reset_password(link, PASSWORD)
    for wrong in ("", "1234567", "x" * 1001, "\udc80" * 10):
        with pytest.raises(InvalidInput):
            await people.set_password(ann.id, wrong)
    with pytest.raises(NotFound):
        await people.set_password(new_id(), OTHER_PASSWORD)


async def test_the_wrong_or_an_impossible_password_is_not_ones_own(accounts, people):
    ann = await accounts.person()
    assert await people.password_is(ann.id, PASSWORD)
    for wrong in ("", OTHER_PASSWORD, "x" * 5000, "\udc80" * 10):
        assert not await people.password_is(ann.id, wrong)
    assert not await people.password_is(new_id(), PASSWORD)
    await people.disable_person("ann")
    assert not await people.password_is(ann.id, PASSWORD)


async def test_a_flood_of_sign_ins_is_cut_off_and_the_next_one_comes_in(accounts, people):
    await accounts.person()
    answers = await asyncio.gather(
        *(people.verify_password("ann", "wrong") for _ in range(100)), return_exceptions=True
    )
    assert {type(one) for one in answers} == {type(None), TooManyAttempts}
    assert await people.verify_password("ann", PASSWORD)


# Leaving


async def lively(accounts, handle: str, posts: list[str]) -> str:
    """A person with a row of every kind; their id."""
    person = await accounts.person(handle, email=f"{handle}@example.com")
    await accounts.devices.sign_in(person.id, DeviceKind.BROWSER, f"{handle}'s browser")
    await accounts.devices.sign_in_app(person.id, f"{handle}'s phone")
    await accounts.people.create_token(Scope.READER, handle, label=f"{handle}'s script")
    await accounts.tickets.make(TicketKind.RESET, person_id=person.id)

    def work(tx):
        me = person.id
        for post in posts:
            tx.execute("INSERT INTO likes VALUES (?, ?, 1)", (me, post))
            tx.execute("UPDATE posts SET likes = likes + 1 WHERE id = ?", (post,))
            tx.execute("INSERT INTO bookmarks VALUES (?, ?, 'later', 1)", (me, post))
            tx.execute("INSERT INTO reading_progress VALUES (?, ?, 'b1', 0.5, 1)", (me, post))
        tx.execute("INSERT INTO author_follows SELECT ?, id, 1 FROM authors", (me,))
        tx.execute("UPDATE authors SET followers = followers + 1")
        tx.execute("INSERT INTO tag_follows VALUES (?, 'tea', 1)", (me,))
        tx.execute(
            "INSERT INTO tag_counts (tag, followers) VALUES ('tea', 1)"
            " ON CONFLICT (tag) DO UPDATE SET followers = followers + 1"
        )
        comment = new_id()
        tx.execute(
            "INSERT INTO comments (id, post_id, person_id, markdown, html, state, created_at)"
            " VALUES (?, ?, ?, ?, '', 'shown', 1)",
            (comment, posts[0], me, f"{handle} says"),
        )
        tx.execute("UPDATE posts SET comments = comments + 1 WHERE id = ?", (posts[0],))
        tx.execute(
            "INSERT INTO notifications (id, person_id, kind, source, by_id, created_at)"
            " VALUES (?, ?, 'reply', 's', ?, 1)",
            (new_id(), me, me),
        )
        for other in tx.query("SELECT id FROM people WHERE id <> ?", (me,)):
            tx.execute("INSERT INTO aversions VALUES (?, ?, 'mute', 1)", (me, other["id"]))
        tx.execute(
            "INSERT INTO reports (id, person_id, post_id, note, created_at) VALUES (?, ?, ?, ?, 1)",
            (new_id(), me, posts[0], f"{handle} reports"),
        )
        tx.execute(
            "INSERT INTO push_subscriptions (id, person_id, endpoint, p256dh, auth, created_at)"
            " VALUES (?, ?, ?, ?, ?, 1)",
            (new_id(), me, f"https://push.example/{handle}", "p" * 87, "a" * 22),
        )
        tx.execute(
            "INSERT INTO passkeys (id, person_id, public_key, sign_count, name, created_at)"
            " VALUES (?, ?, x'00', 0, ?, 1)",
            (handle, me, f"{handle}'s key"),
        )

    await accounts.blog.database.write(work)
    return person.id


async def posts_of(accounts) -> list[str]:
    for title in ("One", "Two"):
        await accounts.blog.publish(title, tags=["tea"])
    return [row["id"] for row in await accounts.blog.database.read("SELECT id FROM posts ORDER BY number")]


async def test_who_leaves_takes_all_along_but_their_comments_and_the_counts_are_right(accounts, people):
    posts = await posts_of(accounts)
    ann, bob = await lively(accounts, "ann", posts), await lively(accounts, "bob", posts[:1])
    await people.delete_account(ann)
    assert AccountDeleted(ann, "ann") in accounts.blog.heard
    read = accounts.blog.database.read
    assert [tuple(row) for row in await read("SELECT likes, comments FROM posts ORDER BY number")] == [(1, 2), (0, 0)]
    assert [row["followers"] for row in await read("SELECT followers FROM authors")] == [1]
    assert [row["followers"] for row in await read("SELECT followers FROM tag_counts WHERE tag = 'tea'")] == [1]
    for one in BELONGINGS:
        [row] = await read(f"SELECT count(*) AS n FROM {one.source} WHERE {one.owner} = ?", (ann,))
        assert row["n"] == 0, one.name
        [row] = await read(f"SELECT count(*) AS n FROM {one.source} WHERE {one.owner} = ?", (bob,))
        assert row["n"] > 0 or one.name == "blocked_and_muted", one.name
    assert [tuple(row) for row in await read("SELECT person_id, markdown FROM comments ORDER BY id")] == [
        (None, "ann says"), (bob, "bob says"),
    ]  # fmt: skip
    assert await count(accounts, "tickets WHERE person_id = ?", ann) == 0
    assert "ann@example.com" not in await accounts.stored()
    with pytest.raises(NotFound):
        await people.delete_account(ann)
    assert (await accounts.person("ann", email="ann@example.com")).id != ann


async def test_everything_of_a_person_comes_in_pieces_and_is_theirs_alone(accounts, people, monkeypatch):
    monkeypatch.setattr(people_module, "_ROWS_A_PIECE", 1)
    posts = await posts_of(accounts)
    ann, _bob = await lively(accounts, "ann", posts), await lively(accounts, "bob", posts[:1])
    told: dict[str, list] = {}
    async for name, rows in people.everything_of(ann):
        assert len(rows) <= 1
        told.setdefault(name, []).extend(rows)
    assert list(told) == [one.name for one in BELONGINGS]
    assert sorted(row["post"] for row in told["likes"]) == ["one", "two"]
    assert {device["name"] for device in told["devices"]} == {"ann's browser", "ann's phone"}
    assert told["comments"][0]["markdown"] == "ann says"
    assert all(told[name] for name in told if name != "blocked_and_muted")
    text = json.dumps(told)
    assert "bob" not in text
    for secret in ("argon2", "hash", "family", "p256dh", "public_key", "mailbox"):
        assert secret not in text


async def test_no_statement_about_a_person_scans_or_sorts(accounts):
    for one in BELONGINGS:
        for after in (None, ["x"] * len(one.key)):
            sql, params = one.piece("p", after, 5)
            plan = [row["detail"] for row in await accounts.blog.database.read(f"EXPLAIN QUERY PLAN {sql}", params)]
            assert not [line for line in plan if line.startswith("SCAN") or "TEMP B-TREE" in line], (one.name, plan)
    for sql in people_module._UNCOUNT:
        plan = [row["detail"] for row in await accounts.blog.database.read(f"EXPLAIN QUERY PLAN {sql}", ("p",))]
        assert not [line for line in plan if line.startswith("SCAN") or "TEMP B-TREE" in line], (sql, plan)


async def test_deleting_a_person_finds_every_row_by_an_index(accounts):
    """A foreign key without an index makes the deletion of one account read a whole table."""
    read = accounts.blog.database.read
    for table in await read("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%REFERENCES people%'"):
        for key in await read(f"PRAGMA foreign_key_list({table['name']})"):
            if key["table"] == "people":
                plan = await read(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table['name']} WHERE {key['from']} = 'x'")
                assert all(row["detail"].startswith("SEARCH") for row in plan), (table["name"], key["from"])


# Pictures


async def pictured(accounts, people, handle: str, content: bytes = b"a picture") -> tuple[str, Path]:
    person = await accounts.person(handle)
    medium = await accounts.blog.media.add(content, "image/webp")
    await people.set_avatar(person.id, medium.name)
    return person.id, accounts.blog.media.open(medium.name).path


async def test_a_picture_goes_with_the_account(accounts, people):
    ann, path = await pictured(accounts, people, "ann")
    assert path.read_bytes() == b"a picture"
    await people.delete_account(ann)
    assert not path.exists()


async def test_a_new_picture_takes_the_place_of_the_old_one_and_the_same_one_stays(accounts, people):
    ann, path = await pictured(accounts, people, "ann")
    await people.set_avatar(ann, path.name)
    assert path.exists()
    other = await accounts.blog.media.add(b"another", "image/webp")
    await people.set_avatar(ann, other.name)
    assert not path.exists()
    assert accounts.blog.media.open(other.name).path.exists()


async def test_a_picture_that_somebody_else_shows_stays(accounts, people):
    ann, path = await pictured(accounts, people, "ann")
    bob, _ = await pictured(accounts, people, "bob")
    await people.delete_account(ann)
    assert path.exists()
    await people.set_avatar(bob, None)
    assert not path.exists()


async def test_the_same_picture_stored_and_dropped_at_once_is_whole_or_refused(accounts, people):
    ann, path = await pictured(accounts, people, "ann")
    bob = await accounts.person("bob")
    for _ in range(20):
        medium = await accounts.blog.media.add(b"a picture", "image/webp")
        await people.set_avatar(ann, medium.name)

        async def take() -> None:
            medium = await accounts.blog.media.add(b"a picture", "image/webp")
            await people.set_avatar(bob.id, medium.name)

        await asyncio.gather(people.set_avatar(ann, None), take(), return_exceptions=True)
        shown = (await people.by_id(bob.id)).avatar
        assert shown is None or path.exists()
        await people.set_avatar(bob.id, None)


async def test_a_picture_that_is_gone_is_not_shown(accounts, people):
    ann = await accounts.person("ann")
    with pytest.raises(ChangedMeanwhile):
        await people.set_avatar(ann.id, f"{'0' * 64}.webp")
