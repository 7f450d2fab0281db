"""The picture that a link to a post shows elsewhere: 1200 × 630, its title in large letters beside its cover.

Colours follow the cover, so that cards belong to their posts; the words keep a contrast of 7 : 1 at least. What no font
of this machine can write is left out rather than drawn as boxes. Pillow is imported late; draw in a thread.
"""

from __future__ import annotations

import colorsys
import math
import re
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from blogen.render.card import HEIGHT, WIDTH, Card
from blogen.render.fonts import Fonts, can_shape
from blogen.render.pictures import DRAWN_SOURCE_TYPE, MIXED_SOURCE_TYPE, xmp
from blogen.render.text import clean, is_closed_up

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont
    from PIL.PngImagePlugin import PngInfo

MEDIA_TYPE: Final = "image/png"

_ART_WIDTH = 452
_BAND = 112
_LEFT, _TOP, _BOTTOM = 68, 62, 62
_TEXT_WIDTH = WIDTH - _ART_WIDTH - _LEFT - 56
_TITLE_TOP, _TITLE_BOTTOM = 124, 500
_SIZES = ((116, 1), (100, 2), (88, 3), (78, 4), (72, 4), (66, 5), (60, 5), (54, 6), (49, 7), (44, 8), (40, 9))
"""Heights of letters in pixels, and how many lines of them look well."""
_QUIET = 78
"""Letters above this size are for titles that look well in them."""
_MOST_TITLE_CHARS = 400
_SMOOTH = 4
"""How much larger shapes are drawn than they are shown."""
_MOST_BYTES = 450_000
_ELLIPSIS = "…"
_NO_LINE_START = re.compile(
    r"[\s!%),.:;?\]}¢°·’”›»、。〃々〉》」』】〕〗〞︰︱﹐-﹔﹖！％），．：；？｜｝ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー]"
)
_NO_LINE_END = re.compile(r"[$(\[{£¥‘“‹«〈《「『【〔〖〝（．［｛]")

Colour = tuple[int, int, int]


def draw(card: Card, art: bytes | None, fonts: Fonts) -> bytes:
    """The card as PNG bytes; `art` is a picture of ours, from which a part is shown. Takes some 200 ms."""
    from PIL import Image, ImageDraw

    has_title = bool(fonts.drawable(card.title, card.language))
    strip = _strip(art, _ART_WIDTH if has_title else WIDTH)
    colours = _Colours.of(strip)
    image = Image.new("RGB", (WIDTH, HEIGHT), colours.paper)
    if strip is not None:
        image.paste(strip, (WIDTH - strip.width if not card.is_right_to_left else 0, 0))
    words = _Words(ImageDraw.Draw(image), card, fonts, colours)
    if has_title or strip is None:
        words.write()
    else:
        words.write_below()
    return _png(image, card)


class _Colours(NamedTuple):
    paper: Colour
    ink: Colour
    soft: Colour
    accent: Colour

    @classmethod
    def of(cls, strip: Image | None) -> _Colours:
        """One hue, that of the picture's strongest colour: pale for the paper, deep for the ink."""
        hue, strength = _hue(strip) if strip is not None else (0.09, 0.35)
        return cls(
            paper=_colour(hue, 0.965, 0.42 * strength),
            ink=_colour(hue, 0.125, 0.45 * strength),
            soft=_colour(hue, 0.31, 0.22 * strength),
            accent=_colour(hue, 0.40, 0.30 + 0.45 * strength),
        )


class _Line(NamedTuple):
    text: str
    width: float


class _Words:
    def __init__(self, pen: ImageDraw, card: Card, fonts: Fonts, colours: _Colours) -> None:
        self._pen, self._card, self._fonts, self._colours = pen, card, fonts, colours
        self._left = WIDTH - _LEFT - _TEXT_WIDTH if card.is_right_to_left else _LEFT

    def write(self) -> None:
        self._write_site(_TOP + 22)
        foot = self._write_foot()
        self._write_title(foot)

    def write_below(self) -> None:
        """No font has the title: the picture speaks alone, above a band that says whose it is and what is disclosed."""
        self._pen.rectangle((0, HEIGHT - _BAND, WIDTH, HEIGHT), fill=self._colours.paper)
        baseline = HEIGHT - _BAND // 2 + 8
        self._write_site(baseline)
        if badge := self._fonts.drawable(_tidy(self._card.badge)):
            self._write_badge(badge, baseline, at_end=True)

    def _write_site(self, baseline: int) -> None:
        site = self._fonts.drawable(_tidy(self._card.site), self._card.language)
        pen = _Pen(self._fonts, site, self._card.language, 27, 620)
        site = self._cut(site, _TEXT_WIDTH - 34, pen)
        radius = 8
        x = self._left if not self._card.is_right_to_left else self._left + _TEXT_WIDTH - 2 * radius
        y = baseline - 9 - radius
        self._rounded((x, y, x + 2 * radius, y + 2 * radius), self._colours.accent)
        self._put(site, baseline, pen, self._colours.ink, inset=2 * radius + 16)

    def _write_foot(self) -> int:
        """The author and, below, what is disclosed; where it begins."""
        baseline = HEIGHT - _BOTTOM
        if badge := self._fonts.drawable(_tidy(self._card.badge)):
            self._write_badge(badge, baseline - 12)
            baseline -= 62
        author = self._fonts.drawable(_tidy(self._card.author), self._card.language)
        pen = _Pen(self._fonts, author, self._card.language, 30, 600)
        self._put(self._cut(author, _TEXT_WIDTH, pen), baseline - 4, pen, self._colours.soft)
        return baseline - 58

    def _write_badge(self, badge: str, baseline: int, *, at_end: bool = False) -> None:
        """`at_end`: not below the other words, but at the far side of the card."""
        pen = _Pen(self._fonts, badge, "en", 24, 560)
        badge = self._cut(badge, _TEXT_WIDTH - 44, pen)
        width, top, bottom = pen.width(badge) + 44, baseline - 29, baseline + 15
        left = self._left + _TEXT_WIDTH - width if self._card.is_right_to_left else self._left
        if at_end:
            left = _LEFT if self._card.is_right_to_left else WIDTH - _LEFT - width
        box = round(left), top, round(left + width), bottom
        self._rounded(box, self._colours.accent)
        inside = box[0] + 2, box[1] + 2, box[2] - 2, box[3] - 2
        self._rounded(inside, _mixed(self._colours.paper, self._colours.accent, 0.12))
        pen.draw(self._pen, (left + 22, baseline), badge, self._colours.ink)

    def _write_title(self, bottom: int) -> None:
        title = self._fonts.drawable(_tidy(self._card.title)[:_MOST_TITLE_CHARS], self._card.language)
        if not title:
            return
        top, bottom = _TITLE_TOP, min(bottom, _TITLE_BOTTOM)
        pen, lines, step = self._fitted(title, bottom - top)
        height = step * (len(lines) - 1) + pen.size
        # A little above the middle looks like the middle.
        baseline = top + (bottom - top - height) * 0.46 + pen.size * 0.80
        for line in lines:
            self._put(line.text, round(baseline), pen, self._colours.ink)
            baseline += step

    def _fitted(self, title: str, height: int) -> tuple[_Pen, list[_Line], float]:
        """The largest letters with which the title fits, its lines, and the step from one to the next.

        The smallest letters and an ellipsis if none fit.
        """
        pieces = _pieces(title)
        tall = 1.3 if self._card.is_right_to_left or any(is_closed_up(sign, sign) for sign in title) else 1.14
        for size, most in _SIZES:
            pen = _Pen(self._fonts, title, self._card.language, size, 700)
            if max(pen.width(piece.strip()) for piece in pieces) > _TEXT_WIDTH:
                continue
            lines = _balanced(pieces, _TEXT_WIDTH, pen.width)
            if size > _QUIET and (self._card.is_right_to_left or _is_ragged(lines)):
                continue
            if len(lines) <= most and tall * size * (len(lines) - 1) + size <= height:
                return pen, lines, tall * size
        pieces = [part for piece in pieces for part in _split(piece, _TEXT_WIDTH, pen.width)]
        lines = _broken(pieces, _TEXT_WIDTH, pen.width)
        room = int((height - pen.size) / (tall * pen.size)) + 1
        if len(lines) > room:
            last = self._cut(f"{lines[room - 1].text} {lines[room].text}", _TEXT_WIDTH, pen)
            lines = [*lines[: room - 1], _Line(last, pen.width(last))]
        return pen, lines, tall * pen.size

    def _put(self, text: str, baseline: int, pen: _Pen, colour: Colour, inset: int = 0) -> None:
        x: float = self._left + inset
        if self._card.is_right_to_left:
            x = self._left + _TEXT_WIDTH - inset - pen.width(text)
        pen.draw(self._pen, (x, baseline), text, colour, right_to_left=self._card.is_right_to_left)

    def _rounded(self, box: tuple[int, int, int, int], colour: Colour) -> None:
        """Fill `box` with its short sides round; a square becomes a disc. Pillow smooths no edges, so it is shrunk."""
        from PIL import Image, ImageDraw

        left, top, right, bottom = box
        size = right - left, bottom - top
        large = Image.new("L", (size[0] * _SMOOTH, size[1] * _SMOOTH))
        whole = 0, 0, large.width - 1, large.height - 1
        ImageDraw.Draw(large).rounded_rectangle(whole, large.height / 2, fill=255)
        self._pen.bitmap((left, top), large.resize(size, Image.Resampling.LANCZOS), colour)

    def _cut(self, text: str, width: float, pen: _Pen) -> str:
        """`text`, with an ellipsis where it is too long for `width`."""
        if pen.width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if pen.width(text[:middle].rstrip() + _ELLIPSIS) <= width else (low, middle - 1)
        return text[:low].rstrip(" ,;:.–—-") + _ELLIPSIS


class _Pen:
    """Writes one text or parts of it, in one size and weight: in one font if there is one that has all of it."""

    def __init__(self, fonts: Fonts, text: str, language: str, size: int, weight: int) -> None:
        self.size = size
        self._fonts, self._language, self._weight = fonts, language, weight
        self._face = fonts.one(text + _ELLIPSIS, language)
        self._widths: dict[str, float] = {}

    def width(self, text: str) -> float:
        found = self._widths.get(text)
        if found is None:
            found = self._widths[text] = sum(font.getlength(piece) for piece, font in self._runs(text))
        return found

    def draw(
        self, pen: ImageDraw, at: tuple[float, float], text: str, colour: Colour, *, right_to_left: bool = False
    ) -> None:
        """`at` is where the baseline begins on the left."""
        x, y = at
        runs = self._runs(text)
        direction = ("rtl" if right_to_left else "ltr") if can_shape() else None
        for piece, font in reversed(runs) if right_to_left else runs:
            pen.text((x, y), piece, font=font, fill=colour, anchor="ls", direction=direction)
            x += font.getlength(piece)

    def _runs(self, text: str) -> list[tuple[str, FreeTypeFont]]:
        if self._face is not None:
            return [(text, self._face.at(self.size, self._weight))]
        return [
            ("".join(signs), face.at(self.size, self._weight))
            for face, signs in groupby(text, key=lambda sign: self._fonts.of(sign, self._language))
            if face is not None
        ]


def _tidy(text: str) -> str:
    return " ".join(clean(text).split())


def _pieces(text: str) -> list[str]:
    """What a line may be made of: words with the space behind them; in Chinese and Japanese single signs."""
    pieces: list[str] = []
    for word in re.findall(r"\S+\s*", text):
        start = 0
        for place in range(1, len(word)):
            before, after = word[place - 1], word[place]
            if is_closed_up(before, before) or is_closed_up(after, after):
                if _NO_LINE_START.match(after) or _NO_LINE_END.match(before):
                    continue
                pieces.append(word[start:place])
                start = place
        pieces.append(word[start:])
    return pieces


def _split(piece: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """A word that is too long for a line, in even parts that are not."""
    count = math.ceil(measure(piece) * 1.1 / width)
    if count == 1:
        return [piece]
    step = math.ceil(len(piece) / count)
    parts = [piece[start : start + step] for start in range(0, len(piece), step)]
    return [
        part + ("-" if part[-1].isalpha() and following[:1].isalpha() else "")
        for part, following in zip_longest(parts, parts[1:], fillvalue="")
    ]


def _broken(pieces: Sequence[str], width: float, measure: Callable[[str], float]) -> list[_Line]:
    lines: list[_Line] = []
    line = ""
    for piece in pieces:
        if line and measure((line + piece).strip()) > width:
            lines.append(_Line(line.strip(), measure(line.strip())))
            line = ""
        line += piece
    return [*lines, _Line(line.strip(), measure(line.strip()))]


def _balanced(pieces: Sequence[str], width: float, measure: Callable[[str], float]) -> list[_Line]:
    """As few lines as `width` allows, and those as even as can be."""
    lines = _broken(pieces, width, measure)
    narrow, wide = width / 2, width
    for _ in range(6):
        middle = (narrow + wide) / 2
        tried = _broken(pieces, middle, measure)
        if len(tried) == len(lines) and all(line.width <= width for line in tried):
            lines, wide = tried, middle
        else:
            narrow = middle
    return lines


def _is_ragged(lines: Sequence[_Line]) -> bool:
    """Whether a line is so much shorter than another that large letters would show it."""
    widths = [line.width for line in lines]
    return min(widths) < 0.45 * max(widths)


def _strip(art: bytes | None, width: int) -> Image | None:
    """The part of the picture that the card shows; None if there is none, or it cannot be read any more."""
    if art is None:
        return None
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(BytesIO(art), formats=("PNG", "WEBP", "JPEG", "AVIF", "GIF")) as opened:
            return ImageOps.fit(opened.convert("RGB"), (width, HEIGHT), Image.Resampling.LANCZOS)
    except (OSError, ValueError, UnidentifiedImageError):
        return None


def _hue(strip: Image) -> tuple[float, float]:
    """The picture's strongest hue, 0 to 1, and how colourful it is, 0 to 1."""
    small = strip.resize((24, 32)).quantize(12).convert("RGB")
    best = (0.0, 0.09, 0.0)
    for count, pixel in small.getcolors(24 * 32) or ():
        assert isinstance(pixel, tuple)
        hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in pixel[:3]))
        # What is nearly white or black has a hue in name only.
        chroma = saturation * (1 - abs(2 * light - 1))
        best = max(best, (chroma * count**0.5, hue, chroma))
    return best[1], min(1.0, best[2] * 2.2)


def _colour(hue: float, light: float, saturation: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, light, min(saturation, 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _png(image: Image, card: Card) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    kind = MIXED_SOURCE_TYPE if card.has_ai_art else DRAWN_SOURCE_TYPE
    marks = PngInfo()
    marks.add_itxt("XML:com.adobe.xmp", xmp(alt=card.alt, made_by=card.art_by, kind=kind).decode())
    content = _saved(image, marks)
    # Messengers pass over pictures that are too large.
    return content if len(content) <= _MOST_BYTES else _saved(image.quantize(256), marks)


def _saved(image: Image, marks: PngInfo) -> bytes:
    stream = BytesIO()
    image.save(stream, "PNG", pnginfo=marks, compress_level=6)
    return stream.getvalue()
