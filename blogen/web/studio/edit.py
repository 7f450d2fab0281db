"""`/studio/posts/{slug}`: what a post says, changed by a person, with a preview; nothing that was typed is lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from blogen.domain.mistakes import as_invalid_input
from blogen.errors import ChangedMeanwhile, InvalidInput, NotFound
from blogen.render.editing import editable, read_edited, rewritten
from blogen.store.posts import tidy_tags
from blogen.web.address import base_url
from blogen.web.keys import POSTS, VERSIONS
from blogen.web.people.forms import Form, Words, read_upload
from blogen.web.people.session import see
from blogen.web.studio import covers
from blogen.web.studio.door import owner, page
from blogen.web.templates import render
from blogen.web.words import told_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from blogen.domain.changes import PostChange
    from blogen.domain.post import Block, Post
    from blogen.domain.post_summary import Picture
    from blogen.web.people.session import Visitor

FRAGMENT_HEADER: Final = "X-Fragment"
"""Sent by the page's script: it wants the preview alone."""

_FIELD_BYTES: Final = 4_000_000
"""A text of the most characters, each of the most bytes."""
_KEEP, _NONE, _DRAW, _UPLOAD, _KEY = "keep", "none", "draw", "upload", "key:"
_TYPED: Final = ("title", "summary", "markdown", "tags", "cover", "cover_alt", "picture_alt", "picture_ai")
_SAID: Final = {
    "saved": "Saved. Readers see it now, and what it said before is kept.",
    "restored": "Restored, as a new version. Readers see it now.",
    "same": "Nothing was changed, so nothing was saved.",
}


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a form says, as far as it can be read, and what is wrong with it by field."""

    change: PostChange | None
    blocks: list[Block]
    choice: str
    """`keep`, `none`, `draw`, `upload`, or `key:` and the key of one of the post's pictures."""
    wrong: Words


async def edit(request: web.Request) -> web.Response:
    who = await owner(request)
    post = await the_post(request)
    return await _page(request, who, post, said=told_by(request, _SAID))


async def preview(request: web.Request) -> web.Response:
    """The same page with what was typed, and how readers would see it; or that alone."""
    who = await owner(request)
    form = await read_upload(request, who, covers.MAX_BYTES, _FIELD_BYTES)
    post = await the_post(request)
    draft = await _read(request, post, form)
    shown = await _previewed(post, form, draft)
    if FRAGMENT_HEADER in request.headers:
        text = render(request.app, "studio/preview.html", post=post, shown=shown)
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers={"Cache-Control": "no-store"})
    again = _choose_again(form)
    return await _page(request, who, post, form=form, wrong=draft.wrong, shown=shown, trouble_text=again)


async def save(request: web.Request) -> web.Response:
    who = await owner(request)
    form = await read_upload(request, who, covers.MAX_BYTES, _FIELD_BYTES)
    slug = request.match_info["slug"]
    post = await request.app[POSTS].by_slug(slug)
    if post is None:
        return await _gone(request, who, form)
    draft = await _read(request, post, form)
    if draft.wrong or draft.change is None:
        return await _page(request, who, post, form=form, wrong=draft.wrong, status=422, trouble_text=_MEND)
    if form["revision"] != str(post.updated_at):
        return await _meanwhile(request, who, post, form, draft)
    try:
        cover, images = await _pictures(request, post, form, draft)
    except InvalidInput as error:
        wrong = Words(picture=f"{error.detail} {error.remedy}")
        return await _page(request, who, post, form=form, wrong=wrong, status=422, trouble_text=_MEND)
    new = await asyncio.to_thread(rewritten, post, draft.blocks, cover=cover, images=images)
    posts, expected = request.app[POSTS], {post.updated_at}
    try:
        found = await posts.change(slug, draft.change, rewritten=new, by=who.person.handle, expected=expected)
    except ChangedMeanwhile:
        found, now = True, await posts.by_slug(slug)
        if now is not None:
            return await _meanwhile(request, who, now, form, draft)
    line = await posts.line(slug)
    if not found or line is None:
        return await _gone(request, who, form)
    return see(f"{path_of(slug)}?said={'same' if line.updated_at == post.updated_at else 'saved'}")


async def the_post(request: web.Request) -> Post:
    """Raises NotFound."""
    slug = request.match_info["slug"]
    found = await request.app[POSTS].by_slug(slug)
    if found is None:
        raise NotFound(f"There is no post {slug[:100]!r}.", remedy="It may have been deleted: /studio/posts has them.")
    return found


def path_of(slug: str) -> str:
    from urllib.parse import quote

    return f"/studio/posts/{quote(slug, safe='')}"


async def _read(request: web.Request, post: Post, form: Form) -> _Draft:
    """The form, with all that is wrong in it."""
    wrong = Words()
    choice = _choice(post, form, wrong)
    change = _change(post, form, choice, wrong)
    pictures = _named(post)
    try:
        blocks = await asyncio.to_thread(
            read_edited, form["markdown"], base=await _base(request, post, form), pictures=pictures,
            own_base_url=base_url(request.app),
        )  # fmt: skip
    except InvalidInput as error:
        wrong["markdown"] = f"{error.detail} {error.remedy}"
        blocks = []
    return _Draft(change, blocks, choice, wrong)


def _choice(post: Post, form: Form, wrong: Words) -> str:
    choice = form["cover"] or _KEEP
    if form.file:
        choice = _UPLOAD  # who has chosen a picture means it
    if choice in {_KEEP, _NONE, _DRAW} or _chosen(post, choice) is not None:
        return choice
    if choice != _UPLOAD:
        wrong["cover"] = "That picture is not one of the post's any more. Choose another."
    elif not form.file:
        wrong["picture"] = "No picture was chosen. Choose the file, or another cover."
    elif not form["picture_alt"].strip():
        wrong["picture_alt"] = "Say what the picture shows, for those who cannot see it."
    return choice


def _chosen(post: Post, choice: str) -> Picture | None:
    """The picture of the post that is to be its cover."""
    return next((picture for picture in post.images if choice == f"{_KEY}{picture.key}"), None)


def _change(post: Post, form: Form, choice: str, wrong: Words) -> PostChange | None:
    """What the fields say that is not as it is: what was good when it was published need not be by today's rules."""
    from pydantic import ValidationError

    from blogen.domain.changes import PostChange

    alt_field = "picture_alt" if choice == _UPLOAD else "cover_alt" if choice == _KEEP and post.cover else ""
    given = {
        "title": form["title"] if form["title"] != post.title else None,
        "summary": form["summary"] if form["summary"] != post.summary else None,
        "tags": [tag for part in form["tags"].split(",") if (tag := part.strip())],
        "cover_alt": form.values.get(alt_field),
    }
    try:
        return PostChange.model_validate(given)
    except ValidationError as error:
        for path, message in as_invalid_input(error).errors:
            name = alt_field if path == "cover_alt" else path.partition(".")[0]
            wrong[name] = _worded(name, path, message)
        return None


def _worded(name: str, path: str, message: str) -> str:
    if path.startswith("tags."):
        return f"Tag {int(path.partition('.')[2]) + 1} {message}."
    if name == "title" and message.endswith("found 0"):
        return "Give the post a title."
    words = {"cover_alt": "description", "picture_alt": "description", "tags": "list of tags"}
    return f"The {words.get(name, name)} {message}."


async def _base(request: web.Request, post: Post, form: Form) -> Sequence[Block]:
    """The blocks that were edited: their footnotes are what the marks in the text mean."""
    base = form["base"]
    if base.isascii() and base.isdigit() and len(base) < 16 and int(base) != post.updated_at:
        version = await request.app[VERSIONS].saved_at(post.slug, int(base))
        if version is not None:
            return version.blocks
    return post.blocks


async def _pictures(
    request: web.Request, post: Post, form: Form, draft: _Draft
) -> tuple[Picture | None, Sequence[Picture]]:
    """The cover that was chosen, made if need be, and all pictures of the post. Raises InvalidInput."""
    match draft.choice:
        case "keep":
            return post.cover, post.images
        case "none":
            return None, post.images
        case "upload":
            made = await covers.uploaded(
                request, form.file, key=_free_key(post), alt=form["picture_alt"].strip(),
                is_by_ai=bool(form["picture_ai"]),
            )  # fmt: skip
        case "draw":
            title = draft.change.title if draft.change and draft.change.title else post.title
            made = await covers.drawn(request, title, key=_free_key(post), language=post.language)
        case chosen:
            return _chosen(post, chosen), post.images
    return made, [*post.images, made]


def _free_key(post: Post) -> str:
    """A key that none of the post's pictures has: `cover`, `cover-2` …"""
    taken = {picture.key for picture in post.images} | ({post.cover.key} if post.cover else set())
    if "cover" not in taken:
        return "cover"
    return next(key for number in range(2, len(taken) + 3) if (key := f"cover-{number}") not in taken)


def _named(post: Post) -> Mapping[str, Picture]:
    return {picture.key: picture for picture in [*post.images, *([post.cover] if post.cover else [])]}


async def _previewed(post: Post, form: Form, draft: _Draft) -> dict[str, Any]:
    """What the template of a preview is given."""
    change, cover = draft.change, post.cover
    if draft.choice not in {_KEEP, _DRAW, _UPLOAD}:
        cover = _chosen(post, draft.choice)
    new = await asyncio.to_thread(rewritten, post, draft.blocks, cover=cover, images=post.images)
    return {
        "title": change.title if change and change.title else " ".join(form["title"].split())[:300],
        "summary": form["summary"][:1000],
        "tags": change.tags if change and change.tags else [],
        "cover": cover,
        "new_cover": draft.choice in {_DRAW, _UPLOAD},
        "html": new.html,
        "words": new.words,
        "wrong": [text for name, text in draft.wrong.items() if name != "picture"],
    }


async def _meanwhile(request: web.Request, who: Visitor, now: Post, form: Form, draft: _Draft) -> web.Response:
    """Somebody saved since the form was given out: both texts, and the choice; or nothing to do, if it was this one."""
    from blogen.render.differences import compare, compare_line

    versions = request.app[VERSIONS]
    lines = await versions.of_post(now.slug)
    mine, theirs = editable(draft.blocks), editable(now.blocks)
    by = lines[0].by if lines else ""
    typed = [
        ("Title", now.title, " ".join(form["title"].split())),
        ("Summary", now.summary, " ".join(form["summary"].split())),
        ("Tags", ", ".join(now.tags), ", ".join(tidy_tags(form["tags"].split(",")))),
    ]
    if by == who.person.handle and mine == theirs and all(said == meant for _, said, meant in typed):
        return see(f"{path_of(now.slug)}?said=saved")  # sent twice
    fields = [(name, compare_line(said, meant)) for name, said, meant in typed]
    meanwhile = {
        "by": by,
        "at": now.updated_at,
        "number": lines[0].number if lines else 0,
        "text": theirs,
        "fields": [(name, pieces) for name, pieces in fields if any(piece.kind != "same" for piece in pieces)],
        "lines": await asyncio.to_thread(compare, theirs, mine),
    }
    return await _page(request, who, now, form=form, meanwhile=meanwhile, status=409, trouble_text=_choose_again(form))


async def _gone(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """The post was deleted meanwhile: what was typed is shown, to be taken along."""
    return await page(
        request, "edit_gone.html", who, status=410, values=form.kept(*_TYPED),
        trouble_text="The post was deleted while you edited it. Nothing can be saved; here is what you wrote.",
    )  # fmt: skip


_MEND: Final = "It is not saved yet: something has to be mended below."


def _choose_again(form: Form) -> str:
    return "Browsers forget a chosen file: choose the picture again before you save." if form.file else ""


async def _page(
    request: web.Request,
    who: Visitor,
    post: Post,
    *,
    form: Form | None = None,
    wrong: Words | None = None,
    shown: dict[str, Any] | None = None,
    meanwhile: dict[str, Any] | None = None,
    status: int = 200,
    said: str = "",
    trouble_text: str = "",
) -> web.Response:
    from blogen.domain.post import Note

    values = Words(
        title=post.title, summary=post.summary, markdown=editable(post.blocks), tags=", ".join(post.tags), cover=_KEEP,
        cover_alt=post.cover.alt if post.cover else "",
    )  # fmt: skip
    return await page(
        request,
        "edit.html",
        who,
        status=status,
        post=post,
        is_unsaved=form is not None,
        at=path_of(post.slug),
        values=form.kept(*_TYPED) if form else values,
        # Once the person has been told what somebody else saved, saving means it.
        revision=post.updated_at if form is None or meanwhile else form["revision"],
        base=form["base"] if form else post.updated_at,
        wrong=wrong or Words(),
        notes=[block for block in post.blocks if isinstance(block, Note)],
        shown=shown,
        meanwhile=meanwhile,
        versions=len(await request.app[VERSIONS].of_post(post.slug)),
        said=said,
        trouble_text=trouble_text,
        max_megabytes=covers.MAX_BYTES // 1_000_000,
    )
