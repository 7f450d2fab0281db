"""Searching."""

from aiohttp import web

from blogen.store.search import Found
from blogen.web.keys import POSTS, SEARCH
from blogen.web.pages import View
from blogen.web.reader.serve import passing
from blogen.web.templates import render

_HITS = 30
_QUERY_CHARACTERS = 200
_TOPICS = 12


async def search(request: web.Request) -> web.Response:
    query = request.query.get("q", "").strip()[:_QUERY_CHARACTERS]

    async def page(view: View) -> str:
        found = await request.app[SEARCH].find(query, limit=_HITS) if query else Found([], has_all_words=True)
        topics = [] if found.hits else await request.app[POSTS].tags(_TOPICS)
        return render(request.app, "search.html", viewer=view.visitor, query=query, found=found, topics=topics)

    return await passing(request, page)
