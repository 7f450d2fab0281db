"""Code that is imported when it is first asked for: a start pays only for what it needs."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from types import MethodType

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


class Part:
    """Passes on to an attribute that may be costly to make; its methods are remembered, and so cost no detour."""

    def __init__(self, whole: object, name: str) -> None:
        self._whole = whole
        self._name = name

    def __getattr__(self, name: str) -> object:
        value: object = getattr(getattr(self._whole, self._name), name)
        if isinstance(value, MethodType):
            setattr(self, name, value)
        return value
