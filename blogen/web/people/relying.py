"""What passkeys are bound to: the blog's own host name. A passkey made for one name is of no use under another.

It is the host of `server.base_url`; where that is unset, `localhost`. Browsers make no passkeys for bare IP addresses.
"""

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from blogen.web.keys import CONFIG

_LOCAL = "localhost"


class RelyingParty(NamedTuple):
    """In the words of WebAuthn: whom a device signs for."""

    id: str
    origin: str


def relying_party(request: web.Request) -> RelyingParty | None:
    """For passkeys of this blog; None where there can be none."""
    base_url = request.app[CONFIG].server.base_url
    if base_url is None:
        _, colon, port = request.host.rpartition(":")
        return RelyingParty(_LOCAL, f"http://{_LOCAL}:{port}" if colon and port.isdecimal() else f"http://{_LOCAL}")
    parts = urlsplit(str(base_url))
    host = parts.hostname or ""
    if _is_ip_address(host) or (parts.scheme != "https" and host != _LOCAL):
        return None
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc.lower()}")


def is_here(request: web.Request) -> bool:
    """Whether this page was asked for under the name that passkeys are bound to, so that they can be used on it."""
    party = relying_party(request)
    return party is not None and (urlsplit(f"//{request.host}").hostname or "") == party.id


def usable_at(request: web.Request) -> str:
    """The address at which passkeys can be used; empty if there is none."""
    party = relying_party(request)
    return party.origin if party else ""


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
