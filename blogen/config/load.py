"""Reads the configuration: defaults, then a TOML file, then the environment; all mistakes at once.

`BLOGEN_SERVER__PORT=9000` is `port` in `[server]`; `BLOGEN_TEXT__MAIN__API_KEY` is `api_key` in `[text.main]`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from blogen.config import BUILT_IN, TRADES, Config, Trade, place_in
from blogen.config.section import SECRET_NAME, Mistake, ProviderSection, Section, mistakes_in, secret_in, suggestion
from blogen.config.webhooks import WebhookConfig
from blogen.errors import ConfigError, FieldError

PREFIX = "BLOGEN_"
LISTED = {"webhooks": WebhookConfig}
"""Sections of which there are as many as are written: `[[webhooks]]`."""

MAX_FILE_BYTES = 1_000_000

AnySection = TypeVar("AnySection", bound=Section)


Check = Callable[[Config], list[FieldError]]
"""Finds mistakes that only others can know, e.g. those in the sections of providers."""


def load(path: Path | None, environ: Mapping[str, str], check: Check | None = None) -> Config:
    """The configuration from `path` (None: no file) and `environ`. Raises `ConfigError` with every mistake.

    `check` is asked about what could be read, even where there are mistakes already.
    """
    written = _Written(path)
    if path is not None:
        written.read_file(path)
    written.read_environment(environ)
    return written.config(check)


def read_section(config: Config, trade: Trade, name: str, model: type[AnySection]) -> AnySection:
    """`[trade.name]` validated by its kind's own `Config`. Raises `ConfigError` with every mistake in it."""
    try:
        return model.model_validate(config.providers(trade)[name])
    except ValidationError as error:
        found = [
            FieldError(config.place(f"{trade}.{name}.{mistake.key}".rstrip(".")), str(mistake))
            for mistake in mistakes_in(error, model)
        ]
        raise wrong(found) from None


def secrets_in(config: Config) -> set[str]:
    """Every secret that is configured, so that the log can take care not to show one."""
    found: set[str] = set()
    for trade in TRADES:
        for section in config.providers(trade).values():
            for key, value in section.items():
                if key.endswith("_file") and SECRET_NAME.search(key):
                    value = secret_in(key, value)  # noqa: PLW2901
                if isinstance(value, str) and value and SECRET_NAME.search(key):
                    found.add(value)
    if config.mail.password is not None:
        found.add(config.mail.password.get_secret_value())
    return found | {hook.secret.get_secret_value() for hook in config.webhooks}


def wrong(errors: list[FieldError]) -> ConfigError:
    count = "a mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
    return ConfigError(
        f"The configuration has {count}.", remedy="Mend what is listed; nothing was started.", errors=errors
    )


class _Written:
    """What was written and where, before it is known to make sense."""

    def __init__(self, path: Path | None) -> None:
        self._file = str(path) if path else ""
        self._tables: dict[str, dict[str, Any]] = {}
        self._lists: dict[str, list[dict[str, Any]]] = {}
        self._places: dict[str, str] = {"": f"{path}:"} if path else {}
        self._errors: list[FieldError] = []

    def read_file(self, path: Path) -> None:
        import tomllib

        try:
            with path.open("rb") as opened:
                content = opened.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return self._unreadable("there is no such file.", "Give the right path, or leave --config out.")
        except IsADirectoryError:
            return self._unreadable("is a folder.", "Give the file in it.")
        except OSError as error:
            return self._unreadable(f"cannot be read ({error.strerror}).", "Let the user that runs Blogen read it.")
        if len(content) > MAX_FILE_BYTES:
            return self._unreadable(f"is longer than {MAX_FILE_BYTES} bytes.", "Is it the right file?")
        try:
            tables = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
        except UnicodeDecodeError:
            return self._unreadable("is not UTF-8 text.", "Save it as UTF-8.")
        except tomllib.TOMLDecodeError as error:
            return self._unreadable(f"is not TOML: {error}.", "Mend that line; config.example.toml shows the form.")
        for section, table in tables.items():
            self._take_table(section, table)
        return None

    def read_environment(self, environ: Mapping[str, str]) -> None:
        for variable, value in sorted(environ.items()):
            if not variable.upper().startswith(PREFIX):
                continue
            section, *rest = variable[len(PREFIX) :].lower().split("__")
            if rest:
                self._take_variable(variable, section, rest, value)
            elif meant := _meant_key(section):
                self._errors.append(FieldError(variable, f"has one `_` too few. Did you mean `{meant}`?"))

    def config(self, check: Check | None) -> Config:
        # Built section by section without a schema of the whole: start-up time.
        sections: dict[str, Any] = {}
        for name, field in Config.model_fields.items():
            model = field.annotation
            if name in TRADES:
                sections[name] = self._tables.get(name, {})
            elif name in LISTED:
                sections[name] = self._listed(name, LISTED[name])
            elif isinstance(model, type) and issubclass(model, Section):
                sections[name] = self._section(name, model)
        config = Config.model_construct(**sections)
        config._places.update(self._places)
        self._check_order(config)
        if check is not None:
            known = {error.path for error in self._errors}
            self._errors += [error for error in check(config) if error.path not in known]
        if self._errors:
            raise wrong(self._errors)
        return config

    def _unreadable(self, reason: str, remedy: str) -> None:
        self._errors.append(FieldError(self._file, f"{reason} {remedy}"))

    def _take_table(self, section: str, table: object) -> None:
        place = self._place(section)
        if section not in Config.model_fields:
            self._errors.append(FieldError(place, f"is an unknown section. {_section_suggestion(section)}"))
        elif section in LISTED:
            self._take_list(section, table)
        elif not isinstance(table, dict):
            self._errors.append(FieldError(place, f"expected a section: [{section}]."))
        elif section in TRADES:
            self._take_providers(section, table)
        else:
            self._tables[section] = dict(table)

    def _take_list(self, section: str, tables: object) -> None:
        if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
            self._lists[section] = tables
        else:
            self._errors.append(
                FieldError(self._place(section), f"expected one section or more of the form [[{section}]].")
            )

    def _take_providers(self, trade: str, table: dict[str, Any]) -> None:
        kept = self._tables.setdefault(trade, {})
        for name, section in table.items():
            if isinstance(section, dict):
                kept[name] = dict(section)
            else:
                place = self._place(f"{trade}.{name}")
                self._errors.append(
                    FieldError(place, f"stands outside a named section. Write [{trade}.main] above it.")
                )

    def _take_variable(self, variable: str, section: str, rest: list[str], value: str) -> None:
        if section not in Config.model_fields:
            self._errors.append(FieldError(variable, f"names an unknown section. {_section_suggestion(section)}"))
            return
        if section in LISTED:
            self._errors.append(FieldError(variable, f"cannot be given here. Write [[{section}]] in the file."))
            return
        is_inner = rest[0] in _inner_tables(section) and len(rest) == 2
        if len(rest) != (2 if section in TRADES or is_inner else 1) or not all(rest):
            form = f"{PREFIX}{section.upper()}__{'NAME__KEY' if section in TRADES else 'KEY'}"
            self._errors.append(FieldError(variable, f"expected the form `{form}`."))
            return
        table = self._tables.setdefault(section, {})
        at = section
        if is_inner:
            at = f"{section}.{rest[0]}"
            inner = table.setdefault(rest[0], {})
            table = inner if isinstance(inner, dict) else {}
        elif section in TRADES:
            name = next((known for known in table if _same_name(known, rest[0])), rest[0])
            at = f"{section}.{name}"
            if name not in table:
                self._places[f"{at}."] = f"{PREFIX}{section}__{name}__".upper()
            table = table.setdefault(name, {})
        key = next((known for known in table if known.casefold() == rest[-1]), rest[-1])
        other = key.removesuffix("_file") if key.endswith("_file") else f"{key}_file"
        if f"{at}.{other}" not in self._places:  # the environment's secret replaces the file's, however it is given
            table.pop(other, None)
        table[key] = value
        self._places[f"{at}.{key}"] = variable

    def _section(self, name: str, model: type[Section]) -> Section:
        if not (table := self._tables.get(name)):
            return model.model_construct()
        try:
            return model.model_validate(table)
        except ValidationError as error:
            for mistake in mistakes_in(error, model):
                self._report(name, mistake)
            return model.model_construct()

    def _listed(self, name: str, model: type[WebhookConfig]) -> list[WebhookConfig]:
        """Every section of a list; two of one name are a mistake."""
        found: list[WebhookConfig] = []
        for turn, table in enumerate(self._lists.get(name, ())):
            try:
                section = model.model_validate(table)
            except ValidationError as error:
                for mistake in mistakes_in(error, model):
                    self._report(f"{name}.{turn}", mistake)
                continue
            if any(section.name == other.name for other in found):
                self._report(f"{name}.{turn}", Mistake("name", f"{section.name!r} is another webhook's name already."))
            found.append(section)
        return found

    def _report(self, section: str, mistake: Mistake) -> None:
        key = f"{section}.{mistake.key}".rstrip(".")
        # An element of a list (`trusted_proxies.0`) stands where its list stands.
        listed = key.rpartition(".")[0]
        self._errors.append(FieldError(self._place(listed if listed and listed in self._places else key), str(mistake)))

    def _place(self, key: str) -> str:
        return place_in(self._places, key)

    def _check_order(self, config: Config) -> None:
        for trade in TRADES:
            known = {*config.providers(trade), *filter(None, [BUILT_IN[trade]])}
            self._check_names(config, f"pipeline.{trade}", getattr(config.pipeline, trade), trade, known)
            for name, section in config.providers(trade).items():
                self._check_kind(config, f"{trade}.{name}", section)
        for role, names in config.pipeline.roles:
            self._check_names(config, f"pipeline.roles.{role}", names, "text", set(config.text))

    def _check_names(
        self, config: Config, key: str, names: Sequence[str] | None, trade: Trade, known: set[str]
    ) -> None:
        for name in names or ():
            if name not in known:
                words = suggestion(name, known) or f"Add a section [{trade}.{name}]."
                reason = f"names {name!r}, but there is no section [{trade}.{name}]. {words}"
                self._errors.append(FieldError(config.place(key), reason))

    def _check_kind(self, config: Config, at: str, section: dict[str, Any]) -> None:
        if not section.get("kind"):
            reason = f'is missing. {ProviderSection.model_fields["kind"].description}, e.g. "openai".'
            self._errors.append(FieldError(config.place(f"{at}.kind"), reason))
        elif not isinstance(section["kind"], str):
            self._errors.append(FieldError(config.place(f"{at}.kind"), 'expected a text, e.g. "openai".'))


def _inner_tables(section: str) -> set[str]:
    """The keys of a section that are tables themselves, e.g. `roles` of `[pipeline]`."""
    model = Config.model_fields[section].annotation
    fields = model.model_fields if isinstance(model, type) and issubclass(model, Section) else {}
    return {
        name
        for name, field in fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }


def _section_suggestion(section: str) -> str:
    return suggestion(section, Config.model_fields)


def _same_name(known: str, given: str) -> bool:
    return known.casefold().replace("-", "_") == given.replace("-", "_")


def _meant_key(name: str) -> str:
    """`server_port` → `BLOGEN_SERVER__PORT`, if that is a key."""
    for section, field in Config.model_fields.items():
        model = field.annotation
        key = name.removeprefix(f"{section}_")
        if key != name and isinstance(model, type) and issubclass(model, Section) and key in model.model_fields:
            return f"{PREFIX}{section}__{key}".upper()
    return ""
