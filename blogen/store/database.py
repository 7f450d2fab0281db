"""The database: one writer with group commit, read connections beside it.

A coroutine takes all writes that are pending, runs them as one transaction in one hop to the connection's thread,
commits once, then resolves each caller's future; what arrives during a commit is the next batch. There is no timer
and no limit: alone, a write is one commit; with 500 callers, 500 writes share one.

Two forms of write stand in the same batch:

* `Rows`: the few statements that every step of every job does. Each changes exactly one row, and a batch runs each
  statement once over all its callers (`executemany`), which is where the speed comes from.
* a plain function of a `Transaction`: everything else, in a savepoint of its own.

One bad write fails alone: if the batch cannot be done as one, it is done again member by member.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import aiosqlite

from blogen.clock import Clock, SystemClock
from blogen.errors import BlogenError, StoreUnavailable
from blogen.events import Bus, Event, StoreFailed, StoreHealed

T = TypeVar("T")
Params = Sequence[object]

_READERS = 2
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA busy_timeout = 5000",
)
_TRANSIENT = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY,
                        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM})  # fmt: skip


class Stale(Exception):
    """A statement of `Rows` did not change exactly one row: what it expected is no longer so."""


class Rows:
    """Statements that are run often; each changes exactly one row, or the write is refused as `Stale`."""

    __slots__ = ("statements",)

    def __init__(self, *statements: str) -> None:
        self.statements = statements


class Transaction:
    """What a write may do. It may run more than once, so it touches nothing but the transaction."""

    __slots__ = ("_connection", "events", "now_ms")

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._connection = connection
        self.now_ms = now_ms
        self.events: list[Event] = []

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run one statement; the number of rows it changed."""
        return sqlite3.Connection.execute(self._connection, sql, tuple(params)).rowcount

    def query(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        return sqlite3.Connection.execute(self._connection, sql, tuple(params)).fetchall()

    def publish(self, event: Event) -> None:
        """Let `event` be known once this transaction is committed."""
        self.events.append(event)


class _Write(NamedTuple):
    """A write that waits for its batch: either `rows` with `params` and `event`, or `work`."""

    future: "asyncio.Future[Any]"
    rows: Rows | None
    params: tuple[Params, ...]
    event: Event | None
    work: Callable[[Transaction], Any] | None


class _Outcome(NamedTuple):
    value: Any
    events: Sequence[Event]
    error: Exception | None


class _Batch:
    """One turn of the writer. Runs in the connection's thread."""

    def __init__(self, writes: list[_Write], now_ms: int) -> None:
        self.writes = writes
        self._now_ms = now_ms

    def run(self, connection: sqlite3.Connection) -> list[_Outcome]:
        """The outcome of each write, in order; those without an error are committed."""
        for attempt in (self._as_one, self._each_isolated):
            try:
                return attempt(connection)
            except Exception:
                _roll_back(connection)
        return [self._alone(connection, write) for write in self.writes]

    def _as_one(self, connection: sqlite3.Connection) -> list[_Outcome]:
        _plain(connection, "BEGIN IMMEDIATE")
        by_shape: dict[Rows, list[tuple[Params, ...]]] = {}
        for write in self.writes:
            if write.rows is not None:
                by_shape.setdefault(write.rows, []).append(write.params)
        for rows, params in by_shape.items():
            for statement, values in zip(rows.statements, zip(*params, strict=True), strict=True):
                if connection.executemany(statement, values).rowcount != len(params):
                    raise Stale
        outcomes = [
            _Outcome(None, () if write.event is None else (write.event,), None)
            if write.work is None
            else self._isolated(connection, write)
            for write in self.writes
        ]
        _plain(connection, "COMMIT")
        return outcomes

    def _each_isolated(self, connection: sqlite3.Connection) -> list[_Outcome]:
        _plain(connection, "BEGIN IMMEDIATE")
        outcomes = [self._isolated(connection, write) for write in self.writes]
        _plain(connection, "COMMIT")
        return outcomes

    def _isolated(self, connection: sqlite3.Connection, write: _Write) -> _Outcome:
        _plain(connection, "SAVEPOINT one")
        try:
            outcome = self._perform(connection, write)
        except Exception as error:
            if not connection.in_transaction:
                raise  # SQLite gave the whole transaction up, e.g. because the disk is full
            _plain(connection, "ROLLBACK TO one")
            outcome = _Outcome(None, (), error)
        _plain(connection, "RELEASE one")
        return outcome

    def _alone(self, connection: sqlite3.Connection, write: _Write) -> _Outcome:
        try:
            _plain(connection, "BEGIN IMMEDIATE")
            outcome = self._perform(connection, write)
            _plain(connection, "COMMIT")
        except Exception as error:
            _roll_back(connection)
            return _Outcome(None, (), error)
        return outcome

    def _perform(self, connection: sqlite3.Connection, write: _Write) -> _Outcome:
        transaction = Transaction(connection, self._now_ms)
        if write.work is not None:
            return _Outcome(write.work(transaction), transaction.events, None)
        assert write.rows is not None
        for statement, params in zip(write.rows.statements, write.params, strict=True):
            if transaction.execute(statement, params) != 1:
                raise Stale
        return _Outcome(None, () if write.event is None else (write.event,), None)


class _WriterConnection(sqlite3.Connection):
    """Runs a whole batch where a statement is expected: one hop a batch with aiosqlite's public interface alone."""

    def execute(self, sql: Any, parameters: Any = (), /) -> Any:
        return _Answer(sql.run(self)) if isinstance(sql, _Batch) else super().execute(sql, parameters)


class _Answer(NamedTuple):
    outcomes: list[_Outcome]

    def fetchall(self) -> list[_Outcome]:
        return self.outcomes


def _plain(connection: sqlite3.Connection, sql: str) -> None:
    sqlite3.Connection.execute(connection, sql)


def _roll_back(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            _plain(connection, "ROLLBACK")


class Database:
    """Open it with `Database.open`; `close` it at the end."""

    def __init__(
        self, writer: aiosqlite.Connection, readers: list[aiosqlite.Connection], clock: Clock, bus: Bus
    ) -> None:
        self._connection = writer
        self._readers = readers
        self._turn = 0
        self._clock = clock
        self._bus = bus
        self._pending: list[_Write] = []
        self._arrived = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._failure: str | None = None
        self._writing = asyncio.create_task(self._write_batches(), name="database writer")

    @classmethod
    async def open(cls, path: Path, *, clock: Clock | None = None, bus: Bus | None = None) -> "Database":
        """Open a database whose schema is up to date (see `migrate`)."""
        writer = await aiosqlite.connect(path, isolation_level=None, factory=_WriterConnection, cached_statements=256)
        writer.row_factory = sqlite3.Row
        pragmas = (*_PRAGMAS, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA cache_size = -16000")
        for pragma in pragmas:
            await writer.execute_fetchall(pragma)
        readers = []
        for _ in range(_READERS):
            reader = await aiosqlite.connect(f"file:{_quoted(path)}?mode=ro", uri=True, isolation_level=None)
            reader.row_factory = sqlite3.Row
            for pragma in (*_PRAGMAS, "PRAGMA query_only = ON", "PRAGMA cache_size = -4000"):
                await reader.execute_fetchall(pragma)
            readers.append(reader)
        return cls(writer, readers, clock or SystemClock(), bus or Bus())

    async def read(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        """The rows of one query, in one hop, beside the writer."""
        self._turn = (self._turn + 1) % len(self._readers)
        return list(await self._readers[self._turn].execute_fetchall(sql, tuple(params)))

    async def read_one(self, sql: str, params: Params = ()) -> sqlite3.Row | None:
        rows = await self.read(sql, params)
        return rows[0] if rows else None

    def write(self, work: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        """Run `work` in the next batch; await what is returned for its value, which is then durable.

        Raises what `work` raised, or StoreUnavailable if the disk or the file fails for now.
        """
        return self._enlist(None, (), None, work)

    def write_rows(self, rows: Rows, *params: Params, event: Event | None = None) -> "asyncio.Future[None]":
        """Run the statements of `rows`, each with its own parameters. Raises Stale or StoreUnavailable."""
        return self._enlist(rows, params, event, None)

    def _enlist(
        self,
        rows: Rows | None,
        params: tuple[Params, ...],
        event: Event | None,
        work: Callable[[Transaction], T] | None,
    ) -> "asyncio.Future[T]":
        if self._closing:
            raise StoreUnavailable("The database is being closed.", remedy="Start Blogen again.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._pending.append(_Write(future, rows, params, event, work))
        if len(self._pending) == 1:
            self._arrived.set()
        return future

    async def _write_batches(self) -> None:
        while self._pending or not self._closing:
            if not self._pending:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            batch, self._pending = self._pending, []
            self._resolve(batch, await self._run(batch))

    async def _run(self, batch: list[_Write]) -> Iterable[_Outcome]:
        try:
            work: Any = _Batch(batch, self._clock.now_ms())
            return await self._connection.execute_fetchall(work)  # type: ignore[return-value]
        except Exception as error:  # the connection's thread itself is broken: every caller must hear of it
            return [_Outcome(None, (), error)] * len(batch)

    def _resolve(self, batch: list[_Write], outcomes: Iterable[_Outcome]) -> None:
        publish = self._bus.publish
        failure: str | None = None
        for write, outcome in zip(batch, outcomes, strict=True):
            error = outcome.error
            if error is None:
                for event in outcome.events:
                    publish(event)
                if not write.future.done():
                    write.future.set_result(outcome.value)
                continue
            if isinstance(error, sqlite3.OperationalError) and _primary_code(error) in _TRANSIENT:
                failure = f"{error}"
                error = _unavailable(error)
            if not write.future.done():
                write.future.set_exception(error)
        self._note_health(failure)

    def _note_health(self, failure: str | None) -> None:
        if failure and not self._failure:
            self._bus.publish(StoreFailed(failure))
        elif self._failure and not failure:
            self._bus.publish(StoreHealed())
        self._failure = failure

    @property
    def failure(self) -> str | None:
        """Why the last batch could not be written, or None."""
        return self._failure

    async def problem(self) -> str | None:
        """What keeps the database from being read and written now, or None. Tries both."""
        try:
            await self.read("SELECT 1")
            await self.write(lambda tx: tx.execute("UPDATE schema_migrations SET version = version WHERE version = 1"))
        except (BlogenError, sqlite3.Error) as error:
            return str(error)
        return None

    async def close(self) -> None:
        """Write what is pending, tidy up, close."""
        self._closing = True
        self._arrived.set()
        await self._writing
        for reader in self._readers:
            await reader.close()
        with contextlib.suppress(sqlite3.Error):
            await self._connection.execute_fetchall("PRAGMA optimize")
            await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        await self._connection.close()


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _unavailable(error: sqlite3.Error) -> BlogenError:
    if _primary_code(error) == sqlite3.SQLITE_FULL:
        return StoreUnavailable(
            "The disk that holds the data folder is full.", remedy="Make room; waiting jobs go on by themselves."
        )
    return StoreUnavailable(
        f"The database cannot be written: {error}.", remedy="Check the data folder's disk and rights; `blogen doctor`."
    )


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))
