"""Challenges for passkeys: random bytes that a device must sign. Each is good once, and for five minutes."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

LASTS_SECONDS: Final = 300.0
MAX_OPEN: Final = 4096
"""Beyond it the oldest is forgotten: whoever asks without end takes no memory."""
_BYTES: Final = 32


class Challenges:
    """One open challenge a browser: `whose` is a device that is signed in, or a visitor's cookie."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._open: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def make(self, whose: str) -> bytes:
        """A new challenge; one that was open before is not good any more."""
        challenge = secrets.token_bytes(_BYTES)
        self._open.pop(whose, None)
        self._open[whose] = (challenge, self._monotonic() + LASTS_SECONDS)
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return challenge

    def take(self, whose: str) -> bytes | None:
        """The open challenge, which is used up by this; None if there is none or its time is over."""
        challenge, until = self._open.pop(whose, (None, 0.0))
        return challenge if self._monotonic() < until else None

    def __len__(self) -> int:
        return len(self._open)
