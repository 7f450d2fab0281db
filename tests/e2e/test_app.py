"""The phone app, as a person uses it: from signing up to signing out."""

import pytest
from playwright.async_api import expect

from tests.e2e.app import MANY, PASSWORD
from tests.e2e.conftest import NewPhone

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

DEEP = "post-150"


async def test_a_place_in_the_feed_is_kept_however_one_comes_back(new_phone: NewPhone) -> None:
    ann = await new_phone()
    await ann.open()
    await expect(ann.see("Why group commit makes SQLite fast")).to_be_visible()
    place = await ann.scroll_to(DEEP)

    await ann.tap_post(DEEP)
    await expect(ann.see("Part 1")).to_be_visible()
    await ann.button("Back").click()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after the header's Back"

    await ann.tap_post(DEEP)
    await ann.page.go_back()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after the system's Back"

    await ann.tab("Saved").click()
    await ann.page.wait_for_url("**/saved")
    await ann.tab("Feed").click()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after another tab"

    await ann.page.reload()
    await expect(ann.see("Post number 150")).to_be_visible()
    await ann.settled()
    assert await ann.where() == place, "after a reload"

    # A reload in the post, and then back.
    await ann.tap_post(DEEP)
    await ann.page.reload()
    await expect(ann.see("Part 1")).to_be_visible()
    await ann.page.go_back()
    await ann.page.wait_for_url("**/app/")
    await ann.settled()
    assert await ann.where() == place, "after a reload in the post"
