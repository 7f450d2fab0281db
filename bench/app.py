"""The phone app on a slow phone: how large it is, and how soon one reads.

A real server with 200 posts with covers, and headless Chromium at 390 by 844 that computes four times slower and hears
1.6 Mbit/s with 150 ms of delay. The first visit comes with empty caches, the second with what the app then kept, the
third without any network. The app must have been built: `make app`.

The first card is drawn by the page itself, and can be read, scrolled and pressed (mobile/first/cards.js); "the app
stands" is the moment at which the app's own feed has taken its place. Beside it what the processor worked until then.
"""

import asyncio
import gzip
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.common import Sample, Verdicts, fail, folder, median, table
from bench.startup import running
from blogen.web.folders import APP
from tests.blog import open_blog
from tests.showcase import POSTS, picture

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Page, Playwright

POSTS_COUNT = 200
ROUNDS = 3
PATIENCE_SECONDS = 60
NOW_MS = 1_785_900_000_000
HOUR_MS = 3_600_000
SLOW_PROCESSOR = 4
SLOW_NETWORK = {"latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
CARD = 'a[href*="/app/post/"]'
FIRST_CARD = f"""
  const drawn = () => {{ window.firstCard ??= performance.now(); }};
  const note = () => {{
    if (document.querySelector({CARD!r}) !== null) requestAnimationFrame(drawn);
    if (document.querySelector({f"#root {CARD}"!r}) !== null) window.appStands ??= performance.now();
  }};
  new MutationObserver(note).observe(document, {{ childList: true, subtree: true }});
"""


def main() -> None:
    if not (APP / "index.html").is_file():
        fail("The app was not built; `make app` builds it.")
    with folder() as data:
        asyncio.run(seed(data))
        with running([sys.executable, "run.py", "serve", "--port", "0", "--data-dir", str(data)]) as (_, url):
            samples = [asyncio.run(visits(url)) for _ in range(ROUNDS)]
    script_kb, first_load_kb = sizes()
    heads = ("", "first contentful paint ms", "first card ms", "the app stands ms", "processor ms", "transferred KB")
    row = ("fcp", "card", "app", "processor", "bytes")
    table(
        f"The app on a slow phone (median of {ROUNDS})",
        heads,
        [
            (visit, *(median(samples, f"{visit} {what}") for what in row))
            for visit in ("first visit", "second visit", "offline")
        ],
    )
    verdicts = Verdicts()
    verdicts.at_most("JavaScript until the feed stands", script_kb, 380, "KB gz")
    verdicts.at_most("first load without covers", first_load_kb, 450, "KB gz")
    verdicts.at_most("first contentful paint", median(samples, "first visit fcp") / 1000, 1, "s")
    verdicts.at_most("first card", median(samples, "first visit card") / 1000, 5, "s")
    verdicts.at_most("second visit's first card", median(samples, "second visit card") / 1000, 1, "s")
    verdicts.at_most("first card offline", median(samples, "offline card") / 1000, 1, "s")
    verdicts.at_most(f"heap after {POSTS_COUNT} posts", median(samples, "heap"), 25, "MB")
    verdicts.exit()


async def seed(data: Path) -> None:
    """Posts with covers of their own, an hour apart."""
    async with open_blog(data) as blog:
        covers = [await picture(blog, title, "cover") for title, *_ in POSTS]
        for number in range(POSTS_COUNT):
            title, summary, tags, language, provenance, _ = POSTS[number % len(POSTS)]
            await blog.publish(
                f"{title} ({number})", at=NOW_MS - number * HOUR_MS, slug=f"post-{number}", summary=summary, tags=tags,
                language=language, provenance=provenance, cover=covers[number % len(covers)],
                markdown=f"{summary}\n\n" * 8, words=700 + number,
            )  # fmt: skip


def sizes() -> tuple[float, float]:
    """JavaScript of the first screen and all of the first load, compressed as it is sent."""
    page = (APP / "index.html").read_text()
    named = set(re.findall(r'"/app/([^"?#]+\.[a-z0-9]+)"', page))
    sent = {name: len(gzip.compress((APP / name).read_bytes(), 9)) / 1024 for name in {*named, "index.html"}}
    return sum(size for name, size in sent.items() if name.endswith(".js")), sum(sent.values())


async def visits(url: str) -> Sample:
    """One person's three visits, on a phone of their own."""
    from playwright.async_api import async_playwright

    sample: Sample = {}
    async with async_playwright() as playwright, phone(playwright) as context:
        await context.add_init_script(FIRST_CARD)
        page = await context.new_page()
        devtools = await slowed(context, page)
        sample |= await visit("first visit", page, devtools, url)
        await until(page, KEPT)
        sample |= await visit("second visit", page, devtools, url)
        await context.set_offline(True)
        sample |= await visit("offline", page, devtools, url)
        await context.set_offline(False)
        sample["heap"] = await heap_after_all(page, devtools, url)
    return sample


KEPT = """navigator.serviceWorker.controller !== null
  && Object.entries(localStorage).some(([name, kept]) => name.startsWith('blogen.cache.') && kept.includes('post-0'))"""


async def until(page: "Page", condition: str) -> None:
    """Wait until it is so on the page. (What Playwright waits with is forbidden by the app's policy.)"""
    look = f"new Promise((done) => {{ const look = () => ({condition}) ? done() : setTimeout(look, 50); look(); }})"
    await asyncio.wait_for(page.evaluate(look), PATIENCE_SECONDS)


@asynccontextmanager
async def phone(playwright: "Playwright") -> "AsyncIterator[BrowserContext]":
    """A browser with a profile on the disk: an incognito one keeps compiled scripts and workers differently."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        fail("Chromium was not found; on Debian and Ubuntu: apt install chromium")
    with tempfile.TemporaryDirectory() as profile:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"],
            viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True,
        )  # fmt: skip
        try:
            yield context
        finally:
            await context.close()


async def slowed(context: "BrowserContext", page: "Page") -> "CDPSession":
    devtools = await context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_PROCESSOR})
    await devtools.send("Network.emulateNetworkConditions", {"offline": False, **SLOW_NETWORK})
    return devtools


async def visit(name: str, page: "Page", devtools: "CDPSession", url: str) -> Sample:
    received = 0

    def count(event: dict[str, Any]) -> None:
        nonlocal received
        received += event["encodedDataLength"]

    devtools.on("Network.loadingFinished", count)
    await page.goto("about:blank")
    before = await processor_ms(devtools)
    await page.goto(f"{url}/app/", wait_until="commit")
    await until(page, "window.appStands !== undefined && window.firstCard !== undefined")
    worked = await processor_ms(devtools)
    card, app = await page.evaluate("[window.firstCard, window.appStands]")
    fcp = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
    devtools.remove_listener("Network.loadingFinished", count)
    worked -= before if worked > before else 0  # another process counts from its own beginning
    # In the page a card can stand before anything was painted; nobody has seen it then.
    found = {"card": max(card, fcp), "app": app, "fcp": fcp, "processor": worked, "bytes": received / 1024}
    return {f"{name} {what}": value for what, value in found.items()}


async def processor_ms(devtools: "CDPSession") -> float:
    """What the page's main thread has worked since it began: steadier than the clock on a machine that others use."""
    metrics = await devtools.send("Performance.getMetrics")
    return 1000 * next(float(one["value"]) for one in metrics["metrics"] if one["name"] == "TaskDuration")


async def heap_after_all(page: "Page", devtools: "CDPSession", url: str) -> float:
    """MB of JavaScript's heap once the last post was scrolled to."""
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    unhurried = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    await devtools.send("Network.emulateNetworkConditions", {"offline": False, **unhurried})
    await page.goto(f"{url}/app/")
    last = page.locator(f'a[href$="/post/post-{POSTS_COUNT - 1}"]').first
    await page.mouse.move(195, 400)
    for _ in range(POSTS_COUNT):
        if await last.count():
            break
        await page.mouse.wheel(0, 6000)
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await page.wait_for_load_state("networkidle")
    else:
        fail("The last post was not reached.")
    await devtools.send("HeapProfiler.collectGarbage")
    metrics = await devtools.send("Performance.getMetrics")
    found: float = next(one["value"] for one in metrics["metrics"] if one["name"] == "JSHeapUsedSize")
    return found / 1024**2


if __name__ == "__main__":
    main()
