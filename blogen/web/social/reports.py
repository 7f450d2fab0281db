"""Telling whoever moderates: of a comment, or of an error in a post. Beside the first stands how to look away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from blogen.domain.mistakes import validated
from blogen.errors import BlogenError, InvalidInput, NotFound, TooManyAttempts
from blogen.web.keys import COMMENTS, MODERATION, POSTS
from blogen.web.people.forms import Words, beside_fields
from blogen.web.people.session import signed_in
from blogen.web.people.show import page, slow_down
from blogen.web.social.acting import done, keep_pace, refused, typed, wants_json, worded
from blogen.web.social.talk import no_post, path_of

if TYPE_CHECKING:
    from blogen.domain.post import Post
    from blogen.store.comments import SeenComment
    from blogen.web.people.session import Visitor

_THANKS: Final = "Thank you. Whoever moderates this blog looks at your report, and you are told what came of it."
_EXCERPT_CHARS: Final = 90


async def reporting_comment(request: web.Request) -> web.Response:
    """The page to report a comment, and to mute or block who wrote it."""
    who = await signed_in(request)
    return await _comment_page(request, who, await _comment(request, who), Words())


async def report_comment(request: web.Request) -> web.Response:
    from blogen.domain.talk import ReportRequest

    sent, comment_id = await typed(request), request.match_info["id"]
    try:
        who = sent.writer()
        seen = await _comment(request, who)
        order = validated(ReportRequest, {"note": sent.form["note"]})
        keep_pace(request, who)
        await request.app[MODERATION].report_comment(comment_id, who.person.id, _note(order.note))
    except BlogenError as error:
        if wants_json(request) or isinstance(error, NotFound):
            return _refused(request, error)
        seen = await _comment(request, sent.who)
        return _slowed(await _comment_page(request, sent.who, seen, sent.form.kept("note"), error), error)
    return done(request, f"{path_of(seen.comment.slug)}?said=report#talk", _THANKS)


async def reporting_post(request: web.Request) -> web.Response:
    """The page to report an error in a post, or in the block `?block=` of it."""
    who = await signed_in(request)
    return await _post_page(request, who, Words(block=request.query.get("block", "")))


async def report_post(request: web.Request) -> web.Response:
    from blogen.domain.talk import PostReportRequest

    sent, slug = await typed(request), request.match_info["slug"]
    try:
        who = sent.writer()
        given = {"note": sent.form["note"], "block": sent.form["block"] or None}
        order = validated(PostReportRequest, given)
        keep_pace(request, who)
        note = _note(order.note)
        await request.app[MODERATION].report_post(slug, who.person.id, note, block=order.block)
    except BlogenError as error:
        if wants_json(request) or isinstance(error, NotFound):
            return _refused(request, error)
        return _slowed(await _post_page(request, sent.who, sent.form.kept("note", "block"), error), error)
    return done(request, f"{path_of(slug)}?said=report#talk", _THANKS)


def _note(given: str) -> str:
    """Raises InvalidInput."""
    from blogen.domain.talk import MAX_NOTE_CHARS
    from blogen.render.comments import plain_note

    return plain_note("note", given, max_chars=MAX_NOTE_CHARS)


async def _comment(request: web.Request, who: Visitor | None) -> SeenComment:
    """What is reported. Raises NotFound where the person does not see it whole."""
    from blogen.store.comments import no_comment

    comment_id = request.match_info["id"]
    seen = await request.app[COMMENTS].seen(comment_id, viewer_id=who.person.id if who else None)
    if not seen.is_whole:
        raise no_comment(comment_id)
    return seen


async def _comment_page(
    request: web.Request, who: Visitor | None, seen: SeenComment, values: Words, error: BlogenError | None = None
) -> web.Response:
    return await page(
        request,
        "social/report_comment.html",
        who=who,
        script="talk.js",
        seen=seen,
        back=f"/comments/{seen.comment.id}",
        slug=seen.comment.slug,
        values=values,
        **_mistakes(error),
    )


async def _post_page(
    request: web.Request, who: Visitor | None, values: Words, error: BlogenError | None = None
) -> web.Response:
    slug = request.match_info["slug"]
    post = await request.app[POSTS].by_slug(slug)
    if post is None:
        raise no_post()
    return await page(
        request,
        "social/report_post.html",
        who=who,
        script="talk.js",
        post=post,
        blocks=_excerpts(post),
        back=path_of(slug),
        values=values,
        **_mistakes(error),
    )


def _excerpts(post: Post) -> list[tuple[str, str]]:
    """The post's blocks by id, each with its beginning; those without a text are left out."""
    from blogen.render.text import plain_text

    found = []
    for block in post.blocks:
        text = " ".join(plain_text([block]).split())
        if text and block.t != "note":
            found.append((block.id, text if len(text) <= _EXCERPT_CHARS else f"{text[:_EXCERPT_CHARS].rstrip()}…"))
    return found


def _mistakes(error: BlogenError | None) -> dict[str, Any]:
    if error is None:
        return {}
    wrong = beside_fields(error, {"block": "passage"}) if isinstance(error, InvalidInput) else Words()
    return {"wrong": wrong, "trouble_text": "" if wrong else str(worded(error)), "status": error.status}


def _refused(request: web.Request, error: BlogenError) -> web.Response:
    if not wants_json(request):
        raise worded(error)
    return refused(error, wrong=beside_fields(error) if isinstance(error, InvalidInput) else {})


def _slowed(answer: web.Response, error: BlogenError) -> web.Response:
    return slow_down(answer, error) if isinstance(error, TooManyAttempts) else answer
