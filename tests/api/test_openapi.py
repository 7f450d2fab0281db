"""The document is valid, complete, and true of what the server really answers."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from blogen.api.openapi import document
from blogen.api.routes import ROUTES


def schema_of(name: str) -> Draft202012Validator:
    whole = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def test_the_document_is_valid_openapi():
    validate(document())


def test_every_route_is_described_with_its_failures():
    paths = document()["paths"]
    assert sum(len(operations) for operations in paths.values()) == len(ROUTES)
    for route in ROUTES:
        operation = paths["/api/v1" + route.path][route.method.lower()]
        assert str(int(route.status)) in operation["responses"]
        if route.scope:
            assert {"401", "403"} <= operation["responses"].keys()
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(names) == len(set(names))


def test_the_examples_fit_their_types():
    for operations in document()["paths"].values():
        for operation in operations.values():
            contents = [answer.get("content", {}) for answer in operation["responses"].values()]
            contents.append(operation.get("requestBody", {}).get("content", {}))
            for content in contents:
                told = content.get("application/json", {})
                if "example" in told:
                    schema_of(told["schema"]["$ref"].rpartition("/")[2]).validate(told["example"])


def test_asking_twice_gives_the_same_and_callers_cannot_change_it():
    document()["paths"].clear()
    assert document()["paths"]


def test_a_field_that_may_not_be_null_has_no_null_default():
    text = json.dumps(document())
    assert '"default": null' not in text


async def test_the_server_answers_as_the_document_says(served):
    job = await served.published("Green tea", tags=["tea"])
    failed = (await served.settled((await served.order("Fail here"))["id"]))["id"]
    slug = job["post"]["slug"]
    calls = {
        "/jobs": "JobList", f"/jobs/{job['id']}": "JobView", f"/jobs/{failed}": "JobView",
        f"/jobs/{job['id']}/steps": "StepList", f"/jobs/{failed}/steps": "StepList",
        f"/jobs/{job['id']}/timeline": "TimelineList", f"/jobs/{failed}/timeline": "TimelineList",
        "/posts": "PostList", f"/posts/{slug}": "PostView", f"/posts/{slug}/receipt": "ReceiptView",
        "/search?q=tea": "HitList", "/tags": "TagList", "/authors": "AuthorList", "/authors/blogen": "AuthorView",
        "/site": "SiteView",
    }  # fmt: skip
    for path, name in calls.items():
        told = await served.told("GET", path)
        schema_of(name).validate(told)
        properties = document()["components"]["schemas"][name]["properties"]
        assert list(told) == list(properties), path
    schema_of("Problem").validate(await served.refused("POST", "/jobs", {}, status=422))
    assert await served.told("GET", "/openapi.json", scope=None) == document()


def test_the_guide_names_every_call_and_code():
    guide = (Path(__file__).parents[2] / "docs" / "API.md").read_text()
    for route in ROUTES:
        last = route.path.rpartition("/")[2].removesuffix(".json") if "{" not in route.path else ""
        assert last in guide
    for answer in document()["components"]["responses"].values():
        assert f"`{answer['content']['application/problem+json']['example']['code']}`" in guide
