"""Composition: builds the parts, starts and stops them; nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from blogen.clock import Clock, SystemClock
from blogen.config import Config
from blogen.engine.engine import Engine
from blogen.engine.executor import RetryPolicy
from blogen.events import Bus
from blogen.pipeline.first_post import order_first_post
from blogen.pipeline.models import Guarded, ImageModels, TextModels
from blogen.pipeline.post import post_pipeline
from blogen.pipeline.services import NewLanguageModelWriter, Services
from blogen.providers.fetch import Fetcher
from blogen.providers.limits import Breaker, Limits
from blogen.providers.registry import Registry
from blogen.store.authors import Authors
from blogen.store.database import Database
from blogen.store.folder import DataFolder, database_path
from blogen.store.jobs import Jobs
from blogen.store.media import Media
from blogen.store.people import People
from blogen.store.posts import Posts
from blogen.store.schema import prepare
from blogen.store.search import Search
from blogen.store.steps import Steps
from blogen.writing.extractive import ExtractiveWriter
from blogen.writing.language_model import LanguageModelWriter
from blogen.writing.prompts import Prompts
from blogen.writing.writer import Ask, Writer


@dataclass(slots=True)
class App:
    """Everything that runs, by name. `async with App.open(config) as app: …`"""

    config: Config
    clock: Clock
    bus: Bus
    database: Database
    jobs: Jobs
    steps: Steps
    posts: Posts
    search: Search
    media: Media
    authors: Authors
    people: People
    registry: Registry
    services: Services
    engine: Engine

    @classmethod
    @asynccontextmanager
    async def open(cls, config: Config, *, serving: bool, bus: Bus | None = None) -> AsyncIterator["App"]:
        """Claim the data folder, open the database, build the parts, run the engine until the block ends.

        `serving`: an empty blog gets its first post. Raises StoreUnusable, ConfigError.
        """
        async with cls.built(config, bus=bus) as app:
            if serving:
                await app.order_first_post()
            async with app.engine.running():
                yield app

    @classmethod
    @asynccontextmanager
    async def built(cls, config: Config, *, bus: Bus | None = None) -> AsyncIterator["App"]:
        """As `open`, with the engine at rest: a server listens before it works."""
        async with AsyncExitStack() as stack:
            folder = await asyncio.to_thread(DataFolder.claim, config.data.dir)
            stack.callback(folder.release)
            path = database_path(folder.path)
            await asyncio.to_thread(prepare, path, keep_backups=config.backup.keep)
            clock, bus = SystemClock(), bus or Bus()
            database = await Database.open(path, clock=clock, bus=bus)
            stack.push_async_callback(database.close)
            app = cls._build(config, clock, bus, database)
            stack.push_async_callback(app.registry.close)
            stack.push_async_callback(app.services.fetcher.close)
            await app.authors.ensure(config.site.author)
            yield app

    @classmethod
    def _build(cls, config: Config, clock: Clock, bus: Bus, database: Database) -> "App":
        registry = Registry(config)
        jobs, steps, posts = Jobs(database, clock), Steps(database, clock), Posts(database)
        media, authors = Media(config.data.dir / "media", database), Authors(database)
        services = Services(
            config=config,
            bus=bus,
            steps=steps,
            posts=posts,
            media=media,
            authors=authors,
            fetcher=Fetcher(
                timeout_seconds=config.research.timeout_seconds,
                max_bytes=config.research.max_source_bytes,
                allow_private=config.research.allow_private,
            ),
            text=_text_models(config, registry, clock),
            images=_image_models(config, registry, clock),
            new_extractive=ExtractiveWriter,
            new_language_model=_new_language_model(config),
        )
        engine = Engine(
            post_pipeline(services),
            jobs,
            steps,
            bus,
            clock,
            workers=config.engine.workers,
            queue_size=config.engine.queue_size,
            drain_seconds=config.engine.drain_seconds,
            retry=RetryPolicy(
                config.engine.max_attempts, config.engine.retry_base_seconds, config.engine.retry_cap_seconds
            ),
            in_doubt=config.pipeline.in_doubt,
        )
        return cls(
            config=config,
            clock=clock,
            bus=bus,
            database=database,
            jobs=jobs,
            steps=steps,
            posts=posts,
            search=Search(database),
            media=media,
            authors=authors,
            people=People(database, clock),
            registry=registry,
            services=services,
            engine=engine,
        )

    async def order_first_post(self) -> None:
        """An empty blog gets a post about Blogen from its own notes, made without asking any service."""
        await order_first_post(self.services, self.jobs)


def _text_models(config: Config, registry: Registry, clock: Clock) -> TextModels:
    names = config.order("text")
    guarded = []
    for name in names:
        if name != "offline":
            section = registry.section("text", name)
            limits = Limits(section.concurrency, section.requests_per_minute, clock)
            make = lambda name=name: registry.text(name)  # noqa: E731
            guarded.append(Guarded(name, make, limits, Breaker(f"text.{name}", clock=clock)))
    return TextModels(guarded, has_offline="offline" in names)


def _image_models(config: Config, registry: Registry, clock: Clock) -> ImageModels:
    guarded = []
    for name in config.order("image"):
        section = registry.section("image", name)
        limits = Limits(section.concurrency, section.requests_per_minute, clock)
        make = lambda name=name: registry.image(name)  # noqa: E731
        guarded.append(Guarded(name, make, limits, Breaker(f"image.{name}", clock=clock)))
    return ImageModels(guarded)


def _new_language_model(config: Config) -> NewLanguageModelWriter:
    prompts = Prompts(config.data.dir / "prompts")

    def new(ask: Ask, *, persona_handle: str) -> Writer:
        return LanguageModelWriter(ask, prompts.for_author(persona_handle))

    return new
