"""Every screen of the phone app, light and dark: none too wide, too small or closed to some. See `artefacts/`."""

import pytest
from playwright.async_api import expect

from tests.e2e.app import Crowd
from tests.e2e.conftest import NewPhone

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

NOBODYS = {
    "feed": "/app/",
    "post": "/app/post/group-commit",
    "post-arabic": "/app/post/post-7",
    "how": "/app/post/group-commit/how",
    "comments": "/app/post/post-3/comments",
    "explore": "/app/explore",
    "author": "/app/author/blogen",
    "tag": "/app/tag/sea",
    "saved-signed-out": "/app/saved",
    "desk-signed-out": "/app/desk",
    "you-signed-out": "/app/you",
    "sign-in": "/app/sign-in",
    "register": "/app/register",
    "pair": "/app/pair",
    "gone": "/app/post/nothing-here",
    "not-found": "/app/nothing/here",
}
SOMEBODYS = {
    "feed-for-you": "/app/",
    "saved": "/app/saved",
    "notifications": "/app/notifications",
    "desk": "/app/desk",
    "you": "/app/you",
    "profile": "/app/settings/profile",
    "devices": "/app/settings/devices",
    "people": "/app/settings/people",
    "account": "/app/settings/account",
    "reading": "/app/settings/reading",
    "push": "/app/settings/push",
    "data": "/app/settings/data",
    "outbox": "/app/settings/outbox",
    "about": "/app/settings/about",
    "job": "/app/job/JOB",
    "review": "/app/job/JOB/review",
}


async def test_what_everybody_sees(new_phone: NewPhone) -> None:
    """Opened in light; each screen then turns dark."""
    phone = await new_phone(service_workers="block")
    phone.expect_complaints("status of 404")
    await phone.open()
    for name, path in NOBODYS.items():
        await phone.go(path)
        await phone.stands()
        await phone.look(f"{name}-light")
        await phone.turn("dark")
        await phone.look(f"{name}-dark", only="colours")
        await phone.turn("light")


async def test_what_somebody_sees(new_phone: NewPhone, crowd: Crowd) -> None:
    """Opened in dark; each screen then turns light."""
    phone = await new_phone("screens", color_scheme="dark", service_workers="block")
    assert (await crowd.blogen.command("users", "role", "screens", "author")).code == 0
    job = await crowd.blogen.submit("Ropes in light and dark", review=True)
    await crowd.blogen.happens(job["id"], lambda event: event.get("target") == "in_review")
    await phone.open("/app/post/post-1")
    await phone.button("Save").click()
    await expect(phone.button("Remove from saved")).to_be_visible()
    for name, path in SOMEBODYS.items():
        await phone.go(path.replace("JOB", job["id"]))
        await phone.stands()
        await phone.look(f"{name}-dark", only="colours")
        await phone.turn("light")
        await phone.look(f"{name}-light")
        await phone.turn("dark")


async def test_large_text_on_a_narrow_phone(new_phone: NewPhone) -> None:
    phone = await new_phone(viewport={"width": 320, "height": 640}, service_workers="block")
    prefs = '{"v":1,"theme":"system","textSize":200,"lineHeight":1.6,"width":"normal","dataSaver":false}'
    await phone.context.add_init_script(f"localStorage.setItem('blogen.prefs', '{prefs}')")
    await phone.open()
    for name in ("feed", "post", "explore", "you-signed-out", "register"):
        await phone.go(NOBODYS[name])
        await phone.stands()
        await phone.look(f"{name}-320-200")


async def test_what_opens_over_a_post(new_phone: NewPhone) -> None:
    phone = await new_phone(service_workers="block")
    await phone.open(NOBODYS["post"])
    await phone.stands()
    for sheet, opener in {"reading-sheet": "Reading", "more-sheet": "More"}.items():
        await phone.button(opener).click()
        await phone.idle()
        await phone.look(sheet)
        await phone.page.keyboard.press("Escape")
    for theme in ("Sepia", "Black"):
        await phone.theme(theme)
        await phone.idle()
        await phone.look(theme.lower())
