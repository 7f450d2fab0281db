"""Feeds over HTTP: what stands in them and why, page by page, and how many posts came since."""

import pytest

from blogen.domain.person import Scope
from blogen.store.feeds import MOST_NEW
from tests.api.test_openapi import schema_of
from tests.blog import AUTONOMOUS

DAY = 86_400_000
NOW = 1_790_000_000_000
ASSISTED = AUTONOMOUS.model_copy(update={"disclosure": "ai-assisted"})


class Feed:
    def __init__(self, served):
        self.served = served

    async def headers(self, who):
        return await self.served.person(who) if who else {}

    async def told(self, path, who=None, method="GET", body=None):
        return await self.served.told(method, path, body, scope=None, headers=await self.headers(who))

    async def refused(self, path, who=None, *, status):
        return await self.served.refused("GET", path, scope=None, headers=await self.headers(who), status=status)

    async def pages(self, kind, who, *, limit=2):
        """The slugs of all pages."""
        found, more = [], ""
        while more is not None:
            page = await self.told(f"/feed?kind={kind}&limit={limit}{more}", who)
            found.append([one["slug"] for one in page["items"]])
            assert (page["head"] is None) == bool(more)
            more = f"&cursor={page['next']}" if page["next"] else None
        return found

    async def act(self, who, path, method="PUT", body=None):
        return await self.told(path, who, method, body)

    async def new(self, head, who=None):
        return (await self.told(f"/feed/since?head={head}", who))["new"]


@pytest.fixture
async def feed(served):
    for number in range(5):
        await served.blog.publish(
            f"Post {number}", author="ada" if number % 2 else "blogen", tags=["tea"] if number < 2 else ["coffee"],
            at=NOW + number * DAY, provenance=ASSISTED if number == 3 else AUTONOMOUS,
        )  # fmt: skip
    return Feed(served)


async def test_the_latest_is_everyones_newest_first(feed):
    assert await feed.pages("latest", None) == [["post-4", "post-3"], ["post-2", "post-1"], ["post-0"]]
    page = await feed.told("/feed")
    assert [one["reason"] for one in page["items"]] == [{"kind": "new", "of": None, "text": "It is new."}] * 5
    assert page["items"][0]["viewer"] is None
    assert (await feed.told("/feed", "ann"))["items"][0]["viewer"] == {
        "liked": False, "bookmarked": False, "progress": 0.0,
    }  # fmt: skip
    schema_of("FeedView").validate(page)


async def test_an_empty_blog_has_a_head_all_the_same(served):
    feed = Feed(served)
    page = await feed.told("/feed")
    assert (page["items"], page["next"]) == ([], None)
    assert await feed.new(page["head"]) == 0
    await served.blog.publish("First")
    assert await feed.new(page["head"]) == 1
    assert (await feed.told("/feed?kind=for-you", "ann"))["items"][0]["slug"] == "first"


async def test_following_has_each_post_once_and_says_why(feed):
    assert (await feed.told("/feed?kind=following", "ann"))["items"] == []
    await feed.act("ann", "/tags/tea/follow")
    assert await feed.pages("following", "ann") == [["post-1", "post-0"]]
    await feed.act("ann", "/authors/ada/follow")
    assert await feed.pages("following", "ann") == [["post-3", "post-1"], ["post-0"]]
    page = await feed.told("/feed?kind=following", "ann")
    assert [(one["reason"]["kind"], one["reason"]["of"]) for one in page["items"]] == [
        ("followed-author", "Ada"), ("followed-author", "Ada"), ("followed-tag", "tea"),
    ]  # fmt: skip
    assert page["items"][2]["reason"]["text"] == "You follow the tag tea."
    schema_of("FeedView").validate(page)
    await feed.act("ann", "/tags/tea/follow", "DELETE")
    assert await feed.pages("following", "ann") == [["post-3", "post-1"]]


async def test_for_you_puts_follows_and_what_kindred_readers_like_before_age(feed):
    await feed.act("ann", "/authors/ada/follow")
    for one in ("ann", "bob"):
        await feed.act(one, "/posts/post-4/like")
    for who in ("bob", "cleo", "dan", "fay"):
        for slug in ("post-4", "post-0"):
            await feed.act(who, f"/posts/{slug}/like")
    page = await feed.told("/feed?kind=for-you", "ann")
    reasons = {one["slug"]: one["reason"]["kind"] for one in page["items"]}
    assert reasons == {
        "post-4": "new", "post-3": "followed-author", "post-2": "new", "post-1": "followed-author",
        "post-0": "co-readers",
    }  # fmt: skip
    order = [one["slug"] for one in page["items"]]
    assert order.index("post-1") < order.index("post-2")  # older, and by a followed author
    assert order.index("post-0") < order.index("post-2")  # the oldest, and liked by four kindred readers
    assert all(one["reason"]["of"] in (None, "Ada") for one in page["items"])  # of readers no name is told
    schema_of("FeedView").validate(page)
    # Whom nothing is known of reads the newest first.
    assert [one["slug"] for one in (await feed.told("/feed?kind=for-you", "eve"))["items"]] == [
        "post-4", "post-3", "post-2", "post-1", "post-0",
    ]  # fmt: skip


async def test_for_you_leaves_out_what_was_read(feed):
    place = {"block": "b1", "fraction": 0.95, "at": "2026-08-02T12:00:00Z"}
    await feed.act("ann", "/posts/post-4/progress", body=place)
    await feed.act("ann", "/posts/post-3/progress", body=place | {"fraction": 0.5})
    page = await feed.told("/feed?kind=for-you", "ann")
    assert [one["slug"] for one in page["items"]] == ["post-3", "post-2", "post-1", "post-0"]
    assert page["items"][0]["viewer"]["progress"] == 0.5


async def test_a_ranking_keeps_its_order_whatever_happens_between_its_pages(feed):
    first = await feed.told("/feed?kind=for-you&limit=2", "ann")
    assert [one["slug"] for one in first["items"]] == ["post-4", "post-3"]
    await feed.act("ann", "/tags/tea/follow")
    await feed.act("ann", "/posts/post-2/like")
    await feed.served.blog.publish("New", at=NOW + 9 * DAY)
    await feed.act(
        "ann", "/posts/post-1/progress", body={"block": "b", "fraction": 1.0, "at": "2026-08-02T12:00:00Z"}
    )  # fmt: skip
    rest, cursor = [], first["next"]
    while cursor:
        page = await feed.told(f"/feed?kind=for-you&limit=2&cursor={cursor}", "ann")
        rest += [one["slug"] for one in page["items"]]
        cursor = page["next"]
    assert rest == ["post-2", "post-1", "post-0"]
    again = await feed.told("/feed?kind=for-you", "ann")
    assert again == await feed.told("/feed?kind=for-you", "ann")
    assert "new" in [one["slug"] for one in again["items"]]
    assert "post-1" not in [one["slug"] for one in again["items"]]


async def test_pages_go_on_where_they_were_when_posts_come_meanwhile(feed):
    first = await feed.told("/feed?limit=2")
    await feed.served.blog.publish("New", at=NOW + 9 * DAY)
    second = await feed.told(f"/feed?limit=2&cursor={first['next']}")
    assert [one["slug"] for one in second["items"]] == ["post-2", "post-1"]


async def test_since_counts_what_came_to_this_feed(feed):
    await feed.act("ann", "/authors/ada/follow")
    heads = {
        kind: (await feed.told(f"/feed?kind={kind}", "ann"))["head"] for kind in ("latest", "following", "for-you")
    }
    for number in range(3):
        await feed.served.blog.publish(
            f"New {number}", author="ada" if number else "blogen", at=NOW + (7 + number) * DAY
        )
    assert [await feed.new(heads[kind], "ann") for kind in heads] == [3, 2, 3]
    assert await feed.new(heads["latest"]) == 3
    await feed.refused(f"/feed/since?head={heads['following']}", status=401)
    assert await feed.new((await feed.told("/feed"))["head"]) == 0


async def test_since_counts_to_a_hundred(feed):
    head = (await feed.told("/feed"))["head"]
    for number in range(MOST_NEW + 2):
        await feed.served.blog.publish("More", at=NOW + 9 * DAY + number)
    assert await feed.new(head) == MOST_NEW


async def test_who_hides_what_no_person_reviewed_sees_it_nowhere(feed):
    head = (await feed.told("/feed", "ann"))["head"]
    ann = await feed.served.people.by_handle("ann")
    await feed.act("ann", "/authors/ada/follow")
    await feed.act("ann", "/tags/tea/follow")
    await feed.served.blog.database.write(
        lambda tx: tx.execute("UPDATE people SET hides_unreviewed = 1 WHERE id = ?", (ann.id,))
    )
    for kind in ("latest", "following", "for-you"):
        assert [one["slug"] for one in (await feed.told(f"/feed?kind={kind}", "ann"))["items"]] == ["post-3"], kind
    await feed.served.blog.publish("Hidden", at=NOW + 8 * DAY)
    await feed.served.blog.publish("Seen", at=NOW + 9 * DAY, provenance=ASSISTED)
    assert (await feed.new(head, "ann"), await feed.new(head, "bob"), await feed.new(head)) == (1, 2, 2)


async def test_feeds_of_ones_own_need_a_person(feed):
    for kind in ("following", "for-you"):
        await feed.refused(f"/feed?kind={kind}", status=401)
        await feed.served.refused("GET", f"/feed?kind={kind}", status=401, scope=Scope.ADMIN)


async def test_a_cursor_is_good_for_its_own_feed_and_person_alone(feed):
    await feed.act("ann", "/authors/ada/follow")
    await feed.act("bob", "/authors/ada/follow")
    kinds = ("latest", "following", "for-you")
    pages = {kind: await feed.told(f"/feed?kind={kind}&limit=1", "ann") for kind in kinds}
    for kind in kinds:
        for other in kinds:
            if other != kind:
                await feed.refused(f"/feed?kind={kind}&cursor={pages[other]['next']}", "ann", status=422)
        if kind != "latest":
            await feed.refused(f"/feed?kind={kind}&cursor={pages[kind]['next']}", "bob", status=422)
        cursor = pages[kind]["next"]
        tampered = cursor[:-3] + ("A" if cursor[-3] != "A" else "B") + cursor[-2:]
        await feed.refused(f"/feed?kind={kind}&cursor={tampered}", "ann", status=422)
        await feed.refused(f"/feed/since?head={cursor}", "ann", status=422)
    for wrong in ("kind=best", "limit=0", "limit=101", "cursor=x", f"cursor={'A' * 5000}"):
        await feed.refused(f"/feed?{wrong}", "ann", status=422)
    for wrong in ("", "?head=", "?head=x", f"?head={'A' * 500}"):
        await feed.refused(f"/feed/since{wrong}", status=422)


async def test_the_feed_is_known_by_its_tag_and_changes_with_its_counts(feed):
    first = await feed.served.call("GET", "/feed", scope=None)
    same = await feed.served.call("GET", "/feed", scope=None, headers={"If-None-Match": first.headers["ETag"]})
    assert same.status == 304
    await feed.act("ann", "/posts/post-4/like")
    changed = await feed.served.call("GET", "/feed", scope=None, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200
    assert (await changed.json())["items"][0]["counts"]["likes"] == 1
    mine = await feed.served.call("GET", "/feed", scope=None, headers=await feed.headers("ann"))
    assert "private" in mine.headers["Cache-Control"]
    assert (await mine.json())["items"][0]["viewer"]["liked"] is True


async def test_a_post_that_was_deleted_is_passed_over(feed):
    await feed.act("ann", "/authors/ada/follow")
    first = await feed.told("/feed?kind=for-you&limit=1", "ann")
    await feed.served.blog.posts.delete("post-2")
    page = await feed.told(f"/feed?kind=for-you&cursor={first['next']}", "ann")
    assert {one["slug"] for one in page["items"]} == {"post-0", "post-1", "post-3", "post-4"} - {
        first["items"][0]["slug"]
    }
