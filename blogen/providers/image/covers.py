"""The embedded illustrator: draws a cover from the title, by itself, for nothing, the same one every time."""

import anyio
import anyio.to_thread
from pydantic import Field

from blogen.config.section import ProviderSection
from blogen.errors import ProviderRefused
from blogen.providers.protocols import Drawn, Health, ImageRequest, Pending, Submitted, Usage

MAX_PIXELS = 20_000_000


class Config(ProviderSection):
    """`kind = "covers"`: pictures drawn by Blogen itself. It needs no section and no key."""

    kind: str = Field("covers", description="Which service or program it is")
    concurrency: int = Field(1, ge=1, le=64, description="Pictures drawn at the same time; each takes about 60 MB")


class Provider:
    """Implements `ImageModel`; every order is answered at once."""

    is_free = True

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self._turns = anyio.CapacityLimiter(config.concurrency)

    async def submit(self, request: ImageRequest) -> Drawn | Submitted:
        """Draw one picture. Raises ProviderRefused for a size that cannot be drawn."""
        if min(request.width, request.height) < 16 or request.width * request.height > MAX_PIXELS:
            raise ProviderRefused(
                f"A picture of {request.width} x {request.height} pixels cannot be drawn.",
                remedy=f"Sides from 16 pixels, at most {MAX_PIXELS // 1_000_000} million pixels in all.",
                provider=self.name,
            )
        content = await anyio.to_thread.run_sync(_draw, request, limiter=self._turns)
        usage = Usage(provider=self.name, model="covers", cost_usd_micros=0)
        return Drawn(content=content, media_type="image/png", usage=usage)

    async def poll(self, handle: str) -> Drawn | Pending:
        raise ProviderRefused(f"[{self.name}] gives no handles, so {handle!r} is not one of it.", provider=self.name)

    async def check(self) -> Health:
        return Health(ok=True, detail="Built in; draws covers from titles.")

    async def close(self) -> None:
        pass


def _draw(request: ImageRequest) -> bytes:
    from blogen.providers.cover_art import cover

    subject = request.title or request.prompt
    # The pictures of one post differ; its cover depends on the title alone.
    text = subject if request.key == "cover" else f"{subject}\n{request.key}"
    return cover(text, request.width, request.height)
