"""Comments: two levels, oldest first; held, shown, removed by a moderator or deleted by their writer.

`posts.comments` counts the shown ones and is changed with them. What a viewer sees of a comment is decided here, in
one place: people who block each other, held comments and removed ones are hidden from others, and leave a stub where
answers hang on them.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from blogen.domain.blocked_words import MAX_WORDS, first_blocked
from blogen.domain.person import Scope
from blogen.errors import ChangedMeanwhile, Conflict, Forbidden, NotFound
from blogen.events import CommentChanged, CommentCreated, CommentRemoved, PostCounted
from blogen.ids import new_id
from blogen.store import outbox
from blogen.store.aversions import HIDDEN, is_blocked
from blogen.store.database import Database, Transaction
from blogen.store.notifications import forget_comment, tell_of_comment
from blogen.store.walks import Page, walk

if TYPE_CHECKING:
    from blogen.config.comments import CommentsConfig
    from blogen.domain.talk import CommentText

State = Literal["shown", "held", "removed", "deleted"]
SeenState = Literal["shown", "held", "removed", "deleted", "hidden"]
"""`hidden`: the text is not for this viewer; why is not told."""

FIRST_ANSWERS = 10
"""Answers that a list shows under a comment; the others are a list of their own."""

MAX_MENTIONS = 10
"""People that one comment tells of itself; further mentions are only text."""

MOST_HELD = 20
"""Comments of one person that may wait: nobody fills the moderators' queue alone."""

_SAME_WITHIN_MS = 60_000
"""The same text by the same person at the same place within this time is the same comment, sent twice."""

COLUMNS = (
    "c.id, c.post_id, c.parent_id, c.answers_id, c.person_id, c.markdown, c.html, c.blocks, c.state, c.held_for,"
    " c.created_at, c.edited_at, po.slug, po.title, p.handle, p.name, p.avatar"
)
TABLES = "comments c JOIN posts po ON po.id = c.post_id LEFT JOIN people p ON p.id = c.person_id"
_MENTION = re.compile(r"(?<![\w@./-])@([A-Za-z0-9][A-Za-z0-9_-]{0,38})(?![\w@-])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Writer:
    id: str
    handle: str
    name: str
    avatar: str | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with all that is stored of it; what others may see of it is a `SeenComment`."""

    id: str
    post_id: str
    slug: str
    title: str
    """Of the post."""
    parent_id: str | None
    """The first comment of the thread."""
    answers_id: str | None
    """What it answers: that one, or another answer."""
    writer: Writer | None
    """None once the account is gone."""
    markdown: str
    html: str
    blocks: str
    """JSON."""
    state: State
    held_for: str
    created_at: int
    edited_at: int | None

    @property
    def revision(self) -> str:
        """Another one with each change of the text."""
        said = f"{self.id} {self.edited_at} {self.markdown}"
        return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class SeenComment:
    """A comment as one viewer sees it: whole, or a stub without writer and text."""

    comment: Comment
    state: SeenState
    is_whole: bool
    is_mine: bool
    editable_until: int | None
    """Unix ms; None where the viewer cannot change it."""
    answers: Sequence[SeenComment] = field(default=())
    next_answers: str | None = None
    """The answer behind which there may be more."""


class Comments:
    def __init__(self, database: Database, rules: CommentsConfig) -> None:
        self._database = database
        self._rules = rules

    async def of_post(
        self, slug: str, limit: int, after: str | None = None, *, viewer_id: str | None = None
    ) -> Page[SeenComment]:
        """A post's comments with their first answers, the oldest first. Raises NotFound."""
        post = await self._database.look_up_one("SELECT id FROM posts WHERE slug = ?", (slug,))
        if post is None:
            raise no_post(slug)

        async def piece(after: str | None, count: int) -> list[tuple[str, SeenComment | None]]:
            rows = await self._database.read(
                _listed("c.post_id = ? AND c.parent_id IS NULL"), _params(viewer_id, post["id"], after, count)
            )
            return [(row["id"], seen) for row, seen in zip(rows, await self._threads(rows, viewer_id), strict=True)]

        return await walk(piece, after, limit)

    async def answers(
        self, comment_id: str, limit: int, after: str | None = None, *, viewer_id: str | None = None
    ) -> Page[SeenComment]:
        """The answers to a comment, the oldest first. Raises NotFound."""
        await self.seen(comment_id, viewer_id=viewer_id)

        async def piece(after: str | None, count: int) -> list[tuple[str, SeenComment | None]]:
            rows = await self._database.read(_listed("c.parent_id = ?"), _params(viewer_id, comment_id, after, count))
            return [(row["id"], self._seen_or_none(row, viewer_id)) for row in rows]

        return await walk(piece, after, limit)

    async def seen(self, comment_id: str, *, viewer_id: str | None = None) -> SeenComment:
        """One comment, with its first answers. Raises NotFound, also where the viewer may not know of it."""
        rows = await self._database.read(
            f"SELECT {COLUMNS}, {_IS_HIDDEN} FROM {TABLES} WHERE c.id = ?2", (viewer_id, comment_id)
        )
        found = await self._threads(rows, viewer_id)
        if not found or found[0] is None:
            raise no_comment(comment_id)
        return found[0]

    async def add(
        self, slug: str, person_id: str, text: CommentText, *, parent_id: str | None = None, held_for: str = ""
    ) -> Comment:
        """A new comment, or an answer to `parent_id`; the same one again if it was just sent twice.

        `held_for` is a reason to hold it that is known beforehand. Raises NotFound, Conflict, Forbidden.
        """

        def work(tx: Transaction) -> Comment:
            rows = tx.query("SELECT id FROM posts WHERE slug = ?", (slug,))
            if not rows:
                raise no_post(slug)
            post_id = rows[0]["id"]
            answered = _answered(tx, post_id, parent_id, person_id) if parent_id else None
            thread_id = (answered.parent_id or answered.id) if answered else None
            if (twin := _just_sent(tx, post_id, person_id, thread_id, text.markdown)) is not None:
                return twin
            reason = self._reason_to_hold(tx, person_id, text, held_for)
            if reason:
                _check_room(tx, person_id)
            comment_id, state = new_id(), "held" if reason else "shown"
            tx.execute(
                "INSERT INTO comments (id, post_id, person_id, parent_id, answers_id, markdown, html, blocks, state,"
                " held_for, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (comment_id, post_id, person_id, thread_id, answered.id if answered else None, text.markdown, text.html,
                 text.blocks, state, reason[:200], tx.now_ms),
            )  # fmt: skip
            comment = stored(tx, comment_id)
            if state == "shown":
                _count(tx, comment, 1)
                _announce(tx, comment)
            tx.publish(CommentCreated(comment_id, slug, state))
            return comment

        return await self._database.write(work)

    async def is_by(self, comment_id: str, person_id: str) -> bool:
        """Whether this person wrote it."""
        row = await self._database.read_one("SELECT person_id FROM comments WHERE id = ?", (comment_id,))
        return row is not None and row["person_id"] == person_id

    async def change(
        self,
        comment_id: str,
        person_id: str,
        text: CommentText,
        *,
        revisions: frozenset[str] | None = None,
        held_for: str = "",
    ) -> Comment:
        """Another text for one's own comment, if it is in one of `revisions` (None: in any).

        Raises NotFound, Forbidden, Conflict, ChangedMeanwhile.
        """

        def work(tx: Transaction) -> Comment:
            comment = _own(tx, comment_id, person_id)
            if revisions is not None and comment.revision not in revisions:
                raise ChangedMeanwhile(
                    "The comment was changed since it was read.", remedy="Read it again and repeat the change."
                )
            if comment.state == "removed":
                raise Conflict("The comment was removed by a moderator.", remedy="Write to the owner of the blog.")
            if tx.now_ms > self._editable_until(comment):
                raise Conflict(
                    f"A comment can be changed for {self._rules.edit_minutes} minutes; this one is older.",
                    remedy="Answer it, or delete it.",
                )
            if text.markdown == comment.markdown:
                return comment
            tx.execute(
                "UPDATE comments SET markdown = ?, html = ?, blocks = ?, edited_at = ? WHERE id = ?",
                (text.markdown, text.html, text.blocks, max(tx.now_ms, (comment.edited_at or 0) + 1), comment_id),
            )
            reason = self._reason_to_hold(tx, person_id, text, held_for)
            if reason and comment.state == "shown":
                set_state(tx, comment, "held", held_for=reason)
            elif reason and reason != comment.held_for:
                tx.execute("UPDATE comments SET held_for = ? WHERE id = ?", (reason[:200], comment_id))
            changed = stored(tx, comment_id)
            if changed.state == "shown":
                _announce(tx, changed)
            tx.publish(CommentChanged(comment_id, comment.slug, changed.state))
            return changed

        return await self._database.write(work)

    async def delete(self, comment_id: str, person_id: str) -> None:
        """Delete one's own comment: its text is gone, and all of it unless answers hang on it.

        Raises NotFound, Forbidden.
        """

        def work(tx: Transaction) -> None:
            comment = _own(tx, comment_id, person_id)
            if comment.state == "shown":
                _count(tx, comment, -1)
            if has_answers(tx, comment_id):
                tx.execute("DELETE FROM notifications WHERE comment_id = ?", (comment_id,))
                tx.execute("DELETE FROM reports WHERE comment_id = ?", (comment_id,))
                tx.execute(
                    "UPDATE comments SET state = 'deleted', markdown = '', html = '', blocks = '[]', held_for = ''"
                    " WHERE id = ?",
                    (comment_id,),
                )
            else:
                tx.execute("DELETE FROM comments WHERE id = ?", (comment_id,))
                _sweep_stub(tx, comment.parent_id)
            tx.publish(CommentRemoved(comment_id, comment.slug))

        await self._database.write(work)

    def seen_by(self, comment: Comment, viewer_id: str | None) -> SeenComment | None:
        """What `viewer_id` sees of a comment that is not hidden by a block; None: nothing."""
        return self._seen(comment, viewer_id, is_averse=False)

    def _seen(self, comment: Comment, viewer_id: str | None, *, is_averse: bool) -> SeenComment | None:
        is_mine = viewer_id is not None and comment.writer is not None and comment.writer.id == viewer_id
        is_whole = not is_averse and (comment.state == "shown" or (comment.state == "held" and is_mine))
        if not is_whole and not (is_mine and comment.state == "removed"):
            return None
        until = self._editable_until(comment) if is_mine and is_whole else None
        return SeenComment(comment, comment.state, is_whole, is_mine, until)

    def _seen_or_none(self, row: sqlite3.Row, viewer_id: str | None) -> SeenComment | None:
        return self._seen(comment_of(row), viewer_id, is_averse=bool(row["is_hidden"]))

    async def _threads(self, rows: Sequence[sqlite3.Row], viewer_id: str | None) -> list[SeenComment | None]:
        """What the viewer sees of the comments in `rows` and of their first answers."""
        heads = [row["id"] for row in rows if row["parent_id"] is None]
        answers = await self._first_answers(heads, viewer_id)
        found: list[SeenComment | None] = []
        for row in rows:
            comment, hanging = comment_of(row), answers.get(row["id"], [])
            shown = [
                one for one in (self._seen_or_none(answer, viewer_id) for answer in hanging[:FIRST_ANSWERS]) if one
            ]
            more = hanging[FIRST_ANSWERS - 1]["id"] if len(hanging) > FIRST_ANSWERS else None
            seen = self._seen_or_none(row, viewer_id)
            if seen is None and (shown or more):
                seen = SeenComment(comment, _state_of_stub(comment, row), False, False, None)
            found.append(replace(seen, answers=shown, next_answers=more) if seen else None)
        return found

    async def _first_answers(self, heads: Sequence[str], viewer_id: str | None) -> Mapping[str, list[sqlite3.Row]]:
        found: dict[str, list[sqlite3.Row]] = {id_: [] for id_ in heads}
        if not heads:
            return found
        each = _listed("c.parent_id = {}").replace("?3", "''").replace("?4", str(FIRST_ANSWERS + 1))
        sql = " UNION ALL ".join(
            f"SELECT * FROM ({each.replace('{}', f'?{number}')})" for number in range(2, len(heads) + 2)
        )
        for row in await self._database.read(sql, (viewer_id, *heads)):
            found[row["parent_id"]].append(row)
        return found

    def _editable_until(self, comment: Comment) -> int:
        return comment.created_at + self._rules.edit_minutes * 60_000

    def _reason_to_hold(self, tx: Transaction, person_id: str, text: CommentText, known: str) -> str:
        """Why the comment must wait; empty if it may be shown. Authors and admins are never held."""
        person = tx.query("SELECT role, is_trusted FROM people WHERE id = ?", (person_id,))[0]
        if Scope(person["role"]).includes(Scope.AUTHOR):
            return ""
        words = [row["word"] for row in tx.query("SELECT word FROM blocked_words ORDER BY word LIMIT ?", (MAX_WORDS,))]
        said = f"{text.markdown}\n{' '.join(_texts(text.blocks))}"
        if words and (word := first_blocked(said, words)) is not None:
            return f"blocked word: {word}"
        if known:
            return known
        return "first comment" if self._rules.hold_first and not person["is_trusted"] else ""


_IS_HIDDEN = f"?1 IS NOT NULL AND {HIDDEN.format(viewer='?1', other='c.person_id')} AS is_hidden"


def _listed(condition: str) -> str:
    """Comments in the order of their ids: ?1 who looks, ?2 for the condition, ?3 after which, ?4 how many."""
    condition = condition.replace("?", "?2")
    return (
        f"SELECT {COLUMNS}, {_IS_HIDDEN} FROM {TABLES} WHERE {condition} AND c.id > ?3 ORDER BY c.id LIMIT ?4"
    )  # fmt: skip


def _params(viewer_id: str | None, key: str, after: str | None, count: int) -> tuple[object, ...]:
    return viewer_id, key, after or "", count


def stored(tx: Transaction, comment_id: str) -> Comment:
    """The comment as it is stored, whoever asks. Raises NotFound."""
    rows = tx.query(f"SELECT {COLUMNS} FROM {TABLES} WHERE c.id = ?", (comment_id,))
    if not rows:
        raise no_comment(comment_id)
    return comment_of(rows[0])


def set_state(tx: Transaction, comment: Comment, state: State, *, held_for: str = "") -> None:
    """Show, hold or remove a comment that is in another state: the count moves with it, and who was told of it."""
    tx.execute(
        "UPDATE comments SET state = ?, held_for = ? WHERE id = ? AND state = ?",
        (state, held_for[:200], comment.id, comment.state),
    )
    if state == "shown":
        _count(tx, comment, 1)
        _announce(tx, replace(comment, state="shown"))
    elif comment.state == "shown":
        _count(tx, comment, -1)
        forget_comment(tx, comment.id)


def has_answers(tx: Transaction, comment_id: str) -> bool:
    return bool(tx.query("SELECT 1 FROM comments WHERE parent_id = ? LIMIT 1", (comment_id,)))


def no_post(slug: str) -> NotFound:
    return NotFound(f"There is no post {slug[:100]!r}.", remedy="GET /api/v1/posts lists them all.")


def no_comment(comment_id: str) -> NotFound:
    return NotFound(
        f"There is no comment {comment_id[:40]!r}.", remedy="It may have been deleted; read the comments again."
    )


def comment_of(row: sqlite3.Row) -> Comment:
    """From a row with `COLUMNS` of `TABLES`."""
    writer = Writer(row["person_id"], row["handle"], row["name"], row["avatar"]) if row["handle"] is not None else None
    return Comment(
        row["id"], row["post_id"], row["slug"], row["title"], row["parent_id"], row["answers_id"], writer,
        row["markdown"], row["html"], row["blocks"], row["state"], row["held_for"], row["created_at"], row["edited_at"],
    )  # fmt: skip


def _count(tx: Transaction, comment: Comment, by: int) -> None:
    """The post has so many more shown comments."""
    tx.execute("UPDATE posts SET comments = comments + ? WHERE id = ?", (by, comment.post_id))
    tx.publish(PostCounted(comment.slug))


def _sweep_stub(tx: Transaction, comment_id: str | None) -> None:
    """A stub goes with the last answer that hung on it."""
    if comment_id is not None and not has_answers(tx, comment_id):
        tx.execute("DELETE FROM comments WHERE id = ? AND state = 'deleted'", (comment_id,))


def _own(tx: Transaction, comment_id: str, person_id: str) -> Comment:
    comment = stored(tx, comment_id)
    is_mine = comment.writer is not None and comment.writer.id == person_id
    if comment.state == "deleted" or (not is_mine and comment.state != "shown"):
        raise no_comment(comment_id)
    if not is_mine:
        if comment.writer is not None and is_blocked(tx, person_id, comment.writer.id):
            raise no_comment(comment_id)
        raise Forbidden("The comment is somebody else's.", remedy="You can report it.")
    return comment


def _answered(tx: Transaction, post_id: str, comment_id: str, person_id: str) -> Comment:
    """The comment that is answered. Raises NotFound, Conflict, Forbidden."""
    rows = tx.query(f"SELECT {COLUMNS} FROM {TABLES} WHERE c.id = ? AND c.post_id = ?", (comment_id, post_id))
    if not rows:
        raise no_comment(comment_id)
    comment = comment_of(rows[0])
    is_mine = comment.writer is not None and comment.writer.id == person_id
    if comment.state == "held" and not is_mine:
        raise no_comment(comment_id)
    if comment.writer is not None and is_blocked(tx, person_id, comment.writer.id):
        raise no_comment(comment_id)
    if comment.state != "shown":
        raise Conflict("The comment cannot be answered any more, or not yet.", remedy="Write one of its own.")
    if comment.parent_id is not None:
        head = stored(tx, comment.parent_id)
        if head.writer is not None and is_blocked(tx, person_id, head.writer.id):
            raise Forbidden("You cannot write in this thread.", remedy="Write a comment of its own.")
    return comment


def _check_room(tx: Transaction, person_id: str) -> None:
    held = tx.query(
        "SELECT 1 FROM comments WHERE person_id = ? AND state = 'held' ORDER BY id LIMIT 1 OFFSET ?",
        (person_id, MOST_HELD - 1),
    )
    if held:
        raise Conflict(f"{MOST_HELD} of your comments wait for a moderator.", remedy="Wait until some are approved.")


def _just_sent(tx: Transaction, post_id: str, person_id: str, thread_id: str | None, markdown: str) -> Comment | None:
    """The person's last comment, if it says the same at the same place and is not old."""
    rows = tx.query(f"SELECT {COLUMNS} FROM {TABLES} WHERE c.person_id = ? ORDER BY c.id DESC LIMIT 1", (person_id,))
    last = comment_of(rows[0]) if rows else None
    if last is None or tx.now_ms - last.created_at > _SAME_WITHIN_MS or last.state not in {"shown", "held"}:
        return None
    is_same = (last.post_id, last.parent_id, last.markdown) == (post_id, thread_id, markdown)
    return last if is_same else None


def _announce(tx: Transaction, comment: Comment) -> None:
    """Tell of a shown comment whom it answers and mentions, and the webhooks of its first showing."""
    if comment.writer is None:
        return
    answered = []
    for id_ in dict.fromkeys([comment.answers_id, comment.parent_id]):
        answered += [row["person_id"] for row in tx.query("SELECT person_id FROM comments WHERE id = ?", (id_,))]
    tell_of_comment(
        tx, comment.id, post_id=comment.post_id, by_id=comment.writer.id,
        answered=filter(None, answered), mentioned=_mentioned(tx, comment.blocks),
    )  # fmt: skip
    outbox.put(
        tx, "comment.created", f"comment.created:{comment.id}",
        {
            "id": comment.id,
            "post": {"slug": comment.slug, "url": f"/p/{quote(comment.slug, safe='')}", "title": comment.title},
            "parent": comment.parent_id,
            "author": {"handle": comment.writer.handle, "name": comment.writer.name},
            "text": comment.markdown,
            "html": comment.html,
            "created_at": outbox.moment(comment.created_at),
        },
    )  # fmt: skip


def _mentioned(tx: Transaction, blocks: str) -> list[str]:
    """Ids of the people that are named in a comment; a name in code is no mention."""
    handles = dict.fromkeys(found.lower() for text in _texts(blocks) for found in _MENTION.findall(text))
    people = []
    for handle in list(handles)[:MAX_MENTIONS]:
        rows = tx.query(
            "SELECT id FROM people WHERE handle IN (?, ?) ORDER BY handle DESC", (handle, handle.rstrip("-_"))
        )
        people += [row["id"] for row in rows[:1]]
    return people


def _texts(blocks: str) -> Iterator[str]:
    """The texts of a comment's blocks without code, a line of runs each; marks and links do not part a word."""
    for block in json.loads(blocks):
        for runs in [block["runs"]] if "runs" in block else block.get("items", ()):
            yield "".join(" " if run.get("code") else run["text"] for run in runs)


def _state_of_stub(comment: Comment, row: sqlite3.Row) -> SeenState:
    return comment.state if comment.state in {"removed", "deleted"} and not row["is_hidden"] else "hidden"
