"""Blogen's own first post: a new owner sees the whole path work within seconds, at no cost."""

from pathlib import Path

from blogen.domain.job import JobRequest, TextSource
from blogen.ids import new_id
from blogen.pipeline.services import Services
from blogen.store.jobs import Jobs

_KEY = "first-post"
_TOPIC = "How Blogen writes: what happens between a topic and a post"


async def order_first_post(services: Services, jobs: Jobs) -> None:
    """Order it if the blog is empty. A key makes sure that it is ordered once, whatever happens in between."""
    if await services.posts.count():
        return
    notes = _notes()
    if notes is None:
        return
    request = JobRequest(
        topic=_TOPIC,
        sources=[TextSource(kind="text", title="Blogen's own notes", text=notes)],
        review=False,
        tags=["blogen"],
        words=700,
    )
    job, _ = await jobs.submit_once(new_id(), "post", request, owner="blogen", key=_KEY, digest="0" * 64)
    services.offline_jobs.add(job.id)


def _notes() -> str | None:
    """The notes beside the code: in a checkout in docs/, in an installed package under _site/."""
    package = Path(__file__).parent.parent
    for place in (package.parent / "docs" / "NOTES.md", package / "_site" / "docs" / "NOTES.md"):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    return None
