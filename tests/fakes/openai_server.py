"""FakeOpenAI: a server that speaks OpenAI's wire format truly, counts its calls, and fails on demand.

In a test: `async with FakeOpenAI() as fake: …`. As a process of its own, which outlives a killed Blogen:
`python -m tests.fakes.openai_server --port 0 --journal FILE` prints its address; each line of FILE is one event,
`received` when a call has arrived and `answered` when its answer was made (that is when it costs money).
A process is steered over HTTP: `POST /__fake/{hold,release,fail,finish,expire}` with JSON; `GET /__fake/calls` lists
all, `GET /__fake/submissions` the responses that were created, and `GET /__fake/{received,answered}?label=&count=`
waits until so many calls have come, or were answered. `finish` and `expire` take the `label` of a background response.
"""

import argparse
import asyncio
import base64
import json
import re
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.fakes import faults
from tests.fakes.answers import answer
from tests.fakes.faults import BY_URL, Fault, Faults, Faulty, relabel, wrong_answer, wrong_picture
from tests.fakes.openai_responses import FINAL, Submission, Work, ending, events, line

MODEL = "fake-1"
IMAGE_MODEL = "fake-image-1"

KINDS = (
    *faults.KINDS, *faults.PICTURES, *faults.BY_URL,
    "broken_json", "not_a_completion", "no_choices", "no_text", "length", "refusal", "content_filter", "think",
    "stall", "cut_stream", "error_in_stream", "stray_json", "failed", "failed_policy",
)  # fmt: skip
"""`refuse` is a closed port: `await fake.stop()`."""


@dataclass
class Call:
    """One request. `label` is the schema's name, else what the header or a marker `[[label]]` in the prompt says."""

    number: int
    label: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    """What it was answered with; None while it is under way or if it was cut off."""

    @property
    def prompt(self) -> str:
        if "messages" in self.body:
            return "\n\n".join(_words(message.get("content")) for message in self.body["messages"])
        if "input" in self.body:
            return f"{self.body.get('instructions') or ''}\n\n{_words(self.body['input'])}"
        return str(self.body.get("prompt", ""))

    @property
    def reference(self) -> str:
        return next((value for name, value in self.headers.items() if name.lower() == "idempotency-key"), "")

    @property
    def is_paid(self) -> bool:
        return self.status == 200 and self.path.endswith(("/completions", "/generations", "/responses"))


class FakeOpenAI(Faulty):
    """`base_url` is what a section's key of that name wants. With `key`, others are answered 401.

    `background`: whether responses in the background are done after `background_polls` of them, or by `finish`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        key: str | None = None,
        journal: Path | None = None,
        refuses: tuple[str, ...] = (),
        ignores: tuple[str, ...] = (),
        usage: bool = True,
        gives_usage: bool = False,
        delay_seconds: float = 0.0,
        root: str = "/v1",
        key_header: str = "Authorization",
        background: Work = "polls",
        background_polls: int = 2,
        answerer: Callable[[str, dict[str, Any] | None], str] = answer,
    ) -> None:
        self.calls: list[Call] = []
        self.submissions: list[Submission] = []
        """The responses that were created, in the background or not."""
        self.background = background
        self.background_polls = background_polls
        self.headers: dict[str, str] = {}
        """What every good answer carries besides, e.g. `x-ratelimit-…`."""
        self.more_usage: dict[str, Any] = {}
        """What every `usage` holds besides, e.g. OpenRouter's `cost`."""
        self.refuses = refuses
        """Fields of a request that are answered 400, as by servers that do not know them (`json_schema` too)."""
        self.ignores = ignores
        """What is taken and has no effect: `response_format`, `system` (such messages), `stream_options`."""
        self.usage = usage
        self.gives_usage = gives_usage
        """Whether streams tell the usage also unasked."""
        self.answerer = answerer
        self.delay_seconds = delay_seconds
        self.picture_by_url = False
        self.fetched: list[str] = []
        """Names of the files that were asked for; faults of the label `file` strike these calls."""
        self.image_url = ""
        self._port = port
        self._root = root
        self._key = key
        self._key_header = key_header
        self._journal = journal
        self.faults = Faults()
        self._held: set[str] = set()
        self._changed = asyncio.Condition()
        self._running: web.AppRunner | None = None

    # -- what a test says and asks ------------------------------------------------------------------------------

    @property
    def labels(self) -> list[str]:
        return [call.label for call in self.calls]

    @property
    def paid(self) -> list[str]:
        """Labels of the calls that were answered 200: those somebody pays for."""
        return [call.label for call in self.calls if call.is_paid]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}{self._root}"

    def finish(self, label: str = "*", status: str = "completed") -> None:
        """Let the background responses of `label` (`*`: all) that are under way end, by default well."""
        for submission in self._submitted(label):
            if submission.status not in FINAL:
                submission.final = {**submission.final, "status": status}
                submission.status = status

    def expire(self, label: str = "*") -> None:
        """Forget the responses of `label` (`*`: all), as after ten minutes."""
        for submission in self._submitted(label):
            submission.is_expired = True

    def _submitted(self, label: str) -> list[Submission]:
        return [submission for submission in self.submissions if label in {"*", submission.label}]

    def hold(self, label: str = "*") -> None:
        """Do not answer calls of `label` (`*`: any) until `release`."""
        self._held.add(label)

    async def release(self, label: str | None = None) -> None:
        """Answer what was held: of `label`, or everything."""
        async with self._changed:
            self._held = self._held - {label} if label else set()
            self._changed.notify_all()

    async def received(self, label: str = "*", count: int = 1) -> Call:
        """Wait until `count` calls of `label` (`*`: any) have arrived; the last of them."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._of(label)) >= count)
            return self._of(label)[count - 1]

    async def answered(self, label: str = "*", count: int = 1) -> Call:
        """Wait until `count` calls of `label` (`*`: any) were answered; the last of them."""
        async with self._changed:
            await self._changed.wait_for(lambda: sum(call.status is not None for call in self._of(label)) >= count)
            return [call for call in self._of(label) if call.status is not None][count - 1]

    def _of(self, label: str) -> list[Call]:
        return [call for call in self.calls if label in {"*", call.label}]

    # -- the server ---------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "FakeOpenAI":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=50_000_000)
        root = self._root
        app.router.add_post(f"{root}/chat/completions", self._handled(self._chat))
        app.router.add_post(f"{root}/responses", self._handled(self._create))
        app.router.add_get(f"{root}/responses/{{id}}", self._handled(self._retrieve))
        app.router.add_post(f"{root}/responses/{{id}}/cancel", self._handled(self._cancel))
        app.router.add_post(f"{root}/images/generations", self._handled(self._image))
        app.router.add_get(f"{root}/models", self._handled(self._models))
        app.router.add_get(f"{root}/models/{{id}}", self._handled(self._models))
        app.router.add_get(f"{root}/key", self._handled(self._about_key))  # OpenRouter's
        app.router.add_get("/files/{name}", self._file)
        app.router.add_post("/__fake/hold", self._steer)
        app.router.add_post("/__fake/release", self._steer)
        app.router.add_post("/__fake/fail", self._steer)
        app.router.add_post("/__fake/finish", self._steer)
        app.router.add_post("/__fake/expire", self._steer)
        for question in ("calls", "received", "answered", "submissions"):
            app.router.add_get(f"/__fake/{question}", self._steer)
        app.router.add_route("*", "/{rest:.*}", _unknown_path)
        app.on_response_prepare.append(relabel)
        self._running = web.AppRunner(app, shutdown_timeout=0.1)
        await self._running.setup()
        site = web.TCPSite(self._running, "127.0.0.1", self._port)
        await site.start()
        self._port = self._running.addresses[0][1]

    async def stop(self) -> None:
        await self.release()
        if self._running is not None:
            await self._running.cleanup()
            self._running = None

    def _handled(
        self, handle: Callable[[web.Request, Call, Fault | None], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            body = await request.json() if request.can_read_body else {}
            call = Call(
                len(self.calls) + 1, _label(request, body), request.path, body, dict(request.headers),
                dict(request.query),
            )  # fmt: skip
            async with self._changed:
                self.calls.append(call)
                self._write(call, "received")
                self._changed.notify_all()
                await self._changed.wait_for(lambda: not self._held & {"*", call.label})
            await asyncio.sleep(self.delay_seconds)
            if self._key is not None and not self._has_key(request):
                return await self._finished(call, error(401))
            fault = self.faults.take(request.path, call.label)
            if fault is not None and (spoiled := await _spoiled(request, fault)) is not None:
                return await self._finished(call, spoiled)
            return await self._finished(call, await handle(request, call, fault))

        return handler

    def _has_key(self, request: web.Request) -> bool:
        expected = f"Bearer {self._key}" if self._key_header == "Authorization" else self._key
        return request.headers.get(self._key_header) == expected

    async def _finished(self, call: Call, response: web.StreamResponse) -> web.StreamResponse:
        if call.status is None:
            await self._answered(call, response.status)
        return response

    async def _answered(self, call: Call, status: int) -> None:
        async with self._changed:
            call.status = status
            self._write(call, "answered")
            self._changed.notify_all()

    def _write(self, call: Call, event: str) -> None:
        if self._journal is None:
            return
        told = {"event": event, "number": call.number, "label": call.label, "path": call.path, "status": call.status}
        if event == "received":
            told["body"] = call.body
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(told, ensure_ascii=False) + "\n")

    async def _chat(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        if refusal := self._refusal(call.body):
            return refusal
        if call.body.get("model") not in {MODEL, None}:
            return error(404, model=call.body["model"])
        response_format = call.body.get("response_format") or {}
        schema = (response_format.get("json_schema") or {}).get("schema")
        text = self._said(call, response_format.get("type"), schema)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        finish = "stop"
        match fault.kind if fault else "":
            case "no_text":
                message["content"] = ""
            case "length":
                message["content"], finish = text[: len(text) // 2], "length"
            case "refusal":
                message["content"], message["refusal"] = None, "I'm sorry, I can't help with that."
            case "content_filter":
                message["content"], finish = "", "content_filter"
            case "think":
                message["content"] = f"<think>\nFirst I weigh what they asked {{and}} how.\n</think>\n\n{text}"
                message["reasoning_content"] = "I also think here."
            case "stray_json":
                message["content"] = f"Sure! Here it is:\n```json\n{text}\n```\nDo you need more?"
        usage = {
            "prompt_tokens": len(call.prompt) // 4 + 1,
            "completion_tokens": len(message["content"] or "") // 4 + 1,
            "total_tokens": (len(call.prompt) + len(message["content"] or "")) // 4 + 2,
            **self.more_usage,
        }
        if call.body.get("stream"):
            return await self._stream(request, call, fault, message, finish, usage)
        return web.json_response(
            {
                "id": f"chatcmpl-{call.number}",
                "object": "chat.completion",
                "created": 1_780_000_000 + call.number,
                "model": MODEL,
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
                **({"usage": usage} if self.usage else {}),
            },
            headers=self.headers,
        )

    async def _stream(
        self,
        request: web.Request,
        call: Call,
        fault: Fault | None,
        message: dict[str, Any],
        finish: str,
        usage: dict[str, int],
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", **self.headers})
        await response.prepare(request)
        is_asked = (call.body.get("stream_options") or {}).get("include_usage") and "stream_options" not in self.ignores
        wants_usage = self.usage and (is_asked or self.gives_usage)

        async def send(choices: list[dict[str, Any]], **more: Any) -> None:
            chunk = {
                "id": f"chatcmpl-{call.number}",
                "object": "chat.completion.chunk",
                "created": 1_780_000_000 + call.number,
                "model": MODEL,
                "choices": choices,
                **({"usage": None} if wants_usage else {}),
                **more,
            }
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())

        def delta(finish_reason: str | None = None, **content: Any) -> list[dict[str, Any]]:
            return [{"index": 0, "delta": content, "logprobs": None, "finish_reason": finish_reason}]

        kind = fault.kind if fault else ""
        await self._answered(call, 200)
        await send(delta(role="assistant", content="", refusal=None))
        text = message["content"] or ""
        # A few words each: every piece is an event, and some tests write hundreds of posts.
        size = min(28, len(text) // 4 + 1)
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        for number, piece in enumerate(pieces):
            if number == len(pieces) // 2 and kind == "stall":
                await asyncio.sleep(fault.seconds if fault else 0)
            if number == len(pieces) // 2 and kind == "cut_stream":
                faults.cut(request, abort=False)
                return response
            if number == len(pieces) // 2 and kind == "error_in_stream":
                broken = {"error": {"message": "The server had an error.", "type": "server_error", "code": None}}
                await response.write(f"data: {json.dumps(broken)}\n\n".encode())
                return response
            await send(delta(content=piece))
        if message.get("refusal"):
            await send(delta(refusal=message["refusal"]))
        await send(delta(finish))
        if wants_usage:
            await send([], usage=usage)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _create(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        if refusal := self._refusal(call.body):
            return refusal
        if call.body.get("model") != MODEL:
            return error(404, model=str(call.body.get("model")))
        wanted = (call.body.get("text") or {}).get("format") or {}
        if wanted.get("type") == "json_object" and "json" not in _words(call.body.get("input")).lower():
            return error(400, words="Response input messages must contain the word 'json' in some form.", param="input")
        text = self._said(call, wanted.get("type"), wanted.get("schema"))
        final = ending(call.number, text, call.prompt, fault.kind if fault else "", has_usage=self.usage)
        if final["usage"] is not None:
            final["usage"].update(self.more_usage)
        submission = Submission(f"resp_{call.number:032x}", call.label, call.body, call.reference, "queued", final)
        self.submissions.append(submission)
        if not submission.is_in_background:
            if call.body.get("stream"):
                return await self._response_stream(request, call, fault, submission)
            submission.status = final["status"]
        return web.json_response(submission.shown(), headers=self.headers)

    async def _response_stream(
        self, request: web.Request, call: Call, fault: Fault | None, submission: Submission
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", **self.headers})
        await response.prepare(request)
        await self._answered(call, 200)
        kind = fault.kind if fault else ""
        sent = events(submission)
        for number, (name, content) in enumerate(sent):
            if number == len(sent) // 2 and kind == "stall":
                await asyncio.sleep(fault.seconds if fault else 0)
            if number == len(sent) // 2 and kind == "cut_stream":
                faults.cut(request, abort=False)
                return response
            if number == len(sent) // 2 and kind == "error_in_stream":
                broken = {"code": "server_error", "message": "The server had an error.", "param": None}
                await response.write(line(number, "error", broken))
                return response
            await response.write(line(number, name, content))
        return response

    async def _retrieve(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        submission = self._kept(request)
        if submission is None:
            return _no_response(request)
        if self.background == "polls":
            submission.advance(self.background_polls)
        return web.json_response(submission.shown(), headers=self.headers)

    async def _cancel(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        submission = self._kept(request)
        if submission is None:
            return _no_response(request)
        if not submission.is_in_background:
            return error(400, words="Cannot cancel a synchronous response.")
        if submission.status not in FINAL:  # a second time changes nothing
            submission.status = "cancelled"
        return web.json_response(submission.shown())

    def _kept(self, request: web.Request) -> Submission | None:
        wanted = request.match_info["id"]
        return next((one for one in self.submissions if one.id == wanted and one.is_kept), None)

    async def _image(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        if refusal := self._refusal(call.body):
            return refusal
        if call.body.get("model") not in {IMAGE_MODEL, None}:
            return error(404, model=call.body["model"])
        kind = fault.kind if fault else ""
        if self.picture_by_url or kind in BY_URL:
            name = kind if kind in BY_URL else "picture.png"
            entry = {"url": self.image_url or f"http://127.0.0.1:{self._port}/files/{name}"}
        else:
            entry = {"b64_json": base64.b64encode(wrong_picture(kind) or picture()).decode()}
        usage = {"input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210}
        return web.json_response(
            {
                "created": 1_780_000_000 + call.number,
                "data": [entry],
                "output_format": "png",
                **({"usage": usage} if self.usage else {}),
            }
        )

    async def _models(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        listed = [{"id": name, "object": "model", "created": 1, "owned_by": "fake"} for name in (MODEL, IMAGE_MODEL)]
        return web.json_response({"object": "list", "data": listed})

    async def _about_key(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        return web.json_response({"data": {"label": "sk-or-v1-…", "usage": 0.5, "limit": None, "is_free_tier": False}})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.fetched.append(name)
        fault = self.faults.take(request.path, "file") or Fault(name)
        if fault.kind == "expired_url":
            return web.Response(status=404, text="This file has expired.")
        spoiled = await wrong_answer(request, fault, error=_no_file, schema=[], media_type="image/png")
        return spoiled or web.Response(body=wrong_picture(fault.kind) or picture(), content_type="image/png")

    def _said(self, call: Call, format_type: str | None, schema: dict[str, Any] | None) -> str:
        """The model's words, in the shape that the server holds it to, else in the one that the prompt tells."""
        if "response_format" in self.ignores:
            format_type = schema = None
        prompt = call.prompt
        if "system" in self.ignores:
            messages = call.body.get("messages", ())
            prompt = "\n\n".join(_words(message["content"]) for message in messages if message["role"] == "user")
        schema = schema or _schema_in(prompt)
        text = self.answerer(prompt, schema)
        return json.dumps({"answer": text}) if format_type == "json_object" and schema is None else text

    def _refusal(self, body: dict[str, Any]) -> web.Response | None:
        """The 400 of a server that does not know a field of the request, or wants none of its values."""
        for name in self.refuses:
            key = "text.format" if "text" in body else "response_format"
            of_format = ((body.get("text") or {}).get("format") or body.get("response_format") or {}).get("type")
            if name in {"json_schema", "json_object"} and of_format == name:
                return error(400, words=f"{key} type '{name}' is not supported", param=key)
            if name == "system" and any(message["role"] == "system" for message in body.get("messages", ())):
                return error(400, words="System role is not supported", param="messages[0].role")
            if name in body:
                return error(400, words=f"Unsupported parameter: '{name}' is not supported.", param=name)
        return None

    async def _steer(self, request: web.Request) -> web.StreamResponse:
        order = await request.json() if request.can_read_body else {}
        match request.path.rpartition("/")[2]:
            case "hold":
                self.hold(order.get("label", "*"))
            case "release":
                await self.release(order.get("label"))
            case "received":
                await self.received(request.query.get("label", "*"), int(request.query.get("count", "1")))
            case "answered":
                await self.answered(request.query.get("label", "*"), int(request.query.get("count", "1")))
            case "fail":
                self.faults.add(Fault(**{"kind": "status", **order}))
            case "finish":
                self.finish(order.get("label", "*"), order.get("status", "completed"))
            case "expire":
                self.expire(order.get("label", "*"))
            case "submissions":
                return web.json_response(
                    [
                        {"id": one.id, "label": one.label, "reference": one.reference, "status": one.status,
                         "background": one.is_in_background}
                        for one in self.submissions
                    ]
                )  # fmt: skip
        return web.json_response(
            [{"label": call.label, "status": call.status, "path": call.path, "body": call.body} for call in self.calls]
        )


def _no_file(status: int) -> web.Response:
    return web.Response(status=status)


def error(status: int, *, words: str = "", param: str | None = None, model: str = "") -> web.Response:
    """An error as OpenAI sends it."""
    known: dict[int, tuple[str, str, str | None]] = {
        400: ("Invalid request.", "invalid_request_error", None),
        401: (
            "Incorrect API key provided: sk-wrong********7890. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            "invalid_request_error",
            "invalid_api_key",
        ),
        403: ("You are not allowed to sample from this model", "permission_error", None),
        404: (
            f"The model `{model}` does not exist or you do not have access to it.",
            "invalid_request_error",
            "model_not_found",
        ),
        429: ("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
        500: ("The server had an error while processing your request.", "server_error", None),
        503: ("The engine is currently overloaded, please try again later", "server_error", None),
    }
    message, kind, code = known.get(status, ("Something went wrong.", "server_error", None))
    return web.json_response(
        {"error": {"message": words or message, "type": kind, "param": param, "code": code}}, status=status
    )


CONTEXT_TOO_LONG = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9041 "
        "tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}
NO_CREDIT = {
    "error": {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
}
CONTENT_REFUSED = {
    "error": {
        "message": "Your request was rejected as a result of our safety system.",
        "type": "image_generation_user_error",
        "param": None,
        "code": "moderation_blocked",
    }
}


def picture(width: int = 96, height: int = 64) -> bytes:
    """A small PNG."""
    row = b"\0" + b"".join(bytes((40 + 2 * x % 200, 110, 160)) for x in range(width))

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(row * height)) + part(b"IEND", b"")
    )


async def _spoiled(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    """The answer to a call that goes wrong as a whole; None if it goes wrong inside its answer."""
    match fault.kind:
        case "private_redirect":  # of the picture, not of the call
            return None
        case "broken_json":
            return web.Response(text='{"id": "chatcmpl-1", "choices": [{"mess', content_type="application/json")
        case "not_a_completion":
            return web.json_response(["a", "list"])
        case "no_choices":
            return web.json_response({"id": "x", "object": "chat.completion", "choices": []})
    schema = {"ok": True, "choices": "none", "output": 7, "data": {}, "usage": "much"}
    return await wrong_answer(request, fault, error=error, schema=schema)


def _no_response(request: web.Request) -> web.Response:
    words = f"Response with id '{request.match_info['id']}' not found."
    told = {"message": words, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": told}, status=404)


async def _unknown_path(request: web.Request) -> web.Response:
    return web.json_response(
        {"error": {"message": f"Invalid URL ({request.method} {request.path})", "type": "invalid_request_error"}},
        status=404,
    )


def _label(request: web.Request, body: dict[str, Any]) -> str:
    if request.path.endswith("/generations"):
        return "image"
    if "/models" in request.path:
        return "models"
    if request.path.endswith("/key"):
        return "key"
    if "/responses/" in request.path:
        return "cancel" if request.path.endswith("/cancel") else "poll"
    if purpose := request.headers.get("X-Blogen-Purpose"):
        return purpose
    if name := ((body.get("response_format") or {}).get("json_schema") or {}).get("name"):
        return str(name)
    if name := ((body.get("text") or {}).get("format") or {}).get("name"):
        return str(name)
    text = " ".join(_words(message.get("content")) for message in body.get("messages", ()))
    text += f"{body.get('instructions') or ''} {_words(body.get('input'))}"
    marker = re.search(r"\[\[([\w:./-]+)\]\]", text)
    return marker[1] if marker else "text"


def _words(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content)
    return str(content or "")


def _schema_in(prompt: str) -> dict[str, Any] | None:
    """A JSON Schema that is given by words, as to servers without structured output."""
    decoder = json.JSONDecoder()
    for hit in re.finditer(r"^\{", prompt, re.M):
        try:
            found, _ = decoder.raw_decode(prompt, hit.start())
        except ValueError:
            continue
        if isinstance(found, dict) and "properties" in found:
            return found
    return None


async def _serve(options: argparse.Namespace) -> None:
    journal = Path(options.journal) if options.journal else None
    fake = FakeOpenAI(
        port=options.port,
        key=options.key,
        journal=journal,
        delay_seconds=options.delay_ms / 1000,
        background="polls" if options.background_polls else "manual",
        background_polls=options.background_polls,
    )
    async with fake:
        print(fake.base_url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A server that speaks OpenAI's wire format, for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal")
    parser.add_argument("--key")
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--background-polls", type=int, default=2, help="0: until /__fake/finish")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
