"""Review, schedule, publication: the way from a finished text to its readers."""

from datetime import UTC, datetime

from blogen.domain.job import JobState, Waiting, WaitingFor
from blogen.domain.money import usd
from blogen.domain.post import PostDraft
from blogen.domain.post_summary import Provenance
from blogen.engine.context import JobContext
from blogen.engine.outcome import Move, Outcome
from blogen.pipeline.revising import name_of, revisions
from blogen.pipeline.services import Services
from blogen.render.provenance import disclosure
from blogen.store.database import Transaction
from blogen.store.jobs import Effect, spent_by


async def review(services: Services, job: JobContext) -> Outcome:
    """Wait until a person says yes; a no ends the job elsewhere (`Engine.reject`)."""
    if not job.decision.is_approved:
        return Waiting(WaitingFor.REVIEW)
    return next_after_review(services, job)


async def schedule(services: Services, job: JobContext) -> Outcome:
    """Wait for the hour, then publish."""
    if (due := _due_ms(job)) is not None:
        return Waiting(WaitingFor.SCHEDULE, due)
    return _publish(services, job)


def next_after_review(services: Services, job: JobContext) -> Outcome:
    return JobState.SCHEDULED if _due_ms(job) is not None else _publish(services, job)


def _publish(services: Services, job: JobContext) -> Move:
    """The post and the job's last move are one transaction: a post is published exactly once."""
    return Move(JobState.PUBLISHED, also=_adding(services, job))


def _adding(services: Services, job: JobContext) -> Effect:
    edits = len(revisions(job))
    draft = job.result(name_of("assemble", edits), PostDraft)
    mark = disclosure(reviewed_by_person=job.decision.is_approved, wrote_with_ai=True)

    def add(tx: Transaction) -> None:
        cost, unknown_calls = spent_by(tx, job.job.id)
        provenance = Provenance(
            disclosure=mark,
            text=draft.text_makers,
            images=draft.image_makers,
            cost_usd=usd(cost),
            unknown_calls=unknown_calls,
            human_edits=edits,
        )
        services.posts.add(tx, draft, published_at=tx.now_ms, provenance=provenance)

    return add


def _due_ms(job: JobContext) -> int | None:
    at: datetime | None = job.request.publish_at
    if at is None:
        return None
    due = int(at.astimezone(UTC).timestamp() * 1000)
    return due if due > job.clock.now_ms() else None
