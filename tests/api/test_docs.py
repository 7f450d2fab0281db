"""The API's page: complete, at home under the strictest policy, and sent only if it is not known already."""

import gzip
import html
import json
import re
import shlex
from pathlib import Path

import pytest

from blogen.api.docs import curl, limits, written
from blogen.api.openapi import document
from blogen.api.routes import ROUTES
from blogen.config import Config
from tests.api.served import serve

STYLE = Path(__file__).parents[2] / "static" / "api-docs.css"


async def page(served, **headers: str) -> str:
    answer = await served.call("GET", "/docs", scope=None, headers=headers)
    assert (answer.status, answer.content_type, answer.charset) == (200, "text/html", "utf-8")
    return await answer.text()


async def test_every_call_every_type_and_every_problem_is_on_the_page(served):
    text = await page(served)
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    told = document()
    operations = [one for methods in told["paths"].values() for one in methods.values()]
    assert {one["operationId"] for one in operations} <= set(ids)
    assert {f"type-{name}" for name in told["components"]["schemas"]} <= set(ids)
    assert {f"problem-{status}" for status in told["components"]["responses"]} <= set(ids)
    assert text.count('class="curl"') == len(ROUTES)
    for one in operations:
        assert html.escape(one["summary"], quote=False) in html.unescape(text) or one["summary"] in html.unescape(text)


async def test_every_link_of_the_page_leads_somewhere(served):
    text = await page(served)
    ids = set(re.findall(r' id="([^"]+)"', text))
    targets = set(re.findall(r'(?:href|src)="([^"]+)"', text))
    assert {target[1:] for target in targets if target.startswith("#")} <= ids
    elsewhere = {target for target in targets if not target.startswith("#")}
    assert elsewhere == {"/api/v1/openapi.json", "/static/api-docs.css", "/static/icon.svg"}
    assert all((STYLE.parent / name).is_file() for name in ("api-docs.css", "icon.svg"))


async def test_the_page_lives_under_a_policy_without_scripts_and_inline_styles(served):
    text = await page(served)
    assert not re.search(
        r"<script|<style|<iframe|<object|<form| style=| on[a-z]+=|javascript:|https?://[^ ]*\.(js|css)", text
    )
    assert not re.search(r"@import|url\(", STYLE.read_text())
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text


@pytest.mark.parametrize("encoding", ["gzip, br", "identity"])
async def test_a_page_that_is_known_is_not_sent_again(served, encoding):
    headers = {"Accept-Encoding": encoding}
    first = await served.call("GET", "/docs", scope=None, headers=headers)
    assert first.headers["Vary"] == "Accept-Encoding"
    for known in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}', "*"):
        again = await served.call("GET", "/docs", scope=None, headers=headers | {"If-None-Match": known})
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (await served.call("GET", "/docs", scope=None, headers={"If-None-Match": '"old"'})).status == 200


async def test_the_page_is_small_on_the_wire_and_the_same_in_both_forms(served):
    plain = await page(served, **{"Accept-Encoding": "identity"})
    answer = await served.call("GET", "/docs", scope=None, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < 80_000
    assert await answer.text() == plain
    assert len(gzip.compress(plain.encode())) < 80_000


async def test_the_page_names_the_blogs_own_address(tmp_path):
    config = Config.model_validate({"server": {"base_url": "https://blog.example"}})
    async with serve(tmp_path, config) as served:
        assert "BLOG=https://blog.example/api/v1" in await page(served)


def test_each_line_of_curl_is_shell_and_says_what_the_document_does():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            words = shlex.split(curl(method.upper(), path, operation).replace("\\\n", " "))
            assert words[0] == "curl"
            assert "{" not in next(word for word in words if word.startswith("$BLOG"))
            if operation["security"] == [{"token": []}]:
                assert "Authorization: Bearer $TOKEN" in words
            if "-d" in words:
                example = operation["requestBody"]["content"]["application/json"]["example"]
                assert json.loads(words[words.index("-d") + 1]) == example


def test_every_body_has_an_example():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert "example" in content or content["schema"].get("format") == "binary", f"{method} {path}"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#/components/schemas/JobView"}, "JobView"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or null"),
        ({"type": "array", "items": {"$ref": "#/x/Run"}}, "list of Run"),
        ({"enum": ["a", "b"], "type": "string"}, '"a" or "b"'),
        ({"const": True}, "true"),
        ({"type": "string", "format": "date-time"}, "time"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of whole number"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({}, "anything"),
    ],
)
def test_a_type_is_said_in_words(schema, said):
    assert "".join(word.text for word in written(schema)) == said


def test_limits_are_said_in_words():
    assert limits({"type": "string", "minLength": 1, "maxLength": 9}) == "not empty, at most 9 characters"
    assert (
        limits({"anyOf": [{"type": "integer", "minimum": 2}, {"type": "null"}], "default": 5})
        == "at least 2, default 5"
    )
    assert limits({"type": "string"}) == ""
