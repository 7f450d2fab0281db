"""Posts: published once per job, listed newest first, found by slug."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from blogen.errors import ChangedMeanwhile, FieldError, InvalidInput, NotFound
from blogen.events import PostChanged, PostDeleted, PostPublished
from blogen.ids import new_id
from blogen.store import outbox
from blogen.store.database import Database, Transaction
from blogen.store.series import remember_gone
from blogen.store.tag_counts import count_tags

if TYPE_CHECKING:
    from blogen.domain.changes import PostChange, Rewritten
    from blogen.domain.post import Block, Post, PostDraft
    from blogen.domain.post_summary import Picture, PostSummary, Provenance

_WORDS_A_MINUTE = 220
_SLUG_CHARACTERS = 100
_RELATED_PER_TAG = 20
_ITEMS = 256
"""Summaries that are at hand without being parsed again."""


class PostCursor(NamedTuple):
    """The last post of a list that was shown; the next list goes on behind it."""

    published_at: int
    id: str


class PostLine(NamedTuple):
    """A post in a list, without its text: which it is, which version, and its counts."""

    id: str
    slug: str
    published_at: int
    updated_at: int
    likes: int
    comments: int


class PostLines(NamedTuple):
    items: list[PostLine]
    next: PostCursor | None


class PostList(NamedTuple):
    items: list[PostSummary]
    next: PostCursor | None
    """Where to go on; None at the end."""


class FullPostList(NamedTuple):
    items: list[Post]
    next: PostCursor | None


class TagCount(NamedTuple):
    tag: str
    posts: int


class PostPlace(NamedTuple):
    """Where a post is and when it last changed: what a site map needs."""

    slug: str
    updated_at: int
    cover: str | None
    """Its address on this blog."""


class Neighbours(NamedTuple):
    newer: PostSummary | None
    older: PostSummary | None


class Posts:
    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def add(tx: Transaction, draft: PostDraft, *, published_at: int, provenance: Provenance) -> str:
        """Publish `draft`; the slug it got. A job has one post: adding again returns the slug and changes nothing."""
        from blogen.store import search

        if existing := tx.query("SELECT slug FROM posts WHERE job_id = ?", (draft.job_id,)):
            return str(existing[0]["slug"])
        author = tx.query("SELECT id, handle, name, avatar FROM authors WHERE handle = ?", (draft.author,))
        if not author:
            raise NotFound(
                f"There is no author {draft.author!r} to sign the post.",
                remedy="Order the post again with an author that exists.",
            )
        slug, tags = _free_slug(tx, draft.slug), tidy_tags(draft.tags)
        summary = _summary(
            draft, slug=slug, tags=tags, author=author[0], published_at=published_at, provenance=provenance
        )
        post_id = new_id()
        tx.execute(
            "INSERT INTO posts (id, slug, job_id, author_id, title, item, published_at, updated_at, is_reviewed,"
            " language) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (post_id, slug, draft.job_id, author[0]["id"], draft.title, summary.model_dump_json(),
             published_at, published_at, provenance.disclosure != "ai-autonomous", draft.language),
        )  # fmt: skip
        tx.execute(
            "INSERT INTO post_bodies (post_id, blocks, html, markdown, notices) VALUES (?, ?, ?, ?, ?)",
            (post_id, _blocks_json(draft.blocks), draft.html, draft.markdown, _json(draft.notices)),
        )
        for tag in tags:
            tx.execute(
                "INSERT INTO post_tags (tag, published_at, post_id) VALUES (?, ?, ?)", (tag, published_at, post_id)
            )
        count_tags(tx, tags, by=1)
        number = tx.query("SELECT number FROM posts WHERE id = ?", (post_id,))[0]["number"]
        search.add(tx, number, title=draft.title, summary=draft.summary, tags=tags, blocks=draft.blocks)
        outbox.put(tx, "post.published", f"post.published:{post_id}", _told(summary, job=draft.job_id))
        beside = tuple(row["slug"] for row in tx.query(_BESIDE, (slug,)))
        tx.publish(PostPublished(slug, draft.job_id, tuple(tags), draft.author, beside))
        return slug

    async def by_slug(self, slug: str) -> Post | None:
        row = await self._database.read_one(f"{_FULL} WHERE p.slug = ?", (slug,))
        return _post(row) if row else None

    async def by_id(self, post_id: str) -> Post | None:
        row = await self._database.read_one(f"{_FULL} WHERE p.id = ?", (post_id,))
        return _post(row) if row else None

    async def line(self, slug: str) -> PostLine | None:
        """The post's line, as it stands in lists."""
        row = await self._database.look_up_one(f"SELECT {LINE} FROM posts p WHERE p.slug = ?", (slug,))
        return PostLine(*row) if row else None

    async def lines(
        self, limit: int, before: PostCursor | None = None, *, tag: str | None = None, author: str | None = None
    ) -> PostLines:
        """As `newest`, without reading what the posts say: for lists that are joined from what was made before."""
        rows = await self._newest(LINE, "", limit=limit, before=before, tag=tag, author=author)
        return PostLines([PostLine(*tuple(row)[2:]) for row in rows[:limit]], _next(rows, limit))

    async def lines_of(self, post_ids: Sequence[str]) -> list[PostLine]:
        """The lines of these posts, in no particular order; those that are gone are left out."""
        rows = await self._database.read(f"SELECT {LINE} FROM posts p {_OF_IDS}", (_json(list(post_ids)),))
        return [PostLine(*row) for row in rows]

    async def summaries(self, post_ids: Sequence[str]) -> dict[str, PostSummary]:
        """These posts as they stand in lists, by id; those that are gone are left out."""
        rows = await self._database.read(f"SELECT p.id, p.item FROM posts p {_OF_IDS}", (_json(list(post_ids)),))
        return {row["id"]: _item(row["item"]) for row in rows}

    async def job_id(self, slug: str) -> str | None:
        """The job that made the post."""
        row = await self._database.read_one("SELECT job_id FROM posts WHERE slug = ?", (slug,))
        return str(row["job_id"]) if row else None

    async def slug_of_job(self, job_id: str) -> str | None:
        """The post that the job made, if it is published."""
        row = await self._database.read_one("SELECT slug FROM posts WHERE job_id = ?", (job_id,))
        return str(row["slug"]) if row else None

    async def newest(
        self, limit: int, before: PostCursor | None = None, *, tag: str | None = None, author: str | None = None
    ) -> PostList:
        """At most `limit` posts, newest first, those after `before`; only with `tag`, only by `author` (handle)."""
        rows = await self._newest("p.item", "", limit=limit, before=before, tag=tag, author=author)
        return PostList([_item(row["item"]) for row in rows[:limit]], _next(rows, limit))

    async def newest_in_full(
        self, limit: int, before: PostCursor | None = None, *, tag: str | None = None, author: str | None = None
    ) -> FullPostList:
        """As `newest`, with the bodies: for feeds and copies of the site."""
        rows = await self._newest(
            f"p.item, {_BODY}",
            "JOIN post_bodies b ON b.post_id = p.id",
            limit=limit, before=before, tag=tag, author=author,
        )  # fmt: skip
        return FullPostList([_post(row) for row in rows[:limit]], _next(rows, limit))

    async def neighbours(self, slug: str) -> Neighbours:
        """The posts published directly before and after."""
        rows = await self._database.look_up(_NEIGHBOURS, (slug,))
        found = {row["side"]: _item(row["item"]) for row in rows}
        return Neighbours(newer=found.get("newer"), older=found.get("older"))

    async def related(self, slug: str, limit: int) -> list[PostSummary]:
        """Posts that share the most tags with this one, of the newest of each tag."""
        tags = await self._database.look_up(
            "SELECT t.tag, p.id FROM posts p JOIN post_tags t ON t.post_id = p.id WHERE p.slug = ?", (slug,)
        )
        if not tags:
            return []
        sharing = " UNION ALL ".join([_SHARING] * len(tags))
        params = [param for row in tags for param in (row["tag"], _RELATED_PER_TAG)]
        rows = await self._database.read(
            f"SELECT p.item FROM ({sharing}) s JOIN posts p ON p.id = s.post_id WHERE p.id <> ?"
            " GROUP BY p.id ORDER BY count(*) DESC, p.published_at DESC, p.id DESC LIMIT ?",
            (*params, tags[0]["id"], limit),
        )
        return [_item(row["item"]) for row in rows]

    async def tags(self, limit: int = 500) -> list[TagCount]:
        """Tags with the number of their posts, the most used first."""
        rows = await self._database.read(
            "SELECT tag, posts FROM tag_counts WHERE posts > 0 ORDER BY posts DESC, tag LIMIT ?", (limit,)
        )
        return [TagCount(row["tag"], row["posts"]) for row in rows]

    async def places(self, limit: int, skip: int = 0) -> list[PostPlace]:
        """Where posts are, the oldest first; `skip` so many of them."""
        rows = await self._database.read(
            "SELECT slug, updated_at, json_extract(item, '$.cover.url') AS cover FROM posts"
            " ORDER BY published_at, id LIMIT ? OFFSET ?",
            (limit, skip),
        )
        return [PostPlace(*row) for row in rows]

    async def count(self) -> int:
        row = await self._database.read_one("SELECT count(*) AS posts FROM posts")
        assert row is not None
        return int(row["posts"])

    async def delete(self, slug: str) -> bool:
        """Take the post off the blog; False if there is none. Its job and its pictures stay."""
        from blogen.store import search

        def work(tx: Transaction) -> bool:
            rows = tx.query(
                "SELECT p.id, p.number, a.handle FROM posts p JOIN authors a ON a.id = p.author_id WHERE p.slug = ?",
                (slug,),
            )
            if not rows:
                return False
            search.remove(tx, rows[0]["number"])
            tagged = tx.query("SELECT tag FROM post_tags WHERE post_id = ?", (rows[0]["id"],))
            tags = tuple(row["tag"] for row in tagged)
            count_tags(tx, tags, by=-1)
            remember_gone(tx, slug, tags)
            tx.execute("DELETE FROM posts WHERE id = ?", (rows[0]["id"],))
            outbox.put(tx, "post.deleted", f"post.deleted:{rows[0]['id']}", {"slug": slug})
            tx.publish(PostDeleted(slug, tags, rows[0]["handle"]))
            return True

        return await self._database.write(work)

    async def change(
        self,
        slug: str,
        change: PostChange,
        *,
        rewritten: Rewritten | None = None,
        by: str = "",
        expected: Collection[int] | None = None,
    ) -> bool:
        """Change what stands about the post, and its text and pictures to `rewritten`; False if there is no such post.

        What is as it was counts for no change; a change is a new version, saved `by` (a name). `expected` are the
        values of `updated_at` that the change was made from. Raises ChangedMeanwhile, InvalidInput.
        """
        from blogen.store import search, versions

        # Made outside of the transaction: it may be long.
        body = _blocks_json(rewritten.blocks) if rewritten else ""

        def work(tx: Transaction) -> bool:
            rows = tx.query(
                "SELECT p.id, p.number, p.item, p.updated_at, b.blocks, b.html, b.markdown, b.notices"
                " FROM posts p JOIN post_bodies b ON b.post_id = p.id WHERE p.slug = ?",
                (slug,),
            )
            if not rows:
                return False
            row = rows[0]
            if expected is not None and row["updated_at"] not in expected:
                raise ChangedMeanwhile(
                    "The post is not the one any more that `If-Match` names.",
                    remedy="Read it again, and make your change to what it is now.",
                )
            before = _item(row["item"])
            blocks = _post(row).blocks
            text = rewritten if rewritten is not None and rewritten.blocks != blocks else None
            after = _changed(before, change, rewritten)
            changed = versions.differences(before, after, is_other_text=text is not None)
            if not changed:
                return True
            after = _by_a_person(after, at=max(tx.now_ms, row["updated_at"] + 1))
            tx.execute(
                "UPDATE posts SET title = ?, item = ?, updated_at = ? WHERE id = ?",
                (after.title, after.model_dump_json(), after.updated_at, row["id"]),
            )
            if text is not None:
                tx.execute(
                    "UPDATE post_bodies SET blocks = ?, html = ?, markdown = ? WHERE post_id = ?",
                    (body, text.html, text.markdown, row["id"]),
                )
            versions.keep(
                tx, row["id"], before=(before, row["blocks"]), after=(after, body if text else row["blocks"]), by=by,
                changed=changed, restores=rewritten.restores if rewritten else None,
            )  # fmt: skip
            _put_tags(tx, row["id"], before.published_at, set(before.tags), set(after.tags))
            search.remove(tx, row["number"])
            said = blocks if text is None else text.blocks
            search.add(tx, row["number"], title=after.title, summary=after.summary, tags=after.tags, blocks=said)
            told = {
                "slug": slug, "url": after.url, "title": after.title, "summary": after.summary, "tags": after.tags,
                "updated_at": outbox.moment(after.updated_at),
            }  # fmt: skip
            outbox.put(tx, "post.changed", f"post.changed:{row['id']}:{after.updated_at}", told)
            had, has = set(before.tags), set(after.tags)
            tx.publish(PostChanged(slug, tuple(sorted(had | has)), after.author.handle, tuple(sorted(had ^ has))))
            return True

        return await self._database.write(work)

    async def _newest(
        self,
        columns: str,
        join: str,
        *,
        limit: int,
        before: PostCursor | None,
        tag: str | None,
        author: str | None,
    ) -> list[sqlite3.Row]:
        # With a tag the walk goes along the tag's index, else along the posts'.
        key, conditions, params = "p.published_at, p.id", [], list[object]()
        tables = "posts p"
        if tag is not None:
            key, tables = "t.published_at, t.post_id", "post_tags t JOIN posts p ON p.id = t.post_id"
            conditions.append("t.tag = ?")
            params.append(tag)
        if author is not None:
            conditions.append("p.author_id = (SELECT id FROM authors WHERE handle = ?)")
            params.append(author)
        if before is not None:
            conditions.append(f"({key}) < (?, ?)")
            params += before
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        order = ", ".join(f"{column} DESC" for column in key.split(", "))
        sql = f"SELECT p.id, p.published_at, {columns} FROM {tables} {join} {where} ORDER BY {order} LIMIT ?"
        return await self._database.read(sql, (*params, limit + 1))


def _changed(post: PostSummary, change: PostChange, rewritten: Rewritten | None) -> PostSummary:
    """`post` with what these say."""
    update: dict[str, object] = change.model_dump(include={"title", "summary"}, exclude_none=True)
    if change.tags is not None:
        update["tags"] = tidy_tags(change.tags)
    if rewritten is not None:
        post = _with_other_text(post, rewritten)
    if (alt := change.cover_alt) is not None:
        cover = post.cover
        if cover is None:
            raise InvalidInput(
                "The post has no cover that could be described.",
                remedy="Leave `cover_alt` out.",
                errors=[FieldError("cover_alt", "the post has no cover")],
            )
        described = cover.model_copy(update={"alt": alt})
        update["cover"] = described
        update["images"] = [described if picture.key == cover.key else picture for picture in post.images]
    return post.model_copy(update=update)


def _with_other_text(post: PostSummary, rewritten: Rewritten) -> PostSummary:
    update: dict[str, object] = {
        "words": rewritten.words,
        "reading_minutes": _minutes(rewritten.words),
        "sources": rewritten.sources,
        "cover": rewritten.cover,
        "images": rewritten.images,
    }
    if (makers := _makers(rewritten.images)) != _makers(post.images):
        update["provenance"] = post.provenance.model_copy(update={"images": makers})
    return post.model_copy(update=update)


def _makers(pictures: Iterable[Picture]) -> list[str]:
    return sorted({picture.made_by for picture in pictures if picture.made_by})


def _by_a_person(post: PostSummary, *, at: int) -> PostSummary:
    """`post` with one edit by a person more."""
    provenance = post.provenance.model_copy(update={"human_edits": post.provenance.human_edits + 1})
    return post.model_copy(update={"provenance": provenance, "updated_at": at})


def _minutes(words: int) -> int:
    return max(1, -(-words // _WORDS_A_MINUTE))


def _put_tags(tx: Transaction, post_id: str, published_at: int, before: set[str], after: set[str]) -> None:
    for tag in sorted(before - after):
        tx.execute(
            "DELETE FROM post_tags WHERE tag = ? AND published_at = ? AND post_id = ?", (tag, published_at, post_id)
        )
    for tag in sorted(after - before):
        tx.execute("INSERT INTO post_tags (tag, published_at, post_id) VALUES (?, ?, ?)", (tag, published_at, post_id))
    count_tags(tx, sorted(before - after), by=-1)
    count_tags(tx, sorted(after - before), by=1)


def tidy_tags(tags: Iterable[str]) -> list[str]:
    """Lower case, single spaces, no doubles; tags that could not stand in a URL are left out."""
    tidy = (" ".join(tag.lower().split())[:50].strip() for tag in tags)
    return list(dict.fromkeys(tag for tag in tidy if tag.strip("./ ")))


LINE = "p.id, p.slug, p.published_at, p.updated_at, p.likes, p.comments"
_OF_IDS = "JOIN json_each(?) wanted ON p.id = wanted.value"
_BODY = "b.blocks, b.html, b.markdown, b.notices"
_FULL = f"SELECT p.item, {_BODY} FROM posts p JOIN post_bodies b ON b.post_id = p.id"
_SHARING = (
    "SELECT post_id FROM (SELECT post_id FROM post_tags WHERE tag = ? ORDER BY published_at DESC, post_id DESC LIMIT ?)"
)
_NEIGHBOURS = """
WITH this AS (SELECT published_at, id FROM posts WHERE slug = ?)
SELECT 'newer' AS side, item FROM posts WHERE id = (
    SELECT p.id FROM posts p WHERE (p.published_at, p.id) > (SELECT published_at, id FROM this)
    ORDER BY p.published_at, p.id LIMIT 1)
UNION ALL
SELECT 'older' AS side, item FROM posts WHERE id = (
    SELECT p.id FROM posts p WHERE (p.published_at, p.id) < (SELECT published_at, id FROM this)
    ORDER BY p.published_at DESC, p.id DESC LIMIT 1)
"""
_BESIDE = _NEIGHBOURS.replace("item FROM", "slug FROM")


def _free_slug(tx: Transaction, wanted: str) -> str:
    wanted = wanted.strip("-/. ")[:_SLUG_CHARACTERS] or "post"
    slug, turn = wanted, 1
    while tx.query("SELECT 1 FROM posts WHERE slug = ?", (slug,)):
        turn += 1
        slug = f"{wanted[: _SLUG_CHARACTERS - len(str(turn)) - 1]}-{turn}"
    return slug


def _summary(
    draft: PostDraft, *, slug: str, tags: list[str], author: sqlite3.Row, published_at: int, provenance: Provenance
) -> PostSummary:
    from blogen.domain.post_summary import PostAuthor, PostSummary

    return PostSummary(
        slug=slug,
        url=f"/p/{quote(slug, safe='')}",
        title=draft.title,
        summary=draft.summary,
        language=draft.language,
        words=draft.words,
        reading_minutes=_minutes(draft.words),
        author=PostAuthor(handle=author["handle"], name=author["name"], avatar=author["avatar"]),
        tags=tags,
        cover=draft.cover,
        images=draft.images,
        sources=draft.sources,
        provenance=provenance,
        published_at=published_at,
        updated_at=published_at,
    )


def _told(summary: PostSummary, *, job: str) -> dict[str, object]:
    """What the world outside is told of a new post."""
    return {
        "slug": summary.slug,
        "url": summary.url,
        "title": summary.title,
        "summary": summary.summary,
        "language": summary.language,
        "author": summary.author.handle,
        "tags": summary.tags,
        "disclosure": summary.provenance.disclosure,
        "published_at": outbox.moment(summary.published_at),
        "job": job,
    }


def _next(rows: list[sqlite3.Row], limit: int) -> PostCursor | None:
    return PostCursor(rows[limit - 1]["published_at"], rows[limit - 1]["id"]) if len(rows) > limit else None


@lru_cache(maxsize=_ITEMS)
def _item(text: str) -> PostSummary:
    """The same text is the same post: lists are read far more often than their posts change."""
    from blogen.domain.post_summary import PostSummary  # its models take time to build: not before they are needed

    return PostSummary.model_validate_json(text)


def _post(row: sqlite3.Row) -> Post:
    from blogen.domain.post import Post

    # `item` and the columns are JSON that we wrote; joined as text they are parsed once.
    html, markdown = _json(row["html"]), _json(row["markdown"])
    body = f'"blocks":{row["blocks"]},"notices":{row["notices"]},"html":{html},"markdown":{markdown}'
    return Post.model_validate_json(f"{row['item'].removesuffix('}')},{body}}}")


def _blocks_json(blocks: Sequence[Block]) -> str:
    return _json([block.model_dump(mode="json", exclude_none=True) for block in blocks])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
