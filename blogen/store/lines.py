"""The lines of a job's timeline: a number in the table, a name everywhere else."""

import json
from typing import Literal

from blogen.domain.job import Job, JobState
from blogen.store.database import Append, Params, Rows


class Line:
    """What a line tells. Plain numbers: SQLite takes them as they are, and thousands a second are written."""

    SUBMITTED = 1
    MOVED = 2
    WAITING = 3
    WOKEN = 4
    APPROVED = 5
    REJECTED = 6
    TASK_MOVED = 7
    STEP_BEGUN = 11
    STEP_HANDLE = 12
    STEP_FINISHED = 13
    STEP_FAILED = 14
    STEP_DOUBTED = 15
    STEP_DISCARDED = 16


OUTCOMES = frozenset({Line.TASK_MOVED, Line.STEP_HANDLE, Line.STEP_FINISHED, Line.STEP_FAILED, Line.STEP_DOUBTED})
"""What became of a call. It is kept whatever else of its job can no longer be written."""

NAMES = {number: name.lower() for name, number in vars(Line).items() if isinstance(number, int)}

LINE = Append(
    "INSERT INTO timeline (job, at, event, origin, target, step, run, detail, result)"
    " VALUES (?, ?, ?, ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), nullif(?, 0), nullif(?, 0))"
)
"""Every line is written by this one statement, whatever it tells: a batch writes all of its lines at once.

Where there is nothing to tell it is given 0: `sqlite3` takes longer over a None than over all the rest.
"""


TELL = Rows(LINE)


def line_of(job: Job, at: int, event: int, detail: str | Literal[0] = 0) -> Params:
    """A line about the job itself, as parameters of `LINE`."""
    return (job.number, at, event, job.state._value_, 0, 0, 0, detail, 0)


def move_line(job: Job, at: int, target: JobState) -> Params:
    """The line that moves the job, as parameters of `LINE`; refused as Stale if the job is elsewhere, or waits."""
    # A state's own string: `str` would make a copy at every move.
    return (job.number, at, Line.MOVED, job.state._value_, target._value_, 0, 0, 0, 0)


def line_of_move(job: Job, at: int, target: JobState, *, by: str = "") -> Params:
    """A line about a move that is made beside it, as parameters of `LINE`."""
    return (job.number, at, Line.MOVED, job.state._value_, target._value_, 0, 0, json.dumps({"by": by}), 0)


def line_of_step(
    job: Job, at: int, event: int, step: str, run: int, detail: str, result: str | Literal[0] = 0, origin: str = ""
) -> Params:
    """A line about a step, as parameters of `LINE`; `origin` is given where it is not the state that the job is in."""
    return (job.number, at, event, origin or job.state._value_, 0, step, run, detail, result)
