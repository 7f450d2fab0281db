"""Calls that nobody would think of, made up by schemathesis for one operation of the server's document.

Apart from the test, so that only the worker that runs it pays for what this imports and makes up.
"""

from functools import cache
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from blogen.api.openapi import document

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance,
]  # fmt: skip
EXAMPLES = 6
"""Of each operation."""
READ_SECONDS = 20.0
MAX_URL_BYTES = 8000
"""A longer one is refused by the HTTP server, before the API sees it."""


@cache
def connection() -> requests.Session:
    """One for all calls, none of which is to know of those before it."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


@cache
def schema() -> Any:
    return schemathesis.openapi.from_dict(document())


def call(label: str, running: Any) -> None:
    """Send what is made up for the operation `label`, each case as somebody else, and judge the answers."""
    # As the plugin does it, which makes up all cases of all operations when it collects.
    test = build_operation_test(
        config=schema().config,
        operation=schema().find_operation_by_label(label),
        test_func=answers_as_documented,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(schema())),
    )
    test(running=running)


def is_too_long(case: schemathesis.Case, url: str) -> bool:
    return len(requests.Request(**case.as_transport_kwargs(base_url=url)).prepare().url or "") > MAX_URL_BYTES


turns = count()


@seed(4)
@settings(
    max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def answers_as_documented(case: schemathesis.Case, running: Any) -> None:
    turn = next(turns)
    for name in case.path_parameters or {}:
        if turn % 4:  # three of four lead somewhere
            known = running.places[name]
            case.path_parameters[name] = known[turn % len(known)]
    token = running.tokens[turn % len(running.tokens)]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if is_too_long(case, running.url):
        return
    running.crashes.clear()
    response = case.call(base_url=running.url, headers=headers, timeout=READ_SECONDS, session=connection())
    if running.crashes:
        pytest.fail(f"{case.as_curl_command()}\n{running.crashes[-1]}")
    case.validate_response(response, checks=CHECKS)
