"""TLS certificates are loaded after the start, not during it.

aiohttp makes two TLS contexts for clients while it is imported, and fills them with the machine's certificates: a tenth
of the time from exec to the first page, for something no reader needs. `deferred` imports without that, `load` makes
good for it before the first call goes out.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_waiting: list[tuple[ssl.SSLContext, tuple[Any, ...]]] = []


@contextmanager
def deferred() -> Iterator[None]:
    """Contexts made within the block get their certificates by `load`; until then they trust nobody."""
    real = ssl.SSLContext.load_default_certs

    def later(context: ssl.SSLContext, *purpose: Any) -> None:
        _waiting.append((context, purpose))

    ssl.SSLContext.load_default_certs = later  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        ssl.SSLContext.load_default_certs = real  # type: ignore[method-assign]


def load() -> None:
    """Load what was put off. Blocking: some 40 ms."""
    while _waiting:
        context, purpose = _waiting.pop()
        context.load_default_certs(*purpose)
