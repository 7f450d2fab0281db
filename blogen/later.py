"""Code that is imported when it is first asked for: a start pays only for what it needs."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def handler(name: str) -> Handler:
    """The handler `package.module.function`; its module is imported with the first request for it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await _named(name)(request)

    return handle


@cache
def _named(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    named: Handler = getattr(import_module(module), function)
    return named
