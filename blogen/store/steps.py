"""Steps: the durable units inside a stage, as lines of the timeline.

begun (the intent, before the call) → handle (the other side's id of it) → finished (with the result), or failed;
doubted: it was begun, and the process died before an outcome was written. A repetition is a new run.
"""

import json
import sqlite3
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from blogen.clock import Clock
from blogen.domain.job import Job
from blogen.events import StepBegun, StepDoubted, StepFailed, StepFinished
from blogen.store.database import Database, Rows, Transaction
from blogen.store.lines import Line

_LINE = "INSERT INTO timeline (job_id, at, event, origin, step, run, detail) VALUES (?, ?, {:d}, ?, ?, ?, ?)"
_BEGIN = Rows(_LINE.format(Line.STEP_BEGUN))
_HANDLE = Rows(_LINE.format(Line.STEP_HANDLE))
_FAIL = Rows(_LINE.format(Line.STEP_FAILED))
_ADD_COST = (
    "UPDATE jobs SET cost_usd_micros = cost_usd_micros + ?, input_tokens = input_tokens + ?,"
    " output_tokens = output_tokens + ?, updated_at = ? WHERE id = ?"
)
_SPEND = "INSERT INTO spending (job_id, at, provider, model, usd_micros) VALUES (?, ?, ?, ?, ?)"
_FAIL_PAID = Rows(_LINE.format(Line.STEP_FAILED), _ADD_COST, _SPEND)
_DOUBT = Rows(_LINE.format(Line.STEP_DOUBTED))
_FINISHED = (
    "INSERT INTO timeline (job_id, at, event, origin, step, run, detail, result) VALUES (?, ?, 13, ?, ?, ?, ?, ?)"
)
_FINISH = Rows(_FINISHED)
_FINISH_PAID = Rows(_FINISHED, _ADD_COST, _SPEND)

StepState = Literal["running", "waiting", "finished", "failed", "in_doubt", "discarded"]


@dataclass(frozen=True, slots=True)
class Used:
    """What a step's call used; `usd_micros` None: not known."""

    provider: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd_micros: int | None = None


NOTHING_USED = Used()


_NOTHING: Mapping[str, str] = MappingProxyType({})


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
    detail: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    earlier: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


class Steps:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, job: Job, step: str, run: int, *, digest: str | None, is_paid: bool) -> Awaitable[None]:
        """Write down that the call is about to be made."""
        detail = f'{{"paid": {"true" if is_paid else "false"}, "digest": "{digest}"}}' if digest else _PAID[is_paid]
        return self._database.write_rows(
            _BEGIN, (job.id, self._clock.now_ms(), job.state, step, run, detail), event=StepBegun(job.id, step)
        )

    async def keep_handle(self, job: Job, step: str, run: int, handle: str) -> None:
        """Keep the other side's id of the call, so that it is resumed and not repeated."""
        await self._database.write_rows(
            _HANDLE, (job.id, self._clock.now_ms(), job.state, step, run, json.dumps({"handle": handle}))
        )

    def finish(
        self,
        job: Job,
        step: str,
        run: int,
        result: str,
        *,
        duration_ms: int,
        digest: str | None = None,
        used: Used = NOTHING_USED,
    ) -> Awaitable[None]:
        """Commit the step's result (JSON) with what it cost."""
        now = self._clock.now_ms()
        event = StepFinished(job.id, step)
        if used is NOTHING_USED:
            told = f'"{digest}"' if digest else "null"  # hexadecimal: nothing in it needs quoting
            detail = f'{{"duration_ms": {duration_ms}, "digest": {told}}}'
            return self._database.write_rows(_FINISH, (job.id, now, job.state, step, run, detail, result), event=event)
        detail = json.dumps({"duration_ms": duration_ms, "digest": digest} | _account(used))
        return self._database.write_rows(
            _FINISH_PAID,
            (job.id, now, job.state, step, run, detail, result),
            *_cost_rows(job, now, used),
            event=event,
        )

    async def fail(
        self, job: Job, step: str, run: int, *, code: str, detail: str, raw: str = "", used: Used = NOTHING_USED
    ) -> None:
        """Write down that the call failed, the raw answer if there was one, and what it cost all the same."""
        now = self._clock.now_ms()
        told = {"code": code, "detail": detail} | ({"raw": raw} if raw else {})
        event = StepFailed(job.id, step, code, detail)
        if used is NOTHING_USED:
            await self._database.write_rows(_FAIL, (job.id, now, job.state, step, run, json.dumps(told)), event=event)
            return
        await self._database.write_rows(
            _FAIL_PAID,
            (job.id, now, job.state, step, run, json.dumps(told | _account(used))),
            *_cost_rows(job, now, used),
            event=event,
        )

    async def doubt(self, job: Job, step: str, run: int, *, policy: str) -> None:
        """Write down that the call was in flight when the process died: maybe paid."""
        await self._database.write_rows(
            _DOUBT,
            (job.id, self._clock.now_ms(), job.state, step, run, json.dumps({"policy": policy})),
            event=StepDoubted(job.id, step, policy),
        )

    async def of(self, job_id: str) -> list[StepRecord]:
        """The steps of a job in the order in which they began."""
        rows = await self._database.read(
            "SELECT id, at, event, origin, step, run, detail, result FROM timeline"
            " WHERE job_id = ? AND event IN (5, 11, 12, 13, 14, 15, 16) ORDER BY id",
            (job_id,),
        )
        return list(fold(rows).values())

    async def job_spent_usd_micros(self, job_id: str) -> int:
        """What one job has cost so far."""
        row = await self._database.read_one("SELECT cost_usd_micros FROM jobs WHERE id = ?", (job_id,))
        return int(row[0]) if row else 0

    async def spent_usd_micros(self, since_ms: int) -> int:
        """What all jobs together have cost since then."""
        row = await self._database.read_one("SELECT total(usd_micros) FROM spending WHERE at >= ?", (since_ms,))
        return int(row[0]) if row else 0


_PAID = {True: '{"paid": true}', False: '{"paid": false}'}


def _account(used: Used) -> dict[str, Any]:
    return {
        "provider": used.provider,
        "model": used.model,
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "usd_micros": used.usd_micros,
    }


def _cost_rows(job: Job, now: int, used: Used) -> tuple[tuple[object, ...], tuple[object, ...]]:
    cost = used.usd_micros or 0
    return (
        (cost, used.input_tokens, used.output_tokens, now, job.id),
        (job.id, now, used.provider, used.model, cost),
    )


def discard(tx: Transaction, job: Job, records: Iterable[StepRecord], *, fresh: bool) -> None:
    """Within `Jobs.change`: let steps be done again; with `fresh` their answers are not used again either."""
    for record in records:
        is_again = record.state == "discarded"
        if is_again and not fresh:
            continue
        tx.execute(
            _LINE.format(Line.STEP_DISCARDED),
            (
                job.id,
                tx.now_ms,
                record.origin,
                record.name,
                record.run + is_again,
                json.dumps({"fresh": fresh}),
            ),
        )


class Decision(NamedTuple):
    """What a reviewer decided last about the text as it is, and the last note of one who sent it back."""

    is_approved: bool = False
    note: str = ""


def decision(rows: Iterable[sqlite3.Row]) -> Decision:
    """The decision that a job's lines tell of; an approval of an earlier text is none of this one."""
    is_approved, note = False, ""
    for row in rows:
        match row["event"]:
            case Line.APPROVED if row["origin"] == "in_review":
                is_approved = True
            case Line.REJECTED:
                is_approved, note = False, str(json.loads(row["detail"]).get("note", ""))
            case Line.STEP_DISCARDED:
                is_approved = False
    return Decision(is_approved, note)


def fold(rows: Iterable[sqlite3.Row]) -> dict[str, StepRecord]:
    """The steps that a job's lines tell of, by name; rows in the order of their ids."""
    records: dict[str, StepRecord] = {}
    for row in rows:
        event = row["event"]
        if row["step"] is None:
            if event == Line.APPROVED:
                for record in records.values():
                    record.is_approved = record.is_approved or record.state == "in_doubt"
            continue
        name, run = row["step"], row["run"]
        detail: Mapping[str, Any] = json.loads(row["detail"]) if row["detail"] else {}
        known = records.get(name)
        if known is None or known.run != run:
            earlier = known.earlier if known else {}
            # A step of our own has one line, at its end.
            begun_at = row["at"] - detail.get("duration_ms", 0)
            known = records[name] = StepRecord(name, row["origin"], run, "running", begun_at, earlier=earlier)
        _apply(known, event, detail, row)
    return records


def _apply(record: StepRecord, event: int, detail: Mapping[str, Any], row: sqlite3.Row) -> None:
    match event:
        case Line.STEP_BEGUN:
            record.digest = detail.get("digest")
            record.is_paid = bool(detail.get("paid"))
        case Line.STEP_HANDLE:
            record.state = "waiting"
            record.handle = detail["handle"]
        case Line.STEP_FINISHED:
            record.state = "finished"
            record.finished_at = row["at"]
            record.result = row["result"]
            record.digest = detail.get("digest") or record.digest
        case Line.STEP_FAILED:
            record.state, record.handle = "failed", None
            record.finished_at = row["at"]
        case Line.STEP_DOUBTED:
            record.state = "in_doubt"
        case Line.STEP_DISCARDED:
            if detail.get("fresh"):
                record.earlier = _NOTHING
            elif record.result is not None and record.digest:
                record.earlier = {**record.earlier, record.digest: record.result}
            record.state, record.result, record.handle = "discarded", None, None
    record.detail = {**record.detail, **detail}
