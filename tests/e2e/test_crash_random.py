"""Fifty jobs at once, and SIGKILL at random moments: promises 1 to 3 with many jobs in each other's way."""

import json
import random
import re
from collections import Counter
from typing import Any

import pytest

from tests.e2e.conftest import NewBlogen
from tests.e2e.harness import Blogen, with_fake
from tests.fakes.openai_server import Call, FakeOpenAI

JOBS = 50
KILLS = 6
SEED = 20260802


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_fifty_jobs_and_random_kills_lose_nothing_pay_nothing_twice_and_publish_once(
    new_blogen: NewBlogen, fake: FakeOpenAI
) -> None:
    chance = random.Random(SEED)
    # Many calls at a time, so that each kill catches several jobs in the middle of one.
    blogen = new_blogen(config=with_fake(fake).replace("concurrency = 1\n", "concurrency = 16\n"))
    in_doubt: Counter[str] = Counter()
    async with blogen:
        fake.hold()  # all are ordered before any is done
        jobs = [await blogen.submit(**order(number), key=f"order {number}") for number in range(JOBS)]
        await fake.release()
        for _ in range(KILLS):
            await fake.received(count=len(fake.calls) + chance.randint(10, 40))
            await blogen.kill()
            assert not blogen.left_behind()
            numbers = {job["id"]: number for number, job in enumerate(jobs)}
            in_doubt.update(f"{numbers[job]} {label(step)}" for job, step, _run in blogen.in_flight())
            await blogen.start()
        ended = [await blogen.finished(job["id"]) for job in jobs]
        assert [job["state"] for job in ended] == ["published"] * JOBS
        await check_published_once(blogen, ended)
    check_paid(fake, in_doubt)
    assert in_doubt, "no kill caught a call in flight: nothing was tested"


def order(number: int) -> dict[str, Any]:
    """An order that no other resembles: each call of the fake can be told apart."""
    text = f"Kettle number {number} sings before it boils. Its bubbles rise and collapse, {number} of them each second."
    return {
        "topic": f"The song of kettle number {number}",
        "words": 300,
        "images": number % 2,
        "sources": [{"kind": "text", "title": f"Notes on kettle {number}", "text": text}],
    }


async def check_published_once(blogen: Blogen, ended: list[dict[str, Any]]) -> None:
    slugs = {job["post"]["slug"] for job in ended}
    assert len(slugs) == JOBS
    listed = Counter(post["slug"] for post in await blogen.posts())
    assert {slug: listed[slug] for slug in slugs} == dict.fromkeys(slugs, 1)
    found = await blogen.ask("GET", "/api/v1/search?q=kettle&limit=100")
    hits = Counter(hit["slug"] for hit in found["items"])
    assert {slug: hits[slug] for slug in slugs} == dict.fromkeys(slugs, 1)


def check_paid(fake: FakeOpenAI, in_doubt: Counter[str]) -> None:
    """What was paid again is what was in doubt; no finished step was asked again."""
    paid = Counter((told(call), json.dumps(call.body, sort_keys=True)) for call in fake.calls if call.is_paid)
    repeated: Counter[str] = Counter()
    for (what, _), times in paid.items():
        if not what.endswith("image"):
            repeated[what] += times - 1
    assert not repeated - in_doubt, f"paid again: {+repeated}; in doubt were {in_doubt}"
    # Orders for pictures do not name their kettle and may read alike: counted together.
    pictures = fake.paid.count("image") - sum(order(number)["images"] for number in range(JOBS))
    assert pictures <= sum(times for what, times in in_doubt.items() if what.endswith("image"))


def told(call: Call) -> str:
    """Of which order a call is, and what it asks for."""
    number = re.search(r"kettle (?:number )?(\d+)", call.prompt, re.I)
    return f"{number[1] if number else '?'} {call.label}"


def label(step: str) -> str:
    """What the fake calls the step's call: `edit/title` asks for a title, `draft:intro/ask` for a draft."""
    stage, _, question = step.partition("/")
    return question if question not in {"", "ask"} else stage.partition(":")[0]
