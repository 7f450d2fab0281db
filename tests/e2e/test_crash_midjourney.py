"""A hundred SIGKILLs while Midjourney draws: no picture is ordered twice, none is made large twice.

That this can fail was seen by breaking the code on purpose: without `find` after a crash, and with the intent of the
large picture not committed before it is ordered.
"""

import asyncio
import signal
from collections import Counter
from itertools import cycle
from typing import Any

import pytest

from tests.e2e.conftest import NewBlogen
from tests.e2e.crashing import live_through_kills
from tests.e2e.forked import Killer
from tests.e2e.harness import Blogen
from tests.fakes.midjourney import FakeMidjourney, Flavour
from tests.fakes.openai_server import MODEL, FakeOpenAI

FLAVOURS: tuple[Flavour, ...] = ("java", "dotnet")
KILLS = 50
"""Of each."""
OPEN_JOBS = 4
SECRET = "a-secret-of-the-proxy"


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_no_picture_is_ordered_twice_however_often_it_is_killed(new_blogen: NewBlogen) -> None:
    # Side by side: most of the time each waits for its next look at a picture.
    await asyncio.gather(*(check_orders(new_blogen, flavour) for flavour in FLAVOURS))


async def check_orders(new_blogen: NewBlogen, flavour: Flavour) -> None:
    async with (
        FakeMidjourney(flavour, secret=SECRET, auto=True, polls=1) as midjourney,
        FakeOpenAI() as text,
        Killer() as killer,
    ):
        blogen = new_blogen(flavour, config=config(midjourney, text), launch=killer.launch)

        upscale = "change" if flavour == "java" else "action"
        labels = cycle(["fetch", "imagine", "fetch", "list", upscale])

        async def strike(running: Blogen) -> None:
            """Kill it while an order for a picture, or for a large one, or a question is on its way: not answered."""
            label = next(labels)
            midjourney.hold(label)
            try:
                await midjourney.received(label, len(midjourney.of(label)) + 1)
                running.server.signal(signal.SIGKILL)
            finally:
                await midjourney.release()

        ids = await live_through_kills(blogen, killer, kills=KILLS, order=order, strike=strike, open_jobs=OPEN_JOBS)
        jobs = [await blogen.job(job) for job in ids]
        assert {job["state"] for job in jobs} == {"published"}, jobs
        pictures = [await blogen.ask("GET", f"/api/v1/posts/{job['post']['slug']}") for job in jobs]
        await blogen.__aexit__()
    assert len(ids) >= 4
    assert {maker for post in pictures for maker in post["provenance"]["images"]} == {"image.main/midjourney"}
    check_once(midjourney, "IMAGINE", len(ids))
    check_once(midjourney, "UPSCALE", len(ids))


def check_once(midjourney: FakeMidjourney, action: str, pictures: int) -> None:
    orders = Counter((submission.state or "").rpartition("/")[0] for submission in midjourney.ordered(action))
    assert {step: times for step, times in orders.items() if times > 1} == {}
    # The last life may have been given orders whose answers nobody heard: they have pictures, too.
    assert pictures <= len(orders) <= pictures + OPEN_JOBS


def order(number: int) -> dict[str, Any]:
    text = f"Kettle number {number} sings before it boils. Its bubbles rise and collapse, {number} of them each second."
    return {
        "topic": f"The song of kettle number {number}",
        "words": 200,
        "images": 1,
        "sources": [{"kind": "text", "title": f"Notes on kettle {number}", "text": text}],
    }


def config(midjourney: FakeMidjourney, text: FakeOpenAI) -> str:
    return f"""
[engine]
retry_base_seconds = 0.05
[research]
allow_private = ["127.0.0.0/8"]
[text.main]
kind = "openai"
base_url = "{text.base_url}"
model = "{MODEL}"
[image.main]
kind = "midjourney"
base_url = "{midjourney.base_url}"
api_key = "{SECRET}"
"""
