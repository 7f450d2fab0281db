"""Jobs over HTTP: ordering, looking, deciding; and what must be refused in words."""

import asyncio
import base64
import re
import zlib

import pytest

from blogen.api.requests import MAX_BODY_BYTES
from blogen.domain.person import Scope
from blogen.ids import new_id
from tests.api.served import serve

JOB_KEYS = [
    "id", "kind", "state", "topic", "progress", "waiting", "attempt", "cost_usd", "unknown_calls", "tokens", "post",
    "error", "created_at", "updated_at", "finished_at",
]  # fmt: skip
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


async def test_an_order_is_accepted_and_becomes_a_post(served):
    answer = await served.call("POST", "/jobs", {"topic": "  Green tea ", "tags": ["tea"]})
    job = await answer.json()
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert list(job) == JOB_KEYS
    assert (job["state"], job["topic"], job["progress"], job["post"]) == ("queued", "Green tea", 0.0, None)

    job = await served.settled(job["id"])
    assert list(job) == JOB_KEYS
    assert (job["state"], job["progress"], job["waiting"], job["error"]) == ("published", 1.0, None, None)
    assert job["cost_usd"] == "0.001234"
    assert job["tokens"] == {"input": 120, "output": 45}
    assert job["post"] == {"slug": "green-tea", "url": "/p/green-tea"}
    for key in ("created_at", "updated_at", "finished_at"):
        assert re.match(TIME, job[key])


async def test_a_failed_job_says_why_and_can_be_retried(served):
    job = await served.settled((await served.order("Fail here"))["id"])
    assert job["state"] == "failed"
    assert job["error"] == {
        "code": "provider-refused",
        "title": "An AI service refused",
        "detail": "The model refused.",
        "remedy": "Ask for something else.",
        "provider": "text.main",
        "retryable": False,
    }
    assert 0 < job["progress"] < 1

    steps = (await served.told("GET", f"/jobs/{job['id']}/steps"))["items"]
    assert [(step["name"], step["state"], step["error"]["code"]) for step in steps] == [
        ("draft", "failed", "provider-refused")
    ]
    served.pipeline.gate.clear()
    again = await served.told("POST", f"/jobs/{job['id']}/retry")
    assert (again["state"], again["error"], again["finished_at"]) == ("drafting", None, None)
    served.pipeline.gate.set()
    assert (await served.settled(job["id"]))["state"] == "failed"
    chosen = await served.told("POST", f"/jobs/{job['id']}/retry", {"from": "draft", "fresh": True})
    assert chosen["state"] == "drafting"


async def test_retrying_from_an_unknown_step_names_the_steps_there_are(served):
    job = await served.settled((await served.order("Fail here"))["id"])
    problem = await served.refused("POST", f"/jobs/{job['id']}/retry", {"from": "nowhere"}, status=404)
    assert "draft" in problem["remedy"]


async def test_steps_tell_what_was_used(served):
    job = await served.published()
    listed = await served.told("GET", f"/jobs/{job['id']}/steps")
    assert listed["next"] is None
    [step] = listed["items"]
    assert (step["name"], step["stage"], step["state"], step["run"]) == ("draft", "drafting", "finished", 1)
    assert (step["provider"], step["model"], step["cost_usd"]) == ("text.main", "some-model", "0.001234")
    assert step["tokens"] == {"input": 120, "output": 45}
    assert step["duration_ms"] >= 0
    assert step["error"] is None


async def test_the_timeline_tells_all_in_order_and_can_be_read_in_pages(served):
    job = await served.published()
    whole = await served.told("GET", f"/jobs/{job['id']}/timeline")
    assert whole["next"] is None
    entries = whole["items"]
    assert list(entries[0]) == ["id", "at", "event", "origin", "target", "step", "run", "detail"]
    assert entries[0]["event"] == "submitted"
    assert entries[-1]["event"] == "moved"
    assert entries[-1]["target"] == "published"
    assert [entry["id"] for entry in entries] == sorted({entry["id"] for entry in entries})
    finished = next(entry for entry in entries if entry["event"] == "step_finished")
    assert finished["detail"]["cost_usd"] == "0.001234"
    assert "result" not in str(finished["detail"])

    paged, cursor = [], ""
    while cursor is not None:
        page = await served.told("GET", f"/jobs/{job['id']}/timeline?limit=4&cursor={cursor}".removesuffix("&cursor="))
        assert len(page["items"]) <= 4
        paged += page["items"]
        cursor = page["next"]
    assert paged == entries


async def test_a_decision_whose_answer_was_lost_is_answered_again(served):
    job = await served.settled((await served.told("POST", "/jobs", {"topic": "Tea", "review": True}, status=202))["id"])
    key = {"Idempotency-Key": "decision-1"}
    told = [await served.told("POST", f"/jobs/{job['id']}/reject", {"note": "Too dry."}, headers=key) for _ in range(2)]
    assert [one["state"] for one in told] == ["failed", "failed"]
    timeline = await served.told("GET", f"/jobs/{job['id']}/timeline")
    assert [line["event"] for line in timeline["items"]].count("rejected") == 1
    # Who decides anew, with a key of their own, hears that it has moved.
    await served.refused("POST", f"/jobs/{job['id']}/reject", headers={"Idempotency-Key": "decision-2"}, status=409)


async def test_a_review_is_waited_for_approved_and_told(served):
    job = await served.settled((await served.order(review=True))["id"])
    assert job["state"] == "in_review"
    assert job["waiting"] == {"for": "review", "until": None}
    await served.told("POST", f"/jobs/{job['id']}/approve", {"note": "Good."})
    job = await served.settled(job["id"])
    assert job["state"] == "published"
    receipt = await served.told("GET", f"/posts/{job['post']['slug']}/receipt")
    assert [(one["by"], one["note"]) for one in receipt["approvals"]] == [("owner", "Good.")]


async def test_a_rejected_job_fails_with_the_reviewers_words(served):
    job = await served.settled((await served.order(review=True))["id"])
    job = await served.told("POST", f"/jobs/{job['id']}/reject", {"note": "Too dry."})
    assert (job["state"], job["error"]["detail"]) == ("failed", "Too dry.")


async def test_pause_resume_and_cancel(served):
    served.pipeline.gate.clear()
    job = await served.order()
    paused = await served.told("POST", f"/jobs/{job['id']}/pause")
    assert paused["waiting"] == {"for": "paused", "until": None}
    assert (await served.told("POST", f"/jobs/{job['id']}/resume"))["waiting"] is None
    cancelled = await served.told("POST", f"/jobs/{job['id']}/cancel")
    assert cancelled["state"] == "cancelled"
    for verb in ("cancel", "pause", "resume", "retry", "approve", "reject"):
        assert (await served.refused("POST", f"/jobs/{job['id']}/{verb}", status=409))["remedy"]


async def test_a_job_that_does_not_exist_is_not_found_by_any_call(served):
    for job_id in (new_id(), "x", "%00", "..%2f..", "a" * 300):
        for path in ("", "/steps", "/timeline", "/events"):
            await served.refused("GET", f"/jobs/{job_id}{path}", status=404)
        for verb in ("cancel", "pause", "resume", "retry", "approve", "reject"):
            await served.refused("POST", f"/jobs/{job_id}/{verb}", status=404)


async def test_jobs_are_listed_newest_first_by_state_and_page_by_page(served):
    ids = [(await served.published(f"Tea {number}"))["id"] for number in range(5)]
    failed = (await served.settled((await served.order("Fail it"))["id"]))["id"]

    seen, cursor = [], None
    while True:
        page = await served.told("GET", "/jobs?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        seen += [job["id"] for job in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert seen == [failed, *reversed(ids)]
    published = (await served.told("GET", "/jobs?state=published"))["items"]
    assert [(job["id"], job["post"]["slug"]) for job in published] == [
        (job_id, f"tea-{number}") for number, job_id in reversed(list(enumerate(ids)))
    ]
    assert [job["id"] for job in (await served.told("GET", "/jobs?state=failed&surprise=1"))["items"]] == [failed]
    assert (await served.told("GET", "/jobs?state=queued")) == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=-1", "limit"), ("limit=ten", "limit"),
        ("limit=", "limit"), ("limit=99999999999999999999999", "limit"), ("state=finished", "state"),
        ("cursor=x", "cursor"), ("cursor=%00", "cursor"), ("cursor=ä", "cursor"), ("cursor=" + "A" * 401, "cursor"),
    ],
)  # fmt: skip
async def test_a_query_that_cannot_be_used_is_refused_with_its_place(served, query, path):
    problem = await served.refused("GET", f"/jobs?{query}", status=422)
    assert [error["path"] for error in problem["errors"]] == [path]


async def test_an_altered_cursor_is_refused(served):
    for number in range(3):
        await served.order(f"Tea {number}")
    cursor = (await served.told("GET", "/jobs?limit=1"))["next"]
    for place in range(len(cursor)):
        altered = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        await served.refused("GET", f"/jobs?cursor={altered}", status=422)
    await served.refused("GET", f"/posts?cursor={cursor}", status=422)


async def test_a_cursor_that_someone_made_up_is_refused(served):
    for plain in (
        b"",
        b":",
        b"posts",
        b"posts:x:y",
        b"posts:-1:a",
        b"posts:1" + b"0" * 30 + b":a",
        b"posts:01:a",
        b"\xff",
    ):
        made_up = base64.urlsafe_b64encode(zlib.crc32(plain).to_bytes(4) + plain).rstrip(b"=").decode()
        await served.refused("GET", f"/posts?cursor={made_up}", status=422)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"topic": "x" * 301}, {"topic": "must have at most 300 characters, found 301"}),
        ({"topic": "  x  "}, {"topic": "must have at least 3 characters, found 1"}),
        ({"topic": ""}, {"topic": "must have at least 3 characters, found 0"}),
        ({}, {"topic": "is missing"}),
        ({"topic": None}, {"topic": "must be text, found null"}),
        ({"topic": ["Tea"]}, {"topic": "must be text, found a list"}),
        ({"topic": "a\0bc"}, {"topic": "contains the control character U+0000; leave it out"}),
        ({"topic": "Tea", "words": "900"}, {"words": "must be a whole number, found '900'"}),
        ({"topic": "Tea", "words": 199.5}, {"words": "must be a whole number, found 199.5"}),
        ({"topic": "Tea", "words": 199}, {"words": "must be at least 200, found 199"}),
        ({"topic": "Tea", "images": 7}, {"images": "must be at most 6, found 7"}),
        ({"topic": "Tea", "review": "yes"}, {"review": "must be true or false, found 'yes'"}),
        ({"topic": "Tea", "priority": True}, {"priority": "must be a whole number, found true"}),
        ({"topic": "Tea", "state": "published"}, {"state": "is not known here; leave it out"}),
        ({"topic": "Tea", "publish_at": "2026-08-02T12:00:00"}, {"publish_at": "offset"}),
        ({"topic": "Tea", "publish_at": "tomorrow"}, {"publish_at": "must be a time such as"}),
        ({"topic": "Tea", "brief": "x" * 4001}, {"brief": "must have at most 4000 characters, found 4001"}),
        ({"topic": "Tea", "author": "../x"}, {"author": "has not the right form, found '../x'"}),
        ({"topic": "Tea", "tags": [""]}, {"tags.0": "must have at least 1 characters, found 0"}),
        (
            {"topic": "Tea", "sources": [{"kind": "text", "text": "x" * 200_001}]},
            {"sources.0.text": "must have at most 200000 characters, found 200001"},
        ),
        (
            {"topic": "Tea", "sources": [{"kind": "text", "text": "x"}] * 21},
            {"sources": "must have at most 20 items, found 21"},
        ),
        ({"topic": "Tea", "sources": [{"kind": "text"}]}, {"sources.0.text": "is missing"}),
        ({"topic": "Tea", "sources": [{"kind": "file", "path": "/etc/passwd"}]}, {"sources.0": "'url', 'text'"}),
        ({"topic": "Tea", "sources": [{}]}, {"sources.0": "needs a `kind`"}),
        ({"topic": "Tea", "sources": ["https://a.example"]}, {"sources.0": "must be an object"}),
        ({"topic": "Tea", "sources": [{"kind": "url", "url": "file:///etc/passwd"}]}, {"sources.0.url": "http://"}),
        ({"topic": "Tea", "sources": [{"kind": "url", "url": "no address"}]}, {"sources.0.url": "must be an address"}),
        ({"topic": "x", "words": 1}, {"topic": "at least 3", "words": "at least 200"}),
        ([], {"": "must be an object, found a list"}),
        ("Tea", {"": "must be an object, found 'Tea'"}),
    ],
)
async def test_an_order_that_cannot_be_used_is_refused_with_every_place_and_reason(served, body, errors):
    problem = await served.refused("POST", "/jobs", body, status=422)
    assert problem["code"] == "invalid-input"
    assert {error["path"] for error in problem["errors"]} == errors.keys()
    for error in problem["errors"]:
        assert errors[error["path"]] in error["message"]
    assert (await served.told("GET", "/jobs"))["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"", b"nope", b'{"topic": "Tea"} x', b"\xff\xfe{}", b"[" * 100_000, b'{"a":' * 50_000,
        b'{"topic": "\\ud800"}', b'{"topic": "Tea", "words": 1' + b"0" * 5000 + b"}", b"\x00" * 100,
    ],
)  # fmt: skip
async def test_what_is_not_json_is_a_bad_request(served, body):
    headers = {"Content-Type": "application/json"}
    problem = await served.refused("POST", "/jobs", data=body, headers=headers, status=400)
    assert problem["code"] == "malformed-body"


async def test_other_types_of_content_are_refused(served):
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"):
        problem = await served.refused(
            "POST", "/jobs", data=b'{"topic": "Tea"}', headers={"Content-Type": media_type}, status=415
        )
        assert "application/json" in problem["remedy"]
    answer = await served.call(
        "POST", "/jobs", data=b'{"topic": "Tea"}', headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert answer.status == 202


async def test_a_body_that_is_too_large_is_refused_with_and_without_a_length(served):
    async def endless():
        for _ in range(MAX_BODY_BYTES // 2**20 + 1):
            yield b" " * 1024 * 1024

    headers = {"Content-Type": "application/json"}
    await served.refused("POST", "/jobs", data=b" " * (MAX_BODY_BYTES + 1), headers=headers, status=413)
    await served.refused("POST", "/jobs", data=endless(), headers=headers, status=413)
    assert (await served.order())["state"] == "queued"


async def test_a_body_whose_compression_is_broken_is_a_bad_request(served):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    await served.refused("POST", "/jobs", data=b"not gzip at all", headers=headers, status=400)


async def test_the_largest_order_that_is_allowed_is_accepted(served):
    source = {"kind": "text", "title": "t" * 300, "text": "é" * 200_000}  # escaped: six bytes each
    job = await served.order("x" * 300, brief="b" * 4000, sources=[source] * 20, words=5000, images=6, priority=9)
    assert len(job["topic"]) == 300


async def test_the_same_key_and_body_give_the_same_job_also_side_by_side(served):
    headers = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(
        *(served.told("POST", "/jobs", {"topic": "Tea time"}, headers=headers, status=202) for _ in range(20))
    )
    assert len({job["id"] for job in answers}) == 1
    assert len((await served.told("GET", "/jobs"))["items"]) == 1

    problem = await served.refused("POST", "/jobs", {"topic": "Coffee"}, headers=headers, status=422)
    assert "Idempotency-Key" in problem["detail"]
    # Another token's keys are its own.
    other = await served.told("POST", "/jobs", {"topic": "Coffee"}, headers=headers, status=202, scope=Scope.ADMIN)
    assert other["id"] != answers[0]["id"]


@pytest.mark.parametrize("key", ["", "k" * 201, "schlüssel", "a\tb"])
async def test_a_key_that_cannot_be_used_is_refused(served, key):
    problem = await served.refused("POST", "/jobs", {"topic": "Tea"}, headers={"Idempotency-Key": key}, status=422)
    assert problem["errors"][0]["path"] == "Idempotency-Key"


async def test_a_full_queue_answers_503_and_says_when_to_come_back(tmp_path):
    async with serve(tmp_path, workers=1, queue_size=1) as served:
        served.pipeline.gate.clear()
        statuses = []
        for number in range(6):
            answer = await served.call("POST", "/jobs", {"topic": f"Tea {number}"})
            statuses.append(answer.status)
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
                assert (await answer.json(content_type=None))["code"] == "queue-full"
        assert 503 in statuses
        accepted = statuses.count(202)
        assert len((await served.told("GET", "/jobs"))["items"]) == accepted
