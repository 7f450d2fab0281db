"""Preview cards: the picture that a link to a post or to the blog shows elsewhere.

A card's address holds a digest of all that it shows, so what was fetched once is right for ever; an older address leads
to the present one. Cards are drawn when they are asked for, one at a time, beside the event loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.answers import FOREVER
from blogen.web.keys import CONFIG, MEDIA, POSTS, SITE
from blogen.web.pages import FRESH
from blogen.web.words import badge, direction, urlpart

if TYPE_CHECKING:
    from pathlib import Path

    from blogen.config import SiteConfig
    from blogen.domain.post_summary import PostSummary
    from blogen.render.card import Card

_KEPT_BYTES: Final = 12 * 1024 * 1024


class Cards:
    """Drawn cards by their digest: at most `limit_bytes`, those asked for last."""

    def __init__(self, font_folder: Path, *, limit_bytes: int = _KEPT_BYTES) -> None:
        self._font_folder = font_folder
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._drawing: dict[str, asyncio.Task[bytes]] = {}
        self._turn = asyncio.Lock()

    async def get(self, card: Card, art: Path | None) -> bytes:
        """The card as PNG; `art` is the file of its picture, None to draw one from the title."""
        digest = card.digest
        if (content := self._kept.get(digest)) is not None:
            self._kept.move_to_end(digest)
            return content
        task = self._drawing.get(digest)
        if task is None:
            task = self._drawing[digest] = asyncio.create_task(self._make(card, art), name="card")
        return await asyncio.shield(task)  # one who leaves takes the card from nobody else

    @property
    def kept_bytes(self) -> int:
        return self._kept_bytes

    async def close(self) -> None:
        tasks = list(self._drawing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, card: Card, art: Path | None) -> bytes:
        try:
            async with self._turn:
                content = await asyncio.to_thread(_draw, card, art, self._font_folder)
            self._kept[card.digest] = content
            self._kept_bytes += len(content)
            while self._kept_bytes > self._limit_bytes:
                self._kept_bytes -= len(self._kept.popitem(last=False)[1])
            return content
        finally:
            del self._drawing[card.digest]


CARDS = web.AppKey("CARDS", Cards)
"""Made by `add_reader`."""


async def of_post(request: web.Request) -> web.Response:
    slug = request.match_info["slug"]
    post = await request.app[POSTS].by_slug(slug)
    if post is None:
        raise NotFound("There is no post at this address, and so no picture of it.")
    card = card_of(post, request.app[SITE].now)
    file = request.app[MEDIA].open(post.cover.url.rpartition("/")[2]) if post.cover else None
    return await _answer(request, card, post_card_path(post.slug, card), file.path if file else None)


async def of_site(request: web.Request) -> web.Response:
    card = site_card(request.app[SITE].now)
    return await _answer(request, card, site_card_path(card), None)


async def _answer(request: web.Request, card: Card, path: str, art: Path | None) -> web.Response:
    if request.match_info["digest"] != card.digest:
        return web.Response(status=302, headers={"Location": path, "Cache-Control": FRESH})
    headers = {"Content-Type": "image/png", "Cache-Control": FOREVER, "ETag": f'"{card.digest}"'}
    if card.digest in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=await request.app[CARDS].get(card, art), headers=headers)


def card_of(post: PostSummary, site: SiteConfig) -> Card:
    """What the card of a post says."""
    from blogen.render.card import Card
    from blogen.render.provenance import is_by_model

    return Card(
        title=post.title,
        author=post.author.name,
        site=site.title,
        badge=badge(post.provenance),
        language=post.language,
        is_right_to_left=direction(post.language) == "rtl",
        art=post.cover.url if post.cover else "",
        art_by=post.cover.made_by if post.cover else "covers",
        has_ai_art=bool(post.cover and is_by_model(post.cover.made_by)),
    )


def site_card(site: SiteConfig) -> Card:
    """What the card of the blog itself says."""
    from blogen.render.card import Card

    return Card(
        title=site.tagline or site.title,
        author="",
        site=site.title,
        badge="",
        language=site.language,
        is_right_to_left=direction(site.language) == "rtl",
        art_by="covers",
    )


def post_card_path(slug: str, card: Card) -> str:
    return f"/cards/{urlpart(slug)}-{card.digest}.png"


def site_card_path(card: Card) -> str:
    return f"/cards/{card.digest}.png"


def add_cards(app: web.Application) -> None:
    """Let `app` draw cards, with the fonts that the owner put into the data folder's `fonts` before the system's."""
    app[CARDS] = Cards(app[CONFIG].data.dir / "fonts")


def _draw(card: Card, art: Path | None, font_folder: Path) -> bytes:
    from blogen.providers.cover_art import cover
    from blogen.render.card import HEIGHT, WIDTH
    from blogen.render.fonts import SYSTEM, Fonts
    from blogen.render.social_card import draw

    try:
        content = art.read_bytes() if art else None
    except OSError:
        content = None
    return draw(card, content or cover(card.title, WIDTH, HEIGHT), Fonts((font_folder, *SYSTEM)))
