"""Other sites' pages may call the API where the owner lists them (`server.cors_origins`); without a list, none may.

They show tokens: cookies are never let in from elsewhere, so `Access-Control-Allow-Credentials` is never sent.
"""

from collections.abc import Collection

from aiohttp import web

from blogen.api.problems import Handler

ANY = "*"

_READABLE = "ETag, Idempotent-Replayed, Location, Retry-After, WWW-Authenticate, X-Request-Id"
_SENT = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID"
_ASKED_AGAIN_SECONDS = 600


def allow(api: web.Application, origins: Collection[str]) -> None:
    """Let pages of these origins call `api`; nothing is added to its answers where there are none."""
    if not origins:
        return
    allowed = frozenset(origins)

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        # Said also to whoever may not: a cache on the way must not give one page's answer to another's.
        vary = response.headers.get("Vary", "")
        if "Origin" not in vary:
            response.headers["Vary"] = f"{vary}, Origin" if vary else "Origin"
        if (origin := _allowed(request, allowed)) is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _READABLE

    @web.middleware
    async def answer_preflights(request: web.Request, handler: Handler) -> web.StreamResponse:
        methods = _methods(request)
        if methods and _allowed(request, allowed) is not None:
            headers = {
                "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
                "Access-Control-Allow-Headers": _SENT,
                "Access-Control-Max-Age": str(_ASKED_AGAIN_SECONDS),
                "Vary": "Access-Control-Request-Method, Access-Control-Request-Headers",
            }
            return web.Response(status=204, headers=headers)
        return await handler(request)

    api.middlewares.append(answer_preflights)
    api.on_response_prepare.append(add_headers)


def _allowed(request: web.Request, allowed: Collection[str]) -> str | None:
    """What to tell the page that asks, if it may."""
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    if ANY in allowed:
        return ANY
    return origin if origin in allowed else None


def _methods(request: web.Request) -> Collection[str]:
    """What may be done at this address, if a browser asks before it lets a page do it."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return ()
    error = request.match_info.http_exception
    return error.allowed_methods if isinstance(error, web.HTTPMethodNotAllowed) else ()
