"""Taking up every unfinished job at start, whatever version of the program left it.

A single process owns its database, so it knows at start that nobody else works on anything: every open job is its own.
"""

from itertools import count

from blogen.domain.job import WaitingFor
from blogen.engine.queue import ReadyQueue
from blogen.engine.timers import Timers
from blogen.store.jobs import Jobs

_MAY_HAVE_CHANGED = frozenset({WaitingFor.IMAGE, WaitingFor.PROVIDER})
"""What happened on the other side while nobody listened is asked for at once, not when the old pause is over."""

_APART_MS = 2
_TAKEN_UP_IN_A_MS = 1
"""They are asked one after another, when about all the jobs that can go on at once have been taken up."""


async def recover(jobs: Jobs, queue: ReadyQueue, timers: Timers, now_ms: int) -> int:
    """Line up the jobs that can go on, set timers for those that wait until a time; how many are open."""
    found = await jobs.open_jobs()
    ready = sum(job.waiting is None for job in found)
    asked_at = count(now_ms + ready // _TAKEN_UP_IN_A_MS, _APART_MS)
    for job in found:
        if job.waiting is None:
            queue.put(job.id, job.priority)
        elif job.waiting.for_ is WaitingFor.BUDGET:
            timers.set(job.id, now_ms)  # a cap may have been raised: its stage asks again
        elif job.waiting.until is not None and job.waiting.for_ is WaitingFor.SCHEDULE:
            timers.set(job.id, job.waiting.until, by_the_clock=True)
        elif job.waiting.until is not None and job.waiting.for_ in _MAY_HAVE_CHANGED:
            timers.set(job.id, next(asked_at))
        elif job.waiting.until is not None:
            # A clock that was set back meanwhile must not make a pause of seconds one of years.
            pause_ms = max(0, job.waiting.until - job.updated_at)
            timers.set(job.id, min(job.waiting.until, now_ms + pause_ms))
    return len(found)
