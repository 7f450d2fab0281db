"""Pages as bytes in memory: rendered once, compressed once off the request's way, kept until what they show changes.

A page says what it shows, by name (`View.shows`); an event says what has changed, by the same names (`FACTS`). After
the commit exactly the pages that show it are dropped; there is no time-out, and no text that is no longer so.

Of a post:      `post:SLUG` (whatever a card or a page shows of it), `around:SLUG` (which posts are its neighbours),
                `counts:SLUG` (likes, comments), `talk:SLUG` (comments, corrections)
Of a list:      `newest`, `tag:TAG`, `author:HANDLE` (also the author's own words), `series:SLUG`, `featured`,
                `tags` (which there are, with how many posts), `authors`, `posts` (every post)
Of a name:      `by:HANDLE` (the author's name under a card), `person:ID` (the name of one who commented)
Of everything:  `site` (title, theme …): every page shows it, without saying so
"""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from blogen import events
from blogen.events import Bus, Event

if TYPE_CHECKING:
    from blogen.web.people.session import Visitor

_COMPRESSION = 6
_WORTH_COMPRESSING_BYTES = 600
_OVERHEAD_BYTES = 1000

Facts = tuple[str, ...]


def _post(event: Any) -> Facts:
    return (f"post:{event.slug}", "posts")


def _listed(event: Any) -> Facts:
    return (*_post(event), "newest", "tags", f"author:{event.author}", *(f"tag:{tag}" for tag in event.tags))


def _retagged(event: Any) -> Facts:
    return ("tags", *(f"tag:{tag}" for tag in event.retagged)) if event.retagged else ()


def _talk(event: Any) -> Facts:
    return (f"talk:{event.slug}",)


FACTS: dict[type, Callable[[Any], Facts]] = {
    events.PostPublished: lambda event: (*_listed(event), *(f"around:{slug}" for slug in event.beside)),
    events.PostDeleted: _listed,
    events.PostChanged: lambda event: (*_post(event), *_retagged(event)),
    events.PostCounted: lambda event: (f"counts:{event.slug}",),
    events.CommentCreated: _talk,
    events.CommentChanged: _talk,
    events.CommentRemoved: _talk,
    events.CorrectionPublished: _talk,
    events.AuthorChanged: lambda event: (f"author:{event.handle}", f"by:{event.handle}", "authors"),
    events.AccountDeleted: lambda event: (f"person:{event.person_id}",),
    events.FeaturedChanged: lambda _: ("featured",),
    events.SeriesChanged: lambda event: (f"series:{event.slug}", *((f"post:{event.post}",) if event.post else ())),
    events.SiteChanged: lambda _: ("site",),
}
"""What is no longer as it was, by event; the events that are not here change nothing that is kept."""


class Signed(Protocol):
    """A post as far as its card is told from others."""

    @property
    def slug(self) -> str: ...
    @property
    def author(self) -> Any: ...


class View:
    """One rendering of a page: for whom, and what it shows."""

    __slots__ = ("changed", "facts", "visitor")

    def __init__(self, visitor: "Visitor | None" = None) -> None:
        self.visitor = visitor
        """None: the page is for everybody, and kept."""
        self.facts = {"site"}
        self.changed: set[str] = set()
        """What became another while this was rendered."""

    def shows(self, *facts: str) -> None:
        """The page has to be made anew once one of `facts` is another. Best said before they are read."""
        self.facts.update(facts)

    def shows_posts(self, posts: Iterable[Signed]) -> None:
        """The page shows these posts' cards, or them with their authors' names."""
        for post in posts:
            self.facts |= {f"post:{post.slug}", f"by:{post.author.handle}"}


Render = Callable[[View], Awaitable[str]]


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
    """Hears on `bus` what changed; holds at most `limit_bytes`, the pages asked for last."""

    def __init__(self, bus: Bus, *, limit_bytes: int = 32 * 1024 * 1024) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, Page] = OrderedDict()
        self._kept_bytes = 0
        self._facts: dict[Hashable, set[str]] = {}
        self._showing: dict[str, set[Hashable]] = {}
        self._rendering: dict[Hashable, asyncio.Task[Page]] = {}
        self._views: set[View] = set()
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

    def kept(self, key: Hashable) -> Page | None:
        """The page, if it is kept."""
        return self._kept.get(key)

    @property
    def kept_bytes(self) -> int:
        return self._kept_bytes

    async def compressed(self) -> None:
        """Return when all kept pages are compressed."""
        await asyncio.gather(*self._compressing)

    async def close(self) -> None:
        self._stop_hearing()
        tasks = [*self._rendering.values(), *self._compressing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for key in list(self._kept):
            self._drop(key)

    def _hear(self, event: Event) -> None:
        changes = FACTS.get(type(event))
        if changes is None:
            return
        facts = changes(event)
        for view in self._views:
            view.changed.update(facts)
        # What is being rendered may show what was: who asks from now on gets a rendering of their own.
        self._rendering.clear()
        for fact in facts:
            for key in tuple(self._showing.get(fact, ())):
                self._drop(key)

    async def _make(self, key: Hashable, render: Render, media_type: str) -> Page:
        this, view = asyncio.current_task(), View()
        self._views.add(view)
        try:
            page = Page(await render(view), media_type)
            if not view.facts & view.changed:
                self._keep(key, page, view.facts)
            return page
        finally:
            self._views.discard(view)
            if self._rendering.get(key) is this:
                del self._rendering[key]

    def _keep(self, key: Hashable, page: Page, facts: set[str]) -> None:
        self._drop(key)
        self._kept[key] = page
        self._kept_bytes += page.size_bytes
        self._facts[key] = facts
        for fact in facts:
            self._showing.setdefault(fact, set()).add(key)
        self._make_room()
        if len(page.body) >= _WORTH_COMPRESSING_BYTES:
            task = asyncio.create_task(self._compress(key, page))
            self._compressing.add(task)
            task.add_done_callback(self._compressing.discard)

    def _drop(self, key: Hashable) -> None:
        page = self._kept.pop(key, None)
        if page is None:
            return
        self._kept_bytes -= page.size_bytes
        for fact in self._facts.pop(key):
            showing = self._showing[fact]
            showing.discard(key)
            if not showing:
                del self._showing[fact]

    async def _compress(self, key: Hashable, page: Page) -> None:
        compressed = await asyncio.to_thread(gzip.compress, page.body, _COMPRESSION, mtime=0)
        if self._kept.get(key) is page:
            page.compressed = compressed
            page.size_bytes += len(compressed)
            self._kept_bytes += len(compressed)
            self._make_room()

    def _make_room(self) -> None:
        while self._kept_bytes > self._limit_bytes and self._kept:
            self._drop(next(iter(self._kept)))


def _retrieve(task: asyncio.Task[Page]) -> None:
    if not task.cancelled():
        task.exception()
