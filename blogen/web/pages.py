"""Pages as bytes in memory: rendered once, compressed once off the request's way, kept until what they show changes.

A page says what it shows, by name (`View.shows`); an event says what has changed, by the same names (`FACTS`). After
the commit exactly the pages that show it are dropped; there is no time-out, and no text that is no longer so.

Of a post:      `post:SLUG` (whatever a card or a page shows of it), `around:SLUG` (which posts are its neighbours),
                `counts:SLUG` (likes, comments), `talk:SLUG` (comments, corrections)
Of a list:      `newest`, `tag:TAG`, `author:HANDLE` (also the author's own words), `series:SLUG`, `featured`,
                `tags` (which there are, with how many posts), `authors`, `all-series`, `posts` (every post)
Of a name:      `by:HANDLE` (the author's name under a card), `person:ID` (the name and picture of one who commented)
Of everything:  `site` (title, theme …): every page shows it, without saying so
"""

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextvars import ContextVar
from email.utils import formatdate
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from blogen import events
from blogen.events import Bus, Event

if TYPE_CHECKING:
    from blogen.web.people.session import Visitor

FRESH = "no-cache"
"""Ask again every time; 304 is the usual answer."""

_WORTH_COMPRESSING_BYTES = 600
_OVERHEAD_BYTES = 2500
"""Of a page beside its bytes: heads, tags, its places in what is kept, its facts."""
_OFTEN = 8
"""So often a page is asked for before it is worth being compressed as well as can be."""
_BEST_BYTES = 64 * 1024
"""A larger one would keep a processor busy for seconds."""
_RENEWED_AT_ONCE = 64
_SETTLING_SECONDS = 0.05
_HOT_SHARE = 0.8
_LARGEST_SHARE = 0.5
_ADDRESSES = 4

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
    events.ProfileChanged: lambda event: (f"person:{event.person_id}",),
    events.AccountDeleted: lambda event: (f"person:{event.person_id}",),
    events.FeaturedChanged: lambda _: ("featured",),
    events.SeriesChanged: lambda event: (
        f"series:{event.slug}",
        "all-series",
        *((f"post:{event.post}",) if event.post else ()),
    ),
    events.SiteChanged: lambda _: ("site",),
    events.TemplatesChanged: lambda _: ("site",),
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


_is_renewal: ContextVar[bool] = ContextVar("is_renewal", default=False)
"""Whether no reader asks: we do."""

Render = Callable[[View], Awaitable[str]]
Renew = Callable[[str], Awaitable[None]]


class Form:
    """A page in one coding: the bytes, and what names them."""

    __slots__ = ("body", "coding", "head", "head_known", "tag")

    def __init__(self, body: bytes, coding: str, tag: str) -> None:
        self.body = body
        self.coding = coding
        """As in Content-Encoding; empty: as it is."""
        self.tag = tag
        """With its quotation marks."""
        self.head = self.head_known = b""
        """The heads of its answers, once they were asked for (see `answers`)."""


class Page:
    """Bytes ready to be sent; the compressed ones come a moment after the others."""

    __slots__ = ("addresses", "asked", "cache", "digest", "facts", "forms", "key", "made_at", "plain", "type")

    def __init__(self, content: str | bytes, media_type: str, *, cache: str = FRESH) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.digest = hashlib.sha256(body).hexdigest()[:20]
        self.plain = Form(body, "", f'"{self.digest}"')
        self.forms: dict[str, Form] = {}
        """By coding."""
        self.type = f"{media_type}; charset=utf-8" if isinstance(content, str) else media_type
        self.cache = cache
        self.key: Hashable = None
        self.facts: Iterable[str] = ()
        self.addresses: list[str] = []
        self.asked = 0
        self.made_at = int(time.time())
        """Unix seconds."""

    @property
    def modified(self) -> str:
        """As in Last-Modified. Empty in the second in which the page was made: the next one may be of the same."""
        return "" if self.made_at >= int(time.time()) else formatdate(self.made_at, usegmt=True)

    def add(self, coding: str, body: bytes, how: str = "") -> None:
        """`how` tells two compressions of the same coding apart: what has one tag is the same to the byte."""
        self.forms[coding] = Form(body, coding, f'"{self.digest}-{coding}{how}"')

    @property
    def size_bytes(self) -> int:
        return len(self.plain.body) + sum(len(form.body) for form in self.forms.values()) + _OVERHEAD_BYTES

    @property
    def compresses(self) -> bool:
        is_picture = self.type.startswith("image/") and "svg" not in self.type
        return len(self.plain.body) >= _WORTH_COMPRESSING_BYTES and not is_picture


class Pages:
    """Hears on `bus` what changed; holds at most `limit_bytes`.

    What was asked for once makes room before what was asked for again: a walk through the archive pushes out no page
    that many read. What a reader asked for since it was last renewed, and a new post, is made anew at once, before
    anybody asks.
    """

    def __init__(self, bus: Bus, *, limit_bytes: int = 32 * 1024 * 1024) -> None:
        self._limit_bytes = limit_bytes
        self._kept: dict[Hashable, Page] = {}
        self._once: OrderedDict[Hashable, Page] = OrderedDict()
        self._again: OrderedDict[Hashable, Page] = OrderedDict()
        """Each page is in one of these two; what was asked for last is at the end."""
        self._kept_bytes = 0
        self._again_bytes = 0
        self._at: dict[str, Page] = {}
        self._showing: dict[str, set[Hashable]] = {}
        self._rendering: dict[Hashable, asyncio.Task[Page]] = {}
        self._views: set[View] = set()
        self._compressing: set[asyncio.Task[None]] = set()
        self._press = asyncio.Lock()
        self._renew: Renew | None = None
        self._to_renew: dict[str, None] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._stop_hearing = bus.subscribe(self._hear, *FACTS)

    async def get(self, key: Hashable, render: Render, media_type: str, *, address: str = "") -> Page:
        """The page kept under `key`, else what `render` makes. What `render` raises is raised and not kept.

        `address`, if given, leads to this page whoever asks: the next may be answered ahead of the router (`at`).
        """
        page = self._kept.get(key)
        if page is not None:
            self.asked(page)
        else:
            task = self._rendering.get(key)
            if task is None:
                task = self._rendering[key] = asyncio.create_task(self._make(key, render, media_type))
                task.add_done_callback(_retrieve)
            # Shielded: one reader who leaves takes the page from nobody else.
            page = await asyncio.shield(task)
            if not _is_renewal.get():
                page.asked = max(page.asked, 1)
        self._lead(address, page)
        return page

    def keep(self, key: Hashable, page: Page, facts: Iterable[str] = (), *, address: str = "") -> None:
        """Keep `page` until one of `facts` is another."""
        self._drop(key)
        if page.size_bytes > self._limit_bytes * _LARGEST_SHARE:
            return
        page.key, page.facts = key, facts
        self._kept[key] = self._once[key] = page
        self._kept_bytes += page.size_bytes
        for fact in facts:
            self._showing.setdefault(fact, set()).add(key)
        self._lead(address, page)
        self._make_room()
        if page.compresses:
            self._compress_aside(page, _quickly)

    def kept(self, key: Hashable) -> Page | None:
        """The page, if it is kept."""
        return self._kept.get(key)

    def at(self, address: str) -> Page | None:
        """The page that is kept for this address, if it was asked for there before."""
        return self._at.get(address)

    def asked(self, page: Page) -> None:
        """Note that someone asked for a page that is kept."""
        page.asked += 1
        key = page.key
        if key in self._again:
            self._again.move_to_end(key)
        elif self._once.pop(key, None) is not None:
            self._again[key] = page
            self._again_bytes += page.size_bytes
            self._make_room_among_hot()
        if page.asked == _OFTEN and page.compresses and len(page.plain.body) <= _BEST_BYTES:
            self._compress_aside(page, _best)

    @property
    def kept_bytes(self) -> int:
        return self._kept_bytes

    def renew_by(self, renew: Renew) -> None:
        """Have pages that are read made anew by `renew`, which asks for an address as a reader would."""
        self._renew = renew

    async def renewed(self) -> None:
        """Return when no page is waiting to be made anew."""
        if self._renewing is not None:
            await self._renewing

    async def settled(self) -> None:
        """As `renewed`, but after a moment in any case."""
        if self._renewing is not None and not self._renewing.done():
            await asyncio.wait({self._renewing}, timeout=_SETTLING_SECONDS)

    async def compressed(self) -> None:
        """Return when all kept pages are compressed."""
        while self._compressing:
            await asyncio.gather(*self._compressing)

    async def close(self) -> None:
        self._stop_hearing()
        tasks = [*self._rendering.values(), *self._compressing]
        tasks += [self._renewing] if self._renewing else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for key in list(self._kept):
            self._drop(key)

    def _hear(self, event: Event) -> None:
        facts = FACTS[type(event)](event)
        for view in self._views:
            view.changed.update(facts)
        # What is being rendered may show what was: who asks from now on gets a rendering of their own.
        self._rendering.clear()
        stale = {key: self._kept[key] for fact in facts for key in self._showing.get(fact, ())}
        for key in stale:
            self._drop(key)
        read = sorted((page for page in stale.values() if page.asked), key=lambda page: page.asked, reverse=True)
        new = [f"/p/{quote(event.slug, safe='')}"] if isinstance(event, events.PostPublished) else []
        self._renew_soon([*new, *(address for page in read for address in page.addresses[:1])])

    def _renew_soon(self, addresses: Iterable[str]) -> None:
        if self._renew is None:
            return
        for address in islice(addresses, _RENEWED_AT_ONCE - len(self._to_renew)):
            self._to_renew[address] = None
        if self._to_renew and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.create_task(self._renew_each(self._renew))

    async def _renew_each(self, renew: Renew) -> None:
        """One after the other: whoever reads meanwhile goes before."""
        _is_renewal.set(True)
        while self._to_renew:
            address = next(iter(self._to_renew))
            del self._to_renew[address]  # a change from here on lets it be renewed once more
            if self.at(address) is None:
                await renew(address)

    async def _make(self, key: Hashable, render: Render, media_type: str) -> Page:
        this, view = asyncio.current_task(), View()
        self._views.add(view)
        try:
            page = Page(await render(view), media_type)
            if not view.facts & view.changed:
                self.keep(key, page, view.facts)
            return page
        finally:
            self._views.discard(view)
            if self._rendering.get(key) is this:
                del self._rendering[key]

    def _lead(self, address: str, page: Page) -> None:
        """Have `address` lead to the page while it is kept; a page has few addresses, however it may be spelt."""
        if address and address not in self._at and self._is_kept(page) and len(page.addresses) < _ADDRESSES:
            page.addresses.append(address)
            self._at[address] = page

    def _is_kept(self, page: Page) -> bool:
        return self._kept.get(page.key) is page

    def _drop(self, key: Hashable) -> None:
        page = self._kept.pop(key, None)
        if page is None:
            return
        self._kept_bytes -= page.size_bytes
        if self._once.pop(key, None) is None:
            del self._again[key]
            self._again_bytes -= page.size_bytes
        for address in page.addresses:
            del self._at[address]
        for fact in page.facts:
            showing = self._showing[fact]
            showing.discard(key)
            if not showing:
                del self._showing[fact]

    def _make_room(self) -> None:
        while self._kept_bytes > self._limit_bytes and self._kept:
            self._drop(next(iter(self._once or self._again)))

    def _make_room_among_hot(self) -> None:
        """A share stays for what is new: otherwise nothing could become hot any more."""
        while self._again_bytes > self._limit_bytes * _HOT_SHARE:
            key, page = self._again.popitem(last=False)
            self._again_bytes -= page.size_bytes
            self._once[key] = page

    def _compress_aside(self, page: Page, compress: "Callable[[bytes], list[_Compressed]]") -> None:
        task = asyncio.create_task(self._compress(page, compress))
        self._compressing.add(task)
        task.add_done_callback(self._compressing.discard)

    async def _compress(self, page: Page, compress: "Callable[[bytes], list[_Compressed]]") -> None:
        async with self._press:  # one at a time: the other processors are others'
            if not self._is_kept(page):
                return
            made = await asyncio.to_thread(compress, page.plain.body)
        if not self._is_kept(page):
            return
        before = page.size_bytes
        for coding, body, how in made:
            page.add(coding, body, how)
        more = page.size_bytes - before
        self._kept_bytes += more
        if page.key in self._again:
            self._again_bytes += more
        self._make_room()


_Compressed = tuple[str, bytes, str]


def _quickly(body: bytes) -> list[_Compressed]:
    return [("br", _brotli(body, 5), ""), ("gzip", gzip.compress(body, 6, mtime=0), "")]


def _best(body: bytes) -> list[_Compressed]:
    """A tenth smaller, in fifty times the time."""
    return [("br", _brotli(body, 11), "11")]


def _brotli(body: bytes, quality: int) -> bytes:
    import brotli

    # A window no larger than the text: otherwise it takes megabytes.
    compressed: bytes = brotli.compress(
        body, mode=brotli.MODE_TEXT, quality=quality, lgwin=min(max(len(body).bit_length(), 10), 22)
    )
    return compressed


def _retrieve(task: asyncio.Task[Page]) -> None:
    if not task.cancelled():
        task.exception()
