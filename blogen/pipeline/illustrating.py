"""Illustrating: what shall be drawn, the pictures from the first service that gives them, stored as our own files."""

from functools import partial

from blogen.domain.job import JobState, Waiting
from blogen.domain.model import Model
from blogen.domain.post import Picture
from blogen.domain.writing import Edited, Illustration, Illustrations
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome, StepSkipped
from blogen.errors import BlogenError, InvalidInput, ProviderError
from blogen.pipeline.asking import used, writer_of
from blogen.pipeline.budget import check_budget
from blogen.pipeline.services import Services, brief_of
from blogen.providers.protocols import Drawn, ImageRequest, Pending, Submitted, Usage
from blogen.render.pictures import prepare

_ATTEMPTS_BEFORE_NEXT = 2
_EMBEDDED = "covers"


class Illustrated(Model):
    """The result of an image step: the stored picture and what it cost."""

    picture: Picture
    usage: Usage = Usage()


async def illustrate(services: Services, job: JobContext) -> Outcome:
    """Pictures are ordered side by side; while a service works on one, the job waits and holds no worker."""
    if not job.request.images:
        return JobState.ASSEMBLING
    edited = job.result("edit", Edited)
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
    """One picture, from the first service that gives it. Raises the first choice's error if none does."""
    names = [_EMBEDDED] if job.job.id in services.offline_jobs else services.images.names
    patience = min(_ATTEMPTS_BEFORE_NEXT, services.config.engine.max_attempts - 1)
    first_error: BlogenError | None = None
    for place, name in enumerate(names):
        step = f"image:{order.key}" if place == 0 else f"image:{order.key}/{name}"
        try:
            return await _draw_with(services, job, name, step, title, order)
        except StepSkipped:
            continue  # it may have been paid for; policy says to do without
        except (ProviderError, InvalidInput) as error:
            is_last = place == len(names) - 1
            if error.retryable and (job.job.attempt < patience or is_last):
                raise
            first_error = first_error or error
    if first_error is not None:
        raise first_error
    return None


async def _draw_with(
    services: Services, job: JobContext, name: str, step: str, title: str, order: Illustration
) -> Illustrated | Waiting:
    request = ImageRequest(
        prompt=order.prompt, alt=order.alt, title=title, key=order.key, reference=f"{job.job.id}:{step}"
    )
    priority, is_free = job.job.priority, services.images.is_free(name)
    if not is_free:
        await check_budget(job, services)

    async def submit() -> Illustrated | Submitted:
        answer = await services.images.submit(name, request, priority=priority)
        return answer if isinstance(answer, Submitted) else await _store(services, name, order, answer)

    async def poll(handle: str) -> Illustrated | Pending | Submitted:
        answer = await services.images.poll(name, handle, priority=priority)
        return answer if not isinstance(answer, Drawn) else await _store(services, name, order, answer)

    return await job.order(
        step,
        Illustrated,
        submit,
        poll,
        rests_on=request.model_copy(update={"reference": ""}),
        is_paid=not is_free,
        used=lambda answer: used(answer.usage),
    )


async def _store(services: Services, name: str, order: Illustration, drawn: Drawn) -> Illustrated:
    """Bytes from outside become files of ours: decoded under limits, encoded anew, marked as made by a machine."""
    made_by = "/".join(dict.fromkeys(part for part in (name, drawn.usage.model) if part))
    prepared = await prepare(drawn.content, alt=order.alt, made_by=made_by, ai_generated=name != _EMBEDDED)
    urls = {}
    for file in prepared.files:
        medium = await services.media.add(
            file.content, file.media_type, width=file.width, height=file.height, made_by=made_by
        )
        urls[file.sha256] = medium.url
    picture = prepared.picture(order.key, lambda file: urls[file.sha256])
    return Illustrated(picture=picture, usage=drawn.usage)
