"""Researching: read the sources, or search for some, keep their text, pick the passages the post can rest on."""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from blogen.domain.job import JobState, TextSource, UrlSource
from blogen.domain.source import Research, Source
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome
from blogen.errors import ProviderUnavailable, SourceRefused
from blogen.pipeline.asking import writer_of
from blogen.pipeline.finding import Hits, find, is_searched_for, needs_sources
from blogen.pipeline.services import Services, brief_of
from blogen.providers.hits import comparable
from blogen.providers.protocols import SearchHit
from blogen.providers.readable import readable
from blogen.writing.words import count_words

_FETCH_ATTEMPTS = 3
_LEAST_WORDS = 40
"""A page that was found and holds less is a wall or an empty shell."""
_MOST_CHARACTERS = 200_000
"""So much of a page that was found is kept: as much as a text may be long that is given."""


async def research(services: Services, job: JobContext) -> Outcome:
    """Each source is a step of its own: what was read once is not fetched again."""
    if job.is_finished("research"):
        return JobState.OUTLINING
    reading = [
        partial(job.step, f"source:{number}", Source, partial(_read, services, job, f"s{number}", given))
        for number, given in enumerate(job.request.sources, start=1)
    ]
    sources: list[Source] = await job.together(list(reading))
    problems: list[str] = []
    if is_searched_for(services, job):
        hits = await job.step("hits", Hits, partial(find, services, job))
        read = await _read_found(services, job, hits.items, sources)
        sources, problems = [*sources, *read.sources], [*hits.problems, *read.problems]
        if not sources and needs_sources(services, job):
            raise SourceRefused(
                f"None of the pages that were found can be read. {read.problems[0]}",
                remedy="Retry the job later, give sources (text, files or URLs), or order it under another topic.",
            )
    await job.step("research", Research, partial(_pick, services, job, sources, problems))
    return JobState.OUTLINING


class _Read(NamedTuple):
    """What could be read of the pages that were found, and why the others could not."""

    sources: list[Source]
    problems: list[str]


async def _read_found(services: Services, job: JobContext, hits: Sequence[SearchHit], given: Sequence[Source]) -> _Read:
    """The best pages, side by side; for each that cannot be read the next one is tried."""
    wanted = services.config.research.results
    read = _Read([], [])
    known = {mark for source in given for mark in _marks(source)}
    place = 0
    while len(read.sources) < wanted and place < len(hits):
        numbers = range(place, min(len(hits), place + wanted - len(read.sources)))
        place = numbers.stop
        answers = await job.together([partial(_try, services, job, number + 1, hits[number]) for number in numbers])
        for answer in answers:
            if isinstance(answer, str):
                read.problems.append(answer)
            elif known.isdisjoint(_marks(answer)):
                known |= _marks(answer)
                read.sources.append(answer)
            else:
                read.problems.append(f"{answer.url} holds what another source holds already.")
    return read


async def _try(services: Services, job: JobContext, number: int, hit: SearchHit) -> Source | str:
    """A page that was found, or why it cannot be read."""
    key = f"s{len(job.request.sources) + number}"
    try:
        return await job.step(f"source:w{number}", Source, partial(_page_found, services, job, key, hit))
    except SourceRefused as error:
        return error.detail


async def _page_found(services: Services, job: JobContext, key: str, hit: SearchHit) -> Source:
    source = await _page(services, job, key, hit.url, otherwise=hit.title)
    text = source.text
    if len(text) > _MOST_CHARACTERS:
        text = text[:_MOST_CHARACTERS].rpartition("\n")[0] or text[:_MOST_CHARACTERS]
    if count_words(text[:10_000]) < _LEAST_WORDS:
        raise SourceRefused(f"{source.url} holds hardly any text.")
    return source.model_copy(update={"text": text, "digest": _digest(text)})


async def _read(services: Services, job: JobContext, key: str, given: UrlSource | TextSource) -> Source:
    if isinstance(given, TextSource):
        title = given.title or job.request.topic
        return Source(key=key, kind="text", title=title, digest=_digest(given.text), text=given.text)
    return await _page(services, job, key, str(given.url))


async def _page(services: Services, job: JobContext, key: str, url: str, *, otherwise: str = "") -> Source:
    """The page at `url`. Raises SourceRefused if it cannot be read, also after the usual attempts."""
    attempts = min(_FETCH_ATTEMPTS, services.config.engine.max_attempts)
    try:
        fetched = await services.fetcher.fetch(url)
    except ProviderUnavailable as error:
        if job.job.attempt + 1 < attempts:
            raise
        raise SourceRefused(error.detail, remedy=error.remedy or "Give another source, or retry later.") from error
    page = await readable(fetched.body, fetched.media_type, fetched.charset, name=fetched.url)
    return Source(
        key=key,
        kind="url",
        title=page.title or otherwise or fetched.url,
        url=fetched.url,
        digest=_digest(page.text),
        text=page.text,
        language=page.language,
        fetched_at=job.clock.now_ms(),
    )


async def _pick(services: Services, job: JobContext, sources: list[Source], problems: list[str]) -> Research:
    passages = await writer_of(job, services).passages(brief_of(job), sources) if sources else []
    return Research(sources=sources, passages=passages, problems=problems)


def _marks(source: Source) -> set[str]:
    """By what it is recognised: its text and its address."""
    return {source.digest, *([comparable(source.url)] if source.url else [])}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
