"""Answers that everyone may see, kept as bytes until something happens that they may show.

Which answer shows what is not written down anywhere, so whatever happens drops all of them, save the few facts that no
shared answer shows. Making one again is cheap: its posts are kept one by one (see `post_json`).
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from multidict import CIMultiDict

from blogen import events
from blogen.events import Bus, Event

_SHOWN_NOWHERE = (
    events.JobSubmitted, events.JobMoved, events.JobWaiting, events.JobWoken, events.JobFailed, events.JobCrashed,
    events.StepBegun, events.StepFinished, events.StepFailed, events.StepDoubted, events.StepProgressed,
    events.TaskMoved, events.TextStreamed, events.EngineStarted, events.EngineDraining, events.EngineStopped,
    events.RequestCrashed, events.StoreFailed, events.StoreHealed,
)  # fmt: skip
"""They come often, and no answer that needs no token tells of them."""
_OVERHEAD_BYTES = 1500
"""Of a kept answer beside its body: its headers and its address."""

Make = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Answer:
    __slots__ = ("body", "headers", "tag")

    def __init__(self, body: bytes, headers: "CIMultiDict[str]", tag: str) -> None:
        self.body = body
        self.headers = headers
        self.tag = tag


class SharedAnswers:
    """Holds at most `limit_bytes`, the answers asked for last."""

    def __init__(self, bus: Bus, *, limit_bytes: int = 16 * 1024 * 1024) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[str, _Answer] = OrderedDict()
        self._kept_bytes = 0
        self._happened = 0
        self._stop_hearing = bus.subscribe(self._hear)

    async def answer(self, request: web.Request, make: Make) -> web.StreamResponse:
        """What is kept for this address, else what `make` makes of it. Only for who shows neither token nor cookie."""
        address = request.raw_path
        if (kept := self._kept.get(address)) is not None:
            self._kept.move_to_end(address)
            return _sent(request, kept)
        happened = self._happened
        made = await make(request)
        if happened == self._happened:  # otherwise it may show what is no longer so
            self._keep(address, made)
        return made

    @property
    def kept_bytes(self) -> int:
        return self._kept_bytes

    def close(self) -> None:
        self._stop_hearing()

    def _keep(self, address: str, made: web.StreamResponse) -> None:
        tag = made.headers.get(hdrs.ETAG)
        if not isinstance(made, web.Response) or made.status != 200 or tag is None or not isinstance(made.body, bytes):
            return
        size = len(made.body) + _OVERHEAD_BYTES + len(address)
        if size > self._limit_bytes // 8:
            return
        self._drop(address)
        self._kept[address] = _Answer(made.body, CIMultiDict(made.headers), tag)
        self._kept_bytes += size
        while self._kept_bytes > self._limit_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, address: str) -> None:
        if (one := self._kept.pop(address, None)) is not None:
            self._kept_bytes -= len(one.body) + _OVERHEAD_BYTES + len(address)

    def _hear(self, event: Event) -> None:
        if not isinstance(event, _SHOWN_NOWHERE):
            self._happened += 1
            self._kept.clear()
            self._kept_bytes = 0


def is_anonymous(request: web.Request) -> bool:
    """Whether the request says nothing of who makes it."""
    headers = request.headers
    return not (hdrs.AUTHORIZATION in headers or hdrs.COOKIE in headers)


def _sent(request: web.Request, kept: _Answer) -> web.Response:
    known = request.headers.get(hdrs.IF_NONE_MATCH)
    if known is not None and knows(known, kept.tag):
        headers = CIMultiDict(kept.headers)
        headers.popall(hdrs.CONTENT_TYPE, None)
        return web.Response(status=304, headers=headers)
    return web.Response(body=kept.body, headers=CIMultiDict(kept.headers))


def knows(if_none_match: str, tag: str) -> bool:
    """Whether the client has what `tag` (with its quotation marks) names (weak comparison, RFC 9110 §13.1.2)."""
    if if_none_match.strip() == "*":
        return True
    return any(one.strip().removeprefix("W/") == tag for one in if_none_match.split(","))
