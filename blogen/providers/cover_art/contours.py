"""Sheets of cut paper in layers, like a relief map, each with a soft shadow on the one below."""

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops

from blogen.providers.cover_art.canvas import Canvas, Noise
from blogen.providers.cover_art.palettes import Palette, mix


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    field = canvas.field(_relief(chance))
    count = chance.randint(6, 7)
    is_dark_below = chance.random() < 0.7
    ground = palette.ink if is_dark_below else palette.paper
    sheets = [palette.at(1 - 0.98 * share if is_dark_below else 0.96 * share) for share in _shares(count)]
    sheets[-2] = mix(palette.accent, sheets[-2], 0.08)
    edges = [18 + 205 * (number - 0.4) / count for number in range(1, count + 1)]
    # Which sheet lies on top depends on the height alone: one table of colours for all of them.
    tops = [sum(level > edge for edge in edges) for level in range(256)]
    colours = [ground, *sheets]
    canvas.paste(Image.merge("RGB", [field.point([colours[top][part] for top in tops]) for part in range(3)]))
    canvas.paste(mix(palette.ink, (0, 0, 0), 0.35), _shade(canvas, field, edges))


def _relief(chance: Random) -> Callable[[float, float], float]:
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

    return height_at


def _shares(count: int) -> list[float]:
    return [number / count for number in range(1, count + 1)]


def _shade(canvas: Canvas, field: Image.Image, edges: list[float]) -> Image.Image:
    """How dark it is where: each sheet throws a shadow and lies itself in the light until the next one."""
    dark = Image.new("L", field.size)
    for edge in edges:
        sheet = field.point([255 if level > edge else 0 for level in range(256)])
        shadow = canvas.shadow(sheet, canvas.unit * 1.5, canvas.unit * 1.1, strength=0.5)
        dark = ImageChops.subtract(ImageChops.lighter(dark, shadow), sheet)
    return dark
