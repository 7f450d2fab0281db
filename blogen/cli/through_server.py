"""The door of the server that runs on the data folder: its JSON API, with the token it left for this machine."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp

from blogen.cli.door import Hear, JobTold, has_settled, rests_for_long, unix_ms
from blogen.cli.server_file import ServerFile
from blogen.domain.job import JobState
from blogen.errors import BlogenError, Conflict, FieldError, InvalidInput, NotFound, QueueFull, StoreUnavailable
from blogen.events import (
    Event,
    JobFailed,
    JobMoved,
    JobWaiting,
    JobWoken,
    StepBegun,
    StepFailed,
    StepFinished,
    TextStreamed,
)
from blogen.ids import new_id

if TYPE_CHECKING:
    from blogen.domain.job import JobRequest

_ATTEMPTS = 5
_KINDS: dict[int, type[BlogenError]] = {404: NotFound, 409: Conflict, 422: InvalidInput, 503: QueueFull}


class ServerLost(BlogenError):
    code, title = "server-lost", "The server does not answer"


class ThroughServer:
    is_server = True

    def __init__(self, session: aiohttp.ClientSession, place: str) -> None:
        self._session = session
        self.place = place

    @classmethod
    @asynccontextmanager
    async def open(cls, server: ServerFile) -> AsyncIterator["ThroughServer"]:
        timeout = aiohttp.ClientTimeout(total=None, connect=10, sock_read=60)
        headers = {"Authorization": f"Bearer {server.token}"}
        async with aiohttp.ClientSession(
            f"{server.url}/api/v1/", headers=headers, timeout=timeout, trust_env=False
        ) as session:
            yield cls(session, server.url)

    async def submit(self, request: "JobRequest") -> JobTold:
        # With a key of its own the order can be sent again without being ordered twice.
        body, headers = request.model_dump(mode="json", exclude_unset=True), {"Idempotency-Key": new_id()}
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._ask_job("POST", "jobs", body, headers)
            except ServerLost:
                await asyncio.sleep(0.2 * attempt)
        return await self._ask_job("POST", "jobs", body, headers)

    async def act(self, verb: str, job_id: str, **details: Any) -> JobTold:
        return await self._ask_job("POST", f"jobs/{quote(job_id, safe='')}/{verb}", details or None)

    async def job(self, job_id: str) -> JobTold:
        return await self._ask_job("GET", f"jobs/{quote(job_id, safe='')}")

    async def follow(self, job_id: str, hear: Hear, *, since: str = "") -> JobTold:
        path = f"jobs/{quote(job_id, safe='')}/events"
        last, failures, is_told = "", 0, False
        while True:
            job = await self.job(job_id)
            # One that has ended meanwhile still has a way there to be told of; its stream ends by itself.
            if has_settled(job) and (is_told or not JobState(job["state"]).is_final):
                return job
            try:
                async for entry_id, event, told in self._events(path, last):
                    last, failures = entry_id or last, 0
                    if told.get("at", since) < since:
                        continue
                    for fact in _facts(job_id, event, told):
                        hear(fact)
                    if event == "waiting" and rests_for_long(told["detail"]):
                        break
                is_told = True
            except (aiohttp.ClientError, TimeoutError) as error:
                failures += 1
                if failures >= _ATTEMPTS:
                    raise self._lost(error) from error
                await asyncio.sleep(0.2 * failures)

    async def post_markdown(self, slug: str) -> str:
        return str((await self._ask("GET", f"posts/{quote(slug, safe='')}"))["markdown"])

    async def delete_post(self, slug: str) -> None:
        await self._ask("DELETE", f"posts/{quote(slug, safe='')}")

    async def moderate(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A decision below `/moderation`; the act as the API tells it."""
        act: dict[str, Any] = await self._ask(method, f"moderation/{path}", body)
        return act

    async def _ask_job(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> JobTold:
        job: JobTold = await self._ask(method, path, body, headers)
        return job

    async def _ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        try:
            async with self._session.request(method, path, json=body, headers=headers) as response:
                if response.status >= 400:
                    raise _problem(response.status, await response.read())
                return await response.json() if response.content_type == "application/json" else None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._lost(error) from error

    async def _events(self, path: str, last: str) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """Id, name and JSON of each server-sent event, from `last` on."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        async with self._session.get(path, headers=headers) as response:
            if response.status >= 400:
                raise _problem(response.status, await response.read())
            fields: dict[str, str] = {}
            async for raw in response.content:
                line = raw.decode("utf-8").rstrip("\r\n")
                if line:
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
                    continue
                if fields.get("data"):
                    yield fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"])
                fields = {}

    def _lost(self, error: Exception) -> "ServerLost":
        return ServerLost(
            f"The server at {self.place} does not answer ({str(error) or type(error).__name__}).",
            remedy="A job it has accepted is kept: it goes on when the server is started again.",
        )


def _facts(job_id: str, event: str, told: dict[str, Any]) -> Iterator[Event]:
    """What a line of the timeline says, as the events that this process would have heard itself."""
    detail, step = told.get("detail") or {}, told.get("step") or ""
    match event:
        case "moved":
            yield JobMoved(job_id, told["origin"], told["target"])
            if told["target"] == JobState.FAILED:
                yield JobFailed(job_id, told["origin"], "", "", "")
        case "waiting":
            reason = detail.get("reason") or ""
            yield JobWaiting(job_id, told["origin"], detail["for"], unix_ms(detail.get("until")), reason)
        case "woken":
            yield JobWoken(job_id, detail.get("for", ""))
        case "step_begun":
            yield StepBegun(job_id, step)
        case "step_finished":
            yield StepFinished(job_id, step)
        case "step_failed":
            yield StepFailed(job_id, step, detail.get("code", ""), detail.get("detail", ""))
        case "text":
            yield TextStreamed(job_id, step, told.get("text", ""))
        case _:
            return


def _problem(status: int, body: bytes) -> BlogenError:
    """The error that the server met, told again."""
    try:
        told = json.loads(body)
        detail, remedy, code = str(told["detail"]), str(told.get("remedy", "")), told.get("code")
        errors = [FieldError(one["path"], one["message"]) for one in told.get("errors", ())]
    except (ValueError, KeyError, TypeError):
        detail, remedy, code, errors = f"The server answered {status}.", "Its log tells more.", None, []
    kind = _KINDS.get(status, BlogenError)
    if kind is QueueFull:
        return (StoreUnavailable if code == StoreUnavailable.code else QueueFull)(detail, remedy=remedy)
    return kind(detail, remedy=remedy, errors=errors)
