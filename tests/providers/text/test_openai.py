"""The OpenAI text provider against a server that speaks the wire format, over real sockets."""

import asyncio
import json
import re
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from blogen.errors import AnswerLost, AnswerUnusable, ContentRefused, ProviderBusy, ProviderRefused, ProviderUnavailable
from blogen.providers.protocols import TextModel, TextRequest
from blogen.providers.text.openai import Config, Provider, json_object
from tests.fakes.openai_server import CONTENT_REFUSED, CONTEXT_TOO_LONG, MODEL, NO_CREDIT, FakeOpenAI

KEY = "sk-a-very-secret-key-1234567890"
SHAPE = {
    "type": "object",
    "title": "Outline",
    "properties": {
        "title": {"type": "string", "default": "", "maxLength": 90},
        "sections": {"type": "array", "items": {"$ref": "#/$defs/Part"}, "minItems": 2, "maxItems": 4},
    },
    "required": ["sections"],
    "$defs": {"Part": {"type": "object", "properties": {"key": {"type": "string"}, "words": {"type": "integer"}}}},
}
QUESTION = TextRequest(system="You are terse.", user="Say something about [s1.1] tea keeps.", purpose="draft")
SHAPED = TextRequest(system="", user="Outline it.", purpose="outline", json_schema=SHAPE)


@pytest.fixture
async def fake():
    async with FakeOpenAI(key=KEY) as server:
        yield server


@pytest.fixture
async def made():
    """Makes providers and closes them."""
    providers = []

    def make(base_url, **config):
        config = {"api_key": KEY, "model": MODEL, "timeout_seconds": 5, **config}
        provider = Provider("text.main", Config(kind="openai", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


async def test_an_answer_comes_with_its_usage_and_cost(fake, made):
    provider = made(fake.base_url, input_usd_per_million=0.25, output_usd_per_million=2)
    answer = await provider.complete(QUESTION)
    assert isinstance(provider, TextModel)
    assert "[^s1.1]" in answer.text
    assert answer.usage.provider == "text.main"
    assert answer.usage.model == MODEL
    expected = round(answer.usage.input_tokens * 0.25 + answer.usage.output_tokens * 2)
    assert answer.usage.cost_usd_micros == expected > 0
    assert fake.labels == ["draft"]
    assert fake.calls[0].body["messages"][0] == {"role": "system", "content": "You are terse."}


async def test_without_a_price_the_cost_is_unknown_and_on_this_machine_it_is_nothing(fake, made):
    local = made(fake.base_url)
    assert local.is_free
    assert (await local.complete(QUESTION)).usage.cost_usd_micros == 0
    paid = made(fake.base_url, free=False)
    assert not paid.is_free
    assert (await paid.complete(QUESTION)).usage.cost_usd_micros is None
    assert not made("https://api.openai.com/v1").is_free
    assert made("https://gpu.example.com/v1", free=True).is_free


async def test_a_shape_is_asked_for_as_a_strict_schema(fake, made):
    answer = await made(fake.base_url).complete(SHAPED)
    assert len(json.loads(answer.text)["sections"]) >= 2
    sent = fake.calls[0].body["response_format"]["json_schema"]
    assert sent["name"] == "outline"
    assert sent["strict"] is True
    assert sent["schema"]["required"] == ["title", "sections"]
    assert sent["schema"]["additionalProperties"] is False
    assert sent["schema"]["$defs"]["Part"]["required"] == ["key", "words"]
    assert "default" not in sent["schema"]["properties"]["title"]


@pytest.mark.parametrize(
    ("refuses", "kinds"),
    [
        (("json_schema",), ["json_schema", "json_object"]),
        (("json_schema", "json_object"), ["json_schema", "json_object", None]),
        (("response_format",), ["json_schema", "json_object", None]),
    ],
)
async def test_a_server_without_structured_output_is_asked_plainer_and_that_is_remembered(fake, made, refuses, kinds):
    fake.refuses = refuses
    provider = made(fake.base_url)
    for _ in range(2):
        assert "sections" in json.loads((await provider.complete(SHAPED)).text)
    asked = [(call.body.get("response_format") or {}).get("type") for call in fake.calls]
    assert asked == [*kinds, kinds[-1]]
    assert len(fake.paid) == 2
    assert "JSON Schema" in fake.calls[-1].prompt


@pytest.mark.parametrize("forced", ["object", "none"])
async def test_the_way_to_ask_for_a_shape_can_be_forced(fake, made, forced):
    await made(fake.base_url, json_output=forced).complete(SHAPED)
    kind = (fake.calls[0].body.get("response_format") or {}).get("type")
    assert kind == {"object": "json_object", "none": None}[forced]


async def test_a_forced_way_is_not_left_when_it_is_refused(fake, made):
    fake.refuses = ("json_schema",)
    with pytest.raises(ProviderRefused, match="json_schema"):
        await made(fake.base_url, json_output="schema").complete(SHAPED)
    assert all("response_format" in call.body for call in fake.calls)


async def test_unknown_fields_are_left_out_one_by_one_and_only_one_call_is_paid(fake, made):
    fake.refuses = ("stream_options", "temperature", "max_tokens", "max_completion_tokens", "json_schema", "system")
    provider = made(fake.base_url)
    request = SHAPED.model_copy(update={"temperature": 0.2, "max_output_tokens": 900, "system": "Be kind."})
    pieces: list[str] = []
    answer = await provider.complete(request, stream=pieces.append)
    assert "sections" in json.loads(answer.text)
    assert len(fake.paid) == 1
    assert len(fake.calls) == 7
    await provider.complete(request, stream=pieces.append)
    assert len(fake.calls) == 8, "what worked is remembered"
    assert "Be kind." in fake.calls[-1].prompt


async def test_a_refusal_that_names_no_field_is_tried_plainer_and_then_told_in_the_first_words(fake, made):
    for _ in range(9):
        fake.fail_next(422, body={"detail": "unprocessable"})
    with pytest.raises(ProviderRefused, match=r"refused the request \(422\): unprocessable"):
        await made(fake.base_url).complete(SHAPED)
    assert 1 < len(fake.calls) < 6
    assert not fake.paid


async def test_max_completion_tokens_is_tried_where_max_tokens_is_refused(fake, made):
    fake.refuses = ("max_tokens",)
    provider = made(fake.base_url)
    await provider.complete(QUESTION.model_copy(update={"max_output_tokens": 500}))
    assert fake.calls[-1].body["max_completion_tokens"] == 500
    assert "max_tokens" not in fake.calls[-1].body


async def test_a_stream_shows_the_text_as_it_comes_and_tells_the_usage(fake, made):
    pieces: list[str] = []
    answer = await made(fake.base_url).complete(QUESTION, stream=pieces.append)
    assert len(pieces) > 5
    assert "".join(pieces).strip() == answer.text
    assert answer.usage.input_tokens > 0
    assert fake.calls[0].body["stream_options"] == {"include_usage": True}


async def test_a_stream_without_usage_has_a_guessed_cost_and_is_not_chosen_again_where_money_counts(made):
    async with FakeOpenAI(usage=False) as fake:
        provider = made(fake.base_url, input_usd_per_million=1, output_usd_per_million=1)
        answer = await provider.complete(QUESTION, stream=lambda _: None)
        assert answer.usage.accuracy == "guessed"
        assert answer.usage.cost_usd_micros == answer.usage.input_tokens + answer.usage.output_tokens > 20
        fake.usage = True
        answer = await provider.complete(QUESTION, stream=lambda _: None)
        assert answer.usage.cost_usd_micros > 0
        assert answer.usage.accuracy == "computed"
        assert "stream" not in fake.calls[1].body
        assert len(fake.paid) == 2


@pytest.mark.parametrize("streams", [False, True])
async def test_reasoning_never_reaches_the_text(fake, made, streams):
    fake.spoil_next("think")
    pieces: list[str] = []
    answer = await made(fake.base_url).complete(QUESTION, stream=pieces.append if streams else None)
    assert answer.text
    for text in (answer.text, "".join(pieces)):
        assert "think" not in text
        assert "weigh" not in text


THINKING = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "I weigh this."}]},
    {"type": "reasoning", "text": "I weigh that."},
    {"type": "text", "text": "Tea "},
    {"type": "text", "text": "keeps."},
]


@pytest.mark.parametrize("streams", [False, True])
async def test_parts_of_an_answer_that_are_reasoning_are_no_text(fake, made, streams):
    chunk = {"id": "c", "model": MODEL, "object": "chat.completion.chunk", "created": 1}
    delta = {"content": THINKING, "reasoning": "I weigh.", "reasoning_content": "I weigh."}
    if streams:
        lines = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]}]
        body = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
        fake.fail_next(200, headers={"Content-Type": "text/event-stream"}, body=body)
    else:
        fake.fail_next(200, body={"choices": [{"message": delta, "finish_reason": "stop"}]})
    pieces: list[str] = []
    answer = await made(fake.base_url).complete(QUESTION, stream=pieces.append if streams else None)
    assert answer.text == "Tea keeps."
    assert "".join(pieces) == ("Tea keeps." if streams else "")


@pytest.mark.parametrize(
    ("told", "error", "words"),
    [
        ({"error": {"code": 502, "message": "Provider disconnected"}, "choices": []}, ProviderUnavailable, "(502)"),
        ({"error": {"code": 429, "message": "Slow down"}, "choices": []}, ProviderBusy, "(429)"),
        (
            {
                "choices": [
                    {"index": 0, "delta": {}, "error": {"code": 502, "message": "Gone"}, "finish_reason": "error"}
                ]
            },
            ProviderUnavailable,
            "Gone",
        ),
        (
            {"error": {"code": "content_filter", "message": "The response was filtered"}},
            ContentRefused,
            "was filtered",
        ),
    ],
)
async def test_an_error_in_the_middle_of_a_stream_is_told_in_its_kind(fake, made, told, error, words):
    chunk = {"id": "c", "model": MODEL, "object": "chat.completion.chunk", "created": 1}
    begun = {**chunk, "choices": [{"index": 0, "delta": {"content": "Tea "}, "finish_reason": None}]}
    body = "".join(f"data: {json.dumps(line)}\n\n" for line in (begun, {**chunk, **told})) + "data: [DONE]\n\n"
    fake.fail_next(200, headers={"Content-Type": "text/event-stream"}, body=body)
    with pytest.raises(error, match=re.escape(words)):
        await made(fake.base_url).complete(QUESTION, stream=lambda _: None)


async def test_a_repetition_carries_the_same_key_and_a_plainer_form_another(fake, made):
    fake.refuses = ("temperature",)
    provider = made(fake.base_url)
    request = QUESTION.model_copy(update={"temperature": 0.2, "reference": "job/draft:ä\r\nX: 1/1"})
    await provider.complete(request)
    await provider.complete(request)
    await provider.complete(QUESTION)
    key = "job/draft:---X:-1/1"
    assert [call.reference for call in fake.calls] == [key, f"{key}.1", key, ""]


async def test_a_developers_role_falls_back_to_the_systems(fake, made):
    fake.fail_next(400, body={"error": {"message": "Unexpected role 'developer'", "param": "messages[0].role"}})
    provider = made(fake.base_url, system_role="developer")
    await provider.complete(QUESTION)
    assert [call.body["messages"][0]["role"] for call in fake.calls] == ["developer", "system"]


@pytest.mark.parametrize("streams", [False, True])
async def test_an_object_among_other_words_is_found(fake, made, streams):
    fake.spoil_next("stray_json")
    answer = await made(fake.base_url).complete(SHAPED, stream=(lambda _: None) if streams else None)
    assert "sections" in json.loads(answer.text)


async def test_a_server_that_ignores_the_order_for_a_shape_is_told_in_words_the_next_time(made):
    async with FakeOpenAI(answerer=lambda prompt, _: "Certainly: an outline!") as fake:
        provider = made(fake.base_url)
        assert (await provider.complete(SHAPED)).text == "Certainly: an outline!", "the caller may repair it"
        await provider.complete(SHAPED)
        assert fake.calls[1].body["response_format"] == {"type": "json_object"}
        assert "JSON Schema" in fake.calls[1].prompt


REFUSED = [
    ("a wrong key", {"status": 401}, r"^The key in \[text\.main\] was refused \(401\)\. Check api_key or api_key_file"),
    ("no permission", {"status": 403}, r"may not do this \(403\).*may use the model 'fake-1'"),
    (
        "too long",
        {"status": 400, "body": CONTEXT_TOO_LONG},
        r"too long for the model 'fake-1'.*fewer or shorter sources",
    ),
    ("content", {"status": 400, "body": CONTENT_REFUSED}, r"refused the content.*Change the topic"),
    ("no credit", {"status": 429, "body": NO_CREDIT}, r"no credit left \(429\).*Top it up"),
    (
        "payment required",
        {"status": 402, "body": {"error": {"message": "Insufficient Balance"}}},
        r"no credit left \(402\)",
    ),
    (
        "a wrong path",
        {"status": 404, "body": {"error": "page not found"}},
        r"does not have what .* asks for.*Check base_url",
    ),
    ("too large", {"status": 413, "body": "too large"}, r"too long"),
    (
        "a key refused as 400",
        {"status": 400, "body": {"error": {"message": "API key not valid. Please pass one."}}},
        r"key in",
    ),
    (
        "a redirect",
        {"status": 308, "headers": {"Location": "https://new.example.com/v1/x"}},
        r"redirects.*new\.example\.com",
    ),
]


@pytest.mark.parametrize(("what", "fault", "words"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_what_repeating_cannot_mend_is_refused_with_a_remedy(fake, made, what, fault, words):
    fake.fail_next(**fault)
    with pytest.raises(ProviderRefused, match=words) as raised:
        await made(fake.base_url).complete(QUESTION)
    assert raised.value.provider == "text.main"
    assert not raised.value.retryable
    assert len(fake.calls) == 1
    assert "sk-" not in str(raised.value)


async def test_an_unknown_model_is_named(fake, made):
    with pytest.raises(ProviderRefused, match="does not know the model 'gpt-nope' \\(404\\)"):
        await made(fake.base_url, model="gpt-nope").complete(QUESTION)


async def test_a_key_that_is_missing_is_told_apart_from_a_wrong_one(fake, made):
    with pytest.raises(ProviderRefused, match="asks for a key \\(401\\), and none is set"):
        await made(fake.base_url, api_key=None).complete(QUESTION)
    assert "Authorization" not in fake.calls[0].headers


async def test_a_refusal_in_words_is_refused(fake, made):
    for kind in ("refusal", "content_filter"):
        for stream in (None, lambda _: None):
            fake.spoil_next(kind)
            with pytest.raises(ContentRefused, match="refused the content"):
                await made(fake.base_url).complete(QUESTION, stream=stream)


UNAVAILABLE = [
    ("429", {"status": 429}, 5, r"asks for a pause \(429\)"),
    ("500", {"status": 500}, 5, r"failed \(500\)"),
    ("503", {"status": 503}, 5, r"overloaded"),
    ("529", {"status": 529, "body": "busy"}, 5, r"failed \(529\): busy"),
    ("408", {"status": 408}, 5, r"failed \(408\)"),
]


@pytest.mark.parametrize(("what", "fault", "seconds", "words"), UNAVAILABLE, ids=[row[0] for row in UNAVAILABLE])
async def test_what_may_pass_is_unavailable(fake, made, what, fault, seconds, words):
    fake.fail_next(**fault)
    with pytest.raises(ProviderUnavailable, match=words) as raised:
        await made(fake.base_url, timeout_seconds=seconds).complete(QUESTION)
    assert raised.value.retryable
    assert raised.value.retry_after_seconds is None
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("kind", "streams"),
    [
        ("broken_json", False), ("not_json", False), ("schema", False), ("empty", False), ("not_a_completion", False),
        ("no_choices", False), ("not_json", True), ("schema", True), ("truncated", False), ("truncated", True),
        ("reset", False), ("reset", True), ("cut_stream", True), ("error_in_stream", True),
    ],
)  # fmt: skip
async def test_a_broken_answer_is_lost_and_may_have_been_paid_for(fake, made, kind, streams):
    fake.spoil_next(kind)
    with pytest.raises(AnswerLost, match=r"\[text\.main\]"):
        await made(fake.base_url).complete(QUESTION, stream=(lambda _: None) if streams else None)
    assert len(fake.calls) == 1


@pytest.mark.parametrize("kind", ["hang", "drip"])
async def test_a_server_that_never_ends_is_given_up_in_time(fake, made, kind):
    fake.spoil_next(kind, seconds=0.02)
    begun = time.monotonic()
    with pytest.raises(ProviderUnavailable, match=r"did not answer within 0\.4 s"):
        await made(fake.base_url, timeout_seconds=0.4).complete(QUESTION)
    assert time.monotonic() - begun < 3.5  # the first call also imports the SDK


async def test_a_page_where_a_stream_was_expected_is_named_as_what_it_is(fake, made):
    fake.spoil_next("not_json")
    with pytest.raises(AnswerLost, match=r"is no stream\..*check that base_url"):
        await made(fake.base_url).complete(QUESTION, stream=lambda _: None)


async def test_a_check_survives_json_that_nests_without_end(fake, made):
    fake.spoil_next("deep")
    health = await made(fake.base_url).check()
    assert not health.ok
    assert "could not be read" in health.detail


async def test_a_stream_that_stalls_is_given_up_before_the_whole_time_is_over(fake, made):
    fake.spoil_next("stall", seconds=30)
    with pytest.raises(AnswerLost, match=r"nothing came for 0\.2 s"):
        await made(fake.base_url, stall_seconds=0.2).complete(QUESTION, stream=lambda _: None)


def _in(seconds):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda: "7", 7),
        (lambda: "0.5", 0.5),
        (lambda: _in(90), 90),
        (lambda: _in(-90), 0),
        (lambda: "soon", None),
        (lambda: "nan", None),
    ],
    ids=["seconds", "a fraction", "a date", "a date in the past", "words", "not a number"],
)
async def test_retry_after_is_handed_on(fake, made, value, expected):
    fake.fail_next(429, headers={"Retry-After": value()})
    with pytest.raises(ProviderUnavailable) as raised:
        await made(fake.base_url).complete(QUESTION)
    if expected is None:
        assert raised.value.retry_after_seconds is None
    else:
        assert raised.value.retry_after_seconds == pytest.approx(expected, abs=5 if expected > 10 else 0.01)


async def test_a_refused_connection_an_unknown_name_and_a_failed_handshake_are_unavailable(fake, made):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ProviderUnavailable, match=r"\[text\.main\] at .* refused the connection\..*running"):
        await made(f"http://127.0.0.1:{port}/v1").complete(QUESTION)
    with pytest.raises(ProviderUnavailable, match="could not be resolved"):
        await made("http://no-such-host.invalid/v1").complete(QUESTION)
    with pytest.raises(ProviderUnavailable, match=r"No safe connection.*Is it https"):
        await made(fake.base_url.replace("http:", "https:")).complete(QUESTION)


@pytest.mark.parametrize("streams", [False, True])
async def test_empty_and_cut_answers_are_unusable_and_keep_what_came_and_what_it_cost(fake, made, streams):
    stream = (lambda _: None) if streams else None
    fake.spoil_next("no_text")
    with pytest.raises(AnswerUnusable, match="empty answer"):
        await made(fake.base_url).complete(QUESTION, stream=stream)
    fake.spoil_next("length")
    with pytest.raises(AnswerUnusable, match="length limit") as raised:
        await made(fake.base_url).complete(QUESTION, stream=stream)
    assert raised.value.raw
    assert raised.value.usage.output_tokens > 0


@pytest.mark.parametrize("streams", [False, True])
async def test_an_answer_of_fifty_megabytes_is_refused_while_it_comes(fake, made, streams):
    fake.spoil_next("huge")
    with pytest.raises(AnswerUnusable, match="more than 5 MB"):
        await made(fake.base_url).complete(QUESTION, stream=(lambda _: None) if streams else None)


async def test_the_check_spends_nothing_and_tells_what_is_wrong(fake, made):
    good = await made(fake.base_url).check()
    assert good.ok
    assert MODEL in good.detail
    typo = await made(fake.base_url, model="fake-2").check()
    assert not typo.ok
    assert "fake-1" in typo.remedy
    wrong = await made(fake.base_url, api_key="sk-wrong-and-secret").check()
    assert not wrong.ok
    assert "(401)" in wrong.detail
    assert "sk-" not in wrong.detail + wrong.remedy
    fake.fail_next(404, body="nothing here", label="models")
    assert (await made(fake.base_url).check()).ok
    assert set(fake.labels) == {"models"}


@pytest.mark.parametrize("key", [KEY, "plain0secret0without0form"])
async def test_a_key_is_in_no_message_even_if_the_server_repeats_it(made, key):
    async with FakeOpenAI() as fake:
        for status in (400, 403, 422, 429, 500):
            fake.fail_next(status, body={"error": {"message": f"Bad key {key}, sent as Bearer {key}"}})
            with pytest.raises((ProviderRefused, ProviderUnavailable)) as raised:
                await made(fake.base_url, api_key=key).complete(QUESTION.model_copy(update={"system": ""}))
            assert key not in str(raised.value)
            assert "Bad key …" in str(raised.value)


async def test_a_cancelled_call_leaves_the_provider_usable(fake, made):
    provider = made(fake.base_url)
    fake.hold("draft")
    call = asyncio.create_task(provider.complete(QUESTION))
    await fake.received("draft")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await fake.release()
    assert (await provider.complete(QUESTION)).text


async def test_the_sdk_is_not_imported_with_the_module(fake):
    code = "import sys, blogen.providers.text.openai, blogen.providers.image.openai; print('openai' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.strip() == b"False"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('Well: {"a": {"b": "}"}} done', '{"a": {"b": "}"}}'),
        ('{not json} {"a": 2}', '{"a": 2}'),
        ("[1, 2]", None),
        ("{" * 10_000, None),
        ("none", None),
    ],
)
def test_the_first_object_in_a_text_is_found(text, expected):
    assert json_object(text) == expected
