"""`PATCH /posts/{slug}`: changing what stands about a post, without losing what somebody else changed meanwhile."""

from aiohttp import web

from blogen.api.keys import POSTS
from blogen.api.moderation import name_of
from blogen.api.posts import no_post, show
from blogen.api.requests import body


async def change(request: web.Request) -> web.Response:
    from blogen.domain.changes import PostChange

    order = await body(request, PostChange)
    slug = request.match_info["slug"]
    by = await name_of(request)
    if not await request.config_dict[POSTS].change(slug, order, by=by, expected=_expected(request)):
        raise no_post(slug)
    return await show(request)


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
