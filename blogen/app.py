"""Composition: builds the parts, starts and stops them; nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blogen.attempts import Attempts
from blogen.clock import Clock, SystemClock
from blogen.config import Config
from blogen.domain.pace import Pace
from blogen.events import Bus
from blogen.outgoing.mail import Mail
from blogen.store.authors import Authors
from blogen.store.aversions import Aversions
from blogen.store.comments import Comments
from blogen.store.corrections import Corrections
from blogen.store.database import Database
from blogen.store.deliveries import Deliveries
from blogen.store.devices import Devices
from blogen.store.feeds import Feeds
from blogen.store.folder import DataFolder, database_path
from blogen.store.jobs import Jobs
from blogen.store.kept_answers import KeptAnswers
from blogen.store.ledger import Ledger
from blogen.store.media import Media
from blogen.store.moderation import Moderation
from blogen.store.news import News
from blogen.store.notifications import Notifications
from blogen.store.own_keys import OwnKeys
from blogen.store.passkeys import Passkeys
from blogen.store.people import People
from blogen.store.posts import Posts
from blogen.store.schema import prepare
from blogen.store.search import Search
from blogen.store.social import Social
from blogen.store.steps import Steps
from blogen.store.subscriptions import Subscriptions
from blogen.store.tickets import Tickets

if TYPE_CHECKING:
    from blogen.engine.engine import Engine
    from blogen.outgoing.courier import Courier
    from blogen.pipeline.services import Services
    from blogen.works import Works


@dataclass(slots=True)
class App:
    """Everything that runs, by name. `async with App.open(config) as app: …`"""

    config: Config
    clock: Clock
    bus: Bus
    database: Database
    jobs: Jobs
    steps: Steps
    ledger: Ledger
    posts: Posts
    search: Search
    social: Social
    feeds: Feeds
    media: Media
    authors: Authors
    people: People
    passkeys: Passkeys
    mail: Mail
    devices: Devices
    tickets: Tickets
    attempts: Attempts
    comments: Comments
    notifications: Notifications
    moderation: Moderation
    aversions: Aversions
    corrections: Corrections
    pace: Pace
    own_keys: OwnKeys
    subscriptions: Subscriptions
    deliveries: Deliveries
    news: News
    kept_answers: KeptAnswers
    works: "Works | None" = None
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
            app = cls(
                config=config,
                clock=clock,
                bus=bus,
                database=database,
                jobs=Jobs(database, clock),
                steps=Steps(database, clock),
                ledger=Ledger(database),
                posts=Posts(database),
                search=Search(database),
                social=Social(database),
                feeds=Feeds(database, clock, bus),
                media=Media(config.data.dir / "media", database),
                authors=Authors(database),
                people=People(database, clock),
                passkeys=Passkeys(database),
                mail=Mail(config.mail, bus, clock),
                devices=Devices(database, clock),
                tickets=Tickets(database, clock),
                attempts=Attempts(clock),
                comments=Comments(database, config.comments),
                notifications=Notifications(database),
                moderation=Moderation(database),
                aversions=Aversions(database),
                corrections=Corrections(database),
                pace=Pace(clock),
                own_keys=OwnKeys(database),
                subscriptions=Subscriptions(database),
                deliveries=Deliveries(database),
                news=News(database),
                kept_answers=KeptAnswers(database, clock),
            )
            stack.push_async_callback(app.mail.close)
            stack.callback(app.feeds.close)
            stack.push_async_callback(app._close_works)
            await app.authors.ensure(config.site.author)
            yield app

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

    async def _close_works(self) -> None:
        if self.works is not None:
            await self.works.close()


def _claim(config: Config, stack: AsyncExitStack) -> Path:
    folder = DataFolder.claim(config.data.dir)
    stack.callback(folder.release)
    path = database_path(folder.path)
    prepare(path, keep_backups=config.backup.keep)
    return path
