"""FakeSearXNG: an instance as its own code answers (`searx/webapp.py`, `searx/webutils.py`): `/search` in JSON, if that
is enabled, and the errors of a query, a language and the limiter."""

import re
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from tests.fakes.search_server import FakeSearch, Result

LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-zA-Z]{2})?|all|auto")


class FakeSearXNG(FakeSearch):
    """`formats` are those of its `settings.yml`; `silent` the engines that do not answer it, with their reasons."""

    def __init__(
        self, *, formats: tuple[str, ...] = ("html", "json"), silent: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__()
        self.formats = formats
        self.silent = silent

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/search", self._search), web.get("/healthz", self._healthz)]

    def error(self, status: int) -> web.Response:
        names = {403: "Forbidden", 429: "Too Many Requests"}
        if status in {400, 500}:
            return web.json_response({"error": "search error"}, status=status)
        text = f"<!doctype html>\n<html lang=en>\n<title>{status} {names.get(status, 'Error')}</title>\n"
        return web.Response(text=text, status=status, content_type="text/html")

    async def _search(self, request: web.Request) -> web.Response:
        form = request.query.get("format", "html")
        if form not in self.formats:
            return self.error(403)
        query = request.query.get("q")
        if form != "json":
            return web.Response(text="<!doctype html><title>SearXNG</title>", content_type="text/html")
        if not query:
            return web.json_response({"error": "No query"}, status=400)
        for name, known in (("language", LANGUAGE), ("safesearch", re.compile("[012]"))):
            value = request.query.get(name, "all" if name == "language" else "0")
            if not known.fullmatch(value):
                return web.json_response({"error": f'Invalid value "{value}" for parameter {name}'}, status=400)
        return web.json_response(
            {
                "query": query,
                "number_of_results": 0,
                "results": [_result(result, place) for place, result in enumerate(self.finds(query), 1)],
                "answers": [],
                "corrections": [],
                "infoboxes": [],
                "suggestions": [],
                "unresponsive_engines": [list(engine) for engine in self.silent],
            }
        )

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK")


def _result(result: Result, place: int) -> dict[str, Any]:
    return {
        "template": "default.html",
        "url": result.url,
        "title": result.title,
        "content": result.text,
        "publishedDate": None,
        "thumbnail": "",
        "engine": "duckduckgo",
        "engines": ["duckduckgo"],
        "positions": [place],
        "parsed_url": list(urlsplit(str(result.url))),
        "score": round(1 / place, 3),
        "category": "general",
    }
