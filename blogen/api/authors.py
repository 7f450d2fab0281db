"""`/authors`: the personas that sign posts."""

from aiohttp import web

from blogen.api.answers import public
from blogen.api.keys import AUTHORS, CONFIG
from blogen.errors import NotFound


async def list_authors(request: web.Request) -> web.Response:
    from blogen.api.views import author_view

    base_url = request.config_dict[CONFIG].server.base_url or ""
    authors = await request.config_dict[AUTHORS].list()
    return public(request, {"items": [author_view(author, base_url) for author in authors], "next": None})


async def show(request: web.Request) -> web.Response:
    from blogen.api.views import author_view

    handle = request.match_info["handle"]
    author = await request.config_dict[AUTHORS].by_handle(handle)
    if author is None:
        raise NotFound(f"There is no author {handle[:80]!r}.", remedy="GET /api/v1/authors lists them all.")
    return public(request, author_view(author, request.config_dict[CONFIG].server.base_url or ""))
