"""Blogen's providers, and one whole post, against aimock: OpenAI's and Anthropic's APIs as others understand them."""

import base64
import json
from collections import Counter
from typing import Any

import pytest
import pytest_asyncio

from blogen.errors import AnswerUnusable, ProviderUnavailable
from blogen.providers.image import openai as openai_image
from blogen.providers.protocols import ImageRequest, TextRequest
from blogen.providers.text import anthropic as anthropic_text
from blogen.providers.text import openai as openai_text
from tests.e2e.conftest import NewBlogen
from tests.fakes.openai_server import picture
from tests.servers.aimock import Aimock, Call

KEY = "sk-a-very-secret-key-1234567890"
SHAPE = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["title", "tags"],
}
SHAPED_ANSWER = {"title": "Why a kettle sings", "tags": ["steam"]}
QUESTION = TextRequest(system="You are terse.", user="Why does a kettle sing?", purpose="draft")
SHAPED = QUESTION.model_copy(update={"json_schema": SHAPE, "purpose": "title"})
TEXT = "Bubbles of steam form at its hot bottom and collapse in the cooler water above it."
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "input_tokens": 11, "output_tokens": 7}

FIXTURES = [
    {"match": {"endpoint": "image"}, "response": {"image": {"b64Json": base64.b64encode(picture()).decode()}}},
    {"match": {"responseFormat": "json_schema"}, "response": {"content": json.dumps(SHAPED_ANSWER), "usage": USAGE}},
    {
        "match": {"toolName": "title"},
        "response": {"toolCalls": [{"name": "title", "arguments": json.dumps(SHAPED_ANSWER)}], "usage": USAGE},
    },
    {
        "match": {"userMessage": "cut off"},
        "response": {"content": TEXT},
        "chunkSize": 5,
        "latency": 5,
        "truncateAfterChunks": 9,
    },
    {"match": {"userMessage": "too long"}, "response": {"content": TEXT, "finishReason": "length", "usage": USAGE}},
    {
        "match": {"userMessage": "think"},
        "response": {"content": TEXT, "reasoning": "I weigh what they asked.", "usage": USAGE},
    },
    {"match": {}, "response": {"content": TEXT, "usage": USAGE}},
]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running():
    async with Aimock(FIXTURES) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def mock(running):
    """One for all tests, which forgets between them: starting it takes longer than a call."""
    await running.forget()
    return running


@pytest_asyncio.fixture(loop_scope="module")
async def made(mock):
    """Makes providers at the mock and closes them."""
    providers = []
    prices = {"input_usd_per_million": 2, "output_usd_per_million": 10}

    def make(kind, **config):
        module = {"anthropic": anthropic_text, "image": openai_image}.get(kind, openai_text)
        url = mock.anthropic_url if kind == "anthropic" else mock.openai_url
        given = {"kind": kind, "base_url": url, "api_key": KEY, "model": "some-model", "timeout_seconds": 10, **prices}
        if kind == "image":
            given |= {"kind": "openai", "model": "gpt-image-1"}
        if kind == "responses":
            given |= {"kind": "openai", "api": "responses"}
        provider = module.Provider("text.main", module.Config(**(given | config)))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


TEXTS = [
    ("openai", "/v1/chat/completions"),
    ("responses", "/v1/responses"),
    ("anthropic", "/v1/messages"),
]


def asked(request: TextRequest, words: str) -> TextRequest:
    return request.model_copy(update={"user": words})


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("kind", "path"), TEXTS)
async def test_a_question_is_answered_with_its_usage_and_cost_by_one_call(mock, made, kind, path, streams):
    pieces: list[str] = []
    answer = await made(kind).complete(QUESTION, stream=pieces.append if streams else None)
    assert answer.text == TEXT
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (11, 7)
    assert answer.usage.cost_usd_micros == 11 * 2 + 7 * 10
    assert "".join(pieces) == (TEXT if streams else "")
    assert len(pieces) > 1 or not streams
    (call,) = await mock.journal()
    assert call.path == path
    assert call.status == 200
    assert call.body.get("stream", False) is streams


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
async def test_a_shape_is_understood_as_structured_output_by_openai(mock, made, streams):
    answer = await made("openai").complete(SHAPED, stream=(lambda _: None) if streams else None)
    assert json.loads(answer.text) == SHAPED_ANSWER
    (call,) = await mock.journal()
    assert call.body["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
async def test_a_shape_is_understood_as_a_tool_s_input_by_anthropic(mock, made, streams):
    """This server does not know structured output: it answers in prose, and the next call asks by a tool."""
    provider = made("anthropic")
    stream = (lambda _: None) if streams else None
    assert (await provider.complete(SHAPED, stream=stream)).text == TEXT
    assert json.loads((await provider.complete(SHAPED, stream=stream)).text) == SHAPED_ANSWER
    assert len(await mock.journal()) == 2


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("kind", "path"), TEXTS)
async def test_thinking_is_neither_shown_nor_answered(made, kind, path, streams):
    pieces: list[str] = []
    question = asked(QUESTION, "Please think.")
    answer = await made(kind).complete(question, stream=pieces.append if streams else None)
    assert answer.text == TEXT
    assert "weigh" not in "".join(pieces)


@pytest.mark.parametrize(("kind", "path"), TEXTS)
async def test_an_answer_at_its_length_limit_is_unusable_and_was_paid_for(made, kind, path):
    with pytest.raises(AnswerUnusable, match="length limit") as raised:
        await made(kind).complete(asked(QUESTION, "It gets too long."))
    assert raised.value.usage.output_tokens == 7


async def test_a_picture_comes_as_bytes(mock, made):
    drawn = await made("image").submit(ImageRequest(prompt="A kettle on a quiet table"))
    assert drawn.content == picture()
    (call,) = await mock.journal()
    assert call.path == "/v1/images/generations"
    assert call.question == "A kettle on a quiet table"


async def test_the_models_that_it_lists_are_known(mock, made):
    assert (await made("openai", model="gpt-4o").check()).ok
    assert (await made("anthropic", model="claude-3-5-sonnet-20241022").check()).ok
    typo = await made("openai", model="gpt-4oo").check()
    assert not typo.ok
    assert "gpt-4o" in typo.remedy
    assert await mock.journal() == [], "the check spends nothing"


CHAOS = [
    ("rateLimitRate", r"asks for a pause \(429\)", 1.0, [429]),
    ("dropRate", r"failed \(500\)", None, [500]),
    ("malformedRate", r"is not JSON|could not be read", None, [200]),
    ("disconnectRate", r"broke the connection off", None, [0]),
]


@pytest.mark.parametrize(("rate", "words", "pause", "statuses"), CHAOS, ids=[row[0] for row in CHAOS])
@pytest.mark.parametrize("kind", ["openai", "responses", "anthropic", "image"])
async def test_what_goes_wrong_is_told_after_one_call_and_passes(mock, made, kind, rate, words, pause, statuses):
    provider = made(kind)

    async def call() -> Any:
        return await (
            provider.submit(ImageRequest(prompt="A kettle")) if kind == "image" else provider.complete(QUESTION)
        )

    await mock.chaos(**{rate: 1})
    with pytest.raises(ProviderUnavailable, match=words) as raised:
        await call()
    if pause is not None:
        assert raised.value.retry_after_seconds == pause
    assert [call.status for call in await mock.journal()] == statuses, "there is no hidden retry"
    await mock.calm()
    await call()
    assert [call.status for call in await mock.journal()] == [*statuses, 200]


@pytest.mark.parametrize("kind", ["openai", "responses", "anthropic"])
async def test_a_stream_that_is_cut_off_is_unavailable(mock, made, kind):
    pieces: list[str] = []
    with pytest.raises(ProviderUnavailable, match="broke"):
        await made(kind).complete(asked(QUESTION, "You will be cut off."), stream=pieces.append)
    assert TEXT.startswith("".join(pieces))
    assert pieces
    assert len(await mock.journal()) == 1


# -- a whole post ---------------------------------------------------------------------------------------------------

SOURCE = (
    "A kettle sings because bubbles of steam form at its hot bottom and collapse in the cooler water above. "
    "The note rises until the whole of the water boils, and then it falls silent. "
    "Descalers know that a furred kettle sings louder than a clean one."
)
ORDER = {
    "topic": "Why a kettle sings",
    "words": 200,
    "images": 1,
    "sources": [{"kind": "text", "title": "Notes on kettles", "text": SOURCE}],
}


def said(words: str, answer: object) -> dict[str, Any]:
    """A fixture: whoever says `words` is told `answer`."""
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return {"match": {"userMessage": words}, "response": {"content": content, "usage": USAGE}}


POST = [
    FIXTURES[0],
    said(
        "Plan a blog post.",
        {
            "title": "Why a kettle sings",
            "angle": "The song is the sound of bubbles that die young.",
            "sections": [
                {"heading": "", "gist": "What one hears.", "passages": ["s1.1"]},
                {"heading": "Bubbles that collapse", "gist": "Where the sound comes from.", "passages": ["s1.1"]},
            ],
            "tags": ["steam", "kitchen"],
        },
    ),
    said(
        "Write section 1,",
        "Put a kettle on and listen: it hums long before it boils. The hum climbs, and then it stops.[^s1.1]",
    ),
    said(
        "Write section 2,",
        "Steam forms at the hot bottom, rises a little, and collapses in cooler water.[^s1.1] Each collapse is a tap.",
    ),
    said("You are the editor of this post.", {"remarks": [], "remove": []}),
    said(
        "Give this finished post its title",
        {
            "title": "Why a kettle sings before it boils",
            "summary": "Bubbles of steam form at the bottom and collapse in cooler water; that is the song.",
            "slug": "why-a-kettle-sings",
            "tags": ["steam", "kitchen"],
        },
    ),
    said(
        "for an image generator.",
        {
            "items": [
                {
                    "section": "cover",
                    "prompt": "A steel kettle on a gas flame, seen from the side in the light of early morning",
                    "alt": "A steel kettle on a small flame",
                }
            ]
        },
    ),
]


def at_the_mock(mock: Aimock, kind: str) -> str:
    """A configuration whose words come from the mock's API of that kind, and whose pictures from its OpenAI."""
    section = f'api_key = "{KEY}"\nfree = false\nconcurrency = 1'
    url = mock.anthropic_url if kind == "anthropic" else mock.openai_url
    api = 'kind = "openai"\napi = "responses"' if kind == "responses" else f'kind = "{kind}"'
    return f"""
[engine]
retry_base_seconds = 0.2
max_attempts = 50
[text.main]
{api}
base_url = "{url}"
model = "some-model"
{section}
[image.main]
kind = "openai"
base_url = "{mock.openai_url}"
model = "gpt-image-1"
{section}
"""


def purposes(calls: list[Call]) -> Counter[str]:
    return Counter(call.headers.get("x-blogen-purpose", "image") for call in calls)


@pytest.mark.parametrize(
    ("kind", "rate"), [("anthropic", "rateLimitRate"), ("openai", "dropRate"), ("responses", "malformedRate")]
)
async def test_a_post_is_made_although_the_service_turns_calls_away_at_first(
    new_blogen: NewBlogen, kind: str, rate: str
) -> None:
    async with Aimock(POST, "--strict") as mock:
        await mock.chaos(**{rate: 1})
        async with new_blogen(config=at_the_mock(mock, kind)) as blogen:
            job = await blogen.submit(**ORDER)
            await blogen.happens(job["id"], lambda event: event.get("event") == "waiting")
            await mock.calm()
            ended = await blogen.finished(job["id"])
            assert ended["state"] == "published", ended["error"]
            post = await blogen.ask("GET", f"/api/v1/posts/{ended['post']['slug']}")
            timeline = await blogen.all(f"/api/v1/jobs/{job['id']}/timeline")
        calls = await mock.journal()
    assert post["title"] == "Why a kettle sings before it boils"
    assert "Each collapse is a tap." in post["markdown"]
    assert post["cover"]["alt"] == "A steel kettle on a small flame"
    assert [source["title"] for source in post["sources"]] == ["Notes on kettles"]
    failed = [entry for entry in timeline if (entry["event"], entry["step"]) == ("step_failed", "outline/ask")]
    assert failed
    # A retry that nobody is told of would stand between these and the rest.
    served = calls[len(failed) :]
    assert purposes(served) == {"outline": 1, "draft": 2, "critic": 1, "title": 1, "illustrations": 1, "image": 1}
    assert ended["tokens"]["input"] >= 6 * 11
