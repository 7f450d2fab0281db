"""Server-sent events on the wire: what the streams of the API and of the studio share."""

import asyncio
import json

from aiohttp import web

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": still here\n\n"
OPENING = b"retry: 2000\n\n"
"""How soon a listener that lost the connection comes back, in milliseconds."""


def wire(event: str, told: object, event_id: int | str | None = None) -> bytes:
    """One event; `event_id` is what its listener shows as `Last-Event-ID` when it comes back."""
    name = "" if event_id is None else f"id: {event_id}\n"
    # JSON keeps line breaks escaped, so one `data:` line holds it. Half a surrogate pair cannot be sent: replaced.
    line = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return f"{name}event: {event}\ndata: {line}\n\n".encode(errors="replace")


async def stream_to(request: web.Request) -> web.StreamResponse:
    """An answer of server-sent events, begun; nothing on the way keeps it or holds it back."""
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    await response.prepare(request)
    return response


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event`, so long at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
