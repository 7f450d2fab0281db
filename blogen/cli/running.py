"""Runs a command's coroutine. Ctrl-C lets it tidy up; a second one does not wait for that. Neither loses anything."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from blogen.cli.exits import INTERRUPTED


def run(command: Coroutine[Any, Any, int], *, last_words: Callable[[], object] = lambda: None) -> int:
    """The command's exit code. Raises KeyboardInterrupt after the first Ctrl-C; `last_words` are said at the second."""
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(command)
    presses = _Presses(last_words)
    before = signal.signal(signal.SIGINT, presses.pressed)
    try:
        return asyncio.run(presses.watched(command))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)


class _Presses:
    def __init__(self, last_words: Callable[[], object]) -> None:
        self._last_words = last_words
        self._cancel: Callable[[], object] | None = None

    async def watched(self, command: Coroutine[Any, Any, int]) -> int:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        return await command

    def pressed(self, *_: object) -> None:
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()
            return
        self._last_words()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)
