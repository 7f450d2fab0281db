"""Trying what a text service understands, with a few small calls, and telling what came of it.

What is tried is harmless and short. A question for a shape does not tell the shape in words, so that only a server that
takes the schema can keep to it: a model that is asked in words may well do so on its own account.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, NamedTuple

import anyio

from blogen.domain.money import usd
from blogen.errors import AnswerLost, ProviderBusy, ProviderError
from blogen.providers.json_answers import json_object
from blogen.providers.protocols import Capability, Probe, TextRequest, Usage
from blogen.providers.reasoning import without_reasoning

MOST_TOKENS = 512
"""That one answer may have: room for a model that cannot be kept from reasoning."""

SHAPE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kettle": {"type": "string", "enum": ["copper", "iron", "glass"]},
        "whistles": {"type": "boolean"},
    },
    "required": ["kettle", "whistles"],
    "additionalProperties": False,
}
"""Finite in every part, so that no grammar lets a weak model run on."""

Key = Literal["json_output", "usage_in_streams", "system_role"]


def question(key: Key, user: str, *, system: str = "", shape: dict[str, Any] | None = None) -> TextRequest:
    """A small question whose answer tells about `key`."""
    return TextRequest(
        system=system,
        user=user,
        purpose=f"doctor:{key}",
        json_schema=shape,
        max_output_tokens=MOST_TOKENS,
        temperature=0,
    )


SHAPED = question("json_output", "What are good kettles made of? Answer in one short sentence.", shape=SHAPE)
SHAPED_BY_WORDS = question("json_output", "What are good kettles made of?", shape=SHAPE)


# -- the shape of answers -------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What came of asking for a shape in one way; `words` says why, where that is not plain."""

    kind: Literal["kept", "ignored", "refused", "failed", "unclear"]
    words: str = ""


def shape_in(text: str, *, is_whole: bool) -> Outcome:
    """Whether an answer keeps to `SHAPE`; `is_whole`: it was not cut off."""
    text = without_reasoning(text)
    found = json.loads(json_object(text) or "null")
    if isinstance(found, dict) and found.keys() == SHAPE["properties"].keys():
        return Outcome("kept")
    return _unkept(text, is_whole=is_whole)


def object_in(text: str, *, is_whole: bool) -> Outcome:
    """Whether an answer is JSON and nothing else, as JSON mode makes it; nobody asked for that in words."""
    if text.isspace():
        return Outcome("kept")  # nothing but space is what a model is left with that wants to say something else
    text = without_reasoning(text)
    if text.startswith("{") and json_object(text) == text:
        return Outcome("kept")
    return _unkept(text, is_whole=is_whole)


def _unkept(text: str, *, is_whole: bool) -> Outcome:
    if not text:
        return Outcome(
            "unclear", "no answer" if is_whole else f"no answer within {MOST_TOKENS} tokens: it reasons too long"
        )
    if not is_whole and text.startswith(("{", "```")):
        return Outcome("unclear", "the answer was cut off")
    return Outcome("ignored")


class Ways(NamedTuple):
    """How a kind of service can be asked for a shape: values of `json_output` and what they stand for, best first."""

    section: str
    names: dict[str, str]
    assumed: str
    is_forced: bool
    """Whether the owner has chosen it: then it is never left for a plainer one."""


async def shape_capability(ways: Ways, ask: Callable[[str], Awaitable[Outcome]]) -> Capability:
    """Which of `ways` the service takes: the best one, and whether the one that is in use is among them."""
    outcomes: dict[str, Outcome] = {}
    for way in ways.names:
        outcomes[way] = await ask(way)
        if outcomes[way].kind in {"kept", "unclear"}:
            break
    if ways.assumed not in outcomes and outcomes[way].kind == "kept":
        outcomes[ways.assumed] = await ask(ways.assumed)
    said = [_VERBS[kind].format(ways.names[way]) + (f" ({words})" if words else "")
            for way, (kind, words) in outcomes.items()]  # fmt: skip
    kinds = {way: outcome.kind for way, outcome in outcomes.items()}
    told = Capability(key="json_output", assumed=ways.assumed, detail=f"It {'; it '.join(said)}.")
    if "unclear" in kinds.values():
        return told
    found = next((way for way, kind in kinds.items() if kind == "kept"), "")
    if not found:
        remedy = "Use another model: Blogen needs answers in JSON."
        return told.model_copy(update={"ok": False, "remedy": remedy})
    if found == ways.assumed:
        return told.model_copy(update={"found": found})
    in_use = kinds[ways.assumed]
    why = {
        "kept": " Then answers keep to their shape more surely.",
        "refused": " Then no call is refused first.",
        "ignored": " Then no answer is wasted first.",
    }
    return told.model_copy(
        update={
            "found": found,
            "ok": in_use == "kept" or (in_use != "failed" and not ways.is_forced),
            "remedy": f'Set json_output = "{found}" in [{ways.section}].'
            + ("" if ways.is_forced and in_use != "kept" else why.get(in_use, "")),
        }
    )


_VERBS = {
    "kept": "keeps to {}",
    "ignored": "takes {} and does not keep to it",
    "refused": "refuses {}",
    "failed": "fails with {}",
    "unclear": "showed nothing about {}",
}


# -- all of it ------------------------------------------------------------------------------------------------------


class Bill:
    """What the calls of a probe used."""

    def __init__(self, *, is_free: bool) -> None:
        self.calls = 0
        self.usage = Usage(cost_usd_micros=0)
        self._is_free = is_free
        self._has_lost = False

    def add(self, usage: Usage) -> None:
        """Count an answered call."""
        before, cost = self.usage.cost_usd_micros, 0 if self._is_free else usage.cost_usd_micros
        self.calls += 1
        self.usage = usage.model_copy(
            update={
                "input_tokens": self.usage.input_tokens + usage.input_tokens,
                "output_tokens": self.usage.output_tokens + usage.output_tokens,
                "cost_usd_micros": None if before is None or cost is None else before + cost,
            }
        )

    def lose(self) -> None:
        """Note a call that got no answer, and may have been paid for."""
        self._has_lost = not self._is_free

    def __str__(self) -> str:
        lost = " A call that got no answer may have been paid for, too." if self._has_lost else ""
        if not self.calls:
            return f"No call was answered.{lost}"
        used, micros = self.usage, self.usage.cost_usd_micros
        cost = "at an unknown price" if micros is None else f"{usd(micros)} USD"
        return (
            f"Tried with {'one small call' if self.calls == 1 else f'{self.calls} small calls'}: "
            f"{used.input_tokens} tokens sent, {used.output_tokens} answered, "
            f"{'free of charge' if self._is_free else cost}.{lost}"
        )


async def probed(attempts: Sequence[Callable[[], Awaitable[Capability]]], bill: Bill, *, seconds: float) -> Probe:
    """What the attempts found out, one after the other, in `seconds` at most; an error ends them and is told."""
    found: list[Capability] = []
    failure: ProviderError | None = None
    with anyio.move_on_after(seconds) as limit:
        try:
            for attempt in attempts:
                found.append(await attempt())
        except ProviderError as error:
            failure = error
    if limit.cancelled_caught or isinstance(failure, AnswerLost):
        bill.lose()
    detail, remedy = str(bill), ""
    if failure is not None:
        detail, remedy = f"A small question came to nothing: {failure.detail} {bill}", failure.remedy
    elif limit.cancelled_caught:
        detail = f"{bill} What is not told here could not be found out within {seconds:g} s."
        remedy = "Ask again: a model that has yet to be loaded is slow at first."
    return Probe(
        is_tried=True,
        ok=(failure is None or isinstance(failure, ProviderBusy)) and all(one.ok for one in found),
        detail=detail,
        remedy=remedy,
        capabilities=found,
        calls=bill.calls,
        usage=bill.usage,
    )
