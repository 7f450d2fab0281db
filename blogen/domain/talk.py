"""What people may say about posts: comments, reports, corrections. Form and JSON validate with these classes."""

from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from blogen.domain.model import Model

MAX_COMMENT_CHARS = 10_000
MAX_NOTE_CHARS = 2000
MAX_READ_AT_ONCE = 100

_Text = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_COMMENT_CHARS,
        description="Markdown: emphasis, code, links (http, https), lists, quotations; all else becomes plain text",
    ),
]
_Id = Annotated[str, Field(min_length=36, max_length=36)]
_Block = Annotated[
    str | None, Field(min_length=1, max_length=100, description="Id of the block of the post it is about")
]


class CommentText(NamedTuple):
    """A comment as it is stored: what was written, and its two faces."""

    markdown: str
    html: str
    blocks: str
    """The same as JSON, a list of blocks as posts have them."""


class CommentRequest(Model):
    """A comment on a post, or an answer to one."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"text": "I measured the *same*: one commit a batch.", "parent": None}

    text: _Text
    parent: _Id | None = Field(None, description="Id of the comment that this answers; an answer's is fine, too")


class CommentChange(Model):
    """Another text for a comment of one's own."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"text": "I measured the same: one commit a batch."}

    text: _Text


class ReportRequest(Model):
    """What is wrong with a comment."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"note": "This is an advertisement."}

    note: str = Field(min_length=1, max_length=MAX_NOTE_CHARS, description="For whoever moderates")


class PostReportRequest(ReportRequest):
    """What is wrong in a post."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"block": None, "note": "It was 1987, not 1978."}

    block: _Block = None


class CorrectionRequest(Model):
    """What was wrong in a post and what it says now. Public and dated."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "block": None,
        "text": "An earlier version gave the year as 1978; it was 1987.",
    }

    block: _Block = None
    text: str = Field(min_length=1, max_length=MAX_NOTE_CHARS, description="Plain text, for all readers")


class ReadRequest(Model):
    """Which notifications were read: some, or all until one."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"until": "0198f2a4-5b1c-7c3e-9d52-3f0a6b7c8d9e"}

    ids: list[_Id] | None = Field(None, min_length=1, max_length=MAX_READ_AT_ONCE, description="These")
    until: _Id | None = Field(None, description="This one and all older ones")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.ids is None) == (self.until is None):
            raise ValueError("needs either `ids` or `until`")
        return self


class Outcome(Model):
    """What came of a report."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"outcome": "Corrected, thank you."}

    outcome: str = Field("", max_length=MAX_NOTE_CHARS, description="Told to whoever reported it")
