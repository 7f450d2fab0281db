"""Editing: a critic's pass, the citation check in code, revision, and what the post is called.

What a reviewer sends back comes here again.
"""

from functools import partial

from blogen.domain.job import JobState
from blogen.domain.source import Research
from blogen.domain.writing import Edited, Outline, Section
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome
from blogen.pipeline.asking import model_of, writer_of
from blogen.pipeline.revising import edits, name_of, revisions
from blogen.pipeline.services import Services, brief_of, persona_of


async def edit(services: Services, job: JobContext) -> Outcome:
    wanted = revisions(job)
    if wanted:
        return await _revise(services, job, len(wanted), wanted[-1].note)
    brief = brief_of(job, await persona_of(job, services))
    outline = job.result("outline", Outline)
    sections = [job.result(f"draft:{part.key}", Section) for part in outline.sections]
    research, note = job.result("research", Research), job.decision.note
    writer = writer_of(job, services)
    await job.step(
        "edit", Edited, partial(writer.edit, brief, outline, sections, research, note), rests_on=note or None
    )
    return JobState.ILLUSTRATING


async def _revise(services: Services, job: JobContext, number: int, note: str) -> Outcome:
    """The text as it is, once more with the reviewer's note; striking alone takes no writer."""
    name = name_of("edit", number)
    if not note.strip() or job.is_finished(name):
        return JobState.ILLUSTRATING
    brief, research = brief_of(job, await persona_of(job, services)), job.result("research", Research)
    outline, present = job.result("outline", Outline), job.result(edits(job)[-1], Edited)
    writer = model_of(job, services, revision=number)
    # The title as it stands, not as it was planned.
    outline = outline.model_copy(update={"title": present.title})
    await job.step(
        name, Edited, partial(writer.edit, brief, outline, present.sections, research, note), rests_on=(present, note)
    )
    return JobState.ILLUSTRATING
