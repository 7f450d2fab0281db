"""Marks of many posts, and counts that hold whatever happens at the same time or fails."""

import asyncio

import pytest

from blogen.clock import SystemClock
from blogen.ids import new_id
from blogen.store.people import People
from blogen.store.social import Marks, Place, Social
from blogen.store.tag_counts import count_tags
from tests.blog import open_blog


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


async def join(blog, handle):
    person_id = new_id()
    await blog.database.write(lambda tx: tx.execute(
        "INSERT INTO people (id, handle, name, role, password, created_at) VALUES (?, ?, ?, 'reader', '', 0)",
        (person_id, handle, handle),
    ))  # fmt: skip
    return person_id


async def counts(blog):
    row = await blog.database.read_one("SELECT likes FROM posts WHERE slug = 'tea'")
    tags = {
        row["tag"]: (row["posts"], row["followers"]) for row in await blog.database.read("SELECT * FROM tag_counts")
    }
    return row["likes"] if row else None, tags


async def test_marks_of_more_posts_than_fit_in_a_query_are_told(blog):
    ann, social = await join(blog, "ann"), Social(blog.database)
    await blog.publish("Tea")
    [row] = await blog.database.read("SELECT id FROM posts")
    await social.like(ann, "tea")
    await social.read_up_to(ann, "tea", Place("b1", 0.25, 5))
    others = [new_id() for _ in range(250)]
    marks = await social.marks(ann, [*others, row["id"]])
    assert marks.pop(row["id"]) == Marks(liked=True, bookmarked=False, progress=0.25)
    assert marks == dict.fromkeys(others, Marks(liked=False, bookmarked=False, progress=0.0))
    assert await social.marks(ann, []) == {}


async def test_acts_of_one_batch_are_counted_one_by_one(blog):
    social, people = Social(blog.database), [await join(blog, f"p{number}") for number in range(10)]
    await blog.publish("Tea", tags=["tea"])
    await asyncio.gather(
        *(social.like(one, "tea") for one in people * 3), *(social.follow_tag(one, "tea") for one in people * 3)
    )
    assert await counts(blog) == (10, {"tea": (1, 10)})
    await asyncio.gather(
        *(social.unlike(one, "tea") for one in people[:7] * 2),
        *(social.unfollow_tag(one, "tea") for one in people[:4] * 2),
    )
    assert await counts(blog) == (3, {"tea": (1, 6)})


async def test_an_act_that_fails_in_the_end_counts_nothing(blog):
    ann, social = await join(blog, "ann"), Social(blog.database)
    await blog.publish("Tea", tags=["tea"])

    def work(tx):
        tx.execute(
            "INSERT INTO likes (person_id, post_id, at) SELECT ?, id, 1 FROM posts WHERE slug = 'tea'", (ann,)
        )  # fmt: skip
        tx.execute("UPDATE posts SET likes = likes + 1 WHERE slug = 'tea'")
        count_tags(tx, ["tea", "green"], by=1)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await blog.database.write(work)
    assert await counts(blog) == (0, {"tea": (1, 0)})
    assert (await social.like(ann, "tea")).likes == 1


async def test_a_tag_is_forgotten_with_its_last_post_and_follower(blog):
    ann, social = await join(blog, "ann"), Social(blog.database)
    await blog.publish("Tea", tags=["tea", "green"])
    await social.follow_tag(ann, "tea")
    await blog.posts.delete("tea")
    assert (await counts(blog))[1] == {"tea": (0, 1)}
    assert await blog.posts.tags() == []
    assert (await social.tags(10))[0] == []
    await social.unfollow_tag(ann, "tea")
    assert (await counts(blog))[1] == {}


async def test_of_two_places_at_the_same_moment_the_same_one_stays_whichever_comes_first(blog):
    social, places = Social(blog.database), [Place("b1", 0.5, 7), Place("b2", 0.5, 7), Place("b3", 0.4, 7)]
    await blog.publish("Tea")
    for number, order in enumerate((places, places[::-1], places[1:] + places[:1])):
        person = await join(blog, f"p{number}")
        for place in order:
            standing = await social.read_up_to(person, "tea", place)
        assert standing.place == Place("b2", 0.5, 7)


async def test_a_tag_is_forgotten_with_the_account_of_its_last_follower(blog):
    ann, social = await join(blog, "ann"), Social(blog.database)
    await blog.publish("Tea", tags=["tea"])
    await social.follow_tag(ann, "tea")
    await blog.posts.delete("tea")
    await People(blog.database, SystemClock()).delete_account(ann)
    assert (await counts(blog))[1] == {}
