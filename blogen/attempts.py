"""Limits on what can be guessed or done in bulk: signing in, registering, pairing, asking for mail.

By account and by address, in bounded memory, the latest few thousand of each. What is counted by account is counted by
the name that was typed, whether there is such an account or not: a limit tells nothing.

A guesser must not keep the right person out. So an address from which an account was signed in to is familiar to it:
there only the attempts from that address count. What is familiar is forgotten when Blogen starts.
"""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from typing import Final, NamedTuple

from blogen.clock import Clock
from blogen.errors import TooManyAttempts

_MINUTE: Final = 60.0
_HOUR: Final = 60 * _MINUTE
_KEPT: Final = 10_000
"""Keys a limit knows at a time; the one that was used least lately makes room."""


class Limit(NamedTuple):
    of: str
    at_most: int
    within_seconds: float


PASSWORDS_OF_ACCOUNT: Final = Limit("passwords of account", 10, 15 * _MINUTE)
PASSWORDS_FROM_ADDRESS: Final = Limit("passwords from address", 30, 10 * _MINUTE)
CODES_FROM_ADDRESS: Final = Limit("codes from address", 10, 10 * _MINUTE)
CODES_FROM_ALL: Final = Limit("codes from all", 300, 10 * _MINUTE)
"""There are 2^40 codes, each good for ten minutes."""
ACCOUNTS_FROM_ADDRESS: Final = Limit("accounts from address", 30, _HOUR)
TICKETS_FROM_ADDRESS: Final = Limit("tickets from address", 30, 10 * _MINUTE)
PICTURES_OF_PERSON: Final = Limit("pictures of person", 20, _HOUR)
MAILS_TO_ACCOUNT: Final = Limit("mails to account", 3, _HOUR)
MAILS_FROM_ADDRESS: Final = Limit("mails from address", 10, _HOUR)


class Attempts:
    """Each method notes an attempt before it is made, and raises TooManyAttempts if there were too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[Limit, OrderedDict[bytes, tuple[float, int]]] = {}
        self._familiar: OrderedDict[bytes, None] = OrderedDict()

    def sign_in(self, who: str, address: str) -> None:
        """Someone at `address` tries a password of `who`, a handle or an e-mail address."""
        pair = _key(_typed(who), address)
        if pair in self._familiar:
            return self._note((PASSWORDS_OF_ACCOUNT, pair))
        return self._note((PASSWORDS_FROM_ADDRESS, _key(address)), (PASSWORDS_OF_ACCOUNT, _key(_typed(who))))

    def signed_in(self, who: str, address: str, names: Iterable[str | None] = ()) -> None:
        """It was the right one. `names` are what else the account is signed in to by."""
        if _key(_typed(who), address) not in self._familiar:
            self._take_back(PASSWORDS_FROM_ADDRESS, _key(address))
            self._take_back(PASSWORDS_OF_ACCOUNT, _key(_typed(who)))
        for name in {_typed(name) for name in (who, *names) if name}:
            pair = _key(name, address)
            self._forget(PASSWORDS_OF_ACCOUNT, pair)
            self._familiar.pop(pair, None)
            self._familiar[pair] = None
        while len(self._familiar) > _KEPT:
            self._familiar.popitem(last=False)

    def password_of(self, person_id: str) -> None:
        """Someone who is signed in tries their own password, to change it, say."""
        self._note((PASSWORDS_OF_ACCOUNT, _key(person_id)))

    def password_was_right(self, person_id: str) -> None:
        self._forget(PASSWORDS_OF_ACCOUNT, _key(person_id))

    def register(self, address: str) -> None:
        """Someone makes an account."""
        self._note((ACCOUNTS_FROM_ADDRESS, _key(address)))

    def pair(self, address: str) -> None:
        """Someone tries a pairing code."""
        self._note((CODES_FROM_ADDRESS, _key(address)), (CODES_FROM_ALL, b""))

    def paired(self, address: str) -> None:
        self._take_back(CODES_FROM_ADDRESS, _key(address))
        self._take_back(CODES_FROM_ALL, b"")

    def ticket(self, address: str) -> None:
        """Someone shows a one-time link or a refresh token."""
        self._note((TICKETS_FROM_ADDRESS, _key(address)))

    def ticket_was_right(self, address: str) -> None:
        self._take_back(TICKETS_FROM_ADDRESS, _key(address))

    def picture(self, person_id: str) -> None:
        """Someone changes their picture, which is kept on the disk."""
        self._note((PICTURES_OF_PERSON, _key(person_id)))

    def mail(self, who: str, address: str) -> None:
        """Someone asks for a mail to `who`, an e-mail address."""
        self._note((MAILS_FROM_ADDRESS, _key(address)), (MAILS_TO_ACCOUNT, _key(_typed(who))))

    def _note(self, *limits: tuple[Limit, bytes]) -> None:
        """Count one towards all of them, unless one of them is full."""
        now = self._clock.monotonic()
        waits = [wait for limit, key in limits if (wait := self._wait(limit, key, now)) is not None]
        if waits:
            raise TooManyAttempts(
                "That was tried too often.", remedy="Wait a while.", retry_after_seconds=int(max(waits)) + 1
            )
        for limit, key in limits:
            counts = self._of(limit)
            begun, count = counts.pop(key, (now, 0))
            counts[key] = (begun, count + 1)
            if len(counts) > _KEPT:
                counts.popitem(last=False)

    def _of(self, limit: Limit) -> OrderedDict[bytes, tuple[float, int]]:
        return self._counts.setdefault(limit, OrderedDict())

    def _wait(self, limit: Limit, key: bytes, now: float) -> float | None:
        """Seconds until it is no longer full, or None; what is over is forgotten."""
        counts = self._of(limit)
        if key not in counts:
            return None
        begun, count = counts[key]
        left = begun + limit.within_seconds - now
        if left <= 0:
            del counts[key]
            return None
        return left if count >= limit.at_most else None

    def _take_back(self, limit: Limit, key: bytes) -> None:
        counts = self._of(limit)
        if key in counts:
            begun, count = counts[key]
            counts[key] = (begun, max(0, count - 1))

    def _forget(self, limit: Limit, key: bytes) -> None:
        self._of(limit).pop(key, None)


def _typed(who: str) -> str:
    """A name as it is counted. Domains can be spelled in endless ways that are the same: each is counted as that."""
    local, at, domain = who.strip().lower().rpartition("@")
    if at and not domain.isascii():
        with suppress(UnicodeError):
            domain = domain.encode("idna").decode().lower()
    return f"{local}@{domain}" if local else domain


def _key(*parts: str) -> bytes:
    """Of one size, whatever was typed."""
    return blake2b("\0".join(parts).encode(errors="replace"), digest_size=16).digest()
