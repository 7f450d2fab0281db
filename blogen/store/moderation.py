"""Moderation: what waits, what was reported, what was decided. Every act is in the log with what undoes it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from blogen.domain.blocked_words import MAX_WORD_CHARS, MAX_WORDS, folded
from blogen.errors import Conflict, FieldError, InvalidInput, NotFound
from blogen.events import CommentChanged, CommentRemoved
from blogen.ids import new_id
from blogen.store.comments import COLUMNS, TABLES, Comment, State, comment_of, no_comment, set_state, stored
from blogen.store.corrections import post_with_block, publish_in
from blogen.store.database import Database, Transaction
from blogen.store.notifications import tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from blogen.store.walks import Page

MOST_OPEN = 50
"""Open reports of one person."""

Action = Literal["approve", "remove", "restore", "close-report", "block-word", "unblock-word"]


@dataclass(frozen=True, slots=True)
class Act:
    """An entry of the log."""

    id: str
    at: int
    by: str
    """Handle of who did it, or `owner`."""
    action: Action
    target: str
    """Id of the comment or report, or the word."""
    undone_at: int | None


@dataclass(frozen=True, slots=True)
class Report:
    id: str
    handle: str | None
    """Who reported it; None once the account is gone."""
    slug: str
    comment: Comment | None
    """What was reported; None: a post."""
    block: str | None
    note: str
    created_at: int


class Target(NamedTuple):
    """What an act was about: a comment, or a report."""

    slug: str
    text: str
    """Of the comment, or the report's note."""
    comment_id: str | None
    thread_id: str | None
    """The first comment of its thread."""


class Moderation:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(self, limit: int, after: str | None = None) -> Page[Comment]:
        """Comments that are held, the oldest first."""
        rows = await self._database.read(
            f"SELECT {COLUMNS} FROM {TABLES} WHERE c.state = 'held' AND c.id > ? ORDER BY c.id LIMIT ?",
            (after or "", limit + 1),
        )
        return [comment_of(row) for row in rows[:limit]], _next(rows, limit)

    async def removed(self, limit: int, before: str | None = None) -> Page[Comment]:
        """Comments that were removed, those written last first."""
        rows = await self._database.read(
            f"SELECT {COLUMNS} FROM {TABLES} WHERE c.state = 'removed' AND (? IS NULL OR c.id < ?)"
            " ORDER BY c.id DESC LIMIT ?",
            (before, before, limit + 1),
        )
        return [comment_of(row) for row in rows[:limit]], _next(rows, limit)

    async def waiting(self) -> tuple[int, int]:
        """How many comments are held, and how many reports are open."""
        row = await self._database.read_one(
            "SELECT (SELECT count(*) FROM comments WHERE state = 'held'),"
            " (SELECT count(*) FROM reports WHERE closed_at IS NULL)"
        )
        assert row is not None
        return row[0], row[1]

    async def approve(self, comment_id: str, by: str) -> Act:
        """Show a held comment, and from now on its writer's at once. Raises NotFound, Conflict."""

        def work(tx: Transaction) -> Act:
            comment = _in_state(tx, comment_id, "held")
            has_gained_trust = comment.writer is not None and bool(
                tx.execute("UPDATE people SET is_trusted = 1 WHERE id = ? AND is_trusted = 0", (comment.writer.id,))
            )
            before = {"state": "held", "held_for": comment.held_for, "has_gained_trust": has_gained_trust}
            return _decide(tx, comment, "shown", "approve", by, before)

        return await self._database.write(work)

    async def remove(self, comment_id: str, by: str) -> Act:
        """Hide a shown or held comment from everyone; its text is kept. Raises NotFound, Conflict."""

        def work(tx: Transaction) -> Act:
            comment = _in_state(tx, comment_id, "shown", "held")
            return _decide(
                tx, comment, "removed", "remove", by, {"state": comment.state, "held_for": comment.held_for}
            )  # fmt: skip

        return await self._database.write(work)

    async def restore(self, comment_id: str, by: str) -> Act:
        """Show a removed comment again. Raises NotFound, Conflict."""

        def work(tx: Transaction) -> Act:
            return _decide(tx, _in_state(tx, comment_id, "removed"), "shown", "restore", by, {"state": "removed"})

        return await self._database.write(work)

    async def log(self, limit: int, before: str | None = None) -> Page[Act]:
        """What was decided, the newest first."""
        behind, params = ("WHERE id < ?", (before,)) if before else ("", ())
        rows = await self._database.read(
            f"SELECT {_ACT} FROM moderation_log {behind} ORDER BY id DESC LIMIT ?", (*params, limit + 1)
        )
        return [_act(row) for row in rows[:limit]], _next(rows, limit)

    async def targets(self, acts: Sequence[Act]) -> Mapping[str, Target]:
        """What the acts were about, by `Act.target`, as far as it is still there; words say it themselves."""
        comments = await self._comments([act.target for act in acts if act.action in _ON_COMMENTS])
        found = {id_: Target(one.slug, one.markdown, id_, one.parent_id or id_) for id_, one in comments.items()}
        closed = [act.target for act in acts if act.action == "close-report"]
        rows = await self._database.read(
            "SELECT r.id, r.note, r.comment_id, coalesce(c.parent_id, c.id) AS thread, p.slug"
            " FROM json_each(?) wanted JOIN reports r ON r.id = wanted.value"
            " LEFT JOIN comments c ON c.id = r.comment_id JOIN posts p ON p.id = coalesce(r.post_id, c.post_id)",
            (json.dumps(closed),),
        )
        return found | {row["id"]: Target(row["slug"], row["note"], row["comment_id"], row["thread"]) for row in rows}

    async def undo(self, act_id: str) -> Act:
        """Take an act back. Raises NotFound; Conflict if that was done, or what it changed was changed since."""

        def work(tx: Transaction) -> Act:
            rows = tx.query(f"SELECT {_ACT}, before FROM moderation_log WHERE id = ?", (act_id,))
            if not rows:
                raise NotFound(
                    f"There is no act of moderation {act_id[:40]!r}.", remedy="`blogen moderation log` shows them all."
                )
            act, before = _act(rows[0]), json.loads(rows[0]["before"])
            if act.undone_at is not None:
                raise Conflict("This was undone before.", remedy="Decide anew.")
            _UNDO[act.action](tx, act, before)
            tx.execute("UPDATE moderation_log SET undone_at = ? WHERE id = ?", (tx.now_ms, act.id))
            return Act(act.id, act.at, act.by, act.action, act.target, tx.now_ms)

        return await self._database.write(work)

    async def report_comment(self, comment_id: str, person_id: str, note: str) -> str:
        """Tell the moderators of a comment; the report's id. Each person's counts once while it is open.

        The caller has made sure that the person may see the comment. Raises NotFound.
        """

        def work(tx: Transaction) -> str:
            if stored(tx, comment_id).state == "deleted":
                raise no_comment(comment_id)
            return _report(tx, person_id, note, comment_id=comment_id)

        return await self._database.write(work)

    async def report_post(self, slug: str, person_id: str, note: str, *, block: str | None = None) -> str:
        """Tell the moderators of an error in a post; the report's id. Raises NotFound, InvalidInput."""

        def work(tx: Transaction) -> str:
            return _report(tx, person_id, note, post_id=post_with_block(tx, slug, block), block=block)

        return await self._database.write(work)

    async def reports(self, limit: int, after: str | None = None) -> Page[Report]:
        """Reports that are open, the oldest first."""
        rows = await self._database.read(
            "SELECT r.id, r.comment_id, r.block, r.note, r.created_at, w.handle, po.slug"
            " FROM reports r LEFT JOIN people w ON w.id = r.person_id LEFT JOIN comments c ON c.id = r.comment_id"
            " LEFT JOIN posts po ON po.id = coalesce(r.post_id, c.post_id)"
            " WHERE r.closed_at IS NULL AND r.id > ? ORDER BY r.id LIMIT ?",
            (after or "", limit + 1),
        )
        comments = await self._comments([row["comment_id"] for row in rows[:limit] if row["comment_id"]])
        found = [
            Report(
                row["id"], row["handle"], row["slug"], comments.get(row["comment_id"]), row["block"], row["note"],
                row["created_at"],
            )
            for row in rows[:limit]
        ]  # fmt: skip
        return found, _next(rows, limit)

    async def close_report(self, report_id: str, outcome: str, by: str) -> Act:
        """Close a report and tell who made it. Raises NotFound, Conflict."""

        return await self._database.write(lambda tx: _close(tx, report_id, outcome, by))

    async def correct(self, report_id: str, text: str, outcome: str, by: str) -> Act:
        """Answer the report of an error in a post with a public correction, and close it: both, or neither.

        A block that the post no longer has is not named in it. Raises NotFound, Conflict.
        """

        def work(tx: Transaction) -> Act:
            act = _close(tx, report_id, outcome, by)
            rows = tx.query(
                "SELECT p.slug, r.block, b.blocks FROM reports r JOIN posts p ON p.id = r.post_id"
                " JOIN post_bodies b ON b.post_id = p.id WHERE r.id = ?",
                (report_id,),
            )
            if not rows:
                raise Conflict("The report is about a comment.", remedy="Corrections are of posts.")
            block = rows[0]["block"]
            has_block = any(one["id"] == block for one in json.loads(rows[0]["blocks"]))
            publish_in(tx, rows[0]["slug"], text, block=block if has_block else None)
            return act

        return await self._database.write(work)

    async def block_word(self, word: str, by: str) -> Act:
        """Hold comments that say `word`, a word or a phrase. Raises InvalidInput, Conflict."""
        plain = _known_word(word)

        def work(tx: Transaction) -> Act:
            if tx.query("SELECT 1 FROM blocked_words ORDER BY word LIMIT 1 OFFSET ?", (MAX_WORDS - 1,)):
                raise Conflict(f"{MAX_WORDS} words are blocked already.", remedy="Take some back first.")
            if not _add_word(tx, plain):
                raise Conflict(f"The word {plain!r} is blocked already.", remedy="There is nothing to do.")
            return _log(tx, by, "block-word", plain, {})

        return await self._database.write(work)

    async def unblock_word(self, word: str, by: str) -> Act:
        """Raises InvalidInput, NotFound."""
        plain = _known_word(word)

        def work(tx: Transaction) -> Act:
            if not tx.execute("DELETE FROM blocked_words WHERE word = ?", (plain,)):
                raise NotFound(f"The word {plain!r} is not blocked.", remedy="`blogen moderation words` lists them.")
            return _log(tx, by, "unblock-word", plain, {})

        return await self._database.write(work)

    async def words(self) -> list[str]:
        """All blocked words, in order."""
        rows = await self._database.read("SELECT word FROM blocked_words ORDER BY word LIMIT ?", (MAX_WORDS,))
        return [row["word"] for row in rows]

    async def _comments(self, ids: list[str]) -> Mapping[str, Comment]:
        marks = ", ".join("?" * len(ids))
        rows = await self._database.read(f"SELECT {COLUMNS} FROM {TABLES} WHERE c.id IN ({marks})", ids) if ids else []
        return {row["id"]: comment_of(row) for row in rows}


def _in_state(tx: Transaction, comment_id: str, *states: State) -> Comment:
    comment = stored(tx, comment_id)
    if comment.state == "deleted":
        raise no_comment(comment_id)
    if comment.state not in states:
        raise Conflict(f"The comment is {comment.state}.", remedy="See what was decided: `blogen moderation log`.")
    return comment


def _decide(
    tx: Transaction, comment: Comment, state: State, action: Action, by: str, before: Mapping[str, object]
) -> Act:
    """Bring a comment into another state, write that down, tell its writer."""
    set_state(tx, comment, state)
    act = _log(tx, by, action, comment.id, before)
    if comment.writer is not None:
        tell(
            tx, comment.writer.id, "moderation", f"moderation:{act.id}", post_id=comment.post_id,
            comment_id=comment.id, detail={"action": action},
        )  # fmt: skip
    _publish(tx, comment, state)
    return act


def _publish(tx: Transaction, comment: Comment, state: State) -> None:
    if state == "removed":
        tx.publish(CommentRemoved(comment.id, comment.slug))
    else:
        tx.publish(CommentChanged(comment.id, comment.slug, state))


def _undo_decision(tx: Transaction, act: Act, before: Mapping[str, object]) -> None:
    expected: State = "removed" if act.action == "remove" else "shown"
    comment = stored(tx, act.target)
    if comment.state != expected:
        raise Conflict(
            f"The comment is {comment.state} by now, not {expected}.",
            remedy="Undo what was decided since, or decide anew.",
        )
    state: State = before["state"]  # type: ignore[assignment]
    set_state(tx, comment, state, held_for=str(before.get("held_for", "")))
    if before.get("has_gained_trust") and comment.writer is not None:
        tx.execute("UPDATE people SET is_trusted = 0 WHERE id = ?", (comment.writer.id,))
    if comment.writer is not None:
        tx.execute(
            "DELETE FROM notifications WHERE person_id = ? AND source = ?", (comment.writer.id, f"moderation:{act.id}")
        )
    _publish(tx, comment, state)


def _undo_closing(tx: Transaction, act: Act, _before: Mapping[str, object]) -> None:
    rows = tx.query("SELECT person_id, closed_at FROM reports WHERE id = ?", (act.target,))
    if not rows or rows[0]["closed_at"] is None:
        raise Conflict("The report is open, or gone with what it was about.", remedy="There is nothing to undo.")
    tx.execute("UPDATE reports SET closed_at = NULL, outcome = '' WHERE id = ?", (act.target,))
    tx.execute(
        "DELETE FROM notifications WHERE person_id = ? AND source = ?", (rows[0]["person_id"], f"moderation:{act.id}")
    )


def _undo_blocking(tx: Transaction, act: Act, _before: Mapping[str, object]) -> None:
    if not tx.execute("DELETE FROM blocked_words WHERE word = ?", (act.target,)):
        raise Conflict("The word is not blocked any more.", remedy="There is nothing to undo.")


def _undo_unblocking(tx: Transaction, act: Act, _before: Mapping[str, object]) -> None:
    if not _add_word(tx, act.target):
        raise Conflict("The word is blocked again already.", remedy="There is nothing to undo.")


_UNDO = {
    "approve": _undo_decision,
    "remove": _undo_decision,
    "restore": _undo_decision,
    "close-report": _undo_closing,
    "block-word": _undo_blocking,
    "unblock-word": _undo_unblocking,
}


def _close(tx: Transaction, report_id: str, outcome: str, by: str) -> Act:
    rows = tx.query(
        "SELECT r.person_id, r.comment_id, r.closed_at, coalesce(r.post_id, c.post_id) AS post_id"
        " FROM reports r LEFT JOIN comments c ON c.id = r.comment_id WHERE r.id = ?",
        (report_id,),
    )
    if not rows:
        raise NotFound(f"There is no report {report_id[:40]!r}.", remedy="`blogen moderation reports` lists them.")
    if rows[0]["closed_at"] is not None:
        raise Conflict("The report is closed.", remedy="Undo that first, if it was wrong.")
    tx.execute("UPDATE reports SET closed_at = ?, outcome = ? WHERE id = ?", (tx.now_ms, outcome, report_id))
    act = _log(tx, by, "close-report", report_id, {})
    if rows[0]["person_id"] is not None:
        tell(
            tx, rows[0]["person_id"], "moderation", f"moderation:{act.id}", post_id=rows[0]["post_id"],
            comment_id=rows[0]["comment_id"], detail={"action": "close-report", "outcome": outcome},
        )  # fmt: skip
    return act


def _log(tx: Transaction, by: str, action: Action, target: str, before: Mapping[str, object]) -> Act:
    act = Act(new_id(), tx.now_ms, by, action, target, None)
    tx.execute(
        "INSERT INTO moderation_log (id, at, by_name, action, target, before) VALUES (?, ?, ?, ?, ?, ?)",
        (act.id, act.at, by, action, target, json.dumps(before)),
    )
    return act


def _report(
    tx: Transaction,
    person_id: str,
    note: str,
    *,
    comment_id: str | None = None,
    post_id: str | None = None,
    block: str | None = None,
) -> str:
    """A new report, or the open one of this person about the same with the new note."""
    open_ones = tx.query(
        "SELECT id, comment_id, post_id, block FROM reports WHERE person_id = ? AND closed_at IS NULL"
        " ORDER BY id DESC LIMIT ?",
        (person_id, MOST_OPEN),
    )
    for row in open_ones:
        if (row["comment_id"], row["post_id"], row["block"]) == (comment_id, post_id, block):
            tx.execute("UPDATE reports SET note = ? WHERE id = ?", (note, row["id"]))
            return str(row["id"])
    if len(open_ones) == MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} of your reports are open.", remedy="Wait until some of them have been looked at.")
    report_id = new_id()
    tx.execute(
        "INSERT INTO reports (id, person_id, comment_id, post_id, block, note, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (report_id, person_id, comment_id, post_id, block, note, tx.now_ms),
    )
    return report_id


def _add_word(tx: Transaction, word: str) -> bool:
    return bool(
        tx.execute(
            "INSERT INTO blocked_words (word, added_at) VALUES (?, ?) ON CONFLICT (word) DO NOTHING", (word, tx.now_ms)
        )
    )


def _known_word(word: str) -> str:
    plain = folded(word)
    if not 2 <= len(plain) <= MAX_WORD_CHARS and not (len(plain) == 1 and not plain.isascii()):
        message = f"must have 2 to {MAX_WORD_CHARS} letters or digits, found {len(plain)}"
        raise InvalidInput(
            f"The word {message}.", remedy="Give a word or a phrase.", errors=[FieldError("word", message)]
        )
    return plain


_ON_COMMENTS = {"approve", "remove", "restore"}
_ACT = "id, at, by_name, action, target, undone_at"


def _act(row: sqlite3.Row) -> Act:
    return Act(row["id"], row["at"], row["by_name"], row["action"], row["target"], row["undone_at"])


def _next(rows: list[sqlite3.Row], limit: int) -> str | None:
    return rows[limit - 1]["id"] if len(rows) > limit else None
