"""Answers that are bytes already, given ahead of aiohttp's router: pages have some, and so has the API.

No middleware and no signal sees what is answered here: whoever does so puts in himself what they would have added.
"""

import asyncio
import os
import time
from collections.abc import Awaitable
from contextlib import suppress
from email.utils import formatdate
from typing import Protocol

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage, StreamWriter
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_ASKS_FOR_MORE = (hdrs.EXPECT, hdrs.RANGE)


class Ahead(Protocol):
    def answer(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse | None]:
        """The answer, if it is in memory; None: ask further."""


def put_ahead(server: web.Server, *ahead: Ahead) -> None:
    """Let `server` ask each of `ahead` before its router."""
    the_long_way = server.request_handler

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        for one in ahead:
            if (answer := await one.answer(request)) is not None:
                return answer
        return await the_long_way(request)

    server.request_handler = answer


async def ask_ourselves(server: web.Server, path: str) -> None:
    """Have `server` make its answer to a plain GET of `path`, which is sent to nobody."""
    message = RawRequestMessage(
        hdrs.METH_GET, path, HttpVersion11, CIMultiDictProxy(CIMultiDict()), (), False, None, False, False,
        URL(path, encoded=True),
    )  # fmt: skip
    protocol, task = server(), asyncio.current_task()
    assert task is not None
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    with suppress(web.HTTPException):  # it has moved, say
        await server.request_handler(server.request_factory(message, EMPTY_PAYLOAD, protocol, writer, task))


def is_plain(request: web.BaseRequest) -> bool:
    """Whether the request has nothing but headers, asks for the whole, and its connection stays."""
    headers = request.headers
    return (
        request.version == HttpVersion11
        and request.keep_alive
        and not request.body_exists
        and not any(name in headers for name in _ASKS_FOR_MORE)
    )


class AtOnce(web.StreamResponse):
    """An answer that is bytes already, its head included: it is written as it is, and passes no signals again.

    Only for HTTP/1.1 on a connection that is kept. `head` goes without the date, the request's id and the empty line.
    """

    def __init__(self, head: bytes, body: bytes) -> None:
        super().__init__()
        self._head = head
        self._content = body
        self._writer: AbstractStreamWriter | None = None

    @property
    def keep_alive(self) -> bool:
        return True

    @property
    def prepared(self) -> bool:
        return self._writer is not None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        assert self._writer is not None
        assert not data
        own = b"Date: %b\r\nX-Request-Id: %b\r\n\r\n" % (_date(), os.urandom(8).hex().encode())
        # The writer waits where the client does not read.
        await self._writer.write(b"".join((self._head, own, self._content)))


_now: tuple[int, bytes] = (0, b"")


def _date() -> bytes:
    """The time as HTTP says it, worded once a second."""
    global _now
    second = int(time.time())
    if _now[0] != second:
        _now = (second, formatdate(second, usegmt=True).encode())
    return _now[1]
