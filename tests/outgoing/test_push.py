"""Web Push to a real receiver that reads what it gets with the browser's private key, and checks who it is from."""

import asyncio
import base64
import json
import os
import time
from contextlib import asynccontextmanager
from ipaddress import ip_address

import http_ece
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from blogen.clock import SystemClock
from blogen.config import Config
from blogen.domain.person import Scope
from blogen.events import PushFailed
from blogen.outgoing.courier import Courier
from blogen.outgoing.push import PushKey
from blogen.store.notifications import tell
from blogen.store.own_keys import OwnKeys
from blogen.store.people import People
from blogen.store.subscriptions import Subscriptions
from tests.blog import open_blog
from tests.outgoing.receiver import receiving
from tests.outgoing.test_webhooks import Heard


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """The other end of a subscription, with the private key."""

    def __init__(self, receiver, path="/send/1"):
        self.endpoint = receiver.url + path
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    async def subscribe(self, blog, person_id):
        point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        store = Subscriptions(blog.database)
        return await store.add(person_id, self.endpoint, p256dh=base64url(point), auth=base64url(self._auth))

    def read(self, sent):
        return json.loads(http_ece.decrypt(sent.body, private_key=self._private, auth_secret=self._auth))


def claims_of(sent, public_key):
    """The claims of a message's token, once its signature was checked. Raises InvalidSignature."""
    scheme, _, rest = sent.headers["Authorization"].partition(" ")
    fields = dict(field.strip().split("=", 1) for field in rest.split(","))
    assert (scheme, fields["k"]) == ("vapid", public_key)
    head, claims, signature = fields["t"].split(".")
    assert json.loads(raw(head)) == {"typ": "JWT", "alg": "ES256"}
    r, s = (int.from_bytes(raw(signature)[at : at + 32], "big") for at in (0, 32))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(public_key))
    key.verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(raw(claims))


@asynccontextmanager
async def running(blog, *, allow=("127.0.0.0/8",), **options):
    given = {"research": {"allow_private": list(allow)}, "push": {"contact": "mailto:owner@example.com"}}
    options.setdefault("push_pauses_seconds", (0.001, 0.001))
    async with Courier(Config.model_validate(given), blog.database, blog.bus, SystemClock(), **options).running():
        yield


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


@pytest.fixture
async def receiver():
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def ada(blog):
    return (await People(blog.database, SystemClock()).create_person("ada", "Ada", Scope.READER, "a long password")).id


async def notify(blog, person_id, source="1", **more):
    await blog.database.write(lambda tx: tell(tx, person_id, "moderation", source, **more))


async def open_pushes(blog):
    rows = await blog.database.read("SELECT key FROM outbox WHERE event = 'push' AND done_at IS NULL")
    return [row["key"] for row in rows]


async def all_told(blog):
    """Wait until nothing in the outbox is open; asking takes a turn of the loop."""
    async with asyncio.timeout(10):
        while await blog.database.read("SELECT 1 FROM outbox WHERE done_at IS NULL LIMIT 1"):
            pass


async def post_id(blog, slug):
    return (await blog.database.read_one("SELECT id FROM posts WHERE slug = ?", (slug,)))["id"]


async def test_a_notification_is_shown_on_each_of_the_persons_phones(blog, receiver, ada):
    phone, laptop = Browser(receiver, "/phone"), Browser(receiver, "/laptop")
    for one in (phone, laptop):
        await one.subscribe(blog, ada)
    eve = (await People(blog.database, SystemClock()).create_person("eve", "Eve", Scope.READER, "a long password")).id
    id_ = await post_id(blog, await blog.publish("Grüner Tee"))
    async with running(blog):
        await blog.database.write(lambda tx: tell(tx, ada, "reply", "1", post_id=id_, by_id=eve))
        sent = {one.path: one for one in await receiver.wait_for(2)}
    told = [phone.read(sent["/phone"]), laptop.read(sent["/laptop"])]
    assert told[0] == told[1]
    assert told[0]["title"] == "Eve answered you on “Grüner Tee”"
    assert told[0]["url"].startswith("/p/gr")
    row = await blog.database.read_one("SELECT id FROM notifications")
    assert told[0]["tag"] == row["id"]
    assert sent["/phone"].headers["Content-Encoding"] == "aes128gcm"
    assert sent["/phone"].headers["TTL"] == "86400"
    assert len(sent["/phone"].headers["Topic"]) == 32
    assert b"Tee" not in sent["/phone"].body
    with pytest.raises(Exception, match="Decryption"):
        laptop.read(sent["/phone"])


async def test_each_message_says_who_it_is_from_as_vapid_wants(blog, receiver, ada):
    browser = Browser(receiver)
    await browser.subscribe(blog, ada)
    async with running(blog):
        await notify(blog, ada)
        [sent] = await receiver.wait_for(1)
    key = await PushKey(OwnKeys(blog.database)).public()
    claims = claims_of(sent, key)
    assert (claims["aud"], claims["sub"]) == (receiver.url, "mailto:owner@example.com")
    assert time.time() < claims["exp"] <= time.time() + 86_400
    head, _, rest = sent.headers["Authorization"].partition(".")
    forged = sent._replace(headers={"Authorization": f"{head}.{base64url(b'{}')}.{rest.partition('.')[2]}"})
    with pytest.raises(InvalidSignature):
        claims_of(forged, key)


async def test_what_was_not_shown_before_a_restart_is_shown_after_it_once(blog, receiver, ada):
    browser = Browser(receiver)
    await browser.subscribe(blog, ada)
    await notify(blog, ada)
    assert len(await open_pushes(blog)) == 1
    async with running(blog):
        await all_told(blog)
    async with running(blog):
        await notify(blog, ada, "2")
        await all_told(blog)
    assert len({browser.read(sent)["tag"] for sent in receiver.sent}) == len(receiver.sent) == 2


async def test_nothing_is_kept_for_who_has_no_phone(blog, ada):
    await notify(blog, ada)
    assert await open_pushes(blog) == []


async def test_what_the_person_has_read_meanwhile_is_not_shown(blog, receiver, ada):
    browser = Browser(receiver)
    await browser.subscribe(blog, ada)
    await notify(blog, ada, "1")
    await blog.database.write(lambda tx: tx.execute("UPDATE notifications SET read_at = 1"))
    await notify(blog, ada, "2")
    async with running(blog):
        [sent] = await receiver.wait_for(1)
    row = await blog.database.read_one("SELECT id FROM notifications WHERE source = '2'")
    assert browser.read(sent)["tag"] == row["id"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_phone_that_is_gone_is_forgotten(blog, receiver, ada, status):
    await Browser(receiver).subscribe(blog, ada)
    receiver.statuses = [status]
    failed = Heard(blog.bus, PushFailed)
    async with running(blog):
        await notify(blog, ada)
        [event] = await failed.wait_for(1)
    assert event.is_final
    assert await Subscriptions(blog.database).of(ada) == []
    assert len(receiver.sent) == 1


async def test_a_push_service_that_fails_is_asked_again_and_the_phone_stays(blog, receiver, ada):
    await Browser(receiver).subscribe(blog, ada)
    receiver.statuses = [503, 429]
    async with running(blog):
        await notify(blog, ada)
        await receiver.wait_for(3)
    assert len(await Subscriptions(blog.database).of(ada)) == 1


async def test_a_phone_that_fails_is_left_alone_for_a_while_and_holds_no_other_up(blog, receiver, ada):
    await Browser(receiver, "/bad").subscribe(blog, ada)
    good = Browser(receiver, "/good")
    await good.subscribe(blog, ada)

    async def answer(request):
        from aiohttp import web

        return web.Response(status=500 if request.path == "/bad" else 201)

    receiver.answer = answer
    failed = Heard(blog.bus, PushFailed)
    async with running(blog):
        await notify(blog, ada, "1")
        [event] = await failed.wait_for(1)
        await notify(blog, ada, "2")
        await receiver.wait_for(5)
    assert not event.is_final
    assert [sent.path for sent in receiver.sent].count("/bad") == 3
    assert {one.failures for one in await Subscriptions(blog.database).of(ada)} == {0, 1}


async def test_a_subscription_that_points_inward_is_never_asked_and_forgotten(blog, receiver, ada):
    await Browser(receiver).subscribe(blog, ada)
    failed = Heard(blog.bus, PushFailed)
    async with running(blog, allow=()):
        await notify(blog, ada)
        [event] = await failed.wait_for(1)
    assert "private address" in event.reason
    assert (receiver.sent, await Subscriptions(blog.database).of(ada)) == ([], [])


async def test_a_push_service_on_an_unusual_port_of_the_internet_is_not_asked(blog, receiver, ada):
    async def outside(_host, _port):
        return [ip_address("93.184.215.14")]

    browser = Browser(receiver)
    browser.endpoint = "https://push.example.net:22/send"
    await browser.subscribe(blog, ada)
    failed = Heard(blog.bus, PushFailed)
    async with running(blog, allow=(), resolve=outside):
        await notify(blog, ada)
        [event] = await failed.wait_for(1)
    assert "Port 22" in event.reason


async def test_followers_are_notified_of_a_post_once_and_their_phones_too(blog, receiver, ada):
    browser = Browser(receiver)
    await browser.subscribe(blog, ada)
    author = await blog.database.read_one("SELECT id FROM authors WHERE handle = 'blogen'")
    if author is None:
        await blog.authors.ensure("blogen")
        author = await blog.database.read_one("SELECT id FROM authors WHERE handle = 'blogen'")
    await blog.database.write(
        lambda tx: tx.execute(
            "INSERT INTO author_follows (person_id, author_id, at) VALUES (?, ?, 1)", (ada, author["id"])
        )
    )
    async with running(blog):
        slug = await blog.publish("Green tea")
        [sent] = await receiver.wait_for(1)
        await all_told(blog)
    assert browser.read(sent)["title"] == "Green tea"
    assert browser.read(sent)["url"] == f"/p/{slug}"
    # Whoever stopped between telling and noting it tells again, to no effect.
    await blog.database.write(lambda tx: tx.execute("UPDATE outbox SET done_at = NULL WHERE event = 'post.published'"))
    async with running(blog):
        await all_told(blog)
    assert len(receiver.sent) == 1
    rows = await blog.database.read("SELECT source FROM notifications WHERE kind = 'post'")
    assert len(rows) == 1
