"""Reading what a request says: its body, its query, its idempotency key. All validate with pydantic models."""

import asyncio
from typing import TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from blogen.api.problems import BodyTooLarge, BodyTooSlow, MalformedBody, UnknownMediaType
from blogen.domain.mistakes import as_invalid_input, validated
from blogen.errors import FieldError, InvalidInput

T = TypeVar("T", bound=BaseModel)

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Room for 20 sources of 200,000 characters each in most scripts, even where JSON escapes them."""

MAX_KEY_CHARS = 200

_BODY_SECONDS = 120.0
_CONTENT: web.RequestKey[bytes] = web.RequestKey("content", bytes)


async def body(request: web.Request, model: type[T], *, may_be_empty: bool = False, at_most: int = MAX_BODY_BYTES) -> T:
    """The JSON body, of at most so many bytes, as `model`; with `may_be_empty` no body is the model's defaults."""
    given = await content(request, at_most)
    if not given and may_be_empty:
        return model()
    if given and not _is_json(request.content_type):
        raise UnknownMediaType(
            f"The body is {request.content_type[:80]}; JSON was expected.",
            remedy="Send JSON with the header `Content-Type: application/json`.",
        )
    try:
        # Strict: in JSON a number in quotation marks is a mistake, not a number.
        return model.model_validate_json(given, strict=True)
    except ValidationError as error:
        raise _refusal(error, given) from None


def query(request: web.Request, model: type[T]) -> T:
    """The query's parameters as `model`; those it does not know are ignored."""
    return validated(model, {name: request.query[name] for name in model.model_fields if name in request.query})


def idempotency_key(request: web.Request) -> str | None:
    """The `Idempotency-Key` header, if there is one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_CHARS or not key.isascii() or not key.isprintable():
        message = f"must be 1 to {MAX_KEY_CHARS} printable ASCII characters, found {len(key)} characters"
        raise InvalidInput(
            f"The header Idempotency-Key {message}.",
            remedy="A UUID is a good key.",
            errors=[FieldError("Idempotency-Key", message)],
        )
    return key


async def content(request: web.Request, at_most: int = MAX_BODY_BYTES) -> bytes:
    """The body as it came; may be asked for more than once. Raises BodyTooLarge, BodyTooSlow, MalformedBody."""
    if _CONTENT not in request:
        request[_CONTENT] = await _read(request, at_most)
    if len(request[_CONTENT]) > at_most:  # who asked before may have allowed more
        raise _too_large(at_most)
    return request[_CONTENT]


async def _read(request: web.Request, at_most: int) -> bytes:
    if (request.content_length or 0) > at_most:
        raise _too_large(at_most)
    parts, size = [], 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.content.iter_any():
                size += len(part)
                if size > at_most:
                    raise _too_large(at_most)
                parts.append(part)
    except TimeoutError:
        raise BodyTooSlow(f"The body was not complete after {_BODY_SECONDS:.0f} s.", remedy="Try again.") from None
    except (web.RequestPayloadError, HttpProcessingError):
        raise MalformedBody(
            "The body ends early, or its encoding is broken.", remedy="Send it whole, as its headers say."
        ) from None
    return b"".join(parts)


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _too_large(at_most: int) -> BodyTooLarge:
    if at_most < MAX_BODY_BYTES:
        return BodyTooLarge(f"The body has more than {at_most // 1024:,} KiB.", remedy="Send less.")
    return BodyTooLarge(
        f"The body has more than {MAX_BODY_BYTES // 1024 // 1024} MiB.", remedy="Give long sources by their URL."
    )


def _refusal(error: ValidationError, content: bytes) -> InvalidInput:
    from pydantic_core import from_json

    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return MalformedBody(
            f"The body is not valid JSON: {first['ctx']['error']}.", remedy="Send one JSON object in UTF-8."
        )
    return as_invalid_input(error, from_json(content))
