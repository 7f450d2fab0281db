"""The provider for AUTOMATIC1111's web API against a server that speaks it, over real sockets."""

import asyncio
import io

import anyio
import pytest
from PIL import Image
from pydantic import ValidationError

from blogen.errors import (
    AnswerUnusable,
    InvalidInput,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from blogen.providers.image.automatic1111 import Config, Provider
from blogen.providers.protocols import Drawn, ImageModel, ImageRequest
from blogen.render.pictures import prepare
from tests.fakes.automatic1111 import CHECKPOINTS, OUT_OF_MEMORY, FakeAutomatic1111, basic

AUTH = "owner:a-very-secret-password"
ORDER = ImageRequest(prompt="A teapot on a quiet table", title="Tea")


@pytest.fixture
async def fake():
    async with FakeAutomatic1111(auth=AUTH) as server:
        yield server


@pytest.fixture
async def made():
    providers = []

    def make(base_url, **config):
        config = {"api_key": AUTH, "timeout_seconds": 5, **config}
        provider = Provider("image.sd", Config(kind="automatic1111", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


async def test_a_picture_comes_in_the_shape_that_was_asked_for_and_a_size_the_model_can_draw(fake, made):
    provider = made(fake.base_url)
    drawn = await provider.submit(ORDER)
    assert isinstance(provider, ImageModel)
    assert Image.open(io.BytesIO(drawn.content)).size == (1024, 576)
    assert drawn.usage.provider == "image.sd"
    assert drawn.usage.model == CHECKPOINTS[0]
    assert drawn.usage.cost_usd_micros == 0
    order = fake.drawn_orders[0]
    assert order["prompt"] == ORDER.prompt
    assert order["seed"] == -1
    assert "override_settings" not in order
    assert "sampler_name" not in order


@pytest.mark.parametrize(
    ("asked", "max_side", "drawn"),
    [
        ((1600, 900), 1024, (1024, 576)),
        ((900, 1600), 1024, (576, 1024)),
        ((1000, 1000), 1024, (1000, 1000)),
        ((1000, 333), 512, (512, 168)),
        ((5000, 10), 1023, (1016, 64)),
    ],
)
async def test_sizes_are_whole_cells_no_longer_than_allowed(fake, made, asked, max_side, drawn):
    await made(fake.base_url, max_side=max_side).submit(
        ORDER.model_copy(update={"width": asked[0], "height": asked[1]})
    )
    order = fake.drawn_orders[0]
    assert (order["width"], order["height"]) == drawn


async def test_what_the_section_says_is_sent(fake, made):
    provider = made(
        fake.base_url,
        model=CHECKPOINTS[1],
        steps=12,
        cfg_scale=5.5,
        sampler_name="Euler a",
        negative_prompt="text, watermark",
        seed=7,
    )
    drawn = await provider.submit(ORDER)
    order = fake.drawn_orders[0]
    assert order["override_settings"] == {"sd_model_checkpoint": CHECKPOINTS[1]}
    assert (order["steps"], order["cfg_scale"], order["sampler_name"]) == (12, 5.5, "Euler a")
    assert (order["negative_prompt"], order["seed"]) == ("text, watermark", 7)
    assert drawn.usage.model == CHECKPOINTS[1]


async def test_a_picture_with_a_data_prefix_is_read(fake, made):
    fake.data_prefix = True
    assert (await made(fake.base_url).submit(ORDER)).content.startswith(b"\x89PNG")


async def test_a_server_that_does_not_name_its_checkpoint_drew_with_the_one_that_was_asked_for(fake, made):
    fake.tells_checkpoint = False
    assert (await made(fake.base_url).submit(ORDER)).usage.model == ""
    assert (await made(fake.base_url, model=CHECKPOINTS[1]).submit(ORDER)).usage.model == CHECKPOINTS[1]


async def test_a_price_is_counted(fake, made):
    provider = made(fake.base_url, usd_per_call="0.01")
    assert not provider.is_free
    assert provider.most_usd_micros(ORDER) == 10_000
    assert (await provider.submit(ORDER)).usage.cost_usd_micros == 10_000


async def test_a_wrong_password_is_refused_and_not_shown(fake, made):
    with pytest.raises(ProviderRefused, match="Not authenticated") as raised:
        await made(fake.base_url, api_key="owner:some-other-secret").submit(ORDER)
    assert "some-other-secret" not in str(raised.value)
    assert fake.drawn_orders == []


async def test_a_secret_that_the_server_repeats_is_not_shown(fake, made):
    encoded = basic(AUTH)
    fake.fail_next(422, body={"detail": [{"msg": f"bad header {encoded} {AUTH}"}]})
    with pytest.raises(ProviderRefused) as raised:
        await made(fake.base_url).submit(ORDER)
    assert "secret" not in str(raised.value)
    assert encoded.removeprefix("Basic ") not in str(raised.value)


def test_a_key_without_a_user_is_a_mistake_in_the_configuration():
    with pytest.raises(ValidationError, match="expected user:password"):
        Config(kind="automatic1111", api_key="only-a-password")


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ({"status": 404}, ProviderRefused, "--api"),
        ({"status": 404, "body": {"detail": "Sampler not found"}}, ProviderRefused, "Check model and sampler_name"),
        ({"status": 422, "body": {"detail": [{"msg": "steps is too large"}]}}, ProviderRefused, "steps is too large"),
        ({"status": 400}, ProviderRefused, "something broke"),
        ({"status": 403}, ProviderRefused, "does not allow"),
        ({"status": 500}, ProviderUnavailable, "RuntimeError: something broke"),
        ({"status": 500, "body": OUT_OF_MEMORY}, ProviderUnavailable, "graphics memory.*Lower max_side"),
        ({"status": 503}, ProviderUnavailable, "503"),
        ({"status": 429}, ProviderBusy, "pause"),
        ({"status": 302, "headers": {"Location": "http://169.254.169.254/"}}, ProviderRefused, "redirect"),
    ],
)
async def test_errors_are_told_in_words(fake, made, fault, error, words):
    fake.fail_next(**fault)
    with pytest.raises(error, match=words) as raised:
        await made(fake.base_url).submit(ORDER)
    assert raised.value.provider == "image.sd"
    assert len(fake.calls) == 1


async def test_a_sampler_that_the_server_lacks_is_refused(fake, made):
    with pytest.raises(ProviderRefused, match="Sampler not found"):
        await made(fake.base_url, sampler_name="Nobody's").submit(ORDER)


async def test_a_pause_that_is_asked_for_is_handed_on(fake, made):
    fake.fail_next(503, headers={"Retry-After": "12"})
    with pytest.raises(ProviderUnavailable) as raised:
        await made(fake.base_url).submit(ORDER)
    assert raised.value.retry_after_seconds == 12


@pytest.mark.parametrize("kind", ["reset", "not_json", "schema", "truncated", "empty", "lost_answer"])
async def test_a_broken_answer_is_unavailable(fake, made, kind):
    fake.spoil_next(kind)
    with pytest.raises(ProviderUnavailable):
        await made(fake.base_url).submit(ORDER)


@pytest.mark.parametrize("kind", ["hang", "drip"])
async def test_a_server_that_does_not_finish_its_answer_is_left_after_a_time(fake, made, kind):
    fake.spoil_next(kind)
    with pytest.raises(ProviderUnavailable, match=r"within 0\.3 s"):
        await made(fake.base_url, timeout_seconds=0.3).submit(ORDER)


async def test_a_server_that_does_not_run_is_unavailable(fake, made):
    await fake.stop()
    with pytest.raises(ProviderUnavailable, match="refused the connection"):
        await made(fake.base_url).submit(ORDER)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"images": []},
        {"images": [7]},
        {"images": {"0": "x"}},
        {"images": ["é"]},
        {"images": ["x"]},
        {"images": None, "info": 5},
    ],
)
async def test_an_answer_of_another_shape_is_malformed(fake, made, body):
    fake.spoil_next("schema", body=body)
    with pytest.raises((ProviderUnavailable, AnswerUnusable)):
        await made(fake.base_url).submit(ORDER)


@pytest.mark.parametrize("info", [5, None, "not json", "[]", '{"sd_model_name": 7}', {"sd_model_name": ["x"]}])
async def test_what_the_server_tells_about_the_picture_is_not_trusted(fake, made, info):
    fake.spoil_next("schema", body={"images": ["iVBORw0KGgo="], "info": info})
    assert (await made(fake.base_url).submit(ORDER)).usage.model == ""


async def test_what_is_no_picture_cannot_be_used(fake, made):
    fake.spoil_next("not_an_image")
    with pytest.raises(AnswerUnusable, match="something else came") as raised:
        await made(fake.base_url).submit(ORDER)
    assert "only a few words" in raised.value.raw


async def test_a_bomb_is_refused_before_it_is_unpacked(fake, made):
    fake.spoil_next("bomb")
    drawn = await made(fake.base_url).submit(ORDER)
    assert isinstance(drawn, Drawn)
    with pytest.raises(InvalidInput):
        await prepare(drawn.content, alt="", made_by="", ai_generated=True)


async def test_a_call_that_is_cancelled_ends_the_drawing(fake, made):
    fake.hold()
    call = asyncio.create_task(made(fake.base_url).submit(ORDER))
    task = await fake.drawing()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert fake.interrupted == [task]
    await fake.idle()


async def test_a_call_whose_surroundings_are_cancelled_ends_the_drawing(fake, made):
    fake.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made(fake.base_url).submit, ORDER)
        task = await fake.drawing()
        tasks.cancel_scope.cancel()
    assert fake.interrupted == [task]


async def test_a_call_that_takes_too_long_ends_the_drawing(fake, made):
    fake.hold()
    with pytest.raises(ProviderUnavailable, match="did not answer"):
        await made(fake.base_url, timeout_seconds=0.3).submit(ORDER)
    assert len(fake.interrupted) == 1
    assert fake.interrupted[0].startswith("task(blogen-")


@pytest.mark.parametrize("knows_tasks", [True, False])
async def test_another_picture_of_ours_is_not_interrupted(fake, made, knows_tasks):
    fake.knows_tasks = knows_tasks
    fake.hold()
    provider = made(fake.base_url)
    first = asyncio.create_task(provider.submit(ORDER))
    await fake.drawing()
    second = asyncio.create_task(provider.submit(ORDER))
    await fake.received("txt2img", 2)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert fake.interrupted == []
    fake.release()
    assert isinstance(await first, Drawn)


async def test_a_stranger_s_picture_is_not_interrupted(fake, made):
    fake.hold()
    stranger = asyncio.create_task(made(fake.base_url).submit(ORDER))
    await fake.drawing()
    ours = asyncio.create_task(made(fake.base_url).submit(ORDER))
    await fake.received("txt2img", 2)
    ours.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ours
    assert fake.interrupted == []
    fake.release()
    assert isinstance(await stranger, Drawn)


async def test_an_older_server_is_interrupted_too(fake, made):
    fake.knows_tasks = False
    fake.hold()
    call = asyncio.create_task(made(fake.base_url).submit(ORDER))
    await fake.drawing()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(fake.interrupted) == 1


async def test_interrupting_takes_two_seconds_at_most(fake, made, monkeypatch):
    monkeypatch.setattr("blogen.providers.image.automatic1111._INTERRUPT_SECONDS", 0.2)
    fake.hold()
    call = asyncio.create_task(made(fake.base_url).submit(ORDER))
    await fake.drawing()
    fake.spoil_next("hang", path="/internal/progress")
    call.cancel()
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await call
    assert fake.interrupted == []


async def test_there_are_no_handles(made):
    with pytest.raises(ProviderRefused, match="gives no handles"):
        await made("http://127.0.0.1:9").poll("x")


async def test_the_check_draws_nothing_and_names_the_checkpoint(fake, made):
    health = await made(fake.base_url).check()
    assert health.ok
    assert CHECKPOINTS[0] in health.detail
    assert fake.drawn_orders == []
    assert not any("txt2img" in path for path in fake.paths)


@pytest.mark.parametrize(
    "name", [CHECKPOINTS[1], f"{CHECKPOINTS[1]}.safetensors", f"{CHECKPOINTS[1]}.safetensors [31e35c80fc]"]
)
async def test_the_check_knows_a_checkpoint_by_all_its_names(fake, made, name):
    assert (await made(fake.base_url, model=name).check()).ok


async def test_the_check_finds_what_the_server_lacks(fake, made):
    health = await made(fake.base_url, model="dreamshapr_8").check()
    assert not health.ok
    assert f"Did you mean `{CHECKPOINTS[1]}`?" in health.remedy
    health = await made(fake.base_url, sampler_name="Eular a").check()
    assert not health.ok
    assert "Did you mean `Euler a`?" in health.remedy


@pytest.mark.parametrize(
    "kind", ["reset", "not_json", "schema", "truncated", "empty", "private_redirect", "expired_url"]
)
async def test_the_check_tells_a_broken_server(fake, made, kind):
    for _ in range(2):  # a reading call is repeated once by the HTTP client if the connection breaks
        fake.spoil_next(kind)
    health = await made(fake.base_url).check()
    assert not health.ok
    assert health.detail


async def test_every_error_is_one_of_the_contract(fake, made):
    for kind in ("reset", "not_json", "schema", "truncated", "empty", "not_an_image", "private_redirect"):
        fake.spoil_next(kind)
        with pytest.raises(ProviderError):
            await made(fake.base_url).submit(ORDER)
