"""Who sits at the browser: the device behind its cookie, and where to go to get one."""

import re
from typing import Final, NamedTuple, NoReturn
from urllib.parse import quote, urlsplit

from aiohttp import web

from blogen.clients import client_address, device_name, keep_session, session_of
from blogen.domain.person import DeviceKind, Person, Scope
from blogen.web.keys import CONFIG, DEVICES, NOTIFICATIONS, PEOPLE

HOME: Final = "/me"

_MAX_NEXT_CHARS: Final = 500
_LOCAL_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""Printable ASCII without space and backslash, which browsers read as a slash."""


class Visitor(NamedTuple):
    """A person who is signed in, at one device."""

    person: Person
    device_id: str
    unread: int = 0
    """Notifications, as many as are counted."""

    @property
    def may_write(self) -> bool:
        """Whether the studio is open to them."""
        return self.person.role.includes(Scope.AUTHOR)


async def visitor(request: web.Request) -> Visitor | None:
    """Who is signed in here; None if nobody is (any more)."""
    secret = session_of(request)
    actor = await request.app[DEVICES].by_cookie(secret) if secret else None
    if actor is None or actor.person_id is None or actor.device_id is None:
        return None
    person = await request.app[PEOPLE].by_id(actor.person_id)
    if person is None:
        return None
    return Visitor(person, actor.device_id, await request.app[NOTIFICATIONS].unread(person.id))


async def signed_in(request: web.Request) -> Visitor:
    """Who is signed in here; whoever is not is sent to the page that does it, and back."""
    found = await visitor(request)
    if found is None:
        to_sign_in(request.path_qs if request.method in {"GET", "HEAD"} else HOME)
    return found


def to_sign_in(then: str = "") -> NoReturn:
    then = then if then != HOME else ""
    raise web.HTTPSeeOther(f"/login?next={quote(then, safe='')}" if then else "/login")


async def let_in(request: web.Request, person_id: str, to: str) -> web.Response:
    """Sign the person in at this browser, with a new secret whatever it showed before, and go on to `to`."""
    response = see(to)
    await sign_in(request, response, person_id)
    return response


async def sign_in(request: web.Request, response: web.Response, person_id: str) -> None:
    """As `let_in`, for an answer of one's own."""
    name = device_name(request.headers.get("User-Agent", ""))
    _, secret = await request.app[DEVICES].sign_in(person_id, DeviceKind.BROWSER, name, instead_of=session_of(request))
    keep_session(response, secret)


def address_of(request: web.Request) -> str:
    """Where the request comes from, as limits count it."""
    return client_address(request, request.app[CONFIG].server.trusted_proxies)


def see(path: str) -> web.Response:
    """Go there, with GET."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def local_path(text: str) -> str:
    """`text` if it is an address on this blog, else nothing: nobody is sent elsewhere."""
    if len(text) > _MAX_NEXT_CHARS or not _LOCAL_PATH.fullmatch(text):
        return ""
    parts = urlsplit(text)
    return "" if parts.scheme or parts.netloc else text
