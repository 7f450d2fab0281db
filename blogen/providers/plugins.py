"""Providers from outside: an entry point of the group `blogen.providers`, or a file in the data folder's `plugins/`.

Nobody can know whether a stranger's code keeps the contract of `protocols.py`. So it is looked at when it is loaded,
and what its calls raise or return beside the contract becomes one of Blogen's own errors, with the file and the line:
then the next service of the list is tried, and no job, command or other provider is harmed.
"""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import util as import_util
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import anyio

from blogen.config import Trade
from blogen.config.section import ProviderSection
from blogen.errors import AnswerUnusable, BlogenError, ProviderError, ProviderRefused, ProviderUnavailable
from blogen.providers.protocols import Drawn, Health, Pending, SearchHit, Submitted, TextAnswer, Usage

GROUP = "blogen.providers"

_CLOSE_SECONDS = 5.0


class PluginBroken(Exception):
    """A plugin cannot be used: the reason in words, with the file and, where there is one, the line."""


class Plugin(NamedTuple):
    """What a plugin brings. `home` is its file, or the folder of its package."""

    trade: Trade
    config: type[ProviderSection]
    provider: type
    home: Path

    def make(self, name: str, section: ProviderSection) -> Any:
        """The provider of a section, behind a guard. Raises PluginBroken."""
        try:
            made = _guarded(self, name, section)(name, section)
        except (Exception, SystemExit) as error:
            raise PluginBroken(f"cannot be started ({self.reason(error)})") from error
        for attribute, kind in (("name", str), ("is_free", bool)):
            if not isinstance(getattr(made, attribute, None), kind):
                raise PluginBroken(
                    f"is no provider: `self.{attribute}` is to be a {kind.__name__}, in {_place(self.provider)}"
                )
        return made

    def reason(self, error: BaseException) -> str:
        """What happened and where in the plugin."""
        return f"{_words(error)}, in {_where(error, self.home) or _place(self.provider)}"


class Plugins:
    """What is installed, and what lies in the data folder. Nothing is loaded before a section names it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[tuple[Trade, str], Plugin | None] = {}

    def kinds(self, trade: Trade) -> set[str]:
        """Their names, whether they work or not."""
        return {file.stem for file in (self._folder / trade).glob("*.py")} | {kind for kind, _ in _installed(trade)}

    def find(self, trade: Trade, kind: str) -> Plugin | None:
        """The plugin of that name, looked at; None: there is none. Raises PluginBroken."""
        if (trade, kind) not in self._found:
            installed = next((entry for name, entry in _installed(trade) if name == kind), None)
            file = self._folder / trade / f"{kind}.py"
            if installed is not None:
                self._found[trade, kind] = _from_entry_point(trade, installed)
            else:
                self._found[trade, kind] = _from_file(trade, file) if file.is_file() else None
        return self._found[trade, kind]


def _installed(trade: Trade) -> Iterator[tuple[str, EntryPoint]]:
    for entry in entry_points(group=GROUP):
        of, _, kind = entry.name.partition(".")
        if of == trade and kind:
            yield kind, entry


def _from_entry_point(trade: Trade, entry: EntryPoint) -> Plugin:
    home = _home(entry.module)
    try:
        found = entry.load()
    except (Exception, SystemExit) as error:
        at = _where(error, home) or f"the entry point {entry.name} = {entry.value}"
        raise PluginBroken(f"cannot be loaded ({_words(error)}, in {at})") from error
    return _examined(trade, found, home)


def _from_file(trade: Trade, file: Path) -> Plugin:
    file = file.absolute()
    name = f"blogen_plugins.{trade}.{file.stem}"
    module = sys.modules.get(name)
    if module is None or module.__file__ != str(file):  # else another registry of this process has loaded it
        try:
            module = _loaded(name, file)
        except (Exception, SystemExit) as error:
            raise PluginBroken(f"cannot be loaded ({_words(error)}, in {_where(error, file) or file})") from error
    return _examined(trade, module, file)


def _loaded(name: str, file: Path) -> ModuleType:
    spec = import_util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = import_util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks a model's module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _examined(trade: Trade, found: Any, home: Path) -> Plugin:
    """What was loaded, if it has the form of a provider. Raises PluginBroken."""
    config, provider = getattr(found, "Config", None), getattr(found, "Provider", None)
    missing = [name for name, part in (("Config", config), ("Provider", provider)) if part is None]
    if missing:
        raise PluginBroken(
            f"is no provider: expected `Config` and `Provider` in {home}, found no {' and no '.join(missing)}"
        )
    if not (isinstance(config, type) and issubclass(config, ProviderSection)):
        raise PluginBroken(
            f"is no provider: `Config` is to be a class made of `blogen.config.section.ProviderSection`, in "
            f"{_place(config, home)}"
        )
    if not isinstance(provider, type):
        raise PluginBroken(f"is no provider: `Provider` is to be a class, in {_place(provider, home)}")
    _check_call(provider, "Provider", home, "name", "config")
    for method, (given, options) in _METHODS[trade].items():
        if not callable(getattr(provider, method, None)):
            raise PluginBroken(f"is no provider: `Provider` has no `{method}`, in {_place(provider, home)}")
        _check_call(getattr(provider, method), f"Provider.{method}", home, "self", *given, **dict.fromkeys(options))
    return Plugin(trade, config, provider, home)


_Form = tuple[tuple[str, ...], tuple[str, ...]]
_EVERY: dict[str, _Form] = {"check": ((), ()), "close": ((), ())}
_METHODS: dict[Trade, dict[str, _Form]] = {
    "text": {"complete": (("request",), ("stream",)), **_EVERY},
    "image": {"submit": (("request",), ()), "poll": (("handle",), ()), **_EVERY},
    "search": {"search": (("query",), ("language", "limit")), **_EVERY},
}
"""What a provider must have, and how each is called: what is given by place, and what by name."""

_RETURNS: dict[str, tuple[type, ...]] = {
    "complete": (TextAnswer,),
    "submit": (TextAnswer, Drawn, Submitted),
    "poll": (TextAnswer, Drawn, Pending, Submitted),
    "search": (list,),
    "find": (Submitted, type(None)),
    "cancel": (object,),
    "check": (Health,),
    "close": (object,),
}
"""All methods that are waited for, and what they may answer."""

_PLAIN = ("works_in_background", "most_usd_micros")


def _check_call(call: Any, words: str, home: Path, *given: str, **options: None) -> None:
    try:
        signature = inspect.signature(call)
    except (TypeError, ValueError):
        return  # written in another language; its first call will tell
    try:
        signature.bind(*given, **options)
    except TypeError as error:
        form = ", ".join([*given, *(f"{option}=…" for option in options)])
        raise PluginBroken(
            f"is no provider: `{words}` cannot be called as ({form}): {error}, in {_place(call, home)}"
        ) from None


def _guarded(plugin: Plugin, name: str, section: ProviderSection) -> type:
    """A class of its own for a section; it has the optional methods that are there, for they are found by name."""
    own: dict[str, Any] = {}
    for method in _RETURNS:
        if callable(getattr(plugin.provider, method, None)):
            own[method] = _waited_for(plugin, name, section, method)
    for method in _PLAIN:
        if callable(getattr(plugin.provider, method, None)):
            own[method] = _plain(plugin, name, method)
    own["__module__"] = plugin.provider.__module__
    return type(plugin.provider)(plugin.provider.__name__, (plugin.provider,), own)


def _waited_for(plugin: Plugin, name: str, section: ProviderSection, method: str) -> Callable[..., Any]:
    of_stranger = getattr(plugin.provider, method)
    seconds = min(section.timeout_seconds, _CLOSE_SECONDS) if method == "close" else section.timeout_seconds
    returns = _RETURNS[method]

    async def call(self: Any, *given: Any, **options: Any) -> Any:
        answer = None
        try:
            with anyio.fail_after(seconds) as scope:
                answer = of_stranger(self, *given, **options)
                if inspect.isawaitable(answer):
                    answer = await answer
        except AnswerUnusable as error:
            if isinstance(error.usage, Usage):
                error.usage = _completed(error.usage, name, section, self.is_free)
            raise
        except BlogenError:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, TimeoutError) and scope.cancelled_caught:
                words = f"[{name}] did not answer within {seconds:g} s."
                raise ProviderUnavailable(words, remedy="Raise timeout_seconds if it is slow.", provider=name) from None
            raise _worded(plugin, name, error) from error
        if not isinstance(answer, returns) or (isinstance(answer, list) and not _holds_hits(answer)):
            wanted = "a list of SearchHit" if list in returns else " or ".join(kind.__name__ for kind in returns)
            raise AnswerUnusable(
                f"`{method}` of [{name}] is to return {wanted}, and returned {type(answer).__name__}.",
                remedy=f"Mend the plugin, {_place(of_stranger, plugin.home)}.",
                provider=name,
            )
        if isinstance(answer, TextAnswer | Drawn):
            return answer.model_copy(update={"usage": _completed(answer.usage, name, section, self.is_free)})
        return answer

    return call


def _plain(plugin: Plugin, name: str, method: str) -> Callable[..., Any]:
    of_stranger = getattr(plugin.provider, method)

    def call(self: Any, *given: Any) -> Any:
        try:
            return of_stranger(self, *given)
        except BlogenError:
            raise
        except (Exception, SystemExit) as error:
            raise _worded(plugin, name, error) from error

    return call


def _completed(usage: Usage, name: str, section: ProviderSection, is_free: bool) -> Usage:
    """What the account needs and the section knows: whose call it was, and its price where one is given."""
    cost = usage.cost_usd_micros
    if cost is None:
        cost = 0 if is_free else section.call_usd_micros
    model = usage.model or section.model or section.kind
    return usage.model_copy(update={"provider": name, "model": model, "cost_usd_micros": cost})


def _holds_hits(answer: list[Any]) -> bool:
    return all(isinstance(hit, SearchHit) for hit in answer)


def _worded(plugin: Plugin, name: str, error: BaseException) -> ProviderError:
    """The network's failures may pass; anything else is a defect of the plugin."""
    if isinstance(error, ConnectionError | TimeoutError | _client_error()):
        return ProviderUnavailable(f"[{name}] could not reach its service ({plugin.reason(error)}).", provider=name)
    return ProviderRefused(f"The plugin of [{name}] failed: {plugin.reason(error)}.", remedy=_MEND, provider=name)


_MEND = "Mend the plugin, or take it out of the order in [pipeline]."


def _client_error() -> type[BaseException]:
    """What aiohttp raises; a plugin that uses it has imported it."""
    aiohttp = sys.modules.get("aiohttp")
    return getattr(aiohttp, "ClientError", ConnectionError)


def _words(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".removesuffix(": ")


def _where(error: BaseException, home: Path) -> str:
    """The last line within `home` that led to `error`; empty if none did."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{error.filename}, line {error.lineno}"
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = Path(frame.f_code.co_filename)
        if file == home or home in file.parents:
            return f"{file}, line {line}"
    return ""


def _home(module: str) -> Path:
    """The file of a module, or the folder of the package that it is in."""
    top = module.partition(".")[0]
    with suppress(ImportError, ValueError):
        spec = import_util.find_spec(top)
        if spec is not None and spec.origin:
            file = Path(spec.origin)
            return file.parent if file.name == "__init__.py" else file
    return Path(top)


def _place(thing: Any, otherwise: Path | None = None) -> str:
    """Where in a file something is written."""
    with suppress(OSError, TypeError):
        file = inspect.getsourcefile(thing)
        return f"{file}, line {inspect.getsourcelines(thing)[1] or 1}"
    return str(otherwise or "an unknown file")
