"""Who may enter the studio, and the frame that its pages stand in."""

from typing import Final, NamedTuple

from aiohttp import web

from blogen.domain.person import Actor, Scope
from blogen.errors import Forbidden
from blogen.web.answers import HTML
from blogen.web.people.forms import Words, form_token
from blogen.web.people.session import Visitor, to_sign_in, visitor
from blogen.web.templates import render

STUDIO: Final = "/studio"


class Place(NamedTuple):
    """A line of the studio's navigation. A template says where it is with `{% set here = "board" %}`."""

    key: str
    words: str
    path: str
    scope: Scope


PLACES: Final = (
    Place("board", "Board", STUDIO, Scope.AUTHOR),
    Place("new", "New post", f"{STUDIO}/new", Scope.AUTHOR),
    Place("posts", "Posts", f"{STUDIO}/posts", Scope.AUTHOR),
    Place("moderation", "Moderation", f"{STUDIO}/moderation", Scope.AUTHOR),
    Place("authors", "Authors", f"{STUDIO}/authors", Scope.ADMIN),
    Place("providers", "Providers", f"{STUDIO}/providers", Scope.ADMIN),
    Place("settings", "Settings", f"{STUDIO}/settings", Scope.ADMIN),
)


async def owner(request: web.Request, scope: Scope = Scope.AUTHOR) -> Visitor:
    """Who is signed in here, if their role includes `scope`; whoever is not signed in is sent to do so, and back.

    Raises Forbidden, HTTPSeeOther.
    """
    who = await visitor(request)
    if who is None:
        to_sign_in(request.path_qs if request.method in {"GET", "HEAD"} else STUDIO)
    if not who.person.role.includes(scope):
        raise Forbidden(
            f"You are signed in as {who.person.name}, whose role is {who.person.role}; this page is for the role "
            f"{scope}.",
            remedy="Ask the owner of this blog for that role, or sign in as somebody else.",
        )
    return who


def actor(who: Visitor) -> Actor:
    """`who`, as the engine and the stores name them."""
    return Actor(who.person.role, person_id=who.person.id, device_id=who.device_id)


async def page(
    request: web.Request, template: str, who: Visitor, *, status: int = 200, **context: object
) -> web.Response:
    """`templates/studio/TEMPLATE` for `who`, with a token for its forms; kept nowhere."""
    token, _ = await form_token(request, who)
    common: dict[str, object] = {
        "viewer": who,
        "who": who.person,
        "places": [place for place in PLACES if who.person.role.includes(place.scope)],
        "form_token": token,
        "values": Words(),
        "wrong": Words(),
        "trouble_text": "",
        "said": "",
    }
    text = render(request.app, f"studio/{template}", **common | context)
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=text, status=status, content_type=HTML, charset="utf-8", headers=headers)
