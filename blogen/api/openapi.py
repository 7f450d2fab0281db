"""The OpenAPI 3.1 document, made from the table of routes and the types that validate and answer."""

import re
from collections.abc import Iterable
from copy import deepcopy
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

import blogen
from blogen.api import outgoing_views, people_views, queries, social_views, talk_views, views
from blogen.api.problems import MEDIA_TYPE, TYPE_PREFIX
from blogen.api.route import Route
from blogen.api.routes import PREFIX, ROUTES, VERSION_PREFIX
from blogen.domain import accounts, changes, orders, outgoing, social, talk
from blogen.domain import job as jobs
from blogen.domain.person import Scope

_REF = "#/components/schemas/{model}"
_DESCRIPTION = """\
Jobs make posts. Order one with `POST /jobs`, follow it with `GET /jobs/{id}/events`, read it under `/posts`.

* **Tokens**: `Authorization: Bearer …`. An app gets one by `POST /auth/login`, `/auth/register` or `/auth/pair` and \
the next one by `/auth/refresh`; the owner makes them with `blogen tokens create`. The scopes are reader, author and \
admin; each includes those before it. What belongs to a person needs a person's token.
* **Errors** are problems (RFC 9457): decide by `code`, show `detail` and `remedy`.
* **Lists**: go on with `next` as `?cursor=` until it is null. Cursors are opaque and signed: a list takes back only \
what it gave out, and what comes meanwhile shifts nothing.
* **`Idempotency-Key`** on calls that create: the same key with the same body is answered again with what it brought \
about, for 48 hours (jobs: for ever); with another body it is refused (422). Keys belong to the person or token that \
uses them. An answer that was kept has the header `Idempotent-Replayed: true`.
* **`ETag`**: send it back as `If-None-Match` and get 304 if nothing changed, or as `If-Match` with a PATCH and get \
412 if somebody else was quicker. Without `If-Match` a PATCH changes whatever is there.
* **Times** are RFC 3339 in UTC, money is US dollars as text. Addresses that begin with `/` belong to this server.
* New fields may come at any time; unknown ones in requests are refused.
"""

_PROBLEMS = {
    400: ("malformed-body", "The body cannot be read", "The body is not valid JSON: EOF while parsing an object."),
    401: ("not-signed-in", "A valid token is needed", "This needs a token, and the request has none."),
    403: ("forbidden", "This token may not do that", "This needs the scope author; the token has reader."),
    404: ("not-found", "Not found", "There is no such thing."),
    408: ("body-too-slow", "The body did not arrive in time", "The body was not complete after 120 s."),
    409: ("conflict", "That is not possible any more", "The job is published and cannot be paused."),
    412: ("changed-meanwhile", "It was changed meanwhile", "The post was changed meanwhile."),
    413: ("body-too-large", "The body is too large", "The body has more than 32 MiB."),
    415: ("unknown-media-type", "The body is not of a known type", "The body is text/plain; JSON was expected."),
    422: ("invalid-input", "The input cannot be used", "`topic` must have at most 300 characters, found 301."),
    429: ("too-many-attempts", "Too many attempts", "Too many wrong tokens came from your address."),
    503: ("queue-full", "Too many jobs are waiting", "1000 jobs wait for a worker already."),
}
_WITH_RETRY_AFTER = {429, 503}

_JOB = {
    "id": "0198f2a4-5b1c-7c3e-9d52-3f0a6b7c8d9e",
    "kind": "post",
    "state": "drafting",
    "topic": "Why group commit makes SQLite fast",
    "progress": 0.333,
    "waiting": None,
    "attempt": 0,
    "cost_usd": "0.001234",
    "unknown_calls": 0,
    "tokens": {"input": 1812, "output": 640},
    "post": None,
    "error": None,
    "created_at": "2026-08-02T12:00:00.000Z",
    "updated_at": "2026-08-02T12:00:07.412Z",
    "finished_at": None,
}
_ABOUT_POST = {
    "slug": "why-group-commit-makes-sqlite-fast",
    "url": "/p/why-group-commit-makes-sqlite-fast",
    "title": "Why group commit makes SQLite fast",
    "summary": "A commit waits for the disk; shared, it carries many writers.",
}
_REST_OF_POST = {
    "language": "en",
    "words": 912,
    "reading_minutes": 5,
    "author": {"handle": "blogen", "name": "Blogen", "avatar": None},
    "tags": ["sqlite"],
    "cover": None,
    "images": [],
    "sources": [
        {"title": "Write-Ahead Logging", "url": "https://www.sqlite.org/wal.html", "quotes": ["They append."]},
    ],
    "provenance": {
        "disclosure": "ai-assisted", "text": ["main/gpt-5-mini"], "images": [], "cost_usd": "0.001234",
        "unknown_calls": 0, "human_edits": 1,
    },
    "counts": {"likes": 12, "comments": 3},
    "viewer": {"liked": True, "bookmarked": False, "progress": 0.25},
    "published_at": "2026-08-02T12:03:41.008Z",
    "updated_at": "2026-08-03T08:00:00.000Z",
}  # fmt: skip
_POST_ITEM = _ABOUT_POST | _REST_OF_POST
_POST = _ABOUT_POST | {
    "blocks": [
        {"id": "b1", "t": "h", "level": 2, "runs": [{"text": "The disk is the clock"}]},
        {"id": "b2", "t": "p", "runs": [{"text": "A commit waits for "}, {"text": "the disk.", "b": True}]},
    ],
    "html": '<h2 id="b1">The disk is the clock</h2>\n<p id="b2">A commit waits for <strong>the disk.</strong></p>',
    "markdown": "## The disk is the clock\n\nA commit waits for **the disk.**\n",
} | _REST_OF_POST  # fmt: skip
_EXAMPLES: dict[str, Any] = {
    "JobRequest": {
        "topic": "Why group commit makes SQLite fast",
        "sources": [{"kind": "url", "url": "https://www.sqlite.org/wal.html"}],
        "words": 900,
        "tags": ["sqlite"],
    },
    "RetryRequest": {"from": "outline", "fresh": False},
    "Decision": {"note": "Good as it is."},
    "JobView": _JOB,
    "JobList": {"items": [_JOB], "next": None},
    "PostView": _POST,
    "PostList": {"items": [_POST_ITEM], "next": "q1Nl…"},
    "NewView": {"new": 3},
    "TagList": {
        "items": [{"tag": "sqlite", "posts": 3, "followers": 12, "viewer": {"following": True}}],
        "next": None,
    },
}


_PLACES = (
    views, people_views, social_views, talk_views, outgoing_views, queries,
    orders, jobs, changes, accounts, social, talk, outgoing,
)  # fmt: skip
"""Where the types that the tables name are looked for."""


_OF_JOB = (
    "Server-sent events: `id` is the entry's id, `event` its event, `data` the entry as JSON. Events named `text` have "
    "no id; their data is `{step, text}`, a piece of what a model is writing. Ends after the final state; go on after "
    "a break with the header `Last-Event-ID`."
)
_OF_PERSON = (
    "Server-sent events: `ready` first, then `notification` (as in `GET /me/notifications`) and `post` (as in lists, "
    "`viewer` is null). `reset` with `{of: notifications | posts}` says that more was missed than is told one by one: "
    "read that list again. Go on after a break with the header `Last-Event-ID`: nothing is missed or doubled."
)
_PLACE = "^[0-9a-f-]*_[0-9]{1,15}_[0-9a-f-]*$"


def document() -> dict[str, Any]:
    """The whole document, as JSON's types."""
    return deepcopy(_document())


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(PREFIX + VERSION_PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Blogen",
            "version": blogen.__version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(route) for route in ROUTES)],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {str(status): _problem_response(status) for status in _PROBLEMS},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    told: dict[str, Any] = {
        "tags": [_tag(route)],
        "summary": route.summary,
        "operationId": _operation_id(route),
        "responses": _responses(route),
        "security": [{"token": []}] if route.scope else [{}, {"token": []}],
    }
    if needs := _needs(route):
        told["description"] = needs
    if parameters := [*_parameters(route)]:
        told["parameters"] = parameters
    if route.takes_picture:
        told["requestBody"] = {
            "required": True,
            "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    if route.takes:
        told["requestBody"] = {"required": route.needs_body, "content": {"application/json": _content(route.takes)}}
    return told


def _needs(route: Route) -> str:
    if not route.scope:
        return ""
    whose = "a person's token" if route.for_person else "a token"
    return f"Needs {whose} with the scope {route.scope}" + ("." if route.scope is Scope.ADMIN else " or a larger one.")


def _responses(route: Route) -> dict[str, Any]:
    success: dict[str, Any] = {"description": route.status.phrase}
    if route.streams:
        success["description"] = _OF_PERSON if route.for_person else _OF_JOB
        success["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif route.is_page:
        success["content"] = {"text/html": {"schema": {"type": "string"}}}
    elif route.gives:
        success["content"] = {"application/json": _content(route.gives)}
    elif route.status != 204:
        success["content"] = {"application/json": {"schema": {"type": "object"}}}
    if headers := {name: _HEADERS[name] for name in _headers(route)}:
        success["headers"] = headers
    told = {str(int(route.status)): success}
    if route.streams and not route.for_person:
        told["204"] = {"description": "Nothing has happened since `Last-Event-ID`, and nothing will"}
    if _has_tag(route):
        told["304"] = {"description": "As the client has it already (`If-None-Match`)"}
    told |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(_failures(route))}
    return told


def _headers(route: Route) -> Iterable[str]:
    if route.creates:
        if route.status != 200:
            yield "Location"
        if not route.keeps_key_itself:
            yield "Idempotent-Replayed"
    if _has_tag(route) or route.matches:
        yield "ETag"
    if route.gives_cookie:
        yield "Set-Cookie"


def _has_tag(route: Route) -> bool:
    return route.method == "GET" and not route.streams and (not route.scope or route.is_tagged)


_HEADERS = {
    "Location": {"description": "The address of what was made", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "The call was done before; this is its answer again",
        "schema": {"type": "string", "const": "true"},
    },
    "Set-Cookie": {"description": "With `Blogen-Session: cookie`: who is signed in", "schema": {"type": "string"}},
    "ETag": {"description": "Names what was answered", "schema": {"type": "string"}},
}  # fmt: skip


def _failures(route: Route) -> set[int]:
    found = set() if route.ignores_token else {401, 429}
    if route.scope:
        found |= {403}
    if "{" in route.path:
        found |= {404}
    found |= set(route.refuses)
    if route.matches:
        found |= {412}
    if route.asks or route.streams or route.takes or route.takes_picture:
        found |= {422}
    if route.takes or route.creates:
        found |= {400, 408, 413}
    if route.takes:
        found |= {415}
    if route.takes_picture:
        found |= {400, 408, 413}
    if route.method == "POST" and "{id}" in route.path:
        found |= {409}
    if route.method != "GET":
        found |= {503}
    return found


def _parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", route.path):
        description, example = _PLACES_IN_PATHS[name]
        yield {
            "name": name, "in": "path", "required": True, "description": description, "example": example,
            "schema": {"type": "string", "minLength": 1},
        }  # fmt: skip
    if route.creates:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Any text of one's own, a UUID, say: repeated with it, the call is not done again",
            "example": "5f1d7a52-8a1e-4b7e-9d3c-0c6f4f0f2a11",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }
    if route.gives_cookie:
        yield {
            "name": "Blogen-Session",
            "in": "header",
            "description": "`cookie`, sent by one of the blog's own pages: the answer sets an HttpOnly cookie for this "
            "browser, and its tokens are null",
            "schema": {"type": "string", "enum": ["cookie"]},
        }
    if route.matches:
        yield {
            "name": "If-Match",
            "in": "header",
            "description": "The ETag of what is to be changed: if it was changed since, the answer is 412",
            "schema": {"type": "string"},
        }
    if _has_tag(route):
        yield {
            "name": "If-None-Match",
            "in": "header",
            "description": "The ETag of what the client has: if it is still so, the answer is 304",
            "schema": {"type": "string"},
        }
    if route.streams:
        yield {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The `id` of the last event that was seen",
            "schema": {"type": "string", "pattern": _PLACE} if route.for_person else {"type": "integer", "minimum": 0},
        }
    if route.asks:
        schema = _type_named(route.asks).model_json_schema(schema_generator=_Plain)
        for name, field in schema["properties"].items():
            description = field.pop("description", "")
            is_required = name in schema.get("required", ())
            yield {
                "name": name, "in": "query", "required": is_required, "description": description,
                "schema": _inlined(_without_null(field), schema.get("$defs", {})),
            }  # fmt: skip


_PLACES_IN_PATHS = {
    "id": ("Its `id`", "0198f2a4-5b1c-7c3e-9d52-3f0a6b7c8d9e"),
    "slug": ("The post's `slug`", "why-group-commit-makes-sqlite-fast"),
    "handle": ("The `handle`", "blogen"),
    "tag": ("The tag, in lower case", "sqlite"),
    "word": ("The word", "casino"),
}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out, never null."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del field["anyOf"]
        field |= kinds[0]
    return field


def _inlined(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = field.pop("$ref", None)
    return field | definitions[reference.rpartition("/")[2]] if reference else field


def _problem_response(status: int) -> dict[str, Any]:
    code, title, detail = _PROBLEMS[status]
    example = {"type": TYPE_PREFIX + code, "title": title, "status": status, "detail": detail, "code": code}
    if status == 422:
        example |= {"errors": [{"path": "topic", "message": "must have at most 300 characters, found 301"}]}
    told: dict[str, Any] = {
        "description": "Not now: too many jobs wait, or the disk is full" if status == 503 else title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}, "example": example}},
    }
    if status in _WITH_RETRY_AFTER:
        told["headers"] = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
    return told


def _content(name: str) -> dict[str, Any]:
    named = _type_named(name)
    told: dict[str, Any] = {"schema": {"$ref": _REF.format(model=named.__name__)}}
    example = getattr(named, "EXAMPLE", None) or _EXAMPLES.get(name)
    if example is not None:
        told["example"] = example
    return told


def _schemas() -> dict[str, Any]:
    """All named types; those that requests carry as they validate, the others as they are told."""
    taken = {route.takes: _type_named(route.takes) for route in ROUTES if route.takes}
    given = {route.gives: _type_named(route.gives) for route in ROUTES if route.gives}
    _, schema = models_json_schema(
        [*((one, "validation") for one in taken.values()), *((one, "serialization") for one in given.values()),
         (views.Problem, "serialization")],
        ref_template=_REF,
        schema_generator=_Plain,
    )  # fmt: skip
    return dict(sorted(schema["$defs"].items()))


def _type_named(name: str) -> type[BaseModel]:
    for module in _PLACES:
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    raise LookupError(f"a table names the type {name}, which is nowhere")


def _tag(route: Route) -> str:
    return route.path.split("/")[1].removesuffix(".json")


def _operation_id(route: Route) -> str:
    words = re.sub(r"[^a-z]+", "_", f"{route.method.lower()}_{route.path}").strip("_")
    return words.removesuffix("_json")


class _Plain(GenerateJsonSchema):
    """Without titles that only repeat the fields' names, and without null as a default: what is left out is absent."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        told = super().default_schema(schema)
        if told.get("default", ...) is None:
            del told["default"]
        return told
