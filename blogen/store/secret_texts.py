"""Texts that let their holder in: long, random, and with a checksum, so that a mistyped one is refused unasked.

They begin with what they are (`blg_` a token), so that a search for leaked secrets finds them. Only their SHA-256 is
stored.
"""

import hashlib
import secrets
import zlib
from typing import Final

_SECRET_BYTES: Final = 32
_SECRET_CHARS: Final = 43
_FAMILY_BYTES: Final = 16
_FAMILY_CHARS: Final = 22
_CHECKSUM_CHARS: Final = 6
_PREFIX_CHARS: Final = 4
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_CODE_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_CHARS: Final = 8
_MISREAD: Final = str.maketrans("OIL", "011")


def new_text(prefix: str) -> str:
    """The prefix, 256 random bits, and a checksum over both."""
    body = prefix + _random(_SECRET_BYTES, _SECRET_CHARS)
    return body + _checksum(body)


def is_well_formed(text: str, prefix: str) -> bool:
    """Whether `text` can be one of `new_text(prefix)` at all: its prefix, its length and its checksum are right."""
    return len(text) == _PREFIX_CHARS + _SECRET_CHARS + _CHECKSUM_CHARS and _is_whole(text, prefix)


def new_family_text(prefix: str, family: str = "") -> str:
    """As `new_text`, one of a family: all of them begin with the same 128 random bits. A new family without one."""
    body = (family or prefix + _random(_FAMILY_BYTES, _FAMILY_CHARS)) + _random(_SECRET_BYTES, _SECRET_CHARS)
    return body + _checksum(body)


def family_of(text: str, prefix: str) -> str | None:
    """What all texts of the family of `text` begin with; None if it cannot be one of `new_family_text(prefix)`."""
    length = _PREFIX_CHARS + _FAMILY_CHARS + _SECRET_CHARS + _CHECKSUM_CHARS
    return text[: _PREFIX_CHARS + _FAMILY_CHARS] if len(text) == length and _is_whole(text, prefix) else None


def new_code() -> str:
    """40 random bits to be typed by a person, such as `7K3M-Q0XP`: for what is asked for seldom and ends soon."""
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_CHARS))
    return f"{letters[:4]}-{letters[4:]}"


def read_code(typed: str) -> str | None:
    """A code as `new_code` makes them, in whatever way a person typed it; None if it cannot be one."""
    if len(typed) > 4 * _CODE_CHARS or not typed.isascii():
        return None
    letters = "".join(typed.upper().split()).replace("-", "").translate(_MISREAD)
    if len(letters) != _CODE_CHARS or any(letter not in _CODE_LETTERS for letter in letters):
        return None
    return f"{letters[:4]}-{letters[4:]}"


def digest(text: str) -> str:
    """What is stored of a text. One round is enough: nobody can try 2^256 texts."""
    return hashlib.sha256(text.encode()).hexdigest()


def _is_whole(text: str, prefix: str) -> bool:
    return text.isascii() and text.startswith(prefix) and text[-_CHECKSUM_CHARS:] == _checksum(text[:-_CHECKSUM_CHARS])


def _random(size_bytes: int, length: int) -> str:
    return _base62(int.from_bytes(secrets.token_bytes(size_bytes)), length)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_CHARS)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
