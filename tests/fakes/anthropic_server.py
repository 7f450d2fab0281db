"""FakeAnthropic: a server that speaks Anthropic's Messages API truly, counts its calls, and fails on demand.

Built from https://platform.claude.com/docs/en/api/messages and …/api/errors, version 2026-10-21: `POST /v1/messages`,
whole or as named server-sent events, and `GET /v1/models`. `async with FakeAnthropic() as fake: …`
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes import faults
from tests.fakes.answers import answer
from tests.fakes.faults import Fault, Faults, Faulty, relabel, wrong_answer

MODEL = "claude-fake-5"
DATED = "claude-fake-5-20261001"
VERSIONS = ("2023-06-01", "2026-10-21")

KINDS = (
    *faults.KINDS, "no_text", "length", "refusal", "think", "stall", "cut_stream", "error_in_stream", "stray_json",
)  # fmt: skip


@dataclass
class Call:
    """One request. `label` is what its header `X-Blogen-Purpose` says."""

    label: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    status: int | None = None

    @property
    def prompt(self) -> str:
        return "\n\n".join([self.body.get("system", ""), *(words(part["content"]) for part in self.body["messages"])])


class FakeAnthropic(Faulty):
    """`base_url` is what a section's key of that name wants. With `key`, others are answered 401."""

    def __init__(
        self,
        *,
        key: str | None = None,
        refuses: tuple[str, ...] = (),
        answerer: Callable[[str, dict[str, Any] | None], str] = answer,
    ) -> None:
        self.calls: list[Call] = []
        self.refuses = refuses
        """Fields of a request that are answered 400, as by models that do not know them (`format` too)."""
        self.ignores_shapes = False
        self.lists_models = True
        self.usage: dict[str, Any] = {}
        """What is added to the `usage` of each answer, such as tokens of the cache."""
        self.quotas: dict[str, str] = {}
        """`anthropic-ratelimit-…` headers of each answer."""
        self._key = key
        self._answerer = answerer
        self.faults = Faults()
        self._held = asyncio.Event()
        self._held.set()
        self._changed = asyncio.Condition()
        self._port = 0
        self._running: web.AppRunner | None = None

    # -- what a test says and asks ------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def labels(self) -> list[str]:
        return [call.label for call in self.calls]

    @property
    def paid(self) -> list[str]:
        return [call.label for call in self.calls if call.status == 200 and call.path == "/v1/messages"]

    def hold(self) -> None:
        """Do not answer until `release`."""
        self._held.clear()

    def release(self) -> None:
        self._held.set()

    async def received(self, count: int = 1) -> Call:
        """Wait until `count` calls have arrived; the last of them."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.calls) >= count)
            return self.calls[count - 1]

    # -- the server ---------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "FakeAnthropic":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=50_000_000)
        app.router.add_post("/v1/messages", self._handled(self._messages))
        app.router.add_get("/v1/models", self._handled(self._models))
        app.router.add_route("*", "/{rest:.*}", self._handled(_unknown_path))
        app.on_response_prepare.append(relabel)
        self._running = web.AppRunner(app, shutdown_timeout=0.1)
        await self._running.setup()
        await web.TCPSite(self._running, "127.0.0.1", self._port).start()
        self._port = self._running.addresses[0][1]

    async def stop(self) -> None:
        self.release()
        if self._running is not None:
            await self._running.cleanup()
            self._running = None

    def _handled(
        self, handle: Callable[[web.Request, Call, Fault | None], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            body = await request.json() if request.can_read_body else {}
            label = request.headers.get("X-Blogen-Purpose", request.path.rpartition("/")[2])
            call = Call(label, request.path, body, dict(request.headers))
            async with self._changed:
                self.calls.append(call)
                self._changed.notify_all()
            await self._held.wait()
            response = await self._response(request, call, handle)
            call.status = response.status
            return response

        return handler

    async def _response(
        self,
        request: web.Request,
        call: Call,
        handle: Callable[[web.Request, Call, Fault | None], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        given = {request.headers.get("Authorization"), f"Bearer {request.headers.get('X-Api-Key')}"}
        if self._key is not None and f"Bearer {self._key}" not in given:
            return error(401)
        if request.headers.get("anthropic-version") not in VERSIONS:
            return error(400, "anthropic-version: header is required")
        fault = self.faults.take(request.path, call.label)
        if fault is not None and (spoiled := await _spoiled(request, fault)) is not None:
            return spoiled
        return await handle(request, call, fault)

    async def _messages(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        body = call.body
        if objection := self._objection(call):
            return error(400, objection)
        if body["model"] not in {MODEL, DATED}:
            return error(404, f"model: {body['model']}")
        blocks, stop_reason = self._content(call, fault)
        message = {
            "id": f"msg_{len(self.calls):024}",
            "type": "message",
            "role": "assistant",
            "model": DATED,
            "content": blocks,
            "container": None,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "stop_details": STOP_DETAILS if stop_reason == "refusal" else None,
            "usage": {
                "input_tokens": len(call.prompt) // 4 + 1,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": len(json.dumps(blocks)) // 4,
                "service_tier": "standard",
                **self.usage,
            },
        }
        if body.get("stream"):
            return await self._streamed(request, message, fault)
        return web.json_response(message, headers=self._headers)

    def _content(self, call: Call, fault: Fault | None) -> tuple[list[dict[str, Any]], str]:
        schema = ((call.body.get("output_config") or {}).get("format") or {}).get("schema")
        tools = call.body.get("tools") or []
        if tools and not self.ignores_shapes:
            text = self._answerer(call.prompt, tools[0]["input_schema"])
            block = {"type": "tool_use", "id": "toolu_01", "name": tools[0]["name"], "input": json.loads(text)}
            return [block], "tool_use"
        text = self._answerer(call.prompt, None if self.ignores_shapes else schema or _schema_in(call.prompt))
        match fault.kind if fault else "":
            case "no_text":
                return [], "end_turn"
            case "length":
                return [{"type": "text", "text": text[: len(text) // 2]}], "max_tokens"
            case "refusal":
                return [{"type": "text", "text": text[:10]}], "refusal"
            case "think":
                secret = "First I weigh what they asked."
                thought = {"type": "thinking", "thinking": secret, "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdj"}
                hidden = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"}
                return [thought, hidden, {"type": "text", "text": text}], "end_turn"
            case "stray_json":
                return [{"type": "text", "text": f"Here it is:\n```json\n{text}\n```\nMore?"}], "end_turn"
        half = len(text) // 2
        return [{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}], "end_turn"

    async def _streamed(self, request: web.Request, message: dict[str, Any], fault: Fault | None) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", **self._headers})
        await response.prepare(request)
        events = list(_events(message))
        kind = fault.kind if fault else ""
        for number, event in enumerate(events):
            if number == len(events) // 2 and fault is not None:
                if kind == "stall":
                    await asyncio.sleep(fault.seconds)
                if kind == "cut_stream":
                    faults.cut(request, abort=False)
                    return response
                if kind == "error_in_stream":
                    event = {"type": "error", "error": fault.error or known_error(529)}
                    await response.write(_sse(event))
                    return response
            await response.write(_sse(event))
        return response

    async def _models(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        if not self.lists_models:
            return await _unknown_path(request, call, fault)
        listed = [
            {
                "type": "model",
                "id": name,
                "display_name": name,
                "created_at": "2026-10-01T00:00:00Z",
                "lifecycle": "active",
            }
            for name in (DATED, "claude-other-4-20250101")
        ]
        ends = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"], "has_more": False}
        return web.json_response({"data": listed, **ends})

    def _objection(self, call: Call) -> str:
        body, version = call.body, call.headers["anthropic-version"]
        for name in ("model", "max_tokens", "messages"):
            if name not in body:
                return f"{name}: Field required"
        if "temperature" in body and version != VERSIONS[0]:
            return "temperature: Extra inputs are not permitted"
        for name in self.refuses:
            if name == "format" and "format" in (body.get("output_config") or {}):
                return f"'{body['model']}' does not support output_config.format."
            if name in body:
                return f"{name}: not supported by this model."
        return ""

    @property
    def _headers(self) -> dict[str, str]:
        return {"request-id": f"req_{len(self.calls)}", **self.quotas}


def error(status: int, message: str = "") -> web.Response:
    """An error as Anthropic sends it."""
    told = known_error(status)
    told["message"] = message or told["message"]
    return web.json_response({"type": "error", "error": told, "request_id": "req_011"}, status=status)


def known_error(status: int) -> dict[str, Any]:
    kind, message = {
        400: ("invalid_request_error", "messages: at least one message is required"),
        401: ("authentication_error", "invalid x-api-key"),
        402: ("billing_error", "Your organization has an unpaid invoice."),
        403: ("permission_error", "Your API key does not have permission to use the specified resource."),
        404: ("not_found_error", "model: claude-unknown"),
        413: ("request_too_large", "Request exceeds the maximum size"),
        429: (
            "rate_limit_error",
            "This request would exceed your organization's rate limit.",
        ),
        529: ("overloaded_error", "Overloaded"),
    }.get(status, ("api_error", "Internal server error"))
    return {"type": kind, "message": message}


STOP_DETAILS = {"type": "refusal", "category": "general_harms", "explanation": "This could do harm."}
PROMPT_TOO_LONG = "prompt is too long: 215022 tokens > 200000 maximum"
MAX_TOKENS_TOO_HIGH = "max_tokens: 16000 > 8192, which is the maximum allowed number of output tokens for claude-fake-5"
NO_CREDIT = (
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase "
    "credits."
)
CONTENT_BLOCKED = "Output blocked by content filtering policy"


def words(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content)


def _events(message: dict[str, Any]) -> Any:
    """The events of a streamed message, in the order of the documentation."""
    usage = message["usage"]
    begun = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_details": None,
        "usage": {**usage, "output_tokens": 1},
    }
    yield {"type": "message_start", "message": begun}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _emptied(block)}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details", "container")}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage["output_tokens"]}}
    yield {"type": "message_stop"}


def _emptied(block: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: empty.get(key, value) for key, value in block.items()}


def _deltas(block: dict[str, Any]) -> Any:
    match block["type"]:
        case "text":
            for start in range(0, len(block["text"]), 7):
                yield {"type": "text_delta", "text": block["text"][start : start + 7]}
        case "thinking":
            for start in range(0, len(block["thinking"]), 7):
                yield {"type": "thinking_delta", "thinking": block["thinking"][start : start + 7]}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "tool_use":
            text = json.dumps(block["input"])
            for start in range(0, len(text), 7):
                yield {"type": "input_json_delta", "partial_json": text[start : start + 7]}


def _sse(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


async def _spoiled(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    """The answer to a call that goes wrong as a whole; None if it goes wrong inside its answer."""
    body = {"type": "message", "content": "a text", "usage": [1], "model": {"id": 3}, "stop_reason": 7}
    return await wrong_answer(request, fault, error=error, schema=body)


async def _unknown_path(request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
    return web.Response(text="404 page not found", status=404)


def _schema_in(prompt: str) -> dict[str, Any] | None:
    """The schema that a prompt asks for in words."""
    start = prompt.find('{"')
    if "JSON Schema" not in prompt or start < 0:
        return None
    found: dict[str, Any] = json.JSONDecoder().raw_decode(prompt, start)[0]
    return found
