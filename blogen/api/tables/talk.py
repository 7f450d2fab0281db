"""Comments, notifications, reports and moderation. Who may have posts written moderates: the scope author."""

from http import HTTPStatus

from blogen.api.route import Route
from blogen.domain.person import Scope

ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/posts/{slug}/comments", "comments.list_comments", "Comments and their first answers, the oldest first",
        asks="CommentsQuery", gives="CommentList",
    ),
    Route(
        "POST", "/posts/{slug}/comments", "comments.create", "Write a comment, or answer one", Scope.READER,
        for_person=True, takes="CommentRequest", gives="CommentView", status=HTTPStatus.CREATED, needs_body=True,
        creates=True, refuses=(409,),
    ),
    Route("GET", "/comments/{id}", "comments.show", "A comment", gives="CommentView"),
    Route(
        "GET", "/comments/{id}/answers", "comments.list_answers", "The answers to a comment, the oldest first",
        asks="CommentsQuery", gives="AnswerList",
    ),
    Route(
        "PATCH", "/comments/{id}", "comments.change", "Change a comment of one's own, soon after it was written",
        Scope.READER, for_person=True, takes="CommentChange", gives="CommentView", needs_body=True, matches=True,
        refuses=(409,),
    ),
    Route(
        "DELETE", "/comments/{id}", "comments.delete",
        "Delete a comment of one's own; with the scope author, remove another's", Scope.READER,
        status=HTTPStatus.NO_CONTENT, refuses=(409,),
    ),
    Route(
        "POST", "/comments/{id}/report", "comments.report", "Tell the moderators of a comment", Scope.READER,
        for_person=True, takes="ReportRequest", gives="ReportedView", status=HTTPStatus.CREATED, needs_body=True,
        creates=True,
    ),
    Route(
        "POST", "/posts/{slug}/reports", "comments.report_post", "Tell the moderators of an error in a post",
        Scope.READER, for_person=True, takes="PostReportRequest", gives="ReportedView", status=HTTPStatus.CREATED,
        needs_body=True, creates=True, refuses=(409,),
    ),
    Route(
        "GET", "/posts/{slug}/corrections", "moderation.corrections", "What was corrected in a post, the oldest first",
        asks="TalkQuery", gives="CorrectionList",
    ),
    Route(
        "POST", "/posts/{slug}/corrections", "moderation.correct", "Tell readers of a correction", Scope.AUTHOR,
        takes="CorrectionRequest", gives="CorrectionView", status=HTTPStatus.CREATED, needs_body=True, creates=True,
    ),
    Route(
        "PUT", "/people/{handle}/block", "moderation.block", "Block a person: neither sees the other any more",
        Scope.READER, for_person=True, status=HTTPStatus.NO_CONTENT, refuses=(422,),
    ),
    Route(
        "DELETE", "/people/{handle}/block", "moderation.block", "Take a block back", Scope.READER, for_person=True,
        status=HTTPStatus.NO_CONTENT,
    ),
    Route(
        "PUT", "/people/{handle}/mute", "moderation.mute", "Mute a person: see and hear no more of them", Scope.READER,
        for_person=True, status=HTTPStatus.NO_CONTENT, refuses=(422,),
    ),
    Route(
        "DELETE", "/people/{handle}/mute", "moderation.mute", "Take a mute back", Scope.READER, for_person=True,
        status=HTTPStatus.NO_CONTENT,
    ),
    Route(
        "GET", "/me/aversions", "moderation.aversions", "Whom you block and mute", Scope.READER, for_person=True,
        asks="TalkQuery", gives="AversionList",
    ),
    Route(
        "GET", "/me/notifications", "notifications.list_notifications", "What you are told, the newest first",
        Scope.READER, for_person=True, asks="NotificationsQuery", gives="NotificationList",
    ),
    Route(
        "PUT", "/me/notifications/read", "notifications.mark_read", "Say what you have read", Scope.READER,
        for_person=True, takes="ReadRequest", gives="UnreadView", needs_body=True,
    ),
    Route(
        "GET", "/moderation/queue", "moderation.queue", "Comments that are held, the oldest first", Scope.AUTHOR,
        asks="TalkQuery", gives="HeldCommentList",
    ),
    Route(
        "POST", "/moderation/comments/{id}/approve", "moderation.approve",
        "Show a held comment, and its writer's later ones at once", Scope.AUTHOR, gives="ActView",
    ),
    Route(
        "POST", "/moderation/comments/{id}/remove", "moderation.remove", "Hide a comment from everyone", Scope.AUTHOR,
        gives="ActView",
    ),
    Route(
        "POST", "/moderation/comments/{id}/restore", "moderation.restore", "Show a removed comment again",
        Scope.AUTHOR, gives="ActView",
    ),
    Route(
        "GET", "/moderation/reports", "moderation.reports", "Open reports, the oldest first", Scope.AUTHOR,
        asks="TalkQuery", gives="ReportList",
    ),
    Route(
        "POST", "/moderation/reports/{id}/close", "moderation.close_report", "Close a report and tell who made it",
        Scope.AUTHOR, takes="Outcome", gives="ActView",
    ),
    Route(
        "GET", "/moderation/log", "moderation.log", "What was decided, the newest first", Scope.AUTHOR,
        asks="TalkQuery", gives="ActList",
    ),
    Route(
        "POST", "/moderation/log/{id}/undo", "moderation.undo", "Take a decision back", Scope.AUTHOR, gives="ActView"
    ),
    Route("GET", "/moderation/words", "moderation.words", "Words that hold a comment", Scope.AUTHOR, gives="WordList"),
    Route(
        "PUT", "/moderation/words/{word}", "moderation.block_word", "Hold comments that say a word", Scope.AUTHOR,
        gives="ActView", refuses=(409, 422),
    ),
    Route(
        "DELETE", "/moderation/words/{word}", "moderation.unblock_word", "Hold comments for a word no more",
        Scope.AUTHOR, gives="ActView", refuses=(409, 422),
    ),
)  # fmt: skip
