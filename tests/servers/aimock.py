"""aimock (npm `@copilotkit/aimock`) in a process of its own: the APIs of OpenAI, Anthropic and more, by other hands.

    async with Aimock([{"match": {"userMessage": "tea"}, "response": {"content": "Tea keeps."}}]) as mock:
        …  # a provider at mock.openai_url or mock.anthropic_url
        await mock.chaos(rateLimitRate=1)       # from now on 429 with Retry-After; also dropRate, malformedRate …
        await mock.calm()
        assert [call.status for call in await mock.journal()] == [200, 429]

The first fixture that matches answers. `make test` installs it from package-lock.json into node_modules here.
"""

import asyncio
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

PROGRAM = Path(__file__).parent / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
PATIENCE_SECONDS = 30
"""Longer than anything here takes, even on a busy machine; only a hang lasts as long."""
_READY = re.compile(r"listening on (http://\S+)")


class Call(NamedTuple):
    """A request as the server saw it."""

    path: str
    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def question(self) -> str:
        """The last thing that was said to the model."""
        return str((self.body.get("messages") or [{}])[-1].get("content", ""))


class Aimock:
    """The server while it runs, on a free port of this machine unless one is given."""

    def __init__(self, fixtures: list[dict[str, Any]], *options: str, port: int = 0) -> None:
        self.url = ""
        self._port = port
        self._fixtures = fixtures
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="aimock-")
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._said: list[str] = []
        self._http: aiohttp.ClientSession | None = None

    @property
    def openai_url(self) -> str:
        """What `base_url` of a section of kind `openai` is to be."""
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        """What `base_url` of a section of kind `anthropic` is to be."""
        return self.url

    async def chaos(self, **rates: float) -> None:
        """Let calls go wrong from now on: `rateLimitRate`, `dropRate`, `malformedRate`, `disconnectRate` (0 to 1)."""
        await self._ask("POST", "chaos", rates)

    async def calm(self) -> None:
        """Let nothing go wrong any more."""
        await self._ask("DELETE", "chaos")

    async def journal(self) -> list[Call]:
        """Every request for a model or a picture that has arrived, in order."""
        entries = await self._ask("GET", "journal")
        return [
            Call(entry["path"], entry["response"]["status"], entry["body"] or {}, entry["headers"]) for entry in entries
        ]

    async def forget(self) -> None:
        """Be as it was at first: nothing goes wrong, and nobody has asked."""
        await self.calm()
        await self._ask("POST", "reset/journal")

    async def __aenter__(self) -> "Aimock":
        fixtures = Path(self._folder.name) / "fixtures.json"
        fixtures.write_text(json.dumps({"fixtures": self._fixtures}), encoding="utf-8")
        words = ("--port", str(self._port), "--fixtures", str(fixtures), "--validate-on-load", *self._options)
        self._process = await asyncio.create_subprocess_exec(
            node(),
            str(PROGRAM),
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        stdout = self._process.stdout
        assert stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self.url = await self._ready(stdout)
        except BaseException:
            await self._stop()
            raise
        self._listening = asyncio.create_task(self._listen(stdout))
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()
        await self._stop()

    async def _ready(self, stdout: asyncio.StreamReader) -> str:
        """Read what it says until it says where it listens."""
        while line := await stdout.readline():
            self._said.append(line.decode(errors="replace"))
            if found := _READY.search(self._said[-1]):
                return found[1]
        raise AssertionError(f"aimock ended before it was ready:\n{''.join(self._said)}")

    async def _listen(self, stdout: asyncio.StreamReader) -> None:
        """Read on, so that its pipe never fills."""
        while line := await stdout.readline():
            self._said.append(line.decode(errors="replace"))

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(5):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._listening is not None:
            await self._listening
        self._folder.cleanup()

    async def _ask(self, method: str, what: str, body: Any = None) -> Any:
        assert self._http is not None
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            self._http.request(method, f"{self.url}/__aimock/{what}", json=body) as response,
        ):
            text = await response.text()
            assert response.status < 300, f"aimock refused {what} ({response.status}): {text}"
            return json.loads(text) if text else None


def node() -> str:
    """The Node.js to run it with: the environment's own, else the machine's. Fails the test where something lacks."""
    beside = Path(sys.executable).with_name("node")
    found = str(beside) if beside.exists() else shutil.which("node")
    if found is None:
        pytest.fail("Node.js 20.15 or newer is needed and was not found. `make test` installs it.", pytrace=False)
    if not PROGRAM.exists():
        pytest.fail("aimock is not installed in tests/servers/node_modules. `make test` installs it.", pytrace=False)
    return found
