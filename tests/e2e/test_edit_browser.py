"""Two authors and a moderator in a real browser, with a real server: editing, versions, and the queue by keyboard.

Screenshots are kept in `artefacts/`.
"""

from urllib.parse import quote

from playwright.async_api import Browser, expect

from tests.chromium import needed
from tests.e2e.conftest import NewBlogen
from tests.e2e.harness import Blogen
from tests.e2e.test_browser import ARTEFACTS
from tests.e2e.test_people_browser import PASSWORD, Phone, phone

DESK = {"viewport": {"width": 1440, "height": 900}, "is_mobile": False, "has_touch": False}
CONFIG = "[comments]\nhold_first = true\n"

pytestmark = needed()


async def enter(browser: Browser, blogen: Blogen, handle: str, **options: object) -> Phone:
    """A browser in which that person, who is an admin, has signed in."""
    made = await blogen.command("users", "create", handle, "--admin", stdin=PASSWORD)
    assert made.code == 0, made.err
    found = await phone(browser, blogen.url.replace("127.0.0.1", "localhost"), **options)
    await found.open("/login")
    await found.fill("/login", login=handle, password=PASSWORD)
    return found


async def say(blogen: Blogen, handle: str, slug: str, *texts: str) -> None:
    """Comments of a reader who is new."""
    assert (await blogen.command("users", "create", handle, stdin=PASSWORD)).code == 0
    token = (await blogen.command("tokens", "create", "--scope", "reader", "--user", handle)).out.strip()
    for text in texts:
        headers = {"Authorization": f"Bearer {token}"}
        await blogen.ask("POST", f"/api/v1/posts/{quote(slug)}/comments", {"text": text}, headers=headers)


async def test_a_post_is_edited_by_two_and_brought_back(browser: Browser, new_blogen: NewBlogen) -> None:
    async with new_blogen(config=CONFIG) as blogen:
        (post,) = await blogen.posts()
        whole = await blogen.ask("GET", f"/api/v1/posts/{quote(post['slug'])}")
        at = f"/studio/posts/{quote(post['slug'])}"
        ann = await enter(browser, blogen, "ann", **DESK)
        bob = await enter(browser, blogen, "bob", java_script_enabled=False, color_scheme="dark")

        ARTEFACTS.mkdir(exist_ok=True)

        # From the list, by keyboard, to the text. Bob opens it, too, without scripts.
        await ann.open("/studio/posts")
        await ann.page.screenshot(path=ARTEFACTS / "studio-posts-1440-light.png", full_page=True)
        await ann.page.locator(".rows h2 a").focus()
        async with ann.page.expect_navigation(url=f"**{at}"):
            await ann.page.keyboard.press("Enter")
        await bob.open(at)
        text = await ann.page.input_value("#markdown")

        # What is typed is shown beside the text, and survives a page that is left.
        await ann.page.locator("#markdown").fill(f"{text}\n\nAnn adds **this**.\n")
        await expect(ann.page.locator("[data-shown] strong").last).to_have_text("this")
        await expect(ann.page.locator("[data-state]")).to_have_text("Not saved yet")
        await ann.page.screenshot(path=ARTEFACTS / "studio-edit-1440-light.png", full_page=True)
        asked: list[str] = []

        async def leave(dialog: object) -> None:
            asked.append(dialog.type)  # type: ignore[attr-defined]
            await dialog.accept()  # type: ignore[attr-defined]

        ann.page.on("dialog", leave)
        await ann.open("/studio/posts")
        assert asked == ["beforeunload"]
        await ann.open(at)
        assert await ann.page.input_value("#markdown") == text
        await ann.page.click("text=Bring it back")
        await expect(ann.page.locator("#markdown")).to_have_value(f"{text}\n\nAnn adds **this**.\n")
        async with ann.page.expect_navigation(url="**?said=saved"):
            await ann.page.keyboard.press("Control+s")
        await expect(ann.page.locator(".said").first).to_contain_text("Saved.")
        assert await ann.page.locator("[data-draft]").is_hidden()
        assert "Ann adds <strong>this</strong>." in await blogen.page(f"/p/{quote(post['slug'])}")

        # Bob's form is older: he sees a preview, then what Ann saved, and saves his knowingly.
        await bob.page.locator("#markdown").fill(f"{text}\n\nBob adds *that*.\n")
        async with bob.page.expect_navigation():
            await bob.page.click("button:text-is('Preview')")
        assert await bob.page.inner_text("#preview em >> nth=-1") == "that"
        async with bob.page.expect_navigation():
            await bob.page.click("button:text-is('Save')")
        assert "ann saved this post meanwhile" in await bob.page.inner_text("#meanwhile")
        changed = [await bob.page.locator(f".differences {tag}").all_inner_texts() for tag in ("del", "ins")]
        assert ["Ann" in changed[0], "Bob" in changed[1]] == [True, True]
        assert await bob.page.input_value("#markdown") == f"{text}\n\nBob adds *that*.\n"
        await bob.page.screenshot(path=ARTEFACTS / "studio-meanwhile-390-dark.png", full_page=True)
        async with bob.page.expect_navigation(url="**?said=saved"):
            await bob.page.click("text=Save mine")

        # Ann looks at the versions, and brings the first back.
        await ann.open(f"{at}/versions")
        lines = await ann.page.locator(".rows .quiet").all_inner_texts()
        assert ["bob" in lines[0], "ann" in lines[1], "as it was published" in lines[2]] == [True] * 3
        await ann.page.click("text=Version 1")
        await ann.page.click("text=What changed since")
        await expect(ann.page.locator(".differences ins")).to_contain_text("Bob adds")
        await ann.page.screenshot(path=ARTEFACTS / "studio-version-1440-light.png", full_page=True)
        async with ann.page.expect_navigation(url="**?said=restored"):
            await ann.page.click("text=Bring this version back")
        assert await ann.page.input_value("#markdown") == text
        told = await blogen.ask("GET", f"/api/v1/posts/{quote(post['slug'])}")
        assert told["provenance"]["human_edits"] == 3
        assert [block["id"] for block in told["blocks"]] == [block["id"] for block in whole["blocks"]]

        # The queue, by keyboard alone.
        await say(blogen, "ada", post["slug"], "One.", "Buy pills.", "Three.")
        await ann.open("/studio/moderation")
        await ann.page.screenshot(path=ARTEFACTS / "studio-moderation-1440-light.png", full_page=True)
        await expect(ann.page.locator("[type=checkbox]").first).to_be_focused()
        await ann.page.keyboard.press("j")
        async with ann.page.expect_navigation():
            await ann.page.keyboard.press("r")
        await expect(ann.page.locator(".said")).to_have_text("1 comment removed.")
        await ann.page.keyboard.press("Space")
        await ann.page.keyboard.press("j")
        await ann.page.keyboard.press("Space")
        async with ann.page.expect_navigation():
            await ann.page.keyboard.press("a")
        await expect(ann.page.locator(".said")).to_have_text("2 comments approved.")
        await ann.open("/studio/moderation/log")
        await ann.page.locator("li:has-text('removed a comment') button").focus()
        async with ann.page.expect_navigation():
            await ann.page.keyboard.press("Enter")
        await expect(ann.page.locator(".said")).to_have_text("Taken back.")
        await ann.open("/studio/moderation")
        assert await ann.page.locator(".queue .prose").all_inner_texts() == ["Buy pills."]
        for one in (ann, bob):
            assert [said for said in one.complaints if "status of 409" not in said] == []
