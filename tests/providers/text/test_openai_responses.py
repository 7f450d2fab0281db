"""The OpenAI text provider by the Responses API, in the foreground and in the background, over real sockets."""

import json
import time

import pytest

from blogen.errors import (
    AnswerUnusable,
    ContentRefused,
    OrderFailed,
    ProviderBusy,
    ProviderRefused,
    ProviderUnavailable,
)
from blogen.providers.protocols import (
    BackgroundTextModel,
    CanCancel,
    CanPrice,
    Pending,
    Submitted,
    TextAnswer,
    TextRequest,
)
from blogen.providers.text.openai import Config, Provider
from tests.fakes.openai_server import CONTENT_REFUSED, MODEL, FakeOpenAI

KEY = "sk-a-very-secret-key-1234567890"
SHAPE = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
QUESTION = TextRequest(
    system="You are terse.", user="Say something about [s1.1] tea keeps.", purpose="draft", reference="job-1/draft:1/1"
)
SHAPED = TextRequest(system="", user="Outline it.", purpose="critic", json_schema=SHAPE)


@pytest.fixture
async def fake():
    async with FakeOpenAI(key=KEY) as server:
        yield server


@pytest.fixture
async def made():
    """Makes providers and closes them."""
    providers = []

    def make(base_url, **config):
        config = {"api_key": KEY, "model": MODEL, "timeout_seconds": 5, "api": "responses", **config}
        provider = Provider("text.main", Config(kind="openai", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


def test_openai_itself_is_spoken_to_by_the_responses_api_and_others_by_chat_completions():
    def speaks_responses(**config):
        return Config(kind="openai", model="m", **config).speaks_responses

    assert speaks_responses()
    assert speaks_responses(preset="openai")
    assert not speaks_responses(api="chat")
    assert not speaks_responses(base_url="http://127.0.0.1:1234/v1")
    assert not speaks_responses(preset="groq")
    assert speaks_responses(base_url="http://127.0.0.1:1234/v1", api="responses")


@pytest.mark.parametrize("streams", [False, True])
async def test_an_answer_comes_with_its_usage_and_cost(fake, made, streams):
    provider = made(
        fake.base_url, input_usd_per_million=1, output_usd_per_million=2, reasoning_effort="low", temperature=0.5
    )
    pieces: list[str] = []
    answer = await provider.complete(QUESTION, stream=pieces.append if streams else None)
    assert "[^s1.1]" in answer.text
    assert answer.usage.cost_usd_micros == answer.usage.input_tokens + 2 * answer.usage.output_tokens > 40
    assert answer.usage.accuracy == "computed"
    assert ("".join(pieces).strip() == answer.text) is streams
    sent = fake.calls[0]
    assert sent.path == "/v1/responses"
    assert sent.body == {
        "model": MODEL,
        "instructions": "You are terse.",
        "input": QUESTION.user,
        "max_output_tokens": 16_000,
        "temperature": 0.5,
        "reasoning": {"effort": "low"},
        "store": False,
        **({"stream": True} if streams else {}),
    }
    assert sent.reference == "job-1/draft:1/1"


async def test_a_shape_is_asked_for_as_a_strict_schema(fake, made):
    answer = await made(fake.base_url).complete(SHAPED)
    assert json.loads(answer.text)["title"]
    wanted = fake.calls[0].body["text"]["format"]
    assert (wanted["type"], wanted["name"], wanted["strict"]) == ("json_schema", "critic", True)
    assert wanted["schema"]["additionalProperties"] is False


async def test_unknown_fields_are_left_out_one_by_one_and_only_one_call_is_paid(fake, made):
    fake.refuses = ("json_schema", "temperature", "reasoning", "store", "max_output_tokens", "stream")
    provider = made(fake.base_url, temperature=1, reasoning_effort="low")
    request = SHAPED.model_copy(update={"reference": "r"})
    answer = await provider.complete(request, stream=lambda _: None)
    assert "title" in json.loads(answer.text)
    assert len(fake.paid) == 1
    assert len(fake.calls) == 7
    assert fake.calls[-1].body.keys() == {"model", "input", "text"}
    assert fake.calls[-1].body["text"] == {"format": {"type": "json_object"}}
    keys = [call.reference for call in fake.calls]
    assert keys == ["r", *(f"r.{number}" for number in range(1, 7))], "another body is another call"
    await provider.complete(request, stream=lambda _: None)
    assert len(fake.calls) == 8, "what worked is remembered"


@pytest.mark.parametrize("streams", [False, True])
async def test_reasoning_never_reaches_the_text(fake, made, streams):
    fake.spoil_next("think")
    pieces: list[str] = []
    answer = await made(fake.base_url).complete(QUESTION, stream=pieces.append if streams else None)
    for text in (answer.text, "".join(pieces)):
        assert "think" not in text
        assert "weigh" not in text


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("refusal", ContentRefused, "refused the content: I'm sorry"),
        ("content_filter", ContentRefused, "refused the content: by its content filter"),
        ("failed_policy", ContentRefused, "refused the content: Invalid prompt"),
        ("failed", ProviderUnavailable, "The server had an error"),
        ("length", AnswerUnusable, "length limit"),
        ("no_text", AnswerUnusable, "empty answer"),
    ],
)
async def test_an_answer_that_is_none_is_told_in_its_kind(fake, made, streams, kind, error, words):
    fake.spoil_next(kind)
    with pytest.raises(error, match=words) as raised:
        await made(fake.base_url).complete(QUESTION, stream=(lambda _: None) if streams else None)
    assert len(fake.calls) == 1
    if error is AnswerUnusable:
        assert raised.value.usage.output_tokens > 0


@pytest.mark.parametrize(
    ("kind", "streams"),
    [
        ("broken_json", False), ("not_json", False), ("schema", False), ("empty", False), ("not_json", True),
        ("schema", True), ("truncated", False), ("truncated", True), ("reset", False), ("reset", True),
        ("cut_stream", True), ("error_in_stream", True), ("not_a_completion", False),
    ],
)  # fmt: skip
async def test_a_broken_answer_is_unavailable(fake, made, kind, streams):
    fake.spoil_next(kind)
    with pytest.raises(ProviderUnavailable, match=r"text\.main|127\.0\.0\.1"):
        await made(fake.base_url).complete(QUESTION, stream=(lambda _: None) if streams else None)
    assert len(fake.calls) == 1


async def test_a_stream_that_stalls_is_given_up_before_the_whole_time_is_over(fake, made):
    fake.spoil_next("stall", seconds=30)
    with pytest.raises(ProviderUnavailable, match=r"nothing came for 0\.2 s"):
        await made(fake.base_url, stall_seconds=0.2).complete(QUESTION, stream=lambda _: None)


# -- in the background -------------------------------------------------------------------------------------------


def test_long_answers_are_worked_on_in_the_background_where_that_is_possible(made):
    def purposes(**config):
        provider = made("http://127.0.0.1:9/v1", **config)
        named = ("outline", "draft", "revise", "critic", "title")
        return {name for name in named if provider.works_in_background(QUESTION.model_copy(update={"purpose": name}))}

    assert purposes() == {"draft", "revise", "critic"}
    assert purposes(background="always") == {"outline", "draft", "revise", "critic", "title"}
    assert purposes(background="never") == purposes(api="chat") == set()
    with pytest.raises(ValueError, match='needs `api = "responses"`'):
        made("http://127.0.0.1:9/v1", api="chat", background="always")


async def test_an_answer_in_the_background_is_submitted_polled_and_paid_once(fake, made):
    provider = made(fake.base_url, input_usd_per_million=1, output_usd_per_million=1)
    assert isinstance(provider, BackgroundTextModel | CanCancel | CanPrice)
    submitted = await provider.submit(QUESTION)
    assert submitted == Submitted(handle=fake.submissions[0].id, poll_after_seconds=2, state="queued")
    assert fake.calls[0].body["background"] is fake.calls[0].body["store"] is True
    assert fake.submissions[0].reference == "job-1/draft:1/1"
    later = made(fake.base_url, input_usd_per_million=1, output_usd_per_million=1)  # another process
    assert await later.poll(submitted.handle) == Pending(poll_after_seconds=2)
    answer = await later.poll(submitted.handle)
    assert isinstance(answer, TextAnswer)
    assert "[^s1.1]" in answer.text
    assert answer.usage.cost_usd_micros == answer.usage.input_tokens + answer.usage.output_tokens > 20
    assert fake.paid == ["draft"]


async def test_a_shape_is_found_in_an_answer_whose_question_is_not_at_hand(fake, made):
    fake.spoil_next("stray_json")
    provider = made(fake.base_url)
    submitted = await provider.submit(SHAPED)
    await provider.poll(submitted.handle)
    assert json.loads((await provider.poll(submitted.handle)).text)["title"]


async def test_an_old_order_is_asked_for_less_often(fake, made):
    fake.background = "manual"
    provider = made(fake.base_url)
    submitted = await provider.submit(QUESTION)
    waits = []
    for age in (0, 50, 600):
        fake.submissions[0].created_at = time.time() - age
        waits.append((await provider.poll(submitted.handle)).poll_after_seconds)
    assert waits == [2, pytest.approx(5, abs=0.3), 10]


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("refusal", ContentRefused, "refused the content: I'm sorry"),
        ("content_filter", ContentRefused, "content filter"),
        ("failed_policy", ContentRefused, "refused the content: Invalid prompt"),
        ("failed", OrderFailed, "failed in the background"),
        ("length", AnswerUnusable, "length limit"),
        ("no_text", AnswerUnusable, "empty answer"),
    ],
)
async def test_an_order_that_came_to_nothing_is_told_in_its_kind(fake, made, kind, error, words):
    fake.spoil_next(kind)
    provider = made(fake.base_url)
    submitted = await provider.submit(QUESTION)
    await provider.poll(submitted.handle)
    with pytest.raises(error, match=words) as raised:
        await provider.poll(submitted.handle)
    assert not raised.value.retryable or error is OrderFailed, "asking for it again would not change it"


async def test_a_service_that_answers_an_order_at_once_is_taken_at_its_word(fake, made):
    fake.refuses = ("background",)
    provider = made(fake.base_url)
    answer = await provider.submit(QUESTION)
    assert isinstance(answer, TextAnswer)
    assert not provider.works_in_background(QUESTION), "it does not know how to"
    assert len(fake.paid) == 1


async def test_an_answer_that_is_no_longer_kept_has_an_unknown_outcome(fake, made):
    provider = made(fake.base_url)
    submitted = await provider.submit(QUESTION)
    fake.expire()
    with pytest.raises(ProviderRefused, match=r"about ten minutes.*is unknown.*orders the answer anew") as raised:
        await provider.poll(submitted.handle)
    assert not raised.value.retryable


async def test_a_cancelled_answer_is_refused_and_cancelling_is_quiet(fake, made):
    fake.background = "manual"
    provider = made(fake.base_url)
    submitted = await provider.submit(QUESTION)
    await provider.cancel(submitted.handle)
    assert fake.submissions[0].status == "cancelled"
    await provider.cancel(submitted.handle)
    await provider.cancel("resp_unknown")
    await provider.cancel("../../etc")
    assert fake.labels.count("cancel") == 3
    with pytest.raises(ProviderRefused, match="was cancelled"):
        await provider.poll(submitted.handle)


@pytest.mark.parametrize("handle", ["../models", "resp_1/cancel", "a b", "", "x" * 300])
async def test_a_handle_that_is_none_goes_nowhere(fake, made, handle):
    with pytest.raises(ProviderRefused, match="not an id"):
        await made(fake.base_url).poll(handle)
    assert fake.calls == []


@pytest.mark.parametrize("kind", ["reset", "not_json", "schema", "truncated", "empty"])
async def test_a_poll_that_goes_wrong_may_be_repeated(fake, made, kind):
    provider = made(fake.base_url)
    submitted = await provider.submit(QUESTION)
    fake.spoil_next(kind, label="poll")
    with pytest.raises(ProviderUnavailable):
        await provider.poll(submitted.handle)
    await provider.poll(submitted.handle)
    assert isinstance(await provider.poll(submitted.handle), TextAnswer)
    assert fake.paid == ["draft"]


async def test_a_poll_that_is_asked_to_pause_does(fake, made):
    provider = made(fake.base_url)
    submitted = await provider.submit(QUESTION)
    fake.fail_next(429, headers={"Retry-After": "30"}, label="poll")
    with pytest.raises(ProviderBusy) as raised:
        await provider.poll(submitted.handle)
    assert raised.value.retry_after_seconds == 30


async def test_an_order_that_is_refused_for_its_content_is_told_so(fake, made):
    fake.fail_next(400, body=CONTENT_REFUSED)
    with pytest.raises(ContentRefused, match="safety system"):
        await made(fake.base_url).submit(QUESTION)


@pytest.mark.parametrize(
    "body",
    [
        {"id": 7, "status": "queued"},
        {"status": "in_progress", "id": ""},
        {"id": "resp_1", "status": ["completed"], "output": []},
        {"id": "resp_1", "status": "completed", "output": {"type": "message"}},
    ],
)
async def test_a_response_with_fields_of_the_wrong_type_is_malformed(fake, made, body):
    fake.fail_next(200, body=body)
    with pytest.raises(ProviderUnavailable, match="sent an answer that"):
        await made(fake.base_url).submit(QUESTION)


async def test_parts_of_the_wrong_type_are_no_text(fake, made):
    output = [7, {"type": "message", "content": [None, {"type": "output_text", "text": 7}, {"type": "refusal"}]}]
    usage = {"input_tokens": -1, "output_tokens": "many", "input_tokens_details": [], "cost": "much"}
    body = {"id": "resp_1", "status": "completed", "output": output, "usage": usage, "model": 7, "text": "x"}
    fake.fail_next(200, body=body)
    with pytest.raises(AnswerUnusable, match="empty answer"):
        await made(fake.base_url).complete(QUESTION)
