"""The owner's colours, fonts and logo: a sheet that sets tokens of `static/reader.css` anew, and what pages need of it.

Nothing of it is there while the owner has set nothing.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from aiohttp import web

from blogen.domain.theme import FONTS, INK, PAPER, Font, Logo, Told, palette
from blogen.errors import NotFound
from blogen.web.answers import FOREVER, answer
from blogen.web.folders import STATIC
from blogen.web.keys import SITE
from blogen.web.pages import FRESH, Page

if TYPE_CHECKING:
    from blogen.config import SiteConfig
    from blogen.site import Site

PATH: Final = "/theme.css"
_PAIR: Final = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
_BUILT_IN_FONTS: Final = {"text": FONTS["charter"], "heading": FONTS["charter"], "sans": FONTS["system"]}
_LOGO_SHEET: Final = (
    ".wordmark .logo{height:2rem;width:auto;max-width:min(14rem,50vw);object-fit:contain;object-position:left}"
)


Colours: TypeAlias = tuple[str | None, str | None, str | None]
"""Paper, ink and accent; None: as built in."""


class Theme(NamedTuple):
    """What the head of a page needs of the owner's theme."""

    address: str
    """Of the sheet; empty: there is none."""
    paper: tuple[str, str]
    """In light, in dark."""
    logo: Logo | None


class Look(NamedTuple):
    """Colours and fonts as they come out."""

    light: Mapping[str, str]
    dark: Mapping[str, str]
    fonts: Mapping[str, str]
    told: tuple[Told, ...]
    """What was moved so that it can be read."""

    def declarations(self, *, all_of_them: bool = False) -> str:
        """Of tokens, as CSS; only those that are others than in `static/reader.css`, if not all are wanted."""
        colours = {
            name: f"light-dark({self.light[name]},{self.dark[name]})"
            for name, pair in _tokens().items()
            if all_of_them or (self.light[name], self.dark[name]) != pair
        }
        fonts = (_BUILT_IN_FONTS if all_of_them else {}) | dict(self.fonts)
        return "".join(f"--{name}:{value};" for name, value in (colours | fonts).items())


def theme(site: "Site") -> Theme:
    return _theme(*_asked(site.now), site.logo)


def preview(config: "SiteConfig", selector: str) -> str:
    """A sheet that shows in one place what the theme of `config` would be."""
    return f"{selector}{{{look(config).declarations(all_of_them=True)}}}\n"


def sheet(site: "Site") -> str:
    return _sheet(look(site.now), site.logo)


def look(config: "SiteConfig") -> Look:
    """The colours and fonts that `[site]` makes."""
    return _look(*_asked(config))


async def stylesheet(request: web.Request) -> web.Response:
    """`/theme.css`: under the address that pages name it never changes."""
    text = sheet(request.app[SITE])
    if not text:
        raise NotFound("This site has no theme of its own.")
    is_for_ever = request.query.get("v") == _digest(text)
    return answer(request, Page(text, "text/css", cache=FOREVER if is_for_ever else FRESH))


def _asked(config: "SiteConfig") -> tuple[Colours, Colours, tuple[Font, Font]]:
    """All that a look is made of: paper, ink, accent in light, the same in dark, and two fonts."""
    return (
        (config.paper, config.ink, config.accent),
        (config.paper_dark, config.ink_dark, config.accent_dark or config.accent),
        (config.reading_font, config.interface_font),
    )


@lru_cache(maxsize=16)
def _theme(light: Colours, dark: Colours, fonts: tuple[Font, Font], logo: Logo | None) -> Theme:
    made = _look(light, dark, fonts)
    text = _sheet(made, logo)
    return Theme(f"{PATH}?v={_digest(text)}" if text else "", (made.light["paper"], made.dark["paper"]), logo)


@lru_cache(maxsize=64)
def _look(light: Colours, dark: Colours, fonts: tuple[Font, Font]) -> Look:
    made, told = [], []
    for turn, (paper, ink, accent) in enumerate((light, dark)):
        colours, moved = palette(_base(turn), paper=paper, ink=ink, accent=accent)
        made.append(colours)
        told += [one._replace(name=f"{one.name} in {('light', 'dark')[turn]},") for one in moved]
    reading, interface = fonts
    named = {} if reading == "charter" else {"text": FONTS[reading], "heading": FONTS[reading]}
    named |= {} if interface == "system" else {"sans": FONTS[interface]}
    return Look(made[0], made[1], named, tuple(told))


def _sheet(made: Look, logo: Logo | None) -> str:
    declarations = made.declarations()
    text = f"@media screen{{:root{{{declarations}}}}}\n" if declarations else ""
    return text + (f"{_LOGO_SHEET}\n" if logo else "")


@lru_cache(maxsize=64)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _base(turn: int) -> dict[str, str]:
    return {"paper": PAPER[turn], "ink": INK[turn]} | {name: pair[turn] for name, pair in _tokens().items()}


@cache
def _tokens() -> dict[str, tuple[str, str]]:
    """The colours of the design, in light and in dark, as its sheet names them."""
    return {name: (light, dark) for name, light, dark in _PAIR.findall((STATIC / "reader.css").read_text("utf-8"))}
