"""`[budget]`: what paid services may cost."""

from decimal import Decimal

from pydantic import Field

from blogen.config.section import Section


class BudgetConfig(Section):
    """What paid services may cost, in US dollars; a job that would go beyond waits, visibly."""

    job_usd: Decimal | None = Field(None, ge=0, le=1_000_000, decimal_places=6, description="One job; unset: no cap")
    day_usd: Decimal | None = Field(None, ge=0, le=1_000_000, decimal_places=6, description="One day; unset: no cap")
    month_usd: Decimal | None = Field(
        None, ge=0, le=1_000_000, decimal_places=6, description="One calendar month; unset: no cap"
    )
