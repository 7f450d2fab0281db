"""What the reader's handlers share: the two faces of a page, and cursors in addresses.

Whoever is not signed in gets the same bytes as everyone, from memory. Whoever is gets the page rendered for them.
"""

import re
from collections.abc import Hashable

from aiohttp import web

from blogen.clients import session_of
from blogen.errors import NotFound
from blogen.store.posts import PostCursor
from blogen.web.answers import HTML, answer, private
from blogen.web.keys import PAGES
from blogen.web.pages import Page, Render, View

_CURSOR = re.compile(r"(\d{1,15})\.([0-9a-f-]{36})")


async def kept(request: web.Request, key: Hashable, render: Render, media_type: str = HTML) -> web.Response:
    """The page of that key from memory, rendered if need be; for who is signed in, rendered for them and kept nowhere.

    `render` is given the `View`: its `visitor` is who sees the page, and it is told what the page shows. What is no
    HTML is the same for everyone.
    """
    view = await _own_view(request) if media_type == HTML else None
    if view is not None:
        return private(await render(view), media_type)
    # With a query an address could be spelt in any number of ways.
    address = "" if "?" in request.raw_path else request.raw_path
    return answer(request, await request.app[PAGES].get(key, render, media_type, address=address))


async def listed(request: web.Request, key: Hashable, before: PostCursor | None, render: Render) -> web.Response:
    """A page of a list. Only its beginning is kept: anyone can ask for any number of further pages."""
    return await kept(request, key, render) if before is None else await passing(request, render)


async def passing(request: web.Request, render: Render) -> web.Response:
    """A page that is not worth keeping: so many of its kind can be asked for."""
    view = await _own_view(request)
    if view is not None:
        return private(await render(view), HTML)
    return answer(request, Page(await render(View()), HTML))


def cursor(request: web.Request) -> PostCursor | None:
    """`?before=`: where a list goes on."""
    text = request.query.get("before")
    if text is None:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise NotFound("This page of the list does not exist.", remedy="Start from the newest posts.")
    return PostCursor(int(match[1]), match[2])


def behind(path: str, following: PostCursor | None) -> str | None:
    """The address of the list's next page."""
    return f"{path}?before={following.published_at}.{following.id}" if following else None


def end_of_list() -> NotFound:
    return NotFound("There are no older posts.", remedy="Start from the newest posts.")


async def _own_view(request: web.Request) -> View | None:
    """The view of who is signed in; None for everyone else."""
    if not session_of(request):
        return None
    from blogen.web.people.session import visitor

    who = await visitor(request)
    return View(who) if who else None
