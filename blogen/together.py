"""Calls side by side, each to its end: what was paid for must be kept, whatever becomes of its neighbours."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from math import inf
from typing import TypeVar

from blogen.errors import BlogenError

T = TypeVar("T")


class Pause(Exception):
    """Not a failure: the job cannot go on now. `until` (Unix ms) is when it can, None if an event tells."""

    until: int | None = None


async def together(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Run `calls` side by side and return what they return, in order.

    Unlike in a plain task group, one that fails does not cancel its neighbours. Raises the error that decides once all
    have ended.
    """
    answers: dict[int, T] = {}
    errors: list[Exception] = []

    async def run(place: int, call: Callable[[], Awaitable[T]]) -> None:
        try:
            answers[place] = await call()
        except Exception as error:
            errors.append(error)

    async with asyncio.TaskGroup() as tasks:
        for place, call in enumerate(calls):
            tasks.create_task(run(place, call))
    if errors:
        raise decisive(errors)
    return [answers[place] for place in range(len(calls))]


def decisive(errors: Iterable[Exception]) -> Exception:
    """Of several errors the one that decides: the lasting before the passing, and of pauses the shortest."""
    return min((leaf for error in errors for leaf in _leaves(error)), key=_rank)


def _rank(error: Exception) -> tuple[int, float]:
    if isinstance(error, Pause):
        return 2, inf if error.until is None else error.until
    return int(isinstance(error, BlogenError) and error.retryable), 0


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error
