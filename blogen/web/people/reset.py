"""`/reset`: a new password for who has lost theirs, by a one-time link that goes to their e-mail address.

The page always says the same, after the same time: whether there is such an account is nobody's business.
"""

from aiohttp import web

from blogen.domain.person import Person, TicketKind
from blogen.errors import InvalidInput, TooManyAttempts
from blogen.web.address import base_url
from blogen.web.keys import ATTEMPTS, MAIL, PEOPLE, SITE, TICKETS
from blogen.web.people.forms import Form, Words, beside_fields, read_form
from blogen.web.people.session import address_of, see
from blogen.web.people.show import note, page, slow_down
from blogen.web.people.state import PEOPLE_PAGES
from blogen.web.templates import render


async def ask(request: web.Request) -> web.Response:
    """The page that asks whose password is lost, or says what to do where no mail is sent."""
    return await _asking(request)


async def send_link(request: web.Request) -> web.Response:
    form = await read_form(request, None)
    if not request.app[MAIL].is_on:
        return await _asking(request)
    who = form["login"].strip().removeprefix("@")
    if not who:
        return await _asking(request, form, Words(login="Say who you are."), status=422)
    try:
        request.app[ATTEMPTS].mail(who, address_of(request))
    except TooManyAttempts as error:
        trouble = "Links were asked for too often. Look into your mail, or try again later."
        return slow_down(await _asking(request, form, trouble=trouble), error)
    request.app[PEOPLE_PAGES].aside(_write_to(request.app, who))
    return await note(
        request,
        "Look into your mail",
        "If this is an account with an e-mail address, a link to set a new password is on its way. "
        "It is good for one hour and one use.",
        "Nothing there after some minutes? Look among the unwanted mail, or ask the owner of this blog.",
        onward="/login",
        onward_words="Back to signing in",
    )


async def choose(request: web.Request) -> web.Response:
    """The page behind the link. Looking at it does not use the link up: mail programs do that too."""
    try:
        person = await _person_of(request)
    except InvalidInput as error:
        return await _useless(request, error)
    return await _choosing(request, person)


async def set_password(request: web.Request) -> web.Response:
    form = await read_form(request, None)
    try:
        person = await _person_of(request)
    except InvalidInput as error:
        return await _useless(request, error)
    try:
        await request.app[PEOPLE].reset_password(request.match_info["ticket"], form["password"])
    except InvalidInput as error:
        if not any(one.path == "password" for one in error.errors):
            return await _useless(request, error)
        return await _choosing(request, person, beside_fields(error), status=422)
    return see("/login?said=password")


async def _write_to(app: web.Application, who: str) -> None:
    """A mail with a link, if there is such an account and it has an address."""
    people = app[PEOPLE]
    person = await (people.by_email(who) if "@" in who else people.by_handle(who.lower()))
    if person is None or person.email is None or person.disabled_at is not None:
        return
    from blogen.outgoing.mail import Letter

    ticket = await app[TICKETS].make(TicketKind.RESET, person_id=person.id)
    link = f"{base_url(app)}/reset/{ticket}"
    title = app[SITE].now.title
    app[MAIL].post(
        Letter(
            "password link",
            person.email,
            " ".join(f"{title}: a new password".split()),
            render(app, "mail/reset.txt", person=person, link=link),
            render(app, "mail/reset.html", person=person, link=link),
        )
    )


async def _person_of(request: web.Request) -> Person:
    """Whose link this is. Raises InvalidInput, TooManyAttempts."""
    attempts, address = request.app[ATTEMPTS], address_of(request)
    attempts.ticket(address)
    ticket = await request.app[TICKETS].look_at(TicketKind.RESET, request.match_info["ticket"])
    attempts.ticket_was_right(address)
    person = await request.app[PEOPLE].by_id(ticket.person_id or "")
    if person is None or person.disabled_at is not None:
        raise InvalidInput("The account of this link is closed.", remedy="Ask the owner of this blog.")
    return person


async def _asking(
    request: web.Request, form: Form | None = None, wrong: Words | None = None, *, trouble: str = "", status: int = 200
) -> web.Response:
    return await page(
        request,
        "reset_ask.html",
        status=status,
        sends_mail=request.app[MAIL].is_on,
        values=form.kept("login") if form else Words(),
        wrong=wrong or Words(),
        trouble_text=trouble,
    )


async def _choosing(
    request: web.Request, person: Person, wrong: Words | None = None, *, status: int = 200
) -> web.Response:
    return await page(
        request, "reset_set.html", status=status, person=person, action=request.path, wrong=wrong or Words()
    )


async def _useless(request: web.Request, error: InvalidInput) -> web.Response:
    return await note(
        request,
        "This link is of no use",
        error.detail,
        error.remedy,
        onward="/reset",
        onward_words="Ask for another one",
        status=410,
    )
