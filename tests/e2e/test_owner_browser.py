"""A new owner, from the link that the server prints to a post that was reviewed and edited, in a browser alone."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.chromium import WHOLE, needed
from tests.cli.test_commands import NOTES
from tests.e2e.harness import Blogen, with_fake
from tests.e2e.test_people_browser import PASSWORD, phone
from tests.e2e.test_set_up_link import Printed, printed
from tests.fakes.openai_server import FakeOpenAI

pytestmark = [
    needed(WHOLE),
    pytest.mark.timeout(180),
]


async def test_from_the_printed_link_to_a_published_post(
    whole_browser: Browser, tmp_path: Path, fake: FakeOpenAI
) -> None:
    blogen = Blogen(tmp_path, config=with_fake(fake), launch=Printed.begin)
    await blogen.start()
    link = printed()[0].replace("127.0.0.1", "localhost")
    site = blogen.url.replace("127.0.0.1", "localhost")
    olga, anybody = await phone(whole_browser, site), await phone(whole_browser, site)
    page = olga.page

    await page.goto(link)
    await olga.keep("studio-set-up-390-light")
    await page.get_by_label("Your name").fill("Olga O’Neill")
    await page.get_by_label("Handle").fill("olga")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Blog title").fill("The Kettle")
    await page.get_by_role("button", name="Start the blog").click()
    await page.wait_for_url(f"{site}/studio**")
    await anybody.page.goto(link)
    await expect(anybody.page.get_by_role("heading", level=1)).not_to_have_text("Start your blog")

    await olga.open("/studio/new")
    await page.get_by_label("Topic", exact=True).fill("Why tea turns bitter")
    await page.locator("#text-1").fill(NOTES)
    await page.get_by_label("Pictures").fill("1")
    await page.get_by_label("Review", exact=True).select_option("yes")
    await page.get_by_role("button", name="Order the post").click()
    await page.wait_for_url("**/studio/jobs/*")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator("#facts .state")).to_have_text("Published")
    await page.get_by_role("link", name="Read the post").click()
    await page.wait_for_url("**/p/*")
    written = await page.inner_text("h1")

    await olga.open("/studio/posts")
    await page.get_by_role("link", name=written, exact=True).click()
    await page.get_by_label("Title", exact=True).fill("Bitter tea, and what to do about it")
    await page.get_by_role("button", name="Save").first.click()
    await expect(page.locator(".said").first).to_contain_text("Saved.")

    await anybody.open("/")
    await expect(anybody.page.locator(".wordmark")).to_have_text("The Kettle")
    await anybody.page.get_by_role("link", name="Bitter tea, and what to do about it").click()
    await expect(anybody.page.get_by_role("heading", level=1)).to_have_text("Bitter tea, and what to do about it")
    assert "reviewed by a person" in await anybody.page.inner_text("main")
    assert olga.complaints == []
    assert [one for one in anybody.complaints if "status of 410" not in one] == []
    await blogen.__aexit__()
