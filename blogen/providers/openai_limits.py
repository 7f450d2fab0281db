"""How long a service asks to be left alone, from the `x-ratelimit-…` headers of its answers.

Format: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers. A reset is a duration in Go's
notation (`1s`, `6m0s`, `120ms`) at OpenAI and Groq, seconds at Azure, a Unix time in milliseconds at OpenRouter.
"""

import math
import re
import time
from collections.abc import Mapping

from blogen.providers.http import DAY_SECONDS, retry_after

_KINDS = ("-requests", "-tokens", "")
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s))")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def used_up_seconds(headers: Mapping[str, str]) -> float:
    """How long until the quotas that an answer reports as used up are there again; 0 where none is."""
    resets = (
        seconds_until(headers.get(f"x-ratelimit-reset{kind}", ""))
        for kind in _KINDS
        if headers.get(f"x-ratelimit-remaining{kind}", "").strip() in {"0", "0.0"}
    )
    return max((reset for reset in resets if reset is not None), default=0.0)


def pause_asked_for(headers: Mapping[str, str]) -> float | None:
    """The pause after a 429: as the service asks, else until the limits that are used up are there again.

    A reset is when a limit is whole again, which is later than when the next call may go. None: it names nothing.
    """
    asked = retry_after(headers)
    return asked if asked is not None else used_up_seconds(headers) or None


def seconds_until(reset: str) -> float | None:
    """A reset as seconds from now, a day at most; None if it cannot be read."""
    reset = reset.strip()[:40]
    try:
        seconds = float(reset)
    except ValueError:
        parts = _DURATION.findall(reset)
        if not parts or "".join(number + unit for number, unit in parts) != reset:
            return None
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not math.isfinite(seconds):
        return None
    if seconds > 1e11:  # a point in time in milliseconds
        seconds = seconds / 1000 - time.time()
    elif seconds > 1e9:  # in seconds
        seconds -= time.time()
    return min(max(seconds, 0.0), DAY_SECONDS)
