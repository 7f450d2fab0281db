"""One's own account: every form of /me, what it keeps, what it refuses, and that nobody reaches into another's."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image

from blogen import attempts
from blogen.attempts import PICTURES_OF_PERSON
from blogen.domain.person import DeviceKind, Scope, TicketKind
from blogen.errors import InvalidInput
from blogen.events import RequestCrashed
from blogen.web.people import forms
from tests.web.people import COOKIE, PASSWORD, PeopleSite, open_people_site


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[PeopleSite]:
    async with open_people_site(tmp_path, auth={"sign_up": "open"}) as opened:
        await opened.person()
        yield opened


async def test_a_profile_is_changed_and_shown(site):
    browser = await site.signed_in()
    fields = {"name": "Ann <Lee>", "bio": "Tea.\n\n  And <b>more</b> tea."}
    answer = await browser.submit("/me/profile", fields, page="/me")
    assert answer.location == "/me?said=profile"
    me = await browser.get(answer.location)
    assert "Your profile is saved." in me.words
    assert "Ann &lt;Lee&gt;" in me.text
    assert me.forms["/me/profile"]["bio"] == fields["bio"]
    assert (await site.people.by_handle("ann")).name == "Ann <Lee>"


async def test_posts_that_nobody_reviewed_can_be_left_out_and_taken_back_in(site):
    browser = await site.signed_in()
    answer = await browser.submit("/me/reading", {"hides_unreviewed": "yes"}, page="/me")
    assert answer.location == "/me?said=seen#seen"
    assert (await browser.form("/me", "/me/reading"))["hides_unreviewed"] == "yes"
    assert (await site.people.by_handle("ann")).hides_unreviewed
    form = await browser.form("/me", "/me/reading")
    del form["hides_unreviewed"]
    await browser.post("/me/reading", form)
    assert not (await site.people.by_handle("ann")).hides_unreviewed


async def test_a_profile_that_cannot_be_is_shown_again_as_it_was_typed(site):
    browser = await site.signed_in()
    answer = await browser.submit("/me/profile", {"name": "a\u202eb", "bio": "x" * 2001}, page="/me")
    assert answer.status == 422
    assert answer.forms["/me/profile"]["bio"] == "x" * 2001
    assert 'id="profile-name-wrong"' in answer.text
    assert 'id="profile-bio-wrong"' in answer.text
    assert (await site.people.by_handle("ann")).name == "Ann"


async def test_what_a_form_does_not_have_cannot_be_set_by_it(site):
    """Mass assignment."""
    browser = await site.signed_in()
    more = {"role": "admin", "is_trusted": "1", "email": "e@x.example", "handle": "root", "id": "1", "version": "9"}
    await browser.submit("/me/profile", {"name": "Ann", "bio": ""} | more, page="/me")
    person = await site.people.by_handle("ann")
    assert (person.role, person.is_trusted, person.email) == (Scope.READER, False, None)


async def test_a_new_address_and_a_new_password_need_the_old_password(site):
    browser = await site.signed_in()
    for path, fields in (
        ("/me/email", {"email": "eve@x.example"}),
        ("/me/password", {"new_password": "another password"}),
        ("/me/delete", {}),
    ):
        answer = await browser.submit(path, fields | {"password": "not this"}, page="/me")
        assert answer.status == 422, path
        assert "That is not your password." in answer.words
        assert "another password" not in answer.text
    person = await site.people.by_handle("ann")
    assert person.email is None
    assert await site.people.password_is(person.id, PASSWORD)


async def test_an_address_is_set_and_taken_away(site):
    browser = await site.signed_in()
    answer = await browser.submit("/me/email", {"email": " Ann@Example.com ", "password": PASSWORD}, page="/me")
    assert answer.location == "/me?said=email#signing-in"
    assert (await site.people.by_handle("ann")).email == "ann@example.com"
    wrong = await browser.submit("/me/email", {"email": "a@b", "password": PASSWORD}, page="/me")
    assert wrong.status == 422
    assert 'id="email-email-wrong"' in wrong.text
    await browser.submit("/me/email", {"email": "", "password": PASSWORD}, page="/me")
    assert (await site.people.by_handle("ann")).email is None


async def test_a_new_password_signs_everyone_else_out_and_changes_the_cookie(site):
    browser, other = await site.signed_in(), await site.signed_in()
    before = browser.cookies[COOKIE]
    fields = {"password": PASSWORD, "new_password": "quite another horse"}
    answer = await browser.submit("/me/password", fields, page="/me")
    assert answer.location == "/me?said=password#signing-in"
    assert browser.cookies[COOKIE] != before
    assert (await browser.get("/me")).status == 200
    assert (await other.get("/me")).location == "/login"
    short = await browser.submit(
        "/me/password", {"password": "quite another horse", "new_password": "short"}, page="/me"
    )
    assert short.status == 422
    assert 'id="password-new_password-wrong"' in short.text


async def test_who_guesses_the_password_at_an_open_browser_is_stopped(site):
    browser = await site.signed_in()
    statuses = [
        (await browser.submit("/me/delete", {"password": f"guess {number}"}, page="/me")).status for number in range(11)
    ]
    assert statuses == [422] * 10 + [429]
    assert (await browser.submit("/me/delete", {"password": PASSWORD}, page="/me")).status == 429
    assert await site.people.by_handle("ann") is not None


def picture(size: tuple[int, int], kind: str = "PNG", mode: str = "RGB") -> bytes:
    buffer = BytesIO()
    image = Image.new(mode, size, "tomato" if mode == "RGB" else 1)
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    image.save(buffer, kind, exif=exif)
    return buffer.getvalue()


async def test_a_picture_is_made_anew_small_and_square(site):
    browser = await site.signed_in()
    answer = await browser.upload("/me/avatar", {}, picture((900, 300), "JPEG"))
    assert answer.location == "/me?said=avatar#profile"
    me = await browser.get("/me")
    [address] = re.findall(r'<img class="avatar" src="([^"]+)"', me.text)
    shown = await browser.get(address)
    assert shown.headers["Content-Type"] == "image/webp"
    assert b"secret" not in shown.body
    with Image.open(BytesIO(shown.body)) as image:
        assert image.size[0] == image.size[1] <= 512
    form = await browser.form("/me", "/me/avatar")
    await browser.upload("/me/avatar", form | {"remove": "1"}, b"")
    assert (await site.people.by_handle("ann")).avatar is None
    assert (await browser.get(address)).status == 404


async def test_pictures_are_not_changed_without_end(site):
    browser = await site.signed_in()
    for _ in range(PICTURES_OF_PERSON.at_most):
        assert (await browser.upload("/me/avatar", {}, picture((9, 9)))).status == 303
    answer = await browser.upload("/me/avatar", {}, picture((9, 9)))
    assert (answer.status, int(answer.headers["Retry-After"]) > 0) == (429, True)
    assert "Try again later" in answer.text


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"\x89PNG\r\n\x1a\n" + b"x" * 99,
     b"<html>", lambda: picture((9000, 9000), mode="1")],
    ids=["nothing", "half a GIF", "SVG", "broken", "HTML", "a bomb"],
)  # fmt: skip
async def test_what_is_no_picture_is_refused_beside_the_field(site, content):
    browser = await site.signed_in()
    answer = await browser.upload("/me/avatar", {}, content() if callable(content) else content)
    assert answer.status == 422
    assert 'id="avatar-picture-wrong"' in answer.text
    assert (await site.people.by_handle("ann")).avatar is None


async def test_an_upload_beyond_the_limit_is_not_read(site):
    answer = await (await site.signed_in()).upload("/me/avatar", {}, b"x" * 11_000_000)
    assert answer.status == 413


async def test_an_upload_without_a_token_changes_nothing(site):
    browser = await site.signed_in()
    answer = await browser.upload("/me/avatar", {"form": "0" * 64}, picture((10, 10)))
    assert answer.status == 403
    assert (await site.people.by_handle("ann")).avatar is None


@pytest.mark.filterwarnings("ignore")  # the parser warns of headers that it cannot read
async def test_a_broken_upload_is_refused_and_is_no_defect(site, monkeypatch):
    monkeypatch.setattr(attempts, "PICTURES_OF_PERSON", PICTURES_OF_PERSON._replace(at_most=10_000))
    browser = await site.signed_in()
    token = (await browser.form("/me", "/logout"))["form"]
    whole = (
        f'--xx\r\nContent-Disposition: form-data; name="form"\r\n\r\n{token}\r\n'
        '--xx\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\nContent-Encoding: gzip\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--xx--\r\n"
    ).encode()
    chance = random.Random(5)
    kinds = ["multipart/form-data; boundary=xx", "multipart/form-data", "multipart/form-data; boundary=",
             f'multipart/form-data; boundary="{"x" * 80}"']  # fmt: skip
    more = [b"\r\n", b"--xx", b"\x00", b"--xx--", b"Content-Type: multipart/mixed; boundary=yy\r\n",
            b"Content-Length: 5\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n"]  # fmt: skip
    statuses = set()
    for number in range(150):
        body = bytearray(whole)
        for _ in range(chance.randint(0, 4)):
            place = chance.randrange(len(body))
            body[place : place + chance.randint(0, 30)] = chance.choice([b"", chance.randbytes(1), *more])
        kind = kinds[0] if number % 10 else chance.choice(kinds)
        statuses.add((await browser.post("/me/avatar", bytes(body), **{"Content-Type": kind})).status)
    assert statuses == {403, 422}
    assert [event for event in site.blog.heard if isinstance(event, RequestCrashed)] == []


async def test_a_body_that_does_not_come_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(forms, "_BODY_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection(site.client.host, site.client.port)
    head = "POST /login HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: 500\r\n\r\nform="
    writer.write(head.encode())
    async with asyncio.timeout(20):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()


async def test_devices_are_listed_and_ended(site):
    here, there, third = await site.signed_in(), await site.signed_in(), await site.signed_in()
    me = await here.get("/me")
    assert me.text.count("this one") == 1
    ids = re.findall(r'action="/me/devices/revoke">.*?name="id" value="([^"]+)"', me.text, re.S)
    assert len(ids) == 2
    answer = await here.submit("/me/devices/revoke", {"id": ids[0]}, page="/me")
    assert answer.location == "/me?said=device#devices"
    left = [(await browser.get("/me")).status for browser in (here, there, third)]
    assert sorted(left) == [200, 200, 303]
    assert left[0] == 200
    await here.submit("/me/devices/revoke-others", page="/me")
    assert [(await browser.get("/me")).status for browser in (here, there, third)] == [200, 303, 303]


async def test_nobody_ends_or_removes_what_is_anothers(site):
    bob = await site.person("bob")
    bobs, _ = await site.devices.sign_in(bob.id, DeviceKind.BROWSER, "Bob's")
    await site.passkeys.add(bob.id, "key-1", b"\x01", 0, "Bob's")
    ann = await site.signed_in()
    token = (await ann.form("/me", "/logout"))["form"]
    for path, what in (("/me/devices/revoke", bobs.id), ("/me/passkeys/remove", "key-1")):
        answer = await ann.post(path, {"form": token, "id": what})
        assert answer.status == 404
        nothing = await ann.post(path, {"form": token, "id": "nothing"})
        assert (nothing.status, nothing.words) == (404, answer.words), "that it exists is not told"
    assert [device.id for device in await site.devices.of_person(bob.id)] == [bobs.id]
    assert await site.passkeys.by_id("key-1")


async def test_a_pairing_code_is_shown_once_and_pairs_an_app(site):
    browser = await site.signed_in()
    answer = await browser.submit("/me/pairing", page="/me")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    [code] = re.findall(r"<code>([0-9A-Z]{4}-[0-9A-Z]{4})</code>", answer.text)
    assert code not in (await browser.get("/me")).text
    await site.devices.pair(code, "Ann's phone")
    assert "Ann&#39;s phone" in (await browser.get("/me")).text
    with pytest.raises(InvalidInput):
        await site.devices.pair(code, "Eve's phone")


async def test_only_admins_invite(site):
    browser = await site.signed_in()
    me = await browser.get("/me")
    assert "/me/invitations" not in me.forms
    token = me.forms["/logout"]["form"]
    answer = await browser.post("/me/invitations", {"form": token, "role": "admin", "note": ""})
    assert answer.status == 403
    await site.people.set_role("ann", Scope.ADMIN)
    for wrong in ({"role": "owner", "note": ""}, {"role": "reader", "note": "x" * 201}):
        assert (await browser.post("/me/invitations", {"form": token} | wrong)).status == 422


async def test_all_that_is_kept_comes_as_one_file_of_json(site):
    browser = await site.signed_in()
    await browser.submit("/me/profile", {"name": 'Ann "L" </script>', "bio": "é\n"}, page="/me")
    await site.person("bob")
    answer = await browser.get("/me/data.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="blogen-ann.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    told = json.loads(answer.body)
    [account] = told["account"]
    assert account["name"] == 'Ann "L" </script>'
    assert {"devices", "likes", "comments", "bookmarks", "passkeys"} <= told.keys()
    assert browser.cookies[COOKIE] not in answer.text
    assert "argon2" not in answer.text
    assert "bob" not in answer.text


async def test_an_account_is_deleted_for_good(site):
    browser = await site.signed_in()
    answer = await browser.submit("/me/delete", {"password": PASSWORD}, page="/me")
    assert answer.status == 200
    assert "Your account is gone" in answer.words
    assert COOKIE not in browser.cookies
    assert await site.people.by_handle("ann") is None
    assert (await site.browser().submit("/login", {"login": "ann", "password": PASSWORD})).status == 422


async def test_deleting_twice_at_once_is_no_defect(site):
    browser = await site.signed_in()
    form = await browser.form("/me", "/me/delete")
    answers = await asyncio.gather(*(browser.post("/me/delete", form | {"password": PASSWORD}) for _ in range(3)))
    assert {answer.status for answer in answers} <= {200, 303, 403, 422}
    assert await site.people.by_handle("ann") is None


async def test_a_session_ends_after_ninety_days_unused(site):
    browser = await site.signed_in()
    day = 86_400_000
    for _ in range(3):
        site.clock.added_ms += 80 * day
        assert (await browser.get("/me")).status == 200, "each visit begins another ninety"
        await site.blog.database.write(lambda tx: None)  # what was noted aside is written by now
    site.clock.added_ms += 91 * day
    assert (await browser.get("/me")).location == "/login"


async def test_a_closed_account_is_out_at_once(site):
    browser = await site.signed_in()
    await site.people.disable_person("ann")
    assert (await browser.get("/me")).location == "/login"
    assert (await site.browser().submit("/login", {"login": "ann", "password": PASSWORD})).status == 422


async def test_only_kinds_that_exist_are_said(site):
    browser = await site.signed_in()
    page = await browser.get("/me?said=%3Cb%3E")
    assert page.status == 200
    assert 'role="status"' not in page.text
    assert await site.tickets.make(TicketKind.INVITATION)
