"""Who asks, and whether they may: bearer tokens, browsers' cookies, scopes, and a limit on wrong tokens per address.

A cookie counts where there is no token. What would change something must then come from one of the blog's own pages.
"""

from typing import TYPE_CHECKING

from aiohttp import web

from blogen import clients
from blogen.api.keys import ACTOR, CONFIG, DEVICES, PEOPLE
from blogen.domain.person import Actor, Scope
from blogen.errors import Forbidden, NotSignedIn, TooManyAttempts

if TYPE_CHECKING:
    from blogen.domain.pace import Pace

MAX_WRONG_TOKENS = 20
"""From one address within a minute; what follows is told to slow down."""

MAX_ADDRESSES = 4096
"""The latest whose wrong tokens are counted."""

WRONG_TOKENS: "web.AppKey[Pace]" = web.AppKey("wrong_tokens")


async def admit(request: web.Request, scope: Scope | None, *, for_person: bool = False) -> Actor | None:
    """Who asks; None if nobody says who they are and nobody has to. Raises NotSignedIn, Forbidden, TooManyAttempts."""
    actor = request[ACTOR] = await _actor(request)
    if scope is None:
        return actor
    if actor is None:
        raise NotSignedIn(
            "This needs a token, and the request has none.",
            remedy="Send `Authorization: Bearer …`: sign in, or have the owner make one with `blogen tokens create`.",
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


def client_address(request: web.Request) -> str:
    """The client's address, an IPv6 one as its /64; what proxies say counts only where the owner trusts them."""
    return clients.client_address(request, request.config_dict[CONFIG].server.trusted_proxies)


def note_wrong_secret(request: web.Request) -> None:
    """A token that is none was shown. A right one is let in whatever its neighbours behind the same address do; a
    wrong one waits. Raises TooManyAttempts."""
    if seconds := request.config_dict[WRONG_TOKENS].over(client_address(request), MAX_WRONG_TOKENS):
        raise TooManyAttempts(
            "Too many wrong tokens came from your address.", remedy="Check the token.", retry_after_seconds=seconds
        )


async def _actor(request: web.Request) -> Actor | None:
    header = request.headers.get("Authorization")
    if header is None:
        return await _actor_of_browser(request)
    scheme, _, text = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn("The Authorization header is not of the kind `Bearer …`.", remedy="Send a bearer token.")
    actor = await request.config_dict[PEOPLE].token_by_text(text.strip())
    if actor is None:
        note_wrong_secret(request)
        raise NotSignedIn(
            "The token is mistyped, unknown, expired or revoked.",
            remedy="Refresh it or sign in again; one of the owner's is made anew with `blogen tokens create`.",
        )
    return actor


async def _actor_of_browser(request: web.Request) -> Actor | None:
    """Who is signed in at this browser. A cookie that is no longer good is as none: everyone may read."""
    secret = clients.session_of(request)
    if not secret:
        return None
    check_own_page(request, "The request came with a browser's cookie")
    return await request.config_dict[DEVICES].by_cookie(secret)


def check_own_page(request: web.Request, what: str) -> None:
    """Raise Forbidden unless one of the blog's own pages sent the request; `what` says why that matters."""
    if clients.is_from_elsewhere(request, request.config_dict[CONFIG].server.base_url):
        raise Forbidden(
            f"{what}, and not from one of this blog's own pages.",
            remedy="Programs send `Authorization: Bearer …` and no cookie.",
        )


def person_of(request: web.Request) -> str:
    """The id of the person who asks, in a handler whose route is `for_person`."""
    person_id = actor_of(request).person_id
    assert person_id is not None
    return person_id
