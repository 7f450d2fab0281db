"""The API's page in a real browser, from a real server: nothing is refused by its own policy, on phone and desktop."""

from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.chromium import needed, opened

WATCH = """document.addEventListener('securitypolicyviolation', event => console.error(
  `CSP: ${event.violatedDirective} ${event.blockedURI}`))"""
LOOKED_AT = {"include": [["header"], ["nav"], [".about"], ["#post_jobs"], ["#type-JobView"], ["#problem-422"]]}
"""One of each kind: axe needs a minute for all of them."""
ALONE = """
named => {
  const others = [...document.querySelectorAll('article')].filter(one => !named.includes(`#${one.id}`))
  others.forEach(one => one.remove())
  return others.length
}
"""
"""Axe reads all of a page before it looks at a part of it."""
SAME_IDS = """
() => [...document.querySelectorAll('[id]')].map(one => one.id).filter((id, at, all) => all.indexOf(id) !== at)
"""

pytestmark = needed()


async def test_the_page_is_whole_readable_and_asks_nobody_else(new_blogen) -> None:
    async with new_blogen() as blogen, opened() as browser:
        for width in (390, 1280):
            page = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme="light")
            complaints: list[str] = []
            hosts: set[str] = set()
            page.on("console", lambda message, to=complaints: to.append(message.text))
            page.on("pageerror", lambda error, to=complaints: to.append(str(error)))
            page.on("request", lambda request, to=hosts: to.add(urlsplit(request.url).netloc))
            await page.add_init_script(WATCH)
            response = await page.goto(f"{blogen.url}/api/v1/docs#post_jobs")
            assert response
            assert "script-src" not in response.headers["content-security-policy"].replace("script-src 'self'", "")
            assert complaints == []
            assert hosts == {urlsplit(blogen.url).netloc}
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await page.evaluate("getComputedStyle(document.body).fontFamily.includes('system-ui')")
            assert await page.locator("article:target").get_attribute("id") == "post_jobs"
            assert await page.evaluate(SAME_IDS) == []
            assert await page.evaluate(ALONE, [name for [name] in LOOKED_AT["include"]]) > 50
            await check(page, ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
            await page.emulate_media(color_scheme="dark")
            await check(page, ["color-contrast"])
            await page.close()


async def check(page: Page, rules: list[str]) -> None:
    """Nothing on the page is closed to some, by these rules of axe."""
    found = await Axe().run(page, context=LOOKED_AT, options={"runOnly": rules, "resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
