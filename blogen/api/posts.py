"""`/posts` and `/search`: what readers see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from blogen.api.ahead import TOLD, ToldOfPosts
from blogen.api.answers import public, with_tag
from blogen.api.keys import JOBS, LISTS, PEOPLE, POST_JSON, POSTS, SEARCH, STEPS
from blogen.api.paging import cursor, position
from blogen.api.post_json import ToldPost, marks_of
from blogen.api.requests import query
from blogen.errors import NotFound

if TYPE_CHECKING:
    from blogen.api.post_json import JoinedList
    from blogen.domain.post import Post


async def list_posts(request: web.Request) -> web.Response:
    from blogen.api.queries import PostsQuery
    from blogen.store.posts import PostCursor

    asked = query(request, PostsQuery)

    async def join() -> JoinedList:
        before = PostCursor(*position("posts", asked.cursor)) if asked.cursor else None
        found = await request.config_dict[POSTS].lines(asked.limit, before, tag=asked.tag, author=asked.author)
        following = cursor("posts", found.next.published_at, found.next.id) if found.next else None
        return await request.config_dict[POST_JSON].joined(found.items, next=following)

    key = "posts", asked.limit, asked.cursor, asked.tag, asked.author
    return await told(request, await request.config_dict[LISTS].got(key, join))


async def told(request: web.Request, found: ToldOfPosts, *, is_for_all: bool = True) -> web.Response:
    """Posts with what the asking person did with each; `is_for_all` if other people get the same posts here."""
    marks = await marks_of(request, found.post_ids)
    body, tag = found.told(marks)
    if marks is not None and is_for_all:
        request[TOLD] = found
    return with_tag(request, body, tag=tag, is_personal=marks is not None)


async def show(request: web.Request) -> web.Response:
    slug = request.match_info["slug"]
    line = await request.config_dict[POSTS].line(slug)
    if line is None:
        raise no_post(slug)
    post = await request.config_dict[POST_JSON].whole(line)
    if post is None:
        raise no_post(slug)
    return await told(request, ToldPost(post, line))


async def receipt(request: web.Request) -> web.Response:
    from blogen.api.views import receipt_view

    post = await _post(request)
    job_id = await request.config_dict[POSTS].job_id(post.slug)
    if job_id is None:
        raise no_post(post.slug)
    job = await request.config_dict[JOBS].get(job_id)
    steps = await request.config_dict[STEPS].of(job_id)
    timeline = await request.config_dict[JOBS].timeline(job_id)
    deciding = (entry.detail.get("by") for entry in timeline if entry.event == "approved")
    names = await request.config_dict[PEOPLE].names(by for by in deciding if by)
    return public(request, receipt_view(post, job, steps, timeline, names))


async def delete(request: web.Request) -> web.Response:
    slug = request.match_info["slug"]
    if not await request.config_dict[POSTS].delete(slug):
        raise no_post(slug)
    return web.Response(status=204)


async def search(request: web.Request) -> web.Response:
    from blogen.api.queries import SearchQuery
    from blogen.api.views import highlight_view

    asked = query(request, SearchQuery)

    async def join() -> JoinedList:
        found = await request.config_dict[SEARCH].find(asked.q, limit=asked.limit)
        marked = [{"highlight": highlight_view(hit.title, hit.snippet)} for hit in found.hits]
        lines = [hit.line for hit in found.hits]
        more = {"next": None, "has_all_words": found.has_all_words}
        return await request.config_dict[POST_JSON].joined(lines, marked, **more)

    return await told(request, await request.config_dict[LISTS].got(("search", asked.limit, asked.q), join))


async def _post(request: web.Request) -> Post:
    slug = request.match_info["slug"]
    post = await request.config_dict[POSTS].by_slug(slug)
    if post is None:
        raise no_post(slug)
    return post


def no_post(slug: str) -> NotFound:
    return NotFound(f"There is no post {slug[:100]!r}.", remedy="GET /api/v1/posts lists them all.")
