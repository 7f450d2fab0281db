"""Cursors: opaque to clients, a position in a list to us, with a checksum so that an altered one is refused."""

import base64
import binascii
import zlib

from blogen.errors import FieldError, InvalidInput

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

_MAX_NUMBER = 2**63 - 1


def cursor(kind: str, number: int | None = None, name: str = "") -> str:
    """The place behind the item with this number, this name or both, in the list `kind`."""
    plain = f"{kind}:{'' if number is None else number}:{name}".encode()
    return base64.urlsafe_b64encode(zlib.crc32(plain).to_bytes(4) + plain).rstrip(b"=").decode()


def position(kind: str, given: str) -> tuple[int, str]:
    """Number and name that `cursor` was made from. Raises InvalidInput if it was not made for this list."""
    try:
        whole = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        _, digits, name = whole[4:].decode().split(":", 2)
        number = int(digits) if digits else None
    except (binascii.Error, ValueError):
        raise _refused() from None
    # Made again it must be the same: then kind and checksum are right, and nothing was written in another way.
    if cursor(kind, number, name) != given or not 0 <= (number or 0) <= _MAX_NUMBER:
        raise _refused()
    return number or 0, name


def _refused() -> InvalidInput:
    message = "is not one that this list gave out"
    return InvalidInput(
        f"The cursor {message}.",
        remedy="Take `next` of the list's last answer as it is, or leave the cursor out to begin again.",
        errors=[FieldError("cursor", message)],
    )
