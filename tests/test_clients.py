"""Where a request was sent from: what browsers say of it, and what is made of what they do not say."""

import pytest
from aiohttp.test_utils import make_mocked_request

from blogen.clients import COOKIE, is_from_elsewhere, keep_session, session_of


def request(method: str = "POST", host: str = "blog.example.com", **headers: str):
    return make_mocked_request(
        method, "/", headers={"Host": host} | {k.replace("_", "-"): v for k, v in headers.items()}
    )


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "nonsense"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "https://blog.example.com"}, False),
        ({"Origin": "https://blog.example.com"}, True),
        ({"Origin": "http://blog.example.com"}, True),  # a proxy that ends TLS may not say so
        ({"Origin": "https://outside.example.net"}, True),  # the base_url
        ({"Origin": "https://blog.example.com:8443"}, False),
        ({"Origin": "https://blog.example.com.evil.example"}, False),
        ({"Origin": "https://evil.example/blog.example.com"}, False),
        ({"Origin": "https://blog.example.com@evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://["}, False),
        ({"Referer": "https://blog.example.com/"}, False),
        ({}, False),
    ],
)
def test_only_our_own_pages_may_change_something(headers, is_ours):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert is_from_elsewhere(request(method, **headers), "https://outside.example.net") is not is_ours
    for method in ("GET", "HEAD", "OPTIONS"):
        assert not is_from_elsewhere(request(method, **headers), None)


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites():
    from aiohttp import web

    response = web.Response()
    keep_session(response, "secret")
    told = response.cookies[COOKIE].OutputString()
    assert told.startswith("__Host-blogen=secret;")
    for word in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=34560000"):
        assert word in told
    assert "Domain" not in told  # or it would not be of this host alone
    assert session_of(request(Cookie=f"{COOKIE}=secret; other=1")) == "secret"
    assert session_of(request(Cookie="blogen=secret")) == ""
    assert session_of(request()) == ""
