"""Where services call us: `/hooks/midjourney/{secret}`. The proxies sign nothing, so the address holds a secret."""

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.keys import HOOKS

MAX_BODY_BYTES = 256 * 1024


async def midjourney(request: web.Request) -> web.Response:
    """A task has changed. Answered with 204 also where it is none of ours, so that the sender stops."""
    hooks = await request.app[HOOKS]
    if not hooks.is_known(request.match_info["secret"]):
        raise NotFound("There is nothing at this address.")
    if request.content_length is not None and request.content_length > MAX_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES, request.content_length)
    body = await request.content.read(MAX_BODY_BYTES + 1)
    while len(body) <= MAX_BODY_BYTES and (piece := await request.content.read(MAX_BODY_BYTES + 1 - len(body))):
        body += piece
    if len(body) > MAX_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES, len(body))
    await hooks.midjourney(body)
    return web.Response(status=204)
