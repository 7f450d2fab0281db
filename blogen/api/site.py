"""`/site` and `/openapi.json`: what this server is and what it can do. Never behind sign-in."""

from typing import Final

from aiohttp import web

import blogen
from blogen.api.answers import public
from blogen.api.keys import CONFIG

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

    config = request.config_dict[CONFIG]
    view = SiteView(
        name="blogen",
        api=API_VERSION,
        version=blogen.__version__,
        title=config.site.title,
        tagline=config.site.tagline,
        description=config.site.description,
        language=config.site.language,
        url=config.server.base_url,
        features=list(FEATURES),
        sign_up=config.auth.sign_up,
    )
    return public(request, view.told())


async def openapi(request: web.Request) -> web.Response:
    from blogen.api.openapi import document

    return public(request, document())
