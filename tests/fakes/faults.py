"""What can go wrong with any fake, said once: the faults that wait, and the answers that are none.

A fake is `Faulty`, takes the fault that fits a call with `self.faults.take(…)`, and lets `wrong_answer` make what the
client gets; None: the call goes wrong inside its answer (a refusal, a picture that is none), which is the fake's own
business. `refuse` is no fault here but a closed port: `await fake.stop()`.
"""

import asyncio
import contextlib
import functools
import gzip
import struct
import zlib
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

KINDS: Final = (
    "reset", "hang", "drip", "status", "not_json", "schema", "truncated", "empty", "huge", "packed", "deep",
    "wrong_type",
)  # fmt: skip
"""`huge`: an answer without end; `packed`: one that is so only when it is unpacked; `deep`: JSON that nests without
end; `wrong_type`: a good answer that says it is a PDF."""

PICTURES: Final = ("not_an_image", "bomb", "vast")
"""Kinds that spoil a picture: words instead of it, a tiny file that says it is huge, and one that really is."""
BY_URL: Final = ("expired_url", "private_redirect")
"""Kinds that spoil a picture's address."""

SIDE: Final = 30_000
PRIVATE: Final = "http://169.254.169.254/latest/meta-data"
_HUGE_MEGABYTES: Final = 60
_RELABELLED: web.RequestKey[bool] = web.RequestKey("relabelled", bool)


@dataclass
class Fault:
    """What goes wrong with the next calls that it fits: those whose path contains `path` and that are `label`."""

    kind: str
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    label: str | None = None
    path: str = ""
    seconds: float = 0.02
    """Between two bytes of a drip; how long a stall lasts."""
    after: bool = False
    """The call has its effect, and only its answer goes wrong."""
    error: dict[str, Any] | None = None
    """What a service says in the middle of a stream."""
    times: int = 1
    """So many calls go wrong."""

    def fits(self, path: str, label: str | None) -> bool:
        return self.path in path and self.label in {None, label}


class Faults:
    """The faults that have not struck yet, in the order in which they were ordered."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def take(
        self, path: str = "", label: str | None = None, *, only: Container[str] = (), but: Container[str] = ()
    ) -> Fault | None:
        """The fault that strikes a call; `only` and `but` are the kinds that may strike here and those that may not."""
        for fault in self._waiting:
            if fault.fits(path, label) and fault.kind not in but and (not only or fault.kind in only):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def forget(self) -> None:
        self._waiting.clear()


class Faulty:
    """A fake that fails on demand."""

    faults: Faults

    def fail_next(
        self, status: int = 500, headers: dict[str, str] | None = None, body: Any = None, **options: Any
    ) -> None:
        """Answer the next call with an error, by default in the service's own words; `options` as of `Fault`."""
        self.faults.add(Fault("status", status, headers or {}, body, **options))

    def spoil_next(self, kind: str, **options: Any) -> None:
        """Let the next call go wrong in the way of `kind`; `options` are the fields of a `Fault`."""
        self.faults.add(Fault(kind, **options))

    def heal(self) -> None:
        """Forget the faults that have not struck yet."""
        self.faults.forget()


async def wrong_answer(
    request: web.Request,
    fault: Fault,
    *,
    error: Callable[[int], web.Response],
    schema: Any,
    media_type: str = "application/json",
) -> web.StreamResponse | None:
    """The answer to a call that goes wrong as a whole; None if it goes wrong inside its answer, or not at all.

    `error` words a status as the service does, `schema` is JSON of a shape that it never sends.
    """
    match fault.kind:
        case "status":
            response = error(fault.status) if fault.body is None else _said(fault)
            response.headers.update(fault.headers)
            return response
        case "hang":
            await asyncio.sleep(3600)
        case "reset":
            return cut(request)
        case "not_json":
            page = "<!doctype html><title>Welcome to nginx!</title>"
            return web.Response(text=page, content_type="text/html")
        case "schema":
            return web.json_response(schema if fault.body is None else fault.body)
        case "empty":
            return web.Response(content_type=media_type)
        case "deep":
            return web.Response(body=b"[" * 200_000, content_type=media_type)
        case "packed":
            return web.Response(body=_packed(), headers={"Content-Encoding": "gzip"}, content_type=media_type)
        case "private_redirect":
            return web.Response(status=302, headers={"Location": PRIVATE})
        case "wrong_type":
            request[_RELABELLED] = True
        case "truncated" | "drip" | "huge":
            return await _partly(request, fault, media_type)
    return None


async def relabel(request: web.Request, response: web.StreamResponse) -> None:
    """What `wrong_type` does; to be added to an application's `on_response_prepare`."""
    if request.get(_RELABELLED):
        response.headers["Content-Type"] = "application/pdf"


def cut(request: web.Request, *, abort: bool = True) -> web.StreamResponse:
    """Break the connection off: with a reset, or as if all had been said."""
    if request.transport is not None:
        if abort:
            request.transport.abort()
        else:
            request.transport.close()
    return web.Response(status=599)


def wrong_picture(kind: str) -> bytes | None:
    """What comes instead of a picture; None if `kind` does not spoil one."""
    match kind:
        case "not_an_image":
            return b"this is no picture at all, only a few words"
        case "bomb":
            return bomb()
        case "vast":
            return vast()
    return None


def bomb(side: int = SIDE) -> bytes:
    """A tiny PNG that says it is a square of so many pixels."""
    return _png(side, bits=8, colour=2, rows=b"\0" * 1000)


@functools.cache
def vast(side: int = SIDE) -> bytes:
    """A sound PNG of so many pixels, all of one colour: small to send, huge to decode."""
    return _png(side, bits=1, colour=0, rows=bytes(side * (1 + (side + 7) // 8)))


def _png(side: int, *, bits: int, colour: int, rows: bytes) -> bytes:
    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, bits, colour, 0, 0, 0)
    packed = zlib.compress(rows, 1)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", packed) + part(b"IEND", b"")


@functools.cache
def _packed() -> bytes:
    return gzip.compress(b'{"id": "' + b"x" * _HUGE_MEGABYTES * 1_000_000, 1)


def _said(fault: Fault) -> web.Response:
    if isinstance(fault.body, str):
        return web.Response(text=fault.body, status=fault.status)
    return web.json_response(fault.body, status=fault.status)


async def _partly(request: web.Request, fault: Fault, media_type: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": media_type})
    if fault.kind == "truncated":
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"id": "0000')
        return cut(request, abort=False)
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        if fault.kind == "huge":
            for _ in range(_HUGE_MEGABYTES):
                await response.write(b"x" * 1_000_000)
        while fault.kind == "drip":
            await response.write(b" ")
            await asyncio.sleep(fault.seconds)
    return response
