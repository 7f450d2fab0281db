"""Builds the providers that the configuration names, each when it is first asked for.

A kind is a module with `Config` (a `ProviderSection`) and `Provider(name, config)`. It is looked for in
`blogen/providers/{text,image,search}/KIND.py`, then among the entry points of the group `blogen.providers` (named
`text.KIND` …), then in the data folder: `plugins/{text,image,search}/KIND.py`.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import util as import_util
from types import ModuleType
from typing import Any, cast

from blogen.config import TRADES, Config, Trade
from blogen.config.load import read_section, wrong
from blogen.config.section import ProviderSection, suggestion
from blogen.errors import ConfigError, FieldError, NotFound
from blogen.providers.protocols import ImageModel, SearchEngine, TextModel

GROUP = "blogen.providers"
_EMBEDDED: frozenset[tuple[Trade, str]] = frozenset({("image", "covers")})
"""What needs no section: its name is its kind."""


class Registry:
    """The configured providers by section, made when they are first asked for."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._plugins = config.data.dir / "plugins"
        self._made: dict[tuple[Trade, str], Any] = {}

    def text(self, name: str) -> TextModel:
        """The provider of `[text.name]`. Raises ConfigError, NotFound."""
        return cast(TextModel, self._provider("text", name))

    def image(self, name: str) -> ImageModel:
        """The provider of `[image.name]`; `covers` needs no section. Raises ConfigError, NotFound."""
        return cast(ImageModel, self._provider("image", name))

    def search(self, name: str) -> SearchEngine:
        """The provider of `[search.name]`. Raises ConfigError, NotFound."""
        return cast(SearchEngine, self._provider("search", name))

    def section(self, trade: Trade, name: str) -> ProviderSection:
        """`[trade.name]`, validated: its limits and prices. Raises ConfigError, NotFound."""
        return self._read(trade, name, self._module(trade, name))

    def names(self) -> list[tuple[Trade, str]]:
        """Every provider there is a section for, and those that need none."""
        configured = [(trade, name) for trade in TRADES for name in self._config.providers(trade)]
        return configured + [embedded for embedded in sorted(_EMBEDDED) if embedded not in configured]

    def kinds(self, trade: Trade) -> list[str]:
        """The kinds that a section of `trade` may name."""
        package = importlib.import_module(f"blogen.providers.{trade}")
        own = {module.name for module in pkgutil.iter_modules(package.__path__)}
        files = {file.stem for file in (self._plugins / trade).glob("*.py") if _KIND.fullmatch(file.stem)}
        return sorted(own | files | {name for name, _ in _entry_points(trade)})

    def validate(self) -> list[FieldError]:
        """All mistakes in all provider sections. Starts nothing, reaches nothing, imports no SDK."""
        mistakes: list[FieldError] = []
        for trade, name in self.names():
            try:
                self.section(trade, name)
            except ConfigError as error:
                mistakes += error.errors
        return mistakes

    async def close(self) -> None:
        made, self._made = self._made, {}
        for provider in made.values():
            await provider.close()

    def _provider(self, trade: Trade, name: str) -> Any:
        if (trade, name) not in self._made:
            module = self._module(trade, name)
            self._made[trade, name] = module.Provider(_label(trade, name), self._read(trade, name, module))
        return self._made[trade, name]

    def _read(self, trade: Trade, name: str, module: ModuleType) -> ProviderSection:
        model: type[ProviderSection] = module.Config
        if name not in self._config.providers(trade):
            return model(kind=name)
        return read_section(self._config, trade, name, model)

    def _module(self, trade: Trade, name: str) -> ModuleType:
        """The module of the section's kind."""
        section = self._config.providers(trade).get(name)
        if section is None:
            if (trade, name) in _EMBEDDED:
                return importlib.import_module(f"blogen.providers.{trade}.{name}")
            raise NotFound(
                f"There is no section [{trade}.{name}].",
                remedy=suggestion(name, self._config.providers(trade)) or f"Add [{trade}.{name}].",
            )
        kind = section.get("kind")
        place = self._config.place(f"{trade}.{name}.kind")
        module = self._found(trade, kind, place) if isinstance(kind, str) and kind else None
        if module is None:
            remedy = suggestion(str(kind or ""), self.kinds(trade))
            words = f"{kind!r} is unknown." if kind else "is missing."
            raise ConfigError(
                f"[{trade}.{name}] kind {'= ' if kind else ''}{words}",
                remedy=remedy,
                errors=[FieldError(place, f"{words} {remedy}".strip())],
            )
        return module

    def _found(self, trade: Trade, kind: str, place: str) -> ModuleType | None:
        if not _KIND.fullmatch(kind):
            return None
        if import_util.find_spec(f"blogen.providers.{trade}.{kind}") is not None:
            return importlib.import_module(f"blogen.providers.{trade}.{kind}")
        try:
            module = self._from_entry_point(trade, kind) or self._from_file(trade, kind)
        except Exception as error:
            reason = f"{kind!r} cannot be loaded ({type(error).__name__}: {error})."
            raise wrong([FieldError(place, f"{reason} Mend or remove the plugin.")]) from error
        if module is not None and not (hasattr(module, "Config") and hasattr(module, "Provider")):
            raise wrong([FieldError(place, f"{kind!r} is no provider: expected `Config` and `Provider` in it.")])
        return module

    def _from_entry_point(self, trade: Trade, kind: str) -> ModuleType | None:
        for name, entry_point in _entry_points(trade):
            if name == kind:
                return cast(ModuleType, entry_point.load())
        return None

    def _from_file(self, trade: Trade, kind: str) -> ModuleType | None:
        file = self._plugins / trade / f"{kind}.py"
        if not file.is_file():
            return None
        full_name = f"blogen_plugins.{trade}.{kind}"
        spec = import_util.spec_from_file_location(full_name, file)
        assert spec is not None
        assert spec.loader is not None
        module = import_util.module_from_spec(spec)
        sys.modules[full_name] = module  # pydantic looks a model's module up there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[full_name]
            raise
        return module


_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


def _label(trade: Trade, name: str) -> str:
    return name if (trade, name) in _EMBEDDED else f"{trade}.{name}"


def _entry_points(trade: Trade) -> Iterator[tuple[str, Any]]:
    from importlib.metadata import entry_points

    for entry_point in entry_points(group=GROUP):
        of, _, kind = entry_point.name.partition(".")
        if of == trade and kind:
            yield kind, entry_point
