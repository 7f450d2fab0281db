"""`blogen …` in processes that start in a fraction of the time, for tests that need many: children of one process that
has imported everything. Each is as good as a fresh one; what none of them shows is what Blogen imports too late.

with Warm() as warm:
    ended = await warm.run("generate", "Tea", cwd=folder)       # any number of them side by side

`python -m tests.e2e.warm` is that process. It reads orders from stdin, one JSON line each, and answers each with
`{"number": …, "code": …}` on stdout when the command has ended; what it wrote is in the two files that the order names.
"""

import asyncio
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Any

from tests.e2e.harness import PATIENCE_SECONDS, ROOT, Ended, clean_environment


class Warm:
    """The other end: it belongs to no event loop, so a whole module of tests may share one."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self._numbers = count(1)
        self._open: dict[int, Future[int]] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.warm"],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._told.readline() == "loaded\n"
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def __enter__(self) -> "Warm":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._listening.join(PATIENCE_SECONDS)
        self._process.wait(PATIENCE_SECONDS)
        self._told.close()
        self._folder.cleanup()

    async def run(self, *words: str, cwd: Path) -> Ended:
        """`blogen WORDS…` to its end."""
        number = next(self._numbers)
        out, err = (Path(self._folder.name) / f"{number}.{stream}" for stream in ("out", "err"))
        ended = self._open[number] = Future()
        order = {"number": number, "argv": words, "cwd": str(cwd), "out": str(out), "err": str(err)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await asyncio.wrap_future(ended)
        return Ended(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    @property
    def _told(self) -> Any:
        return self._process.stdout

    def _listen(self) -> None:
        for line in self._told:
            told = json.loads(line)
            self._open.pop(told["number"]).set_result(told["code"])


# -- the process that the commands are children of ------------------------------------------------------------------


def main() -> None:
    _load()
    print("loaded", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here asks how a child ended
    for line in sys.stdin:
        if os.fork() == 0:
            _see_to(json.loads(line))


def _load() -> None:
    """Import what a command may need, so that no child has to."""
    from tests.e2e import killer

    killer._load()
    for name in ("anthropic.resources.messages", "anthropic.resources.models", "feedparser"):
        importlib.import_module(name)


def _see_to(order: dict[str, Any]) -> None:
    """In a child: run the command in one of its own, wait for its end, and tell it. Does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        _run(order)
    _, status = os.waitpid(pid, 0)
    told = {"number": order["number"], "code": os.waitstatus_to_exitcode(status)}
    os.write(1, json.dumps(told).encode() + b"\n")
    os._exit(0)


def _run(order: dict[str, Any]) -> None:
    """In a child of the child: Blogen's own command line. Does not return."""
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT), number)
        os.chdir(order["cwd"])
        from blogen.cli import main as blogen

        code = blogen(order["argv"])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
