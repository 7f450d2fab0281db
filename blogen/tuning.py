"""How the interpreter is set for a process that is one loop beside a few threads of short work."""

import gc
import sys

_YOUNG_OBJECTS = 10_000
"""Thousands of jobs in hand are thousands of live objects: looking through them every 700 was a fifth of the work."""

_TURN_SECONDS = 0.0005
"""A thread that comes back from SQLite waits so long for the loop to give the interpreter up, 5 ms by default."""


def tune() -> None:
    """Call it once, at start."""
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
    sys.setswitchinterval(_TURN_SECONDS)
