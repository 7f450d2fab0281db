"""Cursors: what a list gave out is taken back by that list alone, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from blogen.api.paging import CursorKey, cursor, position, sign_with
from blogen.errors import InvalidInput
from blogen.store.own_keys import OwnKeys
from tests.api.served import serve
from tests.blog import open_blog

KEY = b"k" * 32


def is_taken(kind: str, given: str, **whose: str) -> bool:
    try:
        position(kind, given, **whose)
    except InvalidInput:
        return False
    return True


@given(number=st.integers(0, 2**63 - 1) | st.none(), name=st.text(st.characters(codec="utf-8"), max_size=60))
def test_a_cursor_comes_back_as_it_was_made(number, name):
    sign_with(KEY)
    assert position("posts", cursor("posts", number, name)) == (number or 0, name)


@given(st.text(max_size=100))
def test_nothing_that_someone_made_up_is_taken(made_up):
    sign_with(KEY)
    assert not is_taken("posts", made_up)


def test_each_letter_of_a_cursor_counts_and_so_does_its_length():
    sign_with(KEY)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
    for name in ("", "a", "ab", "abc"):
        right = cursor("posts", 1_760_000_000_000, name)
        for at in range(len(right)):
            assert not is_taken("posts", right[:at])
            for letter in letters:
                altered = right[:at] + letter + right[at + 1 :]
                assert altered == right or not is_taken("posts", altered)
        for more in (*letters, "\n", " ", "\0"):
            assert not is_taken("posts", right + more)
            assert not is_taken("posts", more + right)


def test_a_cursor_belongs_to_its_list_its_person_and_its_blog():
    sign_with(KEY, "ann")
    of_ann = cursor("bookmarks", 5, "x")
    assert is_taken("bookmarks", of_ann)
    assert not is_taken("notifications", of_ann)
    assert not is_taken("bookmark", of_ann)
    sign_with(KEY, "bob")
    assert not is_taken("bookmarks", of_ann)
    sign_with(KEY)
    assert not is_taken("bookmarks", of_ann)
    assert is_taken("bookmarks", of_ann, person_id="ann")
    assert not is_taken("bookmarks", of_ann, person_id="bob")
    sign_with(b"o" * 32, "ann")
    assert not is_taken("bookmarks", of_ann)


def test_the_parts_of_a_signature_cannot_be_shifted_into_each_other():
    sign_with(KEY)
    assert not is_taken("ab", cursor("a", name="x", person_id="b"), person_id="")
    assert not is_taken("a", cursor("ab", name="x"), person_id="b")


async def test_the_key_is_made_once_and_outlives_the_process(tmp_path):
    async with open_blog(tmp_path) as blog:
        key = await CursorKey(OwnKeys(blog.database)).get()
        assert len(key) == 32
        assert await CursorKey(OwnKeys(blog.database)).get() == key
    async with open_blog(tmp_path) as blog:
        assert await CursorKey(OwnKeys(blog.database)).get() == key


async def test_a_list_goes_on_after_a_restart_but_not_on_another_blog(tmp_path):
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    async with serve(homes[0]) as served:
        for at in range(3):
            await served.blog.publish(f"Tea {at}", at=at)
        following = (await served.told("GET", "/posts?limit=1", scope=None))["next"]
    async with serve(homes[0]) as served:
        assert [post["slug"] for post in await items(served, following)] == ["tea-1", "tea-0"]
    async with serve(homes[1]) as served:
        problem = await served.refused("GET", f"/posts?cursor={following}", scope=None, status=422)
        assert problem["errors"][0]["path"] == "cursor"


async def test_posts_that_come_while_someone_pages_are_not_seen_twice_nor_shift_the_rest(served):
    for at in range(6):
        await served.blog.publish(f"Tea {at}", at=at)
    seen, following = [], ""
    for number in range(4):
        page = await served.told("GET", f"/posts?limit=2{following}", scope=None)
        seen += [post["slug"] for post in page["items"]]
        await served.blog.publish(f"New {number}", at=1000 + number)
        if page["next"] is None:
            break
        following = f"&cursor={page['next']}"
    assert seen == [f"tea-{at}" for at in reversed(range(6))]


async def test_a_deleted_post_at_the_seam_loses_nothing(served):
    for at in range(4):
        await served.blog.publish(f"Tea {at}", at=at)
    following = (await served.told("GET", "/posts?limit=2", scope=None))["next"]
    await served.blog.posts.delete("tea-2")
    assert [post["slug"] for post in await items(served, following)] == ["tea-1", "tea-0"]


async def test_a_list_of_ones_own_goes_on_for_oneself_alone(served):
    ann, bob = await served.person("ann"), await served.person("bob")
    for title in ("Tea", "Coffee", "Mate"):
        await served.blog.publish(title)
        for who in (ann, bob):
            await served.told("PUT", f"/posts/{title.lower()}/bookmark", headers=who)
    following = (await served.told("GET", "/me/bookmarks?limit=1", headers=ann))["next"]
    assert len((await served.told("GET", f"/me/bookmarks?cursor={following}", headers=ann))["items"]) == 2
    await served.refused("GET", f"/me/bookmarks?cursor={following}", headers=bob, status=422)
    await served.refused("GET", f"/me/history?cursor={following}", headers=ann, status=422)


async def items(served, cursor):
    return (await served.told("GET", f"/posts?limit=50&cursor={cursor}", scope=None))["items"]
