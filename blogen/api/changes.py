"""`PATCH /posts/{slug}`: changing what a post says, without losing what somebody else changed meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.api.keys import CONFIG, POSTS
from blogen.api.moderation import name_of
from blogen.api.posts import no_post, show
from blogen.api.requests import body
from blogen.errors import ChangedMeanwhile

if TYPE_CHECKING:
    from blogen.domain.changes import PostChange, Rewritten
    from blogen.domain.post import Post


async def change(request: web.Request) -> web.Response:
    from blogen.domain.changes import PostChange

    order = await body(request, PostChange)
    by, expected = await name_of(request), _expected(request)
    if order.markdown is None:
        found = await request.config_dict[POSTS].change(request.match_info["slug"], order, by=by, expected=expected)
    else:
        found = await _rewrite(request, order, by, expected)
    if not found:
        raise no_post(request.match_info["slug"])
    return await show(request)


async def _rewrite(request: web.Request, order: PostChange, by: str, expected: frozenset[int] | None) -> bool:
    """A change with another text, which is rendered from what the post says at that moment. False: it is gone."""
    posts, slug = request.config_dict[POSTS], request.match_info["slug"]
    while (post := await posts.by_slug(slug)) is not None:
        new = await asyncio.to_thread(
            _rewritten, post, order.markdown or "", request.config_dict[CONFIG].server.base_url or ""
        )
        versions = {post.updated_at} if expected is None else expected & {post.updated_at}
        try:
            return await posts.change(slug, order, rewritten=new, by=by, expected=versions)
        except ChangedMeanwhile:
            if expected is not None:
                raise
    return False


def _rewritten(post: Post, markdown: str, own_base_url: str) -> Rewritten:
    from blogen.render.editing import read_edited, rewritten

    pictures = {picture.key: picture for picture in post.images}
    blocks = read_edited(markdown, base=post.blocks, pictures=pictures, own_base_url=own_base_url)
    return rewritten(post, blocks, cover=post.cover, images=post.images)


def _expected(request: web.Request) -> frozenset[int] | None:
    """The versions that the change may be made to, as `If-Match` says; None: to any.

    An ETag begins with the version of the post, which likes and comments do not change. Weak ones are taken: a proxy
    that compresses makes them weak, and the version that they begin with is exact all the same.
    """
    if "If-Match" not in request.headers:
        return None
    tags = [tag.value for tag in request.if_match or ()]
    if "*" in tags:
        return None
    return frozenset(version for tag in tags if (version := _version(tag)) is not None)


def _version(tag: str) -> int | None:
    try:
        return int(tag.partition("-")[0], 16)
    except ValueError:
        return None
