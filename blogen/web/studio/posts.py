"""`/studio/posts`: every post that is published or waits for its hour; featuring, series, taking one off the blog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from aiohttp import web

from blogen.domain.job import JobState
from blogen.errors import BlogenError, InvalidInput
from blogen.store.featured import MOST_FEATURED
from blogen.web.keys import FEATURED, JOBS, POSTS, SEARCH, SERIES
from blogen.web.people.forms import Form, Words, beside_fields, read_form
from blogen.web.people.session import local_path, see
from blogen.web.reader.serve import behind, cursor
from blogen.web.studio.door import owner, page
from blogen.web.studio.edit import path_of, the_post
from blogen.web.words import told_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blogen.domain.job import Job
    from blogen.domain.post_summary import PostSummary
    from blogen.store.posts import PostCursor
    from blogen.web.people.session import Visitor

HERE: Final = "/studio/posts"
_A_PAGE: Final = 30
_MOST_SCHEDULED: Final = 50
_QUERY_CHARACTERS: Final = 200
_SAID: Final = {
    "featured": f"Featured: it stands at the top of the front page now, where {MOST_FEATURED} posts have room.",
    "unfeatured": "It is not featured any more.",
    "series": "It is a part of that series now.",
    "no-series": "It is in no series now.",
    "deleted": "The post is deleted. Its address tells readers so.",
    "deleted-before": "The post was deleted already.",
}


async def posts(request: web.Request) -> web.Response:
    who = await owner(request)
    return await _page(request, who, said=told_by(request, _SAID))


async def feature(request: web.Request) -> web.Response:
    """Put the post at the top of the front page, or take it from there."""
    who = await owner(request)
    form = await read_form(request, who)
    featured, slug = request.app[FEATURED], request.match_info["slug"]
    if form["off"]:
        await featured.unfeature(slug)
        return see(_back(form, "unfeatured", slug))
    try:
        await featured.feature(slug)
    except BlogenError as error:  # it was deleted meanwhile
        return await _page(request, who, trouble_text=f"{error.detail} {error.remedy}", status=error.status)
    return see(_back(form, "featured", slug))


async def place(request: web.Request) -> web.Response:
    """Make the post a part of a series, or of none."""
    who = await owner(request)
    form = await read_form(request, who)
    slug = request.match_info["slug"]
    try:
        found = await request.app[SERIES].place(slug, form["series"], part=_part(form["part"]))
    except InvalidInput as error:
        return await _page(request, who, wrong={slug: beside_fields(error)}, values={slug: form}, status=422)
    except BlogenError as error:
        return await _page(request, who, trouble_text=f"{error.detail} {error.remedy}", status=error.status)
    return see(_back(form, "series" if found else "no-series", slug))


async def ask_to_delete(request: web.Request) -> web.Response:
    who = await owner(request)
    return await page(request, "post_delete.html", who, post=await the_post(request), at=_path(request))


async def delete(request: web.Request) -> web.Response:
    who = await owner(request)
    await read_form(request, who)
    was_there = await request.app[POSTS].delete(request.match_info["slug"])
    return see(f"{HERE}?said={'deleted' if was_there else 'deleted-before'}")


def _part(text: str) -> int | None:
    """Raises InvalidInput."""
    from blogen.errors import FieldError

    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InvalidInput("The part is no number.", errors=[FieldError("part", "must be a whole number, or empty")])
    return int(text)


def _path(request: web.Request) -> str:
    return path_of(request.match_info["slug"])


def _back(form: Form, said: str, slug: str) -> str:
    """The list as it was, with a sentence above it."""
    path, _, query = (local_path(form["back"]) or HERE).partition("?")
    kept = [(name, value) for part in query.split("&") for name, _, value in [part.partition("=")] if name in _KEPT]
    pairs = "&".join([*(f"{name}={value}" for name, value in kept), urlencode({"said": said})])
    return f"{path if path.startswith(HERE) else HERE}?{pairs}#{quote(slug, safe='')}"


_KEPT: Final = {"q", "state", "before"}


async def _page(
    request: web.Request,
    who: Visitor,
    *,
    wrong: dict[str, Words] | None = None,
    values: dict[str, Form] | None = None,
    said: str = "",
    trouble_text: str = "",
    status: int = 200,
) -> web.Response:
    query = request.query.get("q", "")[:_QUERY_CHARACTERS].strip()
    state = request.query.get("state", "")
    found: Sequence[PostSummary] = []
    following: PostCursor | None = None
    before = cursor(request) if request.method == "GET" else None
    if state != "scheduled":
        found, following = await _posts(request, query, before)
    scheduled = [] if state == "published" or before is not None else await _scheduled(request, query)
    featured = set(await request.app[FEATURED].slugs())
    series = request.app[SERIES]
    older = behind(HERE, following)
    return await page(
        request,
        "posts.html",
        who,
        status=status,
        query=query,
        state=state,
        posts=found,
        scheduled=scheduled,
        featured=featured,
        series_of=await series.titles([post.slug for post in found]),
        all_series=await series.names(),
        older=f"{older}&state={state}" if older and state else older,
        back=request.path_qs if request.method == "GET" else HERE,
        path_of=path_of,
        wrong=wrong or {},
        values=values or {},
        said=said,
        trouble_text=trouble_text,
    )


async def _posts(
    request: web.Request, query: str, before: PostCursor | None
) -> tuple[Sequence[PostSummary], PostCursor | None]:
    if query:
        hits = (await request.app[SEARCH].find(query, limit=_A_PAGE)).hits
        return [hit.post for hit in hits], None
    listed = await request.app[POSTS].newest(_A_PAGE, before)
    return listed.items, listed.next


async def _scheduled(request: web.Request, query: str) -> Sequence[Job]:
    """Posts that are ready and wait for their hour, the next one first."""
    jobs = await request.app[JOBS].list(JobState.SCHEDULED, limit=_MOST_SCHEDULED)
    wanted = [job for job in jobs if query.casefold() in job.topic.casefold()]
    return sorted(wanted, key=lambda job: (job.waiting.until or 0) if job.waiting else 0)
