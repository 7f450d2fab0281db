"""How the owner wants the site to look: colours that can be read, fonts that are there.

Contrast is WCAG 2.2's: of text at least 4.5 to 1 (AA). What the owner names is kept as it is where it can be read, an
accent is moved towards the ink until it can; ink on paper that cannot be read is refused.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator

TEXT_CONTRAST: Final = 4.5
EDGE_CONTRAST: Final = 3.0
"""Of what is no text, yet must be seen: the edge of a field."""

_COLOUR: Final = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_STEPS: Final = 50


def _known_colour(text: str) -> str:
    """`#rrggbb`. Raises ValueError."""
    colour = text.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise ValueError("must be a colour such as #8f3d1c")
    return "#" + "".join(digit * 2 for digit in colour[1:]) if len(colour) == 4 else colour


Colour = Annotated[str, AfterValidator(_known_colour)]
Font: TypeAlias = Literal[
    "charter", "old-style", "book", "slab", "system", "humanist", "geometric", "grotesque", "typewriter"
]

FONTS: Final[Mapping[Font, str]] = {
    "charter": 'Charter, "Bitstream Charter", "Source Serif 4", "Iowan Old Style", "Sitka Text", Cambria, "Noto Serif",'
    ' Georgia, "Noto Serif CJK SC", serif',
    "old-style": '"Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, "Noto Serif CJK SC", serif',
    "book": 'Georgia, "Times New Roman", "Liberation Serif", "Noto Serif", "Noto Serif CJK SC", serif',
    "slab": 'Rockwell, "Rockwell Nova", "Roboto Slab", "Sitka Small", "DejaVu Serif", "Noto Serif CJK SC", serif',
    "system": 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial,'
    " sans-serif",
    "humanist": 'Seravek, "Gill Sans Nova", Ubuntu, Calibri, Optima, "Source Sans 3", "Noto Sans", sans-serif',
    "geometric": 'Avenir, "Avenir Next", Montserrat, Corbel, "URW Gothic", "Century Gothic", "Noto Sans", sans-serif',
    "grotesque": '"Helvetica Neue", "Nimbus Sans", Arial, "Liberation Sans", "Noto Sans", sans-serif',
    "typewriter": 'ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono",'
    " monospace",
}
"""Fonts that systems come with, by the name of their kind: none is loaded from anywhere."""

COLOURS: Final = frozenset({"accent", "accent_dark", "paper", "paper_dark", "ink", "ink_dark"})
"""What the owner may give a colour of their own, by its key in `[site]`."""
PAPER: Final = ("#fcfbf8", "#171614")
INK: Final = ("#1f1d1a", "#ece8e0")
"""As `static/reader.css` has them: in light, in dark."""


class Logo(NamedTuple):
    """A picture in place of the mark before the title; a wide one stands for the title, too."""

    name: str
    """Of a medium."""
    width: int
    height: int

    @property
    def is_wide(self) -> bool:
        return self.width >= 2 * self.height


class Told(NamedTuple):
    """A colour that was moved so that it can be read."""

    name: str
    asked: str
    used: str
    contrast: float
    """That the one asked for would have had."""

    def __str__(self) -> str:
        found = _shown(self.contrast)
        return f"{self.name} {self.asked} would have a contrast of {found} to 1 here; {self.used} is used."


def contrast(one: str, other: str) -> float:
    """Between two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0 to 1) of `other`."""
    mixed = (round(a + (b - a) * share) for a, b in zip(_parts(one), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def legible(colour: str, grounds: Iterable[str], towards: str, at_least: float = TEXT_CONTRAST) -> str:
    """`colour`, moved towards another as far as it needs to be read on all `grounds`; that other, if nothing helps."""
    on = list(grounds)
    for step in range(_STEPS + 1):
        moved = mix(colour, towards, step / _STEPS)
        if min(contrast(moved, ground) for ground in on) >= at_least:
            return moved
    return towards


def mistake_in(paper: str, ink: str, where: str) -> str | None:
    """What is wrong with text of this colour on paper of that one, and what would mend it."""
    found = contrast(paper, ink)
    if found >= TEXT_CONTRAST:
        return None
    end = max(("#000000", "#ffffff"), key=lambda end: contrast(end, paper))
    return (
        f"{ink} on paper {paper} has a contrast of {_shown(found)} to 1 in {where}; it takes {TEXT_CONTRAST} to be"
        f" read. {legible(ink, [paper], end)} can be read on it"
    )


def mistakes_in(colours: Mapping[str, str | None]) -> dict[str, str]:
    """What is wrong with `paper`, `ink`, `paper_dark`, `ink_dark`, by the one that was named."""
    found = {}
    for turn, where, suffix in ((0, "light", ""), (1, "dark", "_dark")):
        ink, paper = colours.get(f"ink{suffix}"), colours.get(f"paper{suffix}")
        if mistake := mistake_in(paper or PAPER[turn], ink or INK[turn], where):
            found[f"ink{suffix}" if ink or not paper else f"paper{suffix}"] = mistake
    return found


def palette(
    base: Mapping[str, str], *, paper: str | None, ink: str | None, accent: str | None
) -> tuple[dict[str, str], list[Told]]:
    """The colours of one scheme by token, those of `base` where nothing else follows, and what was moved."""
    made = dict(base)
    told: list[Told] = []
    if paper or ink:
        made |= _ground(paper or base["paper"], ink or base["ink"])
    paper, ink = made["paper"], made["ink"]
    if accent or paper != base["paper"] or ink != base["ink"]:
        asked = accent or base["accent"]
        wash = mix(paper, asked, 0.1)
        grounds = [paper, made["raised"], wash]
        made["accent"] = legible(asked, grounds, ink)
        made["accent-wash"] = wash if contrast(ink, wash) >= TEXT_CONTRAST else made["raised"]
        if made["accent"] != asked and accent:
            told.append(Told("The accent", asked, made["accent"], min(contrast(asked, ground) for ground in grounds)))
        for name in made:
            if name.startswith("code-") or name == "wrong":
                made[name] = legible(base[name], [paper, made["raised"]], ink)
        made["mark"] = legible(base.get("mark", paper), [ink], paper)
    return made, told


def _ground(paper: str, ink: str) -> dict[str, str]:
    raised = next(
        (shade for shade in (mix(paper, ink, share / 100) for share in range(5, 0, -1))
         if contrast(ink, shade) >= TEXT_CONTRAST),
        paper,
    )  # fmt: skip
    return {
        "paper": paper,
        "raised": raised,
        "ink": ink,
        "soft": legible(mix(ink, paper, 0.22), [paper, raised], ink),
        "faint": legible(mix(ink, paper, 0.36), [paper, raised], ink),
        "rule": mix(paper, ink, 0.12),
        "edge": legible(mix(paper, ink, 0.4), [paper, raised], ink, EDGE_CONTRAST),
    }


def _shown(contrast: float) -> str:
    """Never rounded up to what would be enough."""
    return f"{int(contrast * 100) / 100:.2f}"


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
