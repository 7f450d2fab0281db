"""UUIDv7 (RFC 9562 §5.7): ids that sort by the time they were made, so that new rows go to the index's end."""

import secrets
import time
from threading import Lock

_lock = Lock()
_last = 0


def new_id() -> str:
    """A new UUIDv7 as 36 characters of text; strictly increasing within this process."""
    global _last
    # 48 bits of milliseconds, then 12 bits of sub-millisecond (method 3), which the lock keeps increasing.
    stamp = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = stamp = max(stamp, _last + 1)
    high = (stamp >> 12 & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | stamp & 0xFFF
    low = 0x8000_0000_0000_0000 | secrets.randbits(62)
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
