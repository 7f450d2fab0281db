"""Pictures, as they are stored."""

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.answers import FOREVER
from blogen.web.keys import MEDIA

_POLICY = "default-src 'none'; sandbox"


async def medium(request: web.Request) -> web.StreamResponse:
    """A name is a digest of the content: what was fetched once never needs to be fetched again."""
    file = request.app[MEDIA].open(request.match_info["name"])
    if file is None or not file.path.is_file():
        raise NotFound("This picture does not exist.")
    headers = {"Content-Type": file.media_type, "Cache-Control": FOREVER, "Content-Security-Policy": _POLICY}
    return web.FileResponse(file.path, headers=headers)
