"""Handlers that are named in a table and imported with their first request."""

import inspect
import subprocess
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from blogen.api.routes import ROUTES as API_ROUTES
from blogen.app import LATER, App
from blogen.config.load import load
from blogen.later import Part, Routes, handler
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
        "import sys, blogen.server; from blogen.config.load import load; load(None, {'BLOGEN_SERVER__PORT': '0'});"
        "print([name for name in ('blogen.api.jobs', 'blogen.api.views', 'blogen.web.reader.feeds', 'jinja2',"
        " 'blogen.store.comments', 'blogen.store.feeds', 'blogen.store.jobs', 'blogen.outgoing.mail',"
        " 'blogen.domain.post', 'blogen.domain.job', 'blogen.store.search', 'importlib.metadata')"
        " if name in sys.modules])"
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


def addresses(app: web.Application) -> list[tuple[str, str]]:
    """Every address of the tables, with what is answered there, as the router knows them."""
    return [(route.method, route.resource.canonical) for route in app.router.routes()]


def infos(app: web.Application) -> list[Any]:
    return [resource.get_info() for resource in app.router.resources()]


def test_addresses_are_those_of_the_router_itself() -> None:
    ours, theirs = web.Application(), web.Application()
    routes = Routes(ours.router)
    for method, table in (("GET", GET), ("POST", POST)):
        for path in table:
            routes.add(method, path, handler(path))
            if method == "GET":
                theirs.router.add_get(path, handler(path))
            else:
                theirs.router.add_post(path, handler(path))
    for route in API_ROUTES:
        routes.add(route.method, route.path, handler(route.path), has_head=not route.streams)
        if route.method == "GET":
            theirs.router.add_get(route.path, handler(route.path), allow_head=not route.streams)
        else:
            theirs.router.add_route(route.method, route.path, handler(route.path))
    assert len(addresses(ours)) > 300
    assert addresses(ours) == addresses(theirs)
    assert infos(ours) == infos(theirs)
    shell_of_ours, shell_of_theirs = web.Application(), web.Application()
    shell_of_ours.add_subapp("/below", ours)
    shell_of_theirs.add_subapp("/below", theirs)
    assert addresses(ours) == addresses(theirs)
    assert infos(ours) == infos(theirs)


async def test_an_address_with_parts_that_vary_is_found_below_another(aiohttp_client: Any) -> None:
    async def told(request: web.Request) -> web.Response:
        return web.Response(text=request.match_info["slug"])

    inner, outer = web.Application(), web.Application()
    Routes(inner.router).add("GET", "/cards/{slug:[^/]+}-{digest:[0-9a-f]{4}}.png", told)
    outer.add_subapp("/below", inner)
    client = await aiohttp_client(outer)
    assert await (await client.get("/below/cards/a-b-12ef.png")).text() == "a-b"
    assert (await client.head("/below/cards/a-b-12ef.png")).status == 200
    assert (await client.post("/below/cards/a-b-12ef.png")).status == 405
    assert (await client.get("/below/cards/a-b-12ex.png")).status == 404
    assert (await client.get("/cards/a-b-12ef.png")).status == 404
