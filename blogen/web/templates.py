"""Templates to text. Jinja2 is loaded with the first page, not with the server."""

from collections.abc import MutableMapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from blogen.web import assets, words
from blogen.web.address import base_url, is_public
from blogen.web.keys import BUS, CONFIG, SITE
from blogen.web.own_templates import OWN_TEMPLATES, Environments
from blogen.web.theme import theme

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment


def render(app: web.Application, template: str, **context: object) -> str:
    """`templates/reader/TEMPLATE`, or `people/…` and `mail/…` beside it, with what every page knows of its site.

    The owner's own template of that name comes before ours (`own_templates.py`).
    """
    config, site = app[CONFIG], app[SITE]
    known: dict[str, Any] = {
        "site": site.now, "theme": theme(site), "base_url": base_url(app), "is_public": is_public(config),
        "viewer": None,
    }  # fmt: skip
    cache_folder = config.data.dir / "cache"
    environments = Environments(partial(_built_in, cache_folder), partial(_environment, cache_folder))
    return app[OWN_TEMPLATES].render(template, known | context, environments, app[BUS])


@cache
def _built_in(cache_folder: Path) -> "Environment":
    from blogen.web.own_loader import built_in

    return _environment(cache_folder, built_in())


def _environment(cache_folder: Path, loader: "BaseLoader") -> "Environment":
    from jinja2 import Environment, StrictUndefined

    from blogen.render.provenance import byline
    from blogen.web.cards import Cards
    from blogen.web.compiled import Compiled
    from blogen.web.reader import heads

    class Ours(Environment):
        def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
            """As they are, where a template has none of its own: chained they are slow to compare and to look up."""
            return super().make_globals(d) if d else self.globals

    environment = Ours(
        loader=loader,
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
