"""Bytes that claim to be pictures: refused before they cost anything, or written anew."""

import io
import random
import re
import struct
import zlib

import anyio
import lxml.etree
import pytest
from PIL import Image, ImageCms

from blogen.errors import InvalidInput
from blogen.render.pictures import (
    AI_SOURCE_TYPE,
    DRAWN_SOURCE_TYPE,
    LONGEST_SIDE,
    prepare,
    prepare_here,
    source_type,
)


def drawing(width=1600, height=900):
    return Image.merge(
        "RGB", [Image.linear_gradient("L").resize((width, height)).rotate(turn) for turn in (0, 90, 180)]
    )


def encoded(image, kind="PNG", **how):
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def prepared(content, *, alt="A hill", made_by="image.main/m", ai_generated=True, **how):
    return prepare_here(content, alt=alt, made_by=made_by, ai_generated=ai_generated, **how)


def opened(content):
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def is_near(one, other, within=12):
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


def test_a_picture_becomes_itself_its_narrower_variants_and_a_tiny_preview():
    found = prepared(encoded(drawing()))
    assert [(file.width, file.height) for file in found.files] == [(400, 225), (800, 450), (1200, 675), (1600, 900)]
    assert found.canonical is found.files[-1]
    assert (found.width, found.height, found.alt) == (1600, 900, "A hill")
    for file in found.files:
        assert opened(file.content).size == (file.width, file.height)
        assert (file.ext, file.media_type, len(file.sha256)) == ("webp", "image/webp", 64)
    assert found.placeholder.startswith("data:image/webp;base64,")
    assert len(found.placeholder) <= 400


def test_no_variant_is_wider_than_the_original():
    assert [file.width for file in prepared(encoded(drawing(700, 500))).files] == [400, 700]
    assert [file.width for file in prepared(encoded(drawing(1, 1))).files] == [1]


def test_the_picture_of_a_post_lists_its_variants():
    found = prepared(encoded(drawing(500, 500)), made_by="covers")
    picture = found.picture("cover", lambda file: f"/media/{file.sha256[:2]}/{file.sha256}.{file.ext}")
    assert picture.url.endswith(".webp")
    assert [part.split()[1] for part in picture.srcset.split(", ")] == ["400w", "500w"]
    assert (picture.key, picture.made_by) == ("cover", "covers")


def test_the_same_bytes_give_the_same_files():
    content = encoded(drawing(500, 300))
    assert prepared(content) == prepared(content)


@pytest.mark.parametrize(("ai_generated", "term"), [(True, AI_SOURCE_TYPE), (False, DRAWN_SOURCE_TYPE)])
def test_every_written_file_says_how_it_came_to_be(ai_generated, term):
    found = prepared(encoded(drawing(900, 500)), alt='A <hill> & "more"', ai_generated=ai_generated, made_by="m & <x>")
    for file in found.files:
        packet = opened(file.content).info["xmp"]
        tree = lxml.etree.fromstring(re.sub(rb"<\?xpacket[^>]*>", b"", packet).strip())
        space = {
            "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
            "core": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
        }
        assert tree.xpath("//@ext:DigitalSourceType", namespaces=space) == [term]
        assert tree.xpath("string(//core:AltTextAccessibility)", namespaces=space) == 'A <hill> & "more"'
        assert tree.xpath("//@ext:AISystemUsed", namespaces=space) == (["m & <x>"] if ai_generated else [])
        assert source_type(file.content) == term


def test_metadata_of_the_original_is_gone():
    exif = Image.Exif()
    exif[0x010E] = "SECRET-DESCRIPTION"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0)})
    content = encoded(drawing(500, 300), "JPEG", exif=exif, comment=b"SECRET-COMMENT", xmp=b"<x>SECRET-XMP</x>")
    assert b"SECRET" in content
    for file in prepared(content).files:
        assert b"SECRET" not in file.content
        assert b"EXIF" not in file.content
        assert not opened(file.content).getexif()


def test_a_picture_lying_on_its_side_is_set_upright():
    image = Image.new("RGB", (600, 300), "white")
    image.paste("red", (0, 0, 300, 300))
    exif = Image.Exif()
    exif[0x0112] = 6
    found = prepared(encoded(image, "JPEG", exif=exif))
    assert (found.width, found.height) == (300, 600)
    assert is_near(opened(found.canonical.content).convert("RGB").getpixel((150, 100)), (254, 0, 0))


def test_other_colour_spaces_become_srgb():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile whose red is green and whose green is red.
    swapped = srgb.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    image = Image.new("RGB", (50, 50), (200, 100, 50))
    for profile, expected in ((srgb, (200, 100, 50)), (swapped, (100, 200, 50)), (b"no profile", (200, 100, 50))):
        out = opened(prepared(encoded(image, icc_profile=profile)).canonical.content)
        assert is_near(out.convert("RGB").getpixel((20, 20)), expected)
        assert "icc_profile" not in out.info
    assert prepared(encoded(Image.new("L", (50, 50)), icc_profile=srgb)).width == 50


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG", (254, 0, 0)),
        (Image.new("L", (40, 40), 128), "PNG", (128, 128, 128)),
        (Image.new("1", (40, 40), 1), "PNG", (255, 255, 255)),
        (Image.new("I;16", (40, 40), 128 * 256), "PNG", (128, 128, 128)),
        (Image.new("RGBA", (40, 40), (255, 0, 0, 0)), "PNG", (255, 255, 255)),
        (Image.new("LA", (40, 40), (0, 128)), "PNG", (127, 127, 127)),
        (Image.new("RGB", (40, 40), (0, 0, 255)).quantize(4), "GIF", (0, 0, 254)),
        (Image.new("RGB", (40, 40), (0, 128, 0)), "AVIF", (0, 128, 0)),
        (Image.new("RGBA", (40, 40), (0, 128, 0, 255)), "WEBP", (0, 128, 0)),
    ],
    ids=["cmyk", "grey", "bilevel", "16-bit", "transparent", "half-transparent", "palette", "avif", "webp"],
)
def test_every_kind_of_pixel_comes_out_as_one_sees_it(image, kind, expected):
    out = opened(prepared(encoded(image, kind)).canonical.content)
    assert is_near(out.convert("RGB").getpixel((20, 20)), expected)


def test_of_an_animation_the_first_picture_is_kept():
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue", "green")]
    for kind in ("GIF", "WEBP", "PNG"):
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        out = opened(prepared(content).canonical.content)
        assert getattr(out, "n_frames", 1) == 1
        assert is_near(out.convert("RGB").getpixel((30, 20)), (254, 0, 0))


def test_a_large_picture_is_made_smaller():
    found = prepared(encoded(Image.new("RGB", (5000, 2500), "teal"), "JPEG"))
    assert (found.width, found.height) == (LONGEST_SIDE, LONGEST_SIDE // 2)
    tall = prepared(encoded(Image.new("L", (3, 9000))))
    assert tall.height == LONGEST_SIDE
    assert tall.width == 1


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "nothing came"),
        (b"<!DOCTYPE html><html><body>Rate limited</body></html>", "a web page came"),
        (b"  \n<html>", "a web page came"),
        (SVG, "an SVG drawing"),
        (b'{"error": "quota"}', "JSON came"),
        (b"%PDF-1.7 ...", "a document came"),
        (b"BM" + bytes(100), "something else came"),
        (b"\x00" * 1000, "something else came"),
        (b"\x89PNG\r\n\x1a\n", "is broken"),
        (b"\xff\xd8\xff" + b"<script>alert(1)</script>" * 10, "is broken"),
        (b"GIF89a" + bytes(3), "is broken"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "is broken"),
        (b"\x00\x00\x00\x20ftypavif" + bytes(50), "is broken"),
    ],
)
def test_what_is_no_picture_is_refused_in_clear_words(content, words):
    with pytest.raises(InvalidInput, match=words) as refused:
        prepared(content)
    assert "PNG, JPEG, WebP" in refused.value.remedy


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_a_truncated_picture_is_refused(kind):
    content = encoded(drawing(300, 200).effect_spread(40), kind)
    for share in (0.3, 0.7):
        with pytest.raises(InvalidInput, match="is broken"):
            prepared(content[: int(len(content) * share)])


def test_broken_bytes_are_refused_or_decoded_and_nothing_else():
    dice, words = random.Random(7), set()
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "AVIF"):
        content = encoded(drawing(64, 48).effect_spread(5), kind)
        for _ in range(60):
            broken = bytearray(content)
            for _ in range(dice.randint(1, 20)):
                broken[dice.randrange(len(broken))] = dice.randrange(256)
            try:
                prepared(bytes(broken), widths=())
            except InvalidInput as refusal:
                words.add(str(refusal))
    assert words
    assert max(map(len, words)) < 400


def png_of(width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def webp_of(width, height):
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\x00\x00\x00" + sizes + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "content",
    [
        png_of(30_000, 30_000),
        png_of(8_000, 6_000),
        webp_of(16_383, 16_383),
        webp_of(6_000, 3_000),
        b"GIF89a" + struct.pack("<HHBBB", 65_000, 65_000, 0x80, 0, 0) + bytes(6)
        + b"," + struct.pack("<HHHHBB", 0, 0, 65_000, 65_000, 0, 2) + b"\x02\x4c\x01\x00;",
    ],
    ids=["png-900MP", "png-48MP", "webp-268MP", "webp-18MP", "gif-4GP"],
)  # fmt: skip
def test_a_huge_picture_is_refused_before_it_is_decoded(content):
    import tracemalloc

    before = peak_kilobytes()
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="pixels"):
        prepared(content)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert peak_kilobytes() - before < 30_000


def peak_kilobytes():
    with open("/proc/self/status") as status:  # noqa: PTH123
        return int(status.read().split("VmHWM:")[1].split()[0])


def test_too_many_bytes_are_refused_unread():
    with pytest.raises(InvalidInput, match="at most 40,000,000"):
        prepared(b"\x89PNG\r\n\x1a\n" + bytes(40_000_000))


async def test_preparing_leaves_the_event_loop_free_and_takes_one_picture_at_a_time(monkeypatch):
    content = encoded(drawing())
    busy = most_busy = 0

    def watched(*args, **how):
        nonlocal busy, most_busy
        busy += 1
        most_busy = max(most_busy, busy)
        try:
            return prepare_here(*args, **how)
        finally:
            busy -= 1

    monkeypatch.setattr("blogen.render.pictures.prepare_here", watched)
    done = []
    beats = 0

    async def one():
        done.append(await prepare(content, alt="", made_by="m", ai_generated=True))

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(one)
        while len(done) < 3:
            await anyio.sleep(0.005)
            beats += 1
    assert beats > 10
    assert most_busy == 1
    assert done[0] == done[1] == done[2]


async def test_a_refusal_reaches_the_caller_through_the_thread():
    with pytest.raises(InvalidInput, match="a web page"):
        await prepare(b"<html>", alt="", made_by="m", ai_generated=True)
