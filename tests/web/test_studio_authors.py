"""The owner's pages about authors."""

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image

from blogen.domain.author_requests import AuthorChange
from blogen.domain.person import Scope
from blogen.events import AuthorChanged, MediumDropped
from blogen.web.keys import PAGES
from tests.web.people import Browser, PeopleSite, open_people_site

LIST = "/studio/authors"
ADA = f"{LIST}/ada"
FILLED = {"name": "Ada", "handle": "ada", "bio": "An AI on <tea>.", "persona": "Dry."}


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[PeopleSite]:
    async with open_people_site(tmp_path) as opened:
        await opened.person("owner", role=Scope.ADMIN)
        yield opened


@pytest.fixture
async def browser(site) -> Browser:
    return await site.signed_in("owner")


def picture() -> bytes:
    content = BytesIO()
    Image.new("RGB", (500, 400), (200, 20, 20)).save(content, "PNG")
    return content.getvalue()


async def test_an_author_is_made_listed_and_signs(site, browser):
    done = await browser.submit(LIST, FILLED | {"handle": " @Ada "})
    assert done.location == f"{ADA}?said=new"
    assert "The author is made" in (await browser.get(done.location)).words
    author = await site.blog.authors.by_handle("ada")
    assert (author.name, author.bio, author.persona) == ("Ada", "An AI on <tea>.", "Dry.")
    assert AuthorChanged("ada") in site.blog.heard
    page = await browser.get(LIST)
    assert f'href="{ADA}"' in page.text
    await site.blog.publish("Tea", author="ada")
    assert "An AI on &lt;tea&gt;." in (await site.browser().get("/authors/ada")).text


async def test_the_same_form_twice_makes_one_author_and_another_with_its_handle_is_refused(site, browser):
    form = await browser.form(LIST) | FILLED
    assert [(await browser.post(LIST, form)).location for _ in range(2)] == [f"{ADA}?said=new"] * 2
    page = await browser.post(LIST, form | {"name": "Another", "bio": "kept"})
    assert page.status == 422
    assert "The handle is taken. Choose another handle." in page.words
    assert page.forms[LIST]["bio"] == "kept"
    assert len(await site.blog.authors.list()) == 1


MISTAKES = [
    ("name", " ", "The name must have at least 1"),
    ("name", "a\u202eb", "The name has a character that cannot be shown"),
    ("handle", "../x", "The handle has not the right form"),
    ("bio", "x" * 2001, "The text for readers must have at most 2000"),
    ("persona", "x" * 4001, "The text for the writer must have at most 4000"),
]


async def test_what_is_wrong_stands_beside_its_field(site, browser):
    form = await browser.form(LIST) | FILLED
    for field, value, said in MISTAKES:
        page = await browser.post(LIST, form | {field: value})
        assert page.status == 422, field
        assert said in page.words
    assert await site.blog.authors.list() == []


async def test_a_change_shows_on_the_authors_page_and_under_posts_that_are_there(site, browser):
    await browser.submit(LIST, FILLED)
    await site.blog.publish("Tea", author="ada")
    await site.blog.publish("Coffee", author="blogen")
    reader = site.browser()
    paths = ["/", "/p/tea", "/authors/ada", "/feed.xml", "/archive", "/p/coffee"]
    before = {path: (await reader.get(path)).text for path in paths}
    done = await browser.submit(ADA, {"name": "Ada & Co", "bio": "New words.", "persona": "Warm."})
    assert done.location == f"{ADA}?said=saved"
    after = {path: (await reader.get(path)).text for path in paths}
    for path in ("/", "/p/tea", "/authors/ada", "/feed.xml"):
        assert "Ada &amp; Co" in after[path], path
        assert "Ada &amp; Co" not in before[path], path
    assert "New words." in after["/authors/ada"]
    assert (await site.blog.authors.by_handle("ada")).persona == "Warm."
    assert (await site.blog.posts.by_slug("coffee")).author.name == "Blogen"
    assert (await site.blog.posts.by_slug("tea")).author.name == "Ada & Co"


async def test_only_the_pages_that_show_the_author_are_made_anew(site, browser):
    await browser.submit(LIST, FILLED)
    await site.blog.publish("Tea", author="ada")
    await site.blog.publish("Coffee", author="blogen", at=1_760_000_100_000)
    reader = site.browser()
    tags = {path: (await reader.get(path)).headers["ETag"] for path in ("/authors/ada", "/authors/blogen")}
    kept = site.app[PAGES]
    pages = {path: kept.at(path) for path in tags}
    await browser.submit(ADA, {"bio": "New words."})
    assert kept.at("/authors/blogen") is pages["/authors/blogen"]
    assert kept.at("/authors/ada") is None
    assert (await reader.get("/authors/ada")).headers["ETag"] != tags["/authors/ada"]
    assert (await reader.get("/authors/blogen")).headers["ETag"] == tags["/authors/blogen"]


async def test_two_who_save_at_once_are_told_and_nothing_typed_is_lost(site, browser):
    await browser.submit(LIST, FILLED)
    form = await browser.form(ADA)
    await site.blog.authors.change("ada", AuthorChange(bio="Theirs."))
    page = await browser.post(ADA, form | {"bio": "Mine."})
    assert page.status == 409
    assert page.forms[ADA]["bio"] == "Mine."
    assert "What is saved now" in page.words
    assert "Theirs." in page.words
    again = await browser.post(ADA, page.forms[ADA])
    assert again.status == 303
    assert (await site.blog.authors.by_handle("ada")).bio == "Mine."


async def test_a_picture_is_shown_with_posts_and_removed_with_its_file(site, browser):
    await browser.submit(LIST, FILLED)
    await site.blog.publish("Tea", author="ada")
    done = await browser.upload(f"{ADA}/picture", {}, picture(), page=ADA)
    assert done.location == f"{ADA}?said=picture#picture"
    avatar = (await site.blog.authors.by_handle("ada")).avatar
    assert avatar.startswith("/media/")
    assert (await site.blog.posts.by_slug("tea")).author.avatar == avatar
    assert avatar in (await site.browser().get("/authors/ada")).text
    assert (await site.browser().get(avatar)).status == 200
    await browser.upload(f"{ADA}/picture", {"remove": "1"}, b"", page=ADA)
    assert (await site.blog.authors.by_handle("ada")).avatar is None
    assert MediumDropped(avatar.removeprefix("/media/")) in site.blog.heard
    page = await browser.upload(f"{ADA}/picture", {}, b"<svg>", page=ADA)
    assert page.status == 422


async def test_an_unknown_author_is_told_and_only_admins_come_in(site, browser):
    assert (await browser.get(f"{LIST}/nobody")).status == 404
    form = await browser.form(LIST) | FILLED
    assert (await browser.post(f"{LIST}/nobody", form)).status == 404
    assert (await browser.post(LIST, form, Origin="https://evil.example")).status == 403
    assert (await browser.post(LIST, form | {"form": "0" * 64})).status == 403
    await site.person("writer", role=Scope.AUTHOR)
    writer = await site.signed_in("writer")
    assert (await writer.get(LIST)).status == 403
    assert (await writer.post(LIST, form)).status == 403
    assert (await site.browser().get(LIST)).location.startswith("/login")
    assert await site.blog.authors.list() == []
