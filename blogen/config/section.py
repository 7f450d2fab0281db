"""The base of all sections, and the words for what is wrong in one.

A field is the whole truth about a key: type, default, range, unit in its name, a sentence for the documentation.
A secret `x` can be given as `x_file`; lists may be written as one text (`a, b` or `["a", "b"]`), as the
environment needs it.
"""

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo

from blogen.domain.model import Model

MAX_SECRET_BYTES = 64 * 1024

SECRET_NAME = re.compile(r"key|secret|token|password|authorization", re.IGNORECASE)
"""How keys are called whose values must not be shown, where no model says so."""


class Mistake(NamedTuple):
    """One thing that is wrong in a section: the key, why, and what would mend it."""

    key: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.reason.rstrip('.')}. {self.remedy}".strip()


class Section(Model):
    """A table of the configuration file."""

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, raw: Any) -> Any:
        """Read secrets from their files and lists from text, where a field wants that."""
        if not isinstance(raw, Mapping):
            return raw
        ready = dict(raw)
        for key, value in raw.items():
            name = key.removesuffix("_file")
            if name != key and key not in cls.model_fields and _is_secret(cls.model_fields.get(name)):
                del ready[key]
                ready[name] = Unusable(key, _BOTH.format(name, key)) if name in raw else secret_in(key, value)
            elif field := cls.model_fields.get(key):
                ready[key] = _as_wanted(field, key, value)
        return ready


class Unusable:
    """Stands in for a value that cannot even be offered to its field; no field accepts it."""

    def __init__(self, key: str, reason: str, remedy: str = "") -> None:
        self.mistake = Mistake(key, reason, remedy)


def _known_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(sign.isspace() for sign in url):
        raise ValueError("expected an address such as https://api.example.com/v1")
    if parts.username is not None:
        raise ValueError("an address must not carry a user or password; use `api_key` or `api_key_file`")
    if parts.query or parts.fragment:
        raise ValueError("expected an address without `?` and `#`")
    return url.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_known_url)]
"""An http(s) address without credentials, query and trailing slash."""


def _known_origin(origin: str) -> str:
    if origin == "*":
        return origin
    try:
        parts = urlsplit(origin)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    host = parts.hostname or ""
    known = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
    is_site = parts.scheme in {"http", "https"} and host.isascii() and bool(host) and "*" not in host
    # Browsers write it in this one way, so anything else would never match.
    if not is_site or origin.lower() != known:
        raise ValueError("expected an origin such as https://app.example.com: no path, no `/` at its end, or `*`")
    return known.removesuffix(":443" if parts.scheme == "https" else ":80")


Origin = Annotated[str, AfterValidator(_known_origin)]
"""Scheme, host and port as a browser's `Origin` header has them; `*` is any."""


def _known_network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value.strip())
    except ValueError:
        pass
    try:
        network = ip_network(value.strip(), strict=False)
    except ValueError:
        raise ValueError("expected a network such as 10.0.0.0/8 or an address such as 192.168.1.5") from None
    raise ValueError(f"expected a network without host bits, such as {network}")


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_known_network)]


class ProviderSection(Section):
    """What every `[text.NAME]`, `[image.NAME]` and `[search.NAME]` has; each kind adds its own keys."""

    kind: str = Field(description="Which service or program it is")
    base_url: BaseUrl | None = Field(None, description="Where it answers; unset: the kind's own address")
    base_urls: list[BaseUrl] = Field(
        [],
        max_length=50,
        description="Several machines behind one name, instead of `base_url`; the least busy one is asked first",
    )
    api_key: SecretStr | None = Field(None, description="The key it asks for; better given as `api_key_file`")
    model: str | None = Field(None, min_length=1, max_length=200, description="Name of the model to use")
    timeout_seconds: float = Field(
        120.0, gt=0, le=3600, allow_inf_nan=False, description="How long one call may take before it is given up"
    )
    connect_seconds: float = Field(
        10, gt=0, le=300, allow_inf_nan=False, description="How long reaching the service may take"
    )
    concurrency: int = Field(4, ge=1, le=1000, description="Calls under way at the same time, on each machine")
    requests_per_minute: int | None = Field(
        None, ge=1, le=1_000_000, description="Calls begun per minute at most; unset: no limit"
    )
    tokens_per_minute: int | None = Field(
        None, ge=100, le=1_000_000_000, description="Tokens sent and answered per minute at most; unset: no limit"
    )
    free: bool | None = Field(
        None,
        description="Whether calls cost nothing; unset: true for an address on this machine or in a private network "
        "for which no price is given",
    )
    usd_per_call: Decimal | None = Field(
        None, ge=0, le=1000, decimal_places=6, description="Price in USD of one call, picture or search; unset: unknown"
    )
    day_usd: Decimal | None = Field(
        None, ge=0, le=1_000_000, decimal_places=6, description="What it may cost in a day, in USD; unset: no cap"
    )
    month_usd: Decimal | None = Field(
        None, ge=0, le=1_000_000, decimal_places=6, description="What it may cost in a month, in USD; unset: no cap"
    )
    day_calls: int | None = Field(None, ge=0, description="Paid calls in a day at most; unset: no cap")
    month_calls: int | None = Field(None, ge=0, description="Paid calls in a calendar month at most; unset: no cap")

    @model_validator(mode="after")
    def _one_form_of_address(self) -> Self:
        if self.base_urls and "base_url" in self.model_fields_set:
            raise ValueError("`base_url` and `base_urls` are both given; keep one")
        return self

    @property
    def addresses(self) -> list[str]:
        """Where it answers: one address a machine; empty if it needs none."""
        return list(self.base_urls) or ([self.base_url] if self.base_url else [])

    @property
    def has_price(self) -> bool:
        return self.usd_per_call is not None

    @property
    def is_free(self) -> bool:
        """Whether calls cost nothing: as the owner says, else if no price is given and all of it is close by."""
        if self.free is not None:
            return self.free
        return not self.has_price and bool(self.addresses) and all(map(is_private_address, self.addresses))

    @property
    def call_usd_micros(self) -> int | None:
        """Price of one call in micro-dollars; None where it is not known."""
        if self.is_free:
            return 0
        return None if self.usd_per_call is None else int(self.usd_per_call * 1_000_000)


def is_private_address(url: str) -> bool:
    """Whether a server is on this machine or, by its literal address, in a private network."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def mistakes_in(error: ValidationError, model: type[Model]) -> Iterator[Mistake]:
    """What pydantic found wrong in a section, in words for the owner; a secret's value is never among them."""
    seen: set[tuple[str, str]] = set()
    for found in error.errors(include_url=False):
        mistake = _worded(found, model)
        if (mistake.key, mistake.reason) not in seen:
            seen.add((mistake.key, mistake.reason))
            yield mistake


def suggestion(word: str, known: Iterable[str]) -> str:
    """`Did you mean …?` for a mistyped word, or what there is to choose from."""
    from difflib import get_close_matches  # only a mistake needs it

    choices = sorted(known)
    close = get_close_matches(word.casefold(), choices, n=1, cutoff=0.6)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known are: {', '.join(choices)}." if choices else ""


def secret_keys(model: type[Model]) -> list[str]:
    """The keys of `model` whose values must never be shown."""
    return [name for name, field in model.model_fields.items() if _is_secret(field)]


def secret_in(key: str, file: object) -> str | Unusable:
    """The secret in `file`, without the newline at its end, or what keeps it from being read."""
    if not isinstance(file, str) or not file.strip():
        return Unusable(key, "expected the path of a file with the secret in it")
    path = Path(file).expanduser()
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_SECRET_BYTES + 1)
    except FileNotFoundError:
        return Unusable(key, f"there is no file {path}", "Create it, or correct the path.")
    except IsADirectoryError:
        return Unusable(key, f"{path} is a folder, not a file", "Give the file with the secret in it.")
    except OSError as error:
        return Unusable(key, f"{path} cannot be read ({error.strerror})", "Let the user that runs Blogen read it.")
    if len(content) > MAX_SECRET_BYTES:
        return Unusable(key, f"{path} is longer than {MAX_SECRET_BYTES} bytes", "A file with one secret is expected.")
    try:
        secret = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        return Unusable(key, f"{path} is not UTF-8 text", "A text file with one secret is expected.")
    if not secret.strip():
        return Unusable(key, f"{path} is empty", "Write the secret into it.")
    return secret


_BOTH = "`{0}` and `{1}` are both given; keep one"


def _as_wanted(field: FieldInfo, key: str, value: object) -> object:
    wanted = _types(field.annotation)
    if isinstance(value, bool) and bool not in wanted and not wanted.isdisjoint({int, float, Decimal}):
        return Unusable(key, f"expected a number, found {str(value).lower()}")
    if isinstance(value, str) and str not in wanted and not wanted.isdisjoint({list, dict}):
        return _parsed(key, value, wanted)
    return value


def _parsed(key: str, text: str, wanted: set[Any]) -> object:
    stripped = text.strip()
    if stripped[:1] in {"[", "{"}:
        import json
        import tomllib

        try:
            return json.loads(stripped)
        except ValueError:
            pass
        try:
            return tomllib.loads(f"value = {stripped}")["value"]
        except tomllib.TOMLDecodeError:
            return Unusable(key, f"{_shown(text)} is neither a JSON nor a TOML value")
    if list in wanted:
        return [part.strip() for part in stripped.split(",") if part.strip()]
    return text


def _types(annotation: Any) -> set[Any]:
    """The plain types behind an annotation: `Annotated[list[str], …] | None` → {list, NoneType}."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _types(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return set().union(*(_types(part) for part in get_args(annotation)))
    return {origin or annotation}


def _is_secret(field: FieldInfo | None) -> bool:
    return field is not None and SecretStr in _types(field.annotation)


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    text = re.sub(r"//[^/@\s]+@", "//***@", text)  # a password in an address
    return text if len(text) <= 80 else f"{text[:77]}…"


_LIMITS = {
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "greater_than": "more than {gt}",
    "less_than": "less than {lt}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "decimal_max_places": "at most {decimal_places} decimal places",
    "decimal_max_digits": "at most {max_digits} digits",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "finite_number": "a finite number",
}
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "is": "another type",
    "bool": "true or false",
    "string": "a text in quotation marks",
    "list": "a list, e.g. [\"a\", \"b\"]",
    "dict": "a table",
    "mapping": "a table",
    "path": "a path",
    "model": "a table",
}  # fmt: skip


def _worded(found: Any, model: type[Model]) -> Mistake:
    key = ".".join(str(part) for part in found["loc"] if not str(part).startswith("function-"))
    kind, value, context = found["type"], found["input"], found.get("ctx", {})
    if isinstance(value, Unusable):
        return value.mistake
    if kind == "extra_forbidden":
        return Mistake(key, "is unknown.", suggestion(str(found["loc"][-1]), _keys(model, found["loc"][:-1])))
    if kind == "missing":
        return Mistake(key, "is missing.", _description(model, key))
    first = str(found["loc"][0]) if found["loc"] else ""
    is_shown = isinstance(value, str | int | float | None | list) and not _is_secret(model.model_fields.get(first))
    ending = f", found {_shown(value)}." if is_shown and first and not SECRET_NAME.search(key) else "."
    if kind in {"value_error", "assertion_error"}:
        return Mistake(key, f"{context.get('error', found['msg'])}{ending}")
    if kind in _LIMITS:
        return Mistake(key, f"expected {_LIMITS[kind].format(**context)}{ending}")
    expected = _TYPES.get(kind.partition("_")[0])
    return Mistake(key, f"expected {expected}{ending}" if expected else f"{found['msg']}{ending}")


def _keys(model: type[Model], within: tuple[int | str, ...]) -> list[str]:
    if within:
        return []
    return [*model.model_fields, *(f"{name}_file" for name in secret_keys(model))]


def _description(model: type[Model], key: str) -> str:
    field = model.model_fields.get(key)
    return f"It says: {field.description}." if field and field.description else ""
