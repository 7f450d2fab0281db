"""Passkeys: `/passkeys/…`, JSON for `static/passkey.js`. A challenge is asked for, then its signature is shown.

Whoever signs in so shows both something they have and, since the device must ask for it, a finger, face or PIN.
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from aiohttp import web

from blogen.errors import BlogenError, Conflict, Forbidden, InvalidInput, NotSignedIn, TooManyAttempts
from blogen.store.passkeys import MAX_NAME_CHARS, Passkey, checked_name
from blogen.web.keys import ATTEMPTS, PASSKEYS, PEOPLE, SITE
from blogen.web.people.forms import TOKEN_HEADER, check_origin, check_token, read_body, visitors_cookie
from blogen.web.people.me import is_own_password
from blogen.web.people.relying import RelyingParty, relying_party
from blogen.web.people.session import HOME, Visitor, address_of, local_path, sign_in, visitor
from blogen.web.people.state import PEOPLE_PAGES

if TYPE_CHECKING:
    from webauthn.registration.verify_registration_response import VerifiedRegistration

MAX_BYTES: Final = 64 * 1024

_ID_CHARS: Final = 1400
"""1,023 bytes, the most that the standard allows, in base64url."""

T = TypeVar("T")
Answering = Callable[[web.Request], Awaitable[web.Response]]


def in_json(handler: Answering) -> Answering:
    """Errors as problems in JSON: a script reads them."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except BlogenError as error:
            problem = {
                "type": "about:blank",
                "title": error.title,
                "status": error.status,
                "detail": f"{error.detail} {error.remedy}".strip(),
                "code": error.code,
            }
            response = in_answer(problem, status=error.status, content_type="application/problem+json")
            if isinstance(error, TooManyAttempts):
                response.headers["Retry-After"] = str(error.retry_after_seconds)
            return response

    return answer


@in_json
async def adding(request: web.Request) -> web.Response:
    """What the browser needs to make a passkey. It must be the person who asks, so the password is asked for."""
    who, given = await _from_person(request)
    party = needed_party(request)
    checked_name(text_in(given, "name", MAX_NAME_CHARS * 4))
    if not await is_own_password(request, who.person, text_in(given, "password", 1000)):
        raise InvalidInput("That is not your password.")
    known = await request.app[PASSKEYS].of_person(who.person.id)
    challenge = request.app[PEOPLE_PAGES].challenges.make(_device(who))
    person = who.person
    title = request.app[SITE].now.title
    return in_answer(
        await asyncio.to_thread(options_to_add, title, party, person.id, person.handle, person.name, challenge, known)
    )


@in_json
async def add(request: web.Request) -> web.Response:
    """Keep the public half of what the browser made."""
    who, given = await _from_person(request)
    party = needed_party(request)
    challenge = request.app[PEOPLE_PAGES].challenges.take(_device(who))
    if challenge is None:
        raise too_late()
    made = await asyncio.to_thread(verified_new, party, challenge, credential_in(given))
    name = text_in(given, "name", MAX_NAME_CHARS * 4)
    key_id = base64url(made.credential_id)
    await request.app[PASSKEYS].add(who.person.id, key_id, made.credential_public_key, made.sign_count, name)
    return in_answer({"next": f"{HOME}?said=passkey#passkeys"}, status=201)


@in_json
async def signing_in(request: web.Request) -> web.Response:
    """What the browser needs to sign in with any passkey it has of this blog."""
    visitors, _ = await from_anyone(request)
    party = needed_party(request)
    challenge = request.app[PEOPLE_PAGES].challenges.make(visitors)
    return in_answer(await asyncio.to_thread(_options_to_sign_in, party, challenge))


@in_json
async def use(request: web.Request) -> web.Response:
    """Sign in with what the device signed."""
    visitors, given = await from_anyone(request)
    party = needed_party(request)
    attempts, address = request.app[ATTEMPTS], address_of(request)
    attempts.ticket(address)
    challenge = request.app[PEOPLE_PAGES].challenges.take(visitors)
    if challenge is None:
        raise too_late()
    credential = credential_in(given)
    key = await request.app[PASSKEYS].by_id(str(credential.get("id", ""))[: _ID_CHARS + 1])
    if key is None:
        raise NotSignedIn("This passkey is not known here.", remedy="It may have been removed; sign in otherwise.")
    sign_count = await asyncio.to_thread(_verified_use, party, challenge, credential, key)
    try:
        await request.app[PASSKEYS].note_use(key, sign_count)
    except Conflict as error:
        raise NotSignedIn(error.detail, remedy=error.remedy) from None
    person = await request.app[PEOPLE].by_id(key.person_id)
    if person is None:
        raise NotSignedIn("The account is gone.")
    attempts.ticket_was_right(address)
    response = in_answer({"next": local_path(text_in(given, "next", 500)) or HOME})
    await sign_in(request, response, person.id)
    return response


async def _from_person(request: web.Request) -> tuple[Visitor, dict[str, Any]]:
    """Who asks, and the JSON they sent. Raises NotSignedIn, Forbidden, InvalidInput."""
    check_origin(request)
    who = await visitor(request)
    if who is None:
        raise NotSignedIn("You are not signed in any more.", remedy="Load the page again.")
    await check_token(request, who, request.headers.get(TOKEN_HEADER, ""))
    return who, await _read_json(request)


async def from_anyone(request: web.Request) -> tuple[str, dict[str, Any]]:
    """The browser that asks, by its cookie, and the JSON it sent. Raises Forbidden, InvalidInput."""
    check_origin(request)
    await check_token(request, None, request.headers.get(TOKEN_HEADER, ""))
    return f"visitor:{visitors_cookie(request)}", await _read_json(request)


async def _read_json(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise InvalidInput("JSON was expected.")
    try:
        given = json.loads(await read_body(request, MAX_BYTES))
    except (ValueError, RecursionError):
        raise InvalidInput("This is not JSON.") from None
    if not isinstance(given, dict):
        raise InvalidInput("A JSON object was expected.")
    return given


def needed_party(request: web.Request) -> RelyingParty:
    party = relying_party(request)
    if party is None:
        raise Forbidden(
            "There can be no passkeys at this blog's address.",
            remedy="The owner sets `server.base_url` to an https:// address with a name.",
        )
    return party


def _device(who: Visitor) -> str:
    return f"device:{who.device_id}"


def text_in(given: dict[str, Any], name: str, max_chars: int) -> str:
    """Raises InvalidInput."""
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > max_chars:
        raise InvalidInput(f"`{name}` is not a text, or too long.")
    return value


def credential_in(given: dict[str, Any]) -> dict[str, Any]:
    credential = given.get("credential")
    if not isinstance(credential, dict):
        raise InvalidInput("`credential` is missing.")
    return credential


def options_to_add(
    title: str, party: RelyingParty, person_id: str, handle: str, name: str, challenge: bytes, known: list[Passkey]
) -> dict[str, Any]:
    """What a browser needs to make a passkey for the blog `title`, in the account of that person."""
    from webauthn import generate_registration_options
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    return _as_dict(
        generate_registration_options(
            rp_id=party.id,
            rp_name=title,
            user_id=UUID(person_id).bytes,
            user_name=handle,
            user_display_name=name,
            challenge=challenge,
            timeout=_timeout_ms(),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.id)) for key in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def _options_to_sign_in(party: RelyingParty, challenge: bytes) -> dict[str, Any]:
    from webauthn import generate_authentication_options
    from webauthn.helpers.structs import UserVerificationRequirement

    return _as_dict(
        generate_authentication_options(
            rp_id=party.id,
            challenge=challenge,
            timeout=_timeout_ms(),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def verified_new(party: RelyingParty, challenge: bytes, credential: dict[str, Any]) -> "VerifiedRegistration":
    """What the browser made. Raises InvalidInput."""
    from webauthn import verify_registration_response

    return _verified(
        lambda: verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    )


def _verified_use(party: RelyingParty, challenge: bytes, credential: dict[str, Any], key: Passkey) -> int:
    """How often the key has signed by now. Raises NotSignedIn, also if it says a number that it has said before."""
    from webauthn import verify_authentication_response

    response = credential.get("response")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if handle is not None and handle != base64url(UUID(key.person_id).bytes):
        raise NotSignedIn("This passkey is another account's.")
    try:
        return _verified(
            lambda: verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                credential_public_key=key.public_key,
                credential_current_sign_count=key.sign_count,
                require_user_verification=True,
            )
        ).new_sign_count
    except InvalidInput as error:
        raise NotSignedIn(error.detail, remedy=error.remedy) from None


def _verified(verify: Callable[[], T]) -> T:
    """Raises InvalidInput for whatever the library finds wrong with what was sent, or trips over."""
    try:
        return verify()
    except Exception:
        raise InvalidInput("The passkey could not be verified.", remedy="Try again.") from None


def _as_dict(options: Any) -> dict[str, Any]:
    from webauthn.helpers import options_to_json_dict

    return dict(options_to_json_dict(options))


def _timeout_ms() -> int:
    from blogen.web.people.challenges import LASTS_SECONDS

    return int(LASTS_SECONDS * 1000)


def too_late() -> InvalidInput:
    return InvalidInput("That took too long, or was used already.", remedy="Try again.")


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def in_answer(content: object, *, status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.json_response(content, status=status, content_type=content_type, headers={"Cache-Control": "no-store"})
