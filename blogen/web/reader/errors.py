"""Pages that help when something is not there or went wrong."""

from aiohttp import web

from blogen.web.answers import BRIEFLY, HTML
from blogen.web.middleware import request_id
from blogen.web.templates import render

_TITLES = {404: "Nothing here", 405: "Not like this", 503: "Just a moment"}


async def error_page(request: web.Request, status: int, detail: str, remedy: str) -> web.Response:
    title = _TITLES.get(status, "That went wrong" if status >= 500 else "That did not work")
    context = {"title": title, "status": status, "detail": detail, "remedy": remedy, "request_id": request_id(request)}
    text = render(request.app, "error.html", **context)
    return web.Response(
        text=text, status=status, content_type=HTML, charset="utf-8", headers={"Cache-Control": BRIEFLY}
    )
