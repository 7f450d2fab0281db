"""The configured services by trade: each behind its limits, its breaker and its caps.

Which of them are tried, and in which order, is said here; that a call is durable is the business of the stages.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from typing import Any, Generic, TypeVar

from blogen.clock import Clock
from blogen.config import BudgetConfig, ProviderSection
from blogen.pipeline.budget import caps_over, guessed_usd_micros
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
from blogen.store.ledger import Cap, Reservation

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
    def is_made(self) -> bool:
        """Whether anybody has asked for it: only then is there anything to say of its machines."""
        return "machines" in vars(self)

    @property
    def model(self) -> Model:
        """What is the same on all machines: whether it is free, what it can do."""
        return self.machines.machines[0].provider


class Trade(Generic[Model]):
    """What the trades have in common. Names are those of the sections, without the trade."""

    def __init__(self, guarded: Mapping[str, Guarded[Model]], order: Sequence[str], budget: BudgetConfig) -> None:
        self._guarded = guarded
        self._caps = {name: caps_over(one.name, one.section, budget) for name, one in guarded.items()}
        self.names = [name for name in order if name in guarded]
        """Those to try, in this order."""

    @property
    def guarded(self) -> Mapping[str, Guarded[Model]]:
        """Every configured service of the trade by its name, those that are not tried, too."""
        return self._guarded

    def caps(self, name: str) -> Sequence[Cap]:
        """The caps of that service alone."""
        return [cap for cap in self._caps[name] if cap.provider is not None]

    def __contains__(self, name: object) -> bool:
        return name in self._guarded

    def reservation(self, name: str, request: object) -> Reservation | None:
        """What to hold back for one call; None where it is free."""
        guarded = self._guarded[name]
        model = guarded.model
        if model.is_free:
            return None
        most = model.most_usd_micros(request) if isinstance(model, CanPrice) else guarded.section.call_usd_micros
        return Reservation(guarded.name, guessed_usd_micros(request) if most is None else most, self._caps[name])

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

    def _turn(self, name: str, *, priority: int, job: str, tokens: int = 0) -> "Turn[Model]":
        return Turn(self._guarded[name].machines, priority, job, tokens)


class Turn(Generic[Model]):
    """A call's turn on the machine of a section that is least busy: `async with turn: answer = await turn.send(…)`."""

    def __init__(self, machines: Endpoints[Model], priority: int, job: str, tokens: int) -> None:
        self._machines = machines
        self._machine = machines.machines[0]
        self._call = (priority, job, tokens)
        self._held = AsyncExitStack()

    async def __aenter__(self) -> "Turn[Model]":
        """Wait for it. Raises ProviderResting while the service is left alone."""
        priority, job, tokens = self._call
        self._machine = self._machines.pick()
        self._turn = await self._held.enter_async_context(self._machine.turn(priority, tokens=tokens, job=job))
        return self

    async def __aexit__(self, *raised: Any) -> bool | None:
        return await self._held.__aexit__(*raised)

    async def send(self, ask: Callable[[Model], Awaitable[T]]) -> T | Submitted:
        """Make the call, and tell the limits what it used."""
        answer = await ask(self._machine.provider)
        usage = getattr(answer, "usage", None)
        if isinstance(usage, Usage):
            if usage.input_tokens or usage.output_tokens:
                self._turn.used(usage.input_tokens + usage.output_tokens)
            if usage.pause_seconds > 0:
                self._machine.breaker.leave_alone(usage.pause_seconds)
        return _kept(self._machines, self._machine, answer)


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

    def turn(self, name: str, request: TextRequest, *, priority: int, job: str) -> Turn[TextModel]:
        return self._turn(name, priority=priority, job=job, tokens=_tokens(request))

    async def complete(self, turn: Turn[TextModel], request: TextRequest, *, stream: Stream | None) -> TextAnswer:
        """Answer one question in `turn`."""
        answer = await turn.send(lambda model: model.complete(request, stream=stream))
        assert isinstance(answer, TextAnswer)
        return answer

    async def submit(self, turn: Turn[TextModel], request: TextRequest) -> TextAnswer | Submitted:
        """Order an answer in `turn`, to be polled for."""
        return await turn.send(lambda model: _background(model).submit(request))

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

    def turn(self, name: str, *, priority: int, job: str) -> Turn[ImageModel]:
        return self._turn(name, priority=priority, job=job)

    async def submit(self, turn: Turn[ImageModel], request: ImageRequest) -> Drawn | Submitted:
        """Order one picture in `turn`."""
        return await turn.send(lambda model: model.submit(request))

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

    def turn(self, name: str, *, priority: int, job: str) -> Turn[SearchEngine]:
        return self._turn(name, priority=priority, job=job)

    async def search(self, turn: Turn[SearchEngine], query: str, *, language: str, limit: int) -> list[SearchHit]:
        """Make one search in `turn`."""
        found = await turn.send(lambda engine: engine.search(query, language=language, limit=limit))
        assert isinstance(found, list)
        return found


def _background(model: TextModel) -> BackgroundTextModel:
    assert isinstance(model, BackgroundTextModel)
    return model
