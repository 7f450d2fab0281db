"""How a question is put to a server that speaks an OpenAI API, and what came back, whichever of the two APIs it is."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import anyio

from blogen.errors import AnswerLost
from blogen.providers.openai_dialect import Connection
from blogen.providers.openai_presets import JsonOutput, LimitField, SystemRole
from blogen.providers.protocols import Stream, TextRequest, Usage
from blogen.providers.strict_schema import strict_schema

if TYPE_CHECKING:
    import openai

PLAINER_JSON: dict[JsonOutput, JsonOutput] = {"schema": "object", "object": "none"}


@dataclass(frozen=True)
class Form:
    """What a server is known, or supposed, to understand."""

    json: JsonOutput
    may_change_json: bool
    limit: LimitField | None
    tried_limits: tuple[str, ...] = ()
    most_output: int | None = None
    """The most output tokens that the model has turned out to allow."""
    temperature: bool = True
    reasoning_effort: bool = True
    streams: bool = True
    asks_for_usage: bool = True
    role: SystemRole = "system"
    background: bool = True
    store: bool = True
    brief: Mapping[str, Any] = field(default_factory=dict)
    """Fields that keep the model from reasoning at length; nothing but a probe needs them."""
    tells_shape: bool = True
    """Whether a shape is told in words, too, where no schema is sent."""


class Reply(NamedTuple):
    """An answer, before it is judged. `finish`: `stop`, `length`, `content_filter` or a word of the server's own."""

    text: str
    finish: str | None
    refusal: str
    usage: Usage
    has_usage: bool
    handle: str = ""
    """The server's id of the answer; with `state` one that is not there yet."""
    state: str = ""
    wants_json: bool = False
    """Whether the server says that it was asked for a JSON object."""


class Step(NamedTuple):
    """One thing less to ask for: the words by which servers name it, and the form without it."""

    names: tuple[str, ...]
    plainer: Form
    may_be_tried_blindly: bool = True
    """Whether it may be left out because of a refusal that names no field; a limit bounds what a call can cost."""


class Asking(NamedTuple):
    """What is asked, and of it what does not stand in the form."""

    request: TextRequest
    most_output: int | None
    temperature: float | None
    is_streaming: bool
    in_background: bool


class Api(Protocol):
    """One of OpenAI's two APIs for text."""

    def order(self, asking: Asking, form: Form) -> dict[str, Any]:
        """The body of the call."""
        ...

    def steps(self, form: Form, order: Mapping[str, Any]) -> Iterator[Step]:
        """What could be left out of `order`, the least needed first."""
        ...

    async def ask(
        self, client: "openai.AsyncOpenAI", order: dict[str, Any], headers: dict[str, str], stream: Stream | None
    ) -> Reply: ...


class Pieces:
    """A streamed answer, piece by piece. A pause is borne until the first words: models think."""

    def __init__(self, connection: Connection, pieces: AsyncIterator[Any], stall_seconds: float) -> None:
        self._connection = connection
        self._pieces = pieces
        self._stall_seconds = stall_seconds
        self.has_begun = False
        """Set when words come; from then on a pause may last `stall_seconds`."""
        self._count = 0

    async def next(self) -> Any:
        """The next piece, or None at the end."""
        with anyio.move_on_after(self._stall_seconds if self.has_begun else None):
            piece = await anext(self._pieces, None)
            self._count += piece is not None
            return piece
        raise self._connection.lost(
            f"[{self._connection.name}] stopped in the middle of its answer: "
            f"nothing came for {self._stall_seconds:g} s."
        )

    def cut_short(self) -> AnswerLost:
        """How to tell that there are no more pieces, and should be; where none came, something else answers there."""
        if self._count:
            return self._connection.lost(f"[{self._connection.name}] broke its answer off before the end.")
        return self._connection.malformed("is no stream")


def named_schema(request: TextRequest) -> dict[str, Any]:
    """The schema as both APIs take it: with a name, and strict if it can be."""
    schema, is_strict = strict_schema(request.json_schema or {})
    name = re.sub(r"[^A-Za-z0-9_-]", "_", request.purpose)[:64] or "answer"
    return {"name": name, "strict": is_strict, "schema": schema}


JSON_NAMES = ("response_format", "text.format", "json_schema", "json_object", "structured output", "guided", "schema",
              "grammar")  # fmt: skip


def without_brief(form: Form) -> Step:
    """The step before all others: not a question's form, but how to ask what forms a server takes."""
    return Step((*form.brief, "think", "reason", "template"), replace(form, brief={}))


def without_shape(form: Form) -> Form:
    return replace(form, json=PLAINER_JSON[form.json])


def text_of(content: object, *kinds: str) -> str:
    """A message's content: a text, or a list of parts of which those of `kinds` are text, and others reasoning."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (
            part for part in content if isinstance(part, dict) and part.get("type", "text") in (kinds or ("text",))
        )
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return ""
