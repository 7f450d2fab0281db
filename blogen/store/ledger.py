"""The ledger: what calls cost, and what is held back for those under way, so that a cap is never passed.

A row is made with the intent of a paid call and counts with the most that it may cost; when the call is settled its
real cost takes that place. A call in doubt goes on counting in full: it may have been paid for. Free calls have rows
for their tokens. Caps are looked up in the transaction that holds back: of two calls that fit only one by one, one
waits.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from blogen.errors import BlogenError
from blogen.store.database import Database, Transaction

HOLD = "INSERT INTO ledger (job_id, step, run, at, provider, counted_usd_micros) VALUES (?, ?, ?, ?, ?, ?)"
SETTLE = (
    "INSERT INTO ledger (job_id, step, run, at, provider, counted_usd_micros, is_paid, settled_at, usd_micros,"
    " accuracy, model, input_tokens, output_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (job_id, step, run) DO UPDATE SET provider = excluded.provider,"
    " counted_usd_micros = excluded.counted_usd_micros, is_paid = excluded.is_paid, settled_at = excluded.settled_at,"
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


class OverCap(BlogenError):
    """A call does not fit under a cap now. `is_passing`: it would, once calls under way are settled for less."""

    code, title, status = "over-cap", "A spending cap is reached", 409

    def __init__(self, detail: str, *, remedy: str, until_ms: int | None, is_passing: bool) -> None:
        super().__init__(detail, remedy=remedy)
        self.until_ms = until_ms
        """When the cap's period ends (Unix ms); None: never."""
        self.is_passing = is_passing


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
        self, by: By, *, since_ms: int | None = None, until_ms: int | None = None, limit: int = 100
    ) -> Sequence[CostLine]:
        """The account by day (newest first), or by model, author or job (dearest first)."""
        key, join, order = _BY[by]
        rows = await self._database.read(
            f"SELECT {key} AS key, count(*), total(l.usd_micros),"
            " total(l.is_paid AND l.settled_at IS NOT NULL AND l.usd_micros IS NULL),"
            " total(l.settled_at IS NULL), total(iif(l.settled_at IS NULL, l.counted_usd_micros, 0)),"
            " total(iif(l.accuracy = 'guessed', l.usd_micros, 0)), total(l.input_tokens), total(l.output_tokens)"
            f" FROM ledger AS l {join} WHERE l.at >= ? AND l.at < ? GROUP BY key ORDER BY {order} LIMIT ?",
            (since_ms or 0, _FAR if until_ms is None else until_ms, limit),
        )
        return [CostLine(str(row[0] or ""), *(int(value) for value in row[1:])) for row in rows]

    async def estimate(self, words: int, images: int) -> Estimate:
        """From the latest 50 published posts with paid calls: per word where most of it is text."""
        rows = await self._database.read(
            "SELECT j.cost_usd_micros, coalesce(json_extract(r.request, '$.words'), 900),"
            " coalesce(json_extract(r.request, '$.images'), 1),"
            " (SELECT total(l.is_paid AND l.settled_at IS NOT NULL AND l.usd_micros IS NULL)"
            "  FROM ledger AS l WHERE l.job_id = j.id)"
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


def check_caps(tx: Transaction, job_id: str, wanted: Reservation) -> None:
    """Within the transaction that holds back. Raises OverCap."""
    for cap in wanted.caps:
        began, ends = _period(cap.period, tx.now_ms)
        where, params = ["at >= ?", "is_paid"], [began]
        if cap.period == "job":
            where, params = ["job_id = ?", "is_paid"], [job_id]
        if cap.provider is not None:
            where.append("provider = ?")
            params.append(cap.provider)
        counted, settled, calls = tx.query(
            "SELECT total(counted_usd_micros), total(iif(settled_at IS NULL, 0, counted_usd_micros)), count(*)"
            f" FROM ledger WHERE {' AND '.join(where)}",
            params,
        )[0]
        if cap.calls is not None and calls + 1 > cap.calls:
            raise OverCap(
                f"{int(calls)} paid calls were made, and {cap.key} allows {cap.calls} a {cap.period}.",
                remedy=_WAYS.format(key=cap.key),
                until_ms=ends,
                is_passing=False,
            )
        if cap.usd_micros is not None and counted + wanted.usd_micros > cap.usd_micros:
            raise OverCap(
                f"The next call of [{wanted.provider}] may cost up to {_usd(wanted.usd_micros)} USD, and"
                f" {_usd(int(counted))} of the {_usd(cap.usd_micros)} USD that {cap.key} allows a {cap.period}"
                " are spent or held back for calls under way.",
                remedy=_WAYS.format(key=cap.key),
                until_ms=ends,
                is_passing=settled + wanted.usd_micros <= cap.usd_micros,
            )


def release(tx: Transaction, job_id: str, step: str, run: int) -> None:
    """A call that cost nothing: what was held back for it is free again."""
    tx.execute(
        "DELETE FROM ledger WHERE job_id = ? AND step = ? AND run = ? AND settled_at IS NULL", (job_id, step, run)
    )


def settle_doubt(tx: Transaction, job_id: str, step: str, run: int) -> None:
    """A call whose outcome nobody will ever tell: its cost stays unknown, and its worst case goes on counting."""
    tx.execute(
        "UPDATE ledger SET settled_at = ? WHERE job_id = ? AND step = ? AND run = ? AND settled_at IS NULL",
        (tx.now_ms, job_id, step, run),
    )


_WAYS = "Raise {key}, or let it wait: it goes on by itself when there is money again."
_FAR = 2**62
_WORDS_A_PICTURE = 300
_BY: dict[By, tuple[str, str, str]] = {
    "day": ("date(l.at / 1000, 'unixepoch')", "", "key DESC"),
    "model": ("l.provider || ' ' || l.model", "", "total(l.counted_usd_micros) DESC, key"),
    "author": (
        "a.handle",
        "LEFT JOIN posts AS p ON p.job_id = l.job_id LEFT JOIN authors AS a ON a.id = p.author_id",
        "total(l.counted_usd_micros) DESC, key",
    ),
    "job": ("l.job_id", "", "total(l.counted_usd_micros) DESC, key"),
}


def _period(period: Period, now_ms: int) -> tuple[Any, int | None]:
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


def _usd(micros: int) -> str:
    return f"{micros / 1_000_000:.4f}"
