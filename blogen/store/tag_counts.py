"""How many posts have each tag: kept, not counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blogen.store.database import Transaction


def count_tags(tx: Transaction, tags: Iterable[str], *, by: int) -> None:
    """Note that each of `tags` has `by` posts more; a tag that nobody uses and nobody follows is forgotten."""
    for tag in tags:
        tx.execute(
            "INSERT INTO tag_counts (tag, posts) VALUES (?, ?)"
            " ON CONFLICT (tag) DO UPDATE SET posts = tag_counts.posts + ?",
            (tag, max(by, 0), by),
        )
        forget_unused(tx, tag)


def forget_unused(tx: Transaction, tag: str) -> None:
    tx.execute("DELETE FROM tag_counts WHERE tag = ? AND posts = 0 AND followers = 0", (tag,))
