"""The server under calls that nobody would think of, made from its own document: it never fails, and says so itself.

schemathesis makes them for every operation, those that fit the document and those that do not; each is sent as somebody
else. What comes back must be documented: status, media type and shape, and never a server error.
"""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from blogen.api.routes import ROUTES
from blogen.domain.person import Scope
from blogen.events import Event, RequestCrashed
from tests.api.served import serve

ANSWERED = [f"{route.method} /api/v1{route.path}" for route in ROUTES if not route.streams]
"""Streams have no end, and tests of their own."""


class Running(NamedTuple):
    url: str
    tokens: list[str | None]
    """Of nobody, of the owner with each scope, of people with each role."""
    places: dict[str, list[str]]
    """What stands in paths, by name, where it should lead somewhere."""
    crashes: list[str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A served application on a thread of its own, since schemathesis waits for its answers."""
    started: list[Running | BaseException] = []
    is_started = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def main() -> None:
        async with serve(tmp_path_factory.mktemp("blog")) as served:
            started.append(await filled(served))
            is_started.set()
            await done.wait()

    def run() -> None:
        try:
            loop.run_until_complete(main())
        except BaseException as error:
            started.append(error)
        finally:
            is_started.set()

    thread = threading.Thread(target=run)
    thread.start()
    is_started.wait()
    if isinstance(started[0], BaseException):
        raise started[0]
    yield started[0]
    loop.call_soon_threadsafe(done.set)
    thread.join()
    loop.close()


async def filled(served: Any) -> Running:
    """A blog with something of each kind in it."""
    tokens: list[str | None] = [None, *(served.tokens[scope] for scope in Scope)]
    for scope in Scope:
        await served.people.create_person(f"p-{scope}", f"The {scope}", scope, "a long password of theirs")
        tokens.append((await served.people.create_token(scope, f"p-{scope}"))[1])
    jobs = [(await served.published("Green tea", tags=["tea"]))["id"]]
    jobs.append((await served.settled((await served.order("Fail here"))["id"]))["id"])
    comments = []
    for token in tokens[4:]:
        headers = {"Authorization": f"Bearer {token}"}
        made = await served.told("POST", "/posts/green-tea/comments", {"text": "Good."}, headers=headers, status=201)
        comments.append(made["id"])
    await served.published("Tea", tags=["tea"])
    places = {
        "id": [*jobs, *comments], "slug": ["green-tea", "tea"], "handle": ["blogen", "p-reader"], "tag": ["tea"],
        "word": ["casino"],
    }  # fmt: skip
    crashes: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, RequestCrashed):
            crashes.append(event.traceback)

    served.blog.bus.subscribe(note)
    return Running(str(served.client.make_url("/")).rstrip("/"), tokens, places, crashes)


@pytest.mark.parametrize("label", ANSWERED)
def test_what_the_server_answers_is_what_its_document_says(label: str, running: Running) -> None:
    from tests.api.made_up_calls import call

    call(label, running)
