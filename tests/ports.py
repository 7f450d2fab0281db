"""Ports for servers whose address must be known before they listen, or that come back where they were."""

import socket
from contextlib import closing
from random import SystemRandom

_OURS = range(20_000, 30_000)
"""Below those that the system hands out to whoever asks for any: none is given away between two servers."""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    while True:
        port = SystemRandom().choice(_OURS)
        with closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
