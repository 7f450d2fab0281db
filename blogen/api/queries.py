"""What may stand in the query of a list."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from blogen.api.paging import DEFAULT_LIMIT, MAX_LIMIT
from blogen.domain.job import JobState
from blogen.domain.model import Model
from blogen.store.ledger import By

_Cursor = Annotated[str | None, Field(max_length=400, description="`next` of the list's last answer")]
_Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items at most")]


def _day(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        # `fromisoformat` alone takes weeks and days without dashes, too.
        return date.fromisoformat(given if _DAY.fullmatch(given) else "")
    except ValueError:
        shown = "".join(sign if sign.isprintable() else " " for sign in given[:40])
        raise ValueError(f"must be a day such as 2026-08-01, found '{shown}'") from None


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_Day = Annotated[date, BeforeValidator(_day)]


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


class CostsQuery(Query):
    by: By = Field("day", description="What the lines stand for; days are told newest first, all else dearest first")
    since: _Day | None = Field(None, description="The first day (UTC), e.g. 2026-08-01; unset: 30 days are told")
    until: _Day | None = Field(None, description="The last day (UTC), included; unset: today")
    limit: _Limit = MAX_LIMIT


class EstimateQuery(Query):
    words: int = Field(900, ge=200, le=5000, description="Length of the post")
    images: int = Field(1, ge=0, le=6, description="How many pictures, the cover included")


class TagsQuery(Query):
    followed: bool = Field(False, description="Only tags that the asking person follows, by name")
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class AuthorsQuery(Query):
    followed: bool = Field(False, description="Only authors whom the asking person follows")
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class FeedQuery(Query):
    kind: Literal["latest", "following", "for-you"] = Field("latest", description="All but `latest` need a person")
    cursor: str | None = Field(None, max_length=4000, description="`next` of the feed's last answer")
    limit: _Limit = DEFAULT_LIMIT


class SinceQuery(Query):
    head: str = Field(min_length=1, max_length=400, description="`head` of a feed")


class BookmarksQuery(Query):
    list: str | None = Field(None, max_length=50, description="Only of this list; empty: only what is in none")
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class HistoryQuery(Query):
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class FollowsQuery(Query):
    kind: Literal["author", "tag"] | None = Field(None, description="Only authors, only tags")
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class TalkQuery(Query):
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT


class CommentsQuery(TalkQuery):
    """Comments and answers."""


class NotificationsQuery(TalkQuery):
    unread: bool = Field(False, description="Only those that are unread")


class EndpointQuery(Query):
    endpoint: str | None = Field(
        None, min_length=9, max_length=1000, description="The subscription's endpoint, unless it stands in the body"
    )


class DeliveriesQuery(Query):
    hook: str | None = Field(None, min_length=1, max_length=100, description="Only of the webhook of this name")
    cursor: _Cursor = None
    limit: _Limit = DEFAULT_LIMIT
