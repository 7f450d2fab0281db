"""What all acts have in common: who acts, whether they may now, and the two faces of an answer.

An act is a form that POSTs. A browser without scripts is sent back to the place that the act was about (303); `talk.js`
asks the same address for JSON and does it in place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from aiohttp import web

from blogen.errors import BlogenError, Forbidden, NotSignedIn, TooManyAttempts
from blogen.web.answers import BRIEFLY
from blogen.web.keys import CONFIG, PACE
from blogen.web.people.forms import TOKEN_FIELD, Form, check_token, read_fields
from blogen.web.people.session import Visitor, address_of, local_path, see, to_sign_in, visitor

MAX_TEXT_BYTES: Final = 160 * 1024
"""Room for the longest comment in any script: a letter outside of ASCII is sent as up to twelve bytes."""

_FROM_ONE_ADDRESS: Final = 3
"""So many times the pace of one person is allowed to all who share an address."""

Act = Callable[[web.Request, Visitor, Form], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def act(do: Act) -> Handler:
    """A handler of what only people can do. Whoever is not signed in is sent to do so, and comes back."""

    @wraps(do)
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            form = await read_fields(request)
            who = await visitor(request)
            if who is None:
                back = back_to(form, "/me")
                if not wants_json(request):
                    to_sign_in(back)
                raise signed_out()
            await check_token(request, who, form[TOKEN_FIELD])
            return await do(request, who, form)
        except BlogenError as error:
            if wants_json(request):
                return refused(error)
            raise worded(error) from error

    return handle


def wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def done(request: web.Request, back: str, said: str = "", **more: Any) -> web.Response:
    """It is done: go back to the place, or `said` and `more` for the page that is there already."""
    if wants_json(request):
        return web.json_response({"said": said, **more}, headers={"Cache-Control": BRIEFLY})
    return see(back)


def refused(error: BlogenError, **more: Any) -> web.Response:
    """Why it was not done, for the page that is there."""
    headers = {"Cache-Control": BRIEFLY}
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_seconds)
    return web.json_response({"problem": str(worded(error)), **more}, status=error.status, headers=headers)


def worded(error: BlogenError) -> BlogenError:
    """The same, with a remedy for people: who reads pages has no use for addresses of the API."""
    if "/api/" in error.remedy:
        error.remedy = "It may have been renamed or removed."
    return error


def signed_out() -> NotSignedIn:
    return NotSignedIn("You are not signed in (any more).", remedy="Sign in and do it again.")


def back_to(form: Form, otherwise: str) -> str:
    """Where the form wants its sender to be afterwards, on this blog."""
    return local_path(form["back"]) or otherwise


def keep_pace(request: web.Request, who: Visitor) -> None:
    """Raises TooManyAttempts for who writes too fast, from one account or one address, here or through the API."""
    pace, most = request.app[PACE], request.app[CONFIG].comments.per_minute
    pace.take(f"person {who.person.id}", most, doing="writing")
    pace.take(f"address {address_of(request)}", most * _FROM_ONE_ADDRESS, doing="writing from your address")


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that somebody wrote something in: it is read whoever sent it, so that no text is lost."""

    form: Form
    who: Visitor | None
    problem: BlogenError | None
    """Why nothing may be done with it; it can be shown again all the same."""

    def writer(self) -> Visitor:
        """Who wrote it. Raises NotSignedIn, Forbidden."""
        if self.problem is not None:
            raise self.problem
        assert self.who is not None
        return self.who


async def typed(request: web.Request) -> Typed:
    """Raises Forbidden, InvalidInput, HTTPRequestEntityTooLarge for what no page of ours sent."""
    form = await read_fields(request, MAX_TEXT_BYTES)
    who = await visitor(request)
    if who is None:
        return Typed(form, None, NotSignedIn("You are not signed in (any more).", remedy=_KEPT_HERE))
    try:
        await check_token(request, who, form[TOKEN_FIELD])
    except Forbidden:
        return Typed(form, who, Forbidden("This form was too old.", remedy="Look at it once more and send it again."))
    return Typed(form, who, None)


_KEPT_HERE: Final = "Your text is kept here: sign in in another tab, then send it again."
