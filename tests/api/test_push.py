"""`/push` and `/webhooks/deliveries`: subscriptions of a person's own, and a log for the owner alone."""

import base64
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from blogen.clock import SystemClock
from blogen.config import Config
from blogen.domain.person import Scope
from blogen.store import outbox
from blogen.store.outbox import Outbox
from blogen.store.subscriptions import MAX_FAILURES, MAX_OF_PERSON
from tests.api.served import serve

ENDPOINT = "https://push.example.net/send/abc"


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def browser(endpoint=ENDPOINT, **more):
    """A subscription as `PushSubscription.toJSON()` gives it."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": base64url(point), "auth": base64url(os.urandom(16))}
    return {"endpoint": endpoint, "expirationTime": None, "keys": keys} | more


@pytest.fixture
async def ada(served):
    return await signed_in(served, "ada")


async def signed_in(served, handle):
    """The id of a new person, and headers with a token of theirs."""
    person = await served.people.create_person(handle, handle.title(), Scope.READER, "a long password")
    _, token = await served.people.create_token(Scope.READER, handle)
    return person.id, {"Authorization": f"Bearer {token}"}


async def subscriptions(served, person_id):
    from blogen.store.subscriptions import Subscriptions

    return await Subscriptions(served.blog.database).of(person_id)


async def test_the_key_is_a_point_on_p256_and_stays_the_same(served):
    told = await served.told("GET", "/push/key", scope=None)
    point = base64.urlsafe_b64decode(told["key"] + "=")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    assert (len(point), "=" in told["key"]) == (65, False)
    assert await served.told("GET", "/push/key", scope=None) == told


async def test_a_browser_subscribes_and_ends_it(served, ada):
    person_id, headers = ada
    subscription = browser()
    told = await served.told("POST", "/push/subscriptions", subscription, status=201, headers=headers, scope=None)
    assert told["endpoint"] == ENDPOINT
    [kept] = await subscriptions(served, person_id)
    assert (kept.p256dh, kept.auth) == (subscription["keys"]["p256dh"], subscription["keys"]["auth"])
    await served.told("POST", "/push/subscriptions", browser(), status=201, headers=headers, scope=None)
    assert len(await subscriptions(served, person_id)) == 1
    for _ in range(2):
        await served.told("DELETE", "/push/subscriptions", {"endpoint": ENDPOINT}, status=204, headers=headers)
        assert await subscriptions(served, person_id) == []


async def test_the_endpoint_to_end_may_stand_in_the_query(served, ada):
    person_id, headers = ada
    await served.told("POST", "/push/subscriptions", browser(), status=201, headers=headers)
    await served.told("DELETE", "/push/subscriptions", status=204, headers=headers, params={"endpoint": ENDPOINT})
    assert await subscriptions(served, person_id) == []


async def test_nobody_takes_or_ends_another_persons_subscription(served, ada):
    person_id, headers = ada
    mine = browser()
    await served.told("POST", "/push/subscriptions", mine, status=201, headers=headers)
    eve_id, eve = await signed_in(served, "eve")
    await served.told("DELETE", "/push/subscriptions", {"endpoint": ENDPOINT}, status=204, headers=eve)
    await served.refused("POST", "/push/subscriptions", browser(), status=403, headers=eve)
    assert [one.p256dh for one in await subscriptions(served, person_id)] == [mine["keys"]["p256dh"]]
    # The same browser, where another person has signed in: it shows the same keys.
    await served.told("POST", "/push/subscriptions", mine, status=201, headers=eve)
    assert [len(await subscriptions(served, one)) for one in (person_id, eve_id)] == [0, 1]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.net/send", "https://127.0.0.1/send", "https://[::1]/send", "https://10.1.2.3/",
        "https://2130706433/", "https://me:pw@push.example.net/", "ftp://example.net/x", "javascript:alert(1)",
        "https://push.example.net/\r\nX: 1", "file:///etc/passwd", "https://169.254.169.254/latest",
    ],
)  # fmt: skip
async def test_an_endpoint_that_is_no_push_service_is_refused(served, ada, endpoint):
    problem = await served.refused("POST", "/push/subscriptions", browser(endpoint), status=422, headers=ada[1])
    assert problem["errors"][0]["path"] == "endpoint"
    assert await subscriptions(served, ada[0]) == []


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": base64url(b"\x04" + b"\x01" * 64), "auth": base64url(b"1" * 16)},
        {"p256dh": base64url(b"\x02" + b"\x01" * 64), "auth": base64url(b"1" * 16)},
        {"p256dh": "A" * 87, "auth": base64url(b"1" * 16)},
        {"p256dh": "!" * 87, "auth": base64url(b"1" * 16)},
        {"auth": base64url(b"1" * 16)},
    ],
)
async def test_keys_that_are_none_are_refused(served, ada, keys):
    problem = await served.refused("POST", "/push/subscriptions", browser(keys=keys), status=422, headers=ada[1])
    assert problem["errors"][0]["path"].startswith("keys.p256dh")


async def test_a_wrong_length_of_auth_is_refused(served, ada):
    given = browser()
    given["keys"]["auth"] = base64url(b"1" * 15)
    problem = await served.refused("POST", "/push/subscriptions", given, status=422, headers=ada[1])
    assert problem["errors"][0]["path"] == "keys.auth"


async def test_a_persons_token_is_needed(served):
    await served.refused("POST", "/push/subscriptions", browser(), status=401, scope=None)
    await served.refused("POST", "/push/subscriptions", browser(), status=403, scope=Scope.ADMIN)
    await served.refused("DELETE", "/push/subscriptions", {"endpoint": ENDPOINT}, status=403, scope=Scope.ADMIN)


async def test_http_is_for_addresses_that_the_owner_has_allowed(tmp_path):
    config = Config.model_validate({"research": {"allow_private": ["127.0.0.0/8"]}})
    async with serve(tmp_path, config) as served:
        person_id, headers = await signed_in(served, "ada")
        own, foreign = browser("http://127.0.0.1:9999/send"), browser("http://push.example.net/send")
        await served.told("POST", "/push/subscriptions", own, status=201, headers=headers)
        await served.refused("POST", "/push/subscriptions", foreign, status=422, headers=headers)
        await served.refused("POST", "/push/subscriptions", browser("http://127.1/"), status=422, headers=headers)
        assert len(await subscriptions(served, person_id)) == 1


async def test_who_subscribes_too_often_loses_the_oldest(served, ada):
    for turn in range(MAX_OF_PERSON + 2):
        await served.told("POST", "/push/subscriptions", browser(f"{ENDPOINT}/{turn}"), status=201, headers=ada[1])
    kept = [one.endpoint for one in await subscriptions(served, ada[0])]
    assert kept == [f"{ENDPOINT}/{turn}" for turn in range(2, MAX_OF_PERSON + 2)]


async def test_a_phone_that_never_answers_is_forgotten(served, ada):
    from blogen.store.subscriptions import Subscriptions

    store = Subscriptions(served.blog.database)
    one = await store.add(ada[0], ENDPOINT, p256dh="B" * 87, auth="A" * 22)
    for _ in range(MAX_FAILURES - 1):
        await store.note_failed(one.id)
    await store.note_ok(one.id)
    for turn in range(MAX_FAILURES):
        assert len(await store.of(ada[0])) == 1, turn
        await store.note_failed(one.id)
    assert await store.of(ada[0]) == []


async def test_the_owner_reads_the_log_of_deliveries_and_nobody_else(served, ada):
    await served.blog.database.write(lambda tx: [outbox.put(tx, "post.deleted", f"k{n}", {"slug": "x"}) for n in "123"])
    box = Outbox(served.blog.database, SystemClock())
    facts = await box.open_facts(0, 10)
    await box.address([(fact.id, ["chat", "shop"]) for fact in facts], [fact.id for fact in facts])
    first = await served.told("GET", "/webhooks/deliveries?limit=4", scope=Scope.ADMIN)
    rest = await served.told("GET", f"/webhooks/deliveries?limit=4&cursor={first['next']}", scope=Scope.ADMIN)
    items = first["items"] + rest["items"]
    assert (len(items), rest["next"]) == (6, None)
    assert [one["id"] for one in items] == sorted((one["id"] for one in items), reverse=True)
    assert {one["state"] for one in items} == {"waiting"}
    only = await served.told("GET", "/webhooks/deliveries?hook=chat", scope=Scope.ADMIN)
    assert {one["hook"] for one in only["items"]} == {"chat"}
    assert len(only["items"]) == 3
    await served.refused("GET", "/webhooks/deliveries", status=403, scope=Scope.AUTHOR)
    await served.refused("GET", "/webhooks/deliveries", status=403, headers=ada[1])
    await served.refused("GET", "/webhooks/deliveries?cursor=AAAA", status=422, scope=Scope.ADMIN)
