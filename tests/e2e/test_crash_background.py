"""A hundred SIGKILLs while answers are made in the background (OpenAI's Responses API): what was ordered and whose id
is known is never ordered again. An order whose id the crash took with it cannot be found at OpenAI by anyone; it is in
doubt, and only such a one is repeated.
"""

from collections import Counter
from typing import Any

import pytest

from blogen.store.lines import Line
from tests.e2e.conftest import NewBlogen
from tests.e2e.crashing import live_through_kills
from tests.e2e.forked import Killer
from tests.e2e.harness import API_KEY
from tests.fakes.openai_server import MODEL, FakeOpenAI

KILLS = 100


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_nothing_whose_id_is_known_is_ordered_again_however_often_it_is_killed(new_blogen: NewBlogen) -> None:
    async with FakeOpenAI(background_polls=1) as fake, await Killer.open() as killer:
        blogen = new_blogen(config=config(fake), launch=killer.launch)
        ids = await live_through_kills(blogen, killer, kills=KILLS, order=order)
        jobs = [await blogen.job(job) for job in ids]
        assert {job["state"] for job in jobs} == {"published"}, jobs
        await blogen.__aexit__()
    orders = Counter(call.reference.rpartition("/")[0] for call in fake.calls if call.path.endswith("/responses"))
    assert "" not in orders, "every order carries our reference"
    repeated = {step: times - 1 for step, times in orders.items() if times > 1}
    doubted = Counter(f"{job}/{step}" for job, step, _ in blogen.runs(Line.STEP_DOUBTED))
    with_id = {(job, step, run) for job, step, run in blogen.runs(Line.STEP_HANDLE)}
    assert not with_id & blogen.runs(Line.STEP_DOUBTED), "what can be asked for is not in doubt"
    assert len(with_id) > KILLS / 2, "hardly anything was made in the background: nothing was tested"
    assert not Counter(repeated) - doubted, f"ordered again: {repeated}; in doubt were {doubted}"


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
[text.main]
kind = "openai"
base_url = "{fake.base_url}"
api_key = "{API_KEY}"
model = "{MODEL}"
api = "responses"
background = "always"
free = false
"""
