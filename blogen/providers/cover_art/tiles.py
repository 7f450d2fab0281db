"""A grid of simple forms: quarter and half discs, leaves, rings and stripes, some of them twice as large."""

import math
from random import Random

from blogen.providers.cover_art.canvas import Canvas
from blogen.providers.cover_art.palettes import Colour, Palette

Place = tuple[float, float, float]
"""Left, top, and the length of a side."""


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    columns = chance.choice((8, 10, 12))
    size = canvas.width / columns
    rows = math.ceil(canvas.height / size)
    top = (canvas.height - rows * size) / 2
    canvas.fill(palette.paper)
    colours = [palette.paper, *palette.tones, palette.ink]
    weights = [4, 4, 4, 3, 3, 2]
    done: set[tuple[int, int]] = set()
    for row in range(rows):
        for column in range(columns):
            if (column, row) in done:
                continue
            fits = column + 1 < columns and row + 1 < rows and (column + 1, row) not in done
            span = 2 if fits and chance.random() < 0.13 else 1
            done |= {(column + right, row + down) for right in range(span) for down in range(span)}
            ground = chance.choices(colours, weights)[0]
            form = palette.accent if chance.random() < 0.1 else _other(chance, colours, weights, ground)
            x, y = column * size, top + row * size
            canvas.rectangle(x, y, size * span, size * span, ground)
            _form(canvas, chance, (x, y, size * span), ground, form)


def _other(chance: Random, colours: list[Colour], weights: list[int], than: Colour) -> Colour:
    """A colour that can be told from `than`: not its neighbour in the palette."""
    place = colours.index(than)
    far = [number for number in range(len(colours)) if abs(number - place) > 1]
    return colours[chance.choices(far, [weights[number] for number in far])[0]]


def _form(canvas: Canvas, chance: Random, place: Place, ground: Colour, form: Colour) -> None:
    x, y, size = place
    corner = chance.randrange(4)
    corner_x, corner_y = x + size * (corner in {1, 2}), y + size * (corner in {2, 3})
    start = corner * 90
    middle_x, middle_y = x + size / 2, y + size / 2
    match chance.choices(range(8), [5, 3, 4, 4, 2, 2, 2, 2])[0]:
        case 0:  # a quarter disc
            canvas.pie(corner_x, corner_y, size, start, form)
        case 1:  # a half disc on one side
            side_x, side_y = ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5))[corner]
            canvas.pie(x + size * side_x, y + size * side_y, size / 2, start, form, sweep=180)
        case 2:  # a leaf: where two quarter discs meet
            canvas.polygon(_leaf(x, y, size, falling=corner % 2 == 0), form)
        case 3:  # quarter rings
            for number, share in enumerate((1.0, 0.75, 0.5, 0.25)):
                canvas.pie(corner_x, corner_y, size * share, start, (form, ground)[number % 2])
        case 4:
            canvas.disc(middle_x, middle_y, size * 0.36, form)
        case 5:
            canvas.disc(middle_x, middle_y, size * 0.5, form)
            canvas.disc(middle_x, middle_y, size * 0.22, ground)
        case 6:  # a triangle
            points = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]
            canvas.polygon(points[:corner] + points[corner + 1 :], form)
        case 7:  # stripes
            for number in range(4):
                if corner % 2:
                    canvas.rectangle(x + size * number / 4, y, size / 8, size, form)
                else:
                    canvas.rectangle(x, y + size * number / 4, size, size / 8, form)


def _leaf(x: float, y: float, size: float, *, falling: bool) -> list[tuple[float, float]]:
    quarter = [math.radians(degrees) for degrees in range(0, 91, 3)]
    there = [(math.sin(angle), 1 - math.cos(angle)) for angle in quarter]
    back = [(1 - math.sin(angle), math.cos(angle)) for angle in quarter]
    return [(x + size * (across if falling else 1 - across), y + size * down) for across, down in there + back]
