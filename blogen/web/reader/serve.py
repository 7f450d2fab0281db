"""What the reader's handlers share: kept pages, and cursors in addresses."""

import re
from collections.abc import Awaitable, Callable, Hashable

from aiohttp import web

from blogen.errors import NotFound
from blogen.store.posts import PostCursor
from blogen.web.answers import HTML, answer
from blogen.web.keys import PAGES
from blogen.web.pages import Page

_CURSOR = re.compile(r"(\d{1,15})\.([0-9a-f-]{36})")


async def kept(
    request: web.Request, key: Hashable, render: Callable[[], Awaitable[str]], media_type: str = HTML
) -> web.Response:
    """The page of that key from memory, rendered if need be."""
    return answer(request, await request.app[PAGES].get(key, render, media_type))


async def listed(
    request: web.Request, key: Hashable, before: PostCursor | None, render: Callable[[], Awaitable[str]]
) -> web.Response:
    """A page of a list. Only its beginning is kept: anyone can ask for any number of further pages."""
    return await kept(request, key, render) if before is None else passing(request, await render())


def passing(request: web.Request, text: str) -> web.Response:
    """A page that is not worth keeping: so many of its kind can be asked for."""
    return answer(request, Page(text, HTML))


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
