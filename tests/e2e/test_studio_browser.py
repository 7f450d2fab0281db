"""An owner in a real browser: orders posts, watches them being made, reviews, and loses a server that is killed.

Nothing is loaded again unless the story says so: `marked` is on the page until it is. Screenshots are in `artefacts/`.
"""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.chromium import needed
from tests.cli.test_commands import NOTES
from tests.e2e.conftest import NewBlogen
from tests.e2e.harness import at, with_fake
from tests.e2e.test_browser import ARTEFACTS
from tests.e2e.test_people_browser import PASSWORD, Phone, phone
from tests.fakes.openai_server import FakeOpenAI
from tests.ports import free_port

pytestmark = [
    needed(),
    pytest.mark.timeout(300),
]

IN_PROSE = re.compile(r"small target \['(\d|↩)'")
"""Marks of notes stand in the lines of a text; there they may be as high as a line."""

DESK = {"viewport": {"width": 1440, "height": 900}, "is_mobile": False, "has_touch": False}


async def press(owner: Phone, *keys: str) -> None:
    for key in keys:
        await owner.page.keyboard.press(key)


async def tab_to(owner: Phone, selector: str) -> None:
    """Go there as somebody does who has no mouse."""
    for _ in range(80):
        await press(owner, "Tab")
        if await owner.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard does not come to {selector}")


async def mark(owner: Phone) -> None:
    await owner.page.evaluate("window.marked = true")


async def is_marked(owner: Phone) -> bool:
    """Whether the page is still the one that was marked: it was not loaded again."""
    return bool(await owner.page.evaluate("window.marked === true"))


async def live(owner: Phone) -> None:
    await expect(owner.page.locator("[data-state=live]")).to_have_text(re.compile("Live"))


async def test_an_owner_from_an_order_to_its_readers(browser: Browser, new_blogen: NewBlogen, fake: FakeOpenAI) -> None:
    blogen = new_blogen(config=with_fake(fake), launch=at(free_port()))
    made = await blogen.command("users", "create", "olga", "--admin", stdin=PASSWORD)
    assert made.code == 0, made.err
    async with blogen:
        site = blogen.url.replace("127.0.0.1", "localhost")
        olga = await phone(browser, site)
        page = olga.page

        # She signs in and orders a post, all by keyboard.
        await olga.open("/studio")
        assert page.url == f"{site}/login?next=/studio"
        await expect(page.locator("[autofocus]")).to_be_focused()
        await page.keyboard.type("olga")
        await press(olga, "Tab")
        await page.keyboard.type(PASSWORD)
        await press(olga, "Enter")
        await page.wait_for_url(f"{site}/studio")
        await live(olga)
        await olga.keep("studio-board-390-light")
        await tab_to(olga, ".studio-title .button")
        await press(olga, "Enter")
        await page.wait_for_url(f"{site}/studio/new")
        await olga.keep("studio-new-390-light")
        await tab_to(olga, "#topic")
        await page.keyboard.type("Why tea turns bitter")
        await tab_to(olga, "#text-1")
        await page.keyboard.insert_text(NOTES)
        await tab_to(olga, "#images")
        await press(olga, "Control+A")
        await page.keyboard.type("0")
        fake.hold("*")
        await tab_to(olga, "[value=order]")
        await press(olga, "Enter")
        await page.wait_for_url(re.compile(r"/studio/jobs/.+\?said=ordered"))
        await expect(page.locator(".said")).to_have_text("It is ordered. This page follows it.")
        first = page.url.split("/")[-1].partition("?")[0]

        # The board shows it in work, and moves to its end by itself.
        await fake.received("*")
        await olga.open("/studio")
        await live(olga)
        await mark(olga)
        card = page.locator(f"#job-{first}")
        await expect(page.locator(f"#list-work #job-{first}")).to_contain_text("Outlining")
        await card.locator("a").focus()
        await fake.release()
        await expect(page.locator(f"#list-done #job-{first}")).to_contain_text("Published")
        await expect(page.locator("#count-done b")).to_have_text("2")  # the blog's first post is one, too
        assert await page.evaluate("document.activeElement.textContent") == "Why tea turns bitter", "focus is kept"
        assert await is_marked(olga)
        await press(olga, "Enter")
        await page.click("text=Read the post")
        await page.wait_for_url("**/p/*")
        assert "kettle" in await page.inner_text(".prose")

        # A post with a review: sent back with a note, read again, approved, read by all.
        desk = await phone(browser, site, color_scheme="dark", timezone_id="Asia/Kolkata", **DESK)
        await desk.open("/login?next=/studio/new")
        await desk.fill("/login", login="olga", password=PASSWORD)
        await desk.page.wait_for_url(f"{site}/studio/new")
        await desk.page.fill("#topic", "<script>document.title='owned'</script> Oolong")
        await desk.page.click("text=Another text")
        await desk.page.fill("#text-2", NOTES)
        await desk.page.fill("#words", "100")
        await desk.page.fill("#images", "1")
        await expect(desk.page.locator("[data-zone]")).to_have_text(re.compile(r"In your time \(Asia/"))
        await desk.page.fill("#publish_at", "2001-01-01T05:30")
        await desk.page.select_option("#review", "yes")
        await desk.page.click("[value=order]")
        await expect(desk.page.locator("#words-wrong")).to_have_text(re.compile("must be at least 200, found 100"))
        desk.complaints = [one for one in desk.complaints if "status of 422" not in one]
        assert await desk.page.input_value("#text-1") == NOTES, "the empty place before it is gone"
        await desk.keep("studio-new-wrong-1440-dark")
        await desk.page.fill("#words", "300")
        fake.hold("*")
        await desk.page.click("[value=order]")
        await desk.page.wait_for_url("**/studio/jobs/*")
        await mark(desk)
        await live(desk)
        await fake.release()
        await expect(desk.page.locator(".written")).to_contain_text("kettle")  # as the model wrote it
        await expect(desk.page.locator("#facts time[datetime='2001-01-01T00:00:00Z']")).to_have_count(1)
        await expect(desk.page.locator("[data-act~=approve] >> nth=0")).to_be_visible()
        await live(desk)
        await expect(desk.page.locator("#draft .prose")).to_contain_text("kettle")
        await desk.keep("studio-review-1440-dark")
        await desk.page.click("text=Send back")
        await expect(desk.page.locator("#note-wrong")).to_have_text(re.compile("The note is missing"))
        desk.complaints = [one for one in desk.complaints if "status of 422" not in one]
        await mark(desk)
        await desk.page.fill("#note", "Begin with the kettle.")
        await desk.page.click("text=Send back")
        await expect(desk.page.locator("#draft")).to_contain_text("after 1 revision", ignore_case=True)
        await mark(desk)
        await expect(desk.page.locator("#timeline")).to_contain_text("Begin with the kettle.")
        assert any("Begin with the kettle." in call.prompt for call in fake.calls)
        await expect(desk.page.locator("#machine desc")).to_contain_text("It went back from in review to editing once")
        await desk.page.click("button:text('Approve')")
        await expect(desk.page.locator("#facts .state")).to_have_text("Published")
        await expect(desk.page.locator("form.decide")).to_be_hidden()
        await desk.keep("studio-published-1440-dark")
        assert await desk.page.title() != "owned"
        await desk.page.click("text=Read the post")
        await desk.page.wait_for_url("**/p/*")
        assert "reviewed by a person" in await desk.page.inner_text("main")

        # The server is killed while a post is written: the page says so, and goes on with the next one by itself.
        await olga.open("/studio")
        await live(olga)
        await mark(olga)
        fake.hold("*")
        job = await blogen.submit(
            "A post that outlives its server", images=0, sources=[{"kind": "text", "text": NOTES}]
        )
        await expect(page.locator(f"#list-work #job-{job['id']}")).to_be_visible()
        await blogen.kill()
        await expect(page.locator("[data-state=lost]")).to_contain_text("The connection is lost")
        await page.screenshot(path=ARTEFACTS / "studio-lost-390-light.png")
        await fake.release()
        await blogen.start()
        await live(olga)
        await expect(page.locator(f"#list-done #job-{job['id']}")).to_be_visible()
        assert await is_marked(olga)
        olga.complaints = [
            one for one in olga.complaints if "ERR_CONNECTION" not in one and "ERR_INCOMPLETE" not in one
        ]

        # Without scripts the same forms do the same.
        plain = await phone(browser, site, java_script_enabled=False)
        await plain.open("/login?next=/studio/new")
        await plain.fill("/login", login="olga", password=PASSWORD)
        await plain.page.fill("#topic", "Plain tea")
        await plain.page.fill("#text-1", "The first text.")
        await plain.page.click("text=Another text")
        await expect(plain.page.locator("#text-1")).to_have_value("The first text.")
        await plain.page.fill("#text-2", NOTES)
        await plain.page.fill("#images", "0")
        await plain.page.click("[value=order]")
        await expect(plain.page.locator(".said")).to_be_visible()
        ordered = plain.page.url.split("/")[-1].partition("?")[0]
        await blogen.finished(ordered)
        await plain.page.click("text=Refresh")
        await expect(plain.page.locator("#facts .state")).to_have_text("Published")
        assert await plain.page.locator("[data-act]:visible").count() == 0

        complaints = [one for person in (olga, desk, plain) for one in person.complaints]
        assert [one for one in complaints if not IN_PROSE.search(one)] == []
        assert PASSWORD not in blogen.server.log
