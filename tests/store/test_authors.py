"""There is always somebody to sign."""

import pytest

from tests.blog import open_blog


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


async def test_the_first_author_says_that_it_is_an_ai(blog):
    author = await blog.authors.ensure("blogen")
    assert author.name == "Blogen"
    assert "I am an AI" in author.bio
    assert await blog.authors.ensure("blogen") == author
    assert await blog.authors.list() == [author]


async def test_a_configured_author_is_made_under_its_own_name(blog):
    assert (await blog.authors.ensure("ada-lovelace_bot")).name == "Ada Lovelace Bot"


async def test_an_unknown_author_is_none(blog):
    assert await blog.authors.by_handle("nobody") is None
