"""The OpenAI image provider against a server that speaks the wire format, over real sockets."""

import io

import pytest
from PIL import Image

from blogen.errors import AnswerLost, AnswerUnusable, ProviderRefused, ProviderUnavailable
from blogen.providers.image.openai import Config, Provider
from blogen.providers.protocols import ImageModel, ImageRequest
from tests.fakes.openai_server import CONTENT_REFUSED, IMAGE_MODEL, NO_CREDIT, FakeOpenAI

KEY = "sk-a-very-secret-key-1234567890"
ORDER = ImageRequest(prompt="A teapot on a quiet table", title="Tea")


@pytest.fixture
async def fake():
    async with FakeOpenAI(key=KEY) as server:
        yield server


@pytest.fixture
async def made():
    providers = []

    def make(base_url, **config):
        config = {"api_key": KEY, "model": IMAGE_MODEL, "timeout_seconds": 5, **config}
        provider = Provider("image.main", Config(kind="openai", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


async def test_a_picture_comes_as_bytes_with_its_usage(fake, made):
    provider = made(fake.base_url, input_usd_per_million=5, output_usd_per_million=40)
    drawn = await provider.submit(ORDER)
    assert isinstance(provider, ImageModel)
    assert Image.open(io.BytesIO(drawn.content)).size == (96, 64)
    assert drawn.media_type == "image/png"
    assert drawn.usage.model == IMAGE_MODEL
    assert drawn.usage.cost_usd_micros == 50 * 5 + 4160 * 40
    assert fake.calls[0].body == {"model": IMAGE_MODEL, "prompt": ORDER.prompt, "size": "1536x1024"}


async def test_the_price_of_one_picture_is_counted(fake, made):
    provider = made(fake.base_url, usd_per_call=0.04, quality="low")
    assert not provider.is_free
    assert (await provider.submit(ORDER)).usage.cost_usd_micros == 40_000
    assert fake.calls[0].body["quality"] == "low"


async def test_a_picture_at_an_address_of_the_same_host_is_fetched(fake, made):
    fake.picture_by_url = True
    drawn = await made(fake.base_url).submit(ORDER)
    assert drawn.content.startswith(b"\x89PNG")
    assert drawn.media_type == "image/png"


async def test_a_picture_at_another_private_address_is_not_fetched_and_counts_as_paid(fake, made):
    fake.picture_by_url = True
    fake.image_url = "http://169.254.169.254/latest/meta-data"
    with pytest.raises(AnswerUnusable, match=r"image\.main.*private address") as raised:
        await made(fake.base_url, usd_per_call=0.04).submit(ORDER)
    assert raised.value.usage.cost_usd_micros == 40_000
    assert "research." not in raised.value.remedy


async def test_a_picture_that_cannot_be_fetched_now_may_have_been_paid_for(fake, made):
    fake.picture_by_url = True
    fake.fail_next(503, {"Retry-After": "12"}, label="file")
    with pytest.raises(AnswerLost) as raised:
        await made(fake.base_url).submit(ORDER)
    assert raised.value.retry_after_seconds == 12


async def test_what_is_no_picture_counts_as_paid(fake, made):
    fake.spoil_next("not_an_image")
    with pytest.raises(AnswerUnusable, match="something else came") as raised:
        await made(fake.base_url, usd_per_call=0.04).submit(ORDER)
    assert raised.value.usage.cost_usd_micros == 40_000
    assert "only a few words" in raised.value.raw


async def test_fields_that_are_refused_are_left_out_and_that_is_remembered(fake, made):
    fake.refuses = ("quality", "size")
    provider = made(fake.base_url, quality="high")
    await provider.submit(ORDER)
    await provider.submit(ORDER)
    assert fake.paid == ["image", "image"]
    assert len(fake.calls) == 4


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, r"key in \[image\.main\] was refused"),
        ({"status": 400, "body": CONTENT_REFUSED}, "refused the content"),
        ({"status": 429, "body": NO_CREDIT}, "no credit left"),
    ],
)
async def test_what_repeating_cannot_mend_is_refused(fake, made, fault, words):
    fake.fail_next(**fault)
    with pytest.raises(ProviderRefused, match=words):
        await made(fake.base_url).submit(ORDER)
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    "kind", ["not_json", "broken_json", "deep", "schema", "empty", "not_a_completion", "truncated", "reset"]
)
async def test_a_broken_answer_is_unavailable(fake, made, kind):
    fake.spoil_next(kind)
    with pytest.raises(ProviderUnavailable):
        await made(fake.base_url).submit(ORDER)


async def test_a_pause_that_is_asked_for_is_handed_on(fake, made):
    fake.fail_next(429, headers={"Retry-After": "12"})
    with pytest.raises(ProviderUnavailable) as raised:
        await made(fake.base_url).submit(ORDER)
    assert raised.value.retry_after_seconds == 12


async def test_the_check_spends_nothing(fake, made):
    assert (await made(fake.base_url).check()).ok
    assert fake.labels == ["models"]
