"""What the fakes of the search engines share: what they find, a journal of calls, and faults on demand.

`spoil_next(kind, **options)` lets the next call go wrong in one of the `KINDS`; `refuse` is a closed port: `stop()`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

from aiohttp import web

from tests.fakes.faults import Faults, Faulty, relabel, wrong_answer


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


class FakeSearch(Faulty):
    """A real server on a port of its own. `results` is what every search finds; `finds` decides by the query."""

    media_type: ClassVar[str] = "application/json"

    def __init__(self) -> None:
        self.results: list[Result] = [
            Result("https://example.org/tea", "How <b>tea</b> keeps", "Tea keeps well in a &quot;tin&quot;."),
            Result("https://example.com/tins", "Tins", "Of tins and their lids."),
        ]
        self.finds: Callable[[str], list[Result]] = lambda _query: self.results
        self.calls: list[Call] = []
        self.faults = Faults()
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
        app.on_response_prepare.append(relabel)
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
        """The answer to a call that goes wrong; None if nothing is wrong with it as a whole."""
        fault = self.faults.take(request.path)
        if fault is None:
            return None
        return await wrong_answer(request, fault, error=self.error, schema=["a", "list"], media_type=self.media_type)
