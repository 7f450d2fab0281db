"""`/studio/moderation`: what people said that waits, was reported or removed; words; and the log, which takes back."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp import web

from blogen.errors import Conflict, InvalidInput, NotFound
from blogen.web.keys import MODERATION, POSTS
from blogen.web.people.forms import Form, Words, beside_fields, read_form
from blogen.web.people.session import see
from blogen.web.studio.door import owner, page
from blogen.web.words import told_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blogen.store.moderation import Moderation, Report
    from blogen.web.people.session import Visitor

HERE: Final = "/studio/moderation"
_A_PAGE: Final = 25
"""So many boxes that a form of them is read whole."""
_ACTS_A_PAGE: Final = 50
_ID: Final = re.compile(r"[0-9a-f-]{36}")
_PICK: Final = "pick-"
_VERBS: Final = {"approve": "approved", "remove": "removed", "restore": "restored"}
_SAID: Final = {
    "closed": "The report is closed, and who made it is told.",
    "removed": "The comment is removed and the report closed. Who made it is told.",
    "corrected": "The correction stands on the post's page, and the report is closed.",
    "undone": "Taken back.",
    "blocked": "Comments that say this wait for you from now on.",
    "unblocked": "Comments that say this are held no more.",
}


async def held(request: web.Request) -> web.Response:
    who = await owner(request)
    found, after = await request.app[MODERATION].queue(_A_PAGE, _after(request))
    return await _page(
        request, who, "held", said=_counted(request), comments=found, verbs=("approve", "remove"), after=after
    )


async def removed(request: web.Request) -> web.Response:
    who = await owner(request)
    found, after = await request.app[MODERATION].removed(_A_PAGE, _after(request))
    return await _page(request, who, "removed", said=_counted(request), comments=found, verbs=("restore",), after=after)


async def decide(request: web.Request) -> web.Response:
    """Approve, remove or restore the comments whose boxes are ticked, or the one whose button was pressed."""
    who = await owner(request)
    form = await read_form(request, who)
    moderation: Moderation = request.app[MODERATION]
    verb, ids = _asked(form)
    act = {"approve": moderation.approve, "remove": moderation.remove, "restore": moderation.restore}.get(verb)
    if act is None:
        raise InvalidInput("The form names nothing to be done.", remedy="Send it from its page.")
    late = 0
    for comment_id in ids:
        try:
            await act(comment_id, who.person.handle)
        except (Conflict, NotFound):  # somebody else was quicker, or its writer deleted it
            late += 1
    back = f"{HERE}/removed" if verb == "restore" else HERE
    return see(f"{back}?said={verb}&done={len(ids) - late}&late={late}")


async def reports(request: web.Request) -> web.Response:
    who = await owner(request)
    return await _reports(request, who, said=told_by(request, _SAID))


async def answer_report(request: web.Request) -> web.Response:
    """Close a report, with what came of it: nothing, the end of a comment, or a correction."""
    from blogen.domain.talk import MAX_NOTE_CHARS
    from blogen.render.comments import plain_note, tidy

    who = await owner(request)
    form = await read_form(request, who)
    report_id, by, moderation = request.match_info["id"], who.person.handle, request.app[MODERATION]
    outcome = tidy(form["outcome"])
    try:
        if len(outcome) > MAX_NOTE_CHARS:
            raise _wrong("outcome", f"must have at most {MAX_NOTE_CHARS} characters, found {len(outcome)}")
        if form["do"] == "correct":
            text = plain_note("correction", form["correction"], max_chars=MAX_NOTE_CHARS)
            await moderation.correct(report_id, text, outcome, by)
            return see(f"{HERE}/reports?said=corrected")
        if form["do"] == "remove":
            with suppress(Conflict):  # it is removed already
                await moderation.remove(form["comment"], by)
            await moderation.close_report(report_id, outcome, by)
            return see(f"{HERE}/reports?said=removed")
        await moderation.close_report(report_id, outcome, by)
    except InvalidInput as error:
        wrong = {report_id: beside_fields(error)}
        return await _reports(request, who, wrong=wrong, values={report_id: form}, status=422)
    except (Conflict, NotFound) as error:
        return await _reports(request, who, trouble_text=f"{error.detail} The log tells by whom.", status=error.status)
    return see(f"{HERE}/reports?said=closed")


async def words(request: web.Request) -> web.Response:
    who = await owner(request)
    return await _words(request, who, said=told_by(request, _SAID))


async def change_words(request: web.Request) -> web.Response:
    """Block the words of the field, or unblock the one whose button was pressed. What cannot be blocked stays there."""
    who = await owner(request)
    form = await read_form(request, who)
    moderation, by = request.app[MODERATION], who.person.handle
    if form["unblock"]:
        try:
            await moderation.unblock_word(form["unblock"], by)
        except NotFound as error:
            return await _words(request, who, trouble_text=error.detail, status=404)
        return see(f"{HERE}/words?said=unblocked")
    left, wrong = [], []
    for word in [word for part in form["word"].split(",") if (word := part.strip())] or [""]:
        try:
            await moderation.block_word(word, by)
        except (InvalidInput, Conflict) as error:
            left.append(word)
            wrong.append(error.detail)
    if left:
        values = Words(word=", ".join(left))
        return await _words(request, who, values=values, wrong=Words(word=" ".join(wrong[:5])), status=422)
    return see(f"{HERE}/words?said=blocked")


async def log(request: web.Request) -> web.Response:
    who = await owner(request)
    return await _log(request, who, said=told_by(request, _SAID))


async def undo(request: web.Request) -> web.Response:
    who = await owner(request)
    form = await read_form(request, who)
    try:
        await request.app[MODERATION].undo(form["act"])
    except (Conflict, NotFound) as error:
        return await _log(request, who, trouble_text=f"{error.detail} {error.remedy}", status=error.status)
    return see(f"{HERE}/log?said=undone")


def _asked(form: Form) -> tuple[str, list[str]]:
    """What to do, and with which comments."""
    for verb in _VERBS:
        if _ID.fullmatch(form[verb]):
            return verb, [form[verb]]
    picked = [name.removeprefix(_PICK) for name in form.values if name.startswith(_PICK)]
    return form["do"], [one for one in picked if _ID.fullmatch(one)]


def _counted(request: web.Request) -> str:
    """How many were decided about, in a sentence."""
    verb, done, late = (request.query.get(name, "") for name in ("said", "done", "late"))
    if verb not in _VERBS or not all(one.isascii() and one.isdigit() and len(one) < 4 for one in (done, late)):
        return ""
    if int(done) + int(late) == 0:
        return "No comment was chosen: tick the boxes first."
    said = f"{int(done)} {'comment' if int(done) == 1 else 'comments'} {_VERBS[verb]}."
    other = "Another had" if int(late) == 1 else f"{int(late)} others had"
    return f"{said} {other} been decided about meanwhile; the log knows." if int(late) else said


def _after(request: web.Request) -> str | None:
    after = request.query.get("after", "")
    return after if _ID.fullmatch(after) else None


def _wrong(field: str, message: str) -> InvalidInput:
    from blogen.errors import FieldError

    return InvalidInput(f"The {field} {message}.", errors=[FieldError(field, message)])


async def _reports(
    request: web.Request, who: Visitor, *, wrong: Mapping[str, Words] | None = None,
    values: Mapping[str, Form] | None = None, said: str = "", trouble_text: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    found, after = await request.app[MODERATION].reports(_A_PAGE, _after(request))
    titles, excerpts = {}, {}
    for report in found:
        if report.comment is None:
            titles[report.id], excerpts[report.id] = await _place(request, report)
    return await _page(
        request, who, "reports", reports=found, after=after, titles=titles, excerpts=excerpts, wrong=wrong or {},
        values=values or {}, said=said, trouble_text=trouble_text, status=status,
    )  # fmt: skip


async def _place(request: web.Request, report: Report) -> tuple[str, str]:
    """The title of the post, and what the reported block says now: nothing if the post has it no more."""
    from blogen.render.text import plain_text

    post = await request.app[POSTS].by_slug(report.slug)
    if post is None:
        return "", ""
    return post.title, plain_text([block for block in post.blocks if block.id == report.block], with_notes=True)


async def _words(
    request: web.Request, who: Visitor, *, values: Words | None = None, wrong: Words | None = None, said: str = "",
    trouble_text: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    return await _page(
        request, who, "words", words=await request.app[MODERATION].words(), values=values or Words(),
        wrong=wrong or Words(), said=said, trouble_text=trouble_text, status=status,
    )  # fmt: skip


async def _log(
    request: web.Request, who: Visitor, *, said: str = "", trouble_text: str = "", status: int = 200
) -> web.Response:
    moderation = request.app[MODERATION]
    acts, after = await moderation.log(_ACTS_A_PAGE, _after(request))
    return await _page(
        request, who, "log", acts=acts, after=after, targets=await moderation.targets(acts), said=said,
        trouble_text=trouble_text, status=status,
    )  # fmt: skip


async def _page(request: web.Request, who: Visitor, show: str, *, status: int = 200, **context: object) -> web.Response:
    """One of the five pages, each with the way to the others."""
    waiting, open_reports = await request.app[MODERATION].waiting()
    template = "moderation_comments.html" if show in {"held", "removed"} else f"moderation_{show}.html"
    common = {"show": show, "at": HERE, "held_count": waiting, "report_count": open_reports}
    return await page(
        request, template, who, status=status, picks_all=request.query.get("all") == "1", **common | context
    )
