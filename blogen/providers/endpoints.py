"""The machines behind one section: which is asked next, and whose handle is whose.

A section with `base_urls` has a provider, a breaker and turns for each machine; requests and tokens a minute count
for all of them together. A call goes to one of them and its handle leads back to it:

endpoint = endpoints.pick()
async with endpoint.turn(job.priority, job=job.id):
    handle = endpoints.wrap(endpoint, (await endpoint.provider.submit(request)).handle)
"""

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from blogen.clock import Clock
from blogen.config.section import ProviderSection
from blogen.errors import ProviderRefused
from blogen.providers.limits import Breaker, Limits, Pace, Turn

P = TypeVar("P")


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint(Generic[P]):
    """One machine and what keeps calls to it within bounds. `url` is empty where a provider needs no address."""

    url: str
    provider: P
    limits: Limits
    breaker: Breaker

    @asynccontextmanager
    async def turn(self, priority: int = 5, *, tokens: int = 0, job: str = "") -> AsyncIterator[Turn]:
        """Make a call in it: waits for a turn, and tells the breaker how the call ended.

        Raises ProviderResting, before or while it waits, if the machine is left alone.
        """
        self.breaker.check()
        async with self.limits.turn(priority, tokens=tokens, job=job) as turn, self.breaker.attempt():
            yield turn


class Endpoints(Generic[P]):
    """The machines of the section `name`, at least one, in the order of the configuration."""

    def __init__(self, machines: Sequence[Endpoint[P]], *, name: str = "") -> None:
        self.machines = tuple(machines)
        self.name = name
        self._by_mark = {_mark(machine.url): machine for machine in reversed(self.machines)}

    @classmethod
    def of(cls, name: str, section: ProviderSection, make: Callable[[str], P], clock: Clock) -> "Endpoints[P]":
        """The machines that `section` lists; `make` gives the provider that works with an address."""
        pace = Pace(section.requests_per_minute, section.tokens_per_minute, clock)
        urls = section.addresses or [""]
        machines = []
        for url in urls:
            limits = Limits(section.concurrency, clock=clock, pace=pace)
            breaker = Breaker(name, clock=clock, limits=limits, machine=url if len(urls) > 1 else "")
            machines.append(Endpoint(url, make(url), limits, breaker))
        return cls(machines, name=name)

    def pick(self) -> Endpoint[P]:
        """The machine for the next call: one that is not left alone, did not just fail, can begin, is least busy.

        If all are left alone, the one that is tried again first.
        """
        return self.machines[0] if len(self.machines) == 1 else min(self.machines, key=_unfitness)

    def wrap(self, endpoint: Endpoint[P], handle: str) -> str:
        """A handle that `endpoint` gave, as it is kept: it says whose it is, where there is more than one machine."""
        # One that looks like a marked one would be taken for one.
        if len(self.machines) == 1 and not _MARKED.match(handle):
            return handle
        return f"@{_mark(endpoint.url)}/{handle}"

    def unwrap(self, handle: str) -> tuple[Endpoint[P], str]:
        """The machine that gave a kept handle, and the handle as it gave it.

        One without a mark is from when there was one machine: the first. Raises ProviderRefused if it is gone.
        """
        marked = _MARKED.match(handle)
        if marked is None:
            return self.machines[0], handle
        machine = self._by_mark.get(marked[1])
        if machine is None:
            raise ProviderRefused(
                f"This was ordered from a machine that [{self.name}] no longer lists.",
                remedy="Put its address back into base_urls, or retry the job: that orders it anew.",
                provider=self.name,
            )
        return machine, handle[marked.end() :]


_MARKED = re.compile(r"@([0-9a-f]{12})/")


def _mark(url: str) -> str:
    """Stands for a machine in its handles: short, and it tells no address to whoever sees the job."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def _unfitness(machine: Endpoint[P]) -> tuple[float, bool, bool, int]:
    limits, breaker = machine.limits, machine.breaker
    return (
        breaker.resting_seconds,
        breaker.has_just_failed,
        not limits.has_room,
        limits.running + limits.waiting,
    )
