"""Search finds what a person typed, in any script, and nothing typed is syntax."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blogen.domain.post import BulletList, Code, Run, Table
from blogen.store.search import Within
from tests.blog import open_blog


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


async def found(blog, query: str) -> list[str]:
    return [hit.post.slug for hit in (await blog.search.find(query)).hits]


async def test_a_title_counts_more_than_a_body(blog):
    await blog.publish("Coffee", text="Some drink tea instead, tea and more tea.")
    await blog.publish("Tea", text="A drink.")
    assert await found(blog, "tea") == ["tea", "coffee"]


async def test_accents_case_and_unfinished_last_words_do_not_matter(blog):
    await blog.publish("Café Zürich")
    assert await found(blog, "CAFE zur") == ["café-zürich"]
    assert await found(blog, "caf zurich") == ["café-zürich"], "some of the words are better than nothing"
    assert not (await blog.search.find("caf zurich")).has_all_words


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("机器学习入门", "学习"),
        ("機械学習とデータベース", "データ"),
        ("한국어로 쓰는 데이터베이스", "데이터"),
        ("การเรียนรู้ของเครื่อง", "เครื่อง"),
        ("Почему групповая фиксация быстра", "фиксац"),
        ("SQLite入門ガイド", "sqlite入門"),
        ("لماذا قواعد البيانات", "البيانات"),
    ],
)
async def test_scripts_without_spaces_are_found_by_any_part(blog, title, query):
    await blog.publish("Something else")
    slug = await blog.publish(title, slug="it")
    hits = (await blog.search.find(query)).hits
    assert [hit.post.slug for hit in hits] == [slug]
    assert "".join(piece.text for piece in hits[0].title) == title
    assert any(piece.is_match for piece in hits[0].title)


async def test_characters_in_another_order_are_not_found(blog):
    await blog.publish("机器学习")
    assert await found(blog, "习学") == []


async def test_lists_tables_code_and_tags_are_searched(blog):
    await blog.publish(
        "One",
        tags=["databases"],
        blocks=[
            BulletList(id="1", items=[[Run(text="walrus")]]),
            Code(id="2", text="PRAGMA journal_mode"),
            Table(id="3", head=[[Run(text="otter")]], rows=[[[Run(text="heron")]]]),
        ],
    )
    for word in ("walrus", "pragma", "otter", "heron", "database"):
        assert await found(blog, word) == ["one"], word


async def test_a_snippet_shows_where_and_marks_what(blog):
    await blog.publish("Notes", text="word " * 200 + "the <b>walrus</b> swims " + "word " * 200)
    (hit,) = (await blog.search.find("walrus")).hits
    assert [piece.text for piece in hit.snippet if piece.is_match] == ["walrus"]
    assert len("".join(piece.text for piece in hit.snippet)) < 300


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', '""', '" OR 1', "NEAR(a b)", "title:tea", "-tea", "a AND", "*", "^tea", "(", "tea*)", "{a}:b",
     "\x00\x02\x03", "' ; DROP TABLE posts", "🦭", "—", "tea" * 500, "a " * 500, "\ud7ff\uffff", "col : x + y"],
)  # fmt: skip
async def test_hostile_queries_are_only_words(blog, query):
    await blog.publish("Tea")
    await blog.search.find(query)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60))
async def test_no_text_whatever_breaks_search(blog, query):
    await blog.search.find(query)


async def test_text_that_contains_our_own_markers_marks_nothing(blog):
    await blog.publish("Notes", text="a \x02forged\x03 mark and a walrus")
    (hit,) = (await blog.search.find("walrus")).hits
    assert [piece.text for piece in hit.snippet if piece.is_match] == ["walrus"]


async def test_only_the_newest_hits_of_a_common_word_are_ranked(blog, monkeypatch):
    monkeypatch.setattr("blogen.store.search._CANDIDATES", 3)
    await blog.publish("Common common common")
    for number in range(4):
        await blog.publish(f"Post {number}", text="common")
    assert sorted(await found(blog, "common")) == ["post-1", "post-2", "post-3"]


@pytest.mark.parametrize("common", [20_000, 2], ids=["ranked", "by-place"])
@pytest.mark.parametrize("few", [5_000, 1], ids=["by-number", "by-looking"])
async def test_a_search_is_kept_within_tag_author_language_and_time(blog, monkeypatch, few, common):
    monkeypatch.setattr("blogen.store.search._FEW", few)
    monkeypatch.setattr("blogen.store.search._COMMON", common)
    await blog.publish("Green tea", tags=["drinks"], author="ada", at=1_000)
    await blog.publish("Grüner Tee ist tea", slug="tee", tags=["drinks"], language="de", at=2_000)
    await blog.publish("Tea ships", tags=["sea"], at=3_000)
    await blog.publish("Coffee", tags=["drinks"], at=4_000)

    async def within(query="tea", **chosen):
        found = await blog.search.find(query, within=Within(**chosen))
        return sorted(hit.post.slug for hit in found.hits)

    assert await within(tag="drinks") == ["green-tea", "tee"]
    assert await within(author="ada") == ["green-tea"]
    assert await within(language="en") == ["green-tea", "tea-ships"]
    assert await within(since=2_000) == ["tea-ships", "tee"]
    assert await within(since=2_000, until=3_000) == ["tee"]
    assert await within(tag="drinks", language="en", author="blogen") == []
    assert await within(tag="nothing") == []
    assert await within("", tag="drinks", language="en") == ["coffee", "green-tea"]
    assert await within("") == []
    assert await blog.search.languages() == ["de", "en"]
    assert await blog.search.span() == (1_000, 4_000)
    hit = (await blog.search.find("", within=Within(tag="sea"))).hits[0]
    assert (hit.title[0].text, hit.snippet[0].text) == ("Tea ships", "What Tea ships is.")
