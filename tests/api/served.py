"""The API on a real socket over a real database and the real engine, with a pipeline small enough to steer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from blogen.ahead import put_ahead
from blogen.api import keys
from blogen.api.routes import AHEAD, add_api
from blogen.attempts import Attempts
from blogen.clock import SystemClock
from blogen.config import Config
from blogen.domain.job import JobState, Waiting, WaitingFor
from blogen.domain.model import Model
from blogen.domain.pace import Pace
from blogen.domain.person import Scope
from blogen.engine.context import JobContext
from blogen.engine.engine import Engine
from blogen.engine.outcome import Move, Pipeline
from blogen.errors import ProviderRefused
from blogen.site import Site
from blogen.store.aversions import Aversions
from blogen.store.comments import Comments
from blogen.store.corrections import Corrections
from blogen.store.deliveries import Deliveries
from blogen.store.devices import Devices
from blogen.store.feeds import Feeds
from blogen.store.jobs import Jobs
from blogen.store.kept_answers import KeptAnswers
from blogen.store.ledger import Ledger
from blogen.store.moderation import Moderation
from blogen.store.news import News
from blogen.store.notifications import Notifications
from blogen.store.own_keys import OwnKeys
from blogen.store.people import People
from blogen.store.posts import Posts
from blogen.store.settings import Settings
from blogen.store.social import Social
from blogen.store.steps import Steps, Used
from blogen.store.subscriptions import Subscriptions
from blogen.store.tickets import Tickets
from tests.blog import AUTONOMOUS, Blog, draft, open_blog

PASSWORD = "correct horse battery"
"""Of everyone."""


class Prose(Model):
    text: str


class SmallPipeline:
    """queued → … → published, one paid call while drafting. A topic that begins with `Fail` fails there.

    While `gate` is closed, drafting waits behind its call's beginning.
    """

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(
            "post",
            {
                JobState.QUEUED: self._straight_to(JobState.RESEARCHING),
                JobState.RESEARCHING: self._straight_to(JobState.OUTLINING),
                JobState.OUTLINING: self._straight_to(JobState.DRAFTING),
                JobState.DRAFTING: self._draft,
                JobState.EDITING: self._straight_to(JobState.ILLUSTRATING),
                JobState.ILLUSTRATING: self._straight_to(JobState.ASSEMBLING),
                JobState.ASSEMBLING: self._straight_to(JobState.IN_REVIEW),
                JobState.IN_REVIEW: self._review,
            },
        )

    @staticmethod
    def _straight_to(target: JobState):
        async def stage(_job: JobContext) -> JobState:
            return target

        return stage

    async def _draft(self, job: JobContext) -> JobState:
        async def write() -> Prose:
            await self.gate.wait()
            if job.request.topic.startswith("Fail"):
                raise ProviderRefused("The model refused.", remedy="Ask for something else.", provider="text.main")
            return Prose(text=f"About {job.request.topic}.")

        used = Used("text.main", "some-model", 120, 45, 1234)
        await job.call("draft", Prose, write, rests_on=job.request.topic, used=lambda _prose: used)
        return JobState.EDITING

    @staticmethod
    async def _review(job: JobContext) -> Any:
        if job.request.review and not job.decision.is_approved:
            return Waiting(WaitingFor.REVIEW)
        prose = job.result("draft", Prose)
        post = draft(job.request.topic, job_id=job.job.id, text=prose.text, tags=job.request.tags)
        return Move(
            JobState.PUBLISHED,
            also=lambda tx: Posts.add(tx, post, published_at=tx.now_ms, provenance=AUTONOMOUS) and None,
        )


class Sent(NamedTuple):
    """A server-sent event as it came."""

    event: str
    id: int | None
    told: Any


class Served:
    def __init__(self, blog: Blog, client: TestClient, people: People, engine: Engine, pipeline: SmallPipeline) -> None:
        self.blog = blog
        self.client = client
        self.people = people
        self.engine = engine
        self.pipeline = pipeline
        self.tokens: dict[Scope, str] = {}
        """The owner's, of every scope."""
        self._tokens_of: dict[str, str] = {}

    async def person(self, handle: str = "ann", role: Scope = Scope.READER) -> dict[str, str]:
        """The headers of a person with that handle, who is made with their first call."""
        if handle not in self._tokens_of:
            await self.people.create_person(handle, handle.title(), role, PASSWORD)
            _, self._tokens_of[handle] = await self.people.create_token(role, handle)
        return {"Authorization": f"Bearer {self._tokens_of[handle]}"}

    async def call(
        self, method: str, path: str, body: Any = None, *, scope: Scope | None = Scope.AUTHOR, **more: Any
    ) -> ClientResponse:
        """One call below /api/v1 with a token of that scope."""
        headers = dict(more.pop("headers", {}))
        if scope is not None:
            headers.setdefault("Authorization", f"Bearer {self.tokens[scope]}")
        if body is not None:
            more["json"] = body
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    async def told(self, method: str, path: str, body: Any = None, *, status: int = 200, **more: Any) -> Any:
        """The JSON of an answer that must have this status."""
        answer = await self.call(method, path, body, **more)
        text = await answer.text()
        assert answer.status == status, text
        return json.loads(text) if text else None

    async def refused(self, method: str, path: str, body: Any = None, *, status: int, **more: Any) -> Any:
        """A problem with this status; every problem is checked for its shape."""
        answer = await self.call(method, path, body, **more)
        problem = await answer.json(content_type="application/problem+json")
        assert answer.status == status, problem
        assert problem["status"] == status
        assert {"type", "title", "status", "detail", "code"} <= problem.keys()
        assert problem["detail"]
        assert "Traceback" not in str(problem)
        return problem

    async def order(self, topic: str = "Green tea", **fields: Any) -> Any:
        return await self.told("POST", "/jobs", {"topic": topic, **fields}, status=202)

    async def settled(self, job_id: str) -> Any:
        """The job as the API shows it once it is final or waits for a person."""
        async with asyncio.timeout(10):
            await self.engine.finished(job_id)
        return await self.told("GET", f"/jobs/{job_id}")

    async def published(self, topic: str = "Green tea", **fields: Any) -> Any:
        job = await self.settled((await self.order(topic, **fields))["id"])
        assert job["state"] == "published", job
        return job


@asynccontextmanager
async def serve(folder: Path, config: Config | None = None, **engine_options: Any) -> AsyncIterator[Served]:
    async with open_blog(folder) as blog:
        clock = SystemClock()
        jobs, steps, people = Jobs(blog.database, clock), Steps(blog.database, clock), People(blog.database, clock)
        pipeline = SmallPipeline()
        engine = Engine(pipeline.pipeline, jobs, steps, blog.bus, clock, drain_seconds=0.1, **engine_options)
        await blog.authors.ensure("blogen")
        app = web.Application()
        app[keys.CONFIG] = config or Config()
        app[keys.SITE] = Site(app[keys.CONFIG], Settings(blog.database), blog.bus)
        app[keys.BUS] = blog.bus
        app[keys.CLOCK] = clock
        app[keys.ENGINE] = asyncio.get_running_loop().create_future()
        app[keys.ENGINE].set_result(engine)
        app[keys.JOBS] = jobs
        app[keys.STEPS] = steps
        app[keys.LEDGER] = Ledger(blog.database)
        app[keys.POSTS] = blog.posts
        app[keys.SEARCH] = blog.search
        app[keys.SOCIAL] = Social(blog.database)
        app[keys.FEEDS] = Feeds(blog.database, clock, blog.bus)
        app[keys.AUTHORS] = blog.authors
        app[keys.PEOPLE] = people
        app[keys.DEVICES] = Devices(blog.database, clock)
        app[keys.TICKETS] = Tickets(blog.database, clock)
        app[keys.ATTEMPTS] = Attempts(clock)
        app[keys.MEDIA] = blog.media
        app[keys.COMMENTS] = Comments(blog.database, app[keys.CONFIG].comments)
        app[keys.NOTIFICATIONS] = Notifications(blog.database)
        app[keys.MODERATION] = Moderation(blog.database)
        app[keys.AVERSIONS] = Aversions(blog.database)
        app[keys.CORRECTIONS] = Corrections(blog.database)
        app[keys.PACE] = Pace(clock)
        app[keys.OWN_KEYS] = OwnKeys(blog.database)
        app[keys.SUBSCRIPTIONS] = Subscriptions(blog.database)
        app[keys.DELIVERIES] = Deliveries(blog.database)
        app[keys.NEWS] = News(blog.database)
        app[keys.KEPT_ANSWERS] = KeptAnswers(blog.database, clock)
        add_api(app)
        async with engine.running(), TestClient(TestServer(app)) as client:
            assert isinstance(client.server, TestServer)
            put_ahead(client.server.handler, app[AHEAD])
            served = Served(blog, client, people, engine, pipeline)
            for scope in Scope:
                _, served.tokens[scope] = await people.create_token(scope)
            yield served


async def sent(answer: ClientResponse) -> AsyncIterator[Sent]:
    """The events of a stream, comments left out."""
    lines: dict[str, str] = {}
    async for raw in answer.content:
        line = raw.decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            lines[name] = value
            continue
        if "event" in lines:
            event_id = int(lines["id"]) if "id" in lines else None
            yield Sent(lines["event"], event_id, json.loads(lines["data"]))
        lines = {}
