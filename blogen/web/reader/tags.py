"""The posts of one tag."""

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.keys import POSTS
from blogen.web.pages import View
from blogen.web.reader.serve import behind, cursor, end_of_list, listed
from blogen.web.social.talk import follows_tag, onlooker
from blogen.web.templates import render
from blogen.web.words import urlpart

_POSTS_A_PAGE = 12


async def tag(request: web.Request) -> web.Response:
    name = request.match_info["tag"].lower()
    before = cursor(request)

    async def page(view: View) -> str:
        view.shows(f"tag:{name}")
        found = await request.app[POSTS].newest(_POSTS_A_PAGE, before, tag=name)
        if not found.items and before is None:
            raise NotFound(f"No post has the tag “{name}”.", remedy="Search for it instead, or look at the archive.")
        if not found.items:
            raise end_of_list()
        view.shows_posts(found.items)
        path = f"/tags/{urlpart(name)}"
        return render(
            request.app,
            "tag.html",
            viewer=view.visitor,
            tag=name,
            path=path,
            posts=found.items,
            older=behind(path, found.next),
            onlooker=await onlooker(request, view.visitor, path),
            is_followed=view.visitor is not None and await follows_tag(request, view.visitor, name),
        )

    return await listed(request, ("tag", name), before, page)
