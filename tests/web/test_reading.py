"""What the pages do for who reads: featured posts, series, notes in place, a search within, help where a post is
gone."""

import json
import re

import pytest

from blogen.domain.post_summary import PostSource
from blogen.render.markdown import NoteSource
from blogen.web import keys
from blogen.web.reader.notes import opening
from blogen.web.words import language_name

AT = 1_760_000_000_000
"""9 October 2025."""
YEAR = 366 * 86_400_000


def titles(text: str) -> list[str]:
    return re.findall(r'class="card-title"><a href="/p/([^"]+)"', text)


async def test_the_newest_post_is_large_until_the_owner_features_others(site):
    for number in range(4):
        await site.blog.publish(f"Post {number}", at=AT + number)
    featured = site.app[keys.FEATURED]
    text = (await site.get("/")).text
    assert 'aria-label="Newest post"' in text
    assert titles(text) == ["post-3", "post-2", "post-1", "post-0"]
    await featured.feature("post-0")
    await featured.feature("post-1")
    text = (await site.get("/")).text
    assert 'aria-label="Featured"' in text
    assert titles(text) == ["post-1", "post-0", "post-3", "post-2"], "each of them once"
    await featured.unfeature("post-1")
    assert titles((await site.get("/")).text) == ["post-0", "post-3", "post-2", "post-1"]


async def test_pages_that_are_open_can_ask_what_is_new(site):
    await site.blog.publish("Tea", at=AT)
    home = (await site.get("/")).text
    assert 'data-newest="tea"' in home
    first = await site.get("/newest.json")
    assert json.loads(first.text) == {"newest": ["tea"]}
    again = await site.get("/newest.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    await site.blog.publish("Coffee", at=AT + 1)
    assert json.loads((await site.get("/newest.json")).text) == {"newest": ["coffee", "tea"]}


async def test_a_part_of_a_series_leads_to_the_others_and_to_the_whole(site):
    for number, title in enumerate(("One", "Two", "Three", "Alone")):
        await site.blog.publish(title, at=AT + number)
    series = site.app[keys.SERIES]
    for slug in ("three", "one", "two"):
        await series.place(slug, "Backwards <b>")
    text = (await site.get("/p/one")).text
    assert "Part 2 of 3" in text
    assert "Backwards &lt;b&gt;" in text
    assert 'href="/p/three" rel="prev"' in text
    assert 'href="/p/two" rel="next"' in text
    assert 'href="/p/alone"' not in text.partition('class="around"')[2].partition("</nav>")[0]
    assert re.search(
        r'href="/series/backwards-b"[^>]*>Backwards &lt;b&gt;</a>\s*<[^>]*>3 parts', (await site.get("/archive")).text
    )
    whole = await site.get("/series/backwards-b")
    assert titles(whole.text) == ["three", "one", "two"]
    assert 'class="series"' not in (await site.get("/p/alone")).text

    await series.place("alone", "Backwards <b>", part=1)
    assert "Part 3 of 4" in (await site.get("/p/one")).text
    assert "Part 1 of 4" in (await site.get("/p/alone")).text
    await site.blog.posts.delete("three")
    assert "Part 2 of 3" in (await site.get("/p/one")).text
    assert titles((await site.get("/series/backwards-b")).text) == ["alone", "one", "two"]
    for slug in ("alone", "one", "two"):
        await series.place(slug, "")
    assert (await site.get("/series/backwards-b")).status == 404
    assert "/series/" not in (await site.get("/archive")).text


async def test_a_note_opens_where_it_is_marked_without_a_script(site):
    notes = [NoteSource("s1.1", "It is <so>.", "A paper", "https://example.org/paper")]
    await site.blog.publish("Tea", markdown="A claim.[^s1.1] Another.[^s1.1]", notes=notes)
    text = (await site.get("/p/tea")).text
    targets = re.findall(
        r'<button type="button" id="r-[^"]+" popovertarget="([^"]+)" aria-label="Note 1">1</button>', text
    )
    assert len(targets) == 2
    assert len(set(targets)) == 1
    passage = text.partition(f'<div popover id="{targets[0]}"')[2].partition("</div>")[0]
    assert "It is &lt;so&gt;." in passage
    assert 'href="https://example.org/paper"' in passage
    assert "↩" not in passage
    for back in re.findall(r'class="back" href="#([^"]+)"', text):
        assert f'id="{back}"' in text


def test_a_mark_without_its_note_stays_as_it_is():
    bare = '<p>A.<sup class="ref"><a id="r-x-1" href="#b-x" role="doc-noteref">1</a></sup></p>'
    assert opening(bare) == bare
    with_other = bare + '<section class="notes" role="doc-endnotes"><ol><li id="b-y">Other.</li></ol></section>'
    assert opening(with_other) == with_other


async def test_a_deleted_post_says_so_and_leads_to_others(site):
    await site.blog.publish("Green tea", tags=["drinks"])
    await site.blog.publish("Coffee", tags=["drinks"])
    await site.blog.publish("Green boats", tags=["sea"])
    await site.blog.posts.delete("green-tea")
    answer = await site.get("/p/green-tea")
    assert answer.status == 410
    assert "taken off the blog" in answer.text
    assert set(titles(answer.text)) == {"coffee", "green-boats"}
    assert 'value="green tea"' in answer.text, "the search is filled in"
    assert (await site.get("/p/green-tea/receipt")).status == 410
    await site.blog.publish("Green tea", tags=["drinks"])
    assert (await site.get("/p/green-tea")).status == 200


async def test_a_misspelt_address_leads_to_what_may_be_meant(site):
    await site.blog.publish("Green tea")
    answer = await site.get("/p/green-tee-2025")
    assert answer.status == 404
    assert titles(answer.text) == ["green-tea"]
    for path in ("/p/%3Cscript%3E", "/p/" + "x" * 3000, "/p/%22%20OR%201", "/nothing/green"):
        answer = await site.get(path)
        assert answer.status == 404, path
        assert titles(answer.text) == [], path
        assert "<script>" not in answer.text


async def test_a_search_is_narrowed_by_plain_lists(site):
    await site.blog.publish("Green tea", tags=["drinks"], author="ada", at=AT)
    await site.blog.publish("Tee und tea", tags=["drinks"], language="de", slug="tee", at=AT - YEAR)
    await site.blog.publish("Tea ships", tags=["sea"], at=AT + 1)

    async def found(query: str) -> list[str]:
        return re.findall(r'<h2><a href="/p/([^"]+)"', (await site.get(f"/search?{query}")).text)

    assert sorted(await found("q=tea")) == ["green-tea", "tea-ships", "tee"]
    assert sorted(await found("q=tea&tag=drinks")) == ["green-tea", "tee"]
    assert await found("q=tea&author=ada") == ["green-tea"]
    assert await found("q=tea&language=de") == ["tee"]
    assert sorted(await found("q=tea&when=2025")) == ["green-tea", "tea-ships"]
    assert await found("q=tea&when=2024") == ["tee"]
    assert await found("tag=drinks") == ["green-tea", "tee"], "without words: the newest first"
    assert len(await found("q=tea&when=%00&tag=&author=")) == 3
    text = (await site.get("/search?q=tea&tag=drinks&when=2025")).text
    assert '<option value="drinks" selected>' in text
    assert '<option value="2025" selected>' in text
    assert '<option value="de">Deutsch</option>' in text
    assert 'href="/search?q=tea">Search everywhere' in text


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x>', "' OR 1=1 --", "x" * 5000, "\0"])
async def test_what_is_no_choice_finds_nothing_and_becomes_no_markup(site, evil):
    await site.blog.publish("Tea")
    for name in ("tag", "author", "language", "when"):
        answer = await site.get("/search", params={"q": "tea", name: evil})
        assert answer.status == 200
        assert "<script>" not in answer.text
        assert "<img src=x>" not in answer.text
        assert "\0" not in answer.text
        assert ("Nothing found" in answer.text) is (name != "when" and bool(evil.strip("\0"))), (name, evil)


async def test_choices_of_which_there_is_one_are_not_offered(site):
    await site.blog.publish("Tea", tags=["drinks"])
    text = (await site.get("/search")).text
    assert 'name="language"' not in text
    assert 'name="author"' not in text
    assert 'name="when"' in text


def test_languages_are_called_by_their_own_names():
    assert [language_name(tag) for tag in ("de", "pt-BR", "zh", "tlh")] == ["Deutsch", "Português (BR)", "中文", "tlh"]


async def test_a_post_is_shared_without_a_script(site):
    await site.blog.publish("Tea & time?", slug="tea")
    text = (await site.get("/p/tea")).text
    address = "https%3A%2F%2Fblog.example.org%2Fp%2Ftea"
    assert f'href="mailto:?subject=Tea%20%26%20time%3F&amp;body={address}"' in text
    assert re.search(r'data-copy="https://blog.example.org/p/tea" hidden>', text)


async def test_the_receipt_says_what_was_checked(site):
    quoted = PostSource(title="A paper", url="https://example.org/paper", quotes=["It is so.", "It is."])
    await site.blog.publish("Tea", sources=[quoted, PostSource(title="A note", url=None, quotes=[])])
    text = (await site.get("/p/tea/receipt")).text
    assert "2 passages were compared word by word" in text
    assert "2 checked" in text
    assert "read, not quoted" in text
    assert "Nobody: it was published without a review." in text
