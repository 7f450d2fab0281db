"""Templates to text. Jinja2 is loaded with the first page, not with the server."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from blogen.web import assets, words
from blogen.web.address import base_url, is_public
from blogen.web.folders import TEMPLATES
from blogen.web.keys import CONFIG, SITE

if TYPE_CHECKING:
    from jinja2 import Environment


def render(app: web.Application, template: str, **context: object) -> str:
    """`templates/reader/TEMPLATE`, or `people/…` and `mail/…` beside it, with what every page knows of its site."""
    config = app[CONFIG]
    site: dict[str, Any] = {"site": app[SITE].now, "base_url": base_url(app), "is_public": is_public(config)}
    site["viewer"] = None
    return _environment(config.data.dir / "cache").get_template(template).render(site | context)


@cache
def _environment(cache_folder: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from blogen.render.provenance import byline
    from blogen.web.cards import Cards
    from blogen.web.compiled import Compiled
    from blogen.web.reader import heads

    environment = Environment(
        loader=FileSystemLoader([TEMPLATES / "reader", TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=Compiled(cache_folder),
    )
    environment.filters |= {
        "cents": words.cost,
        "spent": words.spent,
        "day": words.day,
        "direction": words.direction,
        "hour": words.hour,
        "iso": words.iso,
        "maker": words.maker,
        "month": words.month,
        "number": words.number,
        "rfc822": words.rfc822,
        "seconds": words.seconds,
        "tone": words.tone,
        "urlpart": words.urlpart,
    }
    environment.globals |= {"asset": assets.address, "badge": words.badge, "disclosure": byline}
    environment.globals |= heads.GLOBALS | {"card_of": Cards(environment)}
    return environment
