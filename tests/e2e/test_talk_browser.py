"""People at a post, by keyboard alone: one with scripts at a phone, one without at a desk. Pictures: `artefacts/`."""

import re
from dataclasses import dataclass

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, expect

from tests.chromium import needed
from tests.e2e.conftest import NewBlogen
from tests.e2e.test_browser import ARTEFACTS
from tests.e2e.test_people_browser import PASSWORD, Phone, phone

CONFIG = """
[auth]
sign_up = "open"
[comments]
hold_first = false
per_minute = 100
"""
MOST_TABS = 150
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
"""What the page does by itself every 45 seconds."""

pytestmark = needed()


@dataclass
class Hands:
    """Of one person, who has no mouse."""

    phone: Phone

    @property
    def post(self) -> str:
        return re.sub(r"[?#].*", "", self.phone.page.url)

    def on(self, selector: str, text: str = "") -> Locator:
        found = self.phone.page.locator(selector)
        return (found.filter(has_text=text) if text else found).first

    async def to(self, wanted: Locator) -> None:
        """Press Tab until it has the focus."""
        element = await wanted.element_handle()
        for _ in range(MOST_TABS):
            if await element.evaluate("element => element === document.activeElement"):
                return
            await self.phone.page.keyboard.press("Tab")
        raise AssertionError(f"{wanted} is not reached by the keyboard")

    async def press(self, wanted: Locator, key: str = "Enter") -> None:
        await self.to(wanted)
        await self.phone.page.keyboard.press(key)

    async def type(self, wanted: Locator, text: str) -> None:
        await self.to(wanted)
        await self.phone.page.keyboard.insert_text(text)

    async def register(self, handle: str) -> None:
        """From the page that asks to sign in, and back to where it was asked."""
        await self.press(self.on("main a", "Make an account"))
        for name, text in (("handle", handle), ("name", handle.title()), ("password", PASSWORD)):
            await self.type(self.on(f'form[action="/register"] [name={name}]'), text)
        async with self.phone.page.expect_navigation():
            await self.phone.page.keyboard.press("Enter")

    async def keep(self, name: str) -> None:
        """A screenshot, after axe has looked at the page."""
        await self.phone.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
        found = await Axe().run(self.phone.page)
        self.phone.complaints += [
            f"{name}: {one['help']} {one['nodes'][0]['html']}" for one in found.response["violations"]
        ]
        if await self.phone.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.phone.complaints.append(f"{name}: is wider than the screen")


async def test_two_people_talk_below_a_post(browser: Browser, new_blogen: NewBlogen) -> None:
    async with new_blogen(config=CONFIG) as blogen:
        site = blogen.url.replace("127.0.0.1", "localhost")
        [post] = (await blogen.all("/api/v1/posts"))[:1]
        ARTEFACTS.mkdir(exist_ok=True)
        ann = Hands(await phone(browser, site))
        bob = Hands(
            await phone(
                browser, site, java_script_enabled=False, color_scheme="dark", is_mobile=False, has_touch=False,
                viewport={"width": 1440, "height": 900},
            )
        )  # fmt: skip
        tea = f"/p/{post['slug']}"

        # Ann reads, likes, is sent to make an account, and is back where she was.
        await ann.phone.open(tea)
        await ann.press(ann.on(".acts a", "Like"))
        await ann.phone.page.wait_for_url("**/login?next=*")
        await ann.register("ann")
        assert ann.phone.page.url == f"{site}{tea}#acts"
        like, keep = ann.on(f'form[action="{tea}/like"] button'), ann.on(f'form[action="{tea}/bookmark"] button')
        await ann.press(like, "Space")
        await expect(like).to_have_attribute("aria-pressed", "true")
        await expect(like).to_contain_text("1")
        await ann.press(keep)
        await expect(keep).to_have_attribute("aria-pressed", "true")
        await ann.press(ann.on("#bookmark-in"))
        await ann.type(ann.on("#bookmark-into"), "Sunday")
        await ann.phone.page.keyboard.press("Enter")
        await expect(ann.on("#bookmark-in")).to_have_text("Sunday")

        # She writes; a reload loses nothing; she looks at it, and says it.
        text = ann.on("#comment-text")
        await ann.type(text, "Is it *hot*?")
        await ann.phone.page.reload()
        await expect(text).to_have_value("Is it *hot*?")
        await ann.press(ann.on("#comments .write button", "Preview"))
        await expect(ann.on("[data-preview] em")).to_have_text("hot")
        await ann.press(ann.on("#comments .write button", "Comment"))
        said = ann.on(".said-by-person", "Is it hot?")
        await expect(said).to_be_focused()
        await expect(text).to_have_value("")
        await expect(ann.on("#comment-count")).to_have_text("1")
        await ann.phone.page.reload()
        await expect(text).to_have_value("")
        await expect(said).to_be_visible()

        # Bob has no scripts. He answers, follows, and sees his mistake with what he had typed.
        await bob.phone.open(tea)
        await bob.press(bob.on(".said-by-person a", "Reply"))
        await bob.register("bob")
        assert bob.phone.page.url.startswith(f"{site}{tea}#comment-")
        await bob.press(bob.on(".said-by-person a", "Reply"))
        await bob.phone.page.wait_for_url("**/reply")
        await bob.type(bob.on("textarea"), " \n ")
        await bob.press(bob.on("main button", "Comment"))
        await expect(bob.on(".wrong")).to_contain_text("says nothing that can be seen")
        await expect(bob.on("textarea")).to_have_value(" \n ")
        bob.phone.complaints = [one for one in bob.phone.complaints if "status of 422" not in one]
        await bob.type(bob.on("textarea"), "Very, @ann.")
        await bob.press(bob.on("main button", "Preview"))
        await expect(bob.on(".preview")).to_contain_text("Very, @ann.")
        await bob.press(bob.on("main button", "Comment"))
        await bob.phone.page.wait_for_url(f"**{tea}#comment-*")
        await expect(bob.on(":target")).to_contain_text("Very, @ann.")
        await bob.phone.page.screenshot(path=ARTEFACTS / "talk-1440-dark.png", full_page=True)

        # Ann's page hears of it; she answers in place; what she began is there again after Escape.
        await ann.phone.page.evaluate(LOOK)
        await ann.press(ann.on("[data-new] a", "1 new comment"))
        answer = ann.on(".said-by-person", "Very, @ann.")
        await expect(answer).to_be_focused()
        reply = answer.locator("a", has_text="Reply")
        await ann.press(reply)
        area = ann.on("[data-opened] textarea")
        await expect(area).to_be_focused()
        await ann.type(area, "Then I wait.")
        await ann.phone.page.keyboard.press("Escape")
        await expect(reply).to_be_focused()
        await ann.phone.page.keyboard.press("Enter")
        await expect(area).to_have_value("Then I wait.")
        await ann.press(ann.on("[data-opened] button", "Comment"))
        third = ann.on(".said-by-person", "Then I wait.")
        await expect(third).to_be_focused()
        await ann.press(third.locator("a", has_text="Edit"))
        await ann.type(area, " And wait.")
        await ann.press(ann.on("[data-opened] button", "Save it"))
        await expect(ann.on(".said-by-person", "And wait.")).to_contain_text("edited")
        await ann.keep("talk-390-light")

        # Without a connection the button goes back to the truth, says why, and what is typed stays.
        await ann.phone.context.set_offline(True)
        await ann.press(like)
        await expect(ann.on(f'form[action="{tea}/like"] [role=alert]')).to_contain_text("There is no connection")
        await expect(like).to_have_attribute("aria-pressed", "true")
        await ann.type(text, "Still here?")
        await ann.press(ann.on("#comments > .write button", "Comment"))
        await expect(ann.on("#comments > .write [role=alert]")).to_contain_text("Nothing was lost")
        await ann.phone.context.set_offline(False)
        ann.phone.complaints = [one for one in ann.phone.complaints if "ERR_INTERNET_DISCONNECTED" not in one]
        await ann.press(ann.on("#comments > .write button", "Comment"))
        await expect(ann.on(".said-by-person", "Still here?")).to_be_focused()

        # She deletes that, reports Bob's comment and a passage, follows the author, and reads what she was told.
        last = ann.on(".said-by-person", "Still here?")
        await ann.press(last.locator("summary"))
        await ann.press(last.locator("button", has_text="Delete it for good"))
        await expect(last).to_have_count(0)
        await ann.press(answer.locator("a", has_text="Report"))
        await ann.type(area, "Too hot.")
        await ann.press(ann.on("[data-opened] button", "Report it"))
        await expect(ann.on(".said", "Thank you.")).to_be_visible()
        await ann.phone.page.evaluate("getSelection().selectAllChildren(document.querySelector('.prose > p[id]'))")
        await ann.press(ann.on("[data-report]"))
        passage = await ann.phone.page.eval_on_selector(".prose > p[id]", "one => one.id.slice(2)")
        await expect(ann.on("[data-opened] select")).to_have_value(passage)
        await ann.type(area, "It was 1987.")
        await ann.press(ann.on("[data-opened] button", "Report it"))
        await expect(ann.on(".said", "Thank you.").nth(0)).to_be_visible()

        await ann.phone.open(f"/authors/{post['author']['handle']}")
        follow = ann.on(".follow-button")
        await ann.press(follow)
        await expect(follow).to_contain_text("Following")
        await bob.phone.open(f"/authors/{post['author']['handle']}")
        await bob.press(bob.on(".follow-button"))
        await expect(bob.on(".follow-button")).to_contain_text("Following")

        await ann.phone.open("/notifications")
        await expect(ann.on(".nav-count")).to_have_text("1")
        await ann.press(ann.on(".told a"))
        await ann.phone.page.wait_for_url(f"**{tea}#comment-*")
        await ann.phone.open("/history")
        await expect(ann.on(".kept-title")).to_have_text(post["title"])
        await ann.phone.open("/bookmarks?list=Sunday")
        await ann.press(ann.on(".kept button", "Remove"))
        await expect(ann.on(".kept li")).to_have_count(0)
        assert ann.phone.complaints == []
        assert bob.phone.complaints == []
        reports = await blogen.all("/api/v1/moderation/reports")
        assert [(one["note"], one["block"]) for one in reports] == [("Too hot.", None), ("It was 1987.", passage)]
