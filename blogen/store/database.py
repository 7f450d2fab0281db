"""The database: one writer with group commit, read connections beside it.

Writes stand in a line that the connection's thread takes from. What has come when it begins is a batch: one hop, one
transaction, one commit, then each caller hears. What comes during a commit is in the next batch, which the thread
begins when it has ended the last, whatever the loop does. Alone, a write is one commit. A batch has a size at which the
next one begins, so that when thousands of callers come at once the first go on while the others are written. When they
come all the time but one by one, as they do while many jobs wait for slow services, `gather` has the thread wait a
moment for others to come: a commit of one costs half a millisecond of everyone's time where the loop is busy, and one
more write in it a tenth of that. How long is bearable follows from how often each of them writes.

Three forms of write stand in the same batch:

* `Rows`: the few statements that every step of every job does. Each changes exactly one row, and a batch runs each
  statement over all its callers at once, which is where the speed comes from.
* `Lines`: what many callers add to a log in one turn of the loop. It comes as one write, and nothing is asked of each.
* a plain function of a `Transaction`: everything else, in a savepoint of its own.

One bad write fails alone: if the batch cannot be done as one, it is done again member by member.
"""

import asyncio
import contextlib
import math
import re
import sqlite3
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import chain, count, islice, repeat
from operator import itemgetter
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

import aiosqlite

from blogen.clock import Clock, SystemClock
from blogen.errors import BlogenError, StoreUnavailable
from blogen.events import Bus, Event, StoreFailed, StoreHealed
from blogen.tuning import take_turns

T = TypeVar("T")
Params = Sequence[object]

_READERS = 2
BATCH_WRITES = 256
"""So many callers' writes are a commit; those of the others come in the next one."""
_WORTH_A_COMMIT = 64
"""So many writes wait for no more to come."""
_GATHER_SECONDS = (0.005, 0.05)
"""From one commit's beginning to the next, at least and at most, while writes are gathered."""
_BEARABLE = 0.01
"""Such a part of the time that passes between two writes of a writer, it may wait for those of others."""
_TURN_SECONDS = 0.002
"""So late the thread may come to its turn in the interpreter after a commit, while writes are gathered: a turn that it
does not wait for costs a busy loop a tenth of a millisecond. Where a whole batch waits already, it comes sooner."""
_RATE_SECONDS = 0.3
"""How far back the rate of writes is looked at."""
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA busy_timeout = 5000",
)
_WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -2000",
    "PRAGMA wal_autocheckpoint = 4000",
)
_READER_PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA cache_size = -2000")
_TRANSIENT = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY,
                        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM})  # fmt: skip


class Stale(Exception):
    """A statement did not change exactly one row, or a trigger raised 'stale': what was expected is no longer so."""


class AnyNumber(str):
    """A statement of `Rows` that may change no row, or several."""

    __slots__ = ()


class Append(str):
    """A statement of `Rows` that adds `VALUES (?, …)` to a log: those of a whole batch are run as one.

    They come after the other statements of the batch, except those of `Rows` that are run in order.
    """

    __slots__ = ()


class Rows:
    """Statements that are run often; each changes exactly one row, or the write is refused as `Stale`.

    A statement that takes its parameters as `VALUES (?, …)` is run for many callers as one statement with many rows:
    SQLite gives the interpreter up once, not once a row, so that the loop goes on meanwhile. Others run by
    `executemany`; so must one that may change the same row for two callers of a batch. Those that are `in_order` mind
    what their callers appended before.
    """

    __slots__ = ("_many", "appends", "in_order", "statements")

    def __init__(self, *statements: str, in_order: bool = False) -> None:
        self.statements = statements
        self.appends = all(isinstance(statement, Append) for statement in statements)
        """And does nothing else."""
        self.in_order = in_order
        self._many = [_VALUES.search(statement) for statement in statements]

    def run(self, connection: sqlite3.Connection, parts: "Sequence[Part]", appended: "_Appended") -> None:
        """Run each statement over all of `parts`, or add to `appended` what it appends. Raises Stale."""
        if self.in_order:
            _append(connection, appended)
        for number, (statement, values) in enumerate(zip(self.statements, self._many, strict=True)):
            params = list(map(itemgetter(number), map(_PARAMS_OF, parts)))
            if isinstance(statement, Append):
                appended.setdefault(statement, []).extend(chain.from_iterable(params))
            elif values is not None:
                _run_as_one(connection, statement, [*chain.from_iterable(params)])
            else:
                changed = connection.executemany(statement, params).rowcount
                if changed != len(params) and not isinstance(statement, AnyNumber):
                    raise Stale

    def run_once(self, connection: sqlite3.Connection, part: "Part") -> None:
        """Run each statement for one caller. Raises Stale."""
        for statement, params in zip(self.statements, part[1], strict=True):
            changed = _execute(connection, statement, tuple(params))
            if changed != 1 and not isinstance(statement, AnyNumber):
                raise Stale


def _execute(connection: sqlite3.Connection, statement: str, params: Params) -> int:
    """Run a statement; the number of rows it changed. Raises Stale if a trigger says so."""
    try:
        return connection.execute(statement, params).rowcount
    except sqlite3.IntegrityError as error:
        if str(error) == "stale":
            raise Stale from None
        raise


_VALUES = re.compile(r"\bVALUES (\([^()]*(?:\([^()]*\)[^()]*)*\))")
_SIZES = (1, 4, 16, 64, 256, 768)
"""So few that each statement stays prepared; 768 rows of 13 parameters are well below SQLite's limit."""


_Execute = Callable[[sqlite3.Connection, str, Params], int]
"""Runs a statement; how many rows it changed."""


def _run_as_one(
    connection: sqlite3.Connection, statement: str, params: list[object], execute: _Execute = _execute
) -> None:
    """Run a statement with `VALUES` over many rows, whose `params` come one after another. Raises Stale.

    It is one execution if there is a size for them: after each the thread has to wait for the interpreter, half a
    millisecond where the loop is busy. Rows of zeros, which fill up to the next size, cost next to nothing.
    """
    width = _width(statement)
    for start in range(0, len(params), _SIZES[-1] * width):
        chunk = params[start : start + _SIZES[-1] * width]
        rows = len(chunk) // width
        size = _SIZES[bisect_left(_SIZES, rows)]
        chunk.extend(repeat(0, (size - rows) * width))
        if execute(connection, _of_size(statement, size), chunk) != rows:
            raise Stale


_Appended: TypeAlias = dict[str, list[object]]
"""What is appended by each statement: the parameters of all its rows, one after another."""


def _append(connection: sqlite3.Connection, appended: _Appended) -> None:
    """Write what was appended so far."""
    for statement, params in appended.items():
        _run_as_one(connection, statement, params)
    appended.clear()


@cache
def _width(statement: str) -> int:
    """How many parameters a row of a statement with `VALUES` takes."""
    values = _VALUES.search(statement)
    assert values is not None
    return values[1].count("?")


@cache
def _of_size(statement: str, size: int) -> str:
    """`statement` for so many callers; one whose first parameter is 0 is nobody."""
    values = _VALUES.search(statement)
    assert values is not None
    marks = ", ".join("?" * _width(statement))
    many = f"VALUES {', '.join([f'({marks})'] * size)}"
    before, after = statement[: values.start()], statement[values.end() :]
    if statement.startswith("UPDATE"):
        return f"{before}{many}{after} AND new.column1 <> 0"
    numbers = count(1)
    columns = re.sub(r"\?", lambda _: f"column{next(numbers)}", values[1][1:-1])
    return f"{before}SELECT {columns} FROM ({many}) WHERE column1 <> 0{after}"


Part: TypeAlias = tuple[Rows, tuple[Params, ...], Event | None, bool]
"""A write of rows, the event that is a fact with them, and whether it is an outcome.

What became of a call is kept whatever else of its job can no longer be written. Three are made at every move of every
job: a plain tuple takes an eighth of the time of a named one.
"""


_ROWS_OF, _PARAMS_OF = itemgetter(0), itemgetter(1)
"""Of a part."""


class Transaction:
    """What a write may do. It may run more than once, so it touches nothing but the transaction."""

    __slots__ = ("_connection", "events", "now_ms")

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._connection = connection
        self.now_ms = now_ms
        self.events: list[Event] = []

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run one statement; the number of rows it changed. Raises Stale if a trigger says so."""
        return _execute(self._connection, sql, tuple(params))

    def query(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        return self._connection.execute(sql, tuple(params)).fetchall()

    def publish(self, event: Event) -> None:
        """Let `event` be known once this transaction is committed."""
        self.events.append(event)


Check = Callable[[Transaction, dict[Any, Any]], None]
"""Looks, in the transaction, whether a write may be made; raises a BlogenError if not.

What it learned, and what the write will change of that, it may note for the checks of the same batch.
"""

Done = Callable[[Exception | None], None]
"""Hears what became of a write: None once it is durable."""


class _RowWrites:
    """The pending writes whose parts are of the same `Rows`."""

    __slots__ = ("callers", "errors", "parts", "rows")

    def __init__(self, rows: Sequence[Rows]) -> None:
        self.rows = rows
        self.parts: list[Sequence[Part]] = []
        """What each caller writes."""
        self.callers: list[Done] = []
        self.errors: list[Exception | None] | None = None
        """None: all of them are committed."""


class Lines:
    """What many callers add to a log, as one write; each caller's lines are written all or none.

    `params` has all their rows one after another, `events` for each caller those that are facts with his, one a row.
    """

    __slots__ = ("done", "errors", "events", "params", "statement")

    def __init__(
        self,
        statement: Append,
        params: list[object],
        events: Sequence[Sequence[Event]],
        done: "Callable[[Lines], None]",
    ) -> None:
        self.statement = statement
        self.params = params
        self.events = events
        self.done = done
        """Is called once it is known what became of them."""
        self.errors: Sequence[Exception | None] | None = None
        """Of each caller. None: all of them are durable."""

    def of_each(self) -> Iterator[tuple[list[Params], Sequence[Event]]]:
        """Each caller's lines and events."""
        lines = iter(rows_of(self.statement, self.params))
        for events in self.events:
            yield list(islice(lines, len(events))), events


def rows_of(statement: str, params: Sequence[object]) -> list[Params]:
    """The rows whose parameters are given one after another."""
    width = _width(statement)
    return [params[start : start + width] for start in range(0, len(params), width)]


class _WorkWrite:
    """A pending function of a transaction, and what came of it."""

    __slots__ = ("error", "events", "future", "value", "work")

    def __init__(self, future: "asyncio.Future[Any]", work: Callable[[Transaction], Any]) -> None:
        self.future = future
        self.work = work
        self.value: Any = None
        self.events: Sequence[Event] = ()
        self.error: Exception | None = None


class _CheckedWrite:
    """A pending write of rows that is made if a check allows it, and what came of it."""

    __slots__ = ("check", "done", "error", "part")

    def __init__(self, check: Check, part: Part, done: Done) -> None:
        self.check = check
        self.part = part
        self.done = done
        self.error: Exception | None = None


_Write: TypeAlias = tuple[Sequence[Part], Done] | Lines | _CheckedWrite | _WorkWrite


_Make = Callable[[sqlite3.Connection, Callable[[], None]], Exception | None]
"""Makes one change; its error."""


class _Batch:
    """One turn of the writer: what had come when it began. Written in the connection's thread, resolved in the loop."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Rows, ...], _RowWrites] = {}
        self.lines: list[Lines] = []
        self.checked: list[_CheckedWrite] = []
        self.works: list[_WorkWrite] = []
        self.size = 0
        self._now_ms = 0

    def take(self, write: _Write) -> None:
        self.size += _size(write)
        if isinstance(write, Lines):
            self.lines.append(write)
        elif isinstance(write, tuple):
            parts, done = write
            rows = tuple(map(_ROWS_OF, parts))
            writes = self.rows.get(rows)
            if writes is None:
                writes = self.rows[rows] = _RowWrites(rows)
            writes.callers.append(done)
            writes.parts.append(parts)
        elif isinstance(write, _CheckedWrite):
            self.checked.append(write)
        else:
            self.works.append(write)

    @property
    def hurried(self) -> int:
        """How many of its writes wait for nobody."""
        return len(self.checked) + len(self.works)

    def run(self, connection: sqlite3.Connection, now_ms: int) -> None:
        """Commit all writes that can be; the others have their error."""
        self._now_ms = now_ms
        for attempt in (self._as_one, self._each_isolated):
            try:
                attempt(connection)
            except Exception:
                _roll_back(connection)
            else:
                return
        self._each_alone(connection)

    def fail(self, error: Exception) -> None:
        """Nothing could be done at all: everyone hears the same."""
        for writes in self.rows.values():
            writes.errors = [error] * len(writes.callers)
        for lines in self.lines:
            lines.errors = [error] * len(lines.events)
        for checked in self.checked:
            checked.error = error
        for write in self.works:
            write.error = error

    def _as_one(self, connection: sqlite3.Connection) -> None:
        appended: _Appended = {}
        if self._appends():
            self._run_rows(connection, appended)
            [(statement, params), *others] = appended.items()
            if not others and len(params) <= _SIZES[-1] * _width(statement):
                _run_as_one(connection, statement, params, _commit)
                return
            connection.execute("BEGIN IMMEDIATE")
        else:
            connection.execute("BEGIN IMMEDIATE")
            self._run_rows(connection, appended)
            self._run_checked(connection, appended)
        _append(connection, appended)
        for write in self.works:
            write.error = _isolated(connection, partial(self._work, connection, write))
        _commit(connection)

    def _appends(self) -> bool:
        """Whether it does nothing but append."""
        return not (self.works or self.checked) and all(rows.appends for of_some in self.rows for rows in of_some)

    def _run_rows(self, connection: sqlite3.Connection, appended: _Appended) -> None:
        for lines in self.lines:
            appended.setdefault(lines.statement, []).extend(lines.params)
        for writes in self.rows.values():
            for place, rows in enumerate(writes.rows):
                rows.run(connection, list(map(itemgetter(place), writes.parts)), appended)

    def _each_isolated(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        self._each(connection, _isolated)
        _commit(connection)

    def _each_alone(self, connection: sqlite3.Connection) -> None:
        self._each(connection, _alone)

    def _each(self, connection: sqlite3.Connection, make: "_Make") -> None:
        """Make every caller's change by itself, and note its error."""
        for writes in self.rows.values():
            writes.errors = [make(connection, partial(_run_once, connection, parts)) for parts in writes.parts]
        for lines in self.lines:
            one_by_one = partial(_append_once, connection, lines.statement)
            lines.errors = [make(connection, partial(one_by_one, its_own)) for its_own, _ in lines.of_each()]
        for checked in self.checked:
            checked.error = make(connection, partial(self._run_checked_once, connection, checked))
        for write in self.works:
            write.error = make(connection, partial(self._work, connection, write))

    def _run_checked(self, connection: sqlite3.Connection, appended: _Appended) -> None:
        """After the other rows: what they make room for may be used."""
        transaction, known = Transaction(connection, self._now_ms), dict[Any, Any]()
        allowed: dict[Rows, list[Part]] = {}
        refused = []
        for write in self.checked:
            write.error = None
            try:
                write.check(transaction, known)
            except BlogenError:
                refused.append(write)
            else:
                allowed.setdefault(write.part[0], []).append(write.part)
        for rows, parts in allowed.items():
            rows.run(connection, parts, appended)
        for write in refused:  # once more, now that the others' rows are there to be seen and told of
            try:
                write.check(transaction, {})
            except BlogenError as error:
                write.error = error
            else:
                write.part[0].run(connection, [write.part], appended)

    def _run_checked_once(self, connection: sqlite3.Connection, write: _CheckedWrite) -> None:
        write.check(Transaction(connection, self._now_ms), {})
        write.part[0].run_once(connection, write.part)

    def _work(self, connection: sqlite3.Connection, write: _WorkWrite) -> None:
        transaction = Transaction(connection, self._now_ms)
        write.value = write.work(transaction)
        write.events = transaction.events


def _size(write: _Write) -> int:
    """How many callers wait for it."""
    return len(write.events) if isinstance(write, Lines) else 1


def _append_once(connection: sqlite3.Connection, statement: str, lines: Iterable[Params]) -> None:
    for line in lines:
        if _execute(connection, statement, line) != 1:
            raise Stale


def _run_once(connection: sqlite3.Connection, parts: Sequence[Part]) -> None:
    for part in parts:
        part[0].run_once(connection, part)


def _isolated(connection: sqlite3.Connection, change: Callable[[], None]) -> Exception | None:
    """Make one change in a savepoint; its error, after which the rest of the transaction goes on."""
    connection.execute("SAVEPOINT one")
    failed: Exception | None = None
    try:
        change()
    except Exception as error:
        if not connection.in_transaction:
            raise  # SQLite gave the whole transaction up, e.g. because the disk is full
        connection.execute("ROLLBACK TO one")
        failed = error
    connection.execute("RELEASE one")
    return failed


def _alone(connection: sqlite3.Connection, change: Callable[[], None]) -> Exception | None:
    """Make one change in a transaction of its own; its error."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        change()
        _commit(connection)
    except Exception as error:
        _roll_back(connection)
        return error
    return None


class _Pace:
    """How long a commit may wait for others' writes, which follows from how often they come."""

    def __init__(self) -> None:
        self.regulars = 0
        """So many write again and again, each after a while of its own; their writes are gathered."""
        self._rate = 0.0
        """Writes a second."""
        self._begun = -math.inf

    def note(self, begun: float, written: int) -> None:
        """A commit of so many writes begins; `begun` is monotonic."""
        passed = max(begun - self._begun, 1e-6)
        kept = math.exp(-passed / _RATE_SECONDS)
        self._rate = self._rate * kept + written / passed * (1 - kept)
        self._begun = begun

    def seconds(self) -> float:
        """From one commit's beginning to the next."""
        # So many that write so often in all: each writes after so many seconds (Little's law).
        shortest, longest = _GATHER_SECONDS
        bearable = _BEARABLE * self.regulars / self._rate if self._rate else longest
        return min(max(bearable, shortest), longest)

    def seconds_left(self, now: float) -> float:
        """Until the next commit has to begin."""
        return self.seconds() - (now - self._begun)


class _Reader(sqlite3.Connection):
    """Ready once it is there: a hop for each of its settings would take longer than they do."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, isolation_level=None, **options)
        self.row_factory = sqlite3.Row
        for pragma in (*_PRAGMAS, *_READER_PRAGMAS):
            self.execute(pragma)


class _Writer:
    """The connection that writes, in a thread of its own: it begins what has come whatever the loop does."""

    def __init__(self, path: Path, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._coming: SimpleQueue[_Write | None] = SimpleQueue()
        """What is not begun yet; None: that was all."""
        self._next_write: _Write | None = None
        """The last batch had no room for it."""
        self._came = self._taken = 0
        """How many callers there were, and how many of them are in a batch that was begun."""
        self.pace = _Pace()
        self._is_gathering = False
        self._has_enough = threading.Event()
        self._hurried = self._hurried_taken = 0
        """How many writes that wait for nobody came, and how many of them are begun."""
        # Opened by one thread and used by another, never by two at a time.
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        for pragma in (*_PRAGMAS, *_WRITER_PRAGMAS):
            self._connection.execute(pragma)

    def start(self, resolve: Callable[[_Batch], None]) -> None:
        """Write what comes; `resolve` is called in the loop with each batch that is ended."""
        self._thread = threading.Thread(target=self._serve, args=(resolve,), name="database writer", daemon=True)
        self._thread.start()

    def put(self, write: _Write) -> None:
        self._came += _size(write)
        self._coming.put(write)
        if self._is_gathering and self._is_enough():
            self._has_enough.set()

    def put_hurried(self, write: _CheckedWrite | _WorkWrite) -> None:
        """Write what waits for nobody."""
        self._hurried += 1
        self.put(write)

    def close(self) -> None:
        """Write what has come, tidy up, close. Blocks."""
        self._coming.put(None)
        self._has_enough.set()
        self._thread.join()
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _serve(self, resolve: Callable[[_Batch], None]) -> None:
        while (batch := self._next()) is not None:
            try:
                batch.run(self._connection, self._clock.now_ms())
            except Exception as error:  # every caller must hear of it
                batch.fail(error)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(resolve, batch)

    def _next(self) -> _Batch | None:
        """All that has come, as far as a batch has room; None at the end. Waits for the first."""
        write, self._next_write = self._next_write or self._coming.get(), None
        if write is None:
            return None
        if self.pace.regulars and isinstance(write, tuple | Lines):
            self._gather()
        batch, begun = _Batch(), time.monotonic()
        batch.take(write)
        with contextlib.suppress(Empty):
            while batch.size < BATCH_WRITES:
                write = self._coming.get_nowait()
                if write is None:
                    self._coming.put(None)  # for the next turn
                    break
                if batch.size + _size(write) > BATCH_WRITES:
                    self._next_write = write
                    break
                batch.take(write)
        self._taken += batch.size
        self._hurried_taken += batch.hurried
        self.pace.note(begun, batch.size)
        if self.pace.regulars:
            take_turns(_TURN_SECONDS if self._came - self._taken < BATCH_WRITES else 0.0)
        return batch

    def _gather(self) -> None:
        """Wait until there is enough for a commit, as long as is bearable, or until one comes who is no regular."""
        left = self.pace.seconds_left(time.monotonic())
        if left <= 0:
            return
        self._is_gathering = True
        if not self._is_enough():  # what came before this was said told nobody
            self._has_enough.wait(left)
        self._is_gathering = False
        self._has_enough.clear()

    def _is_enough(self) -> bool:
        return self._came - self._taken >= _WORTH_A_COMMIT or self._hurried != self._hurried_taken


def _commit(connection: sqlite3.Connection, last: str = "COMMIT", params: Params = ()) -> int:
    """What makes every transaction durable: the statement that ends it, or is all of it. How many rows it changed."""
    return connection.execute(last, params).rowcount


def _roll_back(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class Database:
    """Open it with `Database.open`; `close` it at the end."""

    def __init__(self, path: Path, writer: _Writer, readers: list[aiosqlite.Connection], bus: Bus) -> None:
        self._path = path
        self._writer = writer
        self._readers = readers
        self._looking_up: sqlite3.Connection | None = None
        self._turn = 0
        self._bus = bus
        self.loop = asyncio.get_running_loop()
        """The one that it belongs to."""
        self._closing = False
        self._failure: str | None = None
        writer.start(self._resolve)

    @classmethod
    async def open(cls, path: Path, *, clock: Clock | None = None, bus: Bus | None = None) -> "Database":
        """Open a database whose schema is up to date (see `migrate`)."""
        loop = asyncio.get_running_loop()
        writer = await asyncio.to_thread(_Writer, path, clock or SystemClock(), loop)
        connecting = (aiosqlite.connect(_read_only(path), uri=True, factory=_Reader) for _ in range(_READERS))
        readers = await asyncio.gather(*connecting)
        return cls(path, writer, readers, bus or Bus())

    async def read(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        """The rows of one query, in one hop, beside the writer."""
        self._turn = (self._turn + 1) % len(self._readers)
        return list(await self._readers[self._turn].execute_fetchall(sql, tuple(params)))

    async def read_one(self, sql: str, params: Params = ()) -> sqlite3.Row | None:
        rows = await self.read(sql, params)
        return rows[0] if rows else None

    async def look_up(self, sql: str, params: Params = ()) -> list[sqlite3.Row]:
        """As `read`, for a few rows named by their keys: in the loop, since the hop takes ten times as long as they do.

        No list is walked here: a page that is not in memory lets everyone wait for the disk.
        """
        if self._looking_up is None:
            self._looking_up = _Reader(_read_only(self._path), uri=True)
            self._looking_up.execute("PRAGMA busy_timeout = 0")
        try:
            return self._looking_up.execute(sql, tuple(params)).fetchall()
        except sqlite3.OperationalError:  # locked for a moment: that is waited for elsewhere
            return await self.read(sql, params)

    def version(self) -> int | None:
        """Another number once anything was committed since, by whomever, other processes included.

        What was looked up after it was read holds for as long as it stays. None: it cannot be told at this moment.
        """
        if self._looking_up is None:
            return None
        try:
            number: int = self._looking_up.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.OperationalError:
            return None
        return number

    async def look_up_one(self, sql: str, params: Params = ()) -> sqlite3.Row | None:
        rows = await self.look_up(sql, params)
        return rows[0] if rows else None

    def gather(self, regulars: int) -> None:
        """Let writes of rows wait a moment for others: so many write again and again, each after a while of its own.

        How long follows from how often they do. 0: nobody waits. Who writes a function waits for nobody.
        """
        self._writer.pace.regulars = regulars
        if not regulars:
            take_turns()

    def write(self, work: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        """Run `work` in the next batch; await what is returned for its value, which is then durable.

        Raises what `work` raised, or StoreUnavailable if the disk or the file fails for now.
        """
        future: asyncio.Future[T] = self.loop.create_future()
        self._put(_WorkWrite(future, work))
        return future

    def write_rows(self, rows: Rows, *params: Params, event: Event | None = None) -> "asyncio.Future[None]":
        """Run the statements of `rows`, each with its own parameters. Raises Stale or StoreUnavailable."""
        future: asyncio.Future[None] = self.loop.create_future()
        self.write_parts(((rows, params, event, False),), partial(_resolve, future, None))
        return future

    def write_aside(self, sql: str, params: Params) -> None:
        """Write without waiting: a full disk must not keep anyone out."""
        try:
            written = self.write(lambda tx: tx.execute(sql, params))
        except BlogenError:
            return
        written.add_done_callback(lambda done: done.cancelled() or done.exception())

    def write_if(self, check: Check, part: Part) -> "asyncio.Future[None]":
        """Write `part` if `check` allows it. Raises what `check` raised, Stale or StoreUnavailable."""
        future: asyncio.Future[None] = self.loop.create_future()
        self._put(_CheckedWrite(check, part, partial(_resolve, future, None)))
        return future

    def write_parts(self, parts: Sequence[Part], done: Done) -> None:
        """Write all of `parts` or none, then call `done`. Raises StoreUnavailable while closing."""
        if self._closing:
            raise _closed()
        self._writer.put((parts, done))

    def write_lines(self, lines: Lines) -> None:
        """Write each caller's lines, then call `lines.done`. Raises StoreUnavailable while closing."""
        if self._closing:
            raise _closed()
        self._writer.put(lines)

    def _put(self, write: _CheckedWrite | _WorkWrite) -> None:
        if self._closing:
            raise _closed()
        self._writer.put_hurried(write)

    def _resolve(self, batch: _Batch) -> None:
        failures: list[str] = []
        for writes in batch.rows.values():
            if writes.errors is None:
                self._bus.publish(*_events(chain.from_iterable(writes.parts)))
                for done in writes.callers:
                    done(None)
            else:
                for done, parts, error in zip(writes.callers, writes.parts, writes.errors, strict=True):
                    self._settle(done, _events(parts), error, failures)
        for lines in batch.lines:
            if lines.errors is None:
                self._bus.publish(*chain.from_iterable(lines.events))
            else:
                lines.errors = [
                    self._noted(error, events, failures)
                    for error, events in zip(lines.errors, lines.events, strict=True)
                ]
            lines.done(lines)
        for checked in batch.checked:
            self._settle(checked.done, _events((checked.part,)), checked.error, failures)
        for write in batch.works:
            self._settle(partial(_resolve, write.future, write.value), write.events, write.error, failures)
        self._note_health(failures[0] if failures else None)

    def _settle(self, done: Done, events: Sequence[Event], error: Exception | None, failures: list[str]) -> None:
        done(self._noted(error, events, failures))

    def _noted(self, error: Exception | None, events: Sequence[Event], failures: list[str]) -> Exception | None:
        """Let the events of a write be known, or note why it failed; what its caller hears."""
        if error is None:
            self._bus.publish(*events)
        elif isinstance(error, sqlite3.OperationalError) and _primary_code(error) in _TRANSIENT:
            failures.append(str(error))
            return _unavailable(error)
        return error

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
        await asyncio.to_thread(self._writer.close)
        for reader in self._readers:
            await reader.close()
        if self._looking_up is not None:
            self._looking_up.close()


def _events(parts: Iterable[Part]) -> list[Event]:
    return [event for _, _, event, _ in parts if event is not None]


def _resolve(future: "asyncio.Future[Any]", value: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


def _closed() -> BlogenError:
    return StoreUnavailable("The database is being closed.", remedy="Start Blogen again.")


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


def _read_only(path: Path) -> str:
    return f"file:{_quoted(path)}?mode=ro"


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))
