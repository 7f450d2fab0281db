"""Runs `blogen …` and kills it with SIGKILL at a chosen commit: the product itself has no hook for tests.

`python -m tests.e2e.killer` imports Blogen once, then reads orders from stdin, one JSON line each:
`{"argv": [...], "cwd": "...", "kill_at": 7, "after": false}`. Each is run in a forked child, which is as good as a
fresh process and starts in a fraction of the time. The child writes to this process' stdout and stderr; at its end
a line `{"ended": exit code, "commits": how many}` follows. `kill_at` counts from 1; 0 kills never. With `after`, the
commit is done and nobody has heard of it yet; without, it has not begun.
"""

import importlib
import json
import mmap
import os
import pkgutil
import signal
import struct
import sys
from typing import Any

COUNTER = struct.Struct("q")


def main() -> None:
    _load()
    counter = mmap.mmap(-1, COUNTER.size)
    print("loaded", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        COUNTER.pack_into(counter, 0, 0)
        pid = os.fork()
        if pid == 0:
            _run(order, counter)
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        ended = {"ended": os.waitstatus_to_exitcode(status), "commits": COUNTER.unpack_from(counter)[0]}
        print(json.dumps(ended), flush=True)


NEEDED = (
    "openai.resources.chat", "openai.resources.images", "trafilatura", "lxml.html", "PIL.Image", "PIL.ImageDraw",
    "pygments.lexers", "markdown_it", "nh3", "sentencex",
)  # fmt: skip
"""What a whole post imports beside Blogen's own modules."""


def _load() -> None:
    """Import what a whole post needs, so that no child has to."""
    import openai

    import blogen

    for name in NEEDED:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(blogen.__path__, "blogen."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    openai.AsyncOpenAI(api_key="none").chat.completions  # noqa: B018, builds what it needs once


def _run(order: dict[str, Any], counter: mmap.mmap) -> None:
    """The child: Blogen's own command line, with an eye on its commits. Does not return."""
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(order["cwd"])
        _watch_commits(order["kill_at"], order["after"], counter)
        from blogen.cli import main as blogen

        code = blogen(order["argv"])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watch_commits(kill_at: int, after: bool, counter: mmap.mmap) -> None:
    from blogen.store import database

    commit = database._commit

    def watched(connection: Any) -> None:
        number = COUNTER.unpack_from(counter)[0] + 1
        if number == kill_at and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(connection)
        COUNTER.pack_into(counter, 0, number)
        if number == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    database._commit = watched


if __name__ == "__main__":
    main()
