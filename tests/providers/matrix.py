"""The fault matrix: what can go wrong with a call (`FAULTS`), the calls there are (`ROWS`), and what is required where
they meet: what the fault says, unless the row or `OTHERWISE` says another thing and why.

A new kind has rows here, or a reason in `ASKS_NOBODY`; an operation that a kind has has a row, or a reason in
`NO_CALL`; a fault that cannot strike a row has its reason in `GROUPS`.
"""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any, Literal, NamedTuple

from blogen.ids import new_id
from blogen.providers.protocols import Drawn, Health, ImageRequest, Pending, Submitted, TextAnswer, TextRequest
from tests.fakes.anthropic_server import MODEL as CLAUDE
from tests.fakes.anthropic_server import PROMPT_TOO_LONG, FakeAnthropic
from tests.fakes.automatic1111 import FakeAutomatic1111
from tests.fakes.brave import FakeBrave
from tests.fakes.comfyui import CHECKPOINTS, FakeComfyUI
from tests.fakes.faults import Fault as Strike
from tests.fakes.feeds import FakeFeeds
from tests.fakes.midjourney import FakeMidjourney
from tests.fakes.openai_server import CONTEXT_TOO_LONG, IMAGE_MODEL, MODEL, FakeOpenAI
from tests.fakes.searxng import FakeSearXNG
from tests.fakes.stability import FakeStability
from tests.fakes.tavily import FakeTavily

KEY = "a-very-secret-key-1234567890"
SOON = 0.4
"""The time limit of calls that are to run into it, in seconds."""
LONG = 10.0
"""That of all others: nothing here takes as long, on a busy machine neither."""
PAUSE, LONG_PAUSE = 7.0, 90.0
"""What a server asks for, in seconds and by a date."""
A_DATE = "the date when the long pause is over"

Required = Literal[
    "refused",  # ProviderRefused: repeating would not help
    "content",  # ContentRefused: another prompt might pass
    "busy",  # ProviderBusy, with the pause that was asked for
    "unavailable",  # ProviderUnavailable, likewise: nothing was ordered
    "lost",  # AnswerLost: it was asked, and nothing usable came back; maybe paid
    "unusable",  # AnswerUnusable
    "pictured",  # bytes, whatever they are; `render.pictures.prepare` refuses them at once, in little memory
    "answered",  # as if nothing had been wrong
    "quiet",  # no error and no answer: nobody waits for one
    "told",  # a Health in words, never an error
]
Group = Literal["any", "question", "text", "streamed", "picture", "address"]
GROUPS: Mapping[Group, str] = {
    "any": "every call goes over a wire",
    "question": "only where a question is sent",
    "text": "only where a model's answer is read",
    "streamed": "only where an answer comes in pieces",
    "picture": "only where a picture comes",
    "address": "only where a picture comes by its address",
}
"""Which rows a fault strikes; elsewhere this is the reason why it cannot."""


class Fault(NamedTuple):
    """What goes wrong, by the name that the fakes have for it, and what that asks of a provider as a rule."""

    kind: str
    required: Required
    options: Mapping[str, Any] = {}
    pause: float | None = None
    """What ProviderBusy and ProviderUnavailable are to hand on."""
    is_mendable: bool = False
    """Whether a person can do something about it, so that there is a remedy."""
    group: Group = "any"
    is_slow: bool = False
    """Whether only a time limit ends it."""


def status(number: int, required: Required, **more: Any) -> Fault:
    headers = more.pop("headers", {})
    return Fault("status", required, {"status": number, "headers": headers, **more.pop("options", {})}, **more)


NOBODY_LISTENS, NO_SUCH_NAME, NO_TLS = "nobody_listens", "no_such_name", "no_tls"

FAULTS: dict[str, Fault] = {
    # the way there
    "refuse": Fault(NOBODY_LISTENS, "unavailable", is_mendable=True),
    "unknown_host": Fault(NO_SUCH_NAME, "unavailable", is_mendable=True),
    "tls": Fault(NO_TLS, "unavailable", is_mendable=True),
    "reset": Fault("reset", "lost"),
    "hang": Fault("hang", "lost", is_mendable=True, is_slow=True),
    "drip": Fault("drip", "lost", is_mendable=True, is_slow=True),
    # what it says instead of answering
    "400": status(400, "refused"),
    "401": status(401, "refused", is_mendable=True),
    "402": status(402, "refused", is_mendable=True),
    "403": status(403, "refused", is_mendable=True),
    "404": status(404, "refused", is_mendable=True),
    "408": status(408, "unavailable"),
    "413": status(413, "refused"),
    "422": status(422, "refused"),
    "429": status(429, "busy", is_mendable=True),
    "429_seconds": status(429, "busy", headers={"Retry-After": f"{PAUSE:.0f}"}, pause=PAUSE, is_mendable=True),
    "429_date": status(429, "busy", headers={"Retry-After": A_DATE}, pause=LONG_PAUSE, is_mendable=True),
    "500": status(500, "unavailable"),
    "502": status(502, "unavailable"),
    "deep_error": status(502, "unavailable", options={"body": "[" * 900 + "]" * 900}),
    "503": status(503, "unavailable", headers={"Retry-After": f"{PAUSE:.0f}"}, pause=PAUSE),
    "redirect": status(302, "refused", headers={"Location": "http://elsewhere.invalid/"}, is_mendable=True),
    "echo": status(400, "refused", options={"body": {"error": {"message": f"What is {KEY}?"}}}),
    # what is wrong with its answer
    "not_json": Fault("not_json", "lost", is_mendable=True),
    "schema": Fault("schema", "lost", is_mendable=True),
    "deep": Fault("deep", "lost", is_mendable=True),
    "truncated": Fault("truncated", "lost"),
    "empty": Fault("empty", "lost", is_mendable=True),
    "huge": Fault("huge", "unusable", is_mendable=True),
    "packed": Fault("packed", "unusable", is_mendable=True),
    "wrong_type": Fault("wrong_type", "answered"),
    # what a model answers
    "context": status(400, "refused", is_mendable=True, group="question", options={"body": CONTEXT_TOO_LONG}),
    "refusal": Fault("refusal", "content", is_mendable=True, group="text"),
    "length": Fault("length", "unusable", is_mendable=True, group="text"),
    "no_text": Fault("no_text", "unusable", is_mendable=True, group="text"),
    "think": Fault("think", "answered", group="text"),
    "cut_stream": Fault("cut_stream", "lost", group="streamed"),
    "error_in_stream": Fault("error_in_stream", "lost", group="streamed"),
    "stall": Fault("stall", "lost", {"seconds": 3600}, group="streamed", is_slow=True),
    # what a picture is
    "not_an_image": Fault("not_an_image", "unusable", is_mendable=True, group="picture"),
    "bomb": Fault("bomb", "pictured", group="picture"),
    "vast": Fault("vast", "pictured", group="picture"),
    "expired_url": Fault("expired_url", "refused", is_mendable=True, group="address"),
    "private_redirect": Fault("private_redirect", "refused", is_mendable=True, group="address"),
}

Prepare = Callable[[Any, Any], Awaitable[Any]]
"""Given a provider and its fake: what comes before the call; what the call is about."""


async def _nothing(provider: Any, fake: Any) -> None:
    pass


@dataclass(frozen=True)
class Row:
    """One operation of a kind. `strikes` says which calls of the fake go wrong, by label or path; these are counted."""

    kind: str
    how: str
    operation: str
    fake: Callable[[], Any]
    call: Callable[[Any, Any], Awaitable[Any]]
    config: Mapping[str, Any] = field(default_factory=dict)
    prepare: Prepare = _nothing
    strikes: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, str] | None = None
    """Which calls are counted, if not those."""
    groups: frozenset[Group] = frozenset({"any"})
    told_before: frozenset[Group] = frozenset()
    """Faults that strike what comes before the call, and show in it."""
    is_fresh: bool = False
    """Whether each call needs a preparation of its own, because the kind does nothing twice."""
    always: Required | None = None
    """Required whatever goes wrong."""
    otherwise: Mapping[str, Required] = field(default_factory=dict)
    pauses: Mapping[str, float | None] = field(default_factory=dict)
    """Where other pauses are to be handed on than those of the faults."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """How many calls there are where it is not one."""

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.how}"

    @property
    def section(self) -> str:
        return f"{self.kind.partition('.')[0]}.main"

    def provider(self, base_url: str, seconds: float) -> Any:
        trade, _, kind = self.kind.partition(".")
        module = importlib.import_module(f"blogen.providers.{trade}.{kind}")
        config = {"api_key": KEY, "timeout_seconds": seconds, "base_url": base_url, **self.config}
        if kind == "feeds":
            config = {**config, "urls": [f"{config.pop('base_url')}/rss.xml"]}
        return module.Provider(self.section, module.Config(kind=kind, **config))

    def required(self, name: str) -> Required:
        return self.otherwise.get(name) or self.always or FAULTS[name].required

    def pause(self, name: str) -> float | None:
        return self.pauses.get(name, FAULTS[name].pause)

    def struck(self, calls: list[Any]) -> int:
        """How many of the calls are those that count."""
        which = Strike("", **(self.strikes if self.counts is None else self.counts))
        return sum(which.fits(call.path, getattr(call, "label", None)) for call in calls)


# -- text -------------------------------------------------------------------------------------------------------------

QUESTION = TextRequest(system="You are terse.", user="Say something about tea.", purpose="draft")
_QUESTION: frozenset[Group] = frozenset({"any", "question"})
_TEXT: frozenset[Group] = _QUESTION | {"text"}
_STREAMED: frozenset[Group] = _TEXT | {"streamed"}


def _asked_again(calls: int) -> dict[str, int]:
    """A question that is refused for its form is sent in plainer ones; refused calls cost nothing."""
    return dict.fromkeys(("400", "422", "echo"), calls)


async def _complete(provider: Any, _: Any) -> Any:
    return await provider.complete(QUESTION)


async def _complete_streamed(provider: Any, _: Any) -> Any:
    shown: list[str] = []
    answer = await provider.complete(QUESTION, stream=shown.append)
    assert answer.text.startswith("".join(shown).strip()[:20])
    assert "weigh" not in "".join(shown), "reasoning is not shown"
    return answer


async def _submit_text(provider: Any, _: Any) -> Any:
    return await provider.submit(QUESTION)


async def _ordered_text(provider: Any, fake: Any) -> str:
    return str((await provider.submit(QUESTION)).handle)


async def _poll(provider: Any, handle: Any) -> Any:
    return await provider.poll(handle)


async def _cancel(provider: Any, handle: Any) -> Any:
    return await provider.cancel(handle)


async def _check(provider: Any, _: Any) -> Any:
    return await provider.check()


def _openai(how: str, operation: str, call: Any, **more: Any) -> Row:
    config = {"model": MODEL, "stall_seconds": SOON / 2, **more.pop("config", {})}
    more = {"strikes": {"label": "draft"}, "groups": _TEXT, **more}
    fake = partial(FakeOpenAI, key=KEY, background_polls=1)
    return Row("text.openai", how, operation, fake, call, config, **more)


_CHAT, _RESPONSES = {"api": "chat"}, {"api": "responses"}
_BACKGROUND = {"api": "responses", "background": "always"}

_TEXT_ROWS = [
    _openai("chat", "complete", _complete, config=_CHAT, calls=_asked_again(2)),
    _openai("chat, streamed", "complete", _complete_streamed, config=_CHAT, groups=_STREAMED, calls=_asked_again(4)),
    _openai("responses", "complete", _complete, config=_RESPONSES, calls=_asked_again(2)),
    _openai(
        "responses, streamed", "complete", _complete_streamed, config=_RESPONSES, groups=_STREAMED,
        calls=_asked_again(3),
    ),
    _openai(
        "background", "submit", _submit_text, config=_BACKGROUND, groups=_QUESTION, calls=_asked_again(3)
    ),
    _openai(
        "background", "poll", _poll, config=_BACKGROUND, prepare=_ordered_text, strikes={"label": "poll"},
        groups=frozenset({"any", "text"}), told_before=frozenset({"text"}),
    ),
    _openai(
        "background", "cancel", _cancel, config=_BACKGROUND, prepare=_ordered_text, strikes={"label": "cancel"},
        groups=frozenset({"any"}), always="quiet",
    ),
    _openai("any", "check", _check, strikes={}, groups=frozenset({"any"}), always="told"),
    Row(
        "text.anthropic", "whole", "complete", lambda: FakeAnthropic(key=KEY), _complete, {"model": CLAUDE},
        groups=_TEXT,
    ),
    Row(
        "text.anthropic", "streamed", "complete", lambda: FakeAnthropic(key=KEY), _complete_streamed,
        {"model": CLAUDE, "stall_seconds": SOON / 2}, groups=_STREAMED,
    ),
    Row("text.anthropic", "any", "check", lambda: FakeAnthropic(key=KEY), _check, {"model": CLAUDE}, always="told"),
]  # fmt: skip

# -- pictures ---------------------------------------------------------------------------------------------------------

_PICTURE: frozenset[Group] = frozenset({"any", "picture"})
_BY_ADDRESS: frozenset[Group] = frozenset({"any", "picture", "address"})


_NO_FILE = ("400", "401", "402", "403", "404", "413", "422", "echo", "redirect", "expired_url", "private_redirect")
_NO_FILE_NOW = (
    "refuse", "reset", "hang", "drip", "408", "429", "429_seconds", "429_date", "500", "502", "deep_error", "503",
    "truncated",
)  # fmt: skip
_NOT_ONE = ("not_json", "schema", "wrong_type", "huge", "packed")
"""What keeps a picture's file from coming: for good, for now, or because it is something else."""


def picture_order() -> ImageRequest:
    reference = f"{new_id()}/image:cover/1"
    return ImageRequest(prompt="A teapot on a quiet table", title="Tea", reference=reference)


async def _draw(provider: Any, _: Any) -> Any:
    return await provider.submit(picture_order())


async def _ordered_picture(provider: Any, fake: Any) -> str:
    return str((await provider.submit(picture_order())).handle)


async def _find(provider: Any, reference: Any) -> Any:
    return await provider.find(reference)


async def _findable_picture(provider: Any, fake: Any) -> str:
    order = picture_order()
    await provider.submit(order)
    return order.reference


def _openai_by_address() -> FakeOpenAI:
    fake = FakeOpenAI(key=KEY)
    fake.picture_by_url = True
    return fake


def _comfyui(how: str, operation: str, call: Any, path: str, **more: Any) -> Row:
    return Row(
        "image.comfyui", how, operation, lambda: FakeComfyUI(token=KEY), call, {"model": CHECKPOINTS[0]},
        strikes={"path": path}, **more,
    )  # fmt: skip


async def _waiting_picture(provider: Any, fake: Any) -> str:
    fake.hold()
    return await _ordered_picture(provider, fake)


def _midjourney(flavour: Any, how: str, operation: str, call: Any, label: str, **more: Any) -> Row:
    return Row(
        "image.midjourney", f"{flavour}, {how}", operation, lambda: FakeMidjourney(flavour, secret=KEY), call,
        more.pop("config", {}), strikes={"label": label} if label else {}, **more,
    )  # fmt: skip


def _walked(state: str) -> Prepare:
    """A picture whose handle says that it is `state`."""

    async def walk(provider: Any, fake: Any) -> str:
        answer = await provider.submit(picture_order())
        for _ in range(12):
            if f'"state":"{state}"' in answer.handle and (state != "upscaling" or '"upscale":' not in answer.handle):
                return str(answer.handle)
            for task in list(fake.tasks.values()):
                if task["status"] != "SUCCESS":
                    await fake.finish(task["id"])
            handle = answer.handle
            answer = await provider.poll(handle)
        raise AssertionError(f"it never is {state}")

    return walk


async def _asked(provider: Any, fake: Any) -> str:
    """A picture that waits for a dialog, which is about to be confirmed."""
    fake.asks_dialog = True
    answer = await provider.poll((await provider.submit(picture_order())).handle)
    fake.asks_dialog = False
    return str(answer.handle)


def _of_midjourney(flavour: str) -> list[Row]:
    """A task that was ordered is paid for, so what would be refused is waited for."""
    kept: dict[str, Required] = dict.fromkeys(
        ("400", "401", "402", "403", "404", "413", "422", "echo", "redirect"), "unavailable"
    )
    # Its file costs nothing to ask for again, and its address may be renewed until it is given up.
    fetched: dict[str, Required] = {
        **dict.fromkeys(_NO_FILE_NOW, "unavailable"), "empty": "unavailable",
        **dict.fromkeys(("400", "402", "413", "422", "echo", "private_redirect", *_NOT_ONE), "unusable"),  # it is paid
        **dict.fromkeys(("401", "403", "404", "expired_url", "redirect"), "unavailable"),
    }  # fmt: skip
    rows = [
        _midjourney(flavour, "ordering", "submit", _draw, "imagine"),
        _midjourney(
            flavour, "asking", "poll", _poll, "fetch", prepare=_ordered_picture,
            otherwise={**kept, "empty": "answered"},  # an empty answer is how a task is unknown; the list knows it
        ),
        _midjourney(flavour, "looking", "find", _find, "list", prepare=_findable_picture, otherwise=kept),
        _midjourney(
            flavour, "upscaling", "poll", _poll, "change" if flavour == "java" else "action", is_fresh=True,
            prepare=_walked("upscaling"), otherwise=kept,
        ),
        _midjourney(
            flavour, "fetching", "poll", _poll, "file", prepare=_walked("downloading"), groups=_BY_ADDRESS,
            otherwise={**fetched, "deep": "pictured", "not_an_image": "pictured"},
        ),
        _midjourney(
            flavour, "cutting out", "poll", _poll, "file", prepare=_walked("downloading"), config={"grid": "split"},
            groups=_BY_ADDRESS,
            otherwise={**fetched, **dict.fromkeys(("deep", "bomb", "vast", "not_an_image"), "unusable")},
        ),
        _midjourney(flavour, "any", "check", _check, "", always="told"),
    ]  # fmt: skip
    if flavour == "dotnet":
        rows += [
            _midjourney(flavour, "confirming", "poll", _poll, "modal", prepare=_asked, is_fresh=True),
            _midjourney(
                flavour, "stopping", "cancel", _cancel, "cancel", prepare=_ordered_picture,
                otherwise=dict.fromkeys(("400", "404", "echo", "not_json", "schema", "deep", "empty"), "answered"),
            ),
        ]  # fmt: skip
    return rows


_IMAGE_ROWS = [
    Row(
        "image.openai", "in the answer", "submit", lambda: FakeOpenAI(key=KEY), _draw, {"model": IMAGE_MODEL},
        strikes={"label": "image"}, groups=_PICTURE, calls=_asked_again(2),
    ),
    Row(
        "image.openai", "by address", "submit", _openai_by_address, _draw, {"model": IMAGE_MODEL},
        strikes={"label": "file"}, counts={"label": "image"}, groups=_BY_ADDRESS,
        # The picture was drawn, and is paid for.
        otherwise={
            **dict.fromkeys(_NO_FILE_NOW[1:], "lost"), "redirect": "lost",
            **dict.fromkeys((*_NO_FILE[:-3], *_NOT_ONE, "deep", "empty", *_NO_FILE[-2:]), "unusable"),
        },
    ),
    Row("image.openai", "any", "check", lambda: FakeOpenAI(key=KEY), _check, {"model": IMAGE_MODEL}, always="told"),
    Row(
        "image.automatic1111", "drawing", "submit", lambda: FakeAutomatic1111(auth=f"user:{KEY}"), _draw,
        {"api_key": f"user:{KEY}"}, strikes={"path": "/txt2img"}, groups=_PICTURE,
    ),
    Row(
        "image.automatic1111", "any", "check", lambda: FakeAutomatic1111(auth=f"user:{KEY}"), _check,
        {"api_key": f"user:{KEY}"}, always="told",
    ),
    _comfyui("ordering", "submit", _draw, "/prompt"),
    _comfyui("asking the queue", "poll", _poll, "/queue", prepare=_ordered_picture),
    _comfyui("asking the history", "poll", _poll, "/history", prepare=_ordered_picture),
    _comfyui(
        "fetching", "poll", _poll, "/view", prepare=_ordered_picture, groups=_PICTURE,
        told_before=frozenset({"picture"}), otherwise={"deep": "unusable"},
    ),
    _comfyui("looking", "find", _find, "/queue", prepare=_findable_picture),
    _comfyui(
        "stopping", "cancel", _cancel, "/queue", prepare=_waiting_picture,
        calls=dict.fromkeys(("not_json", "schema", "deep", "empty", "wrong_type"), 2),  # it takes out, then looks
    ),
    _comfyui("any", "check", _check, "", always="told"),
    Row(
        "image.stability", "drawing", "submit", lambda: FakeStability(key=KEY, credits_left=10_000), _draw,
        strikes={"path": "/generate/"}, groups=_PICTURE, otherwise={"403": "content"}, pauses={"429": 60.0},
    ),
    Row("image.stability", "any", "check", lambda: FakeStability(key=KEY), _check, always="told"),
    *_of_midjourney("java"),
    *_of_midjourney("dotnet"),
]  # fmt: skip

# -- searches ---------------------------------------------------------------------------------------------------------


async def _search(provider: Any, _: Any) -> Any:
    return await provider.search("tea", language="en")


_SEARCHES: list[tuple[str, Callable[[], Any], Mapping[str, Any], Mapping[str, Any]]] = [
    ("searxng", FakeSearXNG, {}, {}),
    ("brave", lambda: FakeBrave(key=KEY), {}, {}),
    ("tavily", lambda: FakeTavily(key=KEY), {}, {}),
    (
        "feeds", FakeFeeds, {"allow_private": ["127.0.0.0/8"], "keep_seconds": 0},
        # A feed is a file that costs nothing to ask for again; a document that is no feed stays none.
        {
            "otherwise": {
                **dict.fromkeys((*_NO_FILE_NOW, "redirect"), "unavailable"),
                **dict.fromkeys((*_NOT_ONE, "deep", "empty"), "refused"),
            },
        },
    ),
]  # fmt: skip
_SEARCH_ROWS = [
    row
    for kind, fake, config, more in _SEARCHES
    for row in (
        Row(f"search.{kind}", "searching", "search", fake, _search, config, **more),
        Row(f"search.{kind}", "any", "check", fake, _check, config, always="told"),
    )
]

ROWS: dict[str, Row] = {row.name + f" ({row.operation})": row for row in _TEXT_ROWS + _IMAGE_ROWS + _SEARCH_ROWS}

ASKS_NOBODY = {"image.covers": "it draws by itself"}
OPERATIONS = ("complete", "submit", "poll", "find", "cancel", "search", "check")
NO_CALL = {
    ("image.openai", "poll"): "it gives no handles",
    ("image.automatic1111", "poll"): "it gives no handles",
    ("image.stability", "poll"): "it gives no handles",
}
"""Operations without a row: no call is made."""

GOOD: Mapping[str, tuple[type, ...]] = {
    "complete": (TextAnswer,),
    "submit": (Submitted, Drawn),
    "poll": (Drawn, Pending, Submitted, TextAnswer),
    "find": (Submitted,),
    "cancel": (type(None),),
    "search": (list,),
    "check": (Health,),
}
"""What an operation answers when nothing goes wrong."""


def is_good(row: Row, answer: Any) -> bool:
    if isinstance(answer, TextAnswer):
        return bool(answer.text) and "<think" not in answer.text and "weigh" not in answer.text
    if isinstance(answer, Drawn):
        return answer.content.startswith(b"\x89PNG")
    if isinstance(answer, Health):
        return answer.ok
    return isinstance(answer, GOOD[row.operation]) and answer != []


def strike(row: Row, name: str, **more: Any) -> dict[str, Any]:
    """The options with which the fake's `spoil_next` brings about the fault on this row, until it is healed."""
    fault = FAULTS[name]
    options: dict[str, Any] = {**fault.options, "times": 1000, **more}
    if fault.group not in row.told_before and not (fault.group == "picture" and "path" in row.strikes):
        options |= row.strikes
    if options.get("headers") == {"Retry-After": A_DATE}:
        over = datetime.now(UTC) + timedelta(seconds=LONG_PAUSE)
        options["headers"] = {"Retry-After": format_datetime(over, usegmt=True)}
    if name == "context" and row.kind == "text.anthropic":
        options["body"] = {"type": "error", "error": {"type": "invalid_request_error", "message": PROMPT_TOO_LONG}}
    return options
