"""`/studio/authors`: the personas that sign posts: who they are to readers, and how the writer is told to write."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from blogen.domain.person import Scope
from blogen.errors import BlogenError, ChangedMeanwhile, Conflict, FieldError, InvalidInput, NotFound, TooManyAttempts
from blogen.render.avatars import MAX_BYTES, avatar
from blogen.store.authors import mark
from blogen.web.keys import ATTEMPTS, AUTHORS, MEDIA, POSTS, SITE
from blogen.web.people.forms import Form, Words, beside_fields, read_form, read_upload
from blogen.web.people.session import Visitor, see
from blogen.web.people.show import slow_down
from blogen.web.studio.door import STUDIO, owner, page
from blogen.web.words import told_by

if TYPE_CHECKING:
    from blogen.domain.author import Author

PATH: Final = f"{STUDIO}/authors"
_SAID: Final = {
    "new": "The author is made. A picture can be added below.",
    "saved": "The author is saved.",
    "picture": "The picture is saved.",
    "no-picture": "The picture is removed.",
}
_CALLED: Final = {"bio": "text for readers", "persona": "text for the writer"}


async def authors(request: web.Request) -> web.Response:
    """All of them, and a form for a new one."""
    who = await owner(request, Scope.ADMIN)
    return await _list(request, who)


async def make(request: web.Request) -> web.Response:
    who = await owner(request, Scope.ADMIN)
    form = await read_form(request, who)
    given = {"handle": _as_handle(form["handle"]), **_given(form)}
    try:
        asked = _valid("AuthorRequest", given)
        try:
            made = await request.app[AUTHORS].create(asked)
        except Conflict:
            twin = await request.app[AUTHORS].by_handle(asked.handle)
            if twin is None or not _is_twin(twin, given):  # the same form, sent twice, makes one author
                raise
            made = twin
    except (InvalidInput, Conflict) as error:
        return await _list(request, who, given, _beside(error), status=422)
    return see(f"{PATH}/{made.handle}?said=new")


async def author(request: web.Request) -> web.Response:
    """One of them."""
    who = await owner(request, Scope.ADMIN)
    return await _one(request, who, await _author(request), said=told_by(request, _SAID))


async def save(request: web.Request) -> web.Response:
    who = await owner(request, Scope.ADMIN)
    form = await read_form(request, who)
    known, given = await _author(request), _given(form)
    try:
        await request.app[AUTHORS].change(known.handle, _valid("AuthorChange", given), seen=form["seen"] or None)
    except InvalidInput as error:
        return await _one(request, who, known, given, wrong=_beside(error), status=422)
    except ChangedMeanwhile:
        trouble = (
            "Somebody else saved this author meanwhile. Below is what you wrote; beside it stands what they saved. "
            "Save again to put yours in its place."
        )
        return await _one(request, who, await _author(request), given, trouble=trouble, status=409)
    return see(f"{PATH}/{known.handle}?said=saved")


async def save_picture(request: web.Request) -> web.Response:
    who = await owner(request, Scope.ADMIN)
    form = await read_upload(request, who, MAX_BYTES)
    known = await _author(request)
    if form["remove"]:
        await request.app[AUTHORS].set_avatar(known.handle, None)
        return see(f"{PATH}/{known.handle}?said=no-picture#picture")
    try:
        if not form.file:
            raise InvalidInput("No picture was chosen.", remedy="Choose one first.")
        request.app[ATTEMPTS].picture(who.person.id)
        made = await avatar(form.file)
        medium = await request.app[MEDIA].add(made.content, made.media_type, width=made.width, height=made.height)
        await request.app[AUTHORS].set_avatar(known.handle, medium.name)
    except (InvalidInput, ChangedMeanwhile) as error:
        wrong = Words(picture=f"{error.detail} {error.remedy}".strip())
        return await _one(request, who, known, wrong=wrong, status=422)
    except TooManyAttempts as error:
        wrong = Words(picture="Pictures were changed too often. Try again later.")
        return slow_down(await _one(request, who, known, wrong=wrong), error)
    return see(f"{PATH}/{known.handle}?said=picture#picture")


async def _author(request: web.Request) -> "Author":
    found = await request.app[AUTHORS].by_handle(request.match_info["handle"])
    if found is None:
        raise NotFound("There is no author of this name.", remedy=f"All of them are at {PATH}.")
    return found


def _given(form: Form) -> dict[str, str]:
    return {"name": form["name"].strip(), "bio": form["bio"], "persona": form["persona"]}


def _as_handle(text: str) -> str:
    """As it was meant: with the sign that mentions begin with, or in capitals."""
    text = text.strip().removeprefix("@")
    return text.lower() if text.isascii() else text


def _is_twin(made: "Author", given: Mapping[str, str]) -> bool:
    return all(getattr(made, name) == value.strip().replace("\r\n", "\n") for name, value in given.items())


def _valid(name: str, given: Mapping[str, str]) -> Any:
    """The request `AuthorRequest` or `AuthorChange`. Raises InvalidInput."""
    from blogen.domain import author_requests
    from blogen.domain.mistakes import validated

    return validated(getattr(author_requests, name), given)


def _beside(error: BlogenError) -> Words:
    if not isinstance(error, InvalidInput):
        error = InvalidInput(error.detail, errors=[FieldError("handle", f"is taken. {error.remedy}".rstrip("."))])
    return beside_fields(error, _CALLED)


async def _list(
    request: web.Request, who: Visitor, values: Mapping[str, str] | None = None, wrong: Words | None = None, *,
    status: int = 200,
) -> web.Response:  # fmt: skip
    return await page(
        request,
        "authors.html",
        who,
        status=status,
        authors=await request.app[AUTHORS].list(),
        signs=request.app[SITE].now.author,
        values=Words(values or {}),
        wrong=wrong or Words(),
    )


async def _one(
    request: web.Request, who: Visitor, known: "Author", values: Mapping[str, str] | None = None, *,
    wrong: Words | None = None, trouble: str = "", said: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    newest = await request.app[POSTS].newest(3, author=known.handle)
    return await page(
        request,
        "author.html",
        who,
        status=status,
        author=known,
        seen=mark(known),
        newest=newest.items,
        signs=request.app[SITE].now.author,
        values=Words(values or {"name": known.name, "bio": known.bio, "persona": known.persona}),
        is_conflict=status == 409,
        wrong=wrong or Words(),
        trouble_text=trouble,
        said=said,
    )
