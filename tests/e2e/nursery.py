"""Children of one process that has imported all of Blogen: each is a process of its own, and starts in a fraction
of the time. What none of them shows is what Blogen imports too late; tests/e2e/test_server.py starts fresh ones.

`python -m tests.e2e.nursery FD` is that process. Each message on its socket is an order (`argv`, `cwd`, `env`) and the
four files of a child: its stdin, stdout, stderr, and one where its process id and its exit code are told.
"""

import asyncio
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_ORDER_BYTES = 100_000


class Child:
    """`blogen WORDS…`, with as much of `asyncio.subprocess.Process` as tests use."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, told: Any) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._told = told
        self._ending: asyncio.Task[int] | None = None

    @classmethod
    async def start(cls, *words: str, cwd: Path, env: dict[str, str]) -> "Child":
        readers, writers = zip(*(os.pipe() for _ in range(3)), strict=True)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            order = json.dumps({"argv": words, "cwd": str(cwd), "env": env}).encode()
            socket.send_fds(_nursery(), [order], [nothing, *writers])
        finally:
            for descriptor in (nothing, *writers):
                os.close(descriptor)
        stdout, stderr, told = [await _reader(descriptor) for descriptor in readers]
        return cls(int(await told.readline()), stdout, stderr, told)

    async def communicate(self, given: bytes | None = None) -> tuple[bytes, bytes]:
        out, err = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        return out, err

    async def wait(self) -> int:
        """Wait for its end; may be asked for by several at once."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        return await asyncio.shield(self._ending)

    def send_signal(self, which: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, which)

    async def _end(self) -> int:
        self.returncode = int(await self._told.read())
        return self.returncode


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(descriptor, "rb"))
    return reader


@cache
def _nursery() -> socket.socket:
    """It ends with this process, whose end of the socket is the only one."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.nursery", str(its.fileno())],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[its.fileno()],
        )  # fmt: skip
    assert ours.recv(10) == b"loaded"
    return ours


# -- the process that the commands are children of ------------------------------------------------------------------


def main() -> None:
    _load()
    orders = socket.socket(fileno=int(sys.argv[1]))
    orders.send(b"loaded")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here asks how a child ended
    while True:
        order, descriptors, *_ = socket.recv_fds(orders, _ORDER_BYTES, 4)
        if not order:
            return
        if os.fork() == 0:
            orders.close()
            _see_to(json.loads(order), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _load() -> None:
    """Import what a command may need, so that no child has to."""
    from tests.e2e import killer

    killer._load()
    for name in ("anthropic.resources.messages", "anthropic.resources.models", "feedparser"):
        importlib.import_module(name)


def _see_to(order: dict[str, Any], descriptors: list[int]) -> None:
    """In a child: run the command in one of its own, wait for its end, and tell it. Does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *its, told = descriptors
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _run(order, its)
    os.write(told, b"%d\n" % pid)
    os.closerange(0, told)  # else whoever reads what the command writes would wait for us, too
    _, status = os.waitpid(pid, 0)
    os.write(told, b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(order: dict[str, Any], its: list[int]) -> None:
    """In a child of the child: Blogen's own command line. Does not return."""
    code = 1
    try:
        for place, descriptor in enumerate(its):
            os.dup2(descriptor, place)
            os.close(descriptor)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", 1)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["env"])
        from blogen.cli import main as blogen

        code = blogen(order["argv"])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
