"""Searching, within a tag, an author, a language, a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.store.search import EVERYWHERE, Found, Within
from blogen.web.keys import AUTHORS, CLOCK, POSTS, SEARCH
from blogen.web.reader.serve import passing
from blogen.web.templates import render
from blogen.web.words import language_name

if TYPE_CHECKING:
    from blogen.web.pages import View

_HITS = 30
_QUERY_CHARACTERS = 200
_CHOICE_CHARACTERS = 60
_TOPICS = 12
_TAGS = 100
_AUTHORS = 100
_DAY_MS = 86_400_000
_SPANS: Final = {"week": ("The past week", 7), "month": ("The past month", 30), "year": ("The past year", 365)}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_YEAR = re.compile(r"(19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Choice:
    """A list of which one may be chosen; `options` are values with their words."""

    name: str
    words: str
    value: str
    any: str
    options: list[tuple[str, str]]


async def search(request: web.Request) -> web.Response:
    query = _asked(request, "q", _QUERY_CHARACTERS)
    chosen = {name: _asked(request, name, _CHOICE_CHARACTERS) for name in _CHOICES}
    within = Within(
        tag=chosen["tag"].lower(),
        author=chosen["author"],
        language=chosen["language"],
        **_span(chosen["when"], request.app[CLOCK].now_ms()),
    )

    async def page(view: View) -> str:
        found = Found([], has_all_words=True)
        if query or within != EVERYWHERE:
            found = await request.app[SEARCH].find(query, limit=_HITS, within=within)
        return render(
            request.app,
            "search.html",
            viewer=view.visitor,
            query=query,
            found=found,
            most=_HITS,
            is_within=within != EVERYWHERE,
            choices=[choice for choice in await _choices(request, chosen) if len(choice.options) > 1 or choice.value],
            topics=[] if found.hits else await request.app[POSTS].tags(_TOPICS),
        )

    return await passing(request, page)


def _asked(request: web.Request, name: str, most: int) -> str:
    """A field of the form, without what nobody can type and no page may contain."""
    return _CONTROL.sub(" ", request.query.get(name, "")).strip()[:most]


def _span(when: str, now_ms: int) -> dict[str, int]:
    """The time that `when` names; anything else is any time."""
    if when in _SPANS:
        return {"since": now_ms - _SPANS[when][1] * _DAY_MS}
    if _YEAR.fullmatch(when):
        return {"since": _beginning(int(when)), "until": _beginning(int(when) + 1)}
    return {}


async def _choices(request: web.Request, chosen: dict[str, str]) -> list[Choice]:
    """What a search can be kept within. What was chosen stands there even if no post has it (any more)."""
    searched = request.app[SEARCH]
    tags = [(one.tag, one.tag) for one in await request.app[POSTS].tags(_TAGS)]
    authors = [(one.handle, one.name) for one in await request.app[AUTHORS].list(_AUTHORS)]
    languages = [(tag, language_name(tag)) for tag in await searched.languages()]
    first_and_last = await searched.span()
    years = range(_year(first_and_last[1]), _year(first_and_last[0]) - 1, -1) if first_and_last else ()
    times = [(value, words) for value, (words, _) in _SPANS.items()] + [(str(year), str(year)) for year in years]
    options = {"tag": tags, "author": authors, "language": languages, "when": times}
    choices = []
    for name, (words, everything) in _CHOICES.items():
        value = chosen[name]
        if value and all(value != one for one, _ in options[name]):
            options[name].append((value, value))
        choices.append(Choice(name, words, value, everything, options[name]))
    return choices


_CHOICES: Final = {
    "tag": ("Topic", "All topics"),
    "author": ("Author", "All authors"),
    "language": ("Language", "All languages"),
    "when": ("Time", "Any time"),
}


def _beginning(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)


def _year(at_ms: int) -> int:
    return datetime.fromtimestamp(at_ms / 1000, UTC).year
