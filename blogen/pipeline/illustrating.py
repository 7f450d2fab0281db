"""Illustrating: what shall be drawn, the pictures from the first service that gives them, stored as our own files."""

from functools import partial

from blogen.domain.job import JobState, Waiting
from blogen.domain.model import Model
from blogen.domain.post_summary import Picture
from blogen.domain.writing import Edited, Illustration, Illustrations
from blogen.engine.context import JobContext, used
from blogen.engine.outcome import Outcome
from blogen.errors import AnswerUnusable, ContentRefused, InvalidInput
from blogen.events import StepProgressed
from blogen.pipeline.asking import writer_of
from blogen.pipeline.budget import guessed_usd_micros
from blogen.pipeline.calling import first_that_answers
from blogen.pipeline.services import Services, brief_of
from blogen.providers.protocols import Drawn, ImageRequest, Pending, Submitted, Usage
from blogen.render.pictures import prepare

_ATTEMPTS_BEFORE_NEXT = 2
_EMBEDDED = "covers"
_REWORDED = "/reworded"


class Illustrated(Model):
    """The result of an image step: the stored picture and what it cost."""

    picture: Picture
    usage: Usage = Usage()


async def illustrate(services: Services, job: JobContext) -> Outcome:
    """Pictures are ordered side by side; while a service works on one, the job waits and holds no worker."""
    if not job.request.images:
        return JobState.ASSEMBLING
    edited = job.result("edit", Edited)  # a revision keeps the pictures that were drawn
    writer = writer_of(job, services)
    orders = await job.step(
        "illustrations",
        Illustrations,
        partial(writer.illustrations, brief_of(job), edited, job.request.images),
        rests_on=edited,
    )
    drawn = await job.together([partial(_draw, services, job, edited.title, item) for item in orders.items])
    waits = [answer for answer in drawn if isinstance(answer, Waiting)]
    return min(waits, key=lambda wait: wait.until or 0) if waits else JobState.ASSEMBLING


async def _draw(services: Services, job: JobContext, title: str, order: Illustration) -> Illustrated | Waiting | None:
    """One picture, from the first service that gives it. Raises the error that says most if none does."""
    names = [_EMBEDDED] if job.job.id in services.offline_jobs else services.images.names
    return await first_that_answers(
        job,
        f"image:{order.key}",
        names,
        partial(_draw_with, services, job, title, order),
        known=services.images,
        patience=min(_ATTEMPTS_BEFORE_NEXT, services.config.engine.max_attempts - 1),
        variants=[_REWORDED],
    )


async def _draw_with(
    services: Services, job: JobContext, title: str, order: Illustration, name: str, step: str
) -> Illustrated | Waiting:
    """A picture by one service. What a policy forbids is described once more by the writer, for all services."""
    rewording = f"reword:{order.key}"
    if not job.is_finished(rewording):
        try:
            return await _order(services, job, title, order, name, step)
        except ContentRefused as refusal:
            reworded = partial(writer_of(job, services).reworded, brief_of(job), order, refusal.detail)
            await job.step(rewording, Illustration, reworded)
    return await _order(services, job, title, job.result(rewording, Illustration), name, step + _REWORDED)


async def _order(
    services: Services, job: JobContext, title: str, order: Illustration, name: str, step: str
) -> Illustrated | Waiting:
    images = services.images
    request = ImageRequest(prompt=order.prompt, alt=order.alt, title=title, key=order.key)
    reserve = images.reservation(name, request)
    turn = images.turn(name, priority=job.job.priority, job=job.job.id)
    referenced = request.model_copy(update={"reference": job.reference(step)})

    async def submit() -> Illustrated | Submitted:
        answer = await images.submit(turn, referenced)
        return await _store(services, name, order, answer) if isinstance(answer, Drawn) else answer

    async def poll(handle: str) -> Illustrated | Pending | Submitted:
        answer = await images.poll(name, handle)
        if isinstance(answer, Pending) and answer.fraction is not None:
            services.bus.publish(StepProgressed(job.job.id, step, answer.fraction))
        return await _store(services, name, order, answer) if isinstance(answer, Drawn) else answer

    return await job.order(
        step,
        Illustrated,
        submit,
        poll,
        find=partial(images.find, name) if images.can_find(name) else None,
        provider=name,
        rests_on=request,
        is_paid=reserve is not None,
        reserve=reserve,
        used=lambda answer: used(answer.usage, guessed_usd_micros(request)),
        turn=turn,
    )


async def _store(services: Services, name: str, order: Illustration, drawn: Drawn) -> Illustrated:
    """Bytes from outside become files of ours: decoded under limits, encoded anew, marked as made by a machine."""
    made_by = "/".join(dict.fromkeys(part for part in (drawn.usage.provider or name, drawn.usage.model) if part))
    try:
        prepared = await prepare(drawn.content, alt=order.alt, made_by=made_by, ai_generated=name != _EMBEDDED)
    except InvalidInput as error:  # it was drawn, and may be paid for
        raise AnswerUnusable(
            error.detail, remedy=error.remedy, provider=drawn.usage.provider, usage=drawn.usage
        ) from error
    urls = {}
    for file in prepared.files:
        medium = await services.media.add(
            file.content, file.media_type, width=file.width, height=file.height, made_by=made_by
        )
        urls[file.sha256] = medium.url
    picture = prepared.picture(order.key, lambda file: urls[file.sha256])
    return Illustrated(picture=picture, usage=drawn.usage)
