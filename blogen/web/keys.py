"""What the pages are given: typed keys into the aiohttp application. `app` fills them, handlers read them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from blogen.attempts import Attempts
    from blogen.clock import Clock
    from blogen.config import Config
    from blogen.domain.pace import Pace
    from blogen.engine.engine import Engine
    from blogen.events import Bus
    from blogen.outgoing.mail import Mail
    from blogen.pipeline.configured import ConfiguredProviders
    from blogen.pipeline.hooks import Hooks
    from blogen.site import Site
    from blogen.store.authors import Authors
    from blogen.store.aversions import Aversions
    from blogen.store.board import Boards
    from blogen.store.comments import Comments
    from blogen.store.corrections import Corrections
    from blogen.store.devices import Devices
    from blogen.store.featured import Featured
    from blogen.store.feeds import Feeds
    from blogen.store.jobs import Jobs
    from blogen.store.kept_answers import KeptAnswers
    from blogen.store.ledger import Ledger
    from blogen.store.media import Media
    from blogen.store.moderation import Moderation
    from blogen.store.notifications import Notifications
    from blogen.store.own_keys import OwnKeys
    from blogen.store.passkeys import Passkeys
    from blogen.store.people import People
    from blogen.store.posts import Posts
    from blogen.store.search import Search
    from blogen.store.series import Series
    from blogen.store.social import Social
    from blogen.store.steps import Steps
    from blogen.store.tickets import Tickets
    from blogen.store.versions import Versions
    from blogen.web.pages import Pages

Ready = Callable[[], Awaitable[Mapping[str, str | None]]]
"""The state of each part (`database`, `engine`): None if it is well, else what is wrong."""

CONFIG: "web.AppKey[Config]" = web.AppKey("CONFIG")
SITE: "web.AppKey[Site]" = web.AppKey("SITE")
"""What the blog is called …, as the owner has set it; `now` is what pages show."""
BUS: "web.AppKey[Bus]" = web.AppKey("BUS")
ENGINE: "web.AppKey[asyncio.Future[Engine]]" = web.AppKey("ENGINE")
"""Comes later, as `HOOKS`; `asyncio.shield` it."""
JOBS: "web.AppKey[Jobs]" = web.AppKey("JOBS")
BOARDS: "web.AppKey[Boards]" = web.AppKey("BOARDS")
LEDGER: "web.AppKey[Ledger]" = web.AppKey("LEDGER")
STEPS: "web.AppKey[Steps]" = web.AppKey("STEPS")
POSTS: "web.AppKey[Posts]" = web.AppKey("POSTS")
SEARCH: "web.AppKey[Search]" = web.AppKey("SEARCH")
MEDIA: "web.AppKey[Media]" = web.AppKey("MEDIA")
AUTHORS: "web.AppKey[Authors]" = web.AppKey("AUTHORS")
PEOPLE: "web.AppKey[People]" = web.AppKey("PEOPLE")
DEVICES: "web.AppKey[Devices]" = web.AppKey("DEVICES")
TICKETS: "web.AppKey[Tickets]" = web.AppKey("TICKETS")
ATTEMPTS: "web.AppKey[Attempts]" = web.AppKey("ATTEMPTS")
PASSKEYS: "web.AppKey[Passkeys]" = web.AppKey("PASSKEYS")
OWN_KEYS: "web.AppKey[OwnKeys]" = web.AppKey("OWN_KEYS")
CLOCK: "web.AppKey[Clock]" = web.AppKey("CLOCK")
MAIL: "web.AppKey[Mail]" = web.AppKey("MAIL")
AVERSIONS: "web.AppKey[Aversions]" = web.AppKey("AVERSIONS")
COMMENTS: "web.AppKey[Comments]" = web.AppKey("COMMENTS")
CORRECTIONS: "web.AppKey[Corrections]" = web.AppKey("CORRECTIONS")
KEPT_ANSWERS: "web.AppKey[KeptAnswers]" = web.AppKey("KEPT_ANSWERS")
MODERATION: "web.AppKey[Moderation]" = web.AppKey("MODERATION")
NOTIFICATIONS: "web.AppKey[Notifications]" = web.AppKey("NOTIFICATIONS")
PACE: "web.AppKey[Pace]" = web.AppKey("PACE")
SOCIAL: "web.AppKey[Social]" = web.AppKey("SOCIAL")
FEEDS: "web.AppKey[Feeds]" = web.AppKey("FEEDS")
FEATURED: "web.AppKey[Featured]" = web.AppKey("FEATURED")
SERIES: "web.AppKey[Series]" = web.AppKey("SERIES")
VERSIONS: "web.AppKey[Versions]" = web.AppKey("VERSIONS")
JUDGE: "web.AppKey[Callable[[str], Awaitable[str]]]" = web.AppKey("JUDGE")
"""Why a comment should wait for a moderator, as the model that reads comments says; empty: it need not."""
READY = web.AppKey[Ready]("READY")
PROVIDERS: "web.AppKey[Callable[[], ConfiguredProviders | None]]" = web.AppKey("PROVIDERS")
"""None until the engine is there: a server listens before it works."""
HOOKS: "web.AppKey[asyncio.Future[Hooks]]" = web.AppKey("HOOKS")
"""Comes with the engine: a server listens before it works."""
PAGES: "web.AppKey[Pages]" = web.AppKey("PAGES")
"""Made by `add_reader`."""
