"""Limits on guessing: what is counted as the same, what is taken back, and that their memory is bounded."""

import pytest

from blogen import attempts as attempts_module
from blogen.attempts import CODES_FROM_ALL, PASSWORDS_FROM_ADDRESS, PASSWORDS_OF_ACCOUNT, Attempts
from blogen.clock import SystemClock
from blogen.errors import TooManyAttempts


class SetClock(SystemClock):
    at = 0.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def attempts(clock):
    return Attempts(clock)


def fill(attempts: Attempts, who: str = "ann") -> None:
    for number in range(PASSWORDS_OF_ACCOUNT.at_most):
        attempts.sign_in(who, f"198.51.100.{number}")


def test_a_limit_ends_with_its_time_and_says_when(attempts, clock):
    fill(attempts)
    clock.at = 100
    with pytest.raises(TooManyAttempts) as refused:
        attempts.sign_in("ann", "203.0.113.1")
    assert refused.value.retry_after_seconds == PASSWORDS_OF_ACCOUNT.within_seconds - 100 + 1
    clock.at = PASSWORDS_OF_ACCOUNT.within_seconds
    attempts.sign_in("ann", "203.0.113.1")


def test_what_is_refused_does_not_prolong_the_wait_and_counts_nowhere(attempts, clock):
    fill(attempts)
    for _ in range(100):
        with pytest.raises(TooManyAttempts):
            attempts.sign_in("ann", "203.0.113.1")
    attempts.sign_in("bob", "203.0.113.1")
    clock.at = PASSWORDS_OF_ACCOUNT.within_seconds
    attempts.sign_in("ann", "203.0.113.1")


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("ann", ["Ann", " ANN ", "@ann"]),
        ("ann@example.com", ["ANN@Example.COM", "ann@ｅxample.com", "ann@exam\u00adple.com", "ann@example。com"]),
        ("ann@xn--bcher-kva.example", ["ann@bücher.example", "ann@BÜCHER.example"]),
    ],
)
def test_another_spelling_of_a_name_is_no_other_name(attempts, name, spellings):
    fill(attempts, name)
    for spelling in spellings:
        with pytest.raises(TooManyAttempts):
            attempts.sign_in(spelling, "203.0.113.1")


def test_right_passwords_do_not_wash_wrong_ones_away(attempts):
    """Who guesses at others' accounts and signs in to their own between."""
    attempts.sign_in("eve", "203.0.113.1")
    attempts.signed_in("eve", "203.0.113.1")
    for number in range(PASSWORDS_FROM_ADDRESS.at_most):
        attempts.sign_in(f"name{number}", "203.0.113.1")
        attempts.sign_in("eve", "203.0.113.1")
        attempts.signed_in("eve", "203.0.113.1")
    with pytest.raises(TooManyAttempts):
        attempts.sign_in("ann", "203.0.113.1")


def test_what_is_familiar_by_one_name_is_so_by_the_other(attempts):
    attempts.sign_in("ann", "203.0.113.1")
    attempts.signed_in("ann", "203.0.113.1", ("ann", "ann@example.com", None))
    fill(attempts, "ann@example.com")
    attempts.sign_in("ann@example.com", "203.0.113.1")
    with pytest.raises(TooManyAttempts):
        attempts.sign_in("ann@example.com", "203.0.113.2")


def test_codes_are_limited_from_everywhere_together(attempts):
    for number in range(CODES_FROM_ALL.at_most):
        attempts.pair(f"address {number}")
    with pytest.raises(TooManyAttempts):
        attempts.pair("one more address")
    attempts.paired("address 1")
    attempts.pair("one more address")


def test_memory_is_bounded_whatever_is_typed(attempts, monkeypatch):
    monkeypatch.setattr(attempts_module, "_KEPT", 50)
    for number in range(500):
        name, address = f"{'x' * 10_000}{number}", f"address {number}"
        attempts.sign_in(name, address)
        attempts.register(address)
        attempts.sign_in(f"right{number}", address)
        attempts.signed_in(f"right{number}", address)
    assert all(len(counts) <= 50 for counts in attempts._counts.values())
    assert len(attempts._familiar) <= 50
    assert all(len(key) == 16 for counts in attempts._counts.values() for key in counts)


def test_odd_names_are_counted_too(attempts):
    for name in ("", "@", "@@", "\udc80", "\0", "a@\udc80", "é@\u0000", "x" * 100_000 + "@é"):
        attempts.sign_in(name, "")
