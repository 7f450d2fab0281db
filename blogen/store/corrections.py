"""Corrections: what was wrong in a post and what it says now, public and dated."""

from dataclasses import dataclass

from blogen.errors import FieldError, InvalidInput
from blogen.events import CorrectionPublished
from blogen.ids import new_id
from blogen.store import outbox
from blogen.store.comments import no_post
from blogen.store.database import Database, Transaction
from blogen.store.walks import Page


@dataclass(frozen=True, slots=True)
class Correction:
    id: str
    block: str | None
    """Id of the post's block that it is about."""
    text: str
    created_at: int


class Corrections:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_post(self, slug: str, limit: int, after: str | None = None) -> Page[Correction]:
        """The oldest first. Raises NotFound."""
        post = await self._database.look_up_one("SELECT id FROM posts WHERE slug = ?", (slug,))
        if post is None:
            raise no_post(slug)
        rows = await self._database.read(
            "SELECT id, block, text, created_at FROM corrections WHERE post_id = ? AND id > ? ORDER BY id LIMIT ?",
            (post["id"], after or "", limit + 1),
        )
        return [Correction(**dict(row)) for row in rows[:limit]], rows[limit - 1]["id"] if len(rows) > limit else None

    async def publish(self, slug: str, text: str, *, block: str | None = None) -> Correction:
        """Raises NotFound, InvalidInput if the post has no such block."""

        return await self._database.write(lambda tx: publish_in(tx, slug, text, block=block))


def publish_in(tx: Transaction, slug: str, text: str, *, block: str | None = None) -> Correction:
    """As `Corrections.publish`, within a transaction."""
    post_id = post_with_block(tx, slug, block)
    made = Correction(new_id(), block, text, tx.now_ms)
    tx.execute(
        "INSERT INTO corrections (id, post_id, block, text, created_at) VALUES (?, ?, ?, ?, ?)",
        (made.id, post_id, block, text, made.created_at),
    )
    told = {"id": made.id, "post": slug, "block": block, "text": text, "at": outbox.moment(made.created_at)}
    outbox.put(tx, "correction.published", f"correction.published:{made.id}", told)
    tx.publish(CorrectionPublished(made.id, slug))
    return made


def post_with_block(tx: Transaction, slug: str, block: str | None) -> str:
    """The id of the post. Raises NotFound if there is none, InvalidInput if it has no such block."""
    import json

    rows = tx.query(
        "SELECT p.id, b.blocks FROM posts p JOIN post_bodies b ON b.post_id = p.id WHERE p.slug = ?", (slug,)
    )
    if not rows:
        raise no_post(slug)
    if block is not None and all(one["id"] != block for one in json.loads(rows[0]["blocks"])):
        message = "is not the id of a block of this post"
        raise InvalidInput(f"`block` {message}.", remedy="Read the post again.", errors=[FieldError("block", message)])
    return str(rows[0]["id"])
