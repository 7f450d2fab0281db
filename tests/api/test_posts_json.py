"""Posts as JSON are made once a version; answers for everyone are kept until something changes that they show."""

import asyncio
import json

import pytest
from aiohttp import web

from blogen.api.post_json import PostJson, version_of
from blogen.api.routes import SHARED_ANSWERS
from blogen.api.shared_answers import SharedAnswers
from blogen.api.views import post_item_view, post_view
from blogen.domain.author_requests import AuthorChange
from blogen.domain.person import Scope
from blogen.events import JobSubmitted, PostChanged, PostCounted
from blogen.store.social import Marks
from tests.api.served import Served
from tests.blog import open_blog

SHARED = ("/posts", "/posts/tea", "/posts?tag=hot", "/posts?author=blogen", "/search?q=tea", "/tags", "/authors")


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


@pytest.fixture
def post_json(blog):
    return PostJson(blog.posts, blog.bus, "https://tea.example")


async def count(blog, slug: str, **counts: int) -> None:
    """Change the counts of a post as its row has them."""

    def work(tx) -> None:
        for name, number in counts.items():
            tx.execute(f"UPDATE posts SET {name} = ? WHERE slug = ?", (number, slug))
        tx.publish(PostCounted(slug))

    await blog.database.write(work)


async def rename(blog, slug: str, title: str) -> None:
    """A new version of a post, as an editor would make it."""

    def work(tx) -> None:
        tx.execute(
            "UPDATE posts SET title = ?, updated_at = updated_at + 1,"
            " item = json_set(item, '$.title', ?, '$.updated_at', updated_at + 1) WHERE slug = ?",
            (title, title, slug),
        )
        tx.publish(PostChanged(slug))

    await blog.database.write(work)


class Reads:
    """How many times the text of a post was read, or a list looked for."""

    def __init__(self, monkeypatch, blog) -> None:
        self.count = 0
        for name in ("by_id", "summaries"):
            self._listen(monkeypatch, blog.posts, name)

    def _listen(self, monkeypatch, posts, name: str) -> None:
        true = getattr(posts, name)

        async def counted(*args):
            self.count += 1
            return await true(*args)

        monkeypatch.setattr(posts, name, counted)


async def whole(post_json: PostJson, line) -> bytes:
    """The post with its body, as nobody in particular sees it."""
    return (await post_json.whole(line)).told(line, b"null")


async def test_joined_json_is_what_the_types_would_say(blog, post_json):
    texts = ['","counts":{"likes":9},"viewer":null,"', '\\" \u2028 \x7f 🫖 </script>', "a\ttab and a\nbreak"]
    for number, text in enumerate(texts):
        await blog.publish(f"Tea {number}", at=1000 + number, summary=text, text=text, tags=["hot"])
    found = await blog.posts.lines(10)
    for _ in range(2):  # made, then kept
        for line, told in zip(found.items, await post_json.items(found.items), strict=True):
            post = await blog.posts.by_slug(line.slug)
            assert json.loads(told) == post_item_view(post, "https://tea.example")
            assert list(json.loads(told)) == list(post_item_view(post))
            with_body = json.loads(await whole(post_json, line))
            assert with_body == post_view(post, "https://tea.example")
            assert list(with_body) == list(post_view(post))


async def test_a_list_that_was_joined_tells_what_its_items_tell(blog, post_json):
    for number in range(3):
        await blog.publish(f"Tea {number}", at=1000 + number)
    lines = (await blog.posts.lines(10)).items
    await blog.posts.delete("tea-1")  # while the list was being joined
    ends = [{"reason": {"of": number}} for number in range(3)]
    joined = await post_json.joined(lines, ends, next="a cursor", has_all_words=True)
    marks = {lines[2].id: Marks(liked=True, bookmarked=True, progress=0.5)}
    tags = set()
    for mine in (None, {}, marks):
        body, tag = joined.told(mine)
        tags.add(tag)
        items = [json.loads(one) for one in await post_json.items(lines, mine)]
        assert json.loads(body) == {
            "items": [items[0] | ends[0], items[1] | ends[2]], "next": "a cursor", "has_all_words": True,
        }  # fmt: skip
        assert joined.told(mine) == (body, tag)
    assert len(tags) == 3
    empty = await post_json.joined([], next=None)
    assert empty.told() == (b'{"items":[],"next":null}', empty.digest)
    assert json.loads(empty.told({})[0]) == {"items": [], "next": None}


async def test_a_like_makes_no_post_be_read_again_and_shows_at_once(blog, post_json, monkeypatch):
    await blog.publish("Tea")
    await post_json.items((await blog.posts.lines(1)).items)
    await whole(post_json, await blog.posts.line("tea"))
    reads = Reads(monkeypatch, blog)
    await count(blog, "tea", likes=3, comments=2)
    [told] = await post_json.items((await blog.posts.lines(1)).items)
    with_body = await whole(post_json, await blog.posts.line("tea"))
    assert json.loads(told)["counts"] == json.loads(with_body)["counts"] == {"likes": 3, "comments": 2}
    assert reads.count == 0


async def test_another_version_is_told_even_if_nobody_said_that_it_changed(blog, post_json):
    await blog.publish("Tea")
    await post_json.items((await blog.posts.lines(1)).items)
    before = await blog.posts.line("tea")
    blog.bus.publish = lambda _event: None  # another process changed it
    await rename(blog, "tea", "Green tea")
    after = await blog.posts.line("tea")
    [told] = await post_json.items([after])
    assert json.loads(told)["title"] == json.loads(await whole(post_json, after))["title"] == "Green tea"
    assert version_of(before) != version_of(after)


async def test_ids_are_as_good_as_lines_keep_their_order_and_leave_out_what_is_gone(blog, post_json):
    for number in range(4):
        await blog.publish(f"Tea {number}", at=1000 + number)
    lines = {line.slug: line for line in (await blog.posts.lines(10)).items}
    await blog.posts.delete("tea-2")
    asked = [lines["tea-1"].id, lines["tea-3"], "unknown", lines["tea-2"].id, lines["tea-2"], lines["tea-0"].id]
    told = [json.loads(one)["slug"] for one in await post_json.items(asked)]
    assert told == ["tea-1", "tea-3", "tea-0"]
    assert await post_json.whole(lines["tea-2"]) is None


async def test_marks_are_put_in_and_are_of_nobody_else(blog, post_json):
    await blog.publish("Tea")
    line = await blog.posts.line("tea")

    async def viewer(marks) -> object:
        [told] = await post_json.items([line], marks)
        return json.loads(told)["viewer"]

    assert await viewer(None) is None
    assert await viewer({line.id: Marks(liked=True, bookmarked=False, progress=0.25)}) == {
        "liked": True, "bookmarked": False, "progress": 0.25,
    }  # fmt: skip
    assert await viewer({}) == {"liked": False, "bookmarked": False, "progress": 0.0}
    assert await viewer(None) is None


async def test_no_more_is_held_than_allowed_and_the_posts_asked_for_last_stay(blog, monkeypatch):
    for number in range(30):
        await blog.publish(f"Tea {number}", at=1000 + number)
    lines = (await blog.posts.lines(30)).items
    post_json = PostJson(blog.posts, blog.bus, limit_bytes=10_000)
    for line in lines:
        await post_json.items([lines[0], line])
        assert 0 < post_json.kept_bytes <= 10_000
    reads = Reads(monkeypatch, blog)
    await post_json.items([lines[0], lines[-1]])
    assert reads.count == 0
    await post_json.items([lines[1]])
    assert reads.count == 1
    for line in lines:
        blog.bus.publish(PostChanged(line.slug))
    assert post_json.kept_bytes == 0


async def follow(served: Served) -> dict[str, str]:
    """A person's headers."""
    await served.people.create_person("ann", "Ann", Scope.READER, "a long password")
    _, text = await served.people.create_token(Scope.READER, "ann")
    return {"Authorization": f"Bearer {text}"}


async def like(served: Served, slug: str) -> None:
    """As if Ann liked it, read a quarter and kept it."""

    def work(tx) -> None:
        [[person]] = tx.query("SELECT id FROM people WHERE handle = 'ann'")
        [[post]] = tx.query("SELECT id FROM posts WHERE slug = ?", (slug,))
        tx.execute("INSERT INTO likes (person_id, post_id, at) VALUES (?, ?, 1)", (person, post))
        tx.execute("INSERT INTO bookmarks (person_id, post_id, at) VALUES (?, ?, 1)", (person, post))
        tx.execute("INSERT INTO reading_progress VALUES (?, ?, 'b1', 0.25, 1)", (person, post))
        tx.execute("UPDATE posts SET likes = likes + 1 WHERE id = ?", (post,))
        tx.publish(PostCounted(slug))

    await served.blog.database.write(work)


async def test_a_person_sees_their_marks_and_everyone_else_the_shared_answer(served):
    await served.blog.publish("Tea", at=1000, tags=["hot"])
    await served.blog.publish("Cold tea", at=900)
    ann = await follow(served)
    await like(served, "tea")
    mine = {"liked": True, "bookmarked": True, "progress": 0.25}
    none = {"liked": False, "bookmarked": False, "progress": 0.0}
    for _ in range(2):
        assert (await served.told("GET", "/posts/tea", headers=ann))["viewer"] == mine
        for scope in (None, Scope.READER):  # nobody, and the owner's token, which is nobody's
            assert (await served.told("GET", "/posts/tea", scope=scope))["viewer"] is None
        listed = await served.told("GET", "/posts", headers=ann)
        assert [post["viewer"] for post in listed["items"]] == [mine, none]
        found = await served.told("GET", "/search?q=tea", headers=ann)
        assert {post["slug"]: post["viewer"] for post in found["items"]} == {"tea": mine, "cold-tea": none}
        listed = await served.told("GET", "/posts", scope=None)
        assert [(post["viewer"], post["counts"]["likes"]) for post in listed["items"]] == [(None, 1), (None, 0)]


async def test_caches_on_the_way_are_told_what_is_whose(served):
    await served.blog.publish("Tea", tags=["hot"])
    ann = await follow(served)
    for path in ("/posts", "/posts/tea", "/search?q=tea"):
        for _ in range(2):
            shared = await served.call("GET", path, scope=None)
            assert (shared.headers["Cache-Control"], shared.headers["Vary"]) == ("no-cache", "Authorization, Cookie")
        personal = await served.call("GET", path, headers=ann)
        assert personal.headers["Cache-Control"] == "private, no-cache"
        assert personal.headers["Vary"] == "Authorization, Cookie"
        assert personal.headers["ETag"] != shared.headers["ETag"]
        again = await served.call("GET", path, headers=ann | {"If-None-Match": personal.headers["ETag"]})
        assert (again.status, again.headers["Cache-Control"]) == (304, "private, no-cache")


async def test_the_tag_of_a_post_begins_with_its_version(served):
    await served.blog.publish("Tea")
    ann = await follow(served)

    async def tags() -> list[str]:
        answers = [
            await served.call("GET", "/posts/tea", scope=None),
            await served.call("GET", "/posts/tea", headers=ann),
        ]
        return [answer.headers["ETag"].strip('"') for answer in answers]

    first = await tags()
    await like(served, "tea")
    liked = await tags()
    assert len({*first, *liked}) == 4
    assert len({tag.split("-")[0] for tag in first + liked}) == 1
    await rename(served.blog, "tea", "Green tea")
    assert first[0].split("-")[0] != (await tags())[0].split("-")[0]


@pytest.mark.parametrize("path", SHARED)
async def test_a_kept_answer_is_the_same_to_the_letter(served, path):
    await served.blog.publish("Tea", tags=["hot"])
    made = await served.call("GET", path, scope=None)
    kept = await served.call("GET", path, scope=None)
    assert await made.read() == await kept.read()
    ignored = {"date", "x-request-id"}
    headers = [
        {(name, one.headers[name]) for name in one.headers if name.lower() not in ignored} for one in (made, kept)
    ]
    assert headers[0] == headers[1]
    head = await served.call("HEAD", path, scope=None)
    assert (head.status, head.headers["ETag"], await head.read()) == (200, made.headers["ETag"], b"")
    for known in (made.headers["ETag"], f"W/{made.headers['ETag']}", f'"x", {made.headers["ETag"]}', "*"):
        answer = await served.call("GET", path, scope=None, headers={"If-None-Match": known})
        assert (answer.status, await answer.read()) == (304, b"")
        assert answer.headers["ETag"] == made.headers["ETag"]
    assert (await served.call("GET", path, scope=None, headers={"If-None-Match": '"x"'})).status == 200


async def test_what_changes_is_seen_at_once(served):
    await served.blog.publish("Tea", at=1000)
    assert len((await served.told("GET", "/posts", scope=None))["items"]) == 1
    await served.blog.publish("Coffee", at=1001)
    assert len((await served.told("GET", "/posts", scope=None))["items"]) == 2
    await count(served.blog, "tea", likes=7)
    assert (await served.told("GET", "/posts", scope=None))["items"][1]["counts"]["likes"] == 7
    assert (await served.told("GET", "/posts/tea", scope=None))["counts"]["likes"] == 7
    await rename(served.blog, "tea", "Green tea")
    assert (await served.told("GET", "/posts", scope=None))["items"][1]["title"] == "Green tea"
    assert (await served.told("GET", "/posts/tea", scope=None))["title"] == "Green tea"
    await served.blog.posts.delete("tea")
    assert len((await served.told("GET", "/posts", scope=None))["items"]) == 1
    await served.refused("GET", "/posts/tea", status=404, scope=None)


class Asked:
    """As much of a request as the keeping looks at."""

    def __init__(self, address: str) -> None:
        self.raw_path = address
        self.headers: dict[str, str] = {}


def told(body: bytes) -> web.Response:
    return web.Response(body=body, headers={"ETag": f'"{len(body)}"'})


async def test_an_answer_that_was_being_made_while_something_changed_is_not_kept(blog):
    shared, begun, go_on = SharedAnswers(blog.bus), asyncio.Event(), asyncio.Event()

    async def slow(_request) -> web.Response:
        begun.set()
        await go_on.wait()
        return told(b"old")

    async def quick(_request) -> web.Response:
        return told(b"newer")

    task = asyncio.create_task(shared.answer(Asked("/posts"), slow))
    await begun.wait()
    blog.bus.publish(PostChanged("tea"))
    go_on.set()
    assert (await task).body == b"old"
    assert (await shared.answer(Asked("/posts"), quick)).body == b"newer"
    blog.bus.publish(JobSubmitted("a job"))  # what no answer shows drops none
    assert (await shared.answer(Asked("/posts"), slow)).body == b"newer"


async def test_answers_are_held_within_bounds_and_failures_not_at_all(blog):
    shared, made = SharedAnswers(blog.bus, limit_bytes=40_000), []

    def maker(response: web.Response):
        async def make(request) -> web.Response:
            made.append(request.raw_path)
            return response

        return make

    for number in range(100):
        await shared.answer(Asked("/hot"), maker(told(b"x" * 2000)))
        await shared.answer(Asked(f"/{number}"), maker(told(b"x" * 2000)))
        assert 0 < shared.kept_bytes <= 40_000
    assert made.count("/hot") == 1
    made.clear()
    for response in (
        web.Response(status=404, headers={"ETag": '"x"'}), web.Response(status=304, headers={"ETag": '"x"'}),
        web.Response(body=b"no tag"), told(b"x" * 6000),
    ):  # fmt: skip
        for _ in range(2):
            await shared.answer(Asked("/never"), maker(response))
    assert len(made) == 8


async def test_who_shows_a_token_or_a_cookie_is_never_given_what_was_kept(served):
    await served.blog.publish("Tea")
    await served.call("GET", "/posts", scope=None)
    kept = served.client.app._subapps[0][SHARED_ANSWERS]
    assert kept.kept_bytes
    kept._kept.get("/api/v1/posts").body = b"kept"
    assert await (await served.call("GET", "/posts", scope=None)).read() == b"kept"
    assert await (await served.call("GET", "/posts", scope=Scope.READER)).read() != b"kept"
    answer = await served.call("GET", "/posts", scope=None, headers={"Cookie": "a=b"})
    assert await answer.read() != b"kept"
    await served.refused("GET", "/posts", status=401, scope=None, headers={"Authorization": "Bearer x"})


async def test_an_author_of_another_name_signs_under_it_what_was_signed_before(served: Served):
    await served.blog.publish("Tea")
    paths = ("/posts", "/posts/tea", "/authors/blogen")
    before = {path: await served.call("GET", path, scope=None) for path in paths}
    await served.blog.authors.change("blogen", AuthorChange(name="Ada"))
    for path in paths:
        now = await served.call("GET", path, scope=None)
        assert '"name":"Ada"' in await now.text(), path
        assert '"name":"Blogen"' in await before[path].text(), path
        assert now.headers["ETag"] != before[path].headers["ETag"], path
