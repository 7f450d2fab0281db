"""`/authors`: the personas that sign posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.api.answers import joined, with_tag
from blogen.api.asking import asking_person, needed_person
from blogen.api.keys import AUTHORS, CONFIG, SOCIAL
from blogen.api.paging import cursor, position
from blogen.api.requests import query
from blogen.errors import NotFound

if TYPE_CHECKING:
    from blogen.domain.author import Author


async def list_authors(request: web.Request) -> web.Response:
    from blogen.api.queries import AuthorsQuery
    from blogen.store.authors import AuthorCursor

    asked, authors = query(request, AuthorsQuery), request.config_dict[AUTHORS]
    if asked.followed:
        person_id = needed_person(request)
        after = position("followed-authors", asked.cursor, person_id=person_id)[1] if asked.cursor else ""
        found, last = await authors.followed(person_id, asked.limit, after)
        following = cursor("followed-authors", name=last, person_id=person_id) if last else None
    else:
        # An id has 36 characters, a name any.
        name = position("authors", asked.cursor)[1] if asked.cursor else None
        found, behind = await authors.page(asked.limit, AuthorCursor(name[36:], name[:36]) if name else None)
        following = cursor("authors", name=behind.id + behind.name) if behind else None
    return with_tag(
        request, joined(await _told(request, found), following), is_personal=asking_person(request) is not None
    )


async def show(request: web.Request) -> web.Response:
    handle = request.match_info["handle"]
    author = await request.config_dict[AUTHORS].by_handle(handle)
    if author is None:
        raise NotFound(f"There is no author {handle[:80]!r}.", remedy="GET /api/v1/authors lists them all.")
    return with_tag(request, (await _told(request, [author]))[0], is_personal=asking_person(request) is not None)


async def _told(request: web.Request, authors: Sequence[Author]) -> list[bytes]:
    from pydantic_core import to_json

    from blogen.api.views import author_view

    person_id, base_url = asking_person(request), request.config_dict[CONFIG].server.base_url or ""
    followed = None
    if person_id is not None:
        followed = await request.config_dict[SOCIAL].follows_author(person_id, [author.id for author in authors])
    return [
        to_json(author_view(author, base_url, is_followed=None if followed is None else author.id in followed))
        for author in authors
    ]
