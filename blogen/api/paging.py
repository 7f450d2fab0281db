"""Cursors: opaque to clients, a position in a list to us, signed so that only what a list gave out is taken back.

The signature covers the list's kind and, where the list is one person's, the person: a cursor of another list or of
another person is refused as an altered one is.
"""

import base64
import binascii
import hmac
import secrets
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from blogen.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from blogen.store.own_keys import OwnKeys

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

_MAX_NUMBER = 2**63 - 1
_KEY_BYTES = 32
_SIGNATURE_BYTES = 16


class CursorKey:
    """The blog's key for cursors: made once, kept in the database, read with the first list that is asked for."""

    def __init__(self, keys: "OwnKeys") -> None:
        self._keys = keys
        self._value: bytes | None = None

    async def get(self) -> bytes:
        if self._value is None:
            self._value = await self._keys.get("cursors", lambda: secrets.token_bytes(_KEY_BYTES))
        return self._value


class _Signing(NamedTuple):
    key: bytes
    person_id: str


_signing: ContextVar[_Signing] = ContextVar("signing")


def sign_with(key: bytes, person_id: str = "") -> None:
    """What the cursors of the request in hand are signed with; `person_id` where its list is one person's."""
    _signing.set(_Signing(key, person_id))


def cursor(kind: str, number: int | None = None, name: str = "", *, person_id: str = "") -> str:
    """The place behind the item with this number, this name or both, in the list `kind`.

    `person_id` makes it one person's on a call that is not a person's as a whole; give it to `position`, too.
    """
    plain = f"{'' if number is None else number}:{name}".encode()
    return base64.urlsafe_b64encode(_signature(kind, person_id, plain) + plain).rstrip(b"=").decode()


def position(kind: str, given: str, *, person_id: str = "") -> tuple[int, str]:
    """Number and name that `cursor` was made from. Raises InvalidInput if it was not made for this list."""
    try:
        whole = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        signature, plain = whole[:_SIGNATURE_BYTES], whole[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _signature(kind, person_id, plain)):
            raise _refused()
        digits, name = plain.decode().split(":", 1)
        number = int(digits) if digits else 0
    except (binascii.Error, ValueError):
        raise _refused() from None
    # The last letter has room for bits that decoding drops: written in another way it is not ours either.
    if base64.urlsafe_b64encode(whole).rstrip(b"=").decode() != given or not 0 <= number <= _MAX_NUMBER:
        raise _refused()
    return number, name


def _signature(kind: str, person_id: str, plain: bytes) -> bytes:
    key, whose = _signing.get()
    said = f"{kind}\n{person_id or whose}\n".encode() + plain
    return hmac.digest(key, said, "sha256")[:_SIGNATURE_BYTES]


def _refused() -> InvalidInput:
    message = "is not one that this list gave out"
    return InvalidInput(
        f"The cursor {message}.",
        remedy="Take `next` of the list's last answer as it is, or leave the cursor out to begin again.",
        errors=[FieldError("cursor", message)],
    )
