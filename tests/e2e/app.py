"""The phone app in a real browser, on a real server whose blog is full of posts.

async def test_…(new_phone: NewPhone) -> None:
    ann = await new_phone("ann")               # registered and signed in; without a name: nobody
    await ann.open("/app/")

A phone's test fails if the browser complained meanwhile: of an error in the console, of the policy, of a third party.
What a test brings about on purpose it names with `expect_complaints`.
"""

import fcntl
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, Locator, Page, Route

from blogen.web.folders import APP
from tests.blog import open_blog
from tests.chromium import opened
from tests.e2e.harness import Blogen, with_fake
from tests.e2e.test_browser import ARTEFACTS
from tests.fakes.openai_server import FakeOpenAI
from tests.showcase import DAY_MS, NOW_MS, POSTS, fill

PASSWORD: Final = "correct horse battery"
MANY: Final = 200
"""Posts in the blog; deep scrolling needs them."""

_WATCH = """
document.addEventListener('securitypolicyviolation', event => console.error(
  `CSP: ${event.violatedDirective} ${event.blockedURI}`))
window.blogenPending = 0
const {fetch: send} = window
window.fetch = async (...asked) => {
  if (String(asked[0].url ?? asked[0]).endsWith('/events')) return send(...asked)
  window.blogenPending += 1
  try { return await send(...asked) } finally { window.blogenPending -= 1 }
}
"""
_SMALL = """
() => [...document.querySelectorAll(':is(a, button, input, textarea, select, [role=button], [role=link], [role=tab])')]
  .filter(element => element.checkVisibility({opacityProperty: true, visibilityProperty: true}))
  .filter(element => !element.closest('[aria-hidden=true], [inert]'))
  .filter(element => getComputedStyle(element).display !== 'inline' && element.type !== 'checkbox')
  .filter(element => !element.ariaLabel?.startsWith('Show passage'))
  .map(element => [element.ariaLabel || element.textContent.trim() || element.name, element.getBoundingClientRect()])
  .filter(([, box]) => box.height > 0 && (box.height < 43.5 || box.width < 43.5))
  .map(([name, box]) => `${name}: ${Math.round(box.width)}x${Math.round(box.height)}`)
"""
_CUT = """
() => [...document.querySelectorAll('[dir=auto], h1, h2, button, [role=button]')]
  .filter(element => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1)
  .filter(element => ![...ancestors(element)].some(one => one.scrollWidth > one.clientWidth + 1
    && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)))
  .map(element => element.textContent.trim().slice(0, 60))
function* ancestors(element) { while ((element = element.parentElement)) yield element }
"""
_IDLE = """
() => {
  const open = performance.getEntriesByType('resource').length
  const now = performance.now()
  if (window.blogenSeen !== open) { window.blogenSeen = open; window.blogenSince = now }
  return window.blogenPending === 0 && now - window.blogenSince > 300
}
"""
_GO = """
path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate', {state: null})) }
"""
_INK = """
() => getComputedStyle([...document.querySelectorAll('[role=heading], h1')].find(one => one.checkVisibility())).color
"""
_WHERE = """
() => {
  const items = [...document.querySelectorAll('[role=listitem]')].filter(one => one.getBoundingClientRect().height > 0)
  for (const item of items) {
    let page = item.parentElement
    while (page && !['auto', 'scroll'].includes(getComputedStyle(page).overflowY)) page = page.parentElement
    if (!page || page.clientHeight === 0) continue
    const edge = page.getBoundingClientRect().top, box = item.getBoundingClientRect()
    if (box.bottom <= edge + 1) continue
    const above = Math.round(edge - box.top)  // as Chromium rounds a scroll: a half is a whole
    return [item.querySelector('a').getAttribute('href'), -above]
  }
  return null
}
"""
_PAINTED = """
window.blogenPainted = []
{
  const where = WHERE
  const {port1: painted, port2: drawing} = new MessageChannel()  // what is sent while a frame is made arrives behind it
  let mine = 0
  const next = () => requestAnimationFrame(() => drawing.postMessage(null))
  painted.onmessage = () => {
    const now = where()
    if (now !== null) blogenPainted.push(now)
    if (now !== null && !document.getElementById('first')) mine += 1
    if (mine < 10) next()
  }
  next()
}
"""
_SCROLL = """
pixels => {
  const item = [...document.querySelectorAll('[role=listitem]')].find(one => one.getBoundingClientRect().height > 0)
  let page = item
  while (page && !['auto', 'scroll'].includes(getComputedStyle(page).overflowY)) page = page.parentElement
  page.scrollTop += pixels
  return page.querySelectorAll('[role=listitem]').length
}
"""
_AXE = "async options => (await axe.run(options)).violations"
_REGISTER = """
async ([door, body]) => {
  const response = await fetch(`/api/v1/auth/${door}`, {method: 'POST', body: JSON.stringify(body),
    headers: {'Content-Type': 'application/json', 'Blogen-Session': 'cookie'}})
  if (!response.ok) throw new Error(await response.text())
}
"""


@dataclass
class Crowd:
    """A server whose blog is full of posts, the model that writes for it, and a browser."""

    blogen: Blogen
    fake: FakeOpenAI
    browser: Browser
    known: set[str] = field(default_factory=set)

    @property
    def site(self) -> str:
        return self.blogen.url.replace("127.0.0.1", "localhost")  # a secure cookie is taken from localhost without TLS

    async def delete(self, path: str) -> None:
        headers = {"Authorization": f"Bearer {self.blogen.token}"}
        async with self.blogen.http.delete(self.blogen.url + path, headers=headers) as answer:
            assert answer.status < 300, await answer.text()

    def rows(self, select: str, *values: object) -> list[tuple[Any, ...]]:
        """What stands in the database."""
        with closing(sqlite3.connect(f"file:{self.blogen.data / 'blogen.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(select, values).fetchall()


async def open_crowd(folder: Path, together: Path) -> AsyncIterator[Crowd]:
    """`together` is a folder of all workers of this run: the first fills a blog there, each works on a copy."""
    assert (APP / "index.html").is_file(), "the app is not built: `make app` builds it"
    with (together / "crowd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (together / "filled").exists():
            await _fill(together / "filling")
            (together / "filling").rename(together / "filled")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(together / "filled", folder / "data")
    config = '[auth]\nsign_up = "open"\n'
    async with (
        FakeOpenAI() as fake,
        opened() as browser,
        Blogen(folder, config=with_fake(fake, more=config)) as blogen,
    ):
        yield Crowd(blogen, fake, browser)


async def _fill(folder: Path) -> None:
    folder.mkdir(parents=True)
    async with open_blog(folder) as blog:
        await fill(blog)
        for number in range(len(POSTS), MANY):
            await blog.publish(
                f"Post number {number}", at=NOW_MS - number * 3 * DAY_MS, slug=f"post-{number}", tags=["numbers"],
                summary=f"What stands in post {number}, in a sentence that is long enough for two lines.",
                markdown="\n\n".join(f"## Part {part}\n\n{'A sentence of this part. ' * 20}" for part in range(1, 9)),
            )  # fmt: skip


@dataclass
class Phone:
    """One browser of one person, and what it complained about."""

    crowd: Crowd
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    async def open(self, path: str = "/app/") -> None:
        await self.page.goto(self.crowd.site + path)

    async def go(self, path: str) -> None:
        """Be led to `path` by the app that runs, with nothing behind it: what is drawn is what `open` draws."""
        await self.page.evaluate(_GO, path)

    def see(self, words: str | re.Pattern[str], *, exact: bool = False) -> Locator:
        """What is visible with these words; screens that lie below the one in front do not count."""
        return self.page.get_by_text(words, exact=exact).locator("visible=true").first

    def button(self, name: str | re.Pattern[str], *, exact: bool = True) -> Locator:
        found = (
            self.page.get_by_role("button", name=name, exact=exact)
            if isinstance(name, str)
            else (self.page.get_by_role("button", name=name))
        )
        return found.locator("visible=true").first

    def link(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("link", name=name).locator("visible=true").first

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True).locator("visible=true").first

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=name).locator("visible=true").first

    async def enter(self, handle: str) -> None:
        """Be `handle`, by the door that the app uses."""
        door = "login" if handle in self.crowd.known else "register"
        self.crowd.known.add(handle)
        await self.open("/api/v1/site")  # a page of the blog that is not the app
        await self.page.evaluate(_REGISTER, [door, {"handle": handle, "password": PASSWORD, "device": "a test"}])

    async def idle(self) -> None:
        """Wait until nothing is on its way, streams aside."""
        await self.page.wait_for_function(_IDLE, polling=100)  # each frame would have Chromium draw

    async def stands(self) -> None:
        """Wait until the screen has what it shows, pictures too."""
        await self.page.locator("[role=heading], h1").locator("visible=true").first.wait_for()
        await self.page.get_by_label("Loading").locator("visible=true").wait_for(state="hidden")
        await self.idle()
        await self.page.wait_for_function(
            "() => [...document.images].every(image => image.complete || image.loading === 'lazy')"
        )

    async def turn(self, scheme: Literal["light", "dark"]) -> None:
        """Let the device change to `scheme`, the other than now, with the screen open."""
        ink = await self.page.evaluate(_INK)
        await self.page.emulate_media(color_scheme=scheme)
        await self.page.wait_for_function(f"ink => ({_INK.strip()})() !== ink", arg=ink)
        await self.stands()

    async def wipe(self) -> None:
        """Have nothing in it but the app's files, as a browser keeps them: it need not fetch and compile them anew."""
        await self.page.unroute_all()
        await self.open("/api/v1/site")
        await self.context.clear_cookies()
        await self.page.evaluate("sessionStorage.clear()")
        storage = await self.context.new_cdp_session(self.page)
        await storage.send("Storage.clearDataForOrigin", {"origin": self.crowd.site, "storageTypes": "all"})
        await storage.detach()
        self.complaints.clear()
        self.expected.clear()

    async def theme(self, name: str) -> None:
        """Choose a theme in the reading sheet, and close it."""
        await self.button("Reading").click()
        await self.button(name).click()
        await self.page.keyboard.press("Escape")

    async def is_kept(self, words: str = "") -> None:
        """Wait until what is seen can be seen without a network: the worker rules the page, and answers are stored."""
        await self.page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
        await self.page.reload()
        await self.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        await self.idle()
        await self.page.wait_for_function(
            "words => Object.entries(localStorage)"
            ".some(([name, text]) => name.startsWith('blogen.cache.') && text.includes(words))",
            arg=words or self.page.url.rsplit("/", 1)[-1],
        )

    async def has_noted(self, words: str) -> None:
        """Wait until an act with these words is written down, to be sent: a reload a few ms before forgets it."""
        await self.page.wait_for_function(
            "words => Object.entries(localStorage)"
            ".some(([name, text]) => name.startsWith('blogen.outbox.') && text.includes(words))",
            arg=words,
        )

    async def emptied(self) -> None:
        """Wait until nothing waits to be sent."""
        await self.page.wait_for_function(
            "() => Object.entries(localStorage)"
            ".every(([name, text]) => !name.startsWith('blogen.outbox.') || text === '[]')"
        )

    async def answer(
        self, path: str, *, status: int = 200, body: str = "", kind: str = "application/problem+json"
    ) -> None:
        """Let calls of `path` be answered with this instead."""

        async def fulfil(route: Route) -> None:
            await route.fulfill(status=status, body=body, content_type=kind)

        await self.page.route(path, fulfil)

    # -- where one is in a list ----------------------------------------------------------------------------------

    async def where(self) -> tuple[str, int]:
        """The topmost post of the list in front, and how far it is from the list's upper edge."""
        found = await self.page.evaluate(_WHERE)
        assert found is not None, "no list is in front"
        return found[0], found[1]

    async def scroll_to(self, slug: str) -> tuple[str, int]:
        """Scroll the list as a finger would, until `slug` is the topmost post; where one then is."""
        for _ in range(2000):
            here, _offset = await self.where()
            if here.endswith(f"/{slug}"):
                await self.settled()
                return await self.where()
            await self.page.evaluate(_SCROLL, 600 if not await self._is_loaded(slug) else await self._distance(slug))
            await self.page.evaluate("() => new Promise(requestAnimationFrame)")
        raise AssertionError(f"{slug} was not reached; here is {await self.where()}")

    async def _is_loaded(self, slug: str) -> bool:
        return await self.page.locator(f'[role=listitem] a[href$="/{slug}"]').count() > 0

    async def _distance(self, slug: str) -> int:
        box = await self.page.locator(f'[role=listitem] a[href$="/{slug}"]').first.evaluate(
            "a => a.getBoundingClientRect().top"
        )
        return int(box) - 120

    async def tap_post(self, slug: str) -> None:
        """Open a post of the list as it stands: a click of Playwright's would first scroll all of it into view."""
        box = (
            await self.page.locator(f'[role=listitem] a[href$="/{slug}"]').locator("visible=true").first.bounding_box()
        )
        assert box is not None
        await self.page.touchscreen.tap(box["x"] + box["width"] / 2, max(box["y"], 130) + 40)
        await self.page.wait_for_url(f"**/app/post/{slug}")

    async def watch_paint(self) -> None:
        """From the next load on, note where every frame shows the list."""
        await self.page.add_init_script(_PAINTED.replace("WHERE", _WHERE.strip()))

    async def painted(self) -> set[tuple[str, int]]:
        """Where the frames since the load have shown the list, until ten were the app's."""
        seen = await self.page.evaluate("blogenPainted")
        return {(post, above) for post, above in seen}

    async def settled(self) -> None:
        """Wait until the app's own list, not the first cards, stands still for ten frames."""
        await self.page.evaluate(
            f"""async () => {{
              const where = {_WHERE.strip()}
              for (let same = 0, last = '', tries = 0; same < 10 && tries < 600; tries++) {{
                await new Promise(requestAnimationFrame)
                const now = JSON.stringify(document.getElementById('first') ? null : where())
                same = now === last && now !== 'null' ? same + 1 : 0
                last = now
              }}
            }}"""
        )

    # -- what is wrong -------------------------------------------------------------------------------------------

    def expect_complaints(self, *patterns: str) -> None:
        """What the browser says of the network is the test's own doing from now on."""
        self.expected += patterns

    def wrong(self) -> list[str]:
        return [one for one in self.complaints if not any(re.search(each, one) for each in self.expected)]

    async def look(self, name: str, *, only: Literal["", "colours"] = "") -> None:
        """A screenshot, after a look at the screen: nothing too wide, too small, or closed to some.

        `only` its colours, where all else was seen before.
        """
        ARTEFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"app-{name}.png")
        if await self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.complaints.append(f"{name}: is wider than the screen")
        self.complaints += [f"{name}: cut off: {one}" for one in await self.page.evaluate(_CUT)]
        self.complaints += [f"{name}: small target {one}" for one in await self.page.evaluate(_SMALL)]
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE_SCRIPT)
        rules = {"runOnly": ["color-contrast"]} if only else {}
        for violation in await self.page.evaluate(_AXE, {"resultTypes": ["violations"], **rules}):
            if violation["impact"] in {"serious", "critical"}:
                where = [node["html"][:200] for node in violation["nodes"]][:3]
                self.complaints.append(f"{name}: {violation['impact']}: {violation['help']} {where}")


async def pick_up(crowd: Crowd, **options: Any) -> Phone:
    """A browser as small as a phone, with nothing in it."""
    defaults = {
        "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "reduced_motion": "reduce",
        "color_scheme": "light",
    }  # fmt: skip
    context = await crowd.browser.new_context(**defaults | options)
    await context.add_init_script(_WATCH)
    page = await context.new_page()
    made = Phone(crowd, context, page)
    page.on("console", lambda message: made.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("request", lambda request: _note_foreign(request.url, made))
    return made


def _note_foreign(url: str, phone: Phone) -> None:
    if not url.startswith((phone.crowd.site, "data:", "blob:")):
        phone.complaints.append(f"asked a third party: {url[:200]}")
