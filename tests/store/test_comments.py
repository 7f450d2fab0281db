"""Comments as they are stored: counts, stubs, holds, blocks, and statements that stay quick."""

import asyncio
import contextlib
import random

import pytest

from blogen.config.comments import CommentsConfig
from blogen.domain.blocked_words import first_blocked, folded
from blogen.errors import BlogenError, ChangedMeanwhile, Conflict, Forbidden, NotFound
from blogen.events import CommentChanged, CommentCreated, CommentRemoved, PostCounted
from blogen.store import database as database_module
from blogen.store.comments import FIRST_ANSWERS, MOST_HELD
from blogen.store.database import Transaction
from tests.blog import open_blog
from tests.store.talking import HOLDING, OPEN, Talk, faces, text


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        await opened.publish("Tea")
        yield opened


@pytest.fixture
async def talk(blog):
    opened = Talk(blog)
    await opened.join("ada", "bob", "cleo")
    return opened


async def test_comments_are_in_two_levels_the_oldest_first(talk):
    first = await talk.says("ada", "one")
    await talk.says("bob", "two")
    answer = await talk.says("bob", "to one", first)
    deeper = await talk.says("ada", "to the answer", answer)
    assert deeper.parent_id == first.id
    assert faces(await talk.sees()) == [("shown", "one", ["to one", "to the answer"]), ("shown", "two", [])]
    assert await talk.count() == 4


async def test_events_tell_what_happened(talk):
    made = await talk.says("ada", "one")
    await talk.comments.change(made.id, talk.ids["ada"], text("uno"))
    await talk.comments.delete(made.id, talk.ids["ada"])
    heard = [one for one in talk.blog.heard if isinstance(one, CommentCreated | CommentChanged | CommentRemoved)]
    assert heard == [
        CommentCreated(made.id, "tea", "shown"), CommentChanged(made.id, "tea", "shown"),
        CommentRemoved(made.id, "tea"),
    ]  # fmt: skip
    assert talk.blog.heard.count(PostCounted("tea")) == 2
    rows = await talk.blog.database.read("SELECT event, key FROM outbox WHERE event = 'comment.created'")
    assert [tuple(row) for row in rows] == [("comment.created", f"comment.created:{made.id}")]


async def test_pages_go_on_where_the_last_one_ended_whatever_comes_between(talk):
    made = [await talk.says("ada", f"number {number}") for number in range(7)]
    found, after = await talk.comments.of_post("tea", 3)
    await talk.says("bob", "one more")
    await talk.comments.delete(made[2].id, talk.ids["ada"])
    seen = [one.comment.markdown for one in found]
    while after:
        found, after = await talk.comments.of_post("tea", 3, after)
        seen += [one.comment.markdown for one in found]
    assert seen == [f"number {number}" for number in range(7)] + ["one more"]


async def test_a_page_is_filled_with_what_can_be_seen(talk):
    for number in range(12):
        made = await talk.says("ada", f"number {number}")
        if number % 4:
            await talk.moderation.remove(made.id, "owner")
    found, after = await talk.comments.of_post("tea", 3)
    assert [one.comment.markdown for one in found] == ["number 0", "number 4", "number 8"]
    assert after is not None
    assert await talk.comments.of_post("tea", 3, after) == ([], None)


async def test_many_answers_are_a_list_of_their_own(talk):
    head = await talk.says("ada", "head")
    for number in range(FIRST_ANSWERS + 3):
        await talk.says("bob", f"answer {number}", head)
    [seen] = await talk.sees()
    assert len(seen.answers) == FIRST_ANSWERS
    rest, after = await talk.comments.answers(head.id, 100, seen.next_answers)
    assert [one.comment.markdown for one in rest] == [f"answer {FIRST_ANSWERS + number}" for number in range(3)]
    assert after is None


async def test_what_was_deleted_leaves_a_stub_while_answers_hang_on_it(talk):
    head = await talk.says("ada", "secret of ada")
    one, two = await talk.says("bob", "an answer", head), await talk.says("cleo", "another", head)
    await talk.comments.delete(head.id, talk.ids["ada"])
    assert faces(await talk.sees()) == [("deleted", "", ["an answer", "another"])]
    assert await talk.count() == 2
    rows = await talk.blog.database.read("SELECT * FROM comments")
    assert "secret of ada" not in str([tuple(row) for row in rows])
    await talk.comments.delete(one.id, talk.ids["bob"])
    assert faces(await talk.sees()) == [("deleted", "", ["another"])]
    await talk.comments.delete(two.id, talk.ids["cleo"])
    assert await talk.blog.database.read("SELECT id FROM comments") == []
    assert await talk.count() == 0


async def test_a_removed_comment_is_a_stub_to_others_and_its_answers_stay(talk):
    head = await talk.says("ada", "head")
    await talk.says("bob", "an answer", head)
    alone = await talk.says("ada", "alone")
    for one in (head, alone):
        await talk.moderation.remove(one.id, "owner")
    assert faces(await talk.sees("bob")) == [("removed", "", ["an answer"])]
    assert faces(await talk.sees("ada")) == [("removed", "", ["an answer"]), ("removed", "", [])]
    assert await talk.count() == 1


@pytest.mark.parametrize("who", ["bob", None])
async def test_a_held_comment_is_seen_by_its_writer_alone(blog, who):
    talk = Talk(blog, HOLDING)
    await talk.join("ada", "bob")
    made = await talk.says("ada", "first")
    assert (made.state, made.held_for) == ("held", "first comment")
    assert faces(await talk.sees("ada")) == [("held", "first", [])]
    assert await talk.sees(who) == []
    with pytest.raises(NotFound):
        await talk.comments.seen(made.id, viewer_id=talk.ids.get(who))
    with pytest.raises(NotFound):
        await talk.says("bob", "an answer", made)
    for stranger in (talk.comments.delete, talk.comments.change):
        with pytest.raises(NotFound):
            await stranger(made.id, talk.ids["bob"], *([text("x")] if stranger == talk.comments.change else []))
    assert await talk.count() == 0
    assert await blog.database.read("SELECT * FROM outbox WHERE event = 'comment.created'") == []


async def test_nobody_fills_the_queue_alone(blog):
    talk = Talk(blog, HOLDING)
    await talk.join("ada", "bob")
    made = [await talk.says("ada", f"number {number}") for number in range(MOST_HELD)]
    with pytest.raises(Conflict, match="20 of your comments wait"):
        await talk.says("ada", "one more")
    assert (await talk.says("ada", f"number {MOST_HELD - 1}")).id == made[-1].id
    await talk.says("bob", "mine")
    await talk.moderation.remove(made[0].id, "owner")
    await talk.says("ada", "one more")


async def test_authors_and_the_trusted_are_not_held_for_a_first_comment(blog):
    talk = Talk(blog, HOLDING)
    await talk.join("ada", role="author")
    await talk.join("bob", is_trusted=True)
    assert (await talk.says("ada", "first")).state == (await talk.says("bob", "first")).state == "shown"


async def test_a_text_is_changed_by_its_writer_for_a_while(blog):
    talk = Talk(blog, CommentsConfig(hold_first=False, edit_minutes=1))
    await talk.join("ada", "bob")
    made = await talk.says("ada", "one")
    changed = await talk.comments.change(made.id, talk.ids["ada"], text("uno"), revisions=frozenset({made.revision}))
    assert (changed.markdown, changed.html) == ("uno", "<p>uno</p>")
    assert changed.edited_at is not None
    with pytest.raises(ChangedMeanwhile):
        await talk.comments.change(made.id, talk.ids["ada"], text("due"), revisions=frozenset({made.revision}))
    with pytest.raises(Forbidden):
        await talk.comments.change(made.id, talk.ids["bob"], text("mine now"))
    await blog.database.write(lambda tx: tx.execute("UPDATE comments SET created_at = created_at - 61000"))
    with pytest.raises(Conflict, match="1 minutes"):
        await talk.comments.change(made.id, talk.ids["ada"], text("late"))
    assert faces(await talk.sees()) == [("shown", "uno", [])]


async def test_two_changes_at_once_do_not_both_win(talk):
    made = await talk.says("ada", "one")
    same = frozenset({made.revision})
    results = await asyncio.gather(
        *(talk.comments.change(made.id, talk.ids["ada"], text(f"v{n}"), revisions=same) for n in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ChangedMeanwhile) for result in results) == 4


async def test_a_comment_sent_twice_is_one_comment(talk):
    made = await asyncio.gather(*(talk.says("ada", "twice") for _ in range(5)))
    assert len({one.id for one in made}) == 1
    assert await talk.count() == 1
    assert (await talk.says("bob", "twice")).id != made[0].id
    assert (await talk.says("ada", "twice", made[0])).id != made[0].id


async def test_an_answer_stays_below_its_post_and_its_thread(talk):
    await talk.blog.publish("Coffee")
    other = await talk.says("ada", "on coffee", slug="coffee")
    with pytest.raises(NotFound):
        await talk.says("bob", "wrong post", other)
    with pytest.raises(NotFound):
        await talk.says("bob", "no post", slug="milk")
    await talk.moderation.remove(other.id, "owner")
    with pytest.raises(Conflict):
        await talk.says("bob", "too late", other, slug="coffee")


@pytest.mark.parametrize(("who", "whom"), [("ada", "bob"), ("bob", "ada")])
async def test_a_block_hides_both_from_each_other_and_ends_answers(talk, who, whom):
    by_ada = await talk.says("ada", "by ada")
    await talk.says("cleo", "cleo to ada", by_ada)
    await talk.says("bob", "by bob")
    await talk.aversions.add(talk.ids[who], whom, "block")
    assert faces(await talk.sees("bob")) == [("hidden", "", ["cleo to ada"]), ("shown", "by bob", [])]
    assert faces(await talk.sees("ada")) == [("shown", "by ada", ["cleo to ada"])]
    assert len(await talk.sees("cleo")) == len(await talk.sees()) == 2
    with pytest.raises(NotFound):
        await talk.says("bob", "to ada", by_ada)
    [answer] = (await talk.sees())[0].answers
    with pytest.raises(Forbidden):
        await talk.says("bob", "to cleo, in ada's thread", answer.comment)
    with pytest.raises(NotFound):
        await talk.comments.change(by_ada.id, talk.ids["bob"], text("x"))
    with pytest.raises(NotFound):
        await talk.comments.delete(by_ada.id, talk.ids["bob"])
    await talk.aversions.remove(talk.ids[who], whom, "block")
    await talk.says("bob", "to ada", by_ada)


async def test_a_mute_hides_one_from_the_other_alone(talk):
    by_ada = await talk.says("ada", "by ada")
    await talk.aversions.add(talk.ids["bob"], "ada", "mute")
    assert await talk.sees("bob") == []
    assert faces(await talk.sees("ada")) == [("shown", "by ada", [])]
    await talk.says("bob", "an answer all the same", by_ada)
    assert faces(await talk.sees("ada")) == [("shown", "by ada", ["an answer all the same"])]


async def test_what_somebody_wrote_stays_when_the_account_goes(talk):
    made = await talk.says("ada", "by ada")
    await talk.blog.database.write(lambda tx: tx.execute("DELETE FROM people WHERE handle = 'ada'"))
    [seen] = await talk.sees("bob")
    assert (seen.comment.markdown, seen.comment.writer) == ("by ada", None)
    await talk.says("bob", "an answer", made)
    await talk.moderation.remove(made.id, "owner")
    assert await talk.count() == await talk.truth() == 1


async def test_a_post_takes_its_comments_along(talk):
    head = await talk.says("ada", "one")
    await talk.says("bob", "two @cleo", head)
    await talk.moderation.report_comment(head.id, talk.ids["cleo"], "no")
    await talk.blog.posts.delete("tea")
    for table in ("comments", "notifications", "reports"):
        assert await talk.blog.database.read(f"SELECT * FROM {table}") == []


@pytest.mark.parametrize(
    "said",
    [
        "buy CASINO chips", "cаsinо", "c\u200bas\u00adino", "ｃａｓｉｎｏ", "c̷a̷s̷i̷n̷o̷", "CASÍNO!", "ca**si**no",
        "[casino](https://example.org)", "https://casino.example/", "line\ncasino", "`casino`",
    ],
)  # fmt: skip
async def test_a_blocked_word_holds_a_comment_however_it_is_dressed(talk, said):
    await talk.moderation.block_word("Casino", "owner")
    made = await talk.says("ada", said)
    assert (made.state, made.held_for) == ("held", "blocked word: casino")


@pytest.mark.parametrize("said", ["casinos", "occasion", "cas ino", "the word is not there"])
async def test_a_blocked_word_is_found_whole(talk, said):
    await talk.moderation.block_word("casino", "owner")
    assert (await talk.says("ada", said)).state == "shown"


def test_phrases_and_scripts_without_spaces_are_found_too():
    assert first_blocked("Please, BUY -- now!", [folded("buy now")]) == "buy now"
    assert first_blocked("この博打場へ", [folded("博打")]) == "博打"
    assert first_blocked("ИГРА", [folded("игра")]) == folded("игра")
    assert first_blocked("x", []) is None


async def test_a_change_that_says_a_blocked_word_is_held_and_uncounted(talk):
    await talk.moderation.block_word("casino", "owner")
    head = await talk.says("ada", "harmless @bob")
    await talk.says("cleo", "an answer", head)
    changed = await talk.comments.change(head.id, talk.ids["ada"], text("casino @bob"))
    assert changed.state == "held"
    assert faces(await talk.sees("bob")) == [("hidden", "", ["an answer"])]
    assert await talk.count() == await talk.truth() == 1
    assert await talk.told("bob") == []


@pytest.mark.parametrize("seed", range(6))
async def test_counts_are_right_after_any_sequence_of_acts(blog, seed):
    """Whatever people and moderators do in whatever order, the kept count is what counting gives."""
    chance = random.Random(seed)
    talk = Talk(blog, HOLDING if seed % 2 else OPEN)
    people = ["ada", "bob", "cleo"]
    await talk.join(*people)
    await talk.moderation.block_word("casino", "owner")
    made, acts = [], []

    async def act() -> None:
        who, one = chance.choice(people), chance.choice(made) if made else None
        match chance.randrange(9):
            case 0 | 1:
                made.append(await talk.says(who, f"{chance.choice(['casino', 'tea'])} {chance.random()}"))
            case 2 if one:
                made.append(await talk.says(who, f"answer {chance.random()}", one))
            case 3 if one:
                await talk.comments.change(one.id, talk.ids[who], text(f"{chance.choice(['casino', 'x'])} edited"))
            case 4 if one:
                await talk.comments.delete(one.id, talk.ids[who])
            case 5 if one:
                acts.append(await talk.moderation.approve(one.id, "owner"))
            case 6 if one:
                acts.append(await talk.moderation.remove(one.id, "owner"))
            case 7 if one:
                acts.append(await talk.moderation.restore(one.id, "owner"))
            case 8 if acts:
                await talk.moderation.undo(chance.choice(acts).id)

    for _ in range(150):
        with contextlib.suppress(BlogenError):
            await act()
        assert await talk.count() == await talk.truth()
    seen = [one.comment.id for head in await talk.sees() for one in (head, *head.answers) if one.is_whole]
    assert len(seen) == len(set(seen)) == await talk.truth()


async def test_no_statement_of_a_conversation_sorts_or_scans_without_bound(talk, monkeypatch):
    said: dict[str, tuple] = {}
    read, query, execute = talk.blog.database.read, Transaction.query, Transaction.execute

    async def noting_read(sql, params=()):
        said[sql] = tuple(params)
        return await read(sql, params)

    def noting_query(self, sql, params=()):
        said[sql] = tuple(params)
        return query(self, sql, params)

    def noting_execute(self, sql, params=()):
        said[sql] = tuple(params)
        return execute(self, sql, params)

    monkeypatch.setattr(talk.blog.database, "read", noting_read)
    monkeypatch.setattr(database_module.Transaction, "query", noting_query)
    monkeypatch.setattr(database_module.Transaction, "execute", noting_execute)
    await _everything(talk)
    # What has a bound of its own: a subquery with a LIMIT, a table that is kept small, the newest rows of a log.
    allowed = {"SCAN CONSTANT ROW", "SCAN blocked_words", "SCAN moderation_log"}
    assert len(said) > 60
    for sql, params in said.items():
        if sql.startswith("INSERT INTO outbox") or "post_tags" in sql or "posts_search" in sql:
            continue
        plan = [row["detail"] for row in await read(f"EXPLAIN QUERY PLAN {sql}", params)]
        assert not [line for line in plan if "TEMP B-TREE" in line], (sql, plan)
        within = {line.replace("CO-ROUTINE", "SCAN") for line in plan if line.startswith("CO-ROUTINE")}
        scans = [line for line in plan if line.startswith("SCAN") and line not in allowed | within]
        assert not scans, (sql, plan)


async def _everything(talk: Talk) -> None:
    """Every call of the stores, once."""
    comments, moderation, ids = talk.comments, talk.moderation, talk.ids
    await moderation.block_word("casino", "owner")
    head = await talk.says("ada", "one @bob and casino")
    held = await moderation.approve(head.id, "owner")
    await moderation.undo(held.id)
    await moderation.approve(head.id, "owner")
    answer = await talk.says("bob", "an answer @cleo", head)
    for after in (None, head.id):
        await comments.of_post("tea", 5, after, viewer_id=ids["ada"])
        await comments.answers(head.id, 5, after, viewer_id=None)
        await moderation.queue(5, after)
        await moderation.reports(5, after)
        await moderation.log(5, after)
        for unread in (True, False):
            await talk.notifications.of(ids["ada"], 5, after, unread=unread)
        await talk.corrections.of_post("tea", 5, after)
    await comments.is_by(head.id, ids["ada"])
    await comments.change(answer.id, ids["bob"], text("another answer"))
    report = await moderation.report_comment(answer.id, ids["cleo"], "no")
    await moderation.report_post("tea", ids["cleo"], "wrong")
    await moderation.reports(5)
    closed = await moderation.close_report(report, "done", "owner")
    await moderation.undo(closed.id)
    removed = await moderation.remove(answer.id, "owner")
    await moderation.undo(removed.id)
    await moderation.undo((await moderation.unblock_word("casino", "owner")).id)
    await moderation.words()
    await talk.aversions.add(ids["ada"], "cleo", "block")
    await talk.aversions.of(ids["ada"], 5)
    await talk.aversions.of(ids["ada"], 5, f"{ids['bob']} block")
    await talk.aversions.remove(ids["ada"], "cleo", "block")
    [note, *_] = (await talk.notifications.of(ids["ada"], 5))[0]
    await talk.notifications.one(note.id)
    await talk.notifications.unread(ids["ada"])
    await talk.notifications.mark_read(ids["ada"], [note.id])
    await talk.notifications.mark_read_until(ids["bob"], note.id)
    correction = await talk.corrections.publish("tea", "It was 1987.")
    await talk.notifications.tell_of_correction(correction.id)
    await talk.notifications.tell_followers("tea")
    await talk.says("cleo", "casino")
    await comments.delete(answer.id, ids["bob"])
    await comments.delete(head.id, ids["ada"])
