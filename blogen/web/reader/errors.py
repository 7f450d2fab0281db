"""Pages that help when something is not there or went wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.clients import session_of
from blogen.errors import BlogenError
from blogen.web.answers import BRIEFLY, HTML
from blogen.web.keys import POSTS, SEARCH, SERIES
from blogen.web.middleware import request_id
from blogen.web.templates import render

if TYPE_CHECKING:
    from blogen.domain.post_summary import PostSummary
    from blogen.web.people.session import Visitor

_TITLES = {403: "Not for everyone", 404: "Nothing here", 405: "Not like this", 410: "It is gone", 503: "Just a moment"}
_SIMILAR = 3
_SLUG_CHARACTERS = 100


async def error_page(request: web.Request, status: int, detail: str, remedy: str) -> web.Response:
    title = _TITLES.get(status, "That went wrong" if status >= 500 else "That did not work")
    slug = request.match_info.get("slug", "")[:_SLUG_CHARACTERS] if status in {404, 410} else ""
    text = render(
        request.app,
        "error.html",
        viewer=await _visitor(request) if status < 500 else None,
        title=title,
        status=status,
        detail=detail,
        remedy=remedy,
        request_id=request_id(request),
        words=_words(slug),
        similar=await _similar(request, slug) if slug else [],
    )
    return web.Response(
        text=text, status=status, content_type=HTML, charset="utf-8", headers={"Cache-Control": BRIEFLY}
    )


async def _visitor(request: web.Request) -> Visitor | None:
    if not session_of(request):
        return None
    from blogen.web.people.session import visitor

    try:
        return await visitor(request)
    except BlogenError:
        return None


async def _similar(request: web.Request, slug: str) -> list[PostSummary]:
    """Posts that may do instead of the one at this address: those with the tags that it had, or with its words."""
    try:
        posts, gone = request.app[POSTS], await request.app[SERIES].gone(slug)
        found: list[PostSummary] = []
        for tag in gone.tags if gone else []:
            found += (await posts.newest(_SIMILAR, tag=tag)).items
        if len(found) < _SIMILAR:
            found += [hit.post for hit in (await request.app[SEARCH].find(_words(slug), limit=_SIMILAR)).hits]
    except BlogenError:  # a page that says what went wrong must not go wrong itself
        return []
    return list({post.slug: post for post in found}.values())[:_SIMILAR]


def _words(slug: str) -> str:
    """What an address says in words; nothing of digests and numbers."""
    return " ".join(word for word in re.split(r"[\W_]+", slug) if word.isalpha() and len(word) > 1)
