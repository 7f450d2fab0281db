"""Servers that die at a chosen commit: the other end of tests/e2e/killer.py."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from tests.e2e.harness import PATIENCE_SECONDS, READY, ROOT, Ended, NotReady, clean_environment


class Killer:
    """Starts Blogen in forked children, one at a time; `aim` says at which commit the next one dies."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._aim = (0, False)
        self._last: Forked | None = None
        assert process.stdout is not None
        assert process.stdin is not None
        self._told, self._orders = process.stdout, process.stdin

    @classmethod
    async def open(cls) -> "Killer":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.e2e.killer",
            cwd=ROOT,
            env=clean_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        killer = cls(process)
        assert await killer.line() == "loaded\n"
        return killer

    async def close(self) -> None:
        if self._last is not None:
            self._last.kill_if_alive()
        self._orders.close()
        await self._told.read()
        await self._process.wait()

    async def __aenter__(self) -> "Killer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def aim(self, commit: int, *, after: bool = False) -> None:
        """Let the next server die at that commit, before or after it; 0: let it live."""
        self._aim = commit, after

    async def launch(self, *words: str, cwd: Path) -> tuple["Forked", str]:
        """A `Launch` of the harness."""
        commit, after = self._aim
        order = {"argv": words, "cwd": str(cwd), "kill_at": commit, "after": after}
        self._orders.write(json.dumps(order).encode() + b"\n")
        server = self._last = Forked(self)
        url = await server.ready()
        return server, url

    async def line(self) -> str:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self._told.readline()).decode()


class Forked:
    """A server in a forked child."""

    log = ""

    def __init__(self, killer: Killer) -> None:
        self._killer = killer
        self._pid = 0
        self.commits = 0
        self._code: int | None = None
        self._ending: asyncio.Task[int] | None = None

    async def ready(self) -> str:
        """Wait for its address. Raises NotReady."""
        url = ""
        while not (url and self._pid):
            line = await self._killer.line()
            if ready := READY.fullmatch(line):
                url = ready[1]
            elif self._has_ended(line):
                assert self._code is not None
                raise NotReady(Ended(self._code, url, ""))
        return url

    async def says(self, words: str) -> None:
        raise NotImplementedError("a forked server's log is not kept")

    def signal(self, which: signal.Signals) -> None:
        os.kill(self._pid, which)

    def kill_if_alive(self) -> None:
        if self._pid and self._code is None:
            os.kill(self._pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end; may be asked for by several at once."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._wait_for_end())
        return await asyncio.shield(self._ending)

    async def _wait_for_end(self) -> int:
        while self._code is None:
            self._has_ended(await self._killer.line())
        return self._code

    def _has_ended(self, line: str) -> bool:
        if not line:
            raise ConnectionError("the killer itself has died")
        if line.startswith("{"):
            told = json.loads(line)
            self._pid = told.get("pid", self._pid)
            if "ended" in told:
                self._code, self.commits = told["ended"], told["commits"]
        return self._code is not None
