"""`/app/`: the phone app as `make app` built it. What is no file is answered with its first page.

Files whose names carry a digest are kept by browsers for ever; the others (the first page, the worker, the manifest)
are asked for again each time, so that a new build arrives with the next visit.
"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import web

from blogen.web.answers import BRIEFLY, FOREVER
from blogen.web.folders import APP
from blogen.web.pages import FRESH
from blogen.web.templates import render

_FIRST_PAGE: Final = "index.html"
_WITH_DIGEST: Final = re.compile(r"[-.][0-9a-f]{16,}(@[0-9.]+x)?(\.[0-9a-z]+)+$")
_COMPRESSED: Final = {".br", ".gz"}
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_INLINE_SCRIPT: Final = re.compile(rb"<script(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


async def to_app(_request: web.Request) -> web.Response:
    return web.Response(status=308, headers={"Location": "/app/"})


async def app(request: web.Request) -> web.StreamResponse:
    """A file of the build, or the app's first page for an address that the app understands itself."""
    first_page = APP / _FIRST_PAGE
    if not first_page.is_file():
        return _not_built(request)
    wanted = request.match_info["path"]
    file = _file(wanted) if wanted else first_page
    if file is None:
        if _is_of_build(wanted):  # a page in place of a script would only be a riddle
            return web.Response(status=404, text="The app has no such file.\n", headers={"Cache-Control": BRIEFLY})
        file = first_page
    headers = {
        "Content-Type": _TYPES.get(file.suffix, "application/octet-stream"),
        "Cache-Control": FOREVER if _WITH_DIGEST.search(file.name) else FRESH,
        "Content-Security-Policy": _policy(first_page, first_page.stat().st_mtime_ns),
        "Vary": "Accept-Encoding",
    }
    if file.name == "sw.js":
        headers["Service-Worker-Allowed"] = "/app"
    return web.FileResponse(file, headers=headers)  # compressed, if a sibling is; with an ETag


def _file(wanted: str) -> Path | None:
    """The file of the build at this address; nothing outside of it, whatever the address says."""
    try:
        found = (APP / wanted).resolve()
        is_ours = found.is_relative_to(APP.resolve()) and found.is_file()
    except (OSError, ValueError):  # too long, or with U+0000
        return None
    return found if is_ours and found.suffix not in _COMPRESSED else None


def _is_of_build(wanted: str) -> bool:
    """Whether only a file can be meant."""
    suffix = Path(wanted).suffix
    return wanted.startswith(("_expo/", "assets/")) or suffix in _TYPES or suffix in _COMPRESSED


@lru_cache(maxsize=4)
def _policy(first_page: Path, _changed_at: int) -> str:
    """What the app may do: only what comes from here, and the scripts that stand in its first page as they stand there.

    React Native's styles are made while it runs, so they cannot be listed.
    """
    inline = (b64encode(sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(first_page.read_bytes()))
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *(f"'sha256-{digest}'" for digest in inline))),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _not_built(request: web.Request) -> web.Response:
    """Not 200: an app that is installed must not keep this page as its own, and a monitor shall see it."""
    text = render(request.app, "no_app.html")
    return web.Response(status=503, text=text, content_type="text/html", headers={"Cache-Control": BRIEFLY})
