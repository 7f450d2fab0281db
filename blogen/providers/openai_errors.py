"""What servers that speak the OpenAI API say when they do not do what was asked, whatever shape they say it in.

OpenAI: `{"error": {"message", "type", "param", "code"}}`. Gemini wraps that into a list; Mistral and FastAPI send
`{"detail": [{"loc", "msg"}]}`, also as a message or as JSON inside one; Ollama and LM Studio send `{"error": "words"}`;
OpenRouter puts a number into `code` and what the model's host said into `metadata`; Azure adds `innererror`.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from blogen.providers.openai_presets import Preset, says

OBJECTIONS = frozenset({400, 422, 501})
"""How servers answer to a field that they do not know or to a value that they do not like."""


class Objection(NamedTuple):
    """What a server said when it did not do what was asked."""

    status: int
    code: str
    param: str
    words: str
    raw: str = ""
    """What the model wrote, where the server found it wanting and sends it along (Groq)."""

    @property
    def is_explicit(self) -> bool:
        """Whether a code says what is wrong, not only words."""
        return self.code in _CONTENT_CODES | _LENGTH_CODES | {"model_not_found", "invalid_api_key", BAD_JSON}

    def names(self, *fields: str) -> bool:
        """Whether it is about one of these fields of the request."""
        return any(re.search(rf"(?<![A-Za-z]){field}", f"{self.param} {self.words}", re.I) for field in fields)

    def is_wrong_key(self) -> bool:
        return (
            self.status == 401
            or self.code == "invalid_api_key"
            or says(r"api key not valid|invalid api key", self.words)
        )

    def is_no_credit(self, service: Preset) -> bool:
        codes = {"insufficient_quota", "billing_hard_limit_reached"}
        return self.status == 402 or self.code in codes or says(service.no_credit, self.code, self.words)

    def is_content(self, service: Preset) -> bool:
        if self.code in _CONTENT_CODES or _CONTENT_CODE.search(self.code):
            return True
        words = f"{service.content_refused}|{_CONTENT_WORDS}" if service.content_refused else _CONTENT_WORDS
        return self.status in {0, 400, 403, 422, 451} and says(words, self.code, self.words)

    def is_too_long(self, service: Preset) -> bool:
        if self.code in _LENGTH_CODES or self.status == 413:
            return True
        words = f"{service.too_long}|{_LENGTH_WORDS}" if service.too_long else _LENGTH_WORDS
        # Some answer 200 or 500 with it; that a service asks for a pause (429) is another matter.
        return self.status not in {401, 403, 404, 429} and says(words, self.code, self.words)

    def is_unknown_model(self, service: Preset) -> bool:
        if self.code in {"model_not_found", "DeploymentNotFound"}:
            return True
        words = f"{service.model_unknown}|{_MODEL_WORDS}" if service.model_unknown else _MODEL_WORDS
        return self.status in {0, 400, 404} and says(words, self.code, self.words)

    def smaller_limit(self, limit: int) -> int | None:
        """The number of output tokens to ask for where `limit` was too many; None if that is not the trouble.

        Servers name the most that the model answers, or the context that question and answer have to share.
        """
        if self.status not in OBJECTIONS or says(_UNKNOWN_FIELD, self.words):
            return None
        if shared := re.search(
            r"context length is (\d+).{0,80}?\((\d+) in the messages, (\d+) in the compl", self.words
        ):
            left = int(shared[1]) - int(shared[2])
            return left if _LEAST_OUTPUT <= left < limit else None
        if not says(r"max_(completion_|output_|new_)?tokens|completion tokens|output tokens", self.param, self.words):
            return None
        numbers = [int(number) for number in re.findall(r"(?<![\d.])\d{3,7}(?![\d.])", self.words)]
        smaller = max((number for number in numbers if _LEAST_OUTPUT <= number < limit), default=limit // 2)
        return smaller if smaller >= _LEAST_OUTPUT else None


def objection_in(body: Any, status: int, redacted: Callable[[str], str], otherwise: str = "") -> Objection:
    """What an error's body says; `otherwise` where it says nothing that can be read."""
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict) and isinstance(body.get("error"), dict | str):
        body = body["error"]
    if not isinstance(body, dict):
        return Objection(status, "", "", redacted(body if isinstance(body, str) else otherwise))
    code = body.get("code")
    if isinstance(code, int) and not isinstance(code, bool):
        status, code = status or (code if 400 <= code < 600 else 0), None
    metadata, inner = _mapping(body.get("metadata")), _mapping(body.get("innererror"))
    codes = [code, body.get("type"), body.get("status"), inner.get("code")]
    told = [_said(body.get(key)) for key in ("message", "detail", "error", "msg")]
    words = next(filter(None, told), "")
    if isinstance(raw := metadata.get("raw"), str):
        words = f"{words}: {_said(raw)}"
    if metadata.get("reasons") or metadata.get("flagged_input"):
        codes.insert(0, "content_filter")
    return Objection(
        status,
        next((str(found)[:100] for found in codes if found and isinstance(found, str) and not found.isdigit()), ""),
        str(body.get("param") or "")[:200],
        redacted(words),
        _said(body.get("failed_generation"))[:20_000],
    )


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _said(value: Any, depth: int = 0) -> str:
    """The words in an error's message, which may itself be an object, a list or JSON in a text."""
    if depth > 4:
        return ""
    if isinstance(value, str):
        if value[:1] in {"{", "["} and len(value) < 20_000:
            with suppress(ValueError, RecursionError):
                return _said(json.loads(value), depth + 1) or value
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, (_said(entry, depth + 1) for entry in value[:5])))
    if isinstance(value, dict):
        told = (_said(value.get(key), depth + 1) for key in ("message", "msg", "detail", "error"))
        words = next(filter(None, told), "")
        place = value.get("loc")
        return f"{'.'.join(map(str, place))}: {words}" if isinstance(place, list | tuple) and words else words
    return ""


BAD_JSON = "json_validate_failed"
"""Groq's word for an answer that is not the JSON that was asked for: not a matter of the request's form."""
_LEAST_OUTPUT = 256
_UNKNOWN_FIELD = r"unsupported parameter|not supported|unrecognized|unknown (field|parameter|name)|not permitted|use '"
_CONTENT_CODES = frozenset(
    {"content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt", "content_policy"}
)
_CONTENT_CODE = re.compile(r"(^|_)policy(_violation)?$|^ResponsibleAIPolicyViolation$")
_CONTENT_WORDS = r"content (management )?policy|safety system|was flagged|content[_ ]filter|usage polic"
_LENGTH_CODES = frozenset(
    {"context_length_exceeded", "string_above_max_length", "request_too_large", "exceed_context_size_error"}
)
_LENGTH_WORDS = (
    r"context[_ ](length|window|size)|maximum context|too many tokens|(prompt|input|request) is too (long|large)"
    r"|reduce the length|exceeds? the (available |maximum )?context|\bn_ctx\b|max_model_len"
)
_MODEL_WORDS = r"\bmodel\b.{0,120}?(not found|not exist|unknown|not supported|invalid)|unknown model"
