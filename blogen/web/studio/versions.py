"""`/studio/posts/{slug}/versions`: what the post said, what each save changed, and bringing one back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.domain.changes import PostChange
from blogen.errors import ChangedMeanwhile, NotFound
from blogen.render.differences import compare, compare_line
from blogen.render.editing import rewritten
from blogen.render.html import to_html, to_markdown
from blogen.web.keys import POSTS, VERSIONS
from blogen.web.people.forms import read_form
from blogen.web.people.session import see
from blogen.web.studio.door import owner, page
from blogen.web.studio.edit import path_of, the_post

if TYPE_CHECKING:
    from blogen.domain.post import Post
    from blogen.store.versions import Version
    from blogen.web.people.session import Visitor

_MEANWHILE: Final = (
    "Somebody saved the post after you opened this page, so nothing was restored. Look at the list again."
)


async def versions(request: web.Request) -> web.Response:
    who = await owner(request)
    return await _list(request, who, await the_post(request))


async def version(request: web.Request) -> web.Response:
    """A version, and how it differs from the one before, or with `?with=now` from what readers see."""
    who = await owner(request)
    post, found = await the_post(request), await _version(request)
    all_versions, is_newest = request.app[VERSIONS], False
    newest = (await all_versions.of_post(post.slug))[0].number
    is_newest = found.line.number == newest
    now = await all_versions.get(post.slug, newest)
    with_now = request.query.get("with") == "now" and not is_newest and now is not None
    other = now if with_now else await all_versions.before(post.slug, found.line.number)
    old, new = (found, other) if with_now else (other, found)
    texts = await asyncio.to_thread(_differences, old, new) if old and new else None
    return await page(
        request,
        "version.html",
        who,
        post=post,
        at=path_of(post.slug),
        version=found,
        other=other,
        is_newest=is_newest,
        with_now=with_now,
        differences=texts,
        html=await asyncio.to_thread(to_html, found.blocks, language=post.language),
    )


async def restore(request: web.Request) -> web.Response:
    """Let the post say what it said, which is a version of its own."""
    who = await owner(request)
    form = await read_form(request, who)
    post, found = await the_post(request), await _version(request)
    change = PostChange.model_construct(title=found.title, summary=found.summary, tags=found.tags)
    new = await asyncio.to_thread(
        rewritten, post, found.blocks, cover=found.cover, images=[*found.images, *post.images], sources=found.sources,
        restores=found.line.number,
    )  # fmt: skip
    posts, seen = request.app[POSTS], form["revision"]
    expected = {int(seen)} if seen.isascii() and seen.isdigit() and len(seen) < 16 else set[int]()
    try:
        await posts.change(post.slug, change, rewritten=new, by=who.person.handle, expected=expected)
    except ChangedMeanwhile:
        newest = (await request.app[VERSIONS].of_post(post.slug))[0]
        if (newest.by, newest.restores) == (who.person.handle, found.line.number):  # sent twice
            return see(f"{path_of(post.slug)}?said=restored")
        return await _list(request, who, post, trouble_text=_MEANWHILE, status=409)
    line = await posts.line(post.slug)
    is_same = line is not None and line.updated_at == post.updated_at
    return see(f"{path_of(post.slug)}?said={'same' if is_same else 'restored'}")


async def _version(request: web.Request) -> Version:
    """Raises NotFound."""
    slug, number = request.match_info["slug"], request.match_info["number"]
    is_number = number.isascii() and number.isdigit() and len(number) < 10
    found = await request.app[VERSIONS].get(slug, int(number)) if is_number else None
    if found is None:
        raise NotFound(
            f"The post has no version {number[:20]!r}.",
            remedy="Old ones go when there are many; the list has the rest.",
        )
    return found


def _differences(old: Version, new: Version) -> dict[str, object]:
    """By what a template shows: the fields that differ, and the lines of the text."""
    fields = [
        ("Title", compare_line(old.title, new.title)),
        ("Summary", compare_line(old.summary, new.summary)),
        ("Tags", compare_line(", ".join(old.tags), ", ".join(new.tags))),
        ("What the cover shows", compare_line(_alt(old), _alt(new))),
    ]
    before, after = to_markdown(old.blocks), to_markdown(new.blocks)
    is_other_cover = (old.cover and old.cover.url) != (new.cover and new.cover.url)
    return {
        "fields": [(name, pieces) for name, pieces in fields if any(piece.kind != "same" for piece in pieces)],
        "covers": [old.cover, new.cover] if is_other_cover else [],
        "lines": compare(before, after) if before != after else [],
    }


def _alt(version: Version) -> str:
    return version.cover.alt if version.cover else ""


async def _list(
    request: web.Request, who: Visitor, post: Post, *, trouble_text: str = "", status: int = 200
) -> web.Response:
    return await page(
        request,
        "versions.html",
        who,
        status=status,
        post=post,
        at=path_of(post.slug),
        versions=await request.app[VERSIONS].of_post(post.slug),
        trouble_text=trouble_text,
    )
