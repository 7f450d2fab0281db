"""Likes, bookmarks, follows and progress over HTTP: who may do what, and what is answered."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from blogen.domain.person import Scope
from tests.render.vectors import VECTORS

AT = "2026-08-02T12:00:00.000Z"
ACTS = [
    ("PUT", "/posts/tea/like", None),
    ("DELETE", "/posts/tea/like", None),
    ("PUT", "/posts/tea/bookmark", None),
    ("DELETE", "/posts/tea/bookmark", None),
    ("PUT", "/posts/tea/progress", {"block": "b1", "fraction": 0.5, "at": AT}),
    ("GET", "/posts/tea/progress", None),
    ("DELETE", "/posts/tea/progress", None),
    ("PUT", "/authors/blogen/follow", None),
    ("DELETE", "/authors/blogen/follow", None),
    ("PUT", "/tags/green/follow", None),
    ("DELETE", "/tags/green/follow", None),
    ("GET", "/me/bookmarks", None),
    ("GET", "/me/history", None),
    ("GET", "/me/follows", None),
]


class Crowd:
    def __init__(self, served):
        self.served = served

    async def told(self, who, method, path, body=None, **more):
        headers = await self.served.person(who) if who else {}
        return await self.served.told(method, path, body, scope=None, headers=headers, **more)

    async def refused(self, who, method, path, body=None, **more):
        headers = await self.served.person(who) if who else {}
        return await self.served.refused(method, path, body, scope=None, headers=headers, **more)


@pytest.fixture
async def crowd(served):
    await served.blog.publish("Tea", tags=["green", "ci/cd"])
    return Crowd(served)


async def test_a_like_counts_once_however_often_it_is_given(crowd):
    for _ in range(2):
        liked = await crowd.told("ann", "PUT", "/posts/tea/like")
    assert liked == {
        "slug": "tea", "counts": {"likes": 1, "comments": 0},
        "viewer": {"liked": True, "bookmarked": False, "progress": 0.0}, "list": None, "place": None,
    }  # fmt: skip
    assert (await crowd.told("bob", "PUT", "/posts/tea/like"))["counts"]["likes"] == 2
    for _ in range(2):
        left = await crowd.told("ann", "DELETE", "/posts/tea/like")
    assert (left["counts"]["likes"], left["viewer"]["liked"]) == (1, False)
    post = await crowd.told("bob", "GET", "/posts/tea")
    assert (post["counts"]["likes"], post["viewer"]["liked"]) == (1, True)
    assert (await crowd.told(None, "GET", "/posts/tea"))["counts"]["likes"] == 1


async def test_likes_at_the_same_time_are_all_counted(crowd):
    people = [f"p{number}" for number in range(5)]
    for one in people:
        await crowd.served.person(one)
    await asyncio.gather(*(crowd.told(one, "PUT", "/posts/tea/like") for one in people for _ in range(3)))
    assert (await crowd.told(None, "GET", "/posts/tea"))["counts"]["likes"] == 5


async def test_bookmarks_stand_in_lists_with_their_counts(crowd):
    await crowd.served.blog.publish("Coffee")
    assert (await crowd.told("ann", "PUT", "/posts/tea/bookmark"))["list"] == ""
    kept = await crowd.told("ann", "PUT", "/posts/coffee/bookmark", {"list": "  To   read "})
    assert (kept["list"], kept["viewer"]["bookmarked"]) == ("To   read", True)
    assert (await crowd.told("ann", "PUT", "/posts/coffee/bookmark"))["list"] == "To   read"  # it stays where it is
    page = await crowd.told("ann", "GET", "/me/bookmarks?limit=1")
    assert [(one["slug"], one["list"]) for one in page["items"]] == [("coffee", "To   read")]
    assert page["items"][0]["viewer"]["bookmarked"]
    assert (page["lists"], page["unlisted"]) == ([{"name": "To   read", "posts": 1}], 1)
    rest = await crowd.told("ann", "GET", f"/me/bookmarks?limit=1&cursor={page['next']}")
    assert ([one["slug"] for one in rest["items"]], rest["next"]) == (["tea"], None)
    of_list = await crowd.told("ann", "GET", "/me/bookmarks?list=To+++read")
    assert [one["slug"] for one in of_list["items"]] == ["coffee"]
    unlisted = await crowd.told("ann", "GET", "/me/bookmarks?list=")
    assert [one["slug"] for one in unlisted["items"]] == ["tea"]
    assert (await crowd.told("bob", "GET", "/me/bookmarks"))["items"] == []
    # A cursor is one list's and one person's.
    await crowd.refused("ann", "GET", f"/me/bookmarks?list=&cursor={page['next']}", status=422)
    await crowd.refused("bob", "GET", f"/me/bookmarks?cursor={page['next']}", status=422)
    await crowd.told("ann", "PUT", "/posts/coffee/bookmark", {"list": ""})
    assert (await crowd.told("ann", "GET", "/me/bookmarks"))["unlisted"] == 2
    await crowd.told("ann", "DELETE", "/posts/coffee/bookmark")
    assert (await crowd.told("ann", "DELETE", "/posts/coffee/bookmark"))["list"] is None


@pytest.mark.parametrize("name", ["x" * 51, "a\u0000b", "a\u202eb", "a\nb", 7])
async def test_a_list_has_a_name_that_can_be_shown(crowd, name):
    await crowd.refused("ann", "PUT", "/posts/tea/bookmark", {"list": name}, status=422)
    assert (await crowd.told("ann", "GET", "/me/bookmarks"))["items"] == []


async def test_the_latest_place_wins_whatever_arrives_first(crowd):
    def read(fraction, at, block="b1"):
        return crowd.told("ann", "PUT", "/posts/tea/progress", {"block": block, "fraction": fraction, "at": at})

    later = await read(0.2, "2026-08-02T12:00:01+00:00", "b2")
    assert later["place"] == {"block": "b2", "fraction": 0.2, "at": "2026-08-02T12:00:01.000Z"}
    assert later["viewer"]["progress"] == 0.2
    assert (await read(0.9, AT))["place"] == later["place"]
    assert (await read(0.2, "2026-08-02T12:00:01+00:00", "b2"))["place"] == later["place"]
    [one] = (await crowd.told("ann", "GET", "/me/history"))["items"]
    assert (one["slug"], one["place"]) == ("tea", later["place"])
    assert (await crowd.told("ann", "GET", "/posts/tea/progress"))["place"] == later["place"]
    assert (await crowd.told("bob", "GET", "/posts/tea/progress"))["place"] is None
    for _ in range(2):
        assert (await crowd.told("ann", "DELETE", "/posts/tea/progress"))["place"] is None
    assert (await crowd.told("ann", "GET", "/me/history"))["items"] == []


async def test_a_clock_that_is_ahead_keeps_no_later_place_out(crowd):
    ahead = (datetime.now(UTC) + timedelta(days=900)).isoformat()
    first = await crowd.told("ann", "PUT", "/posts/tea/progress", {"block": "b1", "fraction": 0.1, "at": ahead})
    assert datetime.fromisoformat(first["place"]["at"]) <= datetime.now(UTC)
    later = {"block": "b9", "fraction": 0.8, "at": datetime.now(UTC).isoformat()}
    assert (await crowd.told("ann", "PUT", "/posts/tea/progress", later))["place"]["block"] == "b9"


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"fraction": 1.1}, {"fraction": -0.1}, {"fraction": "0.5"}, {"at": "2026-08-02T12:00:00"}, {"at": 7},
        {"at": "1969-12-31T23:59:59Z"}, {"block": ""}, {"block": "x" * 101}, {"block": "a b"}, {"block": "<script>"},
        {"block": "b1\n"}, {"person_id": "another"},
    ],
)  # fmt: skip
async def test_a_place_that_cannot_be_is_refused(crowd, wrong):
    body = {"block": "b1", "fraction": 0.5, "at": AT} | wrong if wrong else {}
    problem = await crowd.refused("ann", "PUT", "/posts/tea/progress", body, status=422)
    assert problem["errors"]


async def test_authors_are_followed_and_counted(crowd):
    for _ in range(2):
        followed = await crowd.told("ann", "PUT", "/authors/blogen/follow")
    assert followed == {"handle": "blogen", "followers": 1, "viewer": {"following": True}}
    [author] = (await crowd.told("ann", "GET", "/authors"))["items"]
    assert (author["followers"], author["viewer"]) == (1, {"following": True})
    assert await crowd.told("ann", "GET", "/authors/blogen") == author
    assert (await crowd.told("bob", "GET", "/authors/blogen"))["viewer"] == {"following": False}
    assert (await crowd.told(None, "GET", "/authors/blogen"))["viewer"] is None
    assert [one["handle"] for one in (await crowd.told("ann", "GET", "/authors?followed=true"))["items"]] == ["blogen"]
    assert (await crowd.told("bob", "GET", "/authors?followed=true"))["items"] == []
    await crowd.refused(None, "GET", "/authors?followed=true", status=401)
    await crowd.told("ann", "DELETE", "/authors/blogen/follow")
    assert (await crowd.told("ann", "DELETE", "/authors/blogen/follow"))["followers"] == 0


async def test_authors_and_tags_are_listed_page_by_page(crowd):
    for number in range(5):
        author = f"author-{number % 3}"
        await crowd.served.blog.publish(f"Post {number}", author=author, tags=["tea", *["even"] * (number % 2 == 0)])
    for path, name, expected in [
        ("/authors?limit=2", "handle", ["author-0", "author-1", "author-2", "blogen"]),
        ("/tags?limit=1", "tag", ["tea", "even", "ci/cd", "green"]),
    ]:
        found, more = [], ""
        while more is not None:
            page = await crowd.told(None, "GET", path + more)
            found += [one[name] for one in page["items"]]
            more = f"&cursor={page['next']}" if page["next"] else None
        assert found == expected
    for one in expected:
        await crowd.told("ann", "PUT", f"/tags/{one.replace('/', '%2F')}/follow")
    page = await crowd.told("ann", "GET", "/tags?followed=true&limit=3")
    assert [one["tag"] for one in page["items"]] == ["ci/cd", "even", "green"]
    await crowd.refused("bob", "GET", f"/tags?followed=true&cursor={page['next']}", status=422)
    page = await crowd.told("ann", "GET", f"/tags?followed=true&cursor={page['next']}")
    assert page["items"] == [{"tag": "tea", "posts": 5, "followers": 1, "viewer": {"following": True}}]


async def test_a_tag_is_followed_as_it_is_written_or_nearly(crowd):
    told = await crowd.told("ann", "PUT", "/tags/%20GREEN%20/follow")
    assert told == {"tag": "green", "posts": 1, "followers": 1, "viewer": {"following": True}}
    assert (await crowd.told("ann", "PUT", "/tags/ci%2Fcd/follow"))["tag"] == "ci/cd"
    await crowd.served.blog.posts.delete("tea")
    # What is followed stays so without posts, and is gone without followers.
    assert (await crowd.told("ann", "PUT", "/tags/green/follow"))["posts"] == 0
    assert (await crowd.told(None, "GET", "/tags"))["items"] == []
    for _ in range(2):
        assert (await crowd.told("ann", "DELETE", "/tags/green/follow"))["followers"] == 0
    await crowd.refused("ann", "PUT", "/tags/green/follow", status=404)


async def test_follows_are_listed_authors_first(crowd):
    for path in ("/authors/blogen/follow", "/tags/green/follow", "/tags/ci%2Fcd/follow"):
        await crowd.told("ann", "PUT", path)
    found, more = [], ""
    while more is not None:
        page = await crowd.told("ann", "GET", f"/me/follows?limit=1{more}")
        found += page["items"]
        more = f"&cursor={page['next']}" if page["next"] else None
    assert [(one["kind"], one["tag"], one["author"] and one["author"]["handle"]) for one in found] == [
        ("author", None, "blogen"), ("tag", "ci/cd", None), ("tag", "green", None),
    ]  # fmt: skip
    for kind, count in (("author", 1), ("tag", 2)):
        assert len((await crowd.told("ann", "GET", f"/me/follows?kind={kind}"))["items"]) == count
    assert (await crowd.told("bob", "GET", "/me/follows"))["items"] == []


@pytest.mark.parametrize("vector", [*VECTORS[:25], "'; DROP TABLE posts; --", "%", "\u202etag", "x" * 2000, "\x00"])
async def test_a_tag_that_nobody_used_is_told_as_text_and_not_kept(crowd, vector):
    from yarl import URL

    given = "".join(f"%{byte:02X}" for byte in vector.encode())
    for method, status in (("PUT", 404), ("DELETE", {200, 404})):
        headers = await crowd.served.person("ann")
        url = URL(str(crowd.served.client.make_url("/")) + f"api/v1/tags/{given}/follow", encoded=True)
        async with crowd.served.client.session.request(method, url, headers=headers) as answer:
            assert answer.status in (status if isinstance(status, set) else {status}), await answer.text()
            assert answer.content_type in {"application/json", "application/problem+json"}
    rows = await crowd.served.blog.database.read("SELECT tag FROM tag_counts ORDER BY tag")
    assert [row["tag"] for row in rows] == ["ci/cd", "green"]


async def test_a_tag_with_markup_comes_back_as_it_is(crowd):
    await crowd.served.blog.publish("Coffee", tags=["<img src=x onerror=alert(1)>"])
    told = await crowd.told("ann", "PUT", "/tags/%3Cimg%20src=x%20onerror=alert(1)%3E/follow")
    assert told["tag"] == "<img src=x onerror=alert(1)>"
    headers = await crowd.served.person("ann")
    answer = await crowd.served.call("GET", "/me/follows", scope=None, headers=headers)
    assert answer.content_type == "application/json"
    assert answer.headers.get("X-Content-Type-Options", "nosniff") == "nosniff"


@pytest.mark.parametrize(("method", "path", "body"), ACTS)
async def test_what_belongs_to_a_person_needs_a_person(crowd, method, path, body):
    await crowd.refused(None, method, path, body, status=401)
    # The owner's token acts for nobody in particular.
    await crowd.served.refused(method, path, body, status=403, scope=Scope.ADMIN)


@pytest.mark.parametrize(("method", "path", "body"), [act for act in ACTS if "/me/" not in act[1]])
async def test_what_is_not_there_is_not_found(crowd, method, path, body):
    missing = path.replace("/tea/", "/none/").replace("/blogen/", "/none/").replace("/green/", "/none/")
    if (method, missing) == ("DELETE", "/tags/none/follow"):  # not followed either: so it is as it was wanted
        assert (await crowd.told("ann", method, missing))["viewer"] == {"following": False}
        return
    await crowd.refused("ann", method, missing, body, status=404)


async def test_nobody_can_act_for_or_look_at_another(crowd):
    """What one person did is in no other's answer, and no field or parameter names a person."""
    for method, path, body in ACTS:
        if method == "PUT":
            await crowd.told("ann", method, path, body)
    for method, path, body in ACTS:
        if method == "DELETE":
            await crowd.told("bob", method, path, body)
        if method == "PUT" and body:
            await crowd.refused("bob", method, path, body | {"person_id": "ann"}, status=422)
    post = await crowd.told("ann", "GET", "/posts/tea?person_id=bob")
    assert post["viewer"] == {"liked": True, "bookmarked": True, "progress": 0.5}
    assert (await crowd.told("bob", "GET", "/posts/tea?person_id=ann"))["viewer"] == {
        "liked": False, "bookmarked": False, "progress": 0.0,
    }  # fmt: skip
    for path in ("/me/bookmarks", "/me/history", "/me/follows"):
        assert (await crowd.told("ann", "GET", path))["items"]
        assert (await crowd.told("bob", "GET", f"{path}?person_id=ann&person=ann"))["items"] == []


async def test_personal_lists_are_kept_by_nobody_and_known_by_their_tag(crowd):
    headers = await crowd.served.person("ann")
    await crowd.told("ann", "PUT", "/posts/tea/bookmark")
    first = await crowd.served.call("GET", "/me/bookmarks", scope=None, headers=headers)
    assert "private" in first.headers["Cache-Control"]
    again = await crowd.served.call(
        "GET", "/me/bookmarks", scope=None, headers=headers | {"If-None-Match": first.headers["ETag"]}
    )
    assert again.status == 304


async def test_an_account_that_was_deleted_meanwhile_leaves_nothing(crowd):
    from blogen.errors import NotSignedIn
    from blogen.store.social import Social

    await crowd.told("ann", "PUT", "/posts/tea/like")
    ann = await crowd.served.people.by_handle("ann")
    await crowd.served.people.delete_account(ann.id)
    with pytest.raises(NotSignedIn):
        await Social(crowd.served.blog.database).like(ann.id, "tea")
    assert (await crowd.told(None, "GET", "/posts/tea"))["counts"]["likes"] == 0


async def test_a_post_that_is_deleted_takes_what_was_done_with_it(crowd):
    for path in ("like", "bookmark"):
        await crowd.told("ann", "PUT", f"/posts/tea/{path}")
    await crowd.told("ann", "PUT", "/posts/tea/progress", {"block": "b1", "fraction": 0.5, "at": AT})
    await crowd.served.blog.posts.delete("tea")
    bookmarks = await crowd.told("ann", "GET", "/me/bookmarks")
    assert (bookmarks["items"], bookmarks["unlisted"]) == ([], 0)
    assert (await crowd.told("ann", "GET", "/me/history"))["items"] == []
