"""Jobs: the small row that changes, the order it was made from, and the moves in its timeline.

A transition is a compare-and-set of the row together with its line in the timeline. Only the actor whose
compare-and-set won goes on; everyone else gets `Overtaken`.
"""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from blogen.clock import Clock
from blogen.domain.job import FINAL, Job, JobError, JobRequest, JobState, Tokens, Waiting, WaitingFor
from blogen.errors import InvalidInput, NotFound, Overtaken
from blogen.events import JobFailed, JobMoved, JobSubmitted, JobWaiting, JobWoken
from blogen.ids import new_id
from blogen.store import outbox
from blogen.store.behind import WriteBehind
from blogen.store.database import Database, Params, Rows, Stale, Transaction
from blogen.store.lines import LINE, NAMES, Line, line_of, line_of_move, move_line
from blogen.store.steps import LINES, OF_STEPS

JOB_COLUMNS = """
    j.id, j.kind, j.state, j.attempt, j.waiting_for, j.waiting_until, j.waiting_reason, j.priority, j.cost_usd_micros,
    j.unknown_calls, j.input_tokens, j.output_tokens, j.created_at, j.updated_at, j.finished_at, j.failed_in,
    j.error, r.topic, j.number
"""
JOBS_FROM = "FROM jobs AS j JOIN job_requests AS r ON r.job_id = j.id"

_SUBMIT = Rows(
    "INSERT INTO jobs (number, id, kind, state, priority, created_at, updated_at) VALUES (?, ?, ?, 'queued', ?, ?, ?)",
    "INSERT INTO job_requests (job_id, topic, request) VALUES (?, ?, ?)",
    LINE,
)
_WAIT = Rows(
    "UPDATE jobs SET waiting_for = new.column1, waiting_until = new.column2, waiting_reason = new.column3,"
    " attempt = new.column4, updated_at = new.column5 FROM (VALUES (?, ?, ?, ?, ?, ?, ?)) AS new"
    " WHERE number = new.column6 AND state = new.column7 AND waiting_for IS NULL",
    LINE,
    in_order=True,
)
_WAKE = Rows(
    "UPDATE jobs SET waiting_for = NULL, waiting_until = NULL, waiting_reason = NULL, updated_at = new.column1"
    " FROM (VALUES (?, ?, ?, ?)) AS new"
    " WHERE number = new.column2 AND state = new.column3 AND waiting_for = new.column4",
    LINE,
    in_order=True,
)

Effect = Callable[[Transaction], None]
"""What a move brings about in its own transaction, e.g. the post."""


class TimelineEntry(NamedTuple):
    """A line of a job's history. `id` increases; `detail` says what the event's columns do not."""

    id: int
    at: int
    event: str
    origin: str
    target: str | None
    step: str | None
    run: int | None
    detail: dict[str, Any]


class OpenJob(NamedTuple):
    """What recovery needs to know of an unfinished job."""

    id: str
    priority: int
    waiting: Waiting | None
    updated_at: int


@dataclass(frozen=True, slots=True)
class TakenJob:
    """A job as a worker takes it up: with its order and the step lines of its timeline."""

    job: Job
    request: str
    """The order as JSON; validated by the pipeline that it belongs to."""
    steps: Sequence[sqlite3.Row]


_TAKEN_AT_ONCE = 32
"""The first of thousands call their services while the others are taken up, and readers are answered in between."""


class Jobs:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last_number: int | None = None
        """The highest of all jobs; None until it has been looked up."""
        self._wanted: list[tuple[str, asyncio.Future[TakenJob | None]]] = []
        self._taking: asyncio.Task[None] | None = None

    async def submit(self, job_id: str, kind: str, request: JobRequest) -> Job:
        """Store a new job. Once this returns, the job cannot be lost."""
        now = self._clock.now_ms()
        job = _new(job_id, await self._next_number(), kind, request, now)
        await self._database.write_rows(_SUBMIT, *_new_rows(job, request), event=JobSubmitted(job_id))
        return job

    async def _next_number(self) -> int:
        if self._last_number is None:
            highest = await self._database.read_one("SELECT coalesce(max(number), 0) FROM jobs")
            assert highest is not None
            self._last_number = max(self._last_number or 0, highest[0])  # another order may have been quicker
        self._last_number += 1
        return self._last_number

    async def submit_once(
        self, job_id: str, kind: str, request: JobRequest, *, owner: str, key: str, digest: str
    ) -> tuple[Job, bool]:
        """Store a new job under an idempotency key, or find the one that the key made before; whether it is new.

        Raises InvalidInput if the key was used with another body.
        """
        now = self._clock.now_ms()
        job = _new(job_id, await self._next_number(), kind, request, now)

        def work(tx: Transaction) -> str:
            known = tx.query("SELECT job_id, digest FROM idempotency WHERE owner = ? AND key = ?", (owner, key))
            if known:
                if known[0]["digest"] != digest:
                    raise InvalidInput(
                        "This Idempotency-Key was used before with another body.",
                        remedy="Use a new key for a new order; repeat an order with the same body.",
                    )
                return str(known[0]["job_id"])
            for statement, params in zip(_SUBMIT.statements, _new_rows(job, request), strict=True):
                tx.execute(statement, params)
            tx.execute(
                "INSERT INTO idempotency (owner, key, digest, job_id, created_at) VALUES (?, ?, ?, ?, ?)",
                (owner, key, digest, job_id, now),
            )
            tx.publish(JobSubmitted(job_id))
            return job_id

        made = await self._database.write(work)
        return (job, True) if made == job_id else (await self.get(made), False)

    async def known_by_key(self, *, owner: str, key: str) -> bool:
        """Whether an order with this idempotency key was accepted before."""
        found = await self._database.read_one("SELECT 1 FROM idempotency WHERE owner = ? AND key = ?", (owner, key))
        return found is not None

    async def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        row = await self._database.look_up_one(f"SELECT {JOB_COLUMNS} {JOBS_FROM} WHERE j.id = ?", (job_id,))
        if row is None:
            raise NotFound(f"There is no job {job_id[:80]}.", remedy="`blogen jobs list` shows them all.")
        return job_of(row)

    async def list(self, state: JobState | None = None, before: str | None = None, limit: int = 20) -> Sequence[Job]:
        """The newest jobs first; `before` is the id of the last one seen."""
        where, params = ["j.id < ?"], [before or "~"]
        if state is not None:
            where.append("j.state = ?")
            params.append(state.value)
            where.append("j.finished_at IS " + ("NOT NULL" if state in FINAL else "NULL"))
        query = f"SELECT {JOB_COLUMNS} {JOBS_FROM} WHERE {' AND '.join(where)} ORDER BY j.id DESC LIMIT ?"
        return [job_of(row) for row in await self._database.read(query, (*params, limit))]

    async def open_jobs(self) -> Sequence[OpenJob]:
        """All jobs that are not final, oldest first: what recovery takes up."""
        rows = await self._database.read(
            "SELECT id, priority, waiting_for, waiting_until, updated_at FROM jobs"
            " WHERE finished_at IS NULL ORDER BY id"
        )
        return [
            OpenJob(row[0], row[1], Waiting(WaitingFor(row[2]), row[3]) if row[2] else None, row[4]) for row in rows
        ]

    async def request(self, job_id: str) -> JobRequest:
        """The order that the job was made from."""
        row = await self._database.read_one("SELECT request FROM job_requests WHERE job_id = ?", (job_id,))
        if row is None:
            raise NotFound(f"There is no job {job_id[:80]}.", remedy="`blogen jobs list` shows them all.")
        return JobRequest.model_validate_json(row[0])

    async def timeline(self, job_id: str, after: int = 0) -> Sequence[TimelineEntry]:
        """The job's history after line `after`, oldest first."""
        rows = await self._database.read(
            "SELECT id, at, event, origin, target, step, run, detail FROM timeline"
            " WHERE job = (SELECT number FROM jobs WHERE id = ?) AND id > ? ORDER BY id",
            (job_id, after),
        )
        return [
            TimelineEntry._make((*row[:2], NAMES[row[2]], *row[3:7], json.loads(row["detail"] or "{}"))) for row in rows
        ]

    def move(self, behind: WriteBehind, job: Job, target: JobState) -> Job:
        """Move `job` to `target` if it is still where we saw it, and write its timeline.

        It is durable at the next barrier of `behind`; Overtaken is raised there.
        """
        job.check_move(target)
        now = self._clock.now_ms()
        behind.tell(move_line(job, now, target), tuple.__new__(JobMoved, (job.id, job.state, target)))
        return job.at(target, now)

    async def move_with(self, behind: WriteBehind, job: Job, target: JobState, also: Effect) -> Job:
        """Move `job` as `move` does, and `also` happens with it; both are durable on return. Raises Overtaken."""
        job.check_move(target)
        now = self._clock.now_ms()
        line, event = move_line(job, now, target), JobMoved(job.id, job.state, target)
        await behind.barrier()
        try:
            await self._database.write(lambda tx: _together(tx, line, event, also))
        except Stale:
            raise _lost(job) from None
        return job.at(target, now)

    async def fail(self, behind: WriteBehind, job: Job, error: JobError) -> Job:
        """Move `job` to failed, with its reason."""
        job.check_move(JobState.FAILED)
        await behind.barrier()
        now = self._clock.now_ms()

        def work(tx: Transaction) -> None:
            changed = tx.execute(
                "UPDATE jobs SET state = 'failed', failed_in = ?, error = ?, attempt = ?, finished_at = ?,"
                " updated_at = ?, waiting_for = NULL, waiting_until = NULL, waiting_reason = NULL"
                " WHERE number = ? AND state = ?",
                (job.state, error.model_dump_json(), job.attempt, now, now, job.number, job.state),
            )
            if not changed:
                raise _lost(job)
            tx.execute(LINE, line_of_move(job, now, JobState.FAILED))
            tx.publish(JobMoved(job.id, job.state, JobState.FAILED))
            _tell_failed(tx, job, error)

        await self._database.write(work)
        return job._replace(
            state=JobState.FAILED, failed_in=job.state, error=error, waiting=None, finished_at=now, updated_at=now
        )

    async def wait(self, behind: WriteBehind, job: Job, waiting: Waiting, *, attempt: int | None = None) -> Job:
        """Let `job` wait; `attempt` is its new count of failures, if it waits because it failed. Raises Overtaken."""
        now = self._clock.now_ms()
        attempt = job.attempt if attempt is None else attempt
        detail = json.dumps({"for": waiting.for_, "until": waiting.until, "reason": waiting.reason, "attempt": attempt})
        event = JobWaiting(job.id, job.state, waiting.for_, waiting.until, waiting.reason)
        changed = (str(waiting.for_), waiting.until, waiting.reason, attempt, now, job.number, str(job.state))
        behind.add((_WAIT, (changed, line_of(job, now, Line.WAITING, detail)), event, False))
        await behind.barrier()
        return job._replace(waiting=waiting, attempt=attempt, updated_at=now)

    async def wake(self, job: Job) -> Job:
        """End what `job` waits for, if it still waits for that."""
        assert job.waiting is not None
        now = self._clock.now_ms()
        detail = f'{{"for": "{job.waiting.for_}"}}'
        try:
            await self._database.write_rows(
                _WAKE,
                (now, job.number, str(job.state), str(job.waiting.for_)),
                line_of(job, now, Line.WOKEN, detail),
                event=JobWoken(job.id, job.waiting.for_),
            )
        except Stale:
            raise _lost(job) from None
        return job._replace(waiting=None, updated_at=now)

    async def change(self, job_id: str, work: "Callable[[Transaction, Job], Job]") -> Job:
        """One transaction over a job as it is at that moment: what the door's verbs are made of.

        `work` may write through the functions below and returns the changed job. Raises NotFound.
        """

        def whole(tx: Transaction) -> Job:
            rows = tx.query(f"SELECT {JOB_COLUMNS} {JOBS_FROM} WHERE j.id = ?", (job_id,))
            if not rows:
                raise NotFound(f"There is no job {job_id[:80]}.", remedy="`blogen jobs list` shows them all.")
            return work(tx, job_of(rows[0]))

        return await self._database.write(whole)

    async def take(self, job_id: str) -> TakenJob | None:
        """A job with its order and steps, as a worker takes it up; None if it is gone.

        Takes that are asked for at the same time share their queries: after a restart thousands ask at once.
        """
        future: asyncio.Future[TakenJob | None] = asyncio.get_running_loop().create_future()
        self._wanted.append((job_id, future))
        if self._taking is None:
            self._taking = asyncio.create_task(self._take_wanted(), name="jobs taken up")
        return await future

    async def _take_wanted(self) -> None:
        try:
            while self._wanted:
                await asyncio.sleep(0)  # let everyone who is ready ask first
                wanted, self._wanted = self._wanted[:_TAKEN_AT_ONCE], self._wanted[_TAKEN_AT_ONCE:]
                try:
                    found = await self._taken([job_id for job_id, _ in wanted])
                except Exception as error:
                    for _, future in wanted:
                        if not future.done():
                            future.set_exception(error)
                    continue
                for job_id, future in wanted:
                    if not future.done():
                        future.set_result(found.get(job_id))
        finally:
            self._taking = None

    async def _taken(self, job_ids: Sequence[str]) -> dict[str, TakenJob]:
        look_up = self._database.look_up  # a hop would take longer than they do
        jobs = await look_up(f"SELECT {JOB_COLUMNS}, r.request {JOBS_FROM} WHERE j.id IN ({_marks(job_ids)})", job_ids)
        numbers = [row["number"] for row in jobs]
        lines = await look_up(f"{LINES} WHERE job IN ({_marks(numbers)}) AND {OF_STEPS} ORDER BY id", numbers)
        steps: dict[int, list[sqlite3.Row]] = {}
        for line in lines:
            steps.setdefault(line[8], []).append(line)
        known = {job_id: job_id for job_id in job_ids}  # thousands of jobs in hand: no id is there twice
        return {
            row["id"]: TakenJob(job_of(row, known[row["id"]]), row["request"], steps.get(row["number"], ()))
            for row in jobs
        }


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def put_wait(tx: Transaction, job: Job, waiting: Waiting, *, by: str = "") -> Job:
    """Within `Jobs.change`: let the job wait, whatever it waited for before."""
    tx.execute(
        "UPDATE jobs SET waiting_for = ?, waiting_until = ?, waiting_reason = ?, updated_at = ? WHERE number = ?",
        (waiting.for_, waiting.until, waiting.reason, tx.now_ms, job.number),
    )
    put_line(tx, job, Line.WAITING, {"for": waiting.for_, "until": waiting.until, "reason": waiting.reason, "by": by})
    tx.publish(JobWaiting(job.id, job.state, waiting.for_, waiting.until, waiting.reason))
    return job._replace(waiting=waiting, updated_at=tx.now_ms)


def end_wait(tx: Transaction, job: Job, *, by: str = "") -> Job:
    """Within `Jobs.change`: end what the job waits for."""
    assert job.waiting is not None
    tx.execute(
        "UPDATE jobs SET waiting_for = NULL, waiting_until = NULL, waiting_reason = NULL, updated_at = ?"
        " WHERE number = ?",
        (tx.now_ms, job.number),
    )
    put_line(tx, job, Line.WOKEN, {"for": job.waiting.for_, "by": by})
    tx.publish(JobWoken(job.id, job.waiting.for_))
    return job._replace(waiting=None, updated_at=tx.now_ms)


def put_state(tx: Transaction, job: Job, target: JobState, error: JobError | None = None, *, by: str = "") -> Job:
    """Within `Jobs.change`: move the job. `error` belongs to failed and to nothing else."""
    job.check_move(target)
    finished = tx.now_ms if target in FINAL else None
    failed_in = job.state if target is JobState.FAILED else None
    tx.execute(
        "UPDATE jobs SET state = ?, attempt = 0, updated_at = ?, finished_at = ?, failed_in = ?, error = ?,"
        " waiting_for = NULL, waiting_until = NULL, waiting_reason = NULL WHERE number = ?",
        (target, tx.now_ms, finished, failed_in, error.model_dump_json() if error else None, job.number),
    )
    tx.execute(LINE, line_of_move(job, tx.now_ms, target, by=by))
    tx.publish(JobMoved(job.id, job.state, target))
    if error is not None:
        _tell_failed(tx, job, error)
    return job._replace(
        state=target,
        attempt=0,
        waiting=None,
        updated_at=tx.now_ms,
        finished_at=finished,
        failed_in=failed_in,
        error=error,
    )


def _tell_failed(tx: Transaction, job: Job, error: JobError) -> None:
    """Inside and outside. A job may fail more than once, each time anew."""
    told = {
        "id": job.id,
        "topic": job.topic,
        "failed_in": str(job.state),
        "error": {"code": error.code, "detail": error.detail, "remedy": error.remedy},
    }
    outbox.put(tx, "job.failed", f"job.failed:{job.id}:{new_id()}", told)
    tx.publish(JobFailed(job.id, job.state, error.code, error.detail, error.remedy))


def spent_by(tx: Transaction, job_id: str) -> tuple[int, int]:
    """Within an `Effect`: what the job has cost, in micro-dollars, and how many paid calls of unknown cost it made."""
    row = tx.query("SELECT cost_usd_micros, unknown_calls FROM jobs WHERE id = ?", (job_id,))[0]
    return row[0], row[1]


def put_line(tx: Transaction, job: Job, event: int, detail: dict[str, Any]) -> None:
    """Within `Jobs.change`: write a line of the timeline that is neither a move nor a step."""
    tx.execute(LINE, line_of(job, tx.now_ms, event, json.dumps(detail)))


def _together(tx: Transaction, line: Params, event: JobMoved, also: Effect) -> None:
    tx.execute(LINE, line)
    also(tx)
    tx.publish(event)


def _new(job_id: str, number: int, kind: str, request: JobRequest, now: int) -> Job:
    return Job(job_id, kind, JobState.QUEUED, request.topic, now, now, priority=request.priority, number=number)


def _new_rows(job: Job, request: JobRequest) -> tuple[Params, ...]:
    return (
        (job.number, job.id, job.kind, job.priority, job.created_at, job.created_at),
        (job.id, job.topic, request.model_dump_json(exclude_defaults=True)),
        line_of(job, job.created_at, Line.SUBMITTED),
    )


def _lost(job: Job) -> Overtaken:
    return Overtaken(
        f"Job {job.id} is no longer {job.state}, or it waits.", remedy="Look at it again before you decide."
    )


_NO_TOKENS = Tokens()
_STATES = {state.value: state for state in JobState}
"""To look one up takes a tenth of what `JobState` takes to find it."""


def job_of(row: sqlite3.Row, known_id: str = "") -> Job:
    """A job from a row that begins with `JOB_COLUMNS`; `known_id` is the string of its id that is there already."""
    (
        job_id, kind, state, attempt, waiting_for, waiting_until, waiting_reason, priority, cost_usd_micros,
        unknown_calls, input_tokens, output_tokens, created_at, updated_at, finished_at, failed_in, error, topic,
        number,
    ) = row[:19]  # fmt: skip
    return Job(
        id=known_id or job_id,
        kind=sys.intern(kind),
        state=_STATES[state],
        topic=topic,
        created_at=created_at,
        updated_at=updated_at,
        finished_at=finished_at,
        attempt=attempt,
        waiting=Waiting(WaitingFor(waiting_for), waiting_until, waiting_reason or "") if waiting_for else None,
        priority=priority,
        cost_usd_micros=cost_usd_micros,
        unknown_calls=unknown_calls,
        tokens=Tokens(input_tokens, output_tokens) if input_tokens or output_tokens else _NO_TOKENS,
        error=JobError.model_validate_json(error) if error else None,
        failed_in=JobState(failed_in) if failed_in else None,
        number=number,
    )
