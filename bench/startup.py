"""From exec to the first page, and the memory that an idle server holds.

Beside it the least that the same building blocks can do: aiohttp, uvloop, aiosqlite and jinja2 imported, and hello
served (bench/hello.py). Blogen starts on a folder that holds its first post, and answers with its front page.

Both start as they do every day, with the bytecode that Python wrote at an earlier start.
"""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from bench.common import LIMIT_SECONDS, ROOT, Sample, Verdicts, alternate, fail, folder, median, pss_bytes, ratio, table

ROUNDS = 9
IDLE_SECONDS = 3.0
"""Memory is taken once what is loaded after the socket listens has settled."""

Server = tuple[subprocess.Popen[str], str]


def main() -> None:
    with folder() as data:
        command = [sys.executable, "run.py", "serve", "--port", "0", "--data-dir", str(data)]
        wait_for_first_post(command)
        first_page([sys.executable, "-m", "bench.hello"])
        samples = alternate(
            {
                "hello": lambda _: first_page([sys.executable, "-m", "bench.hello"]),
                "blogen": lambda _: first_page(command),
            },
            ROUNDS,
        )
        with running(command) as (process, url):
            fetch(url)
            time.sleep(IDLE_SECONDS)
            idle_bytes = pss_bytes(process.pid)
    hello, ours = samples["hello"], samples["blogen"]
    table(
        f"Start-up ({ROUNDS} rounds)",
        ("", "exec to listening ms", "to the first 200 ms", "idle MB (PSS)"),
        [
            ("aiohttp + uvloop + aiosqlite + jinja2 hello", median(hello, "listening"), median(hello, "page"), "-"),
            ("Blogen's front page", median(ours, "listening"), median(ours, "page"), idle_bytes / 1024**2),
        ],
    )
    verdicts = Verdicts()
    verdicts.at_most("exec to the first 200, beside hello", ratio(ours, hello, "page"), 1.3)
    verdicts.at_most("idle memory", idle_bytes / 1024**2, 60, "MB")
    verdicts.exit()


def first_page(command: list[str]) -> Sample:
    started = time.monotonic()
    with running(command) as (_, url):
        listening = time.monotonic() - started
        fetch(url)
        return {"listening": listening * 1000, "page": (time.monotonic() - started) * 1000}


def wait_for_first_post(command: list[str]) -> None:
    with running(command) as (_, url):
        deadline = time.monotonic() + LIMIT_SECONDS
        while b'href="/p/' not in fetch(url):
            if time.monotonic() > deadline:
                fail("The first post did not appear.")
            time.sleep(0.2)


@contextmanager
def running(command: list[str]) -> Iterator[Server]:
    """A server of ours on a free port; its process and address."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # some shells forbid it: then each start would compile our sources
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        ready = re.fullmatch(r"Blogen is ready at (\S+)\n", process.stdout.readline())
        if ready is None:
            fail(f"{' '.join(command)} did not get ready.")
        yield process, ready[1]
    finally:
        process.terminate()
        process.wait()


def fetch(url: str) -> bytes:
    """The front page; fails unless it is answered with 200."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        fail(f"{url} answered {response.status}.")
    return body


if __name__ == "__main__":
    main()
