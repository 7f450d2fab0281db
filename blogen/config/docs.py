"""The tables of docs/CONFIGURATION.md, made from the models: a field is the whole truth about its key."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from blogen.config import TRADES, Config, ProviderSection, Section
from blogen.config.load import LISTED
from blogen.config.section import secret_keys

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


Kinds = Mapping[str, type[ProviderSection]]
"""The models of the kinds of providers, by `text.openai` …"""


def renewed(text: str, kinds: Kinds) -> str:
    """`text` of docs/CONFIGURATION.md with its tables as the models say."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables(kinds)}{END}{after}"


def tables(kinds: Kinds) -> str:
    parts = [_table(f"`{_heading(name)}`", model, model.model_fields) for name, model in sections().items()]
    heading = ", ".join(f"`[{trade}.NAME]`" for trade in TRADES)
    parts.append(_table(heading, ProviderSection, ProviderSection.model_fields))
    for name, model in kinds.items():
        trade, _, kind = name.partition(".")
        parts.append(_table(f'`[{trade}.NAME]` with `kind = "{kind}"`', model, own_keys(model)))
    return "\n".join(parts)


def own_keys(model: type[ProviderSection]) -> dict[str, FieldInfo]:
    """The keys that a kind adds, or means otherwise than every kind does."""
    common = ProviderSection.model_fields
    return {
        name: field
        for name, field in model.model_fields.items()
        if name != "kind" and (name not in common or _row(name, field) != _row(name, common[name]))
    }


def sections() -> dict[str, type[Section]]:
    """The sections with fixed keys, by name; a table within one follows it."""
    return dict(_sections(Config, ""))


def _sections(model: type[BaseModel], within: str) -> Iterator[tuple[str, type[Section]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield f"{within}{name}", field.annotation
            yield from _sections(field.annotation, f"{within}{name}.")
        elif name in LISTED:
            yield name, LISTED[name]


def _heading(name: str) -> str:
    return f"[[{name}]]" if name in LISTED else f"[{name}]"


def _table(heading: str, model: type[Section], fields: Mapping[str, FieldInfo]) -> str:
    text = f"### {heading}\n\n{' '.join((model.__doc__ or '').split())}\n"
    rows = "".join(_rows(model, fields))
    return f"{text}\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n{rows}" if rows else text


def _rows(model: type[Section], fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    for name, field in fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            continue  # it has a table of its own
        yield _row(name, field)
        if name in secret_keys(model):
            yield f"| `{name}_file` | path | unset | File that holds `{name}` |\n"


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_value(field)} | {_default(field)} | {field.description} |\n"


def _value(field: FieldInfo) -> str:
    return _type(field.annotation) + _range(field.metadata)


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin is list:
        return f"list of {_type(arguments[0])}s"
    if hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if origin is Union or type(annotation).__name__ == "UnionType":
        return " or ".join(dict.fromkeys(_type(part) for part in arguments if part is not type(None)))
    name: str = annotation.__name__
    return _WORDS.get(name, name)


_WORDS = {
    "str": "text", "int": "whole number", "float": "number", "Decimal": "number", "bool": "`true`, `false`",
    "Path": "path", "dict": "table", "SecretStr": "secret", "IPv4Network": "network", "IPv6Network": "network",
}  # fmt: skip


def _range(metadata: list[Any]) -> str:
    low = next((f"{item.ge}" for item in metadata if isinstance(item, Ge)), None)
    low = low or next((f"more than {item.gt}" for item in metadata if isinstance(item, Gt)), None)
    high = next((f"{item.le}" for item in metadata if isinstance(item, Le)), None)
    high = high or next((f"under {item.lt}" for item in metadata if isinstance(item, Lt)), None)
    if low and high:
        return f", {low} to {high}"
    return f", at least {low}" if low else f", at most {high}" if high else ""


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "required"
    if default is None:
        return "unset"
    if isinstance(default, bool | list):
        return f"`{str(default).lower()}`"
    return f"`{default}`"
