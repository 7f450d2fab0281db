"""Several people do whatever they like with posts; every count, list and feed is as a few lines of Python say."""

import asyncio
import math
import shutil
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blogen.clock import SystemClock
from blogen.errors import NotFound, NotSignedIn
from blogen.ids import new_id
from blogen.store.feeds import DEFAULT_BOUNDS, READ_FROM, Bounds, Feeds, Reason
from blogen.store.people import People
from blogen.store.posts import PostCursor
from blogen.store.social import Marks, Place, Social
from tests.blog import AUTONOMOUS, open_blog
from tests.fresh import prepare

PEOPLE, AUTHORS, TAGS = 3, 3, ["a", "b", "c <b>", "d"]
ASSISTED = AUTONOMOUS.model_copy(update={"disclosure": "ai-assisted"})
FIRST_AT, DAY = 1_700_000_000_000, 86_400_000
HALF_LIFE = 5 * DAY

person, author, post = st.integers(0, PEOPLE - 1), st.integers(0, AUTHORS - 1), st.integers(0, 7)
tags = st.lists(st.sampled_from(TAGS), unique=True, max_size=3)
# Some posts are published in the same millisecond, and some long before others that are there already.
PUBLISH = st.tuples(st.just("publish"), author, tags, st.integers(0, 5), st.booleans())
ACTIONS = st.one_of(
    PUBLISH,
    st.tuples(st.just("delete"), post),
    st.tuples(st.sampled_from(["like", "unlike", "remove_bookmark", "forget_place"]), person, post),
    st.tuples(st.just("bookmark"), person, post, st.sampled_from([None, "", "x", "y"])),
    st.tuples(st.just("read_up_to"), person, post, st.sampled_from(["b1", "b2"]), st.sampled_from([0.0, 0.5, 0.9, 1.0]),
              st.integers(0, 3)),
    st.tuples(st.sampled_from(["follow_author", "unfollow_author"]), person, author),
    st.tuples(st.sampled_from(["follow_tag", "unfollow_tag"]), person, st.sampled_from([*TAGS, "never used"])),
    st.tuples(st.just("hide"), person, st.booleans()),
    st.tuples(st.just("look"), person, st.integers(1, 3), st.integers(1, 4)),
    st.tuples(st.just("leave"), person),
)  # fmt: skip


class Post(NamedTuple):
    id: str
    number: int
    slug: str
    author: int
    tags: frozenset[str]
    at: int
    is_reviewed: bool

    @property
    def key(self):
        return self.at, self.id


class Model:
    """What is so, as sets and dicts."""

    def __init__(self):
        self.posts: list[Post] = []
        self.likes, self.authors, self.tags = set(), set(), set()
        self.bookmarks, self.places = {}, {}
        self.hiding = set()

    def by_key(self, person=None):
        """Newest first, as the person sees them."""
        found = [one for one in self.posts if person not in self.hiding or one.is_reviewed]
        return sorted(found, key=lambda one: one.key, reverse=True)

    def follows(self, person, one):
        return (person, one.author) in self.authors or any((person, tag) in self.tags for tag in one.tags)

    def following(self, person):
        return [one for one in self.by_key(person) if self.follows(person, one)]

    def marks(self, person, one):
        place = self.places.get((person, one.id))
        return Marks((person, one.id) in self.likes, (person, one.id) in self.bookmarks, place.fraction if place else 0)

    def ranking(self, person):
        mine = {post_id for who, post_id in self.likes if who == person}
        alike = {who for who, post_id in self.likes if post_id in mine and who != person}
        newest = max((one.at for one in self.posts), default=0)
        scored = []
        for one in self.by_key(person):
            place = self.places.get((person, one.id))
            if place and place.fraction >= READ_FROM:
                continue
            likers = sum((who, one.id) in self.likes for who in alike)
            score = (
                1.0 * ((person, one.author) in self.authors)
                + 0.6 * any((person, tag) in self.tags for tag in one.tags)
                + min(1, math.log2(1 + likers) / 4)
                + 0.5 ** ((newest - one.at) / HALF_LIFE)
            )
            scored.append((-round(score, 9), -one.at, one.number))
        return [number for *_, number in sorted(scored)]

    def forget_post(self, one):
        self.posts.remove(one)
        self.likes = {(who, post_id) for who, post_id in self.likes if post_id != one.id}
        self.bookmarks = {key: kept for key, kept in self.bookmarks.items() if key[1] != one.id}
        self.places = {key: kept for key, kept in self.places.items() if key[1] != one.id}

    def forget_person(self, person):
        self.likes, self.authors, self.tags = (
            {pair for pair in pairs if pair[0] != person} for pairs in (self.likes, self.authors, self.tags)
        )
        self.bookmarks = {key: kept for key, kept in self.bookmarks.items() if key[0] != person}
        self.places = {key: kept for key, kept in self.places.items() if key[0] != person}


class World:
    def __init__(self, blog, bounds):
        self.blog, self.model = blog, Model()
        self.social = Social(blog.database)
        self.feeds = Feeds(blog.database, SystemClock(), blog.bus, bounds)
        self.people = People(blog.database, SystemClock())
        self.ids: list[str] = []
        self.gone: set[int] = set()
        self.clock = 0

    async def begin(self):
        self.ids = [new_id() for _ in range(PEOPLE)]
        for number, id_ in enumerate(self.ids):  # without a password: hashing one takes a while
            await self.blog.database.write(lambda tx, row=(id_, f"p{number}"): tx.execute(
                "INSERT INTO people (id, handle, name, role, password, created_at) VALUES (?, ?, 'P', 'reader', '', 0)",
                row,
            ))  # fmt: skip
        for number in range(AUTHORS):
            await self.blog.authors.ensure(f"author-{number}")

    async def do(self, action):
        name, *args = action
        if name in {"publish", "delete", "look", "hide", "leave"}:
            await getattr(self, name)(*args)
            return
        who, what, *more = args
        if what in range(8) and not name.endswith("author"):
            if what >= len(self.model.posts):
                return
            what = self.model.posts[what]
        arguments = [self.ids[who], *self.told(name, what, more)]
        if who in self.gone and not name.startswith(("un", "remove", "forget")):
            with pytest.raises(NotSignedIn):
                await getattr(self.social, name)(*arguments)
            return
        if who in self.gone:
            return
        if name == "follow_tag" and (what not in self.used() and not any(tag == what for _, tag in self.model.tags)):
            with pytest.raises(NotFound):
                await getattr(self.social, name)(*arguments)
            return
        getattr(self, f"model_{name}")(who, what, *more)
        standing = await getattr(self.social, name)(*arguments)
        self.compare_standing(standing, who, what)

    def told(self, name, what, more):
        """What the store is given."""
        if isinstance(what, Post):
            return [what.slug, *([Place(more[0], more[1], FIRST_AT + more[2])] if name == "read_up_to" else more)]
        return [f"author-{what}" if isinstance(what, int) else what]

    def used(self):
        return {tag for one in self.model.posts for tag in one.tags}

    def compare_standing(self, standing, who, what):
        model = self.model
        if isinstance(what, Post):
            assert standing.slug == what.slug
            assert standing.likes == sum(post_id == what.id for _, post_id in model.likes)
            assert standing.marks == model.marks(who, what)
            kept = model.bookmarks.get((who, what.id))
            assert standing.list == (kept[0] if kept else None)
            assert standing.place == model.places.get((who, what.id))
        elif isinstance(what, int):
            assert standing.followers == sum(one == what for _, one in model.authors)
            assert standing.is_followed == ((who, what) in model.authors)
        else:
            assert standing.posts == sum(what in one.tags for one in model.posts)
            assert standing.followers == sum(one == what for _, one in model.tags)
            assert standing.is_followed == ((who, what) in model.tags)

    def model_like(self, who, what):
        self.model.likes.add((who, what.id))

    def model_unlike(self, who, what):
        self.model.likes.discard((who, what.id))

    def model_bookmark(self, who, what, into):
        before = self.model.bookmarks.get((who, what.id))
        self.clock += before is None
        at = before[1] if before else self.clock
        self.model.bookmarks[who, what.id] = (before[0] if before and into is None else into or "", at)

    def model_remove_bookmark(self, who, what):
        self.model.bookmarks.pop((who, what.id), None)

    def model_read_up_to(self, who, what, block, fraction, at):
        new = Place(block, fraction, FIRST_AT + at)
        old = self.model.places.get((who, what.id), new)
        self.model.places[who, what.id] = max(old, new, key=lambda one: (one.at, one.fraction, one.block))

    def model_forget_place(self, who, what):
        self.model.places.pop((who, what.id), None)

    def model_follow_author(self, who, what):
        self.model.authors.add((who, what))

    def model_unfollow_author(self, who, what):
        self.model.authors.discard((who, what))

    def model_follow_tag(self, who, what):
        self.model.tags.add((who, what))

    def model_unfollow_tag(self, who, what):
        self.model.tags.discard((who, what))

    async def publish(self, author, tags, day, is_reviewed):
        at = FIRST_AT + day * DAY
        provenance = ASSISTED if is_reviewed else AUTONOMOUS
        slug = await self.blog.publish("Tea", author=f"author-{author}", tags=tags, at=at, provenance=provenance)
        row = await self.blog.database.read_one("SELECT id, number FROM posts WHERE slug = ?", (slug,))
        self.model.posts.append(Post(row["id"], row["number"], slug, author, frozenset(tags), at, is_reviewed))

    async def delete(self, number):
        if number < len(self.model.posts):
            one = self.model.posts[number]
            self.model.forget_post(one)
            await self.blog.posts.delete(one.slug)

    async def hide(self, who, hides):
        self.model.hiding = self.model.hiding | {who} if hides else self.model.hiding - {who}
        await self.blog.database.write(
            lambda tx: tx.execute("UPDATE people SET hides_unreviewed = ? WHERE id = ?", (hides, self.ids[who]))
        )

    async def leave(self, who):
        if who not in self.gone:
            self.gone.add(who)
            self.model.forget_person(who)
            self.model.hiding.discard(who)
            await self.people.delete_account(self.ids[who])

    async def look(self, who, limit, pages):
        """The first pages of the feed of follows: from what is remembered, perhaps."""
        expected, before = [one.key for one in self.model.following(who)], None
        for _ in range(pages):
            page = await self.feeds.following(self.ids[who], limit, before)
            assert [(one.line.published_at, one.line.id) for one in page.items] == expected[:limit]
            for one in page.items:
                self.check_reason(who, one)
            expected, before = expected[limit:], page.next
            assert (before is None) == (not expected)
            if before is None:
                return

    def check_reason(self, who, item):
        [one] = [one for one in self.model.posts if one.id == item.line.id]
        if (who, one.author) in self.model.authors:
            assert (item.reason, item.of) == (Reason.AUTHOR, f"Author {one.author}")
        else:
            assert (item.reason, item.of) == (
                Reason.TAG, min(tag for tag in one.tags if (who, tag) in self.model.tags)
            )  # fmt: skip

    async def compare_all(self):
        model, database = self.model, self.blog.database
        likes = {row["id"]: row["likes"] for row in await database.read("SELECT id, likes FROM posts")}
        assert likes == {one.id: sum(post_id == one.id for _, post_id in model.likes) for one in model.posts}
        for number in range(AUTHORS):
            found = await self.blog.authors.by_handle(f"author-{number}")
            assert found.followers == sum(one == number for _, one in model.authors)
        counted = {tag: sum(tag in one.tags for one in model.posts) for tag in self.used()}
        expected = [(tag, posts) for tag, posts in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))]
        assert [(one.tag, one.posts) for one in await self.blog.posts.tags()] == expected
        found, after = [], None
        while True:
            page, after = await self.social.tags(2, after)
            found += page
            if after is None:
                break
        assert [one[:2] for one in found] == expected
        assert all(one.followers == sum(tag == one.tag for _, tag in model.tags) for one in found)
        for who in set(range(PEOPLE)) - self.gone:
            await self.compare_person(who)

    async def compare_person(self, who):
        model, id_ = self.model, self.ids[who]
        marks = await self.social.marks(id_, [*(one.id for one in model.posts), "no post"])
        assert marks == {one.id: model.marks(who, one) for one in model.posts} | {"no post": Marks(False, False, 0)}
        kept = sorted(((at, post_id, name) for (one, post_id), (name, at) in model.bookmarks.items() if one == who),
                      reverse=True)  # fmt: skip
        for name in (None, "", "x", "y"):
            found, before = [], None
            while True:
                page = await self.social.bookmarks(id_, 2, before, of_list=name)
                found += page.items
                before = page.next
                if before is None:
                    break
            expected = {(post_id, of) for _, post_id, of in kept if name in (None, of)}
            assert {(one.post_id, one.list) for one in found} == expected
            assert len(found) == len(expected)
            assert found == sorted(found, key=lambda one: (one.at, one.post_id), reverse=True)
        lists = {name: sum(of == name for *_, of in kept) for *_, name in kept}
        assert dict(await self.social.bookmark_lists(id_)) == lists
        history = await self.social.history(id_, 100)
        places = {post_id: place for (one, post_id), place in model.places.items() if one == who}
        assert {one.post_id: one.place for one in history.items} == places
        assert [one.place.at for one in history.items] == sorted((one.at for one in places.values()), reverse=True)
        handles = {f"author-{one}" for someone, one in model.authors if someone == who}
        assert {one.handle for one in await self.social.followed_authors(id_, 100)} == handles
        followed = sorted(tag for someone, tag in model.tags if someone == who)
        assert [one.id for one in await self.social.followed_tags(id_, 100)] == followed
        await self.look(who, 2, 100)
        latest = await self.feeds.latest(100, hides_unreviewed=await self.feeds.hides_unreviewed(id_))
        assert [one.id for one in latest.items] == [one.id for one in model.by_key(who)]
        for head in [PostCursor(0, ""), *(PostCursor(*one.key) for one in model.posts)]:
            newer = [one for one in model.by_key(who) if one.key > head]
            assert await self.feeds.count_new(head, person_id=id_) == len(newer)
            of_follows = sum(model.follows(who, one) for one in newer)
            assert await self.feeds.count_new(head, person_id=id_, follows_only=True) == of_follows
        ranking = await self.feeds.rank(id_, await self.feeds.head())
        assert [one.number for one in ranking] == model.ranking(who)
        assert ranking == await self.feeds.rank(id_, await self.feeds.head())
        items = await self.feeds.ranked(id_, ranking)
        assert [one.line.id for one in items] == [
            next(one.id for one in model.posts if one.number == place.number) for place in ranking
        ]


@pytest.fixture(scope="module")
def empty_blog(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "blogen.db"
    prepare(path)
    return path


@pytest.mark.parametrize(
    "bounds",
    [DEFAULT_BOUNDS, Bounds(few_follows=0, walked=3, stretch=3, since=1), Bounds(few_follows=1, walked=1, stretch=2)],
    ids=["as it is", "remembered soon", "walked hardly"],
)
@settings(max_examples=40)
@given(first=st.lists(PUBLISH, min_size=3, max_size=8), actions=st.lists(ACTIONS, min_size=10, max_size=50))
def test_whatever_people_do_every_count_and_feed_is_as_the_model_says(
    empty_blog, tmp_path_factory, bounds, first, actions
):
    async def play():
        folder = tmp_path_factory.mktemp("world")
        shutil.copy(empty_blog, folder)
        async with open_blog(folder) as blog:
            world = World(blog, bounds)
            await world.begin()
            for action in [*first, *actions]:
                await world.do(action)
            await world.compare_all()

    asyncio.run(play())
