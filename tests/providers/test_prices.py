"""What calls cost: by the owner's prices, by list prices, by what a service says, by a guess, or not known at all."""

import pytest

from blogen.providers import prices
from blogen.providers.prices import Price
from blogen.providers.protocols import TextRequest
from blogen.providers.text.openai import Config, Provider
from tests.fakes.openai_server import MODEL, FakeOpenAI

QUESTION = TextRequest(system="You are terse.", user="Say something about tea.", purpose="outline")


@pytest.fixture
async def fake():
    async with FakeOpenAI() as server:
        yield server


@pytest.fixture
async def made():
    providers = []

    def make(base_url="https://api.openai.com/v1", **config):
        config = {"model": MODEL, "timeout_seconds": 5, **config}
        provider = Provider("text.main", Config(kind="openai", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


def test_a_list_price_is_known_by_name_and_for_dated_variants_at_the_services_own_address_only():
    mini = prices.known("api.openai.com", "gpt-5-mini")
    assert (mini.input_usd_per_million, mini.cached_input_usd_per_million, mini.output_usd_per_million) == (
        0.25, 0.025, 2,
    )  # fmt: skip
    assert mini.as_of
    assert mini.source
    assert prices.known("api.openai.com", "gpt-5-mini-2025-08-07") == mini
    assert prices.known("API.OpenAI.com", "gpt-5-mini") == mini
    assert prices.known("api.anthropic.com", "claude-haiku-4-5-20251001").output_usd_per_million == 5
    for host, model in (
        ("api.openai.com", "gpt-5-mini-turbo"),
        ("api.openai.com", "gpt-5-mini-2025-08-07-x"),
        ("api.openai.com", "gpt-5"),
        ("api.anthropic.com", "gpt-5-mini"),
        ("gateway.example.com", "gpt-5-mini"),
        ("", "gpt-5-mini"),
    ):
        assert prices.known(host, model) is None


def test_every_listed_price_says_when_and_where_it_was_read_and_is_a_sane_one():
    for table in prices._TABLES.values():
        for price in table.values():
            assert price.as_of
            assert price.source
            assert 0 < price.input_usd_per_million < price.output_usd_per_million <= 200
            assert (price.cached_input_usd_per_million or 0) < price.input_usd_per_million


def test_tokens_of_a_cache_cost_less_and_those_written_to_it_more():
    price = Price(4, 10, 1)
    assert price.usd_micros(100, 10) == 500
    assert price.usd_micros(100, 10, cached_tokens=40) == 60 * 4 + 40 + 100
    assert price.usd_micros(100, 10, cache_write_tokens=40) == 500 + 40
    assert price.usd_micros(100, 10, cached_tokens=500) == 200, "more cached than sent is not believed"
    assert Price(4, 10).usd_micros(100, 10, cached_tokens=40) == 500, "no discount is known"


def test_a_request_that_is_too_long_for_its_price_has_none():
    price = Price(4, 10, most_input_tokens=100)
    assert (price.usd_micros(100, 1), price.usd_micros(101, 1)) == (410, None)
    assert (price.most_usd_micros(100, 1), price.most_usd_micros(101, 1)) == (410, None)


def test_the_owners_prices_come_before_the_list_and_a_compatible_server_has_no_list():
    def price(**config):
        return Config(kind="openai", model="gpt-5-mini", **config).price

    assert price() == prices.known("api.openai.com", "gpt-5-mini")
    own = price(input_usd_per_million=1, output_usd_per_million=2, cached_input_usd_per_million=0.5)
    assert own == Price(1, 2, 0.5)
    assert price(base_url="https://gateway.example.com/v1") is None
    assert price(preset="openrouter") is None
    with pytest.raises(ValueError, match="cached_input_usd_per_million"):
        price(cached_input_usd_per_million=0.5)


async def test_tokens_from_the_cache_are_counted_at_their_own_price(fake, made):
    fake.more_usage = {"prompt_tokens_details": {"cached_tokens": 5}}
    provider = made(fake.base_url, input_usd_per_million=4, output_usd_per_million=10, cached_input_usd_per_million=1)
    usage = (await provider.complete(QUESTION)).usage
    assert usage.cost_usd_micros == (usage.input_tokens - 5) * 4 + 5 + usage.output_tokens * 10


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({"cost": 0.00125}, 1250),
        ({"cost": 0}, 0),
        ({"cost": 0.0001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.002}}, 2100),
        ({"cost": 0.0001, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.002}}, 100),
    ],
)
async def test_a_cost_that_the_service_reports_is_believed(fake, made, told, cost):
    fake.more_usage = told
    usage = (await made(fake.base_url, free=False).complete(QUESTION)).usage
    assert (usage.cost_usd_micros, usage.accuracy) == (cost, "reported")


@pytest.mark.parametrize("told", [-0.5, 101, "0.5", True, None, {"total": 1}, float("inf"), float("nan")])
async def test_a_cost_that_cannot_be_is_not_believed(fake, made, told):
    fake.more_usage = {"cost": told}
    usage = (await made(fake.base_url, free=False).complete(QUESTION)).usage
    assert (usage.cost_usd_micros, usage.accuracy) == (None, "computed")


async def test_litellm_reports_a_cost_in_a_header(fake, made):
    fake.headers = {"x-litellm-response-cost": "2.5e-05"}
    usage = (await made(fake.base_url, preset="litellm").complete(QUESTION)).usage
    assert (usage.cost_usd_micros, usage.accuracy) == (25, "reported")


async def test_what_is_free_costs_nothing_whatever_is_reported(fake, made):
    fake.more_usage = {"cost": 1}
    assert (await made(fake.base_url).complete(QUESTION)).usage.cost_usd_micros == 0


async def test_without_usage_a_cost_is_guessed_where_prices_are_known_and_else_unknown(made):
    async with FakeOpenAI(usage=False) as fake:
        unknown = (await made(fake.base_url, free=False).complete(QUESTION)).usage
        assert unknown.cost_usd_micros is None
        usage = (await made(fake.base_url, input_usd_per_million=4, output_usd_per_million=10).complete(QUESTION)).usage
        assert usage.accuracy == "guessed"
        assert usage.cost_usd_micros == usage.input_tokens * 4 + usage.output_tokens * 10 > 0


async def test_a_price_of_each_call_is_added_to_that_of_its_tokens(fake, made):
    provider = made(fake.base_url, input_usd_per_million=4, output_usd_per_million=10, usd_per_call=0.01)
    usage = (await provider.complete(QUESTION)).usage
    assert usage.cost_usd_micros == usage.input_tokens * 4 + usage.output_tokens * 10 + 10_000


def test_the_most_that_a_call_can_cost_is_known_before_it_is_made(made):
    provider = made(model="gpt-5-mini")
    sent = (len(QUESTION.system) + len(QUESTION.user) + 1) // 2 + 200
    assert provider.most_usd_micros(QUESTION) == round(sent * 0.25 + 16_000 * 2)
    asked = QUESTION.model_copy(update={"max_output_tokens": 1000})
    assert provider.most_usd_micros(asked) == round(sent * 0.25 + 1000 * 2)
    assert provider.most_usd_micros(QUESTION.model_copy(update={"max_output_tokens": 99_000})) == (
        provider.most_usd_micros(QUESTION)
    )
    shaped = QUESTION.model_copy(update={"json_schema": {"type": "object", "title": "x" * 8000}})
    assert provider.most_usd_micros(shaped) >= provider.most_usd_micros(QUESTION) + 1000
    of_call = made(model="gpt-5-mini", usd_per_call=0.5)
    assert of_call.most_usd_micros(QUESTION) == provider.most_usd_micros(QUESTION) + 500_000


def test_the_most_of_an_unknown_price_is_unknown_and_of_a_free_call_nothing(made):
    assert made("https://gateway.example.com/v1").most_usd_micros(QUESTION) is None
    assert made("https://gateway.example.com/v1", usd_per_call=0.5).most_usd_micros(QUESTION) == 500_000
    assert made("http://127.0.0.1:1234/v1").most_usd_micros(QUESTION) == 0


async def test_no_call_costs_more_than_was_said_before(fake, made):
    provider = made(fake.base_url, input_usd_per_million=100, output_usd_per_million=100)
    for user in ("Tea.", "茶" * 3000, "x y z " * 3000):
        request = QUESTION.model_copy(update={"user": user})
        most = provider.most_usd_micros(request)
        assert (await provider.complete(request)).usage.cost_usd_micros <= most


async def test_a_limit_of_output_goes_with_every_call(fake, made):
    provider = made(fake.base_url, max_output_tokens=4000)
    await provider.complete(QUESTION)
    await provider.complete(QUESTION.model_copy(update={"max_output_tokens": 300}))
    await provider.complete(QUESTION.model_copy(update={"max_output_tokens": 9000}))
    assert [call.body["max_tokens"] for call in fake.calls] == [4000, 300, 4000]


TOO_MANY = [
    # What servers say, and the limits that are asked for in turn. The last one passes.
    ("max_tokens is too large: 16000. This model supports at most 4096 completion tokens.", [16_000, 4096]),
    ("`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens`", [16_000, 8192]),
    ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", [16_000, 8192]),
    ("max_tokens is too large", [16_000, 8000]),
]


@pytest.mark.parametrize(("words", "limits"), TOO_MANY)
async def test_a_limit_that_is_too_high_for_the_model_is_lowered_and_that_is_remembered(fake, made, words, limits):
    provider = made(fake.base_url)
    fake.fail_next(400, body={"error": {"message": words, "param": "max_tokens", "code": "invalid_value"}})
    await provider.complete(QUESTION)
    await provider.complete(QUESTION)
    assert [call.body["max_tokens"] for call in fake.calls] == [*limits, limits[-1]]
    assert len(fake.paid) == 2


async def test_a_limit_that_only_a_long_question_leaves_no_room_for_is_lowered_once(fake, made):
    words = (
        "This model's maximum context length is 8192 tokens. However, you requested 22000 tokens "
        "(6000 in the messages, 16000 in the completion). Please reduce the length of the messages or completion."
    )
    provider = made(fake.base_url)
    fake.fail_next(400, body={"error": {"message": words, "code": "context_length_exceeded"}})
    await provider.complete(QUESTION)
    await provider.complete(QUESTION)
    assert [call.body["max_tokens"] for call in fake.calls] == [16_000, 2192, 16_000]
