"""The reader's addresses, in one table."""

from aiohttp import web

from blogen.web import assets, health, hooks
from blogen.web.keys import BUS, PAGES
from blogen.web.middleware import add_headers, friendly_errors
from blogen.web.pages import Pages
from blogen.web.reader import authors, feeds, home, media, post, search, site, tags


def add_reader(app: web.Application) -> None:
    """Add the public site to `app`, which has the keys of `keys.py` set."""
    app[PAGES] = Pages(app[BUS])
    app.middlewares.append(friendly_errors)
    app.on_response_prepare.append(add_headers)
    app.on_cleanup.append(_close_pages)
    app.add_routes(ROUTES)


ROUTES = [
    web.get("/", home.home),
    web.get("/archive", home.archive),
    web.get("/p/{slug}", post.post),
    web.get("/p/{slug}/receipt", post.receipt),
    web.get("/tags/{tag}", tags.tag),
    web.get("/authors/{handle}", authors.author),
    web.get("/search", search.search),
    web.get("/feed.xml", feeds.rss),
    web.get("/atom.xml", feeds.atom),
    web.get("/feed.json", feeds.json_feed),
    web.get("/tags/{tag}/feed.xml", feeds.rss),
    web.get("/tags/{tag}/atom.xml", feeds.atom),
    web.get("/tags/{tag}/feed.json", feeds.json_feed),
    web.get("/authors/{handle}/feed.xml", feeds.rss),
    web.get("/authors/{handle}/atom.xml", feeds.atom),
    web.get("/authors/{handle}/feed.json", feeds.json_feed),
    web.get("/sitemap.xml", site.sitemap),
    web.get("/robots.txt", site.robots),
    web.get("/manifest.webmanifest", site.manifest),
    web.get("/media/{name}", media.medium),
    web.get("/static/{name}", assets.static),
    web.get("/favicon.ico", assets.favicon),
    web.get("/healthz", health.healthz),
    web.get("/readyz", health.readyz),
    web.post("/hooks/midjourney/{secret}", hooks.midjourney),
]


async def _close_pages(app: web.Application) -> None:
    await app[PAGES].close()
