"""Turns a JSON Schema into the part of it that structured output in strict mode accepts.

The rules: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas. Every property is required,
no other property is allowed, and keywords that only validate are left to the caller, who checks the answer anyway.
"""

from typing import Any

_KEPT = frozenset(
    {"type", "properties", "items", "anyOf", "enum", "const", "$ref", "$defs", "description", "pattern"}
    | {"minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)


def strict_schema(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema to send and whether it may be called strict: an object with free keys may not."""
    if _has_free_keys(schema):
        return schema, False
    strict = _strict(schema)
    return strict, strict.get("type") == "object"


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": schema["$ref"], **({"$defs": _each(schema["$defs"])} if "$defs" in schema else {})}
    kept = {key: value for key, value in schema.items() if key in _KEPT}
    if "oneOf" in schema:
        kept["anyOf"] = schema["oneOf"]
    if len(alone := schema.get("allOf", ())) == 1:
        kept = {**alone[0], **kept}
        return _strict(kept)
    for key in ("properties", "$defs"):
        if key in kept:
            kept[key] = _each(kept[key])
    if isinstance(kept.get("items"), dict):
        kept["items"] = _strict(kept["items"])
    if "anyOf" in kept:
        kept["anyOf"] = [_strict(choice) for choice in kept["anyOf"]]
    if kept.get("type") == "object":
        kept.setdefault("properties", {})
        kept["required"] = list(kept["properties"])
        kept["additionalProperties"] = False
    return kept


def _each(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: _strict(schema) for name, schema in schemas.items()}


def _has_free_keys(schema: object) -> bool:
    if isinstance(schema, list):
        return any(_has_free_keys(entry) for entry in schema)
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "object" and (schema.get("additionalProperties") or not schema.get("properties")):
        return True
    return any(_has_free_keys(value) for key, value in schema.items() if key not in {"enum", "const", "description"})
