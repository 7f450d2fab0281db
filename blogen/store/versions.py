"""Versions of a post: what it said, who saved that and when. Each save of `Posts.change` adds one."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blogen.domain.post import Block
    from blogen.domain.post_summary import Picture, PostSource, PostSummary
    from blogen.store.database import Database, Transaction

MOST_KEPT: Final = 50
"""Versions of one post that are kept, beside its first; older ones go."""

Changed = Literal["title", "summary", "tags", "cover", "text"]

_KEPT: Final = {"title", "summary", "tags", "cover", "images", "sources"}
"""What of a post in lists a version holds. The rest stays as it is, or follows from the blocks."""


class VersionLine(NamedTuple):
    """A version in the list of them."""

    number: int
    saved_at: int
    """Unix ms: the post's `updated_at` while it said this."""
    by: str
    """The handle of who saved it; empty: it was published so."""
    changed: Sequence[Changed]
    """What differs from the version before."""
    restores: int | None
    """The number of the version that it brought back."""


class Version(NamedTuple):
    """What a post said."""

    line: VersionLine
    title: str
    summary: str
    tags: list[str]
    cover: Picture | None
    images: list[Picture]
    sources: list[PostSource]
    blocks: list[Block]


class Versions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_post(self, slug: str) -> list[VersionLine]:
        """The versions that are kept, the newest first: it is what the post says now. [] if it was never changed."""
        rows = await self._database.read(
            f"SELECT {_LINE} FROM post_versions v JOIN posts p ON p.id = v.post_id WHERE p.slug = ?"
            " ORDER BY v.number DESC LIMIT ?",
            (slug, MOST_KEPT + 1),
        )
        return [_line(row) for row in rows]

    async def get(self, slug: str, number: int) -> Version | None:
        """The version of that number."""
        return await self._one("v.number = ?", slug, number)

    async def before(self, slug: str, number: int) -> Version | None:
        """The newest version before that one that is kept."""
        return await self._one("v.number < ? ORDER BY v.number DESC LIMIT 1", slug, number)

    async def saved_at(self, slug: str, at: int) -> Version | None:
        """What the post said when its `updated_at` was that."""
        return await self._one("v.saved_at = ?", slug, at)

    async def _one(self, which: str, slug: str, key: int) -> Version | None:
        row = await self._database.read_one(
            f"SELECT {_LINE}, v.item, v.blocks FROM post_versions v JOIN posts p ON p.id = v.post_id"
            f" WHERE p.slug = ? AND {which}",
            (slug, key),
        )
        return _version(row) if row else None


def differences(before: PostSummary, after: PostSummary, *, is_other_text: bool) -> list[Changed]:
    """What a save changes."""
    found: dict[Changed, bool] = {
        "title": before.title != after.title,
        "summary": before.summary != after.summary,
        "tags": before.tags != after.tags,
        "cover": before.cover != after.cover,
        "text": is_other_text,
    }
    return [name for name, differs in found.items() if differs]


def keep(
    tx: Transaction,
    post_id: str,
    *,
    before: tuple[PostSummary, str],
    after: tuple[PostSummary, str],
    by: str,
    changed: Sequence[Changed],
    restores: int | None = None,
) -> None:
    """Within the save: keep `after`, and of a post without versions `before`, too. Each is the post with its blocks'
    JSON. Beyond MOST_KEPT the oldest goes, but never the first."""
    newest = tx.query("SELECT max(number) AS number FROM post_versions WHERE post_id = ?", (post_id,))[0]["number"]
    if newest is None:
        newest = 1
        _insert(tx, post_id, newest, before, by="", changed=[], restores=None)
    _insert(tx, post_id, newest + 1, after, by=by, changed=changed, restores=restores)
    tx.execute(
        "DELETE FROM post_versions WHERE post_id = ? AND number > 1 AND number <= ?", (post_id, newest + 1 - MOST_KEPT)
    )


def _insert(
    tx: Transaction,
    post_id: str,
    number: int,
    said: tuple[PostSummary, str],
    *,
    by: str,
    changed: Sequence[Changed],
    restores: int | None,
) -> None:
    post, blocks = said
    tx.execute(
        "INSERT INTO post_versions (post_id, number, saved_at, by_name, changed, restores, item, blocks)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (post_id, number, post.updated_at, by[:100], json.dumps(list(changed)), restores,
         post.model_dump_json(include=_KEPT), blocks),
    )  # fmt: skip


_LINE: Final = "v.number, v.saved_at, v.by_name, v.changed, v.restores"


def _line(row: sqlite3.Row) -> VersionLine:
    return VersionLine(row["number"], row["saved_at"], row["by_name"], json.loads(row["changed"]), row["restores"])


def _version(row: sqlite3.Row) -> Version:
    from pydantic import TypeAdapter

    from blogen.domain.post import Block
    from blogen.domain.post_summary import Picture, PostSource

    blocks: TypeAdapter[list[Block]] = TypeAdapter(list[Block])
    item = json.loads(row["item"])
    return Version(
        line=_line(row),
        title=item["title"],
        summary=item["summary"],
        tags=item["tags"],
        cover=Picture.model_validate(item["cover"]) if item["cover"] else None,
        images=[Picture.model_validate(one) for one in item["images"]],
        sources=[PostSource.model_validate(one) for one in item["sources"]],
        blocks=blocks.validate_json(row["blocks"]),
    )
