"""The whole engine: chains of eight stages with one step each, zero latency, 500 in flight.

Of each stage the intent, the result, the transition and the timeline are durable (synchronous=FULL). Beside it raw
`sqlite3` that commits bare transitions in batches of 500, and raw `sqlite3` that commits every row that the engine
commits; with `--peers` also Huey and DBOS on SQLite, doing the same chain in the same run.
"""

import sys
import time
from pathlib import Path

from bench.chain import LENGTH, Service, all_published, built, chain, submit
from bench.common import ROOT, Measure, Verdicts, alternate, answer, command, median, peers_python, ratio, table
from bench.rows import BATCH, connect, database_with_jobs, raw_batches, raw_steps

IN_FLIGHT = 500
ROUNDS = 5
JOBS = {"raw": 12000, "rows": 6000, "blogen": 6000, "huey": 500, "dbos": 150}
TITLES = {
    "raw": f"raw sqlite3, batches of {BATCH}",
    "rows": "the same with each step's intent and result",
    "blogen": "Blogen's engine",
    "huey": "Huey, SQLite",
    "dbos": "DBOS, SQLite in WAL mode",
}


def main(*, peers: bool) -> None:
    samples = alternate(contenders(peers=peers), ROUNDS)
    table(
        f"Engine: chains of {LENGTH}, {IN_FLIGHT} in flight, zero latency, synchronous=FULL ({ROUNDS} rounds)",
        ("", "transitions/s", "CPU s per 1,000 jobs"),
        [(TITLES[name], median(of, "rate"), median(of, "cpu")) for name, of in samples.items()],
    )
    verdicts = Verdicts()
    ours = samples["blogen"]
    verdicts.at_least("beside the raw loop", ratio(ours, samples["raw"], "rate"), 0.2)
    verdicts.tell("beside a raw loop of all its rows", ratio(ours, samples["rows"], "rate"))
    if peers:
        verdicts.at_least("beside Huey", ratio(ours, samples["huey"], "rate"), 6)
        verdicts.at_least("beside DBOS", ratio(ours, samples["dbos"], "rate"), 100)
    verdicts.exit()


def contenders(*, peers: bool) -> dict[str, Measure]:
    ours = {name: command("-m", "bench.engine", name) for name in ("raw", "rows", "blogen")}
    if not peers:
        return ours
    python = peers_python("huey", "dbos")
    return ours | {
        name: command(str(ROOT / "bench" / "peers" / f"{name}_chain.py"), str(JOBS[name]), str(LENGTH), python=python)
        for name in ("huey", "dbos")
    }


def raw(name: str, folder: Path) -> None:
    path, jobs = database_with_jobs(folder, JOBS[name])
    connection = connect(path)
    loop = {"raw": raw_batches, "rows": raw_steps}[name]
    cohorts = [jobs[start : start + IN_FLIGHT] for start in range(0, len(jobs), IN_FLIGHT)]
    started, cpu = time.perf_counter(), time.process_time()
    written = sum(loop(connection, cohort, LENGTH) for cohort in cohorts)
    seconds = time.perf_counter() - started
    answer(rate=written / seconds, cpu=(time.process_time() - cpu) / JOBS[name] * 1000)
    connection.close()


async def blogen(folder: Path) -> None:
    async with built(folder, chain(Service(0).stage), in_flight=IN_FLIGHT) as (engine, bus):
        published = all_published(bus, JOBS["blogen"])
        await submit(engine, JOBS["blogen"])
        started, cpu = time.perf_counter(), time.process_time()
        async with engine.running():
            await published.wait()
            seconds = time.perf_counter() - started
        answer(rate=JOBS["blogen"] * LENGTH / seconds, cpu=(time.process_time() - cpu) / JOBS["blogen"] * 1000)


if __name__ == "__main__":
    if sys.argv[1:2] in (["raw"], ["rows"]):
        raw(sys.argv[1], Path(sys.argv[2]))
    elif sys.argv[1:2] == ["blogen"]:
        import uvloop

        uvloop.run(blogen(Path(sys.argv[2])))
    else:
        main(peers="--peers" in sys.argv[1:])
