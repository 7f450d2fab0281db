"""Programs that Blogen talks to by itself: a receiver on a real socket that keeps what it was sent."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sent(NamedTuple):
    path: str
    headers: Any
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Answers 200, or what `answer` says. `wait_for(n)` waits until it has been sent n messages."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.statuses: list[int] = []
        """For the next messages; then 200."""
        self.answer: Answer | None = None
        self.url = ""
        self._heard = asyncio.Condition()

    async def wait_for(self, count: int) -> list[Sent]:
        async with asyncio.timeout(20), self._heard:
            await self._heard.wait_for(lambda: len(self.sent) >= count)
        return self.sent

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        status = self.statuses.pop(0) if self.statuses else 200
        async with self._heard:
            self.sent.append(Sent(request.path, request.headers.copy(), body))
            self._heard.notify_all()
        if self.answer is not None:
            return await self.answer(request)
        return web.Response(status=status)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def is_signed(sent: Sent, secret: bytes) -> bool:
    """What a receiver does: written from the specification, not from Blogen's code."""
    content = b".".join([sent.headers["webhook-id"].encode(), sent.headers["webhook-timestamp"].encode(), sent.body])
    expected = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    return any(one == f"v1,{expected}" for one in sent.headers["webhook-signature"].split(" "))
