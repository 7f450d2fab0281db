"""Static files: few, small, read once; their addresses carry a digest, so browsers may keep them for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.answers import FOREVER, FRESH, accepts_gzip, is_known
from blogen.web.folders import STATIC

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
}

_COMPRESSED = (".css", ".js", ".svg")


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    digest: str
    media_type: str


def address(name: str) -> str:
    """`/static/NAME` with the digest of its content."""
    return f"/static/{name}?v={_asset(name).digest}"


async def static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in _names():
        raise NotFound(f"There is no file {name}.")
    asset = _asset(name)
    headers = {
        "Content-Type": asset.media_type,
        "Cache-Control": FOREVER if request.query.get("v") == asset.digest else FRESH,
        "ETag": f'"{asset.digest}"',
        "Vary": "Accept-Encoding",
    }
    if is_known(request.headers.get("If-None-Match", ""), asset.digest):
        return web.Response(status=304, headers=headers)
    if name.endswith(_COMPRESSED) and accepts_gzip(request.headers.get("Accept-Encoding", "")):
        headers |= {"Content-Encoding": "gzip", "ETag": f'"{asset.digest}-gzip"'}
        return web.Response(body=_compressed(name), headers=headers)
    return web.Response(body=asset.body, headers=headers)


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


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(_asset(name).body, 9, mtime=0)
