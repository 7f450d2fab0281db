"""Handlers that are named in a table and imported with their first request."""

import inspect
import subprocess
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from blogen.api.routes import ROUTES as API_ROUTES
from blogen.app import LATER, App
from blogen.config.load import load
from blogen.later import Part
from blogen.web.routes import GET, POST

NAMED = {f"blogen.web.{name}" for name in (*GET.values(), *POST.values())} | {
    f"blogen.api.{route.handler}" for route in API_ROUTES
}


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_handler_that_a_table_names_is_there(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert inspect.iscoroutinefunction(getattr(import_module(module), function))


def test_a_server_imports_no_handler_before_it_is_asked_for() -> None:
    code = (
        "import sys, blogen.server;"
        "print([name for name in ('blogen.api.jobs', 'blogen.api.views', 'blogen.web.reader.feeds', 'jinja2',"
        " 'blogen.store.comments', 'blogen.store.feeds', 'blogen.store.jobs', 'blogen.outgoing.mail',"
        " 'blogen.domain.post') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


async def test_each_part_of_the_blog_is_built_when_it_is_asked_for(tmp_path: Path) -> None:
    async with App.built(load(None, {"BLOGEN_DATA__DIR": str(tmp_path)})) as app:
        assert not set(LATER) & set(vars(app))
        parts = {name: getattr(app, name) for name in LATER}
        assert {type(part).__name__.lower() for part in parts.values()} == {name.replace("_", "") for name in LATER}
        assert all(getattr(app, name) is part for name, part in parts.items()), "a part was built twice"


def test_what_stands_for_a_part_passes_on_to_it() -> None:
    class Whole:
        built = 0

        @cached_property
        def greeting(self) -> "Greeting":
            self.built += 1
            return Greeting()

    class Greeting:
        word = "hello"

        def say(self, name: str) -> str:
            return f"{self.word} {name}"

    whole = Whole()
    part: Any = Part(whole, "greeting")
    assert whole.built == 0
    assert part.say("Ann") == "hello Ann"
    whole.greeting.word = "bye"
    assert (part.word, part.say("Bob"), whole.built) == ("bye", "bye Bob", 1)
    with pytest.raises(AttributeError):
        _ = part.unknown
