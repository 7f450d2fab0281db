"""Budgets end to end: real jobs, the real engine, and a model behind HTTP that costs money.

A job makes six calls of 2 cents here: 12 cents.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from blogen.app import App
from blogen.clock import SystemClock
from blogen.config.load import load
from blogen.domain.job import Job, JobState, WaitingFor
from blogen.domain.person import Scope
from blogen.server import web_application
from blogen.store.jobs import TimelineEntry
from blogen.store.ledger import caps_of
from tests.fakes.openai_server import MODEL, FakeOpenAI
from tests.pipeline.opened import Opened

CENT = 10_000
DAY_MS = 86_400_000
CALLS = 6
TWO_CENTS = "usd_per_call = 0.02"


class MovedClock(SystemClock):
    """Runs as time does, from noon of a day that is not the last of its month; a test moves it on."""

    def __init__(self) -> None:
        now_ms = super().now_ms()
        self.ahead_ms = int(datetime(2026, 8, 15, 12, tzinfo=UTC).timestamp() * 1000) - now_ms

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


@pytest.fixture
def clock(monkeypatch) -> MovedClock:
    """The application's clock; what waits for an hour of the calendar looks at it often."""
    clock = MovedClock()
    monkeypatch.setattr("blogen.app.SystemClock", lambda: clock)
    monkeypatch.setattr("blogen.engine.timers._LOOK_AT_CLOCK_SECONDS", 0.02)
    monkeypatch.setattr("blogen.pipeline.budget._LOOK_AGAIN_SECONDS", 0.05)
    return clock


@pytest.fixture
async def fake() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI() as fake:
        yield fake


class Blog:
    """The application on one data folder, with budgets; opened again it goes on with what is there."""

    def __init__(self, folder: Path, fake: FakeOpenAI) -> None:
        self._folder = folder
        self._fake = fake

    @asynccontextmanager
    async def open(self, budget: str, *, price: str = TWO_CENTS) -> AsyncIterator["Open"]:
        section = f'kind = "openai"\nbase_url = "{self._fake.base_url}"\nmodel = "{MODEL}"\n{price}'
        file = self._folder / "config.toml"
        file.write_text(f'[data]\ndir = "{self._folder}/data"\n[text.main]\n{section}\n{budget}\n', encoding="utf-8")
        async with asyncio.timeout(60), App.open(load(file, {})) as app:
            yield Open(app)


class Open(Opened):
    async def until(self, job: Job, is_it: Callable[[Job], bool]) -> Job:
        """Wait until the job is as wanted; none may fail on the way."""

        def is_it_unless_failed(job: Job) -> bool:
            found = is_it(job)
            assert found or job.state is not JobState.FAILED, job.error
            return found

        return await super().until(job, is_it_unless_failed)

    async def published(self, job: Job) -> Job:
        return await self.until(job, lambda job: job.state is JobState.PUBLISHED)

    async def without_money(self, job: Job) -> Job:
        """Wait until the job waits for money that no call under way will give back."""
        return await self.until(job, lambda job: bool(job.waiting and _waits_for_long(job, self.app)))

    async def at_rest(self, job: Job) -> Job:
        return await self.until(job, lambda job: job.state.is_final or _waits_for_long(job, self.app))

    async def waits(self, job: Job) -> list[TimelineEntry]:
        return [entry for entry in await self.app.jobs.timeline(job.id) if entry.event == "waiting"]

    async def spent(self) -> int:
        return (await self.app.ledger.total()).usd_micros


def _waits_for_long(job: Job, app: App) -> bool:
    if job.waiting is None or job.waiting.for_ is not WaitingFor.BUDGET:
        return False
    return job.waiting.until is None or job.waiting.until > app.clock.now_ms() + 3_600_000


@pytest.fixture
def blog(tmp_path, fake) -> Blog:
    return Blog(tmp_path, fake)


async def test_a_job_that_costs_less_than_the_cap_is_not_held_up(blog, clock, fake):
    async with blog.open("[budget]\nday_usd = 0.12\njob_usd = 0.12\nday_calls = 6") as opened:
        job = await opened.published(await opened.order())
        assert job.cost_usd_micros == 12 * CENT == await opened.spent()
        assert len(fake.paid) == CALLS
        assert await opened.waits(job) == []


async def test_a_10_cent_cap_is_never_passed_by_a_12_cent_job_which_goes_on_by_itself_on_the_next_day(
    blog, clock, fake
):
    async with blog.open("[budget]\nday_usd = 0.10") as opened:
        job = await opened.without_money(await opened.order())
        assert job.waiting.for_ is WaitingFor.BUDGET
        assert job.waiting.until == int(datetime(2026, 8, 16, tzinfo=UTC).timestamp() * 1000)
        assert "0.10 of the 0.10 USD that budget.day_usd allows a day" in job.waiting.reason
        assert "Raise budget.day_usd" in job.waiting.reason
        assert await opened.spent() == job.cost_usd_micros == 10 * CENT
        assert len(fake.paid) == 5

        clock.ahead_ms += DAY_MS // 2 + 1  # midnight
        job = await opened.published(job)
        assert job.cost_usd_micros == 12 * CENT
        assert len(fake.paid) == CALLS  # what was paid for on the first day was not asked for again
        days = await opened.app.ledger.costs("day")
        assert [(day.key, day.usd_micros) for day in days] == [("2026-08-16", 2 * CENT), ("2026-08-15", 10 * CENT)]


async def test_a_job_over_its_cap_goes_on_by_itself_once_the_cap_is_raised(blog, clock, fake):
    async with blog.open("[budget]\njob_usd = 0.10") as opened:
        job = await opened.without_money(await opened.order())
        assert job.waiting.until is None
        assert "Raise budget.job_usd and start Blogen again" in job.waiting.reason
        assert await opened.spent() == 10 * CENT
    async with blog.open("[budget]\njob_usd = 0.10") as opened:  # a start alone is no money
        again = await opened.until(job, lambda now: now.waiting is not None and now.updated_at > job.updated_at)
        assert again.waiting == job.waiting, "it asked, and waits once more"
        assert len(fake.paid) == 5
    async with blog.open("[budget]\njob_usd = 0.12") as opened:
        assert (await opened.published(job)).cost_usd_micros == 12 * CENT
        assert len(fake.paid) == CALLS


async def test_whoever_looks_at_the_job_sees_why_it_waits(blog, clock):
    async with blog.open("[budget]\nday_usd = 0.10\nmonth_usd = 5") as opened:
        app = opened.app
        job = await opened.without_money(await opened.order())
        ready, hooks = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
        ready.set_result(app.engine)
        hooks.set_result(app.works.hooks)
        _, token = await app.people.create_token(Scope.ADMIN)
        headers = {"Authorization": f"Bearer {token}"}
        async with TestClient(TestServer(web_application(app, ready, hooks)), headers=headers) as client:

            async def told(path: str) -> Any:
                answer = await client.get(f"/api/v1{path}")
                assert answer.status == 200
                return await answer.json()

            shown = await told(f"/jobs/{job.id}")
            assert shown["waiting"] == {"for": "budget", "until": "2026-08-16T00:00:00.000Z"}
            assert (shown["state"], shown["cost_usd"], shown["attempt"]) == ("editing", "0.100000", 0)
            lines = (await told(f"/jobs/{job.id}/timeline"))["items"]
            last = [line for line in lines if line["event"] == "waiting"][-1]
            assert last["detail"]["for"] == "budget"
            assert last["detail"]["reason"].startswith("The next call of [text.main] may cost up to 0.02 USD")
            costs = await told("/costs")
            assert costs["total"]["cost_usd"] == "0.100000"
            assert [(cap["key"], cap["used_usd"]) for cap in costs["caps"]] == [
                ("budget.day_usd", "0.100000"), ("budget.month_usd", "0.100000")
            ]  # fmt: skip


@pytest.mark.parametrize(
    "budget", ["[budget]\nday_usd = 0\nmonth_usd = 0\njob_usd = 0", "[budget]\nday_calls = 0\njob_calls = 0"]
)
async def test_a_free_model_is_never_blocked(blog, clock, fake, budget):
    async with blog.open(budget, price="free = true\nday_usd = 0\nday_calls = 0") as opened:
        job = await opened.published(await opened.order())
        assert await opened.waits(job) == []
        total = await opened.app.ledger.total()
        assert (total.calls, total.usd_micros, total.unknown_calls) == (CALLS, 0, 0)


@pytest.mark.parametrize(
    ("budget", "price", "key"),
    [
        ("[budget]\nday_usd = 0", TWO_CENTS, "budget.day_usd"),
        ("[budget]\nmonth_calls = 0", TWO_CENTS, "budget.month_calls"),
        ("", f"{TWO_CENTS}\nday_usd = 0.01", "text.main.day_usd"),
        ("", f"{TWO_CENTS}\nmonth_calls = 0", "text.main.month_calls"),
        ("[budget]\nday_usd = 0.001", "free = false", "budget.day_usd"),  # an unknown price is not nothing
    ],
)
async def test_where_nothing_may_be_spent_no_call_is_made(blog, clock, fake, budget, price, key):
    async with blog.open(budget, price=price) as opened:
        job = await opened.without_money(await opened.order())
        assert key in job.waiting.reason
        assert job.waiting.until is None  # no day will ever allow it
        assert fake.calls == []
        assert (await opened.app.ledger.total()).calls == 0


async def test_the_caps_of_a_provider_bind_for_themselves(blog, clock, fake):
    async with blog.open("[budget]\nday_usd = 10", price=f"{TWO_CENTS}\nday_calls = 4") as opened:
        job = await opened.without_money(await opened.order())
        assert "text.main.day_calls allows 4 a day" in job.waiting.reason
        assert len(fake.paid) == 4
        clock.ahead_ms += DAY_MS
        await opened.published(job)
        assert len(fake.paid) == CALLS


async def test_calls_of_unknown_price_count_with_what_they_may_cost(blog, clock, fake):
    async with blog.open("[budget]\nday_usd = 0.25", price="free = false") as opened:
        await opened.without_money(await opened.order())
        total, [use] = await asyncio.gather(
            opened.app.ledger.total(),
            opened.app.ledger.caps(caps_of(opened.app.config.budget), opened.app.clock.now_ms()),
        )
        assert 0 < len(fake.paid) == total.unknown_calls < CALLS
        assert (total.usd_micros, total.open_calls) == (0, 0)
        assert 0 < use.usd_micros <= 25 * CENT


TOKENS = "input_usd_per_million = 2\noutput_usd_per_million = 10"
"""Calls hold back several times of what they turn out to cost."""


@pytest.mark.parametrize(("price", "cents"), [(TWO_CENTS, 70), (TOKENS, 25)])
async def test_ten_jobs_side_by_side_never_pass_a_cap_and_all_go_on_when_there_is_money(
    blog, clock, fake, price, cents
):
    cap = cents * CENT
    async with blog.open(f"[budget]\nday_usd = 0.{cents}", price=price) as opened:
        await watch(opened.app)
        jobs = [await opened.order() for _ in range(10)]
        jobs = [await opened.at_rest(job) for job in jobs]
        states = [job.state is JobState.PUBLISHED for job in jobs]
        assert not all(states)
        assert all(job.waiting.for_ is WaitingFor.BUDGET for job in jobs if job.waiting)
        seen = await opened.app.database.read("SELECT settled, counted FROM seen_sums")
        assert len(seen) >= 2 * len(fake.paid) > 0
        assert max(row["settled"] for row in seen) <= cap
        assert max(row["counted"] for row in seen) <= cap
        assert await opened.spent() == seen[-1]["settled"] == sum(job.cost_usd_micros for job in jobs)
        assert (await opened.app.ledger.total()).open_calls == 0
    async with blog.open("[budget]\nday_usd = 70", price=price) as opened:
        costs = [(await opened.published(job)).cost_usd_micros for job in jobs]
        assert await opened.spent() == sum(costs)
        assert len(fake.paid) == 10 * CALLS  # nothing was paid for twice


async def watch(app: App) -> None:
    """Let the database note the sums of the ledger at each of its changes, within the transaction that makes it."""
    sums = (
        "INSERT INTO seen_sums SELECT total(iif(settled_at IS NULL, 0, usd_micros)), total(counted_usd_micros)"
        " FROM ledger"
    )

    def work(tx: Any) -> None:
        tx.execute("CREATE TABLE seen_sums (settled, counted)")
        for change in ("INSERT", "UPDATE", "DELETE"):
            tx.execute(f"CREATE TRIGGER watch_{change} AFTER {change} ON ledger BEGIN {sums}; END")

    await app.database.write(work)
