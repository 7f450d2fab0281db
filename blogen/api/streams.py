"""`/me/events`: a person's notifications and new posts as they happen, as server-sent events.

An event on the bus only says "look again"; what is sent is read from the tables, from the place that the listener has
heard last, so nothing is missed or doubled, also over a break. Listeners at the same place share one reading of posts.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from blogen.api.auth import admit, person_of
from blogen.api.keys import STREAMS
from blogen.domain.person import Scope
from blogen.errors import BlogenError, FieldError, InvalidInput, TooManyAttempts
from blogen.events import Bus, Event, Notified, PostPublished
from blogen.store.news import NewPost, News, Place
from blogen.streams import HEARTBEAT, HEARTBEAT_SECONDS, OPENING, stream_to

if TYPE_CHECKING:
    from blogen.api.post_json import PostJson
    from blogen.store.notifications import Notifications

MAX_OF_PERSON = 10
"""Listeners of one person; a phone, a few tabs."""

MAX_MISSED = 200
"""Who has missed more of a kind is told to read the lists again instead."""

_WRITE_SECONDS = 60.0
_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PLACE = re.compile(rf"({_ID})?_([0-9]{{1,15}})_({_ID})?", re.ASCII)


async def events(request: web.Request) -> web.StreamResponse:
    place, person_id = _last_place(request), person_of(request)
    streams = request.config_dict[STREAMS]
    streams.check_room(person_id)
    response = await stream_to(request)
    try:
        await response.write(OPENING)
        told = streams.follow(person_id, place)
        async with aclosing(told):
            async for wire in told:
                await admit(request, Scope.READER, for_person=True)  # the device may have been revoked meanwhile
                async with asyncio.timeout(_WRITE_SECONDS):
                    await response.write(wire)
        await response.write_eof()
    except (ConnectionError, TimeoutError, BlogenError):
        request.protocol.force_close()
    return response


class PersonStreams:
    """`stop` it when the server stops: every listener then ends."""

    def __init__(
        self, news: News, notifications: "Notifications", post_json: "PostJson", bus: Bus, base_url: str = ""
    ) -> None:
        self._news = news
        self._notifications = notifications
        self._post_json = post_json
        self._base_url = base_url
        self._listeners: dict[str, set[asyncio.Event]] = {}
        """By person: what wakes each of their listeners."""
        self._readings: dict[tuple[int, str], asyncio.Future[list[_PostFrame]]] = {}
        self._is_stopped = False
        self._unsubscribe = bus.subscribe(self._hear, Notified, PostPublished)

    @property
    def listeners(self) -> int:
        return sum(len(ones) for ones in self._listeners.values())

    def check_room(self, person_id: str) -> None:
        """Raises TooManyAttempts if the person has enough listeners."""
        if len(self._listeners.get(person_id, ())) >= MAX_OF_PERSON:
            raise TooManyAttempts(
                f"You listen {MAX_OF_PERSON} times already.",
                remedy="Close other pages or apps.",
                retry_after_seconds=30,
            )

    async def follow(self, person_id: str, place: Place | None) -> AsyncGenerator[bytes, None]:
        """What happens after `place`; None: from now on. The first event tells the place at which it begins."""
        with self._listening(person_id) as changed:
            if place is None:
                place = await self._news.now(person_id)
            yield _wire("ready", {}, place)
            hides = await self._news.hides_unreviewed(person_id)
            while not self._is_stopped:
                changed.clear()
                place, notified = await self._notified(person_id, place)
                place, published = await self._published(place, hides=hides)
                if frames := notified + published:
                    for frame in frames:
                        yield frame
                    continue  # there may be more
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    yield HEARTBEAT

    def stop(self) -> None:
        self._is_stopped = True
        self._unsubscribe()
        self._wake_all()

    async def _notified(self, person_id: str, place: Place) -> tuple[Place, list[bytes]]:
        found = await self._notifications.since(person_id, place.notification, MAX_MISSED + 1)
        if len(found) > MAX_MISSED:
            place = place._replace(notification=(await self._news.now(person_id)).notification)
            return place, [_wire("reset", {"of": "notifications"}, place)]
        frames = []
        for id_, notification in found:
            from blogen.api.talk_views import notification_view

            place = place._replace(notification=id_)
            if notification is not None:
                frames.append(_wire("notification", notification_view(notification, self._base_url), place))
        return place, frames

    async def _published(self, place: Place, *, hides: bool) -> tuple[Place, list[bytes]]:
        found = await self._posts_after(place.published_at, place.post)
        if len(found) > MAX_MISSED:
            now = await self._news.now("")
            place = place._replace(published_at=now.published_at, post=now.post)
            return place, [_wire("reset", {"of": "posts"}, place)]
        frames = []
        for post, line in found:
            place = place._replace(published_at=post.published_at, post=post.id)
            if line is not None and (post.is_reviewed or not hides):
                frames.append(_frame("post", line, place))
        return place, frames

    async def _posts_after(self, published_at: int, post_id: str) -> "list[_PostFrame]":
        """Who asks for the same while it is being read shares the reading."""
        key = published_at, post_id
        reading = self._readings.get(key)
        if reading is None:
            reading = self._readings[key] = asyncio.ensure_future(self._read_posts(published_at, post_id))
            reading.add_done_callback(lambda done: self._forget(key, done))
        # Shielded: a listener that leaves must not take the reading away from the others.
        return await asyncio.shield(reading)

    async def _read_posts(self, published_at: int, post_id: str) -> "list[_PostFrame]":
        posts = await self._news.posts(published_at, post_id, MAX_MISSED + 1)
        lines = await self._post_json.by_id([post.id for post in posts[:MAX_MISSED]]) if posts else {}
        return [_PostFrame(post, lines.get(post.id)) for post in posts]

    def _forget(self, key: tuple[int, str], done: "asyncio.Future[list[_PostFrame]]") -> None:
        if self._readings.get(key) is done:
            del self._readings[key]
        if not done.cancelled():
            done.exception()  # looked at, so that nobody warns if every listener has left meanwhile

    @contextmanager
    def _listening(self, person_id: str) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        ones = self._listeners.setdefault(person_id, set())
        ones.add(changed)
        try:
            yield changed
        finally:
            ones.discard(changed)
            if not ones and self._listeners.get(person_id) is ones:
                del self._listeners[person_id]

    def _hear(self, event: Event) -> None:
        if isinstance(event, Notified):
            for changed in self._listeners.get(event.person_id, ()):
                changed.set()
        elif isinstance(event, PostPublished):
            self._readings.clear()  # one that began before may lack it: nobody joins that any more
            self._wake_all()

    def _wake_all(self) -> None:
        for ones in self._listeners.values():
            for changed in ones:
                changed.set()


class _PostFrame(NamedTuple):
    post: NewPost
    line: bytes | None
    """Its JSON as in lists; None if it is gone."""


def _wire(event: str, told: object, place: Place) -> bytes:
    # JSON keeps line breaks escaped, so one `data:` line holds it.
    return _frame(event, json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"), place)


def _frame(event: str, told: bytes, place: Place) -> bytes:
    name = f"{place.notification}_{place.published_at}_{place.post}"
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (name.encode(), event.encode(), told)


def _last_place(request: web.Request) -> Place | None:
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return None
    found = _PLACE.fullmatch(given)
    if found is None:
        message = "must be the `id` of an event of this stream"
        raise InvalidInput(f"The header Last-Event-ID {message}.", errors=[FieldError("Last-Event-ID", message)])
    return Place(found[1] or "", int(found[2]), found[3] or "")
