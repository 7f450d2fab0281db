"""The engine's verbs for commands, through one of two doors: this process' own engine, or the server that runs on
the data folder. Jobs are told as the API tells them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from blogen.errors import StoreUnusable

if TYPE_CHECKING:
    from blogen.config import Config
    from blogen.domain.job import JobRequest
    from blogen.events import Event

JobTold = dict[str, Any]
"""A job as the API shows it."""

Hear = Callable[["Event"], None]

VERBS = ("cancel", "retry", "pause", "resume", "approve", "reject")

_SERVER_STARTS_SECONDS = 10.0


class Door(Protocol):
    place: str
    """Who works the jobs, for messages: `this process`, or the server's address."""
    is_server: bool

    async def submit(self, request: "JobRequest") -> JobTold:
        """Order a post; once this returns, the job cannot be lost."""
        ...

    async def act(self, verb: str, job_id: str, **details: Any) -> JobTold:
        """One of the engine's verbs; `details` as the API's body has them."""
        ...

    async def job(self, job_id: str) -> JobTold: ...

    async def follow(self, job_id: str, hear: Hear, *, since: str = "") -> JobTold:
        """Tell `hear` what happens to the job until it is final or waits for a person or for money.

        What happened before `since` (RFC 3339) is not told again.
        """
        ...

    async def post_markdown(self, slug: str) -> str: ...

    async def delete_post(self, slug: str) -> None: ...


def has_settled(job: JobTold) -> bool:
    """Whether the job is final, or waits for what will not come soon."""
    return job["state"] in {"published", "failed", "cancelled"} or (
        job["waiting"] is not None and rests_for_long(job["waiting"])
    )


def rests_for_long(told: dict[str, Any]) -> bool:
    """Whether a wait, as the API tells it, needs a person, money or another day."""
    from blogen.domain.job import Waiting, WaitingFor, needs_someone

    waiting = Waiting(WaitingFor(told["for"]), unix_ms(told.get("until")))
    return needs_someone(waiting, time.time_ns() // 1_000_000)


def unix_ms(at: str | None) -> int | None:
    return None if at is None else int(datetime.fromisoformat(at).timestamp() * 1000)


@asynccontextmanager
async def open_door(config: "Config", *, works: bool, streams: bool = False, log_to: Any = None) -> AsyncIterator[Door]:
    """The server's door if one runs on the data folder, else this process' own.

    With `works` jobs are worked while it is open; without, they are only changed. With `streams` the
    text of models is heard as they write it. Log lines go to `log_to`.
    """
    from blogen.cli.server_file import read_server_file
    from blogen.store.folder import DataFolder

    waited = 0.0
    while DataFolder.is_claimed(config.data.dir):
        if server := read_server_file(config.data.dir):
            from blogen.cli.through_server import ThroughServer

            async with ThroughServer.open(server) as door:
                yield door
            return
        if waited >= _SERVER_STARTS_SECONDS:
            raise StoreUnusable(
                f"The data folder {config.data.dir} is in use by another Blogen that is not a server.",
                remedy="Wait until that command has ended, or choose another folder with --data-dir.",
            )
        await asyncio.sleep(0.1)  # it may be a server that has not begun to listen yet
        waited += 0.1

    from blogen.cli.direct import Direct

    async with Direct.open(config, works=works, streams=streams, log_to=log_to) as own:
        yield own
