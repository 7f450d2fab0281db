"""FakeComfyUI: a server that speaks ComfyUI's wire format (`server.py`, `execution.py`), over HTTP and websocket.

An order is really read: classes must be known, links must resolve to an output of the right type, values must be in
their range, and something must be saved; else the answer is the real server's 400 with `node_errors`.

Orders are worked at once, until `hold()`. Then `begin()` starts the next one, `run()` works all there are to their end,
`fail()` lets the running one fail.
"""

import copy
import json
import math
import struct
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import WSMsgType, web

from tests.fakes.diffusion import BODY, FakeServer

CHECKPOINTS = ["sd_xl_base_1.0.safetensors", "dreamshaper_8.safetensors"]
_ANY_SEED = {"min": 0, "max": 2**64 - 1}
_SIDE = {"min": 16, "max": 16384, "step": 8}

CLASSES: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": {"in": {"ckpt_name": (CHECKPOINTS, {})}, "out": ["MODEL", "CLIP", "VAE"]},
    "CLIPTextEncode": {"in": {"text": ("STRING", {}), "clip": ("CLIP", {})}, "out": ["CONDITIONING"]},
    "EmptyLatentImage": {
        "in": {
            "width": ("INT", _SIDE),
            "height": ("INT", _SIDE),
            "batch_size": ("INT", {"min": 1, "max": 4096}),
        },
        "out": ["LATENT"],
    },
    "KSampler": {
        "in": {
            "model": ("MODEL", {}),
            "seed": ("INT", _ANY_SEED),
            "steps": ("INT", {"min": 1, "max": 10000}),
            "cfg": ("FLOAT", {"min": 0.0, "max": 100.0}),
            "sampler_name": (["euler", "dpmpp_2m", "uni_pc"], {}),
            "scheduler": (["normal", "karras", "simple"], {}),
            "positive": ("CONDITIONING", {}),
            "negative": ("CONDITIONING", {}),
            "latent_image": ("LATENT", {}),
            "denoise": ("FLOAT", {"min": 0.0, "max": 1.0}),
        },
        "out": ["LATENT"],
    },
    "VAEDecode": {"in": {"samples": ("LATENT", {}), "vae": ("VAE", {})}, "out": ["IMAGE"]},
    "SaveImage": {"in": {"images": ("IMAGE", {}), "filename_prefix": ("STRING", {})}, "out": [], "saves": "output"},
    "PreviewImage": {"in": {"images": ("IMAGE", {})}, "out": [], "saves": "temp"},
}


@dataclass
class Order:
    number: int
    id: str
    graph: dict[str, Any]
    extra: dict[str, Any]
    outputs: list[str]

    @property
    def row(self) -> list[Any]:
        """As the queue and the history show it."""
        return [self.number, self.id, self.graph, self.extra, self.outputs]


class FakeComfyUI(FakeServer):
    prefixes: ClassVar[tuple[str, ...]] = ("", "/api")

    def __init__(self, *, token: str = "") -> None:
        super().__init__()
        self.placed: list[Order] = []
        """Every order that was accepted, in order: the proof that none was placed twice."""
        self.drawn_ids: list[str] = []
        self.interrupted: list[str] = []
        """Ids of orders that an interrupt stopped; `nothing` where none was running."""
        self.takes_ids = True
        """Older servers choose the id of an order themselves, and interrupt whatever runs."""
        self.tells_status = True
        self.names_prompt_in_progress = True
        self.progress: tuple[Any, Any] | None = None
        """What the sampler tells a client that connects while its order runs: steps done, steps in all."""
        self.websocket = True
        self.combo_objects = False
        """Newer servers describe choices as `["COMBO", {"options": […]}]`."""
        self.clients: list[str] = []
        """Client ids that connected to the websocket."""
        self._token = token
        self._holds = False
        self._pending: list[Order] = []
        self._now: Order | None = None
        self._history: dict[str, dict[str, Any]] = {}
        self._files: dict[str, bytes] = {}
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._number = 0

    # -- what a test says ---------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Orders stay in the queue from now on."""
        self._holds = True

    def begin(self) -> str:
        """Start the next order in the queue; its id."""
        assert self._now is None
        self._now = min(self._pending, key=lambda order: order.number)
        self._pending.remove(self._now)
        return self._now.id

    def run(self) -> None:
        """Work every order to its end, the running one first."""
        while self._now is not None or self._pending:
            if self._now is None:
                self.begin()
            self._finish()

    def fail(self, exception_type: str, message: str) -> None:
        """Let the running order fail in its sampler."""
        assert self._now is not None
        node = next(key for key, node in self._now.graph.items() if node["class_type"] == "KSampler")
        facts = {
            "prompt_id": self._now.id,
            "node_id": node,
            "node_type": "KSampler",
            "executed": [],
            "exception_message": message,
            "exception_type": exception_type,
            "traceback": ["  File execution.py, line 1\n"],
            "current_inputs": {},
            "current_outputs": [],
        }
        self._end("error", {}, ["execution_error", facts])

    def forget(self) -> None:
        """Restart: queue and history are in memory only."""
        self._pending, self._now, self._history = [], None, {}

    def forget_files(self) -> None:
        self._files.clear()

    def delete_from_history(self, order_id: str) -> None:
        self._history.pop(order_id, None)

    # -- the server ---------------------------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/prompt", self._prompt),
            web.get("/queue", self._queue),
            web.post("/queue", self._change_queue),
            web.get("/history", self._whole_history),
            web.get("/history/{id}", self._history_of),
            web.get("/view", self._view),
            web.post("/interrupt", self._interrupt),
            web.get("/system_stats", self._stats),
            web.get("/object_info/{name}", self._object_info),
            web.get("/ws", self._ws),
        ]

    def error(self, status: int) -> web.Response:
        return web.Response(text=f"{status}: Error", status=status)

    def refusal(self, request: web.Request) -> web.Response | None:
        wanted = f"Bearer {self._token}"
        return self.error(401) if self._token and request.headers.get("Authorization") != wanted else None

    async def stop(self) -> None:
        for socket in list(self._sockets.values()):
            await socket.close()
        await super().stop()

    async def _prompt(self, request: web.Request) -> web.StreamResponse:
        body = request[BODY]
        if "prompt" not in body:
            error = {"type": "no_prompt", "message": "No prompt provided", "details": "No prompt provided"}
            return web.json_response({"error": {**error, "extra_info": {}}, "node_errors": {}}, status=400)
        graph = body["prompt"]
        outputs, error, node_errors = validated(graph)
        if error is not None:
            return web.json_response({"error": error, "node_errors": node_errors}, status=400)
        extra = dict(body.get("extra_data", {}))
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        order_id = str(body.get("prompt_id", uuid.uuid4())) if self.takes_ids else str(uuid.uuid4())
        order = Order(self._number, order_id, graph, extra, outputs)
        self._number += 1
        self.placed.append(order)
        self._pending.append(order)
        if not self._holds:
            self.run()
        return web.json_response({"prompt_id": order.id, "number": order.number, "node_errors": node_errors})

    async def _queue(self, request: web.Request) -> web.StreamResponse:
        running = [self._now.row] if self._now else []
        # The real one answers with its heap, whose order is not that of the queue.
        return web.json_response(
            {"queue_running": running, "queue_pending": [order.row for order in reversed(self._pending)]}
        )

    async def _change_queue(self, request: web.Request) -> web.StreamResponse:
        body = request[BODY]
        if body.get("clear"):
            self._pending.clear()
        self._pending = [order for order in self._pending if order.id not in body.get("delete", [])]
        return web.Response()

    async def _whole_history(self, request: web.Request) -> web.StreamResponse:
        most = int(request.query.get("max_items", "10000"))
        return web.json_response(dict(list(self._history.items())[-most:]))

    async def _history_of(self, request: web.Request) -> web.StreamResponse:
        order_id = request.match_info["id"]
        return web.json_response({order_id: self._history[order_id]} if order_id in self._history else {})

    async def _view(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        if ".." in query.get("filename", "..") or query["filename"].startswith("/"):
            return web.Response(status=400)
        key = "/".join((query.get("type", "output"), query.get("subfolder", ""), query["filename"]))
        if key not in self._files:
            return web.Response(status=404)
        return web.Response(
            body=self._files[key],
            content_type="image/png",
            headers={"Content-Disposition": f'filename="{query["filename"]}"'},
        )

    async def _interrupt(self, request: web.Request) -> web.StreamResponse:
        body = request[BODY]
        wanted = body.get("prompt_id") if self.takes_ids and isinstance(body, dict) else None
        if self._now is None or (wanted and wanted != self._now.id):
            self.interrupted.append("nothing")
            return web.Response()
        self.interrupted.append(self._now.id)
        facts = {"prompt_id": self._now.id, "node_id": "3", "node_type": "KSampler", "executed": []}
        self._end("error", {}, ["execution_interrupted", facts])
        return web.Response()

    async def _stats(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {
                "system": {"os": "posix", "comfyui_version": "0.3.62", "python_version": "3.12.3", "argv": ["main.py"]},
                "devices": [{"name": "cuda:0 NVIDIA", "type": "cuda", "vram_total": 8_500_000_000}],
            }
        )

    async def _object_info(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in CLASSES:
            return web.json_response({})
        spec = CLASSES[name]

        def described(kind: Any, options: dict[str, Any]) -> list[Any]:
            return (
                ["COMBO", {**options, "options": kind}]
                if self.combo_objects and isinstance(kind, list)
                else [kind, options]
            )

        required = {field: described(kind, options) for field, (kind, options) in spec["in"].items()}
        return web.json_response(
            {
                name: {
                    "input": {"required": required},
                    "output": spec["out"],
                    "name": name,
                    "output_node": "saves" in spec,
                }
            }
        )

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if not self.websocket:
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client = request.query.get("clientId") or uuid.uuid4().hex
        self._sockets[client] = socket
        self.clients.append(client)
        remaining = len(self._pending) + (1 if self._now else 0)
        await socket.send_json(
            {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": remaining}}, "sid": client}}
        )
        if self._now is not None and self._now.extra.get("client_id") == client:
            await socket.send_json({"type": "executing", "data": {"node": "3"}})
            # A preview: type 1, then the type of the image (1 = JPEG), then its bytes.
            await socket.send_bytes(struct.pack(">II", 1, 1) + b"\xff\xd8\xff not really")
            if self.progress is not None:
                facts = {"value": self.progress[0], "max": self.progress[1], "node": "3"}
                if self.names_prompt_in_progress:
                    facts["prompt_id"] = self._now.id
                await socket.send_json({"type": "progress", "data": facts})
        await self.changed()
        async for message in socket:
            if message.type is WSMsgType.ERROR:
                break
        self._sockets.pop(client, None)
        return socket

    # -- working an order ---------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        assert self._now is not None
        outputs = {}
        for key in self._now.outputs:
            node = self._now.graph[key]
            kind = CLASSES[node["class_type"]]["saves"]
            name = f"{node['inputs'].get('filename_prefix', 'ComfyUI_temp')}_{len(self._files) + 1:05}_.png"
            self._files[f"{kind}//{name}"] = self.drawn(*_size_in(self._now.graph))
            outputs[key] = {"images": [{"filename": name, "subfolder": "", "type": kind}]}
        self.drawn_ids.append(self._now.id)
        self._end("success", outputs, ["execution_success", {"prompt_id": self._now.id}])

    def _end(self, status: str, outputs: dict[str, Any], last: list[Any]) -> None:
        assert self._now is not None
        entry: dict[str, Any] = {"prompt": self._now.row, "outputs": outputs}
        if self.tells_status:
            first = ["execution_start", {"prompt_id": self._now.id}]
            entry["status"] = {"status_str": status, "completed": status == "success", "messages": [first, last]}
        self._history[self._now.id] = json.loads(json.dumps(entry))
        self._now = None


def validated(graph: dict[str, Any]) -> tuple[list[str], dict[str, Any] | None, dict[str, Any]]:
    """The outputs that can be worked, the error if there are none, and what is wrong with which node."""
    outputs = []
    for key, node in graph.items():
        name = node.get("class_type")
        if name is None:
            return (
                [],
                _error(
                    "invalid_prompt",
                    "Cannot execute because a node is missing the class_type property.",
                    f"Node ID '#{key}'",
                ),
                {},
            )
        if name not in CLASSES:
            return (
                [],
                _error("invalid_prompt", f"Cannot execute because node {name} does not exist.", f"Node ID '#{key}'"),
                {},
            )
        if "saves" in CLASSES[name]:
            outputs.append(key)
    if not outputs:
        return [], _error("prompt_no_outputs", "Prompt has no outputs", ""), {}
    wrong: dict[str, list[dict[str, Any]]] = {}
    sound: dict[str, bool] = {}
    good = [key for key in outputs if _is_sound(graph, key, wrong, sound)]
    node_errors = {
        key: {"errors": errors, "dependent_outputs": outputs, "class_type": graph[key]["class_type"]}
        for key, errors in wrong.items()
    }
    if good:
        return good, None, node_errors
    details = "\n".join(f"{error['message']}: {error['details']}" for key in outputs for error in wrong.get(key, []))
    return [], _error("prompt_outputs_failed_validation", "Prompt outputs failed validation", details), node_errors


def _is_sound(graph: dict[str, Any], key: str, wrong: dict[str, list[dict[str, Any]]], sound: dict[str, bool]) -> bool:
    """Whether a node and everything it rests on can be worked; mistakes are put under their node."""
    if key in sound:
        return sound[key]
    sound[key] = True
    errors, rests_on_sound = [], True
    inputs = graph[key].get("inputs", {})
    for name, (kind, options) in CLASSES[graph[key]["class_type"]]["in"].items():
        if name not in inputs:
            errors.append(_error("required_input_missing", "Required input is missing", name, name))
        elif isinstance(inputs[name], list):
            error, source = _link_error(graph, name, inputs[name], kind)
            if error is not None:
                errors.append(error)
            elif not _is_sound(graph, source, wrong, sound):
                rests_on_sound = False
        elif (error := _value_error(name, inputs[name], kind, options)) is not None:
            errors.append(error)
    if errors:
        wrong[key] = errors
    sound[key] = rests_on_sound and not errors
    return sound[key]


def _link_error(graph: dict[str, Any], name: str, link: list[Any], kind: Any) -> tuple[dict[str, Any] | None, str]:
    if len(link) != 2:
        words = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
        return _error("bad_linked_input", words, name, name), ""
    source, slot = link
    if source not in graph:
        return _error("exception_during_validation", "Exception when validating node", repr(source), name), ""
    offered = CLASSES[graph[source]["class_type"]]["out"]
    if not isinstance(slot, int) or not 0 <= slot < len(offered):
        return _error(
            "exception_during_validation", "Exception when validating node", "list index out of range", name
        ), ""
    if offered[slot] != kind:
        details = f"{name}, received_type({offered[slot]}) mismatch input_type({kind})"
        return _error("return_type_mismatch", "Return type mismatch between linked nodes", details, name), ""
    return None, source


def _value_error(name: str, value: Any, kind: Any, options: dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(kind, list):
        if value in kind:
            return None
        return _error("value_not_in_list", "Value not in list", f"{name}: '{value}' not in {kind}", name)
    if kind not in {"INT", "FLOAT", "STRING"}:
        return _error("invalid_input_type", f"Failed to convert an input value to a {kind} value", name, name)
    try:
        number = int(value) if kind == "INT" else float(value) if kind == "FLOAT" else 0
    except (TypeError, ValueError) as reason:
        words = f"Failed to convert an input value to a {kind} value"
        return _error("invalid_input_type", words, f"{name}, {value}, {reason}", name)
    if number < options.get("min", -math.inf):
        return _error("value_smaller_than_min", f"Value {number} smaller than min of {options['min']}", name, name)
    if number > options.get("max", math.inf):
        return _error("value_bigger_than_max", f"Value {number} bigger than max of {options['max']}", name, name)
    return None


def _error(kind: str, message: str, details: str, field: str = "") -> dict[str, Any]:
    extra = {"input_name": field} if field else {}
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def _size_in(graph: dict[str, Any]) -> tuple[int, int]:
    for node in graph.values():
        if node["class_type"] == "EmptyLatentImage":
            return int(node["inputs"]["width"]), int(node["inputs"]["height"])
    return 96, 64


def graph_of(**changes: Any) -> dict[str, Any]:
    """A workflow as ComfyUI exports it in API format, with numbers for ids; `changes` go into the sampler."""
    graph: dict[str, Any] = {
        "4": {
            "class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINTS[1]}, "_meta": {"title": "Load"},
        },
        "5": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": "{{width}}", "height": "{{height}}", "batch_size": 1},
        },
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "masterpiece, {{prompt}}", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, {{negative_prompt}}", "clip": ["4", 1]}},
        "3": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
                "seed": "{{seed}}", "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
            },
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "post_{{seed}}"}},
    }  # fmt: skip
    graph["3"]["inputs"] |= changes
    return copy.deepcopy(graph)
