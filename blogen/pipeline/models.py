"""The configured services by trade: each behind its limits, its breaker and its caps. Which is tried when is said here;
that a call is durable is the business of `calling.py`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from blogen.config import BudgetConfig, ProviderSection
from blogen.pipeline.budget import reservation
from blogen.providers.limits import Breaker, Limits
from blogen.providers.protocols import (
    BackgroundTextModel,
    CanCancel,
    CanFind,
    CanPrice,
    Drawn,
    ImageModel,
    ImageRequest,
    Pending,
    SearchEngine,
    SearchHit,
    Stream,
    Submitted,
    TextAnswer,
    TextModel,
    TextRequest,
)
from blogen.store.ledger import Reservation

Model = TypeVar("Model", bound=TextModel | ImageModel | SearchEngine)


@dataclass(frozen=True, slots=True)
class Guarded(Generic[Model]):
    """A service with what keeps calls to it within bounds. `make` builds it on first use."""

    name: str
    """As the owner knows it: `text.main`."""
    section: ProviderSection
    make: Callable[[], Model]
    limits: Limits
    breaker: Breaker


class Trade(Generic[Model]):
    """What the trades have in common. Names are those of the sections, without the trade."""

    def __init__(self, guarded: Mapping[str, Guarded[Model]], order: Sequence[str], budget: BudgetConfig) -> None:
        self._guarded = guarded
        self._budget = budget
        self.names = [name for name in order if name in guarded]
        """Those to try, in this order."""

    def __contains__(self, name: object) -> bool:
        return name in self._guarded

    def is_free(self, name: str) -> bool:
        return self._guarded[name].make().is_free

    def reservation(self, name: str, request: object) -> Reservation | None:
        """What to hold back for one call; None where it is free."""
        guarded = self._guarded[name]
        model = guarded.make()
        if model.is_free:
            return None
        most = model.most_usd_micros(request) if isinstance(model, CanPrice) else guarded.section.call_usd_micros
        return reservation(guarded.name, guarded.section, self._budget, request, most)

    async def cancel(self, name: str, handle: str) -> None:
        """Let the service stop working on an order, if it can."""
        model = self._guarded[name].make()
        if isinstance(model, CanCancel):
            await model.cancel(handle)


class TextModels(Trade[TextModel]):
    """Text models. `has_offline`: the extractive writer stands at the end of the list."""

    def __init__(
        self,
        guarded: Mapping[str, Guarded[TextModel]],
        order: Sequence[str],
        budget: BudgetConfig,
        *,
        has_offline: bool = False,
        roles: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(guarded, order, budget)
        self.has_offline = has_offline
        self._roles = roles or {}

    def order(self, purpose: str) -> list[str]:
        """Which models to ask for a purpose: those of its role first."""
        return list(dict.fromkeys([*self._roles.get(ROLES.get(purpose, ""), ()), *self.names]))

    def works_in_background(self, name: str, request: TextRequest) -> bool:
        model = self._guarded[name].make()
        return isinstance(model, BackgroundTextModel) and model.works_in_background(request)

    async def complete(self, name: str, request: TextRequest, *, priority: int, stream: Stream | None) -> TextAnswer:
        guarded = self._guarded[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await guarded.make().complete(request, stream=stream)

    async def submit(self, name: str, request: TextRequest, *, priority: int) -> TextAnswer | Submitted:
        guarded = self._guarded[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await _background(guarded.make()).submit(request)

    async def poll(self, name: str, handle: str, *, priority: int) -> TextAnswer | Pending | Submitted:
        guarded = self._guarded[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await _background(guarded.make()).poll(handle)


ROLES = {
    "queries": "research",
    "outline": "outline",
    "draft": "draft",
    "revise": "draft",
    "critic": "critic",
    "title": "title",
    "illustrations": "image_prompt",
    "reword": "image_prompt",
}
"""Which key of `[pipeline.roles]` is meant by a request's purpose."""


class ImageModels(Trade[ImageModel]):
    """Image models; the illustrating stage decides when to go on to the next."""

    async def submit(self, name: str, request: ImageRequest, *, priority: int) -> Drawn | Submitted:
        guarded = self._guarded[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await guarded.make().submit(request)

    async def poll(self, name: str, handle: str, *, priority: int) -> Drawn | Pending | Submitted:
        guarded = self._guarded[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await guarded.make().poll(handle)

    def can_find(self, name: str) -> bool:
        """Whether the service can tell after a crash if an order reached it."""
        return isinstance(self._guarded[name].make(), CanFind)

    async def find(self, name: str, reference: str, *, priority: int) -> Submitted | None:
        guarded = self._guarded[name]
        model = guarded.make()
        assert isinstance(model, CanFind)
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await model.find(reference)


class SearchEngines(Trade[SearchEngine]):
    """Search engines for research."""

    async def search(self, name: str, query: str, *, language: str, limit: int, priority: int) -> list[SearchHit]:
        guarded = self._guarded[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await guarded.make().search(query, language=language, limit=limit)


def _background(model: TextModel) -> BackgroundTextModel:
    assert isinstance(model, BackgroundTextModel)
    return model
