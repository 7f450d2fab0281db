"""`blogen moderation`: decisions from the command line, each to be taken back."""

import asyncio
import json

import pytest

from blogen.events import CommentChanged
from tests.blog import open_blog
from tests.cli import test_through_server
from tests.cli.test_commands import Blogen
from tests.fresh import prepare
from tests.store.talking import HOLDING, Talk

site = test_through_server.site


@pytest.fixture
def blogen(tmp_path, monkeypatch):
    return Blogen(tmp_path, monkeypatch)


@pytest.fixture
def held(blogen):
    """Ids of a comment that is held and of a report of the post."""

    async def fill() -> tuple[str, str]:
        folder = blogen.folder / "data"
        folder.mkdir()
        prepare(folder / "blogen.db")
        async with open_blog(folder) as blog:
            await blog.publish("Tea")
            talk = Talk(blog, HOLDING)
            await talk.join("ada", "bob")
            made = await talk.says("ada", "A first\ncomment \x1b[31m")
            return made.id, await talk.moderation.report_post("tea", talk.ids["bob"], "It was 1987.")

    return asyncio.run(fill())


def told(blogen: Blogen, *words: str):
    return json.loads(blogen.call("moderation", *words, "--json").stdout)


def test_what_is_held_is_listed_decided_and_taken_back(blogen, held):
    comment, _ = held
    listed = blogen.call("moderation", "list").stdout
    assert comment in listed
    assert "A first comment [31m" in listed
    [one] = told(blogen, "list")["items"]
    assert (one["id"], one["held_for"], one["author"]["handle"]) == (comment, "first comment", "ada")
    said = blogen.call("moderation", "approve", comment).stdout
    act = said.split()[-1]
    assert "blogen moderation undo" in said
    assert told(blogen, "list")["items"] == []
    assert told(blogen, "undo", act)["action"] == "approve"
    assert len(told(blogen, "list")["items"]) == 1
    assert told(blogen, "remove", comment)["by"] == "owner"
    assert told(blogen, "restore", comment)["target"] == comment
    assert "is shown" in blogen.call("moderation", "approve", comment, code=1).stderr
    assert [one["action"] for one in told(blogen, "log")["items"]] == ["restore", "remove", "approve"]
    assert "undone" in blogen.call("moderation", "log", "--limit", "3").stdout


def test_a_report_is_closed_and_opened_again(blogen, held):
    _, report = held
    assert "It was 1987." in blogen.call("moderation", "reports").stdout
    act = told(blogen, "close", report, "--outcome", "Corrected.")
    assert told(blogen, "reports")["items"] == []
    blogen.call("moderation", "undo", act["id"])
    [one] = told(blogen, "reports")["items"]
    assert (one["id"], one["by"], one["note"]) == (report, "bob", "It was 1987.")


def test_words_are_blocked_and_unblocked(blogen):
    assert told(blogen, "block-word", "Casino")["target"] == "casino"
    assert blogen.call("moderation", "words").stdout == "casino\n"
    assert "blocked already" in blogen.call("moderation", "block-word", "CASINO", code=1).stderr
    assert "will not be held" in blogen.call("moderation", "unblock-word", "casino").stdout
    assert told(blogen, "words")["items"] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["approve", "x"], "no comment 'x'"), (["undo", "x"], "no act of moderation 'x'"),
        (["close", "x"], "no report 'x'"), (["unblock-word", "tea"], "not blocked"),
        (["block-word", "!"], "letters or digits"), (["aprove", "x"], "Did you mean"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_words(blogen, held, words, sentence):
    assert sentence in blogen.call("moderation", *words, code=2).stderr


def test_an_empty_folder_is_told_of(blogen):
    assert "no blog in data" in blogen.call("moderation", "list", code=2).stderr


async def test_a_running_server_decides_itself_and_so_knows_of_it(site):
    talk = Talk(site.served.blog, HOLDING)
    await site.served.blog.publish("Tea")
    await talk.join("ada")
    made = await talk.says("ada", "first")

    async def counted() -> int:
        return (await site.served.told("GET", "/posts/tea", scope=None))["counts"]["comments"]

    async def decided(*words: str) -> dict:
        ran = await site.run("moderation", *words, "--json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    assert await counted() == 0
    act = await decided("approve", made.id)
    assert (act["action"], act["by"]) == ("approve", "owner")
    assert await counted() == 1
    assert CommentChanged(made.id, "tea", "shown") in site.served.blog.heard
    await decided("undo", act["id"])
    assert await counted() == 0
    assert (await decided("block-word", "a/b? c"))["target"] == "a b c"
    report = await talk.moderation.report_post("tea", talk.ids["ada"], "x")
    assert (await decided("close", report, "--outcome", "Done."))["target"] == report
    for words, code, sentence in (
        (("approve", "nothing"), 2, "no comment 'nothing'"), (("restore", made.id), 1, "is held"),
        (("undo", ".."), 2, "no act of moderation"), (("unblock-word", "tea"), 2, "not blocked"),
    ):  # fmt: skip
        ran = await site.run("moderation", *words)
        assert (ran.code, sentence in ran.err) == (code, True), ran.err
