"""A look at a page as a browser shows it, and everything that is wrong with it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext
from playwright.async_api import Page as Tab

from blogen.clients import COOKIE
from tests.site.filled import Filled
from tests.site.pages import Page

TOOLS: Final = Path(__file__).parent / "node_modules"
PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1440, "height": 900}

_AXE: Final = TOOLS / "axe-core" / "axe.min.js"
_OF_COLOUR: Final = ["color-contrast", "link-in-text-block"]
"""Rules whose outcome depends on the colours alone: what else there is was looked at in light."""
_RUN_AXE: Final = """
async only => {
  for (const one of document.getAnimations())  // colours that are on their way
    try { one.finish() } catch { one.cancel() }
  const rules = {'target-size': {enabled: true}}
  const found = await axe.run(document, {
    resultTypes: ['violations'], iframes: false, rules, ...only.length && {runOnly: {type: 'rule', values: only}}})
  return found.violations.flatMap(({id, help, nodes}) =>
    nodes.slice(0, 3).map(node => `${id}: ${help}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(-160)}`))
}
"""
_WATCH: Final = """
document.addEventListener('securitypolicyviolation', event => console.error(
  `CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
"""
_TOO_WIDE: Final = """
() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(one => one.outerHTML.slice(0, 120))
"""
_HIDDEN_IN_PRINT: Final = """
() => {
  const main = document.querySelector('main')
  const [ink, paper] = [getComputedStyle(main).color, getComputedStyle(document.body).backgroundColor]
    .map(colour => colour.match(/[\\d.]+/g).map(Number))
  const paths = main.querySelectorAll('h1, .prose p, .prose h2, .prose li, .prose blockquote, .prose td')
  const hidden = [...paths].filter(one => !one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter(one => !one.closest('[hidden], details:not([open])')).map(one => one.outerHTML.slice(0, 100))
  if (ink[0] + ink[1] + ink[2] > 240) hidden.push(`ink ${ink} is not dark`)
  if (paper.length < 4 && paper[0] + paper[1] + paper[2] < 600) hidden.push(`paper ${paper} is not light`)
  return hidden
}
"""


@dataclass
class Looker:
    """A tab of one person's browser, and what it complained about."""

    site: Filled
    tab: Tab
    wrong: list[str] = field(default_factory=list)
    _at: str = ""

    async def look(self, page: Page) -> None:
        """At both widths, in light and in dark, and as it is printed."""
        self.at(page.name)
        await self.tab.emulate_media(color_scheme="light", media="screen", reduced_motion="reduce")
        await self.tab.set_viewport_size(PHONE)
        answer = await self.tab.goto(page.address(self.site))
        assert answer
        if answer.status != page.status:
            self._note(f"was answered {answer.status}, not {page.status}")
        await self._axe("390 light")
        self._note(*[f"is wider than 390 px: {one}" for one in await self.tab.evaluate(_TOO_WIDE)])
        await self.tab.emulate_media(color_scheme="dark")
        await self._axe("390 dark", *_OF_COLOUR)
        await self.tab.set_viewport_size(DESKTOP)
        await self._axe("1440 dark", *_OF_COLOUR)
        self._note(*[f"hidden when dark is printed: {one}" for one in await self._printed()])
        await self.tab.emulate_media(color_scheme="light", media="screen")
        await self._axe("1440 light")

    def at(self, name: str) -> None:
        """What is complained about from now on is of the page of that name."""
        self._at = name

    async def _axe(self, when: str, *only: str) -> None:
        self._note(*[f"{when}: {one}" for one in await self.tab.evaluate(_RUN_AXE, list(only))])

    async def _printed(self) -> list[str]:
        await self.tab.emulate_media(media="print")
        hidden: list[str] = await self.tab.evaluate(_HIDDEN_IN_PRINT)
        return hidden

    def _note(self, *troubles: str) -> None:
        self.wrong += [f"{self._at}: {trouble}" for trouble in troubles]

    def complain(self, words: str) -> None:
        if not re.match(r"Failed to load resource: .* status of (403|404|410)", words):
            self._note(words)  # else the page itself, which is meant to be answered so


async def sit_down(
    browser: Browser, site: Filled, who: str, *, with_axe: bool = False, **options: Any
) -> tuple[BrowserContext, Looker]:
    """A browser of `who`, which complains of errors, of the policy, and of requests to others."""
    context = await browser.new_context(**options)
    if who:
        await context.add_cookies(
            [{"name": COOKIE, "value": site.secrets[who], "url": site.url.replace("http:", "https:"), "secure": True}]
        )
    await context.add_init_script(_WATCH)
    if with_axe:
        await context.add_init_script(path=_AXE)
    looker = Looker(site, await context.new_page())
    looker.tab.on("console", lambda said: looker.complain(said.text) if said.type in {"error", "warning"} else None)
    looker.tab.on("pageerror", lambda error: looker.complain(str(error)))
    looker.tab.on("request", lambda asked: looker.complain(f"asked {asked.url}") if _is_elsewhere(asked.url) else None)
    return context, looker


def _is_elsewhere(url: str) -> bool:
    return not url.startswith(("http://localhost:", "data:"))
