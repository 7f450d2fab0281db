"""Pictures from ComfyUI: the owner's workflow, or a plain one for any checkpoint.

Wire format: `server.py` and `execution.py` in ComfyUI's source. An order (`POST /prompt`) is queued under an id that we
choose, so that after a crash it can be found again and is not placed twice; older servers choose an id themselves, and
there the order is known by its `client_id`. The queue is asked before the history: an order leaves the first and enters
the second at once, so in this order none is overlooked.
"""

import random
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid4, uuid5

import anyio
import anyio.to_thread
from pydantic import Field, model_validator

from blogen.config.section import BaseUrl, ProviderSection, is_private_address, suggestion
from blogen.errors import AnswerUnusable, OrderFailed, ProviderBusy, ProviderError, ProviderRefused, ProviderUnavailable
from blogen.providers.comfyui_answers import (
    Queue,
    choices_in,
    client_of,
    failure_in,
    file_in,
    fraction_in,
    graph_of,
    objections_in,
    queue_in,
    version_in,
)
from blogen.providers.comfyui_workflow import Values, Workflow, WorkflowUnusable, load, model_in, text_to_image
from blogen.providers.diffusion import MAX_PICTURE_BYTES, credentials, fitted, is_picture
from blogen.providers.http import Answer, Service
from blogen.providers.protocols import Drawn, Health, ImageRequest, Pending, Submitted, Usage

_FIRST_POLL_SECONDS = 1.0
_LAST_POLL_SECONDS = 5.0
_PROGRESS_SECONDS = 1.0
"""How long a poll listens for progress."""
_LOOK_SECONDS = 5.0
"""How long it may take to look for an order whose answer was lost."""
_CHECK_SECONDS = 15.0
_QUEUE_FRESH_SECONDS = 1.0
"""How long the queue is taken to be as it was: polls of many jobs share one look at it."""
_MAX_WATCHED = 10_000
_MAX_MESSAGE_BYTES = 16_000_000
_RECENT_ORDERS = 64
_ORDERS = uuid5(NAMESPACE_URL, "blogen:comfyui")
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Config(ProviderSection):
    """`kind = "comfyui"`: ComfyUI on your own machine, with a workflow of yours or with any checkpoint."""

    base_url: BaseUrl = Field("http://127.0.0.1:8188", description="Where ComfyUI listens")
    model: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="File name of the checkpoint for the built-in workflow, and what `{{model}}` stands for in yours",
    )
    workflow: str | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Path of a workflow that ComfyUI exported in API format, with `{{prompt}}` in it and, if you like, "
        "`{{negative_prompt}}`, `{{seed}}`, `{{width}}`, `{{height}}`; unset: a built-in one",
    )
    negative_prompt: str = Field("", max_length=10_000, description="What shall not be in a picture")
    seed: int | None = Field(None, ge=0, le=4_294_967_295, description="Same seed, same picture; unset: by chance")
    max_side: int = Field(
        1024, ge=256, le=4096, description="Longest side in pixels that is drawn; larger pictures are asked for smaller"
    )
    steps: int = Field(25, ge=1, le=150, description="Built-in workflow: sampling steps; more is slower")
    cfg_scale: float = Field(
        7, ge=0, le=30, allow_inf_nan=False, description="Built-in workflow: how closely the prompt is followed"
    )
    sampler_name: str = Field(
        "dpmpp_2m", min_length=1, max_length=100, description="Built-in workflow: sampler as ComfyUI names it"
    )
    scheduler: str = Field(
        "karras", min_length=1, max_length=100, description="Built-in workflow: scheduler as ComfyUI names it"
    )

    @model_validator(mode="after")
    def _can_draw(self) -> Self:
        if self.workflow is None and self.model is None:
            raise ValueError("give `workflow` (a file that ComfyUI exported) or `model` (a checkpoint that it has)")
        return self


@dataclass
class _Watch:
    """What is remembered of an order between two polls; it may be forgotten at any time."""

    polls: int = 0
    fraction: float | None = None


class Provider:
    """Implements `ImageModel`, `CanFind`, `CanCancel`. The handle is ComfyUI's prompt id."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        self._headers, secrets = credentials(config.api_key)
        self._service = Service(
            name,
            config.base_url,
            timeout_seconds=config.timeout_seconds,
            connect_seconds=config.connect_seconds,
            max_answer_bytes=MAX_PICTURE_BYTES,
            headers=self._headers,
            secrets=secrets,
        )
        self._watched: dict[str, _Watch] = {}
        self._last_queue: tuple[float, Queue] | None = None

    async def submit(self, request: ImageRequest) -> Drawn | Submitted:
        """Place one order. Raises ProviderRefused, ProviderUnavailable, AnswerUnusable.

        If the answer is lost, the order is looked for before the failure is passed on: it may have arrived.
        """
        workflow = await self._workflow()
        own_id = _own_id(request.reference)
        order = {"prompt": workflow.filled(self._values(request, own_id)), "prompt_id": own_id, "client_id": own_id}
        try:
            answer = await self._service.ask("POST", "/prompt", json=order, accept_statuses=frozenset({400}))
            if answer.status == 400:
                raise self._objection(answer)
            handle = self._id_in(self._service.decoded(answer))
        except ProviderBusy:
            raise
        except (ProviderUnavailable, AnswerUnusable):
            if (arrived := await self._arrived(own_id)) is None:
                raise
            return arrived
        return _submitted(handle)

    async def poll(self, handle: str) -> Drawn | Pending:
        """The picture, or how far it is. An order that failed or is no longer known is refused."""
        if not _ID.fullmatch(handle):
            raise self._service.refused(f"{handle[:100]!r} is not an order of [{self.name}].")
        queue = await self._queue(handle)
        if handle in queue.running:
            return await self._running(handle, queue.running[handle])
        if handle in queue.pending:
            return self._pending(handle, fraction=0.0, ahead=list(queue.pending).index(handle) + len(queue.running))
        self._watched.pop(handle, None)
        entry = await self._history(handle)
        if entry is None:
            raise OrderFailed(
                f"[{self.name}] no longer knows the order {handle}: it was restarted, or its history was cleared.",
                remedy="It is placed anew.",
                provider=self.name,
            )
        self._check_outcome(entry)
        return await self._picture(handle, entry)

    async def find(self, reference: str) -> Submitted | None:
        """The order that was placed with this `reference`, whether it waits, runs or has ended."""
        return await self._find(_own_id(reference))

    async def cancel(self, handle: str) -> None:
        """Take the order out of the queue, or interrupt it if it is the one that runs; others' pictures are let be."""
        if not _ID.fullmatch(handle):
            return
        self._watched.pop(handle, None)
        await self._service.ask("POST", "/queue", json={"delete": [handle]})
        queue = await self._look_at_queue()
        if handle in queue.running:
            # Older servers do not read the id and stop whatever runs; at this moment that is this order.
            await self._service.ask("POST", "/interrupt", json={"prompt_id": handle})
        self._last_queue = None

    def most_usd_micros(self, request: Any) -> int | None:  # noqa: ARG002  every picture has the same price
        return self._config.call_usd_micros

    async def check(self) -> Health:
        """Whether the workflow can be used and ComfyUI has what it needs."""
        where = f"{self._config.base_url} answers"
        try:
            workflow = await self._workflow()
            with anyio.fail_after(_CHECK_SECONDS):
                stats = await self._service.ask_json("GET", "/system_stats")
                for kind in workflow.classes:
                    described = await self._service.ask_json("GET", f"/object_info/{quote(kind, safe='')}")
                    if (lack := self._lack(kind, described)) is not None:
                        return Health(ok=False, detail=f"{where}, but {lack.detail}", remedy=lack.remedy)
        except TimeoutError:
            return Health(ok=False, detail=f"[{self.name}] did not answer within {_CHECK_SECONDS:g} s.")
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        return Health(ok=True, detail=f"{where} ({version_in(stats)}) and has what {self._source} needs.")

    async def close(self) -> None:
        await self._service.close()

    # -- an order ----------------------------------------------------------------------------------------------------

    @property
    def _source(self) -> str:
        return f"the workflow {self._config.workflow}" if self._config.workflow else "the built-in workflow"

    async def _workflow(self) -> Workflow:
        """Read anew for every order, so that a change in the file counts at once."""
        config = self._config
        if config.workflow is None:
            return text_to_image(
                steps=config.steps,
                cfg_scale=config.cfg_scale,
                sampler_name=config.sampler_name,
                scheduler=config.scheduler,
            )
        path = Path(config.workflow).expanduser()
        try:
            return await anyio.to_thread.run_sync(load, path)
        except WorkflowUnusable as error:
            raise self._service.refused(
                f"[{self.name}] workflow: {path} {error.detail}.", error.remedy or "Correct the file."
            ) from error

    def _values(self, request: ImageRequest, own_id: str) -> Values:
        width, height = fitted(request.width, request.height, self._config.max_side)
        # The same order gets the same seed: placed twice, ComfyUI answers it from its cache.
        seed = random.Random(own_id).randrange(2**32) if self._config.seed is None else self._config.seed
        return Values(request.prompt, self._config.negative_prompt, seed, width, height, model=self._config.model or "")

    def _id_in(self, body: Any) -> str:
        handle = body.get("prompt_id") if isinstance(body, dict) else None
        if not isinstance(handle, str) or not _ID.fullmatch(handle):
            raise self._service.malformed("names no order")
        return handle

    def _objection(self, answer: Answer) -> ProviderRefused:
        """Why a workflow was not accepted, with the node and its field."""
        said = "; ".join(objections_in(answer.body)) or answer.words
        said = self._service.redacted(said)
        return self._service.refused(
            f"[{self.name}] does not accept {self._source}{f': {said}' if said else '.'}",
            "`blogen doctor` shows what ComfyUI lacks; mend the workflow, or install it there.",
        )

    # -- looking for an order ----------------------------------------------------------------------------------------

    async def _arrived(self, own_id: str) -> Submitted | None:
        """Whether an order arrived whose answer did not; None if that cannot be told."""
        try:
            with anyio.fail_after(_LOOK_SECONDS):
                return await self._find(own_id)
        except (ProviderError, TimeoutError):
            return None

    async def _find(self, own_id: str) -> Submitted | None:
        queue = await self._look_at_queue()
        if (handle := queue.find(own_id)) is not None:
            return _submitted(handle)
        if await self._history(own_id) is not None:
            return _submitted(own_id)
        recent = await self._service.ask_json("GET", "/history", params={"max_items": str(_RECENT_ORDERS)})
        if not isinstance(recent, dict):
            raise self._service.malformed("is not a history")
        for handle, entry in recent.items():
            order = entry.get("prompt") if isinstance(entry, dict) else None
            if _ID.fullmatch(handle) and client_of(order) == own_id:
                return _submitted(handle)
        return None

    async def _queue(self, handle: str) -> Queue:
        """The queue; a look that another poll has just had will do if `handle` is in it."""
        if self._last_queue is not None:
            seen_at, queue = self._last_queue
            is_fresh = time.monotonic() - seen_at < _QUEUE_FRESH_SECONDS
            if is_fresh and (handle in queue.running or handle in queue.pending):
                return queue
        return await self._look_at_queue()

    async def _look_at_queue(self) -> Queue:
        asked_at = time.monotonic()
        queue = queue_in(await self._service.ask_json("GET", "/queue"))
        if queue is None:
            raise self._service.malformed("is not a queue")
        self._last_queue = (asked_at, queue)
        return queue

    async def _history(self, handle: str) -> dict[str, Any] | None:
        body = await self._service.ask_json("GET", f"/history/{handle}")
        if body == {}:
            return None
        entry = body.get(handle) if isinstance(body, dict) else None
        if not isinstance(entry, dict):
            raise self._service.malformed("is not a history")
        return entry

    # -- how far it is -----------------------------------------------------------------------------------------------

    async def _running(self, handle: str, client_id: str) -> Pending:
        fraction = await self._progress(handle, client_id) if client_id else None
        if fraction is None and handle in self._watched:
            fraction = self._watched[handle].fraction
        return self._pending(handle, fraction=fraction)

    def _pending(self, handle: str, *, fraction: float | None, ahead: int = 0) -> Pending:
        """To be polled again: soon at first, later ever more rarely, the rarer the more there is to do before it."""
        if len(self._watched) >= _MAX_WATCHED:
            self._watched.clear()
        watch = self._watched.setdefault(handle, _Watch())
        seconds = _FIRST_POLL_SECONDS + max(watch.polls * 0.5, ahead)
        watch.polls += 1
        watch.fraction = fraction
        return Pending(fraction=fraction, poll_after_seconds=min(seconds, _LAST_POLL_SECONDS))

    async def _progress(self, handle: str, client_id: str) -> float | None:
        """What ComfyUI tells its client about the running order within a second; no failure here is one of the poll."""
        import aiohttp

        async def refuse(*_: object) -> None:
            raise aiohttp.ClientError("a redirect is not followed")

        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(refuse)
        private = is_private_address(self._config.base_url)
        fraction = None
        with (
            anyio.move_on_after(min(_PROGRESS_SECONDS, self._config.timeout_seconds)),
            suppress(aiohttp.ClientError, OSError, ValueError, RecursionError),
        ):
            async with (
                aiohttp.ClientSession(headers=self._headers, trust_env=not private, trace_configs=[trace]) as session,
                session.ws_connect(
                    f"{self._service.base_url}/ws", params={"clientId": client_id}, max_msg_size=_MAX_MESSAGE_BYTES
                ) as socket,
            ):
                async for message in socket:
                    # Binary messages are previews.
                    if (
                        message.type is aiohttp.WSMsgType.TEXT
                        and (told := fraction_in(message.data, handle)) is not None
                    ):
                        fraction = told
                        break
        return fraction

    # -- what became of it -------------------------------------------------------------------------------------------

    def _check_outcome(self, entry: dict[str, Any]) -> None:
        """Raises ProviderRefused if the order failed: polled again, it would fail again."""
        failure = failure_in(entry)
        if failure is None:
            return
        if failure.is_interrupted:
            raise self._service.refused(
                f"The order was interrupted at [{self.name}].", "Retry the job to place it anew."
            )
        where = f" in {failure.where}" if failure.where else ""
        said = self._service.redacted(failure.words)
        raise self._service.refused(
            f"[{self.name}] failed{where}{f': {said}' if said else '.'}",
            "It ran out of graphics memory: lower max_side, or use a smaller model."
            if failure.is_memory
            else "ComfyUI's own log says more; retry the job once it is mended.",
        )

    async def _picture(self, handle: str, entry: dict[str, Any]) -> Drawn:
        file = file_in(entry.get("outputs"))
        if file is None:
            raise self._service.refused(
                f"[{self.name}] finished the order {handle} without a picture.",
                "Let the workflow end in a node that saves one (SaveImage); then retry the job.",
            )
        answer = await self._service.ask("GET", "/view", params=file, accept_statuses=frozenset({404}))
        if answer.status == 404:
            raise self._service.refused(
                f"[{self.name}] does not have the picture of the order {handle} any more.",
                "Retry the job to place it anew.",
            )
        usage = self._usage(entry)
        if not answer.body:
            raise self._service.malformed("is empty")
        if not is_picture(answer.body):
            if answer.media_type in {"text/html", "application/json", "text/plain"}:
                raise self._service.malformed("is not a picture")
            raise AnswerUnusable(
                f"A picture was expected from [{self.name}], and something else came.",
                remedy="Let the workflow save a PNG, JPEG or WebP picture.",
                provider=self.name,
                raw=self._service.redacted(answer.body[:2000].decode("utf-8", "replace")),
                usage=usage,
            )
        return Drawn(content=answer.body, media_type=answer.media_type, usage=usage)

    def _usage(self, entry: dict[str, Any]) -> Usage:
        return Usage(
            provider=self.name,
            model=self._service.redacted(model_in(graph_of(entry.get("prompt"))) or self._config.model or "")[:200],
            cost_usd_micros=self._config.call_usd_micros,
        )

    def _lack(self, kind: str, described: Any) -> "WorkflowUnusable | None":
        """What a node of the workflow misses on this server, by the server's description of its class."""
        node = described.get(kind) if isinstance(described, dict) else None
        if not isinstance(node, dict):
            return WorkflowUnusable(
                f"{self._source} uses {kind[:100]!r}, which it does not have.", "Install that node in ComfyUI."
            )
        model = self._config.model
        if kind != "CheckpointLoaderSimple" or self._config.workflow is not None or model is None:
            return None
        known = choices_in(node, "ckpt_name")
        if known is None or model in known:
            return None
        return WorkflowUnusable(
            f"[{self.name}] asks for the checkpoint {model!r}, which it does not have.",
            suggestion(model, known[:30]) or "Put one into ComfyUI's models/checkpoints.",
        )


def _own_id(reference: str) -> str:
    """Our id of an order: the same for the same reference, also in another process."""
    return str(uuid5(_ORDERS, reference) if reference else uuid4())


def _submitted(handle: str) -> Submitted:
    return Submitted(handle=handle, poll_after_seconds=_FIRST_POLL_SECONDS, state="queued")
