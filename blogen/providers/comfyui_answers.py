"""What ComfyUI's answers say: read with care, since any field may be missing or of another type.

Wire format: `server.py` and `execution.py` in ComfyUI's source. An order in the queue and in the history is a list
`[number, id, graph, extra data, outputs, …]`.
"""

import json
import math
from typing import Any, NamedTuple


class Queue(NamedTuple):
    """The queue at a moment: what runs, and what waits in the order in which it will run; id to client id."""

    running: dict[str, str]
    pending: dict[str, str]

    def find(self, own_id: str) -> str | None:
        """The server's id of the order that we know as `own_id`."""
        orders = {**self.pending, **self.running}
        return own_id if own_id in orders else next((key for key, client in orders.items() if client == own_id), None)


def queue_in(body: Any) -> Queue | None:
    """The queue in the answer to `GET /queue`; None if it is none."""
    running = body.get("queue_running") if isinstance(body, dict) else None
    pending = body.get("queue_pending") if isinstance(body, dict) else None
    if not isinstance(running, list) or not isinstance(pending, list):
        return None
    return Queue(_orders(running), _orders(sorted(pending, key=_number_of)))


def client_of(order: Any) -> str:
    """The client that placed an order; empty if it does not say."""
    extra = order[3] if isinstance(order, list) and len(order) > 3 else None
    client_id = extra.get("client_id") if isinstance(extra, dict) else None
    return client_id if isinstance(client_id, str) and len(client_id) <= 200 else ""


def graph_of(order: Any) -> Any:
    return order[2] if isinstance(order, list) and len(order) > 2 else None


def fraction_in(text: str, handle: str) -> float | None:
    """How far the order `handle` is, if a message of the websocket tells it. Raises ValueError.

    Older servers do not say which order they mean, but tell only the client that placed it.
    """
    message = json.loads(text)
    body = message.get("data") if isinstance(message, dict) else None
    if not isinstance(body, dict) or message.get("type") != "progress" or body.get("prompt_id", handle) != handle:
        return None
    value, most = body.get("value"), body.get("max")
    if not isinstance(value, int | float) or not isinstance(most, int | float) or not most > 0:
        return None
    try:
        fraction = value / most
    except OverflowError:
        return None
    return min(max(fraction, 0.0), 1.0) if math.isfinite(fraction) else None


def objections_in(body: bytes) -> list[str]:
    """`KSampler (node 3), steps: Value 0 smaller than min of 1` for each of the first mistakes in a refused order."""
    try:
        said = json.loads(body[:1_000_000])
    except (ValueError, RecursionError):
        return []
    if not isinstance(said, dict):
        return []
    nodes, error = said.get("node_errors"), said.get("error")
    found = []
    for key, node in nodes.items() if isinstance(nodes, dict) else ():
        mistakes = node.get("errors") if isinstance(node, dict) else None
        for mistake in mistakes if isinstance(mistakes, list) else ():
            if isinstance(mistake, dict):
                found.append(f"{named(node.get('class_type'), key)}{_mistake(mistake)}")
    if not found and isinstance(error, dict):
        found = [": ".join(filter(None, (_text(error, "message"), _text(error, "details"))))]
    elif not found and isinstance(error, str):
        found = [" ".join(error.split())[:300]]
    return [words for words in found[:3] if words]


class Failure(NamedTuple):
    """Why an order came to nothing."""

    is_interrupted: bool
    where: str
    words: str
    is_memory: bool


def failure_in(entry: dict[str, Any]) -> Failure | None:
    """The failure that the history tells of an order; older servers tell none."""
    status = entry.get("status")
    if not isinstance(status, dict) or status.get("status_str") != "error":
        return None
    messages = _messages(status.get("messages"))
    error = messages.get("execution_error", {})
    kind, words = _text(error, "exception_type"), _text(error, "exception_message")
    node = _text(error, "node_type")
    return Failure(
        is_interrupted="execution_interrupted" in messages,
        where=named(node, error.get("node_id")) if node else "",
        words=words or kind,
        is_memory="outofmemory" in kind.casefold() or "out of memory" in words.casefold(),
    )


def file_in(outputs: Any) -> dict[str, str] | None:
    """The picture among an order's outputs, as `GET /view` wants it: a saved one, else a preview."""
    files = []
    for node in outputs.values() if isinstance(outputs, dict) else ():
        images = node.get("images") if isinstance(node, dict) else None
        for image in images if isinstance(images, list) else ():
            if isinstance(image, dict) and isinstance(name := image.get("filename"), str) and 0 < len(name) <= 1000:
                keys = ("filename", "subfolder", "type")
                files.append({key: value for key in keys if isinstance(value := image.get(key), str)})
    return next((file for file in files if file.get("type") == "output"), files[0] if files else None)


def choices_in(node: dict[str, Any], name: str) -> list[str] | None:
    """What an input may be, by the description of its class; None if that is not told.

    It is a list, or in newer servers `["COMBO", {"options": list}]`.
    """
    inputs = node.get("input")
    required = inputs.get("required") if isinstance(inputs, dict) else None
    described = required.get(name) if isinstance(required, dict) else None
    if not isinstance(described, list) or not described:
        return None
    options = described[0]
    if options == "COMBO" and len(described) > 1 and isinstance(described[1], dict):
        options = described[1].get("options")
    return [option for option in options if isinstance(option, str)] if isinstance(options, list) else None


def version_in(stats: Any) -> str:
    system = stats.get("system") if isinstance(stats, dict) else None
    version = system.get("comfyui_version") if isinstance(system, dict) else None
    return f"ComfyUI {version[:40]}" if isinstance(version, str) else "ComfyUI"


def named(class_type: object, key: object) -> str:
    """A node as the owner finds it in the editor."""
    return f"{str(class_type)[:100]} (node {str(key)[:40]})"


def _orders(items: list[Any]) -> dict[str, str]:
    return {
        item[1]: client_of(item)
        for item in items
        if isinstance(item, list) and len(item) > 1 and isinstance(item[1], str)
    }


def _number_of(order: Any) -> float:
    """An order's place in the queue: the smallest is next, whatever place it has in the answer."""
    number = order[0] if isinstance(order, list) and order else 0
    try:
        return float(number) if isinstance(number, int | float) and math.isfinite(number) else 0.0
    except OverflowError:
        return 0.0


def _mistake(error: dict[str, Any]) -> str:
    extra = error.get("extra_info")
    field = _text(extra, "input_name") if isinstance(extra, dict) else ""
    message, details = _text(error, "message"), _text(error, "details")
    if details and details != field:
        message = f"{message}: {details}"
    return f"{f', {field}' if field else ''}: {message}"[:400]


def _messages(messages: Any) -> dict[str, dict[str, Any]]:
    """What was noted while an order ran, by type."""
    pairs = [pair for pair in (messages if isinstance(messages, list) else ()) if isinstance(pair, list)]
    return {
        pair[0]: pair[1] for pair in pairs if len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], dict)
    }


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return " ".join(value.split())[:300] if isinstance(value, str) else ""
