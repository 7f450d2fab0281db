"""The colours: ten palettes of one temper (warm paper, muted tones, deep ink), so that covers fit side by side."""

from typing import NamedTuple, TypeAlias

Colour: TypeAlias = tuple[int, int, int]


class Palette(NamedTuple):
    """From light to dark: `paper`, four `tones`, `ink`; and one `accent` that stands out against all of them."""

    paper: Colour
    tones: tuple[Colour, Colour, Colour, Colour]
    ink: Colour
    accent: Colour

    @property
    def ramp(self) -> tuple[Colour, ...]:
        """All but the accent, light to dark."""
        return (self.paper, *self.tones, self.ink)

    def at(self, place: float) -> Colour:
        """The colour at `place`, 0 (paper) to 1 (ink), between the palette's own."""
        steps = self.ramp
        exact = min(max(place, 0.0), 1.0) * (len(steps) - 1)
        low = min(int(exact), len(steps) - 2)
        return mix(steps[low], steps[low + 1], exact - low)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Between two colours as the eye sees it (in OKLab); `share` of the other."""
    first, second = _to_oklab(one), _to_oklab(other)
    return _from_oklab([a + (b - a) * share for a, b in zip(first, second, strict=True)])


def lighter(colour: Colour, by: float) -> Colour:
    """`colour` with its lightness moved by `by` (-1 to 1)."""
    light, a, b = _to_oklab(colour)
    return _from_oklab([min(max(light + by, 0.0), 1.0), a, b])


def _palette(paper: str, tones: str, ink: str, accent: str) -> Palette:
    first, second, third, fourth = (_colour(tone) for tone in tones.split())
    return Palette(_colour(paper), (first, second, third, fourth), _colour(ink), _colour(accent))


def _colour(text: str) -> Colour:
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


# Björn Ottosson's OKLab: equal steps look equal, and mixtures do not turn grey or change their hue.
def _to_oklab(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (_linear(part / 255) for part in colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_oklab(lab: list[float]) -> Colour:
    light, a, b = lab
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _byte(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _byte(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _byte(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _byte(linear: float) -> int:
    linear = min(max(linear, 0.0), 1.0)
    part = linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(part * 255)


PALETTES = {
    "dusk": _palette("f5eadb", "ecc8a2 dc9277 a65a6c 56406a", "251f3f", "f2b35e"),
    "fjord": _palette("eef2ee", "c8dcd8 8fb8ba 4e8593 28546b", "12293e", "f0a35b"),
    "orchard": _palette("f6f0de", "e5d79c b6c17c 779a63 3d6a55", "1c3a39", "df6f4e"),
    "clay": _palette("f7ede4", "eaccb4 d8a082 b66f5a 78444a", "382533", "5f9391"),
    "lagoon": _palette("f1f4ea", "cbe4d5 8acabd 3e9da2 1f6682", "14314d", "f4b65c"),
    "heather": _palette("f5eef3", "dcc8dd b39ac3 7d6ba3 4b4578", "242447", "efa388"),
    "saffron": _palette("fbf2de", "f6d48c eda94f d8703c 923f40", "3c2237", "3d7c8a"),
    "slate": _palette("f1f0eb", "d1d5d5 9ca9b1 63758b 3a4963", "1a2337", "e27c5f"),
    "moss": _palette("f3f1e5", "d4d8b5 a4b18a 6a8e70 3d6158", "1e3338", "daa441"),
    "rosewood": _palette("f8ece9", "efc6bf d9928f ad5f6c 6d3c56", "311f38", "e9b872"),
}
