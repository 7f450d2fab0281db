"""The ledger: what calls cost, and what is held back for those under way, so that a cap is never passed.

A row is made with the intent of a paid call and counts with the most that it may cost; when the call is settled its
real cost takes that place. A call whose price stays unknown, or that is in doubt, goes on counting in full. Free calls
have rows for their tokens. Caps are looked up in the transaction that holds back: of two calls that fit only one by
one, one waits.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from blogen.errors import BlogenError, FieldError, InvalidInput
from blogen.store.database import AnyNumber, Database, Transaction

if TYPE_CHECKING:
    from blogen.config import BudgetConfig

HOLD = "INSERT INTO ledger (job_id, step, run, at, provider, counted_usd_micros) VALUES (?, ?, ?, ?, ?, ?)"
SETTLE = (
    "INSERT INTO ledger (job_id, step, run, at, provider, counted_usd_micros, is_paid, settled_at, usd_micros,"
    " accuracy, model, input_tokens, output_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    # What was held back under one provider's caps is settled there, whatever name its account gives.
    " ON CONFLICT (job_id, step, run) DO UPDATE SET counted_usd_micros = iif(excluded.usd_micros IS NULL,"
    " max(counted_usd_micros, excluded.counted_usd_micros), excluded.counted_usd_micros),"
    " is_paid = excluded.is_paid, settled_at = excluded.settled_at,"
    " usd_micros = excluded.usd_micros, accuracy = excluded.accuracy, model = excluded.model,"
    " input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens"
)

Period = Literal["job", "day", "month"]
By = Literal["day", "model", "author", "job"]


class Cap(NamedTuple):
    """A bound on what may be spent: `key` is the setting as the owner knows it."""

    key: str
    period: Period
    provider: str | None = None
    """Of one provider alone; None: of all."""
    usd_micros: int | None = None
    calls: int | None = None


class Reservation(NamedTuple):
    """What a call may cost at most, and the caps that it must fit under."""

    provider: str
    usd_micros: int
    caps: Sequence[Cap] = ()


Counted = dict[tuple[Period, str | None, str | int], tuple[int, int]]
"""Micro-dollars and calls that count in a period, of a provider or all, of a job or since a time (Unix ms)."""


class OverCap(BlogenError):
    """A call does not fit under a cap now. `is_passing`: it would, once calls under way are settled for less."""

    code, title, status = "over-cap", "A spending cap is reached", 409

    def __init__(
        self, detail: str, *, remedy: str, until_ms: int | None, is_passing: bool, open_since_ms: int = 0
    ) -> None:
        super().__init__(detail, remedy=remedy)
        self.until_ms = until_ms
        """When the cap's period ends (Unix ms); None: never."""
        self.is_passing = is_passing
        self.open_since_ms = open_since_ms
        """When the latest of the calls under way began (Unix ms)."""


class CapUse(NamedTuple):
    """How much of a cap is used, with what is held back for calls under way."""

    cap: Cap
    usd_micros: int | None
    calls: int | None
    """None, as the costs: of a job's cap, which every job has for itself."""
    until_ms: int | None


class CostLine(NamedTuple):
    """A line of the account: what stands under one day, model, author or job."""

    key: str
    calls: int
    usd_micros: int
    """Known costs together."""
    unknown_calls: int
    """Paid calls of unknown price, and those in doubt: their cost is in no sum."""
    open_calls: int
    """Calls under way."""
    held_usd_micros: int
    """The most that those may cost."""
    guessed_usd_micros: int
    """How much of the known costs is estimated."""
    input_tokens: int
    output_tokens: int


class Estimate(NamedTuple):
    """What posts of this blog have cost so far: a guess at the next one. Micro-dollars."""

    posts: int
    typical_usd_micros: int
    low_usd_micros: int
    high_usd_micros: int
    has_unknown: bool
    """Whether calls of unknown price are in them: the truth is higher."""


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def costs(
        self,
        by: By,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        limit: int = 100,
        site_author: str = "",
    ) -> Sequence[CostLine]:
        """The account by day (newest first), or by model, author or job (dearest first).

        A job that names no author is one of `site_author`'s.
        """
        key, order = _BY[by]
        params = (*((site_author,) if by == "author" else ()), *_span(since_ms, until_ms), limit)
        rows = await self._database.read(
            f"SELECT {key} AS key, {_SUMS} {_ACCOUNT} GROUP BY key ORDER BY {order} LIMIT ?", params
        )
        return [CostLine(str(row[0]), *(int(value) for value in row[1:])) for row in rows]

    async def total(self, *, since_ms: int | None = None, until_ms: int | None = None) -> CostLine:
        """All of it in one line; its key is empty."""
        row = await self._database.read_one(f"SELECT {_SUMS} {_ACCOUNT}", _span(since_ms, until_ms))
        assert row is not None
        return CostLine("", *(int(value) for value in row))

    async def caps(self, caps: Sequence[Cap], now_ms: int) -> Sequence[CapUse]:
        """How much of each cap is used in the day or month that `now_ms` lies in."""
        uses = []
        for cap in caps:
            ends = _period(cap.period, now_ms)[1]
            if cap.period == "job":
                uses.append(CapUse(cap, None, None, ends))
                continue
            row = await self._database.read_one(*_counting(cap, "", now_ms))
            assert row is not None
            uses.append(CapUse(cap, int(row[0]), int(row[1]), ends))
        return uses

    async def estimate(self, words: int, images: int) -> Estimate:
        """From the latest 50 published posts with paid calls, by their length."""
        rows = await self._database.read(
            "SELECT j.cost_usd_micros, coalesce(json_extract(r.request, '$.words'), 900),"
            " coalesce(json_extract(r.request, '$.images'), 1),"
            " EXISTS (SELECT 1 FROM ledger AS l WHERE l.job_id = j.id AND l.is_paid AND l.usd_micros IS NULL)"
            " FROM jobs AS j JOIN job_requests AS r ON r.job_id = j.id WHERE j.state = 'published'"
            " AND j.finished_at IS NOT NULL AND EXISTS (SELECT 1 FROM ledger AS l WHERE l.job_id = j.id AND l.is_paid)"
            " ORDER BY j.id DESC LIMIT 50"
        )
        # A picture costs about as much as some hundred words: one scale for both, so that few posts suffice.
        size = words + images * _WORDS_A_PICTURE
        scaled = sorted(round(row[0] * size / (row[1] + row[2] * _WORDS_A_PICTURE)) for row in rows)
        if not scaled:
            return Estimate(0, 0, 0, 0, has_unknown=False)
        quarter = len(scaled) // 4
        return Estimate(
            len(scaled), scaled[len(scaled) // 2], scaled[quarter], scaled[-1 - quarter], any(row[3] for row in rows)
        )


def caps_of(budget: "BudgetConfig") -> Sequence[Cap]:
    """The caps of `[budget]` that are set, as its keys are called."""
    usd = {"job": budget.job_usd, "day": budget.day_usd, "month": budget.month_usd}
    calls = {"job": budget.job_calls, "day": budget.day_calls, "month": budget.month_calls}
    caps: list[Cap] = []
    for period in _PERIODS:
        if (most := usd[period]) is not None:
            caps.append(Cap(f"budget.{period}_usd", period, usd_micros=int(most * 1_000_000)))
        if (count := calls[period]) is not None:
            caps.append(Cap(f"budget.{period}_calls", period, calls=count))
    return caps


def days(since: date | None, until: date | None, now_ms: int) -> tuple[int, int]:
    """Beginning and end (Unix ms) of a span of UTC days, both included: up to today, and 30 days, where unset.

    Raises InvalidInput if it ends before it begins.
    """
    last = until or datetime.fromtimestamp(now_ms / 1000, UTC).date()
    first = since or date.fromordinal(max(1, last.toordinal() - _DAYS_SHOWN + 1))
    if first > last:
        message = f"must not be after the end, {last}; found {first}"
        raise InvalidInput(
            f"The first day, {first}, is after the last, {last}.",
            remedy="Name an earlier first day, or a later last one.",
            errors=[FieldError("since", message)],
        )
    return _ms(datetime.combine(first, time(), UTC)), _ms(datetime.combine(last, time(), UTC)) + _DAY_MS


def worded_usd(micros: int) -> str:
    """Micro-dollars for people: `0.0123`, `2.00`."""
    whole, _, decimals = f"{Decimal(micros) / 1_000_000:.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def check_caps(tx: Transaction, counted: Counted, job_id: str, wanted: Reservation, at: int) -> None:
    """Within the transaction that holds back `wanted` at `at` (Unix ms). Raises OverCap.

    `counted` is what the transaction knows by now of the sums; the call that is let through is added to it.
    """
    places = {}
    for cap in wanted.caps:
        place = (cap.period, cap.provider, job_id if cap.period == "job" else _period(cap.period, at)[0])
        if place not in counted:
            usd_micros, calls = tx.query(*_counting(cap, job_id, at))[0]
            counted[place] = int(usd_micros), int(calls)
        if not _fits(cap, wanted, *counted[place]):
            raise _over(tx, job_id, wanted, cap, at, *counted[place])
        places[place] = counted[place]
    for place, (usd_micros, calls) in places.items():
        counted[place] = usd_micros + wanted.usd_micros, calls + 1


def release(tx: Transaction, job_id: str, step: str, run: int) -> None:
    """A call that cost nothing: what was held back for it is free again."""
    place = (job_id, step, run)
    # Also what was in doubt: now it is known.
    doubted = tx.execute(f"DELETE FROM ledger WHERE {_PLACE} AND usd_micros IS NULL AND settled_at IS NOT NULL", place)
    if doubted:
        tx.execute("UPDATE jobs SET unknown_calls = unknown_calls - 1 WHERE id = ?", (job_id,))
    tx.execute(f"DELETE FROM ledger WHERE {_PLACE} AND settled_at IS NULL", place)


def settle_doubt(tx: Transaction, job_id: str, step: str, run: int) -> None:
    """A call whose outcome nobody will ever tell: its cost stays unknown, and its worst case goes on counting."""
    for statement, params in zip(SETTLE_DOUBT, doubt_rows(job_id, step, run, tx.now_ms), strict=True):
        tx.execute(statement, params)


def doubt_rows(job_id: str, step: str, run: int, now_ms: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The parameters of `SETTLE_DOUBT`."""
    place = (job_id, step, run)
    return (*place, job_id), (now_ms, *place)


_PLACE = "job_id = ? AND step = ? AND run = ?"
SETTLE_DOUBT = (
    "UPDATE jobs SET unknown_calls = unknown_calls"
    f" + (SELECT count(*) FROM ledger WHERE {_PLACE} AND settled_at IS NULL) WHERE id = ?",
    AnyNumber(f"UPDATE ledger SET settled_at = ? WHERE {_PLACE} AND settled_at IS NULL"),
)
_FAR = 2**62
_DAY_MS = 86_400_000
_DAYS_SHOWN = 30
_WORDS_A_PICTURE = 300
_PERIODS: tuple[Period, ...] = ("job", "day", "month")

_OPEN = "(l.settled_at IS NULL AND j.id IS NOT NULL AND j.finished_at IS NULL)"
"""Whether a call is under way: of a job that has ended none is, though nobody may ever tell what it cost."""

_SUMS = (
    "count(*), total(l.usd_micros),"
    f" total(l.is_paid AND l.usd_micros IS NULL AND NOT {_OPEN}),"
    f" total({_OPEN}), total(iif({_OPEN}, l.counted_usd_micros, 0)),"
    " total(iif(l.accuracy = 'guessed', l.usd_micros, 0)), total(l.input_tokens), total(l.output_tokens)"
)
_ACCOUNT = (
    "FROM ledger AS l LEFT JOIN jobs AS j ON j.id = l.job_id LEFT JOIN job_requests AS r ON r.job_id = l.job_id"
    " LEFT JOIN posts AS p ON p.job_id = l.job_id LEFT JOIN authors AS a ON a.id = p.author_id"
    " WHERE l.at >= ? AND l.at < ?"
)
_DEAREST = "total(l.counted_usd_micros) DESC, key"
_BY: dict[By, tuple[str, str]] = {
    "day": ("date(l.at / 1000, 'unixepoch')", "key DESC"),
    "model": ("l.provider || iif(l.model = '', '', '/' || l.model)", _DEAREST),
    "author": ("coalesce(a.handle, json_extract(r.request, '$.author'), ?)", _DEAREST),
    "job": ("l.job_id", _DEAREST),
}


def _span(since_ms: int | None, until_ms: int | None) -> tuple[int, int]:
    return since_ms or 0, _FAR if until_ms is None else until_ms


def _counting(cap: Cap, job_id: str, now_ms: int) -> tuple[str, Sequence[object]]:
    """What counts against `cap`: micro-dollars and calls."""
    if cap.period == "job":
        where, params = _within(cap, job_id, now_ms)
        return f"SELECT total(counted_usd_micros), count(*) FROM ledger WHERE {where}", params
    day = _period(cap.period, now_ms)[0] // _DAY_MS
    where, params = ("", [day]) if cap.provider is None else (" AND provider = ?", [day, cap.provider])
    return f"SELECT total(counted_usd_micros), total(calls) FROM ledger_days WHERE day >= ?{where}", params


def _within(cap: Cap, job_id: str, now_ms: int) -> tuple[str, Sequence[object]]:
    """The rows that `cap` is about, as a condition and its parameters."""
    began = _period(cap.period, now_ms)[0]
    where, param = ("job_id = ?", job_id) if cap.period == "job" else ("at >= ?", began)
    if cap.provider is None:
        return f"{where} AND is_paid", [param]
    return f"{where} AND is_paid AND provider = ?", [param, cap.provider]


def _fits(cap: Cap, wanted: Reservation, usd_micros: int, calls: int) -> bool:
    return (cap.calls is None or calls + 1 <= cap.calls) and (
        cap.usd_micros is None or usd_micros + wanted.usd_micros <= cap.usd_micros
    )


def _over(tx: Transaction, job_id: str, wanted: Reservation, cap: Cap, at: int, usd_micros: int, calls: int) -> OverCap:
    if cap.calls is not None and calls + 1 > cap.calls:
        detail = f"{calls} paid calls are made or under way, and {cap.key} allows {cap.calls} a {cap.period}."
    else:
        assert cap.usd_micros is not None
        detail = (
            f"The next call of [{wanted.provider}] may cost up to {worded_usd(wanted.usd_micros)} USD, and"
            f" {worded_usd(usd_micros)} of the {worded_usd(cap.usd_micros)} USD that {cap.key} allows a {cap.period}"
            " are spent or held back for calls under way."
        )
    if not _fits(cap, wanted, 0, 0):
        return OverCap(detail, remedy=_RAISE.format(key=cap.key), until_ms=None, is_passing=False)
    where, params = _within(cap, job_id, at)
    open_usd_micros, open_calls, latest = tx.query(
        "SELECT total(counted_usd_micros), count(*), max(at) FROM ledger AS l LEFT JOIN jobs AS j ON j.id = l.job_id"
        f" WHERE {where} AND {_OPEN}",
        params,
    )[0]
    is_passing = _fits(cap, wanted, usd_micros - int(open_usd_micros), calls - int(open_calls))
    ways = _RAISE if cap.period == "job" and not is_passing else _WAIT
    ends = _period(cap.period, at)[1]
    return OverCap(
        detail, remedy=ways.format(key=cap.key), until_ms=ends, is_passing=is_passing, open_since_ms=latest or 0
    )


_WAIT = "Raise {key}, or let it wait: it goes on by itself when there is money again."
_RAISE = "Raise {key} and start Blogen again: it goes on by itself then."


def _period(period: Period, now_ms: int) -> tuple[int, int | None]:
    """Beginning and end (Unix ms) of the UTC day or month that `now_ms` lies in; a job has neither."""
    if period == "job":
        return 0, None
    day = datetime.fromtimestamp(now_ms / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return _ms(day), _ms(day + timedelta(days=1))
    month = day.replace(day=1)
    return _ms(month), _ms((month + timedelta(days=32)).replace(day=1))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
