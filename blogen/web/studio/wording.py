"""How the studio words what jobs do: states, waits, steps and lines of their timelines."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from blogen.domain.job import Job, JobState, WaitingFor, progress
from blogen.domain.money import usd
from blogen.store.jobs import TimelineEntry
from blogen.store.steps import StepRecord
from blogen.web.words import spent

STATES: Final[Mapping[JobState, str]] = {
    JobState.QUEUED: "In line",
    JobState.RESEARCHING: "Researching",
    JobState.OUTLINING: "Outlining",
    JobState.DRAFTING: "Drafting",
    JobState.EDITING: "Editing",
    JobState.ILLUSTRATING: "Illustrating",
    JobState.ASSEMBLING: "Assembling",
    JobState.IN_REVIEW: "In review",
    JobState.SCHEDULED: "Scheduled",
    JobState.PUBLISHED: "Published",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}

_WAITS: Final[Mapping[WaitingFor, str]] = {
    WaitingFor.RETRY: "Tries again",
    WaitingFor.IMAGE: "Waits for an image",
    WaitingFor.REVIEW: "Waits for your review",
    WaitingFor.SCHEDULE: "Will be published",
    WaitingFor.BUDGET: "Waits for money: a spending cap is reached",
    WaitingFor.PROVIDER: "Waits for a service that rests",
    WaitingFor.PAUSED: "Paused",
}
_UNTIL: Final[Mapping[WaitingFor, str]] = {
    WaitingFor.RETRY: "at",
    WaitingFor.SCHEDULE: "at",
    WaitingFor.IMAGE: "asks again at",
}
STEP_STATES: Final[Mapping[str, str]] = {
    "running": "under way",
    "waiting": "waits for the other side",
    "finished": "done",
    "failed": "failed",
    "in_doubt": "in doubt: maybe paid",
    "discarded": "to be done again",
}


class Now(NamedTuple):
    """Where a job is, for its card and the head of its page."""

    words: str
    until: int | None
    """Unix ms."""
    before_until: str
    """What joins the words and the time."""
    detail: str
    percent: int
    is_moving: bool


def now_of(job: Job) -> Now:
    """What `job` does, or what it waits for."""
    percent = round(progress(job) * 100)
    if job.error is not None:
        return Now(f"Failed while {STATES[job.failed_in or job.state].lower()}", None, "", job.error.detail, percent,
                   is_moving=False)  # fmt: skip
    if job.waiting is None:
        return Now(STATES[job.state], None, "", "", percent, is_moving=not job.state.is_final)
    waits = job.waiting
    words = _WAITS[waits.for_]
    if waits.for_ is WaitingFor.REVIEW and job.state is not JobState.IN_REVIEW:
        words = "Asks you: a paid call is in doubt"
    elif waits.for_ is WaitingFor.PAUSED and job.state is not JobState.QUEUED:
        words = f"Paused while {STATES[job.state].lower()}"
    return Now(words, waits.until, _UNTIL.get(waits.for_, "until"), waits.reason, percent, is_moving=False)


def cost_of(job: Job) -> str:
    """`$0.0123`, `nothing`, or that not all of it is known."""
    return spent(usd(job.cost_usd_micros), job.unknown_calls).replace("not known", "cost not known")


def span(duration_ms: int) -> str:
    """`0.4 s`, `12 s`, `3 min`, `2 h 5 min`, `3 days`; nothing for what took no time to speak of."""
    seconds = duration_ms / 1000
    if duration_ms < 50:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{round(minutes / 1440)} days"


class StepLine(NamedTuple):
    """A step as the job's page shows it."""

    name: str
    stage: str
    state: str
    words: str
    run: int
    maker: str
    tokens: str
    cost: str
    seconds: str
    handle: str
    wrong: str


def step_line(step: StepRecord) -> StepLine:
    """What a step did, by whom, and what it took."""
    told = step.detail
    tokens_in, tokens_out = told.get("input_tokens", 0), told.get("output_tokens", 0)
    maker = " · ".join(str(part) for part in (told.get("provider"), told.get("model")) if part)
    cost = told.get("usd_micros")
    seconds = told.get("duration_ms")
    return StepLine(
        name=step.name,
        stage=STATES[JobState(step.origin)],
        state=step.state,
        words=STEP_STATES[step.state],
        run=step.run,
        maker=maker,
        tokens=f"{tokens_in:,} in, {tokens_out:,} out" if tokens_in or tokens_out else "",
        cost=spent(usd(cost), 0) if cost else ("not known" if step.is_paid and step.state == "finished" else ""),
        seconds=span(seconds) if seconds is not None else "",
        handle=step.handle or "",
        wrong=str(told.get("detail", "")) if step.state == "failed" else "",
    )


class Told(NamedTuple):
    """A line of the timeline in words."""

    at: int
    words: str
    note: str
    kind: str
    """What it is drawn as: `move`, `wait`, `yes`, `no`, `wrong`."""


def people_in(entries: Sequence[TimelineEntry]) -> set[str]:
    """The ids of those who are named in a timeline."""
    return {str(entry.detail["by"]) for entry in entries if entry.detail.get("by")}


def told(entries: Sequence[TimelineEntry], names: Mapping[str, str]) -> list[Told]:
    """The timeline, the oldest line first, without the common life of steps, which stands with the steps."""
    return [line for entry in entries if (line := _told(entry, names)) is not None]


def _told(entry: TimelineEntry, names: Mapping[str, str]) -> Told | None:
    by = _by(entry.detail, names)
    note = str(entry.detail.get("note", ""))
    match entry.event:
        case "submitted":
            return Told(entry.at, "Ordered", "", "move")
        case "moved":
            return _moved(entry, by)
        case "waiting":
            return _waiting(entry, by)
        case "woken":
            waited = _WAITING_ENDED.get(str(entry.detail.get("for")), "Goes on")
            return Told(entry.at, f"{waited}{by}", "", "wait")
        case "approved":
            return Told(entry.at, f"Approved{by}", note, "yes")
        case "rejected":
            return Told(entry.at, f"Rejected{by}", note, "no")
        case "step_failed":
            return Told(entry.at, f"The step {entry.step} failed", str(entry.detail.get("detail", "")), "wrong")
        case "step_doubted":
            doubt = "Blogen was stopped while a paid call was under way: maybe paid"
            return Told(entry.at, f"The step {entry.step} is in doubt", doubt, "wrong")
        case "step_discarded":
            return Told(entry.at, f"The step {entry.step} is to be done again", "", "move")
        case "step_finished" if (entry.step or "").startswith("revision:"):
            struck = len(entry.detail.get("strike", ()))
            cut = f", {struck} part{'s' if struck != 1 else ''} struck" if struck else ""
            return Told(entry.at, f"Sent back{by}{cut}", note, "no")
    return None


_WAITING_ENDED: Final[Mapping[str, str]] = {
    "paused": "Resumed",
    "retry": "Tries again",
    "schedule": "Its time has come",
    "image": "An image has come",
    "budget": "Asks for money again",
    "provider": "The service is asked again",
    "review": "The review is over",
}


def _moved(entry: TimelineEntry, by: str) -> Told:
    target = JobState(entry.target or entry.origin)
    kind = {JobState.FAILED: "wrong", JobState.CANCELLED: "no", JobState.PUBLISHED: "yes"}.get(target, "move")
    if entry.origin == JobState.FAILED and target is not JobState.CANCELLED:
        return Told(entry.at, f"Tried again from {STATES[target].lower()}{by}", "", "move")
    return Told(entry.at, f"{STATES[target]}{by}", "", kind)


def _waiting(entry: TimelineEntry, by: str) -> Told:
    waits = str(entry.detail.get("for", ""))
    words = _WAITS.get(WaitingFor(waits), waits) if waits in set(WaitingFor) else waits
    words = words.replace("Waits for your review", "Waits for a review")
    return Told(entry.at, f"{words}{by}", str(entry.detail.get("reason") or ""), "wait")


def _by(detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    who = str(detail.get("by") or "")
    if not who:
        return ""
    return f" by {names.get(who, 'the owner' if who == 'owner' else 'an app')}"
