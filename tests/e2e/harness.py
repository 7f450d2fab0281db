"""Blogen in processes of its own, as its owner runs it; nothing here sleeps or polls.

async with Blogen(folder, config=with_fake(fake)) as blogen:
    job = await blogen.submit("Tea")
    await blogen.kill()                 # SIGKILL
    await blogen.start()                # the same data folder
    assert (await blogen.finished(job["id"]))["state"] == "published"
"""

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import aiohttp

from blogen.store.lines import Line
from tests.e2e.nursery import ROOT, Child
from tests.fakes.openai_server import IMAGE_MODEL, MODEL, FakeOpenAI

PATIENCE_SECONDS = 60
"""Longer than anything here takes, even on a busy machine; only a hang lasts as long."""

FINAL = {"published", "failed", "cancelled"}
API_KEY = "sk-a-secret-that-nobody-may-see"


def with_fake(fake: FakeOpenAI, *, more: str = "", drain_seconds: float = 20) -> str:
    """A configuration whose text and pictures come from the fake and cost money; calls go out one at a time."""
    section = f"""
kind = "openai"
base_url = "{fake.base_url}"
api_key = "{API_KEY}"
concurrency = 1
free = false
"""
    return f"""
[engine]
retry_base_seconds = 0.05
drain_seconds = {drain_seconds}
[text.main]
model = "{MODEL}"
{section}
[image.main]
model = "{IMAGE_MODEL}"
{section}
{more}
"""


class Ended(NamedTuple):
    """A command that has run to its end."""

    code: int
    out: str
    err: str


class NotReady(Exception):
    """A server that ended before it was ready."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"exit code {ended.code}: {ended.err[-2000:]}")
        self.ended = ended


class Refused(Exception):
    """The API answered with a problem."""

    def __init__(self, status: int, problem: Any) -> None:
        super().__init__(f"{status}: {problem}")
        self.status = status
        self.problem = problem


class AnyServer(Protocol):
    """A server's process, however it was made."""

    @property
    def log(self) -> str: ...

    async def says(self, words: str) -> None: ...

    def signal(self, which: signal.Signals) -> None: ...

    async def ended(self) -> int: ...


class Launch(Protocol):
    """Starts `blogen WORDS…` and waits for the ready line; the server and its address. Raises NotReady."""

    async def __call__(self, *words: str, cwd: Path) -> tuple[AnyServer, str]: ...


READY = re.compile(r"Blogen is ready at (http://\S+)\n?")


class Server:
    """`blogen serve …` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process | Child) -> None:
        self._process = process
        self._said: list[str] = []
        self._heard = asyncio.Condition()
        assert process.stderr is not None
        self._listening = asyncio.create_task(self._listen(process.stderr))

    @classmethod
    async def start(cls, *words: str, cwd: Path) -> tuple["Server", str]:
        return await cls._ready(await Child.start(*words, cwd=cwd, env=clean_environment()))

    @classmethod
    async def start_fresh(cls, *words: str, cwd: Path) -> tuple["Server", str]:
        """`python run.py serve …`, which has imported nothing yet."""
        return await cls._ready(await _spawn(*words, cwd=cwd))

    @classmethod
    async def _ready(cls, process: asyncio.subprocess.Process | Child) -> tuple["Server", str]:
        server = cls(process)
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        ready = READY.fullmatch(line)
        if ready is None:
            rest = (await process.stdout.read()).decode()
            raise NotReady(Ended(await server.ended(), line + rest, server.log))
        return server, ready[1]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written to stderr."""
        return "".join(self._said)

    async def says(self, words: str) -> None:
        """Wait until a line of its log contains `words`."""
        async with self._heard:
            await self._heard.wait_for(lambda: words in self.log or self._listening.done())
        assert words in self.log, f"it ended without saying {words!r}:\n{self.log}"

    def signal(self, which: signal.Signals) -> None:
        self._process.send_signal(which)

    async def ended(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        assert self._process.stdout is not None
        await self._process.stdout.read()
        await self._listening
        return await self._process.wait()

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            async with self._heard:
                self._said.append(line.decode(errors="replace"))
                self._heard.notify_all()
        async with self._heard:
            self._heard.notify_all()


def at(port: int) -> Launch:
    """Starts servers that listen there, also again: somebody else knows the address."""

    async def launch(*words: str, cwd: Path) -> tuple[AnyServer, str]:
        place = words.index("--port") + 1
        return await Server.start(*words[:place], str(port), *words[place + 1 :], cwd=cwd)

    return launch


class Blogen:
    """One data folder, and the server on it while one runs."""

    def __init__(self, folder: Path, *, config: str = "", token: str = "", launch: "Launch | None" = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.config = folder / "config.toml"
        self.config.write_text(config, encoding="utf-8")
        self.token = token
        self.url = ""
        self._launch: Launch = launch or Server.start
        self._server: AnyServer | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Blogen":
        if not self.token:
            ended = await self.command("tokens", "create", "--scope", "admin")
            assert ended.code == 0, ended.err
            self.token = ended.out.strip()
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            await self.kill()
        if self._http is not None:
            await self._http.close()

    # -- the process ---------------------------------------------------------------------------------------------

    @property
    def options(self) -> tuple[str, ...]:
        return "--config", str(self.config), "--data-dir", str(self.data)

    @property
    def server(self) -> "AnyServer":
        assert self._server is not None, "no server runs"
        return self._server

    async def start(self) -> None:
        """Start the server. Raises NotReady if it ends instead."""
        assert self._server is None
        async with asyncio.timeout(PATIENCE_SECONDS):
            self._server, self.url = await self._launch("serve", "--port", "0", *self.options, cwd=self.folder)

    async def kill(self) -> None:
        """SIGKILL."""
        self.server.signal(signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.server.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until the server has ended; the exit code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await self.server.ended()
        self._server = None
        return code

    async def command(self, *words: str, stdin: str | None = None) -> Ended:
        """`blogen …` on this data folder, to its end."""
        return await run(*words, *self.options, cwd=self.folder, stdin=stdin)

    # -- the API -------------------------------------------------------------------------------------------------

    async def submit(self, topic: str, *, key: str | None = None, **order: Any) -> dict[str, Any]:
        """Order a post; the job."""
        headers = {"Idempotency-Key": key} if key else {}
        job: dict[str, Any] = await self.ask("POST", "/api/v1/jobs", {"topic": topic, **order}, headers=headers)
        return job

    async def job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = await self.ask("GET", f"/api/v1/jobs/{job_id}")
        return job

    async def finished(self, job_id: str) -> dict[str, Any]:
        """Wait until the job is final; the job."""
        await self.happens(job_id, lambda event: event.get("target") in FINAL)
        return await self.job(job_id)

    async def happens(self, job_id: str, is_it: Any) -> dict[str, Any]:
        """Wait until an event of the job satisfies `is_it`; that event."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for event in self.events(job_id):
                if is_it(event):
                    return event
        raise AssertionError(f"job {job_id} ended without it: {await self.job(job_id)}")

    async def events(self, job_id: str) -> AsyncIterator[dict[str, Any]]:
        """What has happened to the job and what happens, as server-sent events."""
        async with self.http.get(f"{self.url}/api/v1/jobs/{job_id}/events", headers=self._headers) as response:
            assert response.status == 200, await response.text()
            async for line in response.content:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    async def posts(self) -> list[dict[str, Any]]:
        """All posts, as they stand in lists."""
        return await self.all("/api/v1/posts")

    async def all(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items, query = [], "?limit=100"
        while True:
            page = await self.ask("GET", path + query)
            items += page["items"]
            if page["next"] is None:
                return items
            query = f"?limit=100&cursor={page['next']}"

    async def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """One call of the API; its JSON. Raises Refused."""
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            self.http.request(
                method, self.url + path, json=body, headers={**self._headers, **(headers or {})}
            ) as response,
        ):
            told = json.loads(await response.read())
            if response.status >= 400:
                raise Refused(response.status, told)
            return told

    async def page(self, path: str) -> str:
        """A page as a reader gets it."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.http.get(self.url + path) as response:
            assert response.status == 200, response.status
            return await response.text()

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            # A connection that a killed server has left must not be taken for the next one's.
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self._http

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    # -- the database, from outside ------------------------------------------------------------------------------

    def in_flight(self) -> set[tuple[str, str, int]]:
        """Job, step and run of what was begun and has no outcome: after a kill, the calls newly in doubt."""
        return self.runs(Line.STEP_BEGUN) - self.runs(Line.STEP_FINISHED, Line.STEP_FAILED, Line.STEP_DOUBTED)

    def left_behind(self) -> set[tuple[str, str, int]]:
        """What has no outcome although its job has left that state: an answer that was used before it was durable."""
        elsewhere = self.runs(Line.STEP_BEGUN, where="state <> origin")
        return elsewhere & self.in_flight()

    def runs(self, *events: int, where: str = "true") -> set[tuple[str, str, int]]:
        """Job, step and run of every line of the timeline that tells of one of `events`."""
        select = "SELECT jobs.id, step, run FROM timeline JOIN jobs ON jobs.number = job"
        marks = ", ".join("?" * len(events))
        with closing(sqlite3.connect(f"file:{self.data / 'blogen.db'}?mode=ro", uri=True)) as connection:
            return set(connection.execute(f"{select} WHERE event IN ({marks}) AND {where}", events))


async def run(*words: str, cwd: Path, stdin: str | None = None) -> Ended:
    """`blogen …` to its end; with `stdin`, in a process that has imported nothing yet."""
    process: asyncio.subprocess.Process | Child
    if stdin is None:
        process = await Child.start(*words, cwd=cwd, env=clean_environment())
    else:
        process = await _spawn(*words, cwd=cwd, stdin=True)
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate(None if stdin is None else stdin.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def _spawn(*words: str, cwd: Path, stdin: bool = False) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "run.py"),
        *words,
        cwd=cwd,
        env=clean_environment(),
        stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def clean_environment() -> dict[str, str]:
    """This environment without what would configure Blogen."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("BLOGEN_")}
