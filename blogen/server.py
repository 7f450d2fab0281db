"""The server: the parts of `app`, the reader's pages and the API over one socket, until a signal ends it."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from blogen import later
from blogen.ahead import put_ahead
from blogen.api import keys as api_keys
from blogen.api.routes import AHEAD, add_api
from blogen.app import LATER, App
from blogen.config import Config
from blogen.domain.person import Scope, TicketKind
from blogen.errors import ConfigError, StoreUnavailable
from blogen.logs import setup as set_up_logs
from blogen.tuning import work_steadily
from blogen.web import keys as web_keys
from blogen.web.ahead import PagesAhead
from blogen.web.routes import add_reader

if TYPE_CHECKING:
    from blogen.engine.engine import Engine
    from blogen.pipeline.hooks import Hooks

_MAX_BODY_BYTES = 32 * 1024 * 1024
"""Room for 20 sources of 200,000 characters."""

_CLOSING_SECONDS = 2.0
_READERS_FIRST_SECONDS = 0.2
"""How long building the works, which keeps the processor busy, leaves it to whoever already waits for a page."""


def serve(config: Config) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. Raises ConfigError, StoreUnusable before anything is served."""
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_serve(config))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not to be had on every system
        return None
    return uvloop.new_event_loop


async def _serve(config: Config) -> int:
    listening = _listen(config)
    port = listening.getsockname()[1]
    config = config.model_copy(update={"server": config.server.model_copy(update={"port": port})})
    stop = _stop_on_signals()
    async with App.built(config) as app:
        forget_logs = set_up_logs(config, app.bus)
        url = _url(config.server.host, port)
        engine: asyncio.Future[Engine] = asyncio.get_running_loop().create_future()
        hooks: asyncio.Future[Hooks] = asyncio.get_running_loop().create_future()
        application = web_application(app, engine, hooks)
        answering = _first_answer(application)
        runner = web.AppRunner(
            application,
            handle_signals=False,
            access_log=None,
            shutdown_timeout=_CLOSING_SECONDS,
        )
        await runner.setup()
        assert runner.server is not None
        put_ahead(runner.server, PagesAhead(runner.server, application[web_keys.PAGES]), application[AHEAD])
        site = web.SockSite(runner, listening)
        await site.start()
        sys.stdout.write(f"Blogen is ready at {url}\n")
        sys.stdout.flush()
        await asyncio.wait({answering}, timeout=_READERS_FIRST_SECONDS)
        await _tell_set_up_link(app, url)
        works = await app.build_works()
        works.services.is_streaming = True  # whoever follows a job sees its text grow
        await works.order_first_post()
        work_steadily()
        async with _announced(app, url), app.courier().running(), works.engine.running():
            engine.set_result(works.engine)
            hooks.set_result(works.hooks)
            await stop.wait()
            await site.stop()
        await runner.cleanup()
        forget_logs()
    return 0


async def _tell_set_up_link(app: App, url: str) -> None:
    """Where nobody owns the blog yet, print the link by which somebody does; it goes nowhere else."""
    if not await app.people.has_admin():
        ticket = await app.tickets.make(TicketKind.SET_UP)
        at = (app.config.server.base_url or _reachable_here(url)).rstrip("/")
        with suppress(OSError):  # who started us may have read the first line, and closed the pipe
            sys.stdout.write(f"Set it up at {at}/studio/set-up/{ticket}\n")
            sys.stdout.flush()


def web_application(app: App, engine: "asyncio.Future[Engine]", hooks: "asyncio.Future[Hooks]") -> web.Application:
    """Pages and API with the parts they read from. `engine` and `hooks` may come later: readers do not wait."""
    application = web.Application(client_max_size=_MAX_BODY_BYTES)
    parts: Mapping[str, object] = {
        "CONFIG": app.config,
        "BUS": app.bus,
        "CLOCK": app.clock,
        "ENGINE": engine,
        "HOOKS": hooks,
        "POSTS": app.posts,
        "MEDIA": app.media,
        "AUTHORS": app.authors,
        "SITE": app.site,
        "JUDGE": app.reason_to_hold,
        "PROVIDERS": lambda: app.works.providers if app.works else None,
        "READY": lambda: _readiness(app, engine),
        **{name.upper(): later.Part(app, name) for name in LATER},
    }
    for module in (web_keys, api_keys):
        for name, part in parts.items():
            if key := getattr(module, name, None):
                application[key] = part
    add_reader(application)
    add_api(application)
    return application


def _first_answer(application: web.Application) -> "asyncio.Future[None]":
    """Done when the first answer is about to be sent."""
    answering: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def note(_request: web.Request, _response: web.StreamResponse) -> None:
        if not answering.done():
            answering.set_result(None)

    application.on_response_prepare.append(note)
    return answering


async def _readiness(app: App, engine: "asyncio.Future[Engine]") -> dict[str, str | None]:
    """None for each part that is well, else what is wrong with it."""
    is_running = engine.done() and engine.result().is_running
    return {
        "database": await app.database.problem(),
        "engine": None if is_running else "The engine is starting or stopping.",
    }


def _listen(config: Config) -> socket.socket:
    host, port = config.server.host, config.server.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"Blogen cannot listen on {host}:{port} ({error.strerror or error}).",
            remedy="Choose another address with --host and --port (0 takes any free port), or stop what uses this one.",
        ) from error


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _reachable_here(url: str) -> str:
    """The address for this machine's own commands: who listens everywhere also listens on loopback."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _stop_on_signals() -> asyncio.Event:
    """Set at the first signal; the second ends the process at once, which is as safe as SIGKILL."""
    stop = asyncio.Event()

    def hear(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, hear, number)
    return stop


@asynccontextmanager
async def _announced(app: App, url: str) -> AsyncIterator[None]:
    """While the server runs, `server.json` tells this machine's owner's commands where and with which token."""
    path = app.config.data.dir / "server.json"
    await _revoke_commands_token(app)
    _, token = await app.people.create_token(Scope.ADMIN, label=_LABEL)
    _write_private(path, json.dumps({"url": _reachable_here(url), "pid": os.getpid(), "token": token}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        with suppress(StoreUnavailable):  # the next start revokes it
            await _revoke_commands_token(app)


_LABEL = "commands of this machine"


async def _revoke_commands_token(app: App) -> None:
    """Also the one that a killed process left behind."""
    for token in await app.people.list_tokens():
        if token.label == _LABEL and token.revoked_at is None:
            await app.people.revoke_token(token.id)


def _write_private(path: Path, text: str) -> None:
    aside = path.with_suffix(".partial")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    aside.replace(path)
