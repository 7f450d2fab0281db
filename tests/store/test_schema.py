"""Bringing a database up to date, refusing what cannot be, and what the schema itself refuses."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from blogen.errors import StoreUnusable
from blogen.ids import new_id
from blogen.store import schema
from blogen.store.folder import DataFolder
from blogen.store.schema import prepare

INTO_LEDGER = "INSERT INTO ledger (job_id, at, step, run, provider, counted_usd_micros)"
NEW = schema.migrations()[-1].version


@pytest.fixture
def path(tmp_path):
    return tmp_path / "blogen.db"


@pytest.fixture
def newer(tmp_path):
    """The migrations with one more, as the next version of the program would have it."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    (folder / f"{NEW + 1:04}_more.sql").write_text(
        "CREATE TABLE more (x INTEGER) STRICT;\nINSERT INTO more VALUES (1);\n"
    )
    return folder


def tables(path):
    with sqlite3.connect(path) as raw:
        return {row[0] for row in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_a_new_file_gets_the_whole_schema_and_a_second_start_changes_nothing(path):
    assert prepare(path) == NEW
    before = path.read_bytes()
    assert prepare(path) == NEW
    assert path.read_bytes() == before


def test_a_migration_is_preceded_by_a_verified_backup_and_keeps_the_rows(path, newer, tmp_path):
    prepare(path)
    with sqlite3.connect(path) as raw:
        raw.execute(f"{INTO_LEDGER} VALUES ('j', 1, hex(randomblob(8)), 1, 'p', 5)")
    assert prepare(path, folder=newer) == NEW + 1
    assert "more" in tables(path)
    copy = tmp_path / "backups" / f"before-{NEW + 1:04}.db"
    assert "more" not in tables(copy)
    with sqlite3.connect(copy) as raw:
        assert raw.execute("SELECT counted_usd_micros FROM ledger").fetchall() == [(5,)]


def test_a_database_newer_than_the_program_is_refused_and_left_alone(path, newer):
    prepare(path, folder=newer)
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match=f"schema {NEW + 1}; this Blogen knows {NEW}"):
        prepare(path)
    assert path.read_bytes() == before


def test_a_broken_migration_changes_nothing(path, newer):
    prepare(path)
    (newer / f"{NEW + 1:04}_more.sql").write_text(
        "CREATE TABLE more (x INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);\n"
    )
    with pytest.raises(StoreUnusable):
        prepare(path, folder=newer)
    assert "more" not in tables(path)


def test_sigkill_in_mid_migration_leaves_the_old_schema_and_the_backup(path, newer, tmp_path):
    prepare(path)
    code = f"""
import os, signal, sqlite3, sys
from pathlib import Path
from blogen.store import schema
real = schema.statements
def killing(sql):
    for statement in real(sql):
        yield statement
        if "CREATE TABLE more" in statement:
            os.kill(os.getpid(), signal.SIGKILL)
schema.statements = killing
schema.prepare(Path({str(path)!r}), folder=Path({str(newer)!r}))
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert "more" not in tables(path)
    assert "more" not in tables(tmp_path / "backups" / f"before-{NEW + 1:04}.db")
    assert prepare(path, folder=newer) == NEW + 1


@pytest.mark.parametrize(
    "content", [b"this is not a database, only text " * 200, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match="damaged or not a Blogen database") as refused:
        prepare(path)
    assert "backups" in refused.value.remedy
    assert path.read_bytes() == content


def test_a_corrupt_database_is_refused_and_left_alone(path):
    prepare(path)
    raw = sqlite3.connect(path)
    raw.executemany(
        f"{INTO_LEDGER} VALUES (?, 1, hex(randomblob(8)), 1, 'p', 5)",
        [(new_id(),) for _ in range(2000)],
    )
    raw.commit()
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    damaged = bytearray(path.read_bytes())
    damaged[-60_000:-40_000] = os.urandom(20_000)
    path.write_bytes(damaged)
    with pytest.raises(StoreUnusable, match="damaged"):
        prepare(path)
    assert path.read_bytes() == bytes(damaged)


def test_another_programs_database_is_refused(path):
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreUnusable, match="not one of Blogen's"):
        prepare(path)
    assert tables(path) == {"theirs"}


def test_the_folder_belongs_to_one_process_at_a_time(tmp_path):
    first = DataFolder.claim(tmp_path / "data")
    code = f"""
from pathlib import Path
from blogen.errors import StoreUnusable
from blogen.store.folder import DataFolder
try:
    DataFolder.claim(Path({str(tmp_path / "data")!r}))
except StoreUnusable as error:
    print(error)
"""
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"in use by another Blogen (process {os.getpid()})" in second.stdout
    assert DataFolder.is_claimed(tmp_path / "data")
    first.release()
    assert not DataFolder.is_claimed(tmp_path / "data")
    DataFolder.claim(tmp_path / "data").release()


def test_a_folder_that_is_a_file_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "data").write_text("x")
    with pytest.raises(StoreUnusable, match="is a file") as refused:
        DataFolder.claim(tmp_path / "data")
    assert "--data-dir" in refused.value.remedy


JOB = {"number": 1, "id": new_id(), "kind": "post", "state": "queued", "created_at": 1, "updated_at": 1}
LINE = {"job": 1, "at": 1, "event": 2, "origin": "queued", "target": "researching"}
STEP = {"job": 1, "at": 1, "event": 11, "origin": "queued", "step": "s", "run": 1}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("jobs", JOB | {"state": "dreaming"}),
        ("jobs", JOB | {"id": "short"}),
        ("jobs", JOB | {"state": "published"}),  # final, yet not finished
        ("jobs", JOB | {"finished_at": 5}),  # finished, yet not final
        ("jobs", JOB | {"state": "failed", "finished_at": 5}),  # failed without a reason
        ("jobs", JOB | {"error": "{}"}),
        ("jobs", JOB | {"waiting_for": "godot"}),
        ("jobs", JOB | {"waiting_until": 5}),
        ("jobs", JOB | {"state": "cancelled", "finished_at": 5, "waiting_for": "review"}),
        ("jobs", JOB | {"priority": 10}),
        ("jobs", JOB | {"cost_usd_micros": -1}),
        ("jobs", JOB | {"attempt": -1}),
        ("jobs", JOB | {"attempt": "many"}),
        ("job_requests", {"job_id": JOB["id"], "topic": "ab", "request": "{}"}),
        ("job_requests", {"job_id": JOB["id"], "topic": "a" * 301, "request": "{}"}),
        ("job_requests", {"job_id": new_id(), "topic": "abc", "request": "{}"}),  # of no job
        ("timeline", LINE | {"event": 7}),
        ("timeline", LINE | {"target": None}),  # a move to nowhere
        ("timeline", LINE | {"event": 3}),
        ("timeline", LINE | {"step": "s", "run": 1}),
        ("timeline", STEP | {"step": None}),
        ("timeline", STEP | {"run": 0}),
        ("timeline", STEP | {"event": 13}),  # finished without a result
        ("timeline", STEP | {"result": "{}"}),
        ("timeline", STEP | {"job": 2}),
        ("ledger", {"job_id": "j", "step": "s", "run": 1, "at": 1, "provider": "", "counted_usd_micros": -1}),
        ("ledger", {"job_id": "j", "step": "s", "run": 0, "at": 1, "provider": "", "counted_usd_micros": 1}),
        (
            "ledger",
            {"job_id": "j", "step": "s", "run": 1, "at": 1, "provider": "", "counted_usd_micros": 1, "usd_micros": 1},
        ),
        ("idempotency", {"owner": "o", "key": "", "digest": "0" * 64, "job_id": JOB["id"], "created_at": 1}),
        ("tokens", {"id": new_id(), "hash": "0" * 64, "scope": "god", "created_at": 1}),
        ("tokens", {"id": new_id(), "hash": "plain text", "scope": "admin", "created_at": 1}),
        ("people", {"id": new_id(), "handle": "", "name": "x", "role": "admin", "password": "x", "created_at": 1}),
        ("authors", {"id": new_id(), "handle": "x" * 40, "name": "x", "created_at": 1}),
        ("settings", {"key": "", "value": "1", "changed_at": 1}),
        ("settings", {"key": "site.title", "value": "", "changed_at": 1}),
        ("settings", {"key": "site.title", "value": '"' + "x" * 10_000 + '"', "changed_at": 1}),
        ("settings", {"key": "site.title", "value": None, "changed_at": 1}),
        ("settings", {"key": "site.title", "value": "1", "changed_at": 0}),
    ],
)
def test_what_must_never_be_stored_cannot_be(path, table, row):
    prepare(path)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA foreign_keys = ON")
        put(raw, "jobs", JOB | ({"number": 2, "id": new_id()} if table == "jobs" else {}))
        with pytest.raises(sqlite3.IntegrityError):
            put(raw, table, row)


@pytest.mark.parametrize("event", [11, 13])
def test_a_step_begins_and_finishes_once_in_a_run(path, event):
    prepare(path)
    row = STEP | {"event": event} | ({"result": "{}"} if event == 13 else {})
    with sqlite3.connect(path) as raw:
        put(raw, "jobs", JOB)
        put(raw, "timeline", row)
        with pytest.raises(sqlite3.IntegrityError):
            put(raw, "timeline", row)
        put(raw, "timeline", row | {"run": 2})


def put(raw, table, row):
    marks = ", ".join("?" * len(row))
    raw.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
