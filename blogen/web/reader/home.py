"""The front page with its feeds, and the archive."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.keys import FEATURED, FEEDS, POSTS, SERIES
from blogen.web.reader.serve import behind, cursor, end_of_list, kept, listed, passing
from blogen.web.templates import render
from blogen.web.words import month

if TYPE_CHECKING:
    from blogen.domain.post_summary import PostSummary
    from blogen.store.feeds import FeedItem
    from blogen.store.posts import PostCursor, PostList
    from blogen.web.pages import View

_POSTS_A_PAGE = 12
"""Full rows of two and of three."""
_TITLES_A_PAGE = 200
_TOPICS = 12
_RANKED = 30
_NEWEST_TOLD = 20
_OWN_FEEDS: Final = {"following": "Following", "for-you": "For you"}
"""Feeds of one person, and what they are called."""


async def home(request: web.Request) -> web.Response:
    feed = request.query.get("feed", "latest")
    if feed in _OWN_FEEDS:
        return await _own_feed(request, feed)
    if feed != "latest":
        raise NotFound("There is no such feed.", remedy="Start from the newest posts.")
    before = cursor(request)

    async def page(view: View) -> str:
        if before is not None:
            return await _older(request, view)
        view.shows("newest", "tags", "featured")
        hides = await _hides_unreviewed(request, view)
        chosen = [post for post in await request.app[FEATURED].posts() if not hides or _is_reviewed(post)]
        # The newest is the large one unless the owner has chosen others.
        found = await _newest(request, _POSTS_A_PAGE if chosen else _POSTS_A_PAGE + 1, hides=hides)
        if not found.items and not hides:
            return render(request.app, "empty.html", viewer=view.visitor)
        featured = chosen or found.items[:1]
        slugs = {post.slug for post in featured}
        view.shows_posts([*featured, *found.items])
        return render(
            request.app,
            "home.html",
            viewer=view.visitor,
            feed="latest",
            feed_words="Latest",
            featured=featured,
            is_chosen=bool(chosen),
            posts=[post for post in found.items if post.slug not in slugs],
            reasons=None,
            newest="" if hides or not found.items else found.items[0].slug,
            topics=await request.app[POSTS].tags(_TOPICS),
            is_first=True,
            older=behind("/", found.next),
        )

    return await listed(request, "home", before, page)


async def newest(request: web.Request) -> web.Response:
    """The newest posts' slugs, for pages that are open: a few bytes from memory, the same for everyone."""

    async def told(view: View) -> str:
        view.shows("newest")
        found = await request.app[POSTS].lines(_NEWEST_TOLD)
        return json.dumps({"newest": [line.slug for line in found.items]})

    return await kept(request, "newest.json", told, "application/json")


async def archive(request: web.Request) -> web.Response:
    """Series, then titles by month."""
    before = cursor(request)

    async def page(view: View) -> str:
        view.shows("newest", "all-series")
        found = await request.app[POSTS].newest(_TITLES_A_PAGE, before)
        if before is not None and not found.items:
            raise end_of_list()
        view.shows_posts(found.items)
        months = [(name, list(group)) for name, group in groupby(found.items, _month)]
        return render(
            request.app,
            "archive.html",
            viewer=view.visitor,
            all_series=[] if before else await request.app[SERIES].names(),
            months=months,
            older=behind("/archive", found.next),
        )

    return await listed(request, "archive", before, page)


async def _older(request: web.Request, view: View) -> str:
    """A further page of the front page's list."""
    hides = await _hides_unreviewed(request, view)
    found = await _newest(request, _POSTS_A_PAGE, cursor(request), hides=hides)
    if not found.items:
        raise end_of_list()
    return _list(request, view, "latest", found.items, older=behind("/", found.next), is_first=False)


async def _own_feed(request: web.Request, feed: str) -> web.Response:
    """What one person follows, or what is ranked for them, each post with the reason why it is there."""
    from blogen.web.people.session import signed_in

    await signed_in(request)
    before = cursor(request)

    async def page(view: View) -> str:
        assert view.visitor is not None
        feeds, person_id, older = request.app[FEEDS], view.visitor.person.id, None
        if feed == "following":
            found = await feeds.following(person_id, _POSTS_A_PAGE, before)
            items, older = found.items, behind("/", found.next)
            older = older and older.replace("?", "?feed=following&")
        else:
            ranking = await feeds.rank(person_id, await feeds.head())
            items = await feeds.ranked(person_id, ranking[:_RANKED])
        if before is not None and not items:
            raise end_of_list()
        summaries = await request.app[POSTS].summaries([item.line.id for item in items])
        posts = [summaries[item.line.id] for item in items if item.line.id in summaries]
        reasons = {item.line.slug: _reason(item) for item in items}
        return _list(request, view, feed, posts, reasons=reasons, older=older, is_first=before is None)

    return await passing(request, page)


async def _newest(request: web.Request, limit: int, before: PostCursor | None = None, *, hides: bool) -> PostList:
    """The newest posts; with `hides` those that somebody has reviewed."""
    from blogen.store.posts import PostList

    posts = request.app[POSTS]
    if not hides:
        return await posts.newest(limit, before)
    found = await request.app[FEEDS].latest(limit, before, hides_unreviewed=True)
    summaries = await posts.summaries([line.id for line in found.items])
    return PostList([summaries[line.id] for line in found.items if line.id in summaries], found.next)


async def _hides_unreviewed(request: web.Request, view: View) -> bool:
    """Whether who sees the page wants to see only what a person has reviewed."""
    return view.visitor is not None and await request.app[FEEDS].hides_unreviewed(view.visitor.person.id)


def _is_reviewed(post: PostSummary) -> bool:
    return post.provenance.disclosure != "ai-autonomous"


def _list(
    request: web.Request,
    view: View,
    feed: str,
    posts: list[PostSummary],
    *,
    reasons: dict[str, str] | None = None,
    older: str | None,
    is_first: bool,
) -> str:
    return render(
        request.app,
        "home.html",
        viewer=view.visitor,
        feed=feed,
        feed_words=_OWN_FEEDS.get(feed, "Latest"),
        featured=[],
        is_chosen=False,
        posts=posts,
        reasons=reasons,
        newest="",
        topics=[],
        is_first=is_first,
        older=older,
    )


def _reason(item: FeedItem) -> str:
    """Why the post is there, in words."""
    from blogen.store.feeds import Reason

    match item.reason:
        case Reason.AUTHOR:
            return f"You follow {item.of}"
        case Reason.TAG:
            return f"You follow “{item.of}”"
        case Reason.CO_READERS:
            return "Liked by readers who like what you like"
        case Reason.NEW:
            return "New"


def _month(post: PostSummary) -> str:
    return month(post.published_at)
