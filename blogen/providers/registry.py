"""Builds the providers that the configuration names, each when it is first asked for.

A kind is a module with `Config` (a `ProviderSection`) and `Provider(name, config)`. It is looked for in
`blogen/providers/{text,image,search}/KIND.py`, then among the entry points of the group `blogen.providers` (named
`text.KIND` …), then in the data folder: `plugins/{text,image,search}/KIND.py`. What comes from outside is guarded
(`plugins.py`); that file is imported only if a section names a kind that is not built in.
"""

import importlib
import pkgutil
import re
from contextlib import suppress
from importlib import util as import_util
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from blogen.config import TRADES, Config, Trade
from blogen.config.load import read_section, wrong
from blogen.config.section import ProviderSection, suggestion
from blogen.errors import ConfigError, FieldError, NotFound, ProviderError
from blogen.providers.protocols import ImageModel, SearchEngine, TextModel

if TYPE_CHECKING:
    from blogen.providers.plugins import Plugin, Plugins

    Kind: TypeAlias = ModuleType | Plugin
    """A module of ours, or a plugin."""

_EMBEDDED: frozenset[tuple[Trade, str]] = frozenset({("image", "covers")})
"""What needs no section: its name is its kind."""


class Registry:
    """The configured providers by section, made when they are first asked for."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._outside: Plugins | None = None
        self._made: dict[tuple[Trade, str, str], Any] = {}

    def text(self, name: str, url: str = "") -> TextModel:
        """The provider of `[text.name]`, on the machine `url` if it has several. Raises ConfigError, NotFound."""
        return cast(TextModel, self._provider("text", name, url))

    def image(self, name: str, url: str = "") -> ImageModel:
        """The provider of `[image.name]`; `covers` needs no section. Raises ConfigError, NotFound."""
        return cast(ImageModel, self._provider("image", name, url))

    def search(self, name: str, url: str = "") -> SearchEngine:
        """The provider of `[search.name]`. Raises ConfigError, NotFound."""
        return cast(SearchEngine, self._provider("search", name, url))

    def section(self, trade: Trade, name: str) -> ProviderSection:
        """`[trade.name]`, validated: its limits and prices. Raises ConfigError, NotFound."""
        return self._read(trade, name, self._kind(trade, name))

    def names(self) -> list[tuple[Trade, str]]:
        """Every provider there is a section for, and those that need none."""
        configured = [(trade, name) for trade in TRADES for name in self._config.providers(trade)]
        return configured + [embedded for embedded in sorted(_EMBEDDED) if embedded not in configured]

    def kinds(self, trade: Trade) -> list[str]:
        """The kinds that a section of `trade` may name."""
        package = importlib.import_module(f"blogen.providers.{trade}")
        own = {module.name for module in pkgutil.iter_modules(package.__path__)}
        return sorted(kind for kind in own | self._plugins.kinds(trade) if _KIND.fullmatch(kind))

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
            with suppress(ProviderError):  # a plugin that fails to close keeps no other from it
                await provider.close()

    @property
    def _plugins(self) -> "Plugins":
        from blogen.providers.plugins import Plugins

        if self._outside is None:
            self._outside = Plugins(self._config.data.dir / "plugins")
        return self._outside

    def _provider(self, trade: Trade, name: str, url: str) -> Any:
        if (trade, name, url) not in self._made:
            kind = self._kind(trade, name)
            section = self._read(trade, name, kind)
            if url:  # the machine alone; whether calls cost nothing is said of all of them
                section = section.model_copy(update={"base_url": url, "base_urls": [], "free": section.is_free})
            self._made[trade, name, url] = self._new(trade, name, kind, section)
        return self._made[trade, name, url]

    def _new(self, trade: Trade, name: str, kind: "Kind", section: ProviderSection) -> Any:
        label = _label(trade, name)
        if isinstance(kind, ModuleType):
            return kind.Provider(label, section)
        from blogen.providers.plugins import PluginBroken

        try:
            return kind.make(label, section)
        except PluginBroken as error:
            place = self._config.place(f"{trade}.{name}.kind")
            words = f"kind {section.kind!r} {error}."
            raise ConfigError(f"[{label}] {words}", remedy=_MEND, errors=[FieldError(place, words)]) from error

    def _read(self, trade: Trade, name: str, kind: "Kind") -> ProviderSection:
        model: type[ProviderSection] = kind.Config if isinstance(kind, ModuleType) else kind.config
        if name not in self._config.providers(trade):
            return model(kind=name)
        try:
            return read_section(self._config, trade, name, model)
        except ConfigError:
            raise
        except Exception as error:
            if isinstance(kind, ModuleType):
                raise
            place = self._config.place(f"{trade}.{name}.kind")
            words = f"its `Config` failed ({kind.reason(error)}). {_MEND}"
            raise wrong([FieldError(place, words)]) from error

    def _kind(self, trade: Trade, name: str) -> "Kind":
        """What the section's kind is: a module of ours, or a plugin."""
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
        found = self._found(trade, kind, place) if isinstance(kind, str) and kind else None
        if found is None:
            remedy = suggestion(str(kind or ""), self.kinds(trade))
            words = f"{kind!r} is unknown." if kind else "is missing."
            raise ConfigError(
                f"[{trade}.{name}] kind {'= ' if kind else ''}{words}",
                remedy=remedy,
                errors=[FieldError(place, f"{words} {remedy}".strip())],
            )
        return found

    def _found(self, trade: Trade, kind: str, place: str) -> "Kind | None":
        if not _KIND.fullmatch(kind):
            return None
        if import_util.find_spec(f"blogen.providers.{trade}.{kind}") is not None:
            return importlib.import_module(f"blogen.providers.{trade}.{kind}")
        from blogen.providers.plugins import PluginBroken

        try:
            return self._plugins.find(trade, kind)
        except PluginBroken as error:
            raise wrong([FieldError(place, f"{kind!r} {error}. {_MEND}")]) from error


_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MEND = "Mend or remove the plugin."


def _label(trade: Trade, name: str) -> str:
    return name if (trade, name) in _EMBEDDED else f"{trade}.{name}"
