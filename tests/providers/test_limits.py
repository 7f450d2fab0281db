"""Limits and the breaker, under a clock that the test moves."""

import asyncio
import gc
import random

import pytest

from blogen.errors import AnswerUnusable, ProviderBusy, ProviderRefused, ProviderResting, ProviderUnavailable
from blogen.providers.limits import Breaker, Limits, Pace


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
        self.turns = {}
        self._limits = limits
        self._tasks = {}

    async def start(self, name, priority=5, *, tokens=0, job="", limits=None):
        self._tasks[name] = asyncio.create_task(self._call(name, limits or self._limits, priority, tokens, job))
        await settled()

    async def end(self, name):
        self.running.pop(name).set_result(None)
        await settled()

    async def cancel(self, name):
        self._tasks[name].cancel()
        await settled()

    async def end_all(self):
        """Let calls end, the oldest first, until nobody gets a turn any more."""
        while self.running:
            await self.end(next(iter(self.running)))

    async def error(self, name):
        """What the call was turned away with."""
        with pytest.raises(ProviderUnavailable) as raised:
            await self._tasks[name]
        return raised.value

    async def _call(self, name, limits, priority, tokens, job):
        async with limits.turn(priority, tokens=tokens, job=job) as turn:
            self.begun.append(name)
            self.turns[name] = turn
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
    await calls.end_all()
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


async def test_a_call_that_gives_up_in_the_moment_its_turn_comes_is_passed_over():
    limits = Limits(concurrency=1)
    calls = Calls(limits)
    for name in "abcd":
        await calls.start(name)
    calls.running["a"].set_result(None)
    calls._tasks["b"].cancel()  # `a` ends before `b` knows that it was cancelled
    await settled()
    assert calls._tasks["a"].exception() is None
    assert calls._tasks["b"].cancelled()
    assert calls.begun == ["a", "c"]
    await calls.end("c")
    await calls.end("d")
    assert (limits.running, limits.waiting) == (0, 0)


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


async def test_tokens_are_reserved_before_a_call_and_wait_while_the_minute_is_full(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=600)
    await clock.move(20)
    await calls.start("b", tokens=400)
    await calls.start("c", tokens=500)
    assert calls.begun == ["a", "b"]
    await clock.move(39)
    assert calls.begun == ["a", "b"]
    await clock.move(1)
    assert calls.begun == ["a", "b", "c"]
    await calls.close()


async def test_tokens_that_were_not_used_are_given_back_at_once(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=900)
    await calls.start("b", tokens=500)
    calls.turns["a"].used(500)
    await settled()
    assert calls.begun == ["a", "b"]
    await calls.close()


async def test_tokens_used_beyond_the_estimate_count_from_when_they_are_known(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=100)
    await clock.move(50)
    calls.turns["a"].used(900)
    await calls.start("b", tokens=300)
    await clock.move(59)
    assert calls.begun == ["a"]
    await clock.move(1)
    assert calls.begun == ["a", "b"]
    await calls.close()


async def test_what_is_known_last_about_a_call_is_what_counts(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=500)
    for tokens in (2000, 100, 900, 400):
        calls.turns["a"].used(tokens)
    await calls.start("b", tokens=600)
    await calls.start("c", tokens=1)
    assert calls.begun == ["a", "b"]
    await clock.move(60)
    calls.turns["a"].used(0)  # long forgotten: gives nothing back of what counts now
    await calls.start("d", tokens=999)
    await calls.start("e", tokens=1)
    assert calls.begun == ["a", "b", "c", "d"]
    await calls.close()


async def test_a_correction_that_comes_when_the_minute_is_over_changes_nothing(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=500)
    await clock.move(60)
    calls.turns["a"].used(100)
    await calls.start("b", tokens=1000)
    assert calls.begun == ["a", "b"]
    await calls.close()


async def test_a_call_larger_than_the_whole_limit_goes_alone(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("small", tokens=10)
    await calls.start("huge", tokens=5000)
    await clock.move(59)
    assert calls.begun == ["small"]
    await clock.move(1)
    await calls.start("next", tokens=10)
    assert calls.begun == ["small", "huge"]
    await clock.move(60)
    assert calls.begun == ["small", "huge", "next"]
    await calls.close()


async def test_the_next_one_is_waited_for_and_not_passed_by_smaller_ones(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=900)
    await calls.start("big and urgent", 9, tokens=500)
    await calls.start("small", 1, tokens=50)
    assert calls.begun == ["a"]
    await clock.move(60)
    assert calls.begun == ["a", "big and urgent", "small"]
    await calls.close()


async def test_an_urgent_small_call_does_not_wait_for_what_a_big_one_needs(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=900)
    await calls.start("big", 1, tokens=500)
    await calls.start("urgent", 9, tokens=100)
    assert calls.begun == ["a", "urgent"]
    await calls.close()


async def test_an_urgent_call_comes_as_soon_as_it_has_room_not_when_the_one_before_it_has(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=500)
    await clock.move(30)
    await calls.start("b", tokens=400)
    await calls.start("big", 1, tokens=1000)
    await calls.start("urgent", 9, tokens=300)
    await clock.move(30)
    assert calls.begun == ["a", "b", "urgent"]
    await calls.close()


async def test_a_call_that_gives_up_leaves_the_minute_to_others(clock):
    calls = Calls(Limits(10, clock=clock, tokens_per_minute=1000))
    await calls.start("a", tokens=900)
    await calls.start("big", tokens=500)
    await calls.start("small", tokens=100)
    await calls.cancel("big")
    assert calls.begun == ["a", "small"]
    await calls.close()


async def test_jobs_of_one_priority_take_turns():
    calls = Calls(Limits(concurrency=1))
    for number in range(4):
        await calls.start(f"many {number}", job="many")
    await calls.start("single", job="single")
    await calls.start("two 0", job="two")
    await calls.start("two 1", job="two")
    await calls.end_all()
    assert calls.begun == ["many 0", "many 1", "single", "two 0", "many 2", "two 1", "many 3"]


async def test_a_bulk_of_old_calls_does_not_stand_before_an_urgent_one(clock):
    calls = Calls(Limits(concurrency=1, clock=clock))
    for number in range(20):
        await calls.start(number, 1, job=str(number))
    await clock.move(3600)
    await calls.start("urgent", 9)
    await calls.end(0)
    assert calls.begun == [0, "urgent"]
    await calls.close()


async def test_nobody_waits_for_ever_while_urgent_calls_keep_coming(clock):
    calls = Calls(Limits(concurrency=1, clock=clock))
    await calls.start(0, 9)
    await calls.start("low", 1)
    await calls.start("low 2", 1)
    for number in range(1, 20):
        await calls.start(number, 9)
        await calls.end(number - 1)
        assert calls.begun[-1] == number  # it has not waited long enough
    await clock.move(30)
    await calls.start(20, 9)
    await calls.end(19)
    assert calls.begun[-1] == "low"
    await calls.start(21, 9)
    await calls.end("low")
    assert calls.begun[-1] == 20
    await calls.close()


async def test_those_who_waited_long_get_every_fourth_turn_at_most(clock):
    calls = Calls(Limits(concurrency=1, clock=clock))
    await calls.start("first", 9)
    for name in ("low 0", "low 1", "low 2"):
        await calls.start(name, 1)
    for number in range(12):
        await calls.start(number, 9)
    for _ in range(11):
        await clock.move(100)
        await calls.end(calls.begun[-1])
    assert calls.begun == ["first", 0, 1, 2, "low 0", 3, 4, 5, "low 1", 6, 7, 8]
    await calls.close()


async def test_no_turn_begins_in_a_pause_and_those_under_way_go_on(clock):
    limits = Limits(concurrency=2, clock=clock)
    calls = Calls(limits)
    await calls.start("a")
    limits.pause(20)
    limits.pause(5)  # a shorter one changes nothing
    await calls.start("b")
    await calls.end("a")
    await clock.move(19)
    assert (calls.begun, limits.paused_seconds) == (["a"], 1)
    await clock.move(1)
    assert (calls.begun, limits.paused_seconds) == (["a", "b"], 0)
    await calls.close()


async def test_a_longer_pause_is_waited_for_anew(clock):
    limits = Limits(clock=clock)
    calls = Calls(limits)
    limits.pause(10)
    await calls.start("a")
    await clock.move(9)
    limits.pause(10)
    await settled()
    await clock.move(9)
    assert calls.begun == []
    await clock.move(1)
    assert calls.begun == ["a"]
    await calls.close()


async def test_machines_that_share_a_pace_share_its_minute_and_its_order(clock):
    pace = Pace(requests_per_minute=2, clock=clock)
    one, two = Limits(1, pace=pace), Limits(5, pace=pace)
    calls = Calls(one)
    await calls.start("one", limits=one)
    await calls.start("one full", 9, limits=one)
    await calls.start("two", limits=two)  # another machine's full house does not keep it
    assert calls.begun == ["one", "two"]
    await calls.start("low", 1, limits=two)
    await calls.end("one")
    await clock.move(60)
    assert calls.begun == ["one", "two", "one full", "low"]
    one.pause(30)
    await calls.start("paused", 9, limits=one)
    await clock.move(60)
    await calls.end("one full")
    await calls.start("three", limits=two)
    assert calls.begun[4:] == ["paused", "three"]
    await calls.close()


async def test_a_pause_of_one_machine_does_not_keep_its_neighbour(clock):
    pace = Pace(clock=clock)
    one, two = Limits(pace=pace), Limits(pace=pace)
    calls = Calls(one)
    one.pause(10)
    await calls.start("one", limits=one)
    await calls.start("two", limits=two)
    assert calls.begun == ["two"]
    await clock.move(10)
    assert calls.begun == ["two", "one"]
    await calls.close()


async def test_whatever_happens_limits_are_kept_and_all_are_served(clock):
    dice = random.Random(11)
    limits = Limits(5, 40, clock, 2000)
    running, most, served, begun = 0, 0, 0, []

    async def call(number):
        nonlocal running, most, served
        tokens = dice.randrange(10, 400)
        async with limits.turn(dice.randrange(10), tokens=tokens, job=str(number % 7)) as turn:
            begun.append((clock.monotonic(), tokens))
            running += 1
            most = max(most, running)
            try:
                await clock.sleep(dice.randrange(1, 20))
                turn.used(tokens)
                served += 1
            finally:
                running -= 1

    tasks = [asyncio.create_task(call(number)) for number in range(300)]
    cancelled = 0
    for _ in range(10_000):
        await clock.move(0.5)
        if dice.random() < 0.02:
            cancelled += dice.choice(tasks).cancel()
        if all(task.done() for task in tasks):
            break
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert served == 300 - sum(isinstance(result, asyncio.CancelledError) for result in results)
    assert cancelled
    assert (limits.running, limits.waiting, most) == (0, 0, 5)
    for moment, _ in begun:
        window = [tokens for at, tokens in begun if moment <= at < moment + 60]
        assert len(window) <= 40
        assert sum(window) <= 2000


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
    assert (await fail(breaker, AssertionError("never called"))).retry_after_seconds == 5
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


async def test_who_is_busy_is_given_its_pause_and_not_taken_for_broken(clock):
    limits = Limits(clock=clock)
    breaker = Breaker("text.main", failures=2, clock=clock, limits=limits)
    for _ in range(5):
        await fail(breaker, ProviderBusy("slow down", retry_after_seconds=3))
        assert limits.paused_seconds == 3
        assert not breaker.is_open
        await clock.move(3)
    await fail(breaker)
    await fail(breaker, ProviderBusy("slow down", retry_after_seconds=0))
    await fail(breaker)
    assert not breaker.is_open  # busy is an answer: these were no two failures in a row


async def test_who_is_busy_and_does_not_say_how_long_is_given_longer_and_longer_pauses(clock):
    limits = Limits(clock=clock)
    breaker = Breaker("text.main", clock=clock, limits=limits)
    for pause in (1, 2, 4):
        await fail(breaker, ProviderBusy("busy"))
        await fail(breaker, ProviderBusy("busy"))  # many calls may be told so at the same time
        assert limits.paused_seconds == pause
        await clock.move(pause)
    await succeed(breaker)
    await fail(breaker, ProviderBusy("busy"))
    assert limits.paused_seconds == 1


async def test_for_a_long_pause_nobody_stays_in_line(clock):
    limits = Limits(1, clock=clock)
    breaker = Breaker("text.main", clock=clock, limits=limits)
    calls = Calls(limits)
    await calls.start("under way")
    await calls.start("in line")
    await fail(breaker, ProviderBusy("quota", retry_after_seconds=600))
    turned_away = await calls.error("in line")
    assert isinstance(turned_away, ProviderResting)
    assert (turned_away.retry_after_seconds, turned_away.provider) == (600, "text.main")
    assert "asked to be left alone" in turned_away.detail
    with pytest.raises(ProviderResting):
        breaker.check()
    assert "under way" in calls.running
    await clock.move(595)
    breaker.check()  # what is left is worth waiting for
    await calls.close()


async def test_no_service_is_left_alone_for_longer_than_an_hour(clock):
    limits = Limits(clock=clock)
    Breaker("text.main", clock=clock, limits=limits).leave_alone(86_400)
    assert limits.paused_seconds == 3600


async def test_when_the_breaker_opens_nobody_stays_in_line(clock):
    limits = Limits(1, clock=clock)
    breaker = Breaker("text.main", failures=1, clock=clock, limits=limits)
    calls = Calls(limits)
    for name in ("under way", "in line", "cancelled"):
        await calls.start(name)
    calls._tasks["cancelled"].cancel()  # it does not know it yet
    await fail(breaker)
    turned_away = await calls.error("in line")
    assert isinstance(turned_away, ProviderResting)
    assert turned_away.retry_after_seconds == 30
    assert (limits.running, limits.waiting) == (1, 0)
    await calls.close()


async def test_a_call_turned_away_and_cancelled_in_the_same_moment_leaves_no_trace(clock):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    limits = Limits(1, clock=clock)
    calls = Calls(limits)
    await calls.start("under way")
    await calls.start("in line")
    limits.turn_away(lambda: ProviderResting("away"))
    await calls.cancel("in line")
    await calls.close()
    del calls
    gc.collect()
    await settled()
    assert complaints == []
    assert (limits.running, limits.waiting) == (0, 0)


async def test_who_is_in_line_when_a_probe_fails_is_told_the_whole_pause(clock):
    limits = Limits(1, clock=clock)
    breaker = Breaker("text.main", failures=1, pause_seconds=30, clock=clock, limits=limits)
    calls = Calls(limits)
    await fail(breaker)
    await clock.move(30)
    await calls.start("under way")
    await calls.start("in line")
    await fail(breaker)
    assert (await calls.error("in line")).retry_after_seconds == 60
    await calls.close()


async def test_who_fails_and_says_for_how_long_is_left_alone_for_that_time(clock):
    limits = Limits(clock=clock)
    breaker = Breaker("text.main", clock=clock, limits=limits)
    await fail(breaker, ProviderUnavailable("maintenance", retry_after_seconds=20))
    assert limits.paused_seconds == 20
    await clock.move(20)
    await fail(breaker, ProviderUnavailable("maintenance", retry_after_seconds=86_400))
    assert limits.paused_seconds == 300


async def test_after_a_rest_calls_come_back_bit_by_bit(clock):
    limits = Limits(10, clock=clock)
    breaker = Breaker("text.main", failures=1, pause_seconds=30, clock=clock, limits=limits)
    calls = Calls(limits)
    await fail(breaker)
    await clock.move(30)
    async with limits.turn():
        await succeed(breaker)  # the probe
        for number in range(12):
            await calls.start(number)
        assert limits.running == 2
    await fail(breaker, ProviderBusy("not more", retry_after_seconds=0))
    for allowed in (2, 4, 8, 10, 10):
        assert limits.running == allowed
        await succeed(breaker)
        await settled()
    await calls.close()


async def test_only_a_probe_decides_while_the_breaker_is_open(clock):
    breaker = Breaker("text.main", failures=2, pause_seconds=30, clock=clock)
    answers = [asyncio.get_running_loop().create_future() for _ in range(2)]

    async def call(answer):
        async with breaker.attempt():
            await answer

    hanging = [asyncio.create_task(call(answer)) for answer in answers]
    await settled()
    await fail(breaker)
    await fail(breaker)
    answers[0].set_result(None)  # begun before it went down
    await settled()
    assert breaker.is_open
    await clock.move(30)
    await succeed(breaker)
    await fail(breaker)
    answers[1].set_exception(ProviderUnavailable("from before"))
    await asyncio.gather(*hanging, return_exceptions=True)
    assert not breaker.is_open


async def test_a_probe_that_fails_for_a_reason_of_ours_leaves_the_probe_to_the_next_call(clock):
    breaker = Breaker("text.main", failures=1, pause_seconds=30, clock=clock)
    await fail(breaker)
    await clock.move(30)
    with pytest.raises(ZeroDivisionError):
        async with breaker.attempt():
            raise ZeroDivisionError
    assert not breaker.is_open
    await fail(breaker)
    assert (await fail(breaker)).retry_after_seconds == 60


@pytest.mark.parametrize(
    "answer", [ProviderBusy("busy", retry_after_seconds=2), ProviderRefused("no"), AnswerUnusable("?")]
)
async def test_any_answer_to_a_probe_shows_that_the_service_is_there(clock, answer):
    breaker = Breaker("text.main", failures=1, pause_seconds=30, clock=clock)
    await fail(breaker)
    await clock.move(30)
    with pytest.raises(type(answer)):
        async with breaker.attempt():
            raise answer
    await clock.move(2)
    await succeed(breaker)
    await fail(breaker)
    assert (await fail(breaker)).retry_after_seconds == 30  # it was closed: the first pause again


async def test_who_was_turned_away_counts_as_no_failure(clock):
    inner = Breaker("inner", failures=1, clock=clock)
    outer = Breaker("outer", failures=1, clock=clock)
    await fail(inner)
    with pytest.raises(ProviderResting):
        async with outer.attempt(), inner.attempt():
            pass
    assert not outer.is_open
