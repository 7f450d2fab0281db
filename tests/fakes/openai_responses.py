"""The Responses API of FakeOpenAI: what it answers, what it keeps, and how its background work goes on.

Made from the published API (https://platform.openai.com/docs/api-reference/responses and the guide to background mode),
not from our client: a repeated `Idempotency-Key` makes a second response, as there, where none is documented.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal

Work = Literal["polls", "manual"]
"""How background responses go on: with each poll, or when a test says so."""
FINAL = frozenset({"completed", "failed", "cancelled", "incomplete"})


@dataclass
class Submission:
    """One response that was created. `reference` is its `Idempotency-Key`."""

    id: str
    label: str
    body: dict[str, Any]
    reference: str
    status: str
    final: dict[str, Any] = field(repr=False)
    """What it ends with: `status`, `output`, `usage`, `error`, `incomplete_details`."""
    created_at: float = field(default_factory=time.time)
    polls: int = 0
    is_expired: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether it can be retrieved: stored ones are, and those in the background for a while."""
        return not self.is_expired and (self.body.get("store", True) is True or self.is_in_background)

    @property
    def is_in_background(self) -> bool:
        return self.body.get("background") is True

    def advance(self, polls: int) -> None:
        """Another poll: queued, then in progress, then done after `polls` of them."""
        self.polls += 1
        if self.status not in FINAL:
            self.status = self.final["status"] if self.polls >= polls else "in_progress"

    def shown(self) -> dict[str, Any]:
        """The response object as it is now."""
        body, is_done = self.body, self.status in FINAL
        final = self.final if is_done and self.status == self.final["status"] else {}
        return {
            "id": self.id,
            "object": "response",
            "created_at": int(self.created_at),
            "completed_at": int(time.time()) if self.status == "completed" else None,
            "status": self.status,
            "background": self.is_in_background,
            "error": final.get("error"),
            "incomplete_details": final.get("incomplete_details"),
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "metadata": body.get("metadata") or {},
            "model": body.get("model"),
            "output": final.get("output", []),
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": (body.get("reasoning") or {}).get("effort"), "summary": None},
            "service_tier": "default" if is_done else "auto",
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": {"format": {"type": "text"}, **(body.get("text") or {})},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": final.get("usage"),
            "user": None,
        }


def ending(number: int, text: str, prompt: str, kind: str, *, has_usage: bool) -> dict[str, Any]:
    """How the response ends, in the way of the fault `kind` or well."""
    parts: list[dict[str, Any]] = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    end: dict[str, Any] = {"status": "completed"}
    match kind:
        case "no_text":
            parts = []
        case "length":
            parts[0]["text"] = text[: len(text) // 2]
            end = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        case "content_filter":
            parts = []
            end = {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
        case "refusal":
            parts = [{"type": "refusal", "refusal": "I'm sorry, I can't help with that."}]
        case "think":
            parts[0]["text"] = f"<think>\nFirst I weigh what they asked.\n</think>\n\n{text}"
        case "stray_json":
            parts[0]["text"] = f"Sure! Here it is:\n```json\n{text}\n```\nDo you need more?"
        case "failed":
            return {
                "status": "failed",
                "error": {"code": "server_error", "message": "The server had an error."},
                "output": [],
                "usage": None,
            }
        case "failed_policy":
            words = "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
            return {
                "status": "failed",
                "error": {"code": "invalid_prompt", "message": words},
                "output": [],
                "usage": None,
            }
    answered = sum(len(part.get("text", "")) for part in parts) // 4 + 1
    message = {
        "id": f"msg_{number}",
        "type": "message",
        "status": "incomplete" if end["status"] == "incomplete" else "completed",
        "role": "assistant",
        "content": parts,
    }
    thoughts = [{"type": "summary_text", "text": "I also think here."}] if kind == "think" else []
    end["output"] = [{"id": f"rs_{number}", "type": "reasoning", "summary": thoughts}, message]
    usage = {
        "input_tokens": len(prompt) // 4 + 1,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answered + 20,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": len(prompt) // 4 + 1 + answered + 20,
    }
    end["usage"] = usage if has_usage else None
    return end


def events(submission: Submission) -> list[tuple[str, dict[str, Any]]]:
    """What a stream of it sends, from the first to the last."""
    final = submission.final
    working = {**submission.shown(), "status": "in_progress", "output": [], "usage": None}
    sent: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": working}),
        ("response.in_progress", {"response": working}),
    ]
    for index, item in enumerate(final["output"]):
        at = {"output_index": index}
        begun = {**item, "status": "in_progress", **({"content": []} if item["type"] == "message" else {})}
        sent.append(("response.output_item.added", {**at, "item": begun}))
        for number, part in enumerate(item.get("content", ())):
            of_part = {**at, "item_id": item["id"], "content_index": number}
            kind = "refusal" if part["type"] == "refusal" else "output_text"
            key = "refusal" if kind == "refusal" else "text"
            sent.append(("response.content_part.added", {**of_part, "part": {**part, key: ""}}))
            for start in range(0, len(part[key]), 7):
                delta = {**of_part, "delta": part[key][start : start + 7]}
                sent.append((f"response.{kind}.delta", delta if kind == "refusal" else {**delta, "logprobs": []}))
            done = {**of_part, key: part[key]}
            sent.append((f"response.{kind}.done", done if kind == "refusal" else {**done, "logprobs": []}))
            sent.append(("response.content_part.done", {**of_part, "part": part}))
        sent.append(("response.output_item.done", {**at, "item": item}))
    submission.status = final["status"]
    sent.append((f"response.{final['status']}", {"response": submission.shown()}))
    return sent


def line(number: int, kind: str, content: dict[str, Any]) -> bytes:
    """One event on the wire."""
    told = json.dumps({"type": kind, "sequence_number": number, **content})
    return f"event: {kind}\ndata: {told}\n\n".encode()
