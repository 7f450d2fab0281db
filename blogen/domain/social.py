"""What people do with posts: requests that form, JSON and command line validate alike."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from blogen.domain.accounts import one_line
from blogen.domain.model import Model

MAX_LIST_CHARS = 50
MAX_BLOCK_CHARS = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _list_name(text: str) -> str:
    return one_line(text) if text.strip() else ""


def _since_1970(at: datetime) -> datetime:
    if at < _EPOCH:
        raise ValueError("must be 1970 or later")
    return at


class BookmarkRequest(Model):
    """Keep a post, in a list if one is named."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"list": "To read on Sunday"}

    list: Annotated[str, StringConstraints(max_length=MAX_LIST_CHARS), AfterValidator(_list_name)] | None = Field(
        None, description="The list to keep it in; empty: in none; unset: it stays where it is"
    )


class ProgressRequest(Model):
    """How far a post was read."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"block": "b7f3k2", "fraction": 0.4, "at": "2026-08-02T12:00:00.000Z"}

    block: str = Field(
        pattern=rf"^[A-Za-z0-9_.:-]{{1,{MAX_BLOCK_CHARS}}}$", description="Id of the block that was read last"
    )
    fraction: float = Field(ge=0, le=1, allow_inf_nan=False, description="How much of the post lies before that")
    at: Annotated[AwareDatetime, AfterValidator(_since_1970)] = Field(
        description="When it was read; the latest wins, whatever arrives first. A time to come counts as now"
    )

    @property
    def at_ms(self) -> int:
        return (self.at - _EPOCH) // timedelta(milliseconds=1)
