"""OpenAI's Chat Completions API, which everybody's servers speak.

Wire format: https://platform.openai.com/docs/api-reference/chat.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio

from blogen.providers.json_answers import schema_by_words
from blogen.providers.openai_dialect import Connection
from blogen.providers.openai_forms import (
    JSON_NAMES,
    Asking,
    Form,
    Pieces,
    Reply,
    Step,
    named_schema,
    text_of,
    without_brief,
    without_shape,
)
from blogen.providers.openai_presets import LimitField
from blogen.providers.protocols import Stream
from blogen.providers.reasoning import ReasoningFilter, without_reasoning

if TYPE_CHECKING:
    import httpx2
    import openai


class Chat:
    """Implements `Api`."""

    def __init__(
        self, connection: Connection, *, stall_seconds: float, effort: str | None, body: Mapping[str, Any]
    ) -> None:
        self._connection = connection
        self._stall_seconds = stall_seconds
        self._effort = effort
        self._body = body

    def order(self, asking: Asking, form: Form) -> dict[str, Any]:
        request, system = asking.request, asking.request.system
        order: dict[str, Any] = {"model": self._connection.model}
        if request.json_schema is not None:
            if form.json == "schema":
                order["response_format"] = {"type": "json_schema", "json_schema": named_schema(request)}
            else:
                if form.tells_shape:
                    system = f"{system}\n\n{schema_by_words(request.json_schema)}".strip()
                if form.json == "object":
                    order["response_format"] = {"type": "json_object"}
        if form.role != "user" and system:
            order["messages"] = [{"role": form.role, "content": system}, {"role": "user", "content": request.user}]
        else:
            order["messages"] = [{"role": "user", "content": f"{system}\n\n{request.user}".strip()}]
        if asking.temperature is not None and form.temperature:
            order["temperature"] = asking.temperature
        if asking.most_output is not None and form.limit is not None:
            order[form.limit] = asking.most_output
        if self._effort is not None and form.reasoning_effort:
            order["reasoning_effort"] = self._effort
        if asking.is_streaming and form.streams:
            order["stream"] = True
            if form.asks_for_usage:
                order["stream_options"] = {"include_usage": True}
        if more := {**self._body, **form.brief}:
            order["extra_body"] = more  # what the SDK knows no names for
        return order

    def steps(self, form: Form, order: Mapping[str, Any]) -> Iterator[Step]:
        if form.brief:
            yield without_brief(form)
        if "stream_options" in order:
            yield Step(("stream_options", "include_usage"), replace(form, asks_for_usage=False))
        if "response_format" in order and form.may_change_json:
            yield Step(JSON_NAMES, without_shape(form))
        if "temperature" in order:
            yield Step(("temperature",), replace(form, temperature=False))
        if "reasoning_effort" in order:
            yield Step(("reasoning",), replace(form, reasoning_effort=False))
        if form.limit is not None and form.limit in order:
            other: LimitField = "max_tokens" if form.limit == "max_completion_tokens" else "max_completion_tokens"
            tried = (*form.tried_limits, form.limit)
            plainer = replace(form, limit=None if other in tried else other, tried_limits=tried)
            yield Step(("max_tokens", "max_completion_tokens"), plainer, may_be_tried_blindly=False)
        if "stream" in order:
            yield Step(("stream",), replace(form, streams=False))
        role = order["messages"][0]["role"]
        if role == "developer":
            yield Step(("developer", "role"), replace(form, role="system"))
        if role == "system":
            yield Step(("system role", "system message", "role"), replace(form, role="user"))

    async def ask(
        self, client: "openai.AsyncOpenAI", order: dict[str, Any], headers: dict[str, str], stream: Stream | None
    ) -> Reply:
        import httpx2
        import openai

        # By the SDK's own way for paths it has no method for: what `create` does more, checking our order against its
        # types and reading the answer into them, is a quarter of the time that a call takes here, half of a stream's.
        body = {name: value for name, value in order.items() if name != "extra_body"} | order.get("extra_body", {})
        if not order.get("stream"):
            response = await client.post(
                "/chat/completions", cast_to=httpx2.Response, body=body, options={"headers": headers}
            )
            return self._whole(response.content, response)
        chunks = await client.post(
            "/chat/completions",
            cast_to=object,
            body=body,
            options={"headers": headers},
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        response = chunks.response
        if "json" in response.headers.get("content-type", "").split(";")[0]:
            reply = self._whole(await response.aread(), response)  # it does not stream, and answered at once
            if stream is not None:
                stream(without_reasoning(reply.text))
            return reply
        return await self._streamed(chunks, response, stream)

    def _whole(self, content: bytes, response: "httpx2.Response") -> Reply:
        """A reply that came in one piece."""
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise self._connection.malformed("is not JSON") from None
        choices = body.get("choices") if isinstance(body, dict) else None
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None
        for holder in (body, choice):
            if isinstance(holder, dict) and holder.get("error"):
                raise self._connection.told(holder["error"], response.headers)
        if choice is None:
            raise self._connection.malformed("has no `choices`")
        message = choice.get("message")
        if not isinstance(message, dict):
            raise self._connection.malformed("has no `message`")
        return Reply(
            text=text_of(message.get("content")),
            finish=_word(choice.get("finish_reason")),
            refusal=text_of(message.get("refusal")),
            usage=self._connection.usage(body.get("model"), body.get("usage"), headers=response.headers),
            has_usage=isinstance(body.get("usage"), dict),
        )

    async def _streamed(self, chunks: Any, response: "httpx2.Response", stream: Stream | None) -> Reply:
        """A reply that comes in pieces; each is shown as it arrives, without reasoning."""
        pieces = Pieces(self._connection, chunks, self._stall_seconds)
        texts: list[str] = []
        refusal, finish, reported, model = "", None, None, None
        shown = ReasoningFilter()
        try:
            while (chunk := await pieces.next()) is not None:
                chunk = _fields(chunk)
                model = chunk.get("model") or model or ""
                reported = chunk.get("usage") or reported
                choices = chunk.get("choices")
                if not isinstance(choices, list) or not choices:
                    continue
                choice = _fields(choices[0])
                if told := choice.get("error"):
                    raise self._connection.told(told, response.headers)
                delta = _fields(choice.get("delta"))
                text = text_of(delta.get("content"))
                texts.append(text)
                refusal += text_of(delta.get("refusal"))
                finish = _word(choice.get("finish_reason")) or finish
                pieces.has_begun = pieces.has_begun or bool(text) or _is_thinking(delta)
                if stream is not None and (visible := shown.feed(text)):
                    stream(visible)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        if stream is not None and (visible := shown.finish()):
            stream(visible)
        if finish is None and b"[DONE]" not in response.extensions.get("tail", b""):
            raise pieces.cut_short()
        usage = self._connection.usage(model, reported, headers=response.headers)
        return Reply("".join(texts), finish, refusal, usage, has_usage=reported is not None)


def _fields(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_thinking(delta: Mapping[str, Any]) -> bool:
    return any(delta.get(name) for name in ("reasoning_content", "reasoning"))


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
