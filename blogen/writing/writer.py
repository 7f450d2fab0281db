"""What a writer does. A writer is made for one job; every outside call it makes goes through `Ask`, so that each
answer is committed before it is used and no answer is paid for twice."""

from collections.abc import Sequence
from typing import Protocol

from blogen.domain.source import Passage, Research, Source
from blogen.domain.writing import Brief, Edited, Illustration, Illustrations, Outline, OutlineSection, Queries, Section
from blogen.providers.protocols import TextAnswer, TextRequest


class Ask(Protocol):
    """One durable question to the configured text models (limits, retries, fallback behind it).

    `name` is unique in the job (`outline/ask`, `outline/repair`, `draft:2/ask` …). Asking again under the same name
    after a crash returns the committed answer without a call.
    """

    async def __call__(self, name: str, request: TextRequest) -> TextAnswer: ...


class Writer(Protocol):
    """Everything outside `Ask` must be deterministic: it runs again when a job is resumed."""

    @property
    def notice(self) -> str:
        """What readers are told about how the text was made, one sentence; empty for language models."""
        ...

    async def queries(self, brief: Brief) -> Queries:
        """What to search for when sources are missing: one to five queries, the most telling first."""
        ...

    async def passages(self, brief: Brief, sources: Sequence[Source]) -> list[Passage]:
        """Rank the sources' text by relevance and pick what the post can rest on."""
        ...

    async def outline(self, brief: Brief, research: Research) -> Outline: ...

    async def section(self, brief: Brief, outline: Outline, section: OutlineSection, research: Research) -> Section: ...

    async def edit(
        self, brief: Brief, outline: Outline, sections: Sequence[Section], research: Research, note: str = ""
    ) -> Edited:
        """Criticise, check every citation in code, revise, and give title, summary, slug and tags.

        `note` is what a reviewer asked for when the post was sent back.
        """
        ...

    async def illustrations(self, brief: Brief, edited: Edited, count: int) -> Illustrations:
        """At most `count` orders, the cover first."""
        ...

    async def reworded(self, brief: Brief, picture: Illustration, refusal: str) -> Illustration:
        """Another order for the same place, after a service refused what `picture` was to show."""
        ...
