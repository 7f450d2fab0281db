"""The Anthropic text provider against a server that speaks the wire format, over real sockets."""

import asyncio
import json
import socket
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from blogen.errors import AnswerLost, AnswerUnusable, ContentRefused, ProviderBusy, ProviderRefused, ProviderUnavailable
from blogen.providers.protocols import CanPrice, TextModel, TextRequest
from blogen.providers.text.anthropic import Config, Provider
from tests.fakes.anthropic_server import (
    CONTENT_BLOCKED,
    DATED,
    MAX_TOKENS_TOO_HIGH,
    MODEL,
    NO_CREDIT,
    PROMPT_TOO_LONG,
    FakeAnthropic,
    known_error,
)

KEY = "sk-ant-a-very-secret-key-1234567890"
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
FREE_KEYS = {"type": "object", "properties": {"slugs": {"type": "object", "additionalProperties": {"type": "string"}}}}
QUESTION = TextRequest(system="You are terse.", user="Say something about [s1.1] tea keeps.", purpose="draft")
SHAPED = TextRequest(system="", user="Outline it.", purpose="outline", json_schema=SHAPE)


@pytest.fixture
async def fake():
    async with FakeAnthropic(key=KEY) as server:
        yield server


@pytest.fixture
async def made():
    """Makes providers and closes them."""
    providers = []

    def make(base_url, **config):
        config = {"api_key": KEY, "model": MODEL, "timeout_seconds": 5, **config}
        provider = Provider("text.main", Config(kind="anthropic", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


def unseen(_piece):
    """A stream that nobody looks at."""


async def test_an_answer_comes_with_its_usage_and_cost(fake, made):
    provider = made(fake.base_url, input_usd_per_million=3, output_usd_per_million=15)
    answer = await provider.complete(QUESTION)
    assert isinstance(provider, TextModel)
    assert isinstance(provider, CanPrice)
    assert "[^s1.1]" in answer.text
    usage = answer.usage
    assert usage.provider == "text.main"
    assert usage.model == DATED
    assert usage.cost_usd_micros == usage.input_tokens * 3 + usage.output_tokens * 15 > 0
    assert fake.labels == ["draft"]
    sent = fake.calls[0]
    assert sent.body == {
        "model": MODEL,
        "max_tokens": 16_000,
        "system": "You are terse.",
        "messages": [{"role": "user", "content": QUESTION.user}],
    }
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert "Idempotency-Key" not in sent.headers


async def test_an_address_that_ends_in_v1_is_understood(fake, made):
    assert (await made(f"{fake.base_url}/v1").complete(QUESTION)).text
    assert fake.calls[0].path == "/v1/messages"


async def test_the_smaller_limit_of_an_answer_counts(fake, made):
    provider = made(fake.base_url, max_output_tokens=3000)
    for asked in (500, 9000):
        await provider.complete(QUESTION.model_copy(update={"max_output_tokens": asked}))
    assert [call.body["max_tokens"] for call in fake.calls] == [500, 3000]


async def test_tokens_of_the_cache_are_counted_at_their_own_price(fake, made):
    fake.usage = {
        "input_tokens": 100, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 1000, "output_tokens": 10,
    }  # fmt: skip
    for stream in (None, unseen):
        provider = made(fake.base_url, input_usd_per_million=3, output_usd_per_million=15)
        usage = (await provider.complete(QUESTION, stream=stream)).usage
        assert (usage.input_tokens, usage.output_tokens) == (1300, 10)
        assert usage.cost_usd_micros == round((100 + 200 * 1.25 + 1000 * 0.1) * 3 + 10 * 15)


async def test_what_a_call_may_cost_is_known_before_it_is_made(fake, made):
    provider = made(fake.base_url, input_usd_per_million=3, output_usd_per_million=15, max_output_tokens=1000)
    for request in (QUESTION, SHAPED):
        most = provider.most_usd_micros(request)
        cost = (await provider.complete(request)).usage.cost_usd_micros
        assert cost <= most
        assert most >= 1000 * 15
    assert made(fake.base_url).most_usd_micros(QUESTION) == 0, "it is on this machine"
    assert made("https://gateway.example.com").most_usd_micros(QUESTION) is None
    assert made("https://gateway.example.com", usd_per_call=0.02).most_usd_micros(QUESTION) == 20_000
    short = QUESTION.model_copy(update={"max_output_tokens": 10})
    assert provider.most_usd_micros(short) < provider.most_usd_micros(QUESTION)


async def test_without_a_price_the_cost_is_unknown_and_on_this_machine_it_is_nothing(fake, made):
    assert (await made(fake.base_url).complete(QUESTION)).usage.cost_usd_micros == 0
    paid = made(fake.base_url, free=False)
    assert not paid.is_free
    assert (await paid.complete(QUESTION)).usage.cost_usd_micros is None
    assert not made("https://api.anthropic.com").is_free


def test_one_price_alone_is_refused():
    with pytest.raises(ValidationError, match="give both"):
        Config(kind="anthropic", model=MODEL, input_usd_per_million=1)


@pytest.mark.parametrize("stream", [None, unseen], ids=["whole", "streamed"])
async def test_a_shape_is_asked_for_as_structured_output(fake, made, stream):
    answer = await made(fake.base_url).complete(SHAPED, stream=stream)
    assert len(json.loads(answer.text)["sections"]) >= 2
    sent = fake.calls[0].body["output_config"]["format"]
    assert sent["type"] == "json_schema"
    assert sent["schema"]["additionalProperties"] is False
    assert sent["schema"]["required"] == ["title", "sections"]
    assert "maxItems" not in sent["schema"]["properties"]["sections"]
    assert "tools" not in fake.calls[0].body


@pytest.mark.parametrize("stream", [None, unseen], ids=["whole", "streamed"])
async def test_a_model_without_structured_output_is_asked_plainer_and_that_is_remembered(fake, made, stream):
    fake.refuses = ("format",)
    provider = made(fake.base_url)
    for _ in range(2):
        assert "sections" in json.loads((await provider.complete(SHAPED, stream=stream)).text)
    assert ["tools" in call.body for call in fake.calls] == [False, True, True]
    assert fake.calls[-1].body["tool_choice"] == {"type": "tool", "name": "outline"}
    assert len(fake.paid) == 2


async def test_a_gateway_that_knows_neither_is_asked_by_words(fake, made):
    fake.refuses = ("format", "tools")
    answer = await made(fake.base_url).complete(SHAPED)
    assert "sections" in json.loads(answer.text)
    assert "JSON Schema" in fake.calls[-1].prompt
    assert len(fake.paid) == 1
    assert len(fake.calls) == 3


async def test_a_server_that_ignores_the_order_for_a_shape_is_asked_more_plainly_the_next_time(fake, made):
    fake.ignores_shapes = True
    provider = made(fake.base_url)
    for _ in range(3):
        assert (await provider.complete(SHAPED)).text, "the caller may repair it"
    asked = [(("output_config" in call.body), ("tools" in call.body)) for call in fake.calls]
    assert asked == [(True, False), (False, True), (False, False)]


@pytest.mark.parametrize(("forced", "key"), [("tool", "tools"), ("schema", "output_config"), ("none", "system")])
async def test_the_way_to_ask_for_a_shape_can_be_forced_and_is_not_left(fake, made, forced, key):
    provider = made(fake.base_url, json_output=forced)
    assert "sections" in json.loads((await provider.complete(SHAPED)).text)
    assert key in fake.calls[0].body
    fake.refuses = ("format", "tools", "system")
    with pytest.raises(ProviderRefused, match="not support"):
        await provider.complete(SHAPED)
    assert len(fake.calls) == 2


async def test_free_keys_which_structured_output_would_forbid_are_asked_for_by_a_tool(fake, made):
    answer = await made(fake.base_url).complete(SHAPED.model_copy(update={"json_schema": FREE_KEYS}))
    assert "slugs" in json.loads(answer.text)
    assert fake.calls[0].body["tools"][0]["input_schema"] == FREE_KEYS


async def test_an_object_among_other_words_is_found(fake, made):
    fake.spoil_next("stray_json")
    assert "sections" in json.loads((await made(fake.base_url).complete(SHAPED)).text)


async def test_a_temperature_goes_to_the_version_of_the_api_that_has_one(fake, made):
    await made(fake.base_url, temperature=0.3).complete(QUESTION)
    assert fake.calls[0].body["temperature"] == 0.3
    assert fake.calls[0].headers["anthropic-version"] == "2023-06-01"
    await made(fake.base_url).complete(QUESTION.model_copy(update={"temperature": 1.7}))
    assert fake.calls[1].body["temperature"] == 1.0


async def test_a_model_that_takes_no_temperature_is_asked_without_and_that_is_remembered(fake, made):
    fake.refuses = ("temperature",)
    provider = made(fake.base_url, temperature=0.3)
    for _ in range(2):
        assert (await provider.complete(QUESTION)).text
    assert ["temperature" in call.body for call in fake.calls] == [True, False, False]
    assert fake.calls[1].headers["anthropic-version"] == "2026-10-21"


async def test_the_effort_is_sent_beside_the_shape(fake, made):
    await made(fake.base_url, effort="low").complete(SHAPED)
    assert fake.calls[0].body["output_config"]["effort"] == "low"
    assert "format" in fake.calls[0].body["output_config"]


async def test_our_reference_is_the_idempotency_key(fake, made):
    provider = made(fake.base_url)
    for reference in ("0199-job/draft:a#2", "ein Schlüssel mit Ö", "ein Schlüssel mit Ä"):
        await provider.complete(QUESTION.model_copy(update={"reference": reference}))
    sent = [call.headers["Idempotency-Key"] for call in fake.calls]
    assert sent[0] == "0199-job/draft:a#2"
    assert len(set(sent)) == 3


async def test_a_stream_shows_the_text_as_it_comes_and_tells_the_usage(fake, made):
    pieces: list[str] = []
    answer = await made(fake.base_url).complete(QUESTION, stream=pieces.append)
    assert len(pieces) > 5
    assert "".join(pieces).strip() == answer.text
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 1, "the last count is the total"


@pytest.mark.parametrize("streams", [False, True])
async def test_thinking_never_reaches_the_text(fake, made, streams):
    fake.spoil_next("think")
    pieces: list[str] = []
    answer = await made(fake.base_url).complete(QUESTION, stream=pieces.append if streams else None)
    assert answer.text
    assert "".join(pieces).strip() == (answer.text if streams else "")
    assert "weigh" not in answer.text + "".join(pieces)


async def test_a_quota_that_is_used_up_asks_for_a_pause_before_the_next_call(fake, made):
    soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    later = (datetime.now(UTC) + timedelta(seconds=50)).isoformat().replace("+00:00", "Z")
    fake.quotas = {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": soon,
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": later,
        "anthropic-ratelimit-input-tokens-remaining": "7",
        "anthropic-ratelimit-input-tokens-reset": "nonsense",
    }
    for stream in (None, unseen):
        assert (await made(fake.base_url).complete(QUESTION, stream=stream)).usage.pause_seconds == pytest.approx(
            50, abs=3
        )
    fake.quotas = {}
    assert (await made(fake.base_url).complete(QUESTION)).usage.pause_seconds == 0


def told(message, kind="invalid_request_error", code=None):
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": kind, "message": message, **details}, "request_id": "req_1"}


REFUSED = [
    ("a wrong key", 401, None, r"^The key in \[text\.main\] was refused \(401\)\. Check api_key or api_key_file"),
    ("no permission", 403, None, r"may not do this \(403\).*may use the model 'claude-fake-5'"),
    ("too long", 400, told(PROMPT_TOO_LONG), r"too long for the model .*fewer or shorter sources"),
    ("too large", 413, None, r"too long for the model"),
    ("answers too long", 400, told(MAX_TOKENS_TOO_HIGH), r"does not answer at such length.*Lower max_output_tokens"),
    ("no credit", 400, told(NO_CREDIT), r"no credit left \(400\).*Top it up"),
    ("unpaid", 402, None, r"no credit left \(402\)"),
    (
        "a spent tier",
        429,
        told("Your usage has crossed a threshold.", "rate_limit_error", "enforced_spend_limit_reached"),
        r"no credit left \(429\)",
    ),
    ("a gateway's model", 400, told("Invalid model name passed in model=claude-fake-5"), r"does not know the model"),
    ("a wrong path", 404, "page not found", r"does not have what .* asks for \(404\)\. Check base_url"),
    ("nothing known", 400, None, r"refused the request \(400\): messages: at least one message is required\."),
]  # fmt: skip


@pytest.mark.parametrize(("what", "status", "body", "words"), REFUSED, ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("stream", [None, unseen], ids=["whole", "streamed"])
async def test_what_repeating_cannot_mend_is_refused_with_a_remedy(fake, made, what, status, body, words, stream):
    fake.fail_next(status, body=body)
    with pytest.raises(ProviderRefused, match=words) as raised:
        await made(fake.base_url).complete(QUESTION, stream=stream)
    assert raised.value.provider == "text.main"
    assert not raised.value.retryable
    assert not isinstance(raised.value, ContentRefused)
    assert len(fake.calls) == 1


async def test_an_unknown_model_is_named(fake, made):
    with pytest.raises(ProviderRefused, match=r"does not know the model 'claude-nope' \(404\)"):
        await made(fake.base_url, model="claude-nope").complete(QUESTION)


async def test_a_key_that_is_missing_is_told_apart_from_a_wrong_one_and_none_is_taken_from_elsewhere(
    fake, made, monkeypatch
):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with pytest.raises(ProviderRefused, match=r"asks for a key \(401\), and none is set"):
        await made(fake.base_url, api_key=None).complete(QUESTION)
    assert {"Authorization", "X-Api-Key"}.isdisjoint(fake.calls[0].headers)


@pytest.mark.parametrize("stream", [None, unseen], ids=["whole", "streamed"])
async def test_refused_content_is_told_apart_from_refused_calls(fake, made, stream):
    fake.spoil_next("refusal")
    with pytest.raises(ContentRefused, match=r"refused the content: This could do harm\. Change the topic"):
        await made(fake.base_url).complete(QUESTION, stream=stream)
    fake.fail_next(400, body=told(CONTENT_BLOCKED))
    with pytest.raises(ContentRefused, match="Output blocked"):
        await made(fake.base_url).complete(QUESTION, stream=stream)


UNAVAILABLE = [
    ("500", {"status": 500}, r"failed \(500\): Internal server error"),
    ("503", {"status": 503, "body": "<html>busy</html>"}, r"failed \(503\)\."),
    ("529", {"status": 529}, r"failed \(529\): Overloaded"),
    ("408", {"status": 408, "body": "slow"}, r"failed \(408\): slow"),
]


@pytest.mark.parametrize(("what", "fault", "words"), UNAVAILABLE, ids=[row[0] for row in UNAVAILABLE])
async def test_what_may_pass_is_unavailable(fake, made, what, fault, words):
    fake.fail_next(**fault, headers={"Retry-After": "3"})
    with pytest.raises(ProviderUnavailable, match=words) as raised:
        await made(fake.base_url).complete(QUESTION)
    assert raised.value.retry_after_seconds == 3
    assert not isinstance(raised.value, ProviderBusy)
    assert len(fake.calls) == 1, "the SDK's own retries are off"


@pytest.mark.parametrize("stream", [None, unseen], ids=["whole", "streamed"])
async def test_a_rate_limit_is_a_busy_service_and_says_how_long(fake, made, stream):
    provider = made(fake.base_url)
    reset = (datetime.now(UTC) + timedelta(seconds=40)).isoformat()
    quota = {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": reset}
    for headers, expected in (({"Retry-After": "7", **quota}, 7), (quota, 40), ({}, None)):
        fake.fail_next(429, headers=headers)
        with pytest.raises(ProviderBusy, match=r"asks for a pause \(429\).*Lower requests_per_minute") as raised:
            await provider.complete(QUESTION, stream=stream)
        found = raised.value.retry_after_seconds
        assert found == (None if expected is None else pytest.approx(expected, abs=3))
    assert len(fake.calls) == 3


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (529, AnswerLost, "broke its answer off: Overloaded"),
        (429, ProviderBusy, "asks for a pause"),
        (500, AnswerLost, "broke its answer off"),
        (401, ProviderRefused, "The key in"),
    ],
)
async def test_an_error_in_mid_stream_is_understood(fake, made, status, error, words):
    fake.spoil_next("error_in_stream", error=known_error(status))
    with pytest.raises(error, match=words):
        await made(fake.base_url).complete(QUESTION, stream=unseen)


@pytest.mark.parametrize(
    ("kind", "streams"),
    [
        ("not_json", False), ("not_json", True), ("schema", False), ("schema", True), ("truncated", False),
        ("truncated", True), ("reset", False), ("reset", True), ("empty", False), ("empty", True), ("cut_stream", True),
    ],
)  # fmt: skip
async def test_a_broken_answer_is_lost_and_may_have_been_paid_for(fake, made, kind, streams):
    fake.spoil_next(kind)
    with pytest.raises(AnswerLost, match=r"\[text\.main\]"):
        await made(fake.base_url).complete(QUESTION, stream=unseen if streams else None)
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"content": [None, 3, {"type": "text", "text": 7}, {"type": "tool_use", "input": [1]}], "usage": "much"},
        {"content": [], "usage": {"input_tokens": -4, "output_tokens": True}, "model": ["x"], "stop_reason": {}},
        {"content": [{"type": 1}], "stop_reason": "refusal", "stop_details": [1]},
    ],
)
async def test_fields_of_the_wrong_type_are_no_defect_of_ours(fake, made, body):
    fake.spoil_next("schema", body=body)
    with pytest.raises((AnswerUnusable, ContentRefused)):
        await made(fake.base_url, free=False).complete(QUESTION)


@pytest.mark.parametrize("kind", ["hang", "drip"])
async def test_a_server_that_never_ends_is_given_up_in_time(fake, made, kind):
    fake.spoil_next(kind, seconds=0.02)
    provider = made(fake.base_url, timeout_seconds=0.4)
    await provider.check()  # the first call also imports the SDK
    begun = time.monotonic()
    fake.spoil_next(kind, seconds=0.02)
    with pytest.raises(ProviderUnavailable, match=r"did not answer within 0\.4 s"):
        await provider.complete(QUESTION)
    assert time.monotonic() - begun < 3


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
        await made(fake.base_url, stall_seconds=0.2).complete(QUESTION, stream=unseen)


async def test_a_refused_connection_an_unknown_name_and_a_failed_handshake_are_unavailable(fake, made):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ProviderUnavailable, match=r"\[text\.main\] at .* refused the connection\..*running"):
        await made(f"http://127.0.0.1:{port}").complete(QUESTION)
    with pytest.raises(ProviderUnavailable, match="could not be resolved"):
        await made("http://no-such-host.invalid").complete(QUESTION)
    with pytest.raises(ProviderUnavailable, match=r"No safe connection.*Is it https"):
        await made(fake.base_url.replace("http:", "https:")).complete(QUESTION)


async def test_a_redirect_is_not_followed(fake, made):
    fake.fail_next(308, headers={"Location": "https://new.example.com/v1/messages"}, body="moved")
    with pytest.raises(ProviderRefused, match=r"redirects \(308\).*Set base_url to .*new\.example\.com"):
        await made(fake.base_url).complete(QUESTION)


@pytest.mark.parametrize("stream", [None, unseen], ids=["whole", "streamed"])
async def test_empty_and_cut_answers_are_unusable_and_keep_what_came_and_what_it_cost(fake, made, stream):
    fake.spoil_next("no_text")
    with pytest.raises(AnswerUnusable, match="empty answer"):
        await made(fake.base_url).complete(QUESTION, stream=stream)
    fake.spoil_next("length")
    with pytest.raises(AnswerUnusable, match=r"length limit.*Raise max_output_tokens") as raised:
        await made(fake.base_url).complete(QUESTION, stream=stream)
    assert raised.value.raw
    assert raised.value.usage.output_tokens > 0


@pytest.mark.parametrize("stream", [None, unseen], ids=["whole", "streamed"])
async def test_an_answer_of_fifty_megabytes_is_refused_while_it_comes(fake, made, stream):
    fake.spoil_next("huge")
    with pytest.raises(AnswerUnusable, match="more than 5 MB"):
        await made(fake.base_url).complete(QUESTION, stream=stream)


async def test_the_check_spends_nothing_and_tells_what_is_wrong(fake, made):
    for name in (MODEL, DATED):
        good = await made(fake.base_url, model=name).check()
        assert good.ok
        assert name in good.detail
    typo = await made(fake.base_url, model="claude-fake-6").check()
    assert not typo.ok
    assert DATED in typo.remedy
    wrong = await made(fake.base_url, api_key="sk-ant-wrong-and-secret").check()
    assert not wrong.ok
    assert "(401)" in wrong.detail
    assert "sk-" not in wrong.detail + wrong.remedy
    fake.lists_models = False
    assert (await made(fake.base_url).check()).ok
    assert set(fake.labels) == {"models"}


@pytest.mark.parametrize("key", [KEY, "plain0secret0without0form"])
async def test_a_key_is_in_no_message_even_if_the_server_repeats_it(made, key):
    async with FakeAnthropic() as fake:
        for status in (400, 403, 422, 429, 500):
            fake.fail_next(status, body=told(f"Bad key {key}, sent as Bearer {key}"))
            with pytest.raises((ProviderRefused, ProviderUnavailable)) as raised:
                await made(fake.base_url, api_key=key).complete(QUESTION)
            assert key not in str(raised.value)
            assert "Bad key …" in str(raised.value)


async def test_a_key_is_in_no_text_even_if_the_model_repeats_it(made):
    async with FakeAnthropic(answerer=lambda prompt, _: f"Your key is {KEY}.") as fake:
        assert (await made(fake.base_url).complete(QUESTION)).text == "Your key is …."


async def test_a_cancelled_call_leaves_the_provider_usable(fake, made):
    provider = made(fake.base_url)
    fake.hold()
    call = asyncio.create_task(provider.complete(QUESTION))
    await fake.received()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    fake.release()
    assert (await provider.complete(QUESTION)).text


async def test_without_the_package_it_can_be_made_and_says_what_to_install(fake, made, monkeypatch):
    monkeypatch.setitem(sys.modules, "anthropic", None)  # as if it were not installed
    provider = made(fake.base_url)
    with pytest.raises(ProviderRefused, match=r"needs the package .*pip install 'blogen\[anthropic\]'"):
        await provider.complete(QUESTION)
    health = await provider.check()
    assert not health.ok
    assert "pip install 'blogen[anthropic]'" in health.remedy
    assert fake.calls == []


async def test_the_sdk_is_not_imported_with_the_module():
    code = "import sys, blogen.providers.text.anthropic; print({'anthropic', 'openai', 'httpx2'} & set(sys.modules))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.strip() == b"set()"
