"""What may be asked of a job that exists. Form, JSON and command line validate with these classes."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from blogen.domain.model import Model


class RetryRequest(Model):
    """Take a failed job up again: where it failed, or from an earlier step on."""

    from_: str | None = Field(
        None, alias="from", min_length=1, max_length=120, description="Name of the step from which all is done again"
    )
    fresh: bool = Field(False, description="Make paid calls anew even where the same call was answered before")


class Decision(Model):
    """A person's yes or no to a job that waits for review."""

    note: str = Field("", max_length=2000, description="Why; kept in the job's timeline")


class Revision(Model):
    """Send a draft back from review: blocks to strike, a note to the writer, or both."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"note": "Begin with the example.", "strike": ["q3kd7xza"]}

    note: str = Field("", max_length=2000, description="What the writer is to change; needs a language model")
    strike: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default_factory=list, max_length=500, description="Ids of blocks to leave out, now and in later drafts"
    )
    revision: str | None = Field(
        None, max_length=64, description="The draft's `revision` that this is about; if it is another now: 409"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.strike and not self.note.strip():
            raise ValueError("needs a `note`, blocks to `strike`, or both")
        return self
