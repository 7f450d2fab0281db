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


NAMES = {number: name.lower() for name, number in vars(Line).items() if isinstance(number, int)}

_INTO = "INSERT INTO timeline (job, at, event, origin, target, step, run, detail, result)"

LINE = Append(f"{_INTO} VALUES (?, ?, ?, ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), nullif(?, 0), nullif(?, 0))")
"""Writes every line, whatever it tells.

Where there is nothing to tell it is given 0: `sqlite3` takes longer over a None than over all the rest.
"""

# The three that every call of every job writes, with nothing in them that need not be said.
MOVE = Append(f"{_INTO} VALUES (?, ?, {Line.MOVED}, ?, ?, NULL, NULL, NULL, NULL)")
"""Moves the job; refused as Stale if the job is elsewhere, or waits."""
BEGUN = Append(f"{_INTO} VALUES (?, ?, {Line.STEP_BEGUN}, ?, NULL, ?, ?, ?, NULL)")
FINISHED = Append(f"{_INTO} VALUES (?, ?, {Line.STEP_FINISHED}, ?, NULL, ?, ?, ?, ?)")

TELL, TELL_MOVE, TELL_BEGUN, TELL_FINISHED = Rows(LINE), Rows(MOVE), Rows(BEGUN), Rows(FINISHED)


def line_of(job: Job, at: int, event: int, detail: str | Literal[0] = 0) -> Params:
    """A line about the job itself, as parameters of `LINE`."""
    return (job.number, at, event, job.state._value_, 0, 0, 0, detail, 0)


def move(job: Job, at: int, target: JobState) -> Params:
    """Parameters of `MOVE`."""
    return (job.number, at, job.state._value_, target._value_)  # its own string: `str` would make a copy


def begun(job: Job, at: int, step: str, run: int, detail: str) -> Params:
    """Parameters of `BEGUN`."""
    return (job.number, at, job.state._value_, step, run, detail)


def finished(job: Job, at: int, step: str, run: int, detail: str, result: str) -> Params:
    """Parameters of `FINISHED`."""
    return (job.number, at, job.state._value_, step, run, detail, result)


def line_of_move(job: Job, at: int, target: JobState, *, by: str = "") -> Params:
    """A line about a move that is made beside it, as parameters of `LINE`."""
    return (job.number, at, Line.MOVED, job.state._value_, target._value_, 0, 0, json.dumps({"by": by}), 0)


def line_of_step(
    job: Job, at: int, event: int, step: str, run: int, detail: str, result: str | Literal[0] = 0, origin: str = ""
) -> Params:
    """A line about a step, as parameters of `LINE`; `origin` is given where it is not the state that the job is in."""
    return (job.number, at, event, origin or job.state._value_, 0, step, run, detail, result)
