"""The studio on a real socket, over the whole blog: engine, pipeline, database. And an owner at a browser."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer

from blogen.app import App
from blogen.config import Config
from blogen.domain.job import Job, JobRequest, JobState
from blogen.domain.person import Scope
from blogen.server import web_application
from tests.blog import Blog
from tests.cli.test_commands import NOTES
from tests.pipeline.opened import Opened
from tests.web.people import Answer, Browser, MovingClock, PeopleSite


class Studio(PeopleSite):
    """`whole` are the parts of the blog; `order` goes in through the engine's door."""

    def __init__(self, whole: App, web: Any, client: TestClient) -> None:
        super().__init__(cast(Blog, whole), web, client, cast(MovingClock, whole.clock))
        self.whole = whole

    async def order(self, topic: str = "Tea for beginners", **fields: Any) -> Job:
        asked = {"topic": topic, "images": 0, "sources": [{"kind": "text", "title": "Notes", "text": NOTES}]} | fields
        return await self.whole.engine.submit(JobRequest.model_validate(asked))

    async def until(self, job: Job, is_it: Callable[[Job], bool]) -> Job:
        """Wait until the job is as wanted."""
        async with asyncio.timeout(30):
            return await Opened(self.whole).until(job, is_it)

    async def published(self, **fields: Any) -> Job:
        return await self.until(await self.order(**fields), lambda job: job.state is JobState.PUBLISHED)

    async def in_review(self, **fields: Any) -> Job:
        return await self.until(await self.order(review=True, **fields), waits_for_review)

    async def listen(self, browser: Browser, path: str, **headers: str) -> "Listener":
        """Begin to follow a live page."""
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        answer = await self.client.get(path, headers={"Cookie": cookies} | headers)
        assert answer.status == 200, await answer.text()
        return Listener(answer)


def waits_for_review(job: Job) -> bool:
    return job.waiting is not None and job.waiting.for_ == "review"


class Told(NamedTuple):
    """An event of a live page as it came."""

    event: str
    id: str
    said: Any


class Listener:
    """Reads a live page's stream."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def next(self, event: str = "page") -> Told:
        """The next event of that kind."""
        async with asyncio.timeout(20):
            while (told := await self._read()).event != event:
                pass
        return told

    async def until(self, words: str) -> Told:
        """The next event that says so."""
        while words not in json.dumps((told := await self.next()).said):
            pass
        return told

    async def _read(self) -> Told:
        lines: dict[str, str] = {}
        async for raw in self.answer.content:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                lines[name] = value
            elif "event" in lines:
                return Told(lines["event"], lines.get("id", ""), json.loads(lines["data"]))
            else:
                lines = {}
        raise AssertionError("the stream has ended")


@asynccontextmanager
async def open_studio(folder: Path, **sections: Any) -> AsyncIterator[Studio]:
    """`sections` is configuration, e.g. `engine={"queue_size": 1}`."""
    config = Config.model_validate(sections | {"data": {"dir": folder / "data"}})
    async with App.open(config) as whole:
        engine, hooks = (asyncio.get_running_loop().create_future() for _ in range(2))
        engine.set_result(whole.engine)
        web = web_application(whole, engine, hooks)
        async with TestClient(TestServer(web), auto_decompress=False) as client:
            yield Studio(whole, web, client)


async def held_open(manager: AbstractAsyncContextManager[Studio]) -> AsyncGenerator[Studio, None]:
    """For a fixture: entered and left in one task, as the engine's task group wants it."""
    ready: asyncio.Future[Studio] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def run() -> None:
        try:
            async with manager as opened:
                ready.set_result(opened)
                await done.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    task = asyncio.create_task(run())
    yield await ready
    done.set()
    await task


async def owner_at(site: PeopleSite, handle: str = "olga", role: Scope = Scope.ADMIN) -> Browser:
    """A browser in which a person of that role, who is made with the first call, has signed in."""
    if await site.people.by_handle(handle) is None:
        await site.person(handle, role=role)
    return await site.signed_in(handle)


async def send_order(browser: Browser, fields: dict[str, Any], *files: tuple[str, bytes], **headers: str) -> Answer:
    """Open the form that orders a post, fill it in, and send it as a browser does. A list repeats its field."""
    found: dict[str, Any] = await browser.form("/studio/new", "/studio/new")
    return await post_order(browser, found | {"act": "order"} | fields, *files, **headers)


async def post_order(browser: Browser, fields: dict[str, Any], *files: tuple[str, bytes], **headers: str) -> Answer:
    """Send the form with exactly these fields."""
    data = FormData()
    data.add_field("files", b"", filename="", content_type="application/octet-stream")
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if name != "files":
                data.add_field(name, one, content_type="text/plain; charset=utf-8")
    for name, body in files:
        data.add_field("files", body, filename=name, content_type="application/octet-stream")
    return await browser.post("/studio/new", data, **headers)
