"""What the fakes of the image services share: a journal of calls, and faults on demand.

`spoil_next(kind, **options)` lets the next call that fits go wrong in one of the `KINDS`. `refuse` is a closed port:
`await fake.stop()`.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from aiohttp import web

from tests.fakes import faults
from tests.fakes.faults import Faults, Faulty, relabel, wrong_answer, wrong_picture
from tests.fakes.openai_server import picture

KINDS = (*faults.KINDS, *faults.PICTURES, *faults.BY_URL, "lost_answer")
"""`lost_answer`: the call is worked, and its answer never arrives."""

BODY: web.RequestKey[Any] = web.RequestKey("body", Any)
"""What a call carries, read: JSON, the texts of a form, or bytes."""


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int | None = None
    """What it was answered with; None while it is under way or if it was cut off."""


class FakeServer(Faulty):
    """A real server on a port of its own; a fake adds its routes, its errors and what it draws."""

    prefixes: ClassVar[tuple[str, ...]] = ("",)

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.faults = Faults()
        self._changed = asyncio.Condition()
        self._running: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def paths(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls]

    async def received(self, path: str, count: int = 1) -> Call:
        """Wait until `count` calls have arrived whose path contains `path`; the last of them."""

        def found() -> list[Call]:
            return [call for call in self.calls if path in call.path]

        async with self._changed:
            await self._changed.wait_for(lambda: len(found()) >= count)
            return found()[count - 1]

    async def changed(self) -> None:
        """Say that something happened that somebody may be waiting for."""
        async with self._changed:
            self._changed.notify_all()

    # -- what a fake fills in -----------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    def error(self, status: int) -> web.Response:
        """An error as the service words it."""
        raise NotImplementedError

    def refusal(self, request: web.Request) -> web.Response | None:
        """Its answer to a call without the right key."""
        return None

    def drawn(self, width: int, height: int) -> bytes:
        """The bytes of a picture; not those of one if a fault says so."""
        fault = self.faults.take(only=faults.PICTURES)
        return (wrong_picture(fault.kind) if fault else None) or picture(width, height)

    # -- the server ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=50_000_000, middlewares=[self._middleware])
        for prefix in self.prefixes:
            app.router.add_routes(
                [web.RouteDef(route.method, prefix + route.path, route.handler, {}) for route in self.routes()]
            )
        app.router.add_route("*", "/{rest:.*}", self._unknown)
        app.on_response_prepare.append(relabel)
        self._running = web.AppRunner(app, shutdown_timeout=0.1)
        await self._running.setup()
        await web.TCPSite(self._running, "127.0.0.1", self._port).start()
        self._port = self._running.addresses[0][1]

    async def stop(self) -> None:
        if self._running is not None:
            await self._running.cleanup()
            self._running = None

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        call = Call(
            request.method, request.path, dict(request.query), dict(request.headers), await self._body_of(request)
        )
        async with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        request[BODY] = call.body
        fault = self.faults.take(request.path, but=faults.PICTURES)
        if fault is not None and (fault.kind == "lost_answer" or fault.after):
            await handler(request)
        spoiled = await self._spoiled(request, fault) if fault else None
        response = spoiled or self.refusal(request) or await handler(request)
        call.status = response.status
        return response

    async def _body_of(self, request: web.Request) -> Any:
        if not request.can_read_body:
            return None
        if request.content_type.startswith("multipart/"):
            return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        content = await request.read()
        with contextlib.suppress(ValueError):
            return json.loads(content)
        return content

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return self.error(404)

    async def _spoiled(self, request: web.Request, fault: faults.Fault) -> web.StreamResponse | None:
        """The answer to a call that goes wrong; None if nothing is wrong with it as a whole."""
        match fault.kind:
            case "lost_answer":
                return faults.cut(request)
            case "expired_url":
                return self.error(404)
        schema = {"images": 7, "queue_running": "none", "outputs": []}
        return await wrong_answer(
            request, fault, error=self.error, schema=schema, media_type="application/octet-stream"
        )
