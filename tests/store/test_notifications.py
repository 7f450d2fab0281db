"""Notifications: who is told of what, once, and what is not for their eyes."""

import asyncio

import pytest

from blogen.domain.post_summary import Provenance
from blogen.events import Notified
from blogen.store.database import Transaction
from blogen.store.notifications import MOST_COUNTED
from tests.blog import open_blog
from tests.store.talking import HOLDING, Talk, text

REVIEWED = Provenance(disclosure="ai-assisted", text=["m"], images=[], cost_usd="0.000000")


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        await opened.publish("Tea", tags=["drinks", "leaves"])
        yield opened


@pytest.fixture
async def talk(blog):
    opened = Talk(blog)
    await opened.join("ada", "bob", "cleo")
    return opened


async def follow(talk: Talk, *handles: str, author: str | None = None, tag: str | None = None) -> None:
    def work(tx: Transaction) -> None:
        for handle in handles:
            if author:
                tx.execute(
                    "INSERT INTO author_follows SELECT ?, id, 1 FROM authors WHERE handle = ?",
                    (talk.ids[handle], author),
                )
            if tag:
                tx.execute("INSERT INTO tag_follows VALUES (?, ?, 1)", (talk.ids[handle], tag))

    await talk.blog.database.write(work)


async def test_who_is_answered_and_who_is_mentioned_is_told_once(talk):
    head = await talk.says("ada", "one")
    answer = await talk.says("bob", "I, @bob, say to @ADA and @cleo, @cleo: yes", head)
    assert await talk.told("ada") == [("reply", "bob")]
    assert await talk.told("cleo") == [("mention", "bob")]
    assert await talk.told("bob") == []
    deeper = await talk.says("cleo", "to bob, below ada", answer)
    assert await talk.told("bob") == [("reply", "cleo")]
    assert await talk.told("ada") == [("reply", "cleo"), ("reply", "bob")]
    [note] = (await talk.notifications.of(talk.ids["bob"], 10))[0]
    assert (note.slug, note.title, note.comment_id, note.excerpt) == ("tea", "Tea", deeper.id, "to bob, below ada")
    told = {event for event in talk.blog.heard if isinstance(event, Notified)}
    assert Notified(talk.ids["bob"], note.id) in told
    assert len(told) == 4


@pytest.mark.parametrize(
    "said",
    ["mail cleo@cleo.example", "`@cleo`", "```\n@cleo\n```", "@cleopatra", "@@cleo", "x/@cleo", "@cleo@else.example"],
)
async def test_what_only_looks_like_a_mention_tells_nobody(talk, said):
    await talk.says("ada", said)
    assert await talk.told("cleo") == []


@pytest.mark.parametrize("said", ["@cleo", "hello **@cleo**!", "- @cleo_", "> @Cleo: you said", "(@cleo)", "é@cleo"])
async def test_a_mention_is_found_wherever_it_stands(talk, said):
    await talk.says("ada", said)
    assert await talk.told("cleo") == [("mention", "ada")]


async def test_no_more_than_a_few_people_are_told_of_one_comment(talk):
    crowd = [f"p{number}" for number in range(20)]
    await talk.join(*crowd)
    await talk.says("ada", " ".join(f"@{handle}" for handle in crowd))
    assert sum([len(await talk.told(handle)) for handle in crowd]) == 10


async def test_a_change_tells_only_who_was_not_told(talk):
    made = await talk.says("ada", "for @bob")
    await talk.comments.change(made.id, talk.ids["ada"], text("for @bob and @cleo"))
    assert await talk.told("bob") == await talk.told("cleo") == [("mention", "ada")]


async def test_nobody_is_told_of_a_comment_while_it_is_not_shown(blog):
    talk = Talk(blog, HOLDING)
    await talk.join("ada", "bob")
    made = await talk.says("ada", "for @bob")
    assert await talk.told("bob") == []
    await talk.moderation.approve(made.id, "owner")
    assert await talk.told("bob") == [("mention", "ada")]
    act = await talk.moderation.remove(made.id, "owner")
    assert await talk.told("bob") == []
    await talk.moderation.undo(act.id)
    assert await talk.told("bob") == [("mention", "ada")]
    await talk.comments.delete(made.id, talk.ids["ada"])
    assert await talk.told("bob") == []
    assert [kind for kind, _ in await talk.told("ada")] == []  # with the comment goes what was decided about it


async def test_who_is_answered_in_a_thread_is_told_once_a_held_answer_is_approved(blog):
    talk = Talk(blog, HOLDING)
    await talk.join("ada", "bob", is_trusted=True)
    await talk.join("cleo")
    head = await talk.says("ada", "head")
    answer = await talk.says("bob", "an answer", head)
    held = await talk.says("cleo", "to bob", answer)
    assert (held.parent_id, held.answers_id) == (head.id, answer.id)
    assert await talk.told("bob") == []
    await talk.moderation.approve(held.id, "owner")
    assert await talk.told("bob") == [("reply", "cleo")]
    assert await talk.told("ada") == [("reply", "cleo"), ("reply", "bob")]


@pytest.mark.parametrize(("who", "whom"), [("ada", "bob"), ("bob", "ada")])
async def test_a_block_ends_mentions_both_ways(talk, who, whom):
    before = await talk.says("ada", "for @bob")
    assert await talk.notifications.unread(talk.ids["bob"]) == 1
    await talk.aversions.add(talk.ids[who], whom, "block")
    await talk.says("ada", "again for @bob")
    assert await talk.told("bob") == []
    assert await talk.notifications.unread(talk.ids["bob"]) == 0
    await talk.aversions.remove(talk.ids[who], whom, "block")
    assert await talk.told("bob") == [("mention", "ada")]
    [note] = (await talk.notifications.of(talk.ids["bob"], 5))[0]
    assert note.comment_id == before.id


async def test_a_mute_silences_one_side_alone(talk):
    await talk.aversions.add(talk.ids["bob"], "ada", "mute")
    await talk.says("ada", "for @bob")
    await talk.says("bob", "for @ada")
    assert (await talk.told("bob"), await talk.told("ada")) == ([], [("mention", "bob")])


async def test_each_persons_notifications_are_theirs_alone(talk):
    await talk.says("ada", "for @bob")
    [note] = (await talk.notifications.of(talk.ids["bob"], 5))[0]
    await talk.notifications.mark_read(talk.ids["cleo"], [note.id])
    await talk.notifications.mark_read_until(talk.ids["cleo"], note.id)
    assert await talk.notifications.unread(talk.ids["bob"]) == 1
    await talk.notifications.mark_read(talk.ids["bob"], [note.id])
    assert await talk.notifications.unread(talk.ids["bob"]) == 0
    assert (await talk.notifications.of(talk.ids["bob"], 5, unread=True))[0] == []
    assert (await talk.notifications.of(talk.ids["bob"], 5))[0][0].read_at is not None


async def test_all_until_one_are_read_and_newer_ones_are_not(talk):
    for number in range(5):
        await talk.says("ada", f"{number} for @bob")
    notes, _ = await talk.notifications.of(talk.ids["bob"], 10)
    await talk.notifications.mark_read_until(talk.ids["bob"], notes[2].id)
    assert await talk.notifications.unread(talk.ids["bob"]) == 2


async def test_pages_go_on_and_hidden_ones_do_not_shorten_them(talk):
    for number in range(9):
        await talk.says("ada" if number % 3 else "cleo", f"{number} for @bob")
    await talk.aversions.add(talk.ids["bob"], "ada", "mute")
    found, before = await talk.notifications.of(talk.ids["bob"], 2)
    assert [one.excerpt for one in found] == ["6 for @bob", "3 for @bob"]
    found, before = await talk.notifications.of(talk.ids["bob"], 2, before)
    assert ([one.excerpt for one in found], before) == (["0 for @bob"], None)


async def test_the_count_of_unread_ones_is_bounded(talk):
    def work(tx: Transaction) -> None:
        for number in range(MOST_COUNTED + 5):
            tx.execute(
                "INSERT INTO notifications (id, person_id, kind, source, created_at) VALUES (?, ?, 'moderation', ?, 1)",
                (f"{number:036}", talk.ids["bob"], f"s{number}"),
            )

    await talk.blog.database.write(work)
    assert await talk.notifications.unread(talk.ids["bob"]) == MOST_COUNTED
    await talk.notifications.mark_read_until(talk.ids["bob"], f"{MOST_COUNTED + 4:036}")
    assert await talk.notifications.unread(talk.ids["bob"]) == 0


async def tell_all(talk: Talk, slug: str = "tea", *, chunk: int = 3) -> int:
    """Tell all followers; the number of chunks it took."""
    after: str | None = ""
    chunks = 0
    while after is not None:
        after = await talk.notifications.tell_followers(slug, after, chunk=chunk)
        chunks += 1
    return chunks


async def test_followers_of_the_author_and_of_tags_are_told_once_chunk_by_chunk(talk):
    crowd = [f"p{number:02}" for number in range(11)]
    await talk.join(*crowd)
    await follow(talk, *crowd[5:10], author="blogen")  # their ids come after those who follow tags
    await follow(talk, *crowd[2:6], tag="drinks")
    await follow(talk, *crowd[:4], tag="leaves")
    await follow(talk, crowd[10], tag="else")
    assert await tell_all(talk) == 4
    for number, handle in enumerate(crowd):
        assert await talk.told(handle) == ([("post", None)] if number < 10 else [])
    details = [dict((await talk.notifications.of(talk.ids[handle], 1))[0][0].detail) for handle in crowd[1:6:2]]
    assert details == [{"tag": "leaves"}, {"tag": "drinks"}, {"author": "blogen"}]


async def test_telling_followers_again_or_side_by_side_tells_nobody_twice(talk):
    crowd = [f"p{number:02}" for number in range(10)]
    await talk.join(*crowd)
    await follow(talk, *crowd, author="blogen")
    await talk.notifications.tell_followers("tea", chunk=4)  # and the process died
    await asyncio.gather(*(tell_all(talk) for _ in range(3)))
    assert {handle: len(await talk.told(handle)) for handle in crowd} == dict.fromkeys(crowd, 1)
    assert sum(isinstance(event, Notified) for event in talk.blog.heard) == 10


async def test_who_hides_what_no_person_reviewed_is_not_told_of_it(talk):
    await talk.blog.publish("Coffee", provenance=REVIEWED)
    await follow(talk, "ada", "bob", author="blogen")
    await talk.blog.database.write(lambda tx: tx.execute("UPDATE people SET hides_unreviewed = 1 WHERE handle = 'ada'"))
    await talk.blog.database.write(lambda tx: tx.execute("UPDATE posts SET is_reviewed = 1 WHERE slug = 'coffee'"))
    await tell_all(talk, "tea")
    await tell_all(talk, "coffee")
    assert (len(await talk.told("ada")), len(await talk.told("bob"))) == (1, 2)


async def test_a_disabled_person_and_a_post_that_is_gone_cost_nothing(talk):
    await follow(talk, "ada", author="blogen")
    await talk.blog.database.write(lambda tx: tx.execute("UPDATE people SET disabled_at = 1 WHERE handle = 'ada'"))
    await tell_all(talk)
    assert await talk.told("ada") == []
    assert await talk.notifications.tell_followers("gone") is None
    assert await talk.notifications.tell_of_correction("gone") is None


async def test_who_liked_or_bookmarked_a_post_is_told_of_its_correction(talk):
    def work(tx: Transaction) -> None:
        post_id = tx.query("SELECT id FROM posts WHERE slug = 'tea'")[0]["id"]
        for handle in ("ada", "bob"):
            tx.execute("INSERT INTO likes VALUES (?, ?, 1)", (talk.ids[handle], post_id))
        for handle in ("bob", "cleo"):
            tx.execute("INSERT INTO bookmarks VALUES (?, ?, '', 1)", (talk.ids[handle], post_id))

    await talk.join("dan")
    await talk.blog.database.write(work)
    made = await talk.corrections.publish("tea", "It was 1987.")
    for _ in range(2):
        after: str | None = ""
        while after is not None:
            after = await talk.notifications.tell_of_correction(made.id, after, chunk=1)
    for handle in ("ada", "bob", "cleo"):
        assert await talk.told(handle) == [("correction", None)]
    assert await talk.told("dan") == []
    [note] = (await talk.notifications.of(talk.ids["ada"], 5))[0]
    assert note.detail == {"text": "It was 1987.", "block": None}
    rows = await talk.blog.database.read("SELECT key FROM outbox WHERE event = 'correction.published'")
    assert [row["key"] for row in rows] == [f"correction.published:{made.id}"]
