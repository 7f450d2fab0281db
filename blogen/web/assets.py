"""Static files: few, small, read once; their addresses carry a digest, so browsers may keep them for ever."""

import hashlib
from dataclasses import dataclass
from functools import cache

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.answers import FOREVER, answer
from blogen.web.folders import STATIC
from blogen.web.keys import PAGES
from blogen.web.pages import FRESH, Page

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    digest: str
    media_type: str


def address(name: str) -> str:
    """`/static/NAME` with the digest of its content."""
    return f"/static/{name}?v={_asset(name).digest}"


async def static(request: web.Request) -> web.Response:
    """One of the files; it is kept as pages are, and compressed as they are."""
    name = request.match_info["name"]
    if name not in _names():
        raise NotFound(f"There is no file {name}.")
    asset, pages = _asset(name), request.app[PAGES]
    is_for_ever = request.raw_path == address(name)
    key = (name, is_for_ever)
    page = pages.kept(key)
    if page is None:
        page = Page(asset.body, asset.media_type, cache=FOREVER if is_for_ever else FRESH)
        pages.keep(key, page, address=request.raw_path if is_for_ever else "")
    return answer(request, page)


async def favicon(_request: web.Request) -> web.Response:
    """Browsers ask for this address whatever the page says."""
    asset = _asset("favicon.ico")
    return web.Response(body=asset.body, headers={"Content-Type": asset.media_type, "Cache-Control": "max-age=86400"})


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in STATIC.iterdir() if path.suffix in _TYPES)


@cache
def _asset(name: str) -> Asset:
    path = STATIC / name
    body = path.read_bytes()
    return Asset(body, hashlib.sha256(body).hexdigest()[:12], _TYPES[path.suffix])
