"""A series: its posts, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.keys import SERIES
from blogen.web.reader.serve import kept
from blogen.web.templates import render
from blogen.web.words import urlpart

if TYPE_CHECKING:
    from blogen.web.pages import View


async def series(request: web.Request) -> web.Response:
    slug = request.match_info["slug"]

    async def page(view: View) -> str:
        view.shows(f"series:{slug}")
        found = await request.app[SERIES].by_slug(slug)
        if found is None:
            raise NotFound(
                "There is no series at this address.", remedy="Its posts may stand alone now: search for one."
            )
        view.shows_posts(found.posts)
        return render(request.app, "series.html", viewer=view.visitor, series=found, path=f"/series/{urlpart(slug)}")

    return await kept(request, ("series", slug), page)
