"""Revising: what a reviewer struck and asked for. Each time is a step of the review, `revision:N`, whose results are
`edit:N` (where there was a note) and `assemble:N`; what an earlier one made stays as it was, and is not paid twice."""

import hashlib
from collections.abc import Collection, Iterable, Sequence

from blogen.domain.job import Job
from blogen.domain.orders import Revision
from blogen.domain.post import Block, Image, Note, PostDraft, Runs
from blogen.engine.context import JobContext
from blogen.errors import Conflict, FieldError, InvalidInput
from blogen.pipeline.services import Services
from blogen.render.block_ids import over_runs
from blogen.render.html import to_html, to_markdown
from blogen.render.text import plain_text, word_count
from blogen.store.steps import StepRecord


def revisions(job: JobContext) -> list[Revision]:
    """What was asked for so far, in order."""
    found = {int(name.partition(":")[2]): said for name, said in job.results("revision:").items()}
    return [Revision.model_validate_json(found[number]) for number in sorted(found)]


def name_of(step: str, number: int) -> str:
    """The step's name in revision `number`; 0 is the post as it was first made."""
    return f"{step}:{number}" if number else step


def edits(job: JobContext) -> list[str]:
    """The steps that hold a text as the writer edited it, the latest last."""
    return [name for number in range(len(revisions(job)) + 1) if job.is_finished(name := name_of("edit", number))]


def newest_draft(records: Iterable[StepRecord]) -> tuple[str, PostDraft] | None:
    """The post as it stands, as a job's steps tell, and what names this state of it."""
    results = {record.name: record.result for record in records if record.result is not None}
    numbers = [int(name.partition(":")[2] or 0) for name in results if name.partition(":")[0] == "assemble"]
    if not numbers:
        return None
    said = results[name_of("assemble", max(numbers))]
    return hashlib.blake2b(f"{max(numbers)}\n{said}".encode(), digest_size=8).hexdigest(), _read(said)


async def check_revision(services: Services, job: Job, records: Sequence[StepRecord], wanted: Revision) -> None:
    """Raise Conflict or InvalidInput for a revision of another draft, or one that cannot be made."""
    found = newest_draft(records)
    if found is None:
        raise Conflict(f"Job {job.id} has no draft.", remedy="Retry the job.")
    revision, draft = found
    if wanted.revision not in {None, revision}:
        raise Conflict(
            "The draft is not the one any more that `revision` names.",
            remedy=f"Read it again (GET /api/v1/jobs/{job.id}/draft), and decide about what it says now.",
        )
    known = {block.id for block in draft.blocks}
    if unknown := [one for one in wanted.strike if one not in known]:
        message = f"{', '.join(unknown[:5])}: no such block is in the draft"
        raise InvalidInput(
            f"`strike`: {message}.", remedy="Read the draft again.", errors=[FieldError("strike", message)]
        )
    if not plain_text(block for block in draft.blocks if block.t != "h" and block.id not in wanted.strike):
        message = "would leave nothing of the post"
        raise InvalidInput(
            f"`strike` {message}.", remedy="Reject the job instead.", errors=[FieldError("strike", message)]
        )
    if wanted.note and (not services.text.names or job.id in services.offline_jobs):
        message = "needs a language model, and none writes here: blocks can be struck, and nothing else"
        raise InvalidInput(
            f"A note {message}.",
            remedy="Leave `note` out, or configure a [text.NAME] provider.",
            errors=[FieldError("note", message)],
        )


def struck(draft: PostDraft, ids: Collection[str]) -> PostDraft:
    """`draft` without these blocks, and without the footnotes and quotations that only they pointed to."""
    if not (gone := [block for block in draft.blocks if block.id in ids]):
        return draft
    left = [block for block in draft.blocks if block.id not in ids]
    kept = [block for block in left if not isinstance(block, Note)]
    pointed_to = _pointed_to(kept)
    loose = [block for block in left if isinstance(block, Note) and block.id not in pointed_to]
    blocks = [block for block in left if block not in loose]
    without = plain_text([*loose, *(block for block in gone if isinstance(block, Note))], with_notes=True)
    borne = plain_text((block for block in blocks if isinstance(block, Note)), with_notes=True)
    sources = [
        source.model_copy(
            update={"quotes": [quote for quote in source.quotes if quote in borne or quote not in without]}
        )
        for source in draft.sources
    ]
    pictures = {block.url for block in gone if isinstance(block, Image)}
    return draft.model_copy(
        update={
            "blocks": blocks,
            "sources": sources,
            "images": [one for one in draft.images if one.key == "cover" or one.url not in pictures],
            "words": word_count(plain_text(blocks), draft.language),
            "html": to_html(blocks, language=draft.language),
            "markdown": to_markdown(blocks),
        }
    )


def _pointed_to(blocks: Sequence[Block]) -> set[str]:
    """The ids of the footnotes that are marked in `blocks`."""
    found: set[str] = set()

    def note(runs: Runs) -> Runs:
        found.update(run.note for run in runs if run.note)
        return runs

    for block in blocks:
        over_runs(block, note)
    return found


def _read(said: str) -> PostDraft:
    return PostDraft.model_validate_json(said)
