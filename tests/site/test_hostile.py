"""What comes from outside is shown and does nothing: a blog full of attacks, in a browser that would tell of any."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Dialog, Frame
from playwright.async_api import Page as Tab

from tests.site.filled import NOBODY, Filled, filled
from tests.site.hostile import HOSTILE
from tests.site.looking import Looker, sit_down
from tests.site.pages import PAGES
from tests.site.vectors import PRODUCT, VECTORS, packed

pytestmark = pytest.mark.asyncio(loop_scope="session")

_ALARM: Final = """
for (const name of ['ran', 'alert', 'confirm', 'prompt', 'print'])
  Object.defineProperty(window, name, {value: told => console.error(`${name}(${told}) WAS CALLED`)})
"""
_AUDIT: Final = """
ours => {
  const wrong = []
  const never = 'iframe, frame, object, embed, portal, base, math, marquee, video, audio, foreignObject, animate, set,'
    + ' svg a, svg image, svg script, [http-equiv], style, script:not([src], [type="application/ld+json"])'
  for (const one of document.querySelectorAll(never)) wrong.push(`stands there: ${one.outerHTML.slice(0, 120)}`)
  for (const one of document.querySelectorAll('*')) for (const {name, value} of one.attributes) {
    if (/^on/.test(name) || ['srcdoc', 'ping', 'background', 'style'].includes(name))
      wrong.push(`has ${name}: ${one.outerHTML.slice(0, 120)}`)
    if (!['href', 'src', 'action', 'formaction', 'data', 'xlink:href', 'poster', 'cite'].includes(name)) continue
    const url = new URL(value, location.href), isOurs = ours.includes(url.origin)
    const isPicture = value.startsWith('data:image/') && one.localName === 'img'
    const isWayOut = ['a', 'blockquote'].includes(one.localName) && /^(https?|mailto):/.test(url.href)
    if (!isOurs && !isPicture && !isWayOut) wrong.push(`leads to ${value.slice(0, 80)}: ${one.outerHTML.slice(0, 120)}`)
  }
  return [wrong, document.documentElement.innerText]
}
"""
_RAN: Final = re.compile(r"\bran\((\d+)\)")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    async with filled(tmp_path_factory.mktemp("hostile") / "blog", HOSTILE) as opened:
        yield opened


class Suspicious:
    """A looker whom nothing escapes: what runs, what asks, what leads away."""

    def __init__(self, looker: Looker) -> None:
        self.looker = looker
        self.seen: set[int] = set()
        """Numbers of the vectors that could be read."""
        looker.tab.on("dialog", self._dialog)
        looker.tab.on("framenavigated", self._navigated)
        looker.tab.on("popup", lambda tab: looker.complain(f"opened {tab.url}"))
        self._expected = ""

    async def open(self, path: str, name: str, status: int = 200) -> None:
        self.looker.at(name)
        self._expected = path if "://" in path else self.looker.site.url + path
        answer = await self.looker.tab.goto(self._expected)
        assert answer
        if answer.status != status:
            self.looker.complain(f"was answered {answer.status}")
        await self.audit()

    async def audit(self) -> None:
        site = self.looker.site
        wrong, text = await self.looker.tab.evaluate(_AUDIT, [site.url, site.blogen.url])
        for one in wrong:
            self.looker.complain(one)
        if PRODUCT in text:
            self.looker.complain("somebody's template was filled in")
        self.seen |= {int(number) for number in _RAN.findall(text)}

    def _navigated(self, frame: Frame) -> None:
        if frame.url not in {"about:blank", self._expected}:
            self.looker.complain(f"was led to {frame.url}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.looker.complain(f"a dialog says {dialog.message}")
        await dialog.dismiss()


async def _suspicious(browser: Browser, site: Filled, who: str, **options: Any) -> Suspicious:
    context, looker = await sit_down(browser, site, who, **options)
    await context.add_init_script(_ALARM)
    return Suspicious(looker)


@pytest.mark.parametrize("bypasses", [False, True], ids=["as it is served", "if there were no policy"])
async def test_nothing_that_came_from_outside_runs_or_leads_away(
    browser: Browser, site: Filled, bypasses: bool
) -> None:
    wrong: list[str] = []
    seen: set[int] = set()

    async def as_seen_by(who: str) -> None:
        eyes = await _suspicious(browser, site, who, bypass_csp=bypasses)
        for page in PAGES:
            if page.who == who and not page.is_young:
                await eyes.open(page.address(site), page.name, page.status)
        wrong.extend(eyes.looker.wrong)
        seen.update(eyes.seen)
        await eyes.looker.tab.context.close()

    async with asyncio.TaskGroup() as group:
        for who in {page.who for page in PAGES}:
            group.create_task(as_seen_by(who))
    assert not wrong, "\n".join(wrong)
    missing = {number for number, vector in enumerate(VECTORS) if f"ran({number})" in vector} - seen
    assert len(missing) < 10, f"too few attacks were shown for this to say much: {sorted(missing)}"


async def test_nothing_in_an_address_or_a_form_runs(browser: Browser, site: Filled) -> None:
    eyes = await _suspicious(browser, site, NOBODY)
    for text in packed(190):
        await eyes.open(f"/search?q={quote(text, safe='')}", f"search for {text}")
    for text in packed(1500):
        said = quote(text, safe="")
        await eyes.open(f"/p/{said}", "no such post", 404)
        await eyes.open(f"/authors/{said}", "no such author", 404)
        await eyes.open(f"/login?next={said}", "login")
    eyes.looker.at("what was typed")
    for form, fields in {"/register": ("handle", "name", "email"), "/login": ("login",)}.items():
        for text in packed(1500):
            await eyes.open(form, form)
            for field in fields:
                await eyes.looker.tab.eval_on_selector(
                    f"[name={field}]", "(one, text) => { one.type = 'text'; one.value = text }", text
                )
            await eyes.looker.tab.eval_on_selector(f"form[action='{form}']", "form => { form.noValidate = true }")
            async with eyes.looker.tab.expect_navigation():
                await eyes.looker.tab.eval_on_selector(f"form[action='{form}']", "form => form.requestSubmit()")
            await eyes.audit()
    wrong = [one for one in eyes.looker.wrong if "status of 4" not in one]
    assert not wrong, "\n".join(wrong)


async def test_an_attack_that_got_through_would_be_noticed(browser: Browser, site: Filled) -> None:
    """Otherwise the silence of the other tests would mean nothing."""
    eyes = await _suspicious(browser, site, NOBODY, bypass_csp=True)
    await eyes.open("/search", "search")
    await _let_through(eyes.looker.tab, [vector for vector in VECTORS if "meta" not in vector])
    await eyes.audit()
    told = "\n".join(eyes.looker.wrong)
    assert "ran(" in told
    assert "has onerror" in told
    assert "stands there: <iframe" in told
    assert "asked http://evil.example" in told


async def _let_through(tab: Tab, vectors: list[str]) -> None:
    async with tab.expect_console_message(lambda said: "WAS CALLED" in said.text):
        await tab.evaluate(
            """vectors => vectors.forEach(html =>
              document.body.append(Object.assign(document.createElement('div'), {innerHTML: html})))""",
            vectors,
        )
