"""JSON answers."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic_core import to_json


def answer(told: Mapping[str, Any], *, status: int = 200, location: str | None = None) -> web.Response:
    """A private answer: what a token may see is kept by nobody on the way."""
    headers = {"Cache-Control": "no-store"} | ({"Location": location} if location else {})
    return web.Response(body=to_json(told), status=status, content_type="application/json", headers=headers)


def public(request: web.Request, told: Mapping[str, Any]) -> web.Response:
    """An answer that everyone may see, with an ETag; 304 if the client has it already."""
    return with_tag(request, to_json(told))


def with_tag(request: web.Request, body: bytes, *, tag: str = "", is_personal: bool = False) -> web.Response:
    """`body` with an ETag; 304 if the client has it already.

    `tag` names the body for the ETag; unset: a digest does. `is_personal`: it is for one person, and no cache on the
    way may keep it.
    """
    tag = tag or hashlib.blake2b(body, digest_size=12).hexdigest()
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": "private, no-cache" if is_personal else "no-cache",
        "Vary": "Authorization, Cookie",
    }
    known = (request.if_none_match or ()) if request.method in {"GET", "HEAD"} else ()
    if any(one.value in {tag, "*"} for one in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/json", headers=headers)


def joined(items: Sequence[bytes], next_cursor: str | None, **more: Any) -> bytes:
    """The JSON of a list whose items are JSON already; `more` are further members."""
    body = b'{"items":[' + b",".join(items) + b'],"next":' + to_json(next_cursor)
    return body + (b"," + to_json(more)[1:] if more else b"}")
