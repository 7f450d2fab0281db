"""Featured posts: what the owner puts at the top of the front page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from blogen.errors import NotFound
from blogen.events import FeaturedChanged

if TYPE_CHECKING:
    from blogen.domain.post_summary import PostSummary
    from blogen.store.database import Database, Transaction

MOST_FEATURED: Final = 4
"""One large and three small."""


class Featured:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def posts(self) -> list[PostSummary]:
        """The featured posts, the one chosen last first."""
        rows = await self._database.read(f"SELECT p.item {_CHOSEN}")
        if not rows:
            return []
        from blogen.domain.post_summary import PostSummary

        return [PostSummary.model_validate_json(row["item"]) for row in rows]

    async def slugs(self) -> list[str]:
        """Which posts are featured, the one chosen last first."""
        return [row["slug"] for row in await self._database.read(f"SELECT p.slug {_CHOSEN}")]

    async def feature(self, slug: str) -> None:
        """Put the post before all others; beyond MOST_FEATURED the one chosen first is dropped. Raises NotFound."""

        def work(tx: Transaction) -> None:
            found = tx.query("SELECT id FROM posts WHERE slug = ?", (slug,))
            if not found:
                raise NotFound(f"There is no post {slug[:100]!r}.", remedy="It may have been deleted meanwhile.")
            # Later than all others, even within one millisecond.
            tx.execute(
                "INSERT INTO featured_posts (post_id, at)"
                " VALUES (?, max(?, 1 + coalesce((SELECT max(at) FROM featured_posts), 0)))"
                " ON CONFLICT (post_id) DO UPDATE SET at = excluded.at",
                (found[0]["id"], tx.now_ms),
            )
            tx.execute(
                "DELETE FROM featured_posts WHERE post_id NOT IN"
                " (SELECT post_id FROM featured_posts ORDER BY at DESC LIMIT ?)",
                (MOST_FEATURED,),
            )
            tx.publish(FeaturedChanged())

        await self._database.write(work)

    async def unfeature(self, slug: str) -> None:
        """Take the post from the top; one that is not there stays where it is."""

        def work(tx: Transaction) -> None:
            gone = tx.execute(
                "DELETE FROM featured_posts WHERE post_id = (SELECT id FROM posts WHERE slug = ?)", (slug,)
            )
            if gone:
                tx.publish(FeaturedChanged())

        await self._database.write(work)


# CROSS JOIN: from the few that are chosen to their posts, whatever SQLite thinks of how many there are.
_CHOSEN = "FROM featured_posts f CROSS JOIN posts p ON p.id = f.post_id ORDER BY f.at DESC"
