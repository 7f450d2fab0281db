"""The engine: the one door for jobs. Page, API, command, timer and webhook all use these verbs."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio

from blogen.clock import Clock, SystemClock
from blogen.domain.job import (
    PATH,
    Job,
    JobError,
    JobRequest,
    JobState,
    Waiting,
    WaitingFor,
    needs_someone,
)
from blogen.domain.orders import Revision
from blogen.domain.person import OWNER, Actor
from blogen.domain.terms import InDoubtPolicy
from blogen.engine.executor import Executor, RetryPolicy
from blogen.engine.outcome import Pipeline
from blogen.engine.pool import Pool
from blogen.engine.queue import ReadyQueue
from blogen.engine.recovery import recover
from blogen.engine.timers import Timers
from blogen.errors import Conflict, IllegalTransition, NotFound
from blogen.events import Bus, EngineDraining, EngineStarted, EngineStopped, Event, JobMoved, JobWaiting
from blogen.ids import new_id
from blogen.store.database import Transaction
from blogen.store.jobs import Jobs, end_wait, put_line, put_state, put_wait
from blogen.store.lines import Line
from blogen.store.steps import StepRecord, Steps, discard, put_revision

_RETRY = RetryPolicy()
_ABANDON_SECONDS = 10.0


class Engine:
    """Runs the jobs of one pipeline. `async with engine.running(): …`"""

    def __init__(
        self,
        pipeline: Pipeline,
        jobs: Jobs,
        steps: Steps,
        bus: Bus,
        clock: Clock | None = None,
        *,
        workers: int = 32,
        queue_size: int = 1000,
        drain_seconds: float = 20.0,
        retry: RetryPolicy = _RETRY,
        in_doubt: InDoubtPolicy = "retry",
    ) -> None:
        self._jobs = jobs
        self._steps = steps
        self._bus = bus
        self._clock = clock or SystemClock()
        self._kind = pipeline.kind
        self._check = pipeline.check
        self._abandon = pipeline.abandon
        self._check_revision = pipeline.check_revision
        self._drain_seconds = drain_seconds
        self._queue = ReadyQueue(queue_size)
        self._timers = Timers(self._clock, self._wake_soon)
        self._executor = Executor(pipeline, jobs, steps, self._timers, self._clock, bus, retry=retry, in_doubt=in_doubt)
        self._pool = Pool(workers, self._queue, self._executor.work)
        self._tasks: asyncio.TaskGroup | None = None
        self._stopped = asyncio.Event()
        self._is_draining = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Engine"]:
        """Take up unfinished jobs, work until the block ends, then drain. Nothing is lost either way."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            recovered = await recover(self._jobs, self._queue, self._timers, self._clock.now_ms())
            self._pool.start()
            self._bus.publish(EngineStarted(recovered))
            try:
                yield self
            finally:
                with anyio.CancelScope(shield=True):
                    await self.drain()
                    await self._pool.ended()
                self._tasks = None
        self._bus.publish(EngineStopped())

    @property
    def is_running(self) -> bool:
        return self._tasks is not None and not self._is_draining

    @property
    def load(self) -> dict[str, int]:
        """How many jobs are in workers' hands, and how many wait for one."""
        return {"running": self._executor.running, "queued": len(self._queue)}

    async def submit(self, request: JobRequest, *, by: Actor = OWNER, idempotency_key: str | None = None) -> Job:
        """Accept an order: once this returns, the job is durable.

        The same key with the same body answers with the same job. Raises QueueFull; InvalidInput for a key that was
        used with another body, or an order that could only fail.
        """
        # The order outlives whoever sends it: once it is stored it is lined up, also if its sender went away.
        return await asyncio.shield(self._accept(request, by, idempotency_key))

    async def _accept(self, request: JobRequest, by: Actor, key: str | None) -> Job:
        owner = _name(by)
        if key is not None and await self._jobs.known_by_key(owner=owner, key=key):
            return (await self._store_once(request, owner, key))[0]
        await self._check(request)
        with self._queue.room():
            if key is None:
                return self._line_up(await self._jobs.submit(new_id(), self._kind, request))
            job, is_new = await self._store_once(request, owner, key)
            return self._line_up(job) if is_new else job

    async def _store_once(self, request: JobRequest, owner: str, key: str) -> tuple[Job, bool]:
        digest = hashlib.sha256(request.model_dump_json().encode()).hexdigest()
        return await self._jobs.submit_once(new_id(), self._kind, request, owner=owner, key=key, digest=digest)

    async def cancel(self, job_id: str, *, by: Actor = OWNER) -> Job:
        """Stop a job for good. Its running calls are broken off; what they cost stays in its account."""

        def work(tx: Transaction, job: Job) -> Job:
            return put_state(tx, job, JobState.CANCELLED, by=_name(by))

        job = await self._jobs.change(job_id, work)
        self._timers.drop(job_id)
        self._executor.interrupt(job_id, at_once=True)
        if self._tasks is not None:
            self._tasks.create_task(self._abandon_orders(job))
        return job

    async def pause(self, job_id: str, *, by: Actor = OWNER) -> Job:
        """Let a job rest until `resume`: a call that is running may end, none is begun."""

        def work(tx: Transaction, job: Job) -> Job:
            if job.state.is_final:
                raise _final(job, "paused")
            if job.waiting is not None and job.waiting.for_ is WaitingFor.PAUSED:
                return job
            return put_wait(tx, job, Waiting(WaitingFor.PAUSED), by=_name(by))

        job = await self._jobs.change(job_id, work)
        self._timers.drop(job_id)
        self._executor.interrupt(job_id, at_once=False)
        return job

    async def resume(self, job_id: str, *, by: Actor = OWNER) -> Job:
        """End a pause. A review, a schedule or an image that the job waited for is asked about anew by its stage."""

        def work(tx: Transaction, job: Job) -> Job:
            if job.waiting is None or job.waiting.for_ is not WaitingFor.PAUSED:
                raise Conflict(f"Job {job.id} is not paused.", remedy="Only a paused job can be resumed.")
            return end_wait(tx, job, by=_name(by))

        return self._line_up(await self._jobs.change(job_id, work))

    async def retry(self, job_id: str, *, by: Actor = OWNER, from_step: str | None = None, fresh: bool = False) -> Job:
        """Take a failed job up again where it failed, or from an earlier step; a job that waits to retry, at once.

        Finished steps are kept. From a chosen step on, all is done again; an identical call's committed answer is used
        again unless `fresh`. Raises NotFound for an unknown step, IllegalTransition if the job is not failed.
        """
        records = await self._steps.of(job_id)

        def work(tx: Transaction, job: Job) -> Job:
            if (
                job.waiting is not None
                and job.waiting.for_ in {WaitingFor.RETRY, WaitingFor.PROVIDER}
                and not from_step
            ):
                return end_wait(tx, job)
            if job.state is not JobState.FAILED or job.failed_in is None:
                raise IllegalTransition(
                    f"Job {job.id} is {job.state}; only a failed job can be retried.",
                    remedy="A running job repeats its steps by itself.",
                )
            target, again = _restart_point(job, records, from_step)
            if fresh and from_step is None:
                again = [record for record in records if record.origin == target and record.state != "finished"]
            discard(tx, job, again, fresh=fresh)
            return put_state(tx, job, target, by=_name(by))

        return self._line_up(await self._jobs.change(job_id, work))

    async def approve(self, job_id: str, *, by: Actor = OWNER, note: str = "") -> Job:
        """A person says yes: publish the reviewed post, or repeat the call that is in doubt."""

        def work(tx: Transaction, job: Job) -> Job:
            _check_in_review(job)
            put_line(tx, job, Line.APPROVED, {"note": note, "by": _name(by)})
            return end_wait(tx, job)

        return self._line_up(await self._jobs.change(job_id, work))

    async def reject(self, job_id: str, *, by: Actor = OWNER, note: str = "") -> Job:
        """A person says no: the job fails with their note as its reason; it can be retried from a step."""

        def work(tx: Transaction, job: Job) -> Job:
            _check_in_review(job)
            put_line(tx, job, Line.REJECTED, {"note": note, "by": _name(by)})
            reason = JobError(
                code="rejected",
                title="A reviewer said no",
                detail=note or "The reviewer gave no reason.",
                remedy="Retry the job from an earlier step, e.g. from 'edit', to have it written again.",
            )
            return put_state(tx, job, JobState.FAILED, reason)

        return await self._jobs.change(job_id, work)

    async def revise(self, job_id: str, wanted: Revision, *, by: Actor = OWNER) -> Job:
        """A person sends it back: blocks are struck, and a note goes to the writer. It comes to review again.

        What is wanted is the result of a step of the review, committed with the move. Raises Conflict, InvalidInput.
        """
        seen = await self._jobs.get(job_id)
        _check_in_review(seen, "revised", JobState.IN_REVIEW)
        records = await self._steps.of(job_id)
        await self._check_revision(seen, records, wanted)

        def work(tx: Transaction, job: Job) -> Job:
            _check_in_review(job, "revised", JobState.IN_REVIEW)
            if job.updated_at != seen.updated_at:
                raise Conflict(f"Job {job.id} has moved meanwhile; it is {job.state}.", remedy="Read its draft again.")
            put_revision(tx, job, records, wanted, by=_name(by))
            return put_state(tx, job, JobState.EDITING, by=_name(by))

        return self._line_up(await self._jobs.change(job_id, work))

    async def wake(self, job_id: str, *, if_waiting_for: WaitingFor | None = None) -> None:
        """End what the job waits for, if it may be ended by time or by a message from outside, and line it up.

        With `if_waiting_for` nothing else is ended. A job in hand is not kept waiting for what has come meanwhile.
        """
        if if_waiting_for is not None:
            self._executor.note_news(job_id)
        try:
            job = await self._jobs.get(job_id)
            if job.waiting is not None:
                if job.waiting.for_ in {WaitingFor.REVIEW, WaitingFor.PAUSED}:
                    return
                if if_waiting_for not in {None, job.waiting.for_}:
                    return
                job = await self._jobs.wake(job)
        except (NotFound, IllegalTransition):
            return
        self._line_up(job)

    async def drain(self) -> None:
        """Take no new work; running steps get `drain_seconds`, then are cancelled. Nothing is lost either way."""
        if self._is_draining:
            await self._stopped.wait()
            return
        self._is_draining = True
        self._bus.publish(EngineDraining(self._executor.running))
        self._timers.stop()
        self._pool.stop()
        self._executor.interrupt_all(at_once=False)
        with anyio.move_on_after(self._drain_seconds):
            await self._executor.idle()
        self._executor.interrupt_all(at_once=True)
        await self._executor.idle()
        self._stopped.set()

    async def finished(self, job_id: str) -> Job:
        """Wait until the job is final or waits for a person or for money."""
        changed = asyncio.Event()

        def hear(event: Event) -> None:
            if isinstance(event, JobMoved | JobWaiting) and event.job_id == job_id:
                changed.set()

        unsubscribe = self._bus.subscribe(hear)
        try:
            while True:
                changed.clear()
                job = await self._jobs.get(job_id)
                if job.state.is_final or (job.waiting is not None and needs_someone(job.waiting, self._clock.now_ms())):
                    return job
                await changed.wait()
        finally:
            unsubscribe()

    async def _abandon_orders(self, job: Job) -> None:
        """Tell the other side to stop what nobody waits for any more; it is no harm if it cannot be told."""
        with suppress(Exception), anyio.move_on_after(_ABANDON_SECONDS):
            for record in await self._steps.of(job.id):
                if record.state == "waiting":
                    with suppress(Exception):
                        await self._abandon(job, record)

    def _line_up(self, job: Job) -> Job:
        if not job.state.is_final and job.waiting is None and not self._is_draining:
            self._queue.put(job.id, job.priority)
            self._pool.attend()
        return job

    def _wake_soon(self, job_id: str) -> None:
        if self._tasks is not None and not self._is_draining:
            self._tasks.create_task(self._wake_or_repeat(job_id))

    async def _wake_or_repeat(self, job_id: str) -> None:
        try:
            await self.wake(job_id)
        except Exception:
            # The database cannot be read or written now: the timer must not be lost with this attempt.
            self._timers.set(job_id, self._clock.now_ms() + 2000)


def _restart_point(job: Job, records: list[StepRecord], from_step: str | None) -> tuple[JobState, list[StepRecord]]:
    """The state to go back to, and the steps that are done again."""
    assert job.failed_in is not None
    if from_step is None:
        # Whoever retries a job says yes to the calls in doubt that policy left out.
        return job.failed_in, [record for record in records if record.state == "in_doubt"]
    names = [record.name for record in records]
    if from_step not in names:
        raise NotFound(
            f"Job {job.id} has no step {from_step[:120]!r}.", remedy=f"Its steps: {', '.join(names) or 'none'}."
        )
    chosen = names.index(from_step)
    state = JobState(records[chosen].origin)
    place = PATH.index(state)
    if place > PATH.index(job.failed_in):
        raise Conflict(
            f"Job {job.id} failed while {job.failed_in}; step {from_step!r} comes after that.",
            remedy="Retry it without a step, or from an earlier one.",
        )
    again = [
        record
        for number, record in enumerate(records)
        if PATH.index(JobState(record.origin)) > place
        # A step that is made of calls ends after them: `edit` rests on `edit/critic`, which is done again with it.
        or (record.origin == state and (number >= chosen or _are_kin(record.name, from_step)))
    ]
    return state, again


def _are_kin(name: str, other: str) -> bool:
    """Whether one is a part of the other."""
    return name.startswith(f"{other}/") or other.startswith(f"{name}/")


def _check_in_review(job: Job, verb: str = "approved or rejected", state: JobState | None = None) -> None:
    """Whether it waits for a review; with `state`, that of its text and not of a call in doubt."""
    if job.waiting is None or job.waiting.for_ is not WaitingFor.REVIEW or state not in {None, job.state}:
        raise Conflict(
            f"Job {job.id} does not wait for a review; it is {job.state}.",
            remedy=f"Only a job that waits for a review can be {verb}.",
        )


def _final(job: Job, verb: str) -> IllegalTransition:
    return IllegalTransition(f"Job {job.id} is {job.state} and cannot be {verb}.", remedy="It has ended.")


def _name(actor: Actor) -> str:
    """How the timeline names who did something."""
    return actor.person_id or actor.token_id or "owner"
