"""FakeFeeds: a site with feeds, `/rss.xml` (RSS 2.0) and `/atom.xml` (RFC 4287) over the same entries, and any other
document that a test puts at a path."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from aiohttp import web

from tests.fakes.search_server import FakeSearch


class Item(NamedTuple):
    link: str
    title: str
    text: str = ""
    at: int = 1_780_000_000
    """When it was published, in Unix seconds."""


class FakeFeeds(FakeSearch):
    media_type = "application/rss+xml"

    def __init__(self) -> None:
        super().__init__()
        self.items = [
            Item("https://example.org/tea", "How tea keeps", "Tea keeps well in a &lt;b&gt;tin&lt;/b&gt;."),
            Item("/coffee", "Coffee at noon", "A short piece about roasting."),
        ]
        self.documents: dict[str, bytes] = {}
        """What stands at other paths."""
        self.media_types: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/{path:.*}", self._document)]

    def error(self, status: int) -> web.Response:
        return web.Response(text=f"<h1>{status}</h1>", status=status, content_type="text/html")

    async def _document(self, request: web.Request) -> web.Response:
        path = request.path
        known: dict[str, Any] = {"/rss.xml": (rss, "application/rss+xml"), "/atom.xml": (atom, "application/atom+xml")}
        if path in self.documents:
            body, media_type = self.documents[path], self.media_types.get(path, "application/xml")
            return web.Response(body=body, headers={"Content-Type": media_type})
        if path not in known:
            return self.error(404)
        make, media_type = known[path]
        return web.Response(body=make(self.items).encode(), headers={"Content-Type": f"{media_type}; charset=utf-8"})


def rss(items: list[Item]) -> str:
    entries = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>"
        f"<description>{item.text}</description><guid isPermaLink='false'>{number}</guid>"
        f"<pubDate>{format_datetime(datetime.fromtimestamp(item.at, UTC), usegmt=True)}</pubDate></item>"
        for number, item in enumerate(items)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>A site</title>'
        f"<link>https://example.org/</link><description>Its news</description>{entries}</channel></rss>"
    )


def atom(items: list[Item]) -> str:
    entries = "".join(
        f'<entry><id>urn:{number}</id><title type="html">{escape(item.title)}</title>'
        f'<link rel="alternate" href="{escape(item.link)}"/><summary type="html">{item.text}</summary>'
        f"<updated>{datetime.fromtimestamp(item.at, UTC).isoformat()}</updated></entry>"
        for number, item in enumerate(items)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id>'
        f"<title>A site</title><updated>2026-01-02T03:04:05Z</updated>{entries}</feed>"
    )
