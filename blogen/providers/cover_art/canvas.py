"""What families draw on: a picture twice as large as ordered, scaled down at the end, which smooths every edge."""

import io
import math
from collections.abc import Callable, Iterable, Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from blogen.providers.cover_art.palettes import Colour, mix

Point = tuple[float, float]


class Canvas:
    """Places and sizes are in pixels of the finished picture."""

    def __init__(self, width: int, height: int, scale: int, ground: Colour) -> None:
        self.width = width
        self.height = height
        self._scale = scale
        self._image = Image.new("RGB", (width * scale, height * scale), ground)
        self._pen = ImageDraw.Draw(self._image)

    @property
    def unit(self) -> float:
        """A hundredth of the shorter side: what families measure in, so that every size looks alike."""
        return min(self.width, self.height) / 100

    def fill(self, colour: Colour) -> None:
        self._pen.rectangle((0, 0, *self._image.size), fill=colour)

    def polygon(self, points: Iterable[Point], colour: Colour) -> None:
        self._pen.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self._pen.ellipse(self._box(x, y, radius), fill=colour)

    def ring(self, x: float, y: float, radius: float, thickness: float, colour: Colour) -> None:
        self._pen.ellipse(self._box(x, y, radius), outline=colour, width=max(1, round(thickness * self._scale)))

    def pie(self, x: float, y: float, radius: float, start: float, colour: Colour, *, sweep: float = 90) -> None:
        """A slice of a disc; degrees, clockwise from three o'clock."""
        self._pen.pieslice(self._box(x, y, radius), start, start + sweep, fill=colour)

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        right, bottom = round((x + width) * self._scale) - 1, round((y + height) * self._scale) - 1
        self._pen.rectangle((round(x * self._scale), round(y * self._scale), right, bottom), fill=colour)

    def line(self, points: Sequence[Point], thickness: float, colour: Colour, *, round_ends: bool = True) -> None:
        """A band along `points`, drawn as its outline: joints of thick lines would show notches."""
        left: list[Point] = []
        right: list[Point] = []
        for number, (x, y) in enumerate(points):
            before, after = points[max(number - 1, 0)], points[min(number + 1, len(points) - 1)]
            along, down = after[0] - before[0], after[1] - before[1]
            length = math.hypot(along, down) or 1.0
            across, aside = -down / length * thickness / 2, along / length * thickness / 2
            left.append((x + across, y + aside))
            right.append((x - across, y - aside))
        self.polygon([*left, *reversed(right)], colour)
        if round_ends:
            for x, y in (points[0], points[-1]):
                self.disc(x, y, thickness / 2, colour)

    def gradient(self, colours: Sequence[Colour], *, angle: float = 90) -> Image.Image:
        """A picture-sized gradient through `colours`; 90 degrees runs from top to bottom."""
        steps = 65
        ramp: list[Colour] = []
        for step in range(steps):
            exact = step / (steps - 1) * (len(colours) - 1)
            low = min(int(exact), len(colours) - 2)
            ramp.append(mix(colours[low], colours[low + 1], exact - low))
        if angle % 180 == 90:
            strip = Image.new("RGB", (1, steps))
            strip.putdata(ramp)
            return strip.resize(self._image.size, Image.Resampling.BICUBIC)
        across, along = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        columns, rows = 64, 36
        reach = abs(across) + abs(along)
        small = Image.new("RGB", (columns, rows))
        small.putdata([
            ramp[round(((x / (columns - 1) - 0.5) * across + (y / (rows - 1) - 0.5) * along + reach / 2) / reach * 64)]
            for y in range(rows)
            for x in range(columns)
        ])  # fmt: skip
        return small.resize(self._image.size, Image.Resampling.BICUBIC)

    def paste(self, picture: Image.Image | Colour, mask: Image.Image | None = None, *, strength: float = 1.0) -> None:
        """Lay a picture-sized picture, or a colour, over what is there, where `mask` is white."""
        if mask is not None and strength < 1:
            mask = mask.point([round(level * strength) for level in range(256)])
        box = mask.getbbox() if mask is not None else (0, 0, *self._image.size)
        if box is None:
            return
        if mask is not None:
            mask = mask.crop(box)
            picture = picture.crop(box) if isinstance(picture, Image.Image) else picture
        self._image.paste(picture, box, mask)

    def mask(self, points: Iterable[Point]) -> Image.Image:
        """White inside the polygon."""
        made = Image.new("L", self._image.size)
        ImageDraw.Draw(made).polygon([(x * self._scale, y * self._scale) for x, y in points], fill=255)
        return made

    def glow(self, x: float, y: float, radius: float) -> Image.Image:
        """White at the centre, fading to nothing at `radius`."""
        size = max(2, round(radius * 2 * self._scale))
        ball = Image.radial_gradient("L")
        edge = ball.getpixel((0, ball.height // 2))  # beyond it are only the corners
        assert isinstance(edge, int)
        faded = ball.point([round(255 * max(0.0, 1 - level / edge) ** 2.2) for level in range(256)])
        made = Image.new("L", self._image.size)
        made.paste(faded.resize((size, size), Image.Resampling.BILINEAR), self._corner(x, y, radius))
        return made

    def fading_disc(self, x: float, y: float, radius: float, angle: float) -> Image.Image:
        """A disc that is white on one side and fades to nothing on the other."""
        size = max(2, round(radius * 2 * self._scale))
        fade = Image.linear_gradient("L").rotate(angle, Image.Resampling.BICUBIC, fillcolor=128)
        # The corners that turning leaves empty lie outside the disc that is cut out of the middle.
        fade = fade.crop((37, 37, 219, 219)).resize((size, size), Image.Resampling.BICUBIC)
        cut = Image.new("L", (size, size))
        ImageDraw.Draw(cut).ellipse((0, 0, size - 1, size - 1), fill=255)
        made = Image.new("L", self._image.size)
        made.paste(ImageChops.multiply(fade, cut), self._corner(x, y, radius))
        return made

    def shadow(self, mask: Image.Image, blur: float, drop: float, *, strength: float) -> Image.Image:
        """A soft shadow of what is white in `mask`."""
        factor = 4
        reduced = mask.reduce(factor)
        small = Image.new("L", reduced.size)
        small.paste(reduced, (0, round(drop * self._scale / factor)))
        small = small.filter(ImageFilter.GaussianBlur(blur * self._scale / factor))
        small = small.point([round(level * strength) for level in range(256)])
        return small.resize(mask.size, Image.Resampling.BILINEAR)

    def field(self, value: Callable[[float, float], float], columns: int = 96) -> Image.Image:
        """`value(x, y)`, for x along the width and y in the same measure, 0 to 1 each, as a picture of grey levels."""
        rows = max(2, round(columns * self.height / self.width))
        levels = [value(x / columns, y / columns) for y in range(rows) for x in range(columns)]
        low, high = min(levels), max(levels)
        spread = (high - low) or 1.0
        small = Image.new("F", (columns, rows))
        small.putdata([(level - low) / spread * 255 for level in levels])
        return small.resize(self._image.size, Image.Resampling.BICUBIC).convert("L")

    def png(self, grain: bytes) -> bytes:
        """The finished picture. `grain`, one byte for four pixels, hides the steps of soft gradients."""
        finished = self._image.resize((self.width, self.height), Image.Resampling.BOX)
        size = (math.ceil(self.width / 2), math.ceil(self.height / 2))
        speckles = Image.frombytes("L", size, grain).point([level * 5 // 256 for level in range(256)])
        speckles = speckles.resize((size[0] * 2, size[1] * 2), Image.Resampling.NEAREST)
        speckles = speckles.crop((0, 0, self.width, self.height))
        finished = ImageChops.add(finished, Image.merge("RGB", [speckles] * 3), 1, -2)
        stream = io.BytesIO()
        finished.save(stream, "PNG", compress_level=3)
        return stream.getvalue()

    def _corner(self, x: float, y: float, radius: float) -> tuple[int, int]:
        return round((x - radius) * self._scale), round((y - radius) * self._scale)

    def _box(self, x: float, y: float, radius: float) -> tuple[float, float, float, float]:
        return (
            (x - radius) * self._scale,
            (y - radius) * self._scale,
            (x + radius) * self._scale - 1,
            (y + radius) * self._scale - 1,
        )


class Noise:
    """Smooth noise between about -1 and 1: a lattice of random values with smooth steps between them."""

    def __init__(self, chance: Random, period: int = 64) -> None:
        self._period = period
        self._values = [chance.uniform(-1, 1) for _ in range(period * period)]

    def __call__(self, x: float, y: float = 0.0, octaves: int = 1) -> float:
        total, weight, size = 0.0, 1.0, 0.0
        for _ in range(octaves):
            total += self._once(x, y) * weight
            size += weight
            x, y, weight = x * 2.03 + 11.7, y * 2.03 + 5.3, weight * 0.5
        return total / size

    def _once(self, x: float, y: float) -> float:
        left, top = math.floor(x), math.floor(y)
        across, down = x - left, y - top
        across = across * across * across * (across * (across * 6 - 15) + 10)
        down = down * down * down * (down * (down * 6 - 15) + 10)
        period, values = self._period, self._values
        row, below = (top % period) * period, ((top + 1) % period) * period
        column, beside = left % period, (left + 1) % period
        upper = values[row + column] + (values[row + beside] - values[row + column]) * across
        lower = values[below + column] + (values[below + beside] - values[below + column]) * across
        return upper + (lower - upper) * down
