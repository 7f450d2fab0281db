"""Finding: what to search for, and which pages the search engines know about it, the best first.

Every search is a step of its own, so that none is paid for twice; what all of them found together is one more (`hits`),
so that a resumed job goes on with the same list, whatever the configuration says by then.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial

from blogen.config import ResearchConfig
from blogen.domain.model import Model
from blogen.domain.writing import Queries
from blogen.engine.context import JobContext, used
from blogen.errors import BlogenError, InvalidInput, ProviderError, SourceRefused
from blogen.pipeline.asking import writer_of
from blogen.pipeline.budget import guessed_usd_micros
from blogen.pipeline.calling import first_that_answers, most_telling
from blogen.pipeline.services import Services, brief_of
from blogen.providers.hits import comparable, host_of, with_sites
from blogen.providers.protocols import SearchHit, Usage
from blogen.store.steps import Used

_HITS, _HITS_TO_FILTER = 10, 20
_CANDIDATES_A_RESULT = 3
_RANK_CONSTANT = 60
"""What evens out ranks before they are added up; the value of the method's inventors."""
_PAGES_OF_A_SITE = 2


class Found(Model):
    """The result of one search."""

    hits: list[SearchHit]


class Hits(Model):
    """What all searches found together, the best first, and what went wrong on the way."""

    items: list[SearchHit]
    problems: list[str] = []


def is_searched_for(services: Services, job: JobContext) -> bool:
    """Whether search engines are asked for this job's sources."""
    if not services.search.names or job.job.id in services.offline_jobs:
        return False
    wanted = services.config.research.search
    return wanted == "always" or (wanted == "missing" and not job.request.sources)


def needs_sources(services: Services, job: JobContext) -> bool:
    """Whether nothing can be written if none is found: none is given, and no model could do without."""
    return not job.request.sources and services.is_offline(job)


async def find(services: Services, job: JobContext) -> Hits:
    """Ask for the best pages. Raises SourceRefused or ProviderError if none is found and the job needs one."""
    research = services.config.research
    queries = await job.step("queries", Queries, partial(writer_of(job, services).queries, brief_of(job)))
    asked = queries.items[: research.queries]
    answers = await job.together(
        [partial(_search, services, job, place, query) for place, query in enumerate(asked, 1)]
    )
    found = [answer for answer in answers if isinstance(answer, Found)]
    errors = [answer for answer in answers if isinstance(answer, BlogenError)]
    items = _best(services, job, [answer.hits for answer in found])
    problems = list(dict.fromkeys(error.detail for error in errors))
    if not items and not errors:
        problems.append(
            f"Nothing was found for {_named(asked)}." if asked else "The topic names nothing to search for."
        )
    if not items and needs_sources(services, job):
        if errors:
            raise most_telling(errors)
        raise SourceRefused(
            problems[-1],
            remedy="Give sources (text, files or URLs), or order the post under another topic.",
        )
    return Hits(items=items, problems=problems)


def merged(answers: Iterable[Sequence[SearchHit]]) -> list[SearchHit]:
    """The hits of several searches in one list: what stands high in many of them comes first."""
    scores: dict[str, float] = {}
    best: dict[str, tuple[int, SearchHit]] = {}
    for hits in answers:
        pages = {comparable(hit.url): hit for hit in reversed(hits)}
        for rank, (page, hit) in enumerate(reversed(pages.items()), 1):
            scores[page] = scores.get(page, 0.0) + 1 / (_RANK_CONSTANT + rank)
            if page not in best or rank < best[page][0]:
                best[page] = rank, hit
    order = list(best)
    return [best[page][1] for page in sorted(order, key=lambda page: -scores[page])]


async def _search(services: Services, job: JobContext, place: int, query: str) -> Found | BlogenError:
    """One search by the first engine that finds something; the error that says most if none answers for good."""
    research, step = services.config.research, f"search:{place}"
    earlier = {name: result for name, result in job.results(step).items() if name.partition("/")[0] == step}
    for result in earlier.values():
        if (known := Found.model_validate_json(result)).hits:
            return known
    errors: list[BlogenError] = []
    asked = with_sites(query, research.only_domains, research.without_domains)
    for number, engine in enumerate(services.search.names):
        own = step if number == 0 else f"{step}/{engine}"
        try:
            found = await first_that_answers(
                job, own, [engine], partial(_ask, services, job, asked), known=services.search
            )
        except (ProviderError, InvalidInput) as error:
            errors.append(error)
            continue
        if found is not None and found.hits:
            return found
    if not errors:
        return Found(hits=[])
    telling = most_telling(errors)
    if telling.retryable and job.job.attempt + 1 < services.config.engine.max_attempts:
        raise telling
    return telling


async def _ask(services: Services, job: JobContext, query: str, engine: str, step: str) -> Found:
    research, language = services.config.research, job.request.language
    limit = _HITS_TO_FILTER if research.only_domains or research.without_domains else _HITS
    reserve = services.search.reservation(engine, query)
    guess = guessed_usd_micros(query)
    turn = services.search.turn(engine, priority=job.job.priority, job=job.job.id)

    async def search() -> Found:
        hits = await services.search.search(turn, query, language=language, limit=limit)
        return Found(hits=hits[:limit])

    def used_for(_found: Found) -> Used:
        price = services.search.call_usd_micros(engine)
        return used(Usage(provider=f"search.{engine}", model="search", cost_usd_micros=price), guess)

    return await job.call(
        step,
        Found,
        search,
        provider=engine if reserve is not None else "",  # a free call is never in doubt
        rests_on={"query": query, "language": language, "limit": limit},
        is_paid=reserve is not None,
        reserve=reserve,
        used=used_for if reserve is not None else None,
        turn=turn,
    )


def _best(services: Services, job: JobContext, answers: Sequence[Sequence[SearchHit]]) -> list[SearchHit]:
    """The hits that may be read, as many as are tried at most."""
    research = services.config.research
    given = {comparable(str(source.url)) for source in job.request.sources if source.kind == "url"}
    usable = [
        hit
        for hit in merged(answers)
        if comparable(hit.url) not in given
        and _is_wanted(host_of(hit.url), research)
        and _may_be_fetched(services, hit)
    ]
    return _mixed(usable)[: research.results * _CANDIDATES_A_RESULT]


def _is_wanted(host: str, research: ResearchConfig) -> bool:
    if any(_is_within(host, domain) for domain in research.without_domains):
        return False
    return not research.only_domains or any(_is_within(host, domain) for domain in research.only_domains)


def _is_within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _may_be_fetched(services: Services, hit: SearchHit) -> bool:
    """Whether its address alone forbids it; a result that leads into the owner's network is not worth a try."""
    try:
        services.fetcher.check(hit.url)
    except SourceRefused:
        return False
    return True


def _mixed(hits: Sequence[SearchHit]) -> list[SearchHit]:
    """Two pages of a site in their places, its others behind those of all sites: one voice is no research."""
    seen: Counter[str] = Counter()
    first: list[SearchHit] = []
    later: list[SearchHit] = []
    for hit in hits:
        host = host_of(hit.url)
        seen[host] += 1
        (first if seen[host] <= _PAGES_OF_A_SITE else later).append(hit)
    return first + later


def _named(queries: Sequence[str]) -> str:
    return ", ".join(f"“{query}”" for query in queries)
