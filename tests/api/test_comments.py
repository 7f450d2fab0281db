"""Comments over HTTP: who may say what where, and what others see of it."""

import asyncio

import pytest

from blogen.config import Config
from blogen.domain.person import Scope
from tests.api.served import serve
from tests.render.danger import dangers
from tests.render.vectors import VECTORS


class Crowd:
    """People with tokens, who say things below one post."""

    def __init__(self, served) -> None:
        self.served = served
        self.tokens: dict[str, str] = {}

    async def join(self, *handles: str, role: Scope = Scope.READER) -> None:
        for handle in handles:
            await self.served.people.create_person(handle, handle.capitalize(), role, "long secret")
            _, self.tokens[handle] = await self.served.people.create_token(role, handle)

    def by(self, handle: str | None) -> dict:
        if handle is None:
            return {"scope": None}
        return {"scope": None, "headers": {"Authorization": f"Bearer {self.tokens[handle]}"}}

    async def says(self, handle: str, text: str = "I agree.", *, parent: str | None = None, slug: str = "tea"):
        body = {"text": text} | ({"parent": parent} if parent else {})
        return await self.served.told("POST", f"/posts/{slug}/comments", body, status=201, **self.by(handle))

    async def sees(self, handle: str | None = None, path: str = "/posts/tea/comments"):
        return (await self.served.told("GET", path, **self.by(handle)))["items"]

    async def count(self) -> int:
        rows = await self.served.blog.database.read("SELECT comments FROM posts WHERE slug = 'tea'")
        return rows[0]["comments"]


def config(**comments):
    return Config.model_validate({"comments": {"hold_first": False, "per_minute": 1000, **comments}})


@pytest.fixture
async def crowd(tmp_path):
    async with serve(tmp_path, config()) as served:
        await served.blog.publish("Tea")
        yield await _crowd(served)


async def _crowd(served) -> Crowd:
    crowd = Crowd(served)
    await crowd.join("ada", "bob", "cleo")
    await crowd.join("mod", role=Scope.AUTHOR)
    return crowd


async def test_a_comment_is_shown_with_its_writer_and_its_two_faces(crowd):
    made = await crowd.says("ada", "I *agree*, see https://example.org/a.")
    assert made["state"] == "shown"
    [seen] = await crowd.sees()
    assert seen["html"] == (
        '<p>I <em>agree</em>, see <a href="https://example.org/a" rel="noopener nofollow ugc">https://example.org/a</a>.</p>'
    )
    assert seen["blocks"][0]["runs"][1] == {"text": "agree", "i": True}
    assert seen["author"] == {"handle": "ada", "name": "Ada", "avatar": None}
    assert (seen["markdown"], seen["viewer"]) == (None, None)
    [mine] = await crowd.sees("ada")
    assert mine["markdown"] == "I *agree*, see https://example.org/a."
    assert (mine["viewer"]["is_mine"], mine["viewer"]["may_edit"]) == (True, True)
    [others] = await crowd.sees("bob")
    assert (others["markdown"], others["viewer"]) == (None, {"is_mine": False, "may_edit": False, "edit_until": None})
    assert await crowd.count() == 1
