"""What the API shows of comments, notifications, reports and moderation; see `views`."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic_core import from_json

from blogen.api.paging import cursor
from blogen.api.views import Moment, View, post_path
from blogen.store.aversions import Aversion
from blogen.store.comments import Comment, SeenComment, Writer
from blogen.store.corrections import Correction
from blogen.store.moderation import Act, Report
from blogen.store.notifications import By, Notification

_ID = "0198f2a4-5b1c-7c3e-9d52-3f0a6b7c8d9e"
_AT = "2026-08-02T12:00:00.000Z"


class WriterView(View):
    handle: str
    name: str
    avatar: str | None


class CommentViewerView(View):
    is_mine: bool
    may_edit: bool
    edit_until: Moment | None = Field(description="How long you may change it; null where it is not yours, or a stub")


class _Said(View):
    id: str
    post: str = Field(description="The post's slug")
    parent: str | None = Field(description="The first comment of its thread; null at the top")
    answers_to: str | None = Field(description="The comment that it answers: `parent`, or another answer")
    state: Literal["shown", "held", "removed", "deleted", "hidden"] = Field(
        description="held: only you see it until a moderator has looked; removed, deleted, hidden: a stub, without "
        "writer and text"
    )
    author: WriterView | None = Field(description="null for stubs, and once the account is gone")
    html: str
    blocks: list[dict[str, Any]] = Field(description="The same as blocks, of those that posts have")
    markdown: str | None = Field(description="Of your own comments: to change it")
    created_at: Moment
    edited_at: Moment | None
    viewer: CommentViewerView | None = Field(description="null without a person's token")


class AnswerView(_Said):
    pass


_COMMENT: dict[str, Any] = {
    "id": _ID,
    "post": "group-commit",
    "parent": None,
    "answers_to": None,
    "state": "shown",
    "author": {"handle": "ada", "name": "Ada", "avatar": None},
    "html": "<p>I measured the <em>same</em>.</p>",
    "blocks": [
        {
            "id": "k3j5x2aq",
            "t": "p",
            "runs": [{"text": "I measured the "}, {"text": "same", "i": True}, {"text": "."}],
        }
    ],
    "markdown": "I measured the *same*.",
    "created_at": _AT,
    "edited_at": None,
    "viewer": {"is_mine": True, "may_edit": True, "edit_until": "2026-08-02T12:15:00.000Z"},
    "answers": [],
    "next_answers": None,
}


class CommentView(_Said):
    EXAMPLE: ClassVar[dict[str, Any]] = _COMMENT

    answers: list[AnswerView] = Field(description="The first ones, the oldest first; answers have none themselves")
    next_answers: str | None = Field(description="Where GET /comments/{id}/answers goes on; null: there are no more")


class CommentList(View):
    items: list[CommentView]
    next: str | None


class AnswerList(View):
    items: list[AnswerView]
    next: str | None


class ReportedView(View):
    id: str


class CorrectionView(View):
    id: str
    block: str | None = Field(description="Id of the post's block that it is about")
    text: str = Field(description="Plain text")
    created_at: Moment


class CorrectionList(View):
    items: list[CorrectionView]
    next: str | None


class AversionView(View):
    handle: str
    name: str
    kind: Literal["block", "mute"]
    at: Moment


class AversionList(View):
    items: list[AversionView]
    next: str | None


class NotifiedPostView(View):
    slug: str
    url: str
    title: str


class NotifiedCommentView(View):
    id: str
    excerpt: str | None = Field(description="How it begins, as Markdown; null where it is not shown")


class NotificationView(View):
    id: str
    kind: Literal["reply", "mention", "post", "correction", "moderation"]
    post: NotifiedPostView | None
    comment: NotifiedCommentView | None
    by: WriterView | None = Field(description="Who answered or mentioned you")
    detail: dict[str, Any] = Field(
        description="post: `author` or `tag`, whichever you follow; correction: `text` and `block`; moderation: "
        "`action` (approve, remove, restore, close-report), and `outcome` of a report of yours"
    )
    created_at: Moment
    read_at: Moment | None


class NotificationList(View):
    items: list[NotificationView]
    next: str | None
    unread: int = Field(description="How many are unread; 1000 stands for that many or more")


class UnreadView(View):
    unread: int = Field(description="How many are unread; 1000 stands for that many or more")


class HeldCommentView(View):
    id: str
    post: NotifiedPostView
    parent: str | None
    author: WriterView | None
    state: Literal["shown", "held", "removed"]
    held_for: str = Field(description="Why it waits: `first comment`, or `blocked word: …`")
    html: str
    markdown: str
    created_at: Moment
    edited_at: Moment | None


class HeldCommentList(View):
    items: list[HeldCommentView]
    next: str | None


class ReportView(View):
    id: str
    by: str | None = Field(description="Handle of who reported it; null once the account is gone")
    post: str = Field(description="The post's slug")
    comment: HeldCommentView | None = Field(description="What was reported; null: something in the post")
    block: str | None
    note: str
    created_at: Moment


class ReportList(View):
    items: list[ReportView]
    next: str | None


class ActView(View):
    id: str = Field(description="What POST /moderation/log/{id}/undo takes")
    at: Moment
    by: str = Field(description="Handle of who decided, or `owner`")
    action: Literal["approve", "remove", "restore", "close-report", "block-word", "unblock-word"]
    target: str = Field(description="Id of the comment or report, or the word")
    undone_at: Moment | None


class ActList(View):
    items: list[ActView]
    next: str | None


class WordList(View):
    items: list[str]
    next: None = None


def comment_view(seen: SeenComment, viewer_id: str | None, base_url: str = "", *, now_ms: int) -> dict[str, Any]:
    """A comment with its first answers, as the viewer sees it."""
    return {
        **_said(seen, viewer_id, base_url, now_ms),
        "answers": [_said(answer, viewer_id, base_url, now_ms) for answer in seen.answers],
        "next_answers": cursor(answers_kind(seen.comment.id), name=seen.next_answers) if seen.next_answers else None,
    }


def answer_view(seen: SeenComment, viewer_id: str | None, base_url: str = "", *, now_ms: int) -> dict[str, Any]:
    return _said(seen, viewer_id, base_url, now_ms)


def answers_kind(comment_id: str) -> str:
    """What the cursors of a comment's answers are made for."""
    return f"answers {comment_id}"


def correction_view(correction: Correction) -> dict[str, Any]:
    return CorrectionView(
        id=correction.id, block=correction.block, text=correction.text, created_at=correction.created_at
    ).told()


def aversion_view(aversion: Aversion) -> dict[str, Any]:
    return AversionView(handle=aversion.handle, name=aversion.name, kind=aversion.kind, at=aversion.at).told()


def notification_view(notification: Notification, base_url: str = "") -> dict[str, Any]:
    slug, title = notification.slug, notification.title
    return NotificationView(
        id=notification.id,
        kind=notification.kind,
        post=_post(slug, title or "", base_url) if slug is not None else None,
        comment=NotifiedCommentView(id=notification.comment_id, excerpt=notification.excerpt)
        if notification.comment_id
        else None,
        by=_writer(notification.by, base_url),
        detail=dict(notification.detail),
        created_at=notification.created_at,
        read_at=notification.read_at,
    ).told()


def held_comment_view(comment: Comment, base_url: str = "") -> dict[str, Any]:
    return _moderated(comment, base_url).told()


def report_view(report: Report, base_url: str = "") -> dict[str, Any]:
    return ReportView(
        id=report.id,
        by=report.handle,
        post=report.slug,
        comment=_moderated(report.comment, base_url) if report.comment else None,
        block=report.block,
        note=report.note,
        created_at=report.created_at,
    ).told()


def act_view(act: Act) -> dict[str, Any]:
    return ActView(
        id=act.id, at=act.at, by=act.by, action=act.action, target=act.target, undone_at=act.undone_at
    ).told()


def listed(items: Sequence[dict[str, Any]], kind: str, after: str | None, **more: Any) -> dict[str, Any]:
    """A list's answer; `after` is the id behind which it goes on."""
    return {"items": list(items), "next": cursor(kind, name=after) if after else None, **more}


def _said(seen: SeenComment, viewer_id: str | None, base_url: str, now_ms: int) -> dict[str, Any]:
    comment, until = seen.comment, seen.editable_until
    may_edit = until is not None and now_ms <= until
    viewer = CommentViewerView(is_mine=seen.is_mine, may_edit=may_edit, edit_until=until) if viewer_id else None
    return AnswerView(
        id=comment.id,
        post=comment.slug,
        parent=comment.parent_id,
        answers_to=comment.answers_id,
        state=seen.state,
        author=_writer(comment.writer, base_url) if seen.is_whole else None,
        html=comment.html if seen.is_whole else "",
        blocks=from_json(comment.blocks) if seen.is_whole else [],
        markdown=comment.markdown if seen.is_whole and seen.is_mine else None,
        created_at=comment.created_at,
        edited_at=comment.edited_at if seen.is_whole else None,
        viewer=viewer,
    ).told()


def _moderated(comment: Comment, base_url: str) -> HeldCommentView:
    state = comment.state
    assert state != "deleted"
    return HeldCommentView(
        id=comment.id,
        post=_post(comment.slug, comment.title, base_url),
        parent=comment.parent_id,
        author=_writer(comment.writer, base_url),
        state=state,
        held_for=comment.held_for,
        html=comment.html,
        markdown=comment.markdown,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
    )


def _post(slug: str, title: str, base_url: str) -> NotifiedPostView:
    return NotifiedPostView(slug=slug, url=f"{base_url}{post_path(slug)}", title=title)


def _writer(writer: Writer | By | None, base_url: str) -> WriterView | None:
    if writer is None:
        return None
    avatar = f"{base_url}/media/{writer.avatar}" if writer.avatar else None
    return WriterView(handle=writer.handle, name=writer.name, avatar=avatar)
