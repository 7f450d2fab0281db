"""Comments on the pages: nothing that was typed is lost, nothing is said twice, every comment can be reached."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from blogen.domain.person import Scope
from blogen.render.comments import comment_text
from blogen.web import keys
from tests.web.people import Answer, Browser, PeopleSite, open_people_site
from tests.web.test_social import NOBODY, press, said, say, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONGEST = "水" * 10_000
"""Sent as 90,000 bytes: more than other forms may be."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory) -> AsyncIterator[PeopleSite]:
    rules = {"hold_first": False, "per_minute": 1000}
    async with open_people_site(tmp_path_factory.mktemp("comments"), comments=rules) as opened:
        for handle in ("ann", "bob"):
            await opened.person(handle)
        await opened.person("mod", role=Scope.AUTHOR)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ann(site) -> Browser:
    return await site.signed_in("ann")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bob(site) -> Browser:
    return await site.signed_in("bob")


@pytest_asyncio.fixture(loop_scope="module")
async def tea(site) -> AsyncIterator[str]:
    slug = await site.blog.publish("Tea")
    yield f"/p/{slug}"
    await site.blog.posts.delete(slug)


def kept(answer: Answer, action: str, text: str) -> bool:
    """Whether the page holds what was typed, in a form that goes to `action`."""
    return answer.forms[action]["text"] == text


async def test_a_comment_is_seen_by_everyone_at_its_own_place(site, ann, tea):
    everyone = site.browser()
    assert "Nobody has said anything yet." in (await everyone.get(tea)).words
    answer = await press(ann, tea, f"{tea}/comments", text="*Hot*, says https://example.org/tea.\r\n\r\nVery.")
    assert re.fullmatch(rf"{tea}#comment-[0-9a-f-]{{36}}", answer.location)
    page = await everyone.get(tea)
    assert answer.location.partition("#")[2] in page.text
    assert "<p><em>Hot</em>, says " in page.text
    [link] = re.findall(r'<a href="https://example.org/tea"[^>]*>', page.text)
    assert 'rel="noopener nofollow ugc"' in link
    assert 'Comments <span id="comment-count" data-comments>1</span>' in page.text


async def test_a_form_that_is_sent_again_makes_no_second_comment_however_much_was_said_between(site, ann, bob, tea):
    form = await ann.form(tea, f"{tea}/comments") | {"text": "Once."}
    first = await ann.post(f"{tea}/comments", form)
    await say(ann, tea, "Something else.")
    again = await ann.post(f"{tea}/comments", form)
    assert (again.status, again.location) == (303, first.location)
    assert len(said(await ann.get(tea))) == 2
    other = await ann.post(f"{tea}/comments", form | {"text": "Written after going back."})
    assert other.location not in {first.location, ""}
    assert len(said(await ann.get(tea))) == 3
    assert (await bob.post(f"{tea}/comments", form)).status == 403


async def test_five_presses_at_once_make_one_comment_and_count_it_once(site, ann, tea):
    form = await ann.form(tea, f"{tea}/comments") | {"text": "Impatient."}
    answers = await asyncio.gather(*(ann.post(f"{tea}/comments", form) for _ in range(5)))
    assert len({answer.location for answer in answers}) == 1
    assert len(said(await ann.get(tea))) == 1
    assert json.loads((await ann.get(f"{tea}/talk")).text) == {"comments": 1}


@pytest.mark.parametrize("key", ["", "x" * 5000, "a\0b", "\u202e", "'; DROP TABLE comments; --"])
async def test_the_key_of_a_form_may_be_anything(ann, tea, key):
    form = await ann.form(tea, f"{tea}/comments") | {"text": "Hello.", "key": key}
    first = await ann.post(f"{tea}/comments", form)
    assert first.status == 303
    assert (await ann.post(f"{tea}/comments", form)).location == first.location


async def test_the_longest_comment_is_taken_and_a_longer_one_shown_again(ann, tea):
    assert await say(ann, tea, LONGEST)
    answer = await press(ann, tea, f"{tea}/comments", text=LONGEST + "x")
    assert answer.status == 422
    assert "must have at most 10000 characters, found 10001" in answer.words
    assert kept(answer, f"{tea}/comments", LONGEST + "x")


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u2060", "\n\n", "![](x)"])
async def test_what_says_nothing_is_shown_again_with_the_reason_beside_it(ann, tea, text):
    answer = await press(ann, tea, f"{tea}/comments", text=text)
    assert answer.status == 422
    assert 'id="comment-text-wrong"' in answer.text or 'id="text-wrong"' in answer.text
    status, problem = await told(ann, tea, f"{tea}/comments", text=text)
    assert (status, bool(problem["wrong"]["text"])) == (422, True)


async def test_whoever_was_signed_out_meanwhile_keeps_the_text_and_sends_it_after_signing_in(site, tea):
    browser = await site.signed_in("ann")
    form = await browser.form(tea, f"{tea}/comments") | {"text": "Long <thought>."}
    await browser.submit("/logout", page="/me")
    refused = await browser.post(f"{tea}/comments", form)
    assert (refused.status, "You are not signed in" in refused.words) == (401, True)
    assert kept(refused, f"{tea}/comments", "Long <thought>.")
    asked = await browser.post(f"{tea}/comments", form, Accept="application/json")
    assert (asked.status, "Your text is kept here" in json.loads(asked.text)["problem"]) == (401, True)
    await browser.submit("/login", {"login": "ann", "password": "correct horse battery"})
    too_old = await browser.post(f"{tea}/comments", refused.forms[f"{tea}/comments"])
    assert (too_old.status, "This form was too old." in too_old.words) == (403, True)
    assert kept(too_old, f"{tea}/comments", "Long <thought>.")
    taken = await browser.post(f"{tea}/comments", too_old.forms[f"{tea}/comments"])
    assert taken.status == 303
    assert "Long &lt;thought&gt;." in (await browser.get(tea)).text


async def test_another_sites_form_is_refused_and_shown_to_nobody(ann, tea):
    form = await ann.form(tea, f"{tea}/comments") | {"text": "Planted."}
    answer = await ann.post(f"{tea}/comments", form, Origin="https://evil.example")
    assert (answer.status, "Planted." in answer.text) == (403, False)


async def test_what_was_typed_is_kept_where_the_post_went_away(ann, tea, site):
    form = await ann.form(tea, f"{tea}/comments") | {"text": "Too late."}
    await site.blog.posts.delete("tea")
    answer = await ann.post(f"{tea}/comments", form)
    assert (answer.status, kept(answer, f"{tea}/comments", "Too late.")) == (404, True)
    assert "/api/" not in answer.text


async def test_a_preview_shows_and_says_nothing(site, ann, tea):
    answer = await press(ann, tea, f"{tea}/comments", text="Is it **hot**?", preview="1")
    assert answer.status == 200
    assert "<p>Is it <strong>hot</strong>?</p>" in answer.text
    assert kept(answer, f"{tea}/comments", "Is it **hot**?")
    assert await told(ann, tea, f"{tea}/comments", text="<b>x</b> *y*", preview="1") == (
        200, {"said": "This is how it will look.", "preview": "<p>x <em>y</em></p>"}
    )  # fmt: skip
    assert said(await ann.get(tea)) == []
    assert (await ann.post(f"{tea}/comments", answer.forms[f"{tea}/comments"])).status == 303


async def test_answers_stand_in_two_levels_and_say_whom_they_answer(ann, bob, tea):
    head = await say(ann, tea, "First.")
    answer = await press(bob, f"/comments/{head}/reply", f"{tea}/comments", text="Second.")
    second = answer.location.rpartition("#comment-")[2]
    form = await ann.form(f"/comments/{second}/reply", f"{tea}/comments") | {"text": "Third."}
    sent = await ann.post(f"{tea}/comments", form, Accept="application/json")
    third = json.loads(sent.text)
    assert list(third["append"]) == [f"answers-{head}"]
    page = await ann.get(tea)
    assert said(page) == [head, second, third["go"].removeprefix("comment-")]
    assert page.text.count('class="thread"') == 1
    assert "in answer to Bob" in page.words
    assert (await ann.get(f"/comments/{NOBODY}/reply")).status == 404


async def test_an_answer_to_what_was_deleted_meanwhile_is_kept(ann, bob, tea):
    head = await say(ann, tea, "First.")
    form = await bob.form(f"/comments/{head}/reply", f"{tea}/comments") | {"text": "Ah!"}
    await press(ann, tea, f"/comments/{head}/delete")
    answer = await bob.post(f"{tea}/comments", form)
    assert (answer.status, kept(answer, f"{tea}/comments", "Ah!")) == (404, True)
    assert "There is no comment" in answer.words


async def test_one_changes_ones_own_and_does_not_lose_another_change(ann, bob, tea):
    comment = await say(ann, tea, "Frist.")
    edit = f"/comments/{comment}/edit"
    old = await ann.form(edit)
    assert old["text"] == "Frist."
    answer = await ann.post(edit, old | {"text": "First."})
    assert answer.location == f"{tea}#comment-{comment}"
    assert (await ann.post(edit, old | {"text": "First."})).location == answer.location, "sent twice"
    refused = await ann.post(edit, old | {"text": "Foremost."})
    assert (refused.status, kept(refused, edit, "Foremost.")) == (412, True)
    assert "changed since it was read" in refused.words
    assert (await ann.post(edit, refused.forms[edit])).status == 303
    page = await bob.get(tea)
    assert "Foremost." in page.words
    assert "edited" in page.words
    assert edit not in page.text
    assert (await bob.get(edit)).status == 404


async def test_what_is_deleted_leaves_a_stub_only_where_answers_hang_on_it(site, ann, bob, tea):
    head, alone = await say(ann, tea, "Head."), await say(ann, tea, "Alone.")
    answer = await press(bob, f"/comments/{head}/reply", f"{tea}/comments", text="Answer.")
    form = await ann.form(tea, f"/comments/{alone}/delete")
    gone = await ann.post(f"/comments/{alone}/delete", form, Accept="application/json")
    assert json.loads(gone.text)["replace"] == {f"comment-{alone}": ""}
    assert (await ann.post(f"/comments/{alone}/delete", form)).status == 303, "sent twice"
    status, stub = await told(ann, tea, f"/comments/{head}/delete")
    assert (status, "has deleted it" in stub["replace"][f"comment-{head}"]) == (200, True)
    page = await site.browser().get(tea)
    assert said(page) == [head, answer.location.rpartition("#comment-")[2]]
    assert "Whoever wrote this has deleted it." in page.words
    assert "Head." not in page.words
    assert (await bob.post(f"/comments/{answer.location[-36:]}/delete", form)).status == 403, "another's token"


async def test_nobody_deletes_what_another_wrote_save_who_moderates(site, ann, bob, tea):
    comment = await say(ann, tea, "Mine.")
    own = await say(bob, tea, "Bob's.")
    form = await bob.form(tea, f"/comments/{own}/delete")
    assert (await bob.post(f"/comments/{comment}/delete", form)).status == 403
    assert comment in said(await bob.get(tea))
    mod = await site.signed_in("mod")
    assert (await press(mod, tea, f"/comments/{comment}/delete")).status == 303
    assert comment not in said(await bob.get(tea))
    assert "Your comment was removed by a moderator." in (await ann.get(tea)).words
    [act, *_] = (await site.app[keys.MODERATION].log(1))[0]
    assert (act.action, act.by, act.target) == ("remove", "mod", comment)


async def test_every_comment_is_reached_by_plain_links_and_found_at_its_own_address(site, ann, tea):
    person, comments = await site.people.by_handle("bob"), site.app[keys.COMMENTS]
    heads = [(await comments.add("tea", person.id, comment_text(f"h{n}", max_chars=99))).id for n in range(45)]
    hanging = [
        (await comments.add("tea", person.id, comment_text(f"a{n}", max_chars=99), parent_id=heads[30])).id
        for n in range(65)
    ]
    seen, path = [], tea
    while path:
        page = await site.browser().get(path)
        seen += said(page)
        following = re.search(r'href="([^"#]+)#comments" rel="next">Later comments', page.text)
        path = following[1] if following else ""
    assert [one for one in seen if one not in hanging] == heads
    assert [one for one in seen if one in hanging] == hanging[:10]
    page = await site.browser().get((await ann.get(f"/comments/{heads[30]}")).location.partition("#")[0])
    [path] = re.findall(rf'href="({tea}/comments/{heads[30]}\?after=[^"]+)">Further answers', page.text)
    while path:
        page = await site.browser().get(path)
        seen += [one for one in said(page) if one in hanging]
        following = re.search(r'href="([^"]+)" rel="next">Later answers', page.text)
        path = following[1] if following else ""
    assert [one for one in seen if one in hanging] == hanging
    for one in (heads[0], heads[19], heads[20], heads[44], hanging[0], hanging[9], hanging[10], hanging[64]):
        place = (await ann.get(f"/comments/{one}")).location
        address, _, anchor = place.partition("#")
        assert anchor == f"comment-{one}"
        assert one in said(await ann.get(address)), place
    late = await say(ann, tea, "The last.")
    assert late in said(await ann.get((await ann.get(f"/comments/{late}")).location.partition("#")[0]))
    assert (await ann.get(f"{tea}?comments=x")).status == 404
    assert (await ann.get(f"{tea}?comments={'f' * 8}-ffff-ffff-ffff-{'f' * 12}")).status == 404
    assert (await ann.get(f"/p/tea/comments/{hanging[3]}")).location == f"/comments/{hanging[3]}"


async def test_a_comment_on_a_later_page_is_where_its_writer_is_sent(site, ann, tea):
    person, comments = await site.people.by_handle("bob"), site.app[keys.COMMENTS]
    for number in range(21):
        await comments.add("tea", person.id, comment_text(f"{number}", max_chars=99))
    answer = await press(ann, tea, f"{tea}/comments", text="At the end.")
    assert answer.location.startswith(f"{tea}?comments=")
    page = await ann.get(answer.location.partition("#")[0])
    assert said(page) == [answer.location.rpartition("#comment-")[2]]
    assert "From the first comment on" in page.words


async def test_the_first_comment_waits_and_only_its_writer_sees_it(tmp_path):
    async with open_people_site(tmp_path, comments={"hold_first": True, "per_minute": 3}) as site:
        await site.person("ann")
        tea, ann = f"/p/{await site.blog.publish('Tea')}", await site.signed_in("ann")
        status, answer = await told(ann, tea, f"{tea}/comments", text="Is this on?")
        assert (status, answer["said"]) == (200, "Your comment waits for whoever moderates this blog.")
        assert "Only you see this until" in (await ann.get(tea)).words
        assert said(await site.browser().get(tea)) == []
        await site.app[keys.MODERATION].approve(answer["go"].removeprefix("comment-"), "mod")
        assert len(said(await site.browser().get(tea))) == 1
        assert "Your comment is shown now, below Tea" in (await ann.get("/notifications")).words

        # Three a minute: the fourth is shown again, and taken when the minute is over.
        for text in ("Two.", "Three."):
            await say(ann, tea, text)
        refused = await press(ann, tea, f"{tea}/comments", text="Four.")
        assert (refused.status, kept(refused, f"{tea}/comments", "Four.")) == (429, True)
        assert int(refused.headers["Retry-After"]) in range(1, 62)
        assert "too much writing" in refused.words
        report = f"{tea}/report"
        assert (await press(ann, report, report, note="Also too much.")).status == 429
        site.clock.added_ms += 61_000
        assert (await ann.post(f"{tea}/comments", refused.forms[f"{tea}/comments"])).status == 303
