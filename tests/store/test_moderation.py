"""Moderation: what is decided can be taken back, and the log knows it."""

import asyncio

import pytest

from blogen.errors import BlogenError, Conflict, InvalidInput, NotFound
from blogen.store.moderation import MOST_OPEN
from tests.blog import open_blog
from tests.store.talking import HOLDING, Talk, faces


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        await opened.publish("Tea")
        yield opened


@pytest.fixture
async def talk(blog):
    opened = Talk(blog, HOLDING)
    await opened.join("ada", "bob")
    return opened


async def trusted(talk: Talk, handle: str) -> bool:
    rows = await talk.blog.database.read("SELECT is_trusted FROM people WHERE handle = ?", (handle,))
    return bool(rows[0]["is_trusted"])


async def queued(talk: Talk) -> list[str]:
    return [one.markdown for one in (await talk.moderation.queue(100))[0]]


async def test_approving_a_first_comment_trusts_its_writer_and_undoing_that_does_not(talk):
    first = await talk.says("ada", "first")
    await talk.says("ada", "second")
    assert await queued(talk) == ["first", "second"]
    act = await talk.moderation.approve(first.id, "mod")
    assert await trusted(talk, "ada")
    assert (await talk.says("ada", "third")).state == "shown"
    assert await queued(talk) == ["second"]  # what waits is not shown behind the moderator's back
    assert await talk.told("ada") == [("moderation", None)]
    await talk.moderation.undo(act.id)
    assert not await trusted(talk, "ada")
    assert await queued(talk) == ["first", "second"]
    assert [one.held_for for one in (await talk.moderation.queue(1))[0]] == ["first comment"]
    assert await talk.told("ada") == []
    assert await talk.count() == await talk.truth() == 1


async def test_undoing_the_approval_of_one_trusted_before_leaves_the_trust(talk):
    await talk.join("cleo", is_trusted=True)
    await talk.moderation.block_word("casino", "owner")
    act = await talk.moderation.approve((await talk.says("cleo", "casino")).id, "owner")
    await talk.moderation.undo(act.id)
    assert await trusted(talk, "cleo")


async def test_what_was_removed_is_restored_or_the_removal_undone(talk):
    made = await talk.says("ada", "one")
    held = await talk.moderation.remove(made.id, "owner")
    assert await queued(talk) == []
    await talk.moderation.undo(held.id)
    assert await queued(talk) == ["one"]
    await talk.moderation.approve(made.id, "owner")
    await talk.moderation.remove(made.id, "owner")
    assert await talk.count() == 0
    restored = await talk.moderation.restore(made.id, "owner")
    assert faces(await talk.sees()) == [("shown", "one", [])]
    await talk.moderation.undo(restored.id)
    assert await talk.sees("bob") == []
    assert await talk.count() == await talk.truth() == 0


async def test_an_act_is_undone_once_and_only_while_what_it_did_stands(talk):
    made = await talk.says("ada", "one")
    approved = await talk.moderation.approve(made.id, "owner")
    removed = await talk.moderation.remove(made.id, "owner")
    with pytest.raises(Conflict, match="removed by now"):
        await talk.moderation.undo(approved.id)
    await talk.moderation.undo(removed.id)
    with pytest.raises(Conflict, match="before"):
        await talk.moderation.undo(removed.id)
    await talk.comments.delete(made.id, talk.ids["ada"])
    with pytest.raises(NotFound):
        await talk.moderation.undo(approved.id)
    with pytest.raises(NotFound):
        await talk.moderation.undo("nothing")


@pytest.mark.parametrize(("verb", "state"), [("approve", "shown"), ("restore", "held"), ("remove", "removed")])
async def test_a_decision_that_does_not_fit_is_refused(talk, verb, state):
    made = await talk.says("ada", "one")
    if state == "shown":
        await talk.moderation.approve(made.id, "owner")
    if state == "removed":
        await talk.moderation.remove(made.id, "owner")
    with pytest.raises(Conflict, match=f"is {state}"):
        await getattr(talk.moderation, verb)(made.id, "owner")
    with pytest.raises(NotFound):
        await getattr(talk.moderation, verb)("nothing", "owner")


async def test_of_several_moderators_at_once_one_decides(talk):
    made = await talk.says("ada", "one")
    verbs = [talk.moderation.approve] * 3 + [talk.moderation.remove] * 3
    done = await asyncio.gather(*(verb(made.id, "mod") for verb in verbs), return_exceptions=True)
    acts = [one for one in done if not isinstance(one, BaseException)]
    assert [act.action for act in acts] == ["approve", "remove"]  # a shown one can be removed
    assert await talk.count() == await talk.truth() == 0


async def test_the_log_has_the_newest_first(talk):
    made = await talk.says("ada", "one")
    await talk.moderation.approve(made.id, "mod")
    act = await talk.moderation.remove(made.id, "owner")
    await talk.moderation.undo(act.id)
    await talk.moderation.block_word("Casino", "owner")
    log, after = await talk.moderation.log(2)
    assert [(one.action, one.by, one.target) for one in log] == [
        ("block-word", "owner", "casino"), ("remove", "owner", made.id),
    ]  # fmt: skip
    assert log[1].undone_at is not None
    [last], after = await talk.moderation.log(2, after)
    assert (last.action, last.by, after) == ("approve", "mod", None)


async def test_words_are_blocked_unblocked_and_both_undone(talk):
    blocked = await talk.moderation.block_word("  CASINO  Royale ", "owner")
    assert await talk.moderation.words() == ["casino royale"]
    with pytest.raises(Conflict):
        await talk.moderation.block_word("casino royale", "owner")
    unblocked = await talk.moderation.unblock_word("Casino Royale", "owner")
    with pytest.raises(Conflict):
        await talk.moderation.undo(blocked.id)
    await talk.moderation.undo(unblocked.id)
    await talk.moderation.undo(blocked.id)
    assert await talk.moderation.words() == []
    with pytest.raises(NotFound):
        await talk.moderation.unblock_word("casino", "owner")
    for word in ("", "!", "c++", "x" * 101):
        with pytest.raises(InvalidInput):
            await talk.moderation.block_word(word, "owner")


async def test_a_report_is_made_once_closed_with_an_outcome_and_opened_again(talk):
    await talk.join("cleo", is_trusted=True)
    made = await talk.says("cleo", "one")
    first = await talk.moderation.report_comment(made.id, talk.ids["bob"], "an advertisement")
    assert await talk.moderation.report_comment(made.id, talk.ids["bob"], "a bad one") == first
    await talk.moderation.report_comment(made.id, talk.ids["ada"], "indeed")
    reports, _ = await talk.moderation.reports(10)
    assert [(one.handle, one.note, one.comment.markdown) for one in reports] == [
        ("bob", "a bad one", "one"), ("ada", "indeed", "one"),
    ]  # fmt: skip
    act = await talk.moderation.close_report(first, "Removed.", "owner")
    assert len((await talk.moderation.reports(10))[0]) == 1
    [note] = (await talk.notifications.of(talk.ids["bob"], 5))[0]
    assert note.detail == {"action": "close-report", "outcome": "Removed."}
    with pytest.raises(Conflict):
        await talk.moderation.close_report(first, "Again.", "owner")
    await talk.moderation.undo(act.id)
    assert len((await talk.moderation.reports(10))[0]) == 2
    assert await talk.told("bob") == []
    await talk.comments.delete(made.id, talk.ids["cleo"])
    assert (await talk.moderation.reports(10))[0] == []


async def test_a_report_of_a_post_names_a_block_of_it(talk):
    post = await talk.blog.posts.by_slug("tea")
    block = post.blocks[-1].id
    made = await talk.moderation.report_post("tea", talk.ids["ada"], "It was 1987.", block=block)
    assert await talk.moderation.report_post("tea", talk.ids["ada"], "another place") != made
    [first, _] = (await talk.moderation.reports(10))[0]
    assert (first.slug, first.block, first.comment) == ("tea", block, None)
    with pytest.raises(InvalidInput):
        await talk.moderation.report_post("tea", talk.ids["ada"], "x", block="nowhere")
    with pytest.raises(NotFound):
        await talk.moderation.report_post("milk", talk.ids["ada"], "x")


async def test_one_person_cannot_fill_the_list_of_reports(talk):
    await talk.join("cleo", is_trusted=True)
    for number in range(MOST_OPEN):
        made = await talk.says("cleo", f"number {number}")
        await talk.moderation.report_comment(made.id, talk.ids["bob"], "no")
    made = await talk.says("cleo", "one more")
    with pytest.raises(Conflict):
        await talk.moderation.report_comment(made.id, talk.ids["bob"], "no")
    await talk.moderation.report_comment(made.id, talk.ids["ada"], "no")


async def test_corrections_are_public_dated_and_in_order(talk):
    post = await talk.blog.posts.by_slug("tea")
    for number in range(3):
        await talk.corrections.publish("tea", f"number {number}", block=post.blocks[0].id)
    found, after = await talk.corrections.of_post("tea", 2)
    assert [one.text for one in found] == ["number 0", "number 1"]
    assert [one.text for one in (await talk.corrections.of_post("tea", 2, after))[0]] == ["number 2"]
    with pytest.raises(BlogenError):
        await talk.corrections.publish("tea", "x", block="nowhere")


async def test_one_cannot_avoid_oneself_or_nobody(talk):
    with pytest.raises(InvalidInput):
        await talk.aversions.add(talk.ids["ada"], "ada", "block")
    for verb in (talk.aversions.add, talk.aversions.remove):
        with pytest.raises(NotFound):
            await verb(talk.ids["ada"], "nobody", "mute")
    for kind in ("block", "mute", "block"):
        await talk.aversions.add(talk.ids["ada"], "bob", kind)
    found, after = await talk.aversions.of(talk.ids["ada"], 1)
    assert ([(one.handle, one.kind) for one in found], after is None) == ([("bob", "block")], False)
    [last], after = await talk.aversions.of(talk.ids["ada"], 1, after)
    assert (last.kind, after) == ("mute", None)
    assert (await talk.aversions.of(talk.ids["bob"], 5))[0] == []


async def test_an_error_is_answered_with_a_correction_and_its_report_closed_at_once(talk, blog):
    post = await blog.posts.by_slug("tea")
    block = post.blocks[-1].id
    report = await talk.moderation.report_post("tea", talk.ids["ada"], "It was 1987.", block=block)
    await talk.moderation.correct(report, "It said 1978; it was 1987.", "Thank you.", "mod")
    with pytest.raises(Conflict, match="closed"):
        await talk.moderation.correct(report, "It said 1978; it was 1987.", "Thank you.", "mod")
    found, _ = await talk.corrections.of_post("tea", 10)
    assert [(one.block, one.text) for one in found] == [(block, "It said 1978; it was 1987.")]
    assert (await talk.moderation.reports(10))[0] == []


async def test_a_correction_of_a_block_that_is_gone_names_none_and_comments_have_none(talk, blog):
    report = await talk.moderation.report_post("tea", talk.ids["ada"], "Wrong.", block=None)
    await blog.database.write(lambda tx: tx.execute("UPDATE reports SET block = 'gone'"))
    await talk.moderation.correct(report, "It is mended.", "", "mod")
    assert [one.block for one in (await talk.corrections.of_post("tea", 10))[0]] == [None]
    comment = await talk.says("bob", "Buy my tea")
    about = await talk.moderation.report_comment(comment.id, talk.ids["ada"], "Spam.")
    with pytest.raises(Conflict, match="about a comment"):
        await talk.moderation.correct(about, "It is mended.", "", "mod")
    assert len((await talk.moderation.reports(10))[0]) == 1


async def test_what_waits_is_counted_and_the_log_knows_what_it_was_about(talk):
    first, second = await talk.says("ada", "first"), await talk.says("bob", "second")
    report = await talk.moderation.report_comment(second.id, talk.ids["ada"], "Spam.")
    assert await talk.moderation.waiting() == (2, 1)
    await talk.moderation.remove(first.id, "mod")
    await talk.moderation.close_report(report, "", "mod")
    await talk.moderation.block_word("cheap", "mod")
    assert await talk.moderation.waiting() == (1, 0)
    assert [one.id for one in (await talk.moderation.removed(10))[0]] == [first.id]
    assert (await talk.moderation.removed(10, first.id))[0] == []
    acts, _ = await talk.moderation.log(10)
    targets = await talk.moderation.targets(acts)
    assert {id_: (one.slug, one.text) for id_, one in targets.items()} == {
        first.id: ("tea", "first"), report: ("tea", "Spam."),
    }  # fmt: skip
    assert targets[report].comment_id == targets[report].thread_id == second.id
