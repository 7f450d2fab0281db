"""Accounts over HTTP: coming in, staying in, changing, leaving; and whoever tries it without being entitled to."""

import asyncio
import json
import statistics
import struct
import time
import zlib
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from PIL import Image

from blogen.api import keys
from blogen.clients import COOKIE
from blogen.config import Config
from blogen.domain.person import DeviceKind, Scope, TicketKind
from blogen.ids import new_id
from blogen.store import people
from tests.api.served import PASSWORD, Served, serve

ANN = {"handle": "ann", "password": PASSWORD}


@asynccontextmanager
async def opened(folder, **sections):
    sections = {"auth": {"sign_up": "open"}, "server": {"trusted_proxies": ["127.0.0.0/8"]}} | sections
    folder.mkdir(exist_ok=True)
    async with serve(folder, Config.model_validate(sections)) as served:
        yield served


@pytest.fixture
async def blog(tmp_path):
    """A blog that anyone may register at, behind a proxy. Entered and left in one task."""
    ready: asyncio.Future = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def run():
        try:
            async with opened(tmp_path) as served:
                ready.set_result(served)
                await done.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    task = asyncio.create_task(run())
    yield await ready
    done.set()
    await task


def bearer(told) -> dict:
    return {"Authorization": f"Bearer {told['access_token']}"}


async def register(blog: Served, handle: str = "ann", **more):
    return await blog.told(
        "POST", "/auth/register", {"handle": handle, "password": PASSWORD, **more}, status=201, scope=None
    )


async def login(blog: Served, *, status: int = 200, address: str = "203.0.113.1", **order):
    headers = {"X-Forwarded-For": address}
    order = {"password": PASSWORD} | order
    answer = await blog.call("POST", "/auth/login", order, scope=None, headers=headers)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


def part(blog: Served, key):
    return blog.client.app[key]


# Coming in


async def test_who_registers_is_signed_in_and_can_sign_in_again_by_handle_and_by_email(blog):
    told = await register(blog, name=" Ann Lee ", email="Ann@Example.COM", device="Phone")
    assert told["person"]["name"] == "Ann Lee"
    assert told["person"]["role"] == "reader"
    assert told["person"]["email"] == "ann@example.com"
    me = await blog.told("GET", "/me", headers=bearer(told))
    assert me == told["person"]
    for order in ({"handle": "ann"}, {"handle": " Ann"}, {"email": "ANN@example.com"}, {"handle": "ann@example.com"}):
        again = await login(blog, **order)
        assert again["person"] == me
        assert again["device_id"] != told["device_id"]
    for order in ({}, {"handle": "ann", "email": "ann@example.com"}):
        await login(blog, status=422, **order)


async def test_a_closed_blog_registers_nobody_and_one_by_invitation_the_invited_once(tmp_path):
    async with opened(tmp_path / "closed", auth={"sign_up": "closed"}) as blog:
        invitation = await part(blog, keys.TICKETS).make(TicketKind.INVITATION)
        for more in ({}, {"invitation": invitation}):
            await blog.refused("POST", "/auth/register", ANN | more, status=403, scope=None)
    async with opened(tmp_path / "invite", auth={"sign_up": "invite"}) as blog:
        tickets = part(blog, keys.TICKETS)
        invitation = await tickets.make(TicketKind.INVITATION, role=Scope.AUTHOR)
        ann = await blog.people.create_person("zoe", "Zoe", Scope.READER, PASSWORD)
        reset = await tickets.make(TicketKind.RESET, person_id=ann.id)
        for wrong in ({}, {"invitation": "nonsense"}, {"invitation": reset}, {"invitation": invitation[:-1]}):
            problem = await blog.refused("POST", "/auth/register", ANN | wrong, status=422, scope=None)
            assert problem["errors"][0]["path"] == "invitation"
        # One that came to nothing is still good.
        await blog.refused("POST", "/auth/register", ANN | {"handle": "zoe", "invitation": invitation}, status=409,
                           scope=None)  # fmt: skip
        answers = await asyncio.gather(
            *(blog.call("POST", "/auth/register", ANN | {"handle": f"ann{n}", "invitation": invitation}, scope=None)
              for n in range(4))
        )  # fmt: skip
        assert sorted(answer.status for answer in answers) == [201, 422, 422, 422]
        [person] = [person for person in await blog.people.list_people() if person.handle != "zoe"]
        assert person.role is Scope.AUTHOR


@pytest.mark.parametrize(
    "field",
    [
        {"role": "admin"}, {"id": new_id()}, {"is_trusted": True}, {"created_at": 1}, {"scope": "admin"},
        {"disabled_at": None}, {"version": 3}, {"mailbox": "a@b.cc"}, {"avatar": "x"}, {"bio": "x"},
    ],
)  # fmt: skip
async def test_nobody_makes_themselves_more_than_they_are(blog, field):
    await blog.refused("POST", "/auth/register", ANN | field, status=422, scope=None)
    headers = await blog.person("bob")
    if "bio" not in field:
        await blog.refused("PATCH", "/me", {"name": "Bob"} | field, status=422, headers=headers)
    assert (await blog.told("GET", "/me", headers=headers))["role"] == "reader"
    assert [person.handle for person in await blog.people.list_people()] == ["bob"]


@pytest.mark.parametrize(
    "handle",
    ["", "Ann", "a b", "-ann", "a" * 40, "аnn", "ann\u200b", "ﬁ", "ann\n", "..", "a/b", "ann@x", "\u202eann", "ａnn",
     "<b>", "a\0", "ann.", "%61nn"],
)  # fmt: skip
async def test_a_handle_that_reads_as_another_is_refused(blog, handle):
    problem = await blog.refused("POST", "/auth/register", ANN | {"handle": handle}, status=422, scope=None)
    assert problem["errors"][0]["path"] == "handle"


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "a\u202eb", "a\nb", "x" * 101, "a\0", "\u2066x", "a" + "\u0301" * 9]
)
async def test_a_name_that_hides_or_turns_what_stands_beside_it_is_refused(blog, name):
    await blog.refused("POST", "/auth/register", ANN | {"name": name}, status=422, scope=None)
    await blog.refused("PATCH", "/me", {"name": name}, status=422, headers=await blog.person("bob"))


@pytest.mark.parametrize(
    "email",
    ["", "ann", "@x.de", "ann@", "ann@x", "a b@x.de", "ann@x.de\nBcc: b@x.de", "ann@x..de", ".a@x.de", "a@-x.de",
     "<ann@x.de>", "ä@x.de", "a" * 65 + "@x.de", "a@" + "x." * 130 + "de", "a@[127.0.0.1]", "a,b@x.de",
     "a@x.de, b@x.de"],
)  # fmt: skip
async def test_what_is_no_email_address_is_refused(blog, email):
    await blog.refused("POST", "/auth/register", ANN | {"email": email}, status=422, scope=None)
    await blog.refused("PATCH", "/me", {"email": email}, status=422, headers=await blog.person("bob"))


async def test_names_of_all_scripts_and_markup_are_text(blog):
    headers = await blog.person()
    for name in ("Ἀριστοτέλης", "محمد", "நிலா", "李白", "👩‍👩‍👧", "<script>alert(1)</script>", "{{7*7}}", "O'Brien"):
        assert (await blog.told("PATCH", "/me", {"name": name}, headers=headers))["name"] == name
    bio = "<img src=x onerror=alert(1)>\nline two"
    assert (await blog.told("PATCH", "/me", {"bio": bio}, headers=headers))["bio"] == bio


async def test_bodies_that_are_too_large_or_broken_are_refused(blog):
    for path in ("/auth/register", "/auth/login", "/auth/refresh", "/auth/pair"):
        answer = await blog.call("POST", path, {"password": "x" * 70_000}, scope=None)
        assert answer.status == 413
        for body, status in ((b"", 400), (b"{", 400), (b"[]", 422), (b'{"password": 1}', 422), (b"\xff", 400),
                             (b'{"password": "\\ud800", "handle": "ann"}', 422)):  # fmt: skip
            answer = await blog.call("POST", path, scope=None, data=body, headers={"Content-Type": "application/json"})
            assert answer.status in {status, 400, 422}, (path, body)
        assert (await blog.call("POST", path, scope=None, data=b"a=b")).status in {415, 400}


# Staying in


async def test_a_refresh_token_is_good_once_and_its_second_use_ends_the_device(blog):
    told = await register(blog)
    order = {"refresh_token": told["refresh_token"]}
    newer = await blog.told("POST", "/auth/refresh", order, scope=None)
    assert newer["device_id"] == told["device_id"]
    assert (await blog.call("GET", "/me", headers=bearer(newer))).status == 200
    problem = await blog.refused("POST", "/auth/refresh", order, status=401, scope=None)
    assert problem["code"] == "refresh-refused"
    for one in (told, newer):
        assert (await blog.call("GET", "/me", headers=bearer(one))).status == 401
        await blog.refused("POST", "/auth/refresh", {"refresh_token": one["refresh_token"]}, status=401, scope=None)
    assert await login(blog, handle="ann")


async def test_of_refreshes_side_by_side_one_is_answered(blog):
    told = await register(blog)
    answers = await asyncio.gather(
        *(blog.call("POST", "/auth/refresh", {"refresh_token": told["refresh_token"]}, scope=None) for _ in range(6))
    )
    assert sorted(answer.status for answer in answers) == [200, *[401] * 5]


async def test_logout_ends_what_asks_and_nothing_else(blog):
    told, other = await register(blog), await login(blog, handle="ann")
    assert (await blog.call("POST", "/auth/logout", headers=bearer(told))).status == 204
    assert (await blog.call("GET", "/me", headers=bearer(told))).status == 401
    await blog.refused("POST", "/auth/refresh", {"refresh_token": told["refresh_token"]}, status=401, scope=None)
    assert (await blog.call("GET", "/me", headers=bearer(other))).status == 200
    await blog.refused("POST", "/auth/logout", status=409, headers=await blog.person("bob"))


async def test_devices_are_listed_and_ended_by_their_person_alone(blog):
    ann, bob = await register(blog, device="Ann's phone"), await register(blog, "bob")
    tablet = await login(blog, handle="ann", device="Tablet")
    listed = (await blog.told("GET", "/auth/devices", headers=bearer(ann)))["items"]
    assert [(one["name"], one["kind"], one["is_current"]) for one in listed] == [
        ("Ann's phone", "app", True), ("Tablet", "app", False),
    ]  # fmt: skip
    assert "blr_" not in json.dumps(listed)
    for wrong in (bob["device_id"], new_id(), "nothing"):
        for method in ("GET", "DELETE"):
            await blog.refused(method, f"/auth/devices/{wrong}", status=404, headers=bearer(ann))
    assert (await blog.told("GET", f"/auth/devices/{tablet['device_id']}", headers=bearer(ann)))["name"] == "Tablet"
    assert (await blog.call("DELETE", f"/auth/devices/{tablet['device_id']}", headers=bearer(ann))).status == 204
    assert (await blog.call("GET", "/me", headers=bearer(tablet))).status == 401
    await login(blog, handle="ann")
    assert (await blog.call("DELETE", "/auth/devices", headers=bearer(ann))).status == 204
    assert len((await blog.told("GET", "/auth/devices", headers=bearer(ann)))["items"]) == 1
    assert (await blog.call("GET", "/me", headers=bearer(bob))).status == 200


async def test_an_app_is_paired_by_a_code_and_does_no_more_than_who_asked_for_it(blog):
    await blog.people.create_person("ada", "Ada", Scope.ADMIN, PASSWORD)
    whole, small = await login(blog, handle="ada"), await login(blog, handle="ada", scope="reader")
    for by, scope, wanted in ((whole, "admin", None), (whole, "reader", "reader"), (small, "reader", "admin")):
        made = await blog.told("POST", "/auth/pair/code", status=201, headers=bearer(by))
        order = {"code": made["code"].lower(), "device": "Phone"} | ({"scope": wanted} if wanted else {})
        paired = await blog.told("POST", "/auth/pair", order, scope=None)
        devices = (await blog.told("GET", "/auth/devices", headers=bearer(paired)))["items"]
        assert [one["scope"] for one in devices if one["is_current"]] == [scope]
        await blog.refused("POST", "/auth/pair", order, status=422, scope=None)
    assert (await blog.call("GET", "/costs", headers=bearer(small))).status == 403
    assert (await blog.call("GET", "/costs", headers=bearer(whole))).status == 200


async def test_codes_cannot_be_tried_out(blog):
    headers = await blog.person()
    code = (await blog.told("POST", "/auth/pair/code", status=201, headers=headers))["code"]
    statuses = []
    for _ in range(12):
        answer = await blog.call("POST", "/auth/pair", {"code": "0000-0000"}, scope=None)
        statuses.append(answer.status)
    assert statuses == [422] * 10 + [429] * 2
    assert int(answer.headers["Retry-After"]) > 0
    assert (await blog.call("POST", "/auth/pair", {"code": code}, scope=None)).status == 429
    elsewhere = {"X-Forwarded-For": "198.51.100.7"}
    assert (await blog.call("POST", "/auth/pair", {"code": code}, scope=None, headers=elsewhere)).status == 200


# A browser's cookie


async def browser(blog: Served, handle: str = "ann") -> str:
    person = await blog.people.by_handle(handle) or await blog.people.create_person(
        handle, handle, Scope.READER, PASSWORD
    )
    _, secret = await part(blog, keys.DEVICES).sign_in(person.id, DeviceKind.BROWSER, "Firefox")
    return secret


async def test_a_cookie_signs_in_for_reading_and_for_what_our_own_pages_send(blog):
    cookie = {"Cookie": f"{COOKIE}={await browser(blog)}"}
    host = blog.client.make_url("/").authority
    assert (await blog.told("GET", "/me", scope=None, headers=cookie))["handle"] == "ann"
    for more in (
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}, {"Origin": "null"},
        {"Origin": "https://evil.example"}, {"Origin": f"http://{host}.evil.example"}, {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{host}"}, {"Referer": f"http://{host}/"},
    ):  # fmt: skip
        problem = await blog.refused("PATCH", "/me", {"name": "Eve"}, status=403, scope=None, headers=cookie | more)
        assert "cookie" in problem["detail"]
        assert (await blog.call("DELETE", "/auth/devices", scope=None, headers=cookie | more)).status == 403
    for more in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": f"http://{host}"}):
        await blog.told("PATCH", "/me", {"name": "Ann"}, scope=None, headers=cookie | more)


async def test_a_cookie_that_ended_is_as_none(blog):
    secret = await browser(blog)
    cookie = {"Cookie": f"{COOKIE}={secret}", "Sec-Fetch-Site": "same-origin"}
    out = await blog.call("POST", "/auth/logout", scope=None, headers=cookie)
    assert out.status == 204
    assert out.cookies[COOKIE].value == ""
    assert (await blog.call("GET", "/posts", scope=None, headers=cookie)).status == 200
    for wrong in (secret, "", "x", "bls_" + "0" * 71, "é"):
        headers = {"Cookie": f"{COOKIE}={wrong}"}
        await blog.refused("GET", "/me", status=401, scope=None, headers=headers)
    # A token that is shown counts, whatever the cookie says.
    mixed = {"Cookie": f"{COOKIE}={await browser(blog, 'bob')}"} | await blog.person("cat")
    assert (await blog.told("PATCH", "/me", {"bio": "x"}, headers=mixed))["handle"] == "cat"


# Guessing


async def test_nothing_tells_whether_a_handle_or_an_address_has_an_account(blog):
    await register(blog, email="ann@example.com")
    await blog.people.create_person("bob", "Bob", Scope.READER, PASSWORD)
    await blog.people.disable_person("bob")
    told = []
    for number, order in enumerate(
        ({"handle": "ann", "password": "wrong password"}, {"handle": "nobody"}, {"handle": "bob"},
         {"email": "ann@example.com", "password": "wrong password"}, {"email": "nobody@example.com"},
         {"email": "no address"}, {"handle": "ann", "password": "x"}, {"handle": "ann\0"}, {"handle": "x" * 250})
    ):  # fmt: skip
        told.append(await login(blog, status=401, address=f"198.51.100.{number}", **order))
    assert all(one == told[0] for one in told)
    assert told[0]["code"] == "wrong-password"


async def test_who_registers_with_another_ones_address_is_told_nothing(blog):
    ann = await register(blog, email="ann@example.com")
    eve = await register(blog, "eve", email="ann@example.com")
    other = await register(blog, "fox", email="fox@example.com")
    assert eve.keys() == other.keys()
    assert eve["person"]["email"] == "ann@example.com"
    # Both sign in by it with their own passwords, and links go to the first alone.
    assert await blog.told("POST", "/auth/password", {"password": PASSWORD, "new_password": "eve's password"},
                           status=204, headers=bearer(eve)) is None  # fmt: skip
    assert (await login(blog, email="ann@example.com"))["person"]["handle"] == "ann"
    assert (await login(blog, email="ann@example.com", password="eve's password"))["person"]["handle"] == "eve"
    assert (await blog.people.by_email("Ann@Example.com")).handle == "ann"
    fox = await blog.told("PATCH", "/me", {"email": "ann@example.com"}, headers=bearer(other))
    assert fox["email"] == "ann@example.com"
    assert (await blog.people.by_email("ann@example.com")).handle == "ann"
    await blog.told("PATCH", "/me", {"email": None}, headers=bearer(ann))
    assert await blog.people.by_email("ann@example.com") is None


@pytest.fixture
def dear_passwords(monkeypatch):
    """What is most of the time of a try with owners is so here, too."""

    def forget() -> None:
        people._hasher.cache_clear()
        people._nobodys_password.cache_clear()

    monkeypatch.setattr(people, "HASHING", people.HashCost(rounds=1, kib=16 * 1024))
    forget()
    yield
    forget()


@pytest.mark.parametrize(("known", "unknown"), [("ann", "nobody"), ("ann@example.com", "nobody@example.com")])
async def test_a_wrong_name_takes_as_long_as_a_wrong_password(blog, known, unknown, dear_passwords):
    await register(blog, email="ann@example.com")
    times = {known: [], unknown: []}
    for _ in range(5):
        for name, taken in times.items():
            begun = time.process_time()  # ours: how busy the machine is does not matter
            assert await blog.people.verify_password(name, "wrong password") is None
            taken.append(time.process_time() - begun)
    assert 0.6 < statistics.median(times[known]) / statistics.median(times[unknown]) < 1.6


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_a_guesser_has_to_wait_whether_there_is_an_account_or_not(blog, name):
    await register(blog)
    for number in range(10):  # from everywhere
        await login(blog, status=401, address=f"198.51.100.{number}", handle=name, password="wrong password")
    for password in ("wrong password", PASSWORD):
        problem = await login(blog, status=429, address="198.51.100.99", handle=name, password=password)
        assert problem["code"] == "too-many-attempts"


async def test_the_right_person_comes_in_from_where_they_were_before_however_many_guess(blog):
    await register(blog)
    await login(blog, handle="ann", address="203.0.113.7")
    for number in range(11):
        status = 401 if number < 10 else 429
        await login(blog, status=status, address=f"198.51.100.{number}", handle="ann", password="wrong password")
    await login(blog, handle="ann", address="203.0.113.7")
    await login(blog, status=429, handle="ann", address="203.0.113.8")
    for number in range(11):  # nor may they guess there without end
        await login(
            blog, status=401 if number < 10 else 429, address="203.0.113.7", handle="ann", password="wrong password"
        )


async def test_one_address_cannot_try_many_names(blog):
    await register(blog)
    for number in range(30):
        await login(blog, status=401, address="198.51.100.1", handle=f"name{number}", password="wrong password")
    await login(blog, status=429, address="198.51.100.1", handle="ann")
    await login(blog, address="198.51.100.2", handle="ann")


async def test_one_address_cannot_make_accounts_without_end(blog):
    statuses = []
    for number in range(32):
        order = {"handle": "taken" if number else "ann", "password": PASSWORD}
        answer = await blog.call("POST", "/auth/register", order, scope=None)
        statuses.append(answer.status)
    assert statuses == [201, 201, *[409] * 28, 429, 429]
    order, elsewhere = {"handle": "eve", "password": PASSWORD}, {"X-Forwarded-For": "198.51.100.7"}
    assert (await blog.call("POST", "/auth/register", order, scope=None, headers=elsewhere)).status == 201


# Changing


async def test_a_new_password_signs_all_other_devices_out(blog):
    here, there = await register(blog), await login(blog, handle="ann")
    secret = await browser(blog)
    order = {"password": "wrong password", "new_password": "quite another horse"}
    problem = await blog.refused("POST", "/auth/password", order, status=422, headers=bearer(here))
    assert problem["errors"] == [{"path": "password", "message": "is not the present one"}]
    for short in ("1234567", "x" * 1001):
        await blog.refused("POST", "/auth/password", order | {"new_password": short}, status=422, headers=bearer(here))
    order["password"] = PASSWORD
    assert (await blog.call("POST", "/auth/password", order, headers=bearer(here))).status == 204
    assert (await blog.call("GET", "/me", headers=bearer(here))).status == 200
    assert (await blog.call("GET", "/me", headers=bearer(there))).status == 401
    assert (await blog.call("GET", "/me", scope=None, headers={"Cookie": f"{COOKIE}={secret}"})).status == 401
    await login(blog, status=401, handle="ann")
    await login(blog, handle="ann", password="quite another horse")


async def test_who_holds_a_device_cannot_guess_the_password_with_it(blog):
    here = await register(blog)
    statuses = []
    for _ in range(12):
        order = {"password": "wrong password"}
        statuses.append((await blog.call("DELETE", "/me", order, headers=bearer(here))).status)
    assert statuses == [422] * 10 + [429] * 2


async def test_a_change_made_from_an_older_look_is_refused(blog):
    headers = await blog.person()
    first = await blog.call("GET", "/me", headers=headers)
    tag = first.headers["ETag"]
    again = await blog.call("GET", "/me", headers=headers | {"If-None-Match": tag})
    assert again.status == 304
    answers = await asyncio.gather(
        *(blog.call("PATCH", "/me", {"bio": f"I am {n}."}, headers=headers | {"If-Match": tag}) for n in range(5))
    )
    assert sorted(answer.status for answer in answers) == [200, *[412] * 4]
    [won] = [answer for answer in answers if answer.status == 200]
    assert won.headers["ETag"] != tag
    for stale in (tag, '"nonsense"', "W/nonsense"):
        await blog.refused("PATCH", "/me", {"bio": "x"}, status=412, headers=headers | {"If-Match": stale})
    me = await blog.told("GET", "/me", headers=headers)
    assert me == await won.json()
    for tag in (won.headers["ETag"], "*", f'"a", {won.headers["ETag"]}'):
        answer = await blog.call("PATCH", "/me", {}, headers=headers | {"If-Match": tag})
        assert answer.status == 200, tag
        won = answer


async def test_an_app_that_may_do_less_than_its_person_cannot_take_the_account_by_its_address(blog):
    await blog.people.create_person("ada", "Ada", Scope.ADMIN, PASSWORD)
    small = await login(blog, handle="ada", scope="reader")
    await blog.refused("PATCH", "/me", {"email": "eve@example.com"}, status=403, headers=bearer(small))
    await blog.told("PATCH", "/me", {"bio": "x"}, headers=bearer(small))
    whole = await login(blog, handle="ada")
    await blog.told("PATCH", "/me", {"email": "ada@example.com"}, headers=bearer(whole))


# A picture


def picture(kind: str = "PNG", size=(300, 200)) -> bytes:
    buffer, exif = BytesIO(), Image.Exif()
    exif[0x010E] = "secret place"  # the description
    Image.new("RGB", size, "teal").save(buffer, kind, exif=exif)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 10_000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_an_avatar_is_made_anew_square_and_without_what_it_carried(blog, kind):
    headers = await blog.person()
    assert b"secret place" in picture(kind)
    told = await blog.told("PUT", "/me/avatar", headers=headers, data=picture(kind))
    name = told["avatar"].removeprefix("/media/")
    path = part(blog, keys.MEDIA).open(name).path
    content = path.read_bytes()
    assert b"secret place" not in content
    with Image.open(BytesIO(content)) as image:
        assert image.format == "WEBP"
        assert image.width == image.height
    assert (await blog.told("GET", "/me", headers=headers))["avatar"] == told["avatar"]
    assert (await blog.told("DELETE", "/me/avatar", headers=headers))["avatar"] is None
    assert not path.exists()
    assert not await blog.blog.database.read("SELECT 1 FROM media")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422), (b"GIF89a", 422), (b"<svg onload=alert(1)>", 422), (b"<html>", 422), (b"{}", 422),
        (picture()[:200], 422), (bomb(60_000, 60_000), 422), (bomb(2**31 - 1, 2**31 - 1), 422),
        (b"\0" * 5_300_000, 413),
    ],
    ids=["empty", "gif head", "svg", "html", "json", "cut off", "bomb", "huge bomb", "too large"],
)  # fmt: skip
async def test_what_is_no_picture_or_a_bomb_is_refused_and_the_old_one_stays(blog, content, status):
    headers = await blog.person()
    before = await blog.told("PUT", "/me/avatar", headers=headers, data=picture())
    await blog.refused("PUT", "/me/avatar", status=status, headers=headers, data=content)
    assert await blog.told("GET", "/me", headers=headers) == before


# Leaving


async def test_who_deletes_their_account_is_gone_with_password_devices_and_tokens(blog):
    ann = await register(blog, email="ann@example.com")
    owner_made = await blog.people.create_token(Scope.READER, "ann")
    for wrong in ({"password": "wrong password"}, {}):
        await blog.refused("DELETE", "/me", wrong, status=422, headers=bearer(ann))
    assert (await blog.call("DELETE", "/me", {"password": PASSWORD}, headers=bearer(ann))).status == 204
    assert (await blog.call("GET", "/me", headers=bearer(ann))).status == 401
    assert (await blog.call("GET", "/me", headers={"Authorization": f"Bearer {owner_made[1]}"})).status == 401
    await blog.refused("POST", "/auth/refresh", {"refresh_token": ann["refresh_token"]}, status=401, scope=None)
    await login(blog, status=401, handle="ann")
    again = await register(blog, email="ann@example.com")
    assert again["person"]["id"] != ann["person"]["id"]


async def test_all_that_is_kept_of_a_person_is_given_to_them_alone_and_without_secrets(blog):
    ann, _ = await register(blog, email="ann@example.com"), await register(blog, "bob", email="bob@example.com")
    cookie = await browser(blog)
    answer = await blog.call("GET", "/me/export", headers=bearer(ann))
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    text = await answer.text()
    told = json.loads(text)
    assert told["account"][0]["email"] == "ann@example.com"
    assert told["account"][0]["created_at"] == ann["person"]["created_at"]
    assert told["account"][0]["hides_unreviewed"] is False
    assert [one["kind"] for one in told["devices"]] == ["app", "browser"]
    assert {"likes", "bookmarks", "comments", "followed_authors", "followed_tags", "reading_progress", "notifications",
            "reports", "blocked_and_muted", "passkeys", "push_subscriptions", "tokens"} <= told.keys()  # fmt: skip
    for secret in ("bob", "argon2", ann["access_token"], ann["refresh_token"], cookie, "hash", "family"):
        assert secret not in text
