"""The account over HTTP: what calls cost, what caps have left, what a post will probably cost."""

from datetime import UTC, datetime

import pytest

from blogen.api.openapi import document
from blogen.config import Config
from blogen.domain.person import Scope
from blogen.store.ledger import Reservation
from blogen.store.steps import Used
from tests.api.served import Served, serve
from tests.api.test_openapi import schema_of

CAPPED = Config.model_validate({"budget": {"job_usd": "0.10", "day_usd": 2, "month_calls": 50}})


async def account(served: Served, query: str = ""):
    return await served.told("GET", f"/costs{query}", scope=Scope.ADMIN)


async def under_way(served: Served, usd_micros: int) -> str:
    """A job with a call that is neither answered nor given up; its id."""
    served.pipeline.gate.clear()
    job = await served.blog.jobs.get((await served.order("Slow tea"))["id"])
    await served.blog.steps.begin(job, "open", 1, digest=None, is_paid=True, reserve=Reservation("p", usd_micros))
    return job.id


async def unknown(served: Served) -> None:
    job = await served.blog.jobs.get((await served.published("Tea of unknown price"))["id"])
    await served.blog.steps.finish(job, "more", 1, "{}", duration_ms=1, used=Used("p", "m"))


async def test_an_empty_account(served):
    assert await account(served) == {
        "items": [],
        "next": None,
        "total": {
            "calls": 0, "cost_usd": "0.000000", "guessed_usd": "0.000000", "unknown_calls": 0, "open_calls": 0,
            "held_usd": "0.000000", "tokens": {"input": 0, "output": 0},
        },
        "caps": [],
    }  # fmt: skip


async def test_the_account_by_day_model_author_and_job(served):
    tea, wine = await served.published("Green tea"), await served.published("Red wine")
    line = {
        "calls": 1, "cost_usd": "0.001234", "guessed_usd": "0.000000", "unknown_calls": 0, "open_calls": 0,
        "held_usd": "0.000000", "tokens": {"input": 120, "output": 45},
    }  # fmt: skip
    both = {**line, "calls": 2, "cost_usd": "0.002468", "tokens": {"input": 240, "output": 90}}
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for by, key in (("day", today), ("model", "text.main/some-model"), ("author", "blogen")):
        told = await account(served, f"?by={by}")
        assert told["items"] == [{"key": key, **both}]
        assert told["total"] == both
    told = await account(served, "?by=job&limit=1")
    assert told["items"][0] == {"key": min(tea["id"], wine["id"]), **line}
    assert told["total"] == both


async def test_unknown_and_open_calls_are_told_apart_from_what_is_known(served):
    await unknown(served)
    await under_way(served, 70_000)
    [line] = (await account(served))["items"]
    assert (line["calls"], line["cost_usd"], line["unknown_calls"]) == (3, "0.001234", 1)
    assert (line["open_calls"], line["held_usd"]) == (1, "0.070000")
    served.pipeline.gate.set()


async def test_a_span_of_days(served):
    await served.published()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert len((await account(served, f"?since={today}&until={today}"))["items"]) == 1
    assert (await account(served, "?since=2020-01-01&until=2020-12-31"))["items"] == []
    assert (await account(served, "?until=2020-12-31"))["total"]["calls"] == 0


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("?by=weather", "by"), ("?since=yesterday", "since"), ("?since=20260801", "since"),
        ("?until=2026-W30", "until"),
        ("?until=2026-02-30", "until"), ("?since=1700000000", "since"), ("?since=2026-08-01T00:00:00Z", "since"),
        ("?limit=0", "limit"), ("?limit=101", "limit"), ("?since=2026-08-02&until=2026-08-01", "since"),
        ("?since=9999-12-31", "since"), ("?since=٢٠٢٦-٠٨-٠١", "since"),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused(served, query, path):
    problem = await served.refused("GET", f"/costs{query}", scope=Scope.ADMIN, status=422)
    assert problem["errors"][0]["path"] == path


async def test_caps_tell_what_is_used_with_what_is_held_back(tmp_path):
    async with serve(tmp_path, CAPPED) as served:
        await under_way(served, 70_000)
        job, day, month = (await account(served))["caps"]
        served.pipeline.gate.set()
    assert job == {
        "key": "budget.job_usd", "period": "job", "cap_usd": "0.100000", "used_usd": None, "cap_calls": None,
        "used_calls": None, "until": None,
    }  # fmt: skip
    assert (day["key"], day["cap_usd"], day["used_usd"]) == ("budget.day_usd", "2.000000", "0.070000")
    assert (day["cap_calls"], day["used_calls"]) == (None, None)
    assert day["until"].endswith("T00:00:00.000Z")
    assert (month["key"], month["cap_usd"], month["used_usd"]) == ("budget.month_calls", None, None)
    assert (month["cap_calls"], month["used_calls"]) == (50, 1)
    assert month["until"][8:] == "01T00:00:00.000Z"


async def test_an_estimate_rests_on_published_posts(served):
    nothing = {"posts": 0, "typical_usd": None, "low_usd": None, "high_usd": None, "has_unknown": False}
    assert await served.told("GET", "/costs/estimate") == nothing
    await served.published(words=600, images=0)
    told = await served.told("GET", "/costs/estimate?words=1200&images=0")
    assert told == {
        "posts": 1, "typical_usd": "0.002468", "low_usd": "0.002468", "high_usd": "0.002468", "has_unknown": False
    }  # fmt: skip
    await unknown(served)
    assert (await served.told("GET", "/costs/estimate"))["has_unknown"] is True


async def test_an_estimate_from_unknown_prices_alone_is_not_zero(served):
    job = await served.blog.jobs.get((await served.published())["id"])
    await served.blog.steps.finish(job, "more", 1, "{}", duration_ms=1, used=Used("p", "m"))
    await served.blog.database.write(lambda tx: tx.execute("UPDATE jobs SET cost_usd_micros = 0"))
    told = await served.told("GET", "/costs/estimate")
    assert (told["posts"], told["typical_usd"], told["has_unknown"]) == (1, None, True)


@pytest.mark.parametrize("query", ["words=199", "words=5001", "words=x", "images=7", "images=-1"])
async def test_an_estimate_is_for_what_can_be_ordered(served, query):
    await served.refused("GET", f"/costs/estimate?{query}", status=422)


async def test_answers_are_as_the_document_says(tmp_path):
    calls = [
        ("/costs", "CostsView", Scope.ADMIN), ("/costs?by=job", "CostsView", Scope.ADMIN),
        ("/costs/estimate", "EstimateView", Scope.AUTHOR),
    ]  # fmt: skip
    async with serve(tmp_path, CAPPED) as served:
        await served.published()
        for path, name, scope in calls:
            told = await served.told("GET", path, scope=scope)
            schema_of(name).validate(told)
            assert list(told) == list(document()["components"]["schemas"][name]["properties"])
    parameters = document()["paths"]["/api/v1/costs"]["get"]["parameters"]
    assert {one["name"] for one in parameters} == {"by", "since", "until", "limit"}
