"""Walking one job: ask the stage of its state, act on the answer, until the job is final or waits."""

import asyncio
import random
import traceback
from typing import NamedTuple, assert_never

from blogen.clock import Clock
from blogen.domain.job import FINAL, Job, JobError, JobState, Waiting, WaitingFor
from blogen.domain.terms import InDoubtPolicy
from blogen.engine.context import JobContext
from blogen.engine.outcome import Interrupted, Move, Pipeline, Stage, Suspended
from blogen.engine.timers import BY_THE_CLOCK, Timers
from blogen.errors import BlogenError, Overtaken, ProviderError, ProviderResting, ProviderUnavailable, StoreUnavailable
from blogen.events import Bus, JobCrashed
from blogen.store.jobs import Jobs
from blogen.store.steps import Steps
from blogen.together import decisive

_STORE_PAUSE_MS = 2000


class RetryPolicy(NamedTuple):
    """How a job that failed for now tries again: full jitter under a growing cap."""

    max_attempts: int = 5
    base_seconds: float = 2.0
    cap_seconds: float = 300.0

    def delay_seconds(self, attempt: int, asked_for: float | None) -> float:
        """The wait before attempt number `attempt`+1; at least what the service asked for, within the cap."""
        jitter = random.uniform(0, min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1)))
        return max(jitter, min(asked_for or 0.0, self.cap_seconds * 12))


class _Walk:
    """A job in hand. `context` is None until the job has been read."""

    __slots__ = ("_worker", "context", "is_broken_off", "is_stopping")

    def __init__(self) -> None:
        self._worker = asyncio.current_task()
        self.context: JobContext | None = None
        self.is_stopping = False
        self.is_broken_off = False

    def stop(self, *, at_once: bool) -> None:
        self.is_stopping = True
        if self.context is not None:
            self.context.is_stopping = True
        if at_once and not self.is_broken_off:
            self.is_broken_off = True
            assert self._worker is not None
            self._worker.cancel()

    def end(self) -> None:
        """A cancellation was meant for this walk alone: the worker goes on to its next job without a trace of it."""
        if self.is_broken_off and self._worker is not None:
            self._worker.uncancel()


class Executor:
    def __init__(
        self,
        pipeline: Pipeline,
        jobs: Jobs,
        steps: Steps,
        timers: Timers,
        clock: Clock,
        bus: Bus,
        *,
        retry: RetryPolicy,
        in_doubt: InDoubtPolicy,
    ) -> None:
        self._pipeline = pipeline
        self._jobs = jobs
        self._steps = steps
        self._timers = timers
        self._clock = clock
        self._bus = bus
        self._retry = retry
        self._in_doubt = in_doubt
        self._walks: dict[str, _Walk] = {}
        self._again: set[str] = set()
        self._news: set[str] = set()
        """Jobs in hand for which word came from outside: what they are about to wait for may be there."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_draining = False

    @property
    def running(self) -> int:
        """How many jobs are in a worker's hands."""
        return len(self._walks)

    def is_running(self, job_id: str) -> bool:
        return job_id in self._walks

    async def idle(self) -> None:
        """Wait until no job is in a worker's hands."""
        await self._idle.wait()

    def note_news(self, job_id: str) -> None:
        """Word came for a job; if it is in hand, its next wait for the other side ends at once."""
        if job_id in self._walks:
            self._news.add(job_id)

    def interrupt(self, job_id: str, *, at_once: bool) -> None:
        """Let go of a job: at once (its calls are broken off), or before its next call."""
        if walk := self._walks.get(job_id):
            walk.stop(at_once=at_once)

    def interrupt_all(self, *, at_once: bool) -> None:
        self._is_draining = True
        for job_id in list(self._walks):
            self.interrupt(job_id, at_once=at_once)

    async def work(self, job_id: str) -> bool:
        """Walk the job as far as it goes now; whether to walk it again. One job's trouble strands no other.

        It is again if a verb (resume, approve …) came while the job was still being put down.
        """
        if job_id in self._walks:
            self._again.add(job_id)
            return False
        if self._is_draining:
            return False
        walk = self._walks[job_id] = _Walk()
        self._steps.expect(len(self._walks))
        self._idle.clear()
        try:
            # Stage by stage, in this one coroutine: each more would be memory that every job in flight takes.
            walk.context = context = await self._take_up(job_id, walk)
            while context is not None and not (context.is_stopping or context.job.state in FINAL):
                try:
                    outcome = await self._enter(context)(context)
                    if isinstance(outcome, JobState):
                        context.job = self._jobs.move(context.behind, context.job, outcome)
                    else:
                        await self._put_down(context, outcome)
                except Exception as error:
                    context.behind.check()  # it may be what went wrong, and then the job is not where it seems to be
                    await self._after_error(context, decisive([error]))
            if context is not None:
                await context.behind.barrier()  # all of it is durable then
        except asyncio.CancelledError:
            if not walk.is_broken_off:
                raise
        except Overtaken:
            pass  # someone else moved it: it was cancelled or paused, or another verb of the owner's came
        except StoreUnavailable:
            self._timers.set(job_id, self._clock.now_ms() + _STORE_PAUSE_MS)
        except Exception as error:
            await self._give_up(job_id, error)
        finally:
            walk.end()
            del self._walks[job_id]
            self._steps.expect(len(self._walks))
            self._news.discard(job_id)
            if not self._walks:
                self._idle.set()
        is_again = job_id in self._again
        self._again.discard(job_id)
        return is_again

    async def _give_up(self, job_id: str, error: Exception) -> None:
        """A job that cannot even be taken up, or put down: it fails with the reason, if that much can be written."""
        self._bus.publish(JobCrashed(job_id, "unknown", "".join(traceback.format_exception(error))))
        try:
            job = await self._jobs.get(job_id)
            if not job.state.is_final:
                await self._jobs.fail(self._steps.behind(job_id), job, job_error(error))
        except Exception:
            self._timers.set(job_id, self._clock.now_ms() + 10 * _STORE_PAUSE_MS)

    async def _take_up(self, job_id: str, walk: _Walk) -> JobContext | None:
        """The job as it was left; None if there is nothing to do for it."""
        taken = await self._jobs.take(job_id)
        if taken is None or taken.job.state.is_final or taken.job.waiting or walk.is_stopping:
            return None
        return JobContext(taken, self._steps, self._clock, self._in_doubt)

    def _enter(self, context: JobContext) -> Stage:
        """The stage of the job's state, which begins, or begins again."""
        context.enter()
        job = context.job
        stage = self._pipeline.stages.get(job.state) if job.kind == self._pipeline.kind else None
        if stage is None:
            raise _NoStage(
                f"This version of Blogen has no stage for {job.kind} jobs that are {job.state}.",
                remedy="Retry the job from an earlier step, or cancel it.",
            )
        return stage

    async def _put_down(self, context: JobContext, outcome: Move | Waiting) -> None:
        match outcome:
            case Move(target, also):
                context.job = await self._jobs.move_with(context.behind, context.job, target, also)
            case Waiting() as waiting:
                self._rest(context, await self._jobs.wait(context.behind, context.job, waiting))
            case other:
                assert_never(other)

    def _rest(self, context: JobContext, job: Job) -> None:
        """The job waits, or is over: let go of it, and see that it is taken up in time."""
        context.job, context.is_stopping = job, True
        if job.waiting is None:
            return
        if job.id in self._news and job.waiting.for_ is WaitingFor.IMAGE:
            self._timers.set(job.id, self._clock.now_ms())
        elif job.waiting.until is not None:
            self._timers.set(job.id, job.waiting.until, by_the_clock=job.waiting.for_ in BY_THE_CLOCK)

    async def _after_error(self, context: JobContext, error: Exception) -> None:
        behind, job = context.behind, context.job
        match error:
            case Suspended(waiting=waiting):
                return self._rest(context, await self._jobs.wait(behind, job, waiting))
            case Interrupted() | Overtaken():  # paused, or moved by somebody else
                context.is_stopping = True
                return None
            case StoreUnavailable():
                raise error
            case ProviderResting():
                return self._rest(context, await self._jobs.wait(behind, job, self._until_it_is_probed(error)))
            case BlogenError(retryable=False):
                return self._rest(context, await self._jobs.fail(behind, job, job_error(error)))
            case BlogenError():
                reason = error.detail
            case _:
                self._bus.publish(JobCrashed(job.id, job.state, "".join(traceback.format_exception(error))))
                reason = f"Blogen itself failed ({type(error).__name__})."
        return self._rest(context, await self._try_again(context, job, error, reason))

    def _until_it_is_probed(self, error: ProviderResting) -> Waiting:
        # Not all at the same moment: the first call after the pause is a probe, and the others would find it closed.
        seconds = (error.retry_after_seconds or 1.0) * random.uniform(1.0, 1.5)
        return Waiting(WaitingFor.PROVIDER, self._clock.now_ms() + int(seconds * 1000), error.detail)

    async def _try_again(self, context: JobContext, job: Job, error: Exception, reason: str) -> Job:
        # A step that was finished since the last failure shows that the service works: the count begins anew.
        attempt = 1 if context.has_progressed else job.attempt + 1
        if attempt >= self._retry.max_attempts:
            return await self._jobs.fail(context.behind, job, job_error(error, attempts=attempt))
        asked_for = error.retry_after_seconds if isinstance(error, ProviderUnavailable) else None
        until = self._clock.now_ms() + int(self._retry.delay_seconds(attempt, asked_for) * 1000)
        waiting = Waiting(WaitingFor.RETRY, until, reason)
        return await self._jobs.wait(context.behind, job, waiting, attempt=attempt)


class _NoStage(BlogenError):
    code, title = "no-stage", "This version cannot go on with the job"


def job_error(error: Exception, *, attempts: int = 0) -> JobError:
    """The reason of a failed job, in words for its owner."""
    after = f" (after {attempts} attempts)" if attempts > 1 else ""
    if not isinstance(error, BlogenError):
        return JobError(
            code="internal",
            title="Blogen itself failed",
            detail=f"{type(error).__name__} in Blogen's own code{after}; the log has the details.",
            remedy="Retry the job; if it fails again, report it with the log.",
        )
    return JobError(
        code=error.code,
        title=error.title,
        detail=f"{error.detail.rstrip('.')}{after}.",
        remedy=error.remedy,
        provider=error.provider or None if isinstance(error, ProviderError) else None,
        retryable=error.retryable,
    )
