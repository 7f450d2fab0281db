"""Ranges of hills that fade into the distance under a wide sky."""

from random import Random

from blogen.providers.cover_art.canvas import Canvas, Noise, Point
from blogen.providers.cover_art.palettes import Palette, lighter, mix


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    width, height = canvas.width, canvas.height
    is_night = chance.random() < 0.3
    horizon = palette.tones[0] if is_night else palette.paper
    top = palette.ink if is_night else mix(palette.tones[chance.choice((0, 1))], palette.paper, 0.25)
    middle = palette.tones[2] if is_night else mix(top, horizon, 0.6)
    canvas.paste(canvas.gradient([top, middle, horizon, horizon]))
    sun_x, sun_y = width * chance.uniform(0.22, 0.78), height * chance.uniform(0.2, 0.42)
    _sun(canvas, palette, sun_x, sun_y, height * chance.uniform(0.07, 0.13), is_night=is_night)

    count = chance.randint(5, 7)
    noise = Noise(chance)
    is_rugged = chance.random() < 0.45
    first = chance.uniform(0.42, 0.52)
    for number in range(count):
        depth = number / (count - 1)  # 0: far away, 1: in front
        base = height * (first + (0.98 - first) * depth**1.15)
        points = _ridge(canvas, noise, base, depth, row=number * 7.31, is_rugged=is_rugged)
        near = palette.at(0.24 + 0.76 * depth)
        # Mist lies at the foot of each range, more of it the farther away.
        mist = mix(near, horizon, 0.62 * (1 - depth) + 0.1)
        canvas.paste(canvas.gradient(_faded(near, mist, base / height)), canvas.mask(points))


def _sun(canvas: Canvas, palette: Palette, x: float, y: float, radius: float, *, is_night: bool) -> None:
    red, _, blue = palette.accent
    day = palette.accent if red > blue else palette.tones[2]  # no blue sun
    colour = palette.paper if is_night else day
    canvas.paste(lighter(colour, 0.05), canvas.glow(x, y, radius * 5), strength=0.3)
    canvas.disc(x, y, radius, mix(colour, palette.paper, 0.12))


def _ridge(canvas: Canvas, noise: Noise, base: float, depth: float, *, row: float, is_rugged: bool) -> list[Point]:
    width, height = canvas.width, canvas.height
    swing = height * (0.09 + 0.06 * (1 - abs(depth - 0.45)))
    frequency = 1.6 + 1.6 * (1 - depth)
    points: list[Point] = []
    step = max(2.0, width / 400)
    x = -step
    while x <= width + step:
        at = x / height * frequency + row * 3
        level = noise(at, row, octaves=5 if is_rugged and depth < 0.7 else 3)
        if is_rugged and depth < 0.7:
            level = 0.75 - 2.1 * abs(level)  # peaks where the noise crosses zero
        points.append((x, base - swing * level))
        x += step
    return [*points, (width + step, height + 2), (-step, height + 2)]


def _faded(near: tuple[int, int, int], mist: tuple[int, int, int], base: float) -> list[tuple[int, int, int]]:
    """Full colour at the ridge, mist below it; in tenths of the picture's height."""
    return [
        near if tenth / 10 < base - 0.08 else mix(near, mist, min(1.0, (tenth / 10 - base + 0.08) / 0.3))
        for tenth in range(11)
    ]
