"""What a post rests on: sources, the passages picked from them, and the citations that were checked."""

from typing import Literal

from blogen.domain.model import Model


class Source(Model):
    """A text that was read. `key` is short and unique in its job (`s1`), so that prompts can name it."""

    key: str
    kind: Literal["url", "text", "file"]
    title: str
    url: str | None = None
    digest: str
    """SHA-256 of `text`, hexadecimal: what was cited can be proven later."""
    text: str
    language: str | None = None
    fetched_at: int | None = None
    """Unix ms; None for text that was given."""


class Passage(Model):
    """A piece of a source worth resting on; `key` is `s1.3`: the third passage of source `s1`."""

    key: str
    source: str
    heading: str = ""
    """The heading under which it stands in its source, if it has one."""
    text: str


class Research(Model):
    """The result of the researching state. `problems` tells which sources could not be used, and why."""

    sources: list[Source]
    passages: list[Passage]
    problems: list[str] = []

    def source_of(self, passage_key: str) -> Source | None:
        """The source of a passage key such as `s1.3` (or of a source key `s1`), if there is one."""
        key = passage_key.partition(".")[0]
        return next((source for source in self.sources if source.key == key), None)


class Citation(Model):
    """A statement of the post and the passage that bears it, checked in code against the source's text."""

    marker: str
    """What stands in the Markdown: `[^s1.3]` has the marker `s1.3`."""
    source: str
    quote: str | None = None
    """The words in quotation marks, if the statement quotes; they occur in the source's text."""
    passage: str
    """The passage's text, shown in the footnote."""
