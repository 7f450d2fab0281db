"""The rows that the writing benchmarks write: a transition is one UPDATE of a job and one line of its timeline."""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from blogen.ids import new_id
from blogen.store.database import _PRAGMAS, _WRITER_PRAGMAS
from blogen.store.folder import database_path
from blogen.store.jobs import _MOVE as MOVE
from blogen.store.schema import prepare
from blogen.store.steps import _BEGIN as BEGIN
from blogen.store.steps import _FINISH as FINISH

UPDATE, APPEND = MOVE.statements
STATES = ("researching", "outlining", "drafting", "editing", "illustrating", "assembling")
BATCH = 500
BEGUN = '{"paid": true}'
FINISHED = '{"duration_ms": 0, "digest": null}'
RESULT = '{"text":"' + "a sentence that a model wrote, " * 6 + '"}'

Row = tuple[object, ...]


def database_with_jobs(folder: Path, count: int) -> tuple[Path, list[str]]:
    """A database of the real schema with `count` unfinished jobs; its path and their ids."""
    path = database_path(folder)
    prepare(path)
    ids = [new_id() for _ in range(count)]
    connection = connect(path)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO jobs (id, kind, state, created_at, updated_at) VALUES (?, 'bench', ?, 0, 0)",
        ((job_id, STATES[0]) for job_id in ids),
    )
    connection.execute("COMMIT")
    connection.close()
    return path, ids


def transition(job_id: str, number: int) -> tuple[Row, Row]:
    """Parameters of UPDATE and APPEND for the job's transition `number`."""
    origin, target = STATES[number % len(STATES)], STATES[(number + 1) % len(STATES)]
    at = 1_800_000_000_000 + number
    return (target, at, job_id, origin), (job_id, at, origin, target)


def transitions(ids: Sequence[str], each: int) -> Iterator[tuple[Row, Row]]:
    """`each` transitions of every job, all jobs in turn."""
    for number in range(each):
        for job_id in ids:
            yield transition(job_id, number)


def raw_batches(connection: sqlite3.Connection, ids: Sequence[str], each: int, batch: int = BATCH) -> int:
    """What SQLite and the disk can do: commit `batch` transitions at a time; how many were written."""
    todo = transitions(ids, each)
    while rows := list(itertools.islice(todo, batch)):
        updates, appends = zip(*rows, strict=True)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(UPDATE, updates)
        connection.executemany(APPEND, appends)
        connection.execute("COMMIT")
    return each * len(ids)


def raw_steps(connection: sqlite3.Connection, ids: Sequence[str], each: int) -> int:
    """As `raw_batches`, with what the engine commits beside each transition: a step's intent, then its result."""
    for number in range(each):
        state, at = STATES[number % len(STATES)], 1_800_000_000_000 + number
        begun = [(job_id, at, state, f"step:{number}", 1, BEGUN) for job_id in ids]
        finished = [(job_id, at, state, f"step:{number}", 1, FINISHED, RESULT) for job_id in ids]
        for statement, rows in ((BEGIN.statements[0], begun), (FINISH.statements[0], finished)):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, rows)
            connection.execute("COMMIT")
        updates, appends = zip(*(transition(job_id, number) for job_id in ids), strict=True)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(UPDATE, updates)
        connection.executemany(APPEND, appends)
        connection.execute("COMMIT")
    return each * len(ids)


def connect(path: Path) -> sqlite3.Connection:
    """A plain connection with the settings of Blogen's writer."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


PRAGMAS = (*_PRAGMAS, *_WRITER_PRAGMAS, "PRAGMA cache_size = -16000")
"""The writer's, with more memory than it has."""
