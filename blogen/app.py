"""Composition: builds the parts, starts and stops them; nothing else.

A part is built when it is first asked for, and its code imported then: a start pays for the front page alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from blogen.clock import Clock, SystemClock
from blogen.config import Config
from blogen.events import Bus
from blogen.site import Site
from blogen.store.authors import Authors
from blogen.store.database import Database
from blogen.store.folder import DataFolder, database_path
from blogen.store.media import Media
from blogen.store.posts import Posts
from blogen.store.schema import prepare
from blogen.store.settings import Settings

if TYPE_CHECKING:
    from blogen.attempts import Attempts
    from blogen.domain.pace import Pace
    from blogen.engine.engine import Engine
    from blogen.outgoing.courier import Courier
    from blogen.outgoing.mail import Mail
    from blogen.pipeline.services import Services
    from blogen.store.aversions import Aversions
    from blogen.store.board import Boards
    from blogen.store.comments import Comments
    from blogen.store.corrections import Corrections
    from blogen.store.deliveries import Deliveries
    from blogen.store.devices import Devices
    from blogen.store.featured import Featured
    from blogen.store.feeds import Feeds
    from blogen.store.jobs import Jobs
    from blogen.store.kept_answers import KeptAnswers
    from blogen.store.ledger import Ledger
    from blogen.store.moderation import Moderation
    from blogen.store.news import News
    from blogen.store.notifications import Notifications
    from blogen.store.own_keys import OwnKeys
    from blogen.store.passkeys import Passkeys
    from blogen.store.people import People
    from blogen.store.search import Search
    from blogen.store.series import Series
    from blogen.store.social import Social
    from blogen.store.steps import Steps
    from blogen.store.subscriptions import Subscriptions
    from blogen.store.tickets import Tickets
    from blogen.store.versions import Versions
    from blogen.works import Works


class App:
    """Everything that runs, by name. `async with App.open(config) as app: …`"""

    def __init__(self, config: Config, clock: Clock, bus: Bus, database: Database) -> None:
        self.config = config
        self.clock = clock
        self.bus = bus
        self.database = database
        self.posts = Posts(database)
        self.media = Media(config.data.dir / "media", database, bus)
        self.authors = Authors(database)
        self.site = Site(config, Settings(database), bus)
        self.works: Works | None = None
        """The engine and what it works with, once `build_works` was called."""

    @classmethod
    @asynccontextmanager
    async def open(cls, config: Config, *, bus: Bus | None = None, clock: Clock | None = None) -> AsyncIterator["App"]:
        """Claim the data folder, open the database, build the parts, run the engine until the block ends.

        Raises StoreUnusable, ConfigError.
        """
        async with cls.built(config, bus=bus, clock=clock) as app:
            await app.build_works()
            async with app.engine.running():
                yield app

    @classmethod
    @asynccontextmanager
    async def built(cls, config: Config, *, bus: Bus | None = None, clock: Clock | None = None) -> AsyncIterator["App"]:
        """The stores alone: a server listens before it works."""
        async with AsyncExitStack() as stack:
            clock, bus = clock or SystemClock(), bus or Bus()
            path = await asyncio.to_thread(_claim, config, stack)
            database = await Database.open(path, clock=clock, bus=bus)
            stack.push_async_callback(database.close)
            app = cls(config, clock, bus, database)
            stack.push_async_callback(app._close_parts)
            await app.authors.ensure(config.site.author)
            await app.site.load()
            yield app

    @cached_property
    def jobs(self) -> "Jobs":
        from blogen.store.jobs import Jobs

        return Jobs(self.database, self.clock)

    @cached_property
    def boards(self) -> "Boards":
        from blogen.store.board import Boards

        return Boards(self.database)

    @cached_property
    def steps(self) -> "Steps":
        from blogen.store.steps import Steps

        return Steps(self.database, self.clock)

    @cached_property
    def ledger(self) -> "Ledger":
        from blogen.store.ledger import Ledger

        return Ledger(self.database)

    @cached_property
    def search(self) -> "Search":
        from blogen.store.search import Search

        return Search(self.database)

    @cached_property
    def social(self) -> "Social":
        from blogen.store.social import Social

        return Social(self.database)

    @cached_property
    def versions(self) -> "Versions":
        from blogen.store.versions import Versions

        return Versions(self.database)

    @cached_property
    def featured(self) -> "Featured":
        from blogen.store.featured import Featured

        return Featured(self.database)

    @cached_property
    def series(self) -> "Series":
        from blogen.store.series import Series

        return Series(self.database)

    @cached_property
    def feeds(self) -> "Feeds":
        from blogen.store.feeds import Feeds

        return Feeds(self.database, self.clock, self.bus)

    @cached_property
    def people(self) -> "People":
        from blogen.store.people import People

        return People(self.database, self.clock)

    @cached_property
    def passkeys(self) -> "Passkeys":
        from blogen.store.passkeys import Passkeys

        return Passkeys(self.database)

    @cached_property
    def mail(self) -> "Mail":
        from blogen.outgoing.mail import Mail

        return Mail(self.config.mail, self.bus, self.clock)

    @cached_property
    def devices(self) -> "Devices":
        from blogen.store.devices import Devices

        return Devices(self.database, self.clock)

    @cached_property
    def tickets(self) -> "Tickets":
        from blogen.store.tickets import Tickets

        return Tickets(self.database, self.clock)

    @cached_property
    def attempts(self) -> "Attempts":
        from blogen.attempts import Attempts

        return Attempts(self.clock)

    @cached_property
    def comments(self) -> "Comments":
        from blogen.store.comments import Comments

        return Comments(self.database, self.config.comments)

    @cached_property
    def notifications(self) -> "Notifications":
        from blogen.store.notifications import Notifications

        return Notifications(self.database)

    @cached_property
    def moderation(self) -> "Moderation":
        from blogen.store.moderation import Moderation

        return Moderation(self.database)

    @cached_property
    def aversions(self) -> "Aversions":
        from blogen.store.aversions import Aversions

        return Aversions(self.database)

    @cached_property
    def corrections(self) -> "Corrections":
        from blogen.store.corrections import Corrections

        return Corrections(self.database)

    @cached_property
    def pace(self) -> "Pace":
        from blogen.domain.pace import Pace

        return Pace(self.clock)

    @cached_property
    def own_keys(self) -> "OwnKeys":
        from blogen.store.own_keys import OwnKeys

        return OwnKeys(self.database)

    @cached_property
    def subscriptions(self) -> "Subscriptions":
        from blogen.store.subscriptions import Subscriptions

        return Subscriptions(self.database)

    @cached_property
    def deliveries(self) -> "Deliveries":
        from blogen.store.deliveries import Deliveries

        return Deliveries(self.database)

    @cached_property
    def news(self) -> "News":
        from blogen.store.news import News

        return News(self.database)

    @cached_property
    def kept_answers(self) -> "KeptAnswers":
        from blogen.store.kept_answers import KeptAnswers

        return KeptAnswers(self.database, self.clock)

    async def build_works(self) -> "Works":
        """The engine, at rest. Its code is imported in a thread, so that readers are served meanwhile."""
        if self.works is None:
            self.works = await asyncio.to_thread(self._build_works)
        return self.works

    def _build_works(self) -> "Works":
        from blogen import certificates
        from blogen.works import Works

        certificates.load()
        return Works.build(
            self.config,
            self.clock,
            self.bus,
            jobs=self.jobs,
            steps=self.steps,
            posts=self.posts,
            media=self.media,
            authors=self.authors,
        )

    @property
    def engine(self) -> "Engine":
        assert self.works is not None, "build_works comes first"
        return self.works.engine

    @property
    def services(self) -> "Services":
        assert self.works is not None, "build_works comes first"
        return self.works.services

    async def reason_to_hold(self, comment: str) -> str:
        """Why the moderation model would not show a comment; empty where there is none, or it finds nothing."""
        if self.config.comments.moderation is None:
            return ""
        if self.works is None or self.works.judge is None:
            return "the moderation model was not ready"
        return await self.works.judge.reason_to_hold(comment)

    def courier(self) -> "Courier":
        """Who tells webhooks, followers and phones what has happened, at rest."""
        from blogen.outgoing.courier import Courier

        return Courier(self.config, self.database, self.bus, self.clock)

    async def _close_parts(self) -> None:
        if self.works is not None:
            await self.works.close()
        if "feeds" in vars(self):
            self.feeds.close()
        if "mail" in vars(self):
            await self.mail.close()


LATER = tuple(name for name, part in vars(App).items() if isinstance(part, cached_property))
"""The parts that are built when they are first asked for."""


def _claim(config: Config, stack: AsyncExitStack) -> Path:
    folder = DataFolder.claim(config.data.dir)
    stack.callback(folder.release)
    path = database_path(folder.path)
    prepare(path, keep_backups=config.backup.keep)
    return path
