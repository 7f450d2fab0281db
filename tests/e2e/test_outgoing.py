"""What follows from a post goes out whatever happens to the process: a real server, killed at its most awkward moments.

That this test can fail was seen by breaking the code on purpose; each of these turned it red:
* `Courier` marks facts as done before their deliveries are written: a post of which nobody hears;
* `HookLine` notes a message as delivered before it is sent: it is lost with the process.
"""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing

import aiohttp
import pytest

from tests.e2e.conftest import NewBlogen
from tests.e2e.forked import Forked, Killer
from tests.e2e.harness import PATIENCE_SECONDS, Blogen, NotReady
from tests.outgoing.receiver import Receiver, is_signed, receiving

SECRET = "a secret of more than 16 bytes"
LAST_COMMITS = 7
"""From a post's publication to its delivery, and some more."""

ORDER = {
    "topic": "Why a kettle sings before it boils",
    "images": 0,
    "sources": [
        {
            "kind": "text",
            "title": "On kettles",
            "text": (
                "A kettle sings because small bubbles of steam rise from the hot bottom and collapse in the cooler "
                "water above. Each collapse makes a click, and thousands of clicks together make the song.\n\n"
                "Shortly before it boils the water is hot everywhere, and the bubbles reach the surface whole. "
                "The song then falls silent, which cooks have used as a sign for centuries."
            ),
        }
    ],
}


def with_hook(receiver: Receiver) -> str:
    return f"""
[research]
allow_private = ["127.0.0.0/8"]
[[webhooks]]
name = "chat"
url = "{receiver.url}/hook"
secret = "{SECRET}"
[[webhooks]]
name = "failures"
url = "{receiver.url}/failures"
secret = "{SECRET}"
events = ["job.failed"]
"""


async def delivered(blogen: Blogen, count: int = 1) -> list[dict]:
    """Wait until so many deliveries are made; all there are."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            items = (await blogen.ask("GET", "/api/v1/webhooks/deliveries"))["items"]
            if sum(one["state"] == "delivered" for one in items) >= count:
                return items


def rows(blogen: Blogen) -> list[tuple[str, str, int]]:
    """Webhook, fact and number of deliveries, from outside."""
    sql = "SELECT d.hook, o.key, count(*) FROM deliveries d JOIN outbox o ON o.id = d.outbox_id GROUP BY 1, 2"
    with closing(sqlite3.connect(f"file:{blogen.data / 'blogen.db'}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


async def test_a_message_in_flight_at_a_kill_is_sent_again_under_the_same_id(new_blogen: NewBlogen) -> None:
    async with receiving() as receiver:

        async def hang(_request):
            await asyncio.Event().wait()

        receiver.answer = hang
        async with new_blogen(config=with_hook(receiver)) as blogen:
            job = await blogen.submit(**ORDER)
            await receiver.wait_for(1)  # its delivery stands in the table, and is under way
            await blogen.kill()
            receiver.answer = None
            await blogen.start()
            items = await delivered(blogen)
            slug = (await blogen.job(job["id"]))["post"]["slug"]
    assert [(hook, count) for hook, _, count in rows(blogen)] == [("chat", 1)]
    assert len(receiver.sent) == 2
    assert {sent.id for sent in receiver.sent} == {items[0]["id"]}
    assert len({sent.body for sent in receiver.sent}) == 1
    assert all(is_signed(sent, SECRET.encode()) for sent in receiver.sent)
    assert receiver.sent[0].told["data"]["slug"] == slug


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_sigkill_at_each_commit_from_publication_to_delivery_tells_it_once(new_blogen: NewBlogen) -> None:
    async with Killer() as killer:
        _, total = await live(killer, new_blogen, 0, after=False)
        killed = 0
        for commit in range(total - LAST_COMMITS + 1, total + 1):
            for after in (False, True):
                was_killed, _ = await live(killer, new_blogen, commit, after=after)
                killed += was_killed
    assert killed > LAST_COMMITS, "most runs ended without having been killed: nothing was tested"


async def order_and_wait(blogen: Blogen) -> list[dict]:
    await blogen.submit(**ORDER, key="the-same-order")
    return await delivered(blogen)


async def live(killer: Killer, new_blogen: NewBlogen, commit: int, *, after: bool) -> tuple[bool, int]:
    """A post is made, told, and checked, with a kill and a restart in between; whether it was killed; its commits."""
    where = f"killed {'after' if after else 'before'} commit {commit}"
    async with receiving() as receiver:
        blogen = new_blogen(f"at-{commit}-{after}", config=with_hook(receiver), launch=killer.launch)
        killer.aim(commit, after=after)
        try:
            await blogen.start()
        except NotReady:
            was_killed, commits = True, 0
        else:
            server = blogen.server
            assert isinstance(server, Forked)
            telling = asyncio.create_task(order_and_wait(blogen))
            ending = asyncio.create_task(server.ended())
            await asyncio.wait({telling, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                await asyncio.wait({telling})  # its connection breaks with the server
            was_killed = isinstance(telling.exception(), aiohttp.ClientError)
            if not was_killed:
                telling.result()
                server.signal(signal.SIGKILL)
            await blogen.ended()
            commits = server.commits
        killer.aim(0)
        async with blogen:
            items = await order_and_wait(blogen)
            posts = await blogen.posts()
    assert len(posts) == 2, f"{where}: the one there was, and the one ordered"
    assert [(hook, count) for hook, _, count in rows(blogen)] == [("chat", 1)], where
    assert {sent.id for sent in receiver.sent} == {items[0]["id"]}, where
    assert 1 <= len(receiver.sent) <= 2, where
    return was_killed, commits


async def test_sigterm_ends_in_time_whatever_hangs_or_listens(new_blogen: NewBlogen) -> None:
    async with receiving() as receiver:

        async def hang(_request):
            await asyncio.Event().wait()

        receiver.answer = hang
        async with new_blogen(config=with_hook(receiver)) as blogen:
            await blogen.command("users", "create", "ada", stdin="a long password\n")
            token = (await blogen.command("tokens", "create", "--scope", "reader", "--user", "ada")).out.strip()
            await blogen.submit(**ORDER)
            await receiver.wait_for(1)
            headers = {"Authorization": f"Bearer {token}"}
            async with blogen.http.get(f"{blogen.url}/api/v1/me/events", headers=headers) as stream:
                assert stream.status == 200
                async with asyncio.timeout(10):
                    while b"ready" not in await stream.content.readline():
                        pass
                async with asyncio.timeout(10):
                    assert await blogen.terminate() == 0


async def test_webhooks_are_listed_tried_and_repeated_by_command(new_blogen: NewBlogen) -> None:
    async with receiving() as receiver:
        receiver.statuses = [410]
        async with new_blogen(config=with_hook(receiver)) as blogen:
            listed = json.loads((await blogen.command("webhooks", "list", "--json")).out)
            assert [one["name"] for one in listed["items"]] == ["chat", "failures"]
            assert SECRET not in str(listed)
            await blogen.submit(**ORDER)
            await receiver.wait_for(1)
            await blogen.server.says("webhook given up")
            [one] = json.loads((await blogen.command("webhooks", "deliveries", "--json")).out)["items"]
            assert (one["hook"], one["event"], one["state"]) == ("chat", "post.published", "given-up")
            tried = await blogen.command("webhooks", "test", "chat")
            assert (tried.code, "took the message" in tried.out) == (0, True)
            ping = receiver.sent[-1]
            assert ping.told["event"] == "ping"
            assert is_signed(ping, SECRET.encode())
            again = await blogen.command("webhooks", "retry", one["id"])
            assert again.code == 0, again.err
            await receiver.wait_for(3)  # the server looks at the table by itself
            assert receiver.sent[-1].id == one["id"]
            await delivered(blogen)
            assert "delivered" in (await blogen.command("webhooks", "deliveries", "--hook", "chat")).out
        receiver.statuses = [500]
        failed = await blogen.command("webhooks", "test", "chat", "--json")
        assert (failed.code, json.loads(failed.out)["status"]) == (1, 500)
        unknown = await blogen.command("webhooks", "test", "chut")
        assert (unknown.code, "Did you mean `chat`?" in unknown.err) == (2, True)
        missing = await blogen.command("webhooks", "retry", "x")
        assert (missing.code, "Traceback" in missing.err) == (2, False)
