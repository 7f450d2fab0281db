"""A page is rendered once until what it shows changes, whoever asks and however many."""

import asyncio
import gzip
from typing import get_args

import brotli
import pytest

from blogen.events import (
    AuthorChanged,
    Bus,
    CommentCreated,
    CorrectionPublished,
    Event,
    JobSubmitted,
    PostChanged,
    PostCounted,
    PostDeleted,
    PostPublished,
    SiteChanged,
)
from blogen.web.pages import FACTS, Pages, View

HTML = "text/html"


class Renderer:
    """Renders `text`, which shows `facts`, when let; counts."""

    def __init__(self, text: str = "page " * 500, *facts: str) -> None:
        self.text = text
        self.facts = facts
        self.calls = 0
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, view: View) -> str:
        self.calls += 1
        view.shows(*self.facts)
        text = self.text
        self.started.set()
        await self.gate.wait()
        return text


@pytest.fixture
async def bus():
    return Bus()


@pytest.fixture
async def pages(bus):
    made = Pages(bus)
    yield made
    await made.close()


async def test_a_page_is_rendered_once(pages):
    render = Renderer()
    first = await pages.get("home", render, HTML)
    assert await pages.get("home", render, HTML) is first
    assert render.calls == 1


async def test_a_crowd_that_asks_at_once_is_served_by_one_rendering(pages):
    render = Renderer()
    render.gate.clear()
    asking = [asyncio.create_task(pages.get("home", render, HTML)) for _ in range(50)]
    await render.started.wait()
    render.gate.set()
    assert len(set(await asyncio.gather(*asking))) == 1
    assert render.calls == 1


async def test_a_reader_who_leaves_takes_the_page_from_nobody(pages):
    render = Renderer()
    render.gate.clear()
    leaving = asyncio.create_task(pages.get("home", render, HTML))
    staying = asyncio.create_task(pages.get("home", render, HTML))
    await render.started.wait()
    leaving.cancel()
    render.gate.set()
    assert (await staying).plain.body.startswith(b"page")


async def test_a_page_is_compressed_once_behind_the_readers_back(pages):
    page = await pages.get("home", Renderer(), HTML)
    assert page.forms == {}
    await pages.compressed()
    assert gzip.decompress(page.forms["gzip"].body) == brotli.decompress(page.forms["br"].body) == page.plain.body


async def test_what_many_ask_for_is_compressed_as_well_as_can_be(pages):
    render = Renderer(" ".join(str(number * number) for number in range(2000)))
    page = await pages.get("home", render, HTML)
    await pages.compressed()
    quick = page.forms["br"]
    for _ in range(20):
        await pages.get("home", render, HTML)
        await pages.compressed()
    best = page.forms["br"]
    assert brotli.decompress(best.body) == page.plain.body
    assert len(best.body) < len(quick.body)
    assert best.tag != quick.tag
    assert pages.kept_bytes == page.size_bytes


@pytest.mark.parametrize(
    ("event", "dropped"),
    [
        (PostPublished("new", "job", ("tea",), "ada", ("old",)),
         {"newest", "tags", "tag:tea", "author:ada", "around:old", "posts"}),
        (PostChanged("old", ("tea", "hot"), "ada", ("tea",)), {"post:old", "tag:tea", "tags", "posts"}),
        (PostChanged("old", ("tea",), "ada"), {"post:old", "posts"}),
        (PostDeleted("old", ("tea",), "ada"), {"post:old", "newest", "tags", "tag:tea", "author:ada", "posts"}),
        (PostCounted("old"), {"counts:old"}),
        (CommentCreated("c", "old", "shown"), {"talk:old"}),
        (CorrectionPublished("c", "old"), {"talk:old"}),
        (AuthorChanged("ada"), {"author:ada", "by:ada", "authors"}),
        (JobSubmitted("other"), set()),
    ],
)  # fmt: skip
async def test_exactly_what_shows_the_thing_is_dropped(bus, pages, event, dropped):
    facts = ["newest", "tags", "tag:tea", "tag:hot", "author:ada", "author:bob", "by:ada", "by:bob", "authors", "posts",
             "post:old", "post:other", "around:old", "around:other", "counts:old", "talk:old"]  # fmt: skip
    kept = {fact: await pages.get(fact, Renderer(fact, fact), HTML) for fact in facts}
    bus.publish(event)
    assert {fact for fact in facts if pages.kept(fact) is not kept[fact]} == dropped


async def test_what_concerns_the_whole_site_drops_every_page(bus, pages):
    for number in range(3):
        await pages.get(number, Renderer(), HTML)
    bus.publish(SiteChanged({"title": "Tea"}))
    assert [pages.kept(number) for number in range(3)] == [None] * 3
    assert pages.kept_bytes == 0


def test_every_event_that_names_a_post_says_what_it_changes():
    named = {event for event in get_args(Event) if "slug" in event._fields}
    assert named - FACTS.keys() == set()


@pytest.mark.parametrize(("shown", "is_kept"), [("newest", False), ("post:other", True)])
async def test_a_page_rendered_while_it_changes_is_not_kept(bus, pages, shown, is_kept):
    render = Renderer("old " * 500, shown)
    render.gate.clear()
    asking = asyncio.create_task(pages.get("home", render, HTML))
    await render.started.wait()
    bus.publish(PostPublished("tea", "job"))
    render.gate.set()
    assert (await asking).plain.body.startswith(b"old")
    assert (pages.kept("home") is not None) is is_kept


async def test_who_asks_after_a_change_is_not_given_what_was_begun_before_it(bus, pages):
    render = Renderer("old " * 500, "newest")
    render.gate.clear()
    asking = asyncio.create_task(pages.get("home", render, HTML))
    await render.started.wait()
    bus.publish(PostPublished("tea", "job"))
    fresh = await pages.get("home", Renderer("new " * 500, "newest"), HTML)
    render.gate.set()
    assert (await asking).plain.body.startswith(b"old")
    assert fresh.plain.body.startswith(b"new")
    assert (await pages.get("home", Renderer("newer"), HTML)) is fresh


async def test_what_cannot_be_rendered_is_tried_again(pages):
    async def broken(_: View) -> str:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await pages.get("home", broken, HTML)
    assert (await pages.get("home", Renderer("fine"), HTML)).plain.body == b"fine"


async def test_memory_is_bounded_and_what_was_asked_for_once_pushes_out_nothing_that_many_read(bus):
    pages = Pages(bus, limit_bytes=60_000)
    hot = {name: Renderer(name * 3000) for name in "ab"}
    for name, render in [*hot.items()] * 2:
        await pages.get(name, render, HTML)
    for number in range(50):
        await pages.get(number, Renderer(f"{number} " * 1500), HTML)
        await pages.compressed()
        assert 0 < pages.kept_bytes <= 60_000
    for name, render in hot.items():
        await pages.get(name, render, HTML)
        assert render.calls == 1
    assert pages.kept(0) is None
    await pages.close()
    assert pages.kept_bytes == 0


async def test_what_many_read_makes_room_for_what_many_read_now(bus):
    pages = Pages(bus, limit_bytes=60_000)
    for number in range(50):
        for _ in range(3):
            await pages.get(number, Renderer("x" * 3000), HTML)
        await pages.compressed()
        assert pages.kept_bytes <= 60_000
    assert pages.kept(0) is None
    assert pages.kept(49) is not None
    await pages.close()


async def test_what_would_fill_the_memory_alone_is_not_kept(bus):
    pages = Pages(bus, limit_bytes=60_000)
    await pages.get("small", Renderer("x" * 3000), HTML)
    page = await pages.get("large", Renderer("x" * 50_000), HTML, address="/large")
    assert len(page.plain.body) == 50_000
    assert pages.kept("large") is pages.at("/large") is None
    assert pages.kept("small") is not None
    await pages.close()


async def test_what_is_read_most_is_renewed_first_and_what_nobody_read_is_not(bus, pages):
    renewed: list[str] = []

    async def renew(address: str) -> None:
        renewed.append(address)
        await pages.get(address, renderers[address], HTML, address=address)

    pages.renew_by(renew)
    renderers = {f"/{number}": Renderer(f"{number}", "newest") for number in range(100)}
    renderers["/p/a%20b"] = Renderer("new", "post:a b")
    for number in range(100):
        for _ in range(number):
            await pages.get(f"/{number}", renderers[f"/{number}"], HTML, address=f"/{number}")
    bus.publish(PostPublished("a b", "job"))
    await pages.renewed()
    hottest = [f"/{number}" for number in range(99, 36, -1)]
    assert renewed == ["/p/a%20b", *hottest], "so many at once, no more"
    bus.publish(PostDeleted("a b"))
    await pages.renewed()
    assert len(renewed) == 64, "nobody asked since they were made"


async def test_what_is_large_is_not_worth_the_time_of_the_best_compression(pages):
    render = Renderer(" ".join(str(number * number) for number in range(12_000)))
    page = await pages.get("feed", render, HTML)
    await pages.compressed()
    quick = page.forms["br"]
    for _ in range(20):
        await pages.get("feed", render, HTML)
    await pages.compressed()
    assert page.forms["br"] is quick


async def test_an_address_leads_to_a_page_while_it_is_kept(bus, pages):
    for number in range(20):  # spelt in so many ways
        page = await pages.get("tag", Renderer("tag", "tag:tea"), HTML, address=f"/tags/{number}")
    assert pages.at("/tags/0") is page
    assert pages.at("/tags/19") is None
    bus.publish(PostPublished("tea", "job", ("tea",)))
    assert pages.at("/tags/0") is None
    again = await pages.get("tag", Renderer("tag", "tag:tea"), HTML, address="/tags/19")
    assert pages.at("/tags/19") is again is not page


async def test_a_closed_cache_hears_nothing_more(bus, pages):
    render = Renderer("page", "post:tea")
    await pages.close()
    await pages.get("home", render, HTML)
    bus.publish(PostChanged("tea"))
    await pages.get("home", render, HTML)
    assert render.calls == 1
