"""Pictures from Stability AI's Stable Image services.

Wire format: https://platform.stability.ai/docs/api-reference, `/v2beta/stable-image/generate/…`: a multipart form goes
there, the picture's bytes come back with their story in the headers `finish-reason` and `seed`. A call blocks until
the picture is there; there is no handle to come back to.
"""

import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from blogen.config.section import BaseUrl, ProviderSection
from blogen.errors import AnswerUnusable, ProviderError
from blogen.providers.diffusion import MAX_PICTURE_BYTES, is_picture
from blogen.providers.http import Answer, Service, retry_after
from blogen.providers.protocols import Drawn, Health, ImageRequest, Pending, Submitted, Usage

if TYPE_CHECKING:
    import aiohttp

ASPECT_RATIOS: Final = ("21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21")
STYLES: Final = (
    "3d-model", "analog-film", "anime", "cinematic", "comic-book", "digital-art", "enhance", "fantasy-art", "isometric",
    "line-art", "low-poly", "modeling-compound", "neon-punk", "origami", "photographic", "pixel-art", "tile-texture",
)  # fmt: skip
_LONGEST_PROMPT: Final = 10_000
_PAUSE_SECONDS: Final = 60.0
"""How long a caller is shut out who made too many calls."""
_CHECK_SECONDS: Final = 10.0
_OUR_WORDS: Final = frozenset({400, 402, 403, 413, 422, 429})
"""Statuses that say more here than with other services."""
_NO_CREDIT: Final = frozenset({"payment_required", "insufficient_balance", "insufficient_credits"})


class Config(ProviderSection):
    """`kind = "stability"`: Stability AI's own service, paid by the picture."""

    base_url: BaseUrl = Field("https://api.stability.ai", description="Where the API answers")
    timeout_seconds: float = Field(
        180, gt=0, le=3600, allow_inf_nan=False, description="How long one picture may take before it is given up"
    )
    engine: Literal["core", "ultra", "sd3"] = Field(
        "core", description="Which service draws: core (cheap), ultra (best), sd3 (with `model`)"
    )
    model: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="With engine sd3: which one, e.g. sd3.5-large; unset: the service's choice",
    )
    negative_prompt: str = Field("", max_length=_LONGEST_PROMPT, description="What shall not be in a picture")
    style_preset: str | None = Field(
        None, pattern=f"^({'|'.join(STYLES)})$", description="With engine core: a style, e.g. photographic; unset: none"
    )
    seed: int | None = Field(None, ge=1, le=4_294_967_294, description="Same seed, same picture; unset: by chance")
    output_format: Literal["png", "jpeg", "webp"] = Field("png", description="File format that is asked for")


class Provider:
    """Implements `ImageModel`; every order is answered at once."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        key = config.api_key.get_secret_value() if config.api_key else ""
        self._service = Service(
            name,
            config.base_url,
            timeout_seconds=config.timeout_seconds,
            connect_seconds=config.connect_seconds,
            max_answer_bytes=MAX_PICTURE_BYTES,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            secrets=(key,),
        )

    async def submit(self, request: ImageRequest) -> Drawn | Submitted:
        """Draw one picture. Raises ProviderRefused, ContentRefused, ProviderUnavailable, AnswerUnusable."""
        answer = await self._service.ask(
            "POST",
            f"/v2beta/stable-image/generate/{self._config.engine}",
            data=self._form(request),
            headers={"Accept": "image/*", "stability-client-id": "Blogen"},
            accept_statuses=_OUR_WORDS,
        )
        if answer.status >= 300:
            raise self._failure(answer)
        return self._drawn(answer)

    async def poll(self, handle: str) -> Drawn | Pending:
        raise self._service.refused(f"[{self.name}] gives no handles, so {handle!r} is not one of it.")

    def most_usd_micros(self, request: Any) -> int | None:  # noqa: ARG002  every picture has the same price
        return self._config.call_usd_micros

    async def check(self) -> Health:
        """Whether the service takes the key, and what credit is left."""
        where = f"{self._config.base_url} answers"
        try:
            answer = await self._service.ask(
                "GET",
                "/v1/user/balance",
                accept_statuses=frozenset({404}),
                timeout_seconds=min(_CHECK_SECONDS, self._config.timeout_seconds),
            )
            if answer.status == 404:
                return Health(ok=True, detail=f"{where}; it does not tell a balance, so the key could not be checked.")
            balance = self._service.decoded(answer)
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        credits_left = balance.get("credits") if isinstance(balance, dict) else None
        if not isinstance(credits_left, int | float) or isinstance(credits_left, bool):
            return Health(ok=False, detail=f"{where}, but not with a balance.", remedy="Check base_url.")
        if credits_left <= 0:
            return Health(ok=False, detail=f"{where}; no credit is left.", remedy="Buy credits at the service.")
        return Health(ok=True, detail=f"{where} and takes the key; {credits_left:,.1f} credits are left.")

    async def close(self) -> None:
        await self._service.close()

    def _form(self, request: ImageRequest) -> "aiohttp.FormData":
        import aiohttp

        config = self._config
        fields = {
            "prompt": request.prompt[:_LONGEST_PROMPT],
            "aspect_ratio": nearest_ratio(request.width, request.height),
            "output_format": config.output_format,
            "negative_prompt": config.negative_prompt,
            "seed": "" if config.seed is None else str(config.seed),
            "model": (config.model or "") if config.engine == "sd3" else "",
            "style_preset": (config.style_preset or "") if config.engine == "core" else "",
        }
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in fields.items():
            if value:
                form.add_field(name, value)
        return form

    def _drawn(self, answer: Answer) -> Drawn:
        usage = Usage(
            provider=self.name,
            model=(self._config.model or "sd3")
            if self._config.engine == "sd3"
            else f"stable-image-{self._config.engine}",
            cost_usd_micros=self._config.call_usd_micros,
        )
        reason = answer.headers.get("finish-reason", "SUCCESS").strip().upper()
        if reason == "CONTENT_FILTERED":
            raise self._service.content_refused(
                f"[{self.name}] drew a picture and blurred it: its content filter objects.",
                "Change what the picture shall show.",
                usage,
            )
        if reason != "SUCCESS":
            raise self._service.unavailable(f"[{self.name}] could not finish the picture ({reason[:40]}).")
        if not answer.body:
            raise self._service.malformed("is empty")
        if not answer.media_type.startswith("image/") and not is_picture(answer.body):
            raise self._service.malformed("is not a picture")
        if not is_picture(answer.body):
            raise AnswerUnusable(
                f"A picture was expected from [{self.name}], and something else came.",
                remedy="Try another output_format.",
                provider=self.name,
                raw=self._service.redacted(answer.body[:2000].decode("utf-8", "replace")),
                usage=usage,
            )
        return Drawn(content=answer.body, media_type=answer.media_type, usage=usage)

    def _failure(self, answer: Answer) -> ProviderError:
        """What the service objects to; its errors are `{"id", "name", "errors": [words]}`."""
        name, said = _name_in(answer), self._service.redacted(answer.words)
        words = f": {said}" if said else "."
        if name in _NO_CREDIT or answer.status == 402:
            return self._service.refused(
                f"The account behind [{self.name}] has no credit left ({answer.status}){words}",
                "Buy credits at the service, then retry the job.",
            )
        if name == "content_moderation" or (answer.status == 403 and "moderation" in said.casefold()):
            return self._service.content_refused(
                f"[{self.name}] refused the prompt ({answer.status}){words}", "Change what the picture shall show."
            )
        if answer.status == 413:
            return self._service.refused(f"The request to [{self.name}] was too large (413){words}", "Shorten it.")
        if answer.status == 422 and ("language" in name or "language" in said.casefold()):
            return self._service.refused(
                f"[{self.name}] refused the prompt (422){words}", "It understands prompts in English only."
            )
        if answer.status == 429:
            pause = retry_after(answer.headers)
            return self._service.busy(
                f"[{self.name}] asks for a pause (429){words}", _PAUSE_SECONDS if pause is None else pause
            )
        return self._service.status_error(answer)


def nearest_ratio(width: int, height: int) -> str:
    """The ratio on offer that is nearest to a picture of this size."""
    wanted = math.log(max(width, 1) / max(height, 1))

    def distance(ratio: str) -> float:
        across, _, down = ratio.partition(":")
        return abs(math.log(int(across) / int(down)) - wanted)

    return min(ASPECT_RATIOS, key=distance)


def _name_in(answer: Answer) -> str:
    with suppress(ValueError, RecursionError):
        body = json.loads(answer.body[:20_000])
        if isinstance(body, dict) and isinstance(body.get("name"), str):
            return str(body["name"])
    return ""
