"""ComfyUI workflows: graphs in API format, with placeholders where an order's prompt, seed and size go.

A graph is `{node id: {"class_type", "inputs"}}`; an input is a value or a link `[node id, output]`. The format is what
ComfyUI's menu exports as "API"; the one it saves by default (with `nodes` and `links`) is for its editor only.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

MAX_WORKFLOW_BYTES = 2_000_000
_DEEPEST = 20

_PLACEHOLDER = re.compile(r"\{\{\s*(prompt|negative_prompt|seed|width|height|model)\s*\}\}")
_MODEL_INPUTS = ("ckpt_name", "unet_name", "model_name")


class WorkflowUnusable(Exception):
    """A file is not a workflow that can be ordered from; says why, and what would mend it."""

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy


class Values(NamedTuple):
    """What goes into the placeholders, each under its own name."""

    prompt: str
    negative_prompt: str
    seed: int
    width: int
    height: int
    model: str = ""


class Workflow:
    """A graph that has been looked at; `filled` makes an order of it."""

    def __init__(self, graph: Mapping[str, Any]) -> None:
        self._graph = graph

    @classmethod
    def of(cls, content: bytes) -> Self:
        """The workflow in a file. Raises WorkflowUnusable."""
        try:
            graph = json.loads(content)
        except (ValueError, RecursionError):
            raise WorkflowUnusable("is not JSON", "Give a workflow that ComfyUI exported.") from None
        _check(graph)
        return cls(graph)

    @property
    def classes(self) -> list[str]:
        """The kinds of nodes it is made of."""
        return sorted({node["class_type"] for node in self._graph.values()})

    def filled(self, values: Values) -> dict[str, Any]:
        """The graph to send. A text that is nothing but a placeholder becomes the value itself, be it a number.

        All placeholders are replaced at once, so that a prompt which contains one stays as it is.
        """
        known = values._asdict()

        def fill(text: str) -> Any:
            if whole := _PLACEHOLDER.fullmatch(text.strip()):
                return known[whole[1]]
            return _PLACEHOLDER.sub(lambda found: str(known[found[1]]), text)

        return {
            key: {**node, "inputs": {name: _mapped(value, fill) for name, value in node["inputs"].items()}}
            for key, node in self._graph.items()
        }


def load(path: Path) -> Workflow:
    """The workflow in the file at `path`. Raises WorkflowUnusable."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_WORKFLOW_BYTES + 1)
    except FileNotFoundError:
        raise WorkflowUnusable("does not exist", "Create it, or correct the path.") from None
    except OSError as error:
        raise WorkflowUnusable(f"cannot be read ({error.strerror})", "Let the user that runs Blogen read it.") from None
    if len(content) > MAX_WORKFLOW_BYTES:
        raise WorkflowUnusable(f"is longer than {MAX_WORKFLOW_BYTES // 1_000_000} MB", "Give a smaller workflow.")
    return Workflow.of(content)


def text_to_image(*, steps: int, cfg_scale: float, sampler_name: str, scheduler: str) -> Workflow:
    """What is drawn with if the owner gives no workflow: one checkpoint, one pass."""
    return Workflow(
        {
            "checkpoint": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "{{model}}"}},
            "wanted": {"class_type": "CLIPTextEncode", "inputs": {"text": "{{prompt}}", "clip": ["checkpoint", 1]}},
            "unwanted": {
                "class_type": "CLIPTextEncode",
                "inputs": {"text": "{{negative_prompt}}", "clip": ["checkpoint", 1]},
            },
            "canvas": {
                "class_type": "EmptyLatentImage",
                "inputs": {"width": "{{width}}", "height": "{{height}}", "batch_size": 1},
            },
            "drawing": {
                "class_type": "KSampler",
                "inputs": {
                    "model": ["checkpoint", 0],
                    "positive": ["wanted", 0],
                    "negative": ["unwanted", 0],
                    "latent_image": ["canvas", 0],
                    "seed": "{{seed}}",
                    "steps": steps,
                    "cfg": cfg_scale,
                    "sampler_name": sampler_name,
                    "scheduler": scheduler,
                    "denoise": 1.0,
                },
            },
            "pixels": {"class_type": "VAEDecode", "inputs": {"samples": ["drawing", 0], "vae": ["checkpoint", 2]}},
            "file": {"class_type": "SaveImage", "inputs": {"images": ["pixels", 0], "filename_prefix": "blogen"}},
        }
    )


def model_in(graph: object) -> str:
    """The first model that a graph loads; empty if it does not say."""
    if not isinstance(graph, dict):
        return ""
    for node in graph.values():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        if isinstance(inputs, dict):
            named = [model for name in _MODEL_INPUTS if isinstance(model := inputs.get(name), str) and model]
            if named:
                return named[0]
    return ""


def _check(graph: object) -> None:
    how = 'In ComfyUI choose "Export (API)" in the workflow menu, and give that file.'
    if not isinstance(graph, dict) or not graph:
        raise WorkflowUnusable("is not a workflow", how)
    if isinstance(graph.get("nodes"), list):
        raise WorkflowUnusable("is a workflow for ComfyUI's editor, not one in API format", how)
    for key, node in graph.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise WorkflowUnusable(f"is not in API format: {str(key)[:40]!r} has no class_type", how)
        if not isinstance(node.get("inputs"), dict):
            raise WorkflowUnusable(f"is not in API format: node {str(key)[:40]!r} has no inputs", how)
    texts = [text for node in graph.values() for text in _texts(node["inputs"])]
    if not any(found[1] == "prompt" for text in texts for found in _PLACEHOLDER.finditer(text)):
        raise WorkflowUnusable(
            "has no {{prompt}}: every post would get the same picture",
            "Write {{prompt}} into the text input of the node that takes the prompt.",
        )


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        raise WorkflowUnusable("is nested too deeply", "Give a workflow that ComfyUI exported.")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)


def _mapped(value: Any, fill: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, dict):
        return {key: _mapped(item, fill) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, fill) for item in value]
    return value
