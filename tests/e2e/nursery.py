"""Children of one process that has imported all of Blogen: each is a process of its own, and starts in a fraction
of the time. What none of them shows is what Blogen imports too late; tests/e2e/test_server.py starts fresh ones.

`python -m tests.e2e.nursery FD` is that process. Each message on its socket is an order (`argv`, `cwd`, `env`, and for
those that are to die at a commit `dies_at`) and the four files of a child: its stdin, stdout, stderr, and one where its
process id is told, and at its end its exit code and how many commits it did.
"""

import asyncio
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tests.e2e.killer import Commits

ROOT = Path(__file__).resolve().parent.parent.parent
_ORDER_BYTES = 100_000


class Child:
    """`blogen WORDS…`, with as much of `asyncio.subprocess.Process` as tests use."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, told: Any) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self.commits = 0
        """How many it did, once it has ended; if it was to die at one."""
        self._told = told
        self._ending: asyncio.Task[int] | None = None

    @classmethod
    async def start(
        cls, *words: str, cwd: Path, env: dict[str, str], dies_at: tuple[int, bool] | None = None
    ) -> "Child":
        """`dies_at`: the commit that kills it, and whether after it; see tests/e2e/killer.py."""
        readers, writers = zip(*(os.pipe() for _ in range(3)), strict=True)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            order = json.dumps({"argv": words, "cwd": str(cwd), "env": env, "dies_at": dies_at}).encode()
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
            with suppress(ProcessLookupError):  # it has ended, and its end was not read yet
                os.kill(self.pid, which)

    async def _end(self) -> int:
        self.returncode, self.commits = map(int, (await self._told.readline()).split())
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

NEEDED = (
    "anthropic.resources.messages", "anthropic.resources.models", "anyascii", "anyio._backends._asyncio",
    "encodings.idna", "encodings.utf_8_sig", "feedparser", "jinja2", "lxml.html", "markdown_it",
    "mdit_py_plugins.footnote", "nh3", "openai.resources.chat", "openai.resources.images", "openai.resources.models",
    "openai.resources.responses.responses", "PIL.Image", "PIL.ImageCms", "PIL.ImageDraw", "PIL.ImageOps",
    "pygments.lexers", "rustworkx", "sentencex", "snowballstemmer", "tomllib", "trafilatura", "uvloop",
    "xml.sax.expatreader",
)  # fmt: skip
"""What commands and a whole post import beside Blogen's own modules."""


class Waiting(NamedTuple):
    """A child that lives."""

    told: int
    commits: Commits


def main() -> None:
    make_ready()
    orders = socket.socket(fileno=int(sys.argv[1]))
    orders.send(b"loaded")
    deaths, death = socket.socketpair()
    death.setblocking(False)
    signal.set_wakeup_fd(death.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, Waiting] = {}
    while True:
        ready, _, _ = select.select([orders, deaths], [], [])
        if deaths in ready:
            deaths.recv(1000)
            for pid, code in _ended(children):
                told, commits = children.pop(pid)
                os.write(told, b"%d %d\n" % (code, commits.done))
                os.close(told)
        if orders in ready:
            order, descriptors, *_ = socket.recv_fds(orders, _ORDER_BYTES, 4)
            if not order:
                return
            *its, told = descriptors
            commits = Commits()
            pid = os.fork()
            if pid == 0:
                for descriptor in (told, *(child.told for child in children.values())):
                    os.close(descriptor)
                for end in (orders, deaths, death):
                    end.close()
                _run(json.loads(order), its, commits)
            for descriptor in its:
                os.close(descriptor)
            os.write(told, b"%d\n" % pid)
            children[pid] = Waiting(told, commits)


def make_ready() -> None:
    """Import and build what a command may need, so that no child has to."""
    import blogen

    gc.disable()  # what is made here stays
    for name in NEEDED:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(blogen.__path__, "blogen."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    _build()
    gc.enable()
    gc.freeze()  # a child that looked through it would get pages of its own for it


def _build() -> None:
    """What is put off until it is used first."""
    from openai import AsyncOpenAI
    from openai.types import ImagesResponse
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
    from openai.types.responses import Response
    from PIL import Image
    from pydantic import BaseModel

    from blogen.app import App
    from blogen.clock import SystemClock
    from blogen.config import Config
    from blogen.events import Bus
    from blogen.providers.sdk import certificates
    from blogen.render.html import to_html
    from blogen.server import web_application
    from blogen.store.search import _spaceless_character
    from blogen.writing.prompts import Prompts, prompts_folder

    ours = (model for model in _kinds_of(BaseModel) if model.__module__.startswith("blogen."))
    for model in (*ours, ChatCompletion, ChatCompletionChunk, ImagesResponse, Response):
        model.model_rebuild()
    Image.init()
    _ = AsyncOpenAI(api_key="none").chat.completions
    certificates(trust_env=False)
    for prompt in prompts_folder().glob("*.j2"):
        Prompts()._environment.get_template(prompt.name)
    to_html([], language="en")
    _spaceless_character()
    nothing: Any = None
    web_application(App(Config(), SystemClock(), Bus(), nothing), nothing, nothing)  # its addresses


def _kinds_of(model: Any) -> Iterator[Any]:
    for kind in model.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


def _ended(children: dict[int, Waiting]) -> Iterator[tuple[int, int]]:
    """Process ids and exit codes of those that have ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def _run(order: dict[str, Any], its: list[int], commits: Commits) -> NoReturn:
    """In a child: Blogen's own command line."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for place, descriptor in enumerate(its):
            os.dup2(descriptor, place)
            os.close(descriptor)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", 1)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["env"])
        if order["dies_at"] is not None:
            fatal, after = order["dies_at"]
            commits.die_at(fatal, after=after)
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
