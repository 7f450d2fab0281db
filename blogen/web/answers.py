"""From a page to an HTTP answer: conditional requests, compression, caching."""

from aiohttp import web

from blogen.web.pages import Page

HTML = "text/html"
FRESH = "no-cache"
"""Ask again every time; 304 is the usual answer."""
FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "no-store"


def answer(request: web.Request, page: Page, *, cache: str = FRESH) -> web.Response:
    """`page`, compressed if the client can read that and it is ready; 304 if the client has it."""
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    body = page.body
    if page.compressed is not None and accepts_gzip(request.headers.get("Accept-Encoding", "")):
        body = page.compressed
        headers["Content-Encoding"] = "gzip"
        headers["ETag"] = f'"{page.digest}-gzip"'
    else:
        headers["ETag"] = f'"{page.digest}"'
    if page.status == 200 and is_known(request.headers.get("If-None-Match", ""), page.digest):
        headers.pop("Content-Encoding", None)
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = f"{page.media_type}; charset=utf-8"
    return web.Response(body=body, status=page.status, headers=headers)


def private(text: str, media_type: str = HTML) -> web.Response:
    """A page made for one person: nobody keeps it, not even their browser."""
    headers = {"Cache-Control": "private, no-store", "Vary": "Cookie"}
    return web.Response(text=text, content_type=media_type, charset="utf-8", headers=headers)


def accepts_gzip(accepted: str) -> bool:
    """What an Accept-Encoding header says of gzip (RFC 9110 §12.5.3)."""
    wanted = {}
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        wanted[coding.strip()] = weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return wanted.get("gzip", wanted.get("*", False))


def is_known(if_none_match: str, digest: str) -> bool:
    """Whether the client holds this page in any encoding (weak comparison, RFC 9110 §13.1.2)."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(","))
    return any(tag.removesuffix("-gzip") == digest for tag in tags)
