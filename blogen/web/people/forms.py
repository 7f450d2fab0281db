"""Forms: sent from one of our own pages, by the browser that was given the page, and not longer than they should be.

Two checks, either of which would do: the browser says that the request comes from this very origin, and the form has a
token that only the page knows, bound to the signed-in device or, before signing in, to a cookie.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from blogen.clients import is_from_elsewhere
from blogen.errors import Forbidden, InvalidInput
from blogen.web.keys import CONFIG, OWN_KEYS
from blogen.web.people.session import Visitor
from blogen.web.people.state import PEOPLE_PAGES

F = TypeVar("F")

COOKIE: Final = "__Host-blogen-form"
TOKEN_FIELD: Final = "form"  # noqa: S105
TOKEN_HEADER: Final = "X-Form-Token"  # noqa: S105
MAX_BYTES: Final = 64 * 1024

_MAX_FIELDS: Final = 40
_BODY_SECONDS: Final = 120.0
_COOKIE_BYTES: Final = 24
_COOKIE_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{32}")


class Words(dict[str, str]):
    """What stands in the fields of a form, or beside them; nothing where nothing was said."""

    def __missing__(self, _key: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent. Of a field that was sent twice the first counts."""

    values: Mapping[str, str]
    file: bytes = field(default=b"", repr=False)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def kept(self, *names: str) -> Words:
        """What the page shows again: never passwords."""
        return Words({name: self[name] for name in names})


async def read_form(request: web.Request, who: Visitor | None) -> Form:
    """A form of a page that `who` was given, or anyone. Raises Forbidden, InvalidInput, HTTPRequestEntityTooLarge."""
    form = await read_fields(request)
    await check_token(request, who, form[TOKEN_FIELD])
    return form


async def read_fields(request: web.Request, max_bytes: int = MAX_BYTES) -> Form:
    """As `read_form`, before its token is looked at: until then it is good for nothing but to be shown again."""
    check_origin(request)
    body = await read_body(request, max_bytes)
    if request.content_type != "application/x-www-form-urlencoded":
        raise unreadable()
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise unreadable() from None
    return Form(_first(pairs))


async def read_upload(request: web.Request, who: Visitor, max_bytes: int, field_bytes: int = MAX_BYTES) -> Form:
    """As `read_form`, of a form with one file of at most `max_bytes`, and `field_bytes` in each other field."""
    form = await read_multipart(
        request, lambda: _parts(request, max_bytes, field_bytes), max_bytes + field_bytes + MAX_BYTES
    )
    await check_token(request, who, form[TOKEN_FIELD])
    return form


async def read_multipart(request: web.Request, parts: Callable[[], Awaitable[F]], max_bytes: int) -> F:
    """What `parts` makes of a form with files that says to be at most `max_bytes` long, before its token is looked at.

    Raises Forbidden, InvalidInput, HTTPRequestEntityTooLarge, HTTPRequestTimeout.
    """
    check_origin(request)
    if request.content_type != "multipart/form-data":
        raise unreadable()
    if (request.content_length or 0) > max_bytes:
        raise web.HTTPRequestEntityTooLarge(max_bytes, request.content_length or 0)
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await parts()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError):  # what parsers say of a broken body
        raise unreadable() from None


async def read_body(request: web.Request, max_bytes: int) -> bytes:
    """The whole body, if it comes in time and is not longer than that."""
    if (request.content_length or 0) > max_bytes:
        raise web.HTTPRequestEntityTooLarge(max_bytes, request.content_length or 0)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.content.iter_chunked(16 * 1024):
                body += piece
                if len(body) > max_bytes:
                    raise web.HTTPRequestEntityTooLarge(max_bytes, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)


def check_origin(request: web.Request) -> None:
    """Raises Forbidden unless the browser says that one of our own pages sent this."""
    if is_from_elsewhere(request, request.app[CONFIG].server.base_url):
        raise Forbidden(
            "This was not sent from a page of this blog.", remedy="Open the page here, and send its form from there."
        )


async def check_token(request: web.Request, who: Visitor | None, token: str) -> None:
    """Raises Forbidden unless the token is of a page that `who`, or this visitor, was given."""
    bound = _bound(request, who)
    if bound is None:
        raise Forbidden(
            "Your browser did not bring back the cookie that came with this form.",
            remedy="Let this site set cookies, open it with https:// (or on localhost), and load the page again.",
        )
    if not hmac.compare_digest(token.encode(), (await _signed(request, bound)).encode()):
        raise Forbidden("This form is too old, or somebody else's.", remedy="Load the page again and repeat it.")


async def form_token(request: web.Request, who: Visitor | None) -> tuple[str, str]:
    """The token for a page's forms, and the cookie that must be set with it (empty: none needs to be)."""
    bound, cookie = _bound(request, who), ""
    if bound is None:
        cookie = secrets.token_urlsafe(_COOKIE_BYTES)
        bound = f"visitor:{cookie}"
    return await _signed(request, bound), cookie


def give_cookie(response: web.StreamResponse, cookie: str) -> None:
    if cookie:
        response.set_cookie(COOKIE, cookie, path="/", secure=True, httponly=True, samesite="Lax")


def visitors_cookie(request: web.Request) -> str | None:
    """What this browser was given with its first form."""
    text = request.cookies.get(COOKIE, "")
    return text if _COOKIE_TEXT.fullmatch(text) else None


def beside_fields(error: InvalidInput, words: Mapping[str, str] = {}) -> Words:
    """The mistakes as sentences by field; `words` are what the page calls its fields, where that is not their name."""
    return Words({path: f"The {words.get(path, path)} {message}." for path, message in error.errors})


def _bound(request: web.Request, who: Visitor | None) -> str | None:
    if who is not None:
        return f"device:{who.device_id}"
    cookie = visitors_cookie(request)
    return f"visitor:{cookie}" if cookie else None


async def _signed(request: web.Request, bound: str) -> str:
    key = await request.app[PEOPLE_PAGES].form_key(request.app[OWN_KEYS])
    return hmac.new(key, bound.encode(), hashlib.sha256).hexdigest()


async def _parts(request: web.Request, max_bytes: int, field_bytes: int) -> Form:
    pairs: list[tuple[str, str]] = []
    file = b""
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or len(pairs) >= _MAX_FIELDS:
            raise unreadable()
        is_file = part.filename is not None
        content = await _content(part, max_bytes if is_file else field_bytes)
        if is_file:
            file = file or content
        else:
            pairs.append((part.name or "", content.decode()))
    return Form(_first(pairs), file)


async def _content(part: BodyPartReader, max_bytes: int) -> bytes:
    content = bytearray()
    while piece := await part.read_chunk():
        content += piece
        if len(content) > max_bytes:
            raise web.HTTPRequestEntityTooLarge(max_bytes, len(content))
    return bytes(content)


def _first(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value.replace("\r\n", "\n"))
    return found


def unreadable() -> InvalidInput:
    return InvalidInput("The form cannot be read.", remedy="Send it from its page.")
