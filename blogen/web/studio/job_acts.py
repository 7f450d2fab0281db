"""What a person does with a job: approve, send back, reject, try again, cancel, pause, resume; verbs of the engine."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from blogen.domain.job import Job, JobState
from blogen.domain.mistakes import validated
from blogen.domain.orders import Decision, RetryRequest, Revision
from blogen.domain.person import Actor
from blogen.engine.engine import Engine
from blogen.errors import Conflict, FieldError, InvalidInput, NotFound
from blogen.web.keys import ENGINE
from blogen.web.people.forms import Form, beside_fields, read_form
from blogen.web.people.session import see
from blogen.web.studio.door import actor, owner
from blogen.web.studio.job import STRIKE, job_page, look
from blogen.web.studio.wording import now_of, told
from blogen.web.words import day, hour

Act = Callable[[Engine, str, Form, Actor], Awaitable[Job]]


async def act(request: web.Request) -> web.Response:
    """Do it and go back to the job's page; if the job has moved meanwhile, say what it did instead."""
    who = await owner(request)
    job_id, name = request.match_info["id"], request.match_info["act"]
    if name not in ACTS:
        raise NotFound("There is nothing of that kind to do with a job.", remedy="Choose from what its page offers.")
    form = await read_form(request, who)
    kept = form.kept("note", "fresh", *_struck(form))
    try:
        await _check_is_what_was_read(request, job_id, name, form)
        await ACTS[name](await asyncio.shield(request.app[ENGINE]), job_id, form, actor(who))
    except Conflict as error:
        trouble = f"Nothing was done. {await _instead(request, job_id, name, error)}"
        return await job_page(request, who, status=409, trouble=trouble, values=kept)
    except InvalidInput as error:
        beside = beside_fields(error)
        trouble = "" if "note" in beside else f"Nothing was done. {error}".replace("`strike`", "What you chose")
        return await job_page(request, who, status=422, trouble=trouble, values=kept, wrong=beside)
    return see(f"/studio/jobs/{job_id}?said={name}")


async def _approve(engine: Engine, job_id: str, form: Form, by: Actor) -> Job:
    return await engine.approve(job_id, by=by, note=_note(form))


async def _reject(engine: Engine, job_id: str, form: Form, by: Actor) -> Job:
    return await engine.reject(job_id, by=by, note=_note(form))


async def _revise(engine: Engine, job_id: str, form: Form, by: Actor) -> Job:
    note, strike = _note(form), [name.removeprefix(STRIKE) for name in _struck(form)]
    if not note and not strike:
        message = "is missing: say what is to be changed, or choose parts to leave out"
        raise InvalidInput("There is no note.", errors=[FieldError("note", message)])
    wanted = validated(Revision, {"note": note, "strike": strike, "revision": form["revision"] or None})
    return await engine.revise(job_id, wanted, by=by)


async def _retry(engine: Engine, job_id: str, form: Form, by: Actor) -> Job:
    order = validated(RetryRequest, {"from": form["from"] or None, "fresh": bool(form["fresh"])})
    return await engine.retry(job_id, by=by, from_step=order.from_, fresh=order.fresh)


async def _cancel(engine: Engine, job_id: str, _form: Form, by: Actor) -> Job:
    return await engine.cancel(job_id, by=by)


async def _pause(engine: Engine, job_id: str, _form: Form, by: Actor) -> Job:
    return await engine.pause(job_id, by=by)


async def _resume(engine: Engine, job_id: str, _form: Form, by: Actor) -> Job:
    return await engine.resume(job_id, by=by)


ACTS: Final[Mapping[str, Act]] = {
    "approve": _approve,
    "revise": _revise,
    "reject": _reject,
    "retry": _retry,
    "cancel": _cancel,
    "pause": _pause,
    "resume": _resume,
}


class _OtherText(Conflict):
    """What was decided about is no longer what stands there."""


_ALSO: Final = {"approve": "repeat", "retry": "now"}
"""What the page calls an act where the job waits for something else."""


def _struck(form: Form) -> list[str]:
    """The fields of the parts that were chosen to be left out."""
    return [name for name in form.values if name.startswith(STRIKE)]


def _note(form: Form) -> str:
    return validated(Decision, {"note": form["note"].strip()}).note


async def _check_is_what_was_read(request: web.Request, job_id: str, name: str, form: Form) -> None:
    """A decision is about the text that the page showed. Raises Conflict if it is another by now."""
    if name not in {"approve", "revise", "reject"} or not form["revision"]:
        return
    seen = await look(request.app, job_id)
    if seen.job.state is JobState.IN_REVIEW and seen.revision and seen.revision != form["revision"]:
        raise _OtherText("The draft is another one now than the one that you read. Read it again, then decide.")


async def _instead(request: web.Request, job_id: str, name: str, error: Conflict) -> str:
    """What the job has done while the page was open, and where it is."""
    if isinstance(error, _OtherText):
        return error.detail
    seen = await look(request.app, job_id)
    if {name, _ALSO.get(name)} & set(seen.acts):
        return str(error)
    # Of what happened at the same moment the person's part says more: “Rejected by …”, and not “Failed”.
    last = max(told(seen.timeline, seen.names), key=lambda line: (line.at, " by " in line.words))
    now = now_of(seen.job)
    return (
        f"The job has moved meanwhile: “{last.words}”, {day(last.at)}, {hour(last.at)} UTC."
        f" What you see is where it is now: {now.words[:1].lower()}{now.words[1:]}."
    )
