"""Text models behind anything that speaks OpenAI's Chat Completions API.

Wire format: https://platform.openai.com/docs/api-reference/chat. Compatible servers differ in what they know, so a
request that is refused for its form is sent again in a plainer one, and what worked is remembered. Only a refusal
leads to another try: an answer that was paid for is never asked for twice.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import anyio
from pydantic import Field

from blogen.errors import AnswerUnusable
from blogen.providers.openai_dialect import OBJECTIONS, Connection, OpenAISection, failures
from blogen.providers.protocols import Health, Stream, TextAnswer, TextRequest, Usage
from blogen.providers.reasoning import ReasoningFilter, without_reasoning
from blogen.providers.strict_schema import strict_schema

if TYPE_CHECKING:
    import httpx2
    import openai

MAX_ANSWER_BYTES = 5_000_000

JsonOutput = Literal["auto", "schema", "object", "none"]


class Config(OpenAISection):
    """`kind = "openai"`: OpenAI, or any server with the same API (vLLM, llama.cpp, Ollama, OpenRouter …)."""

    json_output: JsonOutput = Field(
        "auto",
        description="How answers with a shape are asked for: `schema` (structured output), `object` (JSON mode), "
        "`none` (by words alone); `auto` finds out",
    )
    stall_seconds: float = Field(
        60, gt=0, le=3600, allow_inf_nan=False, description="How long a streamed answer may pause before it is given up"
    )
    temperature: float | None = Field(
        None, ge=0, le=2, allow_inf_nan=False, description="Sampling temperature of all calls; unset: as each call asks"
    )
    reasoning_effort: str | None = Field(
        None, max_length=20, description="Sent as `reasoning_effort` to models that take it, e.g. low"
    )


class Provider:
    """Implements `TextModel`."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        self._connection = Connection(name, config, max_answer_bytes=MAX_ANSWER_BYTES)
        self._form = _first_form(config)

    async def complete(self, request: TextRequest, *, stream: Stream | None = None) -> TextAnswer:
        """Answer one question. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        return await self._connection.ask(lambda client: self._complete(client, request, stream))

    async def check(self) -> Health:
        return await self._connection.check()

    async def close(self) -> None:
        await self._connection.close()

    async def _complete(self, client: "openai.AsyncOpenAI", request: TextRequest, stream: Stream | None) -> TextAnswer:
        form = self._form
        refusals: list[Exception] = []
        while True:
            try:
                reply = await self._ask(client, request, form, stream)
            except failures() as error:
                plainer = self._plainer(form, error, self._order(request, form, stream))
                refusals.append(error)
                if plainer is None:
                    # What the first, full request was refused for is what the owner can mend.
                    raise self._connection.worded(self._first(refusals)) from error
                form = plainer
            else:
                return self._answer(request, form, reply)

    def _plainer(self, form: "_Form", error: Exception, order: dict[str, Any]) -> "_Form | None":
        """The next form to try: without the field the server names, else without the least needed one. None: none."""
        objection = self._connection.objection(error)
        if objection is None or objection.status not in OBJECTIONS or objection.is_explicit:
            return None
        steps = list(_steps(form, order))
        named = [plainer for names, plainer in steps if objection.names(*names)]
        if named:
            return named[0]
        return steps[0][1] if steps and self._connection.permanent(objection) is None else None

    def _first(self, refusals: list[Exception]) -> Exception:
        last = self._connection.objection(refusals[-1])
        return refusals[0] if last is not None and last.status in OBJECTIONS else refusals[-1]

    async def _ask(
        self, client: "openai.AsyncOpenAI", request: TextRequest, form: "_Form", stream: Stream | None
    ) -> "_Reply":
        order = self._order(request, form, stream)
        raw = await client.chat.completions.with_raw_response.create(
            **order, extra_headers={"X-Blogen-Purpose": re.sub(r"[^\w:./-]", "-", request.purpose, flags=re.A)[:64]}
        )
        response: httpx2.Response = raw.http_response
        if not order.get("stream"):
            return self._whole(response.content)
        if "json" in response.headers.get("content-type", "").split(";")[0]:
            reply = self._whole(await response.aread())  # it does not stream, and answered at once
            if stream is not None:
                stream(without_reasoning(reply.text))
            return reply
        return await self._streamed(raw.parse(), response, stream)

    def _order(self, request: TextRequest, form: "_Form", stream: Stream | None) -> dict[str, Any]:
        """The body of the call."""
        system = request.system
        order: dict[str, Any] = {"model": self._config.model}
        if request.json_schema is not None:
            if form.json == "schema":
                schema, is_strict = strict_schema(request.json_schema)
                name = re.sub(r"[^A-Za-z0-9_-]", "_", request.purpose)[:64] or "answer"
                order["response_format"] = {
                    "type": "json_schema",
                    "json_schema": {"name": name, "strict": is_strict, "schema": schema},
                }
            else:
                system = f"{system}\n\n{_BY_WORDS}\n{json.dumps(request.json_schema, ensure_ascii=False)}".strip()
                if form.json == "object":
                    order["response_format"] = {"type": "json_object"}
        if form.has_system_role and system:
            order["messages"] = [{"role": "system", "content": system}, {"role": "user", "content": request.user}]
        else:
            order["messages"] = [{"role": "user", "content": f"{system}\n\n{request.user}".strip()}]
        temperature = self._config.temperature if self._config.temperature is not None else request.temperature
        if temperature is not None and form.temperature:
            order["temperature"] = temperature
        if request.max_output_tokens is not None and form.limit is not None:
            order[form.limit] = request.max_output_tokens
        if self._config.reasoning_effort is not None and form.reasoning_effort:
            order["reasoning_effort"] = self._config.reasoning_effort
        if stream is not None and form.streams:
            order["stream"] = True
            if form.usage_in_stream:
                order["stream_options"] = {"include_usage": True}
        return order

    def _whole(self, content: bytes) -> "_Reply":
        """A reply that came in one piece."""
        try:
            body = json.loads(content)
        except ValueError:
            raise self._connection.malformed("is not JSON") from None
        choices = body.get("choices") if isinstance(body, dict) else None
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise self._connection.malformed("has no `choices`")
        message = choices[0].get("message")
        if not isinstance(message, dict):
            raise self._connection.malformed("has no `message`")
        return _Reply(
            text=_text(message.get("content")),
            finish=choices[0].get("finish_reason"),
            refusal=message.get("refusal"),
            usage=self._connection.usage(body.get("model"), body.get("usage")),
            has_usage=isinstance(body.get("usage"), dict),
        )

    async def _streamed(
        self, chunks: AsyncIterator[Any], response: "httpx2.Response", stream: Stream | None
    ) -> "_Reply":
        """A reply that comes in pieces; each is shown as it arrives, without reasoning."""
        pieces: list[str] = []
        refusal, finish, reported, model = "", None, None, None
        shown = ReasoningFilter()
        try:
            while (chunk := await self._next(chunks, is_first=model is None)) is not None:
                model = getattr(chunk, "model", None) or model or ""
                reported = getattr(chunk, "usage", None) or reported
                if choices := _listed(getattr(chunk, "choices", None)):
                    delta = getattr(choices[0], "delta", None)
                    piece = _text(getattr(delta, "content", None))
                    pieces.append(piece)
                    refusal += _text(getattr(delta, "refusal", None))
                    finish = getattr(choices[0], "finish_reason", None) or finish
                    if stream is not None and (visible := shown.feed(piece)):
                        stream(visible)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        if stream is not None and (visible := shown.finish()):
            stream(visible)
        if finish is None and b"[DONE]" not in response.extensions.get("tail", b""):
            raise self._connection.unavailable(f"[{self.name}] broke its answer off before the end.")
        usage = self._connection.usage(model, reported)
        return _Reply("".join(pieces), finish, refusal, usage, has_usage=reported is not None)

    async def _next(self, chunks: AsyncIterator[Any], *, is_first: bool) -> Any:
        """The next chunk, or None at the end. The first one may take the call's whole time: models think."""
        with anyio.move_on_after(None if is_first else self._config.stall_seconds):
            return await anext(chunks, None)
        raise self._connection.unavailable(
            f"[{self.name}] stopped in the middle of its answer: nothing came for {self._config.stall_seconds:g} s."
        )

    def _answer(self, request: TextRequest, form: "_Form", reply: "_Reply") -> TextAnswer:
        """The reply as an answer; what was learned about the server is kept."""
        if not reply.has_usage and form.streams and not self.is_free and self._config.has_price:
            # Where money is counted, the next call rather gives up streaming than its cost.
            form = replace(form, streams=False)
        self._form = form
        shown = self._connection.without_key
        reply = reply._replace(text=shown(reply.text), refusal=shown(_text(reply.refusal)))
        text = without_reasoning(reply.text)
        if reply.refusal or reply.finish == "content_filter":
            words = f": {reply.refusal[:300]}" if reply.refusal else " (content filter)."
            raise self._connection.refused(
                f"[{self.name}] refused the content{words}", "Change the topic, the brief or the sources."
            )
        if reply.finish == "length":
            raise self._unusable(
                f"[{self.name}] stopped at its length limit before the answer was complete.",
                "Ask for fewer words, or use a model that may answer at greater length.", reply,
            )  # fmt: skip
        if not text:
            raise self._unusable(f"[{self.name}] gave an empty answer.", "Try again, or use another model.", reply)
        if request.json_schema is not None:
            found = json_object(text)
            if found is None and self._config.json_output == "auto" and form.json != "none":
                # It takes the order for a shape and does not follow it: say it in words the next time.
                self._form = replace(self._form, json=_PLAINER_JSON[form.json])
            text = found or text
        return TextAnswer(text=text, usage=reply.usage)

    def _unusable(self, detail: str, remedy: str, reply: "_Reply") -> AnswerUnusable:
        return AnswerUnusable(detail, remedy=remedy, provider=self.name, raw=reply.text, usage=reply.usage)


def json_object(text: str) -> str | None:
    """The first JSON object in `text`: bare, in a fence, or among other words. None if there is none."""
    decoder = json.JSONDecoder()
    for start in _braces(text):
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return text[start:end]
    return None


_BY_WORDS = (
    "Answer with exactly one JSON object that is valid for the following JSON Schema. "
    "Write nothing before or after it, and no code fence."
)
_PLAINER_JSON: dict[JsonOutput, JsonOutput] = {"schema": "object", "object": "none"}


@dataclass(frozen=True)
class _Form:
    """What a server is known, or supposed, to understand."""

    json: JsonOutput
    may_change_json: bool
    limit: Literal["max_completion_tokens", "max_tokens"] | None
    tried_limits: tuple[str, ...] = ()
    temperature: bool = True
    reasoning_effort: bool = True
    streams: bool = True
    usage_in_stream: bool = True
    has_system_role: bool = True


class _Reply(NamedTuple):
    text: str
    finish: str | None
    refusal: str | None
    usage: Usage
    has_usage: bool


def _first_form(config: Config) -> _Form:
    host = urlsplit(config.base_url).hostname or ""
    is_current = host.endswith((".openai.com", ".openai.azure.com"))
    return _Form(
        json="schema" if config.json_output == "auto" else config.json_output,
        may_change_json=config.json_output == "auto",
        limit="max_completion_tokens" if is_current else "max_tokens",
    )


def _steps(form: _Form, order: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], _Form]]:
    """What could be left out of `order`, the least needed first, and how servers name it."""
    if "stream_options" in order:
        yield ("stream_options", "include_usage"), replace(form, usage_in_stream=False)
    if "response_format" in order and form.may_change_json:
        names = ("response_format", "json_schema", "json_object", "structured output", "guided", "schema", "grammar")
        yield names, replace(form, json=_PLAINER_JSON[form.json])
    if "temperature" in order:
        yield ("temperature",), replace(form, temperature=False)
    if "reasoning_effort" in order:
        yield ("reasoning",), replace(form, reasoning_effort=False)
    if form.limit is not None and form.limit in order:
        other: Literal["max_completion_tokens", "max_tokens"]
        other = "max_tokens" if form.limit == "max_completion_tokens" else "max_completion_tokens"
        tried = (*form.tried_limits, form.limit)
        plainer = replace(form, limit=None if other in tried else other, tried_limits=tried)
        yield ("max_tokens", "max_completion_tokens"), plainer
    if "stream" in order:
        yield ("stream",), replace(form, streams=False)
    if form.has_system_role and order["messages"][0]["role"] == "system":
        yield ("system role", "system message", "role"), replace(form, has_system_role=False)


def _text(content: object) -> str:
    """A message's content: a text, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part for part in content if isinstance(part, dict) and part.get("type", "text") == "text")
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return ""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _braces(text: str) -> Iterator[int]:
    """Where objects may begin; at most 50 places, so that a hostile text costs no time."""
    start = text.find("{")
    for _ in range(50):
        if start < 0:
            return
        yield start
        start = text.find("{", start + 1)
