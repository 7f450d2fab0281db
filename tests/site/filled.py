"""A blog with something of everything that pages show, on one real server: posts, talk, people, jobs in every state.

async with filled(folder) as site:
    answer = await site.get("/studio", who="owner")
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from multidict import CIMultiDictProxy

from blogen.clients import COOKIE
from blogen.clock import SystemClock
from blogen.config.comments import CommentsConfig
from blogen.domain.accounts import ProfileChange
from blogen.domain.changes import PostChange
from blogen.domain.person import DeviceKind, Scope, TicketKind
from blogen.domain.talk import MAX_COMMENT_CHARS
from blogen.render.comments import comment_text
from blogen.store.aversions import Aversions
from blogen.store.comments import Comment, Comments
from blogen.store.corrections import Corrections
from blogen.store.database import Transaction
from blogen.store.devices import Devices
from blogen.store.featured import Featured
from blogen.store.moderation import Moderation
from blogen.store.people import People
from blogen.store.series import Series
from blogen.store.social import Place, Social
from blogen.store.tickets import Tickets
from tests.blog import Blog, open_blog
from tests.e2e.harness import Blogen, with_fake
from tests.e2e.test_set_up_link import Printed, printed
from tests.fakes.openai_server import FakeOpenAI
from tests.showcase import DAY_MS, NOW_MS, POSTS, fill

NOBODY: Final = ""
ANN, BEA, OWNER = "ann", "bea", "owner"
PASSWORD: Final = "correct horse battery"
POST: Final = "group-commit"

_CONFIG = """
[site]
title = "Slow Water"
tagline = "Notes on rivers, machines and bread"
[auth]
sign_up = "open"
"""
_TOPICS = {
    "published": "How a river remembers its old bed",
    "in_review": "What the tide tables leave out",
    "scheduled": "A short history of the pencil",
    "cancelled": "Everything about everything",
    "failed": "The lamp that burned for a hundred years",
    "paused": "Why swifts sleep on the wing",
    "drafting": "Salt roads and the towns they left behind",
    "queued": "The physics of a skipped stone",
}
"""The jobs of the board: what each is made to be, and its topic."""
STATES: Final = tuple(_TOPICS)

_SOURCE = """Two streams met at the mill for four hundred years. In the spring of 1784 the northern one left its bed
within a single night and has never come back. The miller measured the water every morning and wrote it into a book.
The book shows that the northern stream had lost a third of its water in the eleven years before."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def address(blogen: Blogen) -> str:
    return blogen.url.replace("127.0.0.1", "localhost")  # a name for which browsers keep secure cookies


@dataclass
class Filled:
    """A blog that is served, and the secrets of those who are signed in."""

    blogen: Blogen
    secrets: dict[str, str]
    """What a browser of theirs shows in its cookie, by handle."""
    places: dict[str, str] = field(default_factory=dict)
    """What stands in the addresses of pages that are made here: ids of jobs by their state, tickets."""
    young: Blogen | None = None
    """A blog that nobody owns yet, with its first post and in colours of its own."""

    @property
    def url(self) -> str:
        return address(self.blogen)

    def cookies(self, who: str) -> dict[str, str]:
        return {COOKIE: self.secrets[who]} if who else {}

    async def get(self, path: str, who: str = NOBODY, **headers: str) -> Answer:
        """`path` may be a whole address."""
        return await self.ask("GET", path, who, headers=headers)

    async def ask(self, method: str, path: str, who: str = NOBODY, **more: Any) -> Answer:
        """One request, as it is; its answer, as it is: nothing is followed."""
        headers = dict(more.pop("headers", {}))
        if who:
            headers["Cookie"] = f"{COOKIE}={self.secrets[who]}"
        async with (
            asyncio.timeout(60),
            self.blogen.http.request(
                method,
                path if "://" in path else self.blogen.url + path,
                headers=headers,
                allow_redirects=False,
                **more,
            ) as response,
        ):
            return Answer(response.status, response.headers, await response.read())

    def _address(self, path: str) -> str:
        return path.replace("localhost", "127.0.0.1") if "://" in path else self.blogen.url + path


async def _nothing(_blog: Blog, _ids: Mapping[str, str]) -> None:
    pass


@dataclass(frozen=True)
class Wares:
    """What a blog is filled with."""

    posts: Callable[[Blog], Awaitable[None]] = fill
    more: Callable[[Blog, Mapping[str, str]], Awaitable[None]] = _nothing
    """Comes last, with the ids of people by their handles."""
    topics: Mapping[str, str] = field(default_factory=lambda: _TOPICS)
    sources: tuple[Mapping[str, str], ...] = ({"kind": "text", "title": "The miller's book", "text": _SOURCE},)
    model: Callable[[], FakeOpenAI] = FakeOpenAI
    refusal: Any = None
    """What the model says when it does not take the job that fails; None: its own words."""
    config: str = _CONFIG
    orders: bool = True
    """Whether there are jobs on the board."""
    young: str | None = None
    """The configuration of another blog beside it, which is new; None: there is none."""


YOUNG: Final = """
[site]
accent = "#0a7d5c"
paper = "#fff4dc"
paper_dark = "#10202c"
ink = "#33261a"
interface_font = "humanist"
"""


@asynccontextmanager
async def filled(folder: Path, wares: Wares | None = None) -> AsyncIterator[Filled]:
    wares = wares or Wares()
    (folder / "data").mkdir(parents=True)
    async with open_blog(folder / "data") as blog:
        await wares.posts(blog)
        secrets, places = await _people_and_talk(blog, wares)
    # One job at a time, so that each can be brought where it is wanted.
    async with wares.model() as fake, Blogen(folder, config=_config(wares, fake)) as blogen:
        site = Filled(blogen, secrets, places)
        if wares.orders:
            await _order(site, fake, wares)
        if wares.young is None:
            yield site
            return
        async with Blogen(folder / "young", config=wares.young, launch=Printed.begin) as site.young:
            await _grow(site, site.young)
            yield site


async def _grow(site: Filled, young: Blogen) -> None:
    """Wait until it has told how it becomes somebody's, and has published its first post."""
    _, site.places["set_up"] = printed()
    await young.server.says("job submitted")
    [first] = await young.all("/api/v1/jobs")
    post = (await young.finished(first["id"]))["post"]
    site.places["first"] = post["slug"]


def _config(wares: Wares, fake: FakeOpenAI) -> str:
    return wares.config + with_fake(fake).replace("[engine]", "[engine]\nworkers = 1")


async def _people_and_talk(blog: Blog, wares: Wares) -> tuple[dict[str, str], dict[str, str]]:
    clock = SystemClock()
    people, devices = People(blog.database, clock), Devices(blog.database, clock)
    ids: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for handle, name, role in ((ANN, "Ann Lee", Scope.READER), (BEA, "Bea", Scope.READER), (OWNER, "Ida", Scope.ADMIN)):
        person = await people.create_person(handle, name, role, PASSWORD, email=f"{handle}@example.org")
        ids[handle] = person.id
        _, secrets[handle] = await devices.sign_in(person.id, DeviceKind.BROWSER, "Firefox on Linux")
        await devices.sign_in(person.id, DeviceKind.BROWSER, "Chromium on Android")
    await people.change_profile(ids[ANN], ProfileChange(bio="Measures rivers, *mostly* on foot."))

    social = Social(blog.database)
    for slug in (POST, "post-1", "post-7"):
        await social.like(ids[ANN], slug)
        await social.bookmark(ids[ANN], slug, into="Later" if slug == "post-7" else None)
    await social.like(ids[BEA], POST)
    for handle in (ANN, BEA):
        await social.follow_author(ids[handle], "blogen")
    await social.follow_tag(ids[ANN], "sea")
    await social.read_up_to(ids[ANN], "post-2", Place(block="b1", fraction=0.4, at=NOW_MS))
    await Aversions(blog.database).add(ids[ANN], OWNER, "mute")
    places = await _talk(blog, ids)
    await Corrections(blog.database).publish(POST, "An earlier version gave the rate for *two* disks.")
    await _edit(blog)

    await wares.more(blog, ids)
    return secrets, places | {"reset": await Tickets(blog.database, clock).make(TicketKind.RESET, person_id=ids[BEA])}


async def _edit(blog: Blog) -> None:
    """What an owner does with posts: a series, what is featured, another version, one that is taken away."""
    series = Series(blog.database)
    for slug in (POST, "post-9", "post-5"):
        await series.place(slug, "Waiting in line")
    await series.describe("waiting-in-line", "How things wait for one another, and why that is quick.")
    for slug in ("post-10", "post-6", "post-2", POST):
        await Featured(blog.database).feature(slug)
    await blog.posts.change(
        "post-3", PostChange(summary="Auch unter Schnee tauscht ein Moor Gase mit der Luft."), by="Ida"
    )
    await blog.publish("Gone with the tide", slug="gone", at=NOW_MS - 99 * DAY_MS, tags=["sea"])
    await blog.database.write(settle)
    await blog.posts.delete("gone")


async def _talk(blog: Blog, ids: dict[str, str]) -> dict[str, str]:
    """The ids of some comments."""
    open_, strict = (Comments(blog.database, CommentsConfig(hold_first=hold)) for hold in (False, True))

    async def says(who: str, markdown: str, parent: Comment | None = None, *, to: Comments = open_) -> Comment:
        text = comment_text(markdown, max_chars=MAX_COMMENT_CHARS)
        return await to.add(POST, ids[who], text, parent_id=parent.id if parent else None)

    first = await says(
        ANN, "I measured the same on an older disk: **1,900** a second.\n\n> The disk is not slow.\n\nSo."
    )
    answer = await says(BEA, "Which one? See [my notes](https://example.org/disks).", first)
    await says(ANN, "A `7200 rpm` one, with its cache off.", answer)
    removed = await says(BEA, "Buy my disks.")
    held = await says(BEA, "This one waits for the owner.", to=strict)
    moderation = Moderation(blog.database)
    await moderation.remove(removed.id, "Ida")
    await moderation.report_comment(first.id, ids[BEA], "This is advertising.")
    await moderation.report_post("post-1", ids[BEA], "The temperature is wrong.")
    await moderation.block_word("casino", "Ida")
    assert held.state == "held"
    return {"comment": first.id, "answer": answer.id}


def settle(tx: Transaction) -> None:
    """The jobs of the showcase are done, as those of published posts are; its author has something to say."""
    tx.execute("UPDATE jobs SET state = 'published', finished_at = updated_at")
    tx.execute(
        "INSERT INTO job_requests SELECT jobs.id, posts.title, json_object('topic', posts.title)"
        " FROM jobs JOIN posts ON posts.job_id = jobs.id",
        (),
    )
    tx.execute("UPDATE authors SET name = 'Blogen', bio = 'Writes from *sources* that you can check.'", ())


async def _order(site: Filled, fake: FakeOpenAI, wares: Wares) -> None:
    """Bring a job into each state in which one can be found."""
    blogen = site.blogen

    async def submit(name: str, **more: Any) -> str:
        job = await blogen.submit(wares.topics[name], sources=wares.sources, images=0, **more)
        site.places[name] = str(job["id"])
        return site.places[name]

    def at(state: str) -> Any:
        return lambda event: event.get("target") == state

    await blogen.finished(await submit("published", review=False))
    await blogen.happens(await submit("in_review", review=True), at("in_review"))
    await blogen.happens(await submit("scheduled", review=False, publish_at="2030-01-01T12:00:00Z"), at("scheduled"))
    cancelled = await submit("cancelled", review=True)
    await blogen.happens(cancelled, at("in_review"))
    await blogen.ask("POST", f"/api/v1/jobs/{cancelled}/cancel")
    fake.fail_next(401, body=wares.refusal)
    failed = await blogen.finished(await submit("failed", review=False))
    assert failed["state"] == "failed", failed
    # The only worker stays with this one; what is ordered after it waits for its turn.
    fake.hold("draft")
    await submit("drafting", review=False)
    await fake.received("draft", fake.labels.count("draft") + 1)
    await submit("queued", review=False)
    await blogen.ask("POST", f"/api/v1/jobs/{await submit('paused', review=False)}/pause")


def titles() -> list[str]:
    """What the showcase's posts are called, the newest first."""
    return [title for title, *_ in POSTS]
