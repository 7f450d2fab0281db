"""`/login` and `/logout`."""

from contextlib import suppress
from typing import Final

from aiohttp import web

from blogen.clients import forget_session
from blogen.errors import NotFound, TooManyAttempts
from blogen.web.keys import ATTEMPTS, DEVICES, PEOPLE
from blogen.web.people import relying
from blogen.web.people.forms import Form, Words, read_form
from blogen.web.people.session import HOME, address_of, let_in, local_path, see, signed_in, visitor
from blogen.web.people.show import PASSKEY_SCRIPT, page, slow_down
from blogen.web.words import told_by

_SAID: Final = {
    "password": "The new password is set. Sign in with it.",
    "out": "You are signed out.",
}


async def ask(request: web.Request) -> web.Response:
    """The page with the form; whoever is signed in goes on."""
    following = local_path(request.query.get("next", ""))
    if await visitor(request) is not None:
        return see(following or HOME)
    return await _page(request, following, said=told_by(request, _SAID))


async def sign_in(request: web.Request) -> web.Response:
    form = await read_form(request, None)
    following = local_path(form["next"])
    who, password = form["login"].strip(), form["password"]
    if not who or not password:
        field = "password" if who else "login"
        missing = "The password is missing." if who else "Say who you are."
        return await _page(request, following, form, Words({field: missing}), status=422)
    attempts, address = request.app[ATTEMPTS], address_of(request)
    try:
        attempts.sign_in(who, address)
    except TooManyAttempts as error:
        trouble = f"There were too many attempts. Try again in {_minutes(error.retry_after_seconds)}."
        return slow_down(await _page(request, following, form, trouble=trouble), error)
    person = await request.app[PEOPLE].verify_password(who.removeprefix("@"), password)
    if person is None:
        trouble = "That is not right: no account has this name and this password."
        return await _page(request, following, form, trouble=trouble, status=422)
    attempts.signed_in(who, address, (person.handle, person.email))
    return await let_in(request, person.id, following or HOME)


async def sign_out(request: web.Request) -> web.Response:
    who = await signed_in(request)
    await read_form(request, who)
    with suppress(NotFound):  # signed out elsewhere at the same moment
        await request.app[DEVICES].revoke(who.device_id, person_id=who.person.id)
    response = see("/login?said=out")
    forget_session(response)
    return response


async def _page(
    request: web.Request, following: str, form: Form | None = None, wrong: Words | None = None, *,
    trouble: str = "", said: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    passkeys_here = relying.is_here(request)
    return await page(
        request,
        "login.html",
        status=status,
        script=PASSKEY_SCRIPT if passkeys_here else "",
        next=following,
        values=form.kept("login") if form else Words(),
        wrong=wrong or Words(),
        trouble_text=trouble,
        said=said,
        passkeys_here=passkeys_here,
    )


def _minutes(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"
