"""The phone app, as a person uses it: from signing up to signing out."""

import json
import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import expect

from tests.api.test_push import base64url
from tests.chromium import WHOLE, opened
from tests.e2e.app import PASSWORD, Crowd, pick_up
from tests.e2e.conftest import NewPhone

PUSHED_TO = "https://push.example.org/dan"
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

DEEP = "post-150"

LEFT = """
async () => ({
  storage: Object.keys(localStorage),
  texts: Object.values(localStorage),
  caches: await caches.keys(),
  bases: await indexedDB.databases(),
})
"""
PUSH = """
(() => {
  let now = null
  const keys = KEYS
  const made = () => ({endpoint: 'https://push.example.org/dan', toJSON: () => ({endpoint: made().endpoint, keys}),
    unsubscribe: async () => { now = null; return true }})
  Object.defineProperty(ServiceWorkerRegistration.prototype, 'pushManager', {get: () => ({
    getSubscription: async () => now, subscribe: async () => (now = made())})})
})()
"""


async def test_a_place_in_the_feed_is_kept_however_one_comes_back(new_phone: NewPhone) -> None:
    ann = await new_phone()
    await ann.open()
    await expect(ann.see("Why group commit makes SQLite fast")).to_be_visible()
    place = await ann.scroll_to(DEEP)

    await ann.tap_post(DEEP)
    await expect(ann.see("Part 1")).to_be_visible()
    await ann.button("Back").click()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after the header's Back"

    await ann.tap_post(DEEP)
    await ann.page.go_back()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after the system's Back"

    await ann.tab("Saved").click()
    await ann.page.wait_for_url("**/saved")
    await ann.tab("Feed").click()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after another tab"

    await ann.watch_paint()
    await ann.page.reload()
    await expect(ann.see("Post number 150")).to_be_visible()
    await ann.settled()
    assert await ann.where() == place, "after a reload"
    assert await ann.painted() == {place}, "while it loaded"

    # A reload in the post, and then back.
    await ann.tap_post(DEEP)
    await ann.page.reload()
    await expect(ann.see("Part 1")).to_be_visible()
    await ann.page.go_back()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after a reload in the post"


async def test_a_person_from_signing_up_to_signing_out(new_phone: NewPhone, crowd: Crowd) -> None:
    ann = await new_phone()
    await ann.open("/app/you")
    await ann.button("Create an account").click()
    await ann.field("Your name here").fill("ann")
    await ann.field("Password").fill(PASSWORD)
    await ann.button("Create an account").click()
    crowd.known.add("ann")
    await expect(ann.tab("Feed")).to_be_visible()

    await ann.open("/app/post/post-2")
    await expect(ann.see("The quiet return of the sailing cargo ship")).to_be_visible()
    await ann.button("Like").click()
    await expect(ann.button("Take the like back")).to_be_visible()
    await ann.button("Save").click()
    await expect(ann.button("Remove from saved")).to_be_visible()
    await ann.button("Follow Blogen").click()
    await expect(ann.button("Following: Blogen")).to_be_visible()
    await ann.button("Comments").click()
    await ann.field("Write a comment").fill("I have *sailed* on one.")
    await ann.button("Send").click()
    await expect(ann.see("sailed", exact=True)).to_be_visible()
    await ann.idle()
    mine = "WHERE person_id = (SELECT id FROM people WHERE handle = 'ann')"
    for table in ("likes", "bookmarks", "author_follows", "comments"):
        assert len(crowd.rows(f"SELECT 1 FROM {table} {mine}")) == 1, table

    await ann.open("/app/you")
    await ann.button("Sign out").click()
    await ann.page.get_by_role("button", name="Sign out").last.click()
    await expect(ann.see("Not signed in")).to_be_visible()
    await ann.idle()
    left = await ann.page.evaluate(LEFT)
    assert set(left["storage"]) <= {
        "blogen.prefs",
        "blogen.session",
        "blogen.places",
        f"blogen.cache.{crowd.site}|anyone",
    }
    assert not [text for text in left["texts"] if '"ann"' in text or "sailed" in text], left
    assert not [name for name in left["caches"] if not name.startswith("blogen-app-")], left
    assert left["bases"] == [], left
    assert (
        await ann.page.evaluate("fetch('/api/v1/posts?limit=1').then(r => r.json()).then(p => p.items[0].viewer)")
        is None
    )
    await ann.page.reload()
    await expect(ann.see("Not signed in")).to_be_visible()


async def test_what_is_done_offline_is_sent_once_when_the_network_is_back(new_phone: NewPhone, crowd: Crowd) -> None:
    bob = await new_phone("bob")
    await bob.open("/app/post/post-6")
    await expect(bob.see("How lighthouses got their rhythms")).to_be_visible()
    await bob.button("Save").click()
    await expect(bob.button("Remove from saved")).to_be_visible()
    await bob.is_kept()
    await bob.open("/app/post/post-9")
    await expect(bob.see("The mathematics of a good queue")).to_be_visible()
    await bob.is_kept()
    await bob.open("/app/saved")
    await expect(bob.see("How lighthouses got their rhythms")).to_be_visible()
    await bob.is_kept('"unlisted"')

    bob.expect_complaints("ERR_INTERNET_DISCONNECTED", "Failed to fetch", "net::ERR")
    await bob.context.set_offline(True)
    await bob.open("/app/saved")
    await bob.see("How lighthouses got their rhythms").click()
    await expect(bob.see("Every light has a signature")).to_be_visible()
    await bob.page.reload()
    await expect(bob.see("Every light has a signature")).to_be_visible()
    await bob.button("Like").click()
    await expect(bob.button("Take the like back")).to_be_visible()
    await bob.button("Follow Blogen").click()
    await bob.button("Comments").click()
    await bob.field("Write a comment").fill("Written at sea.")
    await bob.button("Send").click()
    await expect(bob.see("Waits to be sent")).to_be_visible()
    await bob.open("/app/post/post-9")
    await bob.button("Save").click()
    await bob.has_noted('"bookmark","slug":"post-9"')
    await bob.page.reload()  # what waits survives
    mine = "WHERE person_id = (SELECT id FROM people WHERE handle = 'bob')"
    assert crowd.rows(f"SELECT 1 FROM likes {mine}") == []

    calls: list[str] = []
    bob.page.on("request", lambda request: calls.append(f"{request.method} {request.url.split('/api/v1')[-1]}"))
    await bob.context.set_offline(False)
    await bob.emptied()
    await bob.open("/app/")
    await bob.idle()
    assert len(crowd.rows(f"SELECT 1 FROM likes {mine}")) == 1
    assert len(crowd.rows(f"SELECT 1 FROM author_follows {mine}")) == 1
    assert len(crowd.rows(f"SELECT 1 FROM bookmarks {mine}")) == 2
    assert [text for (text,) in crowd.rows(f"SELECT markdown FROM comments {mine}")] == ["Written at sea."]
    sent = [call for call in calls if call.split()[0] in {"PUT", "POST"} and "progress" not in call]
    assert len(sent) == len(set(sent)) == 4, sent


async def test_only_a_401_signs_out(new_phone: NewPhone, crowd: Crowd) -> None:
    cat = await new_phone("cat")
    await cat.open("/app/you")
    await expect(cat.see("@cat")).to_be_visible()
    cat.expect_complaints(r"status of (403|429|500|503)")
    for status in (403, 429, 500, 503):
        await cat.answer("**/api/v1/**", status=status, body=f'{{"status": {status}, "code": "test"}}')
        await cat.page.reload()
        await expect(cat.see("@cat")).to_be_visible()
        await cat.page.unroute("**/api/v1/**")
    await cat.page.reload()
    await expect(cat.see("@cat")).to_be_visible()

    cat.expect_complaints(r"status of 401")
    ended = await crowd.blogen.command("users", "sign-out", "cat")
    assert ended.code == 0, ended.err
    await cat.page.reload()
    await expect(cat.see("Not signed in")).to_be_visible()


def browser_keys() -> dict[str, str]:
    """Keys as a browser makes them for a subscription."""
    point = (
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    return {"p256dh": base64url(point), "auth": base64url(os.urandom(16))}


async def test_a_phone_asks_to_be_pushed_to(crowd: Crowd) -> None:
    """Chromium has no push service here, so its `pushManager` is stood in for; the rest is real.

    Its headless shell has no notifications: hence the whole browser.
    """
    async with opened(WHOLE) as browser:
        dan = await pick_up(replace(crowd, browser=browser), permissions=["notifications"])
        await dan.enter("dan")
        await dan.context.add_init_script(PUSH.replace("KEYS", json.dumps(browser_keys())))
        await dan.open("/app/settings/push")
        await dan.button("Turn on").click()
        await expect(dan.see("They are on for this device.")).to_be_visible()
        mine = "WHERE person_id = (SELECT id FROM people WHERE handle = 'dan')"
        assert crowd.rows(f"SELECT endpoint FROM push_subscriptions {mine}") == [(PUSHED_TO,)]
        await dan.button("Turn off").click()
        await expect(dan.see("They are off on this device.")).to_be_visible()
        await dan.idle()
        assert crowd.rows(f"SELECT endpoint FROM push_subscriptions {mine}") == []
        assert dan.wrong() == []
