"""An author and the posts it signed."""

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.keys import AUTHORS, POSTS
from blogen.web.pages import View
from blogen.web.reader.serve import behind, cursor, end_of_list, listed
from blogen.web.social.talk import follows_author, onlooker
from blogen.web.templates import render

_POSTS_A_PAGE = 12


async def author(request: web.Request) -> web.Response:
    handle = request.match_info["handle"]
    before = cursor(request)

    async def page(view: View) -> str:
        view.shows(f"author:{handle}")
        who = await request.app[AUTHORS].by_handle(handle)
        if who is None:
            raise NotFound("There is no author of this name.", remedy="Every post's byline leads to its author.")
        found = await request.app[POSTS].newest(_POSTS_A_PAGE, before, author=handle)
        if before is not None and not found.items:
            raise end_of_list()
        view.shows_posts(found.items)
        path = f"/authors/{handle}"
        return render(
            request.app,
            "author.html",
            viewer=view.visitor,
            author=who,
            path=path,
            posts=found.items,
            older=behind(path, found.next),
            onlooker=await onlooker(request, view.visitor, path),
            is_followed=view.visitor is not None and await follows_author(request, view.visitor, handle),
        )

    return await listed(request, ("author", handle), before, page)
