"""Who is at the other end of a request: their address, and for a browser its cookie and where it was sent from.

Pages and API both ask; nothing here looks into the store.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

COOKIE: Final = "__Host-blogen"
"""Holds a browser's secret. By the name's prefix browsers take it from this host alone, over a safe connection."""

_COOKIE_SECONDS: Final = 400 * 24 * 3600
"""As long as browsers keep any; the store says when a device ends."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def client_address(request: web.Request, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """The client's address, an IPv6 one as its /64; what proxies say counts only where the owner trusts them."""
    address = _address(request.remote or "")
    said = [part for header in request.headers.getall("X-Forwarded-For", ()) for part in header.split(",")]
    while address is not None and said and any(address in network for network in trusted):
        address = _address(said.pop()) or address
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "")


def session_of(request: web.Request) -> str:
    """The secret that the browser shows; empty without one."""
    return request.cookies.get(COOKIE, "")


def keep_session(response: web.StreamResponse, secret: str) -> None:
    """Have the browser show `secret` from now on: out of reach of scripts and of other sites' requests."""
    response.set_cookie(COOKIE, secret, max_age=_COOKIE_SECONDS, path="/", secure=True, httponly=True, samesite="Lax")


def forget_session(response: web.StreamResponse) -> None:
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")


def is_from_elsewhere(request: web.Request, base_url: str | None) -> bool:
    """Whether a request that would change something was not sent by one of our own pages, or does not say so.

    Asked of those who come with a cookie, which browsers also send along with what other sites make them send.
    """
    if request.method in _SAFE_METHODS:
        return False
    if fetched := request.headers.get("Sec-Fetch-Site"):
        return fetched not in {"same-origin", "none"}
    origin = request.headers.get("Origin", "")
    own = {request.host, urlsplit(base_url or "").netloc} - {""}
    try:
        return urlsplit(origin).netloc not in own
    except ValueError:
        return True


_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def device_name(user_agent: str) -> str:
    """`Firefox on Linux`: what a person knows their browser by. Nothing of the header itself is kept."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "A browser")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
