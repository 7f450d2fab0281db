"""The tasks of Midjourney's two self-hosted proxies: what is sent, what comes back, and what it means.

Wire format: `docs/api.md` and the controllers of https://github.com/novicezk/midjourney-proxy (Java) and of
https://github.com/trueai-org/midjourney-proxy (.NET). They differ in this: the Java proxy upscales by
`submit/change`, its list is whole, an unknown task is an empty 200, a full queue is code 23; the .NET proxy upscales
by `submit/action` with a button of the grid, lists the newest 100 tasks, answers 204 for an unknown one and 404 with a
code for an unknown grid, has code 9 for a full queue, and can cancel.
"""

import re
from collections.abc import Awaitable
from typing import Any, Final, NamedTuple, TypeVar

from blogen.errors import OrderFailed, ProviderError, ProviderRefused
from blogen.providers.http import Answer, Service

MAX_ANSWER_BYTES: Final = 16_000_000
"""The Java proxy's list has all tasks of 30 days, at a bit more than a kilobyte each."""
WINDOW: Final = 100
"""So many tasks the .NET proxy lists; a list of any other length is whole."""

SUCCESS: Final = "SUCCESS"
FAILURE: Final = "FAILURE"
CANCEL: Final = "CANCEL"
IN_PROGRESS: Final = "IN_PROGRESS"
MODAL: Final = "MODAL"
"""A dialog of Discord's waits for somebody to confirm it."""
DEAD: Final = frozenset({FAILURE, CANCEL})


T = TypeVar("T")


class Button(NamedTuple):
    label: str
    custom_id: str


class Task(NamedTuple):
    """A task as the proxy shows it. `state` is ours, carried along."""

    id: str
    status: str
    state: str = ""
    prompt: str = ""
    image_url: str = ""
    """While the task is under way, that of a preview."""
    fraction: float | None = None
    fail_reason: str = ""
    submitted_ms: int = 0
    buttons: tuple[Button, ...] = ()

    @property
    def may_succeed_anew(self) -> bool:
        """Of a task that came to nothing: nobody wanted that, and what it shows is not to blame."""
        return (
            self.status == FAILURE and not _CANCELLED.search(self.fail_reason) and not _CONTENT.search(self.fail_reason)
        )

    def button(self, index: int) -> Button | None:
        """What asks for picture `index` large."""
        by_id = f"MJ::JOB::upsample::{index}::"
        found = [button for button in self.buttons if button.label == f"U{index}" or button.custom_id.startswith(by_id)]
        return found[0] if found else None


class Receipt(NamedTuple):
    """The answer to an order. HTTP's own status is 200 for almost all of them."""

    code: int
    words: str
    task_id: str
    banned_word: str = ""


class Listing(NamedTuple):
    """The tasks that the proxy lists, as they came."""

    rows: tuple[dict[str, Any], ...]

    @property
    def is_whole(self) -> bool:
        return len(self.rows) != WINDOW

    def reaches_back_to(self, moment_ms: int) -> bool:
        """Whether a task of that moment would be on the list."""
        times = [_whole(row.get("submitTime")) for row in self.rows]
        return self.is_whole or any(0 < time <= moment_ms for time in times)


class Proxy:
    """One proxy. What it is asked and fails to do is a ProviderError in Blogen's words."""

    def __init__(self, service: Service, notify_hook: str = "") -> None:
        self._service = service
        self._notify_hook = notify_hook

    async def imagine(self, prompt: str, state: str) -> Receipt:
        """Order a grid."""
        return await self._submit("imagine", {"prompt": prompt}, state)

    async def upscale(self, grid: Task, index: int, state: str) -> Receipt:
        """Order one picture of a grid. The Java proxy no longer refuses to do it twice."""
        if not grid.buttons:
            change = {"taskId": grid.id, "action": "UPSCALE", "index": index}
            return await self._kept(self._submit("change", change, state))
        button = grid.button(index)
        if button is None:
            raise self._service.refused(
                f"[{self._service.name}] offers no upscale of picture {index} of its grid.",
                'Set grid = "split" to cut it out instead.',
            )
        action = {"taskId": grid.id, "customId": button.custom_id}
        return await self._kept(self._submit("action", action, state))

    async def confirm(self, task: Task) -> Receipt:
        """Say yes to the dialog that a task waits for."""
        return await self._submit("modal", {"taskId": task.id, "prompt": task.prompt}, task.state)

    def accepted(self, receipt: Receipt) -> str:
        """The id of the task that was made, or was there already. Raises what any other code means."""
        if receipt.code not in _ACCEPTED:
            raise self._refusal(receipt)
        if not receipt.task_id:
            raise self._service.malformed("accepts the order and names no task")
        return receipt.task_id

    async def task(self, task_id: str) -> Task | None:
        """A task as it stands; None if the proxy does not know it."""
        answer = await self._kept(self._service.ask("GET", f"/task/{task_id}/fetch"))
        if not answer.body.strip() or (found := self._service.decoded(answer)) is None:
            return None
        return self._read(found)

    async def listing(self) -> Listing:
        found = await self._kept(self._service.ask_json("GET", "/task/list"))
        if not isinstance(found, list):
            raise self._service.malformed("is no list of tasks")
        return Listing(tuple(row for row in found if isinstance(row, dict)))

    def find(self, listing: Listing, state: str) -> Task | None:
        """The task that carries our `state`; one that still lives or was done before one that failed."""
        found = [self._read(row) for row in listing.rows if row.get("state") == state]
        return min(found, key=lambda task: (task.status in DEAD, -task.submitted_ms), default=None)

    async def cancel(self, task_id: str) -> None:
        """Stop a task; nothing happens where the proxy cannot, or knows no such task."""
        await self._service.ask("POST", f"/task/{task_id}/cancel", accept_statuses=frozenset({400, 404, 405, 501}))

    async def ping(self) -> None:
        """Ask for nothing, in the way that costs nothing and that both proxies answer alike."""
        found = await self._service.ask_json("POST", "/task/list-by-condition", json={"ids": []})
        if not isinstance(found, list):
            raise self._service.malformed("is no list of tasks")

    def ended(self, task: Task) -> ProviderError:
        """Why a task came to nothing. Such a task never goes on: only a new order can help."""
        name, reason = self._service.name, self._service.redacted(_line(task.fail_reason))
        if task.status == CANCEL or _CANCELLED.search(reason):
            return self._service.refused(f"The task of [{name}] was cancelled at the proxy.", "Retry the job.")
        if _CONTENT.search(reason):
            return self._service.content_refused(f"Midjourney refused the prompt: {reason}")
        if _PASSING.search(reason):
            return OrderFailed(f"The task of [{name}] failed: {reason}", remedy="That tends to pass.", provider=name)
        return self._service.refused(
            f"The task of [{name}] failed: {reason or 'it gives no reason.'}",
            "Look at the proxy's log and at the Midjourney account, then retry the job.",
        )

    async def _kept(self, question: Awaitable[T]) -> T:
        """Ask about an order that was placed. It is paid for: that a key is wrong by now must not be its end."""
        try:
            return await question
        except ProviderRefused as error:
            raise self._service.unavailable(error.detail, error.remedy) from error

    async def _submit(self, what: str, order: dict[str, Any], state: str) -> Receipt:
        order = {**order, "state": state} if state else order
        order = {**order, "notifyHook": self._notify_hook} if self._notify_hook else order
        answer = await self._service.ask("POST", f"/submit/{what}", json=order, accept_statuses=frozenset({400, 404}))
        return self._receipt(answer)

    def _receipt(self, answer: Answer) -> Receipt:
        if answer.status >= 400 and not answer.body.lstrip().startswith(b"{"):
            raise self._service.status_error(answer)
        found = self._service.decoded(answer)
        code = found.get("code") if isinstance(found, dict) else None
        if answer.status >= 400 and code is None:
            raise self._service.status_error(answer)
        if not isinstance(code, int) or isinstance(code, bool):
            raise self._service.malformed("has no code for what became of the order")
        properties = found.get("properties")
        banned = properties.get("bannedWord") if isinstance(properties, dict) else None
        words = self._service.redacted(_line(found.get("description")) or _line(found.get("message")))
        return Receipt(code, words, self._id(found.get("result")), _line(banned, 100))

    def _refusal(self, receipt: Receipt) -> ProviderError:
        name, said = self._service.name, f": {receipt.words}" if receipt.words else "."
        if receipt.code == 24:
            word = f" because of {receipt.banned_word!r}" if receipt.banned_word else said
            return self._service.content_refused(
                f"[{name}] refused the prompt{word}", "Change what is asked for, or the proxy's list of banned words."
            )
        if receipt.code == 23 or _FULL.search(receipt.words):
            return self._service.busy(f"The queue of [{name}] is full{said}")
        if _CONTENT.search(receipt.words) and not _ACCOUNT.search(receipt.words):
            return self._service.content_refused(f"[{name}] refused the prompt{said}")
        if receipt.code == 9 or _ACCOUNT.search(receipt.words):
            return self._service.unavailable(
                f"[{name}] could not take the order ({receipt.code}){said}",
                "Look at the proxy's log and at its accounts.",
            )
        what = {3: "does not know what the order rests on", 4: "finds a mistake in the order"}.get(
            receipt.code, "refused the order"
        )
        remedy = {
            3: "Retry the job to order it anew.",
            4: "Check `suffix`: does Midjourney know these parameters?",
        }.get(receipt.code, "Look at the proxy's log.")
        return self._service.refused(f"[{name}] {what} ({receipt.code}){said}", remedy)

    def _read(self, found: Any) -> Task:
        if not isinstance(found, dict):
            raise self._service.malformed("is no task")
        task_id = self._id(found.get("id"))
        status = found.get("status")
        if not task_id:
            raise self._service.malformed("holds a task without an id")
        if status is not None and not isinstance(status, str):
            raise self._service.malformed("holds a task whose status is no text")
        buttons = found.get("buttons")
        if buttons is not None and not isinstance(buttons, list):
            raise self._service.malformed("holds a task whose buttons are no list")
        text = self._text
        return Task(
            id=task_id,
            status=(status or "NOT_START").strip().upper()[:40],
            state=text(found, "state", 500),
            prompt=text(found, "prompt", 10_000),
            image_url=text(found, "imageUrl", 4000),
            fraction=_fraction(text(found, "progress", 40)),
            fail_reason=text(found, "failReason", 4000),
            submitted_ms=_whole(found.get("submitTime")),
            buttons=tuple(button for entry in (buttons or [])[:50] if (button := _button(entry))),
        )

    def _text(self, found: dict[str, Any], key: str, most: int) -> str:
        value = found.get(key)
        if value is not None and not isinstance(value, str):
            raise self._service.malformed(f"holds a task whose {key} is no text")
        return (value or "")[:most]

    def _id(self, found: Any) -> str:
        """An id that may stand in an address; empty if there is none."""
        if found is None or found == "":
            return ""
        text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        if not _ID.fullmatch(text):
            raise self._service.malformed("holds a task's id that cannot be one")
        return text


_ACCEPTED: Final = frozenset({1, 21, 22})
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_CONTENT = re.compile(
    r"banned (prompt|word|content)|moderat|image denied|(image|output|content) filter|content policy|violat|sensitive"
    r"|敏感|违规|违禁|审核",
    re.IGNORECASE,
)
_CANCELLED = re.compile(r"^(取消任务|删除任务|cancell?ed)", re.IGNORECASE)
_ACCOUNT = re.compile(r"账号|实例|上限|account", re.IGNORECASE)
"""No account is free or allowed to draw at the moment: nothing is wrong with the order."""
_FULL = re.compile(r"队列已满|queue (is )?full", re.IGNORECASE)
_PASSING = re.compile(
    r"time(d)?[ -]?out|internal server error|discord|network|connection|queue full|\b5\d\d\b"
    r"|超时|队列已满|实例不可用|重试",
    re.IGNORECASE,
)


def _line(found: Any, most: int = 300) -> str:
    """What a stranger's text says, in one printable line; empty if it is no text."""
    if not isinstance(found, str):
        return ""
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in found[:4000]).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _fraction(progress: str) -> float | None:
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,3})?)\s*%", progress.strip())
    return min(float(found[1]) / 100, 1.0) if found else None


def _whole(found: Any) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**53 else 0


def _button(found: Any) -> Button | None:
    if not isinstance(found, dict):
        return None
    label, custom_id = found.get("label"), found.get("customId")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= 500:
        return None
    return Button(label if isinstance(label, str) else "", custom_id)
