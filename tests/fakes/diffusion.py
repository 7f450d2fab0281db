"""What the fakes of the image services share: a journal of calls, and faults on demand.

`spoil_next(kind, **options)` lets the next call that fits go wrong in one of the `KINDS`.
"""

import asyncio
import contextlib
import json
import struct
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from aiohttp import web

from tests.fakes.openai_server import picture

KINDS = (
    "reset", "hang", "drip", "status", "not_json", "schema", "truncated", "empty",
    "not_an_image", "bomb", "expired_url", "private_redirect", "lost_answer",
)  # fmt: skip
"""`refuse` is a closed port: `await fake.stop()`. `lost_answer`: the call is worked, and its answer never arrives."""

BODY: web.RequestKey[Any] = web.RequestKey("body", Any)
"""What a call carries, read: JSON, the texts of a form, or bytes."""

OF_PICTURES = frozenset({"not_an_image", "bomb"})
"""Kinds that wait for a call whose answer is a picture."""


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
    path: str = ""
    """Only calls whose path contains it."""
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 0.02


class FakeServer:
    """A real server on a port of its own; a fake adds its routes, its errors and what it draws."""

    prefixes: ClassVar[tuple[str, ...]] = ("",)

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._faults: deque[Fault] = deque()
        self._changed = asyncio.Condition()
        self._running: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def paths(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls]

    def fail_next(
        self, status: int = 500, headers: dict[str, str] | None = None, body: Any = None, path: str = ""
    ) -> None:
        """Answer the next call with an error, by default in the service's own words."""
        self._faults.append(Fault("status", path, status, headers or {}, body))

    def spoil_next(self, kind: str, **options: Any) -> None:
        """Let the next call go wrong in the way of `kind`; options: path, status, headers, body, seconds."""
        assert kind in KINDS, kind
        self._faults.append(Fault(kind, **options))

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
        fault = next((fault for fault in self._faults if fault.kind in OF_PICTURES), None)
        if fault is None:
            return picture(width, height)
        self._faults.remove(fault)
        return bomb() if fault.kind == "bomb" else b"this is no picture at all, only a few words"

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
        fault = next(
            (fault for fault in self._faults if fault.kind not in OF_PICTURES and fault.path in request.path), None
        )
        if fault is not None:
            self._faults.remove(fault)
            if fault.kind == "lost_answer":
                await handler(request)
                return cut(request)
            response = await self._spoiled(request, fault)
        elif (refusal := self.refusal(request)) is not None:
            response = refusal
        else:
            response = await handler(request)
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

    async def _spoiled(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "status":
                if fault.body is None:
                    response = self.error(fault.status)
                elif isinstance(fault.body, str):
                    response = web.Response(text=fault.body, status=fault.status)
                else:
                    response = web.json_response(fault.body, status=fault.status)
                response.headers.update(fault.headers)
                return response
            case "hang":
                await asyncio.sleep(3600)
            case "not_json":
                page = "<!doctype html><title>Welcome to nginx!</title>"
                return web.Response(text=page, content_type="text/html")
            case "schema":
                return web.json_response(
                    {"images": 7, "queue_running": "none", "outputs": []} if fault.body is None else fault.body
                )
            case "empty":
                return web.Response(body=b"", content_type="application/octet-stream")
            case "expired_url":
                return self.error(404)
            case "private_redirect":
                return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})
            case "truncated" | "drip":
                return await _partial(request, fault)
        return cut(request)


def cut(request: web.Request) -> web.StreamResponse:
    """Break the connection off."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=599)


async def _partial(request: web.Request, fault: Fault) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    if fault.kind == "truncated":
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"prompt_id": "0000')
        return cut(request)
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(fault.seconds)
    return response


def bomb(side: int = 30_000) -> bytes:
    """A tiny PNG that says it is huge."""

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    few = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", few) + part(b"IEND", b"")
