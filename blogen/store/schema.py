"""Bringing a database file up to date: integrity check, backup, forward-only migrations.

A migration is `migrations/NNNN_name.sql`, run in one transaction with the note that it was run: a crash leaves the old
schema or the new one, never something between. Before the first of them a verified copy is put into `backups/`.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from blogen.errors import StoreUnusable

MIGRATIONS = Path(__file__).parent / "migrations"

_CHECK_AT_START_BYTES = 256 * 1024 * 1024
"""A larger file is checked by `blogen doctor` instead: quick_check reads all of it."""

_NOTES = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT
"""


class Migration(NamedTuple):
    version: int
    name: str
    sql: str


def migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """All migrations this program knows, in order."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        number, _, name = path.stem.partition("_")
        found.append(Migration(int(number), name, path.read_text(encoding="utf-8")))
    return found


def prepare(path: Path, *, keep_backups: int = 3, folder: Path = MIGRATIONS) -> int:
    """Check the database at `path` (made if missing) and migrate it; the schema's version.

    Blocking: run it in a thread. Raises StoreUnusable if the file is corrupt, newer than the program, or unreadable;
    the file is then left as it is.
    """
    known = migrations(folder)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            if path.stat().st_size:
                _check(connection, path)
            version = _version(connection)
            newest = known[-1].version
            if version > newest:
                raise StoreUnusable(
                    f"The database {path} has schema {version}; this Blogen knows {newest} at most.",
                    remedy="Start the newer version of Blogen that wrote it, or restore an older backup.",
                )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            missing = [migration for migration in known if migration.version > version]
            if version and missing:
                back_up(connection, path.parent / "backups" / f"before-{missing[0].version:04}.db")
                _prune(path.parent / "backups", keep_backups)
            for migration in missing:
                _apply(connection, migration)
            _check_writable(connection)
            return newest
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error


class Examined(NamedTuple):
    version: int
    newest: int
    """The newest schema that this program knows."""
    damage: str | None
    """What SQLite finds wrong with the file, or None."""


def examine(path: Path) -> Examined:
    """Look at an existing database of any size without changing it. Raises StoreUnusable if it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return Examined(_version(connection), migrations()[-1].version, quick_check(connection))
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error


def quick_check(connection: sqlite3.Connection) -> str | None:
    """What SQLite finds wrong with the file, or None."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return None if found == "ok" else str(found)


def back_up(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database online to `target`: written aside, verified, synced, renamed. Never half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(".partial")
    aside.unlink(missing_ok=True)
    with closing(sqlite3.connect(aside)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        if problem := quick_check(copy):
            raise StoreUnusable(f"The backup of the database came out damaged: {problem}.", remedy="Check the disk.")
    _sync(aside)
    aside.replace(target)
    _sync(target.parent)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if path.stat().st_size <= _CHECK_AT_START_BYTES and (problem := quick_check(connection)):
        raise sqlite3.DatabaseError(problem)


def _check_writable(connection: sqlite3.Connection) -> None:
    """A file that may only be read opens like any other, and even begins to write; the first change tells."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE schema_migrations SET version = version")
    connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if "schema_migrations" in tables:
        return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_migrations").fetchone()[0])
    if tables:
        raise sqlite3.DatabaseError("it is a database, but not one of Blogen's")
    return 0


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_NOTES)
        for statement in statements(migration.sql):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema_migrations (version, name) VALUES (?, ?)", (migration.version, migration.name)
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def statements(sql: str) -> Iterator[str]:
    """The single statements of a script (`executescript` would commit on its own)."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if re.sub(r"--.*", "", pending).strip():
        raise ValueError(f"a migration ends in the middle of a statement: {pending[:80]!r}")


def _prune(folder: Path, keep: int) -> None:
    copies = sorted(folder.glob("before-*.db"), key=lambda copy: copy.stat().st_mtime, reverse=True)
    for copy in copies[keep:]:
        copy.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, error: sqlite3.DatabaseError) -> StoreUnusable:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreUnusable("The disk that holds the data folder is full.", remedy="Make room and start again.")
    if code == sqlite3.SQLITE_IOERR:
        return StoreUnusable(
            f"The database {path} cannot be read or written: {error}.",
            remedy="Check the disk that holds it: is it full, is it well?",
        )
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return StoreUnusable(
            f"The database {path} cannot be opened for writing: {error}.",
            remedy="Give this user the right to read and write the data folder and its files.",
        )
    return StoreUnusable(
        f"The database {path} is damaged or not a Blogen database: {error}.",
        remedy="It was left as it is. Put a copy from `backups/` in its place, or start with a new folder.",
    )
