"""Cuts one picture out of the four that Midjourney sends as the quarters of one.

The bytes are a stranger's: their size is looked at before anything is decoded.
"""

import struct
import warnings
from io import BytesIO
from typing import Final

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

LARGEST_PIXELS: Final = 25_000_000
LARGEST_WEBP_PIXELS: Final = 16_000_000
"""Its decoder keeps several copies of the whole picture. Grids have 4 to 6 million pixels."""

_AT_ONCE: Final = 1
_FORMATS: Final = ("PNG", "JPEG", "WEBP")


class NotAGrid(ValueError):
    """The bytes are no picture that can be cut; the message says why."""


async def quarter(content: bytes, index: int) -> bytes:
    """`quarter_here` in a thread, one at a time: each needs the whole grid in memory."""
    return await anyio.to_thread.run_sync(quarter_here, content, index, limiter=_limiter())


def quarter_here(content: bytes, index: int) -> bytes:
    """The picture number `index` (1 and 2 above, 3 and 4 below) as a PNG. Raises NotAGrid."""
    from PIL import Image

    _check_webp(content)
    # Sizes are checked below, against our own limit and before any pixel is decoded.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as grid:
            _check_size(*grid.size)
            picture = grid.crop(_box(grid.size, index)).convert("RGB")
    except NotAGrid:
        raise
    except Image.DecompressionBombError:
        raise NotAGrid("it has far too many pixels") from None
    # Decoders raise almost anything over broken input; whatever it is, the grid is of no use.
    except Exception as error:
        raise NotAGrid("it is no picture that can be decoded") from error
    written = BytesIO()
    picture.save(written, "PNG", compress_level=1)  # written anew soon, in the site's own formats
    return written.getvalue()


def _box(size: tuple[int, int], index: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom. Of an odd number of lines the middle one is nobody's."""
    width, height = size[0] // 2, size[1] // 2
    left = size[0] - width if index in {2, 4} else 0
    top = size[1] - height if index in {3, 4} else 0
    return left, top, left + width, top + height


def _check_size(width: int, height: int, limit: int = LARGEST_PIXELS) -> None:
    if width * height > limit:
        raise NotAGrid(f"it has {width:,} × {height:,} pixels, and at most {limit // 1_000_000} million are read")
    if width < 2 or height < 2:
        raise NotAGrid("it is too small to be cut")


def _check_webp(content: bytes) -> None:
    """Opening a WebP already takes memory for all its pixels, so its size is read from its head."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return
    chunk, head = content[12:16], content[20:30]
    if len(head) < 10:
        raise NotAGrid("it ends after a few bytes")
    if chunk == b"VP8X":
        width, height = (1 + int.from_bytes(head[place : place + 3], "little") for place in (4, 7))
    elif chunk == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[6:10]))
    _check_size(width, height, LARGEST_WEBP_PIXELS)


_limiters: RunVar[anyio.CapacityLimiter] = RunVar("midjourney_grid_limiter")


def _limiter() -> anyio.CapacityLimiter:
    """One limiter an event loop."""
    try:
        return _limiters.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_AT_ONCE)
        _limiters.set(limiter)
        return limiter
