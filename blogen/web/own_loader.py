"""Where the owner's own templates come from, and ours behind them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, TemplateNotFound, TemplateSyntaxError

from blogen.web.folders import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Environment

BUILT_IN: Final = "built-in"
"""`{% extends "built-in/post.html" %}`: ours, where an own one of that name would be meant otherwise."""

_NEVER_OWN: Final = frozenset({"people", "studio", "mail", "api", "prompts", BUILT_IN})


def built_in() -> BaseLoader:
    return FileSystemLoader([TEMPLATES / "reader", TEMPLATES])


def own_first(folder: Path) -> BaseLoader:
    """The templates in `folder`, then ours; ours by their own prefix, too."""
    prefixed = PrefixLoader({BUILT_IN: FileSystemLoader(TEMPLATES / "reader")})
    return ChoiceLoader([OwnLoader(folder), prefixed, built_in()])


class OwnLoader(BaseLoader):
    """Finds `NAME.html` in a folder, safely; what cannot be read is told as any other mistake in a template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = FileSystemLoader(folder)

    def get_source(self, environment: "Environment", template: str) -> tuple[str, str, Callable[[], bool]]:
        if not template.endswith(".html") or template.partition("/")[0] in _NEVER_OWN:
            raise TemplateNotFound(template)
        path = str(self._folder / template)
        try:
            source, _, is_fresh = self._files.get_source(environment, template)
        except UnicodeDecodeError:
            raise TemplateSyntaxError("it is not UTF-8 text", 1, template, path) from None
        except PermissionError as error:
            raise TemplateSyntaxError(f"it cannot be read ({error.strerror})", 1, template, path) from None
        return source, path, is_fresh
