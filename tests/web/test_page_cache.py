"""A page is rendered once until a post changes, whoever asks and however many."""

import asyncio
import gzip

import pytest

from blogen.events import Bus, JobSubmitted, PostChanged, PostDeleted, PostPublished
from blogen.web.pages import Pages

HTML = "text/html"


class Renderer:
    """Renders `text` when let; counts."""

    def __init__(self, text: str = "page " * 500) -> None:
        self.text = text
        self.calls = 0
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> str:
        self.calls += 1
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
    assert (await staying).body.startswith(b"page")


async def test_a_page_is_compressed_once_behind_the_readers_back(pages):
    page = await pages.get("home", Renderer(), HTML)
    assert page.compressed is None
    await pages.compressed()
    assert gzip.decompress(page.compressed) == page.body


@pytest.mark.parametrize("event", [PostPublished("tea", "job"), PostChanged("tea"), PostDeleted("tea")])
async def test_any_change_of_a_post_drops_what_was_kept(bus, pages, event):
    render = Renderer()
    await pages.get("home", render, HTML)
    bus.publish(JobSubmitted("other"))
    await pages.get("home", render, HTML)
    assert render.calls == 1
    bus.publish(event)
    await pages.get("home", render, HTML)
    assert render.calls == 2


async def test_a_page_rendered_while_a_post_changes_is_not_kept(bus, pages):
    render = Renderer("old " * 500)
    render.gate.clear()
    asking = asyncio.create_task(pages.get("home", render, HTML))
    await render.started.wait()
    bus.publish(PostPublished("tea", "job"))
    fresh = await pages.get("home", Renderer("new " * 500), HTML)
    render.gate.set()
    assert (await asking).body.startswith(b"old")
    assert fresh.body.startswith(b"new")
    assert (await pages.get("home", Renderer("newer"), HTML)) is fresh


async def test_what_cannot_be_rendered_is_tried_again(pages):
    async def broken() -> str:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await pages.get("home", broken, HTML)
    assert (await pages.get("home", Renderer("fine"), HTML)).body == b"fine"


async def test_memory_is_bounded_and_what_was_not_asked_for_longest_goes_first(bus):
    pages = Pages(bus, limit_bytes=20_000)
    renderers = {name: Renderer(name * 3000) for name in "abcdef"}
    for name, render in renderers.items():
        await pages.get(name, render, HTML)
        await pages.get("a", renderers["a"], HTML)
        await pages.compressed()
        assert pages.kept_bytes <= 20_000
    assert renderers["a"].calls == 1
    await pages.get("b", renderers["b"], HTML)
    assert renderers["b"].calls == 2
    await pages.close()


async def test_a_closed_cache_hears_nothing_more(bus, pages):
    render = Renderer()
    await pages.close()
    await pages.get("home", render, HTML)
    bus.publish(PostChanged("tea"))
    await pages.get("home", render, HTML)
    assert render.calls == 1
