"""The services behind OpenAI's API: where each answers, what it understands, and how it words its errors.

A new one is a row in `_ROWS` and its name in `PresetName`. Sources: the services' own references for their
OpenAI-compatible endpoints, and the texts of errors that their servers send.

What a row says is where a call begins. If a server of that name refuses a field all the same (an older version,
another model), the request is sent again in a plainer form, as to a server without preset.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PresetName = Literal[
    "openai", "azure", "openrouter", "groq", "mistral", "deepseek", "gemini",
    "ollama", "vllm", "lmstudio", "llamacpp", "litellm",
]  # fmt: skip
JsonOutput = Literal["schema", "object", "none"]
UsageInStreams = Literal["asked", "given", "none"]
"""Whether a stream tells the usage: when `stream_options` asks for it; unasked; never."""
SystemRole = Literal["system", "developer", "user"]
LimitField = Literal["max_completion_tokens", "max_tokens"]


@dataclass(frozen=True, slots=True)
class Preset:
    """One service. The words are regular expressions, looked for in an error's code, type and message."""

    name: str
    base_url: str | None = None
    """Where it answers; None: every owner has an address of their own."""
    json: JsonOutput = "schema"
    usage_in_streams: UsageInStreams = "asked"
    system_role: SystemRole = "system"
    limit: LimitField = "max_tokens"
    body: Mapping[str, Any] = field(default_factory=dict)
    """Fields that every request carries."""
    brief: Mapping[str, Any] = field(default_factory=dict)
    """Fields that keep a model from reasoning at length about next to nothing; sent only to try a server."""
    key_header: str = ""
    """The header that carries the key; empty: `Authorization: Bearer`."""
    key_path: str = ""
    """Where a key can be tried, if the list of models is open to everybody."""
    lists_models: bool = True
    """Whether the list of models holds the names that requests use."""
    is_relay: bool = False
    """Hands calls on to others, so an address close by does not mean that they cost nothing."""
    too_long: str = ""
    content_refused: str = ""
    no_credit: str = ""
    model_unknown: str = ""


_TEMPLATE_WITHOUT_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}

_ROWS = (
    Preset(
        "openai",
        "https://api.openai.com/v1",
        system_role="developer",
        limit="max_completion_tokens",
        brief={"reasoning_effort": "low"},
    ),
    Preset(
        "azure",
        limit="max_completion_tokens",
        brief={"reasoning_effort": "low"},
        key_header="api-key",
        lists_models=False,  # it lists models, and requests name deployments
        content_refused=r"ResponsibleAIPolicyViolation|content management policy",
        model_unknown=r"DeploymentNotFound|API deployment for this resource does not exist",
    ),
    Preset(
        "openrouter",
        "https://openrouter.ai/api/v1",
        body={"usage": {"include": True}},
        brief={"reasoning": {"effort": "low"}},
        key_path="/key",
        content_refused=r"requires moderation|input was flagged|flagged_input|guardrail",
        no_credit=r"requires more credits|insufficient credits",
        model_unknown=r"not a valid model ID|No endpoints found for",
    ),
    Preset(
        "groq",
        "https://api.groq.com/openai/v1",
        limit="max_completion_tokens",
        brief={"reasoning_effort": "low"},
        too_long=r"request too large for model|reduce your message size",
        no_credit=r"spend limit",
        model_unknown=r"model_decommissioned|has been decommissioned",
    ),
    Preset(
        "mistral",
        "https://api.mistral.ai/v1",
        usage_in_streams="given",  # unknown fields such as stream_options are refused (422)
        too_long=r"too large for model with \d+ maximum context length",
        model_unknown=r"invalid_model|Invalid model",
    ),
    Preset(
        "deepseek",
        "https://api.deepseek.com",
        json="object",
        brief={"thinking": {"type": "disabled"}},
        content_refused=r"Content Exists Risk",
        no_credit=r"Insufficient Balance",
        model_unknown=r"Model Not Exist",
    ),
    Preset(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        brief={"reasoning_effort": "low"},
        too_long=r"input token count.{0,40}exceeds the maximum",
        content_refused=r"PROHIBITED_CONTENT|blocked by .{0,20}safety|BLOCKLIST",
        no_credit=r"prepayment credits are depleted|billing account .{0,40}(disabled|closed)",
        model_unknown=r"models/\S+ is not found",
    ),
    Preset(
        "ollama",
        "http://127.0.0.1:11434/v1",
        brief={"reasoning_effort": "none"},
        model_unknown=r"try pulling it first|model \S+ not found",
    ),
    Preset(
        "vllm",
        "http://127.0.0.1:8000/v1",
        brief=_TEMPLATE_WITHOUT_THINKING,
        model_unknown=r"The model \S+ does not exist",
    ),
    Preset(
        "lmstudio",
        "http://127.0.0.1:1234/v1",
        brief={"reasoning_effort": "none"},
        too_long=r"Trying to keep the first \d+ tokens|greater than the context length|Context size has been exceeded",
        model_unknown=r"No models loaded|model_not_found|Model \S+ not found",
    ),
    Preset(
        "llamacpp",
        "http://127.0.0.1:8080/v1",
        brief=_TEMPLATE_WITHOUT_THINKING,
        too_long=r"exceed_context_size_error",
    ),
    Preset(
        "litellm",
        "http://127.0.0.1:4000/v1",
        is_relay=True,
        brief={"reasoning_effort": "low"},
        too_long=r"ContextWindowExceededError",
        content_refused=r"ContentPolicyViolationError|violated_(policy|guardrail)|blocked by guardrail",
        no_credit=r"budget_exceeded|ExceededBudget|Budget has been exceeded",
        model_unknown=r"Invalid model name passed in|key_model_access_denied",
    ),
)

PRESETS: Mapping[str, Preset] = {row.name: row for row in _ROWS}


def _any_of(words: str) -> str:
    return "|".join(found for row in _ROWS if (found := getattr(row, words)))


AUTO = Preset(
    "",
    "https://api.openai.com/v1",
    brief={"reasoning_effort": "low", **_TEMPLATE_WITHOUT_THINKING},
    too_long=_any_of("too_long"),
    content_refused=_any_of("content_refused"),
    no_credit=_any_of("no_credit"),
    model_unknown=_any_of("model_unknown"),
)
"""A server that the owner gives no name for: what it understands is found out, and every dialect is listened for."""


def says(words: str, *texts: str) -> bool:
    """Whether one of `texts` holds the words."""
    return bool(words) and any(re.search(words, text, re.I) for text in texts)
