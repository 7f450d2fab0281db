"""oEmbed (oembed.com): what another site may show of a post whose address it was given."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape as escape_xml

from aiohttp import web

from blogen.web.address import base_url
from blogen.web.answers import answer
from blogen.web.keys import POSTS, SITE
from blogen.web.pages import Page
from blogen.web.reader.feeds import legal_xml
from blogen.web.words import badge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blogen.config import SiteConfig
    from blogen.domain.post_summary import PostSummary
    from blogen.web.reader.heads import Preview

_WIDTH: Final = 600
_HEIGHT: Final = 220
_SMALLEST: Final = 120


async def oembed(request: web.Request) -> web.Response:
    """Says no with a sentence in plain text: whoever asks is a program, and its maker reads it."""
    asked = request.query
    form = asked.get("format", "json")
    if form not in {"json", "xml"}:
        return _refused(501, f"The format {form[:20]!r} is not spoken here; ask for json or xml.")
    if not (url := asked.get("url", "")):
        return _refused(400, "Say which address is meant: /oembed?url=…")
    base, site = base_url(request.app), request.app[SITE].now
    path = _path(url, base)
    if path is None:
        return _refused(404, f"That address does not belong to {base}; only its own posts can be embedded.")
    found: dict[str, Any]
    if path in {"", "/"}:
        found = _common(site, base) | {"type": "link", "title": site.title}
    else:
        slug = unquote(path.removeprefix("/p/").rstrip("/"))
        post = await request.app[POSTS].by_slug(slug) if path.startswith("/p/") else None
        if post is None:
            return _refused(404, "There is no post at that address.")
        from blogen.web.reader.heads import post_preview

        most_wide, most_high = _limit(asked.get("maxwidth")), _limit(asked.get("maxheight"))
        found = _of_post(post, site, base, post_preview(post, site, base), most_wide, most_high)
    text = json.dumps(found, ensure_ascii=False) if form == "json" else _xml(found)
    response = answer(request, Page(text, "application/json" if form == "json" else "text/xml"))
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _path(url: str, base: str) -> str | None:
    """The part of `url` behind the blog's address; None if it is another's."""
    try:
        asked, own = urlsplit(url), urlsplit(base)
        is_ours = asked.scheme in {"http", "https"} and asked.netloc.lower() == own.netloc.lower()
    except ValueError:
        return None
    if not is_ours or not asked.path.startswith(own.path):
        return None
    return asked.path.removeprefix(own.path)


def _limit(text: str | None) -> int:
    """A size that was asked for, in pixels; what makes no sense counts as none."""
    return max(_SMALLEST, int(text)) if text and text.isascii() and text.isdigit() and len(text) < 6 else 100_000


def _common(site: SiteConfig, base: str) -> dict[str, Any]:
    return {"version": "1.0", "provider_name": site.title, "provider_url": f"{base}/", "cache_age": 3600}


def _of_post(
    post: PostSummary, site: SiteConfig, base: str, preview: Preview, most_wide: int, most_high: int
) -> dict[str, Any]:
    found = _common(site, base) | {
        "type": "rich",
        "title": post.title,
        "author_name": post.author.name,
        "author_url": f"{base}/authors/{post.author.handle}",
        "width": min(_WIDTH, most_wide),
        "height": min(_HEIGHT, most_high),
        "html": _html(post, site, base),
        "disclosure": post.provenance.disclosure,
    }
    if preview.width <= most_wide and preview.height <= most_high:
        thumbnail = {"url": preview.url, "width": preview.width, "height": preview.height}
        found |= {f"thumbnail_{name}": value for name, value in thumbnail.items()}
    return found


def _html(post: PostSummary, site: SiteConfig, base: str) -> str:
    """A quotation of title and summary: nothing in it runs or loads."""
    url, disclosed = escape(base + post.url), badge(post.provenance)
    by = " · ".join(dict.fromkeys(escape(name) for name in (post.author.name, disclosed, site.title) if name))
    return (
        f'<blockquote class="blogen-post" cite="{url}" lang="{escape(post.language)}">'
        f'<p><a href="{url}">{escape(post.title)}</a></p><p>{escape(post.summary)}</p>'
        f"<footer>{by}</footer></blockquote>"
    )


def _xml(found: Mapping[str, Any]) -> str:
    fields = "".join(f"<{name}>{escape_xml(str(value))}</{name}>" for name, value in found.items())
    return legal_xml(f'<?xml version="1.0" encoding="utf-8" standalone="yes"?><oembed>{fields}</oembed>')


def _refused(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, text=f"{sentence}\n", headers={"Access-Control-Allow-Origin": "*"})
