"""What the engine's stages ask of the outside world.

A provider makes one call and turns every failure into `ProviderRefused` (do not repeat), `ProviderUnavailable`
(repeat later) or `AnswerUnusable`. It does not retry, limit or log.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from pydantic import Field

from blogen.domain.model import Model

Stream = Callable[[str], None]
"""Called with each piece of text as it arrives; for show only."""


class Usage(Model):
    """What a call used. `cost_usd_micros` is None where no price is known: unknown is not zero."""

    provider: str = ""
    """The section's name, e.g. `text.main`."""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd_micros: int | None = None


class TextRequest(Model):
    """One question to a text model. With `json_schema` the answer is to be one JSON object of that schema."""

    system: str
    user: str
    purpose: str
    """What the call is for (`outline`, `draft`, `edit` …); names the schema, chooses a model per role later."""
    json_schema: dict[str, Any] | None = None
    max_output_tokens: int | None = Field(None, ge=1)
    temperature: float | None = None


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
    reference: str = ""
    """Our own id of the step, for services that carry a client's id along (found again after a crash)."""


class Drawn(Model):
    """A finished picture: the bytes as they came, not yet trusted."""

    content: bytes
    media_type: str = ""
    usage: Usage = Usage()


class Submitted(Model):
    """The service works on it; `handle` is its id of the call. Committed at once, resumed from after a crash."""

    handle: str
    poll_after_seconds: float = 2.0


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

    async def poll(self, handle: str) -> Drawn | Pending:
        """Ask for a picture that was ordered before, perhaps by an earlier process."""
        ...


@runtime_checkable
class SearchEngine(_Provider, Protocol):
    async def search(self, query: str, *, language: str, limit: int = 10) -> list[SearchHit]: ...
