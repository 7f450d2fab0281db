"""What may stand in the query of a list."""

from typing import Annotated

from pydantic import ConfigDict, Field

from blogen.api.paging import DEFAULT_LIMIT, MAX_LIMIT
from blogen.domain.job import JobState
from blogen.domain.model import Model

_Cursor = Annotated[str | None, Field(max_length=400, description="`next` of the list's last answer")]
_Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items at most")]


class Query(Model):
    model_config = ConfigDict(extra="ignore")


class JobsQuery(Query):
    state: JobState | None = Field(None, description="Only jobs in this state")
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class TimelineQuery(Query):
    cursor: _Cursor = None
    limit: Annotated[
        int | None, Field(ge=1, le=MAX_LIMIT, description="How many entries at most; unset: all there are")
    ] = None


class PostsQuery(Query):
    tag: str | None = Field(None, min_length=1, max_length=50, description="Only posts with this tag")
    author: str | None = Field(None, min_length=1, max_length=39, description="Only posts of this author (handle)")
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class SearchQuery(Query):
    q: str = Field(min_length=1, max_length=200, description="What to look for; nothing in it is syntax")
    limit: _Limit = DEFAULT_LIMIT
