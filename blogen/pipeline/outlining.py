"""Outlining: title, angle and sections, each with the passages it rests on."""

from functools import partial

from blogen.domain.job import JobState
from blogen.domain.source import Research
from blogen.domain.writing import Outline
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome
from blogen.pipeline.asking import writer_of
from blogen.pipeline.services import Services, brief_of, persona_of


async def outline(services: Services, job: JobContext) -> Outcome:
    brief = brief_of(job, await persona_of(job, services))
    research = job.result("research", Research)
    await job.step("outline", Outline, partial(writer_of(job, services).outline, brief, research))
    return JobState.DRAFTING
