"""Servers that die at a chosen commit (tests/e2e/killer.py)."""

import asyncio
import signal
from pathlib import Path

from tests.e2e.harness import Server, clean_environment
from tests.e2e.nursery import Child


class Killer:
    """Starts Blogen, one server at a time; `aim` says at which commit the next one dies."""

    def __init__(self) -> None:
        self._aim = (0, False)
        self._last: Child | None = None

    async def __aenter__(self) -> "Killer":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._last is not None:
            self._last.send_signal(signal.SIGKILL)
            await self._last.wait()

    def aim(self, commit: int, *, after: bool = False) -> None:
        """Let the next server die at that commit, before or after it; 0: let it live."""
        self._aim = commit, after

    async def launch(self, *words: str, cwd: Path) -> tuple[Server, str]:
        """A `Launch` of the harness; the server is `Forked`."""
        self._last = await Child.start(*words, cwd=cwd, env=clean_environment(), dies_at=self._aim)
        return await Forked._ready(self._last)


class Forked(Server):
    """A server whose commits were counted."""

    _ending: asyncio.Task[int] | None = None

    @property
    def commits(self) -> int:
        assert isinstance(self._process, Child)
        return self._process.commits

    async def ended(self) -> int:
        """Wait for its end; may be asked for by several at once."""
        if self._ending is None:
            self._ending = asyncio.create_task(super().ended())
        return await asyncio.shield(self._ending)
