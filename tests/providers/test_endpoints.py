"""Several machines behind one section: who is asked next, and whose handle is whose."""

import asyncio

import pytest

from blogen.config.section import ProviderSection
from blogen.errors import ProviderBusy, ProviderRefused, ProviderResting, ProviderUnavailable
from blogen.providers.endpoints import Endpoints
from tests.providers.test_limits import ManualClock, settled

ONE, TWO, THREE = "http://sd-1:7860", "http://sd-2:7860", "http://sd-3:7860"


class Machine:
    def __init__(self, url):
        self.url = url


@pytest.fixture
def clock():
    return ManualClock()


def endpoints(clock, *urls, **keys):
    section = ProviderSection(kind="fake", base_urls=list(urls), **keys)
    return Endpoints.of("image.sd", section, Machine, clock)


async def hold(endpoint, count=1):
    """Calls that do not end."""

    async def call():
        async with endpoint.turn():
            await asyncio.Event().wait()

    calls = [asyncio.create_task(call()) for _ in range(count)]
    await settled()
    return calls


async def fail(endpoint, error):
    with pytest.raises(ProviderUnavailable) as raised:
        async with endpoint.turn():
            raise error
    return raised.value


async def test_the_least_busy_machine_is_next_and_of_equals_the_first(clock):
    machines = endpoints(clock, ONE, TWO, THREE, concurrency=2)
    picked = []
    for _ in range(8):
        endpoint = machines.pick()
        picked.append(endpoint.url)
        await hold(endpoint)
    assert picked == [ONE, TWO, THREE, ONE, TWO, THREE, ONE, TWO]
    assert [(one.limits.running, one.limits.waiting) for one in machines.machines] == [(2, 1), (2, 1), (2, 0)]


async def test_each_machine_has_its_own_provider(clock):
    machines = endpoints(clock, ONE, TWO)
    assert [one.provider.url for one in machines.machines] == [ONE, TWO]


async def test_a_machine_that_rests_is_passed_over_until_it_may_be_tried_again(clock):
    machines = endpoints(clock, ONE, TWO)
    one, two = machines.machines
    for _ in range(5):
        await fail(one, ProviderUnavailable("down"))
    await hold(two, 10)
    assert machines.pick() is two
    await clock.move(30)
    assert machines.pick() is one
    with pytest.raises(ProviderRefused):
        async with one.turn():
            raise ProviderRefused("it is there")
    assert not one.breaker.is_open


async def test_if_all_rest_the_one_that_is_tried_first_is_picked(clock):
    machines = endpoints(clock, ONE, TWO)
    one, two = machines.machines
    two.breaker.leave_alone(50)
    one.breaker.leave_alone(100)
    assert machines.pick() is two
    turned_away = await fail(two, AssertionError("never called"))
    assert isinstance(turned_away, ProviderResting)
    assert turned_away.retry_after_seconds == 50
    assert (turned_away.provider, TWO in turned_away.detail) == ("image.sd", True)


async def test_after_a_failure_another_machine_is_tried_first(clock):
    machines = endpoints(clock, ONE, TWO)
    one, two = machines.machines
    await hold(two)
    await fail(one, ProviderUnavailable("reset"))
    assert machines.pick() is two  # or a job would meet the broken one, which is never busy, at every attempt
    await clock.move(30)
    assert machines.pick() is one


async def test_a_machine_that_asks_for_a_pause_is_passed_over(clock):
    machines = endpoints(clock, ONE, TWO)
    one, two = machines.machines
    await fail(one, ProviderBusy("queue full", retry_after_seconds=3))
    await hold(two, 2)
    assert machines.pick() is two
    await clock.move(3)
    assert machines.pick() is one


async def test_requests_a_minute_count_for_all_machines_together(clock):
    machines = endpoints(clock, ONE, TWO, requests_per_minute=3)
    for _ in range(5):
        await hold(machines.pick())
    assert sum(one.limits.running for one in machines.machines) == 3
    await clock.move(60)
    assert sum(one.limits.running for one in machines.machines) == 5


async def test_tokens_a_minute_count_for_all_machines_together(clock):
    machines = endpoints(clock, ONE, TWO, tokens_per_minute=1000)
    one, two = machines.machines

    async def call():
        async with two.turn(tokens=600):
            pass

    async with one.turn(tokens=600) as turn:
        waits = asyncio.create_task(call())
        await settled()
        assert two.limits.waiting == 1
        turn.used(400)
        await waits


async def test_a_handle_leads_back_to_its_machine(clock):
    machines = endpoints(clock, ONE, TWO, THREE)
    for endpoint in machines.machines:
        kept = machines.wrap(endpoint, "resp_1/@:2")
        assert kept != "resp_1/@:2"
        assert machines.unwrap(kept) == (endpoint, "resp_1/@:2")


async def test_with_one_machine_a_handle_stays_as_it_is(clock):
    machines = endpoints(clock, ONE)
    (one,) = machines.machines
    assert machines.wrap(one, "resp_1") == "resp_1"
    assert machines.unwrap("resp_1") == (one, "resp_1")


async def test_a_handle_that_looks_like_a_kept_one_is_not_taken_for_it(clock):
    for machines in (endpoints(clock, ONE), endpoints(clock, ONE, TWO)):
        treacherous = endpoints(clock, ONE, TWO).wrap(machines.machines[0], "x")
        kept = machines.wrap(machines.machines[0], treacherous)
        assert machines.unwrap(kept) == (machines.machines[0], treacherous)


async def test_handles_survive_machines_that_are_added_removed_and_reordered(clock):
    before, after, last = endpoints(clock, ONE, TWO), endpoints(clock, THREE, TWO, ONE), endpoints(clock, TWO)
    kept = before.wrap(before.machines[1], "resp_1")
    assert after.unwrap(kept) == (after.machines[1], "resp_1")
    assert last.unwrap(kept) == (last.machines[0], "resp_1")


async def test_a_plain_handle_is_the_first_machines(clock):
    machines = endpoints(clock, ONE, TWO)
    assert machines.unwrap("resp_1") == (machines.machines[0], "resp_1")


async def test_a_handle_of_a_machine_that_is_gone_is_refused_in_words(clock):
    before, after = endpoints(clock, ONE, TWO), endpoints(clock, ONE, THREE)
    with pytest.raises(ProviderRefused) as raised:
        after.unwrap(before.wrap(before.machines[1], "resp_1"))
    assert "[image.sd] no longer lists" in raised.value.detail
    assert "base_urls" in raised.value.remedy


async def test_a_section_without_an_address_has_one_machine(clock):
    section = ProviderSection(kind="covers")
    machines = Endpoints.of("covers", section, Machine, clock)
    assert machines.wrap(machines.pick(), "x") == "x"
