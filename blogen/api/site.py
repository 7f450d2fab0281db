"""`/site` and `/openapi.json`: what this server is and what it can do. Never behind sign-in."""

from typing import Final

from aiohttp import web

import blogen
from blogen.api.answers import public
from blogen.api.keys import CONFIG, SITE

API_VERSION: Final = 1
FEATURES: Final = (
    "jobs",
    "job-events",
    "posts",
    "receipts",
    "search",
    "accounts",
    "comments",
    "notifications",
    "corrections",
)


async def show(request: web.Request) -> web.Response:
    from blogen.api.views import SiteView

    config, site = request.config_dict[CONFIG], request.config_dict[SITE].now
    view = SiteView(
        name="blogen",
        api=API_VERSION,
        version=blogen.__version__,
        title=site.title,
        tagline=site.tagline,
        description=site.description,
        language=site.language,
        url=config.server.base_url,
        features=list(FEATURES),
        sign_up=config.auth.sign_up,
    )
    return public(request, view.told())


async def openapi(request: web.Request) -> web.Response:
    from blogen.api.openapi import document

    return public(request, document())
