"""A blog in a temporary folder, filled by the same calls that publish posts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from blogen.clock import Clock, SystemClock
from blogen.config.comments import CommentsConfig
from blogen.domain.pace import Pace
from blogen.domain.post import PostDraft
from blogen.domain.post_summary import Provenance
from blogen.events import Bus, Event
from blogen.ids import new_id
from blogen.render.html import to_html
from blogen.render.markdown import NoteSource, to_blocks
from blogen.store.authors import Authors
from blogen.store.aversions import Aversions
from blogen.store.comments import Comments
from blogen.store.corrections import Corrections
from blogen.store.database import Database, Transaction
from blogen.store.jobs import Jobs
from blogen.store.kept_answers import KeptAnswers
from blogen.store.media import Media
from blogen.store.moderation import Moderation
from blogen.store.notifications import Notifications
from blogen.store.posts import Posts
from blogen.store.search import Search
from blogen.store.social import Social
from tests.committed import CommittedSteps
from tests.fresh import prepare

AUTONOMOUS = Provenance(disclosure="ai-autonomous", text=["main/some-model"], images=["covers"], cost_usd="0.001234")


class Blog:
    """The stores that readers' pages are made of, over one real database."""

    def __init__(self, folder: Path, database: Database, bus: Bus) -> None:
        self.folder = folder
        self.database = database
        self.bus = bus
        self.posts = Posts(database)
        self.search = Search(database)
        self.authors = Authors(database)
        self.media = Media(folder / "media", database, bus)
        self.jobs = Jobs(database, SystemClock())
        self.steps = CommittedSteps(database, SystemClock())
        self.heard: list[Event] = []
        bus.subscribe(self.heard.append)

    def talk(self, clock: Clock, rules: CommentsConfig) -> dict[str, object]:
        """The stores of what people do and say, by the names of the pages' keys."""
        return {
            "AVERSIONS": Aversions(self.database),
            "CLOCK": clock,
            "COMMENTS": Comments(self.database, rules),
            "CORRECTIONS": Corrections(self.database),
            "KEPT_ANSWERS": KeptAnswers(self.database, clock),
            "MODERATION": Moderation(self.database),
            "NOTIFICATIONS": Notifications(self.database),
            "PACE": Pace(clock),
            "SOCIAL": Social(self.database),
        }

    async def job(self) -> str:
        """A job as far as a post's foreign key needs one."""
        job_id = new_id()

        def work(tx: Transaction) -> None:
            tx.execute(
                "INSERT INTO jobs (id, kind, state, created_at, updated_at) VALUES (?, 'post', 'assembling', 1, 1)",
                (job_id,),
            )

        await self.database.write(work)
        return job_id

    async def publish(
        self, title: str, *, at: int = 1_760_000_000_000, provenance: Provenance = AUTONOMOUS, **fields: Any
    ) -> str:
        """Publish a post; its slug."""
        author = fields.setdefault("author", "blogen")
        await self.authors.ensure(author)
        post = draft(title, job_id=fields.pop("job_id", None) or await self.job(), **fields)
        return await self.database.write(lambda tx: Posts.add(tx, post, published_at=at, provenance=provenance))


def draft(
    title: str, *, job_id: str, text: str = "", markdown: str = "", notes: Sequence[NoteSource] = (), **fields: Any
) -> PostDraft:
    """A post as the assembling stage would make it of `markdown`."""
    markdown = markdown or f"## Beginning\n\n{text or f'A paragraph about {title}.'}\n"
    pictures = {picture.key: picture for picture in fields.get("images", [])}
    blocks = fields.pop("blocks", None) or to_blocks(markdown, notes, pictures=pictures)
    defaults: dict[str, Any] = {
        "job_id": job_id,
        "slug": title.lower().replace(" ", "-"),
        "title": title,
        "summary": f"What {title} is.",
        "language": "en",
        "words": 500,
        "author": "blogen",
        "tags": [],
        "cover": None,
        "images": [],
        "sources": [],
        "text_makers": ["main/some-model"],
        "image_makers": ["covers"],
        "blocks": blocks,
        "html": to_html(blocks, language=fields.get("language", "en")),
        "markdown": markdown,
    }
    return PostDraft(**defaults | fields)


@asynccontextmanager
async def open_blog(folder: Path) -> AsyncIterator[Blog]:
    prepare(folder / "blogen.db")
    bus = Bus()
    database = await Database.open(folder / "blogen.db", bus=bus)
    try:
        yield Blog(folder, database, bus)
    finally:
        await database.close()
