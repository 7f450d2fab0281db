"""What readers see, as JSON: posts, tags, authors, search, the site."""

import re

import blogen
from blogen.config import Config
from blogen.domain.person import Scope
from blogen.domain.post import Note, Paragraph, Run
from blogen.domain.post_summary import Picture, PostSource
from tests.api.served import serve

ITEM_KEYS = [
    "slug", "url", "title", "summary", "language", "words", "reading_minutes", "author", "tags", "cover", "images",
    "sources", "provenance", "counts", "viewer", "published_at", "updated_at",
]  # fmt: skip
POST_KEYS = [*ITEM_KEYS[:4], "blocks", "html", "markdown", *ITEM_KEYS[4:]]
COVER = Picture(
    key="cover", url="/media/ab/abc.webp", width=1600, height=900, alt="A cup of tea", placeholder="data:image/png;,",
    srcset="/media/ab/abd.webp 800w", made_by="covers",
)  # fmt: skip


async def test_a_post_has_the_shape_that_was_promised(served):
    source = PostSource(title="A paper", url="https://example.org/paper", quotes=["It is so."])
    blocks = [
        Paragraph(id="b1", runs=[Run(text="Tea is "), Run(text="green", b=True), Run(text="1", note="n1")]),
        Note(id="n1", label="1", runs=[Run(text="What the source says.")]),
    ]
    await served.blog.publish(
        "Tea", at=1_760_000_000_001, cover=COVER, images=[COVER], sources=[source], tags=["Tea"], blocks=blocks,
        html="<p id=b1>Tea is <b>green</b></p>", markdown="Tea is **green**",
    )  # fmt: skip
    post = await served.told("GET", "/posts/tea", scope=None)
    assert list(post) == POST_KEYS
    assert post["url"] == "/p/tea"
    assert post["author"] == {"handle": "blogen", "name": "Blogen", "avatar": None}
    assert list(post["cover"]) == ["url", "width", "height", "alt", "placeholder", "srcset"]
    assert post["images"] == [post["cover"]]
    assert post["sources"] == [{"title": "A paper", "url": "https://example.org/paper", "quotes": ["It is so."]}]
    assert post["provenance"] == {
        "disclosure": "ai-autonomous", "text": ["main/some-model"], "images": ["covers"], "cost_usd": "0.001234",
        "unknown_calls": 0, "human_edits": 0,
    }  # fmt: skip
    assert (post["counts"], post["viewer"]) == ({"likes": 0, "comments": 0}, None)
    assert post["published_at"] == post["updated_at"] == "2025-10-09T08:53:20.001Z"
    # What is not so is left out of the blocks, not null.
    assert post["blocks"] == [
        {
            "id": "b1",
            "t": "p",
            "runs": [{"text": "Tea is "}, {"text": "green", "b": True}, {"text": "1", "note": "n1"}],
        },
        {"id": "n1", "t": "note", "label": "1", "runs": [{"text": "What the source says."}]},
    ]
    assert (post["html"], post["markdown"]) == ("<p id=b1>Tea is <b>green</b></p>", "Tea is **green**")


async def test_posts_are_listed_without_their_bodies_by_tag_author_and_page(served):
    for number in range(5):
        await served.blog.publish(f"Tea {number}", at=1000 + number, tags=["tea", "odd" if number % 2 else "even"])
    await served.blog.publish("Other", at=2000, author="ann")
    seen, cursor = [], None
    while True:
        page = await served.told("GET", "/posts?limit=4" + (f"&cursor={cursor}" if cursor else ""), scope=None)
        seen += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert [post["slug"] for post in seen] == ["other", "tea-4", "tea-3", "tea-2", "tea-1", "tea-0"]
    assert all(list(post) == ITEM_KEYS for post in seen)

    async def slugs(query: str) -> list[str]:
        return [post["slug"] for post in (await served.told("GET", f"/posts?{query}", scope=None))["items"]]

    assert await slugs("tag=odd") == ["tea-3", "tea-1"]
    assert await slugs("author=ann") == ["other"]
    assert await slugs("author=ann&tag=tea") == []
    assert await slugs("tag=nothing") == []
    for query in ("tag=", "author=", "tag=" + "x" * 51, "limit=101", "cursor=abc"):
        await served.refused("GET", f"/posts?{query}", status=422, scope=None)


async def test_a_post_that_the_client_has_is_not_sent_again(served):
    await served.blog.publish("Tea")
    for path in ("/posts/tea", "/posts", "/tags", "/authors", "/site", "/search?q=tea"):
        first = await served.call("GET", path, scope=None)
        again = await served.call("GET", path, scope=None, headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status, again.status, await again.read()) == (200, 304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert (await served.call("GET", path, scope=None, headers={"If-None-Match": '"old"'})).status == 200


async def test_a_deleted_post_is_gone(served):
    await served.blog.publish("Tea")
    answer = await served.call("DELETE", "/posts/tea")
    assert (answer.status, await answer.read()) == (204, b"")
    await served.refused("GET", "/posts/tea", status=404)
    await served.refused("DELETE", "/posts/tea", status=404)
    assert (await served.told("GET", "/search?q=tea"))["items"] == []


async def test_the_receipt_says_how_the_post_came_to_be(served):
    job = await served.published("Green tea", tags=["tea"])
    receipt = await served.told("GET", f"/posts/{job['post']['slug']}/receipt", scope=None)
    assert list(receipt) == [
        "slug", "job", "provenance", "notices", "sources", "steps", "approvals", "cost_usd", "tokens", "duration_ms",
        "ordered_at", "published_at",
    ]  # fmt: skip
    assert (receipt["job"], receipt["cost_usd"], receipt["approvals"]) == (job["id"], "0.001234", [])
    [step] = receipt["steps"]
    assert (step["step"], step["provider"], step["model"]) == ("draft", "text.main", "some-model")
    assert (step["input_tokens"], step["output_tokens"], step["cost_usd"]) == (120, 45, "0.001234")
    assert re.fullmatch("[0-9a-f]{64}", step["prompt_digest"])


async def test_a_receipt_names_the_person_who_approved(served):
    person = await served.people.create_person("ann", "Ann", Scope.AUTHOR, "a long password")
    _, text = await served.people.create_token(Scope.AUTHOR, person.handle)
    job = await served.settled((await served.order("Reviewed tea", review=True))["id"])
    await served.told("POST", f"/jobs/{job['id']}/approve", headers={"Authorization": f"Bearer {text}"})
    await served.settled(job["id"])
    receipt = await served.told("GET", "/posts/reviewed-tea/receipt", scope=None)
    assert [one["by"] for one in receipt["approvals"]] == ["Ann"]
    assert person.id not in str(receipt)


async def test_search_finds_posts_and_marks_the_words(served):
    await served.blog.publish("Green tea", text="The leaves of camellia are steamed.")
    await served.blog.publish("Coffee", text="Beans are roasted.")
    found = await served.told("GET", "/search?q=camellia", scope=None)
    assert (found["next"], found["has_all_words"]) == (None, True)
    [hit] = found["items"]
    assert list(hit) == [*ITEM_KEYS, "highlight"]
    assert {"text": "camellia", "b": True} in hit["highlight"]["snippet"]
    assert (await served.told("GET", "/search?q=camellia+zebra", scope=None))["has_all_words"] is False
    assert (await served.told("GET", "/search?q=%22+OR+NEAR(*)", scope=None))["items"] == []
    for query in ("", "?q=", "?q=" + "x" * 201, "?q=tea&limit=0"):
        await served.refused("GET", f"/search{query}", status=422, scope=None)


async def test_tags_and_authors_are_listed(served):
    await served.blog.publish("Green tea", tags=["tea", "green"])
    await served.blog.publish("Black tea", tags=["tea"])
    assert await served.told("GET", "/tags", scope=None) == {
        "items": [
            {"tag": "tea", "posts": 2, "followers": 0, "viewer": None},
            {"tag": "green", "posts": 1, "followers": 0, "viewer": None},
        ],
        "next": None,
    }
    authors = await served.told("GET", "/authors", scope=None)
    [author] = authors["items"]
    assert list(author) == ["handle", "name", "bio", "avatar", "url", "followers", "viewer"]
    assert await served.told("GET", "/authors/blogen", scope=None) == author
    await served.refused("GET", "/authors/nobody", status=404, scope=None)


async def test_the_site_says_what_it_is(tmp_path):
    config = Config.model_validate(
        {"site": {"title": "Tea time"}, "server": {"base_url": "https://tea.example"}, "auth": {"sign_up": "invite"}}
    )
    async with serve(tmp_path, config) as served:
        site = await served.told("GET", "/site", scope=None)
        assert (site["name"], site["api"], site["version"]) == ("blogen", 1, blogen.__version__)
        assert (site["title"], site["sign_up"], site["url"]) == ("Tea time", "invite", "https://tea.example")
        assert "jobs" in site["features"]
        job = await served.published("Green tea")
        assert job["post"]["url"] == "https://tea.example/p/green-tea"
        assert (await served.told("GET", "/posts/green-tea"))["url"] == "https://tea.example/p/green-tea"


async def test_a_reader_token_sees_posts_and_no_jobs(served):
    job = await served.published()
    assert (await served.told("GET", "/posts", scope=Scope.READER))["items"]
    await served.refused("GET", f"/jobs/{job['id']}", scope=Scope.READER, status=403)
