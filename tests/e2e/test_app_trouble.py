"""What can go wrong between the phone app and its blog: each says so in its own sentence, and leads on."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.app import Crowd, Phone, pick_up
from tests.e2e.conftest import NewPhone

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

PROBLEM = "application/problem+json"
NETWORK = (r"net::ERR", r"status of \d+", r"Failed to fetch")
FEED = "**/api/v1/feed?*"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def phone(crowd: Crowd) -> AsyncIterator[Phone]:
    phone = await pick_up(crowd, service_workers="block")
    yield phone
    await phone.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def gus(phone: Phone) -> AsyncIterator[Phone]:
    """One phone for all tests that leave no trace but what can be wiped from it."""
    await phone.wipe()
    yield phone
    assert not (wrong := phone.wrong()), "\n".join(wrong)


@pytest.mark.parametrize(
    ("status", "kind", "body", "sentence"),
    [
        (200, "text/html", "<html>Pay for the Wi-Fi</html>", "This is no Blogen"),
        (200, "application/json", '{"items": [{"slug": "ha', "Half an answer"),
        (405, PROBLEM, '{"code": "wrong-method"}', "The blog is older than this app"),
        (429, PROBLEM, '{"code": "too-many"}', "Too much at once"),
        (500, PROBLEM, '{"code": "internal"}', "The blog made a mistake"),
        (503, PROBLEM, '{"code": "busy"}', "The blog is busy"),
        (502, "text/html", "<html>Bad gateway</html>", "The blog is busy"),
    ],
)  # fmt: skip
async def test_each_trouble_has_its_sentence_and_a_way_on(
    gus: Phone, status: int, kind: str, body: str, sentence: str
) -> None:
    gus.expect_complaints(*NETWORK)
    await gus.answer(FEED, status=status, kind=kind, body=body)
    await gus.open()
    await expect(gus.see(sentence)).to_be_visible(timeout=20_000)
    await gus.page.unroute(FEED)
    await gus.button("Try again").click()
    await expect(gus.see("Why group commit makes SQLite fast")).to_be_visible()


async def test_a_server_that_is_gone(gus: Phone) -> None:
    gus.expect_complaints(*NETWORK)
    await gus.page.route("**/api/v1/**", lambda route: route.abort("connectionrefused"))
    await gus.open()
    await expect(gus.see("The blog cannot be reached")).to_be_visible()


async def test_half_an_answer_of_a_connection_that_breaks(gus: Phone) -> None:
    gus.expect_complaints(*NETWORK)
    await gus.page.route(FEED, lambda route: route.abort("connectionreset"))
    await gus.open()
    await expect(gus.page.get_by_role("alert").locator("visible=true").first).to_be_visible()
    await gus.page.unroute(FEED)
    await gus.button("Try again").click()
    await expect(gus.see("Why group commit makes SQLite fast")).to_be_visible()


async def test_a_block_of_a_kind_that_is_unknown_is_left_out(gus: Phone, crowd: Crowd) -> None:
    post = await crowd.blogen.ask("GET", "/api/v1/posts/post-8")
    post["blocks"].insert(1, {"t": "hologram", "id": "h1", "beam": 7})
    await gus.answer("**/api/v1/posts/post-8", body=json.dumps(post), kind="application/json")
    await gus.open("/app/post/post-8")
    await expect(gus.see("Flour, water, salt, and a ratio worth remembering.")).to_be_visible()
    assert "hologram" not in await gus.page.inner_text("body")


async def test_a_post_that_is_deleted_while_it_is_open(new_phone: NewPhone, crowd: Crowd) -> None:
    hal = await new_phone("hal")
    hal.expect_complaints("status of 404")
    await hal.open("/app/post/post-199")
    await expect(hal.see("Part 1")).to_be_visible()
    await crowd.delete("/api/v1/posts/post-199")
    await hal.button("Like").click()
    await expect(hal.see("This post was taken away")).to_be_visible()
    await hal.button("To the feed").click()
    await expect(hal.see("Why group commit makes SQLite fast")).to_be_visible()


async def test_a_comment_that_is_refused_stays_in_its_field(new_phone: NewPhone) -> None:
    ida = await new_phone("ida")
    ida.expect_complaints(r"status of 403")
    await ida.open("/app/post/post-10/comments")
    text = "Something that took me long to write."
    await ida.field("Write a comment").fill(text)
    refused = '{"code": "forbidden", "detail": "Comments are closed here.", "remedy": ""}'
    await ida.answer("**/api/v1/posts/post-10/comments", status=403, body=refused)
    await ida.button("Send").click()
    await expect(ida.see("Comments are closed here.")).to_be_visible()
    await expect(ida.field("Write a comment")).to_have_value(text)
    await ida.page.unroute("**/api/v1/posts/post-10/comments")
    await ida.page.reload()
    await expect(ida.field("Write a comment")).to_have_value(text)
    await ida.button("Send").click()
    await expect(ida.see(text)).to_be_visible()


async def test_on_a_slow_line_the_first_card_comes_all_the_same(new_phone: NewPhone) -> None:
    """2G as browsers emulate it: 250 kbit/s, 300 ms; 400 KB take a quarter of a minute."""
    gus = await new_phone(service_workers="block")
    line = await gus.context.new_cdp_session(gus.page)
    await line.send("Network.enable")
    slow = {"offline": False, "latency": 300, "downloadThroughput": 250_000 / 8, "uploadThroughput": 50_000 / 8}
    await line.send("Network.emulateNetworkConditions", slow)
    await gus.page.goto(gus.crowd.site + "/app/", wait_until="commit", timeout=60_000)
    await expect(gus.see("Why group commit makes SQLite fast")).to_be_visible(timeout=90_000)
