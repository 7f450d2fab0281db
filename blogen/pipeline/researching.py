"""Researching: read the sources, keep their text, pick the passages the post can rest on."""

import hashlib
from functools import partial

from blogen.domain.job import JobState, TextSource, UrlSource
from blogen.domain.source import Research, Source
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome
from blogen.errors import ProviderUnavailable, SourceRefused
from blogen.pipeline.asking import writer_of
from blogen.pipeline.services import Services, brief_of
from blogen.providers.readable import readable

_FETCH_ATTEMPTS = 3


async def research(services: Services, job: JobContext) -> Outcome:
    """Each source is a step of its own: what was read once is not fetched again."""
    reading = [
        partial(job.step, f"source:{number}", Source, partial(_read, services, job, f"s{number}", given))
        for number, given in enumerate(job.request.sources, start=1)
    ]
    sources: list[Source] = await job.together(list(reading))
    await job.step("research", Research, partial(_pick, services, job, sources))
    return JobState.OUTLINING


async def _read(services: Services, job: JobContext, key: str, given: UrlSource | TextSource) -> Source:
    if isinstance(given, TextSource):
        title = given.title or job.request.topic
        return Source(key=key, kind="text", title=title, digest=_digest(given.text), text=given.text)
    url = str(given.url)
    try:
        fetched = await services.fetcher.fetch(url)
    except ProviderUnavailable as error:
        if job.job.attempt + 1 < _FETCH_ATTEMPTS:
            raise
        raise SourceRefused(error.detail, remedy=error.remedy or "Give another source, or retry later.") from error
    page = await readable(fetched.body, fetched.media_type, fetched.charset, name=fetched.url)
    return Source(
        key=key,
        kind="url",
        title=page.title or fetched.url,
        url=fetched.url,
        digest=_digest(page.text),
        text=page.text,
        language=page.language,
        fetched_at=job.clock.now_ms(),
    )


async def _pick(services: Services, job: JobContext, sources: list[Source]) -> Research:
    passages = await writer_of(job, services).passages(brief_of(job), sources) if sources else []
    return Research(sources=sources, passages=passages)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
