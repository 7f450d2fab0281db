"""A draft that is sent back, and SIGKILL at every single commit of the revision, before it or after it by turns."""

import signal
from collections import Counter
from typing import Any

import aiohttp
import pytest

from tests.e2e.conftest import NewBlogen
from tests.e2e.forked import Killer
from tests.e2e.harness import Blogen, NotReady, Refused, with_fake
from tests.e2e.test_crash_every_commit import ORDER
from tests.fakes.openai_server import FakeOpenAI


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_sigkill_while_a_draft_is_revised_neither_loses_nor_doubles_it(new_blogen: NewBlogen) -> None:
    async with Killer() as killer, FakeOpenAI() as fake:
        blogen = new_blogen(config=with_fake(fake), launch=killer.launch)
        undisturbed, _, _ = await revised(blogen, killer, fake, 0, after=False)
        commit, was_killed = 0, True
        while was_killed:
            commit += 1
            after = commit % 2 == 0
            paid, in_doubt, was_killed = await revised(blogen, killer, fake, commit, after=after)
            where = f"killed {'after' if after else 'before'} commit {commit}"
            assert not undisturbed - paid, f"{where}: a call is missing"
            assert (paid - undisturbed).total() <= in_doubt, f"{where}: paid twice: {paid - undisturbed}"
        await blogen.__aexit__()
    assert commit > 5, "most revisions ended without a kill: nothing was tested"


async def revised(
    blogen: Blogen, killer: Killer, fake: FakeOpenAI, commit: int, *, after: bool
) -> tuple[Counter[str], int, bool]:
    """What the revision of a new draft paid for, what was in doubt, and whether the server was killed meanwhile."""
    killer.aim(0)
    await blogen.start()
    job = await blogen.submit(**ORDER | {"images": 0, "review": True})
    await blogen.happens(job["id"], asks_for_review(0))
    path = f"/api/v1/jobs/{job['id']}"
    draft = await blogen.ask("GET", f"{path}/draft")
    gone = next(block["id"] for block in draft["blocks"] if block["t"] == "p")
    wanted = {"strike": [gone], "note": "Say more of lime.", "revision": draft["revision"]}
    await blogen.terminate()
    calls = len(fake.calls)
    killer.aim(commit, after=after)
    was_killed = False
    try:
        await blogen.start()
        await blogen.ask("POST", f"{path}/revise", wanted)
        await blogen.happens(job["id"], asks_for_review(1))
        await blogen.terminate()
    except NotReady as early:
        if early.ended.code != -signal.SIGKILL:
            raise
        was_killed = True
    except aiohttp.ClientError:
        was_killed = True
        await blogen.ended()
    in_doubt = sum(line[0] == job["id"] for line in blogen.in_flight())
    killer.aim(0)
    await blogen.start()
    try:
        await blogen.ask("POST", f"{path}/revise", wanted)  # as a client does that had no answer
    except Refused as refused:
        if refused.status != 409:  # else it was accepted before
            raise
    await blogen.happens(job["id"], asks_for_review(1))
    after_all = await blogen.ask("GET", f"{path}/draft")
    assert after_all["human_edits"] == 1
    assert gone not in [block["id"] for block in after_all["blocks"]]
    assert after_all["revision"] != draft["revision"]
    await blogen.terminate()
    paid = Counter(call.label for call in fake.calls[calls:] if call.is_paid)
    return paid, in_doubt, was_killed


def asks_for_review(revisions: int) -> Any:
    """Whether the job waits for a review after so many revisions."""
    seen = 0

    def is_it(event: dict[str, Any]) -> bool:
        nonlocal seen
        seen += event.get("event") == "step_finished" and str(event.get("step")).startswith("revision:")
        return seen >= revisions and event.get("event") == "waiting" and event["detail"]["for"] == "review"

    return is_it
