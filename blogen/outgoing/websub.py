"""WebSub: hubs are told when feeds have changed, and fetch them for those who follow them (W3C Recommendation, 2018).

The specification leaves open how a publisher tells its hub; this is the form that the public ones take. A message to a
hub is a durable row like a webhook's, with the same patience, and telling twice does no harm.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode

from blogen.outgoing.webhooks import HookLine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blogen.config import Config
    from blogen.store.deliveries import Due

FEEDS: Final = ("feed.xml", "atom.xml", "feed.json")
_CHANGING: Final = frozenset({"post.published", "post.changed", "post.deleted"})
_NAME: Final = "websub:"


class Hub(NamedTuple):
    """A hub as deliveries know it: `name` cannot be a webhook's."""

    name: str
    url: str
    base_url: str
    """Of the blog, without a slash at its end."""

    def wants(self, event: str) -> bool:
        return event in _CHANGING


class HubLine(HookLine[Hub]):
    """The messages to one hub."""

    def letter(self, due: Due) -> tuple[bytes, Mapping[str, str]]:
        topics = changed_feeds(json.loads(due.payload), self.hook.base_url)
        body = urlencode([("hub.mode", "publish"), *(("hub.url", topic) for topic in topics)])
        return body.encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def hubs(config: Config) -> list[Hub]:
    """The hubs to tell; none while nobody has said where readers find the blog: a hub could not fetch its feeds."""
    if config.server.base_url is None:
        return []
    return [Hub(_NAME + url, url, config.server.base_url) for url in config.site.websub_hubs]


def changed_feeds(told: Mapping[str, object], base_url: str) -> list[str]:
    """The addresses of the feeds that a change of this post changes: the blog's, its author's, its tags'."""
    pages = [base_url]
    if isinstance(author := told.get("author"), str):
        pages.append(f"{base_url}/authors/{author}")
    if isinstance(tags := told.get("tags"), list):
        pages += [f"{base_url}/tags/{quote(str(tag), safe='')}" for tag in tags]
    return [f"{page}/{feed}" for page in pages for feed in FEEDS]
