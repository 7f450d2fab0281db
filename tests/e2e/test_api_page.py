"""The API's page in a real browser, from a real server: nothing is refused by its own policy, on phone and desktop."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
WATCH = """document.addEventListener('securitypolicyviolation', event => console.error(
  `CSP: ${event.violatedDirective} ${event.blockedURI}`))"""
LOOKED_AT = {"include": [["header"], ["nav"], [".about"], ["#post_jobs"], ["#type-JobView"], ["#problem-422"]]}
"""One of each kind: axe needs a minute for all of them."""

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"there is no {CHROMIUM}; install Debian's chromium"
)


async def test_the_page_is_whole_readable_and_asks_nobody_else(new_blogen) -> None:
    async with new_blogen() as blogen, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width, scheme in ((390, "dark"), (390, "light"), (1280, "light"), (1280, "dark")):
            page = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
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
            found = await Axe().run(
                page, context=LOOKED_AT, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
            )
            assert found.violations_count == 0, found.generate_report()
            await page.close()
        await browser.close()
