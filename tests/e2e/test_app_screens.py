"""Every screen of the phone app, light and dark: none too wide, too small or closed to some. See `artefacts/`."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.e2e.app import Crowd, Phone
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_everybody_sees(new_phone: NewPhone, scheme: str) -> None:
    phone = await new_phone(color_scheme=scheme, service_workers="block")
    phone.expect_complaints("status of 404")
    for name, path in NOBODYS.items():
        await phone.open(path)
        await phone.stands()
        await phone.look(f"{name}-{scheme}", only="colours" if scheme == "dark" else "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_somebody_sees(new_phone: NewPhone, crowd: Crowd, scheme: str) -> None:
    phone = await new_phone(f"screens-{scheme}", color_scheme=scheme, service_workers="block")
    assert (await crowd.blogen.command("users", "role", f"screens-{scheme}", "author")).code == 0
    job = await crowd.blogen.submit(f"Ropes in {scheme}", review=True)
    await crowd.blogen.happens(job["id"], lambda event: event.get("target") == "in_review")
    await phone.open("/app/post/post-1")
    await phone.button("Save").click()
    await expect(phone.button("Remove from saved")).to_be_visible()
    for name, path in SOMEBODYS.items():
        await phone.open(path.replace("JOB", job["id"]))
        await phone.stands()
        await phone.look(f"{name}-{scheme}", only="colours" if scheme == "dark" else "")


@pytest.mark.parametrize("name", ["feed", "post", "explore", "you-signed-out", "register"])
async def test_large_text_on_a_narrow_phone(new_phone: NewPhone, name: str) -> None:
    phone = await new_phone(viewport={"width": 320, "height": 640}, service_workers="block")
    prefs = '{"v":1,"theme":"system","textSize":200,"lineHeight":1.6,"width":"normal","dataSaver":false}'
    await phone.context.add_init_script(f"localStorage.setItem('blogen.prefs', '{prefs}')")
    await phone.open(NOBODYS[name])
    await phone.stands()
    await phone.look(f"{name}-320-200")


SHEETS: dict[str, Callable[[Phone], Awaitable[None]]] = {
    "reading-sheet": lambda phone: phone.button("Reading").click(),
    "more-sheet": lambda phone: phone.button("More").click(),
    "sepia": lambda phone: phone.theme("Sepia"),
    "black": lambda phone: phone.theme("Black"),
}


@pytest.mark.parametrize("name", list(SHEETS))
async def test_what_opens_over_a_post(new_phone: NewPhone, name: str) -> None:
    phone = await new_phone(service_workers="block")
    await phone.open(NOBODYS["post"])
    await phone.stands()
    await SHEETS[name](phone)
    await phone.idle()
    await phone.look(name)
