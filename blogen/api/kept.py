"""`Idempotency-Key`: a call that creates, repeated with its key, is answered again with what it brought about.

The first call's answer is kept (48 hours, successes only) before it is sent; calls with the same key that come
meanwhile wait for it. A call that a crash broke off between its work and the keeping of its answer is done again when
it is repeated; orders of jobs are not: the engine stores their key with the job.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from blogen.api.keys import ACTOR
from blogen.api.problems import Handler
from blogen.api.requests import content, idempotency_key
from blogen.domain.person import Actor
from blogen.errors import FieldError, InvalidInput, TooManyAttempts
from blogen.store.kept_answers import KeptAnswer, KeptAnswers

MAX_KEPT_BYTES = 256 * 1024
"""A larger answer is not kept: the call is done again."""

MAX_WAITING = 20
"""Calls that may wait for the first with their key."""


class Once:
    """Sees to it that a key's call is done once at a time, and once in all if it succeeds."""

    def __init__(self, answers: KeptAnswers) -> None:
        self._answers = answers
        self._under_way: dict[tuple[str, str], _Turn] = {}

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What `handler` answers, or what it answered before. Raises InvalidInput, TooManyAttempts.

        Keys belong to the person or the token that uses them; of who says nothing of themselves none is kept.
        """
        key, actor = idempotency_key(request), request[ACTOR]
        if key is None or actor is None:
            return await handler(request)
        owner, digest = _owner(actor), _digest(request, await content(request))
        async with self._turn(owner, key):
            known = await self._answers.find(owner, key)
            if known is not None:
                return _again(known, digest)
            response = await handler(request)
            if (kept := _kept(response, digest)) is not None:
                await self._answers.keep(owner, key, kept)
            return response

    @asynccontextmanager
    async def _turn(self, owner: str, key: str) -> AsyncIterator[None]:
        """One at a time per owner and key."""
        turn = self._under_way.setdefault((owner, key), _Turn())
        if turn.calls > MAX_WAITING:
            raise TooManyAttempts(
                "Many calls with this Idempotency-Key wait for the first one already.",
                remedy="Repeat a call only after its answer is overdue.",
                retry_after_seconds=1,
            )
        turn.calls += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.calls -= 1
            if not turn.calls:
                del self._under_way[owner, key]


class _Turn:
    __slots__ = ("calls", "lock")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.calls = 0
        """How many hold the lock or wait for it."""


def _owner(actor: Actor) -> str:
    return actor.person_id or actor.token_id or "owner"


def _digest(request: web.Request, body: bytes) -> str:
    return hashlib.sha256(f"{request.method} {request.rel_url}\n".encode() + body).hexdigest()


def _again(known: KeptAnswer, digest: str) -> web.Response:
    if known.digest != digest:
        message = "was used before for another call, or with another body"
        raise InvalidInput(
            f"This Idempotency-Key {message}.",
            remedy="Use a new key for a new call; repeat a call as it was.",
            errors=[FieldError("Idempotency-Key", message)],
        )
    headers = {"Cache-Control": "no-store", "Idempotent-Replayed": "true"}
    if known.location:
        headers["Location"] = known.location
    if not known.body:
        return web.Response(status=known.status, headers=headers)
    return web.Response(text=known.body, status=known.status, content_type="application/json", headers=headers)


def _kept(response: web.StreamResponse, digest: str) -> KeptAnswer | None:
    """`response` as it is kept; None if it is no success, large, or more than status, address and JSON."""
    if not 200 <= response.status < 300 or not isinstance(response, web.Response) or response.cookies:
        return None
    body = response.body or b""
    if not isinstance(body, bytes | bytearray) or len(body) > MAX_KEPT_BYTES:
        return None
    if body and response.content_type != "application/json":
        return None
    return KeptAnswer(digest, response.status, response.headers.get("Location", ""), body.decode())
