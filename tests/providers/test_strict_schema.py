"""Schemas in the form that strict structured output accepts."""

from blogen.domain.writing import Illustrations, Outline
from blogen.providers.strict_schema import strict_schema


def objects_in(schema):
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects_in(value)
    elif isinstance(schema, list):
        for entry in schema:
            yield from objects_in(entry)


def test_every_object_requires_all_it_has_and_allows_no_more():
    for model in (Outline, Illustrations):
        strict, is_strict = strict_schema(model.model_json_schema())
        assert is_strict
        found = list(objects_in(strict))
        assert len(found) > 1
        for schema in found:
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False
            assert not {"default", "title", "maxLength"} & set(schema)


def test_a_property_may_be_called_as_a_keyword_is():
    strict, _ = strict_schema({"type": "object", "properties": {"title": {"type": "string", "title": "T"}}})
    assert strict["properties"] == {"title": {"type": "string"}}


def test_references_keep_nothing_beside_them_and_single_choices_are_opened():
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A", "description": "x", "default": None},
            "b": {"allOf": [{"$ref": "#/$defs/A"}]},
            "c": {"oneOf": [{"type": "string", "minLength": 1}, {"type": "null"}]},
        },
        "$defs": {"A": {"type": "object", "properties": {"x": {"type": "integer", "minimum": 1}}}},
    }
    strict, is_strict = strict_schema(schema)
    assert is_strict
    assert strict["properties"]["a"] == strict["properties"]["b"] == {"$ref": "#/$defs/A"}
    assert strict["properties"]["c"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert strict["$defs"]["A"]["properties"]["x"] == {"type": "integer", "minimum": 1}


def test_an_object_with_free_keys_is_sent_as_it_is_and_not_called_strict():
    schema = {
        "type": "object",
        "properties": {"counts": {"type": "object", "additionalProperties": {"type": "integer"}}},
    }
    assert strict_schema(schema) == (schema, False)
