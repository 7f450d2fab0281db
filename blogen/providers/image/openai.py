"""Pictures from anything that speaks OpenAI's Images API.

Wire format: https://platform.openai.com/docs/api-reference/images/create. The answer holds the picture as base64, or
an address to fetch it from; newer models always send base64, so none is asked for.
"""

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field

from blogen.errors import AnswerUnusable, ProviderUnavailable, SourceRefused
from blogen.providers.diffusion import is_picture
from blogen.providers.openai_dialect import Connection, OpenAISection, failures
from blogen.providers.openai_errors import OBJECTIONS
from blogen.providers.protocols import Drawn, Health, ImageRequest, Pending, Submitted, Usage

if TYPE_CHECKING:
    import openai

MAX_PICTURE_BYTES = 30_000_000
_MAX_ANSWER_BYTES = MAX_PICTURE_BYTES * 4 // 3 + 100_000


class Config(OpenAISection):
    """`kind = "openai"`: OpenAI's image models, or any server with the same API."""

    model: str = Field("gpt-image-1", min_length=1, max_length=200, description="Name of the image model")
    timeout_seconds: float = Field(
        300, gt=0, le=3600, allow_inf_nan=False, description="How long one picture may take before it is given up"
    )
    size: str | None = Field(
        "1536x1024",
        pattern=r"^(auto|[1-9]\d{1,4}x[1-9]\d{1,4})$",
        description="Width x height in pixels as the model offers it, or `auto`",
    )
    quality: str | None = Field(None, max_length=20, description="As the model offers it, e.g. low, medium, high")


class Provider:
    """Implements `ImageModel`; every order is answered at once."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        self._connection = Connection(name, config, max_answer_bytes=_MAX_ANSWER_BYTES)
        self._left_out: frozenset[str] = frozenset()

    async def submit(self, request: ImageRequest) -> Drawn | Submitted:
        """Draw one picture. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        entry, usage = await self._connection.ask(lambda client: self._draw(client, request.prompt))
        if isinstance(encoded := entry.get("b64_json"), str):
            drawn = Drawn(content=self._decoded(encoded), media_type=_media_type(entry), usage=usage)
        elif not isinstance(url := entry.get("url"), str):
            raise self._connection.malformed("holds no picture")
        elif url.startswith("data:"):
            drawn = Drawn(content=self._decoded(url.partition(",")[2]), usage=usage)
        else:
            drawn = await self._download(url, usage)
        if not is_picture(drawn.content):
            detail = f"A picture was expected from [{self.name}], and something else came."
            raise self._unusable(detail, "Try again, or use another model.", usage, drawn.content[:2000])
        return drawn

    async def poll(self, handle: str) -> Drawn | Pending:
        raise self._connection.refused(f"[{self.name}] gives no handles, so {handle!r} is not one of it.")

    async def check(self) -> Health:
        return await self._connection.check()

    async def close(self) -> None:
        await self._connection.close()

    async def _draw(self, client: "openai.AsyncOpenAI", prompt: str) -> tuple[dict[str, Any], Usage]:
        left_out = self._left_out
        first: Exception | None = None
        while True:
            order = self._order(prompt, left_out)
            try:
                raw = await client.images.with_raw_response.generate(**order)
            except failures() as error:
                objection = self._connection.objection(error)
                first = first or error
                if objection is None or objection.status not in OBJECTIONS or objection.is_explicit:
                    raise
                named = [key for key in _OPTIONAL if key in order and objection.names(key)]
                more = named[:1] or [key for key in _OPTIONAL if key in order][:1]
                if not more or (not named and self._connection.permanent(objection)):
                    raise self._connection.worded(first) from error
                left_out |= set(more)
            else:
                self._left_out = left_out
                return self._read(raw.http_response.content)

    def _order(self, prompt: str, left_out: frozenset[str]) -> dict[str, Any]:
        order = {"model": self._config.model, "prompt": prompt}
        optional = {"quality": self._config.quality, "size": self._config.size}
        return order | {key: value for key, value in optional.items() if value is not None and key not in left_out}

    def _read(self, content: bytes) -> tuple[dict[str, Any], Usage]:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise self._connection.malformed("is not JSON") from None
        pictures = body.get("data") if isinstance(body, dict) else None
        if not isinstance(pictures, list) or not pictures or not isinstance(pictures[0], dict):
            raise self._connection.malformed("holds no picture")
        usage = self._connection.usage(body.get("model"), body.get("usage"), ("input_tokens", "output_tokens"))
        if self._config.usd_per_call is not None:
            usage = usage.model_copy(update={"cost_usd_micros": self._config.call_usd_micros})
        return {**pictures[0], "output_format": body.get("output_format")}, usage

    def _decoded(self, encoded: str) -> bytes:
        try:
            content = base64.b64decode(encoded.partition(",")[2] if encoded.startswith("data:") else encoded)
        except (binascii.Error, ValueError):
            raise self._connection.malformed("holds a picture that is not base64") from None
        if not content:
            raise self._connection.malformed("holds an empty picture")
        return content

    async def _download(self, url: str, usage: Usage) -> Drawn:
        """Fetch the picture by the rules for sources; only the API's own host may be private.

        It is drawn by now, and paid for: what keeps it from coming is no reason to think that nothing was ordered.
        """
        from blogen.providers.fetch import Fetcher

        parts = urlsplit(self._config.base_url)
        fetcher = Fetcher(
            timeout_seconds=self._config.timeout_seconds,
            max_bytes=MAX_PICTURE_BYTES,
            allow_hosts=[parts.hostname or ""],
        )
        try:
            fetched = await fetcher.fetch(url, accept=("image/", "application/octet-stream"))
        except SourceRefused as error:
            detail = f"The picture of [{self.name}] could not be fetched: {error.detail}"
            raise self._unusable(detail, _REACHABLE, usage) from error
        except ProviderUnavailable as error:
            detail = f"The picture of [{self.name}] could not be fetched: {error.detail}"
            lost = self._connection.lost(detail, _REACHABLE)
            lost.retry_after_seconds = error.retry_after_seconds
            raise lost from error
        finally:
            await fetcher.close()
        return Drawn(content=fetched.body, media_type=fetched.media_type, usage=usage)

    def _unusable(self, detail: str, remedy: str, usage: Usage, raw: bytes = b"") -> AnswerUnusable:
        said = self._connection.without_key(raw.decode("utf-8", "replace"))
        return AnswerUnusable(detail, remedy=remedy, provider=self.name, raw=said, usage=usage)


_REACHABLE = "Let the service send pictures in its answer, or give addresses that can be reached from the internet."
_OPTIONAL = ("quality", "size")


def _media_type(entry: dict[str, Any]) -> str:
    output_format = entry.get("output_format")
    return f"image/{output_format}" if output_format in {"png", "jpeg", "webp"} else ""
