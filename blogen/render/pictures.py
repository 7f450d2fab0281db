"""Pictures that arrive are hostile bytes: looked at before they are decoded, then decoded and written anew.

What comes out has no metadata but ours: the alternative text, who made it, and the IPTC digital source type, so that
machines can tell how every file came to be. Storing is not done here.
"""

import hashlib
import struct
import warnings
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from blogen.domain.post_summary import Picture
from blogen.errors import InvalidInput
from blogen.render.text import clean

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_BYTES: Final = 40_000_000
LARGEST_PIXELS: Final = 40_000_000
LARGEST_WEBP_PIXELS: Final = 16_000_000
"""Its decoder keeps several copies of the whole picture."""
LONGEST_SIDE: Final = 2048
"""Larger pictures are made smaller: no screen that reads a blog shows more."""
WIDTHS: Final = (400, 800, 1200, 1600)

AI_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
DRAWN_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
MIXED_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_QUALITY: Final = 82
_EFFORT: Final = 3
"""WebP's method, 0 to 6. Against 4 it saves a third of the time and costs 2 % in size."""
_STRIP_ROWS: Final = 256
_ORIENTATION: Final = 0x0112
_PLACEHOLDER_WIDTH: Final = 16
_AT_ONCE: Final = 1
"""Pictures decoded at a time: each can need its pixels twice in memory."""
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
_REMEDY: Final = "Give a PNG, JPEG, WebP, GIF or AVIF picture."


@dataclass(frozen=True, slots=True)
class PreparedFile:
    content: bytes
    sha256: str
    ext: str
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture ready to be stored. `files` go from narrow to wide; the last is the picture itself."""

    files: tuple[PreparedFile, ...]
    width: int
    height: int
    placeholder: str
    alt: str
    made_by: str

    @property
    def canonical(self) -> PreparedFile:
        return self.files[-1]

    def picture(self, key: str, url_of: Callable[[PreparedFile], str]) -> Picture:
        """The picture as posts know it; `url_of` tells where a file is served."""
        srcset = ", ".join(f"{url_of(file)} {file.width}w" for file in self.files) if len(self.files) > 1 else ""
        return Picture(
            key=key,
            url=url_of(self.canonical),
            width=self.width,
            height=self.height,
            alt=self.alt,
            placeholder=self.placeholder,
            srcset=srcset,
            made_by=self.made_by,
        )


async def prepare(
    content: bytes, *, alt: str, made_by: str, ai_generated: bool | None, widths: Sequence[int] = WIDTHS
) -> Prepared:
    """`prepare_here` in a thread, one at a time, so that neither the event loop nor the memory suffers."""
    return await anyio.to_thread.run_sync(
        lambda: prepare_here(content, alt=alt, made_by=made_by, ai_generated=ai_generated, widths=widths),
        limiter=_limiter(),
    )


def prepare_here(
    content: bytes, *, alt: str, made_by: str, ai_generated: bool | None, widths: Sequence[int] = WIDTHS
) -> Prepared:
    """Decode `content`, which nobody has vouched for, and write it anew in every width it is wide enough for.

    `ai_generated` is None where nobody knows. Raises InvalidInput for everything that is no picture, is broken, or is
    too large.
    """
    _check_bytes(content)
    image = _decoded(content)
    kind = None if ai_generated is None else AI_SOURCE_TYPE if ai_generated else DRAWN_SOURCE_TYPE
    marks = xmp(alt=alt, made_by=made_by, kind=kind)
    narrower = sorted({width for width in widths if 0 < width < image.width})
    files = [_written(_scaled(image, width), marks) for width in narrower]
    files.append(_written(image, marks))
    return Prepared(tuple(files), image.width, image.height, _placeholder(image), alt, made_by)


def source_type(content: bytes) -> str | None:
    """The IPTC digital source type that a written file carries."""
    import re

    found = re.search(rb'Iptc4xmpExt:DigitalSourceType="([^"]*)"', content)
    return found[1].decode() if found else None


def _check_bytes(content: bytes) -> None:
    if not content:
        raise InvalidInput("A picture was expected, and nothing came.", remedy=_REMEDY)
    if len(content) > LARGEST_BYTES:
        raise InvalidInput(
            f"The picture has {len(content):,} bytes; at most {LARGEST_BYTES:,} are read.", remedy="Give a smaller one."
        )
    if (kind := _kind(content)) is None:
        raise InvalidInput(f"A picture was expected, and {_looks_like(content)} came.", remedy=_REMEDY)
    # Opening a WebP already takes memory for all its pixels, so its size is read here.
    if kind == "WEBP" and (size := _webp_size(content)):
        _check_size(*size, limit=LARGEST_WEBP_PIXELS)


def _kind(content: bytes) -> str | None:
    head = content[:32]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and any(brand in head[8:32] for brand in (b"avif", b"avis")):
        return "AVIF"
    return None


def _looks_like(content: bytes) -> str:
    head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return "an SVG drawing, which can carry scripts,"
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    if head.startswith((b"{", b"[")):
        return "JSON"
    if head.startswith((b"<", b"%pdf")):
        return "a document"
    return "something else"


def _webp_size(content: bytes) -> tuple[int, int] | None:
    chunk, body = content[12:16], content[20:30]
    if len(body) < 10:
        return None
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _check_size(width: int, height: int, limit: int = LARGEST_PIXELS) -> None:
    if width * height > limit:
        raise InvalidInput(
            f"The picture has {width:,} × {height:,} pixels; at most {limit // 1_000_000} million are read.",
            remedy="Give a smaller one.",
        )
    if width < 1 or height < 1:
        raise InvalidInput("The picture has no pixels.", remedy=_REMEDY)


def _decoded(content: bytes) -> "Image":
    """The picture upright, in sRGB, without transparency, no longer than `LONGEST_SIDE`; of an animation the first."""
    from PIL import Image, ImageOps

    # Sizes are checked below, against our own limit and before any pixel is decoded.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as opened:
            _check_size(*opened.size)
            if opened.format == "JPEG":
                opened.draft(None, _fitting(opened.size))
            opened.load()
            profile = opened.info.get("icc_profile")
            orientation = opened.getexif().get(_ORIENTATION, 1)
            image = _flat(opened)
    except InvalidInput:
        raise
    except Image.DecompressionBombError:
        raise InvalidInput("The picture has far too many pixels.", remedy="Give a smaller one.") from None
    # Decoders raise almost anything over broken input; whatever it is, the picture is of no use.
    except Exception as error:
        raise InvalidInput(
            f"The picture is broken: it cannot be decoded ({_reason(error)}).", remedy=_REMEDY
        ) from error
    if (size := _fitting(image.size)) != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    image = _in_srgb(image, profile)
    image.getexif()[_ORIENTATION] = orientation
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "its first bytes make no sense"
    text = clean(str(error)).strip().rstrip(".")
    return text[:120] if text and "0x" not in text else type(error).__name__


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    longest = max(size)
    if longest <= LONGEST_SIDE:
        return size
    width, height = (max(1, round(side * LONGEST_SIDE / longest)) for side in size)
    return width, height


def _flat(image: "Image") -> "Image":
    """A copy on white in a mode that arithmetic works on, cheaply shrunk if more than twice as large as needed.

    It is made strip by strip: a second copy of a large picture would not fit into a small machine.
    """
    from PIL import Image

    factor = max(1, max(image.size) // LONGEST_SIDE)
    width, height = (-(-side // factor) for side in image.size)
    flat: Image.Image | None = None
    for top in range(0, image.height, _STRIP_ROWS * factor):
        box = (0, top, image.width, min(image.height, top + _STRIP_ROWS * factor))
        strip = _opaque(image.crop(box), has_transparency="transparency" in image.info)
        strip = strip.reduce(factor) if factor > 1 else strip
        flat = flat or Image.new(strip.mode, (width, height))
        flat.paste(strip, (0, top // factor))
    assert flat is not None
    return flat


def _opaque(strip: "Image", *, has_transparency: bool) -> "Image":
    from PIL import Image

    if strip.mode in {"L", "RGB", "CMYK"} and not has_transparency:
        return strip
    if strip.mode.startswith("I"):
        return strip.point(lambda value: value * (1 / 256)).convert("L")
    strip = strip.convert("RGBA")
    on_white = Image.new("RGB", strip.size, "white")
    on_white.paste(strip, mask=strip)
    return on_white


def _in_srgb(image: "Image", profile: object) -> "Image":
    """`image` (L, RGB or CMYK) in sRGB; a profile that does not fit its picture says nothing about it."""
    from PIL import ImageCms

    if isinstance(profile, bytes):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return image.convert("RGB")
    return image.convert("RGB")


def _scaled(image: "Image", width: int) -> "Image":
    from PIL.Image import Resampling

    size = width, max(1, round(image.height * width / image.width))
    return image.resize(size, Resampling.LANCZOS, reducing_gap=3.0)


def _written(image: "Image", xmp: bytes) -> PreparedFile:
    buffer = BytesIO()
    image.info = {}
    image.save(buffer, "WEBP", quality=_QUALITY, method=_EFFORT, xmp=xmp, exif=b"", icc_profile=None)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    return PreparedFile(content, digest, "webp", "image/webp", image.width, image.height)


def _placeholder(image: "Image") -> str:
    from PIL import ImageFilter

    # Extreme shapes stay at a few hundred pixels too.
    width = _PLACEHOLDER_WIDTH
    height = min(2 * width, max(1, round(image.height * width / image.width)))
    tiny = image.resize((width, height), reducing_gap=2.0).filter(ImageFilter.GaussianBlur(0.8))
    tiny.info = {}
    buffer = BytesIO()
    tiny.save(buffer, "WEBP", quality=20, method=4)
    return f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode()}"


def xmp(*, alt: str, made_by: str, kind: str | None) -> bytes:
    """The XMP packet of a file: properties of the IPTC Photo Metadata Standard 2025.1.

    `kind` is its source type; None: nobody knows, and nothing is said.
    """
    maker = _xml(made_by)
    source = f' Iptc4xmpExt:DigitalSourceType="{kind}"' if kind else ""
    system = f' Iptc4xmpExt:AISystemUsed="{maker}"' if kind not in {None, DRAWN_SOURCE_TYPE} and made_by else ""
    tool = f' xmp:CreatorTool="{maker}"' if made_by else ""
    words = (
        '<Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{_xml(alt[:1000])}</rdf:li></rdf:Alt></Iptc4xmpCore:AltTextAccessibility>"
        if alt
        else ""
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f"{source}{system}{tool}>{words}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    ).encode()


def _xml(text: str) -> str:
    return escape(clean(text), {'"': "&quot;"})


_limiters: RunVar[anyio.CapacityLimiter] = RunVar("picture_limiter")


def _limiter() -> anyio.CapacityLimiter:
    """One limiter an event loop."""
    try:
        return _limiters.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_AT_ONCE)
        _limiters.set(limiter)
        return limiter
