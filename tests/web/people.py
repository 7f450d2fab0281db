"""The pages for people on a real socket over a real database, and a browser small enough to lie."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from blogen.attempts import Attempts
from blogen.clock import SystemClock
from blogen.config import Config
from blogen.domain.person import Person, Scope
from blogen.outgoing.mail import Mail
from blogen.site import Site
from blogen.store.comments import Comments
from blogen.store.corrections import Corrections
from blogen.store.devices import Devices
from blogen.store.featured import Featured
from blogen.store.feeds import Feeds
from blogen.store.moderation import Moderation
from blogen.store.notifications import Notifications
from blogen.store.own_keys import OwnKeys
from blogen.store.passkeys import Passkeys
from blogen.store.people import People
from blogen.store.series import Series
from blogen.store.settings import Settings
from blogen.store.social import Social
from blogen.store.tickets import Tickets
from blogen.store.versions import Versions
from blogen.web import keys
from blogen.web.routes import add_reader
from tests.blog import Blog, open_blog

PASSWORD = "correct horse battery"
COOKIE = "__Host-blogen"
FORM_COOKIE = "__Host-blogen-form"


class MovingClock(SystemClock):
    """The real one, and what a test adds."""

    def __init__(self) -> None:
        self.added_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.added_ms

    def monotonic(self) -> float:
        return super().monotonic() + self.added_ms / 1000


class PeopleSite:
    def __init__(self, blog: Blog, app: web.Application, client: TestClient, clock: MovingClock) -> None:
        self.blog = blog
        self.app = app
        self.client = client
        self.clock = clock
        self.people = app[keys.PEOPLE]
        self.devices = app[keys.DEVICES]
        self.tickets = app[keys.TICKETS]
        self.passkeys = app[keys.PASSKEYS]

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    def browser(self, **headers: str) -> "Browser":
        return Browser(self, headers)

    async def person(self, handle: str = "ann", *, role: Scope = Scope.READER, email: str | None = None) -> Person:
        return await self.people.create_person(handle, handle.title(), role, PASSWORD, email=email)

    async def signed_in(self, handle: str = "ann") -> "Browser":
        """A browser in which that person has signed in."""
        browser = self.browser()
        answer = await browser.submit("/login", {"login": handle, "password": PASSWORD})
        assert answer.status == 303, answer.text
        return browser


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.text = body.decode(errors="replace")

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def forms(self) -> dict[str, dict[str, str]]:
        """The fields of each form with what stands in them, by action."""
        found = _Forms()
        found.feed(self.text)
        return found.forms

    @property
    def words(self) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", self.text).split())


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._here: dict[str, str] | None = None
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self._here = self.forms.setdefault(has.get("action") or "", {})
        elif self._here is not None and (name := has.get("name")):
            if tag == "input" and has.get("type") != "checkbox":
                self._here[name] = has.get("value") or ""
            elif tag == "input" and "checked" in has:
                self._here[name] = has.get("value") or "on"
            elif tag == "textarea":
                self._here[name], self._area = "", name

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._here = None
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._here is not None:
            self._here[self._area] += data.removeprefix("\n")


class Browser:
    """Keeps cookies, reads a page's form before it sends it, and says where it comes from."""

    def __init__(self, site: PeopleSite, headers: dict[str, str]) -> None:
        self._site = site
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "Firefox/140.0 (X11; Linux)"} | headers
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> Answer:
        return await self._ask("GET", path, headers=headers)

    async def form(self, path: str, action: str = "") -> dict[str, str]:
        """The fields of a form on the page at `path`."""
        return (await self.get(path)).forms[action or path]

    async def submit(
        self, path: str, fields: dict[str, str] | None = None, *, page: str = "", **headers: str
    ) -> Answer:
        """Open `page` (its own address), fill in the form that goes to `path`, and send it."""
        found = await self.form(page or path, path)
        return await self.post(path, found | (fields or {}), **headers)

    async def post(self, path: str, data: Any, **headers: str) -> Answer:
        return await self._ask("POST", path, data=data, headers={"Origin": self._site.origin} | headers)

    async def upload(self, path: str, fields: dict[str, str], content: bytes, *, page: str = "/me") -> Answer:
        found = await self.form(page, path)
        data = FormData()
        for name, value in (found | fields).items():
            if name != "picture":
                data.add_field(name, value)
        data.add_field("picture", content, filename="me.png", content_type="image/png")
        return await self.post(path, data)

    async def send_json(self, path: str, body: Any, token: str, **headers: str) -> Answer:
        more = {"Origin": self._site.origin, "X-Form-Token": token} | headers
        return await self._ask("POST", path, json=body, headers=more)

    async def _ask(self, method: str, path: str, *, headers: dict[str, str], **more: Any) -> Answer:
        sent = self._headers | headers
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {name: value for name, value in sent.items() if value}
        async with self._site.client.request(method, path, headers=sent, allow_redirects=False, **more) as response:
            for line in response.headers.getall("Set-Cookie", ()):
                self._take(SimpleCookie(line))
            return Answer(response.status, response.headers, await response.read())

    def _take(self, given: SimpleCookie) -> None:
        for name, morsel in given.items():
            assert morsel["secure"], "a cookie that a browser would refuse"
            assert morsel["path"] == "/"
            assert not morsel["domain"]
            if morsel["max-age"] == "0" or not morsel.value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


@asynccontextmanager
async def open_people_site(folder: Path, **sections: dict[str, Any]) -> AsyncIterator[PeopleSite]:
    """`sections` is configuration, e.g. `auth={"sign_up": "open"}`."""
    async with open_blog(folder) as blog:
        config = Config.model_validate(sections | {"data": {"dir": folder}})
        clock = MovingClock()
        app = web.Application()
        mail = Mail(config.mail, blog.bus, clock, pauses_seconds=())
        parts = {
            keys.CONFIG: config,
            keys.SITE: Site(config, Settings(blog.database), blog.bus),
            keys.BUS: blog.bus,
            keys.CLOCK: clock,
            keys.POSTS: blog.posts,
            keys.SEARCH: blog.search,
            keys.MEDIA: blog.media,
            keys.AUTHORS: blog.authors,
            keys.JOBS: blog.jobs,
            keys.STEPS: blog.steps,
            keys.PEOPLE: People(blog.database, clock),
            keys.DEVICES: Devices(blog.database, clock),
            keys.TICKETS: Tickets(blog.database, clock),
            keys.PASSKEYS: Passkeys(blog.database),
            keys.NOTIFICATIONS: Notifications(blog.database),
            keys.SOCIAL: Social(blog.database),
            keys.FEEDS: Feeds(blog.database, clock, blog.bus),
            keys.FEATURED: Featured(blog.database),
            keys.SERIES: Series(blog.database),
            keys.VERSIONS: Versions(blog.database),
            keys.COMMENTS: Comments(blog.database, config.comments),
            keys.CORRECTIONS: Corrections(blog.database),
            keys.MODERATION: Moderation(blog.database),
            keys.OWN_KEYS: OwnKeys(blog.database),
            keys.ATTEMPTS: Attempts(clock),
            keys.MAIL: mail,
        }
        parts |= {getattr(keys, name): part for name, part in blog.talk(clock, config.comments).items()}
        for key, part in parts.items():
            app[key] = part
        add_reader(app)
        async with TestClient(TestServer(app), auto_decompress=False) as client:
            yield PeopleSite(blog, app, client, clock)
        await mail.close()
