"""Which person asks, on calls that answer everyone and tell a person more."""

from aiohttp import web

from blogen.api.keys import ACTOR
from blogen.errors import NotSignedIn


def asking_person(request: web.Request) -> str | None:
    """The id of the person who asks; None where nobody in particular does."""
    actor = request[ACTOR]
    return actor.person_id if actor else None


def needed_person(request: web.Request) -> str:
    """The id of the person who asks. Raises NotSignedIn where nobody in particular does."""
    person_id = asking_person(request)
    if person_id is None:
        raise NotSignedIn(
            "This is told to a person only, and nobody in particular asks.",
            remedy="Sign in, or send a token that was made with `blogen tokens create --user HANDLE`.",
        )
    return person_id
