"""What a person may change about a published post. Form and JSON validate with this class."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from blogen.domain.job import Tag
from blogen.domain.model import Model

if TYPE_CHECKING:
    from blogen.domain.post import Block
    from blogen.domain.post_summary import Picture, PostSource


def _in_one_line(text: str) -> str:
    # These stand in XML, which knows no control characters, and beside other text, which they must not turn around.
    if found := next((sign for sign in text if (sign < " " and sign not in "\t\n\r") or sign in _TURNING), None):
        raise ValueError(f"contains the control character U+{ord(found):04X}; leave it out")
    return " ".join(text.split())


_TURNING = "\u007f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_in_one_line)
]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_in_one_line)]


class PostChange(Model):
    """What a post says; what is left out (or null) stays. The post's address stays, too."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"title": "Group commit, measured", "tags": ["sqlite", "databases"]}

    title: _Title | None = Field(None, description="In one line")
    summary: _Line | None = Field(None, description="What lists, feeds and previews say; may be empty")
    tags: list[Tag] | None = Field(None, max_length=10, description="All of them; [] takes them off")
    cover_alt: _Line | None = Field(None, description="What the cover shows, for who cannot see it; may be empty")
    markdown: str | None = Field(
        None,
        max_length=1_000_000,
        description="The text, edited from what the post's `markdown` says. Blocks keep their ids. What footnotes say "
        "was checked and stays; their marks can be moved or taken out",
    )


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Another text and other pictures of a post, rendered: what takes their place is all of them."""

    blocks: "list[Block]"
    html: str
    markdown: str
    words: int
    sources: "list[PostSource]"
    """As before, without the quotations that the text no longer cites."""
    cover: "Picture | None"
    images: "list[Picture]"
    restores: int | None = None
    """The number of the version that this brings back."""
