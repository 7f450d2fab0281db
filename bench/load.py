"""Requests over real sockets: wrk where it is installed, else a small client of our own on the same terms.

32 connections that are kept open, each with one request in flight. Where there are two processors the load has one and
the server the other, so that neither takes the other's time.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import quantiles
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from bench.common import fail

CONNECTIONS = 32

_CORES = sorted(os.sched_getaffinity(0))
_PINS = shutil.which("taskset") is not None and len(_CORES) > 1
_LOAD_ON = ["taskset", "-c", str(_CORES[0])] if _PINS else []
_SERVER_ON = ["taskset", "-c", str(_CORES[-1])] if _PINS else []


def beside_load(command: list[str]) -> list[str]:
    """The command of a server that is to be put under load."""
    return [*_SERVER_ON, *command]


class Load(NamedTuple):
    rate: float
    """Answers a second."""
    p99_ms: float


def requests_a_second(url: str, seconds: float, headers: Mapping[str, str] | None = None) -> float:
    """How many requests for `url` are answered in a second; fails unless each is answered with success."""
    return load(url, seconds, headers).rate


def load(url: str, seconds: float, headers: Mapping[str, str] | None = None) -> Load:
    """How fast requests for `url` are answered; fails unless each is answered with success, or with 304."""
    found = _own_load(url, seconds, headers or {}) if shutil.which("wrk") is None else _wrk(url, seconds, headers or {})
    if not found.rate:
        fail(f"{url} was not answered once in {seconds:g} s: the machine is too busy to measure on.")
    return found


def _wrk(url: str, seconds: float, headers: Mapping[str, str]) -> Load:
    said = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = [*_LOAD_ON, "wrk", "--latency", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", *said, url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", ended.stdout)
    p99 = re.search(r"\b99%\s+([\d.]+)(us|ms|s)\b", ended.stdout)
    if ended.returncode or rate is None or p99 is None or "Non-2xx" in ended.stdout or "Socket errors" in ended.stdout:
        fail(f"wrk on {url} failed:\n{ended.stdout}{ended.stderr}")
    return Load(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]])


def _own_load(url: str, seconds: float, headers: Mapping[str, str]) -> Load:
    command = [*_LOAD_ON, sys.executable, "-m", "bench.load", url, str(seconds)]
    command += [f"{name}: {value}" for name, value in headers.items()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if ended.returncode:
        fail(f"The load on {url} failed:\n{ended.stderr}")
    return Load(*json.loads(ended.stdout))


class _Client(asyncio.Protocol):
    """Sends the same request again as soon as its answer is there."""

    def __init__(self, request: bytes, until: float, done: "asyncio.Future[None]") -> None:
        self.request, self.until, self.done = request, until, done
        self.took_ms: list[float] = []
        self.buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by name
        self._ask()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = re.search(rb"\r\ncontent-length: (\d+)", bytes(self.buffer[: end + 2]), re.IGNORECASE)
        is_known = self.buffer.startswith(b"HTTP/1.1 304")
        if not is_known and (not self.buffer.startswith(b"HTTP/1.1 2") or length is None):
            self.done.set_exception(RuntimeError(f"answered {bytes(self.buffer[:200])!r}"))
            return
        if length is not None and len(self.buffer) < end + 4 + int(length[1]):
            return
        self.buffer.clear()
        now = time.perf_counter()
        self.took_ms.append((now - self.asked_at) * 1000)
        if now < self.until:
            self._ask()
        elif not self.done.done():
            self.done.set_result(None)
            self.transport.close()

    def _ask(self) -> None:
        self.asked_at = time.perf_counter()
        self.transport.write(self.request)


async def _load(url: str, seconds: float, headers: list[str]) -> None:
    at = urlsplit(url)
    target = f"{at.path}?{at.query}" if at.query else at.path
    request = "\r\n".join([f"GET {target} HTTP/1.1", f"Host: {at.netloc}", *headers, "", ""]).encode()
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    clients = [_Client(request, began + seconds, loop.create_future()) for _ in range(CONNECTIONS)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, at.hostname, at.port)
    await asyncio.gather(*(client.done for client in clients))
    rate = sum(len(client.took_ms) for client in clients) / (time.perf_counter() - began)
    print(json.dumps([rate, quantiles([took for client in clients for took in client.took_ms], n=100)[-1]]))


if __name__ == "__main__":
    try:
        import uvloop as loops
    except ImportError:
        loops = asyncio
    loops.run(_load(sys.argv[1], float(sys.argv[2]), sys.argv[3:]))
