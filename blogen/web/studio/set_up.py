"""`/studio/set-up/TICKET`: the first admin makes their account and names the blog, by the link that the server prints.

With a password in one form, or with a passkey, which takes two calls: what the browser needs, then what it made.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from blogen.domain.person import Person, Scope, TicketKind
from blogen.errors import Conflict, FieldError, InvalidInput, TooManyAttempts
from blogen.ids import new_id
from blogen.store.passkeys import Passkeys
from blogen.store.people import Also
from blogen.web.keys import ATTEMPTS, CLOCK, PEOPLE, SITE, TICKETS
from blogen.web.people import relying
from blogen.web.people.forms import Words, beside_fields, read_form
from blogen.web.people.passkeys import (
    base64url,
    credential_in,
    from_anyone,
    in_answer,
    in_json,
    needed_party,
    options_to_add,
    text_in,
    too_late,
    verified_new,
)
from blogen.web.people.session import address_of, let_in, sign_in, visitor
from blogen.web.people.show import PASSKEY_SCRIPT, note, page, slow_down
from blogen.web.people.state import PEOPLE_PAGES

if TYPE_CHECKING:
    from blogen.domain.set_up import SetUpRequest
    from blogen.store.database import Transaction

STUDIO: Final = "/studio"
_SAME_PERSON_MS: Final = 120_000
"""A form that is sent twice (a double click) sets up once; the second time signs in."""
_FIELDS: Final = ("name", "handle", "password", "title", "tagline", "topic")
_CALLED: Final = {"name": "name", "title": "blog title", "topic": "first topic"}
_PASSKEY: Final = "First passkey"


async def ask(request: web.Request) -> web.Response:
    """The page with the form."""
    if refusal := await _useless(request):
        return refusal
    return await _page(request)


async def start(request: web.Request) -> web.Response:
    """Make the admin, name the blog, sign in."""
    form = await read_form(request, None)
    given = {name: form[name] for name in _FIELDS}
    attempts, address = request.app[ATTEMPTS], address_of(request)
    try:
        asked = _asked(request, given, with_password=True)
        attempts.register(address)
        assert asked.password is not None
        person = await _made(request, asked, asked.password)
    except TooManyAttempts as error:
        trouble = "There were too many attempts from where you are. Try again later."
        return slow_down(await _page(request, given, trouble=trouble), error)
    except (InvalidInput, Conflict) as error:
        if (twin := await _twin(request, given)) is not None:
            return await let_in(request, twin.id, _onward(given))
        if refusal := await _useless(request):
            return refusal
        return await _page(request, given, _beside(error), status=422)
    attempts.signed_in(person.handle, address)
    return await let_in(request, person.id, _onward(given))


@in_json
async def passkey_options(request: web.Request) -> web.Response:
    """What the browser needs to make the first admin's passkey."""
    visitors, sent = await from_anyone(request)
    await _look_at(request)
    asked = _asked_by_script(request, _texts(sent))
    if await request.app[PEOPLE].by_handle(asked.handle) is not None:
        raise Conflict(f"The handle {asked.handle} is taken.", remedy="Choose another one.")
    person_id, party = new_id(), needed_party(request)
    challenge = request.app[PEOPLE_PAGES].challenges.make(_whose(visitors, person_id))
    title = asked.title or request.app[SITE].now.title
    return in_answer(
        await asyncio.to_thread(options_to_add, title, party, person_id, asked.handle, asked.name, challenge, [])
    )


@in_json
async def passkey(request: web.Request) -> web.Response:
    """As `start`, with what the browser made. The account's password is one that nobody knows."""
    visitors, sent = await from_anyone(request)
    await _look_at(request)
    given = _texts(sent)
    asked = _asked_by_script(request, given)
    person_id = _person_id(text_in(sent, "user", 100))
    challenge = request.app[PEOPLE_PAGES].challenges.take(_whose(visitors, person_id))
    if challenge is None:
        raise too_late()
    made = await asyncio.to_thread(verified_new, needed_party(request), challenge, credential_in(sent))
    key = (base64url(made.credential_id), made.credential_public_key, made.sign_count, _PASSKEY)

    def add_key(tx: "Transaction", person_id: str) -> None:
        Passkeys.add_in(tx, person_id, *key)

    person = await _made(request, asked, secrets.token_urlsafe(), person_id=person_id, also=add_key)
    response = in_answer({"next": _onward(given)}, status=201)
    await sign_in(request, response, person.id)
    return response


async def _made(
    request: web.Request, asked: "SetUpRequest", password: str, *, person_id: str | None = None,
    also: Also | None = None,
) -> Person:  # fmt: skip
    """The admin, made with the link that is used up by it, and the blog named: all of it, or nothing."""
    from blogen.domain.site import SiteChange

    site, fields = request.app[SITE], {"title", "tagline"} - request.app[SITE].fixed.keys()
    change = SiteChange.model_validate(asked.model_dump(include=fields, exclude_none=True))

    def all_of_it(tx: "Transaction", person_id: str) -> None:
        site.change_in(tx, change)
        if also is not None:
            also(tx, person_id)

    return await request.app[PEOPLE].register(
        asked.handle, asked.name, password, ticket=(TicketKind.SET_UP, _ticket(request)), person_id=person_id,
        also=all_of_it,
    )  # fmt: skip


def _asked(request: web.Request, given: Mapping[str, str], *, with_password: bool) -> "SetUpRequest":
    """Raises InvalidInput with every mistake at once."""
    from blogen.domain.mistakes import validated
    from blogen.domain.set_up import SetUpRequest

    wanted: dict[str, str | None] = {
        name: value for name, value in given.items() if name not in request.app[SITE].fixed
    }
    wanted |= {"handle": _as_handle(given["handle"]), "password": given["password"] if with_password else None}
    wanted |= {"name": given["name"].strip(), "topic": given["topic"].strip() or None}
    return validated(SetUpRequest, wanted)


def _asked_by_script(request: web.Request, given: Mapping[str, str]) -> "SetUpRequest":
    """As `_asked`, with the mistakes as the sentences that would stand beside the fields."""
    try:
        return _asked(request, given, with_password=False)
    except InvalidInput as error:
        raise InvalidInput(" ".join(_beside(error).values()), errors=error.errors) from None


def _as_handle(text: str) -> str:
    """As it was meant: with the sign that mentions begin with, or in capitals."""
    text = text.strip().removeprefix("@")
    return text.lower() if text.isascii() else text


def _texts(sent: dict[str, Any]) -> dict[str, str]:
    return {name: "" if name == "password" else text_in(sent, name, 2000) for name in _FIELDS}


def _person_id(handle: str) -> str:
    """Who the passkey was made for, as the browser was told. Raises InvalidInput."""
    from base64 import urlsafe_b64decode

    try:
        return str(UUID(bytes=urlsafe_b64decode(handle + "==")))
    except ValueError:
        raise InvalidInput("`user` is not what this page was given.", remedy="Load the page again.") from None


def _whose(visitors: str, person_id: str) -> str:
    return f"set-up:{visitors}:{person_id}"


def _ticket(request: web.Request) -> str:
    return request.match_info["ticket"]


async def _look_at(request: web.Request) -> None:
    """Raises InvalidInput if the link is mistyped, used or void, TooManyAttempts if too many were."""
    attempts, address = request.app[ATTEMPTS], address_of(request)
    attempts.ticket(address)
    await request.app[TICKETS].look_at(TicketKind.SET_UP, _ticket(request))
    attempts.ticket_was_right(address)


async def _twin(request: web.Request, given: Mapping[str, str]) -> Person | None:
    """The admin whom the same form made a moment ago."""
    handle = _as_handle(given["handle"])
    twin = await request.app[PEOPLE].by_handle(handle) if handle.isascii() else None
    if twin is None or twin.role is not Scope.ADMIN or twin.disabled_at is not None:
        return None
    if request.app[CLOCK].now_ms() - twin.created_at > _SAME_PERSON_MS:
        return None
    return twin if await request.app[PEOPLE].password_is(twin.id, given["password"]) else None


def _onward(given: Mapping[str, str]) -> str:
    """The studio; with a first topic, its form for a new post."""
    topic = given["topic"].strip()
    return f"{STUDIO}/new?topic={quote(topic, safe='')}" if topic else STUDIO


def _beside(error: InvalidInput | Conflict) -> Words:
    if isinstance(error, Conflict):
        error = InvalidInput(error.detail, errors=[FieldError("handle", f"is taken. {error.remedy}".rstrip("."))])
    return beside_fields(error, _CALLED)


async def _useless(request: web.Request) -> web.Response | None:
    """The page that says why this link opens nothing; None if it is good."""
    try:
        await _look_at(request)
    except TooManyAttempts as error:
        words = "Links that open nothing were tried too often from where you are. Try again later."
        return slow_down(await note(request, "Not now", words), error)
    except InvalidInput:
        pass
    else:
        return None
    if await request.app[PEOPLE].has_admin():
        is_in = await visitor(request) is not None
        return await note(
            request,
            "This blog is set up",
            "The link was for its first start, and somebody owns the blog by now, so it opens nothing any more.",
            "Lost your password? `blogen users reset-password NAME`, on the server, prints a link to set a new one.",
            onward=STUDIO if is_in else f"/login?next={quote(STUDIO, safe='')}",
            onward_words="To the studio" if is_in else "Sign in",
            status=410,
        )
    return await note(
        request,
        "This link is too old",
        "Each start of Blogen prints a new link to set the blog up, and the one before is good no longer. "
        "Or it was not copied whole.",
        "Take the link below the last line “Blogen is ready at …”; or start Blogen again, and it prints another one.",
        status=410,
    )


async def _page(
    request: web.Request, given: Mapping[str, str] | None = None, wrong: Words | None = None, *, trouble: str = "",
    status: int = 200,
) -> web.Response:  # fmt: skip
    site, passkeys_here = request.app[SITE], relying.is_here(request)
    fresh = {"title": site.now.title, "tagline": site.now.tagline}
    return await page(
        request,
        "studio/set_up.html",
        status=status,
        script=PASSKEY_SCRIPT if passkeys_here else "",
        path=f"{STUDIO}/set-up/{_ticket(request)}",
        passkeys_at=relying.usable_at(request),
        passkeys_here=passkeys_here,
        fixed=site.fixed,
        values=Words({name: value for name, value in (given or fresh).items() if name != "password"}),
        wrong=wrong or Words(),
        trouble_text=trouble,
    )
