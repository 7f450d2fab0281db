"""A person in a real browser, with a real server, a real mailbox, and a virtual device that keeps passkeys.

Screenshots are kept in `artefacts/`.
"""

import re
from dataclasses import dataclass, field

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.chromium import needed
from tests.e2e.conftest import NewBlogen
from tests.e2e.test_browser import ARTEFACTS, WATCH
from tests.fakes.mail_server import mail_server

PASSWORD, NEW = "correct horse battery", "quite another horse"
SMALL = """
() => [...document.querySelectorAll('main :is(a, button, input, textarea, select, summary)')]
  .filter(element => !element.matches('[type=hidden], [type=checkbox], .unseen'))
  .filter(element => element.checkVisibility())
  .map(element => [element.textContent.trim() || element.name, element.getBoundingClientRect().height])
  .filter(([, height]) => height < 43.9)
"""

pytestmark = needed()


@dataclass
class Phone:
    """One browser of one person, what it complained about, and what is wrong with the pages it saw."""

    site: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(self.site + path)

    async def fill(self, form: str, **fields: str) -> None:
        """Fill in the form that goes to `form` and send it."""
        inside = self.page.locator(f'form[action="{form}"]')
        for name, value in fields.items():
            await inside.locator(f'[name="{name}"]').fill(value)
        async with self.page.expect_navigation():
            await inside.locator('button[type="submit"]').first.click()

    async def sign_in(self, password: str) -> None:
        await self.open("/login")
        await self.fill("/login", login="ann", password=password)

    async def keep(self, name: str) -> None:
        """A screenshot, after a look at the page: nothing too wide, too small, or closed to some."""
        ARTEFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
        if await self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.complaints.append(f"{name}: is wider than the screen")
        self.complaints += [f"{name}: small target {one}" for one in await self.page.evaluate(SMALL)]
        found = await Axe().run(self.page)
        for violation in found.response["violations"]:
            if violation["impact"] in {"serious", "critical"}:
                where = [node["html"][:160] for node in violation["nodes"]][:3]
                self.complaints.append(f"{name}: {violation['help']} {where}")


async def phone(browser: Browser, site: str, **options: object) -> Phone:
    defaults = {
        "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "reduced_motion": "reduce",
        "color_scheme": "light",
    }  # fmt: skip
    context = await browser.new_context(**defaults | options)
    await context.add_init_script(WATCH)
    page = await context.new_page()
    made = Phone(site, context, page)
    page.on("console", lambda message: made.complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("request", lambda request: _note_foreign(request.url, made))
    return made


def _note_foreign(url: str, made: Phone) -> None:
    if not url.startswith((made.site, "data:")):
        made.complaints.append(f"asked a third party: {url[:200]}")


def config(mail_port: int) -> str:
    return f"""
[auth]
sign_up = "open"
[mail]
host = "127.0.0.1"
port = {mail_port}
security = "none"
sender = "Blog <blog@example.org>"
"""


async def test_a_person_from_the_first_visit_to_a_new_password(browser: Browser, new_blogen: NewBlogen) -> None:
    async with mail_server() as mail, new_blogen(config=config(mail.port)) as blogen:
        site = blogen.url.replace("127.0.0.1", "localhost")  # passkeys are made for names, not for addresses
        ann = await phone(browser, site)
        device = await ann.context.new_cdp_session(ann.page)
        await device.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                   "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
        await device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

        await ann.open("/me")
        assert ann.page.url == f"{site}/login"
        await ann.keep("login-390-light")
        await ann.page.click("text=Make an account")
        await ann.page.wait_for_url("**/register")
        await ann.keep("register-390-light")
        await ann.fill("/register", handle="ann", name="Ann Lee", email="ann@example.com", password=PASSWORD)
        assert ann.page.url == f"{site}/me?said=welcome"
        await ann.keep("me-390-light")

        # A passkey is added, and lets in.
        adding = ann.page.locator('form[data-passkey="add"]')
        await adding.locator('[name="password"]').fill("not this one")
        await adding.locator("button").click()
        await ann.page.wait_for_selector("text=That is not your password.")
        ann.complaints = [one for one in ann.complaints if "status of 422" not in one]
        await adding.locator('[name="name"]').fill("My phone")
        await adding.locator('[name="password"]').fill(PASSWORD)
        async with ann.page.expect_navigation(url="**/me?said=passkey*"):
            await adding.locator("button").click()
        assert "My phone" in await ann.page.inner_text("#passkeys")
        await ann.fill("/logout")
        assert ann.page.url == f"{site}/login?said=out"
        async with ann.page.expect_navigation(url="**/me"):
            await ann.page.click("text=Sign in with a passkey")
        assert "Ann Lee" in await ann.page.inner_text("h1")
        assert "last used" in await ann.page.inner_text("#passkeys")

        # Another browser signs in, and is signed out from here.
        other = await phone(browser, site, color_scheme="dark", java_script_enabled=False)
        await other.sign_in(PASSWORD)
        assert other.page.url == f"{site}/me"
        await other.page.screenshot(path=ARTEFACTS / "me-390-dark.png", full_page=True)
        await ann.open("/me")
        async with ann.page.expect_navigation():
            await ann.page.locator('form[action="/me/devices/revoke"] button').click()
        assert "That device is signed out." in await ann.page.inner_text(".said")
        await other.open("/me")
        assert other.page.url == f"{site}/login"
        await ann.open("/me")
        assert ann.page.url == f"{site}/me"

        # The password is lost; the link comes by mail. All of it without scripts.
        await other.page.click("text=Forgot your password?")
        await other.page.wait_for_url("**/reset")
        await other.fill("/reset", login="ann@example.com")
        letter = await mail.next()
        assert letter.recipients == ["ann@example.com"]
        [link] = re.findall(r"http://\S+(/reset/\S+)", letter.text)
        await other.open(link)
        await other.page.screenshot(path=ARTEFACTS / "reset-390-dark.png", full_page=True)
        await other.fill(link, password=NEW)
        assert other.page.url == f"{site}/login?said=password"
        await other.fill("/login", login="ann", password=NEW)
        assert other.page.url == f"{site}/me"
        await ann.open("/me")
        assert ann.page.url == f"{site}/login", "a new password signs everyone out"
        assert ann.complaints == []
        assert other.complaints == []
        for secret in (PASSWORD, NEW, link.removeprefix("/reset/"), "ann@example.com"):
            assert secret not in blogen.server.log


async def test_forms_say_beside_the_field_what_to_mend(browser: Browser, new_blogen: NewBlogen) -> None:
    async with new_blogen(config=config(9)) as blogen:
        ann = await phone(browser, blogen.url.replace("127.0.0.1", "localhost"))
        await ann.open("/register")
        await ann.page.eval_on_selector("form[action='/register']", "form => form.noValidate = true")
        await ann.fill("/register", handle="Ann Lee!", name="Ann", email="nobody", password="short")
        assert await ann.page.input_value("#handle") == "Ann Lee!"
        assert await ann.page.input_value("#password") == ""
        await expect(ann.page.locator("#handle")).to_be_focused()  # the first that is wrong
        described = await ann.page.get_attribute("#email", "aria-describedby")
        assert described
        assert "e-mail address such as" in await ann.page.inner_text(f"#{described.split()[0]}")
        ann.complaints = [one for one in ann.complaints if "status of 422" not in one]
        await ann.keep("register-wrong-390-light")
        assert ann.complaints == []


async def test_a_keyboard_goes_through_the_form_in_order(browser: Browser, new_blogen: NewBlogen) -> None:
    async with new_blogen(config=config(9)) as blogen:
        ann = await phone(browser, blogen.url.replace("127.0.0.1", "localhost"))
        await ann.open("/login")
        seen = []
        for _ in range(4):
            seen.append(
                await ann.page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
            )
            await ann.page.keyboard.press("Tab")
        assert seen == ["login", "password", "Sign in", "Sign in with a passkey"]
        autocomplete = await ann.page.eval_on_selector_all("main input", "found => found.map(one => one.autocomplete)")
        assert "current-password" in autocomplete
        assert "username webauthn" in autocomplete
