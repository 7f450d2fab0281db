"""FakeMidjourney: one of Midjourney's two self-hosted proxies, with pictures, hooks, and failures on demand.

Built from docs/api.md and the controllers of github.com/novicezk/midjourney-proxy (flavour `java`) and
github.com/trueai-org/midjourney-proxy (flavour `dotnet`). In a test: `async with FakeMidjourney("java") as fake: …`.
Tasks stand still until `await fake.advance(task_id, status, progress)`, or go on by themselves with `auto`.
"""

import asyncio
import io
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
from aiohttp import web
from PIL import Image

from tests.fakes import faults
from tests.fakes.faults import Fault, Faults, Faulty, relabel, wrong_answer, wrong_picture

Flavour = Literal["java", "dotnet"]

OF_FILES = frozenset({*faults.PICTURES, *faults.BY_URL})
KINDS = (*faults.KINDS, *faults.PICTURES, *faults.BY_URL)
COLOURS = ("#b03a2e", "#1e8449", "#2874a6", "#b7950b")
"""Of the four pictures of a grid, and of what is made of each."""
WINDOW = 100
WAY = ("NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS")


@dataclass
class Call:
    """One request. `label` is the last word of its path: imagine, change, action, modal, fetch, list, file …"""

    number: int
    label: str
    path: str
    body: Any
    headers: dict[str, str]
    status: int | None = None
    """What it was answered with; None if it was cut off."""


@dataclass
class Submission:
    """An order that was taken: somebody pays for it."""

    task_id: str
    action: str
    state: str | None
    prompt: str
    notify_hook: str | None


class FakeMidjourney(Faulty):
    """`base_url` is without the prefix. With `secret`, calls without it are answered 401."""

    def __init__(
        self,
        flavour: Flavour = "java",
        *,
        secret: str | None = None,
        prefix: str = "/mj",
        auto: bool = False,
        polls: int = 1,
        banned: tuple[str, ...] = ("nude",),
        queue_size: int | None = None,
    ) -> None:
        self.flavour = flavour
        self.secret = secret
        self.prefix = prefix
        self.auto = auto
        """Whether a task goes on by itself: `polls` questions after it was made, it is done."""
        self.polls = polls
        self.banned = banned
        self.queue_size = queue_size
        """Tasks that may be unfinished; beyond it the queue is full."""
        self.knows_upscales = False
        """Older Java proxies answer 21 to an upscale that was made before; today's make another one."""
        self.is_partner = False
        """The .NET proxy has an upscale of some accounts ready at once, and calls no hook for it."""
        self.asks_dialog = False
        """New tasks of the .NET proxy wait for a dialog to be confirmed."""
        self.publishes_modal = True
        self.relative_urls = False
        """As of the .NET proxy with its own storage and no address for it."""
        self.renews_urls = False
        """Whether a fetched task has a fresh address where the old one has expired."""
        self.calls: list[Call] = []
        self.submissions: list[Submission] = []
        self.cancelled: list[str] = []
        self.confirmed: list[str] = []
        """Tasks whose dialog was confirmed, as often as it was."""
        self.hook_answers: list[int] = []
        """Statuses that our hook calls were answered with."""
        self.tasks: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, int] = {}
        self._expired: set[str] = set()
        self._codes: deque[tuple[int, str, dict[str, Any]]] = deque()
        self.faults = Faults()
        self._held: set[str] = set()
        self._ids = itertools.count(1)
        self._changed = asyncio.Condition()
        self._port = 0
        self._running: web.AppRunner | None = None

    # -- what a test says and asks ------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def labels(self) -> list[str]:
        return [call.label for call in self.calls]

    def of(self, label: str) -> list[Call]:
        return [call for call in self.calls if call.label == label]

    def ordered(self, action: str) -> list[Submission]:
        """The orders of one kind: IMAGINE or UPSCALE."""
        return [order for order in self.submissions if order.action == action]

    async def advance(self, task_id: str, status: str, progress: str | None = None, **fields: Any) -> None:
        """Let a task become something, and tell its hook. `fields` are set as they are."""
        self._become(self.tasks[task_id], status, progress, **fields)
        await self.call_hook(task_id)

    async def finish(self, task_id: str) -> None:
        """Let a task succeed."""
        await self.advance(task_id, "SUCCESS")

    async def call_hook(self, task_id: str, times: int = 1, **fields: Any) -> None:
        """Tell the task's hook how it stands, or (`fields`) how it stood: late, twice, out of order."""
        task = self.tasks[task_id]
        if url := task["properties"].get("notifyHook"):
            async with aiohttp.ClientSession() as http:
                for _ in range(times):
                    async with http.post(url, json={**task, **fields}) as answer:
                        self.hook_answers.append(answer.status)

    def answer_next(self, code: int, description: str = "", **properties: Any) -> None:
        """Answer the next order with `code` instead of taking it."""
        self._codes.append((code, description, properties))

    def spoil_next(self, kind: str, **options: Any) -> None:
        """Let the next call go wrong; what spoils a picture waits for the next file that is fetched."""
        super().spoil_next(kind, **options | ({"label": "file"} if kind in OF_FILES else {}))

    def heal(self) -> None:
        """Forget the faults that have not struck yet, and let every address be good again."""
        super().heal()
        self._expired.clear()

    def forget(self) -> None:
        """Restart as a proxy without a store does: every task is gone."""
        self.tasks.clear()

    def expire(self, task_id: str) -> None:
        """Let the address of the task's picture expire."""
        self._expired.add(self.tasks[task_id]["imageUrl"].rpartition("/")[2])

    def hold(self, label: str) -> None:
        """Do not answer calls of `label` until `release`."""
        self._held.add(label)

    async def release(self) -> None:
        async with self._changed:
            self._held.clear()
            self._changed.notify_all()

    async def received(self, label: str, count: int = 1) -> Call:
        """Wait until `count` calls of `label` have arrived; the last of them."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.of(label)) >= count)
            return self.of(label)[count - 1]

    def add_strangers(self, count: int) -> None:
        """Tasks that others ordered, newer than all there are."""
        for _ in range(count):
            self._new_task("IMAGINE", {"prompt": "something else", "state": None})

    # -- the server ---------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "FakeMidjourney":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=10_000_000)
        api = {
            ("POST", "/submit/imagine"): self._imagine,
            ("GET", "/task/{id}/fetch"): self._fetch,
            ("GET", "/task/list"): self._list,
            ("POST", "/task/list-by-condition"): self._list_by_condition,
        }
        if self.flavour == "java":
            api[("POST", "/submit/change")] = self._change
            api[("GET", "/task/queue")] = self._queue
        else:
            api[("POST", "/submit/action")] = self._action
            api[("POST", "/submit/modal")] = self._modal
            api[("POST", "/task/{id}/cancel")] = self._cancel
        for (method, path), handle in api.items():
            app.router.add_route(method, self.prefix + path, self._handled(handle))
        app.router.add_get("/attachments/{name}", self._handled(self._file, is_open=True))
        app.router.add_route("*", "/{rest:.*}", self._handled(self._unknown, is_open=True))
        app.on_response_prepare.append(relabel)
        self._running = web.AppRunner(app, shutdown_timeout=0.1)
        await self._running.setup()
        await web.TCPSite(self._running, "127.0.0.1", self._port).start()
        self._port = self._running.addresses[0][1]

    async def stop(self) -> None:
        await self.release()
        if self._running is not None:
            await self._running.cleanup()
            self._running = None

    def _handled(
        self, handle: Callable[[web.Request, Any], Awaitable[web.StreamResponse]], *, is_open: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            body = await request.json() if request.can_read_body else None
            label = "file" if request.path.startswith("/attachments/") else request.path.rpartition("/")[2]
            call = Call(len(self.calls) + 1, label, request.path, body, dict(request.headers))
            async with self._changed:
                self.calls.append(call)
                self._changed.notify_all()
                await self._changed.wait_for(lambda: label not in self._held)
            if self.secret is not None and not is_open and request.headers.get("mj-api-secret") != self.secret:
                call.status = 401
                words = "Authorization header missing." if self.flavour == "dotnet" else ""
                return web.Response(status=401, text=words)
            fault = self.faults.take(request.path, label)
            if fault is not None and fault.kind == "expired_url":
                self._expired.add(request.path.rpartition("/")[2])
            if fault is not None and fault.after:
                await handle(request, body)
            spoiled = await _spoiled(request, fault, label) if fault else None
            response = spoiled or await handle(request, body)
            call.status = response.status
            return response

        return handler

    # -- the API ------------------------------------------------------------------------------------------------

    async def _imagine(self, request: web.Request, body: Any) -> web.StreamResponse:
        prompt = body.get("prompt") if isinstance(body, dict) else None
        if not isinstance(prompt, str) or not prompt.strip():
            return result(4, "prompt不能为空")
        found = next((word for word in self.banned if word in prompt.lower().split()), None)
        if found and self.flavour == "java":
            return result(24, "可能包含敏感词", promptEn=prompt, bannedWord=found)
        if (refused := self._refusal()) is not None:
            return refused
        task = self._new_task("IMAGINE", {**body, "prompt": prompt.strip()})
        task["description"] = f"/imagine {prompt.strip()}"
        if found:  # the .NET proxy looks only when the task's turn has come
            self._become(task, "FAILURE", None, failReason="可能包含敏感词")
        return self._taken(task)

    async def _change(self, request: web.Request, body: Any) -> web.StreamResponse:
        if not body.get("taskId"):
            return result(4, "taskId不能为空")
        if body.get("action") != "UPSCALE" or body.get("index") not in {1, 2, 3, 4}:
            return result(4, "action参数错误")
        if (grid := self.tasks.get(body["taskId"])) is None:
            return result(3, "关联任务不存在或已失效")
        if grid["status"] != "SUCCESS":
            return result(4, "关联任务状态错误")
        if grid["action"] != "IMAGINE":
            return result(4, "关联任务不允许执行变化")
        description = f"/up {grid['id']} U{body['index']}"
        known = next((task for task in self.tasks.values() if task["description"] == description), None)
        if known and self.knows_upscales:
            return result(21, "任务已存在", known["id"], status=known["status"], imageUrl=known["imageUrl"])
        return self._upscale(grid, body, body["index"], description)

    async def _action(self, request: web.Request, body: Any) -> web.StreamResponse:
        custom_id = body.get("customId")
        if not body.get("taskId") or not custom_id:
            return result(4, "参数错误")
        if (grid := self.tasks.get(body["taskId"])) is None:
            return result(3, "关联任务不存在或已失效", http_status=404)
        if grid["status"] != "SUCCESS":
            return result(4, "关联任务状态错误")
        if (
            custom_id not in {button["customId"] for button in grid["buttons"] if isinstance(button, dict)}
            or "upsample" not in custom_id
        ):
            return result(4, "未知的 Action 类型")
        index = int(custom_id.split("::")[3])
        response = self._upscale(grid, body, index, f"/up {grid['id']} U{index}")
        if self.is_partner:
            self._become(list(self.tasks.values())[-1], "SUCCESS", None)
        return response

    def _upscale(self, grid: dict[str, Any], body: Any, index: int, description: str) -> web.StreamResponse:
        if (refused := self._refusal()) is not None:
            return refused
        task = self._new_task("UPSCALE", {**body, "prompt": grid["prompt"]})
        task["description"] = description
        task["properties"]["actionIndex"] = index
        return self._taken(task)

    async def _modal(self, request: web.Request, body: Any) -> web.StreamResponse:
        if not self.publishes_modal:
            return web.Response(status=404)
        if (task := self.tasks.get(body.get("taskId"))) is None:
            return result(3, "关联任务不存在或已失效", http_status=404)
        if not body.get("prompt"):
            return result(4, "prompt不能为空")
        if (refused := self._refusal()) is not None:
            return refused
        self.confirmed.append(task["id"])  # it stays MODAL until its turn in the queue has come
        return result(1, "提交成功", task["id"])

    async def _fetch(self, request: web.Request, body: Any) -> web.StreamResponse:
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return web.Response(status=204 if self.flavour == "dotnet" else 200)
        if self.auto:
            self._go_on(task)
        if self.renews_urls and (task["imageUrl"] or "").rpartition("/")[2] in self._expired:
            task["imageUrl"] = self._address(task)
        return web.json_response(task)

    async def _list(self, request: web.Request, body: Any) -> web.StreamResponse:
        newest_first = list(reversed(self.tasks.values()))
        return web.json_response(newest_first[:WINDOW] if self.flavour == "dotnet" else newest_first)

    async def _queue(self, request: web.Request, body: Any) -> web.StreamResponse:
        return web.json_response([task for task in self.tasks.values() if task["status"] in WAY[:3]])

    async def _list_by_condition(self, request: web.Request, body: Any) -> web.StreamResponse:
        ids = body.get("ids") or []
        return web.json_response([task for task in self.tasks.values() if task["id"] in ids])

    async def _cancel(self, request: web.Request, body: Any) -> web.StreamResponse:
        task = self.tasks.get(request.match_info["id"])
        if task is not None and task["status"] not in {"SUCCESS", "FAILURE", "CANCEL"}:
            self.cancelled.append(task["id"])
            self._become(task, "FAILURE", None, failReason="取消任务")
        return web.Response()

    async def _file(self, request: web.Request, body: Any) -> web.StreamResponse:
        name = request.match_info["name"]
        task = self.tasks.get(name.partition("-")[0])
        if name in self._expired or task is None:
            return web.Response(status=404, text="This content is no longer available.")
        index = task["properties"].get("actionIndex")
        return web.Response(body=large(index) if index else grid(), content_type="image/png")

    async def _unknown(self, request: web.Request, body: Any) -> web.StreamResponse:
        return web.json_response({"status": 404, "error": "Not Found", "path": request.path}, status=404)

    # -- the tasks ----------------------------------------------------------------------------------------------

    def _refusal(self) -> web.StreamResponse | None:
        if self._codes:
            code, description, properties = self._codes.popleft()
            return result(code, description, properties.pop("result", None), **properties)
        unfinished = sum(task["status"] in WAY[:3] for task in self.tasks.values())
        if self.queue_size is not None and unfinished >= self.queue_size:
            if self.flavour == "java":
                return result(23, "队列已满，请稍后尝试")
            return result(9, "提交失败，队列已满，请稍后重试")
        return None

    def _new_task(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        now = int(time.time() * 1000)
        task: dict[str, Any] = {
            "id": f"{now}{next(self._ids):03d}",
            "properties": {"notifyHook": body.get("notifyHook"), "discordInstanceId": "1118138338562560102"},
            "action": action,
            "status": "NOT_START",
            "prompt": body["prompt"],
            "promptEn": body["prompt"],
            "description": "",
            "state": body.get("state"),
            "submitTime": now,
            "startTime": None,
            "finishTime": None,
            "imageUrl": None,
            "progress": None,
            "failReason": None,
        }
        if self.flavour == "dotnet":
            task |= {"buttons": [], "botType": "MID_JOURNEY", "isCompleted": False, "parentId": body.get("taskId")}
            task["status"] = "MODAL" if self.asks_dialog else "NOT_START"
        self.tasks[task["id"]] = task
        return task

    def _taken(self, task: dict[str, Any]) -> web.StreamResponse:
        order = Submission(task["id"], task["action"], task["state"], task["prompt"], task["properties"]["notifyHook"])
        self.submissions.append(order)
        ahead = sum(other["status"] == "NOT_START" for other in self.tasks.values()) - 1
        if ahead > 0:
            return result(22, f"排队中，前面还有{ahead}个任务", task["id"], numberOfQueues=ahead)
        return result(1, "提交成功", task["id"], discordInstanceId="1118138338562560102")

    def _go_on(self, task: dict[str, Any]) -> None:
        asked = self._asked[task["id"]] = self._asked.get(task["id"], 0) + 1
        if task["status"] == "MODAL" and task["id"] not in self.confirmed:
            return
        if task["status"] in {"FAILURE", "CANCEL", "SUCCESS"}:
            return
        if asked >= self.polls:
            self._become(task, "SUCCESS", None)
        else:
            self._become(task, "IN_PROGRESS", f"{100 * asked // self.polls}%")

    def _become(self, task: dict[str, Any], status: str, progress: str | None, **fields: Any) -> None:
        now = int(time.time() * 1000)
        task["status"] = status
        if status in WAY[1:]:
            task["startTime"] = task["startTime"] or now
            task["progress"] = progress or {"SUBMITTED": "0%", "SUCCESS": "100%"}.get(status, task["progress"])
        if status == "IN_PROGRESS":
            task["imageUrl"] = self._address(task)  # a preview
        if status == "SUCCESS":
            task["imageUrl"] = self._address(task)
            if self.flavour == "dotnet" and task["action"] == "IMAGINE":
                task["buttons"] = _buttons(task["id"])
        if status in {"SUCCESS", "FAILURE", "CANCEL"}:
            task["finishTime"] = now
            task["progress"] = task["progress"] if status == "SUCCESS" else ""
            if self.flavour == "dotnet":
                task["isCompleted"] = True
        task.update(fields)

    def _address(self, task: dict[str, Any]) -> str:
        path = f"/attachments/{task['id']}-{next(self._ids)}.png"
        return path if self.relative_urls else self.base_url + path


def result(
    code: int, description: str, task_id: str | None = None, *, http_status: int = 200, **properties: Any
) -> web.Response:
    """The answer to an order."""
    return web.json_response(
        {"code": code, "description": description, "result": task_id, "properties": properties}, status=http_status
    )


def grid(size: tuple[int, int] = (192, 128)) -> bytes:
    """Four pictures as the quarters of one, as a PNG."""
    whole = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for place, colour in enumerate(COLOURS):
        whole.paste(Image.new("RGB", (width, height), colour), (place % 2 * width, place // 2 * height))
    return _png(whole)


def large(index: int) -> bytes:
    """What is made of one of the four, as a PNG."""
    return _png(Image.new("RGB", (192, 128), COLOURS[index - 1]))


def corners(content: bytes) -> tuple[str, ...]:
    """The colours of a picture's corners, in the order of a grid's pictures."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    right, bottom = picture.width - 1, picture.height - 1
    places = ((0, 0), (right, 0), (0, bottom), (right, bottom))
    return tuple("#" + bytes(picture.getpixel(place)).hex() for place in places)


def _png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _buttons(task_id: str) -> list[dict[str, Any]]:
    """Those under a grid: U1 to U4, again, V1 to V4."""

    def button(custom_id: str, label: str, emoji: str = "") -> dict[str, Any]:
        return {"customId": f"MJ::JOB::{custom_id}", "emoji": emoji, "label": label, "style": 2, "type": 2}

    job = f"898416ec-7c18-4762-bf03-{task_id[-12:]}"
    return [
        *(button(f"upsample::{index}::{job}", f"U{index}") for index in range(1, 5)),
        button(f"reroll::0::{job}::SOLO", "", "🔄"),
        *(button(f"variation::{index}::{job}", f"V{index}") for index in range(1, 5)),
    ]


async def _spoiled(request: web.Request, fault: Fault, label: str) -> web.StreamResponse | None:
    """The answer to a call that goes wrong; None if nothing is wrong with it as a whole."""
    if (picture := wrong_picture(fault.kind)) is not None:
        return web.Response(body=picture, content_type="image/png")
    media_type = "image/png" if label == "file" else "application/json"
    schema = {"id": {"not": "a text"}, "code": "one", "status": 7}
    return await wrong_answer(request, fault, error=_error, schema=schema, media_type=media_type)


def _error(status: int) -> web.Response:
    """The Java proxy's framework says nothing with an error, the .NET proxy's little."""
    return web.Response(status=status)
