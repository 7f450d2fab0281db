"""`/costs`: what calls cost, how much of the caps is used, and what the next post will probably cost."""

import asyncio

from aiohttp import web

from blogen.api.answers import answer
from blogen.api.keys import CLOCK, CONFIG, LEDGER
from blogen.api.requests import query


async def show(request: web.Request) -> web.Response:
    from blogen.api.queries import CostsQuery
    from blogen.api.views import costs_view
    from blogen.store.ledger import caps_of, days

    asked = query(request, CostsQuery)
    config, ledger = request.config_dict[CONFIG], request.config_dict[LEDGER]
    now_ms = request.config_dict[CLOCK].now_ms()
    since_ms, until_ms = days(asked.since, asked.until, now_ms)
    lines, total, caps = await asyncio.gather(
        ledger.costs(asked.by, since_ms=since_ms, until_ms=until_ms, limit=asked.limit, site_author=config.site.author),
        ledger.total(since_ms=since_ms, until_ms=until_ms),
        ledger.caps(caps_of(config.budget), now_ms),
    )
    return answer(costs_view(lines, total, caps))


async def estimate(request: web.Request) -> web.Response:
    from blogen.api.queries import EstimateQuery
    from blogen.api.views import estimate_view

    asked = query(request, EstimateQuery)
    return answer(estimate_view(await request.config_dict[LEDGER].estimate(asked.words, asked.images)))
