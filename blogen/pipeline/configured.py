"""The configured services as their owner looks at them: what each is, how it does, and a test of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from blogen.clock import Clock
from blogen.config import BUILT_IN, ProviderSection
from blogen.config import Trade as TradeName
from blogen.pipeline.models import Guarded, Trade
from blogen.providers.checkup import Finding
from blogen.store.ledger import Cap

Look = Callable[..., Awaitable[Finding]]
"""`Checkup.look`."""


class MachineState(NamedTuple):
    """How one machine of a service does at this moment."""

    url: str
    running: int
    waiting: int
    rests_seconds: float
    """How long it is left alone from now on; 0: it is not."""
    has_just_failed: bool


class ProviderState(NamedTuple):
    trade: TradeName
    name: str
    section: ProviderSection
    place: int | None
    """1: tried first; None: not tried at all, unless by a role or for what it has in hand."""
    machines: Sequence[MachineState] | None
    """None: nobody has asked it for anything since the start."""
    caps: Sequence[Cap]
    is_free: bool
    """Whether calls are known to cost nothing."""

    @property
    def label(self) -> str:
        """As the owner knows it: `text.main`."""
        return f"{self.trade}.{self.name}"


class Tested(NamedTuple):
    """What came of a test: one finding for each machine."""

    findings: Sequence[Finding]
    seconds: float
    cost_usd_micros: int | None
    """None: not known."""
    calls: int

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)


class ConfiguredProviders:
    """Those of all trades. Keys are never told."""

    def __init__(self, trades: Mapping[TradeName, Trade[Any]], look: Look, clock: Clock) -> None:
        self._trades = trades
        self._look = look
        self._clock = clock
        self._testing: dict[tuple[TradeName, str, bool], asyncio.Task[Tested]] = {}

    def states(self) -> list[ProviderState]:
        """By trade; those that are tried come first, in their order."""
        return [self._state(trade, name) for trade, one in self._trades.items() for name in _in_order(one)]

    def state(self, trade: str, name: str) -> ProviderState | None:
        return next((one for one in self.states() if (one.trade, one.name) == (trade, name)), None)

    async def test(self, one: ProviderState, *, may_pay: bool = False) -> Tested:
        """Ask it, as `blogen doctor` does. Who asks while it is being tested hears what comes of that test."""
        key = (one.trade, one.name, may_pay)
        task = self._testing.get(key)
        if task is None:
            task = self._testing[key] = asyncio.create_task(self._test(one, may_pay=may_pay), name="provider test")
            task.add_done_callback(lambda _: self._testing.pop(key, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        tasks = list(self._testing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _test(self, one: ProviderState, *, may_pay: bool) -> Tested:
        began = self._clock.monotonic()
        urls = one.section.base_urls or [""]
        findings = await asyncio.gather(*(self._look(one.trade, one.name, url, may_pay=may_pay) for url in urls))
        probes = [finding.probe for finding in findings if finding.probe is not None]
        costs = [probe.usage.cost_usd_micros for probe in probes]
        known = [cost for cost in costs if cost is not None]
        return Tested(
            findings,
            self._clock.monotonic() - began,
            sum(known) if len(known) == len(costs) else None,
            sum(probe.calls for probe in probes),
        )

    def _state(self, trade: TradeName, name: str) -> ProviderState:
        one = self._trades[trade]
        guarded = one.guarded[name]
        return ProviderState(
            trade,
            name,
            guarded.section,
            one.names.index(name) + 1 if name in one.names else None,
            _machines(guarded) if guarded.is_made else None,
            one.caps(name),
            guarded.section.is_free or guarded.section.kind == BUILT_IN[trade],
        )


def _in_order(trade: Trade[Any]) -> list[str]:
    return list(dict.fromkeys([*trade.names, *trade.guarded]))


def _machines(guarded: Guarded[Any]) -> list[MachineState]:
    return [
        MachineState(
            machine.url,
            machine.limits.running,
            machine.limits.waiting,
            machine.breaker.resting_seconds,
            machine.breaker.has_just_failed,
        )
        for machine in guarded.machines.machines
    ]
