"""Every page of the list in a real browser and before the checkers that others wrote."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from blogen.web.routes import GET
from tests.site.filled import NOBODY, OWNER, POST, Filled
from tests.site.looking import TOOLS, sit_down
from tests.site.pages import NO_PAGES, PAGES
from tests.site.test_size import compressed

pytestmark = pytest.mark.asyncio(loop_scope="session")

_READER_BYTES = 18_000
"""What a page of the reader's may ask for in style and script, compressed."""
_NU = TOOLS / "vnu-jar/build/dist/vnu.jar"
_INLINE = re.compile(
    r"<script(?![^>]*\b(?:src=|type=.application/ld\+json))|<style|\sstyle=|<[^>]*\son\w+=|javascript:", re.I
)


async def test_no_page_shuts_anyone_out_or_breaks_at_any_width(browser: Browser, site: Filled) -> None:
    wrong: list[str] = []

    async def as_seen_by(who: str) -> None:
        context, looker = await sit_down(browser, site, who, with_axe=True)
        for page in PAGES:
            if page.who == who:
                await looker.look(page)
        wrong.extend(looker.wrong)
        await context.close()

    async with asyncio.TaskGroup() as group:
        for who in {page.who for page in PAGES}:
            group.create_task(as_seen_by(who))
    assert not wrong, "\n".join(wrong)


async def test_the_html_of_every_page_is_without_error(site: Filled, tmp_path: Path) -> None:
    for page in PAGES:
        answer = await site.get(page.address(site), page.who)
        assert answer.status == page.status, page
        file = tmp_path / f"{page.name}.html"
        file.write_bytes(answer.body)
    java = await asyncio.create_subprocess_exec(
        "java", "-Xss2m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(_NU),
        "--format", "json", "--stdout", "--exit-zero-always",
        *map(str, sorted(tmp_path.iterdir())),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await java.communicate()
    assert java.returncode == 0
    wrong = [
        f"{Path(one.get('url', '')).stem}:{one.get('lastLine')}: {one['message']} {one.get('extract', '')[:160]!r}"
        for one in json.loads(said)["messages"]
        if one["type"] != "info"
    ]
    assert not wrong, "\n".join(wrong)


async def test_every_page_is_in_the_list() -> None:
    def pattern(route: str) -> str:
        return re.sub(r"\\{[^}]*\\}", "[^/?]+", re.escape(route))

    listed = {page.path.partition("?")[0] for page in PAGES}
    forgotten = [
        route
        for route in GET
        if route not in NO_PAGES
        and not re.search(r"feed\.xml|atom\.xml|feed\.json|sitemap|/cards/", route)
        and not any(re.fullmatch(pattern(route), path) for path in listed)
    ]
    assert not forgotten, f"these are not looked at by any test: {forgotten}"


async def test_no_page_has_a_script_or_a_style_of_its_own_and_all_forbid_them(site: Filled) -> None:
    for page in PAGES:
        answer = await site.get(page.address(site), page.who)
        policy = dict(one.strip().split(" ", 1) for one in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'", page
        assert policy.get("script-src", "'none'") in {"'self'", "'none'"}, page
        assert policy.get("style-src") == "'self'", page
        assert policy["frame-ancestors"] == "'none'", page
        assert policy["base-uri"] == "'none'", page
        assert policy["form-action"] == "'self'", page
        assert answer.headers["X-Content-Type-Options"] == "nosniff", page
        assert not _INLINE.search(answer.text), (page, _INLINE.search(answer.text))


@pytest.mark.parametrize(("path", "who"), [("/", NOBODY), (f"/p/{POST}", NOBODY), (f"/p/{POST}", OWNER)])
async def test_a_readers_page_asks_for_little(site: Filled, path: str, who: str) -> None:
    page = (await site.get(path, who)).text
    asked = set(re.findall(r'(?:href|src)="/static/([\w-]+\.(?:css|js))\?', page))
    told = {name: compressed(name) for name in asked}
    assert told
    assert sum(told.values()) <= _READER_BYTES, told
