"""Many jobs on one data folder whose server is killed again and again, until so many kills are done."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any

import aiohttp

from tests.e2e.forked import Killer
from tests.e2e.harness import FINAL, Blogen, NotReady, Refused

Order = Callable[[int], dict[str, Any]]
Strike = Callable[[Blogen], Awaitable[None]]
"""Waits for a moment of its own and kills the server then."""


async def live_through_kills(
    blogen: Blogen,
    killer: Killer,
    *,
    kills: int,
    order: Order,
    strike: Strike | None = None,
    open_jobs: int = 4,
    seed: int = 20261126,
) -> list[str]:
    """Keep `open_jobs` going while the server dies `kills` times; then let all of them end. Their ids.

    Two of three kills are at a random commit, before or after it; the others are `strike`'s. Most lives are short: a
    server that has just come back is the one that may do something again.
    """
    chance = random.Random(seed)
    customers = [_Customer(order, place, open_jobs) for place in range(open_jobs)]
    for number in range(kills):
        by_hand = strike is not None and number % 3 == 2
        killer.aim(0 if by_hand else chance.randint(3, chance.choice((9, 12, 30))), after=chance.random() < 0.5)
        try:
            await blogen.start()
        except NotReady:
            continue  # it was killed before it was ready
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            busy = [tasks.create_task(customer.order_until_it_dies(blogen)) for customer in customers]
            if by_hand and strike is not None:
                busy.append(tasks.create_task(strike(blogen)))
            await blogen.ended()
            for task in busy:
                task.cancel()
    killer.aim(0)
    await blogen.start()
    ids = [job for customer in customers for job in customer.jobs]
    await asyncio.gather(*(settled(blogen, job) for job in ids))
    return ids


async def settled(blogen: Blogen, job_id: str) -> dict[str, Any]:
    """Wait until the job is final, or waits for its owner; the job."""
    await blogen.happens(job_id, lambda event: event.get("target") in FINAL or _asks(event))
    return await blogen.job(job_id)


def _asks(event: dict[str, Any]) -> bool:
    return event.get("event") == "waiting" and event["detail"]["for"] == "review"


class _Customer:
    """Orders one post after the other. The same number is the same order, also after a crash."""

    def __init__(self, order: Order, first: int, step: int) -> None:
        self.jobs: list[str] = []
        self._order = order
        self._numbers = count(first, step)
        self._number = next(self._numbers)

    async def order_until_it_dies(self, blogen: Blogen) -> None:
        with suppress(aiohttp.ClientError, Refused, AssertionError):
            while True:
                job = await blogen.submit(**self._order(self._number), key=f"order {self._number}")
                if job["id"] not in self.jobs:
                    self.jobs.append(job["id"])
                await settled(blogen, job["id"])
                self._number = next(self._numbers)
