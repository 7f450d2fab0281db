"""FakeStability: a server that speaks the wire format of Stability AI's Stable Image API.

https://platform.stability.ai/docs/api-reference. It takes credits for what it draws, refuses prompts with the word
"forbidden" in them, and understands only what looks like English.
"""

import base64
import json
from typing import Any

from aiohttp import web

from tests.fakes.diffusion import BODY, FakeServer

CREDITS = {"core": 3.0, "ultra": 8.0, "sd3": 6.5}
RATIOS = {
    "16:9": (160, 90), "1:1": (96, 96), "21:9": (210, 90), "2:3": (60, 90), "3:2": (90, 60), "4:5": (80, 100),
    "5:4": (100, 80), "9:16": (90, 160), "9:21": (90, 210),
}  # fmt: skip
MODELS = ("sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium")
_FIELDS = {
    "core": {"prompt", "aspect_ratio", "negative_prompt", "seed", "style_preset", "output_format"},
    "ultra": {"prompt", "aspect_ratio", "negative_prompt", "seed", "output_format"},
    "sd3": {"prompt", "aspect_ratio", "negative_prompt", "seed", "output_format", "model", "mode", "cfg_scale"},
}
_NAMES = {
    400: ("bad_request", "Some parameter is invalid."),
    401: ("unauthorized", "authorization: invalid or missing header value"),
    402: (
        "payment_required",
        "You lack sufficient credits to make this request. Please purchase more credits and try again.",
    ),
    403: ("content_moderation", "Your request was flagged by our content moderation system."),
    404: ("not_found", "The requested resource was not found."),
    413: ("payload_too_large", "payloads cannot be larger than 10MiB in size"),
    422: ("invalid_language", "English is the only supported language for this service."),
    429: (
        "rate_limit_exceeded",
        "You have exceeded the rate limit of 150 requests within a 10 second period, and have been timed out for 60 "
        "seconds.",
    ),
}


class FakeStability(FakeServer):
    """`key` is the one that is taken; `credits` what its account has."""

    def __init__(self, *, key: str = "sk-stability", credits_left: float = 100.0) -> None:
        super().__init__()
        self.credits = credits_left
        self.orders: list[dict[str, str]] = []
        """Forms whose picture was drawn (and paid for), with the engine."""
        self.filters = False
        """Whether what is drawn is objected to afterwards: blurred, and said so in a header."""
        self.tells_balance = True
        self._key = key

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v2beta/stable-image/generate/{engine}", self._generate),
            web.get("/v1/user/balance", self._balance),
        ]

    def error(self, status: int, words: str = "") -> web.Response:
        name, said = _NAMES.get(status, ("internal_error", "An unexpected server error has occurred."))
        body = {"id": "a6dc6c6e20acda010fe14d71f180658f", "name": name, "errors": [words or said]}
        return web.json_response(body, status=status)

    def refusal(self, request: web.Request) -> web.Response | None:
        return None if request.headers.get("Authorization") == f"Bearer {self._key}" else self.error(401)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        engine, form = request.match_info["engine"], request[BODY]
        if engine not in CREDITS:
            return self.error(404)
        if request.content_type != "multipart/form-data":
            return self.error(400, "content-type: must be multipart/form-data")
        accept = request.headers.get("Accept", "image/*")
        if accept not in {"image/*", "application/json"}:
            return self.error(400, "accept: must be image/* or application/json")
        if (mistake := _mistake_in(engine, form)) is not None:
            return self.error(400, mistake)
        if not form["prompt"].isascii():
            return self.error(422)
        if "forbidden" in form["prompt"]:
            return self.error(403)
        if self.credits < CREDITS[engine]:
            return self.error(402)
        self.credits -= CREDITS[engine]
        self.orders.append({"engine": engine, **form})
        return self._answer(form, accept)

    def _answer(self, form: dict[str, str], accept: str) -> web.Response:
        content = self.drawn(*RATIOS[form.get("aspect_ratio", "1:1")])
        media_type = f"image/{form.get('output_format', 'png')}"
        reason = "CONTENT_FILTERED" if self.filters else "SUCCESS"
        seed = form.get("seed", "1122")
        if accept == "application/json":
            facts = {"image": base64.b64encode(content).decode(), "finish_reason": reason, "seed": int(seed)}
            return web.Response(
                text=json.dumps(facts), headers={"Content-Type": f"application/json; type={media_type}"}
            )
        return web.Response(
            body=content, content_type=media_type, headers={"finish-reason": reason, "seed": seed, "x-request-id": "1"}
        )

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"credits": self.credits}) if self.tells_balance else self.error(404)


def _mistake_in(engine: str, form: Any) -> str | None:
    prompt, seed = form.get("prompt", ""), form.get("seed", "0")
    if not prompt or len(prompt) > 10_000:
        return "prompt: must be between 1 and 10000 characters"
    if unknown := sorted(set(form) - _FIELDS[engine]):
        return f"{unknown[0]}: is not a parameter of this service"
    if form.get("aspect_ratio", "1:1") not in RATIOS:
        return f"aspect_ratio: must be one of {', '.join(RATIOS)}"
    if form.get("output_format", "png") not in {"png", "jpeg", "webp"}:
        return "output_format: must be one of jpeg, png, webp"
    if not seed.isdigit() or int(seed) > 4_294_967_294:
        return "seed: must be between 0 and 4294967294"
    if engine == "sd3" and form.get("model", MODELS[0]) not in MODELS:
        return f"model: must be one of {', '.join(MODELS)}"
    return None
