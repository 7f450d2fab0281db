"""2,000 jobs in flight, each a chain of eight steps on a service that takes 2 s: how much longer than the ideal 16 s.

And how much memory a job in flight costs, from the slope: what the process holds more, half way, with 2,000 jobs in
flight than with 500. What it holds for many at once, whatever their number (prepared statements, say), is told too.
"""

import asyncio
import gc
import statistics
import sys
import time
from pathlib import Path

from bench.chain import LENGTH, Service, all_published, built, chain, submit
from bench.common import Verdicts, alternate, answer, command, median, pss_bytes, table

JOBS, FEWER = 2000, 500
ROUNDS = 3
SERVICE_SECONDS = 2.0
FEW = 5
WARM_UP = 200
"""So many times a few jobs come first."""
IDEAL_SECONDS = LENGTH * SERVICE_SECONDS


def main() -> None:
    samples = alternate({str(count): command("-m", "bench.inflight", str(count)) for count in (FEWER, JOBS)}, ROUNDS)
    fewer, all_of_them = samples.values()
    table(
        f"In flight: chains of {LENGTH} steps of {SERVICE_SECONDS:.0f} s each ({ROUNDS} rounds)",
        ("jobs", "wall s", "over the ideal %", "CPU s", "MB held more than at rest"),
        [
            (
                count,
                median(of, "seconds"),
                (median(of, "seconds") / IDEAL_SECONDS - 1) * 100,
                median(of, "cpu"),
                median(of, "bytes") / 1024**2,
            )
            for count, of in samples.items()
        ],
    )
    slope = statistics.median(
        (most["bytes"] - less["bytes"]) / (JOBS - FEWER) for less, most in zip(fewer, all_of_them, strict=True)
    )
    verdicts = Verdicts()
    beside_ideal = median(all_of_them, "seconds") / IDEAL_SECONDS
    verdicts.at_most(f"{JOBS} jobs beside the ideal {IDEAL_SECONDS:.0f} s", beside_ideal, 1.03)
    verdicts.at_most("memory of a job in flight", slope / 1024, 8, "KB")
    verdicts.tell("of all that is held", median(all_of_them, "bytes") / JOBS / 1024, "KB a job")
    verdicts.exit()


async def blogen(jobs: int, folder: Path) -> None:
    service = Service(0)
    async with built(folder, chain(service.stage), in_flight=jobs) as (engine, bus), engine.running():
        # What jobs load, and SQLite's caches, which are full after a while, belong to no job in flight.
        for _ in range(WARM_UP):
            warm = all_published(bus, FEW)
            await submit(engine, FEW)
            await warm.wait()
        gc.collect()
        idle_bytes = pss_bytes(of="Pss_Anon")
        service.seconds = SERVICE_SECONDS
        published = all_published(bus, jobs)
        started, cpu = time.perf_counter(), time.process_time()
        await submit(engine, jobs)
        await asyncio.sleep((IDEAL_SECONDS + SERVICE_SECONDS) / 2)
        held_bytes = pss_bytes(of="Pss_Anon") - idle_bytes
        await published.wait()
        answer(seconds=time.perf_counter() - started, cpu=time.process_time() - cpu, bytes=held_bytes)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        import uvloop

        uvloop.run(blogen(int(sys.argv[1]), Path(sys.argv[2])))
    else:
        main()
