"""`/notifications`: what a person is told, and what they have read of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.errors import NotFound
from blogen.web.keys import NOTIFICATIONS
from blogen.web.people.session import signed_in
from blogen.web.people.show import page
from blogen.web.social.acting import act, back_to, done
from blogen.web.social.talk import path_of, position

if TYPE_CHECKING:
    from blogen.store.notifications import Notification
    from blogen.web.people.forms import Form
    from blogen.web.people.session import Visitor

HOME: Final = "/notifications"
_A_PAGE: Final = 30


async def notifications(request: web.Request) -> web.Response:
    who, before = await signed_in(request), position(request, "before")
    only_unread = bool(request.query.get("unread"))
    store = request.app[NOTIFICATIONS]
    found, following = await store.of(who.person.id, _A_PAGE, before, unread=only_unread)
    more = "unread=1&" if only_unread else ""
    return await page(
        request,
        "social/notifications.html",
        who=who,
        script="talk.js",
        items=[(one, _more(one)) for one in found],
        only_unread=only_unread,
        is_first=before is None,
        unread=await unread(request, who.person.id),
        older=f"{HOME}?{more}before={following}" if following else None,
        here=request.path_qs,
    )


async def go(request: web.Request) -> web.Response:
    """To what a notification tells of; it is read by that."""
    who, id_ = await signed_in(request), request.match_info["id"]
    store = request.app[NOTIFICATIONS]
    found = await store.one(id_)
    if found is None or found[0] != who.person.id:
        raise NotFound("There is no such notification.", remedy="It may have gone with what it told of.")
    await store.mark_read(who.person.id, [id_])
    raise web.HTTPSeeOther(_leads_to(found[1]))


@act
async def mark_read(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """One (`id`), or all up to the newest that the page showed (`until`)."""
    store = request.app[NOTIFICATIONS]
    if form["id"]:
        await store.mark_read(who.person.id, [form["id"]])
    elif form["until"]:
        await store.mark_read_until(who.person.id, form["until"])
    return done(request, back_to(form, HOME), "Marked as read.")


async def unread(request: web.Request, person_id: str) -> int:
    """How many notifications the person has not read; 1000 stands for that many or more."""
    return await request.app[NOTIFICATIONS].unread(person_id)


def _more(told: Notification) -> str:
    """What stands below the line: how the comment begins, the correction, or what came of a report."""
    from blogen.render.markdown import to_blocks
    from blogen.render.text import plain_text

    if told.excerpt is not None:
        return " ".join(plain_text(to_blocks(told.excerpt)).split())
    return str(told.detail.get("text") or told.detail.get("outcome") or "")


def _leads_to(told: Notification) -> str:
    if told.comment_id is not None:
        return f"/comments/{told.comment_id}"
    if told.slug is None:
        return HOME
    block = told.detail.get("block")
    return f"{path_of(told.slug)}{f'#b-{block}' if block else ''}"
