"""One whole post, and SIGKILL at every single commit in turn, before it and after it: promises 1 to 3.

That this test can fail was seen by breaking the code on purpose; each of these turned it red:
* `JobContext` does not write the results of calls: answers are used before they are durable, and paid again;
* `JobContext.call` does not write its intent: a call is paid again and nothing says that it was in doubt;
* `Jobs.move` makes the post in a write of its own after the move: a job is published and has no post;
* `Jobs.open_jobs` leaves out the jobs of one state: they are stuck.
"""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from hashlib import sha256
from typing import Any, NamedTuple

import aiohttp
import pytest

from tests.e2e.conftest import NewBlogen
from tests.e2e.forked import Forked, Killer
from tests.e2e.harness import Blogen, NotReady, with_fake
from tests.fakes.openai_server import FakeOpenAI

SIDE_BY_SIDE = 2
KEY = "the-same-order"
ORDER = {
    "topic": "Why a kettle sings before it boils",
    "words": 1000,
    "images": 2,
    "sources": [
        {
            "kind": "text",
            "title": "On kettles",
            "text": (
                "A kettle sings because small bubbles of steam rise from the hot bottom and collapse in the cooler "
                "water above. Each collapse makes a click, and thousands of clicks together make the song.\n\n"
                "Shortly before it boils the water is hot everywhere, and the bubbles reach the surface whole. "
                "The song then falls silent, which cooks have used as a sign for centuries.\n\n"
                "Hard water leaves lime on the bottom. The lime holds the bubbles back, so an old kettle sings louder."
            ),
        }
    ],
}


class Outcome(NamedTuple):
    """What one run came to."""

    was_killed: bool
    commits: int
    job: dict[str, Any]
    post: dict[str, Any]
    paid: Counter[str]
    in_doubt: list[str]
    """The steps that were begun and had no outcome when the server died."""


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_sigkill_at_every_commit_changes_neither_the_post_nor_the_bill(new_blogen: NewBlogen) -> None:
    async with AsyncExitStack() as stack:
        killers = [await stack.enter_async_context(Killer()) for _ in range(SIDE_BY_SIDE)]
        undisturbed = await run(killers[0], new_blogen, (0, False))
        assert not undisturbed.was_killed
        assert undisturbed.commits > 20, "so few commits cannot be a whole post"
        points = iter([(commit, after) for commit in range(1, undisturbed.commits + 1) for after in (False, True)])
        checked = await asyncio.gather(*(kill_at_each(points, killer, new_blogen, undisturbed) for killer in killers))
    assert sum(checked) > undisturbed.commits, "most runs ended without having been killed: nothing was tested"


async def kill_at_each(
    points: Iterator[tuple[int, bool]], killer: Killer, new_blogen: NewBlogen, undisturbed: Outcome
) -> int:
    """Take the next point until none is left; how many runs were killed."""
    killed = 0
    for point in points:
        outcome = await run(killer, new_blogen, point)
        where = f"killed {'after' if point[1] else 'before'} commit {point[0]}"
        assert outcome.job["state"] == "published", f"{where}: {outcome.job}"
        assert lasting(outcome.post) == lasting(undisturbed.post), where
        assert outcome.job["tokens"] == undisturbed.job["tokens"], where
        assert not undisturbed.paid - outcome.paid, f"{where}: a call is missing"
        more_unknown = outcome.job["unknown_calls"] - undisturbed.job["unknown_calls"]
        assert more_unknown == len(outcome.in_doubt), f"{where}: {more_unknown} more of unknown cost"
        repeated = outcome.paid - undisturbed.paid
        assert repeated.total() <= len(outcome.in_doubt), f"{where}: paid twice: {repeated}; {outcome.in_doubt}"
        side_by_side = {step.partition(":")[0] for step in outcome.in_doubt}
        assert len(outcome.in_doubt) <= 1 or side_by_side in ({"draft"}, {"image"}), f"{where}: {outcome.in_doubt}"
        killed += outcome.was_killed
    return killed


async def run(killer: Killer, new_blogen: NewBlogen, point: tuple[int, bool]) -> Outcome:
    """One post from order to publication, with a kill and a restart in between."""
    name = f"commit-{point[0]}-{point[1]}"
    async with FakeOpenAI() as fake:
        blogen = new_blogen(name, config=with_fake(fake), launch=killer.launch)
        killer.aim(point[0], after=point[1])
        was_killed, commits = await order_and_die(blogen)
        assert not blogen.left_behind()
        in_doubt = sorted(step for _, step, _ in blogen.in_flight())
        killer.aim(0)
        async with blogen:
            job = await blogen.submit(**ORDER, key=KEY)
            job = await blogen.finished(job["id"])
            jobs = await blogen.all("/api/v1/jobs")
            assert [other["state"] for other in jobs] == ["published"] * 2, jobs
            posts = [post for post in await blogen.posts() if post["slug"] == job["post"]["slug"]]
            assert len(posts) == 1
            post = await blogen.ask("GET", f"/api/v1/posts/{job['post']['slug']}")
        paid = Counter(f"{call.label} {digest(call.body)}" for call in fake.calls if call.is_paid)
    return Outcome(was_killed, commits, job, post, paid, in_doubt)


async def order_and_die(blogen: Blogen) -> tuple[bool, int]:
    """Order the post and wait until the server was killed, or is done; which of them, and its commits."""
    try:
        await blogen.start()
    except NotReady as early:
        if early.ended.code != -signal.SIGKILL:
            raise
        return True, 0
    server = blogen.server
    assert isinstance(server, Forked)
    working = asyncio.create_task(order_and_wait(blogen))
    ending = asyncio.create_task(server.ended())
    await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({working})  # its connections break with the server
    was_killed = isinstance(working.exception(), aiohttp.ClientError)
    if not was_killed:
        working.result()
        server.signal(signal.SIGKILL)
    await blogen.ended()
    return was_killed, server.commits


async def order_and_wait(blogen: Blogen) -> None:
    job = await blogen.submit(**ORDER, key=KEY)
    await blogen.finished(job["id"])


def digest(body: dict[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]


def lasting(post: dict[str, Any]) -> dict[str, Any]:
    """What of a post does not depend on when it was made, or on a call in doubt, whose cost nobody knows."""
    provenance = {key: value for key, value in post["provenance"].items() if key != "unknown_calls"}
    return {key: value for key, value in post.items() if key not in {"published_at", "updated_at"}} | {
        "provenance": provenance
    }
