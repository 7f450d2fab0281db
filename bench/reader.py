"""The reader's site beside aiohttp's own "hello", under load over real sockets, in one process.

Pages from memory, what a browser is told that has them already, and a page's first view after a change, each of which
is a real one through the API. Then the same site with 2,000 jobs in flight behind it beside itself with none, and the
engine while 50 look at the studio's live board beside itself alone.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median as middle
from urllib.parse import urlsplit

import uvloop
from aiohttp import web

from bench import api
from bench.chain import LENGTH, RESULT, Service, Written, all_published, chain, submit
from bench.common import Sample, Verdicts, alternate, answer, command, fail, folder, median, ratio, table
from bench.load import CONNECTIONS, beside_load, load
from bench.startup import running
from blogen.ahead import put_ahead
from blogen.api.routes import AHEAD
from blogen.app import App
from blogen.clients import COOKIE
from blogen.config import Config
from blogen.domain.job import JobState
from blogen.domain.person import DeviceKind, Scope
from blogen.engine.context import JobContext
from blogen.engine.engine import Engine
from blogen.engine.outcome import Outcome, Pipeline, Stage
from blogen.events import Event, JobMoved
from blogen.pipeline.hooks import Hooks
from blogen.server import web_application
from blogen.store.database import Database
from blogen.store.folder import database_path
from blogen.tuning import work_steadily
from blogen.web.ahead import PagesAhead
from blogen.web.keys import PAGES as KEPT

ROUNDS = 5
SECONDS = 1
BEHIND_ROUNDS = 21
DIGEST_SECONDS = 0.3
"""So soon after a server goes on, all that came while it was stopped is done."""
FIRST_VIEWS = 60
"""In each round."""
JOBS = 2000
IN_FLIGHT = 500
WATCHED_JOBS = 1500
WATCHED_ROUNDS = 9
VIEWERS = 50
LATER_SECONDS = 0.1
WITH_A_TARGET = 10
SERVICE_SECONDS = {WITH_A_TARGET: (7.5, 12.5), 2: (1.5, 2.5)}
"""How long the services of the jobs behind take, by their mean. A model that writes a section takes some ten seconds, a
picture more; with two, 2,000 jobs are 3,600,000 steps an hour, which is told without a target."""
POST = "/p/post-7"
PAGES = {"post": POST, "home": "/", "rss": "/feed.xml"}


def main() -> None:
    verdicts = Verdicts()
    with folder() as data:
        asyncio.run(fill(data))
        cached_pages(data, verdicts)
        first_views(data, verdicts)
        behind_jobs(data, verdicts)
    watched_board(verdicts)
    verdicts.exit()


async def fill(data: Path) -> None:
    await api.fill(data)
    database = await Database.open(database_path(data))
    done = "UPDATE jobs SET state = 'published', finished_at = 1, updated_at = 1"
    await database.write(lambda tx: tx.execute(done))
    await database.close()


def cached_pages(data: Path, verdicts: Verdicts) -> None:
    with ExitStack() as servers:
        ours, blogen = servers.enter_context(running(beside_load(blogen_on(data))))
        his, hello = servers.enter_context(running(beside_load([sys.executable, "-m", "bench.hello"])))
        tag = warmed(blogen)
        samples = alternate(
            {"hello": partial(loaded, his.pid, f"{hello}/")}
            | {name: partial(loaded, ours.pid, f"{blogen}{path}") for name, path in PAGES.items()}
            | {
                "rss": partial(loaded, ours.pid, f"{blogen}{PAGES['rss']}", headers={"Accept-Encoding": "gzip"}),
                "br": partial(loaded, ours.pid, f"{blogen}{POST}", headers={"Accept-Encoding": "gzip, br"}),
                "304": partial(loaded, ours.pid, f"{blogen}{POST}", headers={"If-None-Match": tag}),
            },
            ROUNDS,
        )
    base = samples["hello"]

    def beside(of: Sequence[Sample], what: str) -> float:
        return ratio(of, base, what)

    titles = {
        "hello": "aiohttp's hello", "post": f"a post of {api.WORDS:,} words", "home": "home",
        "rss": "RSS, compressed",
        "br": "the post, compressed", "304": "the post, for who has it",
    }  # fmt: skip
    table(
        f"Reader: {CONNECTIONS} connections ({ROUNDS} rounds of {SECONDS} s, in turn)",
        ("", "requests/s", "beside hello", "p99 ms", "beside hello", "us of CPU a request", "beside hello"),
        [
            (titles[name], *(cell(of, what) for what in ("rate", "p99", "cpu_us") for cell in (median, beside)))
            for name, of in samples.items()
        ],
    )
    for name in PAGES:
        verdicts.at_least(f"{titles[name]}, beside hello", ratio(samples[name], base, "rate"), 0.85)
        verdicts.at_most(f"{titles[name]}: p99, beside hello", ratio(samples[name], base, "p99"), 1.3)
    verdicts.at_least("304, beside hello", ratio(samples["304"], base, "rate"), 0.95)


def first_views(data: Path, verdicts: Verdicts) -> None:
    """One request at a time: a change, then the page that shows it, then a hello."""
    with ExitStack() as servers:
        _, blogen = servers.enter_context(running(beside_load(blogen_on(data))))
        _, hello = servers.enter_context(running(beside_load([sys.executable, "-m", "bench.hello"])))
        warmed(blogen)
        token = json.loads((data / "server.json").read_text())["token"]
        took = {
            (name, later): first_view_seconds(blogen, PAGES[name], hello, token, later)
            for name in ("post", "home")
            for later in (0, LATER_SECONDS)
        }
    table(
        f"Reader: the first view after a change ({FIRST_VIEWS} of each, one after the other)",
        ("", "ms", "hello ms", "beside hello"),
        [
            (f"{name}, {f'{later:g} s later' if later else 'at once'}", view * 1000, base * 1000, base / view)
            for (name, later), (view, base) in took.items()
        ],
    )
    for name, target in (("post", 0.4), ("home", 0.3)):
        for later, when in ((LATER_SECONDS, f"{LATER_SECONDS:g} s after it"), (0, "at once")):
            view, base = took[name, later]
            verdicts.at_least(f"first view of {name} after a change, {when}, beside hello", base / view, target)


def behind_jobs(data: Path, verdicts: Verdicts) -> None:
    """Two servers, one of which is stopped while the other is under load: the machine's speed changes by the second."""
    for mean in SERVICE_SECONDS:
        with ExitStack() as servers, folder() as place:
            alternately = {
                name: servers.enter_context(stopped(data, place / name, jobs, mean))
                for name, jobs in (("none", 0), (f"{JOBS:,}", JOBS))
            }
            samples = alternate(
                {name: partial(while_it_goes_on, *one) for name, one in alternately.items()}, BEHIND_ROUNDS
            )
        table(
            f"Reader: a post and home with jobs in flight behind, on services of {mean} s ({BEHIND_ROUNDS} rounds)",
            ("jobs", "post requests/s", "p99 ms", "home requests/s", "p99 ms"),
            [
                (name, *(median(of, what) for what in ("post rate", "post p99", "home rate", "home p99")))
                for name, of in samples.items()
            ],
        )
        idle, busy = samples.values()
        for name in ("post", "home"):
            rate, p99 = (ratio(busy, idle, f"{name} {what}") for what in ("rate", "p99"))
            if mean == WITH_A_TARGET:
                verdicts.at_least(f"{name} with jobs behind, beside none", rate, 0.9)
                verdicts.at_most(f"{name} with jobs behind: p99, beside none", p99, 1.5)
            else:
                verdicts.tell(f"{name} with five times their steps, beside none", rate)
                verdicts.tell(f"{name} with five times their steps: p99, beside none", p99)


def watched_board(verdicts: Verdicts) -> None:
    contenders = {str(viewers): command("-m", "bench.reader", "watched", str(viewers)) for viewers in (0, VIEWERS)}
    samples = alternate(contenders, WATCHED_ROUNDS)
    table(
        f"Engine: {WATCHED_JOBS:,} chains of {LENGTH}, zero latency, while the live board is looked at"
        f" ({WATCHED_ROUNDS} rounds)",
        ("viewers", "transitions/s", "CPU s per 1,000 jobs"),
        [(name, median(of, "rate"), median(of, "cpu")) for name, of in samples.items()],
    )
    alone, seen = samples["0"], samples[str(VIEWERS)]
    verdicts.at_least(f"with {VIEWERS} viewers, beside none", ratio(seen, alone, "rate"), 0.9)
    verdicts.tell("CPU of a job with viewers, beside none", ratio(seen, alone, "cpu"))


def blogen_on(data: Path) -> list[str]:
    return [sys.executable, "run.py", "serve", "--port", "0", "--data-dir", str(data)]


@contextmanager
def stopped(data: Path, place: Path, jobs: int, mean: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The site on a copy of `data` with so many jobs in flight, stopped; its process and address."""
    shutil.copytree(data, place)
    ours = [sys.executable, "-m", "bench.reader", "serve", str(place), str(jobs), str(mean)]
    with running(beside_load(ours)) as (process, url):
        warmed(url)
        process.send_signal(signal.SIGSTOP)
        try:
            yield process, url
        finally:
            process.send_signal(signal.SIGCONT)


def while_it_goes_on(process: "subprocess.Popen[str]", url: str, _place: Path) -> Sample:
    process.send_signal(signal.SIGCONT)
    try:
        time.sleep(DIGEST_SECONDS)
        found = {name: loaded(process.pid, f"{url}{PAGES[name]}", _place) for name in ("post", "home")}
    finally:
        process.send_signal(signal.SIGSTOP)
    return {f"{name} {what}": value for name, of in found.items() for what, value in of.items()}


def loaded(server: int, url: str, _place: Path, *, headers: Mapping[str, str] | None = None) -> Sample:
    before = api.cpu_seconds(server)
    found = load(url, SECONDS, headers)
    used = api.cpu_seconds(server) - before
    return {"rate": found.rate, "p99": found.p99_ms, "cpu_us": used / (found.rate * SECONDS) * 1e6}


def warmed(url: str) -> str:
    """Ask for every page until it is kept in its best form; the post's tag."""
    tag = ""
    for path in PAGES.values():
        for _ in range(12):
            with urllib.request.urlopen(f"{url}{path}") as answer:
                answer.read()
                tag = tag if path != POST else answer.headers["ETag"]
    time.sleep(1)  # the compressing is done aside
    return tag


def first_view_seconds(blogen: str, path: str, hello: str, token: str, later: float) -> tuple[float, float]:
    """How long the page takes so many seconds after a change, and a hello after it; the middle of all."""
    views, hellos = [], []
    with Connection(blogen) as changing, Connection(blogen) as reading, Connection(hello) as greeting:
        for number in range(FIRST_VIEWS):
            title = f"Post number 7, changed {time.time_ns()}"
            slug = "post-7" if path == POST else f"post-{api.POSTS - 1 - number % 10}"
            changing.ask("PATCH", f"/api/v1/posts/{slug}", {"title": title}, f"Authorization: Bearer {token}\r\n")
            time.sleep(later)
            took, body = reading.timed(path)
            if title.encode() not in body:
                fail(f"{path} did not show what was changed.")
            views.append(took)
            hellos.append(greeting.timed("/")[0])
    return middle(views), middle(hellos)


class Connection:
    """One connection that is kept, one request at a time: what a client costs must not hide what a server does."""

    def __init__(self, url: str) -> None:
        self._at = urlsplit(url).netloc

    def __enter__(self) -> "Connection":
        host, _, port = self._at.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def timed(self, path: str) -> tuple[float, bytes]:
        began = time.perf_counter()
        body = self.ask("GET", path)
        return time.perf_counter() - began, body

    def ask(self, method: str, path: str, what: object = None, header: str = "") -> bytes:
        body = b"" if what is None else json.dumps(what).encode()
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._at}\r\n{header}{length}\r\n"
        self._socket.sendall(head.encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._received()
        head_bytes, _, rest = answer.partition(b"\r\n\r\n")
        lines = head_bytes.decode("latin-1").lower().split("\r\n")
        if " 200 " not in lines[0]:
            fail(f"{method} {path} was answered {lines[0]} {rest[:500]!r}")
        wanted = int(next(line.partition(":")[2] for line in lines if line.startswith("content-length:")))
        while len(rest) < wanted:
            rest += self._received()
        return rest

    def _received(self) -> bytes:
        found = self._socket.recv(1 << 18)
        if not found:
            fail("The server hung up.")
        return found


@asynccontextmanager
async def site(data: Path, pipeline: Pipeline, *, workers: int) -> AsyncIterator[tuple[App, Engine, str]]:
    """The whole site, and an engine at rest that works `pipeline`; the address."""
    loop = asyncio.get_running_loop()
    async with App.built(Config.model_validate({"data": {"dir": str(data)}})) as app:
        engine = Engine(pipeline, app.jobs, app.steps, app.bus, app.clock, workers=workers, queue_size=1_000_000)
        coming: asyncio.Future[Engine] = loop.create_future()
        coming.set_result(engine)
        hooks: asyncio.Future[Hooks] = loop.create_future()
        application = web_application(app, coming, hooks)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        assert runner.server is not None
        put_ahead(runner.server, PagesAhead(runner.server, application[KEPT]), application[AHEAD])
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        work_steadily()
        yield app, engine, f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()


async def serve(data: Path, jobs: int, mean: int) -> None:
    """The site, with so many jobs in flight behind it, each a chain of steps on a service that takes its time."""
    async with site(data, chain(partial(stage, mean)), workers=max(jobs, 1)) as (app, engine, url), engine.running():
        following = set[asyncio.Task[list[str]]]()

        def follow(event: Event) -> None:
            """For each that has come to its end comes another."""
            if isinstance(event, JobMoved) and event.target == JobState.PUBLISHED:
                task = asyncio.create_task(submit(engine, 1))
                following.add(task)
                task.add_done_callback(following.discard)

        app.bus.subscribe(follow, JobMoved)
        await submit(engine, jobs)
        print(f"Blogen is ready at {url}", flush=True)
        await asyncio.Event().wait()


async def watched(data: Path, viewers: int) -> None:
    """How fast the engine is while so many look at the studio's live board, from another process."""
    take_core(-1)
    async with site(data, chain(Service(0).stage), workers=IN_FLIGHT) as (app, engine, url):
        person = await app.people.create_person("owner", "Owner", Scope.ADMIN, "a long password")
        _, secret = await app.devices.sign_in(person.id, DeviceKind.BROWSER, "a browser")
        viewing = [sys.executable, "-m", "bench.reader", "watch", url, secret, str(viewers)]
        watching = await asyncio.create_subprocess_exec(*viewing, stdout=asyncio.subprocess.PIPE)
        assert watching.stdout is not None
        if await watching.stdout.readline() != b"watching\n":
            fail("Nobody could look at the board.")
        published = all_published(app.bus, WATCHED_JOBS)
        await submit(engine, WATCHED_JOBS)
        started, cpu = time.perf_counter(), time.process_time()
        async with engine.running():
            await published.wait()
            seconds = time.perf_counter() - started
        used = time.process_time() - cpu
        watching.terminate()
        await watching.wait()
    answer(rate=WATCHED_JOBS * LENGTH / seconds, cpu=used / WATCHED_JOBS * 1000)


async def watch(url: str, secret: str, viewers: int) -> None:
    """Look at the board from so many browsers; say so once the first news came to each."""
    take_core(0)
    at = urlsplit(url)

    async def look(number: int) -> None:
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        said = f"GET /studio/events HTTP/1.1\r\nHost: {at.netloc}\r\nCookie: {COOKIE}={secret}\r\n\r\n"
        writer.write(said.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.splitlines()[0]:
            fail(f"The board was answered {head!r}")
        await reader.read(1)
        came[number].set()
        while await reader.read(1 << 16):
            pass

    came = [asyncio.Event() for _ in range(viewers)]
    looking = [asyncio.create_task(look(number)) for number in range(viewers)]
    await asyncio.gather(*(one.wait() for one in came))
    print("watching", flush=True)
    await asyncio.gather(*looking)
    await asyncio.Event().wait()


def take_core(number: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[number]})


def stage(mean: int, state: JobState, target: JobState) -> Stage:
    name = f"step:{state}"
    # Of its first call each job has done some part already: in step they would come in waves.
    shortest, longest = SERVICE_SECONDS[mean] if state is not JobState.QUEUED else (0, mean)

    async def ask() -> Written:
        await asyncio.sleep(random.uniform(shortest, longest))
        return RESULT

    async def work(job: JobContext) -> Outcome:
        await job.call(name, Written, ask)
        return target

    return work


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", data, jobs, mean]:
            uvloop.run(serve(Path(data), int(jobs), int(mean)))
        case ["watched", viewers, data]:
            uvloop.run(watched(Path(data), int(viewers)))
        case ["watch", url, secret, viewers]:
            uvloop.run(watch(url, secret, int(viewers)))
        case _:
            main()
