"""Two readers: one whose browser runs no script, and one who has a keyboard and nothing else."""

from typing import Final

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.site.filled import NOBODY, POST, Filled
from tests.site.looking import PHONE, sit_down

pytestmark = pytest.mark.asyncio(loop_scope="session")

_STOPS: Final = 400
"""More than any page has."""
_FOCUS: Final = """
() => {
  const at = document.activeElement
  if (!at || at === document.body) return null
  const marks = [at, at.closest('.card') ?? at].map(one => getComputedStyle(one))
  const box = at.getBoundingClientRect()
  return {
    name: at.outerHTML.slice(0, 120),
    order: [...document.querySelectorAll('*')].indexOf(at),
    isMarked: marks.some(one => (one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) >= 2)),
    isSeen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
  }
}
"""


async def test_a_reader_without_scripts_finds_everything(browser: Browser, site: Filled) -> None:
    context, looker = await sit_down(
        browser, site, NOBODY, java_script_enabled=False, viewport=PHONE, has_touch=True, is_mobile=True
    )
    tab = looker.tab

    async def follow(words: str, to: str, *, within: str = "main") -> None:
        await tab.locator(within).get_by_role("link", name=words).first.click()
        await tab.wait_for_url(to)

    await tab.goto(site.url)
    assert not await tab.get_by_role("button").count() or await tab.locator("button:visible").count() == 0, (
        "a dead button"
    )
    await follow("Older", "**/?before=*")
    await tab.locator("main .card-title a").first.click()
    await expect(tab.locator("article.post")).to_be_visible()
    await tab.goto(f"{site.url}/p/{POST}")

    # The text's own ways: contents, a note and back, the passages of a source, the part of a series.
    await tab.locator(".contents summary").click()
    await follow("One writer, and no timer", "**#*", within=".contents")
    await tab.locator(".prose sup button").first.click()
    await tab.locator(":popover-open").get_by_role("link", name="All notes").click()
    await expect(tab.locator("li:target")).to_be_visible()
    await tab.locator("li:target a.back").first.click()
    await expect(tab.locator("sup :target")).to_be_visible()
    await tab.locator(".sources summary").first.click()
    await expect(tab.locator(".sources blockquote").first).to_be_visible()
    await tab.locator(".series summary").click()
    await follow("About this series", "**/series/waiting-in-line", within=".series")
    await follow("The mathematics of a good queue", "**/p/post-9")
    await tab.go_back()
    await tab.go_back()
    assert await tab.locator("button:visible", has_text="Copy").count() == 0, "copies nothing without a script"

    # How it was made, to the last step, and what people said.
    await follow("AI", "**#made")
    await follow("Every step", "**/receipt")
    await follow("Back to the post", f"**/p/{POST}")
    assert "older disk" in await tab.locator("#comments, .comments, .talk").first.inner_text()
    await follow("sqlite", "**/tags/sqlite")
    await tab.go_back()
    await follow("Blogen", "**/authors/blogen")
    await follow("Archive", "**/archive", within="body")

    # A search, kept within a topic; and a way on where nothing is.
    await follow("Search", "**/search", within="body")
    await tab.fill("[name=q]", "the")
    await tab.select_option("[name=tag]", "sea")
    await tab.get_by_role("button", name="Search").first.click()
    await tab.wait_for_url("**tag=sea*")
    await follow("lighthouses", "**/p/post-6")
    await tab.goto(f"{site.url}/p/gone")
    assert "It is gone" in await tab.inner_text("main")
    await tab.locator("main .card-title a").first.click()
    await expect(tab.locator("article.post")).to_be_visible()
    assert not looker.wrong, looker.wrong
    await context.close()


async def _stops(tab: Tab) -> list[str]:
    """Go once through the page by Tab; what was reached without a mark, out of sight, or out of order."""
    wrong: list[str] = []
    last = -1
    for _ in range(_STOPS):
        await tab.keyboard.press("Tab")
        at = await tab.evaluate(_FOCUS)
        if at is None or at["order"] < last:  # at the end the browser itself, or the beginning again
            return wrong
        assert at["order"] != last, f"a trap at {at['name']}"
        last = at["order"]
        wrong += [f"{words}: {at['name']}" for words, is_so in
                  (("no mark", at["isMarked"]), ("out of sight", at["isSeen"])) if not is_so]  # fmt: skip
    raise AssertionError("no end was reached by Tab")


async def _tab_to(tab: Tab, words: str) -> None:
    for _ in range(_STOPS):
        await tab.keyboard.press("Tab")
        if words in await tab.evaluate("document.activeElement.innerText ?? ''"):
            return
    raise AssertionError(f"{words!r} cannot be reached by Tab")


async def test_a_reader_with_a_keyboard_alone_gets_everywhere(browser: Browser, site: Filled) -> None:
    context, looker = await sit_down(browser, site, NOBODY, reduced_motion="reduce")
    tab, keys = looker.tab, looker.tab.keyboard
    wrong = []
    for path in ("/", f"/p/{POST}", "/search?q=the", "/login"):
        await tab.goto(site.url + path)
        await tab.evaluate("document.activeElement.blur()")
        wrong += [f"{path}: {one}" for one in await _stops(tab)]
    assert not wrong, "\n".join(wrong)

    # Past the masthead to the first post.
    await tab.goto(site.url)
    await keys.press("Tab")
    await keys.press("Enter")
    await tab.wait_for_url("**/#content")
    await _tab_to(tab, "Why group commit")
    await keys.press("Enter")
    await tab.wait_for_url(f"**/p/{POST}")

    # A note opens where it stands, and lets go again.
    await tab.locator(".prose sup button").first.focus()
    await keys.press("Enter")
    await expect(tab.locator(":popover-open")).to_contain_text("A plain loop managed")
    await keys.press("Escape")
    await expect(tab.locator(":popover-open")).to_have_count(0)
    await tab.locator(".contents summary").focus()
    if not await tab.locator(".contents a").first.is_visible():
        await keys.press("Enter")
    await _tab_to(tab, "What it brings")
    await keys.press("Enter")
    await tab.wait_for_url("**/p/*#*")

    await tab.locator("body").press("Home")
    await tab.evaluate("document.activeElement.blur()")
    await _tab_to(tab, "Search")
    await keys.press("Enter")
    await tab.wait_for_url("**/search")
    await expect(tab.locator("[name=q]")).to_be_focused()
    await keys.type("lighthouses")
    await keys.press("Enter")
    await tab.wait_for_url("**/search?q=lighthouses*")
    await _tab_to(tab, "How lighthouses got their rhythms")
    await keys.press("Enter")
    await tab.wait_for_url("**/p/post-6")
    assert not looker.wrong, looker.wrong
    await context.close()
