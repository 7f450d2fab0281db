"""What takes one press: like, keep, follow, mute, block. A form says what shall be (`on`): sent twice is done once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from blogen.domain.mistakes import validated
from blogen.web.keys import AVERSIONS, SOCIAL
from blogen.web.social.acting import act, back_to, done
from blogen.web.words import urlpart

if TYPE_CHECKING:
    from blogen.store.aversions import Kind
    from blogen.web.people.forms import Form
    from blogen.web.people.session import Visitor


@act
async def like(request: web.Request, who: Visitor, form: Form) -> web.Response:
    social, slug = request.app[SOCIAL], request.match_info["slug"]
    standing = await (social.like if form["on"] else social.unlike)(who.person.id, slug)
    said = "You like this post." if standing.marks.liked else "You do not like this post any more."
    return done(request, _post(form, slug), said, on=standing.marks.liked, count=standing.likes)


@act
async def bookmark(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """`list` moves it into that list, empty into none; a form without it leaves it where it is."""
    from blogen.domain.social import BookmarkRequest

    social, slug, person_id = request.app[SOCIAL], request.match_info["slug"], who.person.id
    if not form["on"]:
        standing = await social.remove_bookmark(person_id, slug)
        return done(request, _post(form, slug), "The post is no longer among your bookmarks.", on=False)
    into = validated(BookmarkRequest, {"list": form["list"] if "list" in form.values else None}).list
    standing = await social.bookmark(person_id, slug, into)
    where = f"in the list “{standing.list}”" if standing.list else "among your bookmarks"
    text = {"bookmark-in": standing.list or "Add to a list"}
    return done(request, _post(form, slug), f"The post is {where}.", on=True, text=text)


@act
async def forget(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """Take a post out of what the person has read."""
    await request.app[SOCIAL].forget_place(who.person.id, request.match_info["slug"])
    return done(request, back_to(form, "/history"), "It is no longer in your history.")


@act
async def progress(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """How far somebody has read; `talk.js` tells it when they leave."""
    from blogen.domain.social import ProgressRequest
    from blogen.store.social import Place

    slug = request.match_info["slug"]
    told = validated(ProgressRequest, {name: form[name] for name in ("block", "fraction", "at")})
    await request.app[SOCIAL].read_up_to(who.person.id, slug, Place(told.block, told.fraction, told.at_ms))
    return done(request, _post(form, slug))


@act
async def follow_author(request: web.Request, who: Visitor, form: Form) -> web.Response:
    social, handle = request.app[SOCIAL], request.match_info["handle"]
    standing = await (social.follow_author if form["on"] else social.unfollow_author)(who.person.id, handle)
    said = "You are told of this author’s new posts." if standing.is_followed else "You do not follow this author."
    back = back_to(form, f"/authors/{urlpart(handle)}")
    return done(request, back, said, on=standing.is_followed, count=standing.followers)


@act
async def follow_tag(request: web.Request, who: Visitor, form: Form) -> web.Response:
    social, tag = request.app[SOCIAL], " ".join(request.match_info["tag"].lower().split())
    standing = await (social.follow_tag if form["on"] else social.unfollow_tag)(who.person.id, tag)
    said = "You are told of new posts about this." if standing.is_followed else "You do not follow this topic."
    back = back_to(form, f"/tags/{urlpart(tag)}")
    return done(request, back, said, on=standing.is_followed, count=standing.followers)


@act
async def mute(request: web.Request, who: Visitor, form: Form) -> web.Response:
    return await _look_away(request, who, form, "mute")


@act
async def block(request: web.Request, who: Visitor, form: Form) -> web.Response:
    return await _look_away(request, who, form, "block")


async def _look_away(request: web.Request, who: Visitor, form: Form, kind: Kind) -> web.Response:
    store, handle = request.app[AVERSIONS], request.match_info["handle"]
    await (store.add if form["on"] else store.remove)(who.person.id, handle, kind)
    word = {"mute": "muted", "block": "blocked"}[kind]
    said = f"@{handle} is {word}." if form["on"] else f"@{handle} is no longer {word}."
    return done(request, back_to(form, "/me/hidden"), said, on=bool(form["on"]))


def _post(form: Form, slug: str) -> str:
    return back_to(form, f"/p/{urlpart(slug)}#acts")
