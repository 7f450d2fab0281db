"""Finding providers by their kind: built in, by entry point, in the data folder; and the words for mistakes."""

import asyncio
import sys

import pytest

from blogen.config import Config
from blogen.config.data import DataConfig
from blogen.errors import ConfigError, NotFound
from blogen.providers.protocols import ImageModel, TextModel
from blogen.providers.registry import Registry

PLUGIN = '''
from blogen.config.section import ProviderSection
from blogen.providers.protocols import Health, TextAnswer

class Config(ProviderSection):
    """Says what it was asked."""
    loud: bool = False

class Provider:
    def __init__(self, name, config):
        self.name, self.is_free, self.loud = name, True, config.loud
    async def complete(self, request, *, stream=None):
        return TextAnswer(text=request.user)
    async def check(self):
        return Health(ok=True, detail="echo")
    async def close(self):
        pass
'''


@pytest.fixture
def registry_of(tmp_path):
    def make(**trades):
        return Registry(Config(data=DataConfig(dir=tmp_path), **trades))

    return make


async def test_providers_are_built_by_section_once(registry_of):
    registry = registry_of(text={"main": {"kind": "openai", "model": "m", "api_key": "k"}})
    text = registry.text("main")
    assert isinstance(text, TextModel)
    assert text.name == "text.main"
    assert registry.text("main") is text
    assert registry.section("text", "main").model == "m"
    await registry.close()


async def test_covers_need_no_section(registry_of):
    registry = registry_of()
    covers = registry.image("covers")
    assert isinstance(covers, ImageModel)
    assert covers.name == "covers"
    assert registry.names() == [("image", "covers")]
    assert registry.section("image", "covers").concurrency == 1
    assert registry.validate() == []
    await registry.close()


@pytest.mark.parametrize(
    ("trade", "kind", "words"),
    [
        ("text", "opnai", "Did you mean `openai`?"),
        ("text", "OpenAI", "Did you mean `openai`?"),
        ("image", "cover", "Did you mean `covers`?"),
        ("image", "zzz", "Known are: automatic1111, comfyui, covers, midjourney, openai, stability."),
        ("text", "../openai", "Did you mean `openai`?"),
        ("text", "os.path", "Known are: anthropic, openai."),
    ],
)
def test_an_unknown_kind_gets_the_nearest_suggestion(registry_of, trade, kind, words):
    registry = registry_of(**{trade: {"main": {"kind": kind}}})
    with pytest.raises(ConfigError) as raised:
        getattr(registry, trade)("main")
    assert f"[{trade}.main] kind = {kind!r} is unknown." in raised.value.detail
    assert words in raised.value.remedy
    (mistake,) = registry.validate()
    assert mistake.path == f"{trade}.main.kind"
    assert words in mistake.message


def test_all_mistakes_are_told_at_once_and_no_secret_is_in_them(registry_of):
    registry = registry_of(
        text={
            "one": {"kind": "openai", "timeout_seconds": -1, "modle": "x", "api_key": "sk-secret"},
            "two": {"kind": "opnai"},
            "three": {"model": "x"},
            "four": {"kind": "openai", "model": "x", "json_output": "maybe", "api_key": ["sk-secret"]},
            "five": {"kind": "openai", "model": "x", "input_usd_per_million": 1},
        },
        image={"main": {"kind": "openai", "size": "huge"}},
        search={"web": {"kind": "searxng", "base_url": "http://searx:8080"}, "news": {"kind": "newsfeed"}},
    )
    found = {mistake.path: mistake.message for mistake in registry.validate()}
    assert {path.rpartition(":")[2] for path in found} == {
        "text.one.timeout_seconds", "text.one.modle", "text.one.model", "text.two.kind", "text.three.kind",
        "text.four.json_output", "text.four.api_key", "text.five", "image.main.size", "search.news.kind",
    }  # fmt: skip
    assert "Did you mean `model`?" in found["text.one.modle"]
    assert "sk-secret" not in str(found)


async def test_validating_imports_no_sdk():
    code = (
        "import sys; from blogen.config import Config; from blogen.providers.registry import Registry; "
        "r = Registry(Config(text={'a': {'kind': 'openai', 'model': 'm'}}, image={'b': {'kind': 'openai'}})); "
        "assert r.validate() == []; r.text('a'); r.image('covers'); "
        "print([m for m in ('openai', 'PIL', 'httpx2', 'trafilatura', 'aiohttp') if m in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.strip() == b"[]"


async def test_a_file_in_the_data_folder_is_a_kind(registry_of, tmp_path):
    (tmp_path / "plugins" / "text").mkdir(parents=True)
    (tmp_path / "plugins" / "text" / "echo.py").write_text(PLUGIN)
    registry = registry_of(text={"main": {"kind": "echo", "loud": True}, "typo": {"kind": "ecoh"}})
    assert registry.text("main").loud
    assert registry.kinds("text") == ["anthropic", "echo", "openai"]
    assert "echo" not in registry.kinds("image")
    assert "Did you mean `echo`?" in registry.validate()[0].message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_module_at_all", r"'bad' cannot be loaded \(ModuleNotFoundError"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "is no provider: expected `Config` and `Provider`"),
    ],
)
def test_a_broken_plugin_is_a_mistake_of_the_configuration(registry_of, tmp_path, source, words):
    (tmp_path / "plugins" / "text").mkdir(parents=True)
    (tmp_path / "plugins" / "text" / "bad.py").write_text(source)
    registry = registry_of(text={"main": {"kind": "bad"}})
    with pytest.raises(ConfigError):
        registry.text("main")
    (mistake,) = registry.validate()
    assert mistake.path == "text.main.kind"
    import re

    assert re.search(words, mistake.message)


def test_an_entry_point_is_a_kind(registry_of, tmp_path, monkeypatch):
    (tmp_path / "their_echo.py").write_text(PLUGIN)
    installed = tmp_path / "their_echo-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: their-echo\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[blogen.providers]\ntext.their_echo = their_echo\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = registry_of(text={"main": {"kind": "their_echo"}})
    assert registry.text("main").is_free
    assert "their_echo" in registry.kinds("text")
    assert "their_echo" not in registry.kinds("image")


def test_a_name_without_a_section_is_not_found(registry_of):
    registry = registry_of(text={"main": {"kind": "openai", "model": "m"}})
    with pytest.raises(NotFound, match=r"no section \[text\.mian\]\. Did you mean `main`"):
        registry.text("mian")
