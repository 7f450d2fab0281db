"""Every call of the API in one table; the router and the OpenAPI document are both made from it."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from blogen.api.auth import WRONG_TOKENS, WrongTokens, admit
from blogen.api.keys import ACTOR, BUS, JOBS, LIVE
from blogen.api.live import LiveTimelines
from blogen.api.problems import Handler, problems
from blogen.domain.person import Scope
from blogen.later import handler

PREFIX = "/api"
VERSION_PREFIX = "/v1"


@dataclass(frozen=True, slots=True)
class Route:
    """One call. Types are named, not imported: `takes` in `blogen.domain`, `asks` in `queries`, `gives` in `views`."""

    method: str
    path: str
    """Below `/api/v1`."""
    handler: str
    """`module.function` in this package."""
    summary: str
    scope: Scope | None = None
    """What the token must include; None: no token is needed."""
    gives: str | None = None
    takes: str | None = None
    asks: str | None = None
    status: HTTPStatus = HTTPStatus.OK
    needs_body: bool = False
    creates: bool = False
    """Honours an `Idempotency-Key`."""
    streams: bool = False
    """Answers with server-sent events."""
    ignores_token: bool = False
    """Answers even to who shows a token that is not valid (any more)."""


ROUTES: tuple[Route, ...] = (
    Route(
        "POST", "/jobs", "jobs.submit", "Order a post", Scope.AUTHOR,
        takes="JobRequest", gives="JobView", status=HTTPStatus.ACCEPTED, needs_body=True, creates=True,
    ),
    Route("GET", "/jobs", "jobs.list_jobs", "Jobs, the newest first", Scope.AUTHOR, asks="JobsQuery", gives="JobList"),
    Route("GET", "/jobs/{id}", "jobs.show", "A job", Scope.AUTHOR, gives="JobView"),
    Route("GET", "/jobs/{id}/steps", "jobs.steps", "What was done for a job", Scope.AUTHOR, gives="StepList"),
    Route(
        "GET", "/jobs/{id}/timeline", "jobs.timeline", "All that happened to a job, the oldest first", Scope.AUTHOR,
        asks="TimelineQuery", gives="TimelineList",
    ),
    Route(
        "GET", "/jobs/{id}/events", "jobs.events", "The timeline as it happens", Scope.AUTHOR,
        gives="TimelineView", streams=True,
    ),
    Route("POST", "/jobs/{id}/cancel", "jobs.cancel", "Stop a job for good", Scope.AUTHOR, gives="JobView"),
    Route(
        "POST", "/jobs/{id}/retry", "jobs.retry", "Take a failed job up again", Scope.AUTHOR,
        takes="RetryRequest", gives="JobView",
    ),
    Route("POST", "/jobs/{id}/pause", "jobs.pause", "Let a job rest", Scope.AUTHOR, gives="JobView"),
    Route("POST", "/jobs/{id}/resume", "jobs.resume", "End a pause", Scope.AUTHOR, gives="JobView"),
    Route(
        "POST", "/jobs/{id}/approve", "jobs.approve", "Say yes to what waits for review", Scope.AUTHOR,
        takes="Decision", gives="JobView",
    ),
    Route(
        "POST", "/jobs/{id}/reject", "jobs.reject", "Say no to what waits for review", Scope.AUTHOR,
        takes="Decision", gives="JobView",
    ),
    Route(
        "GET", "/costs", "costs.show", "What calls cost, and how much of the caps is used", Scope.ADMIN,
        asks="CostsQuery", gives="CostsView",
    ),
    Route(
        "GET", "/costs/estimate", "costs.estimate", "What the next post will probably cost", Scope.AUTHOR,
        asks="EstimateQuery", gives="EstimateView",
    ),
    Route("GET", "/posts", "posts.list_posts", "Posts, the newest first", asks="PostsQuery", gives="PostList"),
    Route("GET", "/posts/{slug}", "posts.show", "A post with its body", gives="PostView"),
    Route("GET", "/posts/{slug}/receipt", "posts.receipt", "How a post came to be", gives="ReceiptView"),
    Route(
        "DELETE", "/posts/{slug}", "posts.delete", "Take a post off the blog", Scope.AUTHOR,
        status=HTTPStatus.NO_CONTENT,
    ),
    Route("GET", "/search", "posts.search", "The best posts for a few words", asks="SearchQuery", gives="HitList"),
    Route("GET", "/tags", "posts.tags", "Tags, the most used first", gives="TagList"),
    Route("GET", "/authors", "authors.list_authors", "Authors by name", gives="AuthorList"),
    Route("GET", "/authors/{handle}", "authors.show", "An author", gives="AuthorView"),
    Route("GET", "/site", "site.show", "What this server is and can do", gives="SiteView", ignores_token=True),
    Route("GET", "/openapi.json", "site.openapi", "This document", ignores_token=True),
)  # fmt: skip


def add_api(app: web.Application) -> None:
    """Serve the API below `/api`. The parts named in `keys` are the application's to set before it starts."""
    api = web.Application(middlewares=[problems])
    api[WRONG_TOKENS] = WrongTokens()
    for route in ROUTES:
        path = VERSION_PREFIX + route.path
        if route.method == "GET":
            api.router.add_get(path, _admitting(route), allow_head=not route.streams)
        else:
            api.router.add_route(route.method, path, _admitting(route))
    app.add_subapp(PREFIX, api)

    async def listen(app: web.Application) -> None:
        api[LIVE] = LiveTimelines(app[JOBS].timeline, app[BUS])

    async def stop_listening(_app: web.Application) -> None:
        api[LIVE].stop()

    app.on_startup.append(listen)
    app.on_shutdown.append(stop_listening)


def _admitting(route: Route) -> Handler:
    answer = handler(f"blogen.api.{route.handler}")

    async def handle(request: web.Request) -> web.StreamResponse:
        if route.ignores_token:
            request[ACTOR] = None
        else:
            await admit(request, route.scope)
        return await answer(request)

    return handle
