"""The fake itself: its answers fit what they are asked for, and as a process it outlives who called it."""

import asyncio
import json
import sys

import aiohttp
import pytest
from pydantic import BaseModel, Field

from tests.fakes.answers import answer
from tests.fakes.openai_server import MODEL, FakeOpenAI

PROMPT = """Write about tea. Passages:
[s1.1] Green tea is steamed on the day it is picked. It keeps its colour that way.
[s1.2] Black tea is left to darken for hours in humid rooms.
[s2.1] "Nobody hurries a kettle," said the old woman in the shop.
"""


class Part(BaseModel):
    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    heading: str
    passages: list[str] = Field(min_length=1)
    markdown: str


class Shape(BaseModel):
    title: str = Field(min_length=3, max_length=60)
    slug: str = Field(pattern=r"^[a-z0-9-]+$")
    parts: list[Part] = Field(min_length=2, max_length=5)
    remarks: list[str]
    quote: str | None
    score: int = Field(ge=3, le=9)
    is_good: bool


def test_an_answer_fits_its_schema_and_rests_on_the_passages():
    shape = Shape.model_validate_json(answer(PROMPT, Shape.model_json_schema()))
    assert len({part.key for part in shape.parts}) == len(shape.parts)
    assert {key for part in shape.parts for key in part.passages} <= {"s1.1", "s1.2", "s2.1"}
    assert "Green tea is steamed on the day it is picked.[^s1.1]" in shape.parts[0].markdown
    assert shape.remarks == []
    assert shape.quote in PROMPT


def test_the_same_order_gets_the_same_answer_and_another_one_another():
    assert answer(PROMPT, None) == answer(PROMPT, None)
    assert "[^s1.1]" in answer(PROMPT, None)
    schema = Shape.model_json_schema()
    assert answer(PROMPT, schema) != answer(PROMPT.replace("tea", "wine"), schema)


async def test_calls_are_held_until_released():
    async with FakeOpenAI() as fake, aiohttp.ClientSession() as http:
        fake.hold("draft")
        order = {"model": MODEL, "messages": [{"role": "user", "content": "[[draft]] hello"}]}
        call = asyncio.create_task(http.post(f"{fake.base_url}/chat/completions", json=order))
        assert (await fake.received("draft")).status is None
        assert not call.done()
        await fake.release("draft")
        assert (await call).status == 200
        assert fake.labels == fake.paid == ["draft"]


@pytest.mark.parametrize("killed", [False, True])
async def test_as_a_process_it_writes_a_journal_also_of_calls_whose_caller_died(tmp_path, killed):
    journal = tmp_path / "journal.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.openai_server", "--port", "0", "--journal", str(journal),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        base_url = (await process.stdout.readline()).decode().strip()
        root = base_url.removesuffix("/v1")
        order = {"model": MODEL, "messages": [{"role": "user", "content": "[[draft]] hello"}]}
        async with aiohttp.ClientSession() as http:
            await http.post(f"{root}/__fake/hold", json={"label": "draft"})
            call = asyncio.create_task(http.post(f"{base_url}/chat/completions", json=order))
            await http.get(f"{root}/__fake/received?label=draft")
            if killed:
                call.cancel()
            await http.post(f"{root}/__fake/release")
            if not killed:
                assert (await call).status == 200
            await http.get(f"{root}/__fake/answered?label=draft")
        events = [json.loads(line) for line in journal.read_text().splitlines()]
        assert [(event["event"], event["label"], event["status"]) for event in events] == [
            ("received", "draft", None),
            ("answered", "draft", 200),
        ]
        assert events[0]["body"] == order
    finally:
        process.terminate()
        await process.wait()
