"""`/posts/{slug}/comments` and `/comments/{id}`: what people say below posts, and how it is reported."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.api.answers import answer, public
from blogen.api.auth import actor_of, client_address, person_of
from blogen.api.keys import ACTOR, CLOCK, COMMENTS, CONFIG, JUDGE, MODERATION, PACE
from blogen.api.moderation import name_of
from blogen.api.paging import position, sign_with
from blogen.api.requests import body, query
from blogen.domain.person import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from blogen.domain.talk import CommentText
    from blogen.store.comments import Comment, SeenComment

_QUICK_CHARS = 500
"""A longer text is read in a thread: Markdown can be written so that it takes long."""

_FROM_ONE_ADDRESS = 3
"""So many times the pace of one person is allowed to all who share an address."""


async def list_comments(request: web.Request) -> web.Response:
    from blogen.api.queries import CommentsQuery
    from blogen.api.talk_views import listed

    asked, slug = query(request, CommentsQuery), request.match_info["slug"]
    kind = f"comments {slug}"
    after = position(kind, asked.cursor)[1] if asked.cursor else None
    viewer_id = _viewer(request)
    found, after = await request.config_dict[COMMENTS].of_post(slug, asked.limit, after, viewer_id=viewer_id)
    return _told(request, listed([_view(request, one) for one in found], kind, after))


async def show(request: web.Request) -> web.Response:
    from blogen.api.routes import CURSOR_KEY

    sign_with(await request.config_dict[CURSOR_KEY].get())  # its answers may go on
    seen = await request.config_dict[COMMENTS].seen(request.match_info["id"], viewer_id=_viewer(request))
    response = _told(request, _view(request, seen))
    if seen.is_mine:  # what `If-Match` of a change is compared with
        response.headers["ETag"] = f'"{seen.comment.revision}"'
    return response


async def list_answers(request: web.Request) -> web.Response:
    from blogen.api.queries import CommentsQuery
    from blogen.api.talk_views import answer_view, answers_kind, listed

    asked, comment_id, viewer_id = query(request, CommentsQuery), request.match_info["id"], _viewer(request)
    kind = answers_kind(comment_id)
    after = position(kind, asked.cursor)[1] if asked.cursor else None
    found, after = await request.config_dict[COMMENTS].answers(comment_id, asked.limit, after, viewer_id=viewer_id)
    base_url, now = _base_url(request), request.config_dict[CLOCK].now_ms()
    return _told(request, listed([answer_view(one, viewer_id, base_url, now_ms=now) for one in found], kind, after))


async def create(request: web.Request) -> web.Response:
    from blogen.domain.talk import CommentRequest

    order = await body(request, CommentRequest)
    keep_pace(request)
    text = await _text(order.text)
    comment = await request.config_dict[COMMENTS].add(
        request.match_info["slug"], person_of(request), text, parent_id=order.parent,
        held_for=await _reason_to_hold(request, text),
    )  # fmt: skip
    return _mine(request, comment, status=201)


async def change(request: web.Request) -> web.Response:
    from blogen.domain.talk import CommentChange

    order = await body(request, CommentChange)
    keep_pace(request)
    text = await _text(order.text)
    comment = await request.config_dict[COMMENTS].change(
        request.match_info["id"], person_of(request), text, revisions=_expected(request),
        held_for=await _reason_to_hold(request, text),
    )  # fmt: skip
    return _mine(request, comment)


async def delete(request: web.Request) -> web.Response:
    """One's own is deleted; another's is removed by whoever may moderate."""
    from blogen.errors import Forbidden

    actor, comment_id = actor_of(request), request.match_info["id"]
    comments, is_moderator = request.config_dict[COMMENTS], actor.scope.includes(Scope.AUTHOR)
    is_mine = actor.person_id is not None and await comments.is_by(comment_id, actor.person_id)
    if is_moderator and not is_mine:
        await request.config_dict[MODERATION].remove(comment_id, await name_of(request))
    elif actor.person_id is not None:
        await comments.delete(comment_id, actor.person_id)
    else:
        await comments.seen(comment_id)
        raise Forbidden("The comment is somebody else's.", remedy="Use the token of its writer or of a moderator.")
    return web.Response(status=204)


async def report(request: web.Request) -> web.Response:
    from blogen.domain.talk import MAX_NOTE_CHARS, ReportRequest
    from blogen.render.comments import plain_note
    from blogen.store.comments import no_comment

    order = await body(request, ReportRequest)
    keep_pace(request)
    person_id, comment_id = person_of(request), request.match_info["id"]
    seen = await request.config_dict[COMMENTS].seen(comment_id, viewer_id=person_id)
    if not seen.is_whole:
        raise no_comment(comment_id)
    note = plain_note("note", order.note, max_chars=MAX_NOTE_CHARS)
    made = await request.config_dict[MODERATION].report_comment(comment_id, person_id, note)
    return answer({"id": made}, status=201)


async def report_post(request: web.Request) -> web.Response:
    from blogen.domain.talk import MAX_NOTE_CHARS, PostReportRequest
    from blogen.render.comments import plain_note

    order = await body(request, PostReportRequest)
    keep_pace(request)
    note = plain_note("note", order.note, max_chars=MAX_NOTE_CHARS)
    made = await request.config_dict[MODERATION].report_post(
        request.match_info["slug"], person_of(request), note, block=order.block
    )
    return answer({"id": made}, status=201)


def keep_pace(request: web.Request) -> None:
    """Raises TooManyAttempts for who writes too fast, from one account or one address."""
    pace, most = request.config_dict[PACE], request.config_dict[CONFIG].comments.per_minute
    pace.take(f"person {person_of(request)}", most, doing="writing")
    pace.take(f"address {client_address(request)}", most * _FROM_ONE_ADDRESS, doing="writing from your address")


async def _text(given: str) -> CommentText:
    from blogen.domain.talk import MAX_COMMENT_CHARS
    from blogen.render.comments import comment_text

    if len(given) <= _QUICK_CHARS:
        return comment_text(given, max_chars=MAX_COMMENT_CHARS)
    return await asyncio.to_thread(comment_text, given, max_chars=MAX_COMMENT_CHARS)


async def _reason_to_hold(request: web.Request, text: CommentText) -> str:
    """What the moderation model has against it, if there is one; who moderates is not read."""
    judge = request.config_dict.get(JUDGE)
    return await judge(text.markdown) if judge and not actor_of(request).scope.includes(Scope.AUTHOR) else ""


def _expected(request: web.Request) -> frozenset[str] | None:
    """The revisions to which the change may be made, as `If-Match` says; None: to any."""
    if "If-Match" not in request.headers:
        return None
    tags = frozenset(tag.value for tag in request.if_match or ())
    return None if "*" in tags else tags


def _mine(request: web.Request, comment: Comment, *, status: int = 200) -> web.Response:
    """The comment to its writer, with the ETag that a change of it is compared with."""
    seen = request.config_dict[COMMENTS].seen_by(comment, person_of(request))
    assert seen is not None
    location = f"/api/v1/comments/{comment.id}" if status == 201 else None
    response = answer(_view(request, seen), status=status, location=location)
    response.headers["ETag"] = f'"{comment.revision}"'
    return response


def _view(request: web.Request, seen: SeenComment) -> dict[str, Any]:
    from blogen.api.talk_views import comment_view

    return comment_view(seen, _viewer(request), _base_url(request), now_ms=request.config_dict[CLOCK].now_ms())


def _told(request: web.Request, told: Mapping[str, Any]) -> web.Response:
    return public(request, told) if request[ACTOR] is None else answer(told)


def _viewer(request: web.Request) -> str | None:
    actor = request[ACTOR]
    return actor.person_id if actor else None


def _base_url(request: web.Request) -> str:
    return request.config_dict[CONFIG].server.base_url or ""
