"""What goes out, as rows: facts kept once with what makes them true, deliveries, and reading that never scans."""

import asyncio

import pytest

from blogen.clock import SystemClock
from blogen.errors import Conflict, NotFound
from blogen.events import FactKept
from blogen.store import outbox
from blogen.store.deliveries import Deliveries
from blogen.store.news import News, Place
from blogen.store.outbox import KEPT_MS, Outbox
from blogen.store.subscriptions import Subscriptions
from tests.blog import open_blog


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


async def facts(blog):
    return [(row["event"], row["key"]) for row in await blog.database.read("SELECT event, key FROM outbox ORDER BY id")]


async def keep(blog, key, event="post.deleted"):
    return await blog.database.write(lambda tx: outbox.put(tx, event, key, {"slug": "tea"}))


async def test_a_fact_is_kept_once_and_known_once(blog):
    assert [await keep(blog, "a"), await keep(blog, "a"), await keep(blog, "b")] == [True, False, True]
    assert await facts(blog) == [("post.deleted", "a"), ("post.deleted", "b")]
    assert [event.key for event in blog.heard if isinstance(event, FactKept)] == ["a", "b"]


async def test_a_fact_goes_with_the_transaction_that_makes_it_true(blog):
    def fails(tx):
        outbox.put(tx, "post.deleted", "a", {})
        raise Conflict("meanwhile")

    with pytest.raises(Conflict):
        await blog.database.write(fails)
    assert await facts(blog) == []
    assert not any(isinstance(event, FactKept) for event in blog.heard)


async def test_a_post_is_told_when_it_is_published_and_when_it_is_deleted_once_each(blog):
    slug = await blog.publish("Tea")
    post = await blog.database.read_one("SELECT id FROM posts")
    assert await blog.posts.delete(slug)
    assert not await blog.posts.delete(slug)
    assert await facts(blog) == [
        ("post.published", f"post.published:{post['id']}"),
        ("post.deleted", f"post.deleted:{post['id']}"),
    ]


async def test_addressing_again_changes_nothing(blog):
    await keep(blog, "a")
    box, deliveries = Outbox(blog.database, SystemClock()), Deliveries(blog.database)
    [fact] = await box.open_facts(0, 10)
    for _ in range(2):
        await box.address([(fact.id, ["chat", "shop"])], [fact.id])
    rows = await deliveries.newest(10)
    assert sorted(row.hook for row in rows) == ["chat", "shop"]
    assert await box.open_facts(0, 10) == []


async def test_many_who_address_at_once_make_one_row_a_webhook(blog):
    await keep(blog, "a")
    box = Outbox(blog.database, SystemClock())
    [fact] = await box.open_facts(0, 10)
    await asyncio.gather(*(box.address([(fact.id, ["chat"])], []) for _ in range(50)))
    assert len(await Deliveries(blog.database).newest(100)) == 1


async def test_what_is_done_for_a_month_is_forgotten_but_not_the_newest_number(blog):
    box = Outbox(blog.database, SystemClock())
    for key in "abc":
        await keep(blog, key)
    found = await box.open_facts(0, 10)
    await box.address([(fact.id, ["chat"]) for fact in found], [fact.id for fact in found[:1]])
    assert await box.forget_old() == 0
    await blog.database.write(lambda tx: tx.execute("UPDATE outbox SET created_at = ?", (tx.now_ms - KEPT_MS - 1,)))
    assert await box.forget_old() == 1, "only what is done"
    assert len(await Deliveries(blog.database).newest(10)) == 2
    await box.address([], [fact.id for fact in found])
    assert await box.forget_old() == 1
    assert [key for _, key in await facts(blog)] == ["c"]
    await keep(blog, "d")
    assert (await box.open_facts(0, 10))[0].id > found[-1].id


async def test_what_is_due_is_told_by_webhook_and_without_what_is_under_way(blog):
    box, deliveries = Outbox(blog.database, SystemClock()), Deliveries(blog.database)
    for key in "abc":
        await keep(blog, key)
    for fact in await box.open_facts(0, 10):
        await box.address([(fact.id, ["chat", "shop"])], [fact.id])
    far = 10**15
    first, *rest = await deliveries.due("chat", far, 10)
    assert len(rest) == 2
    assert [one.id for one in await deliveries.due("chat", far, 1, but=[first.id])] == [rest[0].id]
    assert await deliveries.due("other", far, 10) == []
    await deliveries.note_failed(first.id, 500, "x" * 1000, far + 5)
    assert first.id not in [one.id for one in await deliveries.due("chat", far, 10)]
    assert await deliveries.next_due("chat", far) == far + 5
    await deliveries.note_delivered(first.id, 200)
    assert await deliveries.next_due("chat", far) is None
    [shown] = [one for one in await deliveries.newest(10) if one.id == first.id]
    assert (shown.state, shown.attempts, shown.error) == ("delivered", 2, "")


async def test_only_deliveries_of_known_webhooks_can_be_ordered_again(blog):
    deliveries = Deliveries(blog.database)
    await keep(blog, "a")
    await Outbox(blog.database, SystemClock()).address([(1, ["chat"])], [1])
    [one] = await deliveries.newest(1)
    await deliveries.note_failed(one.id, 410, "gone", None)
    with pytest.raises(Conflict):
        await deliveries.retry(one.id, known=["other"])
    with pytest.raises(NotFound):
        await deliveries.retry("nothing", known=["chat"])
    assert (await deliveries.retry(one.id, known=["chat"])).state == "waiting"


async def test_posts_of_the_same_millisecond_are_each_told_once(blog):
    for turn in range(3):
        await blog.publish(f"Tea {turn}", at=1000 + turn // 2)
    news = News(blog.database)
    place, seen = Place(), []
    while found := await news.posts(place.published_at, place.post, 1):
        place = place._replace(published_at=found[0].published_at, post=found[0].id)
        seen.append(found[0].id)
    rows = await blog.database.read("SELECT id FROM posts ORDER BY published_at, id")
    assert seen == [row["id"] for row in rows]
    assert await news.now("nobody") == place
    # A later post may have the smaller id, where the machine's clock was set back.
    await blog.publish("Late", at=999)
    assert [one.published_at for one in await news.posts(999, "", 10)] == [999, 1000, 1000, 1001]
    assert await news.posts(1000, "z", 10) == [(rows[2]["id"], 1001, False)]


async def test_no_statement_of_what_goes_out_scans_or_sorts(blog):
    """Each list walks an index; the plan is asked of the statements as they are run."""
    ran = []
    read = blog.database.read

    async def watched(sql, params=()):
        ran.append((sql, params))
        return await read(sql, params)

    blog.database.read = watched
    deliveries = Deliveries(blog.database)
    await Outbox(blog.database, SystemClock()).open_facts(0, 10)
    await deliveries.due("chat", 1, 4, but=["x"])
    await deliveries.next_due("chat", 1)
    await deliveries.newest(10)
    await deliveries.newest(10, "x")
    await deliveries.newest(10, "x", hook="chat")
    await Subscriptions(blog.database).of("someone")
    news = News(blog.database)
    await news.now("someone")
    await news.posts(1, "x", 10)
    blog.database.read = read
    assert len(ran) >= 8
    for sql, params in ran:
        plan = [row["detail"] for row in await read(f"EXPLAIN QUERY PLAN {sql}", params)]
        assert not any("TEMP B-TREE" in step for step in plan), (sql, plan)
        for step in plan:
            # What is walked from its newest end, and stops at its limit, is called a scan, too.
            bounded = " INDEX " in step or "ORDER BY d.id DESC LIMIT" in sql
            assert not step.startswith("SCAN") or bounded or "(subquery" in step, (sql, plan)
