"""What machines ask a site for: where its pages are, what they may read, how to install it."""

import json

from aiohttp import web

from blogen.web import assets
from blogen.web.address import base_url
from blogen.web.answers import answer
from blogen.web.keys import AUTHORS, POSTS, SITE
from blogen.web.pages import Page, View
from blogen.web.reader.serve import kept
from blogen.web.templates import render

_ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any"), ("icon.svg", "any", "any"),
          ("icon-maskable-512.png", "512x512", "maskable"))  # fmt: skip


async def sitemap(request: web.Request) -> web.Response:
    async def page(view: View) -> str:
        view.shows("posts", "tags", "authors")
        posts = request.app[POSTS]
        return render(
            request.app,
            "sitemap.xml",
            places=await posts.places(45_000),
            tags=await posts.tags(4_000),
            authors=await request.app[AUTHORS].list(),
        )

    return await kept(request, "sitemap", page, "application/xml")


async def robots(request: web.Request) -> web.Response:
    text = f"User-agent: *\nDisallow: /api/\nDisallow: /search\n\nSitemap: {base_url(request.app)}/sitemap.xml\n"
    return answer(request, Page(text, "text/plain"))


async def manifest(request: web.Request) -> web.Response:
    site = request.app[SITE].now
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
            "background_color": "#fbfaf7",
            "theme_color": "#fbfaf7",
            "icons": [
                {"src": assets.address(name), "sizes": sizes, "purpose": purpose,
                 "type": "image/svg+xml" if name.endswith(".svg") else "image/png"}
                for name, sizes, purpose in _ICONS
            ],
        },
        ensure_ascii=False,
    )  # fmt: skip
    return answer(request, Page(text, "application/manifest+json"))
