"""What the pages are given: typed keys into the aiohttp application. `app` fills them, handlers read them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.attempts import Attempts
from blogen.clock import Clock
from blogen.config import Config
from blogen.events import Bus
from blogen.outgoing.mail import Mail
from blogen.store.authors import Authors
from blogen.store.devices import Devices
from blogen.store.jobs import Jobs
from blogen.store.media import Media
from blogen.store.own_keys import OwnKeys
from blogen.store.passkeys import Passkeys
from blogen.store.people import People
from blogen.store.posts import Posts
from blogen.store.search import Search
from blogen.store.steps import Steps
from blogen.store.tickets import Tickets
from blogen.web.pages import Pages

if TYPE_CHECKING:
    from blogen.pipeline.hooks import Hooks

Ready = Callable[[], Awaitable[Mapping[str, str | None]]]
"""The state of each part (`database`, `engine`): None if it is well, else what is wrong."""

CONFIG = web.AppKey("CONFIG", Config)
BUS = web.AppKey("BUS", Bus)
JOBS = web.AppKey("JOBS", Jobs)
STEPS = web.AppKey("STEPS", Steps)
POSTS = web.AppKey("POSTS", Posts)
SEARCH = web.AppKey("SEARCH", Search)
MEDIA = web.AppKey("MEDIA", Media)
AUTHORS = web.AppKey("AUTHORS", Authors)
PEOPLE = web.AppKey("PEOPLE", People)
DEVICES = web.AppKey("DEVICES", Devices)
TICKETS = web.AppKey("TICKETS", Tickets)
ATTEMPTS = web.AppKey("ATTEMPTS", Attempts)
PASSKEYS = web.AppKey("PASSKEYS", Passkeys)
OWN_KEYS = web.AppKey("OWN_KEYS", OwnKeys)
CLOCK: web.AppKey[Clock] = web.AppKey("CLOCK")
MAIL = web.AppKey("MAIL", Mail)
READY = web.AppKey[Ready]("READY")
HOOKS: "web.AppKey[asyncio.Future[Hooks]]" = web.AppKey("HOOKS", asyncio.Future)
"""Comes with the engine: a server listens before it works."""
PAGES = web.AppKey("PAGES", Pages)
"""Made by `add_reader`."""
