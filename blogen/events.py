"""The facts, in the past tense, and who hears of them.

Each is a named tuple: immutable, and cheap to make thousands of times a second. Facts about jobs are handed to the
transaction that makes them true and leave only after its commit.
"""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

_log = logging.getLogger("blogen.events")


class JobSubmitted(NamedTuple):
    job_id: str


class JobMoved(NamedTuple):
    job_id: str
    origin: str
    target: str


class JobWaiting(NamedTuple):
    job_id: str
    state: str
    waiting_for: str
    until: int | None
    reason: str


class JobWoken(NamedTuple):
    job_id: str
    waiting_for: str


class JobFailed(NamedTuple):
    job_id: str
    state: str
    code: str
    detail: str
    remedy: str


class StepBegun(NamedTuple):
    job_id: str
    step: str


class StepFinished(NamedTuple):
    job_id: str
    step: str


class StepFailed(NamedTuple):
    job_id: str
    step: str
    code: str
    detail: str


class TaskMoved(NamedTuple):
    """A step's task on the other side entered another phase (of Midjourney's, say: `upscaling`)."""

    job_id: str
    step: str
    state: str


class StepProgressed(NamedTuple):
    """How far the other side is with a step, 0 to 1. Not durable."""

    job_id: str
    step: str
    fraction: float


class StepDoubted(NamedTuple):
    """A paid call was in flight when the process died: maybe paid."""

    job_id: str
    step: str
    policy: str


class TextStreamed(NamedTuple):
    """A piece of a text as a model writes it. Not durable; the step's result is what counts."""

    job_id: str
    step: str
    text: str


class PostPublished(NamedTuple):
    slug: str
    job_id: str
    tags: tuple[str, ...] = ()
    author: str = ""
    """Handle."""
    beside: tuple[str, ...] = ()
    """Slugs of the posts published directly before and after."""


class PostChanged(NamedTuple):
    slug: str
    tags: tuple[str, ...] = ()
    """Those it has and those it had."""
    author: str = ""
    retagged: tuple[str, ...] = ()
    """The tags that it got or lost."""


class PostDeleted(NamedTuple):
    slug: str
    tags: tuple[str, ...] = ()
    author: str = ""


class PostCounted(NamedTuple):
    """A post's number of likes or comments is another now; the post itself is as it was."""

    slug: str


class SiteChanged(NamedTuple):
    """The owner has set something about the whole site: its title, say. None: as it is built in."""

    values: dict[str, Any]


class FeaturedChanged(NamedTuple):
    """Other posts are featured now, or in another order."""


class SeriesChanged(NamedTuple):
    """`post` has come into the series, left it or moved in it; empty: something about the whole series is another."""

    slug: str
    post: str


class AuthorChanged(NamedTuple):
    """An author has another name, picture or other words, or is new."""

    handle: str


class TemplatesChanged(NamedTuple):
    """The owner's own templates are others now, or not there any more; those that are, by name."""

    names: tuple[str, ...]


class TemplateFailed(NamedTuple):
    """The owner's own template could not be used, and ours is shown instead; `line` 0: not known."""

    file: str
    line: int
    detail: str


class FollowsChanged(NamedTuple):
    """A person follows an author or a tag more, or less."""

    person_id: str


class FactKept(NamedTuple):
    """A fact stands in the outbox: someone outside is to be told."""

    event: str
    key: str


class DeliveryMade(NamedTuple):
    """A webhook has taken a message."""

    hook: str
    event: str
    delivery_id: str
    attempts: int


class DeliveryFailed(NamedTuple):
    """A message to a webhook came to nothing; `is_final`: it is not tried again."""

    hook: str
    event: str
    delivery_id: str
    attempts: int
    reason: str
    is_final: bool


class PushFailed(NamedTuple):
    """A phone could not be reached; `is_final`: its subscription is removed."""

    subscription_id: str
    reason: str
    is_final: bool


class CourierCrashed(NamedTuple):
    """What goes out met a defect of ours; the fact in hand waits for the next start."""

    doing: str
    traceback: str


class EngineStarted(NamedTuple):
    recovered: int


class EngineDraining(NamedTuple):
    running: int


class EngineStopped(NamedTuple):
    pass


class JobCrashed(NamedTuple):
    """A stage raised what no stage should raise: a defect of ours. `traceback` goes to the log only."""

    job_id: str
    state: str
    traceback: str


class SecretReplayed(NamedTuple):
    """An app's refresh secret was shown a second time: two have it, and the device was signed out."""

    device_id: str
    person_id: str


class ProfileChanged(NamedTuple):
    """A person has another name or picture."""

    person_id: str


class AccountDeleted(NamedTuple):
    person_id: str
    handle: str


class MediumDropped(NamedTuple):
    """Nothing shows the medium any more; its row is gone."""

    name: str


class RequestCrashed(NamedTuple):
    """A handler raised what no handler should raise: a defect of ours. `traceback` goes to the log only."""

    method: str
    path: str
    traceback: str


class StoreFailed(NamedTuple):
    detail: str


class StoreHealed(NamedTuple):
    pass


class MailSent(NamedTuple):
    """The mail server took a letter. `kind` says which, never to whom."""

    kind: str


class MailFailed(NamedTuple):
    """The mail server did not take a letter; `is_final`: it is not tried again."""

    kind: str
    detail: str
    is_final: bool


class CommentCreated(NamedTuple):
    """`state` is `shown`, or `held` until the owner has looked."""

    comment_id: str
    slug: str
    state: str


class CommentChanged(NamedTuple):
    """Another text, or another state: approved, held again, restored."""

    comment_id: str
    slug: str
    state: str


class CommentRemoved(NamedTuple):
    """By its writer or by a moderator; nobody sees its text any more."""

    comment_id: str
    slug: str


class CorrectionPublished(NamedTuple):
    correction_id: str
    slug: str


class Notified(NamedTuple):
    person_id: str
    notification_id: str


Event = (
    JobSubmitted | JobMoved | JobWaiting | JobWoken | JobFailed | JobCrashed
    | StepBegun | StepFinished | StepFailed | StepDoubted | StepProgressed | TaskMoved | TextStreamed
    | PostPublished | PostChanged | PostDeleted | PostCounted | AuthorChanged | FeaturedChanged | SeriesChanged
    | FollowsChanged | SiteChanged | TemplatesChanged | TemplateFailed | FactKept
    | SecretReplayed | ProfileChanged | AccountDeleted | MediumDropped
    | EngineStarted | EngineDraining | EngineStopped | RequestCrashed | StoreFailed | StoreHealed
    | MailSent | MailFailed | DeliveryMade | DeliveryFailed | PushFailed | CourierCrashed
    | CommentCreated | CommentChanged | CommentRemoved | CorrectionPublished | Notified
)  # fmt: skip

Subscriber = Callable[[Event], None]


_Subscriptions = tuple[tuple[Subscriber, tuple[type, ...]], ...]


class _Hearing(dict[type, tuple[Subscriber, ...]]):
    """Who hears an event of a type, once there was one: jobs move by the thousand, pages hear of none of it."""

    def __init__(self, subscriptions: _Subscriptions) -> None:
        super().__init__()
        self._subscriptions = subscriptions

    def __missing__(self, kind: type) -> tuple[Subscriber, ...]:
        found = tuple(subscriber for subscriber, only in self._subscriptions if not only or kind in only)
        self[kind] = found
        return found


class Bus:
    """Publish/subscribe within the process. Subscribers are quick and synchronous; one that fails harms no other."""

    def __init__(self) -> None:
        self._subscriptions: _Subscriptions = ()
        self._hearing = _Hearing(())

    def subscribe(self, subscriber: Subscriber, *only: type) -> Callable[[], None]:
        """Hear every event from now on, or those of the types `only`; call what is returned to stop."""
        self._subscriptions = (*self._subscriptions, (subscriber, only))
        self._hearing = _Hearing(self._subscriptions)

        def unsubscribe() -> None:
            self._subscriptions = tuple(other for other in self._subscriptions if other[0] is not subscriber)
            self._hearing = _Hearing(self._subscriptions)

        return unsubscribe

    def publish(self, *events: Event) -> None:
        for event, hearing in zip(events, map(self._hearing.__getitem__, map(type, events)), strict=True):
            for subscriber in hearing:
                try:
                    subscriber(event)
                except Exception:
                    _log.exception("a subscriber failed on %s", type(event).__name__)
