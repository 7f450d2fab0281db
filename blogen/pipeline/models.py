"""The configured services by trade: each behind its limits, its breaker and its caps.

Which of them are tried, and in which order, is said here; that a call is durable is the business of the stages.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar

from blogen.clock import Clock
from blogen.config import BudgetConfig, ProviderSection
from blogen.pipeline.budget import reservation
from blogen.providers.endpoints import Endpoint, Endpoints
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
    Usage,
)
from blogen.store.ledger import Reservation

T = TypeVar("T")
Model = TypeVar("Model", bound=TextModel | ImageModel | SearchEngine)


class Guarded(Generic[Model]):
    """A configured service: its machines, each behind limits and a breaker, made when they are first asked for."""

    def __init__(self, name: str, section: ProviderSection, make: Callable[[str], Model], clock: Clock) -> None:
        self.name = name
        """As the owner knows it: `text.main`."""
        self.section = section
        self._make = make
        self._clock = clock

    @cached_property
    def machines(self) -> Endpoints[Model]:
        return Endpoints.of(self.name, self.section, self._make, self._clock)

    @property
    def model(self) -> Model:
        """What is the same on all machines: whether it is free, what it can do."""
        return self.machines.machines[0].provider


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
        return self._guarded[name].model.is_free

    def reservation(self, name: str, request: object) -> Reservation | None:
        """What to hold back for one call; None where it is free."""
        guarded = self._guarded[name]
        model = guarded.model
        if model.is_free:
            return None
        most = model.most_usd_micros(request) if isinstance(model, CanPrice) else guarded.section.call_usd_micros
        return reservation(guarded.name, guarded.section, self._budget, request, most)

    def call_usd_micros(self, name: str) -> int | None:
        """The price of a call that has a fixed one."""
        return self._guarded[name].section.call_usd_micros

    async def cancel(self, name: str, handle: str) -> None:
        """Let the service stop working on an order, if it can."""
        machine, own = self._guarded[name].machines.unwrap(handle)
        if isinstance(machine.provider, CanCancel):
            await machine.provider.cancel(own)

    async def _poll(self, name: str, handle: str, ask: Callable[[Model, str], Awaitable[T]]) -> T | Submitted:
        """Ask the machine that gave `handle`. It takes no turn: it is no work for the service."""
        machines = self._guarded[name].machines
        machine, own = machines.unwrap(handle)
        async with machine.breaker.attempt():
            return _kept(machines, machine, await ask(machine.provider, own))

    async def _order(
        self, name: str, send: Callable[[Model], Awaitable[T]], *, priority: int, job: str, tokens: int = 0
    ) -> T | Submitted:
        """Make a call on the machine that is least busy."""
        machines = self._guarded[name].machines
        machine = machines.pick()
        async with machine.turn(priority, tokens=tokens, job=job) as turn:
            answer = await send(machine.provider)
            usage = getattr(answer, "usage", None)
            if isinstance(usage, Usage):
                if usage.input_tokens or usage.output_tokens:
                    turn.used(usage.input_tokens + usage.output_tokens)
                if usage.pause_seconds > 0:
                    machine.breaker.leave_alone(usage.pause_seconds)
            return _kept(machines, machine, answer)


def _kept(machines: Endpoints[Model], machine: Endpoint[Model], answer: T | Submitted) -> T | Submitted:
    """A handle as it is kept leads back to the machine that gave it."""
    if isinstance(answer, Submitted):
        return answer.model_copy(update={"handle": machines.wrap(machine, answer.handle)})
    return answer


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
        model = self._guarded[name].model
        return isinstance(model, BackgroundTextModel) and model.works_in_background(request)

    async def complete(
        self, name: str, request: TextRequest, *, priority: int, job: str, stream: Stream | None
    ) -> TextAnswer:
        answer = await self._order(
            name,
            lambda model: model.complete(request, stream=stream),
            priority=priority,
            job=job,
            tokens=_tokens(request),
        )
        assert isinstance(answer, TextAnswer)
        return answer

    async def submit(self, name: str, request: TextRequest, *, priority: int, job: str) -> TextAnswer | Submitted:
        return await self._order(
            name, lambda model: _background(model).submit(request), priority=priority, job=job, tokens=_tokens(request)
        )

    async def poll(self, name: str, handle: str) -> TextAnswer | Pending | Submitted:
        return await self._poll(name, handle, lambda model, own: _background(model).poll(own))


def _tokens(request: TextRequest) -> int:
    """About how many tokens a call takes, sent and answered; what it took is known afterwards."""
    sent = len(request.system) + len(request.user)
    return sent // 4 + min(request.max_output_tokens or _USUAL_ANSWER_TOKENS, _USUAL_ANSWER_TOKENS)


_USUAL_ANSWER_TOKENS = 1000

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

    async def submit(self, name: str, request: ImageRequest, *, priority: int, job: str) -> Drawn | Submitted:
        return await self._order(name, lambda model: model.submit(request), priority=priority, job=job)

    async def poll(self, name: str, handle: str) -> Drawn | Pending | Submitted:
        return await self._poll(name, handle, lambda model, own: model.poll(own))

    def can_find(self, name: str) -> bool:
        """Whether the service can tell after a crash if an order reached it."""
        return isinstance(self._guarded[name].model, CanFind)

    async def find(self, name: str, reference: str) -> Submitted | None:
        """The order with our `reference`, on whichever machine it is; None if there is none."""
        machines = self._guarded[name].machines
        for machine in machines.machines:
            assert isinstance(machine.provider, CanFind)
            async with machine.breaker.attempt():
                if (found := await machine.provider.find(reference)) is not None:
                    return found.model_copy(update={"handle": machines.wrap(machine, found.handle)})
        return None


class SearchEngines(Trade[SearchEngine]):
    """Search engines for research."""

    async def search(
        self, name: str, query: str, *, language: str, limit: int, priority: int, job: str = ""
    ) -> list[SearchHit]:
        found = await self._order(
            name, lambda engine: engine.search(query, language=language, limit=limit), priority=priority, job=job
        )
        assert isinstance(found, list)
        return found


def _background(model: TextModel) -> BackgroundTextModel:
    assert isinstance(model, BackgroundTextModel)
    return model
