"""How feeds are found: each way where it is quick, and no statement that sorts or scans without bound."""

import re
import sqlite3
from contextlib import closing

import pytest

from blogen.clock import SystemClock
from blogen.domain.person import Scope
from blogen.ids import new_id
from blogen.store.database import Database
from blogen.store.feeds import Bounds, Feeds, Reason
from blogen.store.posts import PostCursor
from blogen.store.social import Social
from tests.blog import AUTONOMOUS, open_blog

BOUNDED_SORTS = {
    "of_authors (author_id, at)": "a time a follow, of at most `few_follows`, or for a stretch once in a while",
    "of_tags (tag, at)": "the same",
    "co_readers AS MATERIALIZED": "some of the person's likes, some who like each, some of their likes",
}
"""What a statement contains that may sort, and why that is bounded."""


TABLES = "posts|post_tags|authors|people|likes|author_follows|tag_follows|p|q|t|a|l|o"
"""By their names, and by those that they have in statements."""


class Heard:
    """The statements that are read, in order."""

    def __init__(self, monkeypatch):
        self.statements: list[tuple[str, tuple[object, ...]]] = []
        for name in ("read", "look_up"):
            monkeypatch.setattr(Database, name, self._noting(getattr(Database, name)))

    def _noting(self, run):
        def noting(database, sql, params=()):
            if not sql.startswith("EXPLAIN"):
                self.statements.append((sql, tuple(params)))
            return run(database, sql, params)

        return noting

    def has(self, part):
        return any(part in sql for sql, _ in self.statements)


class Readers:
    def __init__(self, blog):
        self.blog = blog
        self.social = Social(blog.database)

    def feeds(self, **bounds):
        return Feeds(self.blog.database, SystemClock(), self.blog.bus, Bounds(**bounds))

    async def join(self, handle):
        person_id = new_id()
        await self.blog.database.write(lambda tx: tx.execute(
            "INSERT INTO people (id, handle, name, role, password, created_at) VALUES (?, ?, ?, ?, '', 0)",
            (person_id, handle, handle, Scope.READER),
        ))  # fmt: skip
        return person_id

    async def read(self, sql, *params):
        return await self.blog.database.read(sql, params)


@pytest.fixture
async def readers(tmp_path):
    async with open_blog(tmp_path) as blog:
        yield Readers(blog)


def slugs(page):
    return [one.line.slug for one in page.items]


@pytest.mark.parametrize("hides", [False, True])
async def test_no_feed_sorts_or_scans_without_bound(readers, monkeypatch, hides):
    ann, bob = await readers.join("ann"), await readers.join("bob")
    for number in range(4):
        await readers.blog.publish(f"Post {number}", at=number + 1, tags=["tea"], author=f"author-{number % 2}")
    for act in (readers.social.follow_author(ann, "author-0"), readers.social.follow_tag(bob, "tea")):
        await act
    heard = Heard(monkeypatch)
    before = PostCursor(10, "")
    for _ in range(2):
        for bounds in ({}, {"few_follows": 0, "walked": 1, "stretch": 1, "since": 1}):
            feeds = readers.feeds(**bounds)
            await readers.blog.database.write(lambda tx: tx.execute("UPDATE people SET hides_unreviewed = ?", (hides,)))
            for person in (ann, bob):
                for _ in range(2):
                    await feeds.following(person, 2)
                    await feeds.following(person, 2, before)
                await feeds.latest(2, before, hides_unreviewed=await feeds.hides_unreviewed(person))
                for follows_only in (False, True):
                    await feeds.count_new(PostCursor(0, ""), person_id=person, follows_only=follows_only)
                await feeds.ranked(person, await feeds.rank(person, await feeds.head()))
        for act in (readers.social.follow_author(bob, "author-1"), readers.social.follow_tag(ann, "tea"),
                    readers.social.like(ann, "post-1"), readers.social.like(bob, "post-1")):  # fmt: skip
            await act
    await readers.social.marks(ann, [new_id(), new_id()])
    for of_list in (None, ""):
        await readers.social.bookmarks(ann, 2, of_list=of_list)
    await readers.social.bookmark_lists(ann)
    await readers.social.history(ann, 2)
    await readers.social.followed_authors(ann, 2)
    await readers.social.followed_tags(ann, 2)
    _, after = await readers.social.tags(1)
    await readers.social.tags(1, after)
    await readers.blog.authors.page(1, (await readers.blog.authors.page(1))[1])
    await readers.blog.authors.followed(ann, 1)
    statements = dict(heard.statements)
    assert len(statements) > 20
    path = readers.blog.folder / "blogen.db"
    for connection in (sqlite3.connect(path), with_statistics_of_a_large_blog(path)):
        with closing(connection):
            for sql, params in statements.items():
                check(sql, [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)])


def check(sql, plan):
    """That nothing in the plan of a statement grows with the blog."""
    may_sort = any(part in sql for part in BOUNDED_SORTS)
    for step in plan:
        assert may_sort or "TEMP B-TREE" not in step, (sql, plan)
        if scan := re.match(f"SCAN ({TABLES})\\b", step):
            is_subquery = f") {scan[1]} " in " ".join(sql.split())
            is_list = "USING" in step and "LIMIT" in sql and not may_sort
            assert is_subquery or is_list, (sql, plan)
        assert "AUTOMATIC" not in step, (sql, plan)
        assert "BLOOM" not in step, (sql, plan)


def with_statistics_of_a_large_blog(path):
    """Opened as it would be once SQLite has counted a million posts."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ANALYZE")
        connection.execute("DELETE FROM sqlite_stat1")
        connection.executemany(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)",
            [
                ("posts", "posts_newest", "1000000 1 1"),
                ("posts", "posts_by_author", "1000000 50 1 1"),
                ("posts", "posts_reviewed", "300000 1 1"),
                ("posts", "posts_reviewed_by_author", "300000 15 1 1"),
                ("posts", "sqlite_autoindex_posts_1", "1000000 1"),
                ("post_tags", "post_tags", "3000000 10000 1 1"),
                ("post_tags", "post_tags_by_post", "3000000 3"),
                ("author_follows", "author_follows", "100000 20 1"),
                ("tag_follows", "tag_follows", "100000 10 1"),
                ("likes", "likes", "1000000 100 1"),
                ("likes", "likes_of_post", "1000000 10 1"),
                ("people", "people", "10000 1"),
                ("authors", "authors", "20000 1"),
                ("authors", "authors_by_name", "20000 1 1"),
            ],
        )
    return sqlite3.connect(path)


async def test_many_follows_that_are_silent_are_found_once_and_then_remembered(readers, monkeypatch):
    ann, feeds = await readers.join("ann"), readers.feeds(few_follows=1, walked=3, stretch=4)
    for number in range(6):
        await readers.blog.publish(f"Old {number}", author=f"author-{number % 3}", at=1000 + number)
    for number in range(5):
        await readers.blog.publish(f"Other {number}", author="busy", at=2000 + number)
    for number in range(3):
        await readers.social.follow_author(ann, f"author-{number}")
    heard = Heard(monkeypatch)
    first = await feeds.following(ann, 2)
    assert (slugs(first), heard.has("of_authors")) == (["old-5", "old-4"], True)
    heard.statements.clear()
    assert slugs(await feeds.following(ann, 2)) == ["old-5", "old-4"]
    assert not heard.has("of_authors")
    assert slugs(await feeds.following(ann, 1, first.next)) == ["old-3"]
    assert not heard.has("of_authors")
    # What comes new is seen at once, without finding all anew.
    await readers.blog.publish("New", author="author-1", at=3000)
    await readers.blog.publish("Another", author="busy", at=3001)
    assert slugs(await feeds.following(ann, 2)) == ["new", "old-5"]
    assert not heard.has("of_authors")
    # And so is what goes, and whom one follows.
    await readers.blog.posts.delete("old-5")
    assert slugs(await feeds.following(ann, 2)) == ["new", "old-4"]
    await readers.social.unfollow_author(ann, "author-1")
    assert slugs(await feeds.following(ann, 3)) == ["old-3", "old-2", "old-0"]
    feeds.close()


async def test_dense_follows_are_met_by_walking_the_newest_posts(readers, monkeypatch):
    ann, feeds = await readers.join("ann"), readers.feeds(few_follows=1)
    for number in range(6):
        await readers.blog.publish(f"Post {number}", author=f"author-{number % 2}", at=1000 + number)
    for number in range(2):
        await readers.social.follow_author(ann, f"author-{number}")
    heard = Heard(monkeypatch)
    page = await feeds.following(ann, 2)
    assert slugs(page) == ["post-5", "post-4"]
    assert slugs(await feeds.following(ann, 2, page.next)) == ["post-3", "post-2"]
    assert not heard.has("of_authors")


async def test_what_is_remembered_of_people_is_bounded(readers, monkeypatch):
    monkeypatch.setattr("blogen.store.feeds._STRETCHES", 3)
    feeds = readers.feeds(few_follows=0, walked=0, stretch=2)
    await readers.blog.publish("Post", author="ada")
    for number in range(5):
        person = await readers.join(f"p{number}")
        await readers.social.follow_author(person, "ada")
        assert slugs(await feeds.following(person, 2)) == ["post"]
    assert len(feeds._stretches) == 3


async def test_a_person_who_is_not_there_has_empty_feeds(readers):
    await readers.blog.publish("Post")
    feeds, nobody = readers.feeds(), new_id()
    assert (await feeds.following(nobody, 2)).items == []
    assert [one.reason for one in await feeds.rank(nobody, await feeds.head())] == [Reason.NEW]
    assert await feeds.ranked(nobody, []) == []


async def test_a_post_is_reviewed_unless_nobody_looked_at_it(readers):
    for disclosure in ("ai-assisted", "ai-autonomous", "none"):
        provenance = AUTONOMOUS.model_copy(update={"disclosure": disclosure})
        await readers.blog.publish(disclosure, provenance=provenance)
    rows = await readers.read("SELECT slug, is_reviewed FROM posts ORDER BY slug")
    assert [tuple(row) for row in rows] == [("ai-assisted", 1), ("ai-autonomous", 0), ("none", 1)]
