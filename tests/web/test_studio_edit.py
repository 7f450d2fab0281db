"""The studio's pages for posts: list, editing with preview and versions, and what may come in between."""

import asyncio
import re
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import FormData
from PIL import Image

from blogen.domain.changes import PostChange
from blogen.domain.person import Scope
from blogen.domain.post_summary import Picture
from blogen.events import PostDeleted
from blogen.render.markdown import NoteSource
from blogen.render.pictures import AI_SOURCE_TYPE, source_type
from blogen.web import keys
from tests.render.danger import dangers
from tests.render.vectors import MARKUP, SCRIPT_ADDRESSES
from tests.web.people import Answer, Browser, PeopleSite, open_people_site
from tests.web.running import running

NOTES = [NoteSource("a", "Steep it hot.", "Brewing", "https://example.org/a"), NoteSource("b", "Not boiling.", "Leaf")]
TEXT = "## Water\n\nHot it is.[^a] Yet not so hot.[^b]\n\nA second paragraph, about cups.\n"
COVER = Picture(key="cover", url="/media/a.webp", width=1600, height=900, alt="A cup", made_by="covers")
AT = "/studio/posts/tea"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory) -> AsyncIterator[PeopleSite]:
    async with open_people_site(tmp_path_factory.mktemp("edit")) as opened:
        await opened.person("ann", role=Scope.AUTHOR)
        await opened.person("bob", role=Scope.ADMIN)
        await opened.person("ray")
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ann(site) -> Browser:
    return await site.signed_in("ann")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def tea(site) -> AsyncIterator[None]:
    await site.blog.publish("Tea", markdown=TEXT, notes=NOTES, tags=["tea"], cover=COVER, images=[COVER])
    yield
    for post in (await site.blog.posts.newest(50)).items:
        await site.blog.posts.delete(post.slug)


async def send(browser: Browser, fields: dict[str, Any], to: str = AT, *, form=None, file=b"", **headers) -> Answer:
    """Fill in the editor's form, or a `form` that was opened before, and send it."""
    form = form if form is not None else {"cover": "keep"} | await browser.form(AT)
    data = FormData(default_to_multipart=True)
    for name, value in (form | {"cover": "keep"} | fields).items():
        if name != "picture":
            data.add_field(name, value)
    data.add_field("picture", file, filename="p.png" if file else "", content_type="application/octet-stream")
    return await browser.post(to, data, **headers)


def photo(**options) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (900, 500), "#347").save(buffer, "PNG", **options)
    return buffer.getvalue()


async def test_who_is_not_an_author_stays_outside(site):
    assert (await site.browser().get(AT)).location == "/login?next=/studio/posts/tea"
    ray = await site.signed_in("ray")
    for path in ("/studio/posts", AT, f"{AT}/delete", f"{AT}/versions"):
        assert (await ray.get(path)).status == 403, path
    assert (await ray.post(f"{AT}/delete", {})).status == 403


async def test_what_is_saved_is_what_readers_see_and_the_former_is_kept(site, ann):
    before = await site.blog.posts.by_slug("tea")
    form = await ann.form(AT)
    assert form["markdown"].startswith("## Water\n\nHot it is.[^1]")
    text = form["markdown"].replace("about cups", "about bowls")
    answer = await send(ann, {"title": "Green tea", "tags": "Tea, Green", "markdown": text, "cover_alt": "A bowl"})
    assert (answer.status, answer.location) == (303, f"{AT}?said=saved")
    after = await site.blog.posts.by_slug("tea")
    assert (after.title, after.tags, after.cover.alt) == ("Green tea", ["tea", "green"], "A bowl")
    assert [block.id for block in after.blocks] == [block.id for block in before.blocks]
    assert after.provenance.human_edits == 1
    page = (await site.browser().get("/p/tea")).text
    assert "about bowls" in page
    assert "Steep it hot." in page
    assert "what it said before is kept" in (await ann.get(answer.location)).words
    line = (await site.app[keys.VERSIONS].of_post("tea"))[0]
    assert (line.number, line.by, line.changed) == (2, "ann", ["title", "tags", "cover", "text"])


async def test_a_save_without_a_change_makes_no_version(site, ann):
    assert (await send(ann, {})).location == f"{AT}?said=same"
    assert await site.app[keys.VERSIONS].of_post("tea") == []


async def test_a_preview_shows_what_would_be_saved_and_saves_nothing(site, ann):
    typed = {"title": "Green <tea>", "markdown": "A **bold** word.[^2]\n\n<b>not</b> markup", "summary": ""}
    page = await send(ann, typed, f"{AT}/preview")
    alone = await send(ann, typed, f"{AT}/preview", **{"X-Fragment": "1"})
    for answer in (page, alone):
        assert answer.status == 200
        assert "<strong>bold</strong>" in answer.text
        assert "Green &lt;tea&gt;" in answer.text
        assert "Not boiling." in answer.text
    assert "<html" not in alone.text
    assert page.forms[AT]["markdown"] == typed["markdown"]
    assert (await site.blog.posts.by_slug("tea")).title == "Tea"
    await send(ann, typed)
    after = await site.blog.posts.by_slug("tea")
    assert after.html in page.text
    assert after.html in alone.text


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"title": " "}, "title", "Give the post a title."),
        ({"title": "x" * 201}, "title", "at most 200 characters"),
        ({"title": "a\u202eb"}, "title", "U+202E"),
        ({"summary": "x" * 501}, "summary", "at most 500"),
        ({"markdown": " \n"}, "markdown", "says nothing that can be seen"),
        ({"markdown": "x" * 1_000_001}, "markdown", "at most 1,000,000"),
        ({"tags": ", ".join("abcdefghijk")}, "tags", "at most 10"),
        ({"tags": f"good, {'x' * 51}"}, "tags", "Tag 2 must have at most 50"),
        ({"cover": "key:nothing"}, "", "not one of the post"),
        ({"cover": "upload"}, "picture", "No picture was chosen"),
    ],
)  # fmt: skip
async def test_what_cannot_be_saved_is_said_beside_its_field_and_all_stays(site, ann, fields, name, words):
    typed = {"title": "Kept", "markdown": "Kept, too."} | fields
    answer = await send(ann, typed)
    assert answer.status == 422
    assert words in answer.words
    if name:
        assert f'id="{name}-wrong"' in answer.text
    form = answer.forms[AT]
    assert form["title"] == typed["title"]
    assert form["markdown"].strip() == typed["markdown"].strip()
    assert (await site.blog.posts.by_slug("tea")).title == "Tea"


async def test_somebody_else_saved_meanwhile_and_both_texts_are_there(site, ann):
    bob = await site.signed_in("bob")
    mine, theirs = await ann.form(AT), await bob.form(AT)
    text = theirs["markdown"]
    await send(bob, {"markdown": text.replace("Hot it is.[^1] ", ""), "summary": "Theirs."}, form=theirs)
    answer = await send(ann, {"markdown": text.replace("about cups", "about bowls")}, form=mine)
    assert answer.status == 409
    assert "bob saved this post meanwhile" in answer.words
    assert answer.forms[AT]["markdown"] == text.replace("about cups", "about bowls")
    assert "<del>Theirs</del>" in answer.text
    assert "<ins>Hot it is.[^1] </ins>" in answer.text
    again = await send(ann, {}, form=answer.forms[AT])
    assert again.location == f"{AT}?said=saved"
    after = await site.blog.posts.by_slug("tea")
    assert "about bowls" in after.html
    # Theirs has one footnote, mine was written with two: each mark still means what it meant.
    notes = {block.id: block for block in after.blocks if block.t == "note"}
    said = [run for block in after.blocks if block.t == "p" for run in block.runs if run.note]
    assert [notes[run.note].runs[0].text for run in said] == ["“Steep it hot.”", "“Not boiling.”"]
    assert [line.by for line in await site.app[keys.VERSIONS].of_post("tea")] == ["ann", "bob", ""]


async def test_a_form_sent_twice_is_one_save(site, ann):
    form = await ann.form(AT)
    for _ in range(2):
        answer = await send(ann, {"title": "Green  tea", "tags": "Tea, green"}, form=form)
        assert answer.location == f"{AT}?said=saved"
    assert len(await site.app[keys.VERSIONS].of_post("tea")) == 2


async def test_saves_at_the_same_moment_are_one_and_a_question(site, ann):
    bob = await site.signed_in("bob")
    mine, theirs = await ann.form(AT), await bob.form(AT)
    both = await asyncio.gather(
        send(ann, {"markdown": "Mine."}, form=mine), send(bob, {"markdown": "Theirs."}, form=theirs)
    )
    assert sorted(answer.status for answer in both) == [303, 409]
    form = await ann.form(AT)
    same = await asyncio.gather(*(send(ann, {"markdown": "Mine again."}, form=form) for _ in range(3)))
    assert [answer.location for answer in same] == [f"{AT}?said=saved"] * 3
    assert len(await site.app[keys.VERSIONS].of_post("tea")) == 3


async def test_a_post_that_was_deleted_meanwhile_gives_the_text_back(site, ann):
    form = await ann.form(AT)
    await site.blog.posts.delete("tea")
    answer = await send(ann, {"markdown": "All my <work>."}, form=form)
    assert answer.status == 410
    assert "All my &lt;work&gt;." in answer.text


async def test_a_cover_is_uploaded_drawn_chosen_and_taken_off(site, ann):
    missing = await send(ann, {"cover": "upload"}, file=photo())
    assert (missing.status, "Say what the picture shows" in missing.words) == (422, True)
    assert "choose the picture again" not in missing.words
    await send(ann, {"cover": "upload", "picture_alt": "A <garden>"}, file=photo())
    uploaded = (await site.blog.posts.by_slug("tea")).cover
    assert (uploaded.key, uploaded.alt, uploaded.width, uploaded.made_by) == ("cover-2", "A <garden>", 900, "")
    kept = await ann.get(uploaded.url)
    assert source_type(kept.body) is None, "nobody said how it was made"
    await send(ann, {"cover": "draw"})
    drawn = await site.blog.posts.by_slug("tea")
    assert (drawn.cover.key, drawn.cover.made_by, drawn.provenance.images) == ("cover-3", "covers", ["covers"])
    assert [one.key for one in drawn.images] == ["cover-3", "cover-2", "cover"]
    await send(ann, {"cover": "key:cover-2"})
    assert (await site.blog.posts.by_slug("tea")).cover == uploaded
    await send(ann, {"cover": "none"})
    assert (await site.blog.posts.by_slug("tea")).cover is None
    assert [line.changed for line in await site.app[keys.VERSIONS].of_post("tea")][:4] == [["cover"]] * 4
    await send(ann, {"markdown": "Look:\n\n![A garden](cover-2)\n"})
    assert uploaded.url in (await site.blog.posts.by_slug("tea")).html


async def test_a_picture_that_an_ai_made_says_so(site, ann):
    await send(ann, {"cover": "upload", "picture_alt": "A robot", "picture_ai": "yes"}, file=photo())
    post = await site.blog.posts.by_slug("tea")
    assert post.provenance.images == ["an AI model", "covers"]
    assert source_type((await ann.get(post.cover.url)).body) == AI_SOURCE_TYPE


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n broken", b"GIF89a" + b"\0" * 40])
async def test_a_file_that_is_no_picture_is_refused_and_the_text_kept(site, ann, content):
    answer = await send(ann, {"cover": "upload", "picture_alt": "A cup", "markdown": "Kept."}, file=content)
    assert answer.status == 422
    assert 'id="picture-wrong"' in answer.text
    assert answer.forms[AT]["markdown"] == "Kept."


async def test_whoever_may_edit_finds_the_way_from_the_post(site, ann):
    assert f'href="{AT}"' in (await ann.get("/p/tea")).text
    for browser in (site.browser(), await site.signed_in("ray")):
        assert AT not in (await browser.get("/p/tea")).text


async def test_a_version_shows_what_it_changed_and_can_be_brought_back(site, ann):
    was = await site.blog.posts.by_slug("tea")
    assert "never changed" in (await ann.get(f"{AT}/versions")).words
    await send(ann, {"markdown": "Only <this> is left.", "title": "Short"})
    listed = await ann.get(f"{AT}/versions")
    assert "ann · changed title, text" in listed.words
    changed = await ann.get(f"{AT}/versions/2")
    assert "<ins>Only \\&lt;this\\&gt; is left.</ins>" in changed.text
    assert "restore" not in changed.text
    since = await ann.get(f"{AT}/versions/1?with=now")
    assert "<del>Tea</del><ins>Short</ins>" in since.text
    form = await ann.form(f"{AT}/versions/1", f"{AT}/versions/1/restore")
    for _ in range(2):
        answer = await ann.post(f"{AT}/versions/1/restore", form)
        assert answer.location == f"{AT}?said=restored"
    now = await site.blog.posts.by_slug("tea")
    assert (now.title, now.blocks, now.html) == (was.title, was.blocks, was.html)
    assert "ann · brought back version 1" in (await ann.get(f"{AT}/versions")).words
    assert len(await site.app[keys.VERSIONS].of_post("tea")) == 3
    for number in ("4", "0", "x", "99999999999999999999"):
        assert (await ann.get(f"{AT}/versions/{number}")).status == 404


async def test_a_restore_from_an_old_page_restores_nothing(site, ann):
    await send(ann, {"title": "One"})
    form = await ann.form(f"{AT}/versions/1", f"{AT}/versions/1/restore")
    await site.blog.posts.change("tea", PostChange(title="Theirs"), by="bob")
    answer = await ann.post(f"{AT}/versions/1/restore", form)
    assert (answer.status, "nothing was restored" in answer.words) == (409, True)
    assert (await site.blog.posts.by_slug("tea")).title == "Theirs"


async def test_nothing_that_is_typed_runs_anywhere(site, ann):
    text = "\n\n".join([*MARKUP, *(f"[link]({one}) <a href='{one}'>x</a> ![i]({one})" for one in SCRIPT_ADDRESSES)])
    fields = {"markdown": text, "title": "<script>alert(1)</script>", "summary": '"><img src=x onerror=alert(1)>'}
    shown = await send(ann, fields, f"{AT}/preview")
    await send(ann, fields | {"tags": "<svg onload=alert(1)>", "cover_alt": "'\"><b>"})
    post = await site.blog.posts.by_slug("tea")
    assert dangers(post.html) == []
    pages = [shown, *[await ann.get(path) for path in (AT, "/studio/posts", f"{AT}/versions", f"{AT}/versions/2")]]
    for page in pages:
        assert page.status == 200
        assert running(page.text) == []
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"


async def test_a_form_from_elsewhere_or_without_its_token_changes_nothing(site, ann):
    form = await ann.form(AT)
    assert (await send(ann, {"title": "X"}, form=form, Origin="https://evil.example")).status == 403
    assert (await send(ann, {"title": "X", "form": "0" * 64}, form=form)).status == 403
    assert (await ann.post(f"{AT}/delete", {"form": "x"})).status == 403
    assert (await site.blog.posts.by_slug("tea")).title == "Tea"


async def test_the_list_is_searched_and_goes_on(site, ann):
    for number in range(31):
        await site.blog.publish(f"Post {number}", at=1_770_000_000_000 + number, text=f"word{number}")
    page = await ann.get("/studio/posts")
    assert page.text.count("<h2") == 30
    older = re.search(r'href="(/studio/posts\?before=[^"]*)" rel="next"', page.text)
    assert re.findall(r'<li id="([^"]*)"', (await ann.get(older[1])).text) == ["post-0", "tea"]
    found = await ann.get("/studio/posts?q=word17")
    assert re.findall(r'<li id="([^"]*)"', found.text) == ["post-17"]
    assert "No post says that" in (await ann.get("/studio/posts?q=zzzz")).words
    assert "Written by AI" in page.words


async def test_posts_are_featured_and_put_in_series_and_one_comes_back_to_the_list(site, ann):
    page = "/studio/posts?q=tea"
    answer = await ann.submit(f"{AT}/feature", page=page)
    assert answer.location == "/studio/posts?q=tea&said=featured#tea"
    assert await site.app[keys.FEATURED].slugs() == ["tea"]
    answer = await ann.submit(f"{AT}/feature", {"off": "1"}, page=page)
    assert await site.app[keys.FEATURED].slugs() == []
    await ann.submit(f"{AT}/series", {"series": "Leaves"}, page=page)
    shown = await ann.get("/studio/posts")
    assert "in Leaves" in shown.words
    assert '<option value="Leaves">' in shown.text
    wrong = await ann.submit(f"{AT}/series", {"series": "Leaves", "part": "two"}, page=page)
    assert (wrong.status, "whole number" in wrong.words) == (422, True)
    assert wrong.forms[f"{AT}/series"]["part"] == "two"
    answer = await ann.submit(f"{AT}/series", {"series": ""}, page=page)
    assert "said=no-series" in answer.location
    back = await ann.submit(f"{AT}/feature", {"back": "https://evil.example/"}, page=page)
    assert back.location == "/studio/posts?said=featured#tea"


async def test_a_post_is_deleted_after_a_question_and_once(site, ann):
    asked = await ann.get(f"{AT}/delete")
    assert "cannot be undone" in asked.words
    assert await site.blog.posts.by_slug("tea")
    form = asked.forms[f"{AT}/delete"]
    assert (await ann.post(f"{AT}/delete", form)).location == "/studio/posts?said=deleted"
    assert (await ann.post(f"{AT}/delete", form)).location == "/studio/posts?said=deleted-before"
    assert [type(event) for event in site.blog.heard].count(PostDeleted) >= 1
    for path in (AT, f"{AT}/delete", f"{AT}/versions"):
        assert (await ann.get(path)).status == 404
    assert (await ann.post(f"{AT}/feature", form)).status == 404


async def test_what_waits_for_its_hour_is_listed_with_it(site, ann):
    job_id = await site.blog.job()

    def wait(tx):
        tx.execute("INSERT INTO job_requests (job_id, topic, request) VALUES (?, 'A <late> tea', '{}')", (job_id,))
        tx.execute(
            "UPDATE jobs SET state = 'scheduled', waiting_for = 'schedule', waiting_until = 1900000000000 WHERE id = ?",
            (job_id,),
        )

    await site.blog.database.write(wait)
    for path in ("/studio/posts", "/studio/posts?state=scheduled", "/studio/posts?q=late"):
        page = await ann.get(path)
        assert "A &lt;late&gt; tea" in page.text, path
        assert "17 March 2030, 17:46 UTC" in page.words
        assert f"/studio/jobs/{job_id}" in page.text
    assert 'id="tea"' not in (await ann.get("/studio/posts?state=scheduled")).text
    assert "late" not in (await ann.get("/studio/posts?state=published")).words
