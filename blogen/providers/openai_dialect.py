"""What everything that speaks the OpenAI API has in common: the section's keys, its errors, what calls cost.

Wire format: https://platform.openai.com/docs/api-reference. What it shares with other services that have an
SDK is in `sdk`.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeGuard
from urllib.parse import quote, urlsplit

from pydantic import Field, model_validator

from blogen.config.section import BaseUrl, ProviderSection
from blogen.errors import AnswerUnusable, ProviderError
from blogen.providers import prices, sdk
from blogen.providers.http import retry_after
from blogen.providers.openai_errors import BAD_JSON, Objection, objection_in
from blogen.providers.openai_limits import pause_asked_for, used_up_seconds
from blogen.providers.openai_presets import AUTO, PRESETS, Preset, PresetName
from blogen.providers.prices import Price
from blogen.providers.protocols import Accuracy, Usage
from blogen.providers.sdk import SdkConnection, cause, nearest
from blogen.providers.unpacking import ACCEPTED_ENCODINGS, TooLong

if TYPE_CHECKING:
    import openai

MOST_REPORTED_USD = 100.0
"""A service that reports a higher cost of one call is not believed."""


class OpenAISection(ProviderSection):
    """What `[text.NAME]` and `[image.NAME]` of kind `openai` share."""

    preset: PresetName | None = Field(
        None,
        description="The service or program by name: gives its address, what it understands and how its errors read; "
        "unset: it is found out",
    )
    base_url: BaseUrl = Field(
        "https://api.openai.com/v1",
        description="Where the API answers; often ends in /v1. With a `preset`: its address, unless given",
    )
    api_version: str | None = Field(
        None,
        pattern=r"^[\w.-]{1,40}$",
        description="Sent as `api-version`, which Azure's older addresses ask for; those that end in /openai/v1 do not",
    )
    model: str = Field(
        min_length=1, max_length=200, description="Name of the model, as the service calls it; at Azure the deployment"
    )
    input_usd_per_million: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Price in USD of a million tokens sent; unset: the list price at api.openai.com, else unknown",
    )
    output_usd_per_million: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Price in USD of a million tokens answered; unset: as with the tokens sent",
    )
    cached_input_usd_per_million: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Price in USD of a million tokens sent that the service had in its cache; unset: that of any other",
    )

    @model_validator(mode="before")
    @classmethod
    def _address_of_preset(cls, raw: Any) -> Any:
        preset = PRESETS.get(str(raw.get("preset"))) if isinstance(raw, Mapping) else None
        if preset is None or preset.base_url is None or raw.get("base_url") or raw.get("base_urls"):
            return raw
        return {**raw, "base_url": preset.base_url}

    @model_validator(mode="after")
    def _address_is_known(self) -> Self:
        if self.service.base_url is None and "base_url" not in self.model_fields_set and not self.base_urls:
            raise ValueError(f'`preset = "{self.preset}"` needs `base_url`: every owner has an address of their own')
        return self

    @model_validator(mode="after")
    def _both_prices(self) -> Self:
        prices.check_given(self.input_usd_per_million, self.output_usd_per_million, self.cached_input_usd_per_million)
        return self

    @property
    def service(self) -> Preset:
        return PRESETS[self.preset] if self.preset else AUTO

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def has_price(self) -> bool:
        return super().has_price or self.input_usd_per_million is not None

    @property
    def is_free(self) -> bool:
        """As for any section; but a relay on this machine hands calls on to services that cost."""
        return super().is_free and (self.free is True or not self.service.is_relay)

    @property
    def price(self) -> Price | None:
        """What tokens cost: as the owner says, else the list price, at the service's own address only."""
        if self.input_usd_per_million is not None and self.output_usd_per_million is not None:
            return Price(self.input_usd_per_million, self.output_usd_per_million, self.cached_input_usd_per_million)
        return prices.known(self.host, self.model) if self.host in _OWN_HOSTS else None

    def cost_usd_micros(
        self, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0, cache_write_tokens: int = 0
    ) -> int | None:
        """What a call cost; None where no price is known."""
        if self.is_free or self.price is None:
            return self.call_usd_micros
        of_tokens = self.price.usd_micros(
            input_tokens, output_tokens, cached_tokens=cached_tokens, cache_write_tokens=cache_write_tokens
        )
        return None if of_tokens is None else of_tokens + (self.call_usd_micros or 0)

    @property
    def api_url(self) -> str:
        """What the calls' paths are put behind."""
        parts = urlsplit(self.base_url)
        if self.preset != "azure" or self.api_version is None or "/openai/" in f"{parts.path}/":
            return self.base_url
        return f"{self.base_url}/openai/deployments/{quote(self.model, safe='')}"


class Connection(SdkConnection["openai.AsyncOpenAI", OpenAISection]):
    """One section's way to its server. Every failure leaves it as an error in Blogen's words."""

    key_prefixes = "sk|pk|key|rk|gsk|xai"
    meant_address = "the address of the API (it often ends in /v1)"

    def __init__(self, name: str, config: OpenAISection, *, max_answer_bytes: int, has_responses: bool = False) -> None:
        super().__init__(name, config, max_answer_bytes=max_answer_bytes)
        self._has_responses = has_responses

    @property
    def model(self) -> str:
        return self._config.model

    def usage(
        self, model: object, reported: object, *names: tuple[str, str], headers: Mapping[str, str] | None = None
    ) -> Usage:
        """What a call used, from the answer's `usage` object and headers; without tokens the cost is unknown."""
        answered_by = model if isinstance(model, str) and model else self._config.model
        headers = headers if headers is not None else {}
        usage = Usage(
            provider=self.name,
            model=self.without_key(answered_by)[:200],
            cost_usd_micros=0 if self._config.is_free else None,
            pause_seconds=used_up_seconds(headers),
        )
        for input_name, output_name in names or (("prompt_tokens", "completion_tokens"),):
            sent, answered = _count(reported, input_name), _count(reported, output_name)
            if sent is None or answered is None:
                continue
            details = _field(reported, f"{input_name}_details")
            cost = self._config.cost_usd_micros(
                sent,
                answered,
                cached_tokens=_count(details, "cached_tokens") or 0,
                cache_write_tokens=_count(details, "cache_write_tokens") or 0,
            )
            usage = usage.model_copy(update={"input_tokens": sent, "output_tokens": answered, "cost_usd_micros": cost})
            break
        told = None if self._config.is_free else _told_usd(reported, headers)
        if told is None:
            return usage
        accuracy: Accuracy = "reported"
        return usage.model_copy(update={"cost_usd_micros": round(told * 1_000_000), "accuracy": accuracy})

    def objection(self, error: BaseException) -> Objection | None:
        """What the server objected to, if `error` is its answer."""
        import openai

        if not isinstance(error, openai.APIError):
            return None
        status = error.response.status_code if isinstance(error, openai.APIStatusError) else 0
        return self._objection(error.body, status, error.message)

    def told(self, body: object, headers: Mapping[str, str] | None = None) -> ProviderError:
        """The error in an answer that has a good status and says otherwise."""
        objection = self._objection(body, 0)
        if objection.status == 0:
            return self._broken_off(objection)
        return self._judged(objection, headers if headers is not None else {})

    def worded(self, error: BaseException) -> ProviderError:
        import openai

        if isinstance(error, ProviderError):
            return error
        if too_long := cause(error, TooLong):
            return self.too_long(too_long)
        if isinstance(error, openai.APIStatusError):
            objection = self.objection(error) or Objection(error.status_code, "", "", "")
            return self._judged(objection, error.response.headers)
        if isinstance(error, TimeoutError | openai.APITimeoutError) or cause(error, TimeoutError):
            return self.timed_out(error)
        if isinstance(error, openai.APIConnectionError):
            return self.disconnected(error)
        if isinstance(error, openai.APIError):  # an error object in the middle of a stream
            return self.told(error.body if error.body is not None else error.message)
        if isinstance(error, ValueError | RecursionError):
            return self.malformed("could not be read")
        return self.disconnected(error)

    def permanent(self, objection: Objection) -> ProviderError | None:
        """The error, if no other form of the request would help: key, credit, content, length, model, address."""
        status, code, _, words, raw = objection
        section, model, service = f"[{self.name}]", self._config.model, self._config.service
        if objection.is_wrong_key():
            if self._config.api_key is None:
                return self.refused(f"{section} asks for a key ({status}), and none is set.", "Set api_key_file.")
            return self.refused(f"The key in {section} was refused ({status}).", "Check api_key or api_key_file.")
        if objection.is_no_credit(service):
            return self.refused(
                f"The account behind {section} has no credit left ({status}).",
                "Top it up or raise its limit at the service, then retry the job.",
            )
        if objection.is_content(service):
            return self.content_refused(words or f"{code}.")
        if code == BAD_JSON:
            return AnswerUnusable(
                f"The answer of [{self.name}] was not the JSON that was asked for: {words or code}",
                remedy="Try again, or use another model.",
                provider=self.name,
                raw=self.without_key(raw),
            )
        if objection.is_too_long(service):
            return self.refused(
                f"The request is too long for the model {model!r} of {section}: {words or f'{status}.'}",
                "Give fewer or shorter sources, or use a model with a longer context.",
            )
        if objection.is_unknown_model(service):
            return self.refused(
                f"{section} does not know the model {model!r} ({status}).",
                "Check model; `blogen doctor` compares it with what the service lists.",
            )
        if status == 403:
            return self.refused(
                f"The key in {section} may not do this (403){f': {words}' if words else '.'}",
                f"Check api_key or api_key_file, and whether it may use the model {model!r}.",
            )
        if status in {404, 405}:
            return self.refused(
                f"{self._config.base_url} does not have what {section} asks for ({status}).",
                f"Check base_url (it often ends in /v1) and model ({model!r}).",
            )
        return None

    def _build(self) -> "openai.AsyncOpenAI":
        import openai

        key, own_header, version = self._key, self._config.service.key_header, self._config.api_version
        http = self._http(sends_key=bool(key) and not own_header)
        client = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=self._config.api_url,
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
            default_headers={
                "Accept-Encoding": ACCEPTED_ENCODINGS,
                **({own_header: key} if own_header and key else {}),
            },
            default_query={"api-version": version} if version else None,
        )
        # The SDK takes these from the environment; only the configuration shall speak.
        client.organization = client.project = None
        # The first touch of a resource imports the SDK's types: most of what it costs.
        _ = (client.chat.completions, client.images, client.models)
        if self._has_responses:
            _ = client.responses
        return client

    def _failures(self) -> tuple[type[Exception], ...]:
        return failures()

    async def _listed_models(self, client: "openai.AsyncOpenAI") -> list[str] | None:
        if path := self._config.service.key_path:
            import httpx2

            await client.get(path, cast_to=httpx2.Response)
        listed = await _list_models(client)
        return listed if self._config.service.lists_models else None

    def _is_meant(self, listed: str) -> bool:
        model = self._config.model
        return model == listed or listed in {f"{model}:latest", f"models/{model}"}

    def _other_models(self, listed: list[str]) -> str:
        close = nearest(self._config.model, listed)
        names = ", ".join(map(repr, close or sorted(listed)[:5]))
        return f"Did you mean {names}?" if close else f"It lists {names}{' …' if len(listed) > 5 else '.'}"

    @property
    def _unlisted(self) -> str:
        return "its models" if self._config.service.lists_models else "deployments"

    def _objection(self, body: object, status: int, otherwise: str = "") -> Objection:
        objection = objection_in(body, status, self.redacted, otherwise)
        return objection._replace(code=objection.code.replace(self._key, "…")) if self._key else objection

    def _judged(self, objection: Objection, headers: Mapping[str, str]) -> ProviderError:
        """A status and what came with it as an error."""
        status = objection.status
        if status == 402 and (pause := retry_after(headers)) is not None:
            return self.busy(f"[{self.name}] asks for a pause (402): {objection.words}", pause)  # calls under way
        if permanent := self.permanent(objection):
            return permanent
        if 300 <= status < 400:
            return self.redirected(status, headers.get("location", ""))
        words = f": {objection.words}" if objection.words else "."
        if status == 429:
            return self.busy(f"[{self.name}] asks for a pause (429){words}", pause_asked_for(headers))
        if status >= 500 or status in {408, 409, 425}:
            return self.unavailable(f"[{self.name}] failed ({status}){words}", retry_after_seconds=retry_after(headers))
        return self.refused(f"[{self.name}] refused the request ({status}){words}")

    def _broken_off(self, objection: Objection) -> ProviderError:
        """An error without status, instead of an answer or in the middle of one."""
        words = f"[{self.name}] broke its answer off: {objection.words or objection.code or 'it did not say why.'}"
        if objection.code == "rate_limit_exceeded":
            return self.busy(words)
        return self.permanent(objection) or self.lost(words)


def failures() -> tuple[type[Exception], ...]:
    """What a call can fail with that is the other side's or the network's fault."""
    import openai

    return sdk.failures(openai.OpenAIError)


_OWN_HOSTS = frozenset({"api.openai.com"})


def _told_usd(reported: object, headers: Mapping[str, str]) -> float | None:
    """What the service says that the call cost: OpenRouter in `usage`, LiteLLM in a header."""
    told: object = _field(reported, "cost")
    if told is None and (header := headers.get("x-litellm-response-cost", "")):
        with suppress(ValueError):
            told = float(header)
    if not _is_amount(told):
        return None
    upstream = _field(_field(reported, "cost_details"), "upstream_inference_cost")
    if _field(reported, "is_byok") is True and _is_amount(upstream):
        told += upstream  # paid to the model's host with the owner's own key
    return float(told) if 0 <= told <= MOST_REPORTED_USD else None


def _is_amount(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(holder: object, name: str) -> int | None:
    """A number of tokens; None if there is none that can be one."""
    value = _field(holder, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else None


async def _list_models(client: "openai.AsyncOpenAI") -> list[str] | None:
    """Names of the models; None if the server lists none."""
    import json

    import openai

    try:
        answer = await client.models.with_raw_response.list()
    except openai.APIStatusError as error:
        if error.status_code in {404, 405, 501}:
            return None
        raise
    listed = _field(json.loads(answer.http_response.content), "data")
    names = [name for entry in listed or () if isinstance(name := _field(entry, "id"), str)]
    return names or None


def _field(holder: object, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)
