"""FakeTavily: Tavily's search and usage endpoints as its API reference describes them."""

from typing import Any

from aiohttp import web

from tests.fakes.search_server import Call, FakeSearch

FIELDS = {
    "query", "search_depth", "topic", "time_range", "max_results", "include_answer", "include_raw_content",
    "include_images", "include_domains", "exclude_domains", "country",
}  # fmt: skip


class FakeTavily(FakeSearch):
    def __init__(self, *, key: str = "tvly-a-secret-key") -> None:
        super().__init__()
        self.key = key
        self.knows_usage = True

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/search", self._search), web.get("/usage", self._usage)]

    def query_of(self, call: Call) -> str:
        return str(call.body["query"]) if isinstance(call.body, dict) else ""

    def error(self, status: int) -> web.Response:
        known = {
            400: "Invalid request.",
            401: "Unauthorized: missing or invalid API key.",
            429: "Your request has been blocked due to excessive requests.",
            432: "This request exceeds your plan's set usage limit. Please upgrade your plan or contact support.",
            433: "This request exceeds the pay-as-you-go limit. You can increase it on the Tavily dashboard.",
        }
        return web.json_response({"detail": {"error": known.get(status, "Internal Server Error")}}, status=status)

    def refusal(self, request: web.Request) -> web.Response | None:
        return None if request.headers.get("Authorization") == f"Bearer {self.key}" else self.error(401)

    async def _search(self, request: web.Request) -> web.Response:
        order: dict[str, Any] = await request.json()
        query = order.get("query", "")
        if not query or len(query) > 400 or not set(order) <= FIELDS or not 0 <= order.get("max_results", 5) <= 20:
            return self.error(400)
        found = self.finds(query)[: order.get("max_results", 5)]
        return web.json_response(
            {
                "query": query,
                "follow_up_questions": None,
                "answer": None,
                "images": [],
                "results": [
                    {"url": url, "title": title, "content": text, "score": 0.81, "raw_content": None}
                    for url, title, text in found
                ],
                "response_time": 1.09,
                "request_id": "123e4567-e89b-12d3-a456-426614174111",
            }
        )

    async def _usage(self, _request: web.Request) -> web.Response:
        if not self.knows_usage:
            return web.json_response({"detail": "Not Found"}, status=404)
        return web.json_response(
            {
                "key": {"usage": 150, "limit": 1000, "search_usage": 150, "extract_usage": 0},
                "account": {"current_plan": "Bootstrap", "plan_usage": 500, "plan_limit": 15_000},
            }
        )
