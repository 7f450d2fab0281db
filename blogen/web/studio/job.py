"""`/studio/jobs/{id}`: the way one job took, what was done for it, what it cost, and its text while it is reviewed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Final

from aiohttp import web

from blogen.domain.job import PATH, Job, JobRequest, JobState, WaitingFor
from blogen.domain.post import PostDraft
from blogen.store.jobs import TimelineEntry
from blogen.store.steps import StepRecord, count_revisions
from blogen.web.keys import AUTHORS, CLOCK, JOBS, PEOPLE, POSTS, STEPS
from blogen.web.people.forms import Words
from blogen.web.people.session import Visitor
from blogen.web.studio.door import owner, page
from blogen.web.studio.live import LIVE, Read, Shown, stream
from blogen.web.studio.state_machine import drawn
from blogen.web.studio.wording import STATES, cost_of, now_of, people_in, step_line, told
from blogen.web.templates import render
from blogen.web.words import told_by

PARTS: Final = ("facts", "wrong", "machine", "draft", "strikes", "steps", "timeline", "choices")
"""What moves on the page: each is a template in `templates/studio/job/`, and an element with that id."""

_EXCERPT: Final = 110
STRIKE: Final = "strike:"
"""How the fields begin that name parts to leave out."""

SAID: Final[Mapping[str, str]] = {
    "ordered": "It is ordered. This page follows it.",
    "approve": "You approved it.",
    "revise": "You sent it back to be done over. It comes to review again.",
    "reject": "You rejected it. It can still be tried again from an earlier step.",
    "retry": "It is tried again.",
    "cancel": "It is cancelled.",
    "pause": "It is paused. A call that was under way may still end.",
    "resume": "It goes on.",
}


@dataclass(frozen=True, slots=True)
class Look:
    """All that a page about a job shows."""

    job: Job
    order: JobRequest
    timeline: Sequence[TimelineEntry]
    steps: Sequence[StepRecord]
    names: Mapping[str, str]
    author: str
    slug: str | None
    revision: str
    draft: PostDraft | None
    """While it waits to be read."""

    @property
    def acts(self) -> list[str]:
        """What a person may do with the job as it is, by the names of the forms that do it."""
        return acts_of(self.job)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What may be left out of the draft: the ids of its blocks, and how they begin."""
        from blogen.render.text import plain_text

        blocks = self.draft.blocks if self.draft else ()
        words = [
            (block.id, block.alt if block.t == "img" else plain_text([block])) for block in blocks if block.t != "note"
        ]
        return [(name, f"{text[:_EXCERPT]}…" if len(text) > _EXCERPT else text) for name, text in words if text.strip()]

    @property
    def restarts(self) -> list[str]:
        """The steps that a failed job can be retried from."""
        if self.job.failed_in is None:
            return []
        last = PATH.index(self.job.failed_in)
        return [step.name for step in self.steps if PATH.index(JobState(step.origin)) <= last]


async def job(request: web.Request) -> web.Response:
    return await job_page(request, await owner(request), said=told_by(request, SAID))


async def events(request: web.Request) -> web.StreamResponse:
    await owner(request)
    job_id = request.match_info["id"]
    await request.app[JOBS].get(job_id)
    return await stream(request, job_id, reader(request.app, job_id))


async def job_page(
    request: web.Request, who: Visitor, *, status: int = 200, said: str = "", trouble: str = "",
    values: Words | None = None, wrong: Words | None = None,
) -> web.Response:  # fmt: skip
    """The page about the job that the address names, as the job is now. Raises NotFound."""
    job_id = request.match_info["id"]
    shown, mark = await request.app[LIVE].load(job_id, reader(request.app, job_id))
    parts = dict(shown.parts)
    for name in values or ():
        if name.startswith(STRIKE):  # the page is the same for all who look at it, but for what this one chose
            parts["strikes"] = parts["strikes"].replace(f'name="{escape(name)}"', f'name="{escape(name)}" checked')
    return await page(
        request, "job.html", who, status=status, said=said, trouble_text=trouble, values=values or Words(),
        wrong=wrong or Words(), shown=parts, mark=mark, job=await request.app[JOBS].get(job_id),
        acts=shown.lists["acts"], revision=shown.lists["revision"][0], loaded_at=request.app[CLOCK].now_ms(),
    )  # fmt: skip


def acts_of(job: Job) -> list[str]:
    """What may be done with `job` where it is."""
    waits = job.waiting.for_ if job.waiting else None
    acts = []
    if waits is WaitingFor.REVIEW:
        acts += ["approve", "revise", "reject"] if job.state is JobState.IN_REVIEW else ["repeat", "reject"]
    if waits in {WaitingFor.RETRY, WaitingFor.PROVIDER}:
        acts.append("now")
    if job.state is JobState.FAILED:
        acts.append("retry")
    if waits is WaitingFor.PAUSED:
        acts.append("resume")
    elif not job.state.is_final:
        acts.append("pause")
    if not job.state.is_final or job.state is JobState.FAILED:
        acts.append("cancel")
    return acts


async def look(app: web.Application, job_id: str) -> Look:
    """Read all of a job. Raises NotFound."""
    job = await app[JOBS].get(job_id)
    order, timeline, steps = await asyncio.gather(
        app[JOBS].request(job_id), app[JOBS].timeline(job_id), app[STEPS].of(job_id)
    )
    author = await app[AUTHORS].by_handle(order.author) if order.author else None
    slug = await app[POSTS].slug_of_job(job_id) if job.state is JobState.PUBLISHED else None
    found = _draft(job, steps)
    names = await app[PEOPLE].names(people_in(timeline))
    revision, draft = found or ("", None)
    return Look(job, order, timeline, steps, names, author.name if author else "", slug, revision, draft)


def reader(app: web.Application, job_id: str) -> Read:
    """What reads the page when the job has moved."""
    return partial(_read, app, job_id)


async def _read(app: web.Application, job_id: str) -> Shown:
    seen = await look(app, job_id)
    whole = {
        "look": seen,
        "job": seen.job,
        "now": now_of(seen.job),
        "cost": cost_of(seen.job),
        "states": STATES,
        "lines": told(seen.timeline, seen.names),
        "steps": [step_line(step) for step in seen.steps],
        "picture": drawn(seen.job, seen.timeline),
        "edits": count_revisions(seen.steps),
    }
    parts = {part: render(app, f"studio/job/{part}.html", **whole) for part in PARTS}
    return Shown(parts, {"acts": seen.acts, "revision": [seen.revision]})


def _draft(job: Job, steps: Sequence[StepRecord]) -> tuple[str, PostDraft] | None:
    """The text as it stands, if somebody is to read it now."""
    if job.state is not JobState.IN_REVIEW:
        return None
    from blogen.pipeline.revising import newest_draft

    return newest_draft(steps)
