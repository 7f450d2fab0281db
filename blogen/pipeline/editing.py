"""Editing: a critic's pass, the citation check in code, revision, and what the post is called."""

from functools import partial

from blogen.domain.job import JobState
from blogen.domain.source import Research
from blogen.domain.writing import Edited, Outline, Section
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome
from blogen.pipeline.asking import writer_of
from blogen.pipeline.services import Services, brief_of, persona_of


async def edit(services: Services, job: JobContext) -> Outcome:
    brief = brief_of(job, await persona_of(job, services))
    outline = job.result("outline", Outline)
    sections = [job.result(f"draft:{part.key}", Section) for part in outline.sections]
    research, note = job.result("research", Research), job.decision.note
    writer = writer_of(job, services)
    await job.step(
        "edit", Edited, partial(writer.edit, brief, outline, sections, research, note), rests_on=note or None
    )
    return JobState.ILLUSTRATING
