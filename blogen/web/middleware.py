"""What every answer has: a request id, security headers, and a page that helps when something went wrong."""

import secrets
import traceback
from collections.abc import Awaitable, Callable

from aiohttp import web

from blogen.errors import BlogenError
from blogen.events import RequestCrashed
from blogen.web.keys import BUS

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "manifest-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

REQUEST_ID: web.RequestKey[str] = web.RequestKey("REQUEST_ID", str)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For `app.on_response_prepare`: a handler's own headers win."""
    headers = response.headers
    for name, value in SECURITY_HEADERS.items():
        if name not in headers:
            headers[name] = value
    if "X-Request-Id" not in headers:
        headers["X-Request-Id"] = request_id(request)


def request_id(request: web.Request) -> str:
    """Names this request in the answer, on the error page and in the log."""
    if REQUEST_ID not in request:
        request[REQUEST_ID] = secrets.token_hex(8)
    return request[REQUEST_ID]


@web.middleware
async def friendly_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors become pages, save for the API, which words its own."""
    if request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except BlogenError as error:
        return await _page(request, error.status, error.detail, error.remedy)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = await _page(request, error.status, _WORDS.get(error.status, error.reason), "")
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except ConnectionResetError:
        raise
    except Exception:
        request.app[BUS].publish(RequestCrashed(request.method, _loggable(request), traceback.format_exc()))
        return await _page(request, 500, "Something went wrong on our side.", "")


def _loggable(request: web.Request) -> str:
    """The path, without what is a secret in it."""
    path = request.path
    for name in request.match_info.keys() & {"ticket", "secret"}:
        path = path.replace(request.match_info[name], f"{{{name}}}")
    return path


_WORDS = {
    404: "There is nothing at this address.",
    405: "This address cannot be used in that way.",
    413: "That was too much at once.",
}


async def _page(request: web.Request, status: int, detail: str, remedy: str) -> web.Response:
    from blogen.web.reader.errors import error_page

    return await error_page(request, status, detail, remedy)
