"""What a call costs on its way through Blogen, and what an order that waits costs.

200 callers ask a chat-completions server in a process of its own, each eight times, one after the other. Four ways:
bare `aiohttp` that posts and parses; the `openai` package as its documentation shows it; Blogen's models (the provider
behind limits and breaker), without a job; and whole jobs, whose every call is a durable step with its intent, the money
held back for it, its result and its cost in SQLite (synchronous=FULL), and whose every stage is a transition.

At no latency all that counts is processor time, most of it the package's own; models take seconds to answer.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path

from bench.chain import LENGTH, Making, all_published, built, chain, submit
from bench.common import ROOT, Sample, Verdicts, alternate, answer, command, fail, median, pss_bytes, ratio, table
from blogen.clock import SystemClock
from blogen.config import BudgetConfig, ProviderSection
from blogen.domain.job import JobState, Waiting
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome, Stage
from blogen.events import Bus, Event, JobWaiting
from blogen.pipeline.models import Guarded, ImageModels, TextModels
from blogen.providers.protocols import (
    Drawn,
    Health,
    ImageModel,
    ImageRequest,
    Pending,
    Submitted,
    TextAnswer,
    TextModel,
    TextRequest,
)
from blogen.providers.text.openai import Config, Provider
from blogen.store.steps import Used

CALLERS = 200
ROUNDS = {0: 3, 100: 3, 1000: 3}
"""By the server's latency in milliseconds."""
ORDERS = 500
WORKERS = 8
WARM_JOBS = 20

MODEL = "bench-1"
SYSTEM = "You write for a blog. Answer in plain sentences. " * 4
QUESTION = "Write a paragraph about why group commit makes SQLite fast. " * 20
ANSWER = "a sentence that a model wrote, " * 40

TITLES = {
    "aiohttp": "bare aiohttp",
    "package": "the openai package, bare",
    "models": "Blogen's models, without a job",
    "jobs": "Blogen's jobs, every call durable",
}

Ask = Callable[[], Awaitable[None]]


def main() -> None:
    verdicts = Verdicts()
    for latency_ms, rounds in ROUNDS.items():
        contenders = {name: command("-m", "bench.providers", name, str(latency_ms)) for name in TITLES}
        samples = alternate(contenders, rounds)
        table(
            f"Providers: {CALLERS} callers, {LENGTH} calls each, {latency_ms} ms latency ({rounds} rounds)",
            ("", "calls/s", "CPU ms a call", "time beside aiohttp", "beside the package"),
            [
                (
                    TITLES[name],
                    CALLERS * LENGTH / median(of, "seconds"),
                    median(of, "cpu") / CALLERS / LENGTH * 1000,
                    ratio(of, samples["aiohttp"], "seconds"),
                    ratio(of, samples["package"], "seconds"),
                )
                for name, of in samples.items()
            ],
        )
        compare(verdicts, latency_ms, samples)
    (orders,) = alternate({"orders": command("-m", "bench.providers", "orders")}, rounds=1)["orders"]
    table(
        f"Orders: {ORDERS} that wait for a service that works on them by itself (1 round)",
        ("", "workers held", "KB an order"),
        [(TITLES["jobs"], orders["running"], orders["bytes"] / ORDERS / 1024)],
    )
    verdicts.at_most("workers held by orders that wait", orders["running"], 0, "workers")
    verdicts.at_most("memory of an order that waits", orders["bytes"] / ORDERS / 1024, 20, "KB")
    verdicts.exit()


def compare(verdicts: Verdicts, latency_ms: int, samples: dict[str, list[Sample]]) -> None:
    """What Blogen adds is measured beside the package that it calls; what the package itself costs is told."""
    beside_package = ratio(samples["jobs"], samples["package"], "seconds")
    beside_aiohttp = ratio(samples["jobs"], samples["aiohttp"], "seconds")
    if latency_ms:
        verdicts.at_most(f"jobs beside the package at {latency_ms} ms", beside_package, 1.3)
    else:
        verdicts.tell("jobs beside the package at no latency", beside_package)
    verdicts.tell(f"jobs beside bare aiohttp at {latency_ms} ms", beside_aiohttp)


async def bare(url: str) -> Sample:
    import aiohttp

    body = {"model": MODEL, "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLERS)) as session:

        async def ask() -> None:
            async with session.post(f"{url}/chat/completions", json=body) as response:
                check((await response.json())["choices"][0]["message"]["content"])

        return await timed(ask)


async def package(url: str) -> Sample:
    import httpx2
    import openai

    # As many connections as Blogen's provider has: with the package's own limits callers would wait for each other.
    http = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=CALLERS + 2, keepalive_expiry=30), timeout=60)
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=http) as client:

        async def ask() -> None:
            completion = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
            )
            check(completion.choices[0].message.content)

        return await timed(ask)


async def models(url: str) -> Sample:
    async with text_models(url) as text:

        async def ask() -> None:
            check((await complete(text)).text)

        return await timed(ask)


async def complete(text: TextModels) -> TextAnswer:
    async with text.turn("main", request(), priority=5, job="") as turn:
        return await text.complete(turn, request(), stream=None)


def stages_of(work: Callable[[JobContext, JobState], Awaitable[Outcome | None]]) -> Making:
    """Stages that do `work`, whose answer is theirs, and go on if it has none."""

    def making(state: JobState, target: JobState) -> Stage:
        async def stage(job: JobContext) -> Outcome:
            return await work(job, state) or target

        return stage

    return making


async def jobs(folder: Path, url: str) -> Sample:
    async with text_models(url) as text:

        async def ask(job: JobContext, state: JobState) -> None:
            step = f"text:{state}"
            order = request()
            turn = text.turn("main", order, priority=5, job=job.job.id)
            await job.call(
                step,
                TextAnswer,
                lambda: text.complete(turn, order, stream=None),
                provider="main",
                rests_on=order,
                reserve=text.reservation("main", order),
                used=used,
                turn=turn,
            )

        async with built(folder, chain(stages_of(ask)), in_flight=CALLERS) as (engine, bus), engine.running():
            await connect(lambda: complete(text))
            warm = all_published(bus, WARM_JOBS)
            await submit(engine, WARM_JOBS)
            await warm.wait()
            published = all_published(bus, CALLERS)
            started, cpu = time.perf_counter(), time.process_time()
            await submit(engine, CALLERS)
            await published.wait()
            return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


async def timed(ask: Ask) -> Sample:
    """Every caller's calls, one after the other."""

    async def caller() -> None:
        for _ in range(LENGTH):
            await ask()

    await connect(ask)
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


async def connect(ask: Callable[[], Awaitable[object]]) -> None:
    """One call for each caller: opens the connections and loads what is loaded on first use."""
    await asyncio.gather(*(ask() for _ in range(CALLERS)))


@asynccontextmanager
async def text_models(url: str) -> AsyncIterator[TextModels]:
    """Blogen's text models as an owner would configure them, with a price so that money is counted, and a cap."""
    section = Config(
        kind="openai", base_url=url, model=MODEL, concurrency=CALLERS, free=False,
        input_usd_per_million=0.25, output_usd_per_million=2, requests_per_minute=1_000_000,
        tokens_per_minute=1_000_000_000,
    )  # fmt: skip
    provider = Provider("text.main", section)
    guarded: Guarded[TextModel] = Guarded("text.main", section, lambda _url: provider, SystemClock())
    try:
        yield TextModels({"main": guarded}, ["main"], BudgetConfig(day_usd=Decimal(1000)))
    finally:
        await provider.close()


def request() -> TextRequest:
    return TextRequest(system=SYSTEM, user=QUESTION, purpose="draft", max_output_tokens=1000)


def used(given: TextAnswer) -> Used:
    usage = given.usage
    return Used(usage.provider, usage.model, usage.input_tokens, usage.output_tokens, usage.cost_usd_micros)


def check(text: str | None) -> None:
    if not text or text.strip() != ANSWER.strip():
        fail(f"The server's answer did not arrive: {text!r}")


class SlowImages:
    """A service that takes every order and is never done."""

    name = "image.slow"
    is_free = True

    async def submit(self, order: ImageRequest) -> Submitted:
        return Submitted(handle=order.reference, poll_after_seconds=3600)

    async def poll(self, _handle: str) -> Pending:
        return Pending(poll_after_seconds=3600)

    async def check(self) -> Health:
        return Health(ok=True, detail="It takes orders.")

    async def close(self) -> None:
        pass


async def orders(folder: Path) -> Sample:
    slow: ImageModel = SlowImages()
    guarded = Guarded("image.slow", ProviderSection(kind="slow"), lambda _url: slow, SystemClock())
    images = ImageModels({"slow": guarded}, ["slow"], BudgetConfig())

    async def draw(job: JobContext, state: JobState) -> Outcome | None:
        if state is not JobState.ILLUSTRATING:
            return None
        order = ImageRequest(prompt="A lighthouse in the fog", reference=job.reference("image:cover"))
        turn = images.turn("slow", priority=5, job=job.job.id)
        answered = await job.order(
            "image:cover",
            Drawn,
            lambda: images.submit(turn, order),
            lambda handle: images.poll("slow", handle),
            provider="slow",
            is_paid=False,
            turn=turn,
        )
        return answered if isinstance(answered, Waiting) else None

    async with built(folder, chain(stages_of(draw)), in_flight=WORKERS) as (engine, bus), engine.running():
        await all_wait(bus, lambda: submit(engine, 100), 100)  # what the first ones load belongs to no order
        idle_bytes = held_bytes()
        await all_wait(bus, lambda: submit(engine, ORDERS), ORDERS)
        return {"bytes": held_bytes() - idle_bytes, "running": engine.load["running"]}


async def all_wait(bus: Bus, act: Callable[[], Awaitable[object]], count: int) -> None:
    """`act`, and be back once `count` jobs wait and their workers have put them down."""
    done, left = asyncio.Event(), count

    def hear(event: Event) -> None:
        nonlocal left
        if type(event) is JobWaiting:
            left -= 1
            if not left:
                done.set()

    unsubscribe = bus.subscribe(hear)
    await act()
    await done.wait()
    unsubscribe()
    await asyncio.sleep(0.2)


def held_bytes() -> int:
    gc.collect()
    return pss_bytes()


@contextmanager
def serving(latency_ms: int) -> Iterator[str]:
    """The server in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.providers", "serve", str(latency_ms)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


async def serve(latency_ms: int) -> None:
    """Answer everything with the same completion, `latency_ms` after it was asked."""
    from aiohttp import web

    completion = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"},
            ],
            "usage": {"prompt_tokens": 300, "completion_tokens": 300, "total_tokens": 600},
        }
    ).encode()

    async def complete(request: web.Request) -> web.Response:
        await request.read()
        if latency_ms:
            await asyncio.sleep(latency_ms / 1000)
        return web.Response(body=completion, content_type="application/json")

    application = web.Application()
    application.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2 * CALLERS).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}/v1", flush=True)
    await asyncio.Event().wait()


async def contender(name: str, latency_ms: int, folder: Path) -> Sample:
    with serving(latency_ms) as url:
        if name == "jobs":
            return await jobs(folder, url)
        return await {"aiohttp": bare, "package": package, "models": models}[name](url)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        import uvloop

        match sys.argv[1:]:
            case ["serve", latency_ms]:
                uvloop.run(serve(int(latency_ms)))
            case ["orders", place]:
                answer(**uvloop.run(orders(Path(place))))
            case [name, latency_ms, place]:
                answer(**uvloop.run(contender(name, int(latency_ms), Path(place))))
