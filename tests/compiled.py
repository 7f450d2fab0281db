"""Templates compiled once for all blogs of a run: each in a folder of its own would compile them anew."""

from functools import cache
from pathlib import Path
from typing import Any

from blogen.web import templates

_own = templates._built_in
_MADE_ELSEWHERE = ("api/", "prompts/")
"""With filters that no page has."""


def share(folder: Path) -> None:
    """From now on all sites of this process find compiled templates in `folder`, whatever their own is."""
    templates._built_in = cache(lambda _its: _own(folder))


def fill(folder: Path) -> None:
    """Have all of them there, as in the folder of a blog that has shown every page."""
    environment: Any = _own(folder)
    for name in environment.list_templates(filter_func=lambda name: not name.startswith(_MADE_ELSEWHERE)):
        environment.get_template(name)
