"""A post and its receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from aiohttp import web

from blogen.domain.money import usd
from blogen.errors import NotFound
from blogen.store.steps import StepRecord
from blogen.web.address import base_url
from blogen.web.keys import JOBS, POSTS, STEPS
from blogen.web.pages import View
from blogen.web.reader.serve import kept, passing
from blogen.web.social.talk import talk_of
from blogen.web.templates import render

if TYPE_CHECKING:
    from blogen.domain.post import Block, Heading, Post, ReceiptStep
    from blogen.domain.post_summary import PostSummary

_RELATED = 3
_CONTENTS_HEADINGS = 3
_CONTENTS_WORDS = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents."""

    id: str
    text: str


async def post(request: web.Request) -> web.Response:
    from blogen.render.provenance import json_ld_text, meta_tags

    slug = request.match_info["slug"]

    async def page(view: View) -> str:
        view.shows(f"post:{slug}", f"around:{slug}", f"counts:{slug}", f"talk:{slug}")
        found = await _post(request, slug)
        around = await request.app[POSTS].neighbours(slug)
        related = await _related(request, found, view)
        view.shows_posts([found, *related, *(one for one in (around.newer, around.older) if one)])
        return render(
            request.app,
            "post.html",
            viewer=view.visitor,
            post=found,
            contents=_contents(found),
            around=around,
            related=related,
            meta=meta_tags(found),
            linked_data=json_ld_text(found, base_url(request.app)),
            talk=await talk_of(request, view, found),
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
        lines = await request.app[JOBS].timeline(job_id)
        return render(
            request.app,
            "receipt.html",
            viewer=view.visitor,
            post=found,
            steps=[_receipt_step(step) for step in await request.app[STEPS].of(job_id) if step.state == "finished"],
            approved_at=next((line.at for line in reversed(lines) if line.event == "approved"), None),
        )

    return await kept(request, ("receipt", slug), page)


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
    if found is None:
        raise NotFound(
            "There is no post at this address.", remedy="It may have been renamed or removed. Search for it, maybe?"
        )
    return found


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
