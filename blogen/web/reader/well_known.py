"""`/.well-known/security.txt` (RFC 9116): whom to tell of a security hole."""

from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.address import base_url, is_public
from blogen.web.answers import answer
from blogen.web.keys import CLOCK, CONFIG
from blogen.web.pages import Page

_MONTHS: Final = 6
"""For so long at least nobody needs to ask again whether it still holds."""


async def security(request: web.Request) -> web.Response:
    """Made anew with every request: it expires, and must not be stale."""
    config = request.app[CONFIG]
    contact = config.site.contact or config.push.contact
    if contact is None:
        raise NotFound("This blog has not said whom to tell of a security hole.")
    lines = [f"Contact: {contact}", f"Expires: {expires(request.app[CLOCK].now_ms())}"]
    if is_public(config):
        lines.append(f"Canonical: {base_url(request.app)}/.well-known/security.txt")
    lines.append(f"Preferred-Languages: {', '.join(dict.fromkeys((config.site.language, 'en')))}")
    return answer(request, Page("\n".join(lines) + "\n", "text/plain"))


def expires(now_ms: int) -> str:
    """The beginning of a month, more than half a year and less than a year ahead; RFC 3339."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    months = now.year * 12 + now.month + _MONTHS  # counted from 0: the month after those six
    return f"{months // 12:04}-{months % 12 + 1:02}-01T00:00:00Z"
