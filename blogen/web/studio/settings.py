"""`/studio/settings`: what the blog is called, how it looks, its logo. What the configuration sets is fixed here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from blogen.domain.mistakes import validated
from blogen.domain.person import Scope
from blogen.domain.theme import COLOURS, FONTS, INK, PAPER, Logo, mistakes_in
from blogen.errors import ChangedMeanwhile, InvalidInput, TooManyAttempts
from blogen.render.logos import MAX_BYTES, logo
from blogen.web.keys import ATTEMPTS, CONFIG, MEDIA, SITE
from blogen.web.own_templates import notice
from blogen.web.people.forms import Form, Words, beside_fields, read_form, read_upload
from blogen.web.people.session import Visitor, see
from blogen.web.people.show import slow_down
from blogen.web.studio.door import STUDIO, owner, page
from blogen.web.theme import look, preview
from blogen.web.words import told_by

if TYPE_CHECKING:
    from blogen.config import SiteConfig
    from blogen.domain.site import SiteChange

PATH: Final = f"{STUDIO}/settings"
_SAID: Final = {
    "name": "The name is saved. Every page shows it already.",
    "look": "The look is saved. Every page has it already.",
    "logo": "The logo is saved.",
    "no-logo": "The logo is removed.",
}
_NAMES: Final = ("title", "tagline", "description")
_FONTS: Final = ("reading_font", "interface_font")
_LOOK: Final = ("accent", "accent_dark", "paper", "paper_dark", "ink", "ink_dark", *_FONTS)
_CALLED: Final = {
    "accent": "accent", "accent_dark": "accent in dark", "paper": "paper", "paper_dark": "paper in dark",
    "ink": "ink", "ink_dark": "ink in dark",
}  # fmt: skip


async def settings(request: web.Request) -> web.Response:
    who = await owner(request, Scope.ADMIN)
    return await _page(request, who, said=told_by(request, _SAID))


async def save_name(request: web.Request) -> web.Response:
    who = await owner(request, Scope.ADMIN)
    form = await read_form(request, who)
    given = _given(request, form, _NAMES)
    try:
        await request.app[SITE].change(_valid(given))
    except InvalidInput as error:
        return await _page(request, who, given, beside_fields(error), status=422)
    return see(f"{PATH}?said=name")


async def save_look(request: web.Request) -> web.Response:
    """Save colours and fonts; or, without a script, show what they would look like."""
    who = await owner(request, Scope.ADMIN)
    form = await read_form(request, who)
    given = _given(request, form, _LOOK)
    try:
        change = _valid(_or_built_in(given))
        if form["try"]:
            wrong = Words({key: f"{words}." for key, words in mistakes_in(_colours(request, given)).items()})
            return await _page(request, who, given, wrong)
        await request.app[SITE].change(change)
    except InvalidInput as error:
        return await _page(request, who, given, _beside(error), status=422)
    return see(f"{PATH}?said=look#look")


async def save_logo(request: web.Request) -> web.Response:
    from blogen.domain.site import SiteChange

    who = await owner(request, Scope.ADMIN)
    form = await read_upload(request, who, MAX_BYTES)
    if form["remove"]:
        await request.app[SITE].change(SiteChange(logo=None))
        return see(f"{PATH}?said=no-logo#logo")
    try:
        if not form.file:
            raise InvalidInput("No picture was chosen.", remedy="Choose one first.")
        request.app[ATTEMPTS].picture(who.person.id)
        made = await logo(form.file)
        medium = await request.app[MEDIA].add(made.content, made.media_type, width=made.width, height=made.height)
        await request.app[SITE].change(SiteChange(logo=Logo(medium.name, made.width, made.height)))
    except (InvalidInput, ChangedMeanwhile) as error:
        wrong = Words(picture=f"{error.detail} {error.remedy}".strip())
        return await _page(request, who, wrong=wrong, status=422)
    except TooManyAttempts as error:
        wrong = Words(picture="Pictures were changed too often. Try again later.")
        return slow_down(await _page(request, who, wrong=wrong), error)
    return see(f"{PATH}?said=logo#logo")


async def preview_sheet(request: web.Request) -> web.Response:
    """What the look that is asked for would be, for the part of the page that shows it."""
    await owner(request, Scope.ADMIN)
    text = preview(_tried(request, request.query), ".look")
    return web.Response(text=text, content_type="text/css", headers={"Cache-Control": "no-store"})


async def preview_notes(request: web.Request) -> web.Response:
    """What there is to say about it."""
    await owner(request, Scope.ADMIN)
    notes = _notes(request, request.query)
    return web.json_response(notes, headers={"Cache-Control": "no-store"})


def _given(request: web.Request, form: Form, names: tuple[str, ...]) -> dict[str, str]:
    """What was sent of what is not fixed."""
    return {name: form[name] for name in names if name not in request.app[SITE].fixed}


def _or_built_in(given: Mapping[str, str]) -> dict[str, str | None]:
    return {name: value.strip() or None for name, value in given.items()}


def _valid(given: Mapping[str, Any]) -> "SiteChange":
    """Raises InvalidInput."""
    from blogen.domain.site import SiteChange

    return validated(SiteChange, given)


def _beside(error: InvalidInput) -> Words:
    """Sentences about colours stand for themselves."""
    return Words(
        {path: f"{message}." if message.startswith("#") else f"The {_CALLED.get(path, path)} {message}."
         for path, message in error.errors}
    )  # fmt: skip


def _readable(request: web.Request, given: Mapping[str, str]) -> dict[str, Any]:
    """What can be made out of a look that is being tried; the rest as it is saved."""
    made: dict[str, Any] = {}
    for name in _LOOK:
        if name in given and name not in request.app[SITE].fixed:
            try:
                made |= _valid({name: given[name].strip() or None}).model_dump(include={name})
            except InvalidInput:
                continue
    return made


def _colours(request: web.Request, given: Mapping[str, str]) -> dict[str, str | None]:
    now, tried = request.app[SITE].now, _readable(request, given)
    return {key: tried[key] if key in tried else getattr(now, key) for key in COLOURS}


def _tried(request: web.Request, given: Mapping[str, str]) -> "SiteConfig":
    tried = _readable(request, given)
    built_in = {
        name: "charter" if name == "reading_font" else "system" for name in _FONTS if tried.get(name, "") is None
    }
    return request.app[SITE].now.model_copy(update=tried | built_in)


def _notes(request: web.Request, given: Mapping[str, str]) -> list[str]:
    wrong = mistakes_in(_colours(request, given))
    return [f"{words}." for words in wrong.values()] + [str(told) for told in look(_tried(request, given)).told]


async def _page(
    request: web.Request, who: Visitor, given: Mapping[str, str] | None = None, wrong: Words | None = None, *,
    said: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    site, own = request.app[SITE], notice(request.app)
    values = {name: getattr(site.now, name) or "" for name in (*_NAMES, *_LOOK)} | dict(given or {})
    tried = {name: values[name] for name in _LOOK}
    return await page(
        request,
        "settings.html",
        who,
        status=status,
        site_language=site.now.language,
        site_author=site.now.author,
        fixed=site.fixed,
        colours=_colour_rows(),
        fonts=list(FONTS),
        tried=tried,
        notes=_notes(request, tried),
        logo=site.logo,
        own_folder=str(own.folder.absolute()),
        own_files=own.files,
        own_failures=list(own.failures.values()),
        has_file=bool(request.app[CONFIG].place("")),
        values=Words(values),
        wrong=wrong or Words(),
        said=said,
    )


def _colour_rows() -> list[tuple[str, str, str]]:
    """Key, label and what is built in."""
    accents = [look_pair["accent"] for look_pair in _built_in()]
    rows = []
    for key, label, pair in (("accent", "Accent", accents), ("paper", "Paper", PAPER), ("ink", "Ink", INK)):
        rows += [(key, label, pair[0]), (f"{key}_dark", f"{label} in dark", pair[1])]
    return rows


def _built_in() -> tuple[Mapping[str, str], Mapping[str, str]]:
    from blogen.config import SiteConfig

    made = look(SiteConfig.model_construct())
    return made.light, made.dark
