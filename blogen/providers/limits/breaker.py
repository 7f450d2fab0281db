"""The breaker: a service that is down, or that asks for a long pause, is left alone, and nobody waits for it.

closed → open after so many calls in a row found the service unavailable; after a pause one call may probe: closed
again if it was answered, else open for twice as long. Only calls that were begun since it last opened or closed
count: what hangs from before says nothing about now. A service that says "busy" is there: it is given its pause.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from blogen.clock import Clock, SystemClock
from blogen.errors import AnswerUnusable, ProviderBusy, ProviderRefused, ProviderResting, ProviderUnavailable
from blogen.providers.limits.turns import Limits

WORTH_WAITING_SECONDS = 5.0
"""For a shorter pause calls stay in line; for a longer one their jobs wait, which holds no worker."""

_MAX_ASKED_SECONDS = 3600.0
_PROBE_SECONDS = 5.0
_BUSY_SECONDS = 1.0
_MAX_BUSY_SECONDS = 60.0


class Breaker:
    """Guards the calls of `limits`: stops its line while the service rests, and lets it swell again bit by bit.

    `machine` is told where a section has several.
    """

    def __init__(
        self,
        provider: str = "",
        failures: int = 5,
        pause_seconds: float = 30,
        max_pause_seconds: float = 300,
        clock: Clock | None = None,
        *,
        limits: Limits | None = None,
        machine: str = "",
    ) -> None:
        self._provider = provider
        self._machine = machine
        self._most_failures = failures
        self._first_pause_seconds = pause_seconds
        self._max_pause_seconds = max_pause_seconds
        self._clock = clock or SystemClock()
        self._limits = limits or Limits(clock=clock)
        self._failures = 0
        self._failed_at = -math.inf
        self._pause_seconds = pause_seconds
        self._busy_seconds = _BUSY_SECONDS
        self._rests_until: float | None = None
        """None: closed."""
        self._is_probing = False
        self._epoch = 0
        """Counts how often it opened or closed."""

    @property
    def is_open(self) -> bool:
        """Whether a call would be turned away now."""
        return self.resting_seconds > 0

    @property
    def resting_seconds(self) -> float:
        """How long calls are turned away from now on; 0: they are let through."""
        paused = self._limits.paused_seconds
        if paused <= WORTH_WAITING_SECONDS:
            paused = 0.0
        if self._rests_until is None:
            return paused
        rest = _PROBE_SECONDS if self._is_probing else self._rests_until - self._clock.monotonic()
        return max(rest, paused)

    @property
    def has_just_failed(self) -> bool:
        """Whether the last call failed, and not long ago: where there is a choice, another machine is better."""
        return self._failures > 0 and self._clock.monotonic() < self._failed_at + self._first_pause_seconds

    def check(self) -> None:
        """Before a call lines up. Raises ProviderResting while the service is left alone."""
        if self.is_open:
            raise self._resting()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Make a call in it, once it has its turn. Raises ProviderResting at once while the service is left alone."""
        self.check()
        epoch, is_probe = self._epoch, self._rests_until is not None
        self._is_probing = is_probe
        try:
            yield
        except ProviderResting:
            raise
        except ProviderBusy as error:
            if epoch == self._epoch:
                self._note_answer(is_busy=True)
            self._be_asked_for_a_pause(error.retry_after_seconds)
            raise
        except ProviderUnavailable as error:
            if epoch == self._epoch:
                self._note_failure(error.retry_after_seconds, is_probe=is_probe)
            raise
        except (ProviderRefused, AnswerUnusable):
            if epoch == self._epoch:
                self._note_answer()
            raise
        else:
            if epoch == self._epoch:
                self._note_answer()
        finally:
            if is_probe:  # also when it was cancelled, or failed for a reason of ours: the next call may probe
                self._is_probing = False

    def leave_alone(self, seconds: float) -> None:
        """The service asks for a pause. If it is a long one, those in line are turned away: their jobs wait instead."""
        self._limits.pause(min(seconds, _MAX_ASKED_SECONDS))
        if seconds > WORTH_WAITING_SECONDS:
            self._limits.turn_away(self._resting)

    def _be_asked_for_a_pause(self, seconds: float | None) -> None:
        if seconds is not None:
            self.leave_alone(seconds)
        elif not self._limits.paused_seconds:  # many calls may be told the same at once
            self.leave_alone(self._busy_seconds)
            self._busy_seconds = min(self._busy_seconds * 2, _MAX_BUSY_SECONDS)

    def _note_failure(self, retry_after_seconds: float | None, *, is_probe: bool) -> None:
        self._failures += 1
        self._failed_at = self._clock.monotonic()
        asked_seconds = min(retry_after_seconds or 0.0, self._max_pause_seconds)
        if is_probe:
            self._pause_seconds = min(self._pause_seconds * 2, self._max_pause_seconds)
            self._is_probing = False
        elif self._failures < self._most_failures:
            if asked_seconds:
                self.leave_alone(asked_seconds)
            return
        self._epoch += 1
        self._rests_until = self._failed_at + max(self._pause_seconds, asked_seconds)
        self._limits.turn_away(self._resting)

    def _note_answer(self, *, is_busy: bool = False) -> None:
        self._failures = 0
        if not is_busy:
            self._busy_seconds = _BUSY_SECONDS
        if self._rests_until is not None:
            self._epoch += 1
            self._rests_until = None
            self._pause_seconds = self._first_pause_seconds
            self._limits.ease_in()
        elif not is_busy:
            self._limits.widen()

    def _resting(self) -> ProviderResting:
        where = f"[{self._provider}]{f' at {self._machine}' if self._machine else ''}"
        seconds = self.resting_seconds
        if self._rests_until is None:
            words = f"{where} asked to be left alone for a while."
        else:
            words = f"{where} failed {self._failures} times in a row and is left alone for a while."
        return ProviderResting(
            words,
            remedy="It is tried again by itself; `blogen doctor` checks it now.",
            provider=self._provider,
            retry_after_seconds=max(seconds, 1.0),
        )
