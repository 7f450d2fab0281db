"""`/me/hidden`: whom a person mutes and blocks, and whether they see posts that nobody reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.errors import BlogenError, InvalidInput, NotFound
from blogen.web.keys import AVERSIONS, PEOPLE
from blogen.web.people.forms import Words, beside_fields
from blogen.web.people.session import signed_in
from blogen.web.people.show import page
from blogen.web.social.acting import act, back_to, done, wants_json, worded

if TYPE_CHECKING:
    from blogen.store.aversions import Kind
    from blogen.web.people.forms import Form
    from blogen.web.people.session import Visitor

HOME: Final = "/me/hidden"
_A_PAGE: Final = 50


async def hidden(request: web.Request) -> web.Response:
    return await _page(request, await signed_in(request))


@act
async def hide(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """Mute or block (`kind`) whoever has the handle that was typed."""
    handle = form["handle"].strip().removeprefix("@")
    kind: Kind = "block" if form["kind"] == "block" else "mute"
    try:
        if not handle:
            raise NotFound("Say whom: the handle stands beside their comments.")
        await request.app[AVERSIONS].add(who.person.id, handle, kind)
    except (NotFound, InvalidInput) as error:
        if wants_json(request):
            raise
        return await _page(request, who, form.kept("handle"), error)
    return done(request, HOME, f"@{handle} is {'blocked' if kind == 'block' else 'muted'}.")


@act
async def choose(request: web.Request, who: Visitor, form: Form) -> web.Response:
    """Whether posts that no person has reviewed are left out."""
    from blogen.domain.accounts import ProfileChange

    change = ProfileChange(hides_unreviewed=bool(form["hides_unreviewed"]))
    await request.app[PEOPLE].change_profile(who.person.id, change)
    return done(request, back_to(form, "/me?said=seen#seen"), "Saved.")


async def _page(
    request: web.Request, who: Visitor, values: Words | None = None, error: BlogenError | None = None
) -> web.Response:
    after = request.query.get("after")
    found, following = await request.app[AVERSIONS].of(who.person.id, _A_PAGE, after)
    wrong = Words()
    if error is not None:
        wrong = Words(handle=" ".join(beside_fields(error).values()) if error.errors else str(worded(error)))  # type: ignore[arg-type]
    return await page(
        request,
        "social/hidden.html",
        who=who,
        status=error.status if error else 200,
        script="talk.js",
        items=found,
        is_first=after is None,
        following=following,
        values=values or Words(),
        wrong=wrong,
        here=HOME,
    )
