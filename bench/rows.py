"""What the writing benchmarks write: a transition is an UPDATE of a job and a line with a result of 200 bytes."""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from blogen.ids import new_id
from blogen.store.database import _PRAGMAS, _WRITER_PRAGMAS, Rows
from blogen.store.folder import database_path
from blogen.store.lines import LINE, Line
from blogen.store.schema import prepare

UPDATE = "UPDATE jobs SET state = ?, attempt = 0, updated_at = ? WHERE number = ? AND state = ? AND waiting_for IS NULL"
"""A move, in the form that is quickest for one job at a time."""
MOVE = Rows(
    "UPDATE jobs SET state = new.column1, attempt = 0, updated_at = new.column2 FROM (VALUES (?, ?, ?, ?)) AS new"
    " WHERE number = new.column3 AND state = new.column4 AND waiting_for IS NULL",
    LINE,
)
"""The same for Blogen's writer, which runs it for many jobs at once."""
STATES = ("researching", "outlining", "drafting", "editing", "illustrating", "assembling")
BATCH = 500
BEGUN = '{"paid": true}'
FINISHED = '{"duration_ms": 0, "digest": null}'
RESULT = '{"text":"' + "a sentence that a model wrote, " * 6 + '"}'

Row = tuple[object, ...]


def database_with_jobs(folder: Path, count: int) -> tuple[Path, range]:
    """A database of the real schema with `count` unfinished jobs; its path and their numbers."""
    path = database_path(folder)
    prepare(path)
    numbers = range(1, count + 1)
    connection = connect(path)
    for trigger in ("timeline_moves", "timeline_ends"):  # the raw loops move jobs by themselves
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO jobs (number, id, kind, state, created_at, updated_at) VALUES (?, ?, 'bench', ?, 0, 0)",
        ((number, new_id(), STATES[0]) for number in numbers),
    )
    connection.execute("COMMIT")
    connection.close()
    return path, numbers


def transition(job: int, number: int) -> tuple[Row, Row]:
    """Parameters of `UPDATE` and `LINE` for the job's transition `number`: the move, and the result it rests on."""
    origin, target = STATES[number % len(STATES)], STATES[(number + 1) % len(STATES)]
    at = 1_800_000_000_000 + number
    line = (job, at, Line.STEP_FINISHED, origin, 0, f"step:{number}", 1, FINISHED, RESULT)
    return (target, at, job, origin), line


def transitions(jobs: Sequence[int], each: int) -> Iterator[tuple[Row, Row]]:
    """`each` transitions of every job, all jobs in turn."""
    for number in range(each):
        for job in jobs:
            yield transition(job, number)


def raw_batches(connection: sqlite3.Connection, jobs: Sequence[int], each: int, batch: int = BATCH) -> int:
    """What SQLite and the disk can do: commit `batch` transitions at a time; how many were written."""
    todo = transitions(jobs, each)
    while rows := list(itertools.islice(todo, batch)):
        updates, appends = zip(*rows, strict=True)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(UPDATE, updates)
        connection.executemany(LINE, appends)
        connection.execute("COMMIT")
    return each * len(jobs)


def raw_steps(connection: sqlite3.Connection, jobs: Sequence[int], each: int) -> int:
    """As `raw_batches`, with what the engine commits beside each transition: a step's intent, then its result."""
    for number in range(each):
        state, at = STATES[number % len(STATES)], 1_800_000_000_000 + number
        step, target = f"step:{number}", STATES[(number + 1) % len(STATES)]
        begun = [(job, at, Line.STEP_BEGUN, state, 0, step, 1, BEGUN, 0) for job in jobs]
        updates, finished = zip(*(transition(job, number) for job in jobs), strict=True)
        moved = [(job, at, Line.MOVED, state, target, 0, 0, 0, 0) for job in jobs]
        for rows in (begun, finished):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(LINE, rows)
            connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(UPDATE, updates)
        connection.executemany(LINE, moved)
        connection.execute("COMMIT")
    return each * len(jobs)


def connect(path: Path) -> sqlite3.Connection:
    """A plain connection with the settings of Blogen's writer."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


PRAGMAS = (*_PRAGMAS, *_WRITER_PRAGMAS, "PRAGMA cache_size = -16000")
"""The writer's, with more memory than it has."""
