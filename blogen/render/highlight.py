"""Code with its syntax marked by classes, and the colours for them, readable in light and dark."""

import html
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pygments.formatters import HtmlFormatter
    from pygments.lexer import Lexer

LONGEST = 20_000
"""Characters; longer code is shown plain, so that no lexer can hold up the program."""

_Colours = dict[str, tuple[str, str]]
"""Role → (light, dark). Each has at least 4.5 : 1 against its background; a test computes it."""

BACKGROUND = {"light": "#f6f7f9", "dark": "#161b22"}
_INK = {"light": "#1f2430", "dark": "#e6e9ef"}
_COLOURS: _Colours = {
    "comment": ("#5c6573", "#98a2b3"),
    "keyword": ("#8b1fa8", "#d6a3ff"),
    "name": ("#1e4fb5", "#8ab8ff"),
    "type": ("#8a4600", "#f2b37a"),
    "string": ("#1d6b2f", "#8fd694"),
    "number": ("#a11c1c", "#ff9d94"),
    "sign": ("#3f4756", "#c3cad6"),
    "removed": ("#a11c1c", "#ff9d94"),
    "added": ("#1d6b2f", "#8fd694"),
}
_ROLES = {
    "comment": "c ch cm cp cpf c1 cs gp go",
    "keyword": "k kc kd kn kp kr ow nt gh gu",
    "name": "nf fm nd na nv vc vg vi vm",
    "type": "nc nn ne kt nb bp no",
    "string": "s sa sb sc dl sd s2 se sh si sx sr s1 ss",
    "number": "m mb mf mh mi mo il l ld",
    "sign": "o p pm",
    "removed": "gd gr gt err",
    "added": "gi",
}
_FORMS = {"font-style: italic": "c ch cm cs c1 sd ge", "font-weight: 600": "k kc kd kn kr gh gs"}


def highlight(code: str, language: str | None) -> str:
    """`code` as HTML: escaped, its syntax in `<span class=…>` if the language is known."""
    lexer = _lexer(language) if language and len(code) <= LONGEST else None
    if lexer is None:
        return html.escape(code, quote=False)
    from pygments import highlight as mark

    marked = mark(code, lexer, _formatter())
    return marked if code.endswith("\n") else marked.removesuffix("\n")


def highlight_css(scheme: Literal["light", "dark"], *, scope: str = "pre.code") -> str:
    """The rules for code in one colour scheme, its background included; put the dark ones behind your dark switch."""
    shade = 0 if scheme == "light" else 1
    rules = [f"{scope} {{ background: {BACKGROUND[scheme]}; color: {_INK[scheme]} }}"]
    for role, names in _ROLES.items():
        rules.append(f"{_selector(scope, names)} {{ color: {_COLOURS[role][shade]} }}")
    rules += [f"{_selector(scope, names)} {{ {form} }}" for form, names in _FORMS.items()]
    return "\n".join(rules) + "\n"


@lru_cache(maxsize=1)
def classes() -> frozenset[str]:
    """Every class that `highlight` can give a span."""
    from pygments.token import STANDARD_TYPES

    return frozenset(filter(None, STANDARD_TYPES.values()))


def _selector(scope: str, names: str) -> str:
    return ", ".join(f"{scope} .{name}" for name in names.split())


@lru_cache(maxsize=1)
def _formatter() -> "HtmlFormatter[str]":
    from pygments.formatters import HtmlFormatter

    return HtmlFormatter(nowrap=True)


@lru_cache(maxsize=64)
def _lexer(language: str) -> "Lexer | None":
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        # A lexer's own clean-up would change the code: tabs, blank lines at its ends.
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
