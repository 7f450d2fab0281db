"""The reader's site on a real socket over a real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDictProxy

from blogen.ahead import put_ahead
from blogen.clock import SystemClock
from blogen.config import Config
from blogen.site import Site as BlogSite
from blogen.store.devices import Devices
from blogen.store.featured import Featured
from blogen.store.people import People
from blogen.store.series import Series
from blogen.store.settings import Settings
from blogen.web import keys
from blogen.web.ahead import PagesAhead
from blogen.web.routes import add_reader
from tests.blog import Blog, open_blog


class Site:
    def __init__(self, blog: Blog, app: web.Application, client: TestClient) -> None:
        self.blog = blog
        self.app = app
        self.client = client
        self.problems: dict[str, str | None] = {"database": None, "engine": None}

    @property
    def url(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def get(self, path: str, **options: Any) -> "Answer":
        async with self.client.get(path, allow_redirects=False, **options) as response:
            return Answer(response.status, response.headers, await response.read())


class Answer:
    def __init__(self, status: int, headers: CIMultiDictProxy[str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.text = body.decode(errors="replace")


@asynccontextmanager
async def open_site(folder: Path, **sections: dict[str, Any]) -> AsyncIterator[Site]:
    """`sections` is configuration, e.g. `site={"title": "T"}`."""
    async with open_blog(folder) as blog:
        app = web.Application()
        app[keys.CONFIG] = Config.model_validate(sections)
        app[keys.SITE] = BlogSite(app[keys.CONFIG], Settings(blog.database), blog.bus)
        app[keys.BUS] = blog.bus
        app[keys.POSTS] = blog.posts
        app[keys.SEARCH] = blog.search
        app[keys.MEDIA] = blog.media
        app[keys.AUTHORS] = blog.authors
        app[keys.FEATURED] = Featured(blog.database)
        app[keys.SERIES] = Series(blog.database)
        for name, part in blog.talk(SystemClock(), app[keys.CONFIG].comments).items():
            app[getattr(keys, name)] = part
        app[keys.PEOPLE] = People(blog.database, SystemClock())
        app[keys.DEVICES] = Devices(blog.database, SystemClock())
        app[keys.JOBS] = blog.jobs
        app[keys.CLOCK] = SystemClock()
        app[keys.STEPS] = blog.steps

        async def ready() -> dict[str, str | None]:
            return site.problems

        app[keys.READY] = ready
        add_reader(app)
        plain = {"Accept-Encoding": "identity"}
        async with TestClient(TestServer(app), auto_decompress=False, headers=plain) as client:
            assert isinstance(client.server, TestServer)
            put_ahead(client.server.handler, PagesAhead(client.server.handler, app[keys.PAGES]))
            site = Site(blog, app, client)
            yield site
