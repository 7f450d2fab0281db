"""Every call of the API in one table; the router and the OpenAPI document are both made from it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.api import cors
from blogen.api.ahead import Ahead
from blogen.api.auth import MAX_ADDRESSES, WRONG_TOKENS, admit, person_of
from blogen.api.kept import Once
from blogen.api.keys import (
    ACTOR,
    BUS,
    CLOCK,
    CONFIG,
    JOBS,
    KEPT_ANSWERS,
    LISTS,
    LIVE,
    NEWS,
    NOTIFICATIONS,
    OWN_KEYS,
    POST_JSON,
    POSTS,
    STREAMS,
)
from blogen.api.live import LiveTimelines
from blogen.api.paging import CursorKey, sign_with
from blogen.api.post_json import PostJson
from blogen.api.problems import Handler, problems
from blogen.api.route import Route
from blogen.api.shared_answers import SharedAnswers, UntilChanged, is_anyone
from blogen.api.streams import PersonStreams
from blogen.api.tables import jobs, outgoing, people, posts, site, social, talk
from blogen.domain.pace import Pace
from blogen.later import Routes, handler

if TYPE_CHECKING:
    from blogen.store.jobs import TimelineEntry

PREFIX = "/api"
VERSION_PREFIX = "/v1"
_LISTS_BYTES = 8 * 1024 * 1024

CURSOR_KEY = web.AppKey("cursor_key", CursorKey)
AHEAD = web.AppKey("ahead", Ahead)
"""Also of `app`, for who puts it ahead of the server."""
ONCE = web.AppKey("once", Once)
SHARED_ANSWERS = web.AppKey("shared_answers", SharedAnswers)

ROUTES: tuple[Route, ...] = (
    *jobs.ROUTES,
    *posts.ROUTES,
    *social.ROUTES,
    *talk.ROUTES,
    *people.ROUTES,
    *outgoing.ROUTES,
    *site.ROUTES,
)


def add_api(app: web.Application) -> None:
    """Serve the API below `/api`. `app` has CONFIG; the other parts named in `keys` it has when it starts."""
    api = web.Application(middlewares=[problems])
    cors.allow(api, app[CONFIG].server.cors_origins)
    routes = Routes(api.router)
    for route in ROUTES:
        routes.add(route.method, VERSION_PREFIX + route.path, _admitting(api, route), has_head=not route.streams)
    app.add_subapp(PREFIX, api)

    async def timeline(job_id: str, after: int) -> "Sequence[TimelineEntry]":
        return await app[JOBS].timeline(job_id, after)

    async def listen(app: web.Application) -> None:
        api[WRONG_TOKENS] = Pace(app[CLOCK], keys=MAX_ADDRESSES)
        api[LIVE] = LiveTimelines(timeline, app[BUS])
        api[CURSOR_KEY] = CursorKey(app[OWN_KEYS])
        api[POST_JSON] = PostJson(app[POSTS], app[BUS], app[CONFIG].server.base_url or "")
        api[STREAMS] = PersonStreams(
            app[NEWS], app[NOTIFICATIONS], api[POST_JSON], app[BUS], app[CONFIG].server.base_url or ""
        )
        api[SHARED_ANSWERS] = SharedAnswers(app[BUS])
        app[AHEAD] = api[AHEAD] = Ahead(app, api[SHARED_ANSWERS], app[BUS], limit_bytes=_LISTS_BYTES)
        api[LISTS] = UntilChanged(app[BUS], lambda one: one.size_bytes, limit_bytes=_LISTS_BYTES)
        api[ONCE] = Once(app[KEPT_ANSWERS])

    async def stop_listening(_app: web.Application) -> None:
        api[LIVE].stop()
        api[STREAMS].stop()
        api[POST_JSON].close()
        api[SHARED_ANSWERS].close()
        api[AHEAD].close()
        api[LISTS].close()

    app.on_startup.append(listen)
    app.on_shutdown.append(stop_listening)


def _admitting(api: web.Application, route: Route) -> Handler:
    answer = handler(f"blogen.api.{route.handler}")

    async def handle(request: web.Request) -> web.StreamResponse:
        if route.ignores_token:
            request[ACTOR] = None
        else:
            await admit(request, route.scope, for_person=route.for_person)
        if route.asks:
            whose = person_of(request) if route.for_person else ""
            sign_with(await api[CURSOR_KEY].get(), whose)
        if route.creates and not route.keeps_key_itself:
            return await api[ONCE].answer(request, answer)
        return await answer(request)

    async def handle_shared(request: web.Request) -> web.StreamResponse:
        if is_anyone(request):
            return await api[SHARED_ANSWERS].answer(request, handle)
        return await api[AHEAD].learn(request, handle)

    return handle_shared if route.is_shared else handle
