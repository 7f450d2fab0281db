"""What is answered ahead of the router is what the long way would answer, to the letter and at every moment."""

import sqlite3

import pytest

from blogen.api.ahead import Ahead
from blogen.domain.accounts import ProfileChange
from blogen.domain.person import Scope
from blogen.events import PostChanged
from blogen.store.folder import database_path
from tests.blog import AUTONOMOUS

PATHS = ("/feed", "/feed?limit=1", "/posts", "/posts?tag=hot", "/posts/tea", "/search?q=tea")
OF_EACH = {"date", "x-request-id"}


@pytest.fixture
async def ahead(served, monkeypatch):
    """A blog of two posts; for each request whether it was answered ahead."""
    await served.blog.publish("Tea", at=1000, tags=["hot"])
    await served.blog.publish("Cold tea", at=900)
    answered: list[bool] = []
    true = Ahead.answer

    async def noted(self, request):
        answer = await true(self, request)
        answered.append(answer is not None)
        return answer

    monkeypatch.setattr(Ahead, "answer", noted)
    return answered


async def warm(served, path: str, headers) -> None:
    """Let `path` be kept for whoever has these headers."""
    await served.told("GET", path, headers=headers, scope=None)


async def viewers(served, path: str, headers) -> list:
    told = await served.told("GET", path, headers=headers, scope=None)
    return [post["viewer"] for post in told.get("items", [told])]


def mark(**marks) -> dict:
    return {"liked": False, "bookmarked": False, "progress": 0.0} | marks


@pytest.mark.parametrize("is_person", [True, False])
@pytest.mark.parametrize("path", PATHS)
async def test_it_is_the_answer_of_the_long_way_to_the_letter(served, ahead, path, is_person):
    headers = await served.person() if is_person else {}
    await served.told("PUT", "/posts/tea/like", headers=await served.person())
    ahead.clear()
    answers = [await served.call("GET", path, headers=headers, scope=None) for _ in range(3)]
    assert ahead == [False, True, True]
    long, *quick = [
        (answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.read())
        for answer in answers
    ]
    assert all(len(answer.headers) == len(set(answer.headers)) for answer in answers), "a header came twice"
    for answer in quick:
        assert answer[2] == long[2]
        assert {name: answer[1][name] for name in answer[1].keys() - OF_EACH} == {
            name: long[1][name] for name in long[1].keys() - OF_EACH
        }
        assert answer[1].keys() - OF_EACH == long[1].keys() - OF_EACH
    # another person's first answer, joined from what was kept for the first, is that of the long way as well
    bob = await served.person("bob")
    first = await served.call("GET", path, headers=bob, scope=None)
    by_long_way = await served.call("GET", path, headers=bob | {"Range": "bytes=0-"}, scope=None)
    assert ahead[-2:] == [is_person, False]
    assert await first.read() == await by_long_way.read()
    assert first.headers["ETag"] == by_long_way.headers["ETag"]


@pytest.mark.parametrize("path", ["/feed", "/posts", "/search?q=tea", "/posts/tea"])
async def test_what_a_person_does_shows_at_once_and_to_nobody_else(served, ahead, path):
    ann, bob = await served.person(), await served.person("bob")
    steps = (
        ("PUT", "like", None, mark(liked=True)),
        ("PUT", "bookmark", None, mark(liked=True, bookmarked=True)),
        ("PUT", "progress", {"block": "b1", "fraction": 0.5, "at": "2026-01-01T00:00:00Z"},
         mark(liked=True, bookmarked=True, progress=0.5)),
        ("DELETE", "like", None, mark(bookmarked=True, progress=0.5)),
        ("DELETE", "bookmark", None, mark(progress=0.5)),
    )  # fmt: skip
    for method, what, body, mine in steps:
        for headers in (ann, bob):
            await warm(served, path, headers)
        await served.told(method, f"/posts/tea/{what}", body, headers=ann)
        for _ in range(2):
            assert (await viewers(served, path, ann))[0] == mine
            assert (await viewers(served, path, bob))[0] == mark()
            assert (await viewers(served, path, {}))[0] is None
        assert ahead[-3:] == [True, True, True]


async def test_what_another_process_commits_shows_at_once(served, ahead):
    ann = await served.person()
    for _ in range(2):
        assert await viewers(served, "/feed", ann) == [mark(), mark()]
    with sqlite3.connect(database_path(served.blog.folder)) as other:
        other.execute(
            "INSERT INTO likes (person_id, post_id, at)"
            " SELECT p.id, q.id, 1 FROM people p, posts q WHERE p.handle = 'ann' AND q.slug = 'tea'"
        )
    other.close()
    assert await viewers(served, "/feed", ann) == [mark(liked=True), mark()]
    assert ahead[-1]


@pytest.mark.parametrize("end", ["revoke", "disable", "expire", "elsewhere"])
async def test_a_token_that_ended_is_refused_from_the_next_request_on(served, ahead, end):
    ann = await served.person()
    for _ in range(2):
        await warm(served, "/feed", ann)
    assert ahead[-1]
    if end == "disable":
        await served.people.disable_person("ann")
    elif end == "revoke":
        [token] = [one for one in await served.people.list_tokens() if one.person_id]
        await served.people.revoke_token(token.id)
    else:
        column = "expires_at" if end == "expire" else "revoked_at"
        with sqlite3.connect(database_path(served.blog.folder)) as other:  # the command line, say
            other.execute(f"UPDATE tokens SET {column} = 1 WHERE person_id IS NOT NULL")
        other.close()
    await served.refused("GET", "/feed", status=401, headers=ann, scope=None)


async def test_changes_of_posts_show_at_once(served, ahead):
    ann = await served.person()

    async def titles() -> list[str]:
        found = [await served.told("GET", "/feed", headers=ann) for _ in range(2)]
        assert found[0] == found[1]
        assert ahead[-1]
        return [post["title"] for post in found[0]["items"]]

    assert await titles() == ["Tea", "Cold tea"]
    await warm(served, "/posts/tea", ann)
    await served.told("PATCH", "/posts/tea", {"title": "Green tea"})
    assert (await served.told("GET", "/posts/tea", headers=ann))["title"] == "Green tea"
    assert await titles() == ["Green tea", "Cold tea"]
    await served.told("PUT", "/posts/tea/like", headers=await served.person("bob"))
    found = await served.told("GET", "/feed", headers=ann)
    assert found["items"][0]["counts"]["likes"] == 1
    await warm(served, "/posts/tea", ann)
    await served.told("DELETE", "/posts/tea", status=204, scope=Scope.ADMIN)
    await served.refused("GET", "/posts/tea", status=404, headers=ann)
    assert await titles() == ["Cold tea"]


async def test_who_hides_what_nobody_reviewed_sees_none_of_it(served, ahead):
    ann, bob = await served.person(), await served.person("bob")
    assert AUTONOMOUS.disclosure == "ai-autonomous"
    for headers in (ann, bob, ann):
        assert len(await viewers(served, "/feed", headers)) == 2
    assert ahead[-1]
    person = await served.people.by_handle("ann")
    for hides, seen in ((True, 0), (False, 2), (True, 0)):
        await served.people.change_profile(person.id, ProfileChange(hides_unreviewed=hides))
        for _ in range(2):
            assert len(await viewers(served, "/feed", ann)) == seen
            assert len(await viewers(served, "/feed", bob)) == 2
    served.blog.bus.publish(PostChanged("tea"))  # now ann's answer is the first that could be kept
    for _ in range(2):
        assert await viewers(served, "/feed", ann) == []
        assert len(await viewers(served, "/feed", bob)) == 2


async def test_what_is_one_persons_own_is_not_kept_for_another(served, ahead):
    ann, bob = await served.person(), await served.person("bob")
    await served.told("PUT", "/authors/blogen/follow", headers=ann)
    for kind in ("following", "for-you"):
        for _ in range(2):
            await warm(served, f"/feed?kind={kind}", ann)
            assert not ahead[-1]
    assert await viewers(served, "/feed?kind=following", bob) == []


@pytest.mark.parametrize(
    "unusual",
    [{"Cookie": "a=b"}, {"Origin": "https://x.example"}, {"If-None-Match": '"x"'}, {"Range": "bytes=0-1"},
     {"Connection": "close"}],
)  # fmt: skip
async def test_what_is_unusual_goes_the_long_way(served, ahead, unusual):
    for headers in ({}, await served.person()):
        for _ in range(2):
            await warm(served, "/feed", headers)
        assert ahead[-1]
        assert (await served.call("GET", "/feed", headers=headers | unusual, scope=None)).status == 200
        assert not ahead[-1]
        assert (await served.call("HEAD", "/feed", headers=headers, scope=None)).status == 200
        assert not ahead[-1]
        await served.told("GET", "/feed", headers=headers, scope=None, json={"a": "body"})
        assert not ahead[-1]


async def test_the_owners_token_and_wrong_ones_go_the_long_way(served, ahead):
    for _ in range(2):
        await warm(served, "/feed", await served.person())
    assert await viewers(served, "/feed", {"Authorization": f"Bearer {served.tokens[Scope.READER]}"}) == [None, None]
    for wrong in ("Bearer", "Bearer x", "Basic YTpi", "", f"Bearer {served.tokens[Scope.READER]}x"):
        await served.refused("GET", "/feed", status=401, headers={"Authorization": wrong}, scope=None)
    assert not any(ahead[-6:])
