"""The front page and the archive."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.web.keys import POSTS
from blogen.web.pages import View
from blogen.web.reader.serve import behind, cursor, end_of_list, listed
from blogen.web.templates import render
from blogen.web.words import month

if TYPE_CHECKING:
    from blogen.domain.post_summary import PostSummary

_POSTS_A_PAGE = 13
"""One large and twelve small: full rows of two and of three."""
_TITLES_A_PAGE = 200
_TOPICS = 12


async def home(request: web.Request) -> web.Response:
    before = cursor(request)

    async def page(view: View) -> str:
        view.shows("newest", "tags")
        posts = request.app[POSTS]
        found = await posts.newest(_POSTS_A_PAGE if before is None else _POSTS_A_PAGE - 1, before)
        if before is None and not found.items:
            return render(request.app, "empty.html", viewer=view.visitor)
        if not found.items:
            raise end_of_list()
        view.shows_posts(found.items)
        return render(
            request.app,
            "home.html",
            viewer=view.visitor,
            posts=found.items,
            topics=[] if before else await posts.tags(_TOPICS),
            is_first=before is None,
            older=behind("/", found.next),
        )

    return await listed(request, "home", before, page)


async def archive(request: web.Request) -> web.Response:
    """Titles by month."""
    before = cursor(request)

    async def page(view: View) -> str:
        view.shows("newest")
        found = await request.app[POSTS].newest(_TITLES_A_PAGE, before)
        if before is not None and not found.items:
            raise end_of_list()
        view.shows_posts(found.items)
        months = [(name, list(group)) for name, group in groupby(found.items, _month)]
        older = behind("/archive", found.next)
        return render(request.app, "archive.html", viewer=view.visitor, months=months, older=older)

    return await listed(request, "archive", before, page)


def _month(post: PostSummary) -> str:
    return month(post.published_at)
