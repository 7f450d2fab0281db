"""The whole engine: chains of eight stages with one step each, zero latency, 500 in flight.

Of each stage the intent, the result, the transition and the timeline are durable (synchronous=FULL). Beside it raw
`sqlite3` that commits plain transitions in batches of 500; with `--peers` also Huey and DBOS on SQLite, doing the same
chain in the same run.
"""

import sys
import time
from pathlib import Path

from bench.chain import LENGTH, Service, all_published, built, chain, submit
from bench.common import ROOT, Measure, Verdicts, alternate, answer, command, median, peers_python, ratio, table
from bench.rows import BATCH, connect, database_with_jobs, raw_batches

IN_FLIGHT = 500
JOBS = {"raw": 4000, "blogen": 2000, "huey": 500, "dbos": 150}
TITLES = {
    "raw": f"raw sqlite3, batches of {BATCH}",
    "blogen": "Blogen's engine",
    "huey": "Huey, SQLite",
    "dbos": "DBOS, SQLite in WAL mode",
}


def main(*, peers: bool) -> None:
    rounds = 3 if peers else 5
    samples = alternate(contenders(peers=peers), rounds)
    table(
        f"Engine: chains of {LENGTH}, {IN_FLIGHT} in flight, zero latency, synchronous=FULL ({rounds} rounds)",
        ("", "transitions/s", "CPU s per 1,000 jobs"),
        [(TITLES[name], median(of, "rate"), median(of, "cpu")) for name, of in samples.items()],
    )
    verdicts = Verdicts()
    ours = samples["blogen"]
    verdicts.at_least("beside the raw loop", ratio(ours, samples["raw"], "rate"), 0.2)
    if peers:
        verdicts.at_least("beside Huey", ratio(ours, samples["huey"], "rate"), 6)
        verdicts.at_least("beside DBOS", ratio(ours, samples["dbos"], "rate"), 100)
    verdicts.exit()


def contenders(*, peers: bool) -> dict[str, Measure]:
    ours = {name: command("-m", "bench.engine", name) for name in ("raw", "blogen")}
    if not peers:
        return ours
    python = peers_python("huey", "dbos")
    return ours | {
        name: command(str(ROOT / "bench" / "peers" / f"{name}_chain.py"), str(JOBS[name]), str(LENGTH), python=python)
        for name in ("huey", "dbos")
    }


def raw(folder: Path) -> None:
    path, ids = database_with_jobs(folder, JOBS["raw"])
    connection = connect(path)
    started, cpu = time.perf_counter(), time.process_time()
    written = raw_batches(connection, ids, LENGTH)
    seconds = time.perf_counter() - started
    answer(rate=written / seconds, cpu=(time.process_time() - cpu) / JOBS["raw"] * 1000)
    connection.close()


async def blogen(folder: Path) -> None:
    async with built(folder, chain(Service(0).work), in_flight=IN_FLIGHT) as (engine, bus):
        published = all_published(bus, JOBS["blogen"])
        await submit(engine, JOBS["blogen"])
        started, cpu = time.perf_counter(), time.process_time()
        async with engine.running():
            await published.wait()
            seconds = time.perf_counter() - started
        answer(rate=JOBS["blogen"] * LENGTH / seconds, cpu=(time.process_time() - cpu) / JOBS["blogen"] * 1000)


if __name__ == "__main__":
    if sys.argv[1:2] == ["raw"]:
        raw(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["blogen"]:
        import uvloop

        uvloop.run(blogen(Path(sys.argv[2])))
    else:
        main(peers="--peers" in sys.argv[1:])
