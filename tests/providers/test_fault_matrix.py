"""Every kind × every fault, over real sockets: what it becomes, how soon, after how many calls, and in which words.

The tables are in `matrix.py`. All cells of a kind are worked at once, when the first of them is asked for: quick ones
one after the other with one provider, whose connections each has to leave in order; slow ones side by side.
"""

import asyncio
import functools
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from blogen.cli.docs import kinds
from blogen.errors import (
    AnswerLost,
    AnswerUnusable,
    BlogenError,
    ContentRefused,
    InvalidInput,
    ProviderBusy,
    ProviderRefused,
    ProviderUnavailable,
)
from blogen.providers.protocols import Drawn, Health
from blogen.render.pictures import prepare_here
from tests.providers.matrix import (
    ASKS_NOBODY,
    FAULTS,
    GROUPS,
    KEY,
    LONG,
    NO_CALL,
    NO_SUCH_NAME,
    NO_TLS,
    NOBODY_LISTENS,
    OPERATIONS,
    ROWS,
    SOON,
    Row,
    is_good,
    strike,
)

ERRORS: dict[str, type[BlogenError]] = {
    "refused": ProviderRefused,
    "content": ContentRefused,
    "busy": ProviderBusy,
    "unavailable": ProviderUnavailable,
    "lost": AnswerLost,
    "unusable": AnswerUnusable,
}
SLACK_SECONDS = 2.0
"""What a busy machine may take longer than the time limit."""
CELLS = [(row, fault) for row in ROWS for fault in FAULTS if FAULTS[fault].group in ROWS[row].groups]


@dataclass
class Outcome:
    """What became of one call, and of the next one."""

    answer: Any
    seconds: float
    calls: int
    afterwards: Any = None
    """What a good call answered afterwards; an error if it did not."""


@pytest.mark.parametrize(("row", "fault"), CELLS, ids=[f"{row}-{fault}" for row, fault in CELLS])
def test_what_goes_wrong_is_what_the_matrix_requires(row, fault):
    cell, required = ROWS[row], ROWS[row].required(fault)
    outcome = worked(cell.kind)[row, fault]
    assert isinstance(outcome, Outcome), f"the cells could not be worked: {outcome!r}"
    answer = outcome.answer
    match required:
        case "answered":
            assert is_good(cell, answer), answer
        case "quiet":
            assert answer is None, answer
        case "told":
            assert isinstance(answer, Health), answer
            _check_words(cell, answer.detail, answer.remedy)
        case "pictured":
            _check_refused_as_picture(answer)
        case _:
            _check_error(cell, fault, answer, ERRORS[required])
    limit = SOON if FAULTS[fault].is_slow else LONG
    assert outcome.seconds < limit + SLACK_SECONDS
    assert is_good(cell, outcome.afterwards), outcome.afterwards
    if cell.operation != "check" and FAULTS[fault].kind not in {NOBODY_LISTENS, NO_SUCH_NAME, NO_TLS}:
        assert outcome.calls == cell.calls.get(fault, 1)


def test_every_kind_and_every_operation_has_its_rows():
    rows = {(row.kind, row.operation) for row in ROWS.values()}
    assert {kind for kind, _ in rows} == set(kinds()) - set(ASKS_NOBODY)
    for kind in {kind for kind, _ in rows}:
        provider = ROWS[next(name for name in ROWS if ROWS[name].kind == kind)].provider("http://127.0.0.1:1", 1)
        has = {operation for operation in OPERATIONS if hasattr(provider, operation)}
        assert {operation for of, operation in rows | set(NO_CALL) if of == kind} == has, kind


def test_every_row_meets_every_fault_or_says_why_it_cannot():
    for row in ROWS.values():
        assert row.groups <= set(GROUPS)
        assert "any" in row.groups
        said = {*row.otherwise, *row.pauses, *row.calls}
        assert said <= {fault for fault in FAULTS if FAULTS[fault].group in row.groups}, f"{row.name}: for nothing"
    for fault in FAULTS.values():
        assert GROUPS[fault.group]
        assert any(fault.group in row.groups for row in ROWS.values())


# -- what is checked --------------------------------------------------------------------------------------------------


def _check_error(row: Row, fault: str, error: Any, expected: type[BlogenError]) -> None:
    assert type(error) is expected, repr(error)
    assert error.provider == row.section
    _check_words(row, error.detail, error.remedy)
    assert f"[{row.section}]" in error.detail, error.detail
    assert KEY not in getattr(error, "raw", "")
    if FAULTS[fault].is_mendable:
        assert error.remedy, error.detail
    if isinstance(error, ProviderUnavailable):
        pause, asked = row.pause(fault), error.retry_after_seconds
        assert (asked is None) == (pause is None), asked
        assert pause is None or asked is None or pause - LONG - SLACK_SECONDS <= asked <= pause


def _check_words(row: Row, detail: str, remedy: str) -> None:
    """Sentences for a person: nothing of the program's, nothing secret, not without end."""
    words = f"{detail} {remedy}"
    assert detail.strip()
    assert KEY not in words
    assert not re.search(r"Traceback|object at 0x|\baiohttp|\bhttpx|Errno|<html|<!doctype", words, re.I), words
    assert len(words) < 1500
    assert all(sign.isprintable() for sign in words), words


def _check_refused_as_picture(answer: Any) -> None:
    assert isinstance(answer, Drawn), answer
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, started = _kilobytes("VmRSS"), time.monotonic()
    with pytest.raises(InvalidInput):
        prepare_here(answer.content, alt="", made_by="", ai_generated=True)
    assert time.monotonic() - started < 1 + SLACK_SECONDS
    assert _kilobytes("VmHWM") - before < 50_000


def _kilobytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


# -- how the cells are worked -----------------------------------------------------------------------------------------


@functools.cache
def worked(kind: str) -> Mapping[tuple[str, str], Outcome | Exception]:
    """The outcomes of all cells of a kind; an error if they could not be worked."""
    try:
        return asyncio.run(_work(kind))
    except Exception as error:
        failure = error
        return defaultdict(lambda: failure)


async def _work(kind: str) -> dict[tuple[str, str], Outcome]:
    found: dict[tuple[str, str], Outcome] = {}
    quick = [name for name in ROWS if ROWS[name].kind == kind]
    slow = [(name, fault) for name, fault in CELLS if ROWS[name].kind == kind and FAULTS[fault].is_slow]

    async def work_quick(name: str) -> None:
        async with AsyncExitStack() as stack:
            bench = await Bench.open(ROWS[name], LONG, stack)
            for row, fault in CELLS:
                if row == name and not FAULTS[fault].is_slow:
                    found[row, fault] = await bench.struck(fault)
                    found[row, fault].afterwards = await bench.healed()

    for name in quick:
        await work_quick(name)
    async with AsyncExitStack() as stack:
        benches = [await Bench.open(ROWS[name], SOON, stack) for name, _ in slow]
        ended = asyncio.gather(*(bench.struck(fault) for bench, (_, fault) in zip(benches, slow, strict=True)))
        found |= zip(slow, await ended, strict=True)
        for bench, cell in zip(benches, slow, strict=True):
            found[cell].afterwards = await bench.healed()
    return found


class Bench:
    """A row set up: its fake, a provider whose time limit is short or long, and what its calls are about."""

    def __init__(self, row: Row, fake: Any, seconds: float, stack: AsyncExitStack) -> None:
        self._row = row
        self._fake = fake
        self._seconds = seconds
        self._stack = stack
        self._provider = self._at(fake.base_url)
        self._patient = self._at(fake.base_url, LONG)
        self._subject: Any = None

    @classmethod
    async def open(cls, row: Row, seconds: float, stack: AsyncExitStack) -> "Bench":
        bench = cls(row, await stack.enter_async_context(row.fake()), seconds, stack)
        bench._subject = await bench._prepared()
        # Patiently: where many are opened at once, none is as quick as the others' time limits ask.
        assert is_good(row, await bench._call(bench._patient)), row.name
        return bench

    async def struck(self, name: str) -> Outcome:
        """Make the call while the fault strikes."""
        row, fault, fake, provider = self._row, FAULTS[name], self._fake, self._provider
        if row.is_fresh:
            self._subject = await self._prepared()
        subject = self._subject
        match fault.kind:
            case "nobody_listens":
                await fake.stop()
            case "no_such_name":
                provider = self._at(re.sub(r"127\.0\.0\.1:\d+", "nowhere.invalid", fake.base_url))
            case "no_tls":
                provider = self._at(fake.base_url.replace("http:", "https:"))
            case kind:
                fake.spoil_next(kind, **strike(row, name))
        if fault.group in row.told_before:
            self._subject = await self._prepared()
        seen, started = len(fake.calls), time.monotonic()
        answer = await self._call(provider)
        seconds = time.monotonic() - started
        calls = row.struck(fake.calls[seen:])
        if fault.kind == NOBODY_LISTENS:
            await fake.start()
        fake.heal()
        self._subject = subject
        return Outcome(answer, seconds, calls)

    async def healed(self) -> Any:
        """Make the call with the same provider, now that nothing is wrong any more."""
        return await self._call(self._provider)

    async def _call(self, provider: Any) -> Any:
        """What the call answers, or the error that it ends with."""
        try:
            return await asyncio.wait_for(self._row.call(provider, self._subject), LONG + SLACK_SECONDS)
        except Exception as error:
            return error

    async def _prepared(self) -> Any:
        return await self._row.prepare(self._patient, self._fake)

    def _at(self, base_url: str, seconds: float | None = None) -> Any:
        provider = self._row.provider(base_url, seconds or self._seconds)
        self._stack.push_async_callback(provider.close)
        return provider
