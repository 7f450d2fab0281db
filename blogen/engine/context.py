"""What a stage sees of its job, and the durable step: promises 1 to 3 are this one small mechanism.

A step is its committed result, if there is one. Otherwise: commit the intent, call, write the result. A call that
leaves a handle on the other side commits it as soon as it has it and is resumed from it. A paid call that was begun
and has neither result nor handle is in doubt, and `in_doubt` says what happens to it.

A result is on its way to the disk when its step returns, and durable before anything outside can learn of it: before
the next call, before the job waits, before it ends (see `WriteBehind`).
"""

import hashlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json

from blogen.clock import Clock
from blogen.domain.job import JobRequest, Waiting, WaitingFor
from blogen.domain.terms import InDoubtPolicy
from blogen.engine.outcome import Interrupted, StepSkipped, Suspended
from blogen.errors import (
    AnswerLost,
    AnswerUnusable,
    BlogenError,
    ContentRefused,
    InDoubt,
    OrderFailed,
)
from blogen.providers.protocols import Pending, Submitted, Usage
from blogen.store.behind import NOTHING
from blogen.store.jobs import TakenJob
from blogen.store.ledger import Reservation
from blogen.store.steps import NO_ENTRIES, NOTHING_USED, StepRecord, Steps, Used, decision, fold
from blogen.together import together

T = TypeVar("T", bound=BaseModel)
R = TypeVar("R")


class Turn(Protocol):
    """The right to call a service now; entering it waits."""

    def __aenter__(self) -> Awaitable[object]: ...

    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> Awaitable[bool | None]: ...


class _AtOnce:
    """The turn where nobody stands in a line."""

    def __aenter__(self) -> Awaitable[None]:
        return NOTHING

    def __aexit__(self, *_: object) -> Awaitable[None]:
        return NOTHING


_AT_ONCE = _AtOnce()


class JobContext:
    """A job in the hands of a worker. Code outside steps runs again after a restart: keep it free of effects."""

    __slots__ = (
        "_claimed",
        "_clock",
        "_policy",
        "_records",
        "_request",
        "_request_json",
        "_steps",
        "behind",
        "decision",
        "has_progressed",
        "is_stopping",
        "job",
    )

    def __init__(self, taken: TakenJob, steps: Steps, clock: Clock, policy: InDoubtPolicy) -> None:
        self.job = taken.job
        self.behind = steps.behind(taken.job.id)
        """What writes for this job, in order."""
        self.decision = decision(taken.steps)
        """What a reviewer decided about this text."""
        self.has_progressed = False
        """Whether a step was finished since the stage began."""
        self.is_stopping = False
        """Set when the engine drains, or the job is let go of: running calls may end, none may begin."""
        self._request_json = taken.request
        self._request: JobRequest | None = None
        self._records = fold(taken.steps)
        self._steps = steps
        self._clock = clock
        self._policy = policy
        self._claimed: tuple[str, ...] = ()

    @property
    def request(self) -> JobRequest:
        """The order the job was made from."""
        if self._request is None:
            self._request = JobRequest.model_validate_json(self._request_json)
        return self._request

    @property
    def clock(self) -> Clock:
        return self._clock

    def enter(self) -> None:
        """The executor's: the stage of the job's state begins, or begins again."""
        self.has_progressed = False
        self._claimed = ()

    def result(self, step: str, returns: type[T]) -> T:
        """The committed result of an earlier step. Raises KeyError if it has none: a defect of the pipeline."""
        record = self._records.get(step)
        if record is None or record.result is None:
            raise KeyError(f"step {step!r} has no result")
        return returns.model_validate_json(record.result)

    def results(self, prefix: str) -> dict[str, str]:
        """The committed results (JSON) of all finished steps whose name begins with `prefix`, by name."""
        return {
            name: record.result
            for name, record in self._records.items()
            if name.startswith(prefix) and record.result is not None
        }

    async def step(self, name: str, returns: type[T], call: Callable[[], Awaitable[T]], *, rests_on: Any = None) -> T:
        """Do something of our own once: return what step `name` committed, or call and commit.

        `rests_on` is what the result depends on; a step that is done again with the same keeps its answer.
        Nothing is written before the call: it costs nobody anything to repeat it.
        """
        record = self._claim(name)
        if record is not None and record.result is not None:
            return returns.model_validate_json(record.result)
        digest = _digest(rests_on)
        run = record.run + 1 if record else 1
        if record is not None and digest and (known := record.earlier.get(digest)) is not None:
            return self._keep(name, run, returns.model_validate_json(known), digest)
        self._check_may_begin()
        started = self._clock.monotonic()
        try:
            answer = await call()
        except Exception as error:
            await self._note_error(name, run, error)
            raise
        return self._keep(name, run, answer, digest, started=started)

    async def call(
        self,
        name: str,
        returns: type[T],
        call: Callable[[], Awaitable[T]],
        *,
        rests_on: Any = None,
        provider: str = "",
        is_paid: bool = True,
        reserve: Reservation | None = None,
        used: Callable[[T], Used] | None = None,
        turn: Turn | None = None,
    ) -> T:
        """Call the outside world once. The intent is committed before the call, the result before the next one.

        With `reserve` the most that it may cost is held back with the intent. Raises OverCap if that is too much.
        `turn` is waited for before the intent, and held during the call: what stands in a line was not sent.
        """
        record = self._claim(name)
        if record is not None and record.result is not None:
            return returns.model_validate_json(record.result)
        digest = _digest(rests_on)
        run = await self._next_run(name, record) if record is not None else 1
        if record is not None and digest and (known := record.earlier.get(digest)) is not None:
            return self._keep(name, run, returns.model_validate_json(known), digest)
        self._check_may_begin()
        if turn is not None:  # by hand: a context for nobody's line would be a thirtieth of what a step costs
            await turn.__aenter__()
        try:
            if turn is not None:
                self._check_may_begin()  # the line may have been long
            await self._steps.begin(self.behind, self.job, name, run, digest, is_paid, provider, reserve)
            started = self._clock.monotonic()
            try:
                answer = await call()
            except Exception as error:
                await self._note_error(name, run, error, is_paid=is_paid)
                raise
        except BaseException as error:
            if turn is not None:
                await turn.__aexit__(type(error), error, error.__traceback__)
            raise
        if turn is not None:
            await turn.__aexit__(None, None, None)
        return self._keep(name, run, answer, digest, started, used(answer) if used else NOTHING_USED)

    async def order(
        self,
        name: str,
        returns: type[T],
        submit: Callable[[], Awaitable[T | Submitted]],
        poll: Callable[[str], Awaitable[T | Pending | Submitted]],
        *,
        find: Callable[[str], Awaitable[Submitted | None]] | None = None,
        provider: str = "",
        rests_on: Any = None,
        is_paid: bool = True,
        reserve: Reservation | None = None,
        used: Callable[[T], Used] | None = None,
        turn: Turn | None = None,
        waiting_for: WaitingFor = WaitingFor.IMAGE,
    ) -> T | Waiting:
        """Call a service that works on it by itself: submit, commit the handle, then ask until it is done.

        Answers `Waiting` while the other side works; the stage hands that on, and the job holds no worker. A service
        may also answer `submit` with the result itself, and `poll` with a new handle when its task enters its next
        phase. Where an answer to `submit` was lost, by a crash or on the way, `find` is asked whether there is an order
        with the `reference` of that run; it raises InDoubt if it cannot tell, and the call is in doubt then as it is
        without `find`.
        """
        record = self._claim(name)
        if record is not None and record.result is not None:
            return returns.model_validate_json(record.result)
        digest = _digest(rests_on)
        started = self._clock.monotonic()
        answer: T | Pending | Submitted | None = None
        is_lost = False
        if record is not None and record.handle is not None:
            run = record.run
            answer = await self._poll(name, run, poll, record.handle)
        elif record is not None and find is not None and record.state in {"running", "in_doubt"}:
            run = record.run
            with suppress(InDoubt):
                answer = await find(self._reference(name, run))
                is_lost = answer is None
        if answer is None:
            run = 1 if record is None else await self._next_run(name, record, is_known_to_be_lost=is_lost)
            if record is not None and digest and (known := record.earlier.get(digest)) is not None:
                return self._keep(name, run, returns.model_validate_json(known), digest)
            self._check_may_begin()
            async with turn or _AT_ONCE:
                self._check_may_begin()
                await self._steps.begin(self.behind, self.job, name, run, digest, is_paid, provider, reserve)
                self._note_begun(name, run, record, digest, is_paid)
                try:
                    answer = await submit()
                except Exception as error:
                    if find is None or not isinstance(error, AnswerLost):  # else it is looked for first
                        await self._note_error(name, run, error, is_paid=is_paid)
                    raise
        while isinstance(answer, Submitted):
            self._keep_handle(name, run, answer)
            if answer.poll_after_seconds > 0:
                return self._wait_for_it(waiting_for, answer.poll_after_seconds)
            self._check_may_begin()
            await self.behind.barrier()
            answer = await self._poll(name, run, poll, answer.handle)
        if isinstance(answer, Pending):
            return self._wait_for_it(waiting_for, answer.poll_after_seconds)
        return self._keep(name, run, answer, digest, started, used(answer) if used else NOTHING_USED)

    async def together(self, calls: "list[Callable[[], Awaitable[Any]]]") -> list[Any]:
        """Run steps side by side, each to its end (see `together`), and return what they return, in order."""
        return await together(calls)

    def reference(self, name: str) -> str:
        """Our own id of the coming run of step `name`, for the other side to carry along."""
        record = self._records.get(name)
        return self._reference(name, record.run + 1 if record else 1)

    def is_finished(self, name: str) -> bool:
        """Whether step `name` has a committed result."""
        record = self._records.get(name)
        return record is not None and record.result is not None

    def begun_with(self, name: str) -> str | None:
        """The provider that step `name` was begun with and that may still work on it; None if there is none."""
        record = self._records.get(name)
        if record is None or record.state not in {"running", "waiting", "in_doubt"}:
            return None
        return str(record.detail.get("provider") or "") or None

    def _reference(self, name: str, run: int) -> str:
        return f"{self.job.id}/{name}/{run}"

    def _claim(self, name: str) -> StepRecord | None:
        if name in self._claimed:
            raise RuntimeError(f"step {name!r} is used twice in one stage: names are unique in a job")
        self._claimed = (*self._claimed, name)
        record = self._records.get(name)
        if record is not None and record.origin != self.job.state:
            raise RuntimeError(f"step {name!r} belongs to {record.origin}, not to {self.job.state}")
        return record

    def _check_may_begin(self) -> None:
        if self.is_stopping:
            raise Interrupted

    async def _next_run(self, name: str, record: StepRecord, *, is_known_to_be_lost: bool = False) -> int:
        """The number of the coming run; decides what happens to a call in doubt."""
        if record.state in {"running", "in_doubt"} and is_known_to_be_lost:
            lost = ("never-arrived", "The order never reached the service.")
            await self._note_failed(name, record.run, *lost, is_paid=record.is_paid)
        elif record.state in {"running", "in_doubt"} and record.is_paid:
            if record.state == "running":
                self._steps.doubt(self.behind, self.job, name, record.run, policy=self._policy)
                record.state = "in_doubt"
            self._decide_doubt(name, record)
        return record.run + 1

    def _decide_doubt(self, name: str, record: StepRecord) -> None:
        match self._policy:
            case "retry":
                return
            case "skip":
                raise StepSkipped(name)
            case "ask" if record.is_approved:
                return
            case "ask":
                reason = f"Step {name} was in flight when Blogen stopped: it may have been paid for. Repeat it?"
                raise Suspended(Waiting(WaitingFor.REVIEW, None, reason))

    def _note_begun(self, name: str, run: int, last: StepRecord | None, digest: str | None, is_paid: bool) -> None:
        name = sys.intern(name)  # thousands of jobs have steps of the same names
        earlier = _earlier(last)
        self._records[name] = StepRecord(
            name, self.job.state, run, "running", 0, None, None, None, digest, is_paid, False, NO_ENTRIES, earlier
        )

    async def _poll(self, name: str, run: int, poll: Callable[[str], Awaitable[R]], handle: str) -> R:
        try:
            return await poll(handle)
        except BlogenError as error:
            if not error.retryable or isinstance(error, OrderFailed):  # it came to nothing; a retry places it anew
                await self._note_error(name, run, error, is_paid=self._records[name].is_paid)
            raise

    def _keep_handle(self, name: str, run: int, sent: Submitted) -> None:
        record = self._records[name]
        if sent.handle != record.handle:
            is_first = record.handle is None
            self._steps.keep_handle(self.behind, self.job, name, run, sent.handle, state=sent.state, is_first=is_first)
        record.state, record.handle = "waiting", sent.handle

    async def _note_error(self, name: str, run: int, error: Exception, *, is_paid: bool = False) -> None:
        if isinstance(error, Interrupted | Suspended | StepSkipped):
            return
        if not isinstance(error, BlogenError):
            await self._note_failed(name, run, "internal", f"{type(error).__name__}: {error}", is_paid=is_paid)
            return
        raw = error.raw if isinstance(error, AnswerUnusable) else ""
        used = _used_by(error) if isinstance(error, AnswerUnusable | ContentRefused) else NOTHING_USED
        maybe = isinstance(error, AnswerLost)
        await self._note_failed(name, run, error.code, error.detail, raw, used, is_paid=is_paid, maybe_paid=maybe)

    async def _note_failed(
        self,
        name: str,
        run: int,
        code: str,
        detail: str,
        raw: str = "",
        used: Used = NOTHING_USED,
        *,
        is_paid: bool,
        maybe_paid: bool = False,
    ) -> None:
        await self._steps.fail(
            self.behind,
            self.job,
            name,
            run,
            code=code,
            detail=detail,
            raw=raw,
            used=used,
            is_paid=is_paid,
            maybe_paid=maybe_paid,
        )
        earlier = _earlier(self._records.get(name))
        self._records[name] = StepRecord(name, self.job.state, run, "failed", 0, earlier=earlier)

    def _keep(
        self,
        name: str,
        run: int,
        answer: T,
        digest: str | None,
        started: float | None = None,
        used: Used = NOTHING_USED,
    ) -> T:
        encoded = _json(answer)
        duration_ms = 0 if started is None else int((self._clock.monotonic() - started) * 1000)
        self._steps.finish(self.behind, self.job, name, run, encoded, duration_ms, digest, used)
        record = self._records.get(name)
        if record is None or record.run != run:
            name = sys.intern(name)  # thousands of jobs have steps of the same names
            kept = StepRecord(name, self.job.state, run, "finished", 0, None, encoded, None, digest)
            self._records[name] = kept
        else:
            record.state, record.result, record.handle = "finished", encoded, None
        self.has_progressed = True
        return answer

    def _wait_for_it(self, what: WaitingFor, seconds: float) -> Waiting:
        return Waiting(what, self._clock.now_ms() + int(seconds * 1000))


def in_doubt_error(step: str) -> InDoubt:
    """For a stage that cannot do without a step that policy skips."""
    return InDoubt(
        f"Step {step} was in flight when Blogen stopped, and pipeline.in_doubt = 'skip' forbids repeating it.",
        remedy="Retry the job to make the call again.",
    )


def _earlier(record: StepRecord | None) -> Mapping[str, str]:
    return NO_ENTRIES if record is None else record.earlier


def _used_by(error: AnswerUnusable | ContentRefused) -> Used:
    """An answer that cannot be used may have been paid for."""
    return used(error.usage) if isinstance(error.usage, Usage) else NOTHING_USED


def used(usage: Usage, guess: int | None = None) -> Used:
    """A provider's account of a call, as the store keeps it; `guess` is what budgets count for an unknown cost."""
    return Used(
        usage.provider,
        usage.model,
        usage.input_tokens,
        usage.output_tokens,
        usage.cost_usd_micros,
        usage.accuracy,
        guess,
    )


def _json(answer: BaseModel) -> str:
    """As `model_dump_json`, whose many options take longer than the model."""
    return answer.__pydantic_serializer__.to_json(answer).decode()


def _digest(rests_on: Any) -> str | None:
    return None if rests_on is None else hashlib.sha256(to_json(rests_on)).hexdigest()
