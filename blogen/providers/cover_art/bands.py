"""Bands of different widths that follow a current and never touch."""

import math
from random import Random

from blogen.providers.cover_art.canvas import Canvas, Noise, Point
from blogen.providers.cover_art.palettes import Palette, mix


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    is_dark = chance.random() < 0.4
    ground = palette.ink if is_dark else palette.paper
    canvas.fill(ground)
    colours = [*palette.tones, palette.paper if is_dark else palette.ink]
    weights = [4, 4, 4, 2, 3] if is_dark else [3, 4, 4, 3, 2]
    current = _Current(canvas, chance)
    taken = _Taken(canvas)
    unit = canvas.unit
    for width, tries in ((unit * 5.4, 40), (unit * 3.4, 110), (unit * 2.0, 260), (unit * 1.1, 420)):
        for _ in range(tries):
            start = chance.uniform(-0.05, 1.05) * canvas.width, chance.uniform(-0.05, 1.05) * canvas.height
            colour = palette.accent if chance.random() < 0.08 else chance.choices(colours, weights)[0]
            path = _path(canvas, current, taken, start, width=width, length=chance.uniform(18, 90) * unit)
            if len(path) * _STEP * unit < width * 2.5:
                continue
            taken.add(path, width)
            canvas.line(path, width, mix(colour, ground, chance.uniform(0, 0.12)))


_STEP = 0.8
_GAP = 0.55


class _Current:
    """Which way it flows: one main direction, bent by slow noise."""

    def __init__(self, canvas: Canvas, chance: Random) -> None:
        self._noise = Noise(chance)
        self._main = chance.uniform(-0.5, 0.5)
        self._bend = chance.uniform(1.3, 2.4)
        self._size = canvas.height / chance.uniform(0.8, 1.4)

    def angle(self, x: float, y: float) -> float:
        return self._main + self._bend * self._noise(x / self._size, y / self._size)


class _Taken:
    """Where bands lie already: their points in a grid of cells."""

    def __init__(self, canvas: Canvas) -> None:
        self._cell = canvas.unit * 6.2
        self._points: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
        self._gap = canvas.unit * _GAP

    def is_free(self, x: float, y: float, width: float) -> bool:
        column, row = int(x // self._cell), int(y // self._cell)
        for beside in (column - 1, column, column + 1):
            for below in (row - 1, row, row + 1):
                for other_x, other_y, reach in self._points.get((beside, below), ()):
                    if (x - other_x) ** 2 + (y - other_y) ** 2 < (reach + width / 2 + self._gap) ** 2:
                        return False
        return True

    def add(self, path: list[Point], width: float) -> None:
        for x, y in path:
            cell = int(x // self._cell), int(y // self._cell)
            self._points.setdefault(cell, []).append((x, y, width / 2))


def _path(
    canvas: Canvas, current: _Current, taken: _Taken, start: Point, *, width: float, length: float
) -> list[Point]:
    """As far as the band can go from `start`, both ways, without touching another."""
    step = canvas.unit * _STEP
    margin = width * 2
    ways: list[list[Point]] = []
    for direction in (1, -1):
        x, y = start
        way: list[Point] = []
        for _ in range(int(length / step / 2)):
            inside = -margin < x < canvas.width + margin and -margin < y < canvas.height + margin
            if not inside or not taken.is_free(x, y, width):
                break
            way.append((x, y))
            angle = current.angle(x, y)
            x, y = x + math.cos(angle) * step * direction, y + math.sin(angle) * step * direction
        ways.append(way)
    return [*reversed(ways[1]), *ways[0][1:]]
