"""How a post is made: which stage does the work of which state. A stage is one module and one line here."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from blogen.domain.job import Job, JobRequest, JobState
from blogen.engine.context import JobContext
from blogen.engine.outcome import Outcome, Pipeline
from blogen.errors import InvalidInput
from blogen.pipeline.assembling import assemble
from blogen.pipeline.drafting import draft
from blogen.pipeline.editing import edit
from blogen.pipeline.illustrating import illustrate
from blogen.pipeline.outlining import outline
from blogen.pipeline.publishing import review, schedule
from blogen.pipeline.researching import research
from blogen.pipeline.revising import check_revision
from blogen.pipeline.services import Services
from blogen.store.steps import StepRecord


async def begin(_services: Services, _job: JobContext) -> Outcome:
    return JobState.RESEARCHING


STAGES: Mapping[JobState, Callable[[Services, JobContext], Awaitable[Outcome]]] = {
    JobState.QUEUED: begin,
    JobState.RESEARCHING: research,
    JobState.OUTLINING: outline,
    JobState.DRAFTING: draft,
    JobState.EDITING: edit,
    JobState.ILLUSTRATING: illustrate,
    JobState.ASSEMBLING: assemble,
    JobState.IN_REVIEW: review,
    JobState.SCHEDULED: schedule,
}


def post_pipeline(services: Services) -> Pipeline:
    """The pipeline that makes posts with `services`."""
    stages = {state: partial(stage, services) for state, stage in STAGES.items()}
    return Pipeline(
        "post", stages, partial(_check, services), partial(_abandon, services), partial(check_revision, services)
    )


async def _abandon(services: Services, _job: Job, step: StepRecord) -> None:
    """Let the service stop working on an order of a cancelled job."""
    name = str(step.detail.get("provider", ""))
    models = services.images if step.name.startswith("image:") else services.text
    if step.handle is not None and name in models:
        await models.cancel(name, step.handle)


async def _check(services: Services, request: JobRequest) -> None:
    """Refuse at the door what could only fail later: an author that does not exist, a source that must not be read."""
    handle = request.author or services.config.site.author
    if await services.authors.by_handle(handle) is None:
        known = ", ".join(author.handle for author in await services.authors.list())
        raise InvalidInput(f"There is no author '{handle}'.", remedy=f"Authors of this blog: {known or 'none yet'}.")
    for source in request.sources:
        if source.kind == "url":
            services.fetcher.check(str(source.url))
    if not request.sources and not services.text.names and not _is_searched_for(services):
        raise InvalidInput(
            "The order names no sources, and no text model is configured that could write without.",
            remedy="Add sources (text, files or URLs), or configure a [text.NAME] or [search.NAME] provider.",
        )


def _is_searched_for(services: Services) -> bool:
    return bool(services.search.names) and services.config.research.search != "never"
