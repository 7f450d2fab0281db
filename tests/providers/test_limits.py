"""Limits and the breaker, under a clock that the test moves."""

import asyncio

import pytest

from blogen.errors import ProviderRefused, ProviderUnavailable
from blogen.providers.limits import Breaker, Limits


class ManualClock:
    """Stands still until the test moves it."""

    def __init__(self):
        self._now = 1000.0
        self._sleepers = []

    def now_ms(self):
        return int(self._now * 1000)

    def monotonic(self):
        return self._now

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, woken))
        await woken

    async def move(self, seconds):
        self._now += seconds
        for until, woken in self._sleepers:
            if until <= self._now and not woken.done():
                woken.set_result(None)
        await settled()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return ManualClock()


class Calls:
    """Starts calls and tells in which order they got their turns."""

    def __init__(self, limits):
        self.begun = []
        self.running = {}
        self._limits = limits
        self._tasks = {}

    async def start(self, name, priority=5):
        self._tasks[name] = asyncio.create_task(self._call(name, priority))
        await settled()

    async def end(self, name):
        self.running.pop(name).set_result(None)
        await settled()

    async def cancel(self, name):
        self._tasks[name].cancel()
        await settled()

    async def _call(self, name, priority):
        async with self._limits.turn(priority):
            self.begun.append(name)
            self.running[name] = asyncio.get_running_loop().create_future()
            await self.running[name]

    async def close(self):
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def test_no_more_calls_run_than_allowed_and_who_waits_is_served_in_order():
    calls = Calls(Limits(concurrency=2))
    for name in "abcd":
        await calls.start(name)
    assert calls.begun == ["a", "b"]
    await calls.end("b")
    await calls.end("a")
    assert calls.begun == ["a", "b", "c", "d"]
    await calls.close()


async def test_urgent_calls_come_first_and_equals_in_the_order_of_arrival():
    calls = Calls(Limits(concurrency=1))
    await calls.start("now", 0)
    for name, priority in [("low", 1), ("mid 1", 5), ("high 1", 9), ("mid 2", 5), ("high 2", 9)]:
        await calls.start(name, priority)
    while calls.running:
        await calls.end(next(iter(calls.running)))
    assert calls.begun == ["now", "high 1", "high 2", "mid 1", "mid 2", "low"]


async def test_a_call_that_gives_up_leaves_its_place_and_its_turn_to_others():
    limits = Limits(concurrency=1)
    calls = Calls(limits)
    for name in "abc":
        await calls.start(name)
    await calls.cancel("b")
    await calls.cancel("a")
    assert calls.begun == ["a", "c"]
    await calls.end("c")
    assert (limits.running, limits.waiting) == (0, 0)


async def test_a_call_cancelled_in_the_moment_it_is_served_hands_its_turn_on():
    limits = Limits(concurrency=1)
    calls = Calls(limits)
    for name in "abc":
        await calls.start(name)
    calls.running["a"].set_result(None)
    await asyncio.sleep(0)  # now `a` has ended and `b` is served, but does not know it yet
    calls._tasks["b"].cancel()
    await settled()
    assert calls.begun[-1] == "c"
    await calls.end("c")
    assert limits.running == 0


async def test_at_most_so_many_calls_begin_in_any_minute(clock):
    limits = Limits(concurrency=10, requests_per_minute=3, clock=clock)
    calls = Calls(limits)
    await calls.start("a")
    await clock.move(30)
    for name in "bcdef":
        await calls.start(name)
    assert calls.begun == ["a", "b", "c"]
    await clock.move(29.9)
    assert calls.begun == ["a", "b", "c"]
    await clock.move(0.2)
    assert calls.begun == ["a", "b", "c", "d"]
    await clock.move(30)
    assert calls.begun == ["a", "b", "c", "d", "e", "f"]
    await calls.close()


async def test_an_urgent_call_overtakes_those_that_wait_for_the_next_minute(clock):
    calls = Calls(Limits(concurrency=10, requests_per_minute=1, clock=clock))
    for name, priority in [("a", 5), ("b", 5), ("urgent", 9)]:
        await calls.start(name, priority)
    await clock.move(60)
    await clock.move(60)
    assert calls.begun == ["a", "urgent", "b"]
    await calls.close()


async def fail(breaker, error=None):
    with pytest.raises((ProviderUnavailable, ProviderRefused)) as raised:
        async with breaker.attempt():
            raise error or ProviderUnavailable("down")
    return raised.value


async def succeed(breaker):
    async with breaker.attempt():
        pass


async def test_the_breaker_opens_after_failures_in_a_row_and_says_for_how_long(clock):
    breaker = Breaker("text.main", failures=3, pause_seconds=30, clock=clock)
    for _ in range(2):
        await fail(breaker)
    await succeed(breaker)
    for _ in range(3):
        assert not breaker.is_open
        await fail(breaker)
    assert breaker.is_open
    await clock.move(10)
    turned_away = await fail(breaker, AssertionError("never called"))
    assert turned_away.provider == "text.main"
    assert turned_away.retry_after_seconds == 20
    assert "3 times in a row" in turned_away.detail


async def test_one_probe_decides_for_all(clock):
    breaker = Breaker("text.main", failures=1, pause_seconds=30, clock=clock)
    await fail(breaker)
    await clock.move(30)
    inside = asyncio.Event()
    answer = asyncio.get_running_loop().create_future()

    async def probe():
        async with breaker.attempt():
            inside.set()
            await answer

    task = asyncio.create_task(probe())
    await inside.wait()
    assert (await fail(breaker, AssertionError("never called"))).retry_after_seconds == 1
    answer.set_result(None)
    await task
    assert not breaker.is_open
    await succeed(breaker)


async def test_a_failed_probe_doubles_the_pause_up_to_a_limit(clock):
    breaker = Breaker("text.main", failures=1, pause_seconds=30, max_pause_seconds=100, clock=clock)
    await fail(breaker)
    for pause in (60, 100, 100):
        await clock.move(1000)
        await fail(breaker)
        assert (await fail(breaker)).retry_after_seconds == pause
    await clock.move(100)
    await succeed(breaker)
    await fail(breaker)
    assert (await fail(breaker)).retry_after_seconds == 30


async def test_a_cancelled_probe_leaves_the_probe_to_the_next_call(clock):
    breaker = Breaker("text.main", failures=1, pause_seconds=30, clock=clock)
    await fail(breaker)
    await clock.move(30)

    async def probe():
        async with breaker.attempt():
            await asyncio.Event().wait()

    task = asyncio.create_task(probe())
    await settled()
    task.cancel()
    await settled()
    await succeed(breaker)
    assert not breaker.is_open


async def test_a_refusal_shows_that_the_service_is_there(clock):
    breaker = Breaker("text.main", failures=2, clock=clock)
    await fail(breaker)
    await fail(breaker, ProviderRefused("no"))
    await fail(breaker)
    assert not breaker.is_open


async def test_the_pause_is_as_long_as_the_service_asks(clock):
    breaker = Breaker("text.main", failures=1, pause_seconds=30, max_pause_seconds=300, clock=clock)
    await fail(breaker, ProviderUnavailable("busy", retry_after_seconds=90))
    assert (await fail(breaker)).retry_after_seconds == 90
