"""Feeds: RSS 2.0, Atom and JSON Feed, with whole posts; of the blog, of a tag, of an author."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.address import base_url
from blogen.web.keys import AUTHORS, POSTS, SITE
from blogen.web.pages import View
from blogen.web.reader.serve import kept
from blogen.web.templates import render
from blogen.web.words import badge, iso, urlpart

if TYPE_CHECKING:
    from blogen.domain.post import Post

_POSTS = 20
_ILLEGAL_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Feed:
    """Which posts, and how the feed presents itself. `path` is the page that shows the same posts."""

    title: str
    path: str
    posts: list[Post]


async def rss(request: web.Request) -> web.Response:
    return await _xml(request, "feed.xml", "application/rss+xml")


async def atom(request: web.Request) -> web.Response:
    return await _xml(request, "atom.xml", "application/atom+xml")


async def json_feed(request: web.Request) -> web.Response:
    async def page(view: View) -> str:
        feed = await _feed(request, view)
        return json.dumps(_json_feed(request.app, feed, await _bodies(request.app, feed)), ensure_ascii=False)

    return await kept(request, request.path, page, "application/feed+json")


async def _xml(request: web.Request, template: str, media_type: str) -> web.Response:
    async def page(view: View) -> str:
        feed = await _feed(request, view)
        text = render(request.app, template, feed=feed, bodies=await _bodies(request.app, feed))
        return _ILLEGAL_IN_XML.sub("", text)

    return await kept(request, request.path, page, media_type)


async def _feed(request: web.Request, view: View) -> Feed:
    """What is asked for; `view` is told of it."""
    feed = await _posts_of(request, view)
    view.shows_posts(feed.posts)
    return feed


async def _posts_of(request: web.Request, view: View) -> Feed:
    title = request.app[SITE].now.title
    posts = request.app[POSTS]
    if (tag := request.match_info.get("tag", "").lower()) != "":
        view.shows(f"tag:{tag}")
        found = await posts.newest_in_full(_POSTS, tag=tag)
        if not found.items:
            raise NotFound(f"No post has the tag “{tag}”.")
        return Feed(f"{title}: {tag}", f"/tags/{urlpart(tag)}", found.items)
    if handle := request.match_info.get("handle"):
        view.shows(f"author:{handle}")
        author = await request.app[AUTHORS].by_handle(handle)
        if author is None:
            raise NotFound("There is no author of this name.")
        found = await posts.newest_in_full(_POSTS, author=handle)
        return Feed(f"{title}: {author.name}", f"/authors/{handle}", found.items)
    view.shows("newest")
    return Feed(title, "/", (await posts.newest_in_full(_POSTS)).items)


async def _bodies(app: web.Application, feed: Feed) -> dict[str, str]:
    """The posts' HTML by slug, made to stand away from its page: absolute addresses, no anchors."""
    base = base_url(app)

    def make() -> dict[str, str]:
        from blogen.render.html import to_html

        return {
            post.slug: to_html(post.blocks, language=post.language, base_url=base, with_ids=False)
            for post in feed.posts
        }

    return await asyncio.to_thread(make)


def _json_feed(app: web.Application, feed: Feed, bodies: dict[str, str]) -> dict[str, object]:
    base, site = base_url(app), app[SITE].now
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": site.description,
        "language": site.language,
        "home_page_url": base + feed.path,
        "feed_url": f"{base}{feed.path.rstrip('/')}/feed.json",
        "items": [_json_item(post, base, bodies[post.slug]) for post in feed.posts],
    }


def _json_item(post: Post, base: str, body: str) -> dict[str, object]:
    from blogen.render.provenance import byline

    url = base + post.url
    item: dict[str, object] = {
        "id": url,
        "url": url,
        "title": post.title,
        "summary": post.summary,
        "content_html": body,
        "date_published": iso(post.published_at),
        "date_modified": iso(post.updated_at),
        "language": post.language,
        "tags": post.tags,
        "authors": [{"name": post.author.name, "url": f"{base}/authors/{post.author.handle}"}],
        "_blogen": {
            "about": "https://jsonfeed.org/version/1.1#extensions-a-name-extensions-a",
            "disclosure": post.provenance.disclosure,
            "label": badge(post.provenance),
            "sentence": byline(post.provenance, post.language),
        },
    }
    return item | ({"image": base + post.cover.url} if post.cover else {})
