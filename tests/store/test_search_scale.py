"""Search among many posts: words that stand in most of them are ranked without counting all their hits."""

import pytest

from tests.blog import open_blog


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


@pytest.fixture
def statements(blog, monkeypatch):
    """The queries that were read, newest last."""
    read, heard = blog.database.read, []

    async def listening(sql, params=()):
        heard.append((sql, tuple(params)))
        return await read(sql, params)

    monkeypatch.setattr(blog.database, "read", listening)
    return heard


@pytest.fixture
def common(monkeypatch):
    """What stands in three posts is common."""
    monkeypatch.setattr("blogen.store.search._COMMON", 3)


async def found(blog, query: str) -> list[str]:
    return [hit.post.slug for hit in (await blog.search.find(query)).hits]


async def test_a_common_word_is_ranked_by_where_it_stands_then_newest_first(blog, statements, common):
    await blog.publish("Old", text="tea")
    await blog.publish("Tea", text="a drink")
    await blog.publish("Tagged", text="a drink", tags=["tea"])
    await blog.publish("Told", text="a drink", summary="Of tea.")
    await blog.publish("New", text="tea")
    await blog.publish("Other", text="coffee")
    assert await found(blog, "tea") == ["tea", "tagged", "told", "new", "old"]
    assert not [sql for sql, _ in statements if "bm25" in sql]
    hit = (await blog.search.find("tea")).hits[0]
    assert [(piece.text, piece.is_match) for piece in hit.title] == [("Tea", True)]


async def test_beside_a_rarer_word_a_common_one_tells_nothing(blog, statements, common):
    for number in range(3):
        await blog.publish(f"The {number}", text="nothing")
    await blog.publish("The end", text="walrus")
    await blog.publish("Walrus", text="the sea")
    assert await found(blog, "the walrus") == ["walrus", "the-end"]
    assert await found(blog, "walrus the") == ["walrus", "the-end"]
    assert not [sql for sql, _ in statements if "bm25" in sql]


async def test_a_word_becomes_common_and_is_then_counted_no_more(blog, statements, common):
    for number in range(3):
        assert len(await found(blog, "tea")) == number
        await blog.publish(f"Post {number}", text="tea")
        assert [sql for sql, _ in statements if "bm25" in sql]
    assert len(await found(blog, "tea")) == 3
    statements.clear()
    assert len(await found(blog, "tea")) == 3
    assert not [sql for sql, _ in statements if "count(*)" in sql]


async def test_an_unfinished_word_is_looked_for_only_until_the_word_itself_fills_the_list(blog, monkeypatch):
    monkeypatch.setattr("blogen.store.search._CANDIDATES", 2)
    await blog.publish("Portugal")
    await blog.publish("Port")
    assert await found(blog, "port") == ["port", "portugal"]
    await blog.publish("Another port")
    assert "portugal" not in await found(blog, "port")
    assert "portugal" in await found(blog, "portu")


async def test_a_short_beginning_of_many_words_is_common(blog, statements, common):
    for number, word in enumerate(("walrus", "water", "wave", "wall")):
        await blog.publish(f"Post {number}", text=word)
    assert len(await found(blog, "wa")) == 4
    assert not [sql for sql, _ in statements if "bm25" in sql]


async def test_a_long_beginning_of_common_words_is_completed_by_what_posts_say_of_themselves(
    blog, statements, monkeypatch
):
    monkeypatch.setattr("blogen.store.search._CANDIDATES", 4)
    monkeypatch.setattr("blogen.store.search._COMMON", 4)
    for title in ("Émigré walruses", "Émigrés", "Emigration", "Walrus", "Emirates", "Émigré tea"):
        await blog.publish(title)
    assert set(await found(blog, "emigr")) == {"émigré-walruses", "émigrés", "emigration", "émigré-tea"}
    assert set(await found(blog, "tea Émig")) == {"émigré-tea"}
    assert not [params for _, params in statements if any("emig" in str(one) and "*" in str(one) for one in params)]
    statements.clear()
    assert await found(blog, "emirat") == ["emirates"]  # too few by name: gathered
    assert [params for _, params in statements if '"emirat"*' in params]


async def test_a_rare_word_is_ranked_by_how_much_a_post_is_about_it(blog, statements):
    await blog.publish("Long", text="walrus " + "word " * 300)
    await blog.publish("Short", text="walrus walrus walrus")
    assert await found(blog, "walrus") == ["short", "long"]
    assert [sql for sql, _ in statements if "bm25" in sql]


@pytest.mark.parametrize(
    "query", ["the", "the AND", "the OR tea", "{title} : the", "the (", '"the', "the* the", "title:the"]
)
async def test_nothing_typed_beside_a_common_word_is_syntax(blog, common, query):
    for number in range(4):
        await blog.publish(f"The tea {number}", text="the and or title the tea")
    assert await found(blog, query)
