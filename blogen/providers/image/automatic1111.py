"""Stable Diffusion behind AUTOMATIC1111's web API, which Forge and SD.Next speak too.

Wire format: the server's own page /docs, and `modules/api` in its source. A call blocks until the picture is there;
there is no handle to come back to. The server draws one picture at a time, and whoever else asks waits inside of it.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import anyio
from pydantic import Field, SecretStr, field_validator

from blogen.config.section import BaseUrl, ProviderSection, suggestion
from blogen.errors import AnswerUnusable, ProviderError, ProviderUnavailable
from blogen.providers.diffusion import MAX_PICTURE_BYTES, credentials, fitted, is_picture
from blogen.providers.http import Answer, Service, retry_after
from blogen.providers.protocols import Drawn, Health, ImageRequest, Pending, Submitted, Usage

_MAX_ANSWER_BYTES = MAX_PICTURE_BYTES * 4 // 3 + 1_000_000
_INTERRUPT_SECONDS = 2.0
_CHECK_SECONDS = 10.0
_OUR_WORDS = frozenset({400, 404, 405, 422, 500})
"""Statuses that say more here than with other services."""


class Config(ProviderSection):
    """`kind = "automatic1111"`: Stable Diffusion in AUTOMATIC1111's web UI, Forge or SD.Next, started with `--api`."""

    base_url: BaseUrl = Field("http://127.0.0.1:7860", description="Where the web UI listens")
    api_key: SecretStr | None = Field(
        None, description="`user:password` as given to `--api-auth`; better given as `api_key_file`"
    )
    model: str | None = Field(
        None, min_length=1, max_length=200, description="Checkpoint to draw with; unset: the one that is loaded"
    )
    timeout_seconds: float = Field(
        600,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="How long one picture may take, with its time in the server's own queue",
    )
    concurrency: int = Field(
        1, ge=1, le=1000, description="Calls under way at the same time, on each machine; a machine draws one by one"
    )
    steps: int = Field(28, ge=1, le=150, description="Sampling steps; more is slower")
    cfg_scale: float = Field(7, ge=0, le=30, allow_inf_nan=False, description="How closely the prompt is followed")
    sampler_name: str | None = Field(
        None, min_length=1, max_length=100, description="Sampler as the web UI names it; unset: the server's choice"
    )
    negative_prompt: str = Field("", max_length=10_000, description="What shall not be in a picture")
    seed: int | None = Field(None, ge=0, le=4_294_967_295, description="Same seed, same picture; unset: by chance")
    max_side: int = Field(
        1024, ge=256, le=4096, description="Longest side in pixels that is drawn; larger pictures are asked for smaller"
    )

    @field_validator("api_key")
    @classmethod
    def _names_a_user(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and ":" not in key.get_secret_value():
            raise ValueError("expected user:password, as given to --api-auth")
        return key


class Provider:
    """Implements `ImageModel`; every order is answered at once."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        headers, secrets = credentials(config.api_key)
        self._service = Service(
            name,
            config.base_url,
            timeout_seconds=config.timeout_seconds,
            connect_seconds=config.connect_seconds,
            max_answer_bytes=_MAX_ANSWER_BYTES,
            headers=headers,
            secrets=secrets,
        )
        self._under_way = 0

    async def submit(self, request: ImageRequest) -> Drawn | Submitted:
        """Draw one picture. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable.

        When the call is cancelled or takes too long, the server is told to stop drawing.
        """
        task = f"task(blogen-{uuid4().hex})"
        self._under_way += 1
        try:
            body = await self._ask("POST", "/sdapi/v1/txt2img", json=self._order(request, task))
        except asyncio.CancelledError:
            await self._interrupt(task)
            raise
        except ProviderUnavailable as error:
            if type(error.__cause__) is TimeoutError:  # of the call as a whole: the server was reached and is drawing
                await self._interrupt(task)
            raise
        finally:
            self._under_way -= 1
        return self._drawn(body)

    async def poll(self, handle: str) -> Drawn | Pending:
        raise self._service.refused(f"[{self.name}] gives no handles, so {handle!r} is not one of it.")

    def most_usd_micros(self, request: Any) -> int | None:  # noqa: ARG002  every picture has the same price
        return self._config.call_usd_micros

    async def check(self) -> Health:
        """Whether the server answers and has the checkpoint and the sampler of the section."""
        where = f"{self._config.base_url} answers"
        try:
            with anyio.fail_after(_CHECK_SECONDS):
                checkpoints = self._entries(await self._ask("GET", "/sdapi/v1/sd-models"))
                options = await self._ask("GET", "/sdapi/v1/options")
                samplers = self._entries(await self._ask("GET", "/sdapi/v1/samplers"))
        except TimeoutError:
            return Health(ok=False, detail=f"[{self.name}] did not answer within {_CHECK_SECONDS:g} s.")
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        if not checkpoints:
            return Health(
                ok=False, detail=f"{where}, but it has no checkpoint.", remedy="Put one into its models folder."
            )
        model, sampler = self._config.model, self._config.sampler_name
        if model is not None and not any(model in set(_names_of_checkpoint(entry)) for entry in checkpoints):
            return Health(
                ok=False,
                detail=f"{where}, but [{self.name}] asks for the checkpoint {model!r}, which it does not have.",
                remedy=suggestion(model, (str(entry.get("model_name", "")) for entry in checkpoints)),
            )
        if sampler is not None and not any(sampler in set(_names_of_sampler(entry)) for entry in samplers):
            return Health(
                ok=False,
                detail=f"{where}, but [{self.name}] asks for the sampler {sampler!r}, which it does not have.",
                remedy=suggestion(sampler, (str(entry.get("name", "")) for entry in samplers)),
            )
        loaded = options.get("sd_model_checkpoint") if isinstance(options, dict) else None
        with_what = model or (loaded if isinstance(loaded, str) and loaded else "whatever checkpoint is loaded")
        return Health(ok=True, detail=f"{where} and draws with {self._service.redacted(with_what)[:200]}.")

    async def close(self) -> None:
        await self._service.close()

    def _order(self, request: ImageRequest, task: str) -> dict[str, Any]:
        config = self._config
        width, height = fitted(request.width, request.height, config.max_side)
        order: dict[str, Any] = {
            "prompt": request.prompt,
            "negative_prompt": config.negative_prompt,
            "width": width,
            "height": height,
            "steps": config.steps,
            "cfg_scale": config.cfg_scale,
            "seed": -1 if config.seed is None else config.seed,
            "n_iter": 1,
            "batch_size": 1,
            "force_task_id": task,
        }
        if config.sampler_name is not None:
            order["sampler_name"] = config.sampler_name
        if config.model is not None:
            order["override_settings"] = {"sd_model_checkpoint": config.model}
        return order

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = await self._service.ask(method, path, accept_statuses=_OUR_WORDS, **options)
        if answer.status >= 300:
            raise self._failure(answer, path)
        return self._service.decoded(answer)

    def _failure(self, answer: Answer, path: str) -> ProviderError:
        said = self._service.redacted(_said(answer))
        words = f": {said}" if said else "."
        if answer.status in {404, 405} and said.casefold().rstrip(".") in {"", "not found", "method not allowed"}:
            return self._service.refused(
                f"[{self.name}] found no {path} at {self._config.base_url} ({answer.status}).",
                f"Start the web UI with --api, and check base_url of [{self.name}].",
            )
        if answer.status == 500 and "out of memory" in said.casefold().replace("outofmemory", "out of memory"):
            return self._service.unavailable(
                f"[{self.name}] ran out of graphics memory{words}", "Lower max_side if this goes on."
            )
        if answer.status in {400, 404, 422}:
            return self._service.refused(
                f"[{self.name}] refused the request ({answer.status}){words}",
                "Check model and sampler_name." if "not found" in said.casefold() else "",
            )
        if answer.status == 500:
            return self._service.unavailable(
                f"[{self.name}] failed (500){words}", "Its own log says more.", retry_after(answer.headers)
            )
        return self._service.status_error(answer)

    def _drawn(self, body: Any) -> Drawn:
        pictures = body.get("images") if isinstance(body, dict) else None
        if not isinstance(pictures, list) or not pictures or not isinstance(pictures[0], str):
            raise self._service.malformed("holds no picture")
        usage = Usage(
            provider=self.name,
            model=self._service.redacted(_checkpoint_in(body.get("info")) or self._config.model or "")[:200],
            cost_usd_micros=self._config.call_usd_micros,
        )
        encoded = pictures[0]
        try:
            content = base64.b64decode(encoded.partition(",")[2] if encoded.startswith("data:") else encoded)
        except (binascii.Error, ValueError):
            raise self._service.malformed("holds a picture that is not base64") from None
        if not is_picture(content):
            raise AnswerUnusable(
                f"A picture was expected from [{self.name}], and something else came.",
                remedy="Check the file format for pictures in the web UI's settings.",
                provider=self.name,
                raw=self._service.redacted(content[:2000].decode("utf-8", "replace")),
                usage=usage,
            )
        return Drawn(content=content, usage=usage)

    async def _interrupt(self, task: str) -> None:
        """Stop drawing what nobody waits for. Takes two seconds at most, fails silently, lets others' pictures be."""
        with anyio.move_on_after(_INTERRUPT_SECONDS, shield=True), suppress(ProviderError):
            if await self._is_drawing(task):
                await self._service.ask("POST", "/sdapi/v1/interrupt")

    async def _is_drawing(self, task: str) -> bool:
        """Whether it is `task` that an interrupt would hit: the picture of whoever is at the web UI must not suffer.

        Where the server does not tell, it is if no other call of ours is under way.
        """
        with suppress(ProviderError):
            state = await self._ask(
                "POST", "/internal/progress", json={"id_task": task, "id_live_preview": -1, "live_preview": False}
            )
            if isinstance(state, dict) and (state.get("active") is True):
                return True
            if isinstance(state, dict) and (state.get("queued") is True or state.get("completed") is True):
                return False
        return self._under_way == 1

    def _entries(self, body: Any) -> list[dict[str, Any]]:
        if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
            raise self._service.malformed("is not the list that was asked for")
        return body


def _said(answer: Answer) -> str:
    """What went wrong in the server's words; of an exception both the type and the message."""
    with suppress(ValueError, RecursionError):
        body = json.loads(answer.body[:20_000])
        if isinstance(body, dict) and isinstance(body.get("error"), str) and isinstance(body.get("errors"), str):
            detail = body["detail"] if isinstance(body.get("detail"), str) else ""
            parts = (body["error"], detail or body["errors"])
            return " ".join(": ".join(part for part in parts if part).split())[:300]
    return answer.words


def _checkpoint_in(info: object) -> str:
    """The checkpoint that drew, from the JSON in JSON that tells about the picture; empty if it does not say."""
    if isinstance(info, str):
        with suppress(ValueError, RecursionError):
            info = json.loads(info)
    name = info.get("sd_model_name") if isinstance(info, dict) else None
    return name if isinstance(name, str) else ""


def _names_of_checkpoint(entry: dict[str, Any]) -> Iterator[str]:
    for key in ("title", "model_name", "hash", "filename"):
        if isinstance(name := entry.get(key), str) and name:
            yield name
            yield name.partition(" [")[0]
            yield name.replace("\\", "/").rpartition("/")[2]


def _names_of_sampler(entry: dict[str, Any]) -> Iterator[str]:
    aliases = entry.get("aliases")
    for name in (entry.get("name"), *(aliases if isinstance(aliases, list) else ())):
        if isinstance(name, str):
            yield name
