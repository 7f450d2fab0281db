"""Every error as `application/problem+json` (RFC 9457): one shape, and nothing in it that only we should know."""

import json
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from blogen.api.keys import BUS
from blogen.errors import BlogenError, Forbidden, InvalidInput, NotFound, NotSignedIn
from blogen.events import RequestCrashed

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:blogen:problem:"

_SHOWN_CHARS = 200
_RETRY_AFTER_SECONDS = 5

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class MalformedBody(InvalidInput):
    code, title, status = "malformed-body", "The body cannot be read", 400


class BodyTooSlow(InvalidInput):
    code, title, status = "body-too-slow", "The body did not arrive in time", 408


class BodyTooLarge(InvalidInput):
    code, title, status = "body-too-large", "The body is too large", 413


class UnknownMediaType(InvalidInput):
    code, title, status = "unknown-media-type", "The body is not of a known type", 415


class WrongMethod(BlogenError):
    code, title, status = "wrong-method", "This cannot be done here", 405


class OtherHttpError(BlogenError):
    code, title = "http", "The request cannot be answered"


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error of the API with a problem."""
    try:
        return await handler(request)
    except BlogenError as error:
        return problem(error)
    except web.HTTPException as error:
        return _of_http(error, request)
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        request.config_dict[BUS].publish(RequestCrashed(request.method, request.path[:_SHOWN_CHARS], trace))
        return problem(
            BlogenError("Blogen met a defect of its own; its log tells more.", remedy="Try again; tell the owner.")
        )


def problem(error: BlogenError, status: int | None = None) -> web.Response:
    """`error` as a response."""
    status = status or error.status
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="blogen", error="invalid_token"'
    if isinstance(error, Forbidden):
        headers["WWW-Authenticate"] = 'Bearer realm="blogen", error="insufficient_scope"'
    if status in {429, 503}:
        headers["Retry-After"] = str(getattr(error, "retry_after_seconds", None) or _RETRY_AFTER_SECONDS)
    body = json.dumps(members(error, status), ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type=MEDIA_TYPE, headers=headers)


def members(error: BlogenError, status: int) -> dict[str, Any]:
    """The members of a problem, those that say nothing left out."""
    told: dict[str, Any] = {
        "type": TYPE_PREFIX + error.code,
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.remedy:
        told["remedy"] = error.remedy
    if error.errors:
        told["errors"] = [{"path": one.path, "message": one.message} for one in error.errors]
    return told


def _of_http(error: web.HTTPException, request: web.Request) -> web.StreamResponse:
    path = request.path[:_SHOWN_CHARS]
    match error:
        case web.HTTPNotFound():
            return problem(NotFound(f"There is nothing at {path}.", remedy="/api/v1/openapi.json lists what there is."))
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            answer = problem(
                WrongMethod(f"{path} does not know {request.method[:20]}.", remedy=f"It knows: {allowed}.")
            )
            answer.headers["Allow"] = allowed
            return answer
        case web.HTTPRequestEntityTooLarge():
            return problem(BodyTooLarge("The body is larger than this server accepts."))
        case _ if error.status >= 400:
            return problem(OtherHttpError(f"{error.reason}."), error.status)
    raise error
