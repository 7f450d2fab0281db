"""A few large discs that fade out to one side and shine through each other."""

import math
from random import Random

from blogen.providers.cover_art.canvas import Canvas
from blogen.providers.cover_art.palettes import Colour, Palette, mix


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    width, height, unit = canvas.width, canvas.height, canvas.unit
    is_dark = chance.random() < 0.4
    near, far = (palette.ink, mix(palette.ink, palette.tones[3], 0.7)) if is_dark else (palette.paper, palette.tones[0])
    lean = chance.choice((30, 60, 120, 150))
    canvas.paste(canvas.gradient([near, mix(near, far, 0.75)], angle=lean))
    angle = chance.uniform(0, 360)
    colours: list[Colour] = [palette.accent, *palette.tones[1:], palette.tones[0] if is_dark else palette.ink]
    chance.shuffle(colours)
    count = chance.randint(4, 6)
    turn = chance.choice((35, 60, 180))
    for number in range(count):
        # Along a gentle curve from side to side, the largest somewhere in the middle.
        share = (number + 0.5) / count
        x = width * (0.04 + 0.92 * share) + unit * chance.uniform(-9, 9)
        y = height * (0.5 + 0.2 * math.sin(share * 5.1 + angle)) + unit * chance.uniform(-13, 13)
        radius = unit * chance.uniform(17, 30) * (1.35 if number == count // 2 else 1.0)
        colour = colours[number % len(colours)]
        mask = canvas.fading_disc(x, y, radius, angle + number * turn)
        canvas.paste(colour, mask, strength=0.95)
    if chance.random() < 0.6:
        x, y = width * chance.uniform(0.2, 0.8), height * chance.uniform(0.25, 0.75)
        canvas.disc(x, y, unit * chance.uniform(2, 4.5), palette.paper if is_dark else palette.ink)
