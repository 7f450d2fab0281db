"""How the interpreter is set for a process that is one loop beside a few threads of short work."""

import gc
import sys

_WHILE_STARTING = 200_000
"""New objects before the collector looks: what a start imports stays, and looking at it takes a tenth of the time."""

_WHILE_WORKING = 10_000
"""Thousands of jobs in hand are thousands of live objects: looking through them every 700 was a fifth of the work."""

_TURN_SECONDS = 0.0002
"""A thread that comes back from SQLite waits so long for the loop to give the interpreter up; by default 5 ms."""


def start_quickly() -> None:
    """Call it first of all."""
    gc.set_threshold(_WHILE_STARTING)


def work_steadily() -> None:
    """Call it once everything is loaded: what was imported stays, and jobs' objects mostly die by their count."""
    gc.freeze()
    gc.set_threshold(_WHILE_WORKING, 20, 20)
    take_turns()


def take_turns(seconds: float = 0.0) -> None:
    """A thread that comes back may wait so long for its turn; not less than is set for all."""
    wanted = max(seconds, _TURN_SECONDS)
    if abs(sys.getswitchinterval() - wanted) > wanted / 4:
        sys.setswitchinterval(wanted)
