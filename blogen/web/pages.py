"""Pages as bytes in memory: rendered once, compressed once off the request's way, kept until a post changes.

A page shows other posts too (neighbours, related ones, lists), so any change to the posts drops every page; what is
asked for again is rendered again, once, however many ask at the same moment.
"""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from blogen.events import Bus, Event, PostChanged, PostDeleted, PostPublished, SiteChanged

_COMPRESSION = 6
_WORTH_COMPRESSING_BYTES = 600
_OVERHEAD_BYTES = 1000

Render = Callable[[], Awaitable[str]]


class Page:
    """Bytes ready to be sent. `compressed` comes a moment after `body`."""

    __slots__ = ("body", "compressed", "digest", "media_type", "size_bytes", "status")

    def __init__(self, text: str, media_type: str, status: int = 200) -> None:
        self.body = text.encode()
        self.compressed: bytes | None = None
        self.digest = hashlib.sha256(self.body).hexdigest()[:20]
        self.media_type = media_type
        self.status = status
        self.size_bytes = len(self.body) + _OVERHEAD_BYTES


class Pages:
    """Hears of posts on `bus`; holds at most `limit_bytes`, the pages asked for last."""

    def __init__(self, bus: Bus, *, limit_bytes: int = 32 * 1024 * 1024) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, Page] = OrderedDict()
        self._kept_bytes = 0
        self._rendering: dict[Hashable, asyncio.Task[Page]] = {}
        self._compressing: set[asyncio.Task[None]] = set()
        self._stop_hearing = bus.subscribe(self._hear)

    async def get(self, key: Hashable, render: Render, media_type: str) -> Page:
        """The page kept under `key`, else what `render` makes. What `render` raises is raised and not kept."""
        page = self._kept.get(key)
        if page is not None:
            self._kept.move_to_end(key)
            return page
        task = self._rendering.get(key)
        if task is None:
            task = self._rendering[key] = asyncio.create_task(self._make(key, render, media_type))
            task.add_done_callback(_retrieve)
        # Shielded: one reader who leaves takes the page from nobody else.
        return await asyncio.shield(task)

    def drop_all(self) -> None:
        """Forget every page; what is being rendered right now is not kept either."""
        self._kept.clear()
        self._kept_bytes = 0
        self._rendering.clear()

    @property
    def kept_bytes(self) -> int:
        return self._kept_bytes

    async def compressed(self) -> None:
        """Return when all kept pages are compressed."""
        await asyncio.gather(*self._compressing)

    async def close(self) -> None:
        self._stop_hearing()
        tasks = [*self._rendering.values(), *self._compressing]
        self.drop_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, event: Event) -> None:
        if isinstance(event, PostPublished | PostChanged | PostDeleted | SiteChanged):
            self.drop_all()

    async def _make(self, key: Hashable, render: Render, media_type: str) -> Page:
        this = asyncio.current_task()
        try:
            page = Page(await render(), media_type)
            if self._rendering.get(key) is this:  # otherwise a post changed meanwhile: the page may be stale
                self._keep(key, page)
            return page
        finally:
            if self._rendering.get(key) is this:
                del self._rendering[key]

    def _keep(self, key: Hashable, page: Page) -> None:
        self._kept[key] = page
        self._kept_bytes += page.size_bytes
        self._make_room()
        if len(page.body) >= _WORTH_COMPRESSING_BYTES:
            task = asyncio.create_task(self._compress(key, page))
            self._compressing.add(task)
            task.add_done_callback(self._compressing.discard)

    async def _compress(self, key: Hashable, page: Page) -> None:
        compressed = await asyncio.to_thread(gzip.compress, page.body, _COMPRESSION, mtime=0)
        if self._kept.get(key) is page:
            page.compressed = compressed
            page.size_bytes += len(compressed)
            self._kept_bytes += len(compressed)
            self._make_room()

    def _make_room(self) -> None:
        while self._kept_bytes > self._limit_bytes and self._kept:
            _, page = self._kept.popitem(last=False)
            self._kept_bytes -= page.size_bytes


def _retrieve(task: asyncio.Task[Page]) -> None:
    if not task.cancelled():
        task.exception()
