"""The reader's pages in a real browser: phone and desktop. Screenshots are kept in `artefacts/`.

What axe says of them, in light and dark, is in tests/site.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.chromium import needed, opened
from tests.showcase import DAY_MS, NOW_MS, fill
from tests.web.site import Site, open_site

ARTEFACTS = Path(__file__).parents[2] / "artefacts"

PAGES = {
    "home": "/",
    "post": "/p/group-commit",
    "post-arabic": "/p/post-7",
    "receipt": "/p/group-commit/receipt",
    "topic": "/tags/sea",
    "author": "/authors/blogen",
    "archive": "/archive",
    "search": "/search?q=the+disk",
    "search-nothing": "/search?q=zzzqq",
    "not-found": "/p/nothing-here",
}
FEW = ["home", "post", "search"]
SCREENS = [(390, 844, "light", list(PAGES)), (1440, 900, "dark", [*FEW, "receipt"])]

WATCH = """
window.shifts = 0
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) window.shifts += entry.value
}).observe({type: 'layout-shift', buffered: true})
document.addEventListener('securitypolicyviolation', event => console.error(
  `CSP: ${event.violatedDirective} ${event.blockedURI}`))
"""
SHORT_TARGETS = """
() => [...document.querySelectorAll(
  '.masthead a, .colophon nav a, .button, button, input, .topics a, .pager a, .contents a, summary')]
  .filter(element => element.checkVisibility() && !element.closest('.prose sup'))
  .map(element => [element.textContent.trim() || element.name, element.getBoundingClientRect().height])
  .filter(([, height]) => height < 43.9)
"""

pytestmark = [needed(), pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Watched:
    """A page, and everything it complained about or asked others for."""

    page: Page
    url: str
    """Of the site: what a page asks for after its end is still its own."""
    complaints: list[str] = field(default_factory=list)

    async def visit(self, path: str) -> None:
        self.complaints.clear()
        response = await self.page.goto(self.url + path)
        assert response
        await self.page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        await self.page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
        if response.status == 404:  # the page itself, which a browser reports too
            self.complaints = [one for one in self.complaints if "status of 404" not in one]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _one_browser() -> AsyncIterator[Browser]:
    async with opened() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def browser(_one_browser: Browser) -> AsyncIterator[Browser]:
    """The same for all tests here, and empty: to begin a new one costs more than some of them."""
    yield _one_browser
    for context in _one_browser.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, server={"base_url": "https://blog.example.org"}) as opened:
        yield opened


async def watched(browser: Browser, site: Site, width: int, height: int, scheme: str) -> Watched:
    is_phone = width < 600
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce",
        has_touch=is_phone, is_mobile=is_phone,
    )  # fmt: skip
    await context.add_init_script(WATCH)
    page = await context.new_page()
    found = Watched(page, site.url)
    page.on("console", lambda message: found.complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda request: _note_foreign(request.url, found))
    page.on("requestfailed", lambda request: found.complaints.append(f"failed: {request.url}"))
    return found


def _note_foreign(url: str, found: Watched) -> None:
    if not url.startswith((found.url, "data:")):
        found.complaints.append(f"asked a third party: {url[:200]}")


@pytest.mark.parametrize(("width", "height", "scheme", "names"), SCREENS)
async def test_pages_are_whole_quiet_and_easy_to_touch(browser, site, width, height, scheme, names):
    await fill(site.blog)
    looked = await watched(browser, site, width, height, scheme)
    ARTEFACTS.mkdir(exist_ok=True)
    wrong = []
    for name in names:
        await looked.visit(PAGES[name])
        wrong += [f"{name}: {complaint}" for complaint in looked.complaints]
        if await looked.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wrong.append(f"{name}: is wider than the screen")
        if (shifts := await looked.page.evaluate("window.shifts")) > 0.01:
            wrong.append(f"{name}: the layout shifts by {shifts}")
        await looked.page.screenshot(path=ARTEFACTS / f"{name}-{width}-{scheme}.png", full_page=True)
        if width < 600:
            wrong += [f"{name}: small target {target}" for target in await looked.page.evaluate(SHORT_TARGETS)]
    assert not wrong, "\n".join(wrong)


async def test_an_empty_blog_says_what_is_happening_and_fills_by_itself(browser, site):
    looked = await watched(browser, site, 390, 844, "light")
    await looked.visit("/")
    ARTEFACTS.mkdir(exist_ok=True)
    await looked.page.screenshot(path=ARTEFACTS / "empty-390-light.png")
    assert "being written" in await looked.page.inner_text("h1")
    await site.blog.publish("The first one")
    await looked.page.wait_for_selector("text=The first one", timeout=15_000)
    assert not looked.complaints


async def test_a_violation_of_the_policy_would_be_noticed(browser, site):
    """Otherwise the silence of the other tests would mean nothing."""
    looked = await watched(browser, site, 390, 844, "light")
    await looked.visit("/")
    await looked.page.evaluate("document.body.setAttribute('style', 'color: red')")
    await looked.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://example.org/x.png'}))")
    await looked.page.wait_for_function("document.images.length > 0")
    await looked.page.evaluate("new Promise(resolve => setTimeout(resolve))")
    assert any("style-src" in complaint for complaint in looked.complaints)
    assert any("img-src" in complaint for complaint in looked.complaints)


async def test_a_keyboard_reaches_the_content_first_and_search_works_without_scripts(browser, site):
    await fill(site.blog)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/#content")
    await page.goto(f"{site.url}/search")
    await page.fill("input[name=q]", "lighthouse")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?q=lighthouse&*")
    await page.click("text=How lighthouses got their rhythms")
    await page.wait_for_url("**/p/post-6")
    assert await page.inner_text("h1") == "How lighthouses got their rhythms"


async def test_reading_is_helped_by_what_a_script_can_do(browser, site):
    """Colours that stay, code that is copied, contents that tell where one is, news without a reload."""
    await fill(site.blog)
    looked = await watched(browser, site, 1440, 900, "light")
    page = looked.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    paper = "getComputedStyle(document.body).backgroundColor"
    await looked.visit("/p/group-commit")
    light = await page.evaluate(paper)
    await page.click("text=Dark")
    dark = await page.evaluate(paper)
    assert dark != light
    await page.reload(wait_until="commit")
    await page.wait_for_selector("body", state="attached")
    assert await page.evaluate(paper) == dark, "before anything else has run"
    await page.wait_for_load_state()

    await page.click(".contents a:has-text('What it brings')")
    await page.wait_for_selector(".contents a[aria-current]:has-text('What it brings')")
    await page.focus(".prose pre .copy")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".prose pre .copy:has-text('Copied')")
    assert (await page.evaluate("navigator.clipboard.readText()")).startswith("@dataclass\nclass Writer:")

    await page.click(".prose sup button >> nth=0")
    passage = page.locator(".passage:popover-open")
    assert "A plain loop managed" in await passage.inner_text()
    await page.keyboard.press("Escape")
    assert await passage.count() == 0

    await page.clock.install()
    await looked.visit("/")
    assert await page.inner_text("#news") == ""
    for title in ("First", "Second"):
        await site.blog.publish(title, at=NOW_MS + DAY_MS)
    async with page.expect_response("**/newest.json"):
        await page.clock.fast_forward(61_000)
    await page.wait_for_selector("#news a:has-text('2 new posts')")
    await page.clock.resume()
    await page.click("#news a")
    await page.wait_for_selector("text=Second")

    await looked.visit("/search?q=the")
    await page.select_option("#tag", "sea")
    await page.wait_for_url("**/search?q=the&tag=sea")
    assert not looked.complaints
