"""Hubs hear of changed feeds, once a change, whatever happens in between, and fetch what they are told of.

That these tests can fail was seen by breaking the code on purpose; each of these turned one of them red:
* the courier hands facts to webhooks alone: no hub hears anything;
* a message names the blog's own feeds alone: who follows a tag hears nothing;
* hubs are told although nobody has said where the blog is.
"""

import asyncio
from contextlib import asynccontextmanager

import feedparser
import pytest
from aiohttp import web

from blogen.cli import main
from blogen.clock import SystemClock
from blogen.config import Config
from blogen.domain.changes import PostChange
from blogen.errors import ConfigError
from blogen.events import DeliveryFailed, DeliveryMade
from blogen.outgoing.courier import Courier
from blogen.outgoing.webhooks import Patience
from blogen.outgoing.websub import FEEDS, changed_feeds, hubs
from blogen.store.deliveries import Deliveries
from blogen.web import keys
from tests.fakes.websub_hub import running_hub
from tests.outgoing.receiver import receiving
from tests.outgoing.test_webhooks import Heard
from tests.ports import free_port
from tests.web.site import open_site

LOCAL = ["127.0.0.0/8"]
QUICK = Patience(base_seconds=0.001, cap_seconds=0.001)


@asynccontextmanager
async def blogging(folder, *hub_urls, allow=LOCAL, base_url=None):
    """A blog at the very address that its feeds name, so that hubs can fetch them."""
    port = free_port()
    server = {"base_url": base_url or f"http://127.0.0.1:{port}"}
    config = {"server": server, "site": {"websub_hubs": list(hub_urls)}, "research": {"allow_private": allow}}
    async with open_site(folder, **config) as site:
        await web.TCPSite(site.client.server.runner, "127.0.0.1", port).start()
        yield site


@asynccontextmanager
async def courier(site):
    made = Courier(site.app[keys.CONFIG], site.blog.database, site.blog.bus, SystemClock(), patience=QUICK)
    async with made.running():
        yield


async def test_whoever_follows_a_feed_gets_the_post_as_it_is_published(tmp_path):
    async with running_hub() as hub, receiving() as reader, blogging(tmp_path, hub.url) as site:
        base = site.app[keys.CONFIG].server.base_url

        async def confirm(request):
            return web.Response(text=request.query.get("hub.challenge", ""))

        reader.answer = confirm
        assert await hub.subscribe(f"{base}/tags/green%20tea/atom.xml", f"{reader.url}/new")
        async with courier(site):
            await site.blog.publish("Sencha", slug="sencha", tags=["green tea"], author="ada")
            [topics] = await hub.wait_for(1)
        assert hub.refused == [], "each feed names itself and its hub"
        pages = base, f"{base}/authors/ada", f"{base}/tags/green%20tea"
        assert sorted(topics) == sorted(f"{page}/{name}" for page in pages for name in FEEDS)
        _, told = reader.sent
        assert [entry.title for entry in feedparser.parse(told.body).entries] == ["Sencha"]
        assert f'<{hub.url}>; rel="hub"' in told.headers["Link"]


async def test_a_change_and_an_end_are_told_too_and_each_once(tmp_path):
    async with running_hub() as hub, blogging(tmp_path, hub.url) as site:
        made = Heard(site.blog.bus, DeliveryMade)
        async with courier(site):
            await site.blog.publish("Tea", slug="tea")
            await hub.wait_for(1)
            await site.blog.posts.change("tea", PostChange(title="Green tea"))
            await hub.wait_for(2)
            await site.blog.posts.delete("tea")
            await hub.wait_for(3)
            await made.wait_for(3)
        async with courier(site):  # a new start tells nothing again
            await site.blog.publish("Milk", slug="milk")
            await hub.wait_for(4)
            await made.wait_for(4)
        assert len(hub.published) == 4
        assert [event.event for event in made.events] == [
            "post.published", "post.changed", "post.deleted", "post.published",
        ]  # fmt: skip


async def test_a_hub_that_is_out_of_order_is_told_again_and_holds_no_other_up(tmp_path):
    async with running_hub() as broken, running_hub() as hub, blogging(tmp_path, broken.url, hub.url) as site:
        broken.statuses = [500, 503, 302]
        failed, made = Heard(site.blog.bus, DeliveryFailed), Heard(site.blog.bus, DeliveryMade)
        async with courier(site):
            await site.blog.publish("Tea", slug="tea")
            await hub.wait_for(1)
            await broken.wait_for(1)
            await made.wait_for(2)
        assert broken.refused == hub.refused == []
        assert [event.is_final for event in failed.events] == [False, False, False]
        deliveries = {delivery.hook: delivery for delivery in await Deliveries(site.blog.database).newest(10)}
        assert deliveries[f"websub:{broken.url}"].attempts == 4
        assert deliveries[f"websub:{hub.url}"].attempts == 1


async def test_what_was_published_while_nothing_ran_is_told_at_the_next_start(tmp_path):
    async with running_hub() as hub, blogging(tmp_path, hub.url) as site:
        await site.blog.publish("Tea", slug="tea")
        async with courier(site):
            await hub.wait_for(1)


async def test_the_owner_can_let_a_hub_be_told_once_more(tmp_path, capsys):
    async with running_hub() as hub, blogging(tmp_path, hub.url) as site:
        async with courier(site):
            await site.blog.publish("Tea", slug="tea")
            await hub.wait_for(1)
        [delivery] = await Deliveries(site.blog.database).newest(10)
        (tmp_path / "config.toml").write_text(
            f'[data]\ndir = "{tmp_path}"\n'
            f'[server]\nbase_url = "https://b.example"\n[site]\nwebsub_hubs = ["{hub.url}"]\n'
        )
        arguments = ["webhooks", "retry", delivery.id, "--config", str(tmp_path / "config.toml")]
        assert await asyncio.to_thread(main, arguments) == 0
        async with courier(site):
            await hub.wait_for(2)


async def test_a_hub_within_the_owners_network_must_be_allowed(tmp_path):
    async with running_hub() as hub, blogging(tmp_path, hub.url, allow=[]) as site:
        failed = Heard(site.blog.bus, DeliveryFailed)
        async with courier(site):
            await site.blog.publish("Tea", slug="tea")
            [event] = await failed.wait_for(1)
        assert event.is_final
        assert "research.allow_private" in event.reason
        assert hub.published == []


async def test_nobody_is_told_of_a_blog_whose_address_nobody_has_said():
    config = Config.model_validate({"site": {"websub_hubs": ["https://hub.example.org/"]}})
    assert hubs(config) == []
    public = Config.model_validate(
        {"site": {"websub_hubs": ["https://hub.example.org/"]}, "server": {"base_url": "https://b.example"}}
    )
    assert [(hub.name, hub.url) for hub in hubs(public)] == [
        ("websub:https://hub.example.org", "https://hub.example.org")
    ]


def test_only_what_is_known_of_a_post_is_told():
    assert changed_feeds({"slug": "tea"}, "https://b.example") == [f"https://b.example/{name}" for name in FEEDS]
    hostile = changed_feeds({"author": 7, "tags": ["a/b&hub.mode=x"]}, "https://b.example")
    assert "https://b.example/tags/a%2Fb%26hub.mode%3Dx/feed.xml" in hostile


@pytest.mark.parametrize("url", ["ftp://hub.example", "hub.example", "https://u:p@hub.example", "https://h.example/?a"])
def test_an_address_that_is_no_hubs_stops_the_start(url):
    with pytest.raises((ConfigError, ValueError)):
        Config.model_validate({"site": {"websub_hubs": [url]}})
