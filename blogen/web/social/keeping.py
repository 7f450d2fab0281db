"""`/bookmarks` and `/history`: what a person keeps, in lists, and what they have read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from aiohttp import web

from blogen.errors import NotFound
from blogen.store.social import Behind
from blogen.web.keys import POSTS, SOCIAL
from blogen.web.people.session import signed_in
from blogen.web.people.show import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blogen.domain.post_summary import PostSummary

_A_PAGE: Final = 20
_BEHIND = re.compile(r"(\d{1,15})\.([0-9a-f-]{36})")


async def bookmarks(request: web.Request) -> web.Response:
    """The newest first; `?list=` shows one list, an empty one what is in none."""
    who, social = await signed_in(request), request.app[SOCIAL]
    of_list, before = request.query.get("list"), _before(request)
    found = await social.bookmarks(who.person.id, _A_PAGE, before, of_list=of_list)
    lists = await social.bookmark_lists(who.person.id)
    posts = await _posts(request, [one.post_id for one in found.items])
    return await page(
        request,
        "social/bookmarks.html",
        who=who,
        script="talk.js",
        items=[(one, posts[one.post_id]) for one in found.items if one.post_id in posts],
        lists=[one for one in lists if one.name],
        unlisted=sum(one.posts for one in lists if not one.name),
        in_all=sum(one.posts for one in lists),
        of_list=of_list,
        older=_address("/bookmarks", found.next, {} if of_list is None else {"list": of_list}),
        here=request.path_qs,
    )


async def history(request: web.Request) -> web.Response:
    """What was read last comes first."""
    who = await signed_in(request)
    found = await request.app[SOCIAL].history(who.person.id, _A_PAGE, _before(request))
    posts = await _posts(request, [one.post_id for one in found.items])
    return await page(
        request,
        "social/history.html",
        who=who,
        script="talk.js",
        items=[(one.place, posts[one.post_id]) for one in found.items if one.post_id in posts],
        older=_address("/history", found.next, {}),
        here=request.path_qs,
    )


async def _posts(request: web.Request, post_ids: Sequence[str]) -> dict[str, PostSummary]:
    return await request.app[POSTS].summaries(post_ids) if post_ids else {}


def _before(request: web.Request) -> Behind | None:
    given = request.query.get("before")
    if given is None:
        return None
    match = _BEHIND.fullmatch(given)
    if match is None:
        raise NotFound("This page of the list does not exist.", remedy="Start from its beginning.")
    return Behind(int(match[1]), match[2])


def _address(path: str, following: Behind | None, more: dict[str, str]) -> str | None:
    return f"{path}?{urlencode(more | {'before': f'{following.at}.{following.id}'})}" if following else None
