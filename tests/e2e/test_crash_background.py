"""A hundred SIGKILLs while answers are made in the background (OpenAI's Responses API): nothing is ordered twice.

What was ordered and whose id is known is asked for. An order whose id the crash took with it cannot be found at OpenAI
by anyone: it is in doubt, and the owner who wants no repetition is asked about it (`in_doubt = "ask"`).
"""

import asyncio
from collections import Counter
from typing import Any

import pytest

from blogen.store.lines import Line
from tests.e2e.conftest import NewBlogen
from tests.e2e.crashing import live_through_kills
from tests.e2e.forked import Killer
from tests.e2e.harness import API_KEY
from tests.fakes.openai_server import MODEL, FakeOpenAI

KILLS = 50
SEEDS = (20261126, 20261127)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_no_answer_is_ordered_twice_however_often_it_is_killed(new_blogen: NewBlogen) -> None:
    # Side by side: most of the time each waits for its next look at an answer.
    await asyncio.gather(*(check_orders(new_blogen, seed) for seed in SEEDS))


async def check_orders(new_blogen: NewBlogen, seed: int) -> None:
    async with FakeOpenAI(background_polls=1) as fake, Killer() as killer:
        blogen = new_blogen(f"seed-{seed}", config=config(fake), launch=killer.launch)
        ids = await live_through_kills(blogen, killer, kills=KILLS, order=order, seed=seed)
        jobs = [await blogen.job(job) for job in ids]
        await blogen.__aexit__()
    orders = Counter(call.reference.rpartition("/")[0] for call in fake.calls if call.path.endswith("/responses"))
    assert "" not in orders, "every order carries our reference"
    assert {step: times for step, times in orders.items() if times > 1} == {}
    doubted, with_id = blogen.runs(Line.STEP_DOUBTED), blogen.runs(Line.STEP_HANDLE)
    assert not with_id & doubted, "what can be asked for is not in doubt"
    assert len(with_id) > KILLS / 2, "hardly anything was made in the background: nothing was tested"
    asked = {job["id"] for job in jobs if job["waiting"] is not None}
    assert asked == {job for job, _, _ in doubted}, "the owner is asked about what is in doubt, and about nothing else"
    assert {job["state"] for job in jobs if job["id"] not in asked} == {"published"}, jobs


def order(number: int) -> dict[str, Any]:
    text = f"Kettle number {number} sings before it boils. Its bubbles rise and collapse, {number} of them each second."
    return {
        "topic": f"The song of kettle number {number}",
        "words": 200,
        "images": 0,
        "sources": [{"kind": "text", "title": f"Notes on kettle {number}", "text": text}],
    }


def config(fake: FakeOpenAI) -> str:
    return f"""
[engine]
retry_base_seconds = 0.05
[pipeline]
in_doubt = "ask"
[text.main]
kind = "openai"
base_url = "{fake.base_url}"
api_key = "{API_KEY}"
model = "{MODEL}"
api = "responses"
background = "always"
free = false
"""
