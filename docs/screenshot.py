"""Takes docs/images/reader.png: a real Blogen full of posts, its front page on a desk and a post on a phone.

And docs/images/app.png, if the phone app is built: a feed and a post of it, light and dark.
"""

import asyncio
import base64
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READER, APP = ROOT / "docs" / "images" / "reader.png", ROOT / "docs" / "images" / "app.png"
DESKTOP, PHONE = (1440, 900), (390, 844)
_SEEN_PICTURES = """
Promise.all([...document.images].filter(image => image.getBoundingClientRect().top < innerHeight)
  .map(image => image.decode().catch(() => {})))
"""

FRAME = """<!doctype html><style>
body { margin: 0; width: 1880px; height: 980px; background: #e9e4da; display: flex; gap: 48px;
       align-items: center; justify-content: center }
img { display: block; border-radius: 12px; box-shadow: 0 18px 60px #3a2f1f40 }
img:first-of-type { width: 1320px } img:last-of-type { width: 380px; border-radius: 28px }
</style>"""
APP_FRAME = """<!doctype html><style>
body { margin: 0; width: 960px; height: 940px; background: #e9e4da; display: flex; gap: 64px;
       align-items: center; justify-content: center }
img { display: block; width: 390px; border-radius: 32px; box-shadow: 0 12px 40px #3a2f1f40 }
</style>"""


def main() -> int:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.stderr.write("Chromium was not found; on Debian and Ubuntu: apt install chromium\n")
        return 1
    take_reader(browser)
    if (ROOT / "mobile" / "dist" / "index.html").is_file():
        take_app(browser)
    else:
        sys.stderr.write("The phone app is not built, so there is no new picture of it: make app\n")
    return 0


def take_reader(browser: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        data.mkdir()
        asyncio.run(showcase(data, has_own_covers=True))
        desktop, phone = Path(place) / "desktop.png", Path(place) / "phone.png"
        with running(data) as url:
            shoot(browser, url, desktop, DESKTOP)
            shoot(browser, f"{url}/p/post-1", phone, PHONE, dark=True)
        put_together(browser, FRAME, [desktop, phone], READER, (1880, 980))


def take_app(browser: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        data.mkdir()
        asyncio.run(showcase(data))
        with running(data) as url:
            feed, post = Path(place) / "feed.png", Path(place) / "post.png"
            shoot(browser, f"{url}/app/", feed, PHONE, scale=1, until="[role=listitem] img")
            shoot(browser, f"{url}/app/post/post-1", post, PHONE, scale=1, dark=True, until="main img, [role=main] img")
        put_together(browser, APP_FRAME, [feed, post], APP, (960, 940))


async def showcase(data: Path, *, has_own_covers: bool = False) -> None:
    """The posts that the tests look at; with covers as Blogen draws them, or such as are drawn in no time."""
    sys.path.insert(0, str(ROOT))
    from tests.blog import open_blog
    from tests.showcase import fill, own_cover
    from tests.site.filled import settle

    async with open_blog(data) as blog:
        await fill(blog, own_cover if has_own_covers else None)
        await blog.database.write(settle)


def put_together(browser: str, frame: str, pictures: list[Path], target: Path, size: tuple[int, int]) -> None:
    images = [f'<img src="data:image/png;base64,{base64.b64encode(each.read_bytes()).decode()}">' for each in pictures]
    page = pictures[0].with_name("frame.html")
    page.write_text(frame + "".join(images))
    target.parent.mkdir(parents=True, exist_ok=True)
    shoot(browser, page.as_uri(), target, size, scale=1)
    sys.stdout.write(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} KB\n")


@contextmanager
def running(data: Path) -> Iterator[str]:
    """Blogen on an empty folder; its address."""
    command = [sys.executable, str(ROOT / "run.py"), "serve", "--port", "0", "--data-dir", str(data)]
    server = subprocess.Popen(command, cwd=data.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        ready = re.match(r"Blogen is ready at (\S+)", server.stdout.readline())
        if ready is None:
            raise SystemExit("Blogen did not start.")
        yield ready[1]
    finally:
        server.terminate()
        server.wait()


def shoot(
    browser: str,
    url: str,
    target: Path,
    size: tuple[int, int],
    *,
    scale: int = 2,
    dark: bool = False,
    until: str = "body",
) -> None:
    """One picture of a page, as a browser window of that size shows it once `until` and its pictures are there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=scale,
            color_scheme="dark" if dark else "light",
        )
        page.goto(url)
        page.wait_for_selector(until)
        page.evaluate(_SEEN_PICTURES)
        page.screenshot(path=target)
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
