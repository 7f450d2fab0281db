"""Sheets of cut paper in layers, like a relief map, each with a soft shadow on the one below."""

import math
from random import Random

from blogen.providers.cover_art.canvas import Canvas, Noise
from blogen.providers.cover_art.palettes import Palette, mix


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    noise = Noise(chance)
    size = chance.uniform(1.5, 2.5)
    turn = chance.uniform(0.35, 1.2)
    cosine, sine = math.cos(turn), math.sin(turn)
    slope = chance.choice((-0.6, 0.6))

    def height_at(x: float, y: float) -> float:
        # Turned, so that the noise's lattice does not show as upright edges, and bent by more of the same noise.
        across, down = (x * cosine - y * sine) * size, (x * sine + y * cosine) * size * 1.4
        bend = 0.55 * noise(across + 17.3, down + 4.1)
        return noise(across + bend, down - bend, octaves=2) + slope * (x - 0.5)

    field = canvas.field(height_at)
    count = chance.randint(6, 7)
    is_dark_below = chance.random() < 0.7
    canvas.fill(palette.ink if is_dark_below else palette.paper)
    night = mix(palette.ink, (0, 0, 0), 0.35)
    for number in range(1, count + 1):
        share = number / count
        threshold = 18 + 205 * (number - 0.4) / count
        mask = field.point([255 if level > threshold else 0 for level in range(256)])
        colour = palette.at(1 - share * 0.98 if is_dark_below else share * 0.96)
        if number == count - 1:
            colour = mix(palette.accent, colour, 0.08)
        canvas.paste(night, canvas.shadow(mask, canvas.unit * 1.5, canvas.unit * 1.1, strength=0.5))
        canvas.paste(colour, mask)
