"""`/register`: for anyone, for those with an invitation, or for nobody, as `auth.sign_up` says."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from blogen.domain.person import Person, Ticket, TicketKind
from blogen.errors import BlogenError, Conflict, InvalidInput, TooManyAttempts
from blogen.web.keys import ATTEMPTS, CLOCK, CONFIG, PEOPLE, TICKETS
from blogen.web.people.forms import Form, Words, beside_fields, read_form
from blogen.web.people.session import HOME, address_of, let_in, local_path, see, visitor
from blogen.web.people.show import note, page, slow_down

_SAME_PERSON_MS: Final = 120_000
"""A form that is sent twice (a double click) makes one account; the second time signs in to it."""
_MAX_TICKET_CHARS: Final = 600
_CALLED: Final = {"email": "e-mail"}


async def ask(request: web.Request) -> web.Response:
    """The page with the form; whoever is signed in goes on."""
    following = local_path(request.query.get("next", ""))
    if await visitor(request) is not None:
        return see(following or HOME)
    text = _invitation_in(request.query.get("invitation", ""))
    if _is_closed(request):
        return await _closed(request)
    ticket, wrong = None, Words()
    if text:
        try:
            ticket = await _looked_at(request, text)
        except (InvalidInput, TooManyAttempts) as error:
            wrong = Words(invitation=f"{error.detail} {error.remedy}")
    return await _page(request, following, text, ticket, wrong)


async def register(request: web.Request) -> web.Response:
    form = await read_form(request, None)
    following = local_path(form["next"])
    text = _invitation_in(form["invitation"])
    if _is_closed(request):
        return await _closed(request)
    if not text and request.app[CONFIG].auth.sign_up == "invite":
        wrong = Words(invitation="An invitation is needed here.")
        return await _page(request, following, text, None, wrong, form, status=422)
    attempts, address = request.app[ATTEMPTS], address_of(request)
    try:
        attempts.register(address)
        person = await _made(request, form, text)
    except TooManyAttempts as error:
        trouble = "Too many accounts were asked for from where you are. Try again later."
        return slow_down(await _page(request, following, text, None, Words(), form, trouble=trouble), error)
    except (InvalidInput, Conflict) as error:
        wrong = _worded(error)
        ticket = None if "invitation" in wrong else await _known(request, text)
        return await _page(request, following, text, ticket, wrong, form, status=422)
    attempts.signed_in(person.handle, address, (person.email,))
    return await let_in(request, person.id, following or f"{HOME}?said=welcome")


async def _made(request: web.Request, form: Form, text: str) -> Person:
    """The new account, or the one that the same form made a moment ago. Raises InvalidInput, Conflict."""
    people = request.app[PEOPLE]
    handle = _as_handle(form["handle"])
    try:
        return await people.register(
            handle,
            form["name"],
            form["password"],
            email=form["email"].strip() or None,
            ticket=(TicketKind.INVITATION, text) if text else None,
        )
    except (InvalidInput, Conflict):
        twin = await people.by_handle(handle) if handle.isascii() else None
        if twin is None or request.app[CLOCK].now_ms() - twin.created_at > _SAME_PERSON_MS:
            raise
        if twin.disabled_at is None and await people.password_is(twin.id, form["password"]):
            return twin
        raise


def _as_handle(text: str) -> str:
    """As it was meant: with the sign that mentions begin with, or in capitals."""
    text = text.strip().removeprefix("@")
    return text.lower() if text.isascii() else text


def _invitation_in(text: str) -> str:
    """The one-time text that was given; of a whole address, what it ends in."""
    text = text.strip()[:_MAX_TICKET_CHARS]
    if "invitation=" in text:
        text = parse_qs(urlsplit(text).query).get("invitation", [""])[0]
    return text


def _is_closed(request: web.Request) -> bool:
    return request.app[CONFIG].auth.sign_up == "closed"


async def _looked_at(request: web.Request, text: str) -> Ticket:
    attempts, address = request.app[ATTEMPTS], address_of(request)
    attempts.ticket(address)
    ticket = await request.app[TICKETS].look_at(TicketKind.INVITATION, text)
    attempts.ticket_was_right(address)
    return ticket


async def _known(request: web.Request, text: str) -> Ticket | None:
    try:
        return await _looked_at(request, text) if text else None
    except (InvalidInput, TooManyAttempts):
        return None


def _worded(error: BlogenError) -> Words:
    if isinstance(error, Conflict):
        return Words(handle=f"{error.detail} {error.remedy}")
    assert isinstance(error, InvalidInput)
    if error.errors and error.errors[0].path == "invitation":
        return Words(invitation=f"{error.detail} {error.remedy}")
    return beside_fields(error, _CALLED)


async def _closed(request: web.Request) -> web.Response:
    return await note(
        request,
        "No new accounts",
        "This blog makes no new accounts. Everything on it can be read without one.",
        "If you have an account, sign in.",
        onward="/login",
        onward_words="Sign in",
        status=403,
    )


async def _page(
    request: web.Request, following: str, text: str, ticket: Ticket | None, wrong: Words,
    form: Form | None = None, *, trouble: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    return await page(
        request,
        "register.html",
        status=status,
        next=following,
        ticket_text=text,
        invited_note=ticket.note if ticket else None,
        values=form.kept("handle", "name", "email") if form else Words(),
        wrong=wrong,
        trouble_text=trouble,
    )
