"""Live timelines as server-sent events: told from the table, in the table's order, so nothing is missed or doubled.

An event on the bus only says "look again"; what is sent is read from the timeline, from the id that the listener has
seen last. Listeners of the same job share one reading. Text that a model is writing is not in the table: it is told as
it comes, gathered for a moment, without an id.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from blogen.events import Bus, Event, JobFailed, JobMoved, StepFailed, StepFinished, TextStreamed
from blogen.streams import HEARTBEAT, HEARTBEAT_SECONDS, is_set_within
from blogen.streams import wire as wire_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blogen.store.jobs import TimelineEntry

_GATHER_SECONDS = 0.05
_MAX_TEXTS = 200
"""A listener that is so far behind misses pieces of text; the step's result is what counts."""

Read = Callable[[str, int], Awaitable[Sequence["TimelineEntry"]]]


class Frame(NamedTuple):
    """An entry of the timeline as bytes on the wire."""

    id: int
    event: str
    step: str | None
    is_final: bool | None
    """Whether the job is final after it; None where that does not change."""
    wire: bytes


class Text(NamedTuple):
    step: str
    wire: bytes


class LiveTimelines:
    """`stop` it when the server stops: every listener then ends."""

    def __init__(self, read: Read, bus: Bus) -> None:
        self._read = read
        self._topics: dict[str, _Topic] = {}
        self._is_stopped = False
        self._unsubscribe = bus.subscribe(self._hear)

    @property
    def listeners(self) -> int:
        return sum(len(topic.listeners) for topic in self._topics.values())

    async def follow(self, job_id: str, after: int, *, is_final: bool) -> AsyncGenerator[bytes, None]:
        """What happens to the job after line `after`, until it is final; `is_final` as it was before this call."""
        with self._listening(job_id) as (topic, listener):
            while not self._is_stopped:
                listener.changed.clear()
                texts = listener.take_texts()
                frames = await topic.after(after)
                texts += listener.take_texts(_ended(frames))  # what came while the end of its step was being read
                if frames:
                    after = frames[-1].id
                for frame in frames:
                    is_final = is_final if frame.is_final is None else frame.is_final
                if wire := _in_order(frames, texts):
                    yield wire
                if is_final and not listener.changed.is_set():
                    return
                if not await is_set_within(listener.changed, HEARTBEAT_SECONDS):
                    yield HEARTBEAT

    def stop(self) -> None:
        self._is_stopped = True
        self._unsubscribe()
        for topic in self._topics.values():
            topic.wake()

    @contextmanager
    def _listening(self, job_id: str) -> "Iterator[tuple[_Topic, _Listener]]":
        topic = self._topics.get(job_id)
        if topic is None:
            topic = self._topics[job_id] = _Topic(job_id, self._read)
        listener = _Listener()
        topic.listeners.add(listener)
        try:
            yield topic, listener
        finally:
            topic.listeners.discard(listener)
            if not topic.listeners:
                topic.close()
                self._topics.pop(job_id, None)

    def _hear(self, event: Event) -> None:
        if not self._topics:
            return
        topic = self._topics.get(getattr(event, "job_id", ""))
        if topic is None:
            return
        if isinstance(event, TextStreamed):
            topic.gather(event)
        else:
            topic.changed(ends_text=isinstance(event, StepFinished | StepFailed | JobMoved | JobFailed))


class _Listener:
    __slots__ = ("__weakref__", "changed", "texts")

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.texts: deque[Text] = deque(maxlen=_MAX_TEXTS)

    def take_texts(self, steps: Container[str | None] | None = None) -> list[Text]:
        """Those of all steps, or of the given ones."""
        taken: list[Text] = []
        for _ in range(len(self.texts)):
            text = self.texts.popleft()
            (taken if steps is None or text.step in steps else self.texts).append(text)
        return taken


class _Topic:
    """One job that somebody listens to."""

    def __init__(self, job_id: str, read: Read) -> None:
        self.job_id = job_id
        self.listeners: set[_Listener] = set()
        self._read = read
        self._readings: dict[int, asyncio.Future[list[Frame]]] = {}
        self._gathered: dict[str, list[str]] = {}
        self._telling: asyncio.TimerHandle | None = None

    async def after(self, last: int) -> list[Frame]:
        """The frames after line `last`. Who asks for the same while it is being read shares the reading."""
        reading = self._readings.get(last)
        if reading is None:
            reading = self._readings[last] = asyncio.ensure_future(self._frames(last))
            reading.add_done_callback(lambda done: self._forget(last, done))
        # Shielded: a listener that leaves must not take the reading away from the others.
        return await asyncio.shield(reading)

    def changed(self, *, ends_text: bool) -> None:
        """Something was committed: a reading that began before may lack it, so nobody joins that any more."""
        if ends_text:
            self._tell()
        self._readings.clear()
        self.wake()

    def gather(self, piece: TextStreamed) -> None:
        self._gathered.setdefault(piece.step, []).append(piece.text)
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._tell_and_wake)

    def wake(self) -> None:
        for listener in self.listeners:
            listener.changed.set()

    def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()

    def _tell_and_wake(self) -> None:
        self._tell()
        self.wake()

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        for step, pieces in self._gathered.items():
            text = Text(step, wire_of("text", {"step": step, "text": "".join(pieces)}))
            for listener in self.listeners:
                listener.texts.append(text)
        self._gathered.clear()

    def _forget(self, last: int, done: "asyncio.Future[list[Frame]]") -> None:
        if self._readings.get(last) is done:
            del self._readings[last]
        if not done.cancelled():
            done.exception()  # looked at, so that nobody warns if every listener has left meanwhile

    async def _frames(self, last: int) -> list[Frame]:
        return [_frame(entry) for entry in await self._read(self.job_id, last)]


def _in_order(frames: Sequence[Frame], texts: Sequence[Text]) -> bytes:
    """Text of a step stands between its beginning and its end; text of a step that has ended says nothing new."""
    begun, ended = {frame.step for frame in frames if frame.event == "step_begun"}, _ended(frames)
    before = [text.wire for text in texts if text.step not in begun]
    after = [text.wire for text in texts if text.step in begun - ended]
    return b"".join([*before, *(frame.wire for frame in frames), *after])


def _ended(frames: Sequence[Frame]) -> set[str | None]:
    return {frame.step for frame in frames if frame.event in {"step_finished", "step_failed"}}


def _frame(entry: "TimelineEntry") -> Frame:
    from blogen.api.views import timeline_view
    from blogen.domain.job import FINAL  # no page needs jobs: not while it starts

    is_final = entry.target in FINAL if entry.event == "moved" else None
    return Frame(entry.id, entry.event, entry.step, is_final, wire_of(entry.event, timeline_view(entry), entry.id))
