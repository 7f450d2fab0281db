"""What a stage answers, and what a pipeline is. What stages do is not the engine's business."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blogen.domain.job import Job, JobRequest, JobState, Waiting
from blogen.domain.orders import Revision
from blogen.errors import Conflict
from blogen.store.jobs import Effect
from blogen.store.steps import StepRecord
from blogen.together import Pause

if TYPE_CHECKING:
    from blogen.engine.context import JobContext


class Move(NamedTuple):
    """Go to `target` and commit `also` in the same transaction: both happen, once, or neither."""

    target: JobState
    also: Effect


Outcome = JobState | Move | Waiting
Stage = Callable[["JobContext"], Awaitable[Outcome]]


async def accept_all(_request: JobRequest) -> None:
    """The check of a pipeline that refuses no order."""


async def leave_alone(_job: Job, _step: StepRecord) -> None:
    """For a pipeline whose services cannot be told to stop."""


async def revise_nothing(job: Job, _records: Sequence[StepRecord], _wanted: Revision) -> None:
    """For a pipeline that cannot do a finished text over."""
    raise Conflict(f"{job.kind.title()} jobs are not revised.", remedy="Approve or reject it.")


class Pipeline(NamedTuple):
    """A kind of job: which stage does the work of which state."""

    kind: str
    stages: Mapping[JobState, Stage]
    check: Callable[[JobRequest], Awaitable[None]] = accept_all
    """Raises InvalidInput for an order that could only fail."""
    abandon: Callable[[Job, StepRecord], Awaitable[None]] = leave_alone
    """Told of each order under way of a job that was cancelled, so that the other side can stop working on it."""
    check_revision: Callable[[Job, Sequence[StepRecord], Revision], Awaitable[None]] = revise_nothing
    """Raises Conflict, InvalidInput for a revision that cannot be made of these steps' results."""


class Suspended(Pause):
    """Raised inside a step when the job has to wait; the executor turns it into `Waiting`."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(waiting.reason)
        self.waiting = waiting
        self.until = waiting.until


class Interrupted(Pause):
    """Raised inside a step when the engine drains or the job was paused: no new call may begin."""


class StepSkipped(Exception):
    """A paid call in doubt was left out by policy; the stage decides whether it can do without."""
