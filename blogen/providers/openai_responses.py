"""OpenAI's Responses API, which can also work on an answer in the background.

Wire format: https://platform.openai.com/docs/api-reference/responses; background mode:
https://platform.openai.com/docs/guides/background. A background answer has an id at once, is asked for by it while
its status is `queued` or `in_progress`, and is kept for about ten minutes, longer if it was to be stored.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import anyio

from blogen.errors import OrderFailed, ProviderError
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
from blogen.providers.protocols import Pending, Stream
from blogen.providers.reasoning import ReasoningFilter, without_reasoning

if TYPE_CHECKING:
    import httpx2
    import openai

POLL_SECONDS = (2.0, 10.0)
"""How often a background answer is asked for: when it is young, when it is old."""
WORKING = frozenset({"queued", "in_progress"})


class Responses:
    """Implements `Api`."""

    def __init__(self, connection: Connection, *, stall_seconds: float, effort: str | None) -> None:
        self._connection = connection
        self._stall_seconds = stall_seconds
        self._effort = effort

    def order(self, asking: Asking, form: Form) -> dict[str, Any]:
        request, question = asking.request, asking.request.user
        order: dict[str, Any] = {"model": self._connection.model}
        if request.json_schema is not None:
            if form.json == "schema":
                order["text"] = {"format": {"type": "json_schema", **named_schema(request)}}
            else:
                if form.tells_shape:  # JSON mode wants the word in the input
                    question = f"{question}\n\n{schema_by_words(request.json_schema)}"
                if form.json == "object":
                    order["text"] = {"format": {"type": "json_object"}}
        if request.system:
            order["instructions"] = request.system
        order["input"] = question
        if asking.most_output is not None and form.limit is not None:
            order["max_output_tokens"] = asking.most_output
        if asking.temperature is not None and form.temperature:
            order["temperature"] = asking.temperature
        if self._effort is not None and form.reasoning_effort:
            order["reasoning"] = {"effort": self._effort}
        in_background = asking.in_background and form.background
        if in_background:
            order["background"] = True
        if form.store:
            order["store"] = in_background  # nothing is to be kept there longer than it is needed
        if asking.is_streaming and form.streams and not in_background:
            order["stream"] = True
        if form.brief:
            order["extra_body"] = dict(form.brief)
        return order

    def steps(self, form: Form, order: Mapping[str, Any]) -> Iterator[Step]:
        if form.brief:
            yield without_brief(form)
        if "text" in order and form.may_change_json:
            yield Step(JSON_NAMES, without_shape(form))
        if "temperature" in order:
            yield Step(("temperature",), replace(form, temperature=False))
        if "reasoning" in order:
            yield Step(("reasoning",), replace(form, reasoning_effort=False))
        if "store" in order:
            yield Step(("store",), replace(form, store=False))
        if "background" in order:
            yield Step(("background",), replace(form, background=False))
        if "max_output_tokens" in order:
            yield Step(("max_output_tokens",), replace(form, limit=None), may_be_tried_blindly=False)
        if "stream" in order:
            yield Step(("stream",), replace(form, streams=False))

    async def ask(
        self, client: "openai.AsyncOpenAI", order: dict[str, Any], headers: dict[str, str], stream: Stream | None
    ) -> Reply:
        raw = await client.responses.with_raw_response.create(**order, extra_headers=headers)
        response: httpx2.Response = raw.http_response
        if not order.get("stream"):
            return self._read(self._decoded(response.content), response)
        if "json" in response.headers.get("content-type", "").split(";")[0]:
            reply = self._read(self._decoded(await response.aread()), response)
            if stream is not None:
                stream(without_reasoning(reply.text))
            return reply
        return await self._streamed(raw.parse(), response, stream)

    async def retrieve(self, client: "openai.AsyncOpenAI", handle: str) -> Reply | Pending:
        """The answer with this id, or how long to wait before it is asked for again."""
        raw = await client.responses.with_raw_response.retrieve(self._checked(handle))
        body = self._decoded(raw.http_response.content)
        reply = self._read(body, raw.http_response)
        if not reply.state:
            return reply
        least, most = POLL_SECONDS
        age = _age_seconds(body, raw.http_response.headers)
        return Pending(poll_after_seconds=min(max(age / 10, least), most))

    async def cancel(self, client: "openai.AsyncOpenAI", handle: str) -> None:
        await client.responses.with_raw_response.cancel(self._checked(handle))

    def _checked(self, handle: str) -> str:
        if not re.fullmatch(r"[\w-]{1,200}", handle, re.A):
            raise self._connection.refused(f"{handle[:60]!r} is not an id that [{self._connection.name}] gives.")
        return handle

    def _decoded(self, content: bytes) -> dict[str, Any]:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise self._connection.malformed("is not JSON") from None
        if not isinstance(body, dict):
            raise self._connection.malformed("is not a response")
        return body

    def _read(self, body: dict[str, Any], response: "httpx2.Response", streamed: str = "") -> Reply:
        """A response object as a reply; one that failed or was cancelled raises."""
        status, handle = str(body.get("status")), body.get("id")
        if status == "failed" or body.get("error"):
            raise self._failed(body, response)
        if status == "cancelled":
            raise self._connection.refused(
                f"The answer was cancelled at [{self._connection.name}].", "Retry the job: that orders it anew."
            )
        parts = _parts(body.get("output"))
        if status in WORKING:
            if not isinstance(handle, str) or not handle:
                raise self._connection.malformed("works in the background and has no `id`")
        elif status not in {"completed", "incomplete"} or (parts is None and not streamed):
            raise self._connection.malformed("has no `output`")
        reported = body.get("usage")
        usage = self._connection.usage(
            body.get("model"), reported, ("input_tokens", "output_tokens"), headers=response.headers
        )
        return Reply(
            text=text_of(parts, "output_text") or streamed,
            finish=_finish(body),
            refusal="".join(_texts(parts, "refusal")),
            usage=usage,
            has_usage=isinstance(reported, dict),
            handle=handle if isinstance(handle, str) else "",
            state=status if status in WORKING else "",
            wants_json=_format(body) in ("json_schema", "json_object"),
        )

    def _failed(self, body: dict[str, Any], response: "httpx2.Response") -> ProviderError:
        error = self._connection.told(body.get("error") or "it does not say why", response.headers)
        if body.get("background") is not True or not error.retryable:
            return error
        # It stays failed however often it is asked for: only a new order can help.
        name = self._connection.name
        return OrderFailed(f"[{name}] failed in the background: {error.detail}", remedy=error.remedy, provider=name)

    async def _streamed(self, events: Any, response: "httpx2.Response", stream: Stream | None) -> Reply:
        pieces = Pieces(self._connection, events, self._stall_seconds)
        texts: list[str] = []
        shown = ReasoningFilter()
        final: dict[str, Any] | None = None
        try:
            while final is None and (event := await pieces.next()) is not None:
                match getattr(event, "type", None):
                    case "response.output_text.delta":
                        text = text_of(getattr(event, "delta", None))
                        texts.append(text)
                        pieces.has_begun = True
                        if stream is not None and (visible := shown.feed(text)):
                            stream(visible)
                    case "response.completed" | "response.incomplete" | "response.failed":
                        final = _as_dict(getattr(event, "response", None))
                    case "error":
                        raise self._connection.told(_as_dict(event), response.headers)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        if stream is not None and (visible := shown.finish()):
            stream(visible)
        if final is None:
            raise pieces.cut_short()
        return self._read(final, response, "".join(texts))


def _parts(output: object) -> list[Any] | None:
    """The content parts of the messages in an output; reasoning and the like are no messages."""
    if not isinstance(output, list):
        return None
    parts: list[Any] = []
    for item in output:
        if isinstance(item, dict) and item.get("type") == "message" and isinstance(item.get("content"), list):
            parts += item["content"]
    return parts


def _texts(parts: list[Any] | None, kind: str) -> Iterator[str]:
    for part in parts or ():
        if isinstance(part, dict) and part.get("type") == kind and isinstance(part.get(kind), str):
            yield part[kind]


def _finish(body: dict[str, Any]) -> str | None:
    if body.get("status") != "incomplete":
        return "stop"
    details = body.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return "content_filter" if reason == "content_filter" else "length"


def _format(body: dict[str, Any]) -> object:
    text = body.get("text")
    shape = text.get("format") if isinstance(text, dict) else None
    return shape.get("type") if isinstance(shape, dict) else None


def _age_seconds(body: dict[str, Any], headers: Mapping[str, str]) -> float:
    """How old a response is by the server's own clock, if it tells the time."""
    created = body.get("created_at")
    if not isinstance(created, int | float) or isinstance(created, bool):
        return 0.0
    try:
        now = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        now = time.time()
    return max(now - created, 0.0)


def _as_dict(value: Any) -> dict[str, Any]:
    """An object of the SDK as it came over the wire."""
    if isinstance(value, dict):
        return value
    try:
        found = value.to_dict(mode="json", warnings=False)
    except (AttributeError, TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
