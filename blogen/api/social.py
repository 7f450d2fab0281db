"""Likes, bookmarks, follows and how far one has read; `/tags`. Each act answers what stands after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web

from blogen.api.answers import answer, joined, with_tag
from blogen.api.asking import asking_person, needed_person
from blogen.api.auth import person_of
from blogen.api.keys import POST_JSON, SOCIAL
from blogen.api.paging import cursor, position
from blogen.api.requests import body, query
from blogen.errors import NotFound
from blogen.store.social import Behind, Follow, Place, TagCursor, TagUse, no_tag

if TYPE_CHECKING:
    from blogen.store.social import AuthorStanding, PostStanding, TagStanding


async def like(request: web.Request) -> web.Response:
    return _post(await request.config_dict[SOCIAL].like(person_of(request), _slug(request)))


async def unlike(request: web.Request) -> web.Response:
    return _post(await request.config_dict[SOCIAL].unlike(person_of(request), _slug(request)))


async def bookmark(request: web.Request) -> web.Response:
    from blogen.domain.social import BookmarkRequest

    wanted = await body(request, BookmarkRequest, may_be_empty=True)
    return _post(await request.config_dict[SOCIAL].bookmark(person_of(request), _slug(request), wanted.list))


async def remove_bookmark(request: web.Request) -> web.Response:
    return _post(await request.config_dict[SOCIAL].remove_bookmark(person_of(request), _slug(request)))


async def read_up_to(request: web.Request) -> web.Response:
    from blogen.domain.social import ProgressRequest

    told = await body(request, ProgressRequest)
    place = Place(told.block, told.fraction, told.at_ms)
    return _post(await request.config_dict[SOCIAL].read_up_to(person_of(request), _slug(request), place))


async def place(request: web.Request) -> web.Response:
    return _post(await request.config_dict[SOCIAL].standing(person_of(request), _slug(request)))


async def forget_place(request: web.Request) -> web.Response:
    return _post(await request.config_dict[SOCIAL].forget_place(person_of(request), _slug(request)))


async def follow_author(request: web.Request) -> web.Response:
    return _author(await request.config_dict[SOCIAL].follow_author(person_of(request), request.match_info["handle"]))


async def unfollow_author(request: web.Request) -> web.Response:
    return _author(await request.config_dict[SOCIAL].unfollow_author(person_of(request), request.match_info["handle"]))


async def follow_tag(request: web.Request) -> web.Response:
    return _tag(await request.config_dict[SOCIAL].follow_tag(person_of(request), _tag_named(request)))


async def unfollow_tag(request: web.Request) -> web.Response:
    return _tag(await request.config_dict[SOCIAL].unfollow_tag(person_of(request), _tag_named(request)))


async def my_bookmarks(request: web.Request) -> web.Response:
    from blogen.api.queries import BookmarksQuery
    from blogen.api.views import rfc3339

    asked, social, person_id = query(request, BookmarksQuery), request.config_dict[SOCIAL], person_of(request)
    kind = "bookmarks" if asked.list is None else f"bookmarks in {asked.list}"
    before = Behind(*position(kind, asked.cursor)) if asked.cursor else None
    found = await social.bookmarks(person_id, asked.limit, before, of_list=asked.list)
    lists = {one.name: one.posts for one in await social.bookmark_lists(person_id)}
    more = {one.post_id: {"list": one.list, "bookmarked_at": rfc3339(one.at)} for one in found.items}
    following = cursor(kind, found.next.at, found.next.id) if found.next else None
    told = joined(
        await _posts_with(request, more),
        following,
        lists=[{"name": name, "posts": posts} for name, posts in lists.items() if name],
        unlisted=lists.get("", 0),
    )
    return with_tag(request, told, is_personal=True)


async def my_history(request: web.Request) -> web.Response:
    from blogen.api.queries import HistoryQuery
    from blogen.api.social_views import place_view

    asked = query(request, HistoryQuery)
    before = Behind(*position("history", asked.cursor)) if asked.cursor else None
    found = await request.config_dict[SOCIAL].history(person_of(request), asked.limit, before)
    more = {one.post_id: {"place": place_view(one.place)} for one in found.items}
    following = cursor("history", found.next.at, found.next.id) if found.next else None
    return with_tag(request, joined(await _posts_with(request, more), following), is_personal=True)


async def my_follows(request: web.Request) -> web.Response:
    from pydantic_core import to_json

    from blogen.api.queries import FollowsQuery
    from blogen.api.social_views import follow_view

    asked, social, person_id = query(request, FollowsQuery), request.config_dict[SOCIAL], person_of(request)
    # Authors come first, then tags; the cursor says in which of them it stands, and behind which one.
    list_name = f"follows {asked.kind or ''}"
    is_in_tags, after = position(list_name, asked.cursor) if asked.cursor else (asked.kind == "tag", "")
    found: list[Follow] = []
    if not is_in_tags:
        found += await social.followed_authors(person_id, asked.limit + 1, after)
        after = ""
    if asked.kind != "author" and len(found) <= asked.limit:
        found += await social.followed_tags(person_id, asked.limit + 1 - len(found), after)
    shown = found[: asked.limit]
    following = cursor(list_name, int(shown[-1].kind == "tag"), shown[-1].id) if len(found) > len(shown) else None
    return with_tag(request, joined([to_json(follow_view(one)) for one in shown], following), is_personal=True)


async def tags(request: web.Request) -> web.Response:
    from pydantic_core import to_json

    from blogen.api.queries import TagsQuery
    from blogen.api.views import tag_view

    asked, social, person_id = query(request, TagsQuery), request.config_dict[SOCIAL], asking_person(request)
    found: Sequence[TagUse]
    if asked.followed:
        person_id = needed_person(request)
        after = position("followed-tags", asked.cursor, person_id=person_id)[1] if asked.cursor else ""
        follows = await social.followed_tags(person_id, asked.limit + 1, after)
        found = [TagUse(one.id, one.posts, one.followers) for one in follows[: asked.limit]]
        is_more = len(follows) > asked.limit
        following = cursor("followed-tags", name=found[-1].tag, person_id=person_id) if is_more else None
    else:
        found, last = await social.tags(
            asked.limit, TagCursor(*position("tags", asked.cursor)) if asked.cursor else None
        )
        following = cursor("tags", last.posts, last.tag) if last else None
    followed = await social.follows_tag(person_id, [one.tag for one in found]) if person_id else None
    items = [tag_view(*one, is_followed=None if followed is None else one.tag in followed) for one in found]
    return with_tag(request, joined([to_json(item) for item in items], following), is_personal=person_id is not None)


async def _posts_with(request: web.Request, more: dict[str, dict[str, Any]]) -> list[bytes]:
    """The posts as they stand in lists, by id, each with further members; those that are gone are left out."""
    from pydantic_core import to_json

    ids = list(more)
    marks = await request.config_dict[SOCIAL].marks(person_of(request), ids)
    told = await request.config_dict[POST_JSON].by_id(ids, marks)
    return [told[post_id][:-1] + b"," + to_json(more[post_id])[1:] for post_id in ids if post_id in told]


def _slug(request: web.Request) -> str:
    return request.match_info["slug"]


def _tag_named(request: web.Request) -> str:
    """The tag of the address, as tags are written. Raises NotFound for what cannot be one."""
    given = request.match_info["tag"]
    tag = " ".join(given.lower().split())
    if not 1 <= len(tag) <= 50 or "\0" in tag:
        raise no_tag(given)
    try:
        tag.encode()
    except UnicodeEncodeError:
        raise NotFound("The tag is not UTF-8 text.", remedy="GET /api/v1/tags lists them all.") from None
    return tag


def _post(standing: PostStanding) -> web.Response:
    from blogen.api.social_views import post_standing_view

    return answer(post_standing_view(standing))


def _author(standing: AuthorStanding) -> web.Response:
    from blogen.api.social_views import author_standing_view

    return answer(author_standing_view(standing))


def _tag(standing: TagStanding) -> web.Response:
    from blogen.api.social_views import tag_standing_view

    return answer(tag_standing_view(standing))
