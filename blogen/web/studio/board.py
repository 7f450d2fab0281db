"""`/studio`: the jobs, by where they are."""

from aiohttp import web

from blogen.web.studio.door import owner, page


async def board(request: web.Request) -> web.Response:
    who = await owner(request)
    return await page(request, "board.html", who)
