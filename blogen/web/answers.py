"""From a page to an HTTP answer: conditional requests, compression, caching."""

from collections.abc import Mapping
from functools import lru_cache

from aiohttp import web

from blogen.web.pages import FRESH, Form, Page

HTML = "text/html"
FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "no-store"

_CODINGS = ("br", "gzip")
"""What we compress by, the smallest first."""


def answer(request: web.Request, page: Page) -> web.Response:
    """`page`, compressed if the client can read that and it is ready; 304 if the client has it."""
    chosen = form(page, request.headers.get("Accept-Encoding", ""))
    if knows(request.headers, page):
        return web.Response(status=304, headers=headers(page, chosen, is_known=True))
    return web.Response(body=chosen.body, headers=headers(page, chosen))


def private(text: str, media_type: str = HTML) -> web.Response:
    """A page made for one person: nobody keeps it, not even their browser."""
    of_one = {"Cache-Control": "private, no-store", "Vary": "Cookie"}
    return web.Response(text=text, content_type=media_type, charset="utf-8", headers=of_one)


def headers(page: Page, chosen: Form, *, is_known: bool = False) -> dict[str, str]:
    """What an answer with this form of the page says of it; `is_known`: of a 304."""
    vary = "Accept-Encoding, Cookie" if page.type.startswith(HTML) else "Accept-Encoding"
    said = {"Cache-Control": page.cache, "Vary": vary, "ETag": chosen.tag}
    if (modified := page.modified) and page.cache == FRESH:
        said["Last-Modified"] = modified
    if is_known:
        return said
    return said | ({"Content-Encoding": chosen.coding} if chosen.coding else {}) | {"Content-Type": page.type}


def form(page: Page, accepted: str) -> Form:
    """The smallest form there is that the client can read."""
    for coding in codings(accepted):
        if (found := page.forms.get(coding)) is not None:
            return found
    return page.plain


@lru_cache(maxsize=256)
def codings(accepted: str) -> tuple[str, ...]:
    """What an Accept-Encoding header says of ours (RFC 9110 §12.5.3)."""
    wanted = {}
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        wanted[coding.strip()] = weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return tuple(coding for coding in _CODINGS if wanted.get(coding, wanted.get("*", False)))


def knows(asked: Mapping[str, str], page: Page) -> bool:
    """Whether who sent the headers `asked` has this page already (RFC 9110 §13.2.2); dates must agree exactly."""
    if (tags := asked.get("If-None-Match")) is not None:
        return is_known(tags, page)
    since = asked.get("If-Modified-Since")
    return since is not None and since == page.modified


def is_known(if_none_match: str, page: Page) -> bool:
    """Whether the client holds this page in any coding (weak comparison, RFC 9110 §13.1.2)."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(","))
    return any(tag.partition("-")[0] == page.digest for tag in tags)
