"""The reader's site beside aiohttp's own "hello", under load over real sockets, in one process.

Pages from memory, what a browser is told that has them already, and a page's first view after a change, each of which
is a real one through the API. Then the same site with 2,000 jobs in flight behind it beside itself with none.
"""

import asyncio
import json
import random
import shutil
import socket
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median as middle
from urllib.parse import urlsplit

from bench import api
from bench.chain import RESULT, Written, chain, submit
from bench.common import Sample, Verdicts, alternate, fail, folder, median, ratio, table
from bench.load import CONNECTIONS, beside_load, load
from bench.startup import running
from blogen.domain.job import JobState
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome, Stage

ROUNDS = 5
SECONDS = 1
FIRST_VIEWS = 60
"""In each round."""
JOBS = 2000
SERVICE_SECONDS = (1.5, 2.5)
POST = "/p/post-7"
PAGES = {"post": POST, "home": "/", "rss": "/feed.xml"}


def main() -> None:
    verdicts = Verdicts()
    with folder() as data:
        asyncio.run(fill(data))
        cached_pages(data, verdicts)
        first_views(data, verdicts)
        behind_jobs(data, verdicts)
    verdicts.exit()


async def fill(data: Path) -> None:
    await api.fill(data)
    database = await api.Database.open(api.database_path(data))
    done = "UPDATE jobs SET state = 'published', finished_at = 1, updated_at = 1"
    await database.write(lambda tx: tx.execute(done))
    await database.close()


def cached_pages(data: Path, verdicts: Verdicts) -> None:
    with ExitStack() as servers:
        _, blogen = servers.enter_context(running(beside_load(blogen_on(data))))
        _, hello = servers.enter_context(running(beside_load([sys.executable, "-m", "bench.hello"])))
        tag = warmed(blogen)
        samples = alternate(
            {"hello": partial(loaded, f"{hello}/")}
            | {name: partial(loaded, f"{blogen}{path}") for name, path in PAGES.items()}
            | {
                "rss": partial(loaded, f"{blogen}{PAGES['rss']}", headers={"Accept-Encoding": "gzip"}),
                "br": partial(loaded, f"{blogen}{POST}", headers={"Accept-Encoding": "gzip, br"}),
                "304": partial(loaded, f"{blogen}{POST}", headers={"If-None-Match": tag}),
            },
            ROUNDS,
        )
    base = samples["hello"]
    titles = {
        "hello": "aiohttp's hello", "post": f"a post of {api.WORDS:,} words", "home": "home",
        "rss": "RSS, compressed",
        "br": "the post, compressed", "304": "the post, for who has it",
    }  # fmt: skip
    table(
        f"Reader: {CONNECTIONS} connections ({ROUNDS} rounds of {SECONDS} s, in turn)",
        ("", "requests/s", "beside hello", "p99 ms", "beside hello"),
        [
            (titles[name], median(of, "rate"), ratio(of, base, "rate"), median(of, "p99"), ratio(of, base, "p99"))
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
        took = {name: first_view_seconds(blogen, path, hello, token) for name, path in PAGES.items()}
    table(
        f"Reader: the first view after a change ({FIRST_VIEWS} of each, one after the other)",
        ("", "ms", "hello ms", "beside hello"),
        [(name, view * 1000, base * 1000, base / view) for name, (view, base) in took.items()],
    )
    for name, target in (("post", 0.4), ("home", 0.3)):
        view, base = took[name]
        verdicts.at_least(f"first view of {name} after a change, beside hello", base / view, target)


def behind_jobs(data: Path, verdicts: Verdicts) -> None:
    samples = alternate({"idle": partial(behind, data, 0), "busy": partial(behind, data, JOBS)}, 3)
    idle, busy = samples["idle"], samples["busy"]
    table(
        f"Reader: a post and home with {JOBS:,} jobs in flight behind (3 rounds)",
        ("", "post requests/s", "p99 ms", "home requests/s", "p99 ms"),
        [
            (name, *(median(of, what) for what in ("post rate", "post p99", "home rate", "home p99")))
            for name, of in samples.items()
        ],
    )
    for name in ("post", "home"):
        verdicts.at_least(f"{name} with jobs behind, beside none", ratio(busy, idle, f"{name} rate"), 0.9)
        verdicts.at_most(f"{name} with jobs behind: p99, beside none", ratio(busy, idle, f"{name} p99"), 1.5)


def blogen_on(data: Path) -> list[str]:
    return [sys.executable, "run.py", "serve", "--port", "0", "--data-dir", str(data)]


def behind(data: Path, jobs: int, place: Path) -> Sample:
    """The site on a copy of `data` with so many jobs in flight, under load."""
    shutil.copytree(data, place, dirs_exist_ok=True)
    command = [sys.executable, "-m", "bench.reader", "serve", str(place), str(jobs)]
    with running(beside_load(command)) as (_, url):
        warmed(url)
        found = {name: load(f"{url}{PAGES[name]}", SECONDS) for name in ("post", "home")}
    return {f"{name} rate": of.rate for name, of in found.items()} | {
        f"{name} p99": of.p99_ms for name, of in found.items()
    }


def loaded(url: str, _place: Path, *, headers: Mapping[str, str] | None = None) -> Sample:
    found = load(url, SECONDS, headers)
    return {"rate": found.rate, "p99": found.p99_ms}


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


def first_view_seconds(blogen: str, path: str, hello: str, token: str) -> tuple[float, float]:
    """How long the page takes after a change, and a hello after it; the middle of all."""
    views, hellos = [], []
    with Connection(blogen) as changing, Connection(blogen) as reading, Connection(hello) as greeting:
        for number in range(FIRST_VIEWS):
            title = f"Post number 7, changed {time.time_ns()}"
            slug = "post-7" if path == POST else f"post-{api.POSTS - 1 - number % 10}"
            changing.ask("PATCH", f"/api/v1/posts/{slug}", {"title": title}, f"Authorization: Bearer {token}\r\n")
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


async def serve(data: Path, jobs: int) -> None:
    """The site, with so many jobs in flight behind it, each a chain of steps on a service that takes its time."""
    from aiohttp import web

    from blogen.ahead import put_ahead
    from blogen.api.routes import AHEAD
    from blogen.app import App
    from blogen.config import Config
    from blogen.engine.engine import Engine
    from blogen.pipeline.hooks import Hooks
    from blogen.server import web_application
    from blogen.tuning import work_steadily
    from blogen.web.ahead import PagesAhead
    from blogen.web.keys import PAGES as KEPT

    loop = asyncio.get_running_loop()
    async with App.built(Config.model_validate({"data": {"dir": str(data)}})) as app:
        engine = Engine(
            chain(stage), app.jobs, app.steps, app.bus, app.clock, workers=max(jobs, 1), queue_size=1_000_000
        )
        coming: asyncio.Future[Engine] = loop.create_future()
        hooks: asyncio.Future[Hooks] = loop.create_future()
        application = web_application(app, coming, hooks)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        assert runner.server is not None
        put_ahead(runner.server, PagesAhead(runner.server, application[KEPT]), application[AHEAD])
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        work_steadily()
        async with engine.running():
            coming.set_result(engine)
            await submit(engine, jobs)
            print(f"Blogen is ready at http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
            await asyncio.Event().wait()


def stage(state: JobState, target: JobState) -> Stage:
    name = f"step:{state}"

    async def ask() -> Written:
        await asyncio.sleep(random.uniform(*SERVICE_SECONDS))  # in step they would come in waves
        return RESULT

    async def work(job: JobContext) -> Outcome:
        await job.call(name, Written, ask)
        return target

    return work


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        import uvloop

        uvloop.run(serve(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        main()
