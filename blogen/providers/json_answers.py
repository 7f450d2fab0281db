"""JSON from models that may only be asked for it in words, and what they wrap it in."""

import json
from collections.abc import Iterator
from typing import Any

_BY_WORDS = (
    "Answer with exactly one JSON object that is valid for the following JSON Schema. "
    "Write nothing before or after it, and no code fence."
)


def schema_by_words(schema: dict[str, Any] | None) -> str:
    """What to add to the instructions of a model that takes no schema."""
    return f"{_BY_WORDS}\n{json.dumps(schema, ensure_ascii=False)}"


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


def _braces(text: str) -> Iterator[int]:
    """Where objects may begin; at most 50 places, so that a hostile text costs no time."""
    start = text.find("{")
    for _ in range(50):
        if start < 0:
            return
        yield start
        start = text.find("{", start + 1)
