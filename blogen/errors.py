"""Every error that crosses floors.

BlogenError                      code, title, detail, remedy, retryable, http status
├── InvalidInput                 what a person gave cannot be used (422)
│   ├── SourceRefused            a source cannot be read or must not be fetched
│   └── ConfigError              the configuration is wrong; carries every mistake at once
├── NotFound                     there is no such thing (404)
├── Gone                         it was here, and was taken away (410)
├── Conflict                     the thing has meanwhile moved on (409)
│   └── IllegalTransition        a job cannot go from where it is to there
│       └── Overtaken            someone else moved it first
├── ChangedMeanwhile             somebody changed it since it was read (412)
├── NotSignedIn, Forbidden       who are you (401); not yours (403)
├── QueueFull                    the door is closed for now (503, Retry-After)
├── TooManyAttempts              someone tries too much in too short a time (429, Retry-After)
├── StoreError                   the database or the disk
│   ├── StoreUnusable            it cannot be opened at all: corrupt, newer, read-only, in use
│   └── StoreUnavailable         a write failed for now, e.g. the disk is full (503)
├── ProviderError                an AI service
│   ├── ProviderRefused          permanent: repeating would not help
│   │   └── ContentRefused       the service will not do it for what it says, not for how it was asked
│   └── ProviderUnavailable      transient: the job waits and tries again
│       ├── AnswerLost           it was asked, and no usable answer came back: maybe paid
│       ├── OrderFailed          an order came to nothing for a reason that passes: it is placed anew
│       ├── ProviderBusy         the service is there and asks for a pause
│       └── ProviderResting      the breaker leaves a service alone that failed often
├── AnswerUnusable               a model answered, and the answer cannot be used
└── InDoubt                      a paid call's outcome is unknown and policy says not to repeat it

A message has a grammar: what was expected, what was found, what to do (`remedy`). Never a secret.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class FieldError(NamedTuple):
    """One mistake in an input: where, and what would mend it."""

    path: str
    message: str


class BlogenError(Exception):
    """What went wrong, in words for a person (`detail`, `remedy`) and for machines (`code`)."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, remedy: str = "", errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


class InvalidInput(BlogenError):
    code, title, status = "invalid-input", "The input cannot be used", 422


class SourceRefused(InvalidInput):
    code, title = "source-refused", "A source cannot be used"


class ConfigError(InvalidInput):
    code, title = "config", "The configuration is wrong"


class NotFound(BlogenError):
    code, title, status = "not-found", "Not found", 404


class Gone(BlogenError):
    code, title, status = "gone", "It is gone", 410


class Conflict(BlogenError):
    code, title, status = "conflict", "That is not possible any more", 409


class IllegalTransition(Conflict):
    code, title = "illegal-transition", "The job cannot do that from where it is"


class Overtaken(IllegalTransition):
    """Someone else moved the job first; only the one whose move was committed goes on."""


class ChangedMeanwhile(BlogenError):
    """What `If-Match` names is no longer so: going on would lose somebody's change."""

    code, title, status = "changed-meanwhile", "It was changed meanwhile", 412


class NotSignedIn(BlogenError):
    code, title, status = "not-signed-in", "A valid token is needed", 401


class Forbidden(BlogenError):
    code, title, status = "forbidden", "This token may not do that", 403


class QueueFull(BlogenError):
    code, title, status, retryable = "queue-full", "Too many jobs are waiting", 503, True

    def __init__(self, detail: str, *, remedy: str = "", retry_after_seconds: int = 5) -> None:
        super().__init__(detail, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds


class TooManyAttempts(BlogenError):
    code, title, status, retryable = "too-many-attempts", "Too many attempts", 429, True

    def __init__(self, detail: str, *, remedy: str = "", retry_after_seconds: int = 60) -> None:
        super().__init__(detail, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds


class StoreError(BlogenError):
    code, title, status = "store", "The database failed", 500


class StoreUnusable(StoreError):
    code, title = "store-unusable", "The data folder cannot be used"


class StoreUnavailable(StoreError):
    code, title, status, retryable = "store-unavailable", "The database cannot be written", 503, True


class ProviderError(BlogenError):
    """`provider` is the section's name as the owner knows it, e.g. `text.main`."""

    code, title, status = "provider", "An AI service failed", 502

    def __init__(self, detail: str, *, remedy: str = "", provider: str = "") -> None:
        super().__init__(detail, remedy=remedy)
        self.provider = provider


class ProviderRefused(ProviderError):
    code, title = "provider-refused", "An AI service refused"


class ContentRefused(ProviderRefused):
    """Its policy or filter forbids the content: another prompt may pass, the same one never will."""

    code, title = "content-refused", "An AI service refused the content"

    def __init__(self, detail: str, *, remedy: str = "", provider: str = "", usage: object | None = None) -> None:
        super().__init__(detail, remedy=remedy, provider=provider)
        self.usage = usage
        """What it used all the same (a `providers.protocols.Usage`): a refusal in mid-answer may be paid for."""


class ProviderUnavailable(ProviderError):
    """`retry_after_seconds` is what the service asked for, if it did."""

    code, title, retryable = "provider-unavailable", "An AI service is not available", True

    def __init__(
        self, detail: str, *, remedy: str = "", provider: str = "", retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(detail, remedy=remedy, provider=provider)
        self.retry_after_seconds = retry_after_seconds


class AnswerLost(ProviderUnavailable):
    """It was asked, and its answer did not come back whole: the call may have been paid for all the same."""


class OrderFailed(ProviderUnavailable):
    """The task on the other side is dead, and another may live: its handle is forgotten, and the order placed anew."""

    code, title = "order-failed", "An AI service's task failed"


class ProviderBusy(ProviderUnavailable):
    """Too many requests, or its queue is full: nothing is broken."""

    code, title = "provider-busy", "An AI service asks for a pause"


class ProviderResting(ProviderUnavailable):
    """It failed often and is left alone for a while: the job waits for `provider`, which costs no attempt."""

    code, title = "provider-resting", "An AI service is left alone for a while"


class AnswerUnusable(ProviderError):
    """`raw` is the answer as it came, kept for the owner (shortened where it is long); `usage` is what it used
    (a `providers.protocols.Usage`, where known): such an answer may have been paid for."""

    code, title = "answer-unusable", "A model's answer cannot be used"

    def __init__(
        self, detail: str, *, remedy: str = "", provider: str = "", raw: str = "", usage: object | None = None
    ) -> None:
        super().__init__(detail, remedy=remedy, provider=provider)
        self.raw = raw[:20_000]
        self.usage = usage


class InDoubt(BlogenError):
    code, title = "in-doubt", "A paid call's outcome is unknown"
