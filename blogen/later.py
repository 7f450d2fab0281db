"""Code that is imported when it is first asked for: a start pays only for what it needs."""

import re
from collections.abc import Awaitable, Callable
from functools import cache, cached_property
from importlib import import_module
from types import MethodType
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from yarl import URL

if TYPE_CHECKING:
    from aiohttp.web_urldispatcher import _InfoDict

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


class Routes:
    """Adds to a router what is to be answered at an address, as the router itself does."""

    def __init__(self, router: web.UrlDispatcher) -> None:
        self._router = router
        self._last: _Address | None = None

    def add(self, method: str, path: str, handler: Handler, *, has_head: bool = True) -> None:
        """Where there is GET there is HEAD, unless it has none."""
        resource = self._resource(path)
        if method == hdrs.METH_GET and has_head:
            resource.add_route(hdrs.METH_HEAD, handler)
        resource.add_route(method, handler)

    def _resource(self, path: str) -> web.Resource:
        if "{" not in path:
            return self._router.add_resource(path)
        if self._last is None or not self._last.raw_match(path):
            self._last = _Address(path)
            self._router.register_resource(self._last)
        return self._last


class _Address(web.Resource):
    """As `web.DynamicResource`, which it makes when an address like it is asked for.

    There are a hundred, and to compile their patterns takes longer than to make the front page.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    @cached_property
    def _made(self) -> web.DynamicResource:
        return web.DynamicResource(self._path)

    @property
    def canonical(self) -> str:
        return _WITH_PATTERN.sub(r"{\1}", self._path)

    def add_prefix(self, prefix: str) -> None:
        self._path = prefix + self._path
        vars(self).pop("_made", None)  # it was for the address without it

    def raw_match(self, path: str) -> bool:
        return path == self._path

    def _match(self, path: str) -> dict[str, str] | None:
        return self._made._match(path)

    def get_info(self) -> "_InfoDict":
        return self._made.get_info()

    def url_for(self, **parts: str) -> URL:
        return self._made.url_for(**parts)


_WITH_PATTERN = re.compile(r"{(\w+):[^{}]*(?:{[^{}]*}[^{}]*)*}")


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
