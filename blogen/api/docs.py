"""`/docs`: the document as one page to read and to search: nothing is loaded from elsewhere, and no script runs."""

import asyncio
import gzip
import hashlib
import json
import re
import shlex
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from blogen.api.keys import CONFIG

_GZIP = "gzip"
_MAX_LINE = 100


class Page(NamedTuple):
    body: bytes
    compressed: bytes
    digest: str


class Word(NamedTuple):
    """A piece of how a type is written; `type` is the name of the type that it leads to."""

    text: str
    type: str = ""


async def show(request: web.Request) -> web.Response:
    base_url = request.config_dict[CONFIG].server.base_url or ""
    page = await asyncio.to_thread(_page, base_url)
    is_compressed = _GZIP in request.headers.get("Accept-Encoding", "")
    tag = f"{page.digest}-{_GZIP}" if is_compressed else page.digest
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    known = {one.value.removesuffix(f"-{_GZIP}") for one in request.if_none_match or ()}
    if known & {page.digest, "*"}:
        return web.Response(status=304, headers=headers)
    if is_compressed:
        headers["Content-Encoding"] = _GZIP
    body = page.compressed if is_compressed else page.body
    return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)


@lru_cache(maxsize=4)
def _page(base_url: str) -> Page:
    """The page for a blog at this address: the document changes with the program alone."""
    from blogen.api.openapi import document

    body = _html(document(), base_url).encode()
    return Page(body, gzip.compress(body, 9, mtime=0), hashlib.sha256(body).hexdigest()[:20])


def _html(document: dict[str, Any], base_url: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_templates()), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"written": written, "limits": limits, "json": _indented, "prose": _prose, "said": _said}
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            call = {"method": method.upper(), "path": path, "curl": curl(method.upper(), path, operation), **operation}
            groups.setdefault(operation["tags"][0], []).append(call)
    return environment.get_template("docs.html").render(
        info=document["info"],
        base_url=base_url,
        groups=groups,
        responses={f"#/components/responses/{name}": one for name, one in document["components"]["responses"].items()},
        types=document["components"]["schemas"],
    )


def curl(method: str, path: str, operation: dict[str, Any]) -> str:
    """The call as a line of shell, with the examples of the document. `$BLOG` and `$TOKEN` are the reader's."""
    words = ["curl"] + ([] if method == "GET" else ["-X", method])
    place, asked = path.removeprefix("/api/v1"), []
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            place = place.replace(f"{{{parameter['name']}}}", parameter["example"])
        elif parameter["in"] == "query" and parameter["required"]:
            asked.append(f"{parameter['name']}=…")
    words.append(f'"$BLOG{place}{"?" if asked else ""}{"&".join(asked)}"')
    if operation["security"] == [{"token": []}]:
        words.append('-H "Authorization: Bearer $TOKEN"')
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if media_type == "application/json":
            example = json.dumps(content.get("example", {}), ensure_ascii=False)
            words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(example)}"]
        else:
            words += ["-H 'Content-Type: image/png'", "--data-binary @picture.png"]
    line = " ".join(words)
    return line if len(line) <= _MAX_LINE else re.sub(r" (?=-H |-d |--data)", " \\\\\n  ", line)


def written(schema: dict[str, Any]) -> list[Word]:
    """A JSON schema as one would say it: `list of` JobView, text or null."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return [Word(name, name)]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            parts = [written(one) for one in schema[key]]
            return [word for number, part in enumerate(parts) for word in ([Word(" or ")] if number else []) + part]
    if "enum" in schema:
        return [Word(" or ".join(json.dumps(one, ensure_ascii=False) for one in schema["enum"]))]
    if "const" in schema:
        return [Word(json.dumps(schema["const"], ensure_ascii=False))]
    match schema.get("type"):
        case "array":
            return [Word("list of "), *written(schema.get("items", {}))]
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return [Word("object of "), *written(schema["additionalProperties"])]
        case "string":
            return [Word(_FORMATS.get(schema.get("format", ""), "text"))]
        case str() as kind:
            return [Word(_KINDS.get(kind, kind))]
        case _:
            return [Word("anything")]


_FORMATS = {"date-time": "time", "date": "day", "uri": "address", "binary": "bytes"}
_KINDS = {"integer": "whole number", "boolean": "true or false"}


def limits(schema: dict[str, Any]) -> str:
    """What a schema says beyond its type, in words."""
    schema = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), {}) | schema
    said = [words.format(schema[name]) for name, words in _LIMITS.items() if name in schema]
    if schema.get("minLength") == 1:
        said[0] = "not empty"
    if "default" in schema:
        said.append(f"default {json.dumps(schema['default'], ensure_ascii=False)}")
    return ", ".join(said)


_LIMITS = {
    "minLength": "at least {} characters", "maxLength": "at most {} characters", "minItems": "at least {} items",
    "maxItems": "at most {} items", "minimum": "at least {}", "maximum": "at most {}", "pattern": "like {}",
}  # fmt: skip


def _indented(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _said(sentence: str) -> str:
    """A sentence with what stands in backticks as code."""
    from markupsafe import Markup

    parts = sentence.split("`")
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if number % 2 else part for number, part in enumerate(parts))


def _prose(markdown: str) -> str:
    from markupsafe import Markup

    from blogen.render.html import to_html
    from blogen.render.markdown import to_blocks

    return Markup(to_html(to_blocks(markdown), with_ids=False))  # noqa: S704 (the renderer's output is clean)


def _templates() -> Path:
    package = Path(__file__).parent.parent
    installed = package / "_site" / "templates" / "api"
    return installed if installed.is_dir() else package.parent / "templates" / "api"
