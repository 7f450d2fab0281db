"""TLS certificates are loaded after the start, not during it.

aiohttp makes two TLS contexts for clients while it is imported, and fills both with the machine's certificates: a fifth
of the time from exec to the first page, for something no reader needs. `deferred` imports without that, `load` makes
good for it before the first call goes out.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

_LOADERS = ("load_default_certs", "set_default_verify_paths")

_waiting: list[tuple[ssl.SSLContext, Callable[[], None]]] = []


@contextmanager
def deferred() -> Iterator[None]:
    """Contexts made within the block get their certificates by `load`; until then they trust nobody."""
    real = {name: getattr(ssl.SSLContext, name) for name in _LOADERS}
    for name, loader in real.items():
        setattr(ssl.SSLContext, name, _later(loader))
    try:
        yield
    finally:
        for name, loader in real.items():
            setattr(ssl.SSLContext, name, loader)


def load() -> None:
    """Load what was put off; a context that checks nobody needs none. Blocking: some 40 ms."""
    while _waiting:
        context, loader = _waiting.pop()
        if context.verify_mode is not ssl.CERT_NONE:
            loader()


def _later(loader: Callable[..., None]) -> Callable[..., None]:
    def wait(context: ssl.SSLContext, *arguments: Any) -> None:
        _waiting.append((context, partial(loader, context, *arguments)))

    return wait
