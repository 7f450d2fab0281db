"""What lists show of a post. Apart from its blocks, whose models take a front page's time to build."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from blogen.domain.model import Model
from blogen.domain.terms import Handle, Language


class Picture(Model):
    """An image of a post, as stored in `media` (`url` is `/media/…`)."""

    key: str
    """`cover`, or the key of the section it illustrates."""
    url: str
    width: int
    height: int
    alt: str
    placeholder: str = ""
    """A tiny image as a `data:` URL, to show while the real one loads."""
    srcset: str = ""
    made_by: str = ""
    """Provider and model, e.g. `covers`."""


class PostAuthor(Model):
    handle: Handle
    name: str
    avatar: str | None = None


def _of_the_web(url: str | None) -> str | None:
    """Pages lead to it: whoever named the source, nothing but the web is an address of one."""
    return url if url is not None and url.lower().startswith(("https://", "http://")) else None


class PostSource(Model):
    title: str
    url: Annotated[str | None, AfterValidator(_of_the_web)]
    quotes: list[str]
    """Quotations and passages cited from it; each occurs in the text that was read."""


class Provenance(Model):
    """How the post came to be; derived from the workflow, so that the disclosure cannot lie."""

    disclosure: Literal["ai-assisted", "ai-autonomous", "none"]
    text: list[str]
    """`provider/model` of each text model that wrote in it; `extractive` where no model did."""
    images: list[str]
    cost_usd: str
    """USD with six decimals: what is known of it."""
    unknown_calls: int = 0
    """Paid calls whose cost nobody knows."""
    human_edits: int = 0


class Counts(Model):
    likes: int = 0
    comments: int = 0


class PostSummary(Model):
    """A post as it stands in lists."""

    slug: str
    url: str
    title: str
    summary: str
    language: Language
    words: int
    reading_minutes: int
    author: PostAuthor
    tags: list[str]
    cover: Picture | None
    images: list[Picture]
    sources: list[PostSource]
    provenance: Provenance
    counts: Counts = Counts()
    viewer: None = None
    published_at: int
    """Unix ms; the API shows RFC 3339."""
    updated_at: int
