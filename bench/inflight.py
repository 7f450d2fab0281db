"""2,000 jobs in flight, each a chain of eight steps on a service that takes 2 s: how much longer than the ideal 16 s.

And how much memory a job in flight costs: what the process holds more, half way, than with its engine idle.
"""

import asyncio
import gc
import sys
import time
from pathlib import Path

from bench.chain import LENGTH, Service, all_published, built, chain, submit
from bench.common import Verdicts, alternate, answer, command, pss_bytes, table

JOBS = 2000
SERVICE_SECONDS = 2.0
FEW = 5
WARM_UP = 200
"""So many times a few jobs come first."""
IDEAL_SECONDS = LENGTH * SERVICE_SECONDS


def main() -> None:
    (sample,) = alternate({"blogen": command("-m", "bench.inflight", "blogen")}, rounds=1)["blogen"]
    table(
        f"In flight: {JOBS} chains of {LENGTH} steps of {SERVICE_SECONDS:.0f} s each (1 round)",
        ("", "wall s", "over the ideal %", "CPU s", "KB a job"),
        [
            (
                "Blogen's engine",
                sample["seconds"],
                (sample["seconds"] / IDEAL_SECONDS - 1) * 100,
                sample["cpu"],
                sample["bytes"] / JOBS / 1024,
            )
        ],
    )
    verdicts = Verdicts()
    verdicts.at_most(f"beside the ideal {IDEAL_SECONDS:.0f} s", sample["seconds"] / IDEAL_SECONDS, 1.03)
    verdicts.at_most("memory of a job in flight", sample["bytes"] / JOBS / 1024, 8, "KB")
    verdicts.exit()


async def blogen(folder: Path) -> None:
    service = Service(0)
    async with built(folder, chain(service.stage), in_flight=JOBS) as (engine, bus), engine.running():
        # What jobs load, and SQLite's caches, which are full after a while, belong to no job in flight.
        for _ in range(WARM_UP):
            warm = all_published(bus, FEW)
            await submit(engine, FEW)
            await warm.wait()
        gc.collect()
        idle_bytes = pss_bytes(of="Pss_Anon")
        service.seconds = SERVICE_SECONDS
        published = all_published(bus, JOBS)
        started, cpu = time.perf_counter(), time.process_time()
        await submit(engine, JOBS)
        await asyncio.sleep((IDEAL_SECONDS + SERVICE_SECONDS) / 2)
        held_bytes = pss_bytes(of="Pss_Anon") - idle_bytes
        await published.wait()
        answer(seconds=time.perf_counter() - started, cpu=time.process_time() - cpu, bytes=held_bytes)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        import uvloop

        uvloop.run(blogen(Path(sys.argv[2])))
    else:
        main()
