"""Assembling: everything that was made becomes one post, and the way to its readers begins."""

from functools import partial

from blogen.domain.job import JobState
from blogen.domain.post import Block, PostDraft
from blogen.domain.post_summary import Picture, PostSource
from blogen.domain.source import Citation, Research
from blogen.domain.writing import Edited, Outline, Section
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome
from blogen.pipeline.illustrating import Illustrated
from blogen.pipeline.publishing import next_after_review
from blogen.pipeline.revising import edits, name_of, revisions, struck
from blogen.pipeline.services import Services, author_of
from blogen.render.block_ids import carry_ids
from blogen.render.html import to_html, to_markdown
from blogen.render.markdown import NoteSource, to_blocks
from blogen.render.text import plain_text, word_count

_EXTRACTIVE = "extractive"
_NO_TEXT = ("image:", "search:", "queries/", "reword:")
"""Steps whose answers are no words of the post."""


async def assemble(services: Services, job: JobContext) -> Outcome:
    name = name_of("assemble", len(revisions(job)))
    await job.step(name, PostDraft, partial(_assemble, services, job))
    wanted = job.request.review
    if services.config.pipeline.review if wanted is None else wanted:
        return JobState.IN_REVIEW
    return next_after_review(services, job)


async def _assemble(services: Services, job: JobContext) -> PostDraft:
    research = job.result("research", Research)
    pictures = {picture.key: picture for picture in _pictures(job)}
    blocks: list[Block] = []
    for step in edits(job):
        edited = job.result(step, Edited)
        notes, markdown = _notes(edited.citations, research), _whole(edited.sections, pictures)
        made = to_blocks(markdown, notes, pictures=pictures, allowed_links=_links(research))
        blocks = carry_ids(blocks, made) if blocks else made  # so that what was struck stays known, also reworded
    makers, image_makers = await _makers(services, job, pictures)
    language = job.request.language
    offline = services.is_offline(job) or _EXTRACTIVE in makers
    draft = PostDraft(
        job_id=job.job.id,
        slug=edited.slug,
        title=edited.title,
        summary=edited.summary,
        language=language,
        words=word_count(plain_text(blocks), language),
        author=author_of(job, services),
        tags=edited.tags,
        cover=pictures.get("cover"),
        images=list(pictures.values()),
        sources=_sources(edited.citations, research),
        text_makers=makers,
        image_makers=image_makers,
        notices=[services.new_extractive(language).notice] if offline else [],
        blocks=blocks,
        html=to_html(blocks, language=language),
        markdown=to_markdown(blocks),
    )
    return struck(draft, {one for revision in revisions(job) for one in revision.strike})


def _pictures(job: JobContext) -> list[Picture]:
    """The pictures that were drawn, the cover first; of several tries for one place, the one that came out."""
    found = [Illustrated.model_validate_json(result).picture for result in job.results("image:").values()]
    unique = {picture.key: picture for picture in found}
    return sorted(unique.values(), key=lambda picture: picture.key != "cover")


def _whole(sections: list[Section], pictures: dict[str, Picture]) -> str:
    parts = []
    for section in sections:
        if section.heading:
            parts.append(f"## {section.heading}")
        if (picture := pictures.get(section.key)) and section.key != "cover":
            parts.append(f"![{_plain(picture.alt)}]({picture.url})")
        parts.append(section.markdown.strip())
    return "\n\n".join(part for part in parts if part) + "\n"


def _plain(alt: str) -> str:
    return "".join(sign for sign in alt if sign not in "[]\\\n")


def _notes(citations: list[Citation], research: Research) -> list[NoteSource]:
    notes = {}
    for citation in citations:
        if source := research.source_of(citation.source):
            words = citation.quote or citation.passage
            notes[citation.marker] = NoteSource(citation.marker, passage=words, title=source.title, href=source.url)
    return list(notes.values())


def _sources(citations: list[Citation], research: Research) -> list[PostSource]:
    """Every source that was read; the quotes are those that the post cites."""
    quotes: dict[str, list[str]] = {source.key: [] for source in research.sources}
    for citation in citations:
        words = citation.quote or citation.passage
        if words not in quotes.setdefault(citation.source, []):
            quotes[citation.source].append(words)
    return [PostSource(title=source.title, url=source.url, quotes=quotes[source.key]) for source in research.sources]


def _links(research: Research) -> list[str]:
    return [source.url for source in research.sources if source.url]


async def _makers(services: Services, job: JobContext, pictures: dict[str, Picture]) -> tuple[list[str], list[str]]:
    """Who wrote and who drew, from the committed steps: provider and model of each call."""
    texts = dict.fromkeys(
        f"{record.detail['provider']}/{record.detail['model']}"
        for record in await services.steps.of(job.job.id)
        if record.state == "finished" and record.detail.get("model") and not record.name.startswith(_NO_TEXT)
    )
    outline = job.result("outline", Outline)
    wrote_all = all(
        job.results(f"{step}/") for step in ["outline", *(f"draft:{part.key}" for part in outline.sections)]
    )
    makers = list(texts) if texts and wrote_all else [*texts, _EXTRACTIVE]
    return makers, list(dict.fromkeys(picture.made_by for picture in pictures.values()))
