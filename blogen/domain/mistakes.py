"""What pydantic found wrong in an input, in words for the person who gave it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from blogen.errors import FieldError, InvalidInput

M = TypeVar("M", bound=BaseModel)

MAX_ERRORS = 50
"""So many mistakes are told; who makes more has other worries."""

_SHOWN_CHARS = 60

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here; leave it out",
    "string_type": "must be text, found {found}",
    "string_too_short": "must have at least {min_length} characters, found {length}",
    "string_too_long": "must have at most {max_length} characters, found {length}",
    "string_pattern_mismatch": "has not the right form, found {found}",
    "too_long": "must have at most {max_length} items, found {actual_length}",
    "too_short": "must have at least {min_length} items, found {actual_length}",
    "int_type": "must be a whole number, found {found}",
    "int_parsing": "must be a whole number, found {found}",
    "int_from_float": "must be a whole number, found {found}",
    "int_parsing_size": "must be a smaller number",
    "float_type": "must be a number, found {found}",
    "float_parsing": "must be a number, found {found}",
    "bool_type": "must be true or false, found {found}",
    "bool_parsing": "must be true or false, found {found}",
    "list_type": "must be a list, found {found}",
    "dict_type": "must be an object, found {found}",
    "model_type": "must be an object, found {found}",
    "model_attributes_type": "must be an object, found {found}",
    "greater_than_equal": "must be at least {ge}, found {found}",
    "less_than_equal": "must be at most {le}, found {found}",
    "enum": "must be one of {expected}, found {found}",
    "literal_error": "must be {expected}, found {found}",
    "union_tag_not_found": "needs a `kind`",
    "union_tag_invalid": "must have a `kind` that is one of {expected_tags}, found '{tag}'",
    "timezone_aware": "must be a time with an offset, such as 2026-08-02T12:00:00Z, found {found}",
    "url_type": "must be an address such as https://example.com/page, found {found}",
    "url_parsing": "must be an address such as https://example.com/page, found {found}",
    "url_scheme": "must begin with http:// or https://, found {found}",
    "url_too_long": "must have at most {max_length} characters, found {length}",
    "json_invalid": "is not valid JSON: {error}",
}
_TIMES = ("datetime_", "date_", "time_")
_TIME_WORDS = "must be a time such as 2026-08-02T12:00:00Z, found {found}"


def validated(model: type[M], given: Mapping[str, object]) -> M:
    """`given` as `model`. Raises InvalidInput with every mistake."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise as_invalid_input(error, given) from None


def as_invalid_input(error: ValidationError, given: Any = None) -> InvalidInput:
    """The same as an error of ours. `given` is the input as it came; with it, paths lead through the input itself."""
    errors = mistakes_in(error, given)
    sentence = " ".join(f"`{path}` {message}." if path else f"The input {message}." for path, message in errors[:3])
    more = f" And {len(errors) - 3} more." if len(errors) > 3 else ""
    return InvalidInput(sentence + more, remedy="Mend what `errors` names and send it again.", errors=errors)


def mistakes_in(error: ValidationError, given: Any = None) -> Sequence[FieldError]:
    """Where (`sources.0.text`) and what. At most `MAX_ERRORS`."""
    found = error.errors(include_url=False)[:MAX_ERRORS]
    return [FieldError(".".join(_path(one["loc"], given)), _worded(one)) for one in found]


def _path(location: Sequence[int | str], given: Any) -> Iterator[str]:
    """The location without the tags that pydantic puts behind a member of a union."""
    here, after_index = given, False
    for part in location:
        if after_index and isinstance(here, dict) and here.get("kind") == part:
            after_index = False
            continue
        yield str(part)
        after_index = isinstance(part, int)
        here = _inside(here, part)


def _inside(container: Any, part: int | str) -> Any:
    if isinstance(container, dict):
        return container.get(part)
    if isinstance(container, list) and isinstance(part, int) and part < len(container):
        return container[part]
    return None


def _worded(one: Any) -> str:
    kind, value, context = one["type"], one["input"], one.get("ctx", {})
    if kind in {"value_error", "assertion_error"}:
        return str(context.get("error", one["msg"]))
    words = _TIME_WORDS if kind.startswith(_TIMES) else _WORDS.get(kind)
    if words is None:
        return str(one["msg"][:1].lower() + one["msg"][1:])
    length = len(value.strip() if kind.startswith("string_too") else value) if isinstance(value, str) else 0
    return words.format(**(context | {"found": _shown(value), "length": length}))


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return _short(str(value))
        case str():
            return f"'{_short(value)}'"
        case list():
            return "a list"
        case dict():
            return "an object"
    return f"a {type(value).__name__}"


def _short(text: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"
