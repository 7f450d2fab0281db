"""A post and its receipt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from aiohttp import web

from blogen.domain.job import JobState
from blogen.domain.money import usd
from blogen.errors import Gone, NotFound
from blogen.store.posts import Neighbours
from blogen.store.steps import StepRecord
from blogen.web.keys import JOBS, PEOPLE, POSTS, SERIES, STEPS
from blogen.web.pages import View
from blogen.web.reader.notes import opening
from blogen.web.reader.serve import kept, passing
from blogen.web.social.talk import talk_of
from blogen.web.templates import render

if TYPE_CHECKING:
    from blogen.domain.post import Block, Heading, Post, ReceiptStep
    from blogen.domain.post_summary import PostSummary
    from blogen.store.jobs import TimelineEntry
    from blogen.store.series import SeriesOfPosts
    from blogen.web.social.talk import Talk

_PERSON_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RELATED = 3
_CONTENTS_HEADINGS = 3
_CONTENTS_WORDS = 500
_BEGUN, _READ = 0.03, 0.95
"""Between these a post is worth being continued."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents."""

    id: str
    text: str


class Approval(NamedTuple):
    """A decision of a person that the post rests on."""

    by: str
    """A name."""
    what: str
    at: int
    """Unix ms."""
    person_id: str = ""


async def post(request: web.Request) -> web.Response:
    from blogen.render.provenance import meta_tags

    slug = request.match_info["slug"]

    async def page(view: View) -> str:
        view.shows(f"post:{slug}", f"around:{slug}", f"counts:{slug}", f"talk:{slug}")
        found = await _post(request, slug)
        series = await request.app[SERIES].of_post(slug)
        around = _parts_around(series, slug) if series else await request.app[POSTS].neighbours(slug)
        related = await _related(request, found, view)
        view.shows_posts([found, *related, *(one for one in (around.newer, around.older) if one)])
        if series:
            view.shows(f"series:{series.slug}")
            view.shows_posts(series.posts)
        talk = await talk_of(request, view, found)
        return render(
            request.app,
            "post.html",
            viewer=view.visitor,
            post=found,
            path=found.url,
            body=opening(found.html),
            contents=_contents(found),
            series=series,
            resume=_resume(found, talk),
            around=around,
            related=related,
            meta=meta_tags(found),
            talk=talk,
        )

    return await (passing(request, page) if "comments" in request.query else kept(request, ("post", slug), page))


async def receipt(request: web.Request) -> web.Response:
    """Every step that made the post: who worked, how long, for how much."""
    slug = request.match_info["slug"]

    async def page(view: View) -> str:
        view.shows(f"post:{slug}")
        found = await _post(request, slug)
        view.shows_posts([found])
        job_id = await request.app[POSTS].job_id(slug)
        if job_id is None:
            raise NotFound("This post has no receipt.")
        approvals = [await _approval(request, line) for line in await request.app[JOBS].timeline(job_id)
                     if line.event == "approved"]  # fmt: skip
        view.shows(*(f"person:{one.person_id}" for one in approvals if one.person_id))
        return render(
            request.app,
            "receipt.html",
            viewer=view.visitor,
            post=found,
            steps=[_receipt_step(step) for step in await request.app[STEPS].of(job_id) if step.state == "finished"],
            approvals=approvals,
            quotes=sum(len(source.quotes) for source in found.sources),
        )

    return await kept(request, ("receipt", slug), page)


async def _approval(request: web.Request, line: TimelineEntry) -> Approval:
    """Who said yes. A token, or a command on the machine itself, is the owner's."""
    by = line.detail.get("by", "")
    what = "the post" if line.origin == JobState.IN_REVIEW else "the repetition of a call that may have been paid"
    if not _PERSON_ID.fullmatch(by):
        return Approval("The owner", what, line.at)
    person = await request.app[PEOPLE].by_id(by)
    return Approval(person.name if person else "The owner, or somebody who has left", what, line.at, by)


def _parts_around(series: SeriesOfPosts, slug: str) -> Neighbours:
    """The parts before and after, in the places of the posts before and after."""
    at, parts = series.part_of(slug) - 1, series.posts
    return Neighbours(
        newer=parts[at + 1] if at + 1 < len(parts) else None,
        older=parts[at - 1] if at else None,
    )


def _resume(found: Post, talk: Talk) -> str | None:
    """The block at which who sees the page left the post, if they are in the middle of it."""
    place = talk.standing.place if talk.standing else None
    if place is None or not _BEGUN <= place.fraction < _READ:
        return None
    return place.block if any(block.id == place.block for block in found.blocks) else None


async def _related(request: web.Request, this: Post, view: View) -> list[PostSummary]:
    """Posts on the same topics; where they are too few, the newest."""
    view.shows(*(f"tag:{tag}" for tag in this.tags))
    posts = request.app[POSTS]
    found = await posts.related(this.slug, _RELATED)
    if len(found) < _RELATED:
        view.shows("newest")
        known = {this.slug, *(post.slug for post in found)}
        newest = (await posts.newest(2 * _RELATED)).items
        found += [post for post in newest if post.slug not in known][: _RELATED - len(found)]
    return found


async def _post(request: web.Request, slug: str) -> Post:
    found = await request.app[POSTS].by_slug(slug)
    if found is not None:
        return found
    gone = await request.app[SERIES].gone(slug)
    if gone is not None:
        raise Gone("This post was taken off the blog.", remedy="Perhaps one of those below is as good, or a search.")
    raise NotFound("There is no post at this address.", remedy="It may be misspelt. Search for it, maybe?")


def _receipt_step(step: StepRecord) -> ReceiptStep:
    used = step.detail
    from blogen.domain.post import ReceiptStep

    return ReceiptStep(
        step=step.name,
        provider=used.get("provider") or None,
        model=used.get("model") or None,
        input_tokens=used.get("input_tokens", 0),
        output_tokens=used.get("output_tokens", 0),
        cost_usd="" if used.get("usd_micros") is None else usd(used["usd_micros"]),
        duration_ms=used.get("duration_ms", 0),
        prompt_digest=step.digest,
    )


def _contents(found: Post) -> list[Entry]:
    """The post's chapters, if it is long enough to get lost in."""
    entries = [
        Entry(f"b-{block.id}", "".join(run.text for run in block.runs if run.note is None))
        for block in found.blocks
        if _is_chapter(block)
    ]
    return entries if len(entries) >= _CONTENTS_HEADINGS and found.words >= _CONTENTS_WORDS else []


def _is_chapter(block: Block) -> TypeGuard[Heading]:
    return block.t == "h" and block.level == 2
