"""What the fakes of the search engines share: what they find, a journal of calls, and faults on demand.

`spoil_next(kind, **options)` lets the next call go wrong in one of the `KINDS`; `refuse` is a closed port: `stop()`.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

from aiohttp import web

KINDS = ("reset", "hang", "drip", "status", "not_json", "schema", "truncated", "empty")


class Result(NamedTuple):
    """A page that an engine knows."""

    url: Any
    title: Any = "A page"
    text: Any = "What the page says."


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int | None = None
    """What it was answered with; None while it is under way or if it was cut off."""


@dataclass
class Fault:
    kind: str
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 0.02


class FakeSearch:
    """A real server on a port of its own. `results` is what every search finds; `finds` decides by the query."""

    media_type: ClassVar[str] = "application/json"

    def __init__(self) -> None:
        self.results: list[Result] = [
            Result("https://example.org/tea", "How <b>tea</b> keeps", "Tea keeps well in a &quot;tin&quot;."),
            Result("https://example.com/tins", "Tins", "Of tins and their lids."),
        ]
        self.finds: Callable[[str], list[Result]] = lambda _query: self.results
        self.calls: list[Call] = []
        self._faults: deque[Fault] = deque()
        self._held: str | None = None
        self._changed = asyncio.Condition()
        self._running: web.AppRunner | None = None
        self._port = 0

    # -- what a test says and asks ------------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def searched(self) -> list[str]:
        """The queries of all calls that were searches."""
        return [words for call in self.calls if (words := self.query_of(call))]

    def fail_next(self, status: int = 500, headers: dict[str, str] | None = None, body: Any = None) -> None:
        """Answer the next call with an error, by default in the service's own words."""
        self._faults.append(Fault("status", status, headers or {}, body))

    def spoil_next(self, kind: str, **options: Any) -> None:
        """Let the next call go wrong in the way of `kind`; options: status, headers, body, seconds."""
        assert kind in KINDS, kind
        self._faults.append(Fault(kind, **options))

    def heal(self) -> None:
        """Forget the faults that have not struck yet."""
        self._faults.clear()

    def hold(self, words: str = "") -> None:
        """Answer nothing until `release`; with `words`, no search for them."""
        self._held = words

    async def release(self) -> None:
        async with self._changed:
            self._held: str | None = None
            self._changed.notify_all()

    async def received(self, words: str = "") -> Call:
        """Wait until a search for `words` has arrived (without them: any call)."""

        def found() -> list[Call]:
            return [call for call in self.calls if words in self.query_of(call)]

        async with self._changed:
            await self._changed.wait_for(lambda: bool(found()))
            return found()[0]

    # -- what a fake fills in -----------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    def query_of(self, call: Call) -> str:
        """What a call searched for; empty if it was none."""
        return call.query.get("q", "")

    def error(self, status: int) -> web.Response:
        """An error as the service words it."""
        raise NotImplementedError

    def refusal(self, request: web.Request) -> web.Response | None:
        """Its answer to a call without the right key."""
        return None

    # -- the server ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.add_routes([self._watched(route) for route in self.routes()])
        self._running = web.AppRunner(app, shutdown_timeout=0.1)
        await self._running.setup()
        await web.TCPSite(self._running, "127.0.0.1", self._port).start()
        self._port = self._running.addresses[0][1]

    async def stop(self) -> None:
        await self.release()
        running, self._running = self._running, None
        if running is not None:
            await running.cleanup()

    def _watched(self, route: web.RouteDef) -> web.RouteDef:
        handle: Callable[[web.Request], Awaitable[web.StreamResponse]] = route.handler

        async def handler(request: web.Request) -> web.StreamResponse:
            body = await request.json() if request.can_read_body else None
            call = Call(request.method, request.path, dict(request.query), dict(request.headers), body)
            async with self._changed:
                self.calls.append(call)
                self._changed.notify_all()
                await self._changed.wait_for(lambda: self._held is None or self._held not in self.query_of(call))
            response = (await self._spoiled(request)) or self.refusal(request) or await handle(request)
            call.status = response.status
            return response

        return web.RouteDef(route.method, route.path, handler, route.kwargs)

    async def _spoiled(self, request: web.Request) -> web.StreamResponse | None:
        """The answer to a call that goes wrong; None if nothing is to go wrong."""
        if not self._faults:
            return None
        fault = self._faults.popleft()
        match fault.kind:
            case "status":
                response = self.error(fault.status) if fault.body is None else _said(fault)
                response.headers.update(fault.headers)
                return response
            case "hang":
                await asyncio.sleep(3600)
            case "reset":
                assert request.transport is not None
                request.transport.abort()
                return web.Response(status=599)
            case "not_json":
                return web.Response(text="<!doctype html><title>Welcome</title>", content_type="text/html")
            case "schema":
                body = ["a", "list"] if fault.body is None else fault.body
                return web.json_response(body)
            case "empty":
                return web.Response(content_type=self.media_type)
        return await self._partial(request, fault)

    async def _partial(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        assert request.transport is not None
        response = web.StreamResponse(headers={"Content-Type": self.media_type})
        if fault.kind == "truncated":
            response.content_length = 1000
            await response.prepare(request)
            await response.write(b'{"results": [')
            request.transport.close()
            return response
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:  # one byte at a time, for ever
                await response.write(b" ")
                await asyncio.sleep(fault.seconds)
        return response


def _said(fault: Fault) -> web.Response:
    if isinstance(fault.body, str):
        return web.Response(text=fault.body, status=fault.status, content_type="text/html")
    return web.Response(text=json.dumps(fault.body), status=fault.status, content_type="application/json")
