"""The owner tries colours and fonts: they are seen at once, told about, and not kept before they are saved."""

import pytest
from playwright.async_api import Browser, expect

from blogen.domain.theme import FONTS
from tests.site.filled import OWNER, Filled
from tests.site.looking import sit_down

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_look_is_seen_while_it_is_chosen(browser: Browser, site: Filled) -> None:
    context, looker = await sit_down(browser, site, OWNER)
    tab = looker.tab
    await tab.goto(f"{site.url}/studio/settings")
    link = tab.locator(".look[data-theme=light] .look-link")
    title = tab.locator(".look[data-theme=light] .look-title")
    notes = tab.locator("#look-notes")
    await expect(tab.get_by_role("button", name="Try it")).to_be_hidden()

    await tab.get_by_label("Accent", exact=True).fill("#0b57d0")
    await expect(link).to_have_css("color", "rgb(11, 87, 208)")
    await expect(notes).to_contain_text("The accent in dark, #0b57d0 would have a contrast of 2.57 to 1")
    await expect(tab.get_by_label("Choose: Accent", exact=True)).to_have_value("#0b57d0")

    await tab.get_by_label("Choose: Ink", exact=True).fill("#dddddd")
    await expect(tab.get_by_label("Ink", exact=True)).to_have_value("#dddddd")
    await expect(notes).to_contain_text("#dddddd on paper #fcfbf8 has a contrast of 1.3")
    await tab.get_by_label("Ink", exact=True).fill("")
    await expect(notes).not_to_contain_text("#dddddd")

    await tab.get_by_label("Font of posts").select_option("typewriter")
    await expect(title).to_have_css("font-family", FONTS["typewriter"])
    await tab.goto(site.url)
    assert "/theme.css" not in await tab.content(), "nothing was saved"
    assert not looker.wrong, looker.wrong
    await context.close()
