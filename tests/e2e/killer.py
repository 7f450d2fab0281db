"""SIGKILL at a chosen commit: the product itself has no hook for tests.

Commits are counted from 1; at 0 nothing dies. With `after`, the commit is done and nobody has heard of it yet; without,
it has not begun.
"""

import mmap
import os
import signal
import struct
from typing import Any

_COUNT = struct.Struct("q")


class Commits:
    """How many a process has done: known also to the one it was forked from, and after its death."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _COUNT.size)

    @property
    def done(self) -> int:
        count: int = _COUNT.unpack_from(self._shared)[0]
        return count

    def die_at(self, fatal: int, *, after: bool) -> None:
        """Count those of this process from now on, and kill it at the one that is `fatal`."""
        from blogen.store import database

        commit = database._commit

        def watched(*statement: Any) -> int:
            number = self.done + 1
            if number == fatal and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            changed = commit(*statement)
            _COUNT.pack_into(self._shared, 0, number)
            if number == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return changed

        database._commit = watched
