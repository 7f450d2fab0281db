"""Fine lines one below the other that rise over hidden hills."""

import math
from random import Random

from blogen.providers.cover_art.canvas import Canvas, Noise, Point
from blogen.providers.cover_art.palettes import Palette, mix


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    width, height, unit = canvas.width, canvas.height, canvas.unit
    is_dark = chance.random() < 0.6
    ground = palette.ink if is_dark else palette.paper
    canvas.paste(canvas.gradient([ground, mix(ground, palette.tones[3 if is_dark else 0], 0.35)]))
    noise = Noise(chance)
    count = chance.randint(40, 52)
    peaks = [(chance.uniform(0.14, 0.86), chance.uniform(0.15, 0.95), chance.uniform(0.07, 0.16)) for _ in range(7)]
    accented = chance.randrange(count // 4, count // 2)
    for number in range(count):
        share = number / (count - 1)
        base = height * (0.26 + 0.8 * share)
        line = _line(canvas, noise, base, share, peaks)
        below = mix(ground, palette.tones[3 if is_dark else 0], 0.35 * base / height)
        canvas.polygon([*line, (width + 9, height + 9), (-9, height + 9)], below)
        colour = palette.at(0.05 + 0.55 * share) if is_dark else palette.at(1 - 0.6 * share)
        if number == accented:
            colour = palette.accent
        canvas.line(line, unit * (0.3 + 0.22 * share), colour, round_ends=False)


def _line(
    canvas: Canvas, noise: Noise, base: float, share: float, peaks: list[tuple[float, float, float]]
) -> list[Point]:
    points: list[Point] = []
    step = canvas.width / 320
    for number in range(-1, 323):
        along = number * step / canvas.width
        hill = sum(math.exp(-(((along - at) / reach) ** 2) - ((share - row) / 0.22) ** 2) for at, row, reach in peaks)
        rough = 0.62 + 0.5 * noise(along * 11, share * 9, octaves=2)
        calm = 0.011 * noise(along * 7 + 31, share * 11)
        points.append((number * step, base - canvas.height * (0.2 * hill * rough + calm)))
    return points
