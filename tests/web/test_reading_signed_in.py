"""The pages of who is signed in: feeds of their own, where they were, and what stands in the masthead."""

import re

import pytest

from blogen.domain.person import Scope
from blogen.store.social import Place
from blogen.web import keys
from tests.showcase import ASSISTED
from tests.web.people import open_people_site

AT = 1_760_000_000_000


@pytest.fixture
async def site(tmp_path):
    async with open_people_site(tmp_path) as opened:
        yield opened


def cards(text: str) -> list[tuple[str, str]]:
    """Reason and slug of each card."""
    found = re.findall(r'<p class="reason"[^>]*>([^<]*)</p>|class="card-title"><a href="/p/([^"]+)"', text)
    return [(found[at - 1][0] if at else "", slug) for at, (_, slug) in enumerate(found) if slug]


async def test_feeds_of_ones_own_say_why_each_post_is_there(site):
    for number in range(30):
        author, tags = ("ada", ["sea"]) if number % 2 else ("blogen", ["drinks"] if number == 10 else [])
        await site.blog.publish(f"Post {number:02}", author=author, tags=tags, at=AT + number)
    ann = await site.person()
    browser, social = await site.signed_in(), site.app[keys.SOCIAL]
    empty = await browser.get("/?feed=following")
    assert "Follow an author or a topic" in empty.text
    assert "no-store" in empty.headers["Cache-Control"]
    await social.follow_author(ann.id, "ada")
    await social.follow_tag(ann.id, "drinks")

    seen, path = [], "/?feed=following"
    while path:
        text = (await browser.get(path)).text
        seen += cards(text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert [slug for _, slug in seen] == [f"post-{n:02}" for n in reversed(range(30)) if n % 2 or n == 10]
    assert {slug: reason for reason, slug in seen}["post-10"] == "You follow “drinks”"
    assert {slug: reason for reason, slug in seen}["post-29"] == "You follow Ada"

    await social.read_up_to(ann.id, "post-29", Place("b1", 1.0, 1))
    ranked = cards((await browser.get("/?feed=for-you")).text)
    assert "post-29" not in [slug for _, slug in ranked], "it was read"
    assert {reason for reason, _ in ranked} >= {"You follow Ada", "New"}
    assert len(ranked) == len({slug for _, slug in ranked})


async def test_feeds_of_ones_own_ask_who_is_not_signed_in_to_do_so_and_come_back(site):
    await site.blog.publish("Tea")
    answer = await site.browser().get("/?feed=following")
    assert (answer.status, answer.location) == (303, "/login?next=/?feed%3Dfollowing")
    assert 'class="tabs"' not in (await site.browser().get("/")).text
    await site.person()
    signed_in = await site.signed_in()
    assert 'href="/?feed=for-you"' in (await signed_in.get("/")).text
    for path in ("/?feed=secret", "/?feed=following&before=x", "/?feed=following&before=1.2"):
        assert (await signed_in.get(path)).status == 404, path


async def test_a_post_offers_to_go_on_where_it_was_left(site):
    await site.blog.publish("Tea", markdown="\n\n".join(f"Paragraph {number}." for number in range(10)))
    ann = await site.person()
    browser, social = await site.signed_in(), site.app[keys.SOCIAL]
    block = (await site.blog.posts.by_slug("tea")).blocks[4].id
    for at, (place, is_offered) in enumerate(
        [((block, 0.4), True), ((block, 0.99), False), ((block, 0.0), False), (("gone", 0.4), False)]
    ):
        await social.read_up_to(ann.id, "tea", Place(*place, at))
        text = (await browser.get("/p/tea")).text
        assert re.findall(r'href="#b-([^"]+)">Continue where you were', text) == [block] * is_offered, place
        assert f'id="b-{block}"' in text
    assert "Continue where" not in (await site.browser().get("/p/tea")).text


async def test_the_masthead_leads_each_to_what_is_theirs(site):
    await site.blog.publish("Tea")
    await site.person("reader")
    await site.person("writer", role=Scope.AUTHOR)
    guest = (await site.browser().get("/p/tea")).text
    assert 'href="/login?next=%2Fp%2Ftea"' in guest
    assert "/notifications" not in guest
    reader = (await (await site.signed_in("reader")).get("/p/tea")).text
    assert ">Reader</bdi>" in reader
    assert 'href="/bookmarks"' in reader
    assert 'href="/studio"' not in reader
    writer = (await (await site.signed_in("writer")).get("/")).text
    assert 'href="/studio"' in writer
    assert ">Writer</bdi>" in (await (await site.signed_in("writer")).get("/me")).text
    assert ">Writer</bdi>" in (await (await site.signed_in("writer")).get("/nothing")).text


async def test_unread_notifications_are_counted_in_the_masthead(site):
    ann = await site.person()
    browser = await site.signed_in()
    await site.app[keys.SOCIAL].follow_author(ann.id, (await site.blog.authors.ensure("blogen")).handle)
    assert 'class="nav-count"' not in (await browser.get("/")).text
    await site.blog.publish("Tea")
    await site.app[keys.NOTIFICATIONS].tell_followers("tea")
    assert '<span class="nav-count">1</span>' in (await browser.get("/")).text


async def test_who_hides_what_nobody_reviewed_does_not_see_it_on_the_front_page(site):
    await site.blog.publish("Reviewed", provenance=ASSISTED, at=AT)
    await site.blog.publish("Unreviewed", at=AT + 1)
    await site.app[keys.FEATURED].feature("unreviewed")
    ann = await site.person()
    await site.blog.database.write(
        lambda tx: tx.execute("UPDATE people SET hides_unreviewed = 1 WHERE id = ?", (ann.id,))
    )
    assert [slug for _, slug in cards((await (await site.signed_in()).get("/")).text)] == ["reviewed"]
    assert [slug for _, slug in cards((await site.browser().get("/")).text)] == ["unreviewed", "reviewed"]


async def test_the_receipt_names_who_approved(site):
    ann = await site.person()
    job_id = await site.blog.job()
    await site.blog.publish("Tea", job_id=job_id, provenance=ASSISTED)

    def approve(tx):
        tx.execute(
            "INSERT INTO timeline (job, at, event, origin, detail)"
            " SELECT number, ?, 5, 'in_review', json_object('note', 'a secret', 'by', ?) FROM jobs WHERE id = ?",
            (AT, ann.id, job_id),
        )

    await site.blog.database.write(approve)
    text = (await site.browser().get("/p/tea/receipt")).text
    assert "<bdi>Ann</bdi> approved the post on" in text
    assert "a secret" not in text
