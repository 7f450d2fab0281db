"""The owner's own templates: `templates/reader/…` in the data folder, each before ours of the same name.

They are the owner's code, and trusted as such. What is wrong in one costs the owner that template, not readers the
page: ours is shown instead, and file and line are told.
"""

import asyncio
import os
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aiohttp import web

from blogen.events import TemplateFailed, TemplatesChanged
from blogen.web.keys import BUS

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment

    from blogen.events import Bus

LOOK_SECONDS: Final = 2.0
"""How often the folder is looked at. While it is not there that is one question to the file system."""

_MOST_FILES: Final = 500


class Failure(NamedTuple):
    """What is wrong in an own template."""

    file: str
    line: int
    """0 where it is not known."""
    detail: str


class Environments(NamedTuple):
    """Where templates become pages: ours, and one that is to be made with another loader."""

    built_in: "Callable[[], Environment]"
    made: "Callable[[BaseLoader], Environment]"


class OwnTemplates:
    """What the owner has put beside our templates; nothing, for most."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: tuple[str, ...] = ()
        """By name, as they were when somebody looked last."""
        self.failures: dict[str, Failure] = {}
        """By the name of the page that could not be made with them. It is made with ours until something changes."""
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._own: Environment | None = None

    def look(self) -> bool:
        """See what is there now; whether it is another than it was."""
        seen = tuple(sorted(_found(self.folder)))
        if seen == self._seen:
            return False
        was_there = bool(self._seen)
        self._seen, self.files = seen, tuple(name for name, _, _ in seen)
        self.failures.clear()
        self._own = None
        return was_there or bool(seen)

    def render(self, name: str, context: dict[str, Any], environments: Environments, bus: "Bus") -> str:
        """The page `name`, with own templates as far as they work."""
        if self._seen is None:
            self.look()
        if not self.files or name in self.failures:
            return environments.built_in().get_template(name).render(context)
        try:
            return self._environment(environments).get_template(name).render(context)
        except Exception as error:
            text = environments.built_in().get_template(name).render(context)  # fails too? Not the owner's mistake
            failure = self.failures[name] = self._failure(error)
            bus.publish(TemplateFailed(failure.file, failure.line, failure.detail))
            return text

    def _environment(self, environments: Environments) -> "Environment":
        if self._own is None:
            from blogen.web.own_loader import own_first

            self._own = environments.made(own_first(self.folder))
        return self._own

    def _failure(self, error: Exception) -> Failure:
        from jinja2 import TemplateSyntaxError

        said = str(error).strip().partition("\n")[0]
        detail = f"{type(error).__name__}: {said}".rstrip(": ")[:300]
        if isinstance(error, TemplateSyntaxError):
            return Failure(str(error.filename or error.name or ""), error.lineno, (error.message or detail)[:300])
        own = str(self.folder)
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename.startswith(own):
                return Failure(frame.filename, frame.lineno or 0, detail)
        return Failure(own, 0, detail)


OWN_TEMPLATES: "web.AppKey[OwnTemplates]" = web.AppKey("OWN_TEMPLATES")


async def watch(app: web.Application) -> AsyncIterator[None]:
    """For `app.cleanup_ctx`: a changed template is noticed within `LOOK_SECONDS`, and pages are made anew."""
    task = asyncio.create_task(_keep_looking(app), name="own templates")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def notice(app: web.Application) -> OwnTemplates:
    """The own templates as they are now; what has changed is told."""
    own = app[OWN_TEMPLATES]
    if own.look():
        app[BUS].publish(TemplatesChanged(own.files))
    return own


async def _keep_looking(app: web.Application) -> None:
    while True:
        notice(app)
        await asyncio.sleep(LOOK_SECONDS)


def _found(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Name, time and size of each template below `folder`; at most so many are looked at."""
    left = _MOST_FILES
    waiting = [(str(folder), "")]
    while waiting:
        place, prefix = waiting.pop()
        try:
            entries = list(os.scandir(place))
        except OSError:
            continue
        for entry in entries:
            if left == 0:
                return
            left -= 1
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{prefix}{entry.name}/"))
                elif entry.name.endswith(".html"):
                    found = entry.stat()
                    yield f"{prefix}{entry.name}", found.st_mtime_ns, found.st_size
            except OSError:
                continue
