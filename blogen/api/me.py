"""`/me`: one's own account, to see, change, take along and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from blogen.api.answers import answer
from blogen.api.auth import actor_of, person_of
from blogen.api.keys import ATTEMPTS, MEDIA, PEOPLE
from blogen.api.requests import body, content
from blogen.api.sign_in import MAX_BODY_BYTES, confirm_password
from blogen.clients import forget_session
from blogen.errors import ChangedMeanwhile, Forbidden, NotSignedIn

if TYPE_CHECKING:
    from blogen.domain.person import Person

MAX_AVATAR_BYTES: Final = 5 * 1024 * 1024


async def show(request: web.Request) -> web.Response:
    person = await _me(request)
    if any(tag.value == _tag(person) for tag in request.if_none_match or ()):
        return web.Response(status=304, headers={"ETag": f'"{_tag(person)}"', "Cache-Control": "private, no-cache"})
    return _told(person)


async def change(request: web.Request) -> web.Response:
    from blogen.domain.accounts import ProfileChange

    order = await body(request, ProfileChange, at_most=MAX_BODY_BYTES)
    person = await _me(request)
    if "email" in order.model_fields_set and not actor_of(request).scope.includes(person.role):
        # Links for new passwords go there: who may do less than the person must not become the person by one.
        raise Forbidden("This app may not change where links for a new password go.", remedy="Sign in as a whole.")
    seen = _seen(request, person)
    return _told(await request.config_dict[PEOPLE].change_profile(person.id, order, seen=seen))


async def delete(request: web.Request) -> web.Response:
    from blogen.domain.accounts import AccountDeletion

    order = await body(request, AccountDeletion, at_most=MAX_BODY_BYTES)
    await confirm_password(request, order.password)
    await request.config_dict[PEOPLE].delete_account(person_of(request))
    response = web.Response(status=204)
    forget_session(response)
    return response


async def export(request: web.Request) -> web.StreamResponse:
    from pydantic_core import to_json

    response = web.StreamResponse(
        headers={
            "Content-Type": "application/json",
            "Content-Disposition": 'attachment; filename="blogen-export.json"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    last = None
    async for name, rows in request.config_dict[PEOPLE].everything_of(person_of(request)):
        if name != last:
            await response.write((b"{" if last is None else b"],") + to_json(name) + b":[")
            is_first = True
        if rows:
            await response.write((b"" if is_first else b",") + to_json([_worded(row) for row in rows])[1:-1])
            is_first = False
        last = name
    await response.write(b"]}")
    await response.write_eof()
    return response


def _worded(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the API tells things: times in words, yes and no, JSON as what it says."""
    from pydantic_core import from_json

    from blogen.api.views import rfc3339

    told = dict(row)
    for name, value in row.items():
        if isinstance(value, int) and (name == "at" or name.endswith("_at")):
            told[name] = rfc3339(value)
        elif name.startswith(("is_", "hides_")):
            told[name] = bool(value)
        elif name == "detail":
            told[name] = from_json(value)
    return told


async def put_avatar(request: web.Request) -> web.Response:
    from blogen.render.avatars import avatar

    request.config_dict[ATTEMPTS].picture(person_of(request))
    picture = await avatar(await content(request, MAX_AVATAR_BYTES))
    medium = await request.config_dict[MEDIA].add(
        picture.content, picture.media_type, width=picture.width, height=picture.height
    )
    return _told(await request.config_dict[PEOPLE].set_avatar(person_of(request), medium.name))


async def delete_avatar(request: web.Request) -> web.Response:
    return _told(await request.config_dict[PEOPLE].set_avatar(person_of(request), None))


async def _me(request: web.Request) -> Person:
    person = await request.config_dict[PEOPLE].by_id(person_of(request))
    if person is None:
        raise NotSignedIn("The account is gone.")
    return person


def _told(person: Person) -> web.Response:
    from blogen.api.people_views import me_view

    response = answer(me_view(person).told())
    response.headers["ETag"] = f'"{_tag(person)}"'
    return response


def _tag(person: Person) -> str:
    return f"{person.version:x}"


def _seen(request: web.Request, person: Person) -> int | None:
    """The version that `If-Match` names; None: whichever it is. Raises ChangedMeanwhile."""
    if "If-Match" not in request.headers:
        return None
    tags = {tag.value for tag in request.if_match or ()}
    if "*" in tags:
        return None
    if _tag(person) not in tags:
        raise ChangedMeanwhile("The profile was changed meanwhile.", remedy="Read it again, then change it.")
    return person.version
