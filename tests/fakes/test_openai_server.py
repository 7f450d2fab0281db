"""The fake itself: its answers fit what they are asked for, and as a process it outlives who called it."""

import asyncio
import json
import sys

import aiohttp
import openai
import pytest
from openai.types.responses import Response
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


async def test_responses_are_of_the_published_form_and_go_on_with_each_poll():
    async with FakeOpenAI() as fake, aiohttp.ClientSession() as http:
        order = {"model": MODEL, "input": "[[draft]] hello", "background": True, "store": True}
        created = await (await http.post(f"{fake.base_url}/responses", json=order)).json()
        assert Response.model_validate(created, strict=False).status == "queued"
        address = f"{fake.base_url}/responses/{created['id']}"
        statuses = [(await (await http.get(address)).json())["status"] for _ in range(3)]
        assert statuses == ["in_progress", "completed", "completed"]
        done = Response.model_validate(await (await http.get(address)).json())
        assert done.output_text
        assert done.usage.output_tokens_details.reasoning_tokens == 20
        assert (await (await http.post(f"{address}/cancel")).json())["status"] == "completed"
        fake.expire("draft")
        assert (await http.get(address)).status == 404
        assert fake.paid == ["draft"]


async def test_a_response_that_is_not_stored_cannot_be_asked_for_and_one_in_the_foreground_not_cancelled():
    async with FakeOpenAI() as fake, aiohttp.ClientSession() as http:
        for store, statuses in ((False, (404, 404)), (True, (200, 400))):
            order = {"model": MODEL, "input": "hello", "store": store}
            created = await (await http.post(f"{fake.base_url}/responses", json=order)).json()
            address = f"{fake.base_url}/responses/{created['id']}"
            assert ((await http.get(address)).status, (await http.post(f"{address}/cancel")).status) == statuses


async def test_events_of_a_stream_are_of_the_published_form():
    async with FakeOpenAI() as fake:
        client = openai.AsyncOpenAI(api_key="x", base_url=fake.base_url, max_retries=0)
        stream = await client.responses.create(model=MODEL, input="hello", stream=True)
        events = [event async for event in stream]
        assert events[-1].type == "response.completed"
        assert events[-1].response.output_text == "".join(
            event.delta for event in events if event.type == "response.output_text.delta"
        )
        assert [event.sequence_number for event in events] == list(range(len(events)))
        for event in events:
            type(event).model_validate(event.model_dump())
        await client.close()
