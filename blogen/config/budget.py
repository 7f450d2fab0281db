"""`[budget]`: what paid services may cost."""

from decimal import Decimal

from pydantic import Field

from blogen.config.section import Section


class BudgetConfig(Section):
    """What paid services may cost; a job that would go beyond waits, visibly, and goes on when there is money again."""

    job_usd: Decimal | None = Field(
        None, ge=0, le=1_000_000, decimal_places=6, description="One job, in USD; unset: no cap"
    )
    day_usd: Decimal | None = Field(
        None, ge=0, le=1_000_000, decimal_places=6, description="One day (UTC), in USD; unset: no cap"
    )
    month_usd: Decimal | None = Field(
        None, ge=0, le=1_000_000, decimal_places=6, description="One calendar month (UTC), in USD; unset: no cap"
    )
    job_calls: int | None = Field(None, ge=0, description="Paid calls of one job at most; unset: no cap")
    day_calls: int | None = Field(None, ge=0, description="Paid calls in a day at most; unset: no cap")
    month_calls: int | None = Field(None, ge=0, description="Paid calls in a calendar month at most; unset: no cap")
