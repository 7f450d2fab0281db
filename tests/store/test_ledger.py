"""The ledger: what is held back before a call, what stands there after it, and that caps bind exactly."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest

from blogen.config import BudgetConfig
from blogen.domain.job import Job, JobRequest, JobState
from blogen.errors import InvalidInput
from blogen.events import Bus
from blogen.ids import new_id
from blogen.store.database import Database
from blogen.store.ledger import Cap, Ledger, OverCap, Reservation, caps_of, check_caps, days, worded_usd
from blogen.store.steps import NOTHING_USED, Used
from tests.blog import Blog
from tests.committed import CommittedSteps
from tests.fresh import prepare
from tests.store.test_people import SetClock

NOON = int(datetime(2026, 8, 15, 12, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000
CENT = 10_000


class Books:
    """A ledger with jobs and steps over one database, and a clock that the test sets."""

    def __init__(self, blog: Blog, clock: SetClock) -> None:
        self.blog = blog
        self.clock = clock
        self.ledger = Ledger(blog.database)
        self.steps = CommittedSteps(blog.database, clock)

    async def job(self, **request: Any) -> Job:
        order = JobRequest(topic="A topic", **request)
        return (await self.blog.jobs.submit(new_id(), "post", order))._replace(state=JobState.DRAFTING)

    async def hold(self, job: Job, step: str, usd_micros: int, *caps: Cap, provider: str = "text.main") -> None:
        reserve = Reservation(provider, usd_micros, caps)
        await self.steps.begin(job, step, 1, digest=None, is_paid=True, reserve=reserve)

    async def settle(self, job: Job, step: str, usd_micros: int | None, **used: Any) -> None:
        account = Used(**{"provider": "text.main", "model": "m", "usd_micros": usd_micros, **used})
        await self.steps.finish(job, step, 1, "{}", duration_ms=1, used=account)

    async def call(self, job: Job, step: str, usd_micros: int | None, **used: Any) -> None:
        """A call from its beginning to its end."""
        await self.hold(job, step, usd_micros or CENT, provider=used.get("provider", "text.main"))
        await self.settle(job, step, usd_micros, **used)

    async def fail(self, job: Job, step: str, used: Used = NOTHING_USED) -> None:
        await self.steps.fail(job, step, 1, code="x", detail="x", used=used, is_paid=True)

    async def publish(self, job: Job, author: str = "blogen") -> None:
        await self.blog.publish(f"Post {job.id}", job_id=job.id, author=author)
        await self.end(job, "published")

    async def end(self, job: Job, state: str) -> None:
        await self.blog.database.write(
            lambda tx: tx.execute("UPDATE jobs SET state = ?, finished_at = 1 WHERE id = ?", (state, job.id))
        )

    async def begun(self, job: Job) -> list[str]:
        return [step.name for step in await self.steps.of(job.id)]

    async def fits(self, cap: Cap, usd_micros: int, job: Job | None = None) -> bool:
        """Whether a call that may cost so much fits under `cap` now; nothing is held back."""
        try:
            await self.blog.database.write(
                lambda tx: check_caps(
                    tx, {}, job.id if job else "none", Reservation("text.main", usd_micros, [cap]), tx.now_ms
                )
            )
        except OverCap:
            return False
        return True

    async def counted(self, cap: Cap) -> tuple[int | None, int | None]:
        [use] = await self.ledger.caps([cap], self.clock.at)
        return use.usd_micros, use.calls


@pytest.fixture
async def books(tmp_path):
    clock, bus = SetClock(), Bus()
    clock.at = NOON
    prepare(tmp_path / "blogen.db")
    database = await Database.open(tmp_path / "blogen.db", clock=clock, bus=bus)
    yield Books(Blog(tmp_path, database, bus), clock)
    await database.close()


DAY = Cap("budget.day_usd", "day", usd_micros=10 * CENT)


# Holding back


async def test_what_a_call_may_cost_is_held_back_with_its_intent(books):
    job = await books.job()
    await books.hold(job, "outline", 3 * CENT, DAY)
    [line] = await books.ledger.costs("job")
    assert (line.key, line.calls, line.open_calls, line.held_usd_micros) == (job.id, 1, 1, 3 * CENT)
    assert (line.usd_micros, line.unknown_calls) == (0, 0)
    assert await books.begun(job) == ["outline"]


async def test_an_intent_that_cannot_be_written_holds_nothing_back(books):
    job = await books.job()
    for caps in ((), (DAY,)):
        with pytest.raises(Exception, match="CHECK constraint"):
            await books.hold(job, "x" * 121, 3 * CENT, *caps)  # a step's name has at most 120 characters
    assert await books.ledger.costs("job") == []


async def test_a_call_over_the_cap_is_not_begun(books):
    job = await books.job()
    with pytest.raises(OverCap) as refused:
        await books.hold(job, "outline", 10 * CENT + 1, DAY)
    assert await books.begun(job) == []
    assert await books.ledger.costs("job") == []
    assert (refused.value.code, refused.value.retryable) == ("over-cap", False)


async def test_a_call_that_fits_exactly_is_let_through(books):
    await books.hold(await books.job(), "outline", 10 * CENT, DAY)
    assert await books.counted(DAY) == (10 * CENT, 1)
    assert not await books.fits(DAY, 1)


async def test_of_two_calls_side_by_side_that_fit_only_one_by_one_one_waits(books):
    jobs = [await books.job() for _ in range(2)]
    tried = await asyncio.gather(*(books.hold(job, "outline", 6 * CENT, DAY) for job in jobs), return_exceptions=True)
    assert tried[0] is None
    assert isinstance(tried[1], OverCap)
    assert tried[1].is_passing
    assert (await books.counted(DAY))[0] == 6 * CENT


async def test_of_many_calls_side_by_side_as_many_begin_as_fit(books):
    jobs = [await books.job() for _ in range(50)]
    tried = await asyncio.gather(*(books.hold(job, "draft", 3 * CENT, DAY) for job in jobs), return_exceptions=True)
    assert sum(one is None for one in tried) == 3
    assert sum(isinstance(one, OverCap) for one in tried) == 47
    assert await books.counted(DAY) == (9 * CENT, 3)


# Settling


async def test_the_real_cost_takes_the_place_of_what_was_held_back(books):
    job = await books.job()
    await books.hold(job, "outline", 9 * CENT, DAY)
    assert not await books.fits(DAY, 2 * CENT)
    await books.settle(job, "outline", CENT, input_tokens=120, output_tokens=45)
    assert await books.counted(DAY) == (CENT, 1)
    assert await books.fits(DAY, 9 * CENT)
    [line] = await books.ledger.costs("job")
    assert (line.usd_micros, line.open_calls, line.held_usd_micros) == (CENT, 0, 0)
    assert (line.input_tokens, line.output_tokens) == (120, 45)


async def test_what_failed_for_nothing_is_free_again(books):
    job = await books.job()
    await books.hold(job, "outline", 9 * CENT, DAY)
    await books.fail(job, "outline")
    assert await books.counted(DAY) == (0, 0)
    assert await books.ledger.costs("job") == []


async def test_an_answer_that_is_no_use_counts_with_what_it_cost(books):
    job = await books.job()
    await books.hold(job, "outline", 9 * CENT, DAY)
    await books.fail(job, "outline", Used("text.main", "m", 10, 20, 2 * CENT))
    assert await books.counted(DAY) == (2 * CENT, 1)


async def test_a_call_in_doubt_goes_on_counting_in_full_and_is_unknown(books):
    job = await books.job()
    await books.hold(job, "outline", 4 * CENT, DAY)
    await books.steps.doubt(job, "outline", 1, policy="retry")
    assert await books.counted(DAY) == (4 * CENT, 1)
    [line] = await books.ledger.costs("job")
    assert (line.usd_micros, line.unknown_calls, line.open_calls, line.held_usd_micros) == (0, 1, 0, 0)


async def test_a_doubt_that_is_cleared_up_costs_nothing_or_what_it_cost(books):
    lost, found = await books.job(), await books.job()
    for job in (lost, found):
        await books.hold(job, "image:cover", 4 * CENT, DAY)
        await books.steps.doubt(job, "image:cover", 1, policy="ask")
    await books.fail(lost, "image:cover")
    await books.settle(found, "image:cover", 3 * CENT)
    assert await books.counted(DAY) == (3 * CENT, 1)
    [line] = await books.ledger.costs("day")
    assert (line.calls, line.usd_micros, line.unknown_calls) == (1, 3 * CENT, 0)
    for job in (lost, found):
        assert (await books.blog.jobs.get(job.id)).unknown_calls == 0


async def test_an_unknown_price_counts_against_caps_but_is_in_no_sum(books):
    job = await books.job()
    await books.hold(job, "outline", 4 * CENT, DAY)
    await books.settle(job, "outline", None, counted_usd_micros=2 * CENT)
    await books.call(job, "draft", CENT)
    assert await books.counted(DAY) == (5 * CENT, 2)  # the worst case goes on counting
    [line] = await books.ledger.costs("day")
    assert (line.calls, line.usd_micros, line.unknown_calls) == (2, CENT, 1)


async def test_a_useless_answer_of_unknown_price_goes_on_counting_in_full(books):
    job = await books.job()
    await books.hold(job, "outline", 4 * CENT, DAY)
    await books.fail(job, "outline", Used("text.main", "m", 10, 20))
    assert await books.counted(DAY) == (4 * CENT, 1)


async def test_a_call_is_settled_under_the_caps_that_it_was_held_back_under(books):
    cap = Cap("text.main.day_usd", "day", "text.main", 10 * CENT)
    job = await books.job()
    await books.hold(job, "outline", 4 * CENT, cap)
    await books.settle(job, "outline", 3 * CENT, provider="a name of its own")
    assert (await books.counted(cap))[0] == 3 * CENT


async def test_a_free_call_has_a_line_for_its_tokens_and_counts_against_nothing(books):
    job = await books.job()
    await books.steps.begin(job, "outline", 1, digest=None, is_paid=False)
    await books.settle(job, "outline", 0, input_tokens=7, output_tokens=8)
    [line] = await books.ledger.costs("job")
    assert (line.calls, line.usd_micros, line.unknown_calls, line.input_tokens) == (1, 0, 0, 7)
    assert await books.counted(DAY) == (0, 0)
    assert await books.fits(Cap("budget.day_calls", "day", calls=1), CENT)


async def test_a_call_counts_in_the_day_in_which_it_was_begun(books):
    books.clock.at = NOON + DAY_MS // 2 - 1
    job = await books.job()
    await books.hold(job, "outline", 4 * CENT, DAY)
    books.clock.at += 2
    await books.settle(job, "outline", 3 * CENT)
    assert await books.counted(DAY) == (0, 0)
    books.clock.at -= 2
    assert await books.counted(DAY) == (3 * CENT, 1)


# Caps


async def test_a_cap_of_a_job_knows_no_other_job_and_no_end(books):
    cap = Cap("budget.job_usd", "job", usd_micros=5 * CENT)
    one, other = await books.job(), await books.job()
    await books.call(one, "outline", 4 * CENT)
    assert await books.fits(cap, 5 * CENT, other)
    books.clock.at += 400 * DAY_MS
    with pytest.raises(OverCap) as refused:
        await books.hold(one, "draft", 2 * CENT, cap)
    assert refused.value.until_ms is None
    assert not refused.value.is_passing
    assert refused.value.detail == (
        "The next call of [text.main] may cost up to 0.02 USD, and 0.04 of the 0.05 USD that budget.job_usd allows a"
        " job are spent or held back for calls under way."
    )
    assert refused.value.remedy == "Raise budget.job_usd and start Blogen again: it goes on by itself then."


@pytest.mark.parametrize(
    ("period", "ends"), [("day", datetime(2026, 8, 16, tzinfo=UTC)), ("month", datetime(2026, 9, 1, tzinfo=UTC))]
)
async def test_a_cap_of_a_day_or_month_ends_with_it(books, period, ends):
    cap = Cap(f"budget.{period}_usd", period, usd_micros=5 * CENT)
    await books.call(await books.job(), "outline", 4 * CENT)
    with pytest.raises(OverCap) as refused:
        await books.hold(await books.job(), "outline", 2 * CENT, cap)
    assert refused.value.until_ms == ends.timestamp() * 1000
    assert not refused.value.is_passing
    assert "it goes on by itself when there is money again" in refused.value.remedy
    books.clock.at = refused.value.until_ms - 1
    assert not await books.fits(cap, 2 * CENT)
    books.clock.at = refused.value.until_ms
    assert await books.fits(cap, 5 * CENT)


@pytest.mark.parametrize("month", [1, 2, 12])
async def test_months_have_their_own_lengths(books, month):
    cap = Cap("budget.month_usd", "month", usd_micros=5 * CENT)
    books.clock.at = int(datetime(2027, month, 28, 23, tzinfo=UTC).timestamp() * 1000)
    [use] = await books.ledger.caps([cap], books.clock.at)
    ends = datetime.fromtimestamp(use.until_ms / 1000, UTC)
    assert (ends.day, ends.hour, ends.month) == (1, 0, month % 12 + 1)


async def test_a_cap_of_calls_counts_calls_under_way_too(books):
    cap = Cap("budget.day_calls", "day", calls=2)
    job = await books.job()
    await books.call(job, "outline", CENT)
    await books.hold(job, "draft", CENT, cap)
    with pytest.raises(OverCap) as refused:
        await books.hold(job, "edit", CENT, cap)
    assert refused.value.detail == "2 paid calls are made or under way, and budget.day_calls allows 2 a day."
    assert refused.value.is_passing  # the one under way may fail for nothing
    await books.settle(job, "draft", CENT)
    with pytest.raises(OverCap) as refused:
        await books.hold(job, "edit", CENT, cap)
    assert not refused.value.is_passing


async def test_a_cap_of_one_provider_knows_no_other(books):
    cap = Cap("text.main.day_usd", "day", "text.main", 5 * CENT)
    await books.call(await books.job(), "outline", 50 * CENT, provider="image.main")
    assert await books.fits(cap, 5 * CENT)
    await books.call(await books.job(), "outline", CENT)
    assert not await books.fits(cap, 5 * CENT)
    assert await books.counted(cap) == (CENT, 1)


async def test_the_smallest_of_several_caps_binds(books):
    caps = [
        Cap("budget.month_usd", "month", usd_micros=100 * CENT),
        Cap("budget.day_usd", "day", usd_micros=10 * CENT),
        Cap("budget.day_calls", "day", calls=100),
        Cap("text.main.day_usd", "day", "text.main", 5 * CENT),
    ]
    with pytest.raises(OverCap, match=r"text\.main\.day_usd"):
        await books.hold(await books.job(), "outline", 6 * CENT, *caps)
    await books.hold(await books.job(), "outline", 5 * CENT, *caps)


@pytest.mark.parametrize(
    "cap", [Cap("budget.day_usd", "day", usd_micros=CENT), Cap("budget.day_calls", "day", calls=0)]
)
async def test_what_no_day_will_ever_allow_does_not_wait_for_the_next_one(books, cap):
    with pytest.raises(OverCap) as refused:
        await books.hold(await books.job(), "outline", 2 * CENT, cap)
    assert (refused.value.until_ms, refused.value.is_passing) == (None, False)
    assert refused.value.remedy.startswith(f"Raise {cap.key} and start Blogen again")


async def test_money_comes_back_only_from_calls_that_are_under_way(books):
    job = await books.job()
    await books.hold(job, "outline", 6 * CENT, DAY)

    async def is_passing() -> bool:
        with pytest.raises(OverCap) as refused:
            await books.hold(await books.job(), "outline", 6 * CENT, DAY)
        return refused.value.is_passing

    assert await is_passing()
    await books.end(job, "cancelled")  # its call was broken off: nobody will settle it
    assert not await is_passing()
    assert (await books.counted(DAY))[0] == 6 * CENT


async def test_caps_are_looked_up_in_an_index(books):
    await books.call(await books.job(), "outline", CENT)
    plans: dict[str, set[str]] = {}

    class Explained:
        """A transaction that keeps how its queries are answered."""

        def __init__(self, tx: Any) -> None:
            self.now_ms = tx.now_ms
            self._tx = tx

        def query(self, sql: str, params: Any = ()) -> Any:
            for row in self._tx.query(f"EXPLAIN QUERY PLAN {sql}", params):
                plans.setdefault(period, set()).add(row["detail"])
            return self._tx.query(sql, params)

    for period in ("job", "day", "month"):
        caps = [Cap("a", period, None, 10**12), Cap("b", period, None, None, 10**6), Cap("c", period, "p", 10**12)]
        await books.blog.database.write(
            lambda tx, caps=caps: check_caps(Explained(tx), {}, "none", Reservation("p", CENT, caps), tx.now_ms)
        )
    by_day = {"SEARCH ledger_days USING PRIMARY KEY (day>?)"}
    assert plans["day"] == plans["month"] == by_day
    assert plans["job"] == {"SEARCH ledger USING INDEX ledger_by_step (job_id=?)"}


def test_caps_are_called_as_their_keys():
    assert caps_of(BudgetConfig()) == []
    budget = BudgetConfig.model_validate({"job_usd": "0.10", "day_calls": 100, "month_usd": 20})
    assert caps_of(budget) == [
        Cap("budget.job_usd", "job", usd_micros=10 * CENT),
        Cap("budget.day_calls", "day", calls=100),
        Cap("budget.month_usd", "month", usd_micros=2000 * CENT),
    ]


async def test_caps_tell_how_much_of_them_is_used(books):
    job = await books.job()
    await books.call(job, "outline", CENT)
    await books.hold(job, "draft", 2 * CENT)
    caps = caps_of(BudgetConfig.model_validate({"job_usd": 1, "day_usd": 1, "month_calls": 5}))
    uses = await books.ledger.caps(caps, NOON)
    assert [(use.usd_micros, use.calls) for use in uses] == [(None, None), (3 * CENT, 2), (3 * CENT, 2)]
    assert [use.until_ms for use in uses] == [None, NOON + DAY_MS // 2, NOON + DAY_MS // 2 + 16 * DAY_MS]


# The account


@pytest.fixture
async def filled(books):
    """Two posts on two days by two authors, one of them with a call of unknown price, and a call under way."""
    tea, wine, open_one = await books.job(author="ada"), await books.job(), await books.job(author="ada")
    await books.blog.authors.ensure("ada")
    books.clock.at = NOON - DAY_MS
    await books.call(tea, "outline", 2 * CENT, input_tokens=100, output_tokens=10)
    await books.call(tea, "draft", CENT, accuracy="guessed", input_tokens=200, output_tokens=20)
    await books.publish(tea, "ada")
    books.clock.at = NOON
    await books.call(wine, "outline", 4 * CENT, model="dear")
    await books.call(wine, "draft", None)
    await books.publish(wine)
    await books.hold(open_one, "outline", 9 * CENT)
    return books, tea, wine, open_one


async def test_costs_by_day_the_newest_first(filled):
    books, *_ = filled
    today, yesterday = await books.ledger.costs("day")
    assert (today.key, yesterday.key) == ("2026-08-15", "2026-08-14")
    assert today == ("2026-08-15", 3, 4 * CENT, 1, 1, 9 * CENT, 0, 0, 0)
    assert yesterday == ("2026-08-14", 2, 3 * CENT, 0, 0, 0, CENT, 300, 30)


async def test_costs_by_model_the_dearest_first(filled):
    books, *_ = filled
    lines = await books.ledger.costs("model")
    assert [(line.key, line.usd_micros) for line in lines] == [
        ("text.main", 0), ("text.main/dear", 4 * CENT), ("text.main/m", 3 * CENT)
    ]  # fmt: skip


async def test_costs_by_job(filled):
    books, tea, wine, open_one = filled
    lines = {line.key: line for line in await books.ledger.costs("job")}
    assert lines.keys() == {tea.id, wine.id, open_one.id}
    assert (lines[tea.id].usd_micros, lines[tea.id].guessed_usd_micros) == (3 * CENT, CENT)
    assert (lines[wine.id].usd_micros, lines[wine.id].unknown_calls) == (4 * CENT, 1)
    assert (lines[open_one.id].usd_micros, lines[open_one.id].held_usd_micros) == (0, 9 * CENT)


async def test_costs_by_author_also_before_there_is_a_post(filled):
    books, tea, *_ = filled
    lines = {line.key: line for line in await books.ledger.costs("author", site_author="blogen")}
    assert {key: (line.calls, line.usd_micros, line.held_usd_micros) for key, line in lines.items()} == {
        "ada": (3, 3 * CENT, 9 * CENT), "blogen": (2, 4 * CENT, 0)
    }  # fmt: skip
    await books.blog.posts.delete((await books.blog.posts.slug_of_job(tea.id)) or "")
    lines = {line.key: line for line in await books.ledger.costs("author", site_author="blogen")}
    assert lines["ada"].usd_micros == 3 * CENT


async def test_a_span_has_its_beginning_and_not_its_end(filled):
    books, *_ = filled
    lines = await books.ledger.costs("day", since_ms=NOON - DAY_MS, until_ms=NOON)
    assert [line.key for line in lines] == ["2026-08-14"]
    assert await books.ledger.costs("day", since_ms=NOON + 1) == []


async def test_the_total_is_of_all_lines_also_of_those_not_shown(filled):
    books, *_ = filled
    for by in ("day", "model", "author", "job"):
        lines = await books.ledger.costs(by)
        sums = [sum(column) for column in zip(*(line[1:] for line in lines), strict=True)]
        assert tuple(sums) == (await books.ledger.total())[1:], by
        assert len(await books.ledger.costs(by, limit=1)) == 1
    assert (await books.ledger.total(since_ms=NOON + 1))[1:] == (0,) * 8


async def test_calls_of_a_cancelled_job_are_under_way_no_more(filled):
    books, _, _, open_one = filled
    await books.end(open_one, "cancelled")
    total = await books.ledger.total()
    assert (total.open_calls, total.held_usd_micros, total.unknown_calls) == (0, 0, 2)


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        (None, None, date(2026, 7, 17), date(2026, 8, 15)),
        (date(2026, 8, 1), None, date(2026, 8, 1), date(2026, 8, 15)),
        (None, date(2026, 1, 30), date(2026, 1, 1), date(2026, 1, 30)),
        (date(2026, 8, 1), date(2026, 8, 1), date(2026, 8, 1), date(2026, 8, 1)),
        (date.min, date.max, date.min, date.max),
        (None, date.min, date.min, date.min),
    ],
)
def test_a_span_is_whole_days_both_included(since, until, first, last):
    began, ends = days(since, until, NOON)
    assert began == datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000
    assert ends == datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp() * 1000 + DAY_MS


def test_a_span_that_ends_before_it_begins_is_refused():
    with pytest.raises(InvalidInput, match="2026-08-02, is after the last, 2026-08-01"):
        days(date(2026, 8, 2), date(2026, 8, 1), NOON)
    with pytest.raises(InvalidInput, match="is after the last"):
        days(date(2026, 8, 16), None, NOON)


@pytest.mark.parametrize(
    ("micros", "words"),
    [(0, "0.00"), (1, "0.000001"), (1234, "0.001234"), (12_000, "0.012"), (100_000, "0.10"), (2_500_000, "2.50"),
     (1_234_567_890, "1234.56789")],
)  # fmt: skip
def test_money_in_words(micros, words):
    assert worded_usd(micros) == words


# The next post


async def test_there_is_no_estimate_before_there_is_a_post_that_cost(books):
    free, unfinished = await books.job(), await books.job()
    await books.steps.begin(free, "outline", 1, digest=None, is_paid=False)
    await books.settle(free, "outline", 0)
    await books.publish(free)
    await books.call(unfinished, "outline", CENT)
    assert (await books.ledger.estimate(900, 1)).posts == 0


async def test_the_estimate_is_the_middle_of_what_posts_cost(books):
    for cents in (3, 1, 2, 4, 100):
        job = await books.job()
        await books.call(job, "draft", cents * CENT)
        await books.publish(job)
    assert await books.ledger.estimate(900, 1) == (5, 3 * CENT, 2 * CENT, 4 * CENT, False)


async def test_the_estimate_grows_with_the_length_and_the_pictures(books):
    job = await books.job(words=600, images=0)
    await books.call(job, "draft", 6 * CENT)
    await books.publish(job)
    assert (await books.ledger.estimate(600, 0)).typical_usd_micros == 6 * CENT
    assert (await books.ledger.estimate(1200, 0)).typical_usd_micros == 12 * CENT
    assert (await books.ledger.estimate(600, 2)).typical_usd_micros == 12 * CENT


async def test_the_estimate_says_when_calls_of_unknown_price_are_in_it(books):
    job = await books.job()
    await books.call(job, "draft", CENT)
    await books.publish(job)
    assert not (await books.ledger.estimate(900, 1)).has_unknown
    job = await books.job()
    await books.call(job, "draft", None)
    await books.publish(job)
    assert (await books.ledger.estimate(900, 1)).has_unknown


async def test_the_estimate_rests_on_the_latest_50_posts(books):
    for number in range(51):
        job = await books.job()
        await books.call(job, "draft", CENT if number else 10**9)
        await books.publish(job)
    estimate = await books.ledger.estimate(900, 1)
    assert (estimate.posts, estimate.high_usd_micros) == (50, CENT)
