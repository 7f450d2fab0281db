"""`/studio/providers`: the services that write, draw and search: what each is, how it does, its costs, and a test.

No key is ever shown, nor anything made of one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

from blogen.config import TRADES
from blogen.domain.person import Scope
from blogen.errors import Conflict, NotFound
from blogen.store.ledger import Cap, worded_usd
from blogen.web.keys import CLOCK, LEDGER, PROVIDERS
from blogen.web.people.forms import read_form
from blogen.web.people.session import Visitor
from blogen.web.studio.door import STUDIO, owner, page

if TYPE_CHECKING:
    from blogen.pipeline.configured import ConfiguredProviders, MachineState, ProviderState, Tested

PATH: Final = f"{STUDIO}/providers"
_TRADES: Final = {"text": "Text", "image": "Pictures", "search": "Search"}
_BUILT_IN: Final = {
    "text": "Without a model, or where none answers and “offline” is in the list, posts are made of sentences of their "
    "sources.",
    "image": "",
    "search": "Where none is configured, posts rest on the sources that they are ordered with.",
}


class Row(NamedTuple):
    """A provider as the page shows it."""

    state: "ProviderState"
    kind: str
    facts: Sequence[tuple[str, str]]
    how: str
    """How it does, in a sentence."""
    is_well: bool
    spent: Sequence[tuple[str, str]]
    tested: "Tested | None"
    can_pay: bool
    """Whether there is something to find out that may cost money."""


async def providers(request: web.Request) -> web.Response:
    who = await owner(request, Scope.ADMIN)
    return await _page(request, who)


async def test(request: web.Request) -> web.Response:
    """Ask one of them, and show what came of it."""
    who = await owner(request, Scope.ADMIN)
    form = await read_form(request, who)
    configured = _configured(request)
    one = configured.state(request.match_info["trade"], request.match_info["name"])
    if one is None:
        raise NotFound("No such service is configured.", remedy=f"All of them are at {PATH}.")
    tested = await configured.test(one, may_pay=bool(form["pay"]))
    return await _page(request, who, one.label, tested)


def _configured(request: web.Request) -> "ConfiguredProviders":
    found = request.app[PROVIDERS]()
    if found is None:
        raise Conflict("Blogen is still starting.", remedy="Load the page again in a moment.")
    return found


async def _page(
    request: web.Request, who: Visitor, label: str = "", tested: "Tested | None" = None
) -> web.Response:  # fmt: skip
    configured = _configured(request)
    rows = [await _row(request, one, tested if one.label == label else None) for one in configured.states()]
    return await page(
        request,
        "providers.html",
        who,
        trades=[(trade, _TRADES[trade], [row for row in rows if row.state.trade == trade]) for trade in TRADES],
        built_in=_BUILT_IN,
        label=label,
        summary=_summary(tested) if tested else "",
    )


async def _row(request: web.Request, one: "ProviderState", tested: "Tested | None") -> Row:
    how, is_well = _how(one.machines)
    return Row(
        one,
        one.section.kind,
        list(_facts(one)),
        how,
        is_well,
        await _spent(request, one),
        tested,
        one.trade == "text" and not one.is_free,
    )


def _facts(one: "ProviderState") -> list[tuple[str, str]]:
    section = one.section
    facts = [("Model", section.model or ""), ("Address", ", ".join(section.addresses))]
    limits = [f"{section.concurrency} at a time"]
    if section.requests_per_minute:
        limits.append(f"{section.requests_per_minute:,} calls a minute")
    if section.tokens_per_minute:
        limits.append(f"{section.tokens_per_minute:,} tokens a minute")
    facts.append(("Limits", ", ".join(limits)))
    facts.append(("Gives up after", f"{section.timeout_seconds:g} s"))
    if one.is_free:
        facts.append(("Price", "calls cost nothing"))
    elif section.usd_per_call is not None:
        facts.append(("Price", f"${section.usd_per_call.normalize():f} a call"))
    return [(name, value) for name, value in facts if value]


def _how(machines: "Sequence[MachineState] | None") -> tuple[str, bool]:
    if machines is None:
        return "Not asked for anything since Blogen started.", True
    resting = [machine for machine in machines if machine.rests_seconds > 0]
    if len(resting) == len(machines):
        seconds = min(machine.rests_seconds for machine in resting)
        return f"Left alone for {seconds:.0f} s more, since it did not answer or asked for a pause.", False
    running, waiting = (sum(getattr(machine, name) for machine in machines) for name in ("running", "waiting"))
    work = f"{_calls(running)} under way, {waiting} waiting." if running or waiting else "Nothing under way."
    if resting:
        return f"{len(resting)} of its {len(machines)} machines are left alone for now. {work}", False
    if any(machine.has_just_failed for machine in machines):
        return f"Its last call failed. {work}", False
    return work, True


async def _spent(request: web.Request, one: "ProviderState") -> "list[tuple[str, str]]":
    """Today and in this month, beside its own caps."""
    if one.is_free:
        return []
    spent = []
    uses = await request.app[LEDGER].caps(
        [Cap("", "day", one.label), Cap("", "month", one.label)], request.app[CLOCK].now_ms()
    )
    for use, words in zip(uses, ("Today", "This month"), strict=True):
        caps = [cap for cap in one.caps if cap.period == use.cap.period]
        most = [f"${worded_usd(cap.usd_micros)}" for cap in caps if cap.usd_micros is not None]
        most += [f"{cap.calls} calls" for cap in caps if cap.calls is not None]
        bound = f", of {' and '.join(most)} at most" if most else ""
        spent.append((words, f"${worded_usd(use.usd_micros or 0)} in {_calls(use.calls or 0)}{bound}"))
    return spent


def _summary(tested: "Tested") -> str:
    cost = "nothing" if not tested.calls or tested.cost_usd_micros == 0 else (
        "an unknown price" if tested.cost_usd_micros is None else f"${worded_usd(tested.cost_usd_micros)}"
    )  # fmt: skip
    calls = f"{_calls(tested.calls)} for {cost}" if tested.calls else "no call that costs anything"
    return f"{'It is well' if tested.ok else 'Something is wrong'}: asked for {tested.seconds:.1f} s, {calls}."


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"
