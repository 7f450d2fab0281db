"""What the stages of a post work with; `app` builds it once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from blogen.config import Config
from blogen.domain.writing import Brief
from blogen.engine.context import JobContext
from blogen.events import Bus
from blogen.pipeline.models import ImageModels, SearchEngines, TextModels
from blogen.providers.fetch import Fetcher
from blogen.store.authors import Authors
from blogen.store.media import Media
from blogen.store.posts import Posts
from blogen.store.steps import Steps
from blogen.writing.writer import Ask, Writer


class NewLanguageModelWriter(Protocol):
    def __call__(self, ask: Ask, *, persona_handle: str) -> Writer: ...


@dataclass(slots=True)
class Services:
    config: Config
    bus: Bus
    steps: Steps
    posts: Posts
    media: Media
    authors: Authors
    fetcher: Fetcher
    text: TextModels
    images: ImageModels
    search: SearchEngines
    new_extractive: Callable[[str], Writer]
    """Given the post's language."""
    new_language_model: NewLanguageModelWriter
    offline_jobs: set[str] = field(default_factory=set)
    """Jobs that must cost nothing: Blogen's own first post is written without asking any service."""
    is_streaming: bool = False
    """Whether someone watches texts grow (`generate --stream`)."""

    def is_offline(self, job: JobContext) -> bool:
        return not self.text.names or job.job.id in self.offline_jobs


def brief_of(job: JobContext, persona: str = "") -> Brief:
    """What the writer is told of the order."""
    request = job.request
    return Brief(
        topic=request.topic,
        brief=request.brief or "",
        language=request.language,
        words=request.words,
        images=request.images,
        tags=list(request.tags),
        persona=persona,
    )


def author_of(job: JobContext, services: Services) -> str:
    """Handle of the author who signs."""
    return job.request.author or services.config.site.author


async def persona_of(job: JobContext, services: Services) -> str:
    """How the author writes, in the owner's words."""
    author = await services.authors.by_handle(author_of(job, services))
    return author.persona if author else ""
