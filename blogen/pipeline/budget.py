"""Spending caps: before a paid call, is there money left? Over its cap a job waits for `budget`, visibly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from blogen.domain.job import Waiting, WaitingFor
from blogen.engine.context import JobContext
from blogen.engine.outcome import Suspended
from blogen.pipeline.services import Services


async def check_budget(job: JobContext, services: Services) -> None:
    """Raises Suspended when what was spent has reached a cap: of the job, of this day or month (UTC)."""
    caps = services.config.budget
    if caps.job_usd is None and caps.day_usd is None and caps.month_usd is None:
        return
    now = datetime.fromtimestamp(job.clock.now_ms() / 1000, UTC)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    if caps.job_usd is not None and await services.steps.job_spent_usd_micros(job.job.id) >= _micros(caps.job_usd):
        raise _over("job", caps.job_usd, None)
    if caps.day_usd is not None and await services.steps.spent_usd_micros(_ms(day)) >= _micros(caps.day_usd):
        raise _over("day", caps.day_usd, day + timedelta(days=1))
    if caps.month_usd is not None and await services.steps.spent_usd_micros(_ms(month)) >= _micros(caps.month_usd):
        raise _over("month", caps.month_usd, (month + timedelta(days=32)).replace(day=1))


def _over(period: str, cap_usd: Decimal, again: datetime | None) -> Suspended:
    reason = f"The cap of {cap_usd} USD per {period} (budget.{period}_usd) is reached."
    return Suspended(Waiting(WaitingFor.BUDGET, _ms(again) if again else None, reason))


def _micros(usd: Decimal) -> int:
    return int(usd * 1_000_000)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
