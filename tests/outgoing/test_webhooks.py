"""Webhooks: what is sent, what becomes of what is not taken, and what receivers must not be able to do."""

import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest
from aiohttp import web

from blogen.clock import SystemClock
from blogen.config import Config
from blogen.events import CourierCrashed, DeliveryFailed, DeliveryMade
from blogen.outgoing import webhooks
from blogen.outgoing.courier import Courier
from blogen.outgoing.webhooks import AT_ONCE, Patience
from blogen.store import outbox
from blogen.store.deliveries import Deliveries
from tests.blog import open_blog
from tests.outgoing.receiver import is_signed, receiving

SECRET = "a secret of more than 16 bytes"
LOCAL = ["127.0.0.0/8"]
QUICK = Patience(base_seconds=0.001, cap_seconds=0.001)
NEVER = Patience(base_seconds=3600.0, jitter=lambda: 1.0)
IMPATIENT = {"patience": NEVER, "timeout_seconds": 0.3}


def hook(name, url, **more):
    return {"name": name, "url": url, "secret": SECRET, **more}


@asynccontextmanager
async def running(blog, *hooks, allow=LOCAL, **options):
    config = Config.model_validate({"webhooks": list(hooks), "research": {"allow_private": allow}})
    courier = Courier(config, blog.database, blog.bus, SystemClock(), **{"patience": QUICK} | options)
    async with courier.running():
        yield


class Heard:
    """Waits for events of one kind on the bus."""

    def __init__(self, bus, kind):
        self.events = []
        self._kind = kind
        self._changed = asyncio.Event()
        bus.subscribe(self._hear)

    def _hear(self, event):
        if isinstance(event, self._kind):
            self.events.append(event)
            self._changed.set()

    async def wait_for(self, count):
        async with asyncio.timeout(20):
            while len(self.events) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.events


async def keep(blog, event="post.deleted", key="1", **payload):
    await blog.database.write(lambda tx: outbox.put(tx, event, f"{event}:{key}", payload or {"slug": "tea"}))


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


@pytest.fixture
async def receiver():
    async with receiving() as opened:
        yield opened


async def test_a_published_post_is_told_signed_and_its_delivery_is_in_the_log(blog, receiver):
    made = Heard(blog.bus, DeliveryMade)
    async with running(blog, hook("chat", f"{receiver.url}/in?room=1")):
        slug = await blog.publish("Green tea", tags=["Tea"])
        [sent] = await receiver.wait_for(1)
        await made.wait_for(1)
    told = sent.told
    assert (told["event"], told["data"]["slug"], told["data"]["tags"]) == ("post.published", slug, ["tea"])
    assert told["id"] == sent.id
    assert told["created_at"].endswith("Z")
    assert is_signed(sent, SECRET.encode())
    assert not is_signed(sent._replace(body=sent.body + b" "), SECRET.encode())
    assert sent.headers["Content-Type"] == "application/json"
    [delivery] = await Deliveries(blog.database).newest(10)
    assert (delivery.id, delivery.state, delivery.status, delivery.attempts) == (sent.id, "delivered", 200, 1)


async def test_a_webhook_hears_only_of_what_it_wants_and_only_once(blog, receiver):
    made = Heard(blog.bus, DeliveryMade)
    hooks = hook("all", f"{receiver.url}/all"), hook("posts", f"{receiver.url}/posts", events=["post.published"])
    async with running(blog, *hooks):
        await keep(blog, key="1")
        await keep(blog, key="1")
        await blog.publish("Green tea")
        await made.wait_for(3)
    assert sorted(sent.path for sent in receiver.sent) == ["/all", "/all", "/posts"]


async def test_what_was_kept_before_the_start_is_told(blog, receiver):
    await keep(blog)
    async with running(blog, hook("chat", receiver.url)):
        await receiver.wait_for(1)


async def test_a_repetition_has_the_same_id_and_body_and_a_signature_of_its_own_time(blog, receiver):
    receiver.statuses = [500, 302, 404]
    made = Heard(blog.bus, DeliveryMade)
    async with running(blog, hook("chat", receiver.url)):
        await keep(blog)
        await made.wait_for(1)
    assert len({(sent.id, sent.body) for sent in receiver.sent}) == 1
    assert all(is_signed(sent, SECRET.encode()) for sent in receiver.sent)
    [delivery] = await Deliveries(blog.database).newest(10)
    assert (delivery.attempts, delivery.state, delivery.error) == (4, "delivered", "")


async def test_who_is_gone_is_not_asked_again(blog, receiver):
    receiver.statuses = [410]
    failed = Heard(blog.bus, DeliveryFailed)
    async with running(blog, hook("chat", receiver.url)):
        await keep(blog)
        [event] = await failed.wait_for(1)
    assert event.is_final
    [delivery] = await Deliveries(blog.database).newest(10)
    assert (delivery.state, delivery.status, delivery.attempts) == ("given-up", 410, 1)
    assert "gone" in delivery.error


async def test_after_a_day_of_attempts_it_is_given_up_with_the_reason(blog, receiver):
    receiver.statuses = [503] * 100
    failed = Heard(blog.bus, DeliveryFailed)
    async with running(blog, hook("chat", receiver.url), patience=QUICK._replace(day_ms=0, min_attempts=3)):
        await keep(blog)
        events = await failed.wait_for(3)
    assert [event.is_final for event in events] == [False, False, True]
    [delivery] = await Deliveries(blog.database).newest(10)
    assert (delivery.state, delivery.attempts) == ("given-up", 3)
    assert delivery.error == "Given up after 3 attempts. It answered 503."


def test_attempts_are_spread_with_full_jitter_over_about_a_day():
    for jitter in (0.5, 1.0):
        patience, now, attempts = Patience(jitter=lambda jitter=jitter: jitter), 0, 1
        while (later := patience.next_at(attempts, 0, now, None)) is not None:
            assert later - now <= 14_400_000
            now, attempts = later, attempts + 1
        assert 86_400_000 <= now <= 110_000_000
        assert 10 <= attempts <= 30
    assert Patience(jitter=lambda: 0.0).next_at(1, 0, 0, None) == 0
    assert Patience(jitter=lambda: 0.0).next_at(1, 0, 0, 30.0) == 30_000
    assert Patience().next_at(10_000, 0, 0, None) is not None


async def test_a_receiver_that_hangs_holds_no_other_up_and_is_left_after_its_time(blog, receiver):
    async with receiving() as hanging:

        async def hang(_request):
            await asyncio.Event().wait()

        hanging.answer = hang
        made, failed = Heard(blog.bus, DeliveryMade), Heard(blog.bus, DeliveryFailed)
        for turn in range(AT_ONCE * 3):
            await keep(blog, key=str(turn))
        async with running(blog, hook("hangs", hanging.url), hook("works", receiver.url), **IMPATIENT):
            await made.wait_for(AT_ONCE * 3)
            assert len(failed.events) < AT_ONCE * 3, "the one that works waited for the one that hangs"
            events = await failed.wait_for(AT_ONCE)
    assert all("did not answer within 0.3 s" in event.reason for event in events)


async def test_a_message_under_way_is_not_sent_a_second_time_beside_it(blog, receiver):
    may_answer = asyncio.Event()

    async def hold(_request):
        await may_answer.wait()
        return web.Response()

    receiver.answer = hold
    made = Heard(blog.bus, DeliveryMade)
    async with running(blog, hook("chat", receiver.url)):
        for turn in range(1, AT_ONCE):
            await keep(blog, key=str(turn))
            await receiver.wait_for(turn)
        may_answer.set()
        await made.wait_for(AT_ONCE - 1)
    assert len({sent.id for sent in receiver.sent}) == len(receiver.sent) == AT_ONCE - 1


async def test_a_slow_trickle_of_an_answer_ends_in_time_too(blog, receiver):

    async def trickle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while True:
                writer.write(b"X-A: b\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    failed = Heard(blog.bus, DeliveryFailed)
    async with (
        server,
        running(blog, hook("slow", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), patience=NEVER),
    ):
        await keep(blog)
        [event] = await failed.wait_for(1)
    assert not event.is_final


async def test_an_oversized_answer_is_not_read(blog, receiver):
    written = 0

    async def flood(request):
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(10_000):
                await response.write(b"x" * 65_536)
                written += 65_536
        except ConnectionError:
            pass
        return response

    receiver.answer = flood
    made = Heard(blog.bus, DeliveryMade)
    async with running(blog, hook("chat", receiver.url)):
        await keep(blog)
        await made.wait_for(1)
    assert written < 50_000_000


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}", "http://localhost:{port}", "http://[::1]:{port}", "http://2130706433:{port}",
        "http://0x7f.1:{port}", "http://[::ffff:127.0.0.1]:{port}", "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
    ],
)  # fmt: skip
async def test_an_address_that_points_inward_is_refused_with_a_remedy_and_never_asked(blog, receiver, url):
    failed = Heard(blog.bus, DeliveryFailed)
    async with running(blog, hook("in", url.format(port=receiver.url.rpartition(":")[2])), allow=[]):
        await keep(blog)
        [event] = await failed.wait_for(1)
    assert event.is_final
    assert "private address" in event.reason
    assert "research.allow_private" in event.reason
    assert receiver.sent == []


async def test_a_redirect_is_not_followed_wherever_it_leads(blog, receiver):
    async with receiving() as outside:

        async def lead_inward(_request):
            return web.Response(status=307, headers={"Location": f"{receiver.url}/inner"})

        outside.answer = lead_inward
        failed = Heard(blog.bus, DeliveryFailed)
        async with running(blog, hook("chat", outside.url), patience=NEVER):
            await keep(blog)
            [event] = await failed.wait_for(1)
    assert "redirect" in event.reason
    assert receiver.sent == []


async def test_a_name_that_changes_its_address_is_checked_at_every_connection(blog, receiver):
    answers = ["93.184.215.14", "127.0.0.1"]

    async def rebinding(_host, _port):
        return [ip_address(answers.pop(0) if len(answers) > 1 else answers[0])]

    port = receiver.url.rpartition(":")[2]
    await rebinding("", 0)  # whoever checks first sees a public address
    failed = Heard(blog.bus, DeliveryFailed)
    async with running(blog, hook("chat", f"http://rebind.example:{port}"), allow=[], resolve=rebinding):
        await keep(blog)
        [event] = await failed.wait_for(1)
    assert "rebind.example (127.0.0.1) is a private address" in event.reason
    assert receiver.sent == []


async def test_a_fact_that_cannot_be_told_to_people_holds_no_other_up(blog, receiver):
    crashed = Heard(blog.bus, CourierCrashed)
    await keep(blog, "post.published", broken="no slug")
    async with running(blog, hook("chat", receiver.url)):
        await keep(blog, key="2")
        await receiver.wait_for(2)
        [event] = await crashed.wait_for(1)
    assert event.doing == "telling people of post.published:1"
    rows = await blog.database.read("SELECT key FROM outbox WHERE done_at IS NULL")
    assert [row["key"] for row in rows] == ["post.published:1"]


async def test_what_waits_for_a_webhook_that_is_no_longer_configured_is_given_up(blog, receiver):
    receiver.statuses = [500]
    failed = Heard(blog.bus, DeliveryFailed)
    async with running(blog, hook("old", receiver.url), patience=NEVER):
        await keep(blog)
        await failed.wait_for(1)
    async with running(blog, hook("new", receiver.url)):
        await keep(blog, key="2")
        await receiver.wait_for(2)
    [_, old] = await Deliveries(blog.database).newest(10)
    assert (old.hook, old.state, old.error) == ("old", "given-up", "The webhook is no longer configured.")


async def test_a_delivery_can_be_ordered_again_by_another_process(blog, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "POLL_SECONDS", 0.05)
    receiver.statuses = [410]
    failed, made = Heard(blog.bus, DeliveryFailed), Heard(blog.bus, DeliveryMade)
    async with running(blog, hook("chat", receiver.url)):
        await keep(blog)
        [event] = await failed.wait_for(1)
        await Deliveries(blog.database).retry(event.delivery_id, known=["chat"])
        await made.wait_for(1)
    assert [sent.id for sent in receiver.sent] == [event.delivery_id] * 2


async def test_a_delivery_cut_off_by_a_stop_is_sent_again_after_it(blog, receiver):
    async def hang(_request):
        await asyncio.Event().wait()

    receiver.answer = hang
    async with running(blog, hook("chat", receiver.url)):
        await keep(blog)
        await receiver.wait_for(1)
    receiver.answer = None
    made = Heard(blog.bus, DeliveryMade)
    async with running(blog, hook("chat", receiver.url)):
        await made.wait_for(1)
    assert len({sent.id for sent in receiver.sent}) == 1
    [delivery] = await Deliveries(blog.database).newest(10)
    assert delivery.state == "delivered"
