"""The board's reading: each column its first jobs and the number of all, and no more looked at than that takes."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from blogen.domain.job import JobState
from blogen.ids import new_id
from blogen.store import board
from blogen.store.board import Boards, Column
from blogen.store.database import Transaction
from tests.blog import Blog, open_blog

FAILED = '{"code": "x", "title": "X", "detail": "Y"}'


async def put(blog: Blog, state: str, *, waiting: str | None = None, until: int | None = None, at: int = 0) -> str:
    """A job that is there, or ended at that time."""
    job_id, ended = new_id(), at if state in {"published", "failed", "cancelled"} else None
    failed = ("drafting", FAILED) if state == "failed" else (None, None)

    def work(tx: Transaction) -> str:
        tx.execute(
            "INSERT INTO jobs (id, kind, state, waiting_for, waiting_until, created_at, updated_at, finished_at,"
            " failed_in, error) VALUES (?, 'post', ?, ?, ?, 1, 1, ?, ?, ?)",
            (job_id, state, waiting, until, ended, *failed),
        )
        tx.execute("INSERT INTO job_requests (job_id, topic, request) VALUES (?, 'Tea', '{}')", (job_id,))
        return job_id

    return await blog.database.write(work)


async def test_each_column_has_its_first_jobs_and_the_number_of_all(tmp_path) -> None:
    async with open_blog(tmp_path) as blog:
        waits_in_line = await put(blog, "queued")
        works = [await put(blog, "drafting") for _ in range(3)]
        later, sooner = [await put(blog, "scheduled", waiting="schedule", until=until) for until in (900, 800)]
        rests = await put(blog, "illustrating", waiting="image")
        reviews = [await put(blog, "in_review", waiting="review") for _ in range(2)]
        doubted = await put(blog, "drafting", waiting="review")
        failed = [await put(blog, "failed", at=at) for at in (70, 90, 80)]
        done = [
            await put(blog, state, at=at) for state, at in (("published", 60), ("cancelled", 61), ("published", 40))
        ]

        found = await Boards(blog.database).read(failed_since_ms=75, done_since_ms=50, each=2)
        ids = {column: [job.id for job in jobs] for column, jobs in found.jobs.items()}
        assert ids == {
            Column.REVIEW: [doubted, reviews[1]],
            Column.WORK: works[:2],
            Column.WAITING: [rests],
            Column.SCHEDULED: [sooner, later],
            Column.FAILED: [failed[1], failed[2]],
            Column.DONE: [done[1], done[0]],
        }
        assert found.counts == dict(zip(Column, (3, 4, 1, 2, 2, 2), strict=True))
        whole = await Boards(blog.database).read(failed_since_ms=75, done_since_ms=50, each=9)
        assert [job.id for job in whole.jobs[Column.WORK]] == [*works, waits_in_line]
        assert whole.jobs[Column.WORK][-1].state is JobState.QUEUED


async def test_no_search_goes_through_all_jobs_that_ever_were(tmp_path) -> None:
    async with open_blog(tmp_path) as blog:
        with closing(sqlite3.connect(blog.folder / "blogen.db")) as connection:
            for sql, values in ((board._COUNTS, 3), (board._FIRST, 10)):
                steps = plan(connection, sql, [1] * values)
                assert [step for step in steps if step.startswith("SCAN jobs") and "INDEX" not in step] == []
                assert any("jobs_finished" in step for step in steps)


def plan(connection: sqlite3.Connection, sql: str, values: Sequence[int]) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
