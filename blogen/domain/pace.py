"""How often something may be done: so many times a minute for each key, in bounded memory."""

from collections import OrderedDict

from blogen.clock import Clock
from blogen.errors import TooManyAttempts

_WINDOW_SECONDS = 60.0
_MAX_KEYS = 10_000


class Pace:
    """Counts per key within a minute that begins with the first; knows the latest few thousand keys.

    Kept in memory: a restart forgives.
    """

    def __init__(self, clock: Clock, *, keys: int = _MAX_KEYS) -> None:
        self._clock = clock
        self._keys = keys
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, key: str, most: int, *, doing: str) -> None:
        """Count one more of `key`. Raises TooManyAttempts beyond `most` a minute."""
        if seconds := self.over(key, most):
            raise TooManyAttempts(
                f"That was too much {doing} for one minute.", remedy="Wait a moment.", retry_after_seconds=seconds
            )

    def over(self, key: str, most: int) -> int | None:
        """Count one more of `key`; the seconds to wait if that is beyond `most` a minute."""
        now = self._clock.monotonic()
        begun, count = self._counts.pop(key, (now, 0))
        if now - begun >= _WINDOW_SECONDS:
            begun, count = now, 0
        self._counts[key] = (begun, min(count, most) + 1)
        if len(self._counts) > self._keys:
            self._counts.popitem(last=False)
        return int(begun + _WINDOW_SECONDS - now) + 1 if count >= most else None
