"""Handlers that are named in a table and imported with their first request."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from blogen.api.routes import ROUTES as API_ROUTES
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
        "print([name for name in ('blogen.api.jobs', 'blogen.api.views', 'blogen.web.reader.feeds', 'jinja2')"
        " if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
