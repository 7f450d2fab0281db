"""The writer alone: 500 callers at once, each moves a job (one UPDATE, one append), durable against power loss.

Beside it, with the same schema, rows and settings: raw `sqlite3` that commits batches of 500 and knows no callers (the
most that the disk and SQLite give), and one transaction per write through aiosqlite (what group commit saves).
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.common import Verdicts, alternate, answer, command, median, ratio, table
from bench.rows import BATCH, LINE, MOVE, PRAGMAS, UPDATE, connect, database_with_jobs, raw_batches, transition

CALLERS = BATCH
CONTENDERS = ("raw", "blogen", "single")
EACH = 40
"""Writes of a caller: as many for all, since tables that have grown are slower."""
ROUNDS = 5


def main() -> None:
    samples = alternate({name: command("-m", "bench.store", name) for name in CONTENDERS}, ROUNDS)
    raw, ours, single = samples["raw"], samples["blogen"], samples["single"]
    table(
        f"Store: {CALLERS} callers, UPDATE + append each, synchronous=FULL ({ROUNDS} rounds)",
        ("", "writes/s", "CPU s per 100,000"),
        [
            (title, median(of, "rate"), median(of, "cpu") * 100_000)
            for title, of in (
                (f"raw sqlite3, batches of {BATCH}", raw),
                ("Blogen's writer", ours),
                ("aiosqlite, a transaction per write", single),
            )
        ],
    )
    verdicts = Verdicts()
    verdicts.at_least("beside the raw loop", ratio(ours, raw, "rate"), 0.6)
    verdicts.at_least("beside a transaction per write", ratio(ours, single, "rate"), 20)
    verdicts.tell("the raw loop beside it: the most that this disk lets be saved", ratio(raw, single, "rate"))
    verdicts.exit()


async def blogen(path: Path, jobs: range) -> None:
    from blogen.store.database import Database
    from blogen.tuning import work_steadily

    work_steadily()  # as the server does
    database = await Database.open(path)

    async def caller(job: int) -> None:
        for number in range(EACH):
            await database.write_rows(MOVE, *transition(job, number))

    await timed(lambda: all_of(caller, jobs), len(jobs) * EACH)
    await database.close()


async def single(path: Path, jobs: range) -> None:
    import aiosqlite

    database = await aiosqlite.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        await database.execute(pragma)
    turn = asyncio.Lock()

    async def caller(job: int) -> None:
        for number in range(EACH):
            update, append = transition(job, number)
            async with turn:
                await database.execute("BEGIN IMMEDIATE")
                await database.execute(UPDATE, update)
                await database.execute(LINE, append)
                await database.execute("COMMIT")

    await timed(lambda: all_of(caller, jobs), len(jobs) * EACH)
    await database.close()


async def raw(path: Path, jobs: range) -> None:
    connection = connect(path)

    async def loop() -> None:
        raw_batches(connection, jobs, EACH)

    await timed(loop, len(jobs) * EACH)
    connection.close()


async def all_of(caller: Callable[[int], Awaitable[None]], jobs: range) -> None:
    await asyncio.gather(*map(caller, jobs))


async def timed(work: Callable[[], Awaitable[None]], writes: int) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    await work()
    seconds = time.perf_counter() - started
    answer(rate=writes / seconds, cpu=(time.process_time() - cpu) / writes)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        import uvloop

        contender = {"raw": raw, "blogen": blogen, "single": single}[sys.argv[1]]
        uvloop.run(contender(*database_with_jobs(Path(sys.argv[2]), CALLERS)))
    else:
        main()
