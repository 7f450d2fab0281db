"""A WebSub hub on a real socket: takes subscriptions after asking back, fetches what is published, hands it on.

Written from the W3C Recommendation (https://www.w3.org/TR/websub/), §4 to §7, and, for what publishers send, from how
the public hubs document it: a form with `hub.mode=publish` and a `hub.url` for each changed topic.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree import ElementTree

import aiohttp
from aiohttp import web

ATOM = "{http://www.w3.org/2005/Atom}"


class Hub:
    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        """What the next publishers are answered instead of 202."""
        self.published: list[list[str]] = []
        self.refused: list[str] = []
        """Topics that do not name themselves and this hub, or cannot be fetched, with the reason."""
        self._subscribers: dict[str, set[str]] = {}
        self._heard = asyncio.Condition()
        self._http: aiohttp.ClientSession

    async def wait_for(self, count: int) -> list[list[str]]:
        async with asyncio.timeout(20), self._heard:
            await self._heard.wait_for(lambda: len(self.published) >= count)
        return self.published

    async def subscribe(self, topic: str, callback: str) -> bool:
        """What a subscriber's POST begins; the hub asks the callback whether it is meant (§5.3)."""
        challenge = secrets.token_hex(8)
        asked = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": challenge, "hub.lease_seconds": "60"}
        async with self._http.get(callback, params=asked) as answer:
            is_meant = answer.status == 200 and await answer.text() == challenge
        if is_meant:
            self._subscribers.setdefault(topic, set()).add(callback)
        return is_meant

    async def handle(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            return web.Response(status=415)
        form = await request.post()
        topics = [str(topic) for topic in form.getall("hub.url", [])]
        if form.get("hub.mode") != "publish" or not topics:
            return web.Response(status=400, text="hub.mode=publish and hub.url are needed")
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        for topic in topics:
            await self._distribute(topic)
        async with self._heard:
            self.published.append(topics)
            self._heard.notify_all()
        return web.Response(status=202)

    async def _distribute(self, topic: str) -> None:
        async with self._http.get(topic) as answer:
            content, media_type, status = await answer.read(), answer.headers["Content-Type"], answer.status
        links = _links(content, media_type, status)
        if ("self", topic) not in links or ("hub", self.url) not in links:
            self.refused.append(f"{topic} {status} {links}")
            return
        for callback in self._subscribers.get(topic, ()):
            sent = {"Content-Type": media_type, "Link": f'<{topic}>; rel="self", <{self.url}>; rel="hub"'}
            async with self._http.post(callback, data=content, headers=sent):
                pass


def _links(content: bytes, media_type: str, status: int) -> set[tuple[str, str]]:
    """Where a topic says it is, and which hubs it names."""
    if status != 200:
        return set()
    if "json" in media_type:
        feed = json.loads(content)
        hubs = {("hub", hub["url"]) for hub in feed.get("hubs", ()) if hub["type"] == "WebSub"}
        return {("self", feed["feed_url"]), *hubs}
    return {(link.get("rel", ""), link.get("href", "")) for link in ElementTree.fromstring(content).iter(f"{ATOM}link")}


@asynccontextmanager
async def running_hub() -> AsyncIterator[Hub]:
    hub = Hub()
    app = web.Application()
    app.router.add_post("/", hub.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as hub._http:
        try:
            yield hub
        finally:
            await runner.cleanup()
