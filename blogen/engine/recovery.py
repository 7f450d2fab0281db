"""Taking up every unfinished job at start, whatever version of the program left it.

A single process owns its database, so it knows at start that nobody else works on anything: every open job is its own.
"""

from blogen.engine.queue import ReadyQueue
from blogen.engine.timers import Timers
from blogen.store.jobs import Jobs


async def recover(jobs: Jobs, queue: ReadyQueue, timers: Timers) -> int:
    """Line up the jobs that can go on, set timers for those that wait until a time; how many are open."""
    found = await jobs.open_jobs()
    for job in found:
        if job.waiting is None:
            queue.put(job.id, job.priority)
        elif job.waiting.until is not None:
            timers.set(job.id, job.waiting.until)
    return len(found)
