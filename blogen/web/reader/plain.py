"""The blog in plain text, for programs that read: `/llms.txt` (llmstxt.org) and each post as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.address import base_url
from blogen.web.keys import POSTS, SITE
from blogen.web.pages import View
from blogen.web.reader.serve import kept
from blogen.web.words import day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blogen.config import SiteConfig
    from blogen.domain.post import Block, Post
    from blogen.domain.post_summary import PostSummary

_MOST_POSTS: Final = 200
_MOST_TAGS: Final = 30
_SIGNS: Final = re.compile(r"([\\`*_\[\]<>#])")


async def llms(request: web.Request) -> web.Response:
    """What the blog is, and where its newest posts are as Markdown."""

    async def page(view: View) -> str:
        view.shows("newest", "tags")
        posts = request.app[POSTS]
        found = (await posts.newest(_MOST_POSTS)).items
        view.shows_posts(found)
        tags = [tag.tag for tag in await posts.tags(_MOST_TAGS)]
        return _llms(request.app[SITE].now, base_url(request.app), found, tags)

    return await kept(request, "llms.txt", page, "text/plain")


async def markdown(request: web.Request) -> web.Response:
    """A post as Markdown, with what made it and what it rests on."""
    slug = request.match_info["slug"]

    async def page(view: View) -> str:
        view.shows(f"post:{slug}")
        post = await request.app[POSTS].by_slug(slug)
        if post is None:
            raise NotFound("There is no post at this address.", remedy="`/llms.txt` lists the newest.")
        view.shows_posts([post])
        return _markdown(post, base_url(request.app))

    return await kept(request, ("markdown", slug), page, "text/markdown")


def _llms(site: SiteConfig, base: str, posts: Iterable[PostSummary], tags: Iterable[str]) -> str:
    lines = [
        f"# {_line(site.title)}",
        "",
        f"> {_line(site.description or site.tagline or site.title)}",
        "",
        "A blog made with Blogen. Each post says whether software wrote it and whether a person reviewed it, and names"
        " the sources that it was checked against. These links lead to Markdown; without `.md` they lead to the page.",
        "",
        "## Posts",
        "",
        *(f"- [{_line(post.title)}]({base}{post.url}.md): {_line(post.summary)}" for post in posts),
        "",
        "## Optional",
        "",
        f"- [All posts by month]({base}/archive)",
        f"- [Feed with whole posts]({base}/feed.json): JSON Feed; also [RSS]({base}/feed.xml), [Atom]({base}/atom.xml)",
        f"- [Site map]({base}/sitemap.xml)",
    ]
    if topics := ", ".join(map(_line, tags)):
        lines.append(f"- [Topics]({base}/archive): {topics}")
    return "\n".join(lines) + "\n"


def _markdown(post: Post, base: str) -> str:
    from blogen.render.markdown_writer import to_markdown
    from blogen.render.provenance import byline

    made = [byline(post.provenance, post.language), *post.notices]
    parts = [
        f"# {_line(post.title)}",
        f"> {_line(post.summary)}" if post.summary.strip() else "",
        f"{_line(post.author.name)}, {day(post.published_at)}, <{base}{post.url}>",
        f"*{_line(' '.join(made))}*",
        to_markdown(_away_from_home(block, base) for block in post.blocks).strip(),
    ]
    if post.sources:
        named = (
            f"[{_line(source.title)}](<{source.url}>)" if source.url else _line(source.title) for source in post.sources
        )
        parts += ["## Sources", "\n".join(f"{number}. {name}" for number, name in enumerate(named, 1))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _line(text: str) -> str:
    """`text` in one line in which no sign means anything to Markdown."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def _away_from_home(block: Block, base: str) -> Block:
    """The block with the blog's own addresses made whole."""
    return type(block).model_validate(_whole(block.model_dump(exclude_none=True), base))


def _whole(value: Any, base: str) -> Any:
    if isinstance(value, list):
        return [_whole(part, base) for part in value]
    if isinstance(value, dict):
        return {
            name: base + part if name in {"url", "href", "cite"} and str(part).startswith("/") else _whole(part, base)
            for name, part in value.items()
        }
    return value
