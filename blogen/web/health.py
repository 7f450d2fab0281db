"""For those who watch the process: is it up, and can it work?"""

from aiohttp import web

from blogen.web.answers import BRIEFLY
from blogen.web.keys import READY


async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"}, headers={"Cache-Control": BRIEFLY})


async def readyz(request: web.Request) -> web.Response:
    """Database and engine work; 503 and what is wrong otherwise."""
    checks = await request.app[READY]()
    is_ready = all(problem is None for problem in checks.values())
    return web.json_response(
        {
            "status": "ok" if is_ready else "unavailable",
            "checks": {name: "ok" if problem is None else problem for name, problem in checks.items()},
        },
        status=200 if is_ready else 503,
        headers={"Cache-Control": BRIEFLY},
    )
