"""What the engine's stages ask of the outside world.

The smallest provider implements one of `TextModel`, `ImageModel`, `SearchEngine`; the `Can…` protocols are optional
and are found by their methods.

A provider makes one call and turns every failure into `ProviderRefused` (do not repeat), `ProviderUnavailable`
(repeat later) or `AnswerUnusable`. It does not retry, limit or log.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pydantic import Field

from blogen.domain.model import Model

if TYPE_CHECKING:
    from blogen.providers.limits import Limits

Stream = Callable[[str], None]
"""Called with each piece of text as it arrives; for show only."""


Accuracy = Literal["reported", "computed", "guessed"]
"""How a cost is known: the service said so; tokens times price; neither, estimated from the text's length."""


class Usage(Model):
    """What a call used. `cost_usd_micros` is None where no price is known: unknown is not zero."""

    provider: str = ""
    """The section's name, e.g. `text.main`."""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd_micros: int | None = None
    accuracy: Accuracy = "computed"
    """Of the cost; says nothing where that is None."""
    pause_seconds: float = Field(0.0, exclude=True)
    """How long the service asks to be left alone after this call, because a quota is used up (`x-ratelimit-…`)."""


class TextRequest(Model):
    """One question to a text model. With `json_schema` the answer is to be one JSON object of that schema."""

    system: str
    user: str
    purpose: str
    """What the call is for (`outline`, `draft`, `edit` …); names the schema, chooses a model per role later."""
    json_schema: dict[str, Any] | None = None
    max_output_tokens: int | None = Field(None, ge=1)
    temperature: float | None = None
    reference: str = Field("", exclude=True)
    """Our own id of the step and its run; no part of the question. For services that take an idempotency key."""


class TextAnswer(Model):
    text: str
    """The answer without reasoning (`<think>` blocks and reasoning fields never reach it)."""
    usage: Usage = Usage()


class ImageRequest(Model):
    prompt: str
    alt: str = ""
    title: str = ""
    """The post's title; what `covers` draws from."""
    width: int = 1600
    height: int = 900
    key: str = "cover"
    reference: str = Field("", exclude=True)
    """Our own id of the step and its run, for services that carry a client's id along (found again after a crash)."""


class Drawn(Model):
    """A finished picture: the bytes as they came, not yet trusted."""

    content: bytes
    media_type: str = ""
    usage: Usage = Usage()


class Submitted(Model):
    """The service works on it; `handle` is its id of the call. Committed at once, resumed from after a crash.

    A service that works in phases may answer a poll with it, too: from then on the new handle is what is polled, at
    once if `poll_after_seconds` is 0. So an intent can be committed before the call that it announces.
    """

    handle: str = Field(min_length=1, max_length=16_000)
    poll_after_seconds: float = 2.0
    state: str = Field("submitted", max_length=40)
    """Where the task is, in the words of the service's own life cycle; shown in the timeline."""


class Pending(Model):
    """Not done yet; `fraction` is 0 to 1 if the service tells."""

    fraction: float | None = None
    poll_after_seconds: float = 2.0


class SearchHit(Model):
    url: str
    title: str
    snippet: str = ""


class Health(Model):
    """What `doctor` found out about a provider without spending anything."""

    ok: bool
    detail: str
    remedy: str = ""
    assumed: dict[str, str] = Field(default_factory=dict)
    """What the service is only supposed to understand, by the section's key for it; `CanProbe` finds out."""


class Capability(Model):
    """One thing that a service does or does not understand, as small calls to it have shown."""

    key: str
    """The section's key that says so, e.g. `json_output`."""
    assumed: str
    """As what the key is set to, or as what it counts while it is `auto`."""
    found: str = ""
    """What the key should be; empty: that could not be told."""
    ok: bool = True
    """False where the calls that Blogen makes fail, or do not do what they should."""
    detail: str
    remedy: str = ""
    """What to set to what; also where calls do well and could do better."""


class Probe(Model):
    """What came of trying a service's capabilities, and what that cost."""

    is_tried: bool
    ok: bool
    detail: str
    remedy: str = ""
    capabilities: list[Capability] = Field(default_factory=list)
    calls: int = 0
    """Those that were answered."""
    usage: Usage = Usage(cost_usd_micros=0)
    """Of all calls together."""


class _Provider(Protocol):
    name: str
    """The section's name, e.g. `text.main`."""
    is_free: bool
    """Local or embedded: never asked about when in doubt, never blocked by a budget."""

    def check(self) -> Awaitable[Health]: ...

    async def close(self) -> None: ...


@runtime_checkable
class TextModel(_Provider, Protocol):
    async def complete(self, request: TextRequest, *, stream: Stream | None = None) -> TextAnswer:
        """Answer one question. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        ...


@runtime_checkable
class ImageModel(_Provider, Protocol):
    async def submit(self, request: ImageRequest) -> Drawn | Submitted:
        """Order one picture. Services that answer at once return it; others return their handle."""
        ...

    async def poll(self, handle: str) -> Drawn | Pending | Submitted:
        """Ask for a picture that was ordered before, perhaps by an earlier process."""
        ...


@runtime_checkable
class BackgroundTextModel(TextModel, Protocol):
    """A text model that can work on long answers by itself, and be asked for them later."""

    def works_in_background(self, request: TextRequest) -> bool:
        """Whether `request` should be submitted rather than completed."""
        ...

    async def submit(self, request: TextRequest) -> TextAnswer | Submitted: ...

    async def poll(self, handle: str) -> TextAnswer | Pending | Submitted: ...


@runtime_checkable
class CanFind(Protocol):
    """A service that can tell, after a crash, whether an order reached it."""

    async def find(self, reference: str) -> Submitted | None:
        """The order that was submitted with this `reference`; None: the service knows that there is none.

        Raises InDoubt if it cannot tell, ProviderUnavailable if it cannot tell now.
        """
        ...


@runtime_checkable
class CanCancel(Protocol):
    async def cancel(self, handle: str) -> None:
        """Stop working on it, as far as the service can; quiet if it has ended or is not known."""
        ...


@runtime_checkable
class CanPrice(Protocol):
    """A provider that knows what a call may cost at most; others' calls have no known price."""

    def most_usd_micros(self, request: Any) -> int | None:
        """Upper bound of what one call with `request` can cost, in micro-dollars; None where no price is known."""
        ...


@runtime_checkable
class CanProbe(Protocol):
    """A service whose `Health` tells what it is only supposed to understand, and that can be tried for it."""

    async def probe(self, limits: "Limits", *, seconds: float) -> Probe:
        """Try it with a few small calls, in `seconds` at most; they cost what calls cost. Raises nothing of its own.

        Each call waits for its turn in `limits`, those of the section.
        """
        ...


@runtime_checkable
class SearchEngine(_Provider, Protocol):
    async def search(self, query: str, *, language: str, limit: int = 10) -> list[SearchHit]: ...
