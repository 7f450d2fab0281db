"""The provider for ComfyUI against a server that speaks its wire format, over real sockets and websockets."""

import asyncio
import io
import json

import pytest
from PIL import Image
from pydantic import ValidationError

from blogen.errors import (
    AnswerUnusable,
    InvalidInput,
    OrderFailed,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from blogen.providers.image.comfyui import Config, Provider
from blogen.providers.protocols import CanCancel, CanFind, Drawn, ImageModel, ImageRequest, Pending, Submitted
from blogen.render.pictures import prepare
from tests.fakes.comfyui import CHECKPOINTS, FakeComfyUI, graph_of

ORDER = ImageRequest(prompt="A teapot on a quiet table", title="Tea", reference="job-1:image:cover:1")
UI_FORMAT = {"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}], "links": [], "version": 0.4}


@pytest.fixture
async def fake():
    async with FakeComfyUI() as server:
        yield server


@pytest.fixture
async def made():
    providers = []

    def make(base_url, **config):
        config = {"timeout_seconds": 5, **({} if "workflow" in config else {"model": CHECKPOINTS[0]}), **config}
        provider = Provider("image.comfy", Config(kind="comfyui", base_url=base_url, **config))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


@pytest.fixture
def workflow(tmp_path):
    """Writes a workflow to a file; its path."""

    def write(graph):
        file = tmp_path / "workflow.json"
        file.write_text(graph if isinstance(graph, str) else json.dumps(graph))
        return str(file)

    return write


def other(number):
    return ORDER.model_copy(update={"reference": f"job-{number}:image:cover:1"})


async def test_an_order_is_placed_polled_and_fetched(fake, made):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    drawn = await provider.poll(submitted.handle)
    assert isinstance(provider, ImageModel)
    assert isinstance(provider, CanFind)
    assert isinstance(provider, CanCancel)
    assert isinstance(submitted, Submitted)
    assert submitted.poll_after_seconds == 1
    assert Image.open(io.BytesIO(drawn.content)).size == (1024, 576)
    assert drawn.media_type == "image/png"
    assert drawn.usage.provider == "image.comfy"
    assert drawn.usage.model == CHECKPOINTS[0]
    assert drawn.usage.cost_usd_micros == 0


async def test_an_order_goes_by_an_id_that_follows_from_its_reference(fake, made):
    submitted = await made(fake.base_url).submit(ORDER)
    again = await made(fake.base_url).submit(ORDER)
    elsewhere = await made(fake.base_url).submit(other(2))
    nameless = [await made(fake.base_url).submit(ORDER.model_copy(update={"reference": ""})) for _ in range(2)]
    assert submitted.handle == again.handle == fake.placed[0].id == fake.placed[0].extra["client_id"]
    assert len({submitted.handle, elsewhere.handle, *(order.handle for order in nameless)}) == 4


async def test_the_same_order_gets_the_same_seed_and_another_gets_another(fake, made):
    provider = made(fake.base_url)
    for order in (ORDER, ORDER, other(2)):
        await provider.submit(order)
    await made(fake.base_url, seed=7).submit(ORDER)
    seeds = [order.graph["drawing"]["inputs"]["seed"] for order in fake.placed]
    assert seeds[0] == seeds[1] != seeds[2]
    assert seeds[3] == 7


async def test_the_built_in_workflow_takes_its_settings_from_the_section(fake, made):
    await made(
        fake.base_url,
        model=CHECKPOINTS[1],
        steps=9,
        cfg_scale=3.5,
        sampler_name="euler",
        scheduler="normal",
        negative_prompt="text",
        max_side=512,
    ).submit(ORDER)
    graph = fake.placed[0].graph
    sampler = graph["drawing"]["inputs"]
    assert (sampler["steps"], sampler["cfg"], sampler["sampler_name"], sampler["scheduler"]) == (
        9,
        3.5,
        "euler",
        "normal",
    )
    assert graph["wanted"]["inputs"]["text"] == ORDER.prompt
    assert graph["unwanted"]["inputs"]["text"] == "text"
    assert graph["canvas"]["inputs"] == {"width": 512, "height": 288, "batch_size": 1}
    assert graph["checkpoint"]["inputs"]["ckpt_name"] == CHECKPOINTS[1]


async def test_the_owner_s_workflow_is_filled_in(fake, made, workflow):
    provider = made(fake.base_url, workflow=workflow(graph_of()), negative_prompt="watermark", seed=11)
    drawn = await provider.poll((await provider.submit(ORDER)).handle)
    graph = fake.placed[0].graph
    assert graph["6"]["inputs"]["text"] == f"masterpiece, {ORDER.prompt}"
    assert graph["7"]["inputs"]["text"] == "text, watermark"
    assert graph["3"]["inputs"]["seed"] == 11
    assert graph["5"]["inputs"] == {"width": 1024, "height": 576, "batch_size": 1}
    assert graph["9"]["inputs"]["filename_prefix"] == "post_11"
    assert drawn.usage.model == CHECKPOINTS[1]


async def test_a_prompt_with_placeholders_in_it_stays_as_it_is(fake, made, workflow):
    provider = made(fake.base_url, workflow=workflow(graph_of()), seed=11)
    await provider.submit(ORDER.model_copy(update={"prompt": "a {{seed}} and {{negative_prompt}} \\1 \\g<0>"}))
    assert fake.placed[0].graph["6"]["inputs"]["text"] == "masterpiece, a {{seed}} and {{negative_prompt}} \\1 \\g<0>"


async def test_a_changed_workflow_counts_at_once(fake, made, workflow):
    provider = made(fake.base_url, workflow=workflow(graph_of()))
    await provider.submit(ORDER)
    workflow(graph_of(steps=5))
    await provider.submit(other(2))
    assert [order.graph["3"]["inputs"]["steps"] for order in fake.placed] == [20, 5]


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ("{not json", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "is not a workflow"),
        ({}, "is not a workflow"),
        (UI_FORMAT, r"editor, not one in API format.*Export \(API\)"),
        ({"3": {"inputs": {}}}, "has no class_type"),
        ({"3": {"class_type": "KSampler"}}, "has no inputs"),
        ({"3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fixed prompt"}}}, r"has no \{\{prompt\}\}"),
    ],
)
async def test_a_file_that_is_no_usable_workflow_is_refused_and_found_by_the_check(fake, made, workflow, graph, words):
    provider = made(fake.base_url, workflow=workflow(graph))
    with pytest.raises(ProviderRefused, match=f"(?s)workflow.*{words}"):
        await provider.submit(ORDER)
    health = await provider.check()
    assert not health.ok
    assert "workflow" in health.detail
    assert fake.calls == []


async def test_a_workflow_that_is_not_there_or_too_long_is_refused(fake, made, workflow, tmp_path):
    with pytest.raises(ProviderRefused, match="does not exist"):
        await made(fake.base_url, workflow=str(tmp_path / "none.json")).submit(ORDER)
    with pytest.raises(ProviderRefused, match="cannot be read"):
        await made(fake.base_url, workflow=str(tmp_path)).submit(ORDER)
    with pytest.raises(ProviderRefused, match="longer than 2 MB"):
        await made(fake.base_url, workflow=workflow(" " * 2_000_001)).submit(ORDER)


def test_a_section_needs_a_workflow_or_a_model():
    with pytest.raises(ValidationError, match="give `workflow`"):
        Config(kind="comfyui")


async def test_a_model_that_the_server_lacks_is_refused_with_node_and_field(fake, made):
    with pytest.raises(
        ProviderRefused, match=r"CheckpointLoaderSimple \(node checkpoint\), ckpt_name: Value not in list"
    ):
        await made(fake.base_url, model="none.safetensors").submit(ORDER)
    assert fake.placed == []
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"3": {"class_type": "Nonsense", "inputs": {}}}, r"Nonsense does not exist.: Node ID '#3'"),
        ({"9": None}, "has no outputs"),
        (
            {"8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}}},
            r"VAEDecode \(node 8\), vae: Required input",
        ),
        (
            {"8": {"class_type": "VAEDecode", "inputs": {"samples": ["99", 0], "vae": ["4", 2]}}},
            r"VAEDecode \(node 8\)",
        ),
        (
            {"8": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["4", 2]}}},
            "MODEL.*mismatch.*LATENT",
        ),
    ],
)
async def test_what_is_wrong_with_a_workflow_is_told_in_words(fake, made, workflow, change, words):
    graph = {key: node for key, node in (graph_of() | change).items() if node is not None}
    with pytest.raises(ProviderRefused, match=words):
        await made(fake.base_url, workflow=workflow(graph)).submit(ORDER)


async def test_a_value_out_of_range_names_its_field(fake, made, workflow):
    with pytest.raises(ProviderRefused, match=r"KSampler \(node 3\), steps: Value 0 smaller than min of 1"):
        await made(fake.base_url, workflow=workflow(graph_of(steps=0))).submit(ORDER)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no prompt", "node_errors": []},
        {"error": {"message": 5}, "node_errors": {"3": 7, "4": {"errors": [1, {"message": [], "extra_info": "x"}]}}},
        [],
        "only words",
    ],
)
async def test_a_refusal_of_another_shape_is_still_a_refusal(fake, made, body):
    fake.fail_next(400, body=body)
    with pytest.raises(ProviderRefused, match="does not accept"):
        await made(fake.base_url).submit(ORDER)


async def test_an_order_waits_in_the_queue_then_runs_then_is_there(fake, made):
    fake.hold()
    provider = made(fake.base_url, timeout_seconds=0.3)
    first = await provider.submit(other(1))
    second = await provider.submit(other(2))
    third = await provider.submit(other(3))
    waits = [await provider.poll(order.handle) for order in (first, second, third)]
    assert [wait.fraction for wait in waits] == [0, 0, 0]
    assert [wait.poll_after_seconds for wait in waits] == [1, 2, 3]
    assert fake.begin() == first.handle
    fake.run()
    assert isinstance(await made(fake.base_url).poll(first.handle), Drawn)


async def test_progress_comes_over_the_websocket(fake, made):
    fake.hold()
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.progress = (5, 20)
    assert await provider.poll(submitted.handle) == Pending(fraction=0.25, poll_after_seconds=1)
    fake.progress = (10, 20)
    assert (await provider.poll(submitted.handle)).fraction == 0.5
    assert fake.clients == [submitted.handle] * 2


async def test_polls_become_rarer_up_to_five_seconds(fake, made):
    fake.hold()
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.progress = (1, 20)
    pauses = [(await provider.poll(submitted.handle)).poll_after_seconds for _ in range(10)]
    assert pauses == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5]


async def test_without_news_the_last_progress_holds(fake, made):
    fake.hold()
    provider = made(fake.base_url, timeout_seconds=0.3)
    submitted = await provider.submit(ORDER)
    fake.begin()
    assert (await provider.poll(submitted.handle)).fraction is None
    fake.progress = (5, 20)
    await provider.poll(submitted.handle)
    fake.progress = None
    assert (await provider.poll(submitted.handle)).fraction == 0.25


@pytest.mark.parametrize("progress", [("5", 20), (5, 0), (5, None), (float("nan"), 20), (True, -1), (10**400, 1)])
async def test_progress_that_makes_no_sense_is_left_out(fake, made, progress):
    fake.hold()
    provider = made(fake.base_url, timeout_seconds=0.3)
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.progress = progress
    assert (await provider.poll(submitted.handle)).fraction is None


async def test_progress_of_an_older_server_that_does_not_name_the_order_counts(fake, made):
    fake.hold()
    fake.takes_ids = False
    fake.names_prompt_in_progress = False
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.progress = (5, 20)
    assert (await made(fake.base_url).poll(submitted.handle)).fraction == 0.25


@pytest.mark.parametrize("kind", ["reset", "hang", "not_json", "truncated", "status", "private_redirect"])
async def test_a_websocket_that_fails_is_no_failure_of_the_poll(fake, made, kind):
    fake.hold()
    provider = made(fake.base_url, timeout_seconds=0.3)
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.spoil_next(kind, path="/ws")
    assert isinstance(await provider.poll(submitted.handle), Pending)


async def test_a_websocket_that_leads_elsewhere_is_not_followed(fake, made):
    fake.hold()
    provider = made(fake.base_url, timeout_seconds=0.3)
    submitted = await provider.submit(ORDER)
    fake.begin()
    async with FakeComfyUI() as elsewhere:
        fake.fail_next(302, headers={"Location": f"{elsewhere.base_url}/ws"}, path="/ws")
        assert (await provider.poll(submitted.handle)).fraction is None
        assert elsewhere.calls == []


async def test_many_polls_share_one_look_at_the_queue(fake, made):
    fake.hold()
    provider = made(fake.base_url)
    handles = [(await provider.submit(other(number))).handle for number in range(5)]
    for handle in handles:
        assert isinstance(await provider.poll(handle), Pending)
    assert fake.paths.count("GET /queue") == 1


async def test_an_order_of_an_earlier_process_is_polled_on(fake, made):
    submitted = await made(fake.base_url).submit(ORDER)
    assert isinstance(await made(fake.base_url).poll(submitted.handle), Drawn)


async def test_an_older_server_that_chooses_the_id_is_followed(fake, made):
    fake.takes_ids = False
    fake.tells_status = False
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    assert submitted.handle == fake.placed[0].id
    assert isinstance(await provider.poll(submitted.handle), Drawn)


@pytest.mark.parametrize("takes_ids", [True, False])
@pytest.mark.parametrize("state", ["pending", "running", "ended", "failed"])
async def test_an_order_is_found_again_by_its_reference(fake, made, takes_ids, state):
    fake.takes_ids = takes_ids
    fake.hold()
    await made(fake.base_url).submit(other(7))
    submitted = await made(fake.base_url).submit(ORDER)
    if state != "pending":
        fake.run() if state == "ended" else fake.begin()
    if state == "failed":
        fake.run()
    assert await made(fake.base_url).find(ORDER.reference) == submitted
    assert await made(fake.base_url).find("job-9:image:cover:1") is None


@pytest.mark.parametrize("takes_ids", [True, False])
async def test_an_order_whose_answer_was_lost_is_not_placed_twice(fake, made, takes_ids):
    fake.takes_ids = takes_ids
    fake.spoil_next("lost_answer")
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    assert [order.id for order in fake.placed] == [submitted.handle]
    assert isinstance(await provider.poll(submitted.handle), Drawn)


@pytest.mark.parametrize("kind", ["reset", "not_json", "schema", "truncated", "empty"])
async def test_an_order_that_did_not_arrive_is_unavailable(fake, made, kind):
    fake.spoil_next(kind)
    with pytest.raises(ProviderUnavailable):
        await made(fake.base_url).submit(ORDER)
    assert fake.placed == []


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
    ("fault", "error", "words"),
    [
        ({"status": 401}, ProviderRefused, "Check api_key"),
        ({"status": 403}, ProviderRefused, "does not allow"),
        ({"status": 404}, ProviderRefused, "Check base_url"),
        ({"status": 413}, ProviderRefused, "413"),
        ({"status": 429}, ProviderBusy, "pause"),
        ({"status": 500}, ProviderUnavailable, "500"),
        ({"status": 503, "headers": {"Retry-After": "7"}}, ProviderUnavailable, "503"),
    ],
)
async def test_errors_are_told_in_words(fake, made, fault, error, words):
    fake.fail_next(**fault)
    with pytest.raises(error, match=words) as raised:
        await made(fake.base_url).submit(ORDER)
    assert raised.value.provider == "image.comfy"
    assert fake.placed == []
    if "headers" in fault:
        assert raised.value.retry_after_seconds == 7


@pytest.mark.parametrize("prompt_id", [7, None, "", "../../etc/passwd", "x" * 101])
async def test_an_id_that_cannot_be_one_is_malformed(fake, made, prompt_id):
    fake.spoil_next("schema", body={"prompt_id": prompt_id, "number": 1, "node_errors": {}})
    with pytest.raises(ProviderUnavailable, match="names no order"):
        await made(fake.base_url).submit(ORDER)


@pytest.mark.parametrize("path", ["/queue", "/history", "/view"])
@pytest.mark.parametrize("kind", ["reset", "not_json", "schema", "truncated", "empty", "private_redirect", "status"])
async def test_a_poll_that_meets_a_fault_tells_it(fake, made, path, kind):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    for _ in range(2):  # a reading call is repeated once by the HTTP client if the connection breaks
        fake.spoil_next(kind, path=path)
    with pytest.raises(ProviderError) as raised:
        await provider.poll(submitted.handle)
    assert raised.value.retryable or kind == "private_redirect"


@pytest.mark.parametrize(
    "body", [[], None, {"queue_running": []}, {"queue_running": [], "queue_pending": 5}, {"queue_running": {}}]
)
async def test_a_queue_of_another_shape_is_malformed(fake, made, body):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.fail_next(200, body=body if body is not None else "null", path="/queue")
    with pytest.raises(ProviderUnavailable, match="is not a queue"):
        await provider.poll(submitted.handle)


async def test_orders_of_another_shape_in_the_queue_are_passed_over(fake, made):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    odd = [[1], "x", {"a": 1}, [10**400, "id", None, {"client_id": 4}], ["b", 3], [1, "y", 2, 3], []]
    fake.spoil_next("schema", body={"queue_running": odd, "queue_pending": odd}, path="/queue")
    assert isinstance(await provider.poll(submitted.handle), Drawn)


@pytest.mark.parametrize(
    "entry",
    [
        5,
        {"outputs": []},
        {"outputs": {"9": 5}},
        {"outputs": {"9": {"images": [{"filename": 7}, "x", {"filename": ""}]}}},
        {"outputs": {}, "status": {"status_str": "error", "messages": [["execution_error", 5], 7, ["a"], [1, {}]]}},
        {
            "outputs": {},
            "status": {"status_str": "error", "messages": [["execution_error", {"node_type": [], "x": 1}]]},
        },
        {"outputs": {}, "status": [], "prompt": 5},
    ],
)
async def test_a_history_is_read_with_care(fake, made, entry):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.spoil_next("schema", body={submitted.handle: entry}, path="/history")
    with pytest.raises((ProviderRefused, ProviderUnavailable)):
        await provider.poll(submitted.handle)


async def test_an_order_that_the_server_forgot_is_to_be_placed_anew(fake, made):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.forget()
    with pytest.raises(OrderFailed, match=r"no longer knows the order.*It is placed anew"):
        await provider.poll(submitted.handle)


async def test_a_picture_that_was_deleted_is_refused(fake, made):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.forget_files()
    with pytest.raises(ProviderRefused, match="does not have the picture"):
        await provider.poll(submitted.handle)


async def test_a_failure_while_drawing_is_told_with_its_node(fake, made):
    fake.hold()
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.fail("RuntimeError", "mat1 and mat2 shapes cannot be multiplied\n")
    with pytest.raises(ProviderRefused, match=r"failed in KSampler \(node drawing\): mat1 and mat2"):
        await provider.poll(submitted.handle)


async def test_too_little_graphics_memory_is_told_with_a_remedy(fake, made):
    fake.hold()
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.fail("torch.OutOfMemoryError", "Allocation on device")
    with pytest.raises(ProviderRefused, match="lower max_side"):
        await provider.poll(submitted.handle)


async def test_a_saved_picture_is_taken_before_a_preview(fake, made, workflow):
    graph = {"1": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}, **graph_of()}
    provider = made(fake.base_url, workflow=workflow(graph), seed=11)
    await provider.poll((await provider.submit(ORDER)).handle)
    assert fake.calls[-1].query["type"] == "output"
    del graph["9"]
    provider = made(fake.base_url, workflow=workflow(graph))
    await provider.poll((await provider.submit(other(2))).handle)
    assert fake.calls[-1].query["type"] == "temp"


async def test_what_is_no_picture_cannot_be_used(fake, made):
    fake.spoil_next("not_an_image")
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    with pytest.raises(AnswerUnusable, match="something else came"):
        await provider.poll(submitted.handle)


async def test_a_bomb_is_refused_before_it_is_unpacked(fake, made):
    fake.spoil_next("bomb")
    provider = made(fake.base_url)
    drawn = await provider.poll((await provider.submit(ORDER)).handle)
    with pytest.raises(InvalidInput):
        await prepare(drawn.content, alt="", made_by="", ai_generated=True)


async def test_an_order_that_waits_is_cancelled_without_touching_the_one_that_runs(fake, made):
    fake.hold()
    provider = made(fake.base_url)
    running = await provider.submit(other(1))
    waiting = await provider.submit(other(2))
    fake.begin()
    await provider.cancel(waiting.handle)
    assert fake.interrupted == []
    fake.run()
    assert fake.drawn_ids == [running.handle]


@pytest.mark.parametrize("takes_ids", [True, False])
async def test_the_order_that_runs_is_interrupted(fake, made, takes_ids):
    fake.takes_ids = takes_ids
    fake.hold()
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.begin()
    await provider.cancel(submitted.handle)
    assert fake.interrupted == [submitted.handle]
    with pytest.raises(ProviderRefused, match="was interrupted"):
        await provider.poll(submitted.handle)


async def test_cancelling_what_has_ended_or_is_not_known_does_nothing(fake, made):
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    for handle in (submitted.handle, "never-seen", "../interrupt"):
        await provider.cancel(handle)
    assert fake.interrupted == []
    assert isinstance(await provider.poll(submitted.handle), Drawn)


async def test_a_handle_that_cannot_be_one_is_refused(fake, made):
    with pytest.raises(ProviderRefused, match="is not an order"):
        await made(fake.base_url).poll("../../system_stats")
    assert fake.calls == []


async def test_everything_works_under_api_too(fake, made):
    fake.hold()
    provider = made(f"{fake.base_url}/api")
    submitted = await provider.submit(ORDER)
    fake.begin()
    fake.progress = (5, 20)
    assert (await provider.poll(submitted.handle)).fraction == 0.25
    fake.run()
    assert isinstance(await made(f"{fake.base_url}/api").poll(submitted.handle), Drawn)
    assert all(call.path.startswith("/api/") for call in fake.calls)


async def test_a_token_goes_with_every_call_and_is_never_shown(made):
    async with FakeComfyUI(token="a-very-secret-token") as fake:
        fake.hold()
        provider = made(fake.base_url, api_key="a-very-secret-token")
        submitted = await provider.submit(ORDER)
        fake.begin()
        fake.progress = (5, 20)
        assert (await provider.poll(submitted.handle)).fraction == 0.25
        fake.fail_next(400, body={"error": "odd: Bearer a-very-secret-token"})
        with pytest.raises(ProviderRefused, match="odd") as raised:
            await provider.submit(ORDER)
        assert "a-very-secret-token" not in str(raised.value)
        with pytest.raises(ProviderRefused, match="401"):
            await made(fake.base_url, api_key="another").submit(ORDER)


@pytest.mark.parametrize("combo_objects", [True, False])
async def test_the_check_draws_nothing_and_knows_what_is_there(fake, made, workflow, combo_objects):
    fake.combo_objects = combo_objects
    health = await made(fake.base_url).check()
    assert health.ok
    assert "0.3.62" in health.detail
    assert (await made(fake.base_url, workflow=workflow(graph_of())).check()).ok
    health = await made(fake.base_url, model="dreamshaper_7.safetensors").check()
    assert not health.ok
    assert f"Did you mean `{CHECKPOINTS[1]}`?" in health.remedy
    assert fake.placed == []


async def test_the_check_finds_nodes_that_are_not_installed(fake, made, workflow):
    graph = graph_of() | {"10": {"class_type": "Their Upscaler/4x", "inputs": {}}}
    health = await made(fake.base_url, workflow=workflow(graph)).check()
    assert not health.ok
    assert "Their Upscaler/4x" in health.detail


@pytest.mark.parametrize("kind", ["reset", "not_json", "truncated", "empty", "private_redirect", "expired_url"])
async def test_the_check_tells_a_broken_server(fake, made, kind):
    for _ in range(2):
        fake.spoil_next(kind)
    assert not (await made(fake.base_url).check()).ok


async def test_a_poll_can_be_cancelled_while_it_listens(fake, made):
    fake.hold()
    provider = made(fake.base_url)
    submitted = await provider.submit(ORDER)
    fake.begin()
    poll = asyncio.create_task(provider.poll(submitted.handle))
    await fake.received("/ws")
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
