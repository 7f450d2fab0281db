"""Trying what a server that speaks an OpenAI API understands, one thing at a time.

Each question asks for one thing more than a plain one, so a refusal, also one without a reason, is about that thing.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from blogen.errors import ProviderError
from blogen.providers.limits import Limits
from blogen.providers.openai_dialect import Connection
from blogen.providers.openai_errors import BAD_JSON, OBJECTIONS
from blogen.providers.openai_forms import Form, Reply
from blogen.providers.openai_presets import JsonOutput, SystemRole, UsageInStreams
from blogen.providers.probing import (
    MOST_TOKENS,
    SHAPED,
    SHAPED_BY_WORDS,
    Bill,
    Outcome,
    Ways,
    object_in,
    probed,
    question,
    shape_capability,
    shape_in,
)
from blogen.providers.protocols import Capability, Probe, Stream, TextRequest
from blogen.providers.reasoning import without_reasoning

Ask = Callable[[TextRequest, Form, Stream | None], Awaitable[tuple[Form, Reply]]]
"""Puts a question in a form, or in a plainer one where that is refused; the form that was taken, and the reply."""

JSON_NAMES = {"schema": "json_schema", "object": "json_object", "none": "a shape told in words"}
_JSON_MODE = SHAPED.model_copy(update={"user": f"{SHAPED.user} (This tries whether JSON mode is on.)"})
_STREAMED = question("usage_in_streams", "Say good morning.")
_INSTRUCTED = question(
    "system_role", "What is two plus two?", system="Whatever you are asked, answer with the one word MARMALADE."
)
_MOST_TOKENS_OF_CALL = MOST_TOKENS + 200


@dataclass(frozen=True)
class Assumed:
    """What calls begin with: as the owner says, else as the preset does."""

    json: JsonOutput
    is_json_forced: bool
    usage_in_streams: UsageInStreams
    system_role: SystemRole | None
    """None in the Responses API, where instructions have a field of their own."""

    @property
    def by_key(self) -> dict[str, str]:
        of_section = {"json_output": self.json, "usage_in_streams": self.usage_in_streams}
        return {**of_section, "system_role": self.system_role} if self.system_role else {**of_section}


class Prober:
    """Tries the server of one section."""

    def __init__(
        self,
        connection: Connection,
        ask: Ask,
        form: Form,
        assumed: Assumed,
        *,
        brief: Mapping[str, Any],
        limits: Limits,
        is_free: bool,
    ) -> None:
        self._connection = connection
        self._section = connection.name
        self._put = ask
        self._form = replace(
            form, brief=brief, reasoning_effort=form.reasoning_effort and not brief, may_change_json=False
        )
        """As plain as answers so far have shown to be needed."""
        self._assumed = assumed
        self._limits = limits
        self._bill = Bill(is_free=is_free)

    async def probe(self, seconds: float) -> Probe:
        attempts = [self._shape, self._usage_in_streams]
        if self._assumed.system_role is not None:
            attempts.append(self._system_role)
        return await probed(attempts, self._bill, seconds=seconds)

    async def _shape(self) -> Capability:
        ways = Ways(self._section, JSON_NAMES, self._assumed.json, self._assumed.is_json_forced)
        return await shape_capability(ways, self._shaped)

    async def _shaped(self, way: str) -> Outcome:
        match way:
            case "schema":
                request, form, judge = SHAPED, replace(self._form, json="schema"), shape_in
            case "object":
                request, form, judge = _JSON_MODE, replace(self._form, json="object", tells_shape=False), object_in
            case _:
                request, form, judge = SHAPED_BY_WORDS, replace(self._form, json="none", tells_shape=True), shape_in
        try:
            _, reply = await self._ask(request, form)
        except ProviderError as error:
            if way == "none" or (outcome := self._outcome(error)) is None:
                raise
            return outcome
        return judge(reply.text, is_whole=_is_whole(reply))

    async def _usage_in_streams(self) -> Capability:
        assumed = self._assumed.usage_in_streams
        form = replace(self._form, streams=True, asks_for_usage=assumed != "given")
        taken, reply = await self._ask(_STREAMED, form, is_streaming=True)
        if assumed == "given" and not reply.has_usage:
            form = replace(self._form, streams=True, asks_for_usage=True)
            taken, reply = await self._ask(_STREAMED, form, is_streaming=True)
        is_asked = taken.asks_for_usage and self._assumed.system_role is not None  # Responses are not asked for it
        found: UsageInStreams = "none"
        if reply.has_usage and taken.streams:
            found = "asked" if is_asked else "given"
        detail = _STREAMS[found] if taken.streams else "It refuses to stream."
        if form.asks_for_usage and not taken.asks_for_usage and taken.streams:
            detail = f"It refuses stream_options. {detail}"
        told = Capability(key="usage_in_streams", assumed=assumed, found=found, detail=detail)
        if found == assumed or (self._assumed.system_role is None and "none" not in {found, assumed}):
            return told.model_copy(update={"found": assumed})
        return told.model_copy(update={"remedy": f'Set usage_in_streams = "{found}" in [{self._section}].'})

    async def _system_role(self) -> Capability:
        assumed = self._assumed.system_role or "system"
        roles: list[SystemRole] = ["system" if assumed == "user" else assumed, "user"]
        outcomes: dict[SystemRole, Outcome] = {}
        for role in roles:
            if role in outcomes:
                continue
            outcomes.update(await self._heeded(role))
            if "kept" in {outcome.kind for outcome in outcomes.values()}:
                break
        said = [_ROLES[kind].format(role) + (f" ({words})" if words else "")
                for role, (kind, words) in outcomes.items()]  # fmt: skip
        told = Capability(key="system_role", assumed=assumed, detail=f"It {'; it '.join(said)}.")
        found = next((role for role, outcome in outcomes.items() if outcome.kind == "kept"), None)
        if found is None or found == assumed:
            return told.model_copy(update={"found": found or ""})
        in_use = outcomes[assumed].kind if assumed in outcomes else "kept"
        remedy = f'Set system_role = "{found}" in [{self._section}].'
        is_well = in_use in {"kept", "refused", "unclear"}  # a refused role is left for another by itself
        return told.model_copy(update={"found": found, "ok": is_well, "remedy": remedy})

    async def _heeded(self, role: SystemRole) -> dict[SystemRole, Outcome]:
        """What came of instructions in that role; where it was refused, in the one that was taken instead, too."""
        try:
            taken, reply = await self._ask(_INSTRUCTED, replace(self._form, role=role))
        except ProviderError as error:
            if role == "user" or (outcome := self._outcome(error)) is None:
                raise
            return {role: outcome}
        text = without_reasoning(reply.text)
        heeded = Outcome("kept" if "marmalade" in text.casefold() else "ignored" if text else "unclear")
        return {taken.role: heeded} if taken.role == role else {role: Outcome("refused"), taken.role: heeded}

    async def _ask(self, request: TextRequest, form: Form, *, is_streaming: bool = False) -> tuple[Form, Reply]:
        async with self._limits.turn(tokens=_MOST_TOKENS_OF_CALL) as turn:
            taken, reply = await self._put(request, form, _unseen if is_streaming else None)
            turn.used(reply.usage.input_tokens + reply.usage.output_tokens)
        self._bill.add(reply.usage)
        self._form = taken
        return taken, reply

    def _outcome(self, error: ProviderError) -> Outcome | None:
        """What a refusal says about the form of the question; None if it is about something else."""
        objection = self._connection.objection(error.__cause__) if error.__cause__ else None
        if objection is None:
            return None
        words = objection.words.rstrip(".")
        if objection.code == BAD_JSON:
            return Outcome("ignored", words)
        if self._connection.permanent(objection) is not None:
            return None
        if objection.status in OBJECTIONS:
            return Outcome("refused", words)
        # Other such statuses say that it is overloaded, or that something before it cannot reach it.
        return Outcome("failed", words or "500") if objection.status == 500 else None


_STREAMS: dict[UsageInStreams, str] = {
    "asked": "Its streams tell what was used, as they are asked to.",
    "given": "Its streams tell what was used, also unasked.",
    "none": "Its streams do not tell what was used.",
}
_ROLES = {
    "kept": "heeds instructions in the {} role",
    "ignored": "takes instructions in the {} role and does not heed them",
    "refused": "refuses the {} role",
    "failed": "fails with the {} role",
    "unclear": "gave no answer to instructions in the {} role",
}


def _is_whole(reply: Reply) -> bool:
    return reply.finish not in {"length", "max_tokens"}


def _unseen(_: str) -> None:
    """Takes the pieces of a stream that nobody looks at."""
