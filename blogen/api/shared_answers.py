"""Answers that everyone may see, kept as bytes until something happens that they may show.

Which answer shows what is not written down anywhere, so whatever happens drops all of them, save the few facts that no
shared answer shows. Making one again is cheap: its posts are kept one by one (see `post_json`).
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from aiohttp import hdrs, web
from multidict import CIMultiDict

from blogen import events
from blogen.ahead import AtOnce
from blogen.events import Bus, Event

T = TypeVar("T")

_SHOWN_NOWHERE = frozenset({
    events.JobSubmitted, events.JobMoved, events.JobWaiting, events.JobWoken, events.JobFailed, events.JobCrashed,
    events.StepBegun, events.StepFinished, events.StepFailed, events.StepDoubted, events.StepProgressed,
    events.TaskMoved, events.TextStreamed, events.EngineStarted, events.EngineDraining, events.EngineStopped,
    events.RequestCrashed, events.StoreFailed, events.StoreHealed,
})  # fmt: skip
"""They come often, and no answer that needs no token tells of them."""
_OVERHEAD_BYTES = 2000
"""Of a kept answer beside its body: its headers, twice, and its address."""
_OF_EACH = frozenset({"date", "x-request-id", "content-length", "connection", "keep-alive", "transfer-encoding"})
"""Headers that each answer has of its own."""

Make = Callable[[web.Request], Awaitable[web.StreamResponse]]


class UntilChanged(Generic[T]):
    """Keeps what is made from posts until something happens; at most `limit_bytes`, what was asked for last."""

    def __init__(self, bus: Bus, size: Callable[[T], int], *, limit_bytes: int) -> None:
        self._size = size
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self.kept_bytes = 0
        self.happened = 0
        """How many times something did: who keeps what took time to make has to look."""
        self.close = bus.subscribe(self._hear)

    def get(self, key: Hashable) -> T | None:
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Hashable, value: T, happened: int) -> None:
        """Keep `value` unless something happened since `happened` was read: it may show what is no longer so."""
        size = self._size(value)
        if happened != self.happened or size > self._limit_bytes // 8:
            return
        self._drop(key)
        self._kept[key] = value
        self.kept_bytes += size
        while self.kept_bytes > self._limit_bytes:
            self._drop(next(iter(self._kept)))

    async def got(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What is kept, else what `make` makes."""
        if (kept := self.get(key)) is not None:
            return kept
        happened = self.happened
        made = await make()
        self.keep(key, made, happened)
        return made

    def _drop(self, key: Hashable) -> None:
        if (one := self._kept.pop(key, None)) is not None:
            self.kept_bytes -= self._size(one)

    def _hear(self, event: Event) -> None:
        if type(event) not in _SHOWN_NOWHERE:
            self.happened += 1
            self._kept.clear()
            self.kept_bytes = 0


class _Answer:
    """An answer as it was made; once it was sent, its headers are complete and `head` has them as bytes."""

    __slots__ = ("body", "head", "made", "tag")

    def __init__(self, made: web.Response, body: bytes, tag: str) -> None:
        self.made = made
        self.body = body
        self.tag = tag
        self.head: bytes | None = None


class SharedAnswers:
    """Holds at most `limit_bytes`, the answers asked for last."""

    def __init__(self, bus: Bus, *, limit_bytes: int = 16 * 1024 * 1024) -> None:
        self._kept = UntilChanged[_Answer](
            bus, lambda kept: len(kept.body) + _OVERHEAD_BYTES, limit_bytes=limit_bytes
        )  # fmt: skip
        self.close = self._kept.close

    async def answer(self, request: web.Request, make: Make) -> web.StreamResponse:
        """What is kept for this address, else what `make` makes of it. Only for who is `is_anyone`."""
        address = request.raw_path
        if (kept := self._kept.get(address)) is not None:
            return _sent(request, kept)
        happened = self._kept.happened
        made = await make(request)
        if (kept := _kept(made)) is not None:
            self._kept.keep(address, kept, happened)
        return made

    def at_once(self, address: str) -> AtOnce | None:
        """What is kept for this address, if it was sent before: then its head is known."""
        kept = self._kept.get(address)
        if kept is None or not kept.made.prepared:
            return None
        if kept.head is None:
            kept.head = head_of(kept.made, len(kept.body))
        return AtOnce(kept.head, kept.body)

    @property
    def kept_bytes(self) -> int:
        return self._kept.kept_bytes


def is_anyone(request: web.Request) -> bool:
    """Whether nothing in the request's headers asks for an answer of its own."""
    headers = request.headers
    return not (hdrs.AUTHORIZATION in headers or hdrs.COOKIE in headers or hdrs.ORIGIN in headers)


def knows(if_none_match: str, tag: str) -> bool:
    """Whether the client has what `tag` (with its quotation marks) names (weak comparison, RFC 9110 §13.1.2)."""
    if if_none_match.strip() == "*":
        return True
    return any(one.strip().removeprefix("W/") == tag for one in if_none_match.split(","))


def _kept(made: web.StreamResponse) -> _Answer | None:
    if not isinstance(made, web.Response) or made.status != 200 or not isinstance(made.body, bytes):
        return None
    tag = made.headers.get(hdrs.ETAG)
    if tag is None or hdrs.SET_COOKIE in made.headers:
        return None
    return _Answer(made, made.body, tag)


def _sent(request: web.Request, kept: _Answer) -> web.StreamResponse:
    known = request.headers.get(hdrs.IF_NONE_MATCH)
    if known is not None and knows(known, kept.tag):
        headers = _own_headers(kept.made)
        headers.popall(hdrs.CONTENT_TYPE, None)
        return web.Response(status=304, headers=headers)
    return web.Response(body=kept.body, headers=_own_headers(kept.made))


def _own_headers(made: web.Response) -> "CIMultiDict[str]":
    return CIMultiDict((name, value) for name, value in made.headers.items() if name.lower() not in _OF_EACH)


def head_of(made: web.Response, length: int, *, tag: str = "") -> bytes:
    """The head of an answer that was sent, for a body of this length; with `tag` (without quotation marks) as ETag."""
    head = _heads.get(made)
    if head is None:
        own = [(name, value) for name, value in _own_headers(made).items() if name.lower() != "etag"]
        head = _heads[made] = "\r\n".join(["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in own)]).encode()
    named = f'"{tag}"' if tag else made.headers[hdrs.ETAG]
    return b"%b\r\nETag: %b\r\nContent-Length: %d\r\n" % (head, named.encode(), length)


_heads: "WeakKeyDictionary[web.Response, bytes]" = WeakKeyDictionary()
"""Without what differs between answers to the same question."""
