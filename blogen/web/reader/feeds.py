"""Feeds: RSS 2.0, Atom and JSON Feed, with whole posts; of the blog, of a tag, of an author.

Each post says what made it: in a sentence at its end, beside its author's name, and in terms that machines know.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.errors import NotFound
from blogen.web import assets
from blogen.web.address import base_url
from blogen.web.keys import AUTHORS, CONFIG, POSTS, SITE
from blogen.web.pages import View
from blogen.web.reader.serve import kept
from blogen.web.templates import render
from blogen.web.words import badge, iso, urlpart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blogen.domain.post import Post

_POSTS: Final = 20
_ILLEGAL_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_DESCRIPTION_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Feed:
    """Which posts, and how the feed presents itself."""

    title: str
    description: str
    page: str
    """The address of the page that shows the same posts."""
    hubs: list[str]
    posts: list[Post]
    bodies: Mapping[str, str]
    """The posts' HTML by slug."""

    @property
    def updated_at(self) -> int:
        """Unix ms; a feed without posts never changed."""
        return max((post.updated_at for post in self.posts), default=0)

    def address(self, name: str) -> str:
        """Where the feed itself is, in the form `name`."""
        return f"{self.page.rstrip('/')}/{name}"

    def signature(self, post: Post) -> str:
        """The author's name, and in brackets what there is to disclose."""
        disclosed = badge(post.provenance)
        return f"{post.author.name} ({disclosed})" if disclosed else post.author.name


async def rss(request: web.Request) -> web.Response:
    return await _xml(request, "feed.xml", "application/rss+xml")


async def atom(request: web.Request) -> web.Response:
    return await _xml(request, "atom.xml", "application/atom+xml")


async def json_feed(request: web.Request) -> web.Response:
    async def page(view: View) -> str:
        return json.dumps(_json_feed(request.app, await _feed(request, view)), ensure_ascii=False)

    return await kept(request, _key(request, "feed.json"), page, "application/feed+json")


async def _xml(request: web.Request, template: str, media_type: str) -> web.Response:
    async def page(view: View) -> str:
        return legal_xml(render(request.app, template, feed=await _feed(request, view)))

    return await kept(request, _key(request, template), page, media_type)


def legal_xml(text: str) -> str:
    """`text` without the characters that no XML document may have, not even escaped."""
    return _ILLEGAL_IN_XML.sub("", text)


def _key(request: web.Request, form: str) -> tuple[str, ...]:
    return form, request.match_info.get("tag", "").lower(), request.match_info.get("handle", "")


async def _feed(request: web.Request, view: View) -> Feed:
    """What is asked for; `view` is told of it."""
    from blogen.outgoing.websub import hubs

    title, description, path, posts = await _asked_for(request, view)
    view.shows_posts(posts)
    base = base_url(request.app)
    return Feed(
        title=title,
        description=description,
        page=base + path,
        hubs=[hub.url for hub in hubs(request.app[CONFIG])],
        posts=posts,
        bodies=await asyncio.to_thread(_bodies, posts, base),
    )


async def _asked_for(request: web.Request, view: View) -> tuple[str, str, str, list[Post]]:
    """Title, description, the page that shows the same, and the posts."""
    site, posts = request.app[SITE].now, request.app[POSTS]
    if tag := request.match_info.get("tag", "").lower():
        view.shows(f"tag:{tag}")
        found = await posts.newest_in_full(_POSTS, tag=tag)
        if not found.items:
            raise NotFound(f"No post has the tag “{tag}”.")
        return f"{site.title}: {tag}", f"Posts about {tag} on {site.title}.", f"/tags/{urlpart(tag)}", found.items
    if handle := request.match_info.get("handle"):
        view.shows(f"author:{handle}")
        author = await request.app[AUTHORS].by_handle(handle)
        if author is None:
            raise NotFound("There is no author of this name.")
        found = await posts.newest_in_full(_POSTS, author=handle)
        bio = author.bio[:_MOST_DESCRIPTION_CHARS]
        return f"{site.title}: {author.name}", bio, f"/authors/{handle}", found.items
    view.shows("newest")
    return site.title, site.description, "/", (await posts.newest_in_full(_POSTS)).items


def _bodies(posts: list[Post], base: str) -> dict[str, str]:
    """The posts' HTML by slug, made to stand away from its page: absolute addresses, no anchors."""
    from blogen.render.html import to_html

    return {post.slug: to_html(post.blocks, language=post.language, base_url=base, with_ids=False) for post in posts}


def _json_feed(app: web.Application, feed: Feed) -> dict[str, object]:
    base, site = base_url(app), app[SITE].now
    found: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.description,
        "language": site.language,
        "home_page_url": feed.page,
        "feed_url": feed.address("feed.json"),
        "icon": base + assets.address("icon-512.png"),
        "favicon": base + assets.address("icon-192.png"),
        "authors": [{"name": site.title, "url": f"{base}/"}],
        "items": [_json_item(app, feed, post, base) for post in feed.posts],
    }
    return found | ({"hubs": [{"type": "WebSub", "url": url} for url in feed.hubs]} if feed.hubs else {})


def _json_item(app: web.Application, feed: Feed, post: Post, base: str) -> dict[str, object]:
    from blogen.render.provenance import byline, digital_source_type

    url = base + post.url
    item: dict[str, object] = {
        "id": url,
        "url": url,
        "title": post.title,
        "summary": post.summary,
        "content_html": render(app, "feed_body.html", post=post, feed=feed),
        "date_published": iso(post.published_at),
        "date_modified": iso(post.updated_at),
        "language": post.language,
        "tags": post.tags,
        "authors": [{"name": feed.signature(post), "url": f"{base}/authors/{post.author.handle}"}],
        "_blogen": {
            "disclosure": post.provenance.disclosure,
            "label": badge(post.provenance),
            "sentence": byline(post.provenance, post.language),
            "digital_source_type": digital_source_type(post.provenance),
            "sources": [source.url for source in post.sources if source.url],
        },
    }
    return item | ({"image": base + post.cover.url, "banner_image": base + post.cover.url} if post.cover else {})
