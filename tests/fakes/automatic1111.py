"""FakeAutomatic1111: a server that speaks the web API of AUTOMATIC1111's web UI (`modules/api` in its source).

It draws one picture at a time; further calls wait inside. `hold()` keeps it drawing until `release()`. Like the real
one it knows nothing of clients that hang up: only an interrupt ends a picture early, half done and answered with 200.
"""

import asyncio
import base64
import json
from typing import Any

from aiohttp import web

from tests.fakes.diffusion import BODY, FakeServer

CHECKPOINTS = ("sd_xl_base_1.0", "dreamshaper_8")
SAMPLERS = ("DPM++ 2M", "Euler a")
OUT_OF_MEMORY = {
    "error": "OutOfMemoryError",
    "detail": "",
    "body": "",
    "errors": "CUDA out of memory. Tried to allocate 4.00 GiB. GPU 0 has a total capacty of 7.79 GiB",
}


class FakeAutomatic1111(FakeServer):
    """With `auth` (user:password) others are answered 401, as with `--api-auth`."""

    def __init__(self, *, auth: str = "") -> None:
        super().__init__()
        self.drawn_orders: list[dict[str, Any]] = []
        """Orders whose picture was finished or interrupted."""
        self.interrupted: list[str] = []
        """Task ids of what was being drawn when an interrupt came; empty text: nothing was."""
        self.knows_tasks = True
        """Older versions do not take `force_task_id` and have no way to ask for a task."""
        self.data_prefix = False
        self.tells_checkpoint = True
        self.loaded = CHECKPOINTS[0]
        self._auth = auth
        self._one_at_a_time = asyncio.Lock()
        self._may_finish = asyncio.Event()
        self._may_finish.set()
        self._interrupt = asyncio.Event()
        self._pending: list[str] = []
        self._current = ""
        self._finished: list[str] = []

    def hold(self) -> None:
        self._may_finish.clear()

    def release(self) -> None:
        self._may_finish.set()

    async def drawing(self) -> str:
        """Wait until a picture is being drawn; its task id."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._current))
        return self._current

    async def idle(self) -> None:
        """Wait until nothing is being drawn and nothing waits."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._current and not self._pending)

    async def stop(self) -> None:
        self.release()
        await super().stop()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sdapi/v1/txt2img", self._txt2img),
            web.post("/sdapi/v1/interrupt", self._interrupted),
            web.get("/sdapi/v1/progress", self._progress),
            web.get("/sdapi/v1/sd-models", self._models),
            web.get("/sdapi/v1/samplers", self._samplers),
            web.get("/sdapi/v1/options", self._options),
            web.post("/internal/progress", self._task),
        ]

    def error(self, status: int) -> web.Response:
        words = {401: "Not authenticated", 404: "Not Found", 405: "Method Not Allowed"}
        if status in words:
            return web.json_response({"detail": words[status]}, status=status)
        return web.json_response(
            {"error": "RuntimeError", "detail": "", "body": "", "errors": "something broke"}, status=status
        )

    def refusal(self, request: web.Request) -> web.Response | None:
        if not self._auth or not request.path.startswith("/sdapi/"):
            return None
        return None if request.headers.get("Authorization") == basic(self._auth) else self.error(401)

    async def _txt2img(self, request: web.Request) -> web.StreamResponse:
        order = request[BODY]
        if (mistake := _mistake_in(order)) is not None:
            return web.json_response({"detail": [mistake]}, status=422)
        if order.get("sampler_name", SAMPLERS[0]) not in SAMPLERS:
            return web.json_response(
                {"error": "HTTPException", "detail": "Sampler not found", "body": "", "errors": ""}, status=400
            )
        task = order.get("force_task_id") or "task(txt2img-0)" if self.knows_tasks else "task(txt2img-0)"
        self._pending.append(task)
        async with self._one_at_a_time:
            self._pending.remove(task)
            self._current = task
            self._interrupt.clear()
            await self.changed()
            waits = [asyncio.ensure_future(event.wait()) for event in (self._may_finish, self._interrupt)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            self.drawn_orders.append(order)
            self._finished.append(task)
            self._current = ""
            await self.changed()
        return self._answer(order)

    def _answer(self, order: dict[str, Any]) -> web.Response:
        asked = (order.get("override_settings") or {}).get("sd_model_checkpoint", self.loaded)
        used = next((name for name in CHECKPOINTS if asked.startswith(name)), self.loaded)
        seed = order.get("seed", -1)
        facts = {"prompt": order["prompt"], "seed": 4242 if seed == -1 else seed, "width": order["width"]}
        if self.tells_checkpoint:
            facts |= {"sd_model_name": used, "sd_model_hash": "31e35c80fc"}
        encoded = base64.b64encode(self.drawn(order.get("width", 512), order.get("height", 512))).decode()
        prefix = "data:image/png;base64," if self.data_prefix else ""
        return web.json_response({"images": [prefix + encoded], "parameters": order, "info": json.dumps(facts)})

    async def _interrupted(self, request: web.Request) -> web.StreamResponse:
        self.interrupted.append(self._current)
        self._interrupt.set()
        await self.changed()
        return web.json_response({})

    async def _progress(self, request: web.Request) -> web.StreamResponse:
        state = {"skipped": False, "interrupted": False, "job": "scripts_txt2img" if self._current else ""}
        progress = 0.4 if self._current else 0.0
        return web.json_response(
            {"progress": progress, "eta_relative": 3.0, "state": state, "current_image": None, "textinfo": None}
        )

    async def _task(self, request: web.Request) -> web.StreamResponse:
        if not self.knows_tasks:
            return self.error(404)
        task = request[BODY]["id_task"]
        return web.json_response(
            {
                "active": task == self._current,
                "queued": task in self._pending,
                "completed": task in self._finished,
                "progress": 0.4,
                "textinfo": "Waiting...",
            }
        )

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            [
                {
                    "title": f"{name}.safetensors [31e35c80fc]",
                    "model_name": name,
                    "hash": "31e35c80fc",
                    "sha256": None,
                    "filename": f"C:\\webui\\models\\Stable-diffusion\\{name}.safetensors",
                    "config": None,
                }
                for name in CHECKPOINTS
            ]
        )

    async def _samplers(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([{"name": name, "aliases": [name.lower()], "options": {}} for name in SAMPLERS])

    async def _options(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"sd_model_checkpoint": f"{self.loaded}.safetensors [31e35c80fc]", "CLIP_stop": 1})


def basic(auth: str) -> str:
    """The header of `user:password`."""
    return f"Basic {base64.b64encode(auth.encode()).decode()}"


_TYPES: dict[str, type | tuple[type, ...]] = {
    "prompt": str, "negative_prompt": str, "width": int, "height": int, "steps": int, "cfg_scale": (int, float),
    "seed": int, "n_iter": int, "batch_size": int, "sampler_name": str, "override_settings": dict, "force_task_id": str,
}  # fmt: skip


def _mistake_in(order: Any) -> dict[str, Any] | None:
    """What is wrong with an order, in FastAPI's words."""
    if not isinstance(order, dict):
        return {"loc": ["body"], "msg": "value is not a valid dict", "type": "type_error.dict"}
    for name, kind in _TYPES.items():
        if name in order and not isinstance(order[name], kind):
            return {"loc": ["body", name], "msg": f"{name} is of the wrong type", "type": "type_error"}
    return None
