"""Blogen behind LiteLLM's proxy, as many owners run one, with aimock behind that; no call leaves this machine.

`make test-gateway` installs the proxy (minutes and three quarters of a gigabyte, so `make test` does without) and runs
this file. LiteLLM rewords requests, answers and errors: what our providers read must survive that.
"""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blogen.errors import ProviderBusy, ProviderRefused, ProviderUnavailable
from blogen.providers.image import openai as openai_image
from blogen.providers.protocols import ImageRequest
from blogen.providers.text import anthropic as anthropic_text
from blogen.providers.text import openai as openai_text
from tests.e2e.conftest import NewBlogen
from tests.fakes.openai_server import picture
from tests.ports import free_port
from tests.servers.aimock import Aimock
from tests.servers.test_aimock import FIXTURES, ORDER, POST, QUESTION, SHAPED, SHAPED_ANSWER, TEXT

PROGRAM = Path(__file__).parent / ".gateway" / "bin" / "litellm"
KEY = "sk-gateway-a-very-secret-key"
CONFIG = """
model_list:
  - model_name: writer
    litellm_params: {{model: openai/some-model, api_base: "{upstream}/v1", api_key: none}}
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_base: "{upstream}", api_key: none}}
  - model_name: painter
    litellm_params: {{model: openai/gpt-image-1, api_base: "{upstream}/v1", api_key: none}}
    model_info: {{mode: image_generation}}
litellm_settings: {{num_retries: 0, telemetry: false}}
router_settings: {{num_retries: 0, disable_cooldowns: true}}
general_settings: {{master_key: {key}}}
"""
PATIENCE_SECONDS = 120
"""It needs half a minute to start, on a busy machine more."""


@pytest.fixture(scope="module")
def upstream_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def gateway(upstream_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running gateway; its models are served at `upstream_port`."""
    if not PROGRAM.exists():
        pytest.fail("LiteLLM is not installed in tests/servers/.gateway. Run `make test-gateway`.", pytrace=False)
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(upstream=f"http://127.0.0.1:{upstream_port}", key=KEY), encoding="utf-8")
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONUNBUFFERED": "1", "HOME": str(folder)}
    process = subprocess.Popen(
        [PROGRAM, "--config", config, "--host", "127.0.0.1", "--port", "0", "--telemetry", "False"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **quiet},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    hung = threading.Timer(PATIENCE_SECONDS, process.kill)
    hung.start()
    try:
        yield _address(process)
    finally:
        hung.cancel()
        process.terminate()
        process.wait()


def _address(process: "subprocess.Popen[str]") -> str:
    """Read what it says until it says where it listens, and go on reading."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"running on (http://\S+)", line):
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return found[1]
    raise AssertionError(f"LiteLLM ended before it was ready:\n{''.join(said)}")


@pytest.fixture
async def mock(upstream_port):
    async with Aimock(FIXTURES, port=upstream_port) as server:
        yield server


@pytest.fixture
async def made(gateway):
    providers = []

    def make(kind: str, **config: Any) -> Any:
        module = {"anthropic": anthropic_text, "image": openai_image}.get(kind, openai_text)
        model = {"anthropic": "claude", "image": "painter"}.get(kind, "writer")
        given = {"kind": kind, "base_url": f"{gateway}/v1", "api_key": KEY, "model": model, "timeout_seconds": 30}
        prices = {"input_usd_per_million": 2, "output_usd_per_million": 10}
        provider = module.Provider("text.main", module.Config(**(given | prices | config)))
        providers.append(provider)
        return provider

    yield make
    for provider in providers:
        await provider.close()


TEXTS = pytest.mark.parametrize("kind", ["openai", "anthropic"])
STREAMS = pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])


@TEXTS
@STREAMS
async def test_a_question_is_answered_with_its_usage(mock, made, kind, streams):
    pieces: list[str] = []
    answer = await made(kind).complete(QUESTION, stream=pieces.append if streams else None)
    assert answer.text == TEXT
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (11, 7)
    assert "".join(pieces) == (TEXT if streams else "")
    assert len(await mock.journal()) == 1


@STREAMS
async def test_a_shape_arrives(mock, made, streams):
    answer = await made("openai").complete(SHAPED, stream=(lambda _: None) if streams else None)
    assert json.loads(answer.text) == SHAPED_ANSWER
    (call,) = await mock.journal()
    assert call.body["response_format"]["type"] == "json_schema"


@STREAMS
async def test_a_shape_arrives_as_a_tool_s_input_too(mock, made, streams):
    answer = await made("anthropic", json_output="tool").complete(SHAPED, stream=(lambda _: None) if streams else None)
    assert json.loads(answer.text) == SHAPED_ANSWER


async def test_a_picture_comes_as_bytes(mock, made):
    assert (await made("image").submit(ImageRequest(prompt="A kettle"))).content == picture()


@TEXTS
async def test_the_check_knows_the_gateway_s_models(mock, made, kind):
    assert (await made(kind).check()).ok
    typo = await made(kind, model="writr").check()
    assert not typo.ok
    assert "writer" in typo.remedy
    assert await mock.journal() == []


@TEXTS
async def test_a_wrong_key_and_an_unknown_model_are_told(mock, made, kind):
    # Without a database of keys LiteLLM does not say 401 but 400, "No connected db.".
    with pytest.raises(ProviderRefused, match=r"\(40[01]\)") as raised:
        await made(kind, api_key="sk-wrong-key-1234567890").complete(QUESTION)
    assert "sk-wrong" not in str(raised.value)
    with pytest.raises(ProviderRefused, match="does not know the model 'nobody'"):
        await made(kind, model="nobody").complete(QUESTION)
    assert await mock.journal() == []


@pytest.mark.parametrize(
    ("rate", "error"),
    [("rateLimitRate", ProviderBusy), ("dropRate", ProviderUnavailable), ("disconnectRate", ProviderUnavailable)],
)
@TEXTS
async def test_what_goes_wrong_behind_the_gateway_may_pass(mock, made, kind, rate, error):
    await mock.chaos(**{rate: 1})
    with pytest.raises(error):
        await made(kind).complete(QUESTION)
    await mock.calm()
    assert (await made(kind).complete(QUESTION)).text == TEXT


async def test_a_post_is_made_through_the_gateway(gateway: str, upstream_port: int, new_blogen: NewBlogen) -> None:
    section = f'kind = "openai"\nbase_url = "{gateway}/v1"\napi_key = "{KEY}"'
    config = f'[text.main]\n{section}\nmodel = "writer"\n[image.main]\n{section}\nmodel = "painter"\n'
    async with Aimock(POST, port=upstream_port), new_blogen(config=config) as blogen:
        job = await blogen.submit(**ORDER)
        ended = await blogen.finished(job["id"])
        assert ended["state"] == "published", ended["error"]
        post = await blogen.ask("GET", f"/api/v1/posts/{ended['post']['slug']}")
    assert post["title"] == "Why a kettle sings before it boils"
    assert post["cover"]["alt"] == "A steel kettle on a small flame"
