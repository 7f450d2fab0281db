"""Series keep their order, featured posts are few, and what is gone is remembered."""

import sqlite3

import pytest

from blogen.errors import InvalidInput, NotFound
from blogen.events import FeaturedChanged, SeriesChanged
from blogen.ids import new_id
from blogen.store.featured import MOST_FEATURED, Featured
from blogen.store.series import Series
from tests.blog import open_blog


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        for title in ("One", "Two", "Three", "Four", "Five"):
            await opened.publish(title, tags=["counting"])
        yield opened


@pytest.fixture
def series(blog):
    return Series(blog.database)


async def parts(series, slug):
    found = await series.by_slug(slug)
    return [post.slug for post in found.posts] if found else None


async def test_posts_come_into_a_series_at_its_end_or_where_they_are_wanted(blog, series):
    for slug in ("two", "three", "one"):
        assert await series.place(slug, "  How to   count ") == "how-to-count"
    await series.place("one", "How to count", part=1)
    await series.place("four", "How to count", part=99)
    assert await parts(series, "how-to-count") == ["one", "two", "three", "four"]
    found = await series.of_post("three")
    assert found.title == "How to count"
    assert found.part_of("three") == 3
    assert await series.of_post("five") is None
    assert [tuple(name) for name in await series.names()] == [("how-to-count", "How to count", 4)]
    assert blog.heard[-1] == SeriesChanged("how-to-count", "four")


async def test_a_post_leaves_its_series_for_another_and_an_empty_one_is_forgotten(blog, series):
    await series.place("one", "First")
    await series.place("two", "First")
    await series.place("one", "Second")
    assert await parts(series, "first") == ["two"]
    assert await parts(series, "second") == ["one"]
    heard = [event for event in blog.heard if isinstance(event, SeriesChanged)]
    assert heard[-2:] == [SeriesChanged("first", "one"), SeriesChanged("second", "one")]
    assert await series.place("one", "") is None
    assert await parts(series, "second") is None
    assert [name.slug for name in await series.names()] == ["first"]


async def test_a_deleted_post_leaves_its_series_and_its_address_is_remembered(blog, series):
    for slug in ("one", "two", "three"):
        await series.place(slug, "Counting")
    await blog.posts.delete("two")
    found = await series.by_slug("counting")
    assert [found.part_of(post.slug) for post in found.posts] == [1, 2]
    await series.place("four", "Counting", part=2)
    assert await parts(series, "counting") == ["one", "four", "three"]
    gone = await series.gone("two")
    assert (gone.slug, gone.tags) == ("two", ["counting"])
    assert await series.gone("one") is None
    await blog.publish("Two")
    await blog.posts.delete("two")
    assert (await series.gone("two")).tags == []


async def test_two_titles_with_one_address_are_two_series(series):
    assert await series.place("one", "C & D") == "c-and-d"
    assert await series.place("two", "C and D") == "c-and-d-2"
    assert await parts(series, "c-and-d") == ["one"]


async def test_what_a_series_cannot_be_is_refused_in_words(series):
    with pytest.raises(NotFound):
        await series.place("nothing", "Counting")
    with pytest.raises(InvalidInput, match="201 characters"):
        await series.place("one", "x" * 201)
    with pytest.raises(InvalidInput, match="from 1 to"):
        await series.place("one", "Counting", part=0)
    with pytest.raises(NotFound):
        await series.describe("counting", "Words")
    await series.place("one", "Counting")
    await series.describe("counting", " How numbers came about. ")
    assert (await series.by_slug("counting")).description == "How numbers came about."
    with pytest.raises(InvalidInput, match="1001 characters"):
        await series.describe("counting", "x" * 1001)


async def test_the_last_chosen_is_featured_first_and_beyond_a_few_the_first_is_dropped(blog):
    featured = Featured(blog.database)
    assert await featured.posts() == []
    for slug in ("one", "two", "three", "four", "five", "three"):
        await featured.feature(slug)
    assert await featured.slugs() == ["three", "five", "four", "two"]
    assert len(await featured.slugs()) == MOST_FEATURED
    assert blog.heard[-1] == FeaturedChanged()
    await featured.unfeature("five")
    await featured.unfeature("five")
    await blog.posts.delete("four")
    assert [post.slug for post in await featured.posts()] == ["three", "two"]
    with pytest.raises(NotFound):
        await featured.feature("four")


SERIES = {"id": new_id(), "slug": "s", "title": "S", "created_at": 1}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("series", SERIES | {"id": "short"}),
        ("series", SERIES | {"id": new_id(), "title": "T"}),  # its address is another's
        ("series", SERIES | {"id": new_id(), "slug": "t"}),
        ("series", SERIES | {"id": new_id(), "slug": "t", "title": ""}),
        ("series", SERIES | {"id": new_id(), "slug": "t", "title": "T", "description": "x" * 1001}),
        ("series_posts", {"post_id": "of no post", "series_id": SERIES["id"], "part": 1}),
        ("series_posts", {"series_id": SERIES["id"], "part": 0}),
        ("series_posts", {"series_id": new_id(), "part": 1}),
        ("series_posts", {"series_id": SERIES["id"], "part": 7}),  # the second seventh part
        ("featured_posts", {"post_id": "of no post", "at": 1}),
        ("gone_posts", {"slug": "", "deleted_at": 1}),
        ("gone_posts", {"slug": "x" * 101, "deleted_at": 1}),
    ],
)
async def test_what_must_never_be_stored_cannot_be(blog, table, row):
    ids = {row["slug"]: row["id"] for row in await blog.database.read("SELECT slug, id FROM posts")}

    def put(tx, table, row):
        names = ", ".join(row)
        tx.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))

    def before(tx):
        put(tx, "series", SERIES)
        put(tx, "series_posts", {"post_id": ids["one"], "series_id": SERIES["id"], "part": 7})

    await blog.database.write(before)
    if table == "series_posts":
        row = {"post_id": ids["two"]} | row
    with pytest.raises(sqlite3.IntegrityError):
        await blog.database.write(lambda tx: put(tx, table, row))
