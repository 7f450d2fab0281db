"""What everything that speaks the OpenAI API has in common: the section's keys, the connection, the errors.

Wire format: https://platform.openai.com/docs/api-reference. The `openai` package costs more than a second and 18 MB
to import, so it is imported, and its client built, in a worker thread on the first call. Its own retries are off.
"""

import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from socket import gaierror
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from pydantic import Field, model_validator

from blogen.config.section import BaseUrl, ProviderSection, is_private_address
from blogen.errors import AnswerUnusable, ProviderError, ProviderRefused, ProviderUnavailable
from blogen.providers.http import retry_after
from blogen.providers.protocols import Health, Usage
from blogen.providers.unpacking import ACCEPTED_ENCODINGS, TooLong, Unpacking, Unreadable

if TYPE_CHECKING:
    import httpx2
    import openai

T = TypeVar("T")

OBJECTIONS = frozenset({400, 422, 501})
"""How servers answer to a field that they do not know or to a value that they do not like."""


class OpenAISection(ProviderSection):
    """What `[text.NAME]` and `[image.NAME]` of kind `openai` share."""

    base_url: BaseUrl = Field("https://api.openai.com/v1", description="Where the API answers; often ends in /v1")
    model: str = Field(min_length=1, max_length=200, description="Name of the model, as the service calls it")
    input_usd_per_million: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Price in USD of a million tokens sent; unset: unknown"
    )
    output_usd_per_million: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Price in USD of a million tokens answered; unset: unknown"
    )

    @model_validator(mode="after")
    def _both_prices(self) -> Self:
        if (self.input_usd_per_million is None) != (self.output_usd_per_million is None):
            raise ValueError("give both `input_usd_per_million` and `output_usd_per_million`, or neither")
        return self

    @property
    def has_price(self) -> bool:
        return super().has_price or self.input_usd_per_million is not None

    def cost_usd_micros(self, input_tokens: int, output_tokens: int) -> int | None:
        """What a call cost; None where no price is known."""
        if self.is_free:
            return 0
        if self.input_usd_per_million is None or self.output_usd_per_million is None:
            return self.call_usd_micros
        # A price per million tokens in USD is the price per token in millionths of a USD.
        return round(input_tokens * self.input_usd_per_million + output_tokens * self.output_usd_per_million)


class Objection(NamedTuple):
    """What a server said when it did not do what was asked."""

    status: int
    code: str
    param: str
    words: str

    @property
    def is_explicit(self) -> bool:
        """Whether a code says what is wrong, not only words."""
        return self.code in _CONTENT_CODES | _LENGTH_CODES | {"model_not_found", "invalid_api_key"}

    def names(self, *fields: str) -> bool:
        """Whether it is about one of these fields of the request."""
        return any(re.search(rf"(?<![A-Za-z]){field}", f"{self.param} {self.words}", re.I) for field in fields)


class Connection:
    """One section's way to its server. Every failure leaves it as an error in Blogen's words."""

    def __init__(self, name: str, config: OpenAISection, *, max_answer_bytes: int) -> None:
        self.name = name
        self._config = config
        self._max_answer_bytes = max_answer_bytes
        self._building = anyio.Lock()
        self._client: openai.AsyncOpenAI | None = None

    async def ask(self, call: Callable[["openai.AsyncOpenAI"], Awaitable[T]]) -> T:
        """Make one call within the section's total time. Raises ProviderError."""
        client = await self._ready()
        try:
            with anyio.fail_after(self._config.timeout_seconds):
                return await call(client)
        except failures() as error:
            raise self.worded(error) from error

    async def check(self) -> Health:
        """Whether the server answers, takes the key and knows the model; spends nothing."""
        try:
            known = await self.ask(_list_models)
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        model, where = self._config.model, f"{self._config.base_url} answers"
        if known is None:
            return Health(ok=True, detail=f"{where}; it does not list its models, so {model!r} could not be checked.")
        if any(model == name or name in {f"{model}:latest", f"models/{model}"} for name in known):
            return Health(ok=True, detail=f"{where} and knows {model!r}.")
        return Health(
            ok=False,
            detail=f"{where}, but [{self.name}] asks for the model {model!r}, which it does not list.",
            remedy=_meant_model(model, known),
        )

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def usage(self, model: object, reported: object, *names: tuple[str, str]) -> Usage:
        """What a call used, from the answer's `usage` object; without one the cost is unknown."""
        answered_by = model if isinstance(model, str) and model else self._config.model
        usage = Usage(
            provider=self.name,
            model=self.without_key(answered_by)[:200],
            cost_usd_micros=0 if self._config.is_free else None,
        )
        for input_name, output_name in names or (("prompt_tokens", "completion_tokens"),):
            sent, answered = _field(reported, input_name), _field(reported, output_name)
            if isinstance(sent, int) and isinstance(answered, int) and min(sent, answered) >= 0:
                cost = self._config.cost_usd_micros(sent, answered)
                return usage.model_copy(
                    update={"input_tokens": sent, "output_tokens": answered, "cost_usd_micros": cost}
                )
        return usage

    def objection(self, error: BaseException) -> Objection | None:
        """What the server objected to, if `error` is its answer."""
        import openai

        if not isinstance(error, openai.APIError):
            return None
        status = error.response.status_code if isinstance(error, openai.APIStatusError) else 0
        body = error.body
        if isinstance(body, dict):
            words = body.get("message") or body.get("detail") or body.get("error") or body.get("msg") or ""
            code = body.get("code") or body.get("type") or ""
            return Objection(status, str(code), str(body.get("param") or ""), self._redacted(str(words)))
        words = body if isinstance(body, str) else error.message
        return Objection(status, "", "", self._redacted(words))

    def worded(self, error: BaseException) -> ProviderError:
        """`error` as the engine understands it: refused, unavailable or unusable, with a remedy."""
        import openai

        if isinstance(error, ProviderError):
            return error
        if too_long := _cause(error, TooLong):
            return AnswerUnusable(
                f"[{self.name}] answered with more than {too_long.max_bytes // 1_000_000} MB.",
                remedy="Check that base_url is the address of the API.",
                provider=self.name,
                raw=self.without_key(too_long.start.decode("utf-8", "replace")),
            )
        if isinstance(error, openai.APIStatusError):
            return self._status(error, self.objection(error) or Objection(error.status_code, "", "", ""))
        if isinstance(error, TimeoutError | openai.APITimeoutError) or _cause(error, TimeoutError):
            return self.unavailable(*self._timeout_words(error))
        if isinstance(error, openai.APIConnectionError):
            return self.unavailable(*self._connection_words(error))
        if isinstance(error, openai.APIError):  # an error object in the middle of a stream
            objection = self.objection(error) or Objection(0, "", "", "")
            return self.permanent(objection) or self.unavailable(
                f"[{self.name}] broke its answer off: {objection.words or 'it did not say why.'}"
            )
        if isinstance(error, ValueError):
            return self.malformed("could not be read")
        return self.unavailable(*self._connection_words(error))

    def permanent(self, objection: Objection) -> ProviderRefused | None:
        """The error, if no other form of the request would help: key, credit, content, length, model, address."""
        status, code, _, words = objection
        section, model = f"[{self.name}]", self._config.model
        if status == 401 or code == "invalid_api_key" or re.search(r"api key not valid|invalid api key", words, re.I):
            if self._config.api_key is None:
                return self.refused(f"{section} asks for a key ({status}), and none is set.", "Set api_key_file.")
            return self.refused(f"The key in {section} was refused ({status}).", "Check api_key or api_key_file.")
        if code in {"insufficient_quota", "billing_hard_limit_reached"} or status == 402:
            return self.refused(
                f"The account behind {section} has no credit left ({status}).",
                "Top it up or raise its limit at the service, then retry the job.",
            )
        if code in _CONTENT_CODES or (status in {400, 403, 422} and _CONTENT_WORDS.search(words)):
            return self.refused(
                f"{section} refused the content: {words or f'{code}.'}", "Change the topic, the brief or the sources."
            )
        if code in _LENGTH_CODES or status == 413 or (status in {400, 422, 0} and _LENGTH_WORDS.search(words)):
            return self.refused(
                f"The request is too long for the model {model!r} of {section}: {words or f'{status}.'}",
                "Give fewer or shorter sources, or use a model with a longer context.",
            )
        if code == "model_not_found" or (status in {400, 404} and _MODEL_WORDS.search(words)):
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

    def unavailable(
        self, detail: str, remedy: str = "", retry_after_seconds: float | None = None
    ) -> ProviderUnavailable:
        return ProviderUnavailable(detail, remedy=remedy, provider=self.name, retry_after_seconds=retry_after_seconds)

    def refused(self, detail: str, remedy: str = "") -> ProviderRefused:
        return ProviderRefused(detail, remedy=remedy, provider=self.name)

    def malformed(self, what: str) -> ProviderUnavailable:
        return self.unavailable(
            f"[{self.name}] sent an answer that {what}.",
            "If this goes on, check that base_url is the address of the API (it often ends in /v1).",
        )

    async def _ready(self) -> "openai.AsyncOpenAI":
        async with self._building:
            if self._client is None:
                self._client = await anyio.to_thread.run_sync(self._build)
            return self._client

    def _build(self) -> "openai.AsyncOpenAI":
        import httpx2
        import openai

        key = self._config.api_key.get_secret_value() if self._config.api_key else None
        timeout = httpx2.Timeout(self._config.timeout_seconds, connect=self._config.connect_seconds)
        http = httpx2.AsyncClient(
            timeout=timeout,
            # A redirect would turn a POST into a GET, and could carry a prompt to another host.
            follow_redirects=False,
            trust_env=not is_private_address(self._config.base_url),
            event_hooks={"request": [] if key else [_without_key], "response": [self._bound]},
            limits=httpx2.Limits(max_connections=self._config.concurrency + 2, keepalive_expiry=30),
        )
        client = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=self._config.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=http,
            default_headers={"Accept-Encoding": ACCEPTED_ENCODINGS},
        )
        # The SDK takes these from the environment; only the configuration shall speak.
        client.organization = client.project = None
        # The first touch of a resource imports the SDK's types: most of what it costs.
        _ = (client.chat.completions, client.images, client.models)
        return client

    async def _bound(self, response: "httpx2.Response") -> None:
        """Have the body counted, and unpacked under a limit, while it is read."""
        response.stream = bounded(response, self._max_answer_bytes)
        response.headers.pop("content-encoding", None)

    def _status(self, error: "openai.APIStatusError", objection: Objection) -> ProviderError:
        status = objection.status
        if permanent := self.permanent(objection):
            return permanent
        if 300 <= status < 400:
            target = urlsplit(error.response.headers.get("location", ""))
            return self.refused(
                f"{self._config.base_url} redirects ({status}), and a redirect is not followed with a key.",
                f"Set base_url to where it leads ({target.scheme}://{target.hostname})." if target.hostname else "",
            )
        words = f": {objection.words}" if objection.words else "."
        if status == 429:
            return self.unavailable(
                f"[{self.name}] asks for a pause (429){words}",
                "Lower requests_per_minute or concurrency if this is frequent.",
                retry_after(error.response.headers),
            )
        if status >= 500 or status in {408, 409, 425}:
            return self.unavailable(
                f"[{self.name}] failed ({status}){words}", retry_after_seconds=retry_after(error.response.headers)
            )
        return self.refused(f"[{self.name}] refused the request ({status}){words}")

    def _timeout_words(self, error: BaseException) -> tuple[str, str]:
        if _cause_named(error, "ConnectTimeout"):
            return (
                f"{self._host} could not be reached within {self._config.connect_seconds:g} s.",
                f"Check base_url of [{self.name}] and the network.",
            )
        return (
            f"[{self.name}] did not answer within {self._config.timeout_seconds:g} s.",
            "Raise timeout_seconds if its model is slow.",
        )

    def _connection_words(self, error: BaseException) -> tuple[str, str]:
        host, check = self._host, f"Check base_url of [{self.name}]."
        if _cause(error, gaierror):
            return f"The name of {host} could not be resolved.", check
        if tls := _cause(error, ssl.SSLError):
            reason = getattr(tls, "verify_message", "") or tls.reason or "TLS failed"
            return f"No safe connection to {host}: {reason}.", f"{check} Is it https, and is its certificate valid?"
        if _cause(error, ConnectionRefusedError):
            return f"{host} refused the connection.", f"{check} Is the server running?"
        if _cause_named(error, "ConnectError"):
            return f"{host} could not be reached.", check
        if _cause(error, Unreadable):
            return f"{host} sent an answer that could not be unpacked.", ""
        return f"{host} broke the connection off before its answer was complete.", ""

    @property
    def _host(self) -> str:
        return urlsplit(self._config.base_url).netloc

    def without_key(self, text: str) -> str:
        """A model's `text` as it may be kept and shown: some servers repeat what they were sent."""
        # A shorter one is no secret but a word such as `ollama`, which a text may well contain.
        return text.replace(self._key, "…") if len(self._key) >= _SECRET_LENGTH else text

    @property
    def _key(self) -> str:
        return self._config.api_key.get_secret_value() if self._config.api_key else ""

    def _redacted(self, words: str) -> str:
        words = words.replace(self._key, "…") if self._key else words
        words = re.sub(r"\b(sk|pk|key|rk|gsk|xai)-[\w*-]{8,}|\bBearer\s+\S+", "…", words)
        words = " ".join(words.split())
        words = words if len(words) <= 300 else f"{words[:299]}…"
        return words if not words or words[-1] in ".!?…" else f"{words}."


def failures() -> tuple[type[Exception], ...]:
    """What a call can fail with that is the other side's or the network's fault; anything else is a defect of ours."""
    import httpx2
    import openai

    network = (OSError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
    library = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL)
    return (*library, *network, TooLong, Unreadable, ValueError)


def bounded(response: "httpx2.Response", max_bytes: int) -> "httpx2.AsyncByteStream":
    """The response's stream: unpacked, and `TooLong` once it passes `max_bytes`; it remembers its last bytes."""
    import httpx2

    inner = response.stream
    unpacking = Unpacking(response.headers.get("content-encoding", ""), max_bytes)

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            assert isinstance(inner, httpx2.AsyncByteStream)
            tail = b""
            async for packed in inner:
                piece = unpacking.feed(packed)
                tail = (tail + piece)[-64:]
                response.extensions["tail"] = tail
                yield piece
            unpacking.finish()

        async def aclose(self) -> None:
            if isinstance(inner, httpx2.AsyncByteStream):
                await inner.aclose()

    return Bounded()


_SECRET_LENGTH = 12
_CONTENT_CODES = frozenset({"content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt"})
_CONTENT_WORDS = re.compile(
    r"content (management )?policy|safety system|was flagged|content[_ ]filter|usage polic", re.I
)
_LENGTH_CODES = frozenset({"context_length_exceeded", "string_above_max_length", "request_too_large"})
_LENGTH_WORDS = re.compile(
    r"context[_ ](length|window|size)|maximum context|too many tokens|(prompt|input|request) is too (long|large)"
    r"|reduce the length|exceeds? the (available |maximum )?context|\bn_ctx\b|max_model_len",
    re.I,
)
_MODEL_WORDS = re.compile(r"\bmodel\b.{0,120}?(not found|not exist|unknown|not supported|invalid)|unknown model", re.I)


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


async def _without_key(request: "httpx2.Request") -> None:
    """The SDK insists on a key; a server without one is sent none."""
    request.headers.pop("Authorization", None)


def _meant_model(model: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(model, known, n=3, cutoff=0.5)
    names = close or sorted(known)[:5]
    words = "Did you mean" if close else "It lists"
    return f"{words} {', '.join(repr(name) for name in names)}{'?' if close else ' …' if len(known) > 5 else '.'}"


def _field(holder: object, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__]
        if isinstance(found, BaseExceptionGroup):
            waiting += found.exceptions


E_ = TypeVar("E_", bound=BaseException)


def _cause(error: BaseException, kind: type[E_]) -> E_ | None:
    return next((found for found in _causes(error) if isinstance(found, kind)), None)


def _cause_named(error: BaseException, name: str) -> bool:
    return any(type(found).__name__ == name for found in _causes(error))
