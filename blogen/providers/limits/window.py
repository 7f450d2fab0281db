"""How much was booked in the last 60 seconds, and when there is room for more."""

from collections import deque

SECONDS = 60.0


class Booking:
    """An amount that counts for 60 seconds from `at`."""

    __slots__ = ("amount", "at")

    def __init__(self, amount: int, at: float) -> None:
        self.amount = amount
        self.at = at


class Window:
    """At most `limit` in any 60 seconds; None: there is always room."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._bookings: deque[Booking] = deque()
        self._total = 0

    @property
    def is_limited(self) -> bool:
        return self._limit is not None

    def opens_at(self, amount: int, now: float) -> float:
        """When there is room for `amount`: `now`, or later.

        What is more than the whole limit has room once nothing else is booked: it goes alone instead of never.
        """
        if self._limit is None:
            return now
        self._forget(now)
        excess = self._total + min(amount, self._limit) - self._limit
        if excess <= 0:
            return now
        for booking in self._bookings:
            excess -= booking.amount
            if excess <= 0:
                return booking.at + SECONDS
        raise AssertionError("less is booked than was counted")

    def book(self, bookings: list[Booking], amount: int, now: float) -> None:
        """Count `amount` from now on, and note it in `bookings`."""
        if self._limit is not None and amount:
            self._forget(now)
            booking = Booking(amount, now)
            self._bookings.append(booking)
            self._total += amount
            bookings.append(booking)

    def correct(self, bookings: list[Booking], difference: int, now: float) -> None:
        """What was booked turned out to be more, which counts from now on, or less, which is given back."""
        if difference > 0:
            self.book(bookings, difference, now)
            return
        self._forget(now)
        left = -difference
        for booking in reversed(bookings):
            less = min(left, booking.amount)
            left -= less
            booking.amount -= less
            if now < booking.at + SECONDS:
                self._total -= less

    def _forget(self, now: float) -> None:
        while self._bookings and self._bookings[0].at + SECONDS <= now:
            self._total -= self._bookings.popleft().amount
