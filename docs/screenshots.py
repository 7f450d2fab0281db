"""Takes pictures of the site and the studio into artefacts/screenshots/: twelve pages, phone and desk, light and dark.

python docs/screenshots.py [NAME…]        # names as in tests/site/pages.py; without any, the twelve
"""

import asyncio
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.async_api import Browser, async_playwright  # noqa: E402

from tests.showcase import fill, own_cover  # noqa: E402
from tests.site.filled import YOUNG, Filled, Wares, filled, titles  # noqa: E402
from tests.site.looking import DESKTOP, PHONE, sit_down  # noqa: E402
from tests.site.pages import PAGES, Page  # noqa: E402

TARGET = ROOT / "artefacts" / "screenshots"
TWELVE = (
    "home", "post", "tag", "author", "search-found", "receipt", "home-for-you", "login",
    "studio", "studio-job-in-review", "studio-new", "studio-edit",
)  # fmt: skip
HIGHEST = 4000
"""Pixels; a longer page is cut off."""
_ALL_PICTURES = """
Promise.all([...document.images].map(image => {
  image.loading = 'eager'
  return image.decode().catch(() => {})
}))
"""


async def main(names: list[str]) -> int:
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
        sys.stderr.write("Chromium was not found; on Debian and Ubuntu: apt install chromium\n")
        return 1
    pages = [page for name in names or TWELVE for page in PAGES if page.name == name]
    if len(pages) < len(names or TWELVE):
        sys.stderr.write(f"Not all of these are pages: {', '.join(names)}. Pages: {', '.join(p.name for p in PAGES)}\n")
        return 2
    TARGET.mkdir(parents=True, exist_ok=True)
    wares = Wares(posts=partial(fill, draw=own_cover), young=YOUNG)
    with tempfile.TemporaryDirectory() as place:
        async with filled(Path(place) / "blog", wares) as site, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            for post in await site.blogen.posts():
                if post["title"] not in titles():  # it is the tests' model that wrote it, and not to be read
                    token = {"Authorization": f"Bearer {site.blogen.token}"}
                    await site.ask("DELETE", f"/api/v1/posts/{post['slug']}", headers=token)
            for page in pages:
                await take(browser, site, page)
            await browser.close()
    sys.stdout.write(f"{len(pages) * 4} pictures are in {TARGET.relative_to(ROOT)}/\n")
    return 0


async def take(browser: Browser, site: Filled, page: Page) -> None:
    """One page, four pictures."""
    for width, size in (("phone", PHONE), ("desk", DESKTOP)):
        for scheme in ("light", "dark"):
            context, looker = await sit_down(browser, site, page.who, viewport=size, color_scheme=scheme)
            await looker.tab.goto(page.address(site))
            await looker.tab.evaluate(_ALL_PICTURES)
            height = await looker.tab.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(height, HIGHEST)}
            await looker.tab.screenshot(path=TARGET / f"{page.name}-{width}-{scheme}.png", full_page=True, clip=clip)
            await context.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
