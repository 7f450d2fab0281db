"""The provider for Stability AI against a server that speaks its wire format, over real sockets."""

import io

import pytest
from PIL import Image
from pydantic import ValidationError

from blogen.errors import (
    AnswerUnusable,
    ContentRefused,
    InvalidInput,
    ProviderBusy,
    ProviderRefused,
    ProviderUnavailable,
)
from blogen.providers.image.stability import Config, Provider, nearest_ratio
from blogen.providers.protocols import CanPrice, Drawn, ImageModel, ImageRequest
from blogen.render.pictures import prepare
from tests.fakes.stability import FakeStability

KEY = "sk-a-very-secret-key-1234567890"
ORDER = ImageRequest(prompt="A teapot on a quiet table", title="Tea")


@pytest.fixture
async def fake():
    async with FakeStability(key=KEY) as server:
        yield server


@pytest.fixture
async def made():
    providers = []

    def make(base_url, **config):
        config = {"api_key": KEY, "timeout_seconds": 5, **config}
        provider = Provider("image.main", Config(kind="stability", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


async def test_a_picture_comes_as_bytes(fake, made):
    provider = made(fake.base_url, free=False)
    drawn = await provider.submit(ORDER)
    assert isinstance(provider, ImageModel)
    assert isinstance(provider, CanPrice)
    assert Image.open(io.BytesIO(drawn.content)).size == (160, 90)
    assert drawn.media_type == "image/png"
    assert drawn.usage.model == "stable-image-core"
    assert drawn.usage.cost_usd_micros is None
    assert fake.orders == [{"engine": "core", "prompt": ORDER.prompt, "aspect_ratio": "16:9", "output_format": "png"}]
    assert fake.calls[0].headers["Accept"] == "image/*"


async def test_the_real_service_is_not_free():
    config = Config(kind="stability")
    assert config.base_url == "https://api.stability.ai"
    assert not config.is_free


async def test_the_price_of_one_picture_is_counted(fake, made):
    provider = made(fake.base_url, usd_per_call="0.03")
    assert provider.most_usd_micros(ORDER) == 30_000
    assert (await provider.submit(ORDER)).usage.cost_usd_micros == 30_000


@pytest.mark.parametrize(
    ("section", "sent", "model"),
    [
        (
            {"engine": "core", "style_preset": "photographic", "seed": 5, "model": "left-out"},
            {"style_preset": "photographic", "seed": "5"},
            "stable-image-core",
        ),
        (
            {"engine": "ultra", "style_preset": "anime", "negative_prompt": "text", "output_format": "webp"},
            {"negative_prompt": "text", "output_format": "webp"},
            "stable-image-ultra",
        ),
        ({"engine": "sd3", "model": "sd3.5-medium"}, {"model": "sd3.5-medium"}, "sd3.5-medium"),
        ({"engine": "sd3"}, {}, "sd3"),
    ],
)
async def test_each_engine_gets_the_fields_it_takes(fake, made, section, sent, model):
    drawn = await made(fake.base_url, **section).submit(ORDER)
    basis = {"prompt": ORDER.prompt, "aspect_ratio": "16:9", "output_format": "png", "engine": section["engine"]}
    assert fake.orders == [{**basis, **sent}]
    assert drawn.usage.model == model


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ((1600, 900), "16:9"),
        ((1024, 1024), "1:1"),
        ((900, 1600), "9:16"),
        ((1500, 1000), "3:2"),
        ((1280, 1024), "5:4"),
        ((3000, 1000), "21:9"),
        ((1, 100), "9:21"),
        ((0, 0), "1:1"),
    ],
)
def test_the_nearest_shape_is_asked_for(size, ratio):
    assert nearest_ratio(*size) == ratio


def test_a_style_that_is_not_on_offer_is_a_mistake():
    with pytest.raises(ValidationError):
        Config(kind="stability", style_preset="photografic")


async def test_a_prompt_that_moderation_flags_is_refused_for_its_content(fake, made):
    with pytest.raises(ContentRefused, match="content moderation"):
        await made(fake.base_url).submit(ORDER.model_copy(update={"prompt": "something forbidden"}))
    assert fake.orders == []


async def test_a_picture_that_was_blurred_is_refused_for_its_content(fake, made):
    fake.filters = True
    with pytest.raises(ContentRefused, match="blurred"):
        await made(fake.base_url).submit(ORDER)


async def test_a_key_that_may_not_do_this_is_no_matter_of_content(fake, made):
    fake.fail_next(403, body={"id": "1", "name": "permission_denied", "errors": ["Your organization is suspended."]})
    with pytest.raises(ProviderRefused, match="suspended") as raised:
        await made(fake.base_url).submit(ORDER)
    assert not isinstance(raised.value, ContentRefused)


async def test_an_empty_account_is_refused_in_words(fake, made):
    fake.credits = 1
    with pytest.raises(ProviderRefused, match="no credit left"):
        await made(fake.base_url).submit(ORDER)
    assert fake.orders == []


async def test_a_wrong_key_is_refused_and_not_shown(fake, made):
    with pytest.raises(ProviderRefused, match=r"key in \[image\.main\] was refused") as raised:
        await made(fake.base_url, api_key="sk-some-other-key").submit(ORDER)
    assert "sk-some-other-key" not in str(raised.value)


async def test_a_prompt_in_another_language_is_refused_in_words(fake, made):
    with pytest.raises(ProviderRefused, match="in English only"):
        await made(fake.base_url).submit(ORDER.model_copy(update={"prompt": "一杯茶"}))


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (
            {"status": 400, "body": {"name": "bad_request", "errors": ["seed: is wrong"]}},
            ProviderRefused,
            "seed: is wro",
        ),
        ({"status": 404}, ProviderRefused, "Check base_url"),
        ({"status": 413}, ProviderRefused, "too large"),
        ({"status": 422, "body": {"name": "x", "errors": ["Odd."]}}, ProviderRefused, "Odd"),
        ({"status": 500}, ProviderUnavailable, "unexpected server error"),
        ({"status": 503, "body": "<html>Bad gateway</html>"}, ProviderUnavailable, "503"),
        (
            {"status": 429, "body": {"name": "insufficient_balance", "errors": ["No."]}},
            ProviderRefused,
            "no credit left",
        ),
    ],
)
async def test_errors_are_told_in_words(fake, made, fault, error, words):
    fake.fail_next(**fault)
    with pytest.raises(error, match=words) as raised:
        await made(fake.base_url).submit(ORDER)
    assert raised.value.provider == "image.main"
    assert len(fake.calls) == 1


async def test_a_secret_that_the_service_repeats_is_not_shown(fake, made):
    fake.fail_next(400, body={"name": "bad_request", "errors": [f"authorization: Bearer {KEY} is odd"]})
    with pytest.raises(ProviderRefused, match="is odd") as raised:
        await made(fake.base_url).submit(ORDER)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(("headers", "pause"), [({}, 60), ({"Retry-After": "12"}, 12)])
async def test_whoever_calls_too_often_pauses_for_a_minute_or_as_told(fake, made, headers, pause):
    fake.fail_next(429, headers=headers)
    with pytest.raises(ProviderBusy, match="rate limit") as raised:
        await made(fake.base_url).submit(ORDER)
    assert raised.value.retry_after_seconds == pause


@pytest.mark.parametrize("kind", ["reset", "not_json", "schema", "truncated", "empty", "lost_answer"])
async def test_a_broken_answer_is_unavailable(fake, made, kind):
    fake.spoil_next(kind)
    with pytest.raises(ProviderUnavailable):
        await made(fake.base_url).submit(ORDER)


@pytest.mark.parametrize("kind", ["hang", "drip"])
async def test_a_service_that_does_not_finish_its_answer_is_left_after_a_time(fake, made, kind):
    fake.spoil_next(kind)
    with pytest.raises(ProviderUnavailable, match=r"within 0\.3 s"):
        await made(fake.base_url, timeout_seconds=0.3).submit(ORDER)


async def test_a_service_that_is_not_there_is_unavailable(fake, made):
    await fake.stop()
    with pytest.raises(ProviderUnavailable, match="refused the connection"):
        await made(fake.base_url).submit(ORDER)


async def test_a_redirect_is_not_followed(fake, made):
    fake.spoil_next("private_redirect")
    with pytest.raises(ProviderRefused, match="redirect"):
        await made(fake.base_url).submit(ORDER)


async def test_what_is_no_picture_cannot_be_used_but_was_paid_for(fake, made):
    fake.spoil_next("not_an_image")
    with pytest.raises(AnswerUnusable) as raised:
        await made(fake.base_url, usd_per_call="0.03").submit(ORDER)
    assert raised.value.usage.cost_usd_micros == 30_000


async def test_a_bomb_is_refused_before_it_is_unpacked(fake, made):
    fake.spoil_next("bomb")
    drawn = await made(fake.base_url).submit(ORDER)
    assert isinstance(drawn, Drawn)
    with pytest.raises(InvalidInput):
        await prepare(drawn.content, alt="", made_by="", ai_generated=True)


async def test_there_are_no_handles(made):
    with pytest.raises(ProviderRefused, match="gives no handles"):
        await made("http://127.0.0.1:9").poll("x")


async def test_the_check_tells_the_credit_and_spends_none(fake, made):
    health = await made(fake.base_url).check()
    assert health.ok
    assert "100.0 credits" in health.detail
    assert fake.paths == ["GET /v1/user/balance"]


async def test_the_check_tells_an_empty_account_and_a_wrong_key(fake, made):
    fake.credits = 0
    assert "no credit" in (await made(fake.base_url).check()).detail
    health = await made(fake.base_url, api_key="sk-wrong").check()
    assert not health.ok
    assert "api_key" in health.remedy


async def test_the_check_lives_without_a_balance(fake, made):
    fake.tells_balance = False
    assert (await made(fake.base_url).check()).ok


@pytest.mark.parametrize("kind", ["reset", "not_json", "schema", "truncated", "empty", "private_redirect"])
async def test_the_check_tells_a_broken_service(fake, made, kind):
    for _ in range(2):  # a reading call is repeated once by the HTTP client if the connection breaks
        fake.spoil_next(kind)
    assert not (await made(fake.base_url).check()).ok
