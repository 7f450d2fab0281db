"""Answers with a shape: the schema that is sent along, and reading what comes back."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blogen.writing.markdown import without_thoughts


class Answer(BaseModel):
    """The base of all answers. What a model adds of its own accord is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True, str_strip_whitespace=True)


class QueriesAnswer(Answer):
    queries: list[str] = Field(min_length=1)


class PlannedSection(Answer):
    heading: str = ""
    gist: str = ""
    passages: list[str] = []


class OutlineAnswer(Answer):
    title: str = Field(min_length=1)
    angle: str = ""
    sections: list[PlannedSection] = Field(min_length=1)
    tags: list[str] = []


class Remark(Answer):
    section: str
    remark: str


class CritiqueAnswer(Answer):
    remarks: list[Remark]
    remove: list[str] = []


class TitleAnswer(Answer):
    title: str = Field(min_length=1)
    summary: str = Field(min_length=1)
    slug: str = ""
    tags: list[str] = []


class Picture(Answer):
    section: str = ""
    prompt: str = Field(min_length=1)
    alt: str = Field(min_length=1)


class PicturesAnswer(Answer):
    items: list[Picture] = Field(min_length=1)


T = TypeVar("T", bound=Answer)


class Malformed(Exception):
    """An answer that has not the shape that was asked for; says why."""


def schema_of(model: type[Answer]) -> dict[str, Any]:
    """The JSON schema of `model` as strict servers want it: no references, every key required, no other allowed."""
    schema = model.model_json_schema()
    found: dict[str, Any] = _strict(schema, schema.get("$defs", {}))
    return found


def read(model: type[T], text: str) -> T:
    """The answer in `text`: plain JSON, in a code fence, or with words around it. Raises `Malformed`."""
    text = without_thoughts(text)
    fault = "it holds no JSON object."
    for candidate in _objects(text):
        try:
            return model.model_validate(candidate)
        except ValidationError as error:
            fault = _in_words(error)
    raise Malformed(fault)


_FENCED = re.compile(r"(`{3,}|~{3,})[a-zA-Z]*[ \t]*\n(.*?)\1", re.DOTALL)
_BRACE = re.compile(r"\{")
_ATTEMPTS = 200


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in `text`, the likeliest first."""
    for piece in [text, *(found[2] for found in _FENCED.finditer(text))]:
        try:
            value = json.loads(piece)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value
    decoder = json.JSONDecoder(strict=False)
    start = 0
    for _ in range(_ATTEMPTS):
        found = _BRACE.search(text, start)
        if found is None:
            return
        try:
            value, start = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            start = found.end()
            continue
        if isinstance(value, dict):
            yield value


def _in_words(error: ValidationError) -> str:
    faults = [
        f"`{'.'.join(map(str, fault['loc'])) or 'the object'}`: {fault['msg'][:1].lower()}{fault['msg'][1:]}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    ]
    return "; ".join(faults) + "."


def _strict(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_strict(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _strict(definitions[node["$ref"].rpartition("/")[2]], definitions)
    # Servers differ in which of these they know; the reading checks them anyway.
    left_out = {"title", "default", "description", "minLength", "maxLength", "minItems", "maxItems", "$defs"}
    is_schema = "type" in node
    strict = {
        key: {name: _strict(value, definitions) for name, value in item.items()}
        if key == "properties"
        else _strict(item, definitions)
        for key, item in node.items()
        if not (is_schema and key in left_out)
    }
    if strict.get("type") == "object":
        strict |= {"required": list(strict.get("properties", {})), "additionalProperties": False}
    return strict
