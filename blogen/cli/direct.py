"""The door of this process: the application itself, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from blogen.cli.door import Hear, JobTold
from blogen.errors import NotFound

if TYPE_CHECKING:
    from blogen.app import App
    from blogen.config import Config
    from blogen.domain.job import Job, JobRequest
    from blogen.events import Event


class Direct:
    place = "this process"
    is_server = False

    def __init__(self, app: "App") -> None:
        self._app = app

    @classmethod
    @asynccontextmanager
    async def open(cls, config: "Config", *, works: bool, streams: bool, log_to: Any) -> AsyncIterator["Direct"]:
        from blogen import logs
        from blogen.app import App
        from blogen.events import Bus

        bus = Bus()
        stop = logs.setup(config, bus, level="error", stream=log_to)
        try:
            async with App.open(config, bus=bus) if works else App.built(config, bus=bus) as app:
                await app.build_works()
                app.services.is_streaming = streams
                yield cls(app)
        finally:
            stop()

    async def submit(self, request: "JobRequest") -> JobTold:
        return await self._told(await self._app.engine.submit(request))

    async def act(self, verb: str, job_id: str, **details: Any) -> JobTold:
        engine = self._app.engine
        match verb:
            case "retry":
                job = await engine.retry(job_id, from_step=details.get("from"), fresh=details.get("fresh", False))
            case "approve":
                job = await engine.approve(job_id, note=details.get("note", ""))
            case "reject":
                job = await engine.reject(job_id, note=details.get("note", ""))
            case _:
                verbs = {"cancel": engine.cancel, "pause": engine.pause, "resume": engine.resume}
                job = await verbs[verb](job_id)
        return await self._told(job)

    async def job(self, job_id: str) -> JobTold:
        return await self._told(await self._app.jobs.get(job_id))

    async def follow(self, job_id: str, hear: Hear, *, since: str = "") -> JobTold:  # noqa: ARG002, only new is heard
        def hear_of_job(event: "Event") -> None:
            if getattr(event, "job_id", None) == job_id:
                hear(event)

        stop = self._app.bus.subscribe(hear_of_job)
        try:
            return await self._told(await self._app.engine.finished(job_id))
        finally:
            stop()

    async def post_markdown(self, slug: str) -> str:
        post = await self._app.posts.by_slug(slug)
        if post is None:
            raise NotFound(f"There is no post {slug[:120]}.", remedy="`blogen posts list` shows them all.")
        return post.markdown

    async def delete_post(self, slug: str) -> None:
        if not await self._app.posts.delete(slug):
            raise NotFound(f"There is no post {slug[:120]}.", remedy="`blogen posts list` shows them all.")

    async def _told(self, job: "Job") -> JobTold:
        from blogen.api.views import job_view

        return job_view(job, await self._app.posts.slug_of_job(job.id))
