"""Posts are published once per job, listed newest first, and leave nothing behind when they are deleted."""

import sqlite3

import pytest

from blogen.domain.post_summary import PostSource
from blogen.errors import NotFound
from blogen.events import PostDeleted, PostPublished
from blogen.store.posts import Posts, tidy_tags
from tests.blog import AUTONOMOUS, Blog, draft, open_blog


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


async def slugs(blog: Blog, **choice) -> list[str]:
    """All slugs, page by page of two."""
    found, before = [], None
    while True:
        page = await blog.posts.newest(2, before, **choice)
        found += [post.slug for post in page.items]
        if page.next is None:
            return found
        before = page.next


async def test_a_post_comes_back_as_it_was_published(blog):
    source = PostSource(title="A paper", url="https://example.org/paper", quotes=["It is so."])
    job_id = await blog.job()
    slug = await blog.publish(
        "Tea & „Zeit“",
        job_id=job_id,
        slug="tea",
        tags=["Tea", "  green   TEA "],
        sources=[source],
        notices=["No model."],
    )
    post = await blog.posts.by_slug(slug)
    assert post.title == "Tea & „Zeit“"
    assert post.tags == ["tea", "green tea"]
    assert post.sources == [source]
    assert post.notices == ["No model."]
    assert post.provenance == AUTONOMOUS
    assert post.author.name == "Blogen"
    assert post.url == "/p/tea"
    assert post.reading_minutes == 3
    assert post.blocks == draft("Tea & „Zeit“", job_id=job_id).blocks
    assert await blog.posts.job_id("tea") == job_id
    assert await blog.posts.slug_of_job(job_id) == "tea"


async def test_publishing_is_heard_once_with_the_slug_it_got(blog):
    await blog.publish("Tea")
    slug = await blog.publish("Tea")
    assert slug == "tea-2"
    assert [event.slug for event in blog.heard if isinstance(event, PostPublished)] == ["tea", "tea-2"]


async def test_what_is_published_names_the_posts_that_it_came_between(blog):
    for title, at in (("Old", 10), ("New", 30), ("Middle", 20)):
        await blog.publish(title, at=at, tags=["Tea"])
    told = [event[2:] for event in blog.heard if isinstance(event, PostPublished)]
    assert told == [
        (("tea",), "blogen", ()), (("tea",), "blogen", ("old",)), (("tea",), "blogen", ("new", "old")),
    ]  # fmt: skip


async def test_a_job_publishes_one_post_however_often_it_is_asked(blog):
    job_id = await blog.job()
    first = await blog.publish("Tea", job_id=job_id)
    again = await blog.publish("Quite another title", job_id=job_id, at=9)
    assert (first, again, await blog.posts.count()) == ("tea", "tea", 1)
    assert (await blog.posts.by_slug("tea")).title == "Tea"
    assert len([event for event in blog.heard if isinstance(event, PostPublished)]) == 1
    assert len((await blog.search.find("tea")).hits) == 1


async def test_a_post_whose_move_is_taken_back_is_not_there(blog):
    await blog.authors.ensure("blogen")
    post = draft("Tea", job_id=await blog.job())

    def work(tx):
        Posts.add(tx, post, published_at=1, provenance=AUTONOMOUS)
        raise RuntimeError("the move failed")

    with pytest.raises(RuntimeError):
        await blog.database.write(work)
    assert await blog.posts.count() == 0
    assert (await blog.search.find("tea")).hits == []
    assert not [event for event in blog.heard if isinstance(event, PostPublished)]


async def test_slugs_stay_unique_at_their_greatest_length(blog):
    got = [await blog.publish("Tea", slug="x" * 140) for _ in range(11)]
    assert len(set(got)) == 11
    assert all(len(slug) <= 100 for slug in got)


async def test_a_slug_that_could_not_stand_in_a_path_becomes_post(blog):
    assert await blog.publish("…", slug="../.") == "post"


async def test_a_post_of_an_unknown_author_is_refused(blog):
    post = draft("Tea", job_id=await blog.job(), author="nobody")
    with pytest.raises(NotFound, match="nobody"):
        await blog.database.write(lambda tx: Posts.add(tx, post, published_at=1, provenance=AUTONOMOUS))


async def test_pages_of_posts_have_no_gaps_and_no_doubles(blog):
    for number in range(7):  # two each in the same millisecond
        await blog.publish(f"Post {number}", at=1000 + number // 2, tags=["odd" if number % 2 else "even"])
    await blog.publish("By Ada", at=1, author="ada", tags=["even"])
    everything = ["post-6", "post-5", "post-4", "post-3", "post-2", "post-1", "post-0", "by-ada"]
    assert await slugs(blog) == everything
    assert await slugs(blog, tag="odd") == ["post-5", "post-3", "post-1"]
    assert await slugs(blog, author="ada") == ["by-ada"]
    assert await slugs(blog, tag="even", author="blogen") == ["post-6", "post-4", "post-2", "post-0"]
    assert await slugs(blog, tag="none") == []
    full = await blog.posts.newest_in_full(3, tag="odd")
    assert [post.slug for post in full.items] == ["post-5", "post-3", "post-1"]
    assert full.items[0].html
    assert full.next is None


async def test_a_post_knows_its_neighbours_and_its_relatives(blog):
    await blog.publish("Old", at=1, tags=["a", "b"])
    await blog.publish("Middle", at=2, tags=["a", "b", "c"])
    await blog.publish("New", at=3, tags=["c"])
    await blog.publish("Stranger", at=4, tags=["z"])
    around = await blog.posts.neighbours("middle")
    assert (around.older.slug, around.newer.slug) == ("old", "new")
    assert (await blog.posts.neighbours("old")).older is None
    assert (await blog.posts.neighbours("stranger")).newer is None
    assert [post.slug for post in await blog.posts.related("middle", 5)] == ["old", "new"]
    assert await blog.posts.related("stranger", 5) == []


async def test_tags_are_counted_most_used_first(blog):
    await blog.publish("One", tags=["b", "a"])
    await blog.publish("Two", tags=["b"])
    assert [(tag.tag, tag.posts) for tag in await blog.posts.tags()] == [("b", 2), ("a", 1)]


async def test_a_deleted_post_is_nowhere(blog):
    await blog.publish("Tea", tags=["drinks"])
    assert await blog.posts.delete("tea") is True
    assert await blog.posts.delete("tea") is False
    assert await blog.posts.by_slug("tea") is None
    assert await slugs(blog) == await slugs(blog, tag="drinks") == []
    assert (await blog.search.find("tea")).hits == []
    assert await blog.posts.tags() == []
    assert [event for event in blog.heard if isinstance(event, PostDeleted)] == [
        PostDeleted("tea", ("drinks",), "blogen")
    ]


async def test_a_post_that_follows_a_deleted_one_is_not_found_by_its_words(blog):
    await blog.publish("Tea", text="walrus")
    await blog.posts.delete("tea")
    await blog.publish("Coffee", text="heron")
    assert (await blog.search.find("walrus")).hits == []
    assert [hit.post.slug for hit in (await blog.search.find("heron")).hits] == ["coffee"]


async def test_search_still_finds_the_right_posts_after_vacuum(blog):
    for number in range(5):
        await blog.publish(f"Post {number}", text=f"word{number}")
    await blog.posts.delete("post-1")
    with sqlite3.connect(blog.folder / "blogen.db") as connection:
        connection.execute("VACUUM")
    assert [hit.post.slug for hit in (await blog.search.find("word3")).hits] == ["post-3"]


def test_tags_that_no_url_can_carry_are_left_out():
    assert tidy_tags(["..", "/", "C++", "c++", " ", "a/b", "x" * 60]) == ["c++", "a/b", "x" * 50]


async def test_no_list_sorts_or_scans_all_posts(blog, monkeypatch):
    statements = []
    read = blog.database.read

    async def noting(sql, params=()):
        statements.append((sql, params))
        return await read(sql, params)

    monkeypatch.setattr(blog.database, "read", noting)
    await blog.publish("Tea", tags=["a"])
    cursor = (2, "x")
    for choice in ({}, {"tag": "a"}, {"author": "blogen"}, {"tag": "a", "author": "blogen"}):
        await blog.posts.newest(2, cursor, **choice)
        await blog.posts.newest_in_full(2, None, **choice)
    await blog.posts.by_slug("tea")
    await blog.posts.neighbours("tea")
    await blog.posts.job_id("tea")
    await blog.posts.slug_of_job("x")
    for sql, params in statements:
        plan = [row["detail"] for row in await read(f"EXPLAIN QUERY PLAN {sql}", params)]
        assert not [line for line in plan if "TEMP B-TREE" in line], (sql, plan)
        scans = [line for line in plan if line.startswith("SCAN") and "USING" not in line and "CONSTANT" not in line]
        assert not [line for line in scans if "this" not in line], (sql, plan)
