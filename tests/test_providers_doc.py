"""docs/PROVIDERS.md is true: its sections load, none is missing, and the provider it shows writes a post."""

import asyncio
import inspect
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from aiohttp import web

from blogen.app import App
from blogen.cli.docs import kinds
from blogen.config import TRADES
from blogen.config.load import load
from blogen.config.pipeline import RolesConfig
from blogen.domain.job import JobRequest, JobState, TextSource
from blogen.errors import AnswerUnusable, ProviderRefused, ProviderUnavailable
from blogen.pipeline.budget import guessed_usd_micros
from blogen.providers.limits import Breaker
from blogen.providers.openai_presets import PresetName
from blogen.providers.prices import known
from blogen.providers.protocols import ImageRequest, TextRequest
from blogen.providers.registry import Registry
from tests.fakes.answers import answer

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "PROVIDERS.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.S | re.M)
SNIPPETS = [block for language, block in BLOCKS if language == "toml"]
KEY = "user:a-key-that-is-long-enough"


def with_secrets(snippet: str, folder: Path) -> str:
    """`snippet` with what is commented out, and with files that are there."""
    secret = folder / "secret"
    secret.write_text(KEY + "\n")
    opened = re.sub(r"^# (?=\w+_file = )", "", snippet, flags=re.M)
    opened = re.sub(r'^(hook_secret = ".*)$', r"# \1", opened, flags=re.M)  # given in one way only
    return re.sub(r'(\w+_file) = "[^"]+"', rf'\1 = "{secret}"', opened)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: " ".join(re.findall(r"^\[.+\]", snippet, re.M)))
def test_every_section_can_be_copied(snippet, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(with_secrets(snippet, tmp_path))
    config = load(file, {}, lambda config: Registry(config).validate())
    assert any(config.providers(trade) for trade in TRADES) or config.pipeline.in_doubt


def sections(trade: str) -> list[dict[str, object]]:
    return [section for snippet in SNIPPETS for section in tomllib.loads(snippet).get(trade, {}).values()]


def test_every_kind_has_a_section():
    shown = {f"{trade}.{section['kind']}" for trade in TRADES for section in sections(trade)}
    assert shown == set(kinds())


def test_every_preset_has_a_section():
    assert {section["preset"] for section in sections("text") if "preset" in section} == set(get_args(PresetName))


def test_models_that_are_shown_at_the_services_themselves_have_a_price():
    own = [
        section for section in sections("text") if section["kind"] == "anthropic" or section.get("preset") == "openai"
    ]
    hosts = {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
    assert own
    assert [section["model"] for section in own if known(hosts[section["kind"]], section["model"]) is None] == []


def test_every_role_is_named():
    paragraph = PAGE[PAGE.index("\nRoles: ") :].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", paragraph)) == set(RolesConfig.model_fields)


def test_the_figures_are_those_of_the_code():
    asked = TextRequest(system="x" * 3_000_000, user="", purpose="draft", max_output_tokens=1_000_000)
    assert guessed_usd_micros(asked) == 25_000_000
    assert guessed_usd_micros(ImageRequest(prompt="a kettle")) == 100_000
    assert guessed_usd_micros("a search") == 10_000
    assert "5 USD for a million\n  tokens sent, 20 USD for a million answered" in PAGE
    assert "0.10 USD for a picture, 0.01 USD for a search" in PAGE
    breaker = inspect.signature(Breaker).parameters
    assert [breaker[name].default for name in ("failures", "pause_seconds", "max_pause_seconds")] == [5, 30, 300]
    assert "After five failures in a row it is left alone for half a\nminute" in PAGE
    assert "up to five minutes" in PAGE


def test_every_link_within_the_page_leads_to_a_heading():
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in re.findall("^#+ (.+)", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings


# -- the provider that it shows ---------------------------------------------------------------------------------------

[PLUGIN] = [block for language, block in BLOCKS if language == "python"]
[SECTION] = [block for _, block in BLOCKS if block.startswith('[text.main]\nkind = "cohere"')]


class FakeCohere:
    """Cohere's API, as https://docs.cohere.com/reference/chat and /reference/check-api-key describe it."""

    def __init__(self) -> None:
        self.orders: list[dict] = []
        self.answers: list[web.Response] = []

    async def __aenter__(self) -> "FakeCohere":
        app = web.Application()
        app.add_routes([web.post("/v2/chat", self._chat), web.post("/v1/check-api-key", self._check)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"id": "r1", "message": "invalid api token"}, status=401)
        order = await request.json()
        self.orders.append(order)
        assert order["stream"] is False
        assert isinstance(order["model"], str)
        assert [message["role"] for message in order["messages"]] in (["system", "user"], ["user"])
        if self.answers:
            return self.answers.pop(0)
        schema = order.get("response_format", {"json_schema": None})["json_schema"]
        return web.json_response(told(answer("\n".join(part["content"] for part in order["messages"]), schema)))

    async def _check(self, request: web.Request) -> web.Response:
        is_valid = request.headers.get("Authorization") == f"Bearer {KEY}"
        if not is_valid:
            return web.json_response({"id": "r1", "message": "invalid api token"}, status=401)
        return web.json_response({"valid": True, "organization_id": "o1", "owner_id": "u1"})


def told(text: str, finish: str = "COMPLETE") -> dict:
    return {
        "id": "c14c80c3-18eb-4519-9460-6c92edd8cfb4",
        "finish_reason": finish,
        "message": {"role": "assistant", "content": [{"type": "text", "text": text}]},
        "usage": {
            "billed_units": {"input_tokens": 17, "output_tokens": 12},
            "tokens": {"input_tokens": 100, "output_tokens": 20},
        },
    }


@pytest.fixture
async def cohere():
    async with FakeCohere() as fake:
        yield fake


@pytest.fixture
def config(cohere, tmp_path):
    """The page's own section, with the fake's address and a key."""
    plugin = tmp_path / "data" / "plugins" / "text" / "cohere.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(PLUGIN)
    file = tmp_path / "config.toml"
    section = with_secrets(SECTION, tmp_path) + f'base_url = "{cohere.url}"\nfree = false\n'
    file.write_text(f'{section}[data]\ndir = "{tmp_path / "data"}"\n')
    return load(file, {}, lambda config: Registry(config).validate())


ASKED = TextRequest(system="Be brief.", user="Why do kettles sing?", purpose="draft")
KETTLES = "\n\n".join(
    f"A kettle of {metal} sings when the water in it begins to move, long before it boils. The bubbles that rise from "
    f"its bottom collapse in the colder water above, {times} times in a second."
    for metal, times in [("copper", 90), ("iron", 70), ("tin", 120), ("steel", 60)]
)


async def test_the_provider_of_the_page_writes_a_post(cohere, config):
    order = JobRequest(topic="Why kettles sing", sources=[TextSource(kind="text", title="Kettles", text=KETTLES)])
    async with App.open(config) as app:
        job = await app.engine.submit(order)
        job = await asyncio.wait_for(app.engine.finished(job.id), 30)
    assert job.state is JobState.PUBLISHED, job.error
    count = len(cohere.orders)
    assert count > 3
    assert (job.tokens.input, job.tokens.output) == (100 * count, 20 * count)
    assert job.cost_usd_micros == 20_000 * count
    assert {order["model"] for order in cohere.orders} == {"command-a-03-2025"}


async def test_the_provider_of_the_page_can_be_checked(config, tmp_path):
    registry = Registry(config)
    assert (await registry.text("main").check()).ok
    await registry.close()
    (tmp_path / "secret").write_text("another:key")
    registry = Registry(load(tmp_path / "config.toml", {}))
    found = await registry.text("main").check()
    assert not found.ok
    assert "key in [text.main] was refused" in found.detail
    await registry.close()


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        (web.json_response({"message": "too many tokens"}, status=400), ProviderRefused),
        (web.json_response({"message": "slow down"}, status=429), ProviderUnavailable),
        (web.Response(text="<html>", content_type="text/html"), ProviderUnavailable),
        (web.json_response([]), ProviderUnavailable),
        (web.json_response({"message": {"content": None}}), ProviderUnavailable),
        (web.json_response(told("Because the", finish="MAX_TOKENS")), AnswerUnusable),
    ],
)
async def test_the_provider_of_the_page_words_its_failures(cohere, config, spoilt, error):
    registry = Registry(config)
    cohere.answers.append(spoilt)
    with pytest.raises(error) as raised:
        await registry.text("main").complete(ASKED)
    assert raised.value.provider == "text.main"
    assert KEY not in str(raised.value)
    await registry.close()


# -- the extra package -------------------------------------------------------------------------------------------------


def pins(name: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9._-]+==[^ ;\\]+", (ROOT / name).read_text(), re.M))


def test_the_lock_of_an_extra_holds_the_one_for_running_and_is_what_the_tests_run_with():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in extras:
        assert pins("requirements.lock") < pins(f"requirements-{extra}.lock") <= pins("requirements-dev.lock")
        assert any(pin.startswith(f"{extra}==") for pin in pins(f"requirements-{extra}.lock"))
        assert f"requirements-{extra}.lock" in (ROOT / "Dockerfile").read_text()
        assert f"requirements-{extra}.lock" in (ROOT / "Makefile").read_text()
