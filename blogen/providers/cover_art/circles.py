"""Circles of many sizes, packed close: plain, ringed, halved."""

from random import Random

from blogen.providers.cover_art.canvas import Canvas
from blogen.providers.cover_art.palettes import Colour, Palette, mix

Circle = tuple[float, float, float]


def draw(canvas: Canvas, palette: Palette, chance: Random) -> None:
    is_dark = chance.random() < 0.35
    ground = palette.ink if is_dark else palette.paper
    canvas.fill(ground)
    colours = [*palette.tones, palette.paper if is_dark else palette.ink]
    turn = chance.choice((0, 45, 90, 135))
    for x, y, radius in _packed(canvas, chance):
        colour = palette.accent if chance.random() < 0.09 else chance.choice(colours)
        _one(canvas, chance, (x, y, radius), (colour, chance.choice(colours), ground), turn)


def _packed(canvas: Canvas, chance: Random) -> list[Circle]:
    unit = canvas.unit
    circles: list[Circle] = []
    gap = unit * 0.9
    for least, most, tries in ((14, 21, 40), (7, 12, 260), (3.2, 6, 900), (1.1, 2.4, 1500)):
        for _ in range(tries):
            x = chance.uniform(-0.04, 1.04) * canvas.width
            y = chance.uniform(-0.06, 1.06) * canvas.height
            room = most * unit
            for other_x, other_y, other in circles:
                room = min(room, ((x - other_x) ** 2 + (y - other_y) ** 2) ** 0.5 - other - gap)
                if room < least * unit:
                    break
            else:
                circles.append((x, y, room))
    return circles


def _one(canvas: Canvas, chance: Random, circle: Circle, paints: tuple[Colour, Colour, Colour], turn: int) -> None:
    colour, second, ground = paints
    x, y, radius = circle
    is_large = radius > canvas.unit * 3
    manner = chance.random() if is_large else 0.0
    if manner < 0.36:
        canvas.disc(x, y, radius, colour)
    elif manner < 0.56:  # two halves
        start = turn + chance.choice((0, 90, 180))
        canvas.disc(x, y, radius, mix(colour, ground, 0.55))
        canvas.pie(x, y, radius, start, colour, sweep=180)
    elif manner < 0.74:  # rings
        count = max(2, min(6, round(radius / (canvas.unit * 2.6))))
        for number in range(count):
            share = 1 - number / count
            canvas.disc(x, y, radius * share, colour if number % 2 == 0 else ground)
    elif manner < 0.88:  # one in the other
        canvas.disc(x, y, radius, colour)
        shift = radius * 0.32
        canvas.disc(x + shift * (1 if turn < 90 else -1), y - shift, radius * 0.42, second)
    else:
        canvas.ring(x, y, radius, radius * 0.16, colour)
        canvas.disc(x, y, radius * 0.58, mix(colour, ground, 0.2))
