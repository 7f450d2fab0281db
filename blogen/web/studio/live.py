"""Live pages of the studio, as server-sent events: what moved on a page, rendered once for all who look at it.

A page that lives is a `Topic`: parts (pieces of HTML, by the id of their element) and lists (which of them stand
where). What happens in the engine only marks topics as stale. One task renders stale topics that somebody looks at, at
most a few times a second and for a small share of the time; what came out differently goes to everyone as one and the
same frame. Who comes back says which frame came last, and gets the later ones, or the whole page if those are gone.
"""

import asyncio
import secrets
import time
import traceback
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Final, NamedTuple

from aiohttp import web

from blogen.domain.person import Scope
from blogen.errors import BlogenError
from blogen.events import (
    Bus,
    Event,
    JobFailed,
    JobMoved,
    JobSubmitted,
    JobWaiting,
    JobWoken,
    RequestCrashed,
    StepBegun,
    StepDoubted,
    StepFailed,
    StepFinished,
    TaskMoved,
    TextStreamed,
)
from blogen.streams import HEARTBEAT_SECONDS, OPENING, is_set_within, stream_to, wire
from blogen.web.people.session import visitor

BOARD: Final = "board"
"""The topic of the board; a job's topic is its id."""

PAUSE_SECONDS: Final = 0.5
"""What happens within it is told together."""
_REST: Final = 12
"""Rendering rests so many times as long as it took: it never takes more than a thirteenth of the time."""
_LONGEST_REST_SECONDS: Final = 5.0
_KEPT_SECONDS: Final = 60.0
"""So long a page that was just loaded may take to begin to listen."""
_FRAMES: Final = 60
_MAX_TOPICS: Final = 200
_MAX_VIEWERS: Final = 500
_MAX_TEXTS: Final = 100
_GATHER_SECONDS: Final = 0.2
_WRITE_SECONDS: Final = 60.0

BEAT: Final = wire("beat", None)
"""An event and not a comment, so that the page can tell silence from a lost connection."""
OUT: Final = wire("out", None)
"""Nobody is signed in here any more."""


class Shown(NamedTuple):
    """A page as it is: HTML by the id of its element, and the ids that stand in each list, in order."""

    parts: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]


Read = Callable[[], Awaitable[Shown]]


class Live:
    """`close` it when the server stops: every viewer's stream then ends."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._topics: dict[str, Topic] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self._stale = asyncio.Event()
        self._rendering: asyncio.Task[None] | None = None
        self._tidying: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def viewers(self) -> int:
        return sum(len(topic.viewers) for topic in self._topics.values())

    @property
    def has_room(self) -> bool:
        return self.viewers < _MAX_VIEWERS

    async def load(self, key: str, read: Read) -> tuple[Shown, str]:
        """The page as it is now, and the mark that its viewer begins to listen at."""
        topic = self._topic(key, read)
        try:
            shown = await topic.fresh()
        except BaseException:
            if not topic.viewers:
                self._topics.pop(key, None)
            raise
        return shown, topic.mark

    async def follow(self, key: str, read: Read, after: str) -> AsyncGenerator[bytes, None]:
        """What changes after the mark `after`, until the viewer leaves or the server stops."""
        topic = self._topic(key, read)
        with topic.watched() as viewer:
            self._begin(topic)
            while not self._is_closed and not topic.is_broken:
                viewer.changed.clear()
                if frames := [*topic.since(after), *viewer.take_texts()]:
                    after = topic.mark
                    yield b"".join(frames)
                if not await is_set_within(viewer.changed, HEARTBEAT_SECONDS):
                    yield BEAT

    async def close(self) -> None:
        self._is_closed = True
        if self._tidying is not None:
            self._tidying.cancel()
        if self._unsubscribe is not None:
            self._unsubscribe()
        for topic in self._topics.values():
            topic.wake()
        if self._rendering is not None:
            self._rendering.cancel()
            await asyncio.gather(self._rendering, return_exceptions=True)

    def _topic(self, key: str, read: Read) -> "Topic":
        topic = self._topics.get(key)
        if topic is None or topic.is_broken:
            self._forget()
            topic = self._topics[key] = Topic(key, read)
        topic.asked_at = time.monotonic()
        if self._unsubscribe is None:
            self._unsubscribe = self._bus.subscribe(self._hear, *_TOLD)
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(_KEPT_SECONDS, self._tidy)
        return topic

    def _tidy(self) -> None:
        """Put away what nobody looks at; with nothing left to look at nothing is heard."""
        self._tidying = None
        self._forget()
        if self._topics:
            self._tidying = asyncio.get_running_loop().call_later(_KEPT_SECONDS, self._tidy)
        elif self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _forget(self) -> None:
        """Put away the topics that nobody looks at any more."""
        now = time.monotonic()
        for key, topic in list(self._topics.items()):
            is_idle = not topic.viewers and (now - topic.asked_at > _KEPT_SECONDS or len(self._topics) >= _MAX_TOPICS)
            if is_idle or topic.is_broken:
                topic.close()
                del self._topics[key]

    def _hear(self, event: Event) -> None:
        topic = self._topics.get(event.job_id)  # type: ignore[union-attr]  # all that it hears is about a job
        if topic is not None:
            if isinstance(event, TextStreamed):
                topic.gather(event)
                return
            if isinstance(event, StepBegun):
                topic.begin_text(event.step)
            self._mark(topic)
        if type(event) in _ON_BOARD and (board := self._topics.get(BOARD)) is not None:
            self._mark(board)

    def _mark(self, topic: "Topic") -> None:
        topic.is_stale = True
        if topic.viewers:
            self._stale.set()

    def _begin(self, topic: "Topic") -> None:
        if topic.is_stale:
            self._stale.set()
        if self._rendering is None or self._rendering.done():
            self._rendering = asyncio.create_task(self._render(), name="live pages of the studio")

    async def _render(self) -> None:
        while self.viewers and not self._is_closed:
            if not await is_set_within(self._stale, _KEPT_SECONDS):
                continue
            self._stale.clear()
            for topic in [one for one in self._topics.values() if one.viewers and one.is_stale]:
                began = time.monotonic()
                try:
                    await topic.fresh()
                except Exception:
                    topic.is_broken = True
                    topic.wake()
                    self._bus.publish(RequestCrashed("GET", f"/studio/events ({topic.key})", traceback.format_exc()))
                took = time.monotonic() - began
                await asyncio.sleep(min(took * _REST, _LONGEST_REST_SECONDS))
            await asyncio.sleep(PAUSE_SECONDS)


class Viewer:
    """One who looks at a page."""

    __slots__ = ("__weakref__", "changed", "texts")

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.texts: deque[bytes] = deque(maxlen=_MAX_TEXTS)

    def take_texts(self) -> list[bytes]:
        taken = list(self.texts)
        self.texts.clear()
        return taken


class Topic:
    """One page that lives."""

    def __init__(self, key: str, read: Read) -> None:
        self.key = key
        self.viewers: set[Viewer] = set()
        self.is_stale = True
        self.is_broken = False
        self.asked_at = 0.0
        self._read = read
        self._shown = Shown({}, {})
        self._name = secrets.token_hex(4)
        self._number = 0
        self._frames: deque[tuple[int, bytes]] = deque(maxlen=_FRAMES)
        self._whole: bytes | None = None
        self._reading = asyncio.Lock()
        self._gathered: dict[str, list[str]] = {}
        self._begun: dict[str, bool | None] = {}
        """Steps whose text is heard from its beginning; whether it is prose, once that is known."""
        self._telling: asyncio.TimerHandle | None = None

    @property
    def mark(self) -> str:
        """Names the page as it is."""
        return f"{self._name}.{self._number}"

    async def fresh(self) -> Shown:
        """The page as it is; read again if something has happened to it."""
        async with self._reading:
            if self.is_stale:
                self.is_stale = False  # what happens while it is read makes it stale again, for the next time
                try:
                    shown = await self._read()
                except BaseException:
                    self.is_stale = True
                    raise
                self._take(shown)
            return self._shown

    def since(self, mark: str) -> list[bytes]:
        """The frames after `mark`; the whole page if that is too long ago, or of another life."""
        if not self._number:
            return []  # it was never read yet
        name, _, number = mark.partition(".")
        seen = int(number) if name == self._name and number.isdecimal() and len(number) < 10 else -1
        if seen == self._number:
            return []
        first = self._frames[0][0] if self._frames else self._number + 1
        if seen > self._number or seen < first - 1:
            if self._whole is None:
                self._whole = wire("page", {"set": self._shown.parts, "lists": self._shown.lists}, self.mark)
            return [self._whole]
        return [frame for at, frame in self._frames if at > seen]

    def gather(self, piece: TextStreamed) -> None:
        """Text that a model writes; what is written for the program, JSON, is not shown."""
        if not self.viewers or piece.step not in self._begun:
            return
        if self._begun[piece.step] is None and piece.text.strip():
            self._begun[piece.step] = not piece.text.lstrip().startswith(("{", "["))
        if self._begun[piece.step]:
            self._gathered.setdefault(piece.step, []).append(piece.text)
            if self._telling is None:
                self._telling = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._tell)

    def begin_text(self, step: str) -> None:
        self._begun[step] = None

    @contextmanager
    def watched(self) -> Iterator[Viewer]:
        viewer = Viewer()
        self.viewers.add(viewer)
        try:
            yield viewer
        finally:
            self.viewers.discard(viewer)

    def wake(self) -> None:
        for viewer in self.viewers:
            viewer.changed.set()

    def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()

    def _take(self, shown: Shown) -> None:
        before = self._shown
        changed = {name: html for name, html in shown.parts.items() if before.parts.get(name) != html}
        lists = {name: ids for name, ids in shown.lists.items() if before.lists.get(name) != ids}
        self._shown, self._whole = shown, None
        if changed or lists:
            self._number += 1
            self._frames.append((self._number, wire("page", {"set": changed, "lists": lists}, self.mark)))
            self.wake()

    def _tell(self) -> None:
        self._telling = None
        for step, pieces in self._gathered.items():
            frame = wire("text", {"step": step, "text": "".join(pieces)})
            for viewer in self.viewers:
                viewer.texts.append(frame)
        self._gathered.clear()
        self.wake()


_ON_BOARD: Final = frozenset({JobSubmitted, JobMoved, JobWaiting, JobWoken, JobFailed, StepFinished, StepFailed})
_TOLD: Final = _ON_BOARD | {StepBegun, StepDoubted, TaskMoved, TextStreamed}

LIVE: "web.AppKey[Live]" = web.AppKey("STUDIO_LIVE")


async def stream(request: web.Request, key: str, read: Read) -> web.StreamResponse:
    """Tell the viewer of a page what changes on it, while they are signed in."""
    live = request.app[LIVE]
    if not live.has_room:
        return web.Response(status=503, text="Too many look at live pages.", headers={"Retry-After": "30"})
    if request.method == "HEAD":
        return web.Response(content_type="text/event-stream")
    after = request.headers.get("Last-Event-ID", "") or request.query.get("after", "")
    response = await stream_to(request)
    try:
        await response.write(OPENING)
        frames = live.follow(key, read, after)
        async with aclosing(frames):
            async for frame in frames:
                if frame is BEAT and not await _may_look(request):
                    await response.write(OUT)
                    break
                async with asyncio.timeout(_WRITE_SECONDS):
                    await response.write(frame)
        await response.write_eof()
    except (ConnectionError, TimeoutError, BlogenError):
        request.protocol.force_close()
    return response


async def _may_look(request: web.Request) -> bool:
    who = await visitor(request)
    return who is not None and who.person.role.includes(Scope.AUTHOR)


async def close(app: web.Application) -> None:
    """For `app.on_shutdown`: a server that stops waits for nobody's page."""
    await app[LIVE].close()
