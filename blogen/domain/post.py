"""A post: what readers see. One tree of blocks with two faces, HTML and JSON."""

from typing import Annotated, Literal

from pydantic import Field

from blogen.domain.job import Tag
from blogen.domain.model import Model
from blogen.domain.post_summary import Picture, PostSource, PostSummary
from blogen.domain.terms import Handle, Language


class Run(Model):
    """A piece of inline text. Absent marks are left out of the JSON (`exclude_none`)."""

    text: str
    b: Literal[True] | None = None
    i: Literal[True] | None = None
    code: Literal[True] | None = None
    href: str | None = None
    """http(s), mailto or a path on this blog; never anything else."""
    note: str | None = None
    """Id of the note block that this mark (its `text` is the note's label) points to."""


Runs = list[Run]


class Paragraph(Model):
    id: str
    t: Literal["p"] = "p"
    runs: Runs


class Heading(Model):
    id: str
    t: Literal["h"] = "h"
    level: int = Field(ge=2, le=6)
    runs: Runs


class Quote(Model):
    id: str
    t: Literal["quote"] = "quote"
    runs: Runs
    cite: str | None = None
    """URL of what is quoted."""


class BulletList(Model):
    id: str
    t: Literal["ul"] = "ul"
    items: list[Runs]


class NumberedList(Model):
    id: str
    t: Literal["ol"] = "ol"
    items: list[Runs]
    start: int = 1


class Code(Model):
    id: str
    t: Literal["code"] = "code"
    text: str
    language: str | None = None


class Image(Model):
    id: str
    t: Literal["img"] = "img"
    url: str
    width: int
    height: int
    alt: str
    placeholder: str = ""
    srcset: str = ""
    caption: str = ""


class Rule(Model):
    id: str
    t: Literal["hr"] = "hr"


class Table(Model):
    id: str
    t: Literal["table"] = "table"
    head: list[Runs]
    rows: list[list[Runs]]


class Note(Model):
    """A footnote: the passage that bears a statement, with a link to its source. Notes stand at the end."""

    id: str
    t: Literal["note"] = "note"
    label: str
    runs: Runs
    href: str | None = None


Block = Annotated[
    Paragraph | Heading | Quote | BulletList | NumberedList | Code | Image | Rule | Table | Note,
    Field(discriminator="t"),
]


class Post(PostSummary):
    blocks: list[Block]
    html: str
    markdown: str
    notices: list[str] = []
    """What a reader should know about the making, in sentences."""


class ReceiptStep(Model):
    step: str
    provider: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: str
    duration_ms: int
    prompt_digest: str | None


class PostDraft(Model):
    """What assembling made: a post that only lacks the moment of its publication."""

    job_id: str
    slug: str
    title: str
    summary: str
    language: Language
    words: int
    author: Handle
    tags: list[Tag]
    cover: Picture | None
    images: list[Picture]
    sources: list[PostSource]
    text_makers: list[str]
    image_makers: list[str]
    notices: list[str] = []
    """What a reader should know about the making, e.g. that no model wrote this."""
    blocks: list[Block]
    html: str
    markdown: str
