"""Pictures from Midjourney, through one of the two self-hosted proxies (see `midjourney_tasks.py` for the wire format).

One picture is one durable step of the engine, and a state machine inside it. What is needed to go on, in another
process too, stands in the handle; the engine commits each new handle before it polls again. So what is about to be
ordered is committed before it is ordered, and looked for on the proxy's list first.
"""

import json
import re
from contextlib import suppress
from fractions import Fraction
from typing import Final, Literal, NamedTuple, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator

from blogen.clock import Clock, SystemClock
from blogen.config.section import BaseUrl, ProviderSection
from blogen.domain.image_task import ImageTaskState
from blogen.domain.model import Model
from blogen.errors import AnswerUnusable, InDoubt, ProviderBusy, ProviderError, ProviderUnavailable, SourceRefused
from blogen.providers.http import Service
from blogen.providers.midjourney_tasks import (
    DEAD,
    IN_PROGRESS,
    MAX_ANSWER_BYTES,
    MODAL,
    SUCCESS,
    Proxy,
    Task,
)
from blogen.providers.protocols import Drawn, Health, ImageRequest, Pending, Submitted, Usage

MAX_PICTURE_BYTES: Final = 40_000_000
MAX_PROMPT_LENGTH: Final = 4000
MAX_HOOK_BYTES: Final = 1_000_000

_FIRST_PAUSE_SECONDS: Final = 2.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_PAUSE_WITH_HOOK_SECONDS: Final = 60.0
_PAUSE_AFTER_FAILURE_SECONDS: Final = 10.0
_CLOCKS_APART_MS: Final = 600_000
"""So much the proxy's clock may differ from ours."""
_REACHABLE: Final = "Let the proxy give addresses that can be reached from the internet, or its own."
_UPSCALES: Final = 2
"""So often a large picture is ordered: its grid is paid for, and Discord fails now and then."""


class Config(ProviderSection):
    """`kind = "midjourney"`: Midjourney through novicezk/midjourney-proxy or trueai-org/midjourney-proxy."""

    base_url: BaseUrl | None = Field(None, description="Where the proxy answers, with or without `prefix`; required")
    prefix: str = Field(
        "/mj",
        max_length=100,
        pattern=r"^(/[\w.~-]+)*$",
        description="Path that the proxy's API begins with; `/mj-fast/mj`, `/mj-relax/mj` and `/mj-turbo/mj` choose "
        "the speed at the .NET proxy",
    )
    api_key: SecretStr | None = Field(
        None, description="The proxy's secret, sent as `mj-api-secret`; better given as `api_key_file`"
    )
    model: str = Field(
        "midjourney",
        min_length=1,
        max_length=200,
        description="What receipts call it; its version is chosen in `suffix`, e.g. --v 7",
    )
    free: bool | None = Field(
        None, description="Whether pictures cost nothing; unset: false, since a subscription stands behind the proxy"
    )
    timeout_seconds: float = Field(
        30, gt=0, le=3600, allow_inf_nan=False, description="How long one call may take; a task takes many"
    )
    give_up_seconds: float = Field(
        1800, gt=0, le=86_400, allow_inf_nan=False, description="How long a picture may take before it is given up"
    )
    grid: Literal["upscale", "split"] = Field(
        "upscale",
        description="What becomes of the four pictures: `upscale` orders one of them large, `split` cuts it out",
    )
    index: int = Field(1, ge=1, le=4, description="Which of the four: 1 and 2 are the upper ones, 3 and 4 the lower")
    suffix: str = Field(
        "",
        max_length=1000,
        description="Added to every prompt, e.g. `--ar 16:9 --v 7`; without `--ar` the picture's own shape is added",
    )
    hook_url: BaseUrl | None = Field(
        None,
        description="Address under which the proxy reaches this Blogen, e.g. https://blog.example.com; with "
        "`hook_secret` the proxy tells of news, which saves questions",
    )
    hook_secret: SecretStr | None = Field(
        None,
        description="Secret in the address that the proxy calls; better given as `hook_secret_file`",
    )

    @field_validator("hook_secret")
    @classmethod
    def _hard_to_guess(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not 8 <= len(secret.get_secret_value()) <= 200:
            raise ValueError("expected 8 to 200 characters; make some up, e.g. with `openssl rand -hex 24`")
        return secret

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not self.addresses:
            raise ValueError("`base_url` is missing; it says where the proxy answers, e.g. http://mj-proxy:8080")
        if self.hook_url is not None and self.hook_secret is None:
            raise ValueError("`hook_url` needs a `hook_secret`, for the proxy signs nothing")
        return self

    @property
    def is_free(self) -> bool:
        return self.free is True

    @property
    def root(self) -> str:
        """Where the API begins."""
        base_url = self.addresses[0]
        return base_url if urlsplit(base_url).path.endswith(self.prefix) else base_url + self.prefix

    @property
    def notify_hook(self) -> str:
        """What the proxy calls when a task changes; empty without a hook."""
        if self.hook_url is None or self.hook_secret is None:
            return ""
        return f"{self.hook_url}/hooks/midjourney/{quote(self.hook_secret.get_secret_value(), safe='')}"


class HookCall(NamedTuple):
    """A proxy's call of our hook: the order it is about, the task's status, and whether to poll for it now."""

    reference: str
    status: str
    is_news: bool


def hooked_reference(body: bytes) -> HookCall | None:
    """What a call of the hook is about; None if it is nothing of ours. The body is not believed beyond that."""
    if len(body) > MAX_HOOK_BYTES:
        return None
    try:
        task = json.loads(body)
    except (ValueError, RecursionError):
        return None
    state, status = (task.get("state"), task.get("status")) if isinstance(task, dict) else (None, None)
    if not isinstance(state, str) or not isinstance(status, str) or not state or len(state) > 500 or len(status) > 40:
        return None
    return HookCall(_OF_UPSCALE.sub("", state), status, status in {SUCCESS, MODAL, *DEAD})


class Provider:
    """Implements `ImageModel`, `CanFind`, `CanCancel`, `CanPrice`."""

    def __init__(self, name: str, config: Config, *, clock: Clock | None = None) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        self._clock = clock or SystemClock()
        key = config.api_key.get_secret_value() if config.api_key else ""
        hook_secret = config.hook_secret.get_secret_value() if config.hook_secret else ""
        self._service = Service(
            name,
            config.root,
            timeout_seconds=config.timeout_seconds,
            connect_seconds=config.connect_seconds,
            max_answer_bytes=MAX_ANSWER_BYTES,
            headers={"mj-api-secret": key} if key else None,
            secrets=(key, hook_secret, quote(hook_secret, safe="")),
        )
        self._proxy = Proxy(self._service, config.notify_hook)

    async def submit(self, request: ImageRequest) -> Drawn | Submitted:
        """Order four pictures. Raises ContentRefused, ProviderRefused, ProviderUnavailable, AnswerUnusable."""
        prompt = prompt_of(request, self._config.suffix)
        if not prompt:
            raise self._service.refused(f"There is nothing for [{self.name}] to draw: the prompt is empty.")
        try:
            receipt = await self._proxy.imagine(prompt, request.reference)
        except ProviderBusy:
            raise
        except (ProviderUnavailable, AnswerUnusable):
            # The order may have arrived all the same; placed anew it would be paid for twice.
            with suppress(ProviderError):
                if found := await self._listed(request.reference):
                    return self._taken_up(found, request.reference)
            raise
        task_id = self._proxy.accepted(receipt)
        order = self._order(task_id, request.reference, self._clock.now_ms())
        return self._committed(order, self._pause_seconds(order))

    async def poll(self, handle: str) -> Drawn | Pending | Submitted:
        """Ask how it is getting on, or take the next step. Raises what `submit` raises."""
        order = self._read(handle)
        match order.state:
            case ImageTaskState.SUBMITTED | ImageTaskState.IN_PROGRESS:
                return await self._draw_grid(order)
            case ImageTaskState.GRID_READY:
                is_cut = self._config.grid == "split"
                return self._next(order, ImageTaskState.DOWNLOADING if is_cut else ImageTaskState.UPSCALING)
            case ImageTaskState.UPSCALING if not order.upscale:
                return await self._order_large(order)
            case ImageTaskState.UPSCALING:
                return await self._draw_large(order)
            case ImageTaskState.DOWNLOADING:
                return await self._download(order)
            case _:
                raise self._service.refused(f"A picture that is {order.state} is not asked for.", "Retry the job.")

    async def find(self, reference: str) -> Submitted | None:
        """The order that was placed with this reference, by the proxy's list.

        Raises InDoubt if the list does not reach back far enough to tell.
        """
        listing = await self._proxy.listing()
        if task := self._proxy.find(listing, reference):
            return self._taken_up(task, reference)
        if not listing.reaches_back_to(_made_ms(reference) - _CLOCKS_APART_MS):
            raise InDoubt(
                f"Whether [{self.name}] has the order {reference} cannot be told: its list ends with newer ones.",
                remedy="Look for it among the proxy's tasks.",
            )
        return None

    async def cancel(self, handle: str) -> None:
        """Stop the task. Only the .NET proxy can; elsewhere it runs on and is left alone."""
        with suppress(ValidationError):
            order = _Order.model_validate_json(handle)
            if not order.state.is_final:
                await self._proxy.cancel(order.upscale or order.task)

    def most_usd_micros(self, request: ImageRequest) -> int | None:
        """The price counts a grid and its upscale as one picture."""
        del request
        return self._config.call_usd_micros

    async def check(self) -> Health:
        try:
            await self._proxy.ping()
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        return Health(ok=True, detail=f"The proxy at {self._service.base_url} answers and takes the key.")

    async def close(self) -> None:
        await self._service.close()

    # -- the states ---------------------------------------------------------------------------------------------

    async def _draw_grid(self, before: "_Order") -> Pending | Submitted:
        order, task = await self._task_of(before)
        if task.status == SUCCESS:
            return self._next(order, ImageTaskState.GRID_READY)
        if task.status in DEAD:
            raise self._proxy.ended(task)
        if task.status == IN_PROGRESS and order.state == ImageTaskState.SUBMITTED:
            order = order.moved(ImageTaskState.IN_PROGRESS)
        return await self._under_way(before, order, task)

    async def _order_large(self, order: "_Order") -> Pending | Submitted:
        """Order one picture of the grid large, unless that was done by a process that died before it could say so."""
        task = None
        with suppress(AnswerUnusable):  # a list too long to be read says nothing; an upscale costs next to nothing
            task = await self._listed(order.upscale_reference)
        if task is not None and task.status not in DEAD:
            return self._committed(order.with_upscale(task.id), 0)
        found, grid = await self._task_of(order)
        if grid.status in DEAD:
            raise self._proxy.ended(grid)
        if grid.status != SUCCESS:  # its state went back, which only a proxy's restart can bring about
            return await self._under_way(order, found, grid)
        task_id = self._proxy.accepted(await self._proxy.upscale(grid, order.index, order.upscale_reference))
        return self._committed(found.with_upscale(task_id), _FIRST_PAUSE_SECONDS)

    async def _draw_large(self, before: "_Order") -> Pending | Submitted:
        order, task = await self._task_of(before)
        if task.status == SUCCESS:
            return self._next(order, ImageTaskState.DOWNLOADING)
        if task.status in DEAD and task.may_succeed_anew and order.upscales < _UPSCALES:
            return self._committed(order.without_upscale(), _PAUSE_AFTER_FAILURE_SECONDS)
        if task.status in DEAD:
            raise self._proxy.ended(task)
        return await self._under_way(before, order, task)

    async def _download(self, order: "_Order") -> Drawn:
        """Fetch the picture. An address that has expired is asked for once more."""
        order, task = await self._task_of(order)
        url = self._picture_url(order, task)
        try:
            drawn = await self._fetch(url)
        except SourceRefused as error:
            if not _is_expired(error):
                detail = f"The picture of [{self.name}] could not be fetched: {error.detail}"
                raise self._unusable(detail, _REACHABLE) from error
            order, task = await self._task_of(order)
            drawn = await self._fetch_anew(order, self._picture_url(order, task), expired=url)
        return drawn if order.upscale else await self._cut(drawn, order.index)

    async def _under_way(self, before: "_Order", order: "_Order", task: Task) -> Pending | Submitted:
        """Not done yet: confirm what wants to be confirmed, give up what takes too long, wait for the rest."""
        if self._age_seconds(order) > self._config.give_up_seconds:
            with suppress(ProviderError):
                await self._proxy.cancel(task.id)
            raise self._service.refused(
                f"[{self.name}] did not finish the picture within {self._config.give_up_seconds:g} s "
                f"(it is {task.status} at the proxy).",
                "Look at the proxy's queue, raise give_up_seconds, or retry the job.",
            )
        if task.status == MODAL and order.dialog == "":
            return self._committed(order.model_copy(update={"dialog": "confirming"}), 0)
        if task.status == MODAL and order.dialog == "confirming":
            self._proxy.accepted(await self._proxy.confirm(task))
            order = order.model_copy(update={"dialog": "confirmed"})
        pause = self._pause_seconds(order)
        if order != before:
            return self._committed(order, pause)
        return Pending(fraction=task.fraction, poll_after_seconds=pause)

    # -- what they need -----------------------------------------------------------------------------------------

    async def _task_of(self, order: "_Order") -> tuple["_Order", Task]:
        """The task that the order waits for. One that the proxy forgot is looked for once by our own reference."""
        if (task := await self._proxy.task(order.upscale or order.task)) is not None:
            return order, task
        found = await self._listed(order.upscale_reference if order.upscale else order.reference)
        if found is None:
            raise self._service.refused(
                f"The proxy of [{self.name}] no longer knows the task {order.upscale or order.task}.",
                "It forgets its tasks when it restarts without a store. Retry the job to order the picture anew.",
            )
        return order.model_copy(update={"upscale" if order.upscale else "task": found.id}), found

    async def _listed(self, reference: str) -> Task | None:
        return self._proxy.find(await self._proxy.listing(), reference) if reference else None

    def _picture_url(self, order: "_Order", task: Task) -> str:
        if task.status in DEAD:
            raise self._proxy.ended(task)
        if task.status != SUCCESS or not task.image_url:
            raise self._not_there(order, f"[{self.name}] says that the picture is done, and gives no address of it.")
        if task.image_url.startswith("/") and not task.image_url.startswith("//"):
            parts = urlsplit(self._service.base_url)
            return f"{parts.scheme}://{parts.netloc}{task.image_url}"
        return task.image_url

    async def _fetch_anew(self, order: "_Order", url: str, *, expired: str) -> Drawn:
        if url != expired:
            with suppress(SourceRefused):
                return await self._fetch(url)
        raise self._not_there(order, f"The address of the picture of [{self.name}] has expired.")

    async def _fetch(self, url: str) -> Drawn:
        """By the rules for sources; only the proxy's own host may be private. Raises SourceRefused too."""
        from blogen.providers.fetch import Fetcher

        fetcher = Fetcher(
            timeout_seconds=self._config.timeout_seconds,
            max_bytes=MAX_PICTURE_BYTES,
            allow_hosts=[urlsplit(self._service.base_url).hostname or ""],
        )
        try:
            fetched = await fetcher.fetch(url, accept=("image/", "application/octet-stream"))
        except ProviderUnavailable as error:
            raise self._service.unavailable(
                f"The picture of [{self.name}] could not be fetched: {error.detail}",
                _REACHABLE,
                retry_after_seconds=error.retry_after_seconds,
            ) from error
        finally:
            await fetcher.close()
        if not fetched.body:
            raise self._service.unavailable(
                f"The picture of [{self.name}] came empty.", "Look at the task in the proxy."
            )
        return Drawn(content=fetched.body, media_type=fetched.media_type, usage=self._usage)

    async def _cut(self, drawn: Drawn, index: int) -> Drawn:
        from blogen.providers.midjourney_grid import NotAGrid, quarter

        try:
            content = await quarter(drawn.content, index)
        except NotAGrid as error:
            raise self._unusable(
                f"The four pictures of [{self.name}] cannot be cut apart: {error}.", "Retry the job to order them anew."
            ) from error
        return drawn.model_copy(update={"content": content, "media_type": "image/png"})

    def _not_there(self, order: "_Order", detail: str) -> ProviderError:
        """A picture that may still come, until the time for it is over."""
        if self._age_seconds(order) > self._config.give_up_seconds:
            return self._unusable(detail, "Retry the job to order the picture anew.")
        return self._service.unavailable(detail, "Look at the task in the proxy.")

    def _unusable(self, detail: str, remedy: str) -> AnswerUnusable:
        """Of a picture that was drawn, and is paid for."""
        return AnswerUnusable(detail, remedy=remedy, provider=self.name, usage=self._usage)

    @property
    def _usage(self) -> Usage:
        return Usage(provider=self.name, model=self._config.model, cost_usd_micros=self._config.call_usd_micros)

    # -- the handle ---------------------------------------------------------------------------------------------

    def _order(self, task_id: str, reference: str, begun_ms: int) -> "_Order":
        return _Order(task=task_id, reference=reference, begun_ms=begun_ms, index=self._config.index)

    def _taken_up(self, task: Task, reference: str) -> Submitted:
        now = self._clock.now_ms()
        begun_ms = task.submitted_ms if 0 < task.submitted_ms <= now else now
        return self._committed(self._order(task.id, reference, begun_ms), 0)

    def _next(self, order: "_Order", state: ImageTaskState) -> Submitted:
        return self._committed(order.moved(state), 0)

    def _committed(self, order: "_Order", poll_after_seconds: float) -> Submitted:
        handle = order.model_dump_json(exclude_defaults=True)
        return Submitted(handle=handle, poll_after_seconds=poll_after_seconds, state=order.state)

    def _read(self, handle: str) -> "_Order":
        try:
            return _Order.model_validate_json(handle)
        except ValidationError:
            raise self._service.refused(
                f"[{self.name}] has no use for the handle {handle[:80]!r}.", "Retry the job to order the picture anew."
            ) from None

    def _age_seconds(self, order: "_Order") -> float:
        return max(0.0, (self._clock.now_ms() - order.begun_ms) / 1000)

    def _pause_seconds(self, order: "_Order") -> float:
        if self._config.notify_hook:
            return _PAUSE_WITH_HOOK_SECONDS  # the hook wakes us; this is for when it is never called
        return min(max(_FIRST_PAUSE_SECONDS, self._age_seconds(order) / 10), _LONGEST_PAUSE_SECONDS)


class _Order(Model):
    """A picture as far as it has come: the handle, as JSON."""

    task: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")
    """The grid's task."""
    state: ImageTaskState = ImageTaskState.SUBMITTED
    reference: str = Field("", max_length=500)
    begun_ms: int = Field(ge=0)
    index: int = Field(1, ge=1, le=4)
    upscale: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,100}$")
    """The task of the large picture, once it is known."""
    upscales: int = Field(0, ge=0, le=100)
    """How often the large picture was ordered."""
    dialog: Literal["", "confirming", "confirmed"] = ""
    """Whether a dialog that the task waits for is about to be confirmed, or was."""

    @property
    def upscale_reference(self) -> str:
        return f"{self.reference}:u{self.index}" if self.reference else ""

    def moved(self, state: ImageTaskState) -> "_Order":
        self.state.check_move(state)
        return self.model_copy(update={"state": state, "dialog": ""})

    def with_upscale(self, task_id: str) -> "_Order":
        return self.model_copy(update={"upscale": task_id, "upscales": self.upscales + 1, "dialog": ""})

    def without_upscale(self) -> "_Order":
        return self.model_copy(update={"upscale": "", "dialog": ""})


_OF_UPSCALE = re.compile(r":u[1-4]$")


def prompt_of(request: ImageRequest, suffix: str) -> str:
    """What Midjourney is told: the prompt as plain words, then the owner's parameters and the shape."""
    words = plain(request.prompt)
    parameters = " ".join(suffix.split())
    if not words:
        return ""
    has_shape = re.search(r"(--|—)\s?(ar|aspect)\b", parameters)
    if not has_shape and request.width > 0 and request.height > 0:
        shape = Fraction(request.width, request.height).limit_denominator(20)
        parameters += f" --ar {max(shape.numerator, 1)}:{shape.denominator}"
    return f"{words} {parameters.strip()}".strip()


def plain(prompt: str) -> str:
    """A prompt without what Midjourney reads as orders: a model wrote it, and only the owner sets parameters.

    `--repeat 10` and `{red, green}` would be paid for several times, an address would be fetched as a picture.
    """
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in prompt[: 4 * MAX_PROMPT_LENGTH]).split())
    text = re.sub(r"https?://\S+", "", text, flags=re.IGNORECASE)
    text = re.sub(r"(--+|[—–])(?=\s?[a-zA-Z])", ", ", text)
    text = re.sub(r"::+(\s?-?\d+(\.\d+)?)?", ":", text.translate(str.maketrans("{}<>", "()()")))
    return re.sub(r"\s+(?=[\s,])", "", text).strip(" ,")[:MAX_PROMPT_LENGTH]


def _made_ms(reference: str) -> int:
    """When the job in a reference was made: it cannot have ordered anything before. Its id is a UUIDv7."""
    found = re.match(r"([0-9a-f]{8})-([0-9a-f]{4})-7", reference)
    return int(found[1] + found[2], 16) if found else 0


def _is_expired(error: SourceRefused) -> bool:
    return re.search(r"\((401|403|404|410)\)\.$", error.detail) is not None
