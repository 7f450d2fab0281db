"""From the first service that answers: how the stages go through the configured ones, step by durable step."""

from collections.abc import Awaitable, Callable, Container, Sequence
from typing import TypeVar

from blogen.engine.context import JobContext
from blogen.engine.outcome import StepSkipped
from blogen.errors import BlogenError, InvalidInput, ProviderError
from blogen.pipeline.budget import wait_for_money
from blogen.store.ledger import OverCap

T = TypeVar("T")

Call = Callable[[str, str], Awaitable[T]]
"""Given a service's name and the name of the step."""


async def first_that_answers(
    job: JobContext,
    step: str,
    names: Sequence[str],
    call: Call[T],
    *,
    known: Container[str] = (),
    patience: int = 0,
    variants: Sequence[str] = (),
) -> T | None:
    """What the first of `names` answers. The step of the first is `step`, of another one `step/NAME`.

    An answer that is committed is used, and a service that still works on it is asked first, whatever the order is now
    (`known`: all that are configured). One that is not available is waited for while the job has failed less than
    `patience` times. `variants` are endings of further steps that a call may take instead of its own.

    Raises the error that says most if none answers; None if policy skips all of them.
    """
    steps = [step, *(f"{step}/{name}" for name in names[1:])]
    places = list(zip(names, steps, strict=True))
    for name, own in places:
        if any(job.is_finished(own + variant) for variant in ("", *variants)):
            return await call(name, own)
    begun = {own: by for _, own in places for variant in ("", *variants) if (by := job.begun_with(own + variant))}
    places.sort(key=lambda place: place[1] not in begun)
    with_whom = {own: by for own, by in begun.items() if by in known}
    errors: list[BlogenError] = []
    for place, (name, own) in enumerate(places):
        try:
            return await call(with_whom.get(own, name), own)
        except OverCap as over:
            raise wait_for_money(over, job.clock) from over
        except StepSkipped:
            continue  # it may have been paid for; policy says to do without
        except (ProviderError, InvalidInput) as error:
            if error.retryable and job.job.attempt < patience and place < len(places) - 1:
                raise
            errors.append(error)
    if errors:
        raise most_telling(errors)
    return None


def most_telling(errors: Sequence[BlogenError]) -> BlogenError:
    """If one may answer later, later is worth a try; else the first choice's reason."""
    return next((error for error in errors if error.retryable), errors[0])
