"""What the providers of Stable Diffusion share: sizes its models can draw, credentials, a first look at what came."""

from base64 import b64encode
from typing import NamedTuple

from pydantic import SecretStr

MAX_PICTURE_BYTES = 30_000_000

_CELL = 8
"""A model draws in cells of so many pixels: other sizes are refused or rounded by the server."""
_SMALLEST_SIDE = 64


class Size(NamedTuple):
    """Of a picture, in pixels."""

    width: int
    height: int


def fitted(width: int, height: int, max_side: int) -> Size:
    """The size to draw at: the shape that was asked for, no side longer than `max_side`, in whole cells."""
    scale = min(1.0, max_side / max(width, height, 1))

    def cells(side: int) -> int:
        return min(max(round(side * scale / _CELL) * _CELL, _SMALLEST_SIDE), max(max_side // _CELL * _CELL, _CELL))

    return Size(cells(width), cells(height))


class Credentials(NamedTuple):
    """What goes with every call, and what must never show up in a message."""

    headers: dict[str, str]
    secrets: tuple[str, ...]


def credentials(api_key: SecretStr | None) -> Credentials:
    """`user:password` is sent as HTTP Basic, anything else as a bearer token."""
    key = api_key.get_secret_value() if api_key else ""
    if not key:
        return Credentials({}, ())
    user, colon, password = key.partition(":")
    if not colon:
        return Credentials({"Authorization": f"Bearer {key}"}, (key,))
    encoded = b64encode(f"{user}:{password}".encode()).decode()
    return Credentials({"Authorization": f"Basic {encoded}"}, (key, encoded, password))


def is_picture(content: bytes) -> bool:
    """Whether the first bytes are those of a picture. Whether it is sound shows when it is decoded, under limits."""
    return (
        content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"))
        or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")
        or content[4:12] in {b"ftypavif", b"ftypavis"}
    )
