"""Claude models behind Anthropic's Messages API, or behind a gateway that speaks it.

Wire format: https://platform.claude.com/docs/en/api/messages, in the version that the SDK names (2026-10-21). The
`anthropic` package is an extra. A request that is refused for its form is sent again in a plainer one, and what worked
is remembered: older models know no structured output, newer ones no temperature.
"""

import hashlib
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

import anyio
from pydantic import Field, model_validator

from blogen.config.section import BaseUrl, ProviderSection
from blogen.errors import (
    AnswerUnusable,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from blogen.providers.http import DAY_SECONDS, retry_after
from blogen.providers.json_answers import json_object, schema_by_words
from blogen.providers.prices import Price, check_given, known
from blogen.providers.protocols import Health, Probe, Stream, TextAnswer, TextRequest, Usage
from blogen.providers.reasoning import ReasoningFilter, without_reasoning
from blogen.providers.sdk import SdkConnection, cause, failures, nearest
from blogen.providers.strict_schema import strict_schema
from blogen.providers.unpacking import ACCEPTED_ENCODINGS, TooLong

if TYPE_CHECKING:
    import anthropic
    import httpx2

    from blogen.providers.limits import Limits
    from blogen.providers.probing import Bill, Outcome

MAX_ANSWER_BYTES = 5_000_000

JsonOutput = Literal["auto", "schema", "tool", "none"]


class Config(ProviderSection):
    """`kind = "anthropic"`: Claude models. Needs `pip install 'blogen[anthropic]'`."""

    base_url: BaseUrl = Field("https://api.anthropic.com", description="Where the API answers, without `/v1`")
    model: str = Field(min_length=1, max_length=200, description="Name of the model, as the service calls it")
    timeout_seconds: float = Field(
        300, gt=0, le=3600, allow_inf_nan=False, description="How long one call may take before it is given up"
    )
    max_output_tokens: int = Field(
        16_000, ge=1, le=1_000_000, description="Tokens an answer may have at most, thinking included"
    )
    json_output: JsonOutput = Field(
        "auto",
        description="How answers with a shape are asked for: `schema` (structured output), `tool` (as the input of a "
        "tool), `none` (by words alone); `auto` finds out",
    )
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(
        None, description="How much work models that take it put into an answer; unset: the model's own"
    )
    temperature: float | None = Field(
        None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Sampling temperature; models since Claude 4.7 take none and are asked without. Unset: as each "
        "call asks",
    )
    stall_seconds: float = Field(
        60, gt=0, le=3600, allow_inf_nan=False, description="How long a streamed answer may pause before it is given up"
    )
    input_usd_per_million: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Price in USD of a million tokens sent; unset: as far as known"
    )
    output_usd_per_million: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Price in USD of a million tokens answered; unset: as far as known"
    )

    @model_validator(mode="after")
    def _both_prices(self) -> Self:
        check_given(self.input_usd_per_million, self.output_usd_per_million)
        return self

    @property
    def has_price(self) -> bool:
        return super().has_price or self.input_usd_per_million is not None

    @property
    def price(self) -> Price | None:
        """What tokens cost: as the owner says, else as the service publishes it; None where neither does."""
        sent, answered = self.input_usd_per_million, self.output_usd_per_million
        if sent is None or answered is None:
            return known(urlsplit(self.base_url).hostname or "", self.model)
        return Price(sent, answered, cached_input_usd_per_million=sent / 10)  # that share is the same for all models


class Provider:
    """Implements `TextModel`, `CanPrice` and `CanProbe`."""

    def __init__(self, name: str, config: Config, connection: "Connection | None" = None) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        self._connection = connection or Connection(name, config)
        self._form = _Form(shape="schema" if config.json_output == "auto" else config.json_output)

    async def complete(self, request: TextRequest, *, stream: Stream | None = None) -> TextAnswer:
        """Answer one question. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        return await self._connection.ask(lambda client: self._complete(client, request, stream))

    def most_usd_micros(self, request: TextRequest) -> int | None:
        """Upper bound of what the call can cost; no tokenizer makes more than a token of two bytes."""
        if self.is_free:
            return 0
        price = self._config.price
        if price is None:
            return self._config.call_usd_micros
        schema = json.dumps(request.json_schema) if request.json_schema is not None else ""
        sent = len(f"{request.system}{request.user}{schema}".encode()) // 2 + 200
        return price.most_usd_micros(sent, self._most_tokens(request))

    async def check(self) -> Health:
        """Whether the service answers, takes the key and knows the model; spends nothing."""
        by = "as the section says" if self._config.json_output != "auto" else "until it refuses that"
        told = {"schema": "structured output", "tool": "shapes as a tool's input", "none": "shapes told in words"}
        health = await self._connection.check(f"Assumed {by}: {told[self._form.shape]}.")
        return health.model_copy(update={"assumed": {"json_output": self._form.shape}})

    async def probe(self, limits: "Limits", *, seconds: float) -> Probe:
        """Try what `check` only supposes. Instructions and the usage in streams are parts of the API."""
        from blogen.providers.probing import Bill, Ways, probed, shape_capability  # only `doctor` needs it

        bill = Bill(is_free=self.is_free)
        names = {"schema": "structured output", "tool": "a tool's input", "none": "a shape told in words"}
        ways = Ways(self.name, names, self._form.shape, self._config.json_output != "auto")
        return await probed(
            [lambda: shape_capability(ways, lambda way: self._shaped(way, limits, bill))], bill, seconds=seconds
        )

    async def close(self) -> None:
        await self._connection.close()

    async def _shaped(self, way: str, limits: "Limits", bill: "Bill") -> "Outcome":
        """What comes of asking for a shape in that way and no other."""
        from blogen.providers.probing import MOST_TOKENS, SHAPED, SHAPED_BY_WORDS, Outcome, shape_in

        asked = Provider(self.name, self._config.model_copy(update={"json_output": way}), self._connection)
        # Models since Claude 4.7 would refuse a temperature first.
        request = (SHAPED_BY_WORDS if way == "none" else SHAPED).model_copy(update={"temperature": None})
        try:
            async with limits.turn(tokens=MOST_TOKENS) as turn:
                answer = await asked.complete(request)
                turn.used(answer.usage.input_tokens + answer.usage.output_tokens)
        except AnswerUnusable as error:
            bill.add(error.usage if isinstance(error.usage, Usage) else Usage())
            return shape_in(error.raw, is_whole=False)
        except ProviderRefused as error:
            words = self._connection.refusal_of_form(error)
            if way == "none" or words is None:
                raise
            return Outcome("refused", words)
        bill.add(answer.usage)
        return shape_in(answer.text, is_whole=True)

    async def _complete(
        self, client: "anthropic.AsyncAnthropic", request: TextRequest, stream: Stream | None
    ) -> TextAnswer:
        import anthropic

        form = self._form
        first: Exception | None = None
        while True:
            order = self._order(request, form, stream)
            try:
                reply = await self._ask(client, order, request, stream)
            except anthropic.APIStatusError as error:
                first = first or error
                plainer = self._plainer(form, order, self._connection.objection(error))
                if plainer is None:
                    # What the first, full request was refused for is what the owner can mend.
                    worst = first if error.status_code in _OBJECTIONS else error
                    raise self._connection.worded(worst) from error
                form = plainer
            else:
                self._form = form
                return self._answer(request, order, reply)

    def _order(self, request: TextRequest, form: "_Form", stream: Stream | None) -> dict[str, Any]:
        """The call's body, and what belongs in its headers."""
        order: dict[str, Any] = {
            "model": self._config.model,
            "max_tokens": self._most_tokens(request),
            "messages": [{"role": "user", "content": request.user}],
        }
        headers = {"X-Blogen-Purpose": re.sub(r"[^\w:./-]", "-", request.purpose, flags=re.A)[:64]}
        if request.reference:
            headers["Idempotency-Key"] = _header_value(request.reference)
        system = request.system
        output: dict[str, Any] = {"effort": self._config.effort} if self._config.effort else {}
        if request.json_schema is not None:
            schema = _constrained(request.json_schema) if form.shape == "schema" else None
            if schema is not None:
                output["format"] = {"type": "json_schema", "schema": schema}
            elif form.shape == "none":
                system = f"{system}\n\n{schema_by_words(request.json_schema)}".strip()
            else:
                name = re.sub(r"[^A-Za-z0-9_-]", "_", request.purpose)[:64] or "answer"
                order["tools"] = [{"name": name, "description": _TOOL, "input_schema": request.json_schema}]
                order["tool_choice"] = {"type": "tool", "name": name}
        if output:
            order["output_config"] = output
        if system:
            order["system"] = system
        temperature = self._config.temperature if self._config.temperature is not None else request.temperature
        if temperature is not None and form.temperature:
            # The version of the API that the SDK names has none any more; the one before has.
            headers["anthropic-version"] = "2023-06-01"
            order["extra_body"] = {"temperature": min(temperature, 1.0)}
        if stream is not None:
            order["stream"] = True
        return {**order, "extra_headers": headers}

    def _plainer(self, form: "_Form", order: dict[str, Any], objection: "_Objection") -> "_Form | None":
        """The next form to try, where the service objects to something that could be left out. None: none."""
        if objection.status not in _OBJECTIONS:
            return None
        if "extra_body" in order and objection.names("temperature"):
            return replace(form, temperature=False)
        shape = _shape_in(order)
        if self._config.json_output == "auto" and shape is not None and objection.names(*_SHAPE_WORDS):
            return replace(form, shape=_PLAINER[shape])
        return None

    async def _ask(
        self, client: "anthropic.AsyncAnthropic", order: dict[str, Any], request: TextRequest, stream: Stream | None
    ) -> "_Reply":
        raw = await client.messages.with_raw_response.create(**order)
        response: httpx2.Response = raw.http_response
        if stream is None:
            return self._whole(response.content, response.headers)
        if "json" in response.headers.get("content-type", "").partition(";")[0]:
            reply = self._whole(await response.aread(), response.headers)  # it does not stream, and answered at once
            if request.json_schema is None:
                stream(without_reasoning(reply.text))
            return reply
        return await self._streamed(response, stream)

    def _whole(self, content: bytes, headers: Mapping[str, str]) -> "_Reply":
        """A reply that came in one piece."""
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise self._connection.malformed("is not JSON") from None
        if not isinstance(body, dict) or not isinstance(body.get("content"), list):
            raise self._connection.malformed("has no `content`")
        reply = _Reply(model=_text(body, "model"), usage=_object(body, "usage"), headers=headers)
        for block in body["content"]:
            reply.begin(block)
        reply.stop(body)
        return reply

    async def _streamed(self, response: "httpx2.Response", stream: Stream) -> "_Reply":
        """A reply that comes in pieces; text is shown as it arrives, thinking never."""
        from anthropic import AsyncStream

        reply = _Reply(headers=response.headers)
        shown = ReasoningFilter()
        events = aiter(AsyncStream.raw_events(response))
        try:
            while not reply.is_complete and (event := await self._next(events, is_first=not reply.model)) is not None:
                if (visible := shown.feed(self._take(reply, event))) != "":
                    stream(visible)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        if visible := shown.finish():
            stream(visible)
        if not reply.is_complete and not reply.model:
            raise self._connection.malformed("is no stream")
        if not reply.is_complete:
            raise self._connection.lost(f"[{self.name}] broke its answer off before the end.")
        return reply

    async def _next(self, events: AsyncIterator[Any], *, is_first: bool) -> dict[str, Any] | None:
        """The next event, or None at the end. The first one may take the call's whole time."""
        found: Any = _NOTHING
        with anyio.move_on_after(None if is_first else self._config.stall_seconds):
            found = await anext(events, None)
        if found is _NOTHING:
            seconds = f"{self._config.stall_seconds:g} s"
            raise self._connection.lost(
                f"[{self.name}] stopped in the middle of its answer: nothing came for {seconds}."
            )
        if found is None:
            return None
        try:
            event = json.loads(found.data) if found.data else {}
        except (ValueError, RecursionError):
            raise self._connection.malformed("holds an event that is not JSON") from None
        return event if isinstance(event, dict) else {}

    def _take(self, reply: "_Reply", event: dict[str, Any]) -> str:
        """Add an event to the reply; the text in it."""
        match event.get("type"):
            case "message_start":
                message = _object(event, "message")
                reply.model = _text(message, "model") or self._config.model
                reply.count(_object(message, "usage"))
            case "content_block_start":
                return reply.begin(event.get("content_block"))
            case "content_block_delta":
                return reply.add(_object(event, "delta"))
            case "message_delta":
                reply.stop(_object(event, "delta"))
                reply.count(_object(event, "usage"))
            case "message_stop":
                reply.is_complete = True
            case "error":
                raise self._connection.broken_off(_object(event, "error"))
        return ""

    def _answer(self, request: TextRequest, order: dict[str, Any], reply: "_Reply") -> TextAnswer:
        usage = self._connection.usage(reply)
        text = without_reasoning(self._connection.without_key(reply.text))
        if reply.stop_reason == "refusal":
            said = self._connection.redacted(reply.explanation)
            raise self._connection.content_refused(said, usage)
        if reply.stop_reason in _CUT_SHORT:
            raise self._unusable(
                f"[{self.name}] {_CUT_SHORT[reply.stop_reason]} before the answer was complete.",
                "Raise max_output_tokens, ask for fewer words, or use a model that may answer at greater length.",
                text,
                usage,
            )
        if request.json_schema is not None:
            text = self._connection.without_key(reply.tool_input) or text
            found = json_object(text)
            shape = _shape_in(order)
            if found is None and self._config.json_output == "auto" and shape is not None:
                # It takes the order for a shape and does not follow it: ask more plainly the next time.
                self._form = replace(self._form, shape=_PLAINER[shape])
            text = found or text
        if not text:
            raise self._unusable(
                f"[{self.name}] gave an empty answer.", "Try again, or use another model.", text, usage
            )
        return TextAnswer(text=text, usage=usage)

    def _most_tokens(self, request: TextRequest) -> int:
        return min(self._config.max_output_tokens, request.max_output_tokens or self._config.max_output_tokens)

    def _unusable(self, detail: str, remedy: str, raw: str, usage: Usage) -> AnswerUnusable:
        return AnswerUnusable(detail, remedy=remedy, provider=self.name, raw=raw, usage=usage)


class Connection(SdkConnection["anthropic.AsyncAnthropic", Config]):
    """One section's way to its service. Every failure leaves it as an error in Blogen's words."""

    key_prefixes = "sk"

    def __init__(self, name: str, config: Config) -> None:
        super().__init__(name, config, max_answer_bytes=MAX_ANSWER_BYTES)

    def usage(self, reply: "_Reply") -> Usage:
        """What a call used, and how long the service wants to be left alone after it."""
        config = self._config
        usage = Usage(
            provider=self.name,
            model=self.without_key(reply.model or config.model)[:200],
            cost_usd_micros=config.call_usd_micros,
            pause_seconds=_pause(reply.headers) or 0.0,
        )
        sent, answered = _count(reply.usage, "input_tokens"), _count(reply.usage, "output_tokens")
        if sent is None or answered is None:
            return usage
        written = _count(reply.usage, "cache_creation_input_tokens") or 0
        read = _count(reply.usage, "cache_read_input_tokens") or 0
        total = sent + written + read
        counted = {"input_tokens": total, "output_tokens": answered}
        if not config.is_free and (price := config.price):
            cost = price.usd_micros(total, answered, cached_tokens=read, cache_write_tokens=written)
            return usage.model_copy(update={**counted, "cost_usd_micros": cost})
        return usage.model_copy(update=counted)

    def objection(self, error: "anthropic.APIStatusError") -> "_Objection":
        body = error.body if isinstance(error.body, dict) else {}
        told = _object(body, "error") or body
        words = _text(told, "message") or _text(told, "detail")
        if not words and isinstance(error.body, str) and "<" not in error.body:
            words = error.body
        code = _text(_object(told, "details"), "error_code")
        return _Objection(error.status_code, _text(told, "type"), code, self.redacted(words))

    def refusal_of_form(self, error: ProviderRefused) -> str | None:
        """The service's words where it refused a request for its form; None if it did for another reason."""
        import anthropic

        if not isinstance(error.__cause__, anthropic.APIStatusError):
            return None
        objection = self.objection(error.__cause__)
        is_of_form = objection.status in _OBJECTIONS and self._permanent(objection) is None
        return objection.words.rstrip(".") if is_of_form else None

    def worded(self, error: BaseException) -> ProviderError:
        import anthropic

        if isinstance(error, ProviderError):
            return error
        if too_long := cause(error, TooLong):
            return self.too_long(too_long)
        if isinstance(error, anthropic.APIStatusError):
            return self._status_error(self.objection(error), error.response.headers)
        if isinstance(error, TimeoutError | anthropic.APITimeoutError) or cause(error, TimeoutError):
            return self.timed_out(error)
        if isinstance(error, ValueError | RecursionError):
            return self.malformed("could not be read")
        return self.disconnected(error)

    def broken_off(self, told: dict[str, Any]) -> ProviderError:
        """An error in the middle of a stream, whose status was 200."""
        kind, words = _text(told, "type"), self.redacted(_text(told, "message"))
        status = {"rate_limit_error": 429, "overloaded_error": 529}.get(kind, 500)
        found = _Objection(status, kind, "", words)
        if permanent := self._permanent(found):
            return permanent
        passing = self._passing(found, {}, f"[{self.name}] broke its answer off")
        return passing if isinstance(passing, ProviderBusy) else self.lost(passing.detail)

    def _build(self) -> "anthropic.AsyncAnthropic":
        try:
            import anthropic
        except ImportError as error:
            raise self.refused(
                f"[{self.name}] needs the package `anthropic`, which is not installed.",
                "Install it: pip install 'blogen[anthropic]'",
            ) from error
        http = self._http(sends_key=bool(self._key))
        client = anthropic.AsyncAnthropic(
            api_key=self._key or "none",
            base_url=re.sub(r"/v1/?$", "", self.base_url),  # the SDK adds it
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
            default_headers={"Accept-Encoding": ACCEPTED_ENCODINGS},
            open_telemetry=False,
        )
        # The first touch of a resource imports the SDK's types: most of what it costs.
        _ = (client.messages, client.models)
        return client

    def _failures(self) -> tuple[type[Exception], ...]:
        import anthropic

        return failures(anthropic.AnthropicError)

    async def _listed_models(self, client: "anthropic.AsyncAnthropic") -> list[str]:
        import anthropic

        try:
            answer = await client.models.with_raw_response.list(limit=1000)
        except anthropic.APIStatusError as error:
            if error.status_code in {404, 405, 501}:
                return []
            raise
        body = json.loads(answer.http_response.content)
        listed = body.get("data") if isinstance(body, dict) else None
        entries = listed if isinstance(listed, list) else []
        return [name for entry in entries if isinstance(entry, dict) and (name := _text(entry, "id"))]

    def _is_meant(self, listed: str) -> bool:
        # A name without its date is an alias of the newest one.
        return re.fullmatch(rf"{re.escape(self._config.model)}(-\d{{8}})?", listed) is not None

    def _other_models(self, listed: list[str]) -> str:
        names = nearest(self._config.model, listed) or sorted(listed)[:5]
        return f"It lists {', '.join(map(repr, names))}."

    def _status_error(self, objection: "_Objection", headers: Mapping[str, str]) -> ProviderError:
        status, words = objection.status, objection.words
        if permanent := self._permanent(objection):
            return permanent
        if 300 <= status < 400:
            return self.redirected(status, headers.get("location", ""))
        if status >= 500 or status in {408, 409, 425, 429}:
            return self._passing(objection, headers, f"[{self.name}] failed ({status})")
        return self.refused(f"[{self.name}] refused the request ({status}){f': {words}' if words else '.'}")

    def _passing(self, objection: "_Objection", headers: Mapping[str, str], beginning: str) -> ProviderUnavailable:
        """What may be over soon. A quota that is used up is nobody's failure; an overloaded service is its own."""
        words = f": {objection.words}" if objection.words else "."
        asked = retry_after(headers)
        if objection.status == 429:
            return self.busy(
                f"[{self.name}] asks for a pause (429){words}",
                _pause(headers) if asked is None else asked,
                "Lower requests_per_minute, tokens_per_minute or concurrency if this is frequent.",
            )
        return self.unavailable(f"{beginning}{words}", retry_after_seconds=asked)

    def _permanent(self, objection: "_Objection") -> ProviderRefused | None:
        """The error, if repeating would not help: key, credit, content, length, model, address."""
        status, kind, code, words = objection
        section, model, because = f"[{self.name}]", self._config.model, f": {words}" if words else "."
        if status == 401 or kind == "authentication_error":
            if not self._key:
                return self.refused(f"{section} asks for a key ({status}), and none is set.", "Set api_key_file.")
            return self.refused(f"The key in {section} was refused ({status}).", "Check api_key or api_key_file.")
        if status == 402 or kind == "billing_error" or code.endswith("limit_reached") or _CREDIT_WORDS.search(words):
            return self.refused(
                f"The account behind {section} has no credit left ({status}){because}",
                "Top it up or raise its limit at the service, then retry the job.",
            )
        if status in {400, 403, 422, 500} and _CONTENT_WORDS.search(words):
            return self.content_refused(words)
        if status == 413 or (status in {400, 422} and _LENGTH_WORDS.search(words)):
            return self.refused(
                f"The request is too long for the model {model!r} of {section}{because}",
                "Give fewer or shorter sources, or use a model with a longer context.",
            )
        if status in {400, 422} and re.match(r"max_tokens\b", words):
            return self.refused(
                f"The model {model!r} of {section} does not answer at such length ({status}){because}",
                "Lower max_output_tokens.",
            )
        if status == 403:
            return self.refused(
                f"The key in {section} may not do this (403){because}",
                f"Check api_key or api_key_file, and whether it may use the model {model!r}.",
            )
        if (status == 404 and kind == "not_found_error") or (status == 400 and _MODEL_WORDS.search(words)):
            return self.refused(
                f"{section} does not know the model {model!r} ({status}){because}",
                "Check model; `blogen doctor` compares it with what the service lists.",
            )
        if status in {404, 405}:
            return self.refused(
                f"{self._config.base_url} does not have what {section} asks for ({status}).",
                "Check base_url: the path `/v1/messages` is added to it.",
            )
        return None


_TOOL = "Takes the answer. Call it once, with the whole answer."
_PLAINER: dict[JsonOutput, JsonOutput] = {"schema": "tool", "tool": "none"}
_SHAPE_WORDS = ("output_config", "output_format", "structured output", "schema", "grammar", "tool", "format")
_OBJECTIONS = frozenset({400, 422})
_CUT_SHORT = {
    "max_tokens": "stopped at its length limit",
    "model_context_window_exceeded": "filled its context",
    "pause_turn": "paused",
}
_NOTHING = object()
_CREDIT_WORDS = re.compile(r"credit balance is too low|reached your specified .{0,40}usage limits|spend limit", re.I)
_CONTENT_WORDS = re.compile(r"content filter|usage polic|content polic|blocked by", re.I)
_LENGTH_WORDS = re.compile(
    r"prompt is too long|too many (input )?tokens|exceeds? .{0,40}context|request_too_large|input is too long", re.I
)
_MODEL_WORDS = re.compile(
    r"\bmodel\b.{0,120}?(not found|not exist|unknown|not available|invalid)|(unknown|invalid) model", re.I
)


@dataclass(frozen=True)
class _Form:
    """What the model is known, or supposed, to understand."""

    shape: JsonOutput
    temperature: bool = True


class _Objection(NamedTuple):
    """What the service said when it did not do what was asked: `{"type": "error", "error": {type, message}}`."""

    status: int
    kind: str
    code: str
    words: str

    def names(self, *fields: str) -> bool:
        return any(field in self.words.casefold() for field in fields)


@dataclass
class _Reply:
    """A message as it is put together; nothing in it is trusted to be of its type."""

    headers: Mapping[str, str]
    model: str = ""
    usage: dict[str, Any] | None = None
    text: str = ""
    tool_input: str = ""
    stop_reason: str = ""
    explanation: str = ""
    is_complete: bool = False

    def begin(self, block: object) -> str:
        """Take the beginning of a content block, or the whole of it; its text. Thinking is no text."""
        if not isinstance(block, dict):
            return ""
        if block.get("type") == "tool_use" and isinstance(block.get("input"), dict) and block["input"]:
            self.tool_input = json.dumps(block["input"], ensure_ascii=False)
        piece = _text(block, "text") if block.get("type") == "text" else ""
        self.text += piece
        return piece

    def add(self, delta: dict[str, Any]) -> str:
        """Take a piece of a content block; its text."""
        if delta.get("type") == "input_json_delta":
            self.tool_input += _text(delta, "partial_json")
        piece = _text(delta, "text") if delta.get("type") == "text_delta" else ""
        self.text += piece
        return piece

    def count(self, usage: dict[str, Any]) -> None:
        """Take counts of tokens; later ones are totals, not additions."""
        self.usage = {**(self.usage or {}), **{key: value for key, value in usage.items() if value is not None}}

    def stop(self, delta: dict[str, Any]) -> None:
        self.stop_reason = _text(delta, "stop_reason") or self.stop_reason
        self.explanation = _text(_object(delta, "stop_details"), "explanation") or self.explanation


def _constrained(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The schema as structured output takes it; None if it cannot be: free keys would all be forbidden."""
    import anthropic

    strict, is_strict = strict_schema(schema)
    if not is_strict:
        return None
    try:
        return anthropic.transform_schema(strict)
    except (ValueError, TypeError):
        return None


def _shape_in(order: dict[str, Any]) -> JsonOutput | None:
    """How `order` asks for a shape, if it does so by more than words."""
    if "format" in order.get("output_config", {}):
        return "schema"
    return "tool" if "tools" in order else None


def _header_value(reference: str) -> str:
    """`reference` as a header can carry it; two different ones stay different."""
    if re.fullmatch(r"[\x21-\x7e]{1,200}", reference):
        return reference
    return hashlib.sha256(reference.encode()).hexdigest()


def _pause(headers: Mapping[str, str]) -> float | None:
    """Seconds until the last of the used-up quotas is filled again; None if none is used up."""
    try:
        now = parsedate_to_datetime(headers.get("date", "")).timestamp()  # the service's clock, if it tells
    except (ValueError, TypeError):
        now = time.time()
    waits = []
    for quota in ("requests", "tokens", "input-tokens", "output-tokens"):
        if headers.get(f"anthropic-ratelimit-{quota}-remaining", "").strip() != "0":
            continue
        try:
            reset = datetime.fromisoformat(headers.get(f"anthropic-ratelimit-{quota}-reset", "")).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
        waits.append(min(max(reset - now, 0.0), DAY_SECONDS))
    return max(waits, default=None)


def _text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _count(usage: dict[str, Any] | None, name: str) -> int | None:
    value = (usage or {}).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
