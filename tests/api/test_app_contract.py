"""The phone app and the blog speak of the same things: the app's copy of the contract, and its tests' food."""

import json
from pathlib import Path

import pytest

from blogen.api.openapi import document
from tests.fixtures_for_app import FOLDER, answers, as_text

MOBILE = Path(__file__).parents[2] / "mobile"
CONTRACT = "python run.py openapi > mobile/openapi.json && (cd mobile && npm run gen)"
FIXTURES = "python -m tests.fixtures_for_app"

pytestmark = pytest.mark.skipif(not (MOBILE / "package.json").is_file(), reason="mobile/ is not in this checkout")


def test_the_apps_copy_of_the_contract_is_what_is_served():
    kept = json.loads((MOBILE / "openapi.json").read_text(encoding="utf-8"))
    assert kept == document(), f"The API has changed. Renew the app's copy: {CONTRACT}"


def test_the_apps_types_know_every_call():
    types = (MOBILE / "src" / "api" / "schema.d.ts").read_text(encoding="utf-8")
    unknown = [path for path in document()["paths"] if f'"{path}"' not in types]
    assert not unknown, f"Renew the app's types: {CONTRACT}"


async def test_the_apps_fixtures_are_what_the_blog_answers():
    found = await answers()
    kept = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    changed = sorted(
        name for name in found.keys() | kept if name not in found or kept.get(name) != as_text(found[name])
    )
    assert not changed, f"Renew the app's fixtures: {FIXTURES}"
