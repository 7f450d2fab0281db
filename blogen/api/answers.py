"""JSON answers."""

import hashlib
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic_core import to_json


def answer(told: Mapping[str, Any], *, status: int = 200, location: str | None = None) -> web.Response:
    """A private answer: what a token may see is kept by nobody on the way."""
    headers = {"Cache-Control": "no-store"} | ({"Location": location} if location else {})
    return web.Response(body=to_json(told), status=status, content_type="application/json", headers=headers)


def public(request: web.Request, told: Mapping[str, Any]) -> web.Response:
    """An answer that everyone may see, with an ETag; 304 if the client has it already."""
    body = to_json(told)
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache", "Vary": "Authorization"}
    known = request.if_none_match or ()
    if any(one.value in {tag, "*"} for one in known):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/json", headers=headers)
