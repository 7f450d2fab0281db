"""Draws cover pictures: calm, abstract, without letters, and always the same one for the same title.

A picture is a palette and a family (a way of drawing), both chosen by the title's hash, and what the family then makes
of the hash. One module a family, each with `draw(canvas, palette, chance)`. Pillow is imported here: import late.
"""

import hashlib
import math
from collections.abc import Callable
from random import Random

from blogen.providers.cover_art import bands, circles, contours, hills, orbs, ridges, tiles
from blogen.providers.cover_art.canvas import Canvas
from blogen.providers.cover_art.palettes import PALETTES, Palette

Family = Callable[[Canvas, Palette, Random], None]

FAMILIES: dict[str, Family] = {
    "hills": hills.draw,
    "contours": contours.draw,
    "bands": bands.draw,
    "circles": circles.draw,
    "tiles": tiles.draw,
    "orbs": orbs.draw,
    "ridges": ridges.draw,
}

MEDIA_TYPE = "image/png"


def cover(text: str, width: int, height: int, *, family: str | None = None, palette: str | None = None) -> bytes:
    """The picture for `text` as PNG bytes. `family` and `palette` replace the choice of the hash."""
    seed = hashlib.sha256(" ".join(text.casefold().split()).encode()).digest()
    chance = Random(int.from_bytes(seed[:16], "big"))
    colours = PALETTES[palette] if palette else list(PALETTES.values())[seed[16] % len(PALETTES)]
    drawn = FAMILIES[family] if family else list(FAMILIES.values())[seed[17] % len(FAMILIES)]
    # Very large orders are drawn without the extra pixels that smooth the edges, so that memory stays bounded.
    scale = 2 if width * height <= 4_000_000 else 1
    canvas = Canvas(width, height, scale, colours.paper)
    drawn(canvas, colours, chance)
    return canvas.png(grain=chance.randbytes(math.ceil(width / 2) * math.ceil(height / 2)))
