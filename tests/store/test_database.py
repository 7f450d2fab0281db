"""The group-committing writer: many callers share a commit, and a bad write fails alone."""

import asyncio
import math
import sqlite3
import sys
import threading
from itertools import groupby

import pytest

from blogen.errors import NotFound, StoreUnavailable
from blogen.events import Bus, PostChanged, StoreFailed, StoreHealed
from blogen.store import database as store
from blogen.store.database import BATCH_WRITES, Append, Database, Rows, Stale, _Pace
from blogen.tuning import take_turns
from tests.fresh import prepare

INTO_LEDGER = "INSERT INTO ledger (job_id, at, step, run, provider, counted_usd_micros)"
PUT = Rows(f"{INTO_LEDGER} VALUES (?, ?, hex(randomblob(8)), 1, '', ?)")
SET = Rows("UPDATE ledger SET counted_usd_micros = ? WHERE job_id = ? AND counted_usd_micros = ?")


@pytest.fixture
async def database(tmp_path):
    prepare(tmp_path / "blogen.db")
    made = await Database.open(tmp_path / "blogen.db", bus=Bus())
    yield made
    await made.close()


async def spending(database):
    return {row["job_id"]: row["counted_usd_micros"] for row in await database.read("SELECT * FROM ledger")}


async def test_what_was_written_is_there_for_readers_once_the_write_is_awaited(database):
    for number in range(20):
        await database.write_rows(PUT, (str(number), 0, number))
        row = await database.read_one("SELECT counted_usd_micros FROM ledger WHERE job_id = ?", (str(number),))
        assert row["counted_usd_micros"] == number


async def test_what_is_looked_up_in_the_loop_is_what_was_written_last_and_cannot_be_written(database):
    threads = threading.active_count()
    for number in range(20):
        await database.write_rows(PUT, (str(number), 0, number))
        row = await database.look_up_one("SELECT counted_usd_micros FROM ledger WHERE job_id = ?", (str(number),))
        assert row["counted_usd_micros"] == number
    assert await database.look_up_one("SELECT 1 FROM ledger WHERE job_id = ?", ("unknown",)) is None
    assert threading.active_count() == threads
    with pytest.raises(sqlite3.OperationalError):
        await database.look_up("DELETE FROM ledger")


async def test_concurrent_writes_share_commits(database, tmp_path):
    """While the thread is in one batch, those who come meanwhile share the next ones, as many as these hold."""
    statements = []
    has_begun, may_go_on = threading.Event(), threading.Event()

    def hold(tx):
        tx._connection.set_trace_callback(statements.append)
        has_begun.set()
        assert may_go_on.wait(60)

    held = database.write(hold)
    assert await asyncio.to_thread(has_begun.wait, 60)
    writes = [database.write_rows(PUT, (str(number), 0, number)) for number in range(300)]
    may_go_on.set()
    await asyncio.gather(held, *writes)
    assert statements.count("COMMIT") == 1 + math.ceil(300 / BATCH_WRITES)
    assert len(await spending(database)) == 300


SPEND = Rows(
    "UPDATE ledger SET counted_usd_micros = new.column1 FROM (VALUES (?, ?)) AS new WHERE job_id = new.column2",
    Append(f"{INTO_LEDGER} VALUES (?, ?, nullif(?, ''), 1, 'told', ?)"),
)


@pytest.mark.parametrize("callers", [1, 2, 5, 100, 300])
async def test_a_batch_runs_each_statement_once_and_writes_for_its_callers_alone(database, monkeypatch, callers):
    monkeypatch.setattr(store, "BATCH_WRITES", 1000)
    names = [str(number) for number in range(callers)]
    await asyncio.gather(*(database.write_rows(PUT, (name, 0, 1)) for name in names))
    ran = []
    has_begun, may_go_on = threading.Event(), threading.Event()

    def hold(tx):
        has_begun.set()
        assert may_go_on.wait(60)
        tx._connection.set_trace_callback(lambda statement: ran.append(statement))

    held = database.write(hold)
    assert await asyncio.to_thread(has_begun.wait, 60)
    spent = [database.write_rows(SPEND, (2, name), (name, 0, f"step {name}", 3)) for name in names]
    may_go_on.set()
    await asyncio.gather(held, *spent)
    await database.write(lambda tx: tx._connection.set_trace_callback(None))
    different = [text.split()[0] for text, _ in groupby(ran)]  # SQLite tells of one run several times
    assert different[different.index("BEGIN") :][:4] == ["BEGIN", "UPDATE", "INSERT", "COMMIT"]
    rows = await database.read("SELECT job_id, counted_usd_micros, step FROM ledger ORDER BY id")
    assert [(row[0], row[1]) for row in rows] == [(name, 2) for name in names] + [(name, 3) for name in names]
    assert [row[2] for row in rows[callers:]] == [f"step {name}" for name in names]


async def test_writes_that_come_one_by_one_are_gathered_until_a_commit_is_worth_it(database, monkeypatch):
    monkeypatch.setattr(store, "_GATHER_SECONDS", (3600, 3600))
    database.gather(100)
    async with asyncio.timeout(60):
        await database.write_rows(PUT, ("first", 0, 1))  # nobody came before it: it does not wait
    statements = []
    await database.write(lambda tx: tx._connection.set_trace_callback(statements.append))
    writes = []
    for number in range(store._WORTH_A_COMMIT):
        assert statements.count("COMMIT") == 1
        writes.append(database.write_rows(PUT, (str(number), 0, number)))
        await database.read("SELECT 1")  # time goes by
    await asyncio.gather(*writes)
    assert statements.count("COMMIT") == 2
    assert len(await spending(database)) == 1 + len(writes)


@pytest.mark.parametrize("comes", ["while the thread waits", "before it begins to"])
async def test_who_is_no_regular_waits_for_nobody_and_takes_along_those_who_wait(database, monkeypatch, comes):
    has_come, waits = threading.Event(), threading.Event()

    def seconds_left(_self: _Pace, _now: float) -> float:
        if comes == "before it begins to":
            assert has_come.wait(60)
        return 3600

    def wait(seconds: float) -> bool:
        waits.set()
        return asked(seconds)

    asked = database._writer._has_enough.wait
    monkeypatch.setattr(_Pace, "seconds_left", seconds_left)
    monkeypatch.setattr(database._writer._has_enough, "wait", wait)
    database.gather(100)
    waiting = database.write_rows(PUT, ("first", 0, 1))
    if comes == "while the thread waits":
        assert await asyncio.to_thread(waits.wait, 60)
    written = database.write(lambda tx: tx.now_ms)
    has_come.set()
    async with asyncio.timeout(60):
        await written
        await waiting
    assert waits.is_set() is (comes == "while the thread waits")


@pytest.mark.parametrize(
    ("writers", "rate", "seconds"), [(2000, 200, 0.05), (2000, 1000, 0.02), (2000, 2000, 0.01), (500, 20_000, 0.005)]
)
def test_the_oftener_each_writes_the_shorter_they_wait_for_one_another(writers, rate, seconds):
    pace, now = _Pace(), 1000.0
    pace.regulars = writers
    for _ in range(300):
        now += 0.01
        pace.note(now, rate // 100)
    assert pace.seconds_left(now) == pytest.approx(seconds, rel=0.01)


def test_a_wave_of_writes_is_not_kept_waiting_at_its_end():
    pace, now = _Pace(), 1000.0
    pace.regulars = 2000
    for _ in range(5):  # as many steps as jobs in 0.2 s, then a pause until their services have answered
        for _ in range(20):
            now += 0.01
            pace.note(now, 100)
        assert pace.seconds_left(now) < 0.01
        now += 1.8


async def test_one_bad_row_fails_alone(database):
    writes = [database.write_rows(PUT, (str(number), 0, -1 if number == 7 else number)) for number in range(20)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert [number for number, answer in enumerate(answers) if answer is not None] == [7]
    assert isinstance(answers[7], sqlite3.IntegrityError)
    assert sorted(map(int, await spending(database))) == [number for number in range(20) if number != 7]


async def test_of_two_that_compare_and_set_the_same_row_one_wins(database):
    await database.write_rows(PUT, ("a", 0, 1))
    answers = await asyncio.gather(
        *[database.write_rows(SET, (value, "a", 1)) for value in (2, 3)], return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "Stale"]
    assert any(isinstance(answer, Stale) for answer in answers)
    assert await spending(database) == {"a": 2 if answers[0] is None else 3}


async def test_a_function_that_raises_is_undone_and_its_neighbours_are_not(database):
    def good(tx):
        return tx.execute(f"{INTO_LEDGER} VALUES ('g', 0, hex(randomblob(8)), 1, '', 1)")

    def bad(tx):
        tx.execute(f"{INTO_LEDGER} VALUES ('b', 0, hex(randomblob(8)), 1, '', 1)")
        raise NotFound("no")

    answers = await asyncio.gather(
        database.write(good), database.write(bad), database.write_rows(PUT, ("r", 0, 1)), return_exceptions=True
    )
    assert answers[0] == 1
    assert isinstance(answers[1], NotFound)
    assert set(await spending(database)) == {"g", "r"}


async def test_events_leave_only_with_a_committed_write(tmp_path):
    prepare(tmp_path / "blogen.db")
    bus, heard = Bus(), []
    bus.subscribe(heard.append)
    database = await Database.open(tmp_path / "blogen.db", bus=bus)

    def bad(tx):
        tx.publish(PostChanged("never"))
        raise NotFound("no")

    await asyncio.gather(database.write(bad), return_exceptions=True)
    await database.write(lambda tx: tx.publish(PostChanged("done")))
    await database.write_rows(PUT, ("a", 0, 1), event=PostChanged("row"))
    assert heard == [PostChanged("done"), PostChanged("row")]
    await database.close()


async def test_a_caller_that_gives_up_disturbs_no_other(database):
    first = database.write_rows(PUT, ("a", 0, 1))
    second = database.write_rows(PUT, ("b", 0, 2))
    first.cancel()
    await second
    assert (await spending(database))["b"] == 2


async def test_readers_cannot_write(database):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read("DELETE FROM ledger")


async def test_a_full_disk_fails_writes_clearly_and_heals_when_there_is_room(tmp_path):
    prepare(tmp_path / "blogen.db")
    bus, heard = Bus(), []
    bus.subscribe(heard.append)
    database = await Database.open(tmp_path / "blogen.db", bus=bus)
    pages = (await database.write(lambda tx: tx.query("PRAGMA page_count")))[0][0]
    await database.write(lambda tx: tx._connection.execute(f"PRAGMA max_page_count = {pages + 4}"))
    answers = await asyncio.gather(
        *[database.write_rows(PUT, (str(number) * 400, 0, number)) for number in range(500)], return_exceptions=True
    )
    assert {type(answer) for answer in answers if answer} == {StoreUnavailable}
    assert "full" in str(answers[-1])
    written = len(await spending(database))
    answers = await asyncio.gather(
        *[database.write_rows(PUT, ("x" * 9000, 0, 1)) for _ in range(5)], return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    assert len(await spending(database)) == written  # reading goes on, nothing half-written
    await database.write(lambda tx: tx._connection.execute("PRAGMA max_page_count = 1000000"))
    await database.write_rows(PUT, ("room", 0, 1))
    assert [type(event) for event in heard] == [StoreFailed, StoreHealed]
    assert await database.problem() is None
    await database.close()


async def test_closing_writes_what_is_pending_and_refuses_more(tmp_path):
    prepare(tmp_path / "blogen.db")
    database = await Database.open(tmp_path / "blogen.db")
    pending = [database.write_rows(PUT, (str(number), 0, number)) for number in range(10)]
    await database.close()
    await asyncio.gather(*pending)
    with pytest.raises(StoreUnavailable):
        database.write_rows(PUT, ("late", 0, 1))
    with sqlite3.connect(tmp_path / "blogen.db") as raw:
        assert raw.execute("SELECT count(*) FROM ledger").fetchone() == (10,)


async def test_the_loop_keeps_the_interpreter_longer_while_many_write_seldom(database):
    before = sys.getswitchinterval()
    try:
        take_turns()
        assert sys.getswitchinterval() < 0.001
        database.gather(2000)
        await asyncio.gather(*(database.write_rows(PUT, (str(number), 0, number)) for number in range(3)))
        assert sys.getswitchinterval() > 0.001
        database.gather(0)
        assert sys.getswitchinterval() < 0.001
    finally:
        sys.setswitchinterval(before)
