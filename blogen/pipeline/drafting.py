"""Drafting: the sections, side by side."""

from functools import partial

from blogen.domain.job import JobState
from blogen.domain.source import Research
from blogen.domain.writing import Outline, Section
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome
from blogen.pipeline.asking import writer_of
from blogen.pipeline.services import Services, brief_of, persona_of


async def draft(services: Services, job: JobContext) -> Outcome:
    brief = brief_of(job, await persona_of(job, services))
    research, outline, writer = (
        job.result("research", Research),
        job.result("outline", Outline),
        writer_of(job, services),
    )
    await job.together(
        [
            partial(job.step, f"draft:{part.key}", Section, partial(writer.section, brief, outline, part, research))
            for part in outline.sections
        ]
    )
    return JobState.EDITING
