"""What people do on the pages, over a real socket: each act as a form, and as `talk.js` sends it."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest
import pytest_asyncio

from blogen.domain.person import Scope
from blogen.render.comments import comment_text
from blogen.web import keys
from tests.render.danger import dangers
from tests.render.vectors import MARKUP, SCRIPT_ADDRESSES
from tests.web.people import PASSWORD, Answer, Browser, PeopleSite, open_people_site

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "01980000-0000-7000-8000-000000000000"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory) -> AsyncIterator[PeopleSite]:
    rules = {"hold_first": False, "per_minute": 1000}
    async with open_people_site(tmp_path_factory.mktemp("social"), comments=rules) as opened:
        for handle in ("ann", "bob", "cyd"):
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
    """The address of a post."""
    slug = await site.blog.publish("Tea", tags=["hot drinks"], markdown="## Water\n\nHot it is.\n\nAnd wet.\n")
    yield f"/p/{slug}"
    await site.blog.posts.delete(slug)


async def press(browser: Browser, page: str, action: str, **fields: str) -> Answer:
    """Press the button of the form at `page` that goes to `action`."""
    return await browser.submit(action, fields, page=page)


async def told(browser: Browser, page: str, action: str, **fields: str) -> tuple[int, Any]:
    """The same as `talk.js` does it: the status, and the JSON of the answer."""
    answer = await browser.submit(action, fields, page=page, Accept="application/json")
    return answer.status, json.loads(answer.text)


async def say(browser: Browser, page: str, text: str, **fields: str) -> str:
    """Comment; the id of what was said."""
    answer = await press(browser, page, f"{page}/comments", text=text, **fields)
    assert answer.status == 303, answer.words
    return answer.location.rpartition("#comment-")[2]


def said(answer: Answer) -> list[str]:
    """The ids of the comments on a page, from top to bottom."""
    return re.findall(r'id="comment-([0-9a-f-]{36})"', answer.text)


def pressed(answer: Answer, action: str) -> bool:
    [button] = re.findall(rf'action="{action}" data-toggle.*?<button[^>]*>', answer.text, re.DOTALL)
    return 'aria-pressed="true"' in button


async def test_whoever_is_not_signed_in_sees_the_buttons_as_links_and_comes_back_to_the_same_place(site, tea):
    comment = await say(await site.signed_in("bob"), tea, "Hello.")
    browser = site.browser()
    page = await browser.get(tea)
    assert page.forms == {}
    links = re.findall(r'href="(/login\?next=[^"]+)"', page.text)
    places = ["", "#acts", "#acts", "#acts", "/report", f"#comment-{comment}", "#comments"]
    for link, place in list(zip(links, places, strict=True))[3:]:
        answer = await browser.submit("/login", {"login": "cyd", "password": PASSWORD}, page=link)
        assert answer.location == (f"{tea}{place}")
        browser = site.browser()


async def test_a_like_counts_once_however_often_it_is_sent_and_can_be_taken_back(site, ann, bob, tea):
    form = await ann.form(tea, f"{tea}/like") | {"on": "1"}
    for _ in range(3):
        answer = await ann.post(f"{tea}/like", form)
        assert (answer.status, answer.location) == (303, f"{tea}#acts")
    assert await told(bob, tea, f"{tea}/like", on="1") == (
        200, {"said": "You like this post.", "on": True, "count": 2}
    )  # fmt: skip
    everyone = await site.browser().get(tea)
    assert "<span>Like</span> <span data-count>2</span>" in everyone.text
    assert pressed(await ann.get(tea), f"{tea}/like")
    await press(ann, tea, f"{tea}/like", on="")
    assert not pressed(await ann.get(tea), f"{tea}/like")
    assert "<span>Like</span> <span data-count>1</span>" in (await site.browser().get(tea)).text


async def test_a_bookmark_goes_into_a_list_and_is_found_there(ann, tea):
    await press(ann, tea, f"{tea}/bookmark", on="1", list="")
    status, answer = await told(ann, tea, f"{tea}/bookmark", on="1", list="  To <b>read</b> ")
    assert (status, answer["text"]) == (200, {"bookmark-in": "To <b>read</b>"})
    page = await ann.get("/bookmarks?list=To+%3Cb%3Eread%3C%2Fb%3E")
    assert "Tea" in page.words
    assert "To &lt;b&gt;read&lt;/b&gt;" in page.text
    assert "<b>read" not in page.text
    assert "This list is empty." in (await ann.get("/bookmarks?list=")).words
    answer = await press(ann, tea, f"{tea}/bookmark", on="1", list="x" * 51)
    assert answer.status == 422
    assert "must have at most 50 characters" in answer.words
    removed = await press(ann, "/bookmarks", f"{tea}/bookmark", on="")
    assert removed.location == "/bookmarks"
    assert "Nothing is kept here yet" in (await ann.get("/bookmarks")).words


@pytest.mark.parametrize(("page", "whom"), [("/authors/blogen", "Blogen"), ("/tags/hot%20drinks", "hot drinks")])
async def test_authors_and_topics_are_followed_and_no_longer(site, ann, tea, page, whom):
    assert f"Follow {whom}" in (await site.browser().get(page)).words
    answer = await press(ann, page, f"{page}/follow", on="1")
    assert (answer.status, answer.location) == (303, f"{page}#content")
    assert f"Following {whom}" in (await ann.get(page)).words
    status, answer = await told(ann, page, f"{page}/follow", on="")
    assert (status, answer["on"], answer["count"]) == (200, False, 0)
    assert f"Follow {whom}" in (await ann.get(page)).words


async def test_a_topic_that_no_post_has_cannot_be_followed(ann, tea):
    form = await ann.form("/tags/hot%20drinks", "/tags/hot%20drinks/follow") | {"on": "1"}
    answer = await ann.post("/tags/nothing/follow", form)
    assert (answer.status, "No post has the tag" in answer.words) == (404, True)
    assert "/api/" not in answer.text, "people are not sent to the API"


async def test_whom_one_mutes_one_does_not_see_and_whom_one_blocks_does_not_see_one_either(site, ann, bob, tea):
    from_ann, from_bob = await say(ann, tea, "I am Ann."), await say(bob, tea, "I am Bob.")
    report = f"/comments/{from_bob}/report"
    answer = await press(ann, report, "/people/bob/mute", on="1")
    assert answer.location == f"{tea}#comments"
    assert said(await ann.get(tea)) == [from_ann]
    assert said(await bob.get(tea)) == [from_ann, from_bob]
    assert "muted since" in (await ann.get("/me/hidden")).words
    await press(ann, "/me/hidden", "/people/bob/mute", on="")
    assert said(await ann.get(tea)) == [from_ann, from_bob]

    assert (await press(ann, "/me/hidden", "/me/hidden", handle="@Bob ", kind="block")).location == "/me/hidden"
    assert said(await ann.get(tea)) == [from_ann]
    assert said(await bob.get(tea)) == [from_bob]
    assert (await bob.get(f"/comments/{from_ann}/reply")).status == 404
    await press(ann, "/me/hidden", "/people/bob/block", on="")
    assert said(await bob.get(tea)) == [from_ann, from_bob]
    assert said(await site.browser().get(tea)) == [from_ann, from_bob]


@pytest.mark.parametrize(
    ("handle", "why"),
    [("ann", "is your own"), ("nobody", "There is no person"), ("", "Say whom"), ("<i>x", "&lt;i&gt;x")],
)
async def test_whom_one_cannot_hide_is_said_beside_the_field(ann, handle, why):
    answer = await press(ann, "/me/hidden", "/me/hidden", handle=handle, kind="mute")
    assert answer.status in {404, 422}
    assert why in answer.text
    assert answer.forms["/me/hidden"]["handle"] == handle


ACTS = [
    "{tea}/like", "{tea}/bookmark", "{tea}/progress", "{tea}/forget", "{tea}/report", "{tea}/comments",
    "/authors/blogen/follow", "/tags/tea/follow", "/people/bob/mute", "/people/bob/block", "/comments/{id}/edit",
    "/comments/{id}/delete", "/comments/{id}/report", "/notifications/read", "/me/hidden", "/me/reading",
]  # fmt: skip


async def test_no_act_is_done_for_other_pages_without_a_token_or_for_nobody(site, ann, bob, tea):
    comment, browser = await say(ann, tea, "Mine."), site.browser()
    await say(bob, tea, "Not mine.")
    fields = {"on": "1", "text": "x", "note": "x", "handle": "bob", "kind": "block", "hides_unreviewed": "1",
              "back": f"{tea}#acts", "block": "x", "fraction": "1", "at": "2026-01-01T00:00:00Z"}  # fmt: skip
    token = (await ann.form(tea, f"{tea}/like"))["form"]
    before = await everything(site)
    for act in ACTS:
        path = act.format(tea=tea, id=comment)
        elsewhere = await ann.post(path, fields | {"form": token}, Origin="https://evil.example")
        assert elsewhere.status == 403, path
        for wrong in ("", "0" * 64, (await bob.form(tea, f"{tea}/like"))["form"]):
            assert (await ann.post(path, fields | {"form": wrong})).status == 403, path
        nobody = await browser.post(path, fields | {"form": token})
        assert nobody.status in {303, 401}, path
        if nobody.status == 303:
            assert unquote(nobody.location) == f"/login?next={tea}#acts"
        asked = await browser.post(path, fields | {"form": token}, Accept="application/json")
        assert (asked.status, "not signed in" in json.loads(asked.text)["problem"]) == (401, True), path
        assert (await ann.get(path)).status in {200, 404, 405, 303}, path
    assert await everything(site) == before


async def everything(site: PeopleSite) -> list[tuple[Any, ...]]:
    tables = ("likes", "bookmarks", "author_follows", "tag_follows", "aversions", "comments", "reports",
              "reading_progress", "notifications", "people")  # fmt: skip
    return [tuple(row) for table in tables for row in await site.blog.database.read(f"SELECT * FROM {table}")]


async def test_the_pages_of_one_person_are_nobody_elses(site, ann, bob, tea):
    comment = await say(bob, tea, "Bob's own.")
    for path in ("/notifications", "/bookmarks", "/history", "/me/hidden", f"{tea}/report",
                 f"/comments/{comment}/edit", f"/comments/{comment}/reply", f"/comments/{comment}/report"):  # fmt: skip
        answer = await site.browser().get(path)
        assert (answer.status, unquote(answer.location)) == (303, f"/login?next={path}")
    assert (await ann.get(f"/comments/{comment}/edit")).status == 404
    own = await bob.get("/notifications")
    assert "no-store" in own.headers["Cache-Control"]


async def test_one_is_sent_back_to_this_blog_only(ann, tea):
    for elsewhere in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nb: c",
    ):
        answer = await press(ann, tea, f"{tea}/like", on="1", back=elsewhere)
        assert answer.location == f"{tea}#acts", elsewhere


async def test_an_error_in_a_passage_is_reported_and_what_is_wrong_with_the_report_is_said_beside_it(site, ann, tea):
    block = (await site.blog.posts.by_slug("tea")).blocks[1].id
    page = await ann.get(f"{tea}/report?block={block}")
    assert re.search(rf'<option value="{block}" selected>Hot it is.</option>', page.text)
    report = f"{tea}/report"
    for fields, place in (({"note": " \u200b "}, "report-note-wrong"), ({"note": "x" * 2001}, "report-note-wrong"),
                          ({"note": "Cold.", "block": "gone"}, "report-block-wrong")):  # fmt: skip
        answer = await press(ann, report, report, **fields)
        assert answer.status == 422
        assert f'id="{place}"' in answer.text
        assert answer.forms[report]["note"] == fields["note"].strip("\n")
    answer = await press(ann, report, report, block=block, note="It <i>is</i> cold.")
    assert answer.location == f"{tea}?said=report#talk"
    assert "Thank you." in (await ann.get(answer.location)).words
    assert "Thank you." not in (await site.browser().get(answer.location)).words
    assert (await told(ann, report, report, block=block, note="It is cold."))[0] == 200
    found, _ = await site.app[keys.MODERATION].reports(100)
    assert [(one.handle, one.block, one.note) for one in found] == [("ann", block, "It is cold.")]


async def test_a_comment_is_reported_once(site, ann, bob, tea):
    comment = await say(bob, tea, "Buy now!")
    path = f"/comments/{comment}/report"
    for _ in range(2):
        assert (await press(ann, path, path, note="An advertisement.")).status == 303
    found, _ = await site.app[keys.MODERATION].reports(100)
    assert [one.note for one in found if one.comment and one.comment.id == comment] == ["An advertisement."]
    assert (await ann.get(f"/comments/{NOBODY}/report")).status == 404


async def test_corrections_are_public_dated_and_lead_to_the_passage(site, tea):
    block = (await site.blog.posts.by_slug("tea")).blocks[1].id
    assert "Corrections" not in (await site.browser().get(tea)).words
    await site.app[keys.CORRECTIONS].publish("tea", "It was said to be <cold>.", block=block)
    page = await site.browser().get(tea)
    assert "It was said to be &lt;cold&gt;." in page.text
    assert f'href="#b-{block}"' in page.text
    assert f'id="b-{block}"' in page.text


async def test_open_pages_hear_of_new_comments_from_a_few_bytes_that_are_mostly_not_sent_at_all(site, ann, tea):
    browser = site.browser()
    first = await browser.get(f"{tea}/talk")
    assert json.loads(first.text) == {"comments": 0}
    again = await browser.get(f"{tea}/talk", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    await say(ann, tea, "New.")
    changed = await browser.get(f"{tea}/talk", **{"If-None-Match": first.headers["ETag"]})
    assert json.loads(changed.text) == {"comments": 1}
    assert (await browser.get("/p/nothing/talk")).status == 404


async def test_how_far_one_has_read_is_kept_and_can_be_forgotten(site, ann, bob, tea):
    block = (await site.blog.posts.by_slug("tea")).blocks[1].id
    token = (await ann.form(tea, f"{tea}/like"))["form"]
    place = {"form": token, "block": block, "fraction": "0.5", "at": "2026-01-01T00:00:00.000Z"}
    assert (await ann.post(f"{tea}/progress", place)).status == 303
    assert (await ann.post(f"{tea}/progress", place | {"fraction": "2"})).status == 422
    page = await ann.get("/history")
    assert f'href="{tea}#b-{block}"' in page.text
    assert "Nothing yet." in (await bob.get("/history")).words
    assert (await press(ann, "/history", f"{tea}/forget")).location == "/history"
    assert "Nothing yet." in (await ann.get("/history")).words


async def test_lists_of_what_is_kept_and_read_go_on_by_plain_links_to_their_end(site, bob):
    person, social = await site.people.by_handle("bob"), site.app[keys.SOCIAL]
    slugs = [await site.blog.publish(f"Kept {number}") for number in range(23)]
    for number, slug in enumerate(slugs):
        await social.bookmark(person.id, slug, "Odd ones" if number % 2 else "")
    for path, wanted in (("/bookmarks", slugs[::-1]), ("/bookmarks?list=Odd+ones", slugs[21::-2])):
        seen = []
        while path:
            page = await bob.get(path)
            seen += re.findall(r'class="kept-title"[^>]*><a href="/p/([^"]+)"', page.text)
            following = re.search(r'href="([^"]+)" rel="next"', page.text)
            path = following[1].replace("&amp;", "&") if following else ""
        assert seen == wanted
    for wrong in ("x", "1.x", "9" * 30, f"{'9' * 16}.{NOBODY}"):
        assert (await bob.get(f"/bookmarks?before={wrong}")).status == 404
        assert (await bob.get(f"/notifications?before={wrong}")).status == 404


@pytest.mark.parametrize("path", ["/bookmarks?list=%00", "/bookmarks?list=%ED%A0%80", "/me/hidden?after=%00%ff",
                                  "/comments/%00", "/comments/x%ff/report", "/notifications/%00", "/tags/%00/follow",
                                  "/p/%00/report", "/p/%ED%A0%80/talk", f"/p/x/comments/{NOBODY}"])  # fmt: skip
async def test_addresses_that_nobody_made_are_answered_by_a_page(bob, path):
    answer = await bob.get(path)
    assert answer.status in {200, 404, 405}, answer.words


async def test_notifications_tell_what_happened_and_are_read_one_by_one_or_all(site, ann, bob, tea):
    hers = await say(ann, tea, "First.")
    await press(ann, "/notifications", "/notifications/read", until="f" * 36) if "Mark all" in (
        await ann.get("/notifications")
    ).words else None
    his = await say(bob, tea, "@ann, **no**, it is second.", parent=hers)
    also = await say(bob, tea, "Third, @ann.")
    page = await ann.get("/notifications")
    assert page.words.count("Unread: ") == 2
    assert "Bob answered you below" in page.words
    assert "Bob mentioned you below" in page.words
    assert "@ann, no, it is second." in page.words, "without Markdown's marks"
    links = re.findall(r'href="(/notifications/[0-9a-f-]{36})"', page.text)
    assert (await bob.get(links[0])).status == 404, "another's"
    answer = await ann.get(links[0])
    assert answer.location == f"/comments/{also}"
    assert (await ann.get(answer.location)).location == f"{tea}#comment-{also}"
    assert (await ann.get("/notifications")).words.count("Unread: ") == 1
    only = await ann.get("/notifications?unread=1")
    assert re.findall(r'href="(/notifications/[0-9a-f-]{36})"', only.text) == [links[1]]
    await press(ann, "/notifications?unread=1", "/notifications/read")
    assert "Nothing that you have not read." in (await ann.get("/notifications?unread=1")).words
    assert (await ann.get((await ann.get(links[1])).location)).location == f"{tea}#comment-{his}"


async def test_another_name_is_on_every_page_at_once(site, tea):
    cyd, browser = await site.signed_in("cyd"), site.browser()
    await say(cyd, tea, "It is me.")
    assert "Cyd" in (await browser.get(tea)).words
    await cyd.submit("/me/profile", {"name": "Cyd <b>Bold</b>"}, page="/me")
    page = await browser.get(tea)
    assert "Cyd &lt;b&gt;Bold&lt;/b&gt;" in page.text
    await cyd.submit("/me/profile", {"name": "Cyd"}, page="/me")


async def test_what_is_said_and_who_says_it_runs_nothing(site, bob, tea):
    """Every vector as a comment and as a name: what stands on the page is only what may stand there."""
    cyd, name = await site.signed_in("cyd"), '"><img src=x onerror=alert(1)>'
    await cyd.submit("/me/profile", {"name": name}, page="/me")
    person, comments = await site.people.by_handle("cyd"), site.app[keys.COMMENTS]
    assert person.name == name
    vectors = [*MARKUP, *(f"[x]({address}) <{address}>" for address in SCRIPT_ADDRESSES)]
    for vector in vectors:
        try:
            text = comment_text(f"x {vector}", max_chars=10_000)
        except Exception:
            continue
        await comments.add("tea", person.id, text)
    ours = re.compile(r'<script src="/static/[^"]+"( defer)?></script>|<script type="application/ld\+json">')
    path, seen = tea, 0
    while path:
        page = await bob.get(path)
        assert len(re.findall("<script", page.text)) == len(ours.findall(page.text))
        assert not re.search(r"<[^>]+\son\w+=", page.text)
        for html in re.findall(r'<div class="said-text" dir="auto">(.*?)</div>\s*<footer>', page.text, re.DOTALL):
            seen += 1
            assert dangers(html) == []
        following = re.search(r'href="([^"]+)" rel="next">Later', page.text)
        path = following[1] if following else ""
    assert seen > 40
    await cyd.submit("/me/profile", {"name": "Cyd"}, page="/me")


async def test_every_kind_of_notification_is_worded_and_leads_somewhere(site, tea):
    await site.person("dee")
    dee, moderation, told_of = await site.signed_in("dee"), site.app[keys.MODERATION], site.app[keys.NOTIFICATIONS]
    await press(dee, "/authors/blogen", "/authors/blogen/follow", on="1")
    by_author = await site.blog.publish("By an author")
    await told_of.tell_followers(by_author)
    await press(dee, "/authors/blogen", "/authors/blogen/follow", on="")
    await press(dee, "/tags/hot%20drinks", "/tags/hot%20drinks/follow", on="1")
    by_tag = await site.blog.publish("About a topic", tags=["hot drinks"])
    await told_of.tell_followers(by_tag)
    await press(dee, tea, f"{tea}/like", on="1")
    block = (await site.blog.posts.by_slug("tea")).blocks[1].id
    await told_of.tell_of_correction((await site.app[keys.CORRECTIONS].publish("tea", "It is 1987.", block=block)).id)
    await press(dee, f"{tea}/report", f"{tea}/report", note="Not so.")
    [report] = [one for one in (await moderation.reports(100))[0] if one.handle == "dee"]
    await moderation.close_report(report.id, "Mended.", "mod")
    comment = await say(dee, tea, "Mine.")
    await moderation.remove(comment, "mod")
    await moderation.restore(comment, "mod")
    page = await dee.get("/notifications")
    assert page.status == 200
    lines = (
        "New by @blogen : By an author", "New about hot drinks : About a topic", "It is 1987.", "Mended.",
        "Corrected, what you liked or kept: Tea", "Your report was looked at, about Tea",
        "A moderator removed your comment below Tea", "Your comment is shown again, below Tea",
    )  # fmt: skip
    for line in lines:
        assert line in page.words
    places = [
        (await dee.get(link)).location for link in re.findall(r'href="(/notifications/[0-9a-f-]{36})"', page.text)
    ]
    assert {f"/p/{by_author}", f"/p/{by_tag}", f"{tea}#b-{block}", tea, f"/comments/{comment}"} == set(places)
    for slug in (by_author, by_tag):
        await site.blog.posts.delete(slug)
    assert (await dee.get("/notifications")).status == 200, "also of posts that are gone"
