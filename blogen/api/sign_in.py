"""`/auth/…`: getting in, staying in, and what else is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.api.answers import answer
from blogen.api.auth import actor_of, check_own_page, client_address, note_wrong_secret, person_of
from blogen.api.keys import ATTEMPTS, CONFIG, DEVICES, PEOPLE, TICKETS
from blogen.api.requests import body
from blogen.clients import device_name, forget_session, keep_session, session_of
from blogen.domain.person import DeviceKind, Scope, TicketKind
from blogen.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound, NotSignedIn

if TYPE_CHECKING:
    from blogen.domain.person import AppTokens, Device

MAX_BODY_BYTES: Final = 64 * 1024
SESSION: Final = "Blogen-Session"
"""`cookie`: the app in a browser keeps no tokens; it is signed in by the cookie that the `/login` page sets, too."""


class WrongPassword(NotSignedIn):
    code, title = "wrong-password", "The name or the password is wrong"


class RefreshRefused(NotSignedIn):
    code, title = "refresh-refused", "The app has to be signed in again"


async def register(request: web.Request) -> web.Response:
    from blogen.domain.accounts import RegisterRequest

    with_cookie = _wants_cookie(request)
    order = await body(request, RegisterRequest, at_most=MAX_BODY_BYTES)
    _check_sign_up(request, has_invitation=order.invitation is not None)
    attempts, address = request.config_dict[ATTEMPTS], client_address(request)
    attempts.register(address)
    person = await request.config_dict[PEOPLE].register(
        order.handle,
        order.name or order.handle,
        order.password,
        email=order.email,
        ticket=(TicketKind.INVITATION, order.invitation) if order.invitation else None,
    )
    attempts.signed_in(person.handle, address, (person.email,))
    if with_cookie:
        return await _with_new_cookie(request, person.id, order.device, Scope.ADMIN, status=201)
    tokens = await request.config_dict[DEVICES].sign_in_app(person.id, order.device)
    return await _signed_in(request, tokens, status=201)


async def login(request: web.Request) -> web.Response:
    from blogen.domain.accounts import LoginRequest

    with_cookie = _wants_cookie(request)
    order = await body(request, LoginRequest, at_most=MAX_BODY_BYTES)
    attempts, address = request.config_dict[ATTEMPTS], client_address(request)
    attempts.sign_in(order.who, address)
    person = await request.config_dict[PEOPLE].verify_password(order.who, order.password)
    if person is None:
        raise WrongPassword(
            "No open account has this name and this password.", remedy="Check both, or have a new password set."
        )
    attempts.signed_in(order.who, address, (person.handle, person.email))
    scope = order.scope or Scope.ADMIN
    if with_cookie:
        return await _with_new_cookie(request, person.id, order.device, scope)
    tokens = await request.config_dict[DEVICES].sign_in_app(person.id, order.device, scope=scope)
    return await _signed_in(request, tokens)


async def refresh(request: web.Request) -> web.Response:
    from blogen.domain.accounts import RefreshRequest

    order = await body(request, RefreshRequest, at_most=MAX_BODY_BYTES)
    tokens = await request.config_dict[DEVICES].rotate(order.refresh_token)
    if tokens is None:
        note_wrong_secret(request)
        raise RefreshRefused("The refresh token is unknown, was used, or has expired.", remedy="Sign in again.")
    return await _signed_in(request, tokens)


async def logout(request: web.Request) -> web.Response:
    device_id = actor_of(request).device_id
    if device_id is None:
        raise Conflict(
            "This token was not made by signing in.", remedy="The owner ends it with `blogen tokens revoke`."
        )
    await request.config_dict[DEVICES].revoke(device_id, person_id=person_of(request))
    response = web.Response(status=204)
    forget_session(response)
    return response


async def pair(request: web.Request) -> web.Response:
    from blogen.domain.accounts import PairRequest

    with_cookie = _wants_cookie(request)
    order = await body(request, PairRequest, at_most=MAX_BODY_BYTES)
    attempts, address = request.config_dict[ATTEMPTS], client_address(request)
    attempts.pair(address)
    devices, scope = request.config_dict[DEVICES], order.scope or Scope.ADMIN
    if with_cookie:
        name = _device_name(request, order.device)
        device, secret = await devices.pair_browser(order.code, name, scope=scope, instead_of=session_of(request))
        attempts.paired(address)
        return await _with_cookie(request, device, secret)
    tokens = await devices.pair(order.code, order.device, scope=scope)
    attempts.paired(address)
    return await _signed_in(request, tokens)


async def make_code(request: web.Request) -> web.Response:
    from blogen.api.people_views import PairCodeView

    tickets, actor = request.config_dict[TICKETS], actor_of(request)
    # What is paired by it can do no more than who asks for it.
    code = await tickets.make(TicketKind.PAIRING, person_id=person_of(request), role=actor.scope)
    ticket = await tickets.look_at(TicketKind.PAIRING, code)
    return answer(PairCodeView(code=code, expires_at=ticket.expires_at).told(), status=201)


async def list_devices(request: web.Request) -> web.Response:
    from blogen.api.people_views import DeviceList, device_view

    devices = await request.config_dict[DEVICES].of_person(person_of(request))
    current = actor_of(request).device_id
    return answer(DeviceList(items=[device_view(device, current) for device in devices], next=None).told())


async def show_device(request: web.Request) -> web.Response:
    from blogen.api.people_views import device_view

    for device in await request.config_dict[DEVICES].of_person(person_of(request)):
        if device.id == request.match_info["id"]:
            return answer(device_view(device, actor_of(request).device_id).told())
    raise NotFound("There is no such device.", remedy="GET /api/v1/auth/devices lists yours.")


async def end_device(request: web.Request) -> web.Response:
    await request.config_dict[DEVICES].revoke(request.match_info["id"], person_id=person_of(request))
    return web.Response(status=204)


async def end_other_devices(request: web.Request) -> web.Response:
    await request.config_dict[DEVICES].revoke_others(person_of(request), actor_of(request).device_id)
    return web.Response(status=204)


async def change_password(request: web.Request) -> web.Response:
    from blogen.domain.accounts import PasswordChange

    order = await body(request, PasswordChange, at_most=MAX_BODY_BYTES)
    await confirm_password(request, order.password)
    await request.config_dict[PEOPLE].set_password(
        person_of(request), order.new_password, keep=actor_of(request).device_id
    )
    return web.Response(status=204)


async def confirm_password(request: web.Request, password: str) -> None:
    """Whoever asks knows their own password. Raises InvalidInput, TooManyAttempts."""
    attempts, person_id = request.config_dict[ATTEMPTS], person_of(request)
    attempts.password_of(person_id)
    if not await request.config_dict[PEOPLE].password_is(person_id, password):
        message = "is not the present one"
        raise InvalidInput(f"The password {message}.", errors=[FieldError("password", message)])
    attempts.password_was_right(person_id)


def _check_sign_up(request: web.Request, *, has_invitation: bool) -> None:
    policy = request.config_dict[CONFIG].auth.sign_up
    if policy == "closed":
        raise Forbidden("This blog makes no new accounts.", remedy="Ask its owner for one.")
    if policy == "invite" and not has_invitation:
        message = "is missing"
        raise InvalidInput(
            "One registers here by invitation, and the invitation is missing.",
            remedy="Ask the owner for one.",
            errors=[FieldError("invitation", message)],
        )


async def _signed_in(request: web.Request, tokens: AppTokens, *, status: int = 200) -> web.Response:
    from blogen.api.people_views import signed_in_view

    person = await request.config_dict[PEOPLE].by_id(tokens.device.person_id)
    if person is None:
        raise NotSignedIn("The account is gone.")
    return answer(signed_in_view(tokens, person).told(), status=status)


def _wants_cookie(request: web.Request) -> bool:
    """Whether a page of ours asks to be signed in by a cookie. Raises Forbidden, InvalidInput."""
    wanted = request.headers.get(SESSION)
    if wanted is None:
        return False
    if wanted.strip().lower() != "cookie":
        message = "must be `cookie`, or be left out"
        raise InvalidInput(f"The header {SESSION} {message}.", errors=[FieldError(SESSION, message)])
    check_own_page(request, "A cookie was asked for")
    return True


async def _with_new_cookie(
    request: web.Request, person_id: str, named: str, scope: Scope, *, status: int = 200
) -> web.Response:
    """Sign the person in at this browser, with a new secret whatever it showed before."""
    device, secret = await request.config_dict[DEVICES].sign_in(
        person_id, DeviceKind.BROWSER, _device_name(request, named), scope=scope, instead_of=session_of(request)
    )
    return await _with_cookie(request, device, secret, status=status)


async def _with_cookie(request: web.Request, device: Device, secret: str, *, status: int = 200) -> web.Response:
    from blogen.api.people_views import cookie_view

    person = await request.config_dict[PEOPLE].by_id(device.person_id)
    if person is None:
        raise NotSignedIn("The account is gone.")
    response = answer(cookie_view(device, person).told(), status=status)
    keep_session(response, secret)
    return response


def _device_name(request: web.Request, named: str) -> str:
    """What the app calls itself, if it does; else what the browser is known by."""
    from blogen.domain.accounts import UNNAMED

    return device_name(request.headers.get("User-Agent", "")) if named == UNNAMED else named
