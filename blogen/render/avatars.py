"""Portraits of people: whatever picture they give becomes a small square WebP that carries nothing but its pixels."""

import hashlib
from io import BytesIO
from typing import Final

import anyio.to_thread

from blogen.render.pictures import PreparedFile, prepare

SIDE: Final = 320
"""Pixels: sharp at twice the size that pages show."""
MAX_BYTES: Final = 10_000_000

_QUALITY: Final = 84


async def avatar(content: bytes) -> PreparedFile:
    """The middle of the picture. Raises InvalidInput for everything that is no picture, is broken, or is too large."""
    prepared = await prepare(content, alt="", made_by="", ai_generated=False, widths=())
    return await anyio.to_thread.run_sync(_middle, prepared.canonical.content)


def _middle(content: bytes) -> PreparedFile:
    from PIL import Image, ImageOps

    with Image.open(BytesIO(content), formats=("WEBP",)) as image:
        square = ImageOps.fit(image.convert("RGB"), (SIDE, SIDE), Image.Resampling.LANCZOS)
    square.info = {}
    buffer = BytesIO()
    square.save(buffer, "WEBP", quality=_QUALITY, method=4)
    written = buffer.getvalue()
    return PreparedFile(written, hashlib.sha256(written).hexdigest(), "webp", "image/webp", SIDE, SIDE)
