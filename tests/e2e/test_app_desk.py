"""The desk of the phone app: a post from its topic to its readers, with a reviewer between."""

import pytest
from playwright.async_api import expect

from tests.e2e.app import Crowd, Phone
from tests.e2e.conftest import NewPhone

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]


async def author(new_phone: NewPhone, crowd: Crowd, handle: str) -> Phone:
    phone = await new_phone(handle)
    ended = await crowd.blogen.command("users", "role", handle, "author")
    assert ended.code == 0, ended.err
    return phone


async def order(phone: Phone, topic: str, review: str) -> str:
    """Order a post at the desk; the job's id."""
    await phone.open("/app/desk")
    await phone.button("Propose a post").click()
    await phone.field("Topic").fill(topic)
    await phone.button("More").click()
    await phone.button(review).click()
    await phone.button("Write it").click()
    await phone.page.wait_for_url("**/app/job/*")
    return phone.page.url.rsplit("/", 1)[-1]


async def test_a_post_is_ordered_and_watched_until_readers_have_it(new_phone: NewPhone, crowd: Crowd) -> None:
    eve = await author(new_phone, crowd, "eve")
    crowd.fake.hold("outline")
    await order(eve, "Tides in small harbours", "Publish by itself")
    await expect(eve.see("Live", exact=True)).to_be_visible()
    await expect(eve.see("Outlining")).to_be_visible()
    await crowd.fake.release()
    await expect(eve.button("Read the post")).to_be_visible(timeout=60_000)
    await eve.button("Read the post").click()
    await eve.page.wait_for_url("**/app/post/*")
    await expect(eve.page.get_by_role("heading", level=1).locator("visible=true")).to_be_visible()


async def test_a_reviewer_strikes_sends_back_and_approves(new_phone: NewPhone, crowd: Crowd) -> None:
    fay = await author(new_phone, crowd, "fay")
    job = await order(fay, "Knots that hold", "Ask a person first")
    await expect(fay.button("Review the draft")).to_be_visible(timeout=60_000)
    await fay.button("Review the draft").click()
    await fay.page.wait_for_url("**/review")
    await fay.button("Strike paragraph 2").click()
    await expect(fay.see("1 paragraph struck")).to_be_visible()
    await fay.field("Note").fill("Begin with the bowline.")
    await fay.button("Send back").click()
    await expect(fay.see("Sent back. It comes to review again.")).to_be_visible()
    await crowd.blogen.happens(job, lambda event: event.get("target") == "editing")
    await expect(fay.button("Approve")).to_be_visible(timeout=60_000)
    assert any("Begin with the bowline." in call.prompt for call in crowd.fake.calls)
    await expect(fay.see("sent back once")).to_be_visible()

    # The yes is given without a network, and arrives once.
    fay.expect_complaints("ERR_INTERNET_DISCONNECTED", "net::ERR")
    await fay.context.set_offline(True)
    await fay.button("Approve").click()
    await expect(fay.see("Your yes waits to be sent.")).to_be_visible()
    await fay.context.set_offline(False)
    assert (await crowd.blogen.finished(job))["state"] == "published"
    timeline = await crowd.blogen.all(f"/api/v1/jobs/{job}/timeline")
    decided = [
        (line["event"], line["detail"].get("note")) for line in timeline if line["event"] in {"approved", "revised"}
    ]
    assert [event for event, _note in decided].count("approved") == 1, decided
    await fay.open(f"/app/job/{job}")
    await expect(fay.button("Read the post")).to_be_visible()
