"""FakeBrave: Brave's web search as its API reference describes it. The key is looked at before the request; both are
answered 422 when they are wrong."""

from typing import Any

from aiohttp import web

from tests.fakes.search_server import FakeSearch, Result

LANGUAGES = {"en", "en-gb", "de", "fr", "jp", "pt-br", "pt-pt", "zh-hans", "zh-hant", "nb"}
"""Some of those it knows; any other is answered 422."""


class FakeBrave(FakeSearch):
    def __init__(self, *, key: str = "BSA-a-secret-key") -> None:
        super().__init__()
        self.key = key

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/res/v1/web/search", self._search)]

    def error(self, status: int) -> web.Response:
        known = {
            403: ("RESOURCE_NOT_ALLOWED", "The plan does not include this resource.", "subscriptions"),
            404: ("SUBSCRIPTION_NOT_FOUND", "No subscription found.", "subscriptions"),
            422: ("SUBSCRIPTION_TOKEN_INVALID", "The provided subscription token is invalid.", "authentication"),
            429: ("RATE_LIMITED", "Request rate limit exceeded for plan.", "rate_limiter"),
        }
        return error(status, *known.get(status, ("INTERNAL", "An internal error occurred.", "search")))

    def refusal(self, request: web.Request) -> web.Response | None:
        return None if request.headers.get("X-Subscription-Token") == self.key else self.error(422)

    async def _search(self, request: web.Request) -> web.Response:
        query, count = request.query.get("q", ""), int(request.query.get("count", "20"))
        faults = [
            *(["q"] if not query or len(query) > 400 or len(query.split()) > 50 else []),
            *(["count"] if not 1 <= count <= 20 else []),
            *(["search_lang"] if request.query.get("search_lang", "en") not in LANGUAGES else []),
        ]
        if faults:
            return error(422, "VALIDATION", "Unable to validate request parameter(s)", "", faults)
        found = self.finds(query)[:count]
        body: dict[str, Any] = {
            "type": "search",
            "query": {"original": query, "show_strict_warning": False, "more_results_available": bool(found)},
            "mixed": {"type": "mixed", "main": [], "top": [], "side": []},
        }
        if found:
            body["web"] = {"type": "search", "results": [_result(result) for result in found], "family_friendly": True}
        headers = {
            "X-RateLimit-Limit": "1, 15000",
            "X-RateLimit-Policy": "1;w=1, 15000;w=2592000",
            "X-RateLimit-Remaining": "0, 14999",
            "X-RateLimit-Reset": "1, 1419704",
        }
        return web.json_response(body, headers=headers)


def error(status: int, code: str, detail: str, component: str, fields: list[str] | None = None) -> web.Response:
    """An error as Brave sends it."""
    meta: dict[str, Any] = {"component": component} if component else {}
    if fields:
        meta["errors"] = [
            {"type": "missing", "loc": ["query", field], "msg": "Field required", "input": None} for field in fields
        ]
    found = {"id": "5d832250-9396-4f6e", "code": code, "detail": detail, "status": status, "meta": meta}
    return web.json_response({"type": "ErrorResponse", "error": found, "time": 1_780_000_000}, status=status)


def _result(result: Result) -> dict[str, Any]:
    return {
        "title": result.title,
        "url": result.url,
        "is_source_local": False,
        "is_source_both": False,
        "description": result.text,
        "page_age": "2026-01-02T03:04:05",
        "language": "en",
        "family_friendly": True,
        "type": "search_result",
        "subtype": "generic",
    }
