"""Steps: the durable units inside a stage, as lines of the timeline.

begun (the intent, before the call) → handle (the other side's id of it) → finished (with the result), or failed;
doubted: it was begun, and the process died before an outcome was written. A repetition is a new run.
"""

import json
import sqlite3
import sys
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pydantic_core import from_json

from blogen.clock import Clock
from blogen.domain.job import Job
from blogen.domain.orders import Revision
from blogen.domain.terms import InDoubtPolicy
from blogen.events import StepBegun, StepDoubted, StepFailed, StepFinished, TaskMoved
from blogen.store.behind import Turn, WriteBehind
from blogen.store.database import Database, Params, Rows, Transaction
from blogen.store.ledger import HOLD, SETTLE, SETTLE_DOUBT, Reservation, check_caps, doubt_rows, release, settle_doubt
from blogen.store.lines import LINE, TELL, Line, line_of, line_of_step

_ADD_COST = (
    "UPDATE jobs SET cost_usd_micros = cost_usd_micros + ?, input_tokens = input_tokens + ?,"
    " output_tokens = output_tokens + ?, updated_at = ?, unknown_calls = unknown_calls + ?"
    # What was in doubt is known now.
    " - (SELECT count(*) FROM ledger WHERE job_id = ? AND step = ? AND run = ? AND settled_at IS NOT NULL"
    " AND usd_micros IS NULL) WHERE id = ?"
)
_BEGIN_PAID = Rows(LINE, HOLD)
_END_PAID = Rows(LINE, _ADD_COST, SETTLE)
_DOUBT = Rows(LINE, *SETTLE_DOUBT)

StepState = Literal["running", "waiting", "finished", "failed", "in_doubt", "discarded"]


@dataclass(frozen=True, slots=True)
class Used:
    """What a step's call used; `usd_micros` None: not known."""

    provider: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd_micros: int | None = None
    accuracy: str = "computed"
    counted_usd_micros: int | None = None
    """What budgets count where the cost is not known."""


NOTHING_USED = Used()


NO_ENTRIES: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class StepRecord:
    """A step as its lines tell: the latest run, and the results of earlier runs by the digest of their input."""

    name: str
    origin: str
    run: int
    state: StepState
    begun_at: int
    finished_at: int | None = None
    result: str | None = None
    handle: str | None = None
    digest: str | None = None
    is_paid: bool = False
    is_approved: bool = False
    """The owner said yes to repeating it while it was in doubt."""
    detail: Mapping[str, Any] = field(default_factory=lambda: NO_ENTRIES)
    earlier: Mapping[str, str] = field(default_factory=lambda: NO_ENTRIES)


_MANY = 100
"""So many jobs that walk at once have no use for a commit each."""


class Steps:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turn = Turn(database, clock)

    def behind(self, job_id: str) -> WriteBehind:
        """What writes for a job in hand. Each verb below goes through it; what it says is durable at its barrier."""
        return WriteBehind(job_id, self._turn)

    def expect(self, jobs_in_hand: int) -> None:
        """Let the writes of very many jobs wait for one another, a moment at most."""
        self._database.gather(jobs_in_hand if jobs_in_hand >= _MANY else 0)

    def begin(
        self,
        behind: WriteBehind,
        job: Job,
        step: str,
        run: int,
        digest: str | None,
        is_paid: bool,
        provider: str = "",
        reserve: Reservation | None = None,
    ) -> Awaitable[None]:
        """Commit that the call is about to be made, and hold back what it may cost. Raises OverCap, Overtaken."""
        now = self._clock.now_ms()
        if digest or provider:
            detail = json.dumps({"paid": is_paid, "digest": digest, "provider": provider})
        else:
            detail = _PAID[is_paid]
        line = line_of_step(job, now, Line.STEP_BEGUN, step, run, detail)
        event = tuple.__new__(StepBegun, (job.id, step))  # half of what the type itself takes
        if reserve is None:
            behind.tell(line, event)
        else:
            held = (job.id, step, run, now, reserve.provider, reserve.usd_micros)
            if reserve.caps:
                return self._begin_under_caps(behind, job, line, held, reserve, event, now)
            behind.add((_BEGIN_PAID, (line, held), event, False))
        return behind.barrier()

    async def _begin_under_caps(
        self, behind: WriteBehind, job: Job, line: Params, held: Params, reserve: Reservation, event: StepBegun, at: int
    ) -> None:
        def check(tx: Transaction, counted: dict[Any, Any]) -> None:
            check_caps(tx, counted, job.id, reserve, at)

        await behind.barrier()
        await self._database.write_if(check, (_BEGIN_PAID, (line, held), event, False))

    def keep_handle(
        self,
        behind: WriteBehind,
        job: Job,
        step: str,
        run: int,
        handle: str,
        *,
        state: str = "submitted",
        is_first: bool = True,
    ) -> None:
        """Keep the other side's id of the call, so that it is resumed and not repeated; later ones replace it."""
        now = self._clock.now_ms()
        if is_first:
            told = json.dumps({"handle": handle, "state": state})
            behind.add((TELL, (line_of_step(job, now, Line.STEP_HANDLE, step, run, told),), None, True))
        else:
            told = json.dumps({"step": step, "run": run, "handle": handle, "state": state})
            event = TaskMoved(job.id, step, state)
            behind.tell(line_of(job, now, Line.TASK_MOVED, told), event)

    def finish(
        self,
        behind: WriteBehind,
        job: Job,
        step: str,
        run: int,
        result: str,
        duration_ms: int,
        digest: str | None = None,
        used: Used = NOTHING_USED,
    ) -> None:
        """Keep the step's result (JSON) with what it cost."""
        now = self._clock.now_ms()
        event = tuple.__new__(StepFinished, (job.id, step))
        if used is NOTHING_USED:
            told = f'"{digest}"' if digest else "null"  # hexadecimal: nothing in it needs quoting
            detail = f'{{"duration_ms": {duration_ms}, "digest": {told}}}'
            line = line_of_step(job, now, Line.STEP_FINISHED, step, run, detail, result)
            behind.tell(line, event)
            return
        detail = json.dumps({"duration_ms": duration_ms, "digest": digest} | _account(used))
        line = line_of_step(job, now, Line.STEP_FINISHED, step, run, detail, result)
        behind.add((_END_PAID, (line, *_cost_rows(job, step, run, now, used)), event, True))

    async def fail(
        self,
        behind: WriteBehind,
        job: Job,
        step: str,
        run: int,
        *,
        code: str,
        detail: str,
        raw: str = "",
        used: Used = NOTHING_USED,
        is_paid: bool = False,
        maybe_paid: bool = False,
    ) -> None:
        """Keep that the call failed, the raw answer if there was one, and what it cost all the same.

        What was held back for a paid call that cost nothing is free again; if it may have been paid for, it counts on.
        """
        now = self._clock.now_ms()
        told: dict[str, Any] = {"code": code, "detail": detail} | ({"raw": raw} if raw else {})
        event = StepFailed(job.id, step, code, detail)
        told |= _account(used) if used.provider else {}
        line = line_of_step(job, now, Line.STEP_FAILED, step, run, json.dumps(told))
        if used is not NOTHING_USED:
            behind.add((_END_PAID, (line, *_cost_rows(job, step, run, now, used)), event, True))
        elif not is_paid:
            behind.tell(line, event)
        else:

            def work(tx: Transaction) -> None:
                tx.execute(LINE, line)
                (settle_doubt if maybe_paid else release)(tx, job.id, step, run)
                tx.publish(event)

            await behind.work(work)

    def doubt(self, behind: WriteBehind, job: Job, step: str, run: int, *, policy: InDoubtPolicy) -> None:
        """Keep that the call was in flight when the process died: maybe paid."""
        now = self._clock.now_ms()
        line = line_of_step(job, now, Line.STEP_DOUBTED, step, run, f'{{"policy": "{policy}"}}')
        rows = (line, *doubt_rows(job.id, step, run, now))
        behind.add((_DOUBT, rows, StepDoubted(job.id, step, policy), True))

    async def of(self, job_id: str) -> list[StepRecord]:
        """The steps of a job in the order in which they began."""
        rows = await self._database.read(
            f"{LINES} WHERE job = (SELECT number FROM jobs WHERE id = ?) AND {OF_STEPS} ORDER BY id", (job_id,)
        )
        return list(fold(rows).values())


LINES = "SELECT id, at, event, origin, step, run, detail, result, job FROM timeline"
OF_STEPS = "event IN (5, 6, 7, 11, 12, 13, 14, 15, 16)"
"""The lines that tell of steps, and of what a reviewer decided about them."""

_PAID = {True: '{"paid": true}', False: '{"paid": false}'}
_OFTEN_TOLD = {told: {"paid": is_paid} for is_paid, told in _PAID.items()}


def _account(used: Used) -> dict[str, Any]:
    return {
        "provider": used.provider,
        "model": used.model,
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "usd_micros": used.usd_micros,
        "accuracy": used.accuracy if used.usd_micros is not None else None,
    }


def _cost_rows(job: Job, step: str, run: int, now: int, used: Used) -> tuple[tuple[object, ...], tuple[object, ...]]:
    is_known = used.usd_micros is not None
    counted = used.usd_micros if used.usd_micros is not None else used.counted_usd_micros or 0
    settled = (
        job.id, step, run, now, used.provider, counted, int(used.usd_micros != 0), now, used.usd_micros,
        used.accuracy if is_known else None, used.model, used.input_tokens, used.output_tokens,
    )  # fmt: skip
    tokens = (used.input_tokens, used.output_tokens)
    return (used.usd_micros or 0, *tokens, now, int(not is_known), job.id, step, run, job.id), settled


def discard(tx: Transaction, job: Job, records: Iterable[StepRecord], *, fresh: bool) -> None:
    """Within `Jobs.change`: let steps be done again; with `fresh` their answers are not used again either."""
    for record in records:
        is_again = record.state == "discarded"
        if is_again and not fresh:
            continue
        detail = json.dumps({"fresh": fresh})
        run = record.run + is_again
        line = line_of_step(job, tx.now_ms, Line.STEP_DISCARDED, record.name, run, detail, origin=record.origin)
        tx.execute(LINE, line)


_REVISION = "revision:"


def count_revisions(records: Iterable[StepRecord]) -> int:
    """How often a reviewer sent the text back."""
    return sum(record.name.startswith(_REVISION) and record.state == "finished" for record in records)


def put_revision(tx: Transaction, job: Job, records: Sequence[StepRecord], wanted: Revision, *, by: str) -> None:
    """Within `Jobs.change`: keep what a reviewer wants of the text as the result of the review's next step."""
    name = f"{_REVISION}{1 + count_revisions(records)}"
    run = 1 + max((record.run for record in records if record.name == name), default=0)
    detail = json.dumps({"by": by, "note": wanted.note, "strike": wanted.strike})
    tx.execute(LINE, line_of_step(job, tx.now_ms, Line.STEP_FINISHED, name, run, detail, wanted.model_dump_json()))


class Decision(NamedTuple):
    """What a reviewer decided last about the text as it is, and the last note of one who sent it back."""

    is_approved: bool = False
    note: str = ""


_UNDECIDED = Decision()


def decision(rows: Iterable[sqlite3.Row]) -> Decision:
    """The decision that a job's lines tell of (columns of `LINES`); an approval of an earlier text is none of this."""
    is_approved, note = False, ""
    for row in rows:
        match row[2]:
            case Line.APPROVED if row[3] == "in_review":
                is_approved = True
            case Line.REJECTED:
                is_approved, note = False, str(_told(row[6]).get("note", ""))
            case Line.STEP_DISCARDED:
                is_approved = False
    return Decision(is_approved, note) if is_approved or note else _UNDECIDED


def fold(rows: Iterable[sqlite3.Row]) -> dict[str, StepRecord]:
    """The steps that a job's lines tell of (columns of `LINES`), by name; rows in the order of their ids."""
    records: dict[str, StepRecord] = {}
    for row in rows:
        _, at, event, origin, name, run, told, result, _ = row
        detail = _told(told)
        if event == Line.TASK_MOVED:
            moved = records.get(detail["step"])
            if moved is not None and moved.run == detail["run"]:
                moved.handle = detail["handle"]
                moved.detail = {**moved.detail, "state": detail["state"]}
            continue
        if name is None:
            if event == Line.APPROVED:
                for record in records.values():
                    record.is_approved = record.is_approved or record.state == "in_doubt"
            continue
        known = records.get(name)
        if known is None or known.run != run:
            earlier = known.earlier if known else NO_ENTRIES
            # A step of our own has one line, at its end.
            begun_at = at - detail.get("duration_ms", 0)
            name = sys.intern(name)  # thousands of jobs have steps of the same names
            known = records[name] = StepRecord(name, origin, run, "running", begun_at, earlier=earlier)
        _apply(known, event, detail, at, result)
    return records


def _apply(record: StepRecord, event: int, detail: Mapping[str, Any], at: int, result: str | None) -> None:
    match event:
        case Line.STEP_BEGUN:
            record.digest = detail.get("digest")
            record.is_paid = bool(detail.get("paid"))
        case Line.STEP_HANDLE:
            record.state = "waiting"
            record.handle = detail["handle"]
        case Line.STEP_FINISHED:
            record.state = "finished"
            record.finished_at = at
            record.result = result
            record.digest = detail.get("digest") or record.digest
        case Line.STEP_FAILED:
            record.state, record.handle = "failed", None
            record.finished_at = at
        case Line.STEP_DOUBTED:
            record.state = "in_doubt"
        case Line.STEP_DISCARDED:
            if detail.get("fresh"):
                record.earlier = NO_ENTRIES
            elif record.result is not None and record.digest:
                record.earlier = {**record.earlier, record.digest: record.result}
            record.state, record.result, record.handle = "discarded", None, None
    record.detail = {**record.detail, **detail} if record.detail else detail


def _told(detail: str | None) -> Mapping[str, Any]:
    """A line's detail, which nobody changes."""
    if not detail:
        return NO_ENTRIES
    return _OFTEN_TOLD.get(detail) or from_json(detail)
