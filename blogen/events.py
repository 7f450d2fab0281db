"""The facts, in the past tense, and who hears of them.

Facts about jobs are handed to the transaction that makes them true and leave only after its commit.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

_log = logging.getLogger("blogen.events")


@dataclass(frozen=True, slots=True)
class JobSubmitted:
    job_id: str


@dataclass(frozen=True, slots=True)
class JobMoved:
    job_id: str
    origin: str
    target: str


@dataclass(frozen=True, slots=True)
class JobWaiting:
    job_id: str
    state: str
    waiting_for: str
    until: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class JobWoken:
    job_id: str
    waiting_for: str


@dataclass(frozen=True, slots=True)
class JobFailed:
    job_id: str
    state: str
    code: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class StepBegun:
    job_id: str
    step: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    job_id: str
    step: str


@dataclass(frozen=True, slots=True)
class StepFailed:
    job_id: str
    step: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class StepDoubted:
    """A paid call was in flight when the process died: maybe paid."""

    job_id: str
    step: str
    policy: str


@dataclass(frozen=True, slots=True)
class TextStreamed:
    """A piece of a text as a model writes it. Not durable; the step's result is what counts."""

    job_id: str
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class PostPublished:
    slug: str
    job_id: str


@dataclass(frozen=True, slots=True)
class PostChanged:
    slug: str


@dataclass(frozen=True, slots=True)
class PostDeleted:
    slug: str


@dataclass(frozen=True, slots=True)
class EngineStarted:
    recovered: int


@dataclass(frozen=True, slots=True)
class EngineDraining:
    running: int


@dataclass(frozen=True, slots=True)
class EngineStopped:
    pass


@dataclass(frozen=True, slots=True)
class JobCrashed:
    """A stage raised what no stage should raise: a defect of ours. `traceback` goes to the log only."""

    job_id: str
    state: str
    traceback: str


@dataclass(frozen=True, slots=True)
class RequestCrashed:
    """A handler raised what no handler should raise: a defect of ours. `traceback` goes to the log only."""

    method: str
    path: str
    traceback: str


@dataclass(frozen=True, slots=True)
class StoreFailed:
    detail: str


@dataclass(frozen=True, slots=True)
class StoreHealed:
    pass


Event = (
    JobSubmitted | JobMoved | JobWaiting | JobWoken | JobFailed | JobCrashed
    | StepBegun | StepFinished | StepFailed | StepDoubted | TextStreamed
    | PostPublished | PostChanged | PostDeleted
    | EngineStarted | EngineDraining | EngineStopped | RequestCrashed | StoreFailed | StoreHealed
)  # fmt: skip

Subscriber = Callable[[Event], None]


class Bus:
    """Publish/subscribe within the process. Subscribers are quick and synchronous; one that fails harms no other."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Hear every event from now on; call what is returned to stop."""
        self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)

        return unsubscribe

    def publish(self, event: Event) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                _log.exception("a subscriber failed on %s", type(event).__name__)
