"""Who asks, and whether they may: bearer tokens, scopes, and a limit on wrong tokens per address."""

import time
from collections import OrderedDict
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import web

from blogen.api.keys import ACTOR, CONFIG, PEOPLE
from blogen.domain.person import Actor, Scope
from blogen.errors import Forbidden, NotSignedIn, TooManyAttempts

MAX_WRONG_TOKENS = 20
"""From one address within a minute; what follows is told to slow down."""

_WINDOW_SECONDS = 60.0
_MAX_ADDRESSES = 4096


class WrongTokens:
    """Counts wrong tokens per address; knows the latest few thousand addresses, so it stays small."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def add(self, address: str) -> int | None:
        """Note one; the seconds to wait if the address has had too many."""
        now = time.monotonic()
        begun, count = self._counts.pop(address, (now, 0))
        if now - begun >= _WINDOW_SECONDS:
            begun, count = now, 0
        self._counts[address] = (begun, count + 1)
        if len(self._counts) > _MAX_ADDRESSES:
            self._counts.popitem(last=False)
        return int(begun + _WINDOW_SECONDS - now) + 1 if count >= MAX_WRONG_TOKENS else None


WRONG_TOKENS = web.AppKey("wrong_tokens", WrongTokens)


async def admit(request: web.Request, scope: Scope | None, *, for_person: bool = False) -> Actor | None:
    """Who asks; None if nobody says who they are and nobody has to. Raises NotSignedIn, Forbidden, TooManyAttempts."""
    actor = request[ACTOR] = await _actor(request)
    if scope is None:
        return actor
    if actor is None:
        raise NotSignedIn(
            "This needs a token, and the request has none.",
            remedy="Send `Authorization: Bearer …`; the owner makes tokens with `blogen tokens create`.",
        )
    if not actor.scope.includes(scope):
        raise Forbidden(
            f"This needs the scope {scope}; the token has {actor.scope}.", remedy="Use a token with that scope."
        )
    if for_person and actor.person_id is None:
        raise Forbidden(
            "This belongs to a person, and the token acts for the owner.",
            remedy="Sign in, or make a token with `blogen tokens create --user HANDLE`.",
        )
    return actor


def actor_of(request: web.Request) -> Actor:
    """Who asks, in a handler whose route needs a token."""
    actor = request[ACTOR]
    assert actor is not None
    return actor


async def _actor(request: web.Request) -> Actor | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, text = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn("The Authorization header is not of the kind `Bearer …`.", remedy="Send a bearer token.")
    actor = await request.config_dict[PEOPLE].token_by_text(text.strip())
    if actor is None:
        # A right token is let in whatever its neighbours behind the same address do; a wrong one waits.
        if seconds := request.config_dict[WRONG_TOKENS].add(client_address(request)):
            raise TooManyAttempts(
                "Too many wrong tokens came from your address.", remedy="Check the token.", retry_after_seconds=seconds
            )
        raise NotSignedIn(
            "The token is mistyped, unknown, expired or revoked.",
            remedy="Make a new one with `blogen tokens create`.",
        )
    return actor


def client_address(request: web.Request) -> str:
    """The client's address, an IPv6 one as its /64; what proxies say counts only where the owner trusts them."""
    address = _address(request.remote or "")
    trusted = request.config_dict[CONFIG].server.trusted_proxies
    said = [part for header in request.headers.getall("X-Forwarded-For", ()) for part in header.split(",")]
    while address is not None and said and any(address in network for network in trusted):
        address = _address(said.pop()) or address
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def person_of(request: web.Request) -> str:
    """The id of the person who asks, in a handler whose route is `for_person`."""
    person_id = actor_of(request).person_id
    assert person_id is not None
    return person_id
