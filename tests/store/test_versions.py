"""Versions: every save is kept, whoever made it; a text edited as Markdown keeps its blocks' ids and its footnotes."""

import asyncio
import sqlite3

import pytest

from blogen.domain.changes import PostChange
from blogen.domain.post_summary import Picture, PostSource
from blogen.errors import ChangedMeanwhile, InvalidInput
from blogen.render.editing import MOST_IMAGES, editable, read_edited, rewritten
from blogen.render.markdown import NoteSource
from blogen.store.versions import MOST_KEPT, Versions
from tests.blog import open_blog

NOTES = [NoteSource("a", "Steep it hot.", "Brewing", "https://example.org/a"), NoteSource("b", "Not boiling.", "Leaf")]
TEXT = "## Water\n\nHot it is.[^a] Yet not so hot.[^b]\n\nA second paragraph, about cups.\n\n- one\n- two\n"
SOURCES = [
    PostSource(title="Brewing", url="https://example.org/a", quotes=["Steep it hot."]),
    PostSource(title="Leaf", url=None, quotes=["Not boiling."]),
]
COVER = Picture(key="cover", url="/media/a.webp", width=1600, height=900, alt="A cup", made_by="covers")


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        await opened.publish("Tea", markdown=TEXT, notes=NOTES, sources=SOURCES, cover=COVER, images=[COVER])
        yield opened


@pytest.fixture
def versions(blog):
    return Versions(blog.database)


async def edit(blog, markdown=None, by="ann", *, post=None, blocks=None, **more):
    post = post or await blog.posts.by_slug("tea")
    change = PostChange(**{name: more.pop(name) for name in ("title", "summary", "tags", "cover_alt") if name in more})
    if blocks is None:
        pictures = {picture.key: picture for picture in post.images}
        typed = editable(post.blocks) if markdown is None else markdown
        blocks = read_edited(typed, base=post.blocks, pictures=pictures)
    new = rewritten(post, blocks, **{"cover": post.cover, "images": post.images} | more)
    await blog.posts.change("tea", change, rewritten=new, by=by, expected={post.updated_at})
    return await blog.posts.by_slug("tea")


async def test_the_first_save_keeps_what_was_published_and_each_save_itself(blog, versions):
    was = await blog.posts.by_slug("tea")
    assert await versions.of_post("tea") == []
    await edit(blog, editable(was.blocks).replace("cups", "bowls"))
    await blog.posts.change("tea", PostChange(title="Green tea", tags=["tea"]), by="owner")
    now = await blog.posts.by_slug("tea")
    lines = await versions.of_post("tea")
    assert [(line.number, line.by, line.changed) for line in lines] == [
        (3, "owner", ["title", "tags"]), (2, "ann", ["text"]), (1, "", []),
    ]  # fmt: skip
    assert [line.saved_at for line in lines][::2] == [now.updated_at, was.published_at]
    first, last = await versions.get("tea", 1), await versions.get("tea", 3)
    assert (first.title, first.blocks, first.sources, first.cover) == ("Tea", was.blocks, SOURCES, COVER)
    assert (last.title, last.tags, last.blocks) == ("Green tea", ["tea"], now.blocks)
    assert (await versions.before("tea", 3)).line.number == 2
    assert (await versions.saved_at("tea", was.updated_at)).line.number == 1
    assert now.provenance.human_edits == 2


async def test_a_save_that_changes_nothing_is_none(blog, versions):
    before = await blog.posts.by_slug("tea")
    assert await edit(blog, title="Tea") == before
    assert await versions.of_post("tea") == []


async def test_a_text_that_is_edited_keeps_the_ids_of_its_blocks_and_all_else_follows(blog):
    was = await blog.posts.by_slug("tea")
    text = editable(was.blocks)
    assert "[^1]" in text
    assert "Steep it hot" not in text, "what a footnote says is not edited"
    now = await edit(blog, "A new beginning, matcha.\n\n" + text.replace("about cups", "about bowls"))
    kept = [block.id for block in was.blocks]
    assert [block.id for block in now.blocks if block.id in kept] == kept
    assert "about bowls" in now.html
    assert "about bowls" in now.markdown
    assert now.words == was.words - 500 + 19
    assert [hit.line.slug for hit in (await blog.search.find("matcha", limit=5)).hits] == ["tea"]
    assert (await blog.search.find("cups", limit=5)).hits == []


async def test_a_footnote_goes_with_its_mark_and_a_restored_version_brings_it_back(blog, versions):
    was = await blog.posts.by_slug("tea")
    without = await edit(blog, editable(was.blocks).replace("Hot it is.[^1] ", ""))
    assert [block.label for block in without.blocks if block.t == "note"] == ["1"]
    assert [source.quotes for source in without.sources] == [[], ["Not boiling."]]
    first = await versions.get("tea", 1)
    again = await edit(blog, blocks=first.blocks, sources=first.sources, restores=1)
    assert (again.blocks, again.html, again.sources) == (was.blocks, was.html, SOURCES)
    line = (await versions.of_post("tea"))[0]
    assert (line.number, line.restores, line.changed) == (3, 1, ["text"])


async def test_an_invented_mark_makes_no_footnote(blog):
    was = await blog.posts.by_slug("tea")
    now = await edit(blog, editable(was.blocks) + "\n\nAs is known.[^7]\n\n[^7]: “All of it” — A source\n")
    assert [block.label for block in now.blocks if block.t == "note"] == ["1", "2"]
    assert "All of it" not in now.html


@pytest.mark.parametrize("text", ["", " \n ", "[^1]: gone", "<!-- -->"])
async def test_a_text_that_says_nothing_is_refused(blog, text):
    with pytest.raises(InvalidInput, match="nothing that can be seen"):
        await edit(blog, text)


async def test_of_saves_at_once_from_the_same_version_one_is_made(blog, versions):
    post = await blog.posts.by_slug("tea")
    saves = (edit(blog, f"Text number {number}.", by=f"p{number}", post=post) for number in range(5))
    done = await asyncio.gather(*saves, return_exceptions=True)
    assert [type(one) for one in done].count(ChangedMeanwhile) == 4
    assert len(await versions.of_post("tea")) == 2


async def test_so_many_are_kept_and_always_the_first(blog, versions):
    for number in range(MOST_KEPT + 3):
        await blog.posts.change("tea", PostChange(title=f"Tea {number}"), by="ann")
    numbers = [line.number for line in await versions.of_post("tea")]
    newest = MOST_KEPT + 4
    assert numbers == [*range(newest, newest - MOST_KEPT, -1), 1]
    assert (await versions.get("tea", 1)).title == "Tea"
    assert await versions.get("tea", 2) is None
    assert (await versions.before("tea", newest - MOST_KEPT + 1)).line.number == 1


async def test_another_cover_stands_first_and_its_maker_in_the_disclosure(blog):
    photo = Picture(key="cover-2", url="/media/b.webp", width=800, height=450, alt="A garden")
    now = await edit(blog, cover=photo, images=[COVER, photo], cover_alt="A tea garden")
    assert [one.url for one in now.images] == ["/media/b.webp", "/media/a.webp"]
    assert (now.cover.alt, now.images[0].alt) == ("A tea garden", "A tea garden")
    assert now.provenance.images == ["covers"]
    many = [photo.model_copy(update={"key": f"k{n}", "url": f"/media/{n}.webp"}) for n in range(MOST_IMAGES + 9)]
    now = await edit(blog, cover=photo, images=[*many, photo])
    assert len(now.images) == MOST_IMAGES
    assert now.images[0].url == photo.url


async def test_versions_go_with_their_post(blog):
    await edit(blog, "Other.")
    assert await blog.posts.delete("tea")
    assert (await blog.database.read("SELECT count(*) AS n FROM post_versions"))[0]["n"] == 0


@pytest.mark.parametrize(
    "row",
    [
        {"number": 0}, {"number": 1}, {"post_id": "x"}, {"by_name": "x" * 101}, {"changed": ""}, {"restores": 0},
        {"restores": 9}, {"saved_at": 1}, {"blocks": None}, {"item": None},
    ],
)  # fmt: skip
async def test_what_must_never_be_stored_cannot_be(blog, row):
    post_id = (await blog.database.read("SELECT id FROM posts"))[0]["id"]
    good = {"post_id": post_id, "number": 1, "saved_at": 1, "item": "{}", "blocks": "[]"}

    def put(row):
        marks = ", ".join("?" * len(row))
        sql = f"INSERT INTO post_versions ({', '.join(row)}) VALUES ({marks})"
        return blog.database.write(lambda tx: tx.execute(sql, tuple(row.values())))

    await put(good)
    await put(good | {"number": 2, "saved_at": 2, "restores": 1})
    with pytest.raises(sqlite3.IntegrityError):
        await put(good | {"number": 9, "saved_at": 9} | row)
