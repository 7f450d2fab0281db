"""The board: jobs by what they need, the first of each kind, in one reading however many there are."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from blogen.domain.job import Job, JobState, WaitingFor
from blogen.store.database import Database
from blogen.store.jobs import JOB_COLUMNS, job_of


class Column(StrEnum):
    """Where a job stands on the board."""

    REVIEW = "review"
    WORK = "work"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    FAILED = "failed"
    DONE = "done"


class Board(NamedTuple):
    jobs: Mapping[Column, Sequence[Job]]
    """The first of each column: those in work and waiting in the order in which they were ordered, those that wait for
    a worker behind them; the others the newest first."""
    counts: Mapping[Column, int]
    """How many there are of each."""


class Boards:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, *, failed_since_ms: int, done_since_ms: int, each: int) -> Board:
        """At most `each` jobs of every column. Of those that failed, were published or cancelled since then (Unix ms),
        the latest 200 of each state count."""
        since = (failed_since_ms, done_since_ms, done_since_ms)
        counts = dict.fromkeys(Column, 0)
        for row in await self._database.read(_COUNTS, since):
            counts[Column(row["place"])] = row["total"]
        jobs: dict[Column, list[Job]] = {column: [] for column in Column}
        for row in await self._database.read(_FIRST, (*[each] * 5, since[0], each, *since[1:], each)):
            jobs[Column(row["place"])].append(job_of(row))
        for found in jobs.values():
            found.sort(key=_turn)
        return Board({column: found[:each] for column, found in jobs.items()}, counts)


def _turn(job: Job) -> tuple[bool, int]:
    """What comes first in its column."""
    if job.finished_at is not None:
        return False, -job.finished_at
    if job.waiting is not None and job.waiting.for_ is WaitingFor.SCHEDULE:
        return False, job.waiting.until or 0
    is_in_review = job.waiting is not None and job.waiting.for_ is WaitingFor.REVIEW
    return job.state is JobState.QUEUED, -job.number if is_in_review else job.number


_LATEST = 200
"""So many of those that ended are looked through, the latest by their ids: there may be a million."""


def _ended(state: str) -> str:
    return (
        f"SELECT number, finished_at FROM (SELECT number, finished_at FROM jobs WHERE finished_at IS NOT NULL"
        f" AND state = '{state}' ORDER BY id DESC LIMIT {_LATEST}) AS latest_{state} WHERE finished_at >= ?"
    )


_PLACE = (
    "CASE WHEN waiting_for IS NULL THEN 'work' WHEN waiting_for = 'review' THEN 'review'"
    " WHEN waiting_for = 'schedule' THEN 'scheduled' ELSE 'waiting' END"
)
_DONE = f"{_ended('published')} UNION ALL SELECT * FROM ({_ended('cancelled')}) AS given_up"
_COUNTS = f"""
    SELECT {_PLACE} AS place, count(*) AS total FROM jobs WHERE finished_at IS NULL GROUP BY 1
    UNION ALL SELECT 'failed', count(*) FROM ({_ended("failed")}) AS failed
    UNION ALL SELECT 'done', count(*) FROM ({_DONE}) AS done
"""


def _open(place: str, which: str, order: str) -> str:
    return (
        f"SELECT * FROM (SELECT number, '{place}' AS place FROM jobs WHERE finished_at IS NULL AND {which}"
        f" ORDER BY {order} LIMIT ?) AS {place}"
    )


# Each search stops at its column's last card; one over all would put every open job in order first.
_FIRST = f"""
    SELECT {JOB_COLUMNS}, placed.place FROM (
        {_open("review", "waiting_for = 'review'", "id DESC")}
        UNION ALL {_open("work", "waiting_for IS NULL AND state <> 'queued'", "id")}
        UNION ALL {_open("work", "waiting_for IS NULL AND state = 'queued'", "id")}
        UNION ALL {_open("waiting", "waiting_for NOT IN ('review', 'schedule')", "id")}
        UNION ALL {_open("scheduled", "waiting_for = 'schedule'", "waiting_until")}
        UNION ALL SELECT * FROM (
            SELECT number, 'failed' FROM ({_ended("failed")}) AS f ORDER BY finished_at DESC LIMIT ?) AS failed
        UNION ALL SELECT * FROM (
            SELECT number, 'done' FROM ({_DONE}) AS d ORDER BY finished_at DESC LIMIT ?) AS done
    ) AS placed JOIN jobs AS j ON j.number = placed.number JOIN job_requests AS r ON r.job_id = j.id
"""
