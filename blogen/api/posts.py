"""`/posts`, `/search` and `/tags`: what readers see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from blogen.api.answers import public
from blogen.api.keys import CONFIG, JOBS, PEOPLE, POSTS, SEARCH, STEPS
from blogen.api.paging import cursor, position
from blogen.api.requests import query
from blogen.errors import NotFound

if TYPE_CHECKING:
    from blogen.domain.post import Post


async def list_posts(request: web.Request) -> web.Response:
    from blogen.api.queries import PostsQuery
    from blogen.api.views import post_item_view
    from blogen.store.posts import PostCursor

    asked = query(request, PostsQuery)
    before = PostCursor(*position("posts", asked.cursor)) if asked.cursor else None
    found = await request.config_dict[POSTS].newest(asked.limit, before, tag=asked.tag, author=asked.author)
    base_url = _base_url(request)
    return public(
        request,
        {
            "items": [post_item_view(post, base_url) for post in found.items],
            "next": cursor("posts", found.next.published_at, found.next.id) if found.next else None,
        },
    )


async def show(request: web.Request) -> web.Response:
    from blogen.api.views import post_view

    return public(request, post_view(await _post(request), _base_url(request)))


async def receipt(request: web.Request) -> web.Response:
    from blogen.api.views import receipt_view

    post = await _post(request)
    job_id = await request.config_dict[POSTS].job_id(post.slug)
    if job_id is None:
        raise _no_post(post.slug)
    job = await request.config_dict[JOBS].get(job_id)
    steps = await request.config_dict[STEPS].of(job_id)
    timeline = await request.config_dict[JOBS].timeline(job_id)
    names = {person.id: person.name for person in await request.config_dict[PEOPLE].list_people()}
    return public(request, receipt_view(post, job, steps, timeline, names))


async def delete(request: web.Request) -> web.Response:
    slug = request.match_info["slug"]
    if not await request.config_dict[POSTS].delete(slug):
        raise _no_post(slug)
    return web.Response(status=204)


async def search(request: web.Request) -> web.Response:
    from blogen.api.queries import SearchQuery
    from blogen.api.views import search_view

    asked = query(request, SearchQuery)
    found = await request.config_dict[SEARCH].find(asked.q, limit=asked.limit)
    return public(request, search_view(found, _base_url(request)))


async def tags(request: web.Request) -> web.Response:
    counted = await request.config_dict[POSTS].tags()
    return public(request, {"items": [{"tag": one.tag, "posts": one.posts} for one in counted], "next": None})


async def _post(request: web.Request) -> Post:
    slug = request.match_info["slug"]
    post = await request.config_dict[POSTS].by_slug(slug)
    if post is None:
        raise _no_post(slug)
    return post


def _no_post(slug: str) -> NotFound:
    return NotFound(f"There is no post {slug[:100]!r}.", remedy="GET /api/v1/posts lists them all.")


def _base_url(request: web.Request) -> str:
    return request.config_dict[CONFIG].server.base_url or ""
