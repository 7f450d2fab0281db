"""Services by name: their addresses, what they understand, and the errors they really send, over real sockets."""

import typing

import pytest
from pydantic import ValidationError

from blogen.errors import AnswerUnusable, ContentRefused, ProviderBusy, ProviderRefused, ProviderUnavailable
from blogen.providers.openai_presets import PRESETS, PresetName
from blogen.providers.protocols import TextRequest
from blogen.providers.text.openai import Config, Provider
from tests.fakes.openai_server import MODEL, FakeOpenAI

KEY = "a-very-secret-key-1234567890"
SHAPE = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
QUESTION = TextRequest(system="You are terse.", user="Say something about tea.", purpose="outline")
SHAPED = QUESTION.model_copy(update={"json_schema": SHAPE})


@pytest.fixture
async def fake():
    async with FakeOpenAI() as server:
        yield server


@pytest.fixture
async def made():
    providers = []

    def make(base_url, **config):
        config = {"api_key": KEY, "model": MODEL, "timeout_seconds": 5, "api": "chat", **config}
        provider = Provider("text.main", Config(kind="openai", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


def test_every_name_that_may_be_given_has_a_row_of_its_own():
    assert set(typing.get_args(PresetName)) == set(PRESETS)
    for name, preset in PRESETS.items():
        assert preset.name == name
        assert preset.base_url is None or not preset.base_url.endswith("/")


def test_a_preset_gives_the_address_unless_the_owner_does():
    def address(**config):
        return Config(kind="openai", model="m", **config).base_url

    assert address() == "https://api.openai.com/v1"
    assert address(preset="groq") == "https://api.groq.com/openai/v1"
    assert address(preset="ollama") == "http://127.0.0.1:11434/v1"
    assert address(preset="ollama", base_url="http://gpu:11434/v1") == "http://gpu:11434/v1"
    several = Config(kind="openai", model="m", preset="vllm", base_urls=["http://a:8000/v1", "http://b:8000/v1"])
    assert several.addresses == ["http://a:8000/v1", "http://b:8000/v1"]


def test_azure_needs_the_owners_address_and_an_unknown_name_is_a_mistake():
    with pytest.raises(ValidationError, match="needs `base_url`"):
        Config(kind="openai", model="m", preset="azure")
    with pytest.raises(ValidationError, match="preset"):
        Config(kind="openai", model="m", preset="openaai")


def test_programs_on_this_machine_are_free_but_a_relay_is_not():
    def is_free(**config):
        return Config(kind="openai", model="m", **config).is_free

    assert is_free(preset="ollama")
    assert is_free(preset="llamacpp")
    assert not is_free(preset="litellm")
    assert is_free(preset="litellm", free=True)
    assert not is_free(preset="groq")


UNDERSTOOD = [
    ("openai", {"role": "developer", "limit": "max_completion_tokens", "format": "json_schema", "options": True}),
    ("azure", {"role": "system", "limit": "max_completion_tokens", "format": "json_schema", "options": True}),
    ("openrouter", {"role": "system", "limit": "max_tokens", "format": "json_schema", "options": True}),
    ("groq", {"role": "system", "limit": "max_completion_tokens", "format": "json_schema", "options": True}),
    ("mistral", {"role": "system", "limit": "max_tokens", "format": "json_schema", "options": False}),
    ("deepseek", {"role": "system", "limit": "max_tokens", "format": "json_object", "options": True}),
    ("gemini", {"role": "system", "limit": "max_tokens", "format": "json_schema", "options": True}),
    ("ollama", {"role": "system", "limit": "max_tokens", "format": "json_schema", "options": True}),
]


@pytest.mark.parametrize(("preset", "expected"), UNDERSTOOD, ids=[row[0] for row in UNDERSTOOD])
async def test_a_call_begins_in_the_form_that_the_service_understands(fake, made, preset, expected):
    await made(fake.base_url, preset=preset).complete(SHAPED, stream=lambda _: None)
    body = fake.calls[0].body
    assert len(fake.calls) == 1
    assert body["messages"][0]["role"] == expected["role"]
    assert body[expected["limit"]] == 16_000
    assert body["response_format"]["type"] == expected["format"]
    assert ("stream_options" in body) is expected["options"]
    assert body.get("usage") == ({"include": True} if preset == "openrouter" else None)


async def test_explicit_keys_come_before_the_preset(fake, made):
    provider = made(fake.base_url, preset="groq", json_output="none", usage_in_streams="given", system_role="user")
    await provider.complete(SHAPED, stream=lambda _: None)
    body = fake.calls[0].body
    assert [message["role"] for message in body["messages"]] == ["user"]
    assert "response_format" not in body
    assert "stream_options" not in body
    assert body["stream"] is True


async def test_a_stream_that_never_tells_the_usage_is_not_asked_for_where_money_counts(fake, made):
    paid = {"input_usd_per_million": 1, "output_usd_per_million": 1}
    await made(fake.base_url, usage_in_streams="none").complete(QUESTION, stream=lambda _: None)
    await made(fake.base_url, usage_in_streams="none", **paid).complete(QUESTION, stream=lambda _: None)
    assert ["stream" in call.body for call in fake.calls] == [True, False]


async def test_a_service_that_refuses_what_its_preset_says_is_asked_plainer_all_the_same(fake, made):
    fake.refuses = ("json_schema", "stream_options")
    provider = made(fake.base_url, preset="groq")
    assert (await provider.complete(SHAPED, stream=lambda _: None)).text
    assert len(fake.paid) == 1


# Errors as the services send them: status, body, the error, its words.
ERRORS = [
    (
        "azure", 400,
        {"error": {
            "message": "The response was filtered: the prompt triggered Azure OpenAI's content management policy.",
            "type": None, "param": "prompt", "code": "content_filter", "status": 400,
            "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
        }},
        ContentRefused, "refused the content",
    ),
    (
        "azure", 404,
        {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}},
        ProviderRefused, "does not know the model 'fake-1'",
    ),
    (
        "openrouter", 402,
        {"error": {"code": 402, "message": "This request requires more credits, or fewer max_tokens."}},
        ProviderRefused, "no credit left",
    ),
    (
        "openrouter", 403,
        {"error": {
            "code": 403, "message": "openai/gpt-5 requires moderation on OpenAI. Your input was flagged for violence.",
            "metadata": {"reasons": ["violence"], "flagged_input": "…", "provider_name": "OpenAI", "model_slug": "x"},
        }},
        ContentRefused, "input was flagged",
    ),
    (
        "openrouter", 403,
        {"error": {"code": 403, "message": "This key may not use this provider."}},
        ProviderRefused, r"may not do this \(403\)",
    ),
    (
        "openrouter", 400,
        {"error": {"code": 400, "message": "fake-1 is not a valid model ID"}},
        ProviderRefused, "does not know the model",
    ),
    (
        "openrouter", 400,
        {"error": {
            "code": 400, "message": "Provider returned error",
            "metadata": {"raw": '{"error": {"message": "prompt is too long: 230000 tokens > 200000 maximum"}}'},
        }},
        ProviderRefused, "too long for the model.*prompt is too long",
    ),
    (
        "groq", 400,
        {"error": {
            "message": "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
            "type": "invalid_request_error", "code": "json_validate_failed", "failed_generation": '{"title": ',
        }},
        AnswerUnusable, "not the JSON that was asked for",
    ),
    (
        "groq", 413,
        {"error": {
            "message": "Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 9000",
            "type": "tokens", "code": "rate_limit_exceeded",
        }},
        ProviderRefused, "too long for the model",
    ),
    (
        "mistral", 422,
        {"object": "error", "message": {"detail": [
            {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "input": 1}
        ]}, "type": "invalid_request_error", "param": None, "code": None},
        ProviderRefused, r"refused the request \(422\): body\.seed: Extra inputs are not permitted",
    ),
    (
        "mistral", 422,
        {"detail": [{"type": "missing", "loc": ["body", "messages"], "msg": "Field required"}]},
        ProviderRefused, r"\(422\): body\.messages: Field required",
    ),
    (
        "mistral", 400,
        {"object": "error", "message": "Invalid model: fake-1", "type": "invalid_model", "param": None, "code": "1500"},
        ProviderRefused, "does not know the model",
    ),
    (
        "mistral", 400,
        {"object": "error", "message": "Prompt contains 40000 tokens, too large for model with 32768 "
         "maximum context length", "type": "invalid_request_error", "param": None, "code": "3051"},
        ProviderRefused, "too long for the model",
    ),
    (
        "deepseek", 402,
        {"error": {"message": "Insufficient Balance", "type": "unknown_error", "param": None,
                   "code": "invalid_request_error"}},
        ProviderRefused, "no credit left",
    ),
    (
        "deepseek", 400,
        {"error": {"message": "Content Exists Risk", "type": "invalid_request_error", "param": None,
                   "code": "invalid_request_error"}},
        ContentRefused, "refused the content",
    ),
    (
        "deepseek", 400,
        {"error": {"message": "Model Not Exist", "type": "invalid_request_error", "param": None,
                   "code": "invalid_request_error"}},
        ProviderRefused, "does not know the model",
    ),
    (
        "gemini", 400,
        [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT"}}],
        ProviderRefused, "The key in .* was refused",
    ),
    (
        "gemini", 404,
        [{"error": {"code": 404, "message": "models/fake-1 is not found for API version v1", "status": "NOT_FOUND"}}],
        ProviderRefused, "does not know the model",
    ),
    (
        "gemini", 400,
        [{"error": {"code": 400, "status": "INVALID_ARGUMENT",
                    "message": "The input token count (1200000) exceeds the maximum number of tokens (1048576)."}}],
        ProviderRefused, "too long for the model",
    ),
    (
        "gemini", 429,
        [{"error": {"code": 429, "message": "You exceeded your current quota, please check your plan and billing "
                    "details.", "status": "RESOURCE_EXHAUSTED"}}],
        ProviderBusy, "asks for a pause",
    ),
    (
        "gemini", 503,
        [{"error": {"code": 503, "message": "The model is overloaded. Please try again later.",
                    "status": "UNAVAILABLE"}}],
        ProviderUnavailable, "overloaded",
    ),
    (
        "ollama", 404,
        {"error": {"message": 'model "fake-1" not found, try pulling it first', "type": "api_error", "param": None,
                   "code": None}},
        ProviderRefused, "does not know the model",
    ),
    ("ollama", 404, {"error": "model 'fake-1' not found"}, ProviderRefused, "does not know the model"),
    (
        "vllm", 404,
        {"object": "error", "message": "The model `fake-1` does not exist.", "type": "NotFoundError", "param": "model",
         "code": 404},
        ProviderRefused, "does not know the model",
    ),
    (
        "vllm", 400,
        {"error": {"message": "This model's maximum context length is 4096 tokens. However, your request has 5000 "
                   "input tokens. Please reduce the length of the messages.", "type": "BadRequestError", "param": None,
                   "code": 400}},
        ProviderRefused, "too long for the model",
    ),
    (
        "llamacpp", 400,
        {"error": {"code": 400, "message": "the request exceeds the available context size. try increasing the context "
                   "size or enable context shift", "type": "exceed_context_size_error", "n_prompt_tokens": 14429,
                   "n_ctx": 8192}},
        ProviderRefused, "too long for the model",
    ),
    ("llamacpp", 503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
     ProviderUnavailable, r"failed \(503\): Loading model"),
    (
        "lmstudio", 400,
        {"error": "Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with "
         "context length of only 4096 tokens, which is not enough."},
        ProviderRefused, "too long for the model",
    ),
    (
        "litellm", 400,
        {"error": {"message": "litellm.ContentPolicyViolationError: The response was filtered", "type": None,
                   "param": None, "code": "400"}},
        ContentRefused, "refused the content",
    ),
    (
        "litellm", 400,
        {"error": {"message": "litellm.ContextWindowExceededError: litellm.BadRequestError: too much", "type": None,
                   "param": None, "code": "400"}},
        ProviderRefused, "too long for the model",
    ),
    (
        "litellm", 429,
        {"error": {"message": "Budget has been exceeded! Current cost: 20.1, Max budget: 20.0",
                   "type": "budget_exceeded", "param": None, "code": "429"}},
        ProviderRefused, "no credit left",
    ),
]  # fmt: skip


@pytest.mark.parametrize("named", [True, False], ids=["by preset", "found out"])
@pytest.mark.parametrize(("preset", "status", "body", "error", "words"), ERRORS)
async def test_the_errors_of_a_service_are_understood(fake, made, named, preset, status, body, error, words):
    for _ in range(9):  # where no field is named, the least needed are left out first
        fake.fail_next(status, body=body)
    with pytest.raises(error, match=words) as raised:
        await made(fake.base_url, preset=preset if named else None).complete(QUESTION)
    assert type(raised.value) is error, "content is told apart from other refusals"
    assert fake.paid == []


async def test_a_model_that_cannot_keep_to_a_schema_is_asked_in_plainer_words_the_next_time(fake, made):
    failed = {"message": "Failed to generate JSON.", "code": "json_validate_failed", "failed_generation": "{oops"}
    fake.fail_next(400, body={"error": failed})
    provider = made(fake.base_url, preset="groq")
    with pytest.raises(AnswerUnusable) as raised:
        await provider.complete(SHAPED)
    assert raised.value.raw == "{oops"
    await provider.complete(SHAPED)
    assert [call.body["response_format"]["type"] for call in fake.calls] == ["json_schema", "json_object"]


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"error": {"code": 502, "message": "Provider returned error"}}, ProviderUnavailable, r"failed \(502\)"),
        ({"error": {"code": 429, "message": "Rate limited upstream"}}, ProviderBusy, "asks for a pause"),
        ({"error": {"code": 402, "message": "Insufficient credits"}}, ProviderRefused, "no credit left"),
        (
            {"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["hate"]}}},
            ContentRefused,
            "refused the content",
        ),
        (
            {"choices": [{"error": {"code": 502, "message": "Overloaded"}, "finish_reason": "error", "message": {}}]},
            ProviderUnavailable,
            "Overloaded",
        ),
        ({"error": "The number of tokens to keep is greater than the context length"}, ProviderRefused, "too long"),
        ({"error": {"message": "who knows"}}, ProviderUnavailable, "broke its answer off: who knows"),
        ({"error": ["?"]}, ProviderUnavailable, "broke its answer off"),
    ],
)
async def test_an_error_with_a_good_status_is_an_error(fake, made, body, error, words):
    fake.fail_next(200, body=body)
    with pytest.raises(error, match=words):
        await made(fake.base_url, preset="openrouter").complete(QUESTION)
    assert len(fake.calls) == 1


@pytest.mark.parametrize("status", [200, 400, 404, 500])
async def test_a_key_that_comes_back_as_a_code_is_not_told(fake, made, status):
    for _ in range(9):
        fake.fail_next(status, body={"error": {"code": KEY, "type": KEY, "param": KEY}})
    with pytest.raises((ProviderRefused, ProviderUnavailable)) as raised:
        await made(fake.base_url).complete(QUESTION)
    assert KEY not in str(raised.value)


async def test_no_credit_for_now_is_a_pause(fake, made):
    body = {"error": {"code": 402, "message": "In-flight budget is used up", "metadata": {}}}
    fake.fail_next(402, headers={"Retry-After": "3"}, body=body)
    with pytest.raises(ProviderBusy) as raised:
        await made(fake.base_url, preset="openrouter").complete(QUESTION)
    assert raised.value.retry_after_seconds == 3


@pytest.mark.parametrize("body", [[], [7], {"error": {"message": {"detail": {"detail": [[[[[["x"]]]]]]}}}}, "[[[[", 7])
async def test_an_error_of_no_known_shape_is_still_told(fake, made, body):
    for _ in range(9):
        fake.fail_next(400, body=body)
    with pytest.raises(ProviderRefused, match=r"refused the request \(400\)"):
        await made(fake.base_url).complete(QUESTION)


async def test_azure_takes_the_key_in_a_header_of_its_own_and_the_version_in_the_address(made):
    root = f"/openai/deployments/{MODEL}"
    async with FakeOpenAI(key=KEY, key_header="api-key", root=root) as fake:
        resource = fake.base_url.removesuffix(root)
        provider = made(resource, preset="azure", api_version="2024-10-21")
        assert (await provider.complete(QUESTION)).text
        assert fake.calls[0].path == f"{root}/chat/completions"
        assert fake.calls[0].query == {"api-version": "2024-10-21"}
        assert not {name for name in fake.calls[0].headers if name.lower() == "authorization"}
        whole = made(fake.base_url, preset="azure", api_version="2024-10-21")
        assert (await whole.complete(QUESTION)).text, "an address with the deployment in it is left as it is"
    async with FakeOpenAI(key=KEY, key_header="api-key", root="/openai/v1") as fake:
        provider = made(fake.base_url, preset="azure")
        assert (await provider.complete(QUESTION)).text
        assert fake.calls[0].query == {}
        assert (await provider.check()).ok


async def test_the_check_says_what_is_assumed(fake, made):
    by_preset = await made(fake.base_url, preset="deepseek").check()
    assert by_preset.ok
    assert "Assumed from preset deepseek: Chat Completions, JSON mode, system role, max_tokens" in by_preset.detail
    assert "Assumed until it refuses something: Chat" in (await made(fake.base_url).check()).detail
    assert "the Responses API" in (await made(fake.base_url, api="responses").check()).detail
    azure = await made(fake.base_url, preset="azure", model="my-deployment").check()
    assert azure.ok
    assert "does not list deployments" in azure.detail
    assert {call.path for call in fake.calls} == {"/v1/models"}


async def test_a_key_is_tried_where_anybody_may_list_the_models(fake, made):
    fake.fail_next(401, label="key")
    wrong = await made(fake.base_url, preset="openrouter").check()
    assert not wrong.ok
    assert "was refused (401)" in wrong.detail
    right = await made(fake.base_url, preset="openrouter").check()
    assert right.ok
    assert fake.paid == []
