"""Which writer writes a job, and how its questions become durable steps."""

from collections.abc import Sequence
from functools import partial

from blogen.domain.job import Waiting, WaitingFor
from blogen.domain.source import Passage, Research, Source
from blogen.domain.writing import Brief, Edited, Illustration, Illustrations, Outline, OutlineSection, Queries, Section
from blogen.engine.context import JobContext, in_doubt_error, used
from blogen.engine.outcome import Suspended
from blogen.errors import ProviderError, ProviderRefused
from blogen.events import TextStreamed
from blogen.pipeline.budget import guessed_usd_micros
from blogen.pipeline.calling import first_that_answers
from blogen.pipeline.services import Services, author_of
from blogen.providers.protocols import TextAnswer, TextRequest
from blogen.store.steps import Used
from blogen.writing.writer import Ask, Writer


def writer_of(job: JobContext, services: Services) -> Writer:
    """The extractive writer where no model is configured; else the models, with it behind them if it is listed."""
    if services.is_offline(job):
        return services.new_extractive(job.request.language)
    writer = services.new_language_model(ask_of(job, services), persona_handle=author_of(job, services))
    if not services.text.has_offline:
        return writer
    is_last_attempt = job.job.attempt + 1 >= services.config.engine.max_attempts
    return _WithFallback(writer, services.new_extractive(job.request.language), at_once=is_last_attempt)


def model_of(job: JobContext, services: Services, *, revision: int) -> Writer:
    """The models alone, for a reviewer's note, which sentences of the sources cannot follow."""
    if services.is_offline(job):
        raise ProviderRefused(
            "A reviewer's note needs a language model, and none is configured any more.",
            remedy="Configure a [text.NAME] provider and retry the job.",
        )
    return services.new_language_model(ask_of(job, services, revision), persona_handle=author_of(job, services))


def ask_of(job: JobContext, services: Services, revision: int = 0) -> Ask:
    """Questions to the configured text models, each a durable step of `job`, by the first model that answers.

    In a revision those of the editing have names of their own: `edit:1/critic`.
    """

    async def ask(name: str, request: TextRequest) -> TextAnswer:
        models = services.text
        if revision and name.startswith("edit/"):
            name = f"edit:{revision}/{name.removeprefix('edit/')}"
        answer = await first_that_answers(
            job,
            name,
            models.order(request.purpose),
            lambda model, step: _ask_one(services, job, model, step, request),
            known=models,
        )
        if answer is None:
            raise in_doubt_error(name)
        return answer

    return ask


async def _ask_one(services: Services, job: JobContext, model: str, step: str, request: TextRequest) -> TextAnswer:
    models = services.text
    stream = partial(_stream, services, job.job.id, step) if services.is_streaming else None
    reserve = models.reservation(model, request)
    turn = models.turn(model, request, priority=job.job.priority, job=job.job.id)
    referenced = request.model_copy(update={"reference": job.reference(step)})

    def used_for(answer: TextAnswer) -> Used:
        return used(answer.usage, guessed_usd_micros(request))

    if not models.works_in_background(model, request):
        return await job.call(
            step,
            TextAnswer,
            lambda: models.complete(turn, referenced, stream=stream),
            provider=model,
            rests_on=request,
            is_paid=reserve is not None,
            reserve=reserve,
            used=used_for,
            turn=turn,
        )
    answer = await job.order(
        step,
        TextAnswer,
        lambda: models.submit(turn, referenced),
        lambda handle: models.poll(model, handle),
        provider=model,
        rests_on=request,
        is_paid=reserve is not None,
        reserve=reserve,
        used=used_for,
        turn=turn,
        waiting_for=WaitingFor.PROVIDER,
    )
    if isinstance(answer, Waiting):
        raise Suspended(answer)
    return answer


def _stream(services: Services, job_id: str, step: str, text: str) -> None:
    services.bus.publish(TextStreamed(job_id, step, text))


class _WithFallback:
    """Models first; the extractive writer when they refuse, or when waiting for them has taken too long."""

    def __init__(self, first: Writer, second: Writer, *, at_once: bool) -> None:
        self._first = first
        self._second = second
        self._at_once = at_once

    @property
    def notice(self) -> str:
        return self._first.notice

    async def queries(self, brief: Brief) -> Queries:
        try:
            return await self._first.queries(brief)
        except ProviderError as error:
            if error.retryable and not self._at_once:
                raise
            return await self._second.queries(brief)

    async def passages(self, brief: Brief, sources: Sequence[Source]) -> list[Passage]:
        return await self._first.passages(brief, sources)

    async def outline(self, brief: Brief, research: Research) -> Outline:
        try:
            return await self._first.outline(brief, research)
        except ProviderError as error:
            self._give_up(error, research)
            return await self._second.outline(brief, research)

    async def section(self, brief: Brief, outline: Outline, section: OutlineSection, research: Research) -> Section:
        try:
            return await self._first.section(brief, outline, section, research)
        except ProviderError as error:
            self._give_up(error, research)
            return await self._second.section(brief, outline, section, research)

    async def edit(
        self, brief: Brief, outline: Outline, sections: Sequence[Section], research: Research, note: str = ""
    ) -> Edited:
        try:
            return await self._first.edit(brief, outline, sections, research, note)
        except ProviderError as error:
            self._give_up(error, research)
            return await self._second.edit(brief, outline, sections, research, note)

    async def illustrations(self, brief: Brief, edited: Edited, count: int) -> Illustrations:
        try:
            return await self._first.illustrations(brief, edited, count)
        except ProviderError as error:
            if error.retryable and not self._at_once:
                raise
            return await self._second.illustrations(brief, edited, count)

    async def reworded(self, brief: Brief, picture: Illustration, refusal: str) -> Illustration:
        try:
            return await self._first.reworded(brief, picture, refusal)
        except ProviderError as error:
            if error.retryable and not self._at_once:
                raise
            return await self._second.reworded(brief, picture, refusal)

    def _give_up(self, error: ProviderError, research: Research) -> None:
        """Raise `error` again if waiting may help, or if there is nothing that could be extracted from."""
        if (error.retryable and not self._at_once) or not research.passages:
            raise error
