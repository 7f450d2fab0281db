"""Text models behind anything that speaks OpenAI's Chat Completions or Responses API.

Wire formats: https://platform.openai.com/docs/api-reference/chat and …/responses. Compatible servers differ in what
they know, so a request that is refused for its form is sent again in a plainer one, and what worked is remembered.
Only a refusal leads to another try: an answer that was paid for is never asked for twice.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from blogen.errors import AnswerUnusable, ProviderError
from blogen.providers.json_answers import json_object
from blogen.providers.openai_chat import Chat
from blogen.providers.openai_dialect import Connection, OpenAISection, failures
from blogen.providers.openai_errors import BAD_JSON, OBJECTIONS, Objection
from blogen.providers.openai_forms import PLAINER_JSON, Api, Asking, Form, Reply
from blogen.providers.openai_presets import JsonOutput, SystemRole, UsageInStreams
from blogen.providers.openai_responses import POLL_SECONDS, Responses
from blogen.providers.protocols import Health, Pending, Probe, Stream, Submitted, TextAnswer, TextRequest, Usage
from blogen.providers.reasoning import without_reasoning

if TYPE_CHECKING:
    import openai

    from blogen.providers.limits import Limits
    from blogen.providers.openai_probe import Assumed

MAX_ANSWER_BYTES = 5_000_000
LONG_PURPOSES = frozenset({"draft", "revise", "critic"})
"""What takes a model long enough to let it work by itself."""


class Config(OpenAISection):
    """`kind = "openai"`: OpenAI, or any server with the same API (vLLM, llama.cpp, Ollama, OpenRouter …)."""

    api: Literal["chat", "responses"] | None = Field(
        None,
        description="Which of OpenAI's two APIs is spoken: Chat Completions or Responses; unset: `responses` at "
        "api.openai.com, else `chat`",
    )
    background: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether answers are worked on in the background, so that a crash loses none; needs the Responses "
        "API; `auto`: long ones (drafts, reviews, revisions)",
    )
    json_output: Literal["auto", JsonOutput] = Field(
        "auto",
        description="How answers with a shape are asked for: `schema` (structured output), `object` (JSON mode), "
        "`none` (by words alone); `auto`: as the preset says, and plainer where that is refused",
    )
    usage_in_streams: Literal["auto", UsageInStreams] = Field(
        "auto",
        description="Whether streams tell what was used: when they are `asked`, `given` unasked, or `none`; "
        "`auto`: as the preset says",
    )
    system_role: Literal["auto", SystemRole] = Field(
        "auto",
        description="Whose words the instructions are: `system`, `developer`, or part of what the `user` says; "
        "`auto`: as the preset says",
    )
    max_output_tokens: int = Field(
        16_000,
        ge=256,
        le=1_000_000,
        description="Tokens that one answer may have at most, with the model's reasoning; bounds what a call can cost",
    )
    stall_seconds: float = Field(
        60, gt=0, le=3600, allow_inf_nan=False, description="How long a streamed answer may pause before it is given up"
    )
    temperature: float | None = Field(
        None, ge=0, le=2, allow_inf_nan=False, description="Sampling temperature of all calls; unset: as each call asks"
    )
    reasoning_effort: str | None = Field(
        None, max_length=20, description="How much a model that reasons shall do so, e.g. low; unset: its own choice"
    )

    @model_validator(mode="after")
    def _background_is_possible(self) -> Self:
        if self.background == "always" and not self.speaks_responses and not self.base_urls:
            raise ValueError('`background = "always"` needs `api = "responses"`, and a service that speaks it')
        return self

    @property
    def speaks_responses(self) -> bool:
        return self.api == "responses" or (self.api is None and self.host == "api.openai.com")


class Provider:
    """Implements `TextModel` and `CanProbe`, and `BackgroundTextModel` where the Responses API is spoken."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        self._connection = Connection(
            name, config, max_answer_bytes=MAX_ANSWER_BYTES, has_responses=config.speaks_responses
        )
        self._responses = Responses(
            self._connection, stall_seconds=config.stall_seconds, effort=config.reasoning_effort
        )
        self._api: Api = self._responses
        if not config.speaks_responses:
            self._api = Chat(
                self._connection,
                stall_seconds=config.stall_seconds,
                effort=config.reasoning_effort,
                body=config.service.body,
            )
        self._form = _first_form(config)

    async def complete(self, request: TextRequest, *, stream: Stream | None = None) -> TextAnswer:
        """Answer one question. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        form, reply = await self._connection.ask(lambda client: self._asked(client, request, stream, self._form))
        return self._answer(request, form, reply)

    def works_in_background(self, request: TextRequest) -> bool:
        if not self._config.speaks_responses or not self._form.background or self._config.background == "never":
            return False
        return self._config.background == "always" or request.purpose in LONG_PURPOSES

    async def submit(self, request: TextRequest) -> TextAnswer | Submitted:
        """Have one question answered in the background. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        form, reply = await self._connection.ask(
            lambda client: self._asked(client, request, None, self._form, in_background=True)
        )
        if reply.state:
            self._form = form
            return Submitted(handle=reply.handle, poll_after_seconds=POLL_SECONDS[0], state=reply.state)
        return self._answer(request, form, reply)

    async def poll(self, handle: str) -> TextAnswer | Pending | Submitted:
        """Ask for an answer that was ordered before, perhaps by an earlier process."""
        try:
            found = await self._connection.ask(lambda client: self._retrieved(client, handle))
        except ProviderError as error:
            if "(404)" in error.detail and not error.retryable:
                raise self._connection.refused(
                    f"[{self.name}] does not have the answer {handle[:60]!r} any more: it keeps one for about ten "
                    "minutes. Whether it was finished, and paid for, is unknown.",
                    "Retry the job: that orders the answer anew.",
                ) from error
            raise
        if isinstance(found, Pending):
            return found
        return TextAnswer(text=self._judged(found, wants_json=found.wants_json), usage=found.usage)

    async def cancel(self, handle: str) -> None:
        """Let the service stop working on it; quiet if it has ended or is not known."""
        try:
            await self._connection.ask(lambda client: self._responses.cancel(client, handle))
        except ProviderError:
            return  # an order that cannot be taken back ends by itself

    def most_usd_micros(self, request: TextRequest) -> int | None:
        """What one call can cost at most; None where no price is known."""
        price, of_call = self._config.price, self._config.call_usd_micros
        if self.is_free or price is None:
            return of_call
        asked = f"{request.system}{request.user}{_schema_of(request)}"
        sent = (len(asked.encode()) + 1) // 2 + 200
        most = price.most_usd_micros(sent, self._most_output(request, self._form))
        return None if most is None else most + (of_call or 0)

    async def check(self) -> Health:
        """Whether the server answers, takes the key and knows the model; spends nothing."""
        health = await self._connection.check(self._told())
        return health.model_copy(update={"assumed": self._assumed.by_key})

    async def probe(self, limits: "Limits", *, seconds: float) -> Probe:
        """Try what `check` only supposes, with a few small calls."""
        from blogen.providers.openai_probe import Prober  # only `doctor` needs it

        async def ask(request: TextRequest, form: Form, stream: Stream | None) -> tuple[Form, Reply]:
            return await self._connection.ask(lambda client: self._asked(client, request, stream, form))

        prober = Prober(
            self._connection,
            ask,
            self._form,
            self._assumed,
            brief=_brief(self._config),
            limits=limits,
            is_free=self.is_free,
        )
        return await prober.probe(seconds)

    async def close(self) -> None:
        await self._connection.close()

    # -- one call, in as plain a form as the server needs it ------------------------------------------------------

    async def _asked(
        self,
        client: "openai.AsyncOpenAI",
        request: TextRequest,
        stream: Stream | None,
        form: Form,
        *,
        in_background: bool = False,
    ) -> tuple[Form, Reply]:
        remembered = form.most_output
        refusals: list[Exception] = []
        while True:
            order = self._api.order(self._asking(request, form, stream, in_background=in_background), form)
            try:
                reply = await self._api.ask(client, order, _headers(request, len(refusals)), stream)
            except failures() as error:
                objection = self._connection.objection(error)
                plainer = self._plainer(form, objection, order)
                refusals.append(error)
                if plainer is None:
                    self._learn_from(objection, form)
                    # What the first, full request was refused for is what the owner can mend.
                    raise self._connection.worded(self._first(refusals)) from error
                if plainer.most_output != form.most_output and objection and not objection.names("context"):
                    remembered = plainer.most_output  # else it is due to this question's length, not to the model
                form = plainer
            else:
                return replace(form, most_output=remembered), reply

    def _asking(self, request: TextRequest, form: Form, stream: Stream | None, *, in_background: bool) -> Asking:
        temperature = self._config.temperature if self._config.temperature is not None else request.temperature
        return Asking(request, self._most_output(request, form), temperature, stream is not None, in_background)

    def _most_output(self, request: TextRequest, form: Form) -> int:
        limits = (request.max_output_tokens, self._config.max_output_tokens, form.most_output)
        return min(limit for limit in limits if limit is not None)

    def _plainer(self, form: Form, objection: Objection | None, order: dict[str, object]) -> Form | None:
        """The next form to try: without the field the server names, else without the least needed one. None: none."""
        if objection is None or objection.status not in OBJECTIONS:
            return None
        limit = next((order[key] for key in _LIMIT_FIELDS if key in order), None)
        if isinstance(limit, int) and (smaller := objection.smaller_limit(limit)):
            return replace(form, most_output=smaller)
        if objection.is_explicit:
            return None
        steps = list(self._api.steps(form, order))
        named = [step.plainer for step in steps if objection.names(*step.names)]
        if named:
            return named[0]
        blind = [step.plainer for step in steps if step.may_be_tried_blindly]
        return blind[0] if blind and self._connection.permanent(objection) is None else None

    def _first(self, refusals: list[Exception]) -> Exception:
        last = self._connection.objection(refusals[-1])
        return refusals[0] if last is not None and last.status in OBJECTIONS else refusals[-1]

    def _learn_from(self, objection: Objection | None, form: Form) -> None:
        """Ask for a shape in plainer words from now on, where a model cannot keep to it."""
        if objection is not None and objection.code == BAD_JSON and form.may_change_json and form.json != "none":
            self._form = replace(self._form, json=PLAINER_JSON[form.json])

    async def _retrieved(self, client: "openai.AsyncOpenAI", handle: str) -> Reply | Pending:
        try:
            return await self._responses.retrieve(client, handle)
        except failures() as error:
            raise self._connection.worded(error) from error

    # -- an answer and what is to be thought of it ----------------------------------------------------------------

    def _answer(self, request: TextRequest, form: Form, reply: Reply) -> TextAnswer:
        """The reply as an answer; what was learned about the server is kept."""
        counts_money = not self.is_free and (self._config.has_price or self._config.price is not None)
        if not reply.has_usage and form.streams and counts_money:
            # Where money is counted, the next call rather gives up streaming than its cost.
            form = replace(form, streams=False)
        self._form = form
        if not reply.has_usage:
            reply = reply._replace(usage=self._guessed(request, reply))
        wants_json = request.json_schema is not None
        text = self._judged(reply, wants_json=wants_json)
        if wants_json and json_object(text) is None and form.may_change_json and form.json != "none":
            # It takes the order for a shape and does not follow it: say it in words the next time.
            self._form = replace(self._form, json=PLAINER_JSON[form.json])
        return TextAnswer(text=text, usage=reply.usage)

    def _judged(self, reply: Reply, *, wants_json: bool) -> str:
        """The text of a reply, if it can be used. Raises ContentRefused, AnswerUnusable."""
        shown = self._connection.without_key
        reply = reply._replace(text=shown(reply.text), refusal=shown(reply.refusal))
        text = without_reasoning(reply.text)
        if reply.refusal or (reply.finish or "").startswith("content_filter"):
            raise self._connection.content_refused(reply.refusal[:300] or "by its content filter.", reply.usage)
        if reply.finish in {"length", "max_tokens"}:
            raise self._unusable(
                f"[{self.name}] stopped at its length limit before the answer was complete.",
                "Raise max_output_tokens, ask for fewer words, or use a model that may answer at greater length.",
                reply,
            )
        if not text:
            raise self._unusable(f"[{self.name}] gave an empty answer.", "Try again, or use another model.", reply)
        return (json_object(text) or text) if wants_json else text

    def _guessed(self, request: TextRequest, reply: Reply) -> Usage:
        """A cost by the texts' length, where prices are known and the service did not say what was used."""
        if self.is_free or self._config.price is None or reply.usage.accuracy == "reported":
            return reply.usage
        sent = _guessed_tokens(f"{request.system}{request.user}{_schema_of(request)}")
        answered = _guessed_tokens(f"{reply.text}{reply.refusal}")
        return reply.usage.model_copy(
            update={
                "input_tokens": sent,
                "output_tokens": answered,
                "cost_usd_micros": self._config.cost_usd_micros(sent, answered),
                "accuracy": "guessed",
            }
        )

    def _unusable(self, detail: str, remedy: str, reply: Reply) -> AnswerUnusable:
        return AnswerUnusable(detail, remedy=remedy, provider=self.name, raw=reply.text, usage=reply.usage)

    @property
    def _assumed(self) -> "Assumed":
        """What calls begin with, and a probe can try."""
        from blogen.providers.openai_probe import Assumed

        config, form = self._config, self._form
        return Assumed(
            json=form.json,
            is_json_forced=not form.may_change_json,
            usage_in_streams=_usage_in_streams(config),
            system_role=None if config.speaks_responses else form.role,
        )

    def _told(self) -> str:
        """What is supposed about the server, in words for `doctor`."""
        form, config = self._form, self._config
        told = [
            "the Responses API" if config.speaks_responses else "Chat Completions",
            {"schema": "structured output", "object": "JSON mode", "none": "no JSON mode"}[form.json],
        ]
        if not config.speaks_responses:
            told += [f"{form.role} role", f"{form.limit or 'no limit of output'}"]
            told += ["usage in streams on request" if form.asks_for_usage else "no request for usage in streams"]
        by = f"from preset {config.preset}" if config.preset else "until it refuses something"
        return f"Assumed {by}: {', '.join(told)}."


_LIMIT_FIELDS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def _first_form(config: Config) -> Form:
    service = config.service
    is_current = config.host.endswith((".openai.com", ".openai.azure.com"))
    usage_in_streams = _usage_in_streams(config)
    return Form(
        json=service.json if config.json_output == "auto" else config.json_output,
        may_change_json=config.json_output == "auto",
        limit="max_completion_tokens" if is_current and config.preset is None else service.limit,
        streams=usage_in_streams != "none" or not config.has_price,
        asks_for_usage=usage_in_streams == "asked",
        role=service.system_role if config.system_role == "auto" else config.system_role,
    )


def _usage_in_streams(config: Config) -> UsageInStreams:
    return config.service.usage_in_streams if config.usage_in_streams == "auto" else config.usage_in_streams


def _brief(config: Config) -> Mapping[str, Any]:
    """What keeps a model from reasoning at length, in the words of the API that is spoken."""
    brief = config.service.brief
    if not config.speaks_responses:
        return brief
    return {"reasoning": {"effort": brief["reasoning_effort"]}} if "reasoning_effort" in brief else {}


def _headers(request: TextRequest, refusals: int) -> dict[str, str]:
    """What the call is for, and an id that tells a repetition from another call; a plainer form is another call."""
    headers = {"X-Blogen-Purpose": re.sub(r"[^\w:./-]", "-", request.purpose, flags=re.A)[:64]}
    if request.reference:
        reference = re.sub(r"[^\w:./-]", "-", request.reference, flags=re.A)[:240]
        headers["Idempotency-Key"] = f"{reference}.{refusals}" if refusals else reference
    return headers


def _schema_of(request: TextRequest) -> str:
    return json.dumps(request.json_schema, ensure_ascii=False) if request.json_schema is not None else ""


def _guessed_tokens(text: str) -> int:
    return (len(text.encode()) + 3) // 4
