"""What machines ask a site for: where its pages are, what they may read, how to install it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from aiohttp import web
from markupsafe import Markup

from blogen.errors import NotFound
from blogen.web import assets
from blogen.web.address import base_url
from blogen.web.answers import answer
from blogen.web.keys import AUTHORS, POSTS, SERIES, SITE
from blogen.web.pages import Page, View
from blogen.web.reader.feeds import legal_xml
from blogen.web.reader.serve import kept
from blogen.web.templates import render
from blogen.web.theme import theme
from blogen.web.words import iso, urlpart

if TYPE_CHECKING:
    from blogen.store.posts import PostPlace

_PLACES: Final = 45_000
"""Posts in one map at most; 50,000 addresses may stand in it, and tags and authors are some."""
_PART: Final = 10_000
"""Posts in each map of several."""
_TAGS: Final = 3_700
_NOT_FOR_ROBOTS: Final = ("/api/", "/search", "/studio", "/login", "/register", "/reset", "/me/")
_ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any"), ("icon.svg", "any", "any"),
          ("icon-maskable-512.png", "512x512", "maskable"))  # fmt: skip


async def sitemap(request: web.Request) -> web.Response:
    """The map of the whole site; of a large one a list of the maps of its parts."""

    async def page(view: View) -> str:
        view.shows("posts", "tags", "authors", "all-series")
        app, count = request.app, await request.app[POSTS].count()
        if count <= _PLACES:
            return await _map(app, await app[POSTS].places(_PLACES), **await _lists(app))
        return render(app, "sitemaps.xml", parts=range(1, -(-count // _PART) + 2))

    return await kept(request, "sitemap", page, "application/xml")


async def sitemap_part(request: web.Request) -> web.Response:
    """Part 1 is everything but posts; those are in the others, the oldest first: what is full changes seldom."""
    part = int(request.match_info["part"])

    async def page(view: View) -> str:
        view.shows("posts", "tags", "authors", "all-series")
        app, count = request.app, await request.app[POSTS].count()
        if count <= _PLACES:
            raise NotFound("The site map has no parts.", remedy="All of it is at /sitemap.xml.")
        if part == 1:
            return await _map(app, [], **await _lists(app))
        places = await app[POSTS].places(_PART, (part - 2) * _PART)
        if not places:
            raise NotFound("The site map has no such part.", remedy="/sitemap.xml lists them.")
        return await _map(app, places, tags=[], series=[], authors=[], is_part=True)

    return await kept(request, ("sitemap", part), page, "application/xml")


async def _lists(app: web.Application) -> Mapping[str, object]:
    return {
        "tags": await app[POSTS].tags(_TAGS),
        "series": await app[SERIES].names(),
        "authors": await app[AUTHORS].list(),
        "is_part": False,
    }


async def _map(app: web.Application, places: list[PostPlace], **lists: object) -> str:
    """In a thread, and without a template for each post: of a large blog it takes a while even so."""

    def make() -> str:
        newest = max((place.updated_at for place in places), default=None)
        entries = Markup(_entries(places, base_url(app)))  # noqa: S704 — escaped there
        return legal_xml(render(app, "sitemap.xml", newest=newest, entries=entries, **lists))

    return await asyncio.to_thread(make)


def _entries(places: Iterable[PostPlace], base: str) -> str:
    root = escape(base)
    return "".join(
        f"<url><loc>{root}/p/{urlpart(place.slug)}</loc><lastmod>{iso(place.updated_at)}</lastmod>"
        f"{_picture(root + escape(place.cover)) if place.cover else ''}</url>\n"
        for place in places
    )


def _picture(address: str) -> str:
    return f"<image:image><image:loc>{address}</image:loc></image:image>"


async def robots(request: web.Request) -> web.Response:
    hidden = "".join(f"Disallow: {path}\n" for path in _NOT_FOR_ROBOTS)
    text = f"User-agent: *\n{hidden}\nSitemap: {base_url(request.app)}/sitemap.xml\n"
    return answer(request, Page(text, "text/plain"))


async def manifest(request: web.Request) -> web.Response:
    site, paper = request.app[SITE].now, theme(request.app[SITE]).paper[0]
    text = json.dumps(
        {
            "name": site.title,
            "short_name": site.title[:12],
            "description": site.description,
            "lang": site.language,
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "minimal-ui",
            "background_color": paper,
            "theme_color": paper,
            "icons": [
                {"src": assets.address(name), "sizes": sizes, "purpose": purpose,
                 "type": "image/svg+xml" if name.endswith(".svg") else "image/png"}
                for name, sizes, purpose in _ICONS
            ],
        },
        ensure_ascii=False,
    )  # fmt: skip
    return answer(request, Page(text, "application/manifest+json"))
