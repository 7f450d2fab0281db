"""The example file, the documentation and the models say the same."""

import re
import tomllib
from pathlib import Path

import pytest

from blogen.cli.docs import kinds
from blogen.config import TRADES, Config, ProviderSection
from blogen.config.docs import renewed, sections
from blogen.config.load import load
from blogen.config.section import secret_keys

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")


def with_comments_opened() -> dict[str, dict]:
    """The example as TOML, with the keys and sections that are commented out."""
    return tomllib.loads(re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE, flags=re.M))


def tables(example: dict[str, dict]) -> dict[str, dict]:
    """The example's sections by name, tables within them too; of those that are lists, the first."""
    example = {name: keys[0] if isinstance(keys, list) else keys for name, keys in example.items()}
    within = {
        f"{name}.{key}": value
        for name, keys in example.items()
        for key, value in keys.items()
        if isinstance(value, dict) and name not in TRADES
    }
    return example | within


def test_the_example_loads_and_says_the_defaults():
    config = load(ROOT / "config.example.toml", {})
    config._places.clear()
    assert config == Config()


def test_the_example_has_every_key_and_no_other():
    example = with_comments_opened()
    expected = {name: set(model.model_fields) for name, model in sections().items()}
    assert {name: set(keys) for name, keys in tables(example).items() if name not in TRADES} == expected
    every_key = {*ProviderSection.model_fields, *(f"{name}_file" for name in secret_keys(ProviderSection))}
    assert set(example["text"]["main"]) == every_key


def test_every_key_of_the_example_has_a_comment():
    own_sections, _, _ = EXAMPLE.partition("# [text.main]")
    keys = [line for line in own_sections.splitlines() if re.match(r"(# )?\w+ = ", line)]
    assert [line for line in keys if "  #" not in line] == []


def test_the_documentation_has_the_tables_of_the_models():
    text = (ROOT / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")
    assert renewed(text, kinds()) == text, "run `python -m blogen.cli.docs`"


@pytest.mark.parametrize("model", [*sections().values(), ProviderSection, *kinds().values()])
def test_every_key_is_described_and_every_section_says_what_it_is(model):
    assert model.__doc__
    assert [name for name, field in model.model_fields.items() if not field.description] == []
