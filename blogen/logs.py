"""The only file with log sentences: hears every event and words it.

A line is for people (`2026-08-02 12:00:00.000 INFO  job failed job=… code=…`) or, with `server.log_format = "json"`,
one JSON object. Everything that happens to a job is in its timeline; the log has what an operator wants to notice.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TextIO, assert_never

from blogen.config import Config
from blogen.config.load import secrets_in
from blogen.events import (
    AccountDeleted,
    AuthorChanged,
    Bus,
    CommentChanged,
    CommentCreated,
    CommentRemoved,
    CorrectionPublished,
    CourierCrashed,
    DeliveryFailed,
    DeliveryMade,
    EngineDraining,
    EngineStarted,
    EngineStopped,
    Event,
    FactKept,
    FeaturedChanged,
    FollowsChanged,
    JobCrashed,
    JobFailed,
    JobMoved,
    JobSubmitted,
    JobWaiting,
    JobWoken,
    MailFailed,
    MailSent,
    MediumDropped,
    Notified,
    PostChanged,
    PostCounted,
    PostDeleted,
    PostPublished,
    ProfileChanged,
    PushFailed,
    RequestCrashed,
    SecretReplayed,
    SeriesChanged,
    SiteChanged,
    StepBegun,
    StepDoubted,
    StepFailed,
    StepFinished,
    StepProgressed,
    StoreFailed,
    StoreHealed,
    TaskMoved,
    TemplateFailed,
    TemplatesChanged,
    TextStreamed,
)

_log = logging.getLogger("blogen")


def setup(config: Config, bus: Bus, *, level: str | None = None, stream: TextIO | None = None) -> Callable[[], None]:
    """Write the log as `[server]` says, to `stream` (stderr); call what is returned to stop hearing events.

    `level` overrides `server.log_level`. Values of configured secrets never reach a line.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    form = JsonLines if config.server.log_format == "json" else TextLines
    handler.setFormatter(form(secrets_in(config)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # what libraries tell is rarely news
    _log.setLevel((level or config.server.log_level).upper())
    logging.captureWarnings(capture=True)
    return bus.subscribe(write)


def write(event: Event) -> None:  # noqa: PLR0915
    """Word one event. The frequent ones come first and end at once unless someone reads debug lines."""
    match event:
        case JobMoved() | StepBegun() | StepFinished() | TextStreamed() | StepProgressed() | JobWoken() if (
            not _debugs()
        ):
            return
        case StepBegun(job_id, step):
            _say(logging.DEBUG, "step begun", job=job_id, step=step)
        case StepFinished(job_id, step):
            _say(logging.DEBUG, "step finished", job=job_id, step=step)
        case JobMoved(job_id, origin, target):
            _say(logging.DEBUG, "job moved", job=job_id, origin=origin, target=target)
        case JobWoken(job_id, waiting_for):
            _say(logging.DEBUG, "job woken", job=job_id, waiting_for=waiting_for)
        case TextStreamed(job_id, step, text):
            _say(logging.DEBUG, "text streamed", job=job_id, step=step, characters=len(text))
        case StepProgressed(job_id, step, fraction):
            _say(logging.DEBUG, "step progresses", job=job_id, step=step, fraction=round(fraction, 2))
        case TaskMoved(job_id, step, state):
            _say(logging.INFO, "task moved", job=job_id, step=step, state=state)
        case JobSubmitted(job_id):
            _say(logging.INFO, "job submitted", job=job_id)
        case JobWaiting(job_id, state, waiting_for, until, reason):
            words = {"job": job_id, "state": state, "waiting_for": waiting_for, "until": _moment(until)}
            _say(logging.INFO, "job waits", **words, reason=reason)
        case JobFailed(job_id, state, code, detail, remedy):
            _say(logging.WARNING, "job failed", job=job_id, state=state, code=code, detail=detail, remedy=remedy)
        case JobCrashed(job_id, state, traceback):
            _say(logging.ERROR, "job met a defect in Blogen", job=job_id, state=state, traceback=traceback)
        case SecretReplayed(device_id, person_id):
            _say(logging.WARNING, "a refresh secret was used twice, its device is signed out", device=device_id,
                 person=person_id)  # fmt: skip
        case ProfileChanged(person_id):
            _say(logging.DEBUG, "profile changed", person=person_id)
        case AccountDeleted(person_id):
            _say(logging.INFO, "account deleted", person=person_id)
        case MediumDropped(name):
            _say(logging.DEBUG, "medium deleted", name=name)
        case RequestCrashed(method, path, traceback):
            _say(logging.ERROR, "request met a defect in Blogen", method=method, path=path, traceback=traceback)
        case StepFailed(job_id, step, code, detail):
            _say(logging.WARNING, "step failed", job=job_id, step=step, code=code, detail=detail)
        case StepDoubted(job_id, step, policy):
            _say(logging.WARNING, "step in doubt, maybe paid", job=job_id, step=step, policy=policy)
        case PostPublished(slug, job_id):
            _say(logging.INFO, "post published", slug=slug, job=job_id)
        case PostChanged(slug):
            _say(logging.INFO, "post changed", slug=slug)
        case PostDeleted(slug):
            _say(logging.INFO, "post deleted", slug=slug)
        case PostCounted(slug):
            _say(logging.DEBUG, "post counted", slug=slug)
        case FeaturedChanged():
            _say(logging.INFO, "featured posts changed")
        case SeriesChanged(slug, post):
            _say(logging.INFO, "series changed", series=slug, post=post)
        case AuthorChanged(handle):
            _say(logging.INFO, "author changed", author=handle)
        case FollowsChanged(person_id):
            _say(logging.DEBUG, "follows changed", person=person_id)
        case SiteChanged(values):
            _say(logging.INFO, "site changed", what=" ".join(sorted(values)))
        case TemplatesChanged(names):
            _say(logging.INFO, "own templates are others now", count=len(names), names=" ".join(names[:20]))
        case TemplateFailed(file, line, detail):
            _say(logging.ERROR, "own template cannot be used, ours is shown", file=file, line=line,
                 detail=detail)  # fmt: skip
        case FactKept(kind, key):
            _say(logging.DEBUG, "fact kept to be told", kind=kind, key=key)
        case DeliveryMade(hook, kind, delivery_id, attempts):
            _say(logging.INFO, "webhook told", hook=hook, kind=kind, delivery=delivery_id, attempts=attempts)
        case DeliveryFailed(hook, kind, delivery_id, attempts, reason, is_final):
            sentence = "webhook given up" if is_final else "webhook not reached, to be tried again"
            _say(logging.WARNING, sentence, hook=hook, kind=kind, delivery=delivery_id, attempts=attempts,
                 reason=reason)  # fmt: skip
        case PushFailed(subscription_id, reason, is_final):
            sentence = "phone gone, subscription removed" if is_final else "phone not reached"
            _say(logging.INFO, sentence, subscription=subscription_id, reason=reason)
        case CourierCrashed(doing, traceback):
            _say(logging.ERROR, "courier met a defect in Blogen", doing=doing, traceback=traceback)
        case EngineStarted(recovered):
            _say(logging.INFO, "engine started", recovered=recovered)
        case EngineDraining(running):
            _say(logging.INFO, "engine draining", running=running)
        case EngineStopped():
            _say(logging.INFO, "engine stopped")
        case StoreFailed(detail):
            _say(logging.ERROR, "database cannot be written", detail=detail)
        case StoreHealed():
            _say(logging.INFO, "database can be written again")
        case MailSent(kind):
            _say(logging.INFO, "mail sent", kind=kind)
        case MailFailed(kind, detail, is_final):
            sentence = "mail given up" if is_final else "mail not taken yet"
            _say(logging.WARNING, sentence, kind=kind, detail=detail)
        case CommentCreated(comment_id, slug, state):
            _say(logging.INFO, "comment written", comment=comment_id, slug=slug, state=state)
        case CommentChanged(comment_id, slug, state):
            _say(logging.INFO, "comment changed", comment=comment_id, slug=slug, state=state)
        case CommentRemoved(comment_id, slug):
            _say(logging.INFO, "comment removed", comment=comment_id, slug=slug)
        case CorrectionPublished(correction_id, slug):
            _say(logging.INFO, "correction published", correction=correction_id, slug=slug)
        case Notified(person_id, notification_id):
            _say(logging.DEBUG, "person notified", person=person_id, notification=notification_id)
        case _:
            assert_never(event)


class _Lines(logging.Formatter):
    """Formats a record, then takes out what must not be seen: the last net, not the first."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        forms = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1], _quotable(secret))}
        self._secrets = sorted((form for form in forms if len(form) >= 4), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = self.line(record, record.getMessage(), dict(getattr(record, "fields", {})))
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line

    def line(self, record: logging.LogRecord, sentence: str, fields: dict[str, Any]) -> str:
        raise NotImplementedError

    def trace(self, record: logging.LogRecord, fields: dict[str, Any]) -> str:
        """The traceback of a record, wherever it stands."""
        if record.exc_info:
            return self.formatException(record.exc_info)
        return str(fields.pop("traceback", ""))


class TextLines(_Lines):
    """`time LEVEL sentence key=value …`, one line each; tracebacks follow, indented."""

    def line(self, record: logging.LogRecord, sentence: str, fields: dict[str, Any]) -> str:
        trace = self.trace(record, fields)
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        where = "" if record.name.startswith("blogen") else f" logger={record.name}"
        words = "".join(f" {key}={_value(value)}" for key, value in fields.items() if value is not None and value != "")
        sentence = sentence.replace("\n", " ⏎ ")
        lines = [f"{at}.{int(record.msecs):03} {record.levelname:<7} {sentence}{words}{where}"]
        return "\n    ".join([*lines, *trace.rstrip().splitlines()])


class JsonLines(_Lines):
    """One JSON object a line: `at`, `level`, `event`, `logger`, and the event's own fields."""

    def line(self, record: logging.LogRecord, sentence: str, fields: dict[str, Any]) -> str:
        trace = self.trace(record, fields)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry = {"at": at, "level": record.levelname.lower(), "event": sentence, "logger": record.name, **fields}
        if trace:
            entry["traceback"] = trace
        return json.dumps(entry, ensure_ascii=False, default=str)


def _debugs() -> bool:
    return _log.isEnabledFor(logging.DEBUG)


def _say(level: int, sentence: str, **fields: object) -> None:
    if _log.isEnabledFor(level):
        _log.log(level, sentence, extra={"fields": fields})


def _value(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and not set(text) & {" ", '"', "="} else _quotable(text, quoted=True)


def _quotable(text: str, *, quoted: bool = False) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return written if quoted else written[1:-1]


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(timespec="seconds")
