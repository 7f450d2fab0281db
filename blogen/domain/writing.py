"""What the writing stages hand on: queries → outline → sections → edited text → illustrations."""

from pydantic import Field

from blogen.domain.model import Model
from blogen.domain.source import Citation, Passage


class Brief(Model):
    """What a writer is told: the order, without what only the engine needs."""

    topic: str
    brief: str = ""
    language: str = "en"
    words: int = 900
    images: int = 1
    tags: list[str] = []
    persona: str = ""
    """How the author writes, in the owner's words; may be empty."""


class Queries(Model):
    """What to ask search engines for, the most telling first."""

    items: list[str]


class OutlineSection(Model):
    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Unique in the outline; names the step `draft:KEY`."""
    heading: str
    """Empty for an opening without a heading."""
    gist: str = ""
    passages: list[str] = []
    """Keys of the passages it rests on."""


class Outline(Model):
    title: str
    angle: str = ""
    sections: list[OutlineSection]
    tags: list[str] = []


class Section(Model):
    """Markdown without its heading. `[^s1.3]` behind a statement cites passage `s1.3`."""

    key: str
    heading: str
    markdown: str


class Critique(Model):
    """What the critic pass found; empty when nothing needs mending."""

    remarks: list[str] = []


class Edited(Model):
    """The text as it will be published: only checked citations are left in it."""

    title: str
    summary: str
    slug: str
    tags: list[str]
    sections: list[Section]
    citations: list[Citation]
    dropped: list[str] = []
    """Citations and quotations that could not be verified, in words, for the owner."""


class Illustration(Model):
    """An order for one picture. `key` is `cover` or a section's key; `alt` is for people who do not see it."""

    key: str
    prompt: str
    alt: str


class Illustrations(Model):
    items: list[Illustration]


__all__ = [
    "Brief", "Citation", "Critique", "Edited", "Illustration", "Illustrations", "Outline", "OutlineSection",
    "Passage", "Queries", "Section",
]  # fmt: skip
