"""The working half of the composition: the engine, its pipeline, and all that stages work with.

Imported when it is needed: a server listens before it works, and readers need none of this.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import SecretStr

from blogen.clock import Clock
from blogen.config import Config, Trade
from blogen.config.section import suggestion
from blogen.engine.engine import Engine
from blogen.engine.executor import RetryPolicy
from blogen.errors import ConfigError
from blogen.events import Bus
from blogen.pipeline.configured import ConfiguredProviders
from blogen.pipeline.first_post import order_first_post
from blogen.pipeline.hooks import Hooks
from blogen.pipeline.judging import Judge
from blogen.pipeline.models import Guarded, ImageModels, Model, SearchEngines, TextModels
from blogen.pipeline.models import Trade as AnyTrade
from blogen.pipeline.post import post_pipeline
from blogen.pipeline.services import NewLanguageModelWriter, Services
from blogen.providers.checkup import Checkup
from blogen.providers.fetch import Fetcher
from blogen.providers.registry import Registry
from blogen.store.authors import Authors
from blogen.store.jobs import Jobs
from blogen.store.media import Media
from blogen.store.posts import Posts
from blogen.store.steps import Steps
from blogen.writing.extractive import ExtractiveWriter
from blogen.writing.language_model import LanguageModelWriter
from blogen.writing.prompts import Prompts
from blogen.writing.writer import Ask, Writer


@dataclass(slots=True)
class Works:
    """Built by `Works.build`; `engine.running()` sets it going, `close` puts it away."""

    registry: Registry
    services: Services
    engine: Engine
    jobs: Jobs
    hooks: Hooks
    judge: Judge | None
    """Reads comments before they are shown."""
    providers: ConfiguredProviders
    """As the owner looks at them."""

    @classmethod
    def build(  # the stores come from `app`, which the readers' pages share
        cls,
        config: Config,
        clock: Clock,
        bus: Bus,
        *,
        jobs: Jobs,
        steps: Steps,
        posts: Posts,
        media: Media,
        authors: Authors,
    ) -> "Works":
        """Raises ConfigError for a provider's section that is wrong."""
        registry = Registry(config)
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
            search=_search_engines(config, registry, clock),
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
        hooks = Hooks(engine, _hook_secrets(config, registry))
        trades: dict[Trade, AnyTrade[Any]] = {
            "text": services.text, "image": services.images, "search": services.search
        }  # fmt: skip
        providers = ConfiguredProviders(trades, Checkup(registry).look, clock)
        return cls(registry, services, engine, jobs, hooks, _judge(config, registry, services.text), providers)

    async def order_first_post(self) -> None:
        """An empty blog gets a post about Blogen from its own notes, made without asking any service."""
        await order_first_post(self.services, self.jobs)

    async def close(self) -> None:
        await self.providers.close()
        await self.registry.close()
        await self.services.fetcher.close()


def _judge(config: Config, registry: Registry, models: TextModels) -> Judge | None:
    """Raises ConfigError if the section that is to read comments is missing, or costs money."""
    name = config.comments.moderation
    if name is None:
        return None
    if name not in models:
        raise ConfigError(
            f"{config.place('comments.moderation')} names [text.{name}], which is nowhere.",
            remedy=f"Add that section. {suggestion(name, config.providers('text'))}",
        )
    if not registry.section("text", name).is_free:
        raise ConfigError(
            f"{config.place('comments.moderation')} names [text.{name}], whose calls cost money.",
            remedy="Name a model of your own, or set `free = true` in that section if it costs nothing.",
        )
    return Judge(models, name, Prompts(config.data.dir / "prompts"))


def _text_models(config: Config, registry: Registry, clock: Clock) -> TextModels:
    order = config.order("text")
    roles = {role: names for role, names in config.pipeline.roles if names}
    wanted = [*order, *(name for names in roles.values() for name in names)]
    guarded = _guarded(config, registry, clock, "text", wanted, registry.text)
    return TextModels(guarded, order, config.budget, has_offline="offline" in order, roles=roles)


def _image_models(config: Config, registry: Registry, clock: Clock) -> ImageModels:
    order = config.order("image")
    return ImageModels(_guarded(config, registry, clock, "image", order, registry.image), order, config.budget)


def _search_engines(config: Config, registry: Registry, clock: Clock) -> SearchEngines:
    order = config.order("search")
    return SearchEngines(_guarded(config, registry, clock, "search", order, registry.search), order, config.budget)


def _guarded(
    config: Config, registry: Registry, clock: Clock, trade: Trade, names: Iterable[str], make: Callable[..., Model]
) -> dict[str, Guarded[Model]]:
    """The services by name: those to try, and those that are configured and may still work on something."""
    found: dict[str, Guarded[Model]] = {}
    for name in dict.fromkeys([*names, *config.providers(trade)]):
        if (trade, name) != ("text", "offline"):
            found[name] = Guarded(f"{trade}.{name}", registry.section(trade, name), partial(make, name), clock)
    return found


def _hook_secrets(config: Config, registry: Registry) -> Iterator[str]:
    for name in config.providers("image"):
        secret = getattr(registry.section("image", name), "hook_secret", None)
        if isinstance(secret, SecretStr):
            yield secret.get_secret_value()


def _new_language_model(config: Config) -> NewLanguageModelWriter:
    prompts = Prompts(config.data.dir / "prompts")

    def new(ask: Ask, *, persona_handle: str) -> Writer:
        return LanguageModelWriter(ask, prompts.for_author(persona_handle))

    return new
