"""`PATCH /posts/{slug}`: what can be changed, what follows from it, and that nobody's change is lost."""

import asyncio

import pytest

from blogen.domain.person import Scope
from blogen.domain.post_summary import Picture
from blogen.events import PostChanged
from blogen.render.markdown import NoteSource
from blogen.store.versions import Versions
from tests.api.test_posts import POST_KEYS

COVER = Picture(
    key="cover", url="/media/ab/abc.webp", width=1600, height=900, alt="A cup", srcset="/media/ab/abd.webp 800w"
)
INNER = Picture(key="s1", url="/media/ab/abe.webp", width=800, height=450, alt="Leaves")


async def etag(served, path: str = "/posts/tea", **more) -> str:
    return (await served.call("GET", path, **more)).headers["ETag"]


def changes(served) -> list[PostChanged]:
    return [event for event in served.blog.heard if isinstance(event, PostChanged)]


async def test_title_summary_tags_and_alt_are_changed_and_the_address_stays(served):
    await served.blog.publish("Tea", cover=COVER, images=[COVER, INNER], tags=["tea", "old"])
    before = await served.told("GET", "/posts/tea")
    change = {
        "title": "  Green\n tea ", "summary": "Steamed.", "tags": ["Tea", "green  tea"], "cover_alt": "A bowl"
    }  # fmt: skip
    answer = await served.call("PATCH", "/posts/tea", change)
    assert answer.status == 200
    after = await answer.json()
    assert list(after) == POST_KEYS
    assert (after["slug"], after["url"], after["title"]) == ("tea", "/p/tea", "Green tea")
    assert (after["summary"], after["tags"], after["cover"]["alt"]) == ("Steamed.", ["tea", "green tea"], "A bowl")
    assert [picture["alt"] for picture in after["images"]] == ["A bowl", "Leaves"]
    assert after["provenance"] == before["provenance"] | {"human_edits": 1}
    assert after["published_at"] == before["published_at"]
    assert after["updated_at"] > before["updated_at"]
    changed = {"title", "summary", "tags", "cover", "images", "provenance", "updated_at"}
    assert {name: after[name] for name in after if name not in changed} == {
        name: before[name] for name in before if name not in changed
    }
    assert await served.told("GET", "/posts/tea") == after
    assert answer.headers["ETag"] == await etag(served)
    [heard] = changes(served)
    assert heard == PostChanged("tea", ("green tea", "old", "tea"), "blogen", ("green tea", "old"))


async def test_each_change_keeps_what_was_there_and_who_made_it(served):
    await served.blog.publish("Tea")
    await served.told("PATCH", "/posts/tea", {"title": "Mate"})
    await served.told("PATCH", "/posts/tea", {"title": "Mate"})
    kept = Versions(served.blog.database)
    assert [(one.number, one.by, one.changed) for one in await kept.of_post("tea")] == [
        (2, "owner", ["title"]), (1, "", []),
    ]  # fmt: skip
    first = await kept.get("tea", 1)
    assert (first.title, first.blocks) == ("Tea", (await served.blog.posts.by_slug("tea")).blocks)


async def test_the_text_is_changed_as_markdown_and_its_blocks_keep_their_ids(served):
    notes = [NoteSource("a", "Steep it hot.", "Brewing", "https://example.org/a")]
    await served.blog.publish("Tea", markdown="Hot it is.[^a]\n\nA paragraph about cups.\n", notes=notes)
    before = await served.told("GET", "/posts/tea")
    after = await served.told("PATCH", "/posts/tea", {"markdown": "Hot it is.[^1]\n\nA paragraph about *bowls*.\n"})
    assert [block["id"] for block in after["blocks"]] == [block["id"] for block in before["blocks"]]
    assert "about <em>bowls</em>" in after["html"]
    assert "Steep it hot." in after["html"]
    assert (await served.told("GET", "/search?q=bowls"))["items"][0]["slug"] == "tea"
    # What was read is sent back as it is, with the definitions of its footnotes: nothing changes.
    assert await served.told("PATCH", "/posts/tea", {"markdown": after["markdown"]}) == after
    for wrong in ("", "<!-- -->", "x" * 1_000_001, 5):
        problem = await served.refused("PATCH", "/posts/tea", {"markdown": wrong}, status=422)
        assert [one["path"] for one in problem["errors"]] == ["markdown"]


async def test_of_two_texts_at_once_without_a_condition_both_are_kept(served):
    await served.blog.publish("Tea")
    texts = ["First.", "Second.", "Third."]
    await asyncio.gather(*(served.told("PATCH", "/posts/tea", {"markdown": text}) for text in texts))
    kept = Versions(served.blog.database)
    found = [(await kept.get("tea", number)).blocks[0].runs[0].text for number in (2, 3, 4)]
    assert sorted(found) == texts
    stale = {"If-Match": '"1-a"'}
    await served.refused("PATCH", "/posts/tea", {"markdown": "Fourth."}, headers=stale, status=412)


async def test_lists_tags_and_search_follow(served):
    await served.blog.publish("Tea", at=1000, tags=["tea", "old"], text="Camellia.")
    await served.blog.publish("Coffee", at=2000, tags=["old"])
    await served.told("PATCH", "/posts/tea", {"title": "Matcha", "tags": ["tea", "new"], "summary": "Powdered."})

    async def slugs(path: str) -> list[str]:
        return [post["slug"] for post in (await served.told("GET", path))["items"]]

    assert await slugs("/posts") == ["coffee", "tea"]
    assert (await slugs("/posts?tag=new"), await slugs("/posts?tag=old")) == (["tea"], ["coffee"])
    counted = {one["tag"]: one["posts"] for one in (await served.told("GET", "/tags"))["items"]}
    assert counted == {"new": 1, "old": 1, "tea": 1}
    assert await slugs("/search?q=matcha") == await slugs("/search?q=powdered") == ["tea"]
    assert await slugs("/search?q=camellia") == await slugs("/search?q=new") == ["tea"]
    # A word of the title as it was is found in the body alone, if at all.
    assert (await served.told("GET", "/search?q=tea"))["items"][0]["title"] == "Matcha"


async def test_a_change_is_told_once_and_what_changes_nothing_is_no_change(served):
    await served.blog.publish("Tea", tags=["tea"], cover=COVER, images=[COVER])
    before = await served.told("GET", "/posts/tea")
    for change in ({}, {"title": "Tea"}, {"title": " Tea ", "tags": ["TEA"], "cover_alt": "A cup"}, {"title": None}):
        assert await served.told("PATCH", "/posts/tea", change) == before
    assert changes(served) == []
    await served.told("PATCH", "/posts/tea", {"title": "Mate"})
    told = await served.blog.database.read("SELECT event FROM outbox WHERE event = 'post.changed'")
    assert (len(told), changes(served)) == (1, [PostChanged("tea", ("tea",), "blogen")])


async def test_a_lost_update_is_refused(served):
    await served.blog.publish("Tea")
    mine, others = await etag(served), await etag(served, scope=None)
    assert mine == others
    await served.told("PATCH", "/posts/tea", {"title": "Theirs"}, headers={"If-Match": others})
    problem = await served.refused("PATCH", "/posts/tea", {"title": "Mine"}, headers={"If-Match": mine}, status=412)
    assert problem["code"] == "changed-meanwhile"
    assert (await served.told("GET", "/posts/tea"))["title"] == "Theirs"
    await served.told("PATCH", "/posts/tea", {"title": "Mine"}, headers={"If-Match": await etag(served)})


async def test_of_changes_at_the_same_time_from_the_same_version_one_is_made(served):
    await served.blog.publish("Tea")
    known = {"If-Match": await etag(served)}
    answers = await asyncio.gather(
        *(served.call("PATCH", "/posts/tea", {"title": f"Tea {number}"}, headers=known) for number in range(8))
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    assert (await served.told("GET", "/posts/tea"))["provenance"]["human_edits"] == 1


async def test_a_version_is_never_named_twice_though_the_clock_is_set_back(served):
    await served.blog.publish("Tea", at=4_000_000_000_000)
    versions = [int((await etag(served)).strip('"').partition("-")[0], 16)]
    for title in ("One", "Tea"):
        await served.told("PATCH", "/posts/tea", {"title": title})
        versions.append(int((await etag(served)).strip('"').partition("-")[0], 16))
    assert versions == [4_000_000_000_000, 4_000_000_000_001, 4_000_000_000_002]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("{tag}", 200), ("W/{tag}", 200), ('"x", {tag}', 200), ("*", 200), ('"x"', 412), ('W/"0-x"', 412), ("", 412),
        ("nonsense", 412), ('""', 412),
    ],
)  # fmt: skip
async def test_if_match_is_read_as_it_is_written_and_nothing_is_changed_by_mistake(served, header, status):
    await served.blog.publish("Tea")
    headers = {"If-Match": header.format(tag=await etag(served))}
    assert (await served.call("PATCH", "/posts/tea", {"title": "Mate"}, headers=headers)).status == status
    assert (await served.told("GET", "/posts/tea"))["title"] == ("Mate" if status == 200 else "Tea")


async def test_an_etag_of_any_reader_of_any_likes_names_the_version(served):
    await served.blog.publish("Tea")
    known = {"If-Match": await etag(served)}
    await served.blog.database.write(lambda tx: tx.execute("UPDATE posts SET likes = 7, comments = 2"))
    assert await etag(served) != known["If-Match"]
    await served.told("PATCH", "/posts/tea", {"title": "Mate"}, headers=known)
    after = await served.told("GET", "/posts/tea")
    assert after["counts"] == {"likes": 7, "comments": 2}


async def test_an_answer_to_a_change_is_never_304(served):
    await served.blog.publish("Tea")
    headers = {"If-None-Match": await etag(served)}
    assert (await served.call("PATCH", "/posts/tea", {}, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"title": 5}, "title"),
        ({"summary": "x" * 501}, "summary"),
        ({"tags": ["x"] * 11}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"tags": ["x" * 51]}, "tags.0"),
        ({"tags": "tea"}, "tags"),
        ({"cover_alt": "A bowl"}, "cover_alt"),
        *(({name: "x"}, name) for name in ("slug", "html", "blocks", "author", "provenance", "counts", "published_at")),
    ],
)
async def test_what_cannot_be_used_is_refused_and_named(served, change, path):
    await served.blog.publish("Tea", tags=["tea"])
    before = await served.told("GET", "/posts/tea")
    problem = await served.refused("PATCH", "/posts/tea", change, status=422)
    assert [one["path"] for one in problem["errors"]] == [path]
    assert await served.told("GET", "/posts/tea") == before


async def test_readers_change_nothing_and_what_is_gone_is_not_found(served):
    await served.blog.publish("Tea")
    await served.refused("PATCH", "/posts/tea", {"title": "Mine"}, scope=Scope.READER, status=403)
    await served.refused("PATCH", "/posts/tea", {"title": "Mine"}, scope=None, status=401)
    await served.refused("PATCH", "/posts/coffee", {"title": "Mine"}, status=404)
    await served.refused("PATCH", "/posts/coffee", {"title": "Mine"}, headers={"If-Match": '"1-a"'}, status=404)
    assert (await served.told("GET", "/posts/tea"))["title"] == "Tea"


async def test_markup_in_a_title_stays_text(served):
    await served.blog.publish("Tea")
    title = "<script>alert(1)</script> & <b>tea</b>"
    assert (await served.told("PATCH", "/posts/tea", {"title": title}))["title"] == title
