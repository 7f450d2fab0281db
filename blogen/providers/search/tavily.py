"""Tavily, a search engine made for language models.

Wire format: https://docs.tavily.com/documentation/api-reference/endpoint/search. It does not know `site:` in a query;
sites have fields of their own.
"""

from typing import Any, Literal

from pydantic import Field, SecretStr

from blogen.config.section import BaseUrl, ProviderSection
from blogen.errors import ProviderError
from blogen.providers.hits import hits, tidy_query, wanted_sites
from blogen.providers.http import Answer, Service
from blogen.providers.protocols import Health, SearchHit

_MAX_ANSWER_BYTES = 5_000_000
_MAX_RESULTS = 20
_CHECK_SECONDS = 10.0
_PLAN_USED_UP = frozenset({432, 433})


class Config(ProviderSection):
    """`kind = "tavily"`: Tavily's search for language models, paid in credits."""

    base_url: BaseUrl = Field("https://api.tavily.com", description="Where its API answers")
    api_key: SecretStr = Field(description="The key it asks for; better given as `api_key_file`")
    timeout_seconds: float = Field(
        60, gt=0, le=3600, allow_inf_nan=False, description="How long one search may take before it is given up"
    )
    search_depth: Literal["basic", "advanced", "fast", "ultra-fast"] = Field(
        "basic", description="How thoroughly it searches; advanced costs two credits, the others one"
    )
    topic: Literal["general", "news", "finance"] = Field("general", description="What kind of pages are searched")
    time_range: Literal["day", "week", "month", "year"] | None = Field(
        None, description="How old pages may be: day, week, month or year; unset: any age"
    )
    country: str | None = Field(
        None,
        pattern=r"^[a-z][a-z ]{2,60}$",
        description="Country whose pages come first, in English and lower case, e.g. germany; with topic general only",
    )


class Provider:
    """Implements `SearchEngine`."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        key = config.api_key.get_secret_value()
        self._service = Service(
            name,
            config.base_url,
            timeout_seconds=config.timeout_seconds,
            connect_seconds=config.connect_seconds,
            max_answer_bytes=_MAX_ANSWER_BYTES,
            headers={"Accept": "application/json", "Authorization": f"Bearer {key}"},
            secrets=(key,),
        )

    async def search(self, query: str, *, language: str, limit: int = 10) -> list[SearchHit]:
        """Search once; it finds pages in the query's own language. Raises ProviderRefused, ProviderUnavailable."""
        del language
        answer = await self._ask("POST", "/search", json=self._order(query, limit))
        found = self._found(self._service.decoded(answer))
        return hits(((entry.get("url"), entry.get("title"), entry.get("content")) for entry in found), limit)

    def most_usd_micros(self, request: object) -> int | None:
        """Every search of a section costs the same."""
        del request
        return self._config.call_usd_micros

    async def check(self) -> Health:
        """Ask how many credits are used: that needs the key and costs none."""
        seconds = min(_CHECK_SECONDS, self._config.timeout_seconds)
        try:
            answer = await self._ask("GET", "/usage", accept_statuses=frozenset({404}), timeout_seconds=seconds)
            used = "" if answer.status == 404 else _account(self._service.decoded(answer))
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        if answer.status == 404:
            return Health(ok=True, detail=f"{self._config.base_url} answers; it does not tell if it takes the key.")
        return Health(ok=True, detail=f"{self._config.base_url} answers and takes the key{used}.")

    async def close(self) -> None:
        await self._service.close()

    def _order(self, query: str, limit: int) -> dict[str, Any]:
        wanted = wanted_sites(query)
        order: dict[str, Any] = {
            "query": tidy_query(wanted.query),
            "search_depth": self._config.search_depth,
            "topic": self._config.topic,
            "max_results": max(1, min(limit, _MAX_RESULTS)),
            "include_answer": False,
            "include_raw_content": False,
            "include_images": False,
        }
        if wanted.only:
            order["include_domains"] = wanted.only
        if wanted.without:
            order["exclude_domains"] = wanted.without
        if self._config.time_range:
            order["time_range"] = self._config.time_range
        if self._config.country and self._config.topic == "general":
            order["country"] = self._config.country
        return order

    async def _ask(
        self, method: str, path: str, *, accept_statuses: frozenset[int] = frozenset(), **options: Any
    ) -> Answer:
        answer = await self._service.ask(method, path, accept_statuses=accept_statuses | _PLAN_USED_UP, **options)
        if answer.status in _PLAN_USED_UP:
            said = self._service.redacted(answer.words)
            words = f": {said}" if said else "."
            raise self._service.refused(
                f"The credits of the plan behind [{self.name}] are used up ({answer.status}){words}",
                "Raise the plan or its limit at Tavily, or wait until its month is over.",
            )
        return answer

    def _found(self, body: Any) -> list[dict[str, Any]]:
        found = body.get("results") if isinstance(body, dict) else None
        if not isinstance(found, list):
            raise self._service.malformed("holds no list of results")
        entries = [entry for entry in found if isinstance(entry, dict)]
        if found and not entries:
            raise self._service.malformed("holds results of an unknown form")
        return entries


def _account(body: Any) -> str:
    """How much is used, in words, where the answer tells: of the key's own limit, else of the plan's."""
    if not isinstance(body, dict):
        return ""
    key, account = body.get("key"), body.get("account")
    for part, used, limit in ((key, "usage", "limit"), (account, "plan_usage", "plan_limit")):
        if isinstance(part, dict) and isinstance(part.get(limit), int) and isinstance(part.get(used), int | float):
            return f"; {part[used]:g} of {part[limit]} credits are used"
    return ""
