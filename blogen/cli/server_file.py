"""`server.json`: where the server that runs on a data folder answers, and the token for commands on this machine."""

import json
import os
from pathlib import Path
from typing import NamedTuple


class ServerFile(NamedTuple):
    url: str
    pid: int
    token: str


def read_server_file(data_dir: Path) -> ServerFile | None:
    """What the running server wrote; None if there is none, or only what a dead one left."""
    try:
        told = json.loads((data_dir / "server.json").read_text(encoding="utf-8"))
        server = ServerFile(str(told["url"]).rstrip("/"), int(told["pid"]), str(told["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return server if _lives(server.pid) and _owner(data_dir) in {None, server.pid} else None


def _owner(data_dir: Path) -> int | None:
    """The process that noted itself in the lock."""
    try:
        pid = (data_dir / "lock").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return int(pid) if pid.isdigit() else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
