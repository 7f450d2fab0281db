"""What the tables of calls are made of."""

from http import HTTPStatus
from typing import NamedTuple

from blogen.domain.person import Scope


class Route(NamedTuple):
    """One call. Types are named, not imported: they are looked for in the places that `openapi` lists."""

    method: str
    path: str
    """Below `/api/v1`."""
    handler: str
    """`module.function` in `blogen.api`."""
    summary: str
    scope: Scope | None = None
    """What the token must include; None: no token is needed."""
    for_person: bool = False
    """Needs the token of a person: the owner's own, which belongs to nobody, has no likes and no profile."""
    gives: str | None = None
    takes: str | None = None
    asks: str | None = None
    status: HTTPStatus = HTTPStatus.OK
    takes_picture: bool = False
    """The body is a picture's bytes, not JSON."""
    needs_body: bool = False
    creates: bool = False
    """Makes or decides something, and honours an `Idempotency-Key`: the answer is kept, so it must bear no secret."""
    keeps_key_itself: bool = False
    """Its handler does that, and stores the key with what it makes."""
    is_shared: bool = False
    """The same for everyone who shows no token, and nothing but events changes it: the answer is kept as bytes."""
    refuses: tuple[int, ...] = ()
    """Statuses of its own that it may refuse with, besides those that follow from the rest."""
    is_tagged: bool = False
    """Answers with an ETag though it needs a token; what needs none always does."""
    matches: bool = False
    """Honours `If-Match`."""
    is_page: bool = False
    """Answers with HTML."""
    streams: bool = False
    """Answers with server-sent events."""
    gives_cookie: bool = False
    """Signs a browser in by a cookie instead, if the header `Blogen-Session: cookie` asks for it."""
    ignores_token: bool = False
    """Answers even to who shows a token that is not valid (any more)."""
