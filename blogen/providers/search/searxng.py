"""A SearXNG instance, one's own or another's.

Wire format: https://docs.searxng.org/dev/search_api.html. JSON has to be enabled in the instance's `settings.yml`;
where it is not, every request for it is answered 403. The instance asks other engines, and says which of them did not
answer: an empty list beside those is no result.
"""

import re
from typing import Any, Literal

from pydantic import Field

from blogen.config.section import BaseUrl, ProviderSection
from blogen.errors import ProviderBusy, ProviderError
from blogen.providers.hits import hits, plain_text, tidy_query
from blogen.providers.http import Answer, Service, retry_after
from blogen.providers.protocols import Health, SearchHit

_MAX_ANSWER_BYTES = 5_000_000
_CHECK_SECONDS = 10.0
_OUR_WORDS = frozenset({400, 403, 429})
"""Statuses that say more here than with other services."""
_LANGUAGE = re.compile(r"(?P<base>[a-z]{2,3})(?:-(?P<region>[a-z]{2}))?(?:-|$)", re.IGNORECASE)
_OPERATOR = re.compile(r"^(?:[!?:]+|<(?=\d))")


class Config(ProviderSection):
    """`kind = "searxng"`: a SearXNG instance whose `settings.yml` has `json` among `search.formats`."""

    base_url: BaseUrl = Field("http://127.0.0.1:8888", description="Where the instance answers, without /search")
    timeout_seconds: float = Field(
        30, gt=0, le=3600, allow_inf_nan=False, description="How long one search may take before it is given up"
    )
    categories: list[str] = Field(
        default_factory=list,
        max_length=20,
        description="Categories to search in, e.g. general, news, science; empty: the instance's choice",
    )
    engines: list[str] = Field(
        default_factory=list, max_length=50, description="Engines to ask, by name; empty: the instance's choice"
    )
    safesearch: int = Field(1, ge=0, le=2, description="How strictly adult pages are left out: 0 not, 2 strictly")
    time_range: Literal["day", "month", "year"] | None = Field(
        None, description="How old pages may be: day, month or year; unset: any age"
    )


class Provider:
    """Implements `SearchEngine`."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        key = config.api_key.get_secret_value() if config.api_key else ""
        self._service = Service(
            name,
            config.base_url,
            timeout_seconds=config.timeout_seconds,
            connect_seconds=config.connect_seconds,
            max_answer_bytes=_MAX_ANSWER_BYTES,
            headers={"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})},
            secrets=(key,),
        )

    async def search(self, query: str, *, language: str, limit: int = 10) -> list[SearchHit]:
        """Search once. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        answer = await self._ask({**self._order(language), "q": harmless(query)})
        found = self._found(self._service.decoded(answer))
        return hits(((entry.get("url"), entry.get("title"), entry.get("content")) for entry in found), limit)

    def most_usd_micros(self, request: object) -> int | None:
        """Every search costs the same."""
        del request
        return self._config.call_usd_micros

    async def check(self) -> Health:
        """Ask for JSON without a query: that is refused, but not before the format is looked at."""
        try:
            await self._ask({"format": "json"}, seconds=min(_CHECK_SECONDS, self._config.timeout_seconds))
        except _NoQuery:
            return Health(ok=True, detail=f"{self._config.base_url} answers in JSON.")
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        return Health(
            ok=False,
            detail=f"{self._config.base_url} is no SearXNG: it searches for nothing.",
            remedy="Check base_url.",
        )

    async def close(self) -> None:
        await self._service.close()

    def _order(self, language: str) -> dict[str, str]:
        order = {"format": "json", "language": _known_language(language), "safesearch": str(self._config.safesearch)}
        if self._config.categories:
            order["categories"] = ",".join(self._config.categories)
        if self._config.engines:
            order["engines"] = ",".join(self._config.engines)
        if self._config.time_range:
            order["time_range"] = self._config.time_range
        return order

    async def _ask(self, order: dict[str, str], seconds: float | None = None) -> Answer:
        answer = await self._service.ask(
            "GET", "/search", params=order, accept_statuses=_OUR_WORDS, timeout_seconds=seconds
        )
        if answer.status in _OUR_WORDS:
            raise self._refusal(answer, has_query="q" in order)
        return answer

    def _refusal(self, answer: Answer, *, has_query: bool) -> ProviderError:
        if answer.status == 403:
            return self._service.refused(
                f"The instance of [{self.name}], {self._config.base_url}, does not answer in JSON (403).",
                "Add `json` to `search.formats` in the instance's settings.yml and restart it.",
            )
        if answer.status == 429:
            return ProviderBusy(
                f"The limiter of {self._config.base_url} turned [{self.name}] away (429).",
                remedy="Let Blogen's address pass in the instance's limiter.toml (botdetection.ip_lists.pass_ip), or "
                "set `server.limiter: false` in its settings.yml.",
                provider=self.name,
                retry_after_seconds=retry_after(answer.headers),
            )
        if not has_query and "json" in answer.media_type:
            return _NoQuery("There was nothing to search for.", provider=self.name)
        return self._service.status_error(answer)

    def _found(self, body: Any) -> list[dict[str, Any]]:
        found = body.get("results") if isinstance(body, dict) else None
        if not isinstance(found, list):
            raise self._service.malformed("holds no list of results")
        entries = [entry for entry in found if isinstance(entry, dict)]
        if found and not entries:
            raise self._service.malformed("holds results of an unknown form")
        if not entries and (silent := _silent_engines(body.get("unresponsive_engines"))):
            raise self._service.unavailable(
                f"[{self.name}] found nothing, and these engines did not answer it: {silent}.",
                "Choose other `engines` in the section, or look at the instance's /stats.",
            )
        return entries


class _NoQuery(ProviderError):
    """The answer to a check: there was no query."""


def harmless(query: str) -> str:
    """`query` without what SearXNG takes for an order: `!engine`, `!!bang`, `:language`, `<timeout`."""
    return tidy_query(" ".join(filter(None, (_OPERATOR.sub("", word) for word in query.split()))))


def _known_language(language: str) -> str:
    """A tag as SearXNG takes it, `en` or `en-GB`; others are answered 400."""
    found = _LANGUAGE.match(language)
    if found is None:
        return "all"
    return f"{found['base'].lower()}-{found['region'].upper()}" if found["region"] else found["base"].lower()


def _silent_engines(value: object) -> str:
    """Names and reasons of the engines that did not answer: `[["google", "CAPTCHA"]]`."""
    if not isinstance(value, list):
        return ""
    pairs = [entry for entry in value[:8] if isinstance(entry, list) and entry and isinstance(entry[0], str)]
    return plain_text(", ".join(f"{pair[0]} ({pair[1]})" if len(pair) > 1 else pair[0] for pair in pairs), 300)
