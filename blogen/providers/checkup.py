"""Looking at the configured services: does each answer, and what does it understand?

Nothing is paid for, save where that is asked for: what a text service understands can only be tried by calls, and those
are made without asking where they cost nothing.
"""

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from blogen.errors import BlogenError
from blogen.providers.limits import Limits, Pace
from blogen.providers.protocols import CanProbe, Capability, Health, Probe, TextModel

if TYPE_CHECKING:
    from blogen.config import Trade
    from blogen.providers.registry import Registry

PROVIDER_SECONDS: Final = 60.0
PROBE_SECONDS: Final = 60.0
NOT_TRIED: Final = "What it understands was not tried, since calls may cost money; `blogen doctor --probe` tries it."


class Finding(NamedTuple):
    """What came of looking at one service, on one machine."""

    name: str
    """`text.main`, and its address where it has several."""
    ok: bool
    detail: str
    remedy: str = ""
    probe: Probe | None = None
    """What came of trying what it understands; None where there is nothing to try."""

    @property
    def details(self) -> str:
        """What is so, also where only trying has shown it."""
        return " ".join([self.detail, *(found.detail for found in self._ill)])

    @property
    def remedies(self) -> str:
        """What would mend it."""
        return self.remedy or " ".join(found.remedy for found in self._ill)

    @property
    def _ill(self) -> list[Capability | Probe]:
        if self.probe is None:
            return []
        ill: list[Capability | Probe] = [found for found in self.probe.capabilities if not found.ok]
        return ill if ill or self.probe.ok else [self.probe]


class Checkup:
    """The services of `registry`: they may be looked at side by side, but a machine is tried for one at a time."""

    def __init__(self, registry: "Registry") -> None:
        self._registry = registry
        self._machines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._paces: dict[str, Pace] = {}

    async def look(self, trade: "Trade", name: str, url: str = "", *, may_pay: bool = False) -> Finding:
        """One service, on the machine `url` if it has several. Raises nothing of the service's."""
        label = f"{trade}.{name} {url}".rstrip()
        try:
            provider = getattr(self._registry, trade)(name, url)
            async with asyncio.timeout(PROVIDER_SECONDS):
                health: Health = await provider.check()
        except BlogenError as error:
            return Finding(label, ok=False, detail=error.detail, remedy=error.remedy)
        except TimeoutError:
            return Finding(label, ok=False, detail=f"did not answer within {PROVIDER_SECONDS:.0f} s.")
        probe = await self._probed(name, url, provider, health, may_pay=may_pay) if trade == "text" else None
        return Finding(label, health.ok and (probe is None or probe.ok), health.detail, health.remedy, probe)

    async def _probed(
        self, name: str, url: str, provider: TextModel, health: Health, *, may_pay: bool
    ) -> Probe | None:  # fmt: skip
        """What came of trying what is only supposed; None where nothing is, or where it is ill anyway."""
        if not (health.ok and health.assumed and isinstance(provider, CanProbe)):
            return None
        if not provider.is_free and not may_pay:
            supposed = [
                Capability(key=key, assumed=value, detail="Not tried.") for key, value in health.assumed.items()
            ]
            return Probe(is_tried=False, ok=True, detail=NOT_TRIED, capabilities=supposed)
        section = self._registry.section("text", name)
        pace = self._paces.setdefault(name, Pace(section.requests_per_minute, section.tokens_per_minute))
        async with self._machines[url or section.base_url or ""]:
            try:
                return await provider.probe(Limits(section.concurrency, pace=pace), seconds=PROBE_SECONDS)
            except Exception as error:  # whatever it is, the others are still to be looked at
                return Probe(is_tried=True, ok=False, detail=f"It could not be tried ({type(error).__name__}).")
