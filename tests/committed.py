"""Steps for tests that write them without an engine: each verb is durable once it is awaited."""

from typing import Any

from blogen.domain.job import Job
from blogen.store.steps import Steps


class CommittedSteps(Steps):
    """`begin`, `finish`, `fail` and `doubt` as `Steps` has them, each with a writer and a barrier of its own."""

    async def begin(self, job: Job, *told: Any, **rest: Any) -> None:
        await super().begin(self.behind(job.id), job, *told, **rest)

    async def finish(self, job: Job, *told: Any, **rest: Any) -> None:
        behind = self.behind(job.id)
        super().finish(behind, job, *told, **rest)
        await behind.barrier()

    async def fail(self, job: Job, *told: Any, **rest: Any) -> None:
        behind = self.behind(job.id)
        await super().fail(behind, job, *told, **rest)
        await behind.barrier()

    async def doubt(self, job: Job, *told: Any, **rest: Any) -> None:
        behind = self.behind(job.id)
        super().doubt(behind, job, *told, **rest)
        await behind.barrier()
