"""Logos: whatever picture the owner gives becomes a small WebP; what is see-through stays so."""

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from blogen.errors import InvalidInput
from blogen.render.pictures import PreparedFile, prepare

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_WIDTH: Final = 640
MOST_HEIGHT: Final = 160
"""Pixels: sharp at more than twice the size that pages show."""
MAX_BYTES: Final = 10_000_000

_QUALITY: Final = 90
_MOST_PIXELS: Final = 16_000_000


async def logo(content: bytes) -> PreparedFile:
    """The picture, made smaller. Raises InvalidInput for everything that is none, is broken, or is too large."""
    prepared = await prepare(content, alt="", made_by="", ai_generated=None, widths=())
    return await anyio.to_thread.run_sync(_smaller, content, prepared.canonical.content)


def _smaller(content: bytes, on_white: bytes) -> PreparedFile:
    """Of a picture that was found to be sound, and of how it looks on white."""
    from PIL import Image

    small = _see_through(content) or _opened(on_white).convert("RGB")
    small.thumbnail((MOST_WIDTH, MOST_HEIGHT), Image.Resampling.LANCZOS)
    small.info = {}
    buffer = BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY, method=4)
    written = buffer.getvalue()
    return PreparedFile(written, hashlib.sha256(written).hexdigest(), "webp", "image/webp", small.width, small.height)


def _see_through(content: bytes) -> "Picture | None":
    """The picture with what is see-through in it; None if nothing is. Raises InvalidInput."""
    from PIL import ImageOps

    with _opened(content) as opened:
        if not opened.has_transparency_data:
            return None
        if opened.width * opened.height > _MOST_PIXELS:
            raise InvalidInput("The picture is too large for a logo.", remedy="Give one of at most 4000 × 4000 pixels.")
        image = opened.convert("RGBA")
    ImageOps.exif_transpose(image, in_place=True)
    return image if image.getchannel("A").getextrema() != (255, 255) else None


def _opened(content: bytes) -> "Picture":
    from PIL import Image

    return Image.open(BytesIO(content), formats=("PNG", "WEBP", "GIF", "AVIF", "JPEG"))
