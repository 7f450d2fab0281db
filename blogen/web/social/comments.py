"""Comments: writing, previewing, answering, changing and deleting them; a thread in full.

Whatever keeps a text from being taken, the form is shown again with it.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.domain.mistakes import validated
from blogen.domain.person import Scope
from blogen.errors import BlogenError, ChangedMeanwhile, Conflict, InvalidInput, NotFound, TooManyAttempts
from blogen.store.kept_answers import KeptAnswer
from blogen.web.keys import CLOCK, COMMENTS, JUDGE, KEPT_ANSWERS, MODERATION, PACE, POSTS
from blogen.web.people.forms import Words, beside_fields
from blogen.web.people.session import signed_in, visitor
from blogen.web.people.show import page, slow_down
from blogen.web.social.acting import (
    act,
    back_to,
    done,
    keep_pace,
    refused,
    typed,
    wants_json,
    worded,
)
from blogen.web.social.talk import (
    Onlooker,
    count_of_comments,
    one_time_key,
    onlooker,
    path_of,
    place_of,
    position,
    the_post,
)
from blogen.web.templates import render

if TYPE_CHECKING:
    from blogen.domain.talk import CommentText
    from blogen.store.comments import Comment, SeenComment
    from blogen.web.people.forms import Form
    from blogen.web.people.session import Visitor
    from blogen.web.social.acting import Typed

_QUICK_CHARS: Final = 500
"""A longer text is read in a thread: Markdown can be written so that it takes long."""

_ANSWERS_A_PAGE: Final = 50
_PREVIEWS_A_MINUTE: Final = 60
_CALLED: Final = {"text": "comment"}


async def write(request: web.Request) -> web.Response:
    """A new comment, or an answer (`parent`); with `preview`, only a look at what it would be."""
    sent, slug = await typed(request), request.match_info["slug"]
    try:
        who = sent.writer()
        if sent.form["preview"]:
            return await _preview(request, sent, who, _Sheet.of_new(slug, sent.form))
        comment = await _add(request, who, slug, sent.form)
    except BlogenError as error:
        return await _again(request, sent, error, _Sheet.of_new(slug, sent.form))
    said = (
        "Your comment is there." if comment.state == "shown" else "Your comment waits for whoever moderates this blog."
    )
    if not wants_json(request):
        return done(request, await place_of(request, comment, who.person.id))
    seen, sees = await _seen(request, comment, who), await onlooker(request, who, path_of(slug))
    if comment.parent_id is None:
        more = {"append": {"threads": _fragment(request, "thread", seen, sees)}}
    else:
        more = {"append": {f"answers-{comment.parent_id}": _fragment(request, "answer", seen, sees)}}
    count = await count_of_comments(request, slug)
    return done(request, "", said, go=f"comment-{comment.id}", key=one_time_key(), comments=count, **more)


async def change(request: web.Request) -> web.Response:
    """Another text for a comment of one's own."""
    sent, comment_id = await typed(request), request.match_info["id"]
    sheet = _Sheet.of_change(comment_id, sent.form["revision"])
    try:
        who = sent.writer()
        if sent.form["preview"]:
            return await _preview(request, sent, who, sheet)
        keep_pace(request, who)
        comment = await _change(request, who, sent.form)
    except BlogenError as error:
        return await _again(request, sent, error, sheet)
    if not wants_json(request):
        return done(request, await place_of(request, comment, who.person.id))
    sees = await onlooker(request, who, path_of(comment.slug))
    said = _fragment(request, "said", await _seen(request, comment, who), sees)
    return done(request, "", "Your comment is changed.", replace={f"comment-{comment_id}": said})


async def writing(request: web.Request) -> web.Response:
    """The page with the form for an answer."""
    who = await signed_in(request)
    seen = await _whole(request, who)
    sheet = _Sheet(slug=seen.comment.slug, parent_id=seen.comment.id)
    return await _sheet_page(request, who, sheet, Words(key=one_time_key()))


async def changing(request: web.Request) -> web.Response:
    """The page with the form for another text."""
    who = await signed_in(request)
    seen = await _whole(request, who)
    if not seen.is_mine or seen.editable_until is None:
        raise NotFound("This comment is not yours to change.", remedy="You can answer it.")
    if seen.editable_until < request.app[CLOCK].now_ms():
        raise Conflict("This comment is too old to be changed.", remedy="Answer it, or delete it.")
    sheet = _Sheet.of_change(seen.comment.id, seen.comment.revision)
    return await _sheet_page(request, who, sheet, Words(text=seen.comment.markdown))


@act
async def delete(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """One's own is deleted; another's is removed by whoever may moderate."""
    comments, comment_id = request.app[COMMENTS], request.match_info["id"]
    try:
        seen = await comments.seen(comment_id, viewer_id=who.person.id)
    except NotFound:  # sent twice
        return done(request, back_to(form, "/"), "It was deleted already.", replace={f"comment-{comment_id}": ""})
    if seen.is_mine or not who.person.role.includes(Scope.AUTHOR):
        await comments.delete(comment_id, who.person.id)
        said = "Your comment is deleted."
    else:
        await request.app[MODERATION].remove(comment_id, who.person.handle)
        said = "The comment is removed. The studio’s moderation can bring it back."
    back = back_to(form, f"{path_of(seen.comment.slug)}#comments")
    if not wants_json(request):
        return done(request, back)
    try:
        left = await comments.seen(comment_id, viewer_id=who.person.id)
    except NotFound:
        left = None
    sees = await onlooker(request, who, path_of(seen.comment.slug))
    stub = _fragment(request, "said", left, sees) if left else ""
    count = await count_of_comments(request, seen.comment.slug)
    return done(request, back, said, replace={f"comment-{comment_id}": stub}, comments=count)


async def place(request: web.Request) -> web.Response:
    """`/comments/{id}`: the address of a comment wherever it stands."""
    who = await visitor(request)
    viewer_id = who.person.id if who else None
    seen = await request.app[COMMENTS].seen(request.match_info["id"], viewer_id=viewer_id)
    raise web.HTTPSeeOther(await place_of(request, seen.comment, viewer_id))


async def thread(request: web.Request) -> web.Response:
    """A comment with all its answers."""
    who, slug, after = await visitor(request), request.match_info["slug"], position(request, "after")
    comments, thread_id, viewer_id = request.app[COMMENTS], request.match_info["id"], who.person.id if who else None
    post, head = await the_post(request, slug), await comments.seen(thread_id, viewer_id=viewer_id)
    if head.comment.slug != slug or head.comment.parent_id is not None:
        raise web.HTTPSeeOther(f"/comments/{thread_id}")
    answers, following = await comments.answers(thread_id, _ANSWERS_A_PAGE, after, viewer_id=viewer_id)
    path = f"{path_of(slug)}/comments/{thread_id}"
    return await page(
        request,
        "social/thread.html",
        who=who,
        post=post,
        head=head,
        answers=answers,
        first=path if after else None,
        further=f"{path}?after={following}" if following else None,
        onlooker=await onlooker(request, who, request.path_qs),
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a text is written for: a post, an answer, or a comment that is changed."""

    slug: str = ""
    parent_id: str = ""
    changed_id: str = ""
    revision: str = ""

    @classmethod
    def of_new(cls, slug: str, form: Form) -> _Sheet:
        return cls(slug=slug, parent_id=form["parent"])

    @classmethod
    def of_change(cls, comment_id: str, revision: str) -> _Sheet:
        return cls(changed_id=comment_id, revision=revision)


async def _add(request: web.Request, who: Visitor, slug: str, form: Form) -> Comment:
    """The comment that the form makes, or made when it was sent before. Raises BlogenError."""
    from blogen.domain.talk import CommentRequest

    comments, person_id, answers = request.app[COMMENTS], who.person.id, request.app[KEPT_ANSWERS]
    key, digest = form["key"][:100], hashlib.sha256(f"{slug}\n{form['parent']}\n{form['text']}".encode()).hexdigest()
    if key and (known := await answers.find(person_id, f"form {key}")) is not None and known.digest == digest:
        return (await comments.seen(known.location, viewer_id=person_id)).comment
    order = validated(CommentRequest, {"text": form["text"], "parent": form["parent"] or None})
    keep_pace(request, who)
    text = await _text(order.text)
    comment = await comments.add(
        slug, person_id, text, parent_id=order.parent, held_for=await _reason_to_hold(request, who, text)
    )
    if key:
        await answers.keep(person_id, f"form {key}", KeptAnswer(digest, 201, comment.id, ""))
    return comment


async def _change(request: web.Request, who: Visitor, form: Form) -> Comment:
    """The comment as the form wants it; sent twice, it is changed once. Raises BlogenError."""
    comments, comment_id, text = request.app[COMMENTS], request.match_info["id"], await _text(form["text"])
    held_for = await _reason_to_hold(request, who, text)
    try:
        return await comments.change(
            comment_id, who.person.id, text, revisions=frozenset({form["revision"]}), held_for=held_for
        )
    except ChangedMeanwhile:
        now = (await comments.seen(comment_id, viewer_id=who.person.id)).comment
        if now.markdown != text.markdown:
            raise
        return now


async def _text(given: str) -> CommentText:
    """Raises InvalidInput."""
    from blogen.domain.talk import MAX_COMMENT_CHARS
    from blogen.render.comments import comment_text

    if len(given) <= _QUICK_CHARS:
        return comment_text(given, max_chars=MAX_COMMENT_CHARS)
    return await asyncio.to_thread(comment_text, given, max_chars=MAX_COMMENT_CHARS)


async def _reason_to_hold(request: web.Request, who: Visitor, text: CommentText) -> str:
    """What the moderation model has against it, if there is one; who moderates is not read."""
    judge = request.app.get(JUDGE)
    return await judge(text.markdown) if judge and not who.person.role.includes(Scope.AUTHOR) else ""


async def _preview(request: web.Request, sent: Typed, who: Visitor, sheet: _Sheet) -> web.Response:
    """Raises InvalidInput, TooManyAttempts."""
    request.app[PACE].take(f"preview {who.person.id}", _PREVIEWS_A_MINUTE, doing="looking")
    text = await _text(sent.form["text"])
    if wants_json(request):
        return done(request, "", "This is how it will look.", preview=text.html)
    return await _sheet_page(request, who, sheet, sent.form.kept("text", "key"), preview=text.html)


async def _again(request: web.Request, sent: Typed, error: BlogenError, sheet: _Sheet) -> web.Response:
    """The form as it was, and what to mend. Raises what no other text would mend."""
    wrong = beside_fields(error, _CALLED) if isinstance(error, InvalidInput) else Words()
    if wants_json(request):
        return refused(error, wrong=wrong)
    values = sent.form.kept("text", "key")
    if isinstance(error, ChangedMeanwhile) and sent.who:
        seen = await request.app[COMMENTS].seen(sheet.changed_id, viewer_id=sent.who.person.id)
        sheet = _Sheet.of_change(sheet.changed_id, seen.comment.revision)
    trouble = "" if wrong else str(worded(error))
    answer = await _sheet_page(request, sent.who, sheet, values, wrong=wrong, trouble=trouble, status=error.status)
    return slow_down(answer, error) if isinstance(error, TooManyAttempts) else answer


async def _sheet_page(
    request: web.Request, who: Visitor | None, sheet: _Sheet, values: Words, *, wrong: Words | None = None,
    trouble: str = "", preview: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    """The page on which one comment is written."""
    viewer_id = who.person.id if who else None
    slug, answered, back = sheet.slug, None, ""
    shown_id = sheet.parent_id or sheet.changed_id
    if shown_id:
        try:
            answered = await request.app[COMMENTS].seen(shown_id, viewer_id=viewer_id)
            slug, back = answered.comment.slug, f"/comments/{answered.comment.id}"
        except NotFound as error:  # it was deleted meanwhile: what was typed is shown all the same
            trouble = trouble or str(error)
    line = await request.app[POSTS].line(slug)
    return await page(
        request,
        "social/write.html",
        who=who,
        status=status,
        script="talk.js",
        post=await the_post(request, slug) if line else None,
        sheet=sheet,
        answered=answered if sheet.parent_id and answered and answered.is_whole else None,
        values=values,
        wrong=wrong or Words(),
        trouble_text=trouble,
        preview=preview,
        back=back or (path_of(slug) + "#comments" if line else "/"),
        action=f"/comments/{sheet.changed_id}/edit" if sheet.changed_id else f"{path_of(slug)}/comments",
    )


async def _whole(request: web.Request, who: Visitor) -> SeenComment:
    """The comment of the address. Raises NotFound also where only a stub of it is left."""
    from blogen.store.comments import no_comment

    seen = await request.app[COMMENTS].seen(request.match_info["id"], viewer_id=who.person.id)
    if not seen.is_whole:
        raise no_comment(seen.comment.id)
    return seen


async def _seen(request: web.Request, comment: Comment, who: Visitor) -> SeenComment:
    return await request.app[COMMENTS].seen(comment.id, viewer_id=who.person.id)


def _fragment(request: web.Request, name: str, seen: SeenComment, onlooker: Onlooker) -> str:
    return render(request.app, "social/fragment.html", name=name, seen=seen, onlooker=onlooker)
