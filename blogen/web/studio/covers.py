"""Covers that a person chooses: a picture of their own, or one that Blogen draws from the title."""

import anyio.to_thread
from aiohttp import web

from blogen.domain.post_summary import Picture
from blogen.render.pictures import AI_SOURCE_TYPE, Prepared, prepare, source_type
from blogen.web.keys import MEDIA

MAX_BYTES = 20_000_000
_MADE_BY_AI = "an AI model"
_DRAWN_BY = "covers"
_WIDTH, _HEIGHT = 1600, 900


async def uploaded(request: web.Request, content: bytes, *, key: str, alt: str, is_by_ai: bool) -> Picture:
    """The picture that a person gave, stored; one whose file says that a machine made it is taken at its word.

    Raises InvalidInput if it cannot be used.
    """
    is_by_ai = is_by_ai or source_type(content) == AI_SOURCE_TYPE
    made_by = _MADE_BY_AI if is_by_ai else ""
    prepared = await prepare(content, alt=alt, made_by=made_by, ai_generated=True if is_by_ai else None)
    return await _stored(request, prepared, key)


async def drawn(request: web.Request, title: str, *, key: str, language: str) -> Picture:
    """A picture for that title, always the same for the same `title` and `key`."""
    from blogen.providers.cover_art import cover
    from blogen.writing.phrases import phrases

    text = title if key == "cover" else f"{title}\n{key}"
    content = await anyio.to_thread.run_sync(cover, text, _WIDTH, _HEIGHT)
    alt = phrases(language).cover.format(title=title)
    return await _stored(request, await prepare(content, alt=alt, made_by=_DRAWN_BY, ai_generated=False), key)


async def _stored(request: web.Request, prepared: Prepared, key: str) -> Picture:
    urls = {}
    for file in prepared.files:
        medium = await request.app[MEDIA].add(
            file.content, file.media_type, width=file.width, height=file.height, made_by=prepared.made_by
        )
        urls[file.sha256] = medium.url
    return prepared.picture(key, lambda file: urls[file.sha256])
