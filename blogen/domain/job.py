"""A job is one request to make a post, and a state machine.

queued → researching → outlining → drafting → editing → illustrating → assembling
       → [in_review] → [scheduled] → published;  from any state that is not final: failed, cancelled.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, field_validator
from pydantic_core import Url, core_schema

from blogen.domain.model import Model
from blogen.domain.terms import Handle, Language
from blogen.errors import IllegalTransition


class JobState(StrEnum):
    QUEUED = "queued"
    RESEARCHING = "researching"
    OUTLINING = "outlining"
    DRAFTING = "drafting"
    EDITING = "editing"
    ILLUSTRATING = "illustrating"
    ASSEMBLING = "assembling"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset({JobState.PUBLISHED, JobState.FAILED, JobState.CANCELLED})

PATH: tuple[JobState, ...] = tuple(state for state in JobState if state not in {JobState.FAILED, JobState.CANCELLED})
"""The way of a job that meets no trouble; review and schedule may be left out."""


def _transitions() -> Mapping[JobState, frozenset[JobState]]:
    table = {origin: {target, JobState.FAILED, JobState.CANCELLED} for origin, target in pairwise(PATH)}
    table[JobState.ASSEMBLING] |= {JobState.SCHEDULED, JobState.PUBLISHED}
    # A reviewer may send it back to be edited.
    table[JobState.IN_REVIEW] |= {JobState.PUBLISHED, JobState.EDITING}
    # A retry goes back to where it failed, or to an earlier state of the owner's choice.
    table[JobState.FAILED] = {*PATH[:-1], JobState.CANCELLED}
    table[JobState.PUBLISHED] = table[JobState.CANCELLED] = set()
    return {origin: frozenset(targets) for origin, targets in table.items()}


TRANSITIONS = _transitions()
"""What is legal. Everything else raises `IllegalTransition`."""


class WaitingFor(StrEnum):
    """What a job that holds no worker waits for."""

    RETRY = "retry"
    IMAGE = "image"
    REVIEW = "review"
    SCHEDULE = "schedule"
    BUDGET = "budget"
    PROVIDER = "provider"
    PAUSED = "paused"


class Waiting(NamedTuple):
    """A stage's answer when it cannot go on yet. Waiting holds no worker and costs no attempt."""

    for_: WaitingFor
    until: int | None = None
    """Unix ms; None: until an event wakes it."""
    reason: str = ""


_SOON_MS = 600_000


def needs_someone(waiting: Waiting, now_ms: int) -> bool:
    """Whether a person, money or another day must come before the job goes on: who follows it need not stay."""
    if waiting.for_ is WaitingFor.BUDGET:
        return waiting.until is None or waiting.until > now_ms + _SOON_MS
    return waiting.for_ in {WaitingFor.REVIEW, WaitingFor.PAUSED}


class Tokens(NamedTuple):
    input: int = 0
    output: int = 0


class JobError(Model):
    """Why a job failed, as the API and the app show it."""

    code: str
    title: str
    detail: str
    remedy: str = ""
    provider: str | None = None
    retryable: bool = False


class Job(NamedTuple):
    """A job as its row says: small and quick to copy, since it is read and written at every step."""

    id: str
    kind: str
    state: JobState
    topic: str
    created_at: int
    updated_at: int
    finished_at: int | None = None
    attempt: int = 0
    """Failures in this state. Neither waiting nor an interruption by shutdown counts."""
    waiting: Waiting | None = None
    priority: int = 0
    cost_usd_micros: int = 0
    """What is known of its cost; what `unknown_calls` cost is not in it."""
    unknown_calls: int = 0
    tokens: Tokens = Tokens()
    error: JobError | None = None
    failed_in: JobState | None = None
    number: int = 0
    """Its row in the database, which the lines of its timeline carry."""

    def at(self, state: JobState, now_ms: int) -> "Job":
        """The job after its move to `state`."""
        finished_at = now_ms if state in FINAL else None
        # By position, since `_replace` would be the dearest part of a move.
        return tuple.__new__(Job, (self[0], self[1], state, *self[3:5], now_ms, finished_at, 0, *self[8:]))

    def check_move(self, target: JobState) -> None:
        """Raise `IllegalTransition` unless the table allows it."""
        if target not in TRANSITIONS[self.state]:
            raise IllegalTransition(
                f"Job {self.id} is {self.state} and cannot become {target}.",
                remedy=_ALLOWED_WORDS.format(", ".join(sorted(TRANSITIONS[self.state])) or "nothing: it is final"),
            )


_ALLOWED_WORDS = "From there it can become: {}."


def _without_control(text: str) -> str:
    # These have columns of their own, where SQLite ends a text at U+0000, and stand in XML, which knows none of them.
    if found := next((character for character in text if character < " " and character not in "\t\n\r"), None):
        raise ValueError(f"contains the control character U+{ord(found):04X}; leave it out")
    return text


Topic = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300), AfterValidator(_without_control)
]
Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_without_control)
]


class _HttpAlone:
    """What `pydantic.HttpUrl` is, without loading what checks e-mail and database addresses: start-up time."""

    @staticmethod
    def __get_pydantic_core_schema__(*_: object) -> core_schema.CoreSchema:
        return core_schema.url_schema(max_length=2000, allowed_schemes=["http", "https"])


class UrlSource(Model):
    kind: Literal["url"]
    url: Annotated[Url, _HttpAlone]


class TextSource(Model):
    kind: Literal["text"]
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    text: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is only white space; give the text that the post shall rest on")
        return text


SourceRequest = Annotated[UrlSource | TextSource, Field(discriminator="kind")]


class JobRequest(Model):
    """An order for one post. Form, JSON, command line and import all validate with this class."""

    topic: Topic = Field(description="What the post is about")
    brief: str | None = Field(None, max_length=4000, description="What to mind: angle, audience, what to leave out")
    sources: list[SourceRequest] = Field(default_factory=list, max_length=20, description="What the post rests on")
    author: Handle | None = Field(None, description="Handle of the author (persona) who signs it")
    language: Language = Field("en", description="BCP 47 tag of the post's language")
    words: int = Field(900, ge=200, le=5000, description="Length to aim at")
    images: int = Field(1, ge=0, le=6, description="How many pictures, the cover included")
    review: bool | None = Field(None, description="Wait for a person before publishing; unset: as configured")
    publish_at: AwareDatetime | None = Field(None, description="Not before this time (RFC 3339 with an offset)")
    tags: list[Tag] = Field(default_factory=list, max_length=10)
    priority: int = Field(5, ge=0, le=9, description="0 is least urgent, 9 most")

    @field_validator("publish_at")
    @classmethod
    def _in_range(cls, at: datetime | None) -> datetime | None:
        if at is not None and not 1970 <= at.year < 9999:
            raise ValueError("is out of range")
        return at


def progress(job: Job) -> float:
    """How far along `job` is, 0 to 1, by its state."""
    state = job.failed_in if job.state is JobState.FAILED and job.failed_in else job.state
    if state in {JobState.FAILED, JobState.CANCELLED}:
        return 0.0
    return round(PATH.index(state) / (len(PATH) - 1), 3)


JsonObject = dict[str, Any]
