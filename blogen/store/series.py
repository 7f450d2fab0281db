"""Series: posts that belong together, in an order; and the addresses of posts that are gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from blogen.errors import FieldError, InvalidInput, NotFound
from blogen.events import SeriesChanged
from blogen.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blogen.domain.post_summary import PostSummary
    from blogen.store.database import Database, Transaction

_MOST_PARTS = 200
_TITLE_CHARACTERS = 200
_DESCRIPTION_CHARACTERS = 1000


class SeriesName(NamedTuple):
    slug: str
    title: str
    posts: int


class SeriesOfPosts(NamedTuple):
    """A series that has posts, in their order."""

    slug: str
    title: str
    description: str
    posts: list[PostSummary]

    def part_of(self, slug: str) -> int:
        """Which part the post is, from 1. Raises ValueError if it is none."""
        return 1 + [post.slug for post in self.posts].index(slug)


class GonePost(NamedTuple):
    """A post that was deleted."""

    slug: str
    tags: list[str]
    deleted_at: int


class Series:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_slug(self, slug: str) -> SeriesOfPosts | None:
        """The series at that address; None if there is none, or no post in it."""
        return await self._series("s.slug = ?", slug)

    async def of_post(self, slug: str) -> SeriesOfPosts | None:
        """The series that the post is a part of."""
        return await self._series(
            "s.id = (SELECT m.series_id FROM series_posts m JOIN posts n ON n.id = m.post_id WHERE n.slug = ?)", slug
        )

    async def names(self, limit: int = 200) -> list[SeriesName]:
        """The series that have posts, by title."""
        rows = await self._database.read(
            "SELECT s.slug, s.title, count(*) FROM series s JOIN series_posts m ON m.series_id = s.id"
            " GROUP BY s.id ORDER BY s.title LIMIT ?",
            (limit,),
        )
        return [SeriesName(*row) for row in rows]

    async def titles(self, slugs: Iterable[str]) -> dict[str, str]:
        """The title of the series that each of these posts is a part of; those in none are left out."""
        rows = await self._database.read(
            "SELECT p.slug, s.title FROM json_each(?) wanted JOIN posts p ON p.slug = wanted.value"
            " JOIN series_posts m ON m.post_id = p.id JOIN series s ON s.id = m.series_id",
            (json.dumps(list(slugs)),),
        )
        return {row["slug"]: row["title"] for row in rows}

    async def place(self, slug: str, title: str, *, part: int | None = None) -> str | None:
        """Make the post a part of the series of that title, the last or the `part`th; an empty title: of none.

        A series is made when its first post comes. Its address, or None. Raises NotFound, InvalidInput.
        """
        title = " ".join(title.split())
        if len(title) > _TITLE_CHARACTERS:
            raise _wrong("series", f"has {len(title)} characters; at most {_TITLE_CHARACTERS}")
        if part is not None and not 1 <= part <= _MOST_PARTS:
            raise _wrong("part", f"must be a number from 1 to {_MOST_PARTS}")
        # The address is made outside of the transaction: it needs a library that takes its time to load.
        wanted = _slug_of(title) if title else ""

        def work(tx: Transaction) -> str | None:
            post_id = _post_id(tx, slug)
            before = tx.query(
                "SELECT s.id, s.slug FROM series_posts m JOIN series s ON s.id = m.series_id WHERE m.post_id = ?",
                (post_id,),
            )
            touched = {row["slug"] for row in before}
            now = _series_titled(tx, title, wanted) if title else None
            if before and (now is None or before[0]["id"] != now[0]):
                _put_parts(tx, before[0]["id"], [one for one in _parts(tx, before[0]["id"]) if one != post_id])
            if now is not None:
                others = [one for one in _parts(tx, now[0]) if one != post_id]
                if len(others) >= _MOST_PARTS:
                    raise _wrong("series", f"has {_MOST_PARTS} posts already, which is the most")
                at = len(others) if part is None else part - 1
                _put_parts(tx, now[0], [*others[:at], post_id, *others[at:]])
                touched.add(now[1])
            for series_slug in sorted(touched):
                tx.publish(SeriesChanged(series_slug, slug))
            return now[1] if now else None

        return await self._database.write(work)

    async def describe(self, slug: str, description: str) -> None:
        """Say what the series is about. Raises NotFound, InvalidInput."""
        said = description.strip()
        if len(said) > _DESCRIPTION_CHARACTERS:
            raise _wrong("description", f"has {len(said)} characters; at most {_DESCRIPTION_CHARACTERS}")

        def work(tx: Transaction) -> None:
            if not tx.execute("UPDATE series SET description = ? WHERE slug = ?", (said, slug)):
                raise NotFound(f"There is no series {slug[:100]!r}.", remedy="Its last post may have left it.")
            tx.publish(SeriesChanged(slug, ""))

        await self._database.write(work)

    async def gone(self, slug: str) -> GonePost | None:
        """The post that was deleted from this address."""
        row = await self._database.read_one("SELECT slug, tags, deleted_at FROM gone_posts WHERE slug = ?", (slug,))
        return GonePost(row["slug"], json.loads(row["tags"]), row["deleted_at"]) if row else None

    async def _series(self, which: str, slug: str) -> SeriesOfPosts | None:
        rows = await self._database.read(
            "SELECT s.slug, s.title, s.description, p.item FROM series s JOIN series_posts m ON m.series_id = s.id"
            f" JOIN posts p ON p.id = m.post_id WHERE {which} ORDER BY m.part",
            (slug,),
        )
        if not rows:
            return None
        from blogen.domain.post_summary import PostSummary

        first = rows[0]
        posts = [PostSummary.model_validate_json(row["item"]) for row in rows]
        return SeriesOfPosts(first["slug"], first["title"], first["description"], posts)


def remember_gone(tx: Transaction, slug: str, tags: Iterable[str]) -> None:
    """Note that the post at this address is deleted."""
    tx.execute(
        "INSERT INTO gone_posts (slug, tags, deleted_at) VALUES (?, ?, ?)"
        " ON CONFLICT (slug) DO UPDATE SET tags = excluded.tags, deleted_at = excluded.deleted_at",
        (slug, json.dumps(sorted(tags), ensure_ascii=False), tx.now_ms),
    )


def _post_id(tx: Transaction, slug: str) -> str:
    found = tx.query("SELECT id FROM posts WHERE slug = ?", (slug,))
    if not found:
        raise NotFound(f"There is no post {slug[:100]!r}.", remedy="It may have been deleted meanwhile.")
    return str(found[0]["id"])


def _series_titled(tx: Transaction, title: str, wanted: str) -> tuple[str, str]:
    """Id and slug of the series of that title, made if there is none."""
    if found := tx.query("SELECT id, slug FROM series WHERE title = ?", (title,)):
        return found[0]["id"], found[0]["slug"]
    slug, turn = wanted, 1
    while tx.query("SELECT 1 FROM series WHERE slug = ?", (slug,)):
        turn += 1
        slug = f"{wanted}-{turn}"
    series_id = new_id()
    tx.execute(
        "INSERT INTO series (id, slug, title, created_at) VALUES (?, ?, ?, ?)", (series_id, slug, title, tx.now_ms)
    )
    return series_id, slug


def _parts(tx: Transaction, series_id: str) -> list[str]:
    rows = tx.query("SELECT post_id FROM series_posts WHERE series_id = ? ORDER BY part", (series_id,))
    return [row["post_id"] for row in rows]


def _put_parts(tx: Transaction, series_id: str, post_ids: list[str]) -> None:
    """Let these, in this order, be the parts; a series without any is forgotten."""
    tx.execute("DELETE FROM series_posts WHERE series_id = ?", (series_id,))
    if not post_ids:
        tx.execute("DELETE FROM series WHERE id = ?", (series_id,))
    for part, post_id in enumerate(post_ids, 1):
        tx.execute(
            "INSERT INTO series_posts (post_id, series_id, part) VALUES (?, ?, ?)"
            " ON CONFLICT (post_id) DO UPDATE SET series_id = excluded.series_id, part = excluded.part",
            (post_id, series_id, part),
        )


def _slug_of(title: str) -> str:
    from blogen.domain.slugs import slugify

    return slugify(title, otherwise="series")


def _wrong(field: str, message: str) -> InvalidInput:
    return InvalidInput(
        f"The {field} {message}.", remedy="Mend the field and send it again.", errors=[FieldError(field, message)]
    )
