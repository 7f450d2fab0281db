"""The studio's pages for moderation: several at once, what others did meanwhile, corrections, and the way back."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from blogen.domain.person import Scope
from blogen.web import keys
from tests.store.talking import text
from tests.web.people import Browser, PeopleSite, open_people_site
from tests.web.running import running

AT = "/studio/moderation"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory) -> AsyncIterator[PeopleSite]:
    folder = tmp_path_factory.mktemp("moderation")
    async with open_people_site(folder, comments={"hold_first": True}) as opened:
        await opened.person("mod", role=Scope.AUTHOR)
        for handle in ("ada", "bob"):
            await opened.person(handle)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mod(site) -> Browser:
    return await site.signed_in("mod")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def tea(site) -> AsyncIterator[None]:
    await site.blog.publish("Tea", text="It came in 1978.")
    yield
    await site.blog.posts.delete("tea")
    for table in ("blocked_words", "moderation_log"):
        await site.blog.database.write(lambda tx, table=table: tx.execute(f"DELETE FROM {table}"))
    await site.blog.database.write(lambda tx: tx.execute("UPDATE people SET is_trusted = 0"))


async def says(site, handle: str, markdown: str) -> str:
    person = await site.people.by_handle(handle)
    return (await site.app[keys.COMMENTS].add("tea", person.id, text(markdown))).id


async def reported(site, note: str, **about) -> str:
    ada = await site.people.by_handle("ada")
    if "comment" in about:
        return await site.app[keys.MODERATION].report_comment(about["comment"], ada.id, note)
    return await site.app[keys.MODERATION].report_post("tea", ada.id, note, **about)


async def states(site) -> dict[str, str]:
    rows = await site.blog.database.read("SELECT markdown, state FROM comments")
    return {row["markdown"]: row["state"] for row in rows}


async def decide(browser, page: str = AT, **fields: str):
    return await browser.submit(f"{AT}/comments", {name.replace("_", "-", 1): value for name, value in fields.items()},
                                page=page)  # fmt: skip


async def test_readers_do_not_moderate(site):
    ada = await site.signed_in("ada")
    for path in (AT, f"{AT}/reports", f"{AT}/removed", f"{AT}/words", f"{AT}/log"):
        assert (await ada.get(path)).status == 403, path
    for path in (f"{AT}/comments", f"{AT}/reports/x", f"{AT}/words", f"{AT}/undo"):
        assert (await ada.post(path, {})).status == 403, path


async def test_several_are_approved_at_once_and_the_sentence_counts(site, mod):
    ids = [await says(site, "ada", f"number {number}") for number in range(3)]
    page = await mod.get(AT)
    assert "Waiting (3)" in page.words
    assert "first comment" in page.words
    answer = await decide(mod, **{f"pick_{ids[0]}": "1", f"pick_{ids[2]}": "1"}, do="approve")
    assert answer.location == f"{AT}?said=approve&done=2&late=0"
    assert "2 comments approved." in (await mod.get(answer.location)).words
    assert await states(site) == {"number 0": "shown", "number 1": "held", "number 2": "shown"}
    nothing = await decide(mod, do="remove")
    assert "No comment was chosen" in (await mod.get(nothing.location)).words


async def test_all_can_be_chosen_without_a_script(site, mod):
    for number in range(3):
        await says(site, "ada", f"number {number}")
    page = await mod.get(f"{AT}?all=1")
    answer = await mod.post(f"{AT}/comments", page.forms[f"{AT}/comments"] | {"do": "remove"})
    assert answer.location == f"{AT}?said=remove&done=3&late=0"


async def test_what_others_decided_meanwhile_is_told(site, mod):
    first, second = await says(site, "ada", "one"), await says(site, "bob", "two")
    form = await mod.form(AT, f"{AT}/comments")
    await site.app[keys.MODERATION].remove(first, "other")
    answer = await mod.post(
        f"{AT}/comments", form | {f"pick-{first}": "1", f"pick-{second}": "1", "do": "approve"}
    )  # fmt: skip
    said = (await mod.get(answer.location)).words
    assert "1 comment approved. Another had been decided about meanwhile" in said
    assert await states(site) == {"one": "removed", "two": "shown"}


async def test_one_button_is_for_its_own_comment_alone(site, mod):
    first, second = await says(site, "ada", "one"), await says(site, "bob", "two")
    await decide(mod, **{f"pick_{second}": "1"}, remove=first)
    assert await states(site) == {"one": "removed", "two": "held"}
    page = await mod.get(f"{AT}/removed")
    assert ">one<" in page.text
    answer = await decide(mod, f"{AT}/removed", restore=first)
    assert "1 comment restored." in (await mod.get(answer.location)).words
    assert await states(site) == {"one": "shown", "two": "held"}


async def test_hostile_comments_notes_and_words_are_shown_and_run_nothing(site, mod):
    attack = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    comment = await says(site, "ada", attack)
    await says(site, "bob", attack + " again")
    await site.app[keys.MODERATION].approve(comment, "mod")
    await reported(site, attack, comment=comment)
    await reported(site, attack)
    await mod.submit(f"{AT}/words", {"word": "<b>cheap</b>"})
    await site.app[keys.MODERATION].remove(comment, "<i>mod</i>")
    for path in ("", "/reports", "/removed", "/words", "/log"):
        page = await mod.get(AT + path)
        assert page.status == 200, path
        assert running(page.text) == [], path


async def test_a_report_is_closed_with_what_came_of_it_and_once(site, mod):
    report = await reported(site, "This is <wrong>.", block=None)
    page = await mod.get(f"{AT}/reports")
    assert "Reports (1)" in page.words
    assert "This is &lt;wrong&gt;." in page.text
    form = page.forms[f"{AT}/reports/{report}"]
    too_long = await mod.post(f"{AT}/reports/{report}", form | {"do": "close", "outcome": "x" * 2001})
    assert (too_long.status, "at most 2000 characters" in too_long.words) == (422, True)
    assert too_long.forms[f"{AT}/reports/{report}"]["outcome"] == "x" * 2001
    done = {"do": "close", "outcome": "Mended, thank you."}
    assert (await mod.post(f"{AT}/reports/{report}", form | done)).location == f"{AT}/reports?said=closed"
    again = await mod.post(f"{AT}/reports/{report}", form | done)
    assert (again.status, "The report is closed." in again.words) == (409, True)
    rows = await site.blog.database.read("SELECT outcome FROM reports")
    assert [row["outcome"] for row in rows] == ["Mended, thank you."]


async def test_a_reported_comment_is_removed_with_its_report(site, mod):
    comment = await says(site, "bob", "Buy my tea")
    await site.app[keys.MODERATION].approve(comment, "mod")
    report = await reported(site, "Spam.", comment=comment)
    page = await mod.get(f"{AT}/reports")
    assert f'href="/p/tea/comments/{comment}#comment-{comment}"' in page.text
    answer = await mod.submit(f"{AT}/reports/{report}", {"do": "remove"}, page=f"{AT}/reports")
    assert answer.location == f"{AT}/reports?said=removed"
    assert await states(site) == {"Buy my tea": "removed"}
    assert await site.app[keys.MODERATION].waiting() == (0, 0)


async def test_an_error_is_answered_with_a_correction_at_its_block(site, mod):
    block = (await site.blog.posts.by_slug("tea")).blocks[-1].id
    report = await reported(site, "It was 1987.", block=block)
    page = await mod.get(f"{AT}/reports")
    assert f'href="/p/tea#b-{block}"' in page.text
    assert "It came in 1978." in page.words
    form = page.forms[f"{AT}/reports/{report}"]
    empty = await mod.post(
        f"{AT}/reports/{report}", form | {"do": "correct", "correction": " \u200b", "outcome": "Yes"}
    )
    assert (empty.status, "says nothing that can be seen" in empty.words) == (422, True)
    assert empty.forms[f"{AT}/reports/{report}"]["outcome"] == "Yes"
    said = {"do": "correct", "correction": "It said 1978; it was 1987.", "outcome": "Thank you."}
    for status in (303, 409):  # sent twice, published once
        assert (await mod.post(f"{AT}/reports/{report}", form | said)).status == status
    found, _ = await site.app[keys.CORRECTIONS].of_post("tea", 10)
    assert [(one.block, one.text) for one in found] == [(block, "It said 1978; it was 1987.")]


async def test_words_are_blocked_several_at_once_and_those_that_cannot_be_stay_in_the_field(site, mod):
    answer = await mod.submit(f"{AT}/words", {"word": "Cheap pills, casino"})
    assert answer.location == f"{AT}/words?said=blocked"
    assert await site.app[keys.MODERATION].words() == ["casino", "cheap pills"]
    answer = await mod.submit(f"{AT}/words", {"word": "x, good, casino"})
    assert answer.status == 422
    assert answer.forms[f"{AT}/words"]["word"] == "x, casino"
    assert "is blocked already" in answer.words
    assert "good" in await site.app[keys.MODERATION].words()
    assert (await mod.submit(f"{AT}/words", {"word": " "})).status == 422
    form = await mod.form(f"{AT}/words")
    for status in (303, 404):
        assert (await mod.post(f"{AT}/words", form | {"unblock": "casino"})).status == status


async def test_everything_in_the_log_can_be_taken_back_once(site, mod):
    comment = await says(site, "ada", "one <two>")
    await decide(mod, remove=comment)
    report = await reported(site, "Wrong.")
    await mod.submit(f"{AT}/reports/{report}", {"do": "close"}, page=f"{AT}/reports")
    await mod.submit(f"{AT}/words", {"word": "casino"})
    page = await mod.get(f"{AT}/log")
    assert "mod blocked the word casino" in page.words
    assert "one &lt;two&gt;" in page.text
    acts = re.findall(r'name="act" value="([^"]*)"', page.text)
    assert len(acts) == 3
    form = page.forms[f"{AT}/undo"]
    for act in acts:
        answer = await mod.post(f"{AT}/undo", form | {"act": act})
        assert answer.location == f"{AT}/log?said=undone"
    assert await states(site) == {"one <two>": "held"}
    assert await site.app[keys.MODERATION].waiting() == (1, 1)
    assert await site.app[keys.MODERATION].words() == []
    again = await mod.post(f"{AT}/undo", form | {"act": acts[0]})
    assert (again.status, "This was undone before." in again.words) == (409, True)
    assert (await mod.post(f"{AT}/undo", form | {"act": "x"})).status == 404
    assert 'name="act"' not in (await mod.get(f"{AT}/log")).text


async def test_a_long_queue_goes_on(site, mod):
    for number in range(20):
        await says(site, "ada", f"ada {number}")
    for number in range(9):
        await says(site, "bob", f"bob {number}")
    page = await mod.get(AT)
    assert page.text.count('type="checkbox"') == 25
    following = re.search(r'href="([^"]*)" rel="next"', page.text)[1]
    assert (await mod.get(following)).text.count('type="checkbox"') == 4
