"""A model reads comments first: what it would not show waits for a person, and so does what it said nothing about."""

import asyncio
import json

import pytest
from aiohttp.test_utils import TestClient, TestServer

from blogen.app import App
from blogen.config.load import load
from blogen.domain.person import Scope
from blogen.errors import ConfigError
from blogen.pipeline.judging import NO_ANSWER
from blogen.server import web_application
from tests.blog import Blog
from tests.fakes.openai_server import FakeOpenAI

CONFIG = """
[data]
dir = {folder!r}
[comments]
hold_first = false
moderation = {name!r}
[text.local]
kind = "openai"
base_url = "{url}"
model = "fake-1"
timeout_seconds = 5
{more}
[pipeline]
text = ["offline"]
"""


def judged(prompt: str, _schema: object) -> str:
    """Holds what says `buy`; what says `riddle` gets no verdict."""
    comment = prompt.partition("<<<COMMENT")[2].partition("<<<END")[0]
    if "riddle" in comment:
        return "I would rather not say."
    return json.dumps({"hold": "buy" in comment, "reason": "it  advertises"})


@pytest.fixture
async def fake():
    async with FakeOpenAI(answerer=judged) as opened:
        yield opened


def config(folder, url: str, *, name: str = "local", more: str = ""):
    file = folder / "config.toml"
    file.write_text(CONFIG.format(folder=str(folder / "data"), name=name, url=url, more=more).replace("'", '"'))
    return load(file, {})


async def test_what_the_model_would_not_show_waits(tmp_path, fake):
    async with App.open(config(tmp_path, fake.base_url)) as app:
        await Blog(tmp_path, app.database, app.bus).publish("Tea")
        ready, hooks = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
        ready.set_result(app.engine)
        hooks.set_result(app.works.hooks)
        tokens = {}
        for handle, role in (("ada", Scope.READER), ("mod", Scope.AUTHOR)):
            await app.people.create_person(handle, handle, role, "long secret")
            _, tokens[handle] = await app.people.create_token(role, handle)
        async with TestClient(TestServer(web_application(app, ready, hooks))) as client:

            async def state(method: str, path: str, text: str, handle: str = "ada") -> tuple[str, str]:
                headers = {"Authorization": f"Bearer {tokens[handle]}"}
                answer = await client.request(method, f"/api/v1{path}", json={"text": text}, headers=headers)
                told = await answer.json()
                assert answer.status in {200, 201}, told
                return told["state"], told["id"]

            path = "/posts/tea/comments"
            good, comment_id = await state("POST", path, "I agree.")
            bad, _ = await state("POST", path, "buy this")
            none, _ = await state("POST", path, "a riddle")
            own, _ = await state("POST", path, "buy my book", "mod")
            assert (good, bad, none, own) == ("shown", "held", "held", "shown")
            assert (await state("PATCH", f"/comments/{comment_id}", "buy that"))[0] == "held"
        held = [one.held_for for one in (await app.moderation.queue(10))[0]]
        assert held == ["moderation model: it advertises", "moderation model: it advertises", NO_ANSWER]
        assert len(fake.calls) == 4  # who moderates is not read
        assert await app.database.read("SELECT * FROM ledger") == []


async def test_a_model_that_fails_lets_nothing_through(tmp_path, fake):
    async with App.open(config(tmp_path, fake.base_url)) as app:
        assert await app.reason_to_hold("fine") == ""
        await fake.stop()
        assert await app.reason_to_hold("fine") == NO_ANSWER


@pytest.mark.parametrize(
    ("name", "more", "words"), [("locale", "", "nowhere"), ("local", "usd_per_call = 0.01", "cost money")]
)
async def test_a_section_that_is_missing_or_costs_money_is_refused(tmp_path, name, more, words):
    with pytest.raises(ConfigError, match=words):
        async with App.open(config(tmp_path, "http://127.0.0.1:9/v1", name=name, more=more)):
            pass


async def test_without_a_model_nothing_is_asked(tmp_path):
    async with App.open(load(None, {"BLOGEN_DATA__DIR": str(tmp_path)})) as app:
        assert await app.reason_to_hold("buy") == ""
