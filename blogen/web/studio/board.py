"""`/studio`: the jobs by what they need, live; and all of them as a list."""

import re
from functools import partial
from typing import Final

from aiohttp import web

from blogen.domain.job import Job, JobState
from blogen.errors import NotFound
from blogen.store.board import Board, Column
from blogen.web.keys import BOARDS, CLOCK, JOBS
from blogen.web.studio.door import owner, page
from blogen.web.studio.live import BOARD, LIVE, Read, Shown, stream
from blogen.web.studio.wording import STATES, cost_of, now_of
from blogen.web.templates import render

_EACH: Final = 24
"""Cards of one column; how many there are more is told."""
_PAGE: Final = 50
_DAY_MS: Final = 86_400_000
_ID: Final = re.compile(r"[0-9a-f-]{36}")


class Heading:
    """A column of the board, in words."""

    def __init__(self, key: Column, words: str, counted: str, more: str) -> None:
        self.key = key
        self.words = words
        self.counted = counted
        """What its number in the summary counts."""
        self.more = more
        """The state that a list of all of them shows; empty: any."""


HEADINGS: Final = (
    Heading(Column.REVIEW, "To review", "to review", "in_review"),
    Heading(Column.WORK, "In work", "in work", ""),
    Heading(Column.WAITING, "Waiting", "waiting", ""),
    Heading(Column.FAILED, "Failed in the last week", "failed", "failed"),
    Heading(Column.SCHEDULED, "Scheduled", "scheduled", "scheduled"),
    Heading(Column.DONE, "Done in the last 24 hours", "done today", "published"),
)


async def board(request: web.Request) -> web.Response:
    who = await owner(request)
    shown, mark = await request.app[LIVE].load(BOARD, _reader(request.app))
    at = request.app[CLOCK].now_ms()
    return await page(request, "board.html", who, headings=HEADINGS, shown=shown, mark=mark, loaded_at=at)


async def events(request: web.Request) -> web.StreamResponse:
    await owner(request)
    return await stream(request, BOARD, _reader(request.app))


async def jobs(request: web.Request) -> web.Response:
    """All jobs, the newest first, of one state or of any."""
    who = await owner(request)
    state, before = request.query.get("state", ""), request.query.get("before", "")
    if (state and state not in set(JobState)) or (before and not _ID.fullmatch(before)):
        raise NotFound("There is no such list of jobs.", remedy="Choose one from the list of all jobs.")
    found = await request.app[JOBS].list(JobState(state) if state else None, before or None, _PAGE + 1)
    cards = [_card(request.app, job) for job in found[:_PAGE]]
    following = found[_PAGE - 1].id if len(found) > _PAGE else ""
    return await page(
        request, "jobs.html", who, cards=cards, states=STATES, state=state, following=following, is_first=not before
    )


def _reader(app: web.Application) -> Read:
    return partial(_read, app, {})


async def _read(app: web.Application, kept: dict[str, tuple[Job, str]]) -> Shown:
    """The board; cards of jobs that are as they were are not made again."""
    now = app[CLOCK].now_ms()
    found = await app[BOARDS].read(failed_since_ms=now - 7 * _DAY_MS, done_since_ms=now - _DAY_MS, each=_EACH)
    cards: dict[str, tuple[Job, str]] = {}
    for column in found.jobs.values():
        for job in column:
            was = kept.get(job.id)
            cards[job.id] = was if was is not None and was[0] == job else (job, _card(app, job))
    kept.clear()
    kept.update(cards)
    parts = {f"job-{job_id}": html for job_id, (_, html) in cards.items()}
    parts |= {f"count-{heading.key}": _count(app, heading, found) for heading in HEADINGS}
    parts |= {f"more-{heading.key}": _more(app, heading, found) for heading in HEADINGS}
    lists = {f"list-{column}": [f"job-{job.id}" for job in of] for column, of in found.jobs.items()}
    return Shown(parts, lists)


def _card(app: web.Application, job: Job) -> str:
    return render(app, "studio/card.html", job=job, now=now_of(job), cost=cost_of(job))


def _count(app: web.Application, heading: Heading, board: Board) -> str:
    return render(app, "studio/count.html", heading=heading, count=board.counts[heading.key])


def _more(app: web.Application, heading: Heading, board: Board) -> str:
    more = board.counts[heading.key] - len(board.jobs[heading.key])
    return render(app, "studio/more.html", heading=heading, more=more)
