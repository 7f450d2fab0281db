"""A post's card is rendered once, and never shows what is no longer so."""

import pytest

from blogen.domain.changes import PostChange
from blogen.web import templates
from blogen.web.cards import Cards


@pytest.fixture
def cards(tmp_path):
    return Cards(templates._built_in(tmp_path))


async def summary(blog):
    return (await blog.posts.newest(1)).items[0]


async def test_a_card_is_rendered_once_however_often_the_post_is_read(site, cards):
    await site.blog.publish("Tea")
    first = cards(await summary(site.blog), level=3)
    assert 'class="card-title"><a href="/p/tea">Tea</a></h3>' in first
    assert cards(await summary(site.blog), level=3) is first
    alike = (await summary(site.blog)).model_copy()
    assert cards(alike, level=3) is first
    assert "</h2>" in cards(alike, level=2)
    assert cards(alike, level=3) is first


async def test_whatever_changes_of_a_post_changes_its_card(site, cards):
    await site.blog.publish("Tea")
    assert "Tea" in cards(await summary(site.blog))
    await site.blog.posts.change("tea", PostChange(title="<b>Mate</b>"))
    assert "&lt;b&gt;Mate&lt;/b&gt;" in cards(await summary(site.blog))
    renamed = await summary(site.blog)
    renamed = renamed.model_copy(update={"author": renamed.author.model_copy(update={"name": "Ada"})})
    assert "Ada" in cards(renamed)


async def test_few_cards_are_kept(site, cards, monkeypatch):
    monkeypatch.setattr("blogen.web.cards._CARDS", 3)
    await site.blog.publish("Tea")
    post = await summary(site.blog)
    made = [cards(post, level=level) for level in range(2, 7)]
    assert cards(post, level=6) is made[-1]
    assert cards(post, level=2) is not made[0]
    assert len(cards._kept) == 3
