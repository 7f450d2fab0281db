"""A job's state machine as a picture: its states from top to bottom, the way it took, where it is, what went wrong.

Drawn by the server as SVG with classes that `studio.css` colours, and with the same told in words for those who do not
see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from blogen.domain.job import PATH, Job, JobState
from blogen.store.jobs import TimelineEntry
from blogen.web.studio.wording import STATES, span

_WIDTH: Final = 344
_ROW: Final = 37
_TOP: Final = 20
_NODE_X: Final = 36
_LABEL_X: Final = 60
_BRANCH_X: Final = 68
_RADIUS: Final = 8

SIDE_WAYS: Final = frozenset({JobState.FAILED, JobState.CANCELLED})


@dataclass(slots=True)
class _Stay:
    """What happened in one state."""

    visits: int = 0
    spent_ms: int = 0
    failures: int = 0
    is_cancelled_here: bool = False


@dataclass(slots=True)
class Way:
    """The way that a job took, as its timeline tells."""

    stays: dict[JobState, _Stay] = field(default_factory=lambda: {state: _Stay() for state in PATH})
    backs: dict[tuple[JobState, JobState], int] = field(default_factory=dict)
    """How often it went back, from where to where."""


def way_of(timeline: Sequence[TimelineEntry]) -> Way:
    """Count visits, time, failures and returns."""
    way = Way()
    since, failed_in = 0, JobState.QUEUED
    for entry in timeline:
        if entry.event == "submitted":
            way.stays[JobState.QUEUED].visits = 1
            since = entry.at
        if entry.event != "moved" or entry.target is None:
            continue
        origin, target = JobState(entry.origin), JobState(entry.target)
        if origin in way.stays:
            way.stays[origin].spent_ms += max(0, entry.at - since)
        since = entry.at
        if target is JobState.FAILED:
            failed_in = origin
            way.stays[origin].failures += 1
        elif target is JobState.CANCELLED:
            way.stays[failed_in if origin is JobState.FAILED else origin].is_cancelled_here = True
        else:
            came_from = failed_in if origin is JobState.FAILED else origin
            if PATH.index(target) < PATH.index(came_from):
                way.backs[came_from, target] = way.backs.get((came_from, target), 0) + 1
            way.stays[target].visits += 1
    return way


def drawn(job: Job, timeline: Sequence[TimelineEntry]) -> str:
    """The picture, as an `<svg>` element. Nothing of it was typed by anyone: all words are the house's."""
    way = way_of(timeline)
    places: dict[JobState, int] = {}
    rows: list[str] = []
    edges: list[str] = []
    y = _TOP
    above = 0
    last = max((number for number, state in enumerate(PATH) if way.stays[state].visits), default=0)
    for number, state in enumerate(PATH):
        stay = way.stays[state]
        places[state] = y
        kind = _kind(job, state, stay, is_passed=number < last)
        if number:
            edge = "passed" if kind == "left-out" else "taken" if stay.visits else ""
            edges.append(f'<path class="edge {edge}" d="M{_NODE_X} {above + _RADIUS}V{y - _RADIUS}"/>')
        rows.append(_node(kind, STATES[state], _beside(stay), y))
        above = y
        for words, mark in _branches(job, state, stay):
            y += _ROW
            edges.append(
                f'<path class="edge branch {mark}" d="M{_NODE_X} {above + _RADIUS}V{y - 8}'
                f'q0 8 8 8H{_BRANCH_X - _RADIUS}"/>'
            )
            rows.append(_branch(mark, words, y))
        y += _ROW
    for (origin, target), times in way.backs.items():
        edges.append(_back(places[origin], places[target], times))
    height = y - _ROW + _TOP
    return (
        f'<svg class="machine" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="machine-name machine-words">'
        '<title id="machine-name">The way of this job</title>'
        f'<desc id="machine-words">{in_words(job, way)}</desc>{"".join(edges)}{"".join(rows)}</svg>'
    )


def in_words(job: Job, way: Way) -> str:
    """What the picture shows."""
    done = [STATES[state].lower() for state in PATH if way.stays[state].visits and state != job.state]
    ahead = [] if job.state.is_final else [STATES[state].lower() for state in PATH[PATH.index(job.state) + 1 :]]
    parts = [f"It went through {_listed(done)}." if done else "", f"It is {STATES[job.state].lower()} now."]
    if job.failed_in is not None:
        parts[1] = f"It failed while {STATES[job.failed_in].lower()}."
    failures = sum(stay.failures for stay in way.stays.values())
    if failures > (job.state is JobState.FAILED):
        parts.append(f"It had failed {_times(failures - (job.state is JobState.FAILED))} and was tried again.")
    for (origin, target), times in way.backs.items():
        parts.append(f"It went back from {STATES[origin].lower()} to {STATES[target].lower()} {_times(times)}.")
    if ahead:
        parts.append(f"Ahead: {_listed(ahead)}.")
    return " ".join(part for part in parts if part)


def _kind(job: Job, state: JobState, stay: _Stay, *, is_passed: bool) -> str:
    if job.state is state:
        return "here done" if state is JobState.PUBLISHED else "here waits" if job.waiting else "here"
    if stay.visits:
        return "taken"
    return "left-out" if is_passed or job.state.is_final else "ahead"


def _beside(stay: _Stay) -> str:
    again = f"{stay.visits}× " if stay.visits > 1 else ""
    return f"{again}{span(stay.spent_ms)}" if stay.spent_ms else again.strip()


def _branches(job: Job, state: JobState, stay: _Stay) -> list[tuple[str, str]]:
    found = []
    is_here = job.state is JobState.FAILED and job.failed_in is state
    if earlier := stay.failures - is_here - (stay.is_cancelled_here and stay.failures > 0):
        found.append((f"failed {_times(earlier)}, tried again", "past"))
    if is_here:
        found.append(("Failed", "failed"))
    if stay.is_cancelled_here:
        found.append(("Failed, then cancelled" if stay.failures else "Cancelled", "cancelled"))
    return found


def _node(kind: str, words: str, beside: str, y: int) -> str:
    inner = f'<circle class="core" cx="{_NODE_X}" cy="{y}" r="3.5"/>' if kind.startswith("here") else ""
    tick = f'<path class="tick" d="M{_NODE_X - 3.5} {y}l2.5 2.8 4.5-5.4"/>' if kind in {"taken", "here done"} else ""
    return (
        f'<g class="node {kind}"><circle cx="{_NODE_X}" cy="{y}" r="{_RADIUS}"/>{"" if tick else inner}{tick}'
        f'<text x="{_LABEL_X}" y="{y + 5}">{words}</text>'
        f'<text class="beside" x="{_WIDTH - 4}" y="{y + 5}">{beside}</text></g>'
    )


def _branch(mark: str, words: str, y: int) -> str:
    return (
        f'<g class="node {mark}"><circle cx="{_BRANCH_X}" cy="{y}" r="{_RADIUS}"/>'
        f'<path class="tick" d="M{_BRANCH_X - 3} {y - 3}l6 6m0-6l-6 6"/>'
        f'<text x="{_BRANCH_X + 24}" y="{y + 5}">{words}</text></g>'
    )


def _back(start: int, end: int, times: int) -> str:
    x, out = _NODE_X - _RADIUS - 1, 10
    arrow = f"M{x - 5} {end + 1}l5 4-5 4"
    label = f'<text class="times" x="{out - 7}" y="{(start + end) // 2 + 4}">{times}×</text>' if times > 1 else ""
    line = f"M{x} {start}Q{out} {start} {out} {start - 18}V{end + 22}Q{out} {end + 5} {x} {end + 5}{arrow}"
    return f'<path class="edge back" d="{line}"/>{label}'


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
