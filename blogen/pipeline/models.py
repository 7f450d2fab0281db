"""The configured models in their order: each behind its limits and its breaker, the next when one cannot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from blogen.errors import ProviderError
from blogen.providers.limits import Breaker, Limits
from blogen.providers.protocols import (
    Drawn,
    ImageModel,
    ImageRequest,
    Pending,
    Stream,
    Submitted,
    TextAnswer,
    TextModel,
    TextRequest,
)

Model = TypeVar("Model", TextModel, ImageModel)


@dataclass(frozen=True, slots=True)
class Guarded(Generic[Model]):
    """A model with what keeps calls to it within bounds. `model` is made on first use."""

    name: str
    make: Callable[[], Model]
    limits: Limits
    breaker: Breaker


class TextModels:
    """Text models, tried in order. `has_offline`: the extractive writer stands at the end of the list."""

    def __init__(self, models: Sequence[Guarded[TextModel]], *, has_offline: bool) -> None:
        self._models = models
        self.has_offline = has_offline
        self.names = [guarded.name for guarded in models]

    @property
    def is_free(self) -> bool:
        return all(guarded.make().is_free for guarded in self._models)

    async def complete(self, request: TextRequest, *, priority: int, stream: Stream | None) -> TextAnswer:
        """The first answer that a model gives. Raises the ProviderError that says most if none does."""
        errors: list[ProviderError] = []
        for guarded in self._models:
            try:
                async with guarded.limits.turn(priority), guarded.breaker.attempt():
                    return await guarded.make().complete(request, stream=stream)
            except ProviderError as error:
                errors.append(error)
        raise _most_telling(errors)


class ImageModels:
    """Image models, in order; the illustrating stage decides when to go on to the next."""

    def __init__(self, models: Sequence[Guarded[ImageModel]]) -> None:
        self._models = {guarded.name: guarded for guarded in models}
        self.names = list(self._models)

    def is_free(self, name: str) -> bool:
        return self._models[name].make().is_free

    async def submit(self, name: str, request: ImageRequest, *, priority: int) -> Drawn | Submitted:
        guarded = self._models[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await guarded.make().submit(request)

    async def poll(self, name: str, handle: str, *, priority: int) -> Drawn | Pending | Submitted:
        guarded = self._models[name]
        async with guarded.limits.turn(priority), guarded.breaker.attempt():
            return await guarded.make().poll(handle)


def _most_telling(errors: Sequence[ProviderError]) -> ProviderError:
    """If one may answer later, later is worth a try; else the first choice's reason."""
    return next((error for error in errors if error.retryable), errors[0])
