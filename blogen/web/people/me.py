"""`/me`: one's own account. Each form has an address of its own; whatever comes of it is shown on the one page."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from blogen.clients import device_name, forget_session
from blogen.domain.person import DeviceKind, Person, Scope, TicketKind
from blogen.errors import FieldError, InvalidInput, NotFound, TooManyAttempts
from blogen.render.avatars import MAX_BYTES, avatar
from blogen.web.address import base_url
from blogen.web.keys import ATTEMPTS, CLOCK, CONFIG, DEVICES, MEDIA, PASSKEYS, PEOPLE, TICKETS
from blogen.web.people import relying
from blogen.web.people.forms import Form, Words, beside_fields, read_form, read_upload
from blogen.web.people.session import HOME, Visitor, let_in, see, signed_in, to_sign_in
from blogen.web.people.show import PASSKEY_SCRIPT, note, page, slow_down
from blogen.web.words import told_by

if TYPE_CHECKING:
    from blogen.domain.accounts import ProfileChange

_SAID: Final = {
    "welcome": "Welcome. This is your account.",
    "profile": "Your profile is saved.",
    "seen": "What you see is saved.",
    "avatar": "Your picture is saved.",
    "no-avatar": "Your picture is removed.",
    "email": "Your e-mail address is saved.",
    "password": "Your new password is set. Your other devices are signed out.",
    "passkey": "The passkey is added. You can sign in with it.",
    "no-passkey": "The passkey is removed.",
    "device": "That device is signed out.",
    "devices": "All your other devices are signed out.",
}
_CALLED: Final = {"email": "e-mail", "bio": "text about you", "new_password": "new password"}


async def me(request: web.Request) -> web.Response:
    who = await signed_in(request)
    return await _page(request, who, said=told_by(request, _SAID))


async def save_profile(request: web.Request) -> web.Response:
    who = await signed_in(request)
    form = await read_form(request, who)
    given = {"name": form["name"], "bio": form["bio"]}
    try:
        await request.app[PEOPLE].change_profile(who.person.id, _profile_change(given))
    except InvalidInput as error:
        wrong = {"profile": beside_fields(error, _CALLED)}
        return await _page(request, who, wrong=wrong, values={"profile": given}, status=422)
    return see(f"{HOME}?said=profile")


async def save_avatar(request: web.Request) -> web.Response:
    who = await signed_in(request)
    form = await read_upload(request, who, MAX_BYTES)
    people = request.app[PEOPLE]
    if form["remove"]:
        await people.set_avatar(who.person.id, None)
        return see(f"{HOME}?said=no-avatar#profile")
    try:
        if not form.file:
            raise InvalidInput("No picture was chosen.", remedy="Choose one first.")
        request.app[ATTEMPTS].picture(who.person.id)
        made = await avatar(form.file)
    except InvalidInput as error:
        wrong = {"avatar": Words(picture=f"{error.detail} {error.remedy}")}
        return await _page(request, who, wrong=wrong, status=422)
    except TooManyAttempts as error:
        wrong = {"avatar": Words(picture="Pictures were changed too often. Try again later.")}
        return slow_down(await _page(request, who, wrong=wrong), error)
    medium = await request.app[MEDIA].add(made.content, made.media_type, width=made.width, height=made.height)
    await people.set_avatar(who.person.id, medium.name)
    return see(f"{HOME}?said=avatar#profile")


async def save_email(request: web.Request) -> web.Response:
    who = await signed_in(request)
    form = await read_form(request, who)
    if refusal := await _refused(request, who, "email", form):
        return refusal
    try:
        change = _profile_change({"email": form["email"].strip() or None})
    except InvalidInput as error:
        return await _page(
            request,
            who,
            wrong={"email": beside_fields(error, _CALLED)},
            values={"email": form.kept("email")},
            status=422,
        )
    await request.app[PEOPLE].change_profile(who.person.id, change)
    return see(f"{HOME}?said=email#signing-in")


async def save_password(request: web.Request) -> web.Response:
    """A new password, and a new secret for this browser: whoever copied the old one is out."""
    who = await signed_in(request)
    form = await read_form(request, who)
    if refusal := await _refused(request, who, "password", form):
        return refusal
    try:
        await request.app[PEOPLE].set_password(who.person.id, form["new_password"], keep=who.device_id)
    except InvalidInput as error:
        wrong = {"password": Words(new_password=" ".join(beside_fields(error).values()))}
        return await _page(request, who, wrong=wrong, status=422)
    return await let_in(request, who.person.id, f"{HOME}?said=password#signing-in")


async def remove_passkey(request: web.Request) -> web.Response:
    who = await signed_in(request)
    form = await read_form(request, who)
    try:
        await request.app[PASSKEYS].remove(who.person.id, form["id"])
    except NotFound as error:
        return await _page(request, who, trouble=error.detail, status=404)
    return see(f"{HOME}?said=no-passkey#passkeys")


async def revoke_device(request: web.Request) -> web.Response:
    who = await signed_in(request)
    form = await read_form(request, who)
    try:
        await request.app[DEVICES].revoke(form["id"], person_id=who.person.id)
    except NotFound as error:
        return await _page(request, who, trouble=error.detail, status=404)
    return see(f"{HOME}?said=device#devices")


async def revoke_other_devices(request: web.Request) -> web.Response:
    who = await signed_in(request)
    await read_form(request, who)
    await request.app[DEVICES].revoke_others(who.person.id, who.device_id)
    return see(f"{HOME}?said=devices#devices")


async def show_pairing_code(request: web.Request) -> web.Response:
    """A code for an app, shown this once."""
    who = await signed_in(request)
    await read_form(request, who)
    text = await request.app[TICKETS].make(TicketKind.PAIRING, person_id=who.person.id)
    return await _page(request, who, pairing=_shown(request, TicketKind.PAIRING, text))


async def invite(request: web.Request) -> web.Response:
    """An invitation, shown this once. Admins make them."""
    who = await signed_in(request)
    form = await read_form(request, who)
    if who.person.role is not Scope.ADMIN:
        return await _page(request, who, trouble="Only admins invite people.", status=403)
    values = {"invitation": form.kept("role", "note")}
    try:
        role = _role(form["role"])
        text = await request.app[TICKETS].make(
            TicketKind.INVITATION, person_id=who.person.id, role=role, note=form["note"].strip()
        )
    except InvalidInput as error:
        wrong = {"invitation": beside_fields(error)}
        return await _page(request, who, wrong=wrong, values=values, status=422)
    link = f"{base_url(request.app)}/register?invitation={text}"
    return await _page(request, who, invitation=_shown(request, TicketKind.INVITATION, link))


async def data(request: web.Request) -> web.StreamResponse:
    """All that is kept of a person, as one JSON object, piece by piece: it may be much."""
    who = await signed_in(request)
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Content-Disposition": f'attachment; filename="blogen-{who.person.handle}.json"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    async for piece in _as_json(request.app[PEOPLE].everything_of(who.person.id)):
        await response.write(piece.encode())
    await response.write_eof()
    return response


async def delete(request: web.Request) -> web.Response:
    who = await signed_in(request)
    form = await read_form(request, who)
    if refusal := await _refused(request, who, "delete", form):
        return refusal
    try:
        await request.app[PEOPLE].delete_account(who.person.id)
    except NotFound:  # sent twice
        to_sign_in()
    response = await note(request, "Your account is gone", "It was deleted with everything that was yours alone.")
    forget_session(response)
    return response


async def _refused(request: web.Request, who: Visitor, form_name: str, form: Form) -> web.Response | None:
    """The page that says that the password is not right, unless it is: what is dear needs more than an open browser."""
    values = {form_name: form.kept("email")}
    try:
        if await is_own_password(request, who.person, form["password"]):
            return None
    except TooManyAttempts as error:
        wrong = {form_name: Words({"password": "There were too many attempts. Try again later."})}
        return slow_down(await _page(request, who, wrong=wrong, values=values), error)
    wrong = {form_name: Words({"password": "That is not your password."})}
    return await _page(request, who, wrong=wrong, values=values, status=422)


async def is_own_password(request: web.Request, person: Person, password: str) -> bool:
    """Whether it is; tried too often, TooManyAttempts is raised."""
    attempts = request.app[ATTEMPTS]
    attempts.password_of(person.id)
    if not await request.app[PEOPLE].password_is(person.id, password):
        return False
    attempts.password_was_right(person.id)
    return True


async def _as_json(kinds: AsyncIterator[tuple[str, list[dict[str, Any]]]]) -> AsyncIterator[str]:
    """An object of lists. Pieces of one kind follow each other."""
    begun = ""
    async for name, rows in kinds:
        text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        if name == begun:
            yield f",\n{text}" if text else ""
        else:
            yield ("\n],\n" if begun else "{\n") + json.dumps(name) + ": [\n" + text
        begun = name
    yield "\n]\n}\n" if begun else "{}\n"


def _profile_change(given: Mapping[str, object]) -> "ProfileChange":
    """The request that the API takes too. Raises InvalidInput."""
    from blogen.domain.accounts import ProfileChange
    from blogen.domain.mistakes import validated

    return validated(ProfileChange, given)


def _role(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise InvalidInput("There is no such role.", errors=[FieldError("role", "is unknown")]) from None


def _shown(request: web.Request, kind: TicketKind, text: str) -> dict[str, Any]:
    from blogen.store.tickets import LASTS_MS

    return {"text": text, "expires_at": request.app[CLOCK].now_ms() + LASTS_MS[kind]}


class _ByForm(dict[str, Mapping[str, Any]]):
    """Words by form, and nothing for the others."""

    def __missing__(self, _form: str) -> Words:
        return Words()


async def _page(
    request: web.Request, who: Visitor, *, wrong: Mapping[str, Words] | None = None,
    values: Mapping[str, Mapping[str, Any]] | None = None, trouble: str = "", said: str = "", status: int = 200,
    pairing: dict[str, Any] | None = None, invitation: dict[str, Any] | None = None,
) -> web.Response:  # fmt: skip
    person = await request.app[PEOPLE].by_id(who.person.id) or who.person
    devices, passkeys = await asyncio.gather(
        request.app[DEVICES].of_person(person.id), request.app[PASSKEYS].of_person(person.id)
    )
    passkeys_here = relying.is_here(request)
    filled: dict[str, Mapping[str, Any]] = {
        "profile": {"name": person.name, "bio": person.bio},
        "email": Words(email=person.email or ""),
    }
    return await page(
        request,
        "me.html",
        who=who,
        status=status,
        script=PASSKEY_SCRIPT if passkeys_here else "",
        person=person,
        device_id=who.device_id,
        device_name=device_name(request.headers.get("User-Agent", "")),
        devices=sorted(devices, key=lambda device: (device.id != who.device_id, -device.last_used_at)),
        app_kind=DeviceKind.APP,
        passkeys=passkeys,
        passkeys_here=passkeys_here,
        passkeys_at=relying.usable_at(request),
        can_invite=request.app[CONFIG].auth.sign_up != "closed",
        values=_ByForm(filled | dict(values or {})),
        wrong=_ByForm(wrong or {}),
        trouble_text=trouble,
        said=said,
        pairing=pairing,
        invitation=invitation,
    )
