"""Brave's search engine.

Wire format: https://api-dashboard.search.brave.com/api-reference/web/search/get. A wrong key is answered 422, as a
wrong request is; only the code in the body tells them apart. The key is looked at first.
"""

from typing import Any, Literal

from pydantic import Field, SecretStr

from blogen.config.section import BaseUrl, ProviderSection
from blogen.errors import ProviderError
from blogen.providers.hits import hits, tidy_query
from blogen.providers.http import Answer, Service, retry_after
from blogen.providers.protocols import Health, SearchHit

_MAX_ANSWER_BYTES = 5_000_000
_MAX_COUNT = 20
_CHECK_SECONDS = 10.0
_PATH = "/res/v1/web/search"
_OUR_WORDS = frozenset({403, 404, 422, 429})
"""Statuses that say more here than with other services."""
_LANGUAGES = {
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "en-gb", "es", "et", "eu", "fi", "fr", "gl", "gu", "he", "hi",
    "hr", "hu", "is", "it", "jp", "kn", "ko", "lt", "lv", "ml", "mr", "ms", "nb", "nl", "pa", "pl", "pt-br", "pt-pt",
    "ro", "ru", "sk", "sl", "sr", "sv", "ta", "te", "th", "tr", "uk", "vi", "zh-hans", "zh-hant",
}  # fmt: skip
"""Others are answered 422."""
_CALLED_OTHERWISE = {
    "ja": "jp", "no": "nb", "nn": "nb", "pt": "pt-pt", "zh": "zh-hans", "zh-cn": "zh-hans", "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
}  # fmt: skip


class Config(ProviderSection):
    """`kind = "brave"`: Brave's search engine, paid by the search."""

    base_url: BaseUrl = Field("https://api.search.brave.com", description="Where its API answers")
    api_key: SecretStr = Field(description="The key it asks for; better given as `api_key_file`")
    timeout_seconds: float = Field(
        30, gt=0, le=3600, allow_inf_nan=False, description="How long one search may take before it is given up"
    )
    country: str | None = Field(
        None, pattern=r"^([A-Za-z]{2}|ALL)$", description="Where pages come from, e.g. DE; unset: the service's choice"
    )
    safesearch: Literal["off", "moderate", "strict"] = Field(
        "moderate", description="How strictly adult pages are left out"
    )
    freshness: Literal["pd", "pw", "pm", "py"] | None = Field(
        None, description="How old pages may be: pd a day, pw a week, pm a month, py a year; unset: any age"
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
            headers={"Accept": "application/json", "X-Subscription-Token": key},
            secrets=(key,),
        )

    async def search(self, query: str, *, language: str, limit: int = 10) -> list[SearchHit]:
        """Search once. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        answer = await self._ask(self._order(query, language, limit))
        found = self._found(self._service.decoded(answer))
        return hits(((entry.get("url"), entry.get("title"), entry.get("description")) for entry in found), limit)

    def most_usd_micros(self, request: object) -> int | None:
        """Every search costs the same."""
        del request
        return self._config.call_usd_micros

    async def check(self) -> Health:
        """Send no query: that is refused and costs nothing, but the key is looked at first."""
        try:
            await self._ask({}, seconds=min(_CHECK_SECONDS, self._config.timeout_seconds))
        except _NoQuery:
            return Health(ok=True, detail=f"{self._config.base_url} answers and takes the key.")
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        return Health(
            ok=False, detail=f"{self._config.base_url} is not Brave: it searches for nothing.", remedy="Check base_url."
        )

    async def close(self) -> None:
        await self._service.close()

    def _order(self, query: str, language: str, limit: int) -> dict[str, str]:
        order = {
            "q": tidy_query(query),
            "count": str(max(1, min(limit, _MAX_COUNT))),
            "result_filter": "web",
            "text_decorations": "false",
            "safesearch": self._config.safesearch,
        }
        if known := _known_language(language):
            order["search_lang"] = known
        if self._config.country:
            order["country"] = self._config.country.upper()
        if self._config.freshness:
            order["freshness"] = self._config.freshness
        return order

    async def _ask(self, order: dict[str, str], seconds: float | None = None) -> Answer:
        answer = await self._service.ask(
            "GET", _PATH, params=order, accept_statuses=_OUR_WORDS, timeout_seconds=seconds
        )
        if answer.status in _OUR_WORDS:
            raise self._refusal(answer, has_query="q" in order)
        return answer

    def _refusal(self, answer: Answer, *, has_query: bool) -> ProviderError:
        section, code = f"[{self.name}]", self._code(answer)
        if "TOKEN" in code:
            return self._service.refused(
                f"The key in {section} was refused ({answer.status}, {code}).", "Check api_key or api_key_file."
            )
        if code == "SUBSCRIPTION_NOT_FOUND":
            return self._service.refused(
                f"The key in {section} belongs to no plan ({answer.status}, {code}).",
                "Subscribe to a plan with web search at Brave's API dashboard.",
            )
        if code == "QUOTA_LIMITED":
            return self._service.refused(
                f"The searches of the plan behind {section} are used up ({answer.status}, {code}).",
                "Raise the plan at Brave's API dashboard, or wait until its month is over.",
            )
        if answer.status == 429:
            pause = retry_after(answer.headers)
            return self._service.busy(f"{section} asks for a pause (429).", _pause(answer) if pause is None else pause)
        if answer.status == 422 and not has_query and code:
            return _NoQuery("There was nothing to search for.", provider=self.name)
        return self._service.status_error(answer)

    def _code(self, answer: Answer) -> str:
        """The code of an error: `{"error": {"code": …}}`, or the first of `errors`."""
        try:
            body = self._service.decoded(answer)
        except ProviderError:
            return ""
        error = body.get("error") or body.get("errors") if isinstance(body, dict) else None
        if isinstance(error, list):
            error = error[0] if error else None
        code = error.get("code") if isinstance(error, dict) else None
        return code[:60] if isinstance(code, str) else ""

    def _found(self, body: Any) -> list[dict[str, Any]]:
        if not isinstance(body, dict) or body.get("type") != "search":
            raise self._service.malformed("is none of a search")
        web = body.get("web")
        if web is None:  # it found nothing
            return []
        found = web.get("results") if isinstance(web, dict) else None
        if not isinstance(found, list):
            raise self._service.malformed("holds no list of results")
        entries = [entry for entry in found if isinstance(entry, dict)]
        if found and not entries:
            raise self._service.malformed("holds results of an unknown form")
        return entries


class _NoQuery(ProviderError):
    """The answer to a check: there was no query."""


def _known_language(language: str) -> str | None:
    tag = language.lower()
    base = tag.partition("-")[0]
    for name in (tag, base):
        known = _CALLED_OTHERWISE.get(name, name)
        if known in _LANGUAGES:
            return known
    return None


def _pause(answer: Answer) -> float | None:
    """When the used-up window is over: `X-RateLimit-Remaining: 0, 1999` with `X-RateLimit-Reset: 1, 1419704`."""
    left = _numbers(answer.headers.get("X-RateLimit-Remaining", ""))
    reset = _numbers(answer.headers.get("X-RateLimit-Reset", ""))
    used_up = [seconds for seconds, rest in zip(reset, left, strict=False) if rest == 0]
    return max(used_up or reset[:1], default=None)


def _numbers(header: str) -> list[float]:
    return [min(float(part), 86_400.0) for part in header.split(",") if part.strip().isdecimal()]
