"""`/jobs`: ordering posts, seeing how far they are, deciding about them."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic_core import to_json

from blogen.api.answers import answer, with_tag
from blogen.api.auth import actor_of, admit
from blogen.api.keys import CONFIG, ENGINE, JOBS, LIVE, POSTS, STEPS
from blogen.api.paging import cursor, position
from blogen.api.requests import body, idempotency_key, query
from blogen.domain.job import Job, JobRequest, JobState
from blogen.domain.person import Scope
from blogen.errors import BlogenError, FieldError, InvalidInput, NotFound
from blogen.streams import HEARTBEAT, OPENING, stream_to

if TYPE_CHECKING:
    from blogen.engine.engine import Engine

_WRITE_SECONDS = 60.0
_MAX_EVENT_ID = 2**63 - 1


async def submit(request: web.Request) -> web.Response:
    order = await body(request, JobRequest)
    job = await (await _engine(request)).submit(order, by=actor_of(request), idempotency_key=idempotency_key(request))
    return await _answer(request, job, status=202, location=f"/api/v1/jobs/{job.id}")


async def list_jobs(request: web.Request) -> web.Response:
    from blogen.api.queries import JobsQuery

    asked = query(request, JobsQuery)
    _, before = position("jobs", asked.cursor) if asked.cursor else (0, None)
    found = await request.config_dict[JOBS].list(asked.state, before, asked.limit + 1)
    shown = found[: asked.limit]
    following = cursor("jobs", name=shown[-1].id) if len(found) > len(shown) else None
    return answer({"items": await _views(request, shown), "next": following})


async def show(request: web.Request) -> web.Response:
    return await _answer(request, await _job(request))


async def steps(request: web.Request) -> web.Response:
    from blogen.api.views import step_view

    job = await _job(request)
    records = await request.config_dict[STEPS].of(job.id)
    return answer({"items": [step_view(record) for record in records], "next": None})


async def timeline(request: web.Request) -> web.Response:
    from blogen.api.queries import TimelineQuery
    from blogen.api.views import timeline_view

    asked = query(request, TimelineQuery)
    after, _ = position("timeline", asked.cursor) if asked.cursor else (0, "")
    job = await _job(request)
    entries = await request.config_dict[JOBS].timeline(job.id, after)
    shown = entries[: asked.limit]
    following = cursor("timeline", shown[-1].id) if len(entries) > len(shown) else None
    return answer({"items": [timeline_view(entry) for entry in shown], "next": following})


async def events(request: web.Request) -> web.StreamResponse:
    after = _last_event_id(request)
    job = await _job(request)
    if job.state.is_final and after and not await request.config_dict[JOBS].timeline(job.id, after):
        return web.Response(status=204)  # tells an EventSource to stop asking
    response = await stream_to(request)
    try:
        await response.write(OPENING)
        told = request.config_dict[LIVE].follow(job.id, after, is_final=job.state.is_final)
        async with aclosing(told):
            async for wire in told:
                if wire is HEARTBEAT:
                    await admit(request, Scope.AUTHOR)  # the token may have been revoked meanwhile
                async with asyncio.timeout(_WRITE_SECONDS):
                    await response.write(wire)
        await response.write_eof()
    except (ConnectionError, TimeoutError, BlogenError):
        request.protocol.force_close()
    return response


async def cancel(request: web.Request) -> web.Response:
    return await _answer(request, await (await _engine(request)).cancel(_id(request), by=actor_of(request)))


async def pause(request: web.Request) -> web.Response:
    return await _answer(request, await (await _engine(request)).pause(_id(request), by=actor_of(request)))


async def resume(request: web.Request) -> web.Response:
    return await _answer(request, await (await _engine(request)).resume(_id(request), by=actor_of(request)))


async def retry(request: web.Request) -> web.Response:
    from blogen.domain.orders import RetryRequest

    order = await body(request, RetryRequest, may_be_empty=True)
    job = await (await _engine(request)).retry(
        _id(request), by=actor_of(request), from_step=order.from_, fresh=order.fresh
    )
    return await _answer(request, job)


async def approve(request: web.Request) -> web.Response:
    from blogen.domain.orders import Decision

    decision = await body(request, Decision, may_be_empty=True)
    return await _answer(
        request, await (await _engine(request)).approve(_id(request), by=actor_of(request), note=decision.note)
    )


async def reject(request: web.Request) -> web.Response:
    from blogen.domain.orders import Decision

    decision = await body(request, Decision, may_be_empty=True)
    return await _answer(
        request, await (await _engine(request)).reject(_id(request), by=actor_of(request), note=decision.note)
    )


async def draft(request: web.Request) -> web.Response:
    """The post as it stands. Its ETag is its `revision`."""
    from blogen.api.views import draft_view
    from blogen.pipeline.revising import newest_draft
    from blogen.store.steps import count_revisions

    job = await _job(request)
    records = await request.config_dict[STEPS].of(job.id)
    found = newest_draft(records)
    if found is None:
        raise NotFound(
            f"Job {job.id} is {job.state} and has no draft yet.",
            remedy="It has one once it was assembled, before review.",
        )
    revision, post = found
    told = draft_view(post, revision=revision, edits=count_revisions(records))
    return with_tag(request, to_json(told), tag=revision, is_personal=True)


async def revise(request: web.Request) -> web.Response:
    from blogen.domain.orders import Revision

    wanted = await body(request, Revision)
    job = await (await _engine(request)).revise(_id(request), wanted, by=actor_of(request))
    return await _answer(request, job, status=202, location=f"/api/v1/jobs/{job.id}/draft")


async def _engine(request: web.Request) -> "Engine":
    """Waits while a server that has just started is still building it."""
    return await asyncio.shield(request.config_dict[ENGINE])


def _id(request: web.Request) -> str:
    return request.match_info["id"]


async def _job(request: web.Request) -> Job:
    return await request.config_dict[JOBS].get(_id(request))


async def _answer(request: web.Request, job: Job, *, status: int = 200, location: str | None = None) -> web.Response:
    return answer((await _views(request, [job]))[0], status=status, location=location)


async def _views(request: web.Request, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    from blogen.api.views import job_view

    base_url = request.config_dict[CONFIG].server.base_url or ""
    slugs = await asyncio.gather(*(_slug(request, job) for job in jobs))
    return [job_view(job, slug, base_url) for job, slug in zip(jobs, slugs, strict=True)]


async def _slug(request: web.Request, job: Job) -> str | None:
    return await request.config_dict[POSTS].slug_of_job(job.id) if job.state is JobState.PUBLISHED else None


def _last_event_id(request: web.Request) -> int:
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return 0
    if not given.isascii() or not given.isdigit() or len(given) > 19 or int(given) > _MAX_EVENT_ID:
        message = "must be the `id` of an event of this stream"
        raise InvalidInput(f"The header Last-Event-ID {message}.", errors=[FieldError("Last-Event-ID", message)])
    return int(given)
